"""One analysis on many recordings, as scripts run it: what is told when, and what the tables hold."""

from __future__ import annotations

import csv

import pytest

from glmengine.batch.many_recordings import run_batch
from glmengine.context import CallbackContext
from glmengine.errors import Cancelled, GlmError
from glmengine.export.nwb import write_nwb


def rows(path):
    with open(path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_each_outcome_is_told_and_written_and_one_failure_keeps_no_other(quick, small_recording, tmp_path):
    write_nwb(small_recording, tmp_path / "a.nwb")
    (tmp_path / "b.nwb").write_bytes(b"not a recording")
    told = []
    given = [str(tmp_path / "a.nwb"), str(tmp_path / "b.nwb"), str(tmp_path / "a.nwb")]
    outcomes = run_batch(quick, given, tmp_path / "out", figures=False, report=told.append)
    assert outcomes == told
    assert [outcome.result is not None for outcome in outcomes] == [True, False]
    assert outcomes[0].folder == tmp_path / "out" / "a"
    assert all(path.is_file() for path in outcomes[0].written)
    assert "b.nwb" in outcomes[1].reason
    table = rows(tmp_path / "out" / "recordings.csv")
    assert [(row["outcome"], row["folder"]) for row in table] == [("done", "a"), ("failed", "")]
    assert [row["unit"] for row in rows(tmp_path / "out" / "scores.csv")] == list(small_recording.unit_names)


def test_what_was_done_before_an_interruption_is_in_the_tables(quick, small_recording, tmp_path):
    for name in "ab":
        write_nwb(small_recording, tmp_path / f"{name}.nwb")
    done = []

    class Stop(CallbackContext):
        def check(self):
            if done:
                raise Cancelled

    with pytest.raises(Cancelled):
        run_batch(
            quick,
            [str(tmp_path / "a.nwb"), str(tmp_path / "b.nwb")],
            tmp_path / "out",
            figures=False,
            report=done.append,
            context=Stop(lambda progress: None),
        )
    assert [row["recording"] for row in rows(tmp_path / "out" / "recordings.csv")] == [str(tmp_path / "a.nwb")]


def test_a_folder_that_cannot_be_made_is_told_before_any_work(quick, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GlmError, match="cannot be made"):
        run_batch(quick, [str(tmp_path / "absent.nwb")], tmp_path / "file" / "out")
