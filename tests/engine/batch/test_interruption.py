"""A batch that is interrupted, by whatever, goes on where it was and ends as if it had not been; processes share its recordings."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from glmengine.batch.finished import MARK
from glmengine.batch.many_recordings import run_batch
from glmengine.batch.one_recording import run_to_folder
from glmengine.batch.task import Task
from glmengine.context import CallbackContext
from glmengine.errors import Cancelled, GlmError
from glmengine.export.nwb import write_nwb
from glmengine.results.result import Result

PROJECT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def given(small_recording, tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    for name in "abcd":
        write_nwb(small_recording, folder / f"{name}.nwb")
    return [str(folder / f"{name}.nwb") for name in "abcd"]


@pytest.fixture(scope="module")
def whole(quick, given, tmp_path_factory):
    """The folder of a batch that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    run_batch(quick, given, folder, figures=False)
    return folder


def same_numbers(one: Path, other: Path) -> None:
    for name in "abcd":
        first, second = (Result.load(folder / name / "result.nc") for folder in (one, other))
        np.testing.assert_array_equal(first.coefficients.values, second.coefficients.values)
        assert (one / name / "coefficients.csv").read_bytes() == (other / name / "coefficients.csv").read_bytes()
    assert (one / "scores.csv").read_bytes() == (other / "scores.csv").read_bytes()


def test_what_is_done_is_kept_until_something_changes(quick, given, whole, tmp_path):
    first = run_batch(quick, given[:2], tmp_path, figures=False)
    assert [outcome.done_before for outcome in first] == [False, False]
    again = run_batch(quick, given, tmp_path, figures=False)
    assert [outcome.done_before for outcome in again] == [True, True, False, False]
    same_numbers(tmp_path, whole)
    (tmp_path / "a" / "coefficients.csv").unlink()  # half of it is gone
    os.utime(given[1])  # another file for all that is known
    changed = run_batch(quick, given, tmp_path, figures=False)
    assert [outcome.done_before for outcome in changed] == [False, False, True, True]
    other = quick.with_(model=quick.model.with_(strengths=(1e-2,)))
    assert not any(outcome.done_before for outcome in run_batch(other, given[:2], tmp_path, figures=False))
    assert not any(outcome.done_before for outcome in run_batch(other, given[:2], tmp_path, figures=False, again=True))


def test_what_is_read_beside_a_recording_belongs_to_it(quick, tmp_path):
    """Another tracking beside the same spikes is another recording; what is wrong with a recipe is said when its turn comes."""
    rng, times = np.random.default_rng(1), np.arange(0, 60, 0.02)
    for day in (1, 2):
        spikes = np.sort(rng.uniform(0, 60, 300))
        (tmp_path / f"spikes_day{day}.csv").write_text("time\n" + "\n".join(f"{t:.4f}" for t in spikes))
        (tmp_path / f"track_day{day}.csv").write_text("t,hd\n" + "\n".join(f"{t:.2f},{t % 6.28:.3f}" for t in times))
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        'file = "spikes_day1.csv"\n[spikes]\ntimes = "time"\n'
        '[[covariates]]\nname = "head_direction"\nvalues = ["track_day1.csv:hd"]\ntimes = "track_day1.csv:t"\nunit = "rad"\n'
    )
    given = [str(tmp_path / f"spikes_day{day}.csv") for day in (1, 2)]

    def done() -> list[bool]:
        found = run_batch(quick, given, tmp_path / "out", figures=False, recipes=[recipe])
        assert not any(outcome.reason for outcome in found)
        return [outcome.done_before for outcome in found]

    assert done() == [False, False]
    assert done() == [True, True]
    os.utime(tmp_path / "track_day2.csv")
    assert done() == [True, False]
    (tmp_path / "track_day2.csv").unlink()
    first, second = run_batch(quick, given, tmp_path / "out", figures=False, recipes=[recipe])
    assert first.done_before
    assert "track_day2.csv" in second.reason


def test_a_mark_of_something_else_is_no_mark(quick, given, tmp_path):
    task = Task(quick, given[0], tmp_path / "a", None, figures=False)
    (tmp_path / "a").mkdir()
    for content in ("", "{", '{"key": 3}', '["a"]', f'{{"key": "{task.key}", "written": [], "notes": [], "summary": "{{}}"}}'):
        (tmp_path / "a" / MARK).write_text(content)
        assert task.done_before() is None


def test_processes_give_the_same_and_one_that_is_killed_costs_nothing(quick, given, whole, tmp_path):
    killed = []

    def kill_one(progress):
        import multiprocessing

        busy = [child for child in multiprocessing.active_children() if child.name == "glmengine worker"]
        if busy and not killed:
            killed.append(busy[0].pid)
            busy[0].kill()

    outcomes = run_batch(quick, given, tmp_path, figures=False, workers=2, context=CallbackContext(kill_one))
    assert killed
    assert [outcome.reason for outcome in outcomes] == [""] * 4
    assert [outcome.recording for outcome in outcomes] == given
    same_numbers(tmp_path, whole)


