"""The window saves recordings and results in other formats, in the background, and never over the original."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.export.nwb import write_nwb
from glmengine.io.opening import open_recording
from glmgui.notices import notices
from glmgui.tools.unattended import wait_until
from tests.clock import PATIENCE_S


@pytest.fixture
def opened(window, small_recording, small_analysis, small_result, tmp_path):
    """The window with a recording from a file, fitted."""
    path = tmp_path / "Sitzung é.nwb"
    write_nwb(small_recording, path)
    window.document.open(open_recording(path), small_analysis)
    window.document.set_result(small_result)
    return window


def trigger(window, name: str, path) -> None:
    window.work.questions.next_path = path
    window.action(name).trigger()
    wait_until(lambda: not window.jobs.busy, PATIENCE_S, name)


@pytest.mark.parametrize(("name", "to"), [("save_nwb", "copy é.nwb"), ("save_npz", "copy é")])
def test_the_recording_is_saved_and_opens_again(opened, tmp_path, name, to):
    trigger(opened, name, tmp_path / to)
    again, before = open_recording(tmp_path / to), opened.document.recording
    assert again.unit_names == before.unit_names
    for unit in range(len(before.unit_names)):
        np.testing.assert_array_equal(again.spikes[unit].t, before.spikes[unit].t)


def test_the_results_go_into_a_copy(opened, tmp_path, small_result):
    import pynwb

    original = opened.document.recording.path
    before = original.read_bytes()
    trigger(opened, "export_nwb", tmp_path / "fitted.nwb")
    with pynwb.NWBHDF5IO(str(tmp_path / "fitted.nwb"), "r") as io:
        scores = io.read().processing["glmengine"]["scores"].to_dataframe()
    assert scores["unit_name"].tolist() == list(small_result.units)
    assert original.read_bytes() == before


@pytest.mark.parametrize("name", ["save_nwb", "export_nwb"])
def test_the_original_is_refused_in_words(opened, tmp_path, name):
    original = opened.document.recording.path
    link = tmp_path / "link.nwb"
    link.symlink_to(original)
    before, told = original.read_bytes(), []
    notices().noticed.connect(lambda notice: told.append(notice))
    trigger(opened, name, link)
    assert any("the recording itself, which is never changed" in str(notice) for notice in told)
    assert original.read_bytes() == before
    assert link.is_symlink()


def test_a_name_with_a_point_gets_its_ending_and_replaces_nothing_unasked(opened, tmp_path):
    trigger(opened, "save_nwb", tmp_path / "mouse 1.2")
    assert open_recording(tmp_path / "mouse 1.2.nwb").unit_names == opened.document.recording.unit_names
    told = []
    notices().noticed.connect(lambda notice: told.append(str(notice)))
    before = (tmp_path / "mouse 1.2.nwb").read_bytes()
    for name in ("save_nwb", "export_nwb"):
        trigger(opened, name, tmp_path / "mouse 1.2")
    assert sum("exists already" in text for text in told) == 2
    assert (tmp_path / "mouse 1.2.nwb").read_bytes() == before


def test_leaving_the_question_saves_nothing_and_without_a_recording_it_is_not_asked(window, opened, tmp_path):
    before = sorted(tmp_path.iterdir())
    for name in ("save_nwb", "save_npz", "export_nwb"):
        trigger(window, name, None)
    assert sorted(tmp_path.iterdir()) == before


def test_without_a_recording_or_a_result_there_is_nothing_to_save(window, small_recording, small_analysis):
    names = ("save_nwb", "save_npz", "export_nwb")
    assert [window.action(name).isEnabled() for name in names] == [False, False, False]
    window.document.open(small_recording, small_analysis)
    assert [window.action(name).isEnabled() for name in names] == [True, True, False]


def test_a_recording_takes_in_tracking_from_its_folder_and_undo_gives_it_back(window, tmp_path, qtbot):
    folder, rng = tmp_path / "sorted", np.random.default_rng(1)
    folder.mkdir()
    np.save(folder / "spike_times.npy", np.sort(rng.integers(0, 3_000_000, 600)))
    np.save(folder / "spike_clusters.npy", rng.integers(0, 2, 600))
    (folder / "params.py").write_text("sample_rate = 30000\n")
    times = np.arange(3000) / 30
    np.savetxt(folder / "track.csv", np.column_stack([times, np.cos(times)]), delimiter=",", header="time,x", comments="")
    opening, asked = window.work.opening, []
    with qtbot.waitSignal(opening.opened, timeout=30_000):
        opening.open(folder)
    assert not window.document.recording.covariates
    window.work.questions.recipe = lambda assistance, text, fault: asked.append(assistance) or text
    with qtbot.waitSignal(opening.opened, timeout=30_000):
        window.action("correct").trigger()
    assert [row[0] for row in asked[0].arrays] == ["units", "track.csv:time", "track.csv:x"]
    np.testing.assert_allclose(window.document.recording.covariates["x"].data.values, np.cos(times))
    window.document.undo()
    assert not window.document.recording.covariates