def test_a_failure_in_a_process_is_told_and_a_cancelled_batch_leaves_no_process(quick, given, tmp_path):
    import multiprocessing

    broken = tmp_path / "broken.nwb"
    broken.write_bytes(b"not a recording")
    told = []

    def enough():
        return len(told) >= 2

    with pytest.raises(Cancelled):
        run_batch(
            quick,
            [str(broken), *given],
            tmp_path / "out",
            figures=False,
            workers=2,
            report=told.append,
            context=CallbackContext(cancelled=enough),
        )
    assert any("broken.nwb" in outcome.reason for outcome in told)
    assert not [child for child in multiprocessing.active_children() if child.name == "glmengine worker"]
    with open(tmp_path / "out" / "recordings.csv", encoding="utf-8", newline="") as stream:
        assert len(list(csv.DictReader(stream))) == len(told)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_batch_that_is_killed_again_and_again_ends_as_one_that_is_not(quick, given, whole, tmp_path):
    """Each time after one more recording is done, so that the test is the same on a busy machine."""
    analysis = tmp_path / "analysis.toml"
    quick.save(analysis)
    command = [sys.executable, "-m", "glmengine", "batch", analysis, *given, "--out", tmp_path / "out", "--no-figures"]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}

    def marks() -> int:
        return len(list((tmp_path / "out").glob(f"*/{MARK}")))

    for kills in range(2):
        batch = subprocess.Popen(list(map(str, command)), env=environment, stdout=subprocess.DEVNULL, start_new_session=True)
        while marks() <= kills and batch.poll() is None:
            time.sleep(0.01)
        os.killpg(batch.pid, signal.SIGKILL)
        batch.wait()
    done = marks()
    ended = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True, check=True)
    assert ended.stdout.count("done before") == done >= 2
    same_numbers(tmp_path / "out", whole)


def test_scores_are_summed_up_by_a_column_of_the_units(quick, small_recording, tmp_path):
    from dataclasses import replace

    table = small_recording.unit_table.copy()
    table["region"] = ["CA1"] + ["CA3"] * (len(table) - 1)
    write_nwb(replace(small_recording, unit_table=table), tmp_path / "a.nwb")
    run_batch(quick, [str(tmp_path / "a.nwb")], tmp_path / "out", figures=False, group_by=["region"])
    with open(tmp_path / "out" / "scores.csv", encoding="utf-8", newline="") as stream:
        units = list(csv.DictReader(stream))
    with open(tmp_path / "out" / "groups.csv", encoding="utf-8", newline="") as stream:
        groups = [row for row in csv.DictReader(stream) if row["score"] == "deviance_explained_fit"]
    assert [row["region"] for row in groups] == ["CA1", "CA3"]
    assert [len(groups), int(groups[0]["units"])] == [2, 1]
    for row in groups:
        values = [float(unit["deviance_explained_fit"]) for unit in units if unit["region"] == row["region"]]
        assert int(row["units"]) == len(values)
        assert float(row["mean"]) == pytest.approx(np.mean(values))
        assert float(row["median"]) == pytest.approx(np.median(values))
        error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else None  # that of one unit is not known
        assert (float(row["standard_error"]) if row["standard_error"] else None) == pytest.approx(error)
    with pytest.raises(GlmError, match="group by animal: no unit"):
        run_batch(quick, [str(tmp_path / "a.nwb")], tmp_path / "out", figures=False, group_by=["animal"])


@pytest.mark.parametrize("keeps", [True, False])
def test_a_fit_that_is_finished_is_kept_where_the_drawing_of_its_figures_is_given_up(quick, given, tmp_path, keeps):
    """By the command alone, that says so: a batch draws what lacks when it goes on."""
    at, told = [0.0], []
    context = CallbackContext(lambda progress: at.append(progress.fraction), lambda: at[-1] > 0.81)
    kept = (lambda: told.append(sorted(path.name for path in (tmp_path / "out").iterdir()))) if keeps else None
    with pytest.raises(Cancelled):
        run_to_folder(quick, given[:1], tmp_path / "out", on_kept=kept, context=context)
    if not keeps:
        assert not list((tmp_path / "out").iterdir())
        return
    ((*names,),) = told
    assert {"result.nc", "coefficients.csv", "scores.csv", "analysis.toml", "report.html"} <= set(names)
    assert "figures" not in names
    assert Result.load(tmp_path / "out" / "result.nc").converged
