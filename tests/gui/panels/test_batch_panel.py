"""The batch step: recordings are looked at, fitted, stopped and gone on with, summed up, and opened."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent

from glmengine.batch import many_recordings as engine
from glmengine.batch import preview as looking
from glmengine.batch.one_recording import Outcome
from glmengine.batch.preview import Preview
from glmengine.batch.summary import summary_of
from glmengine.export.npz import write_npz
from glmengine.io.recipe.recipe import Recipe
from glmgui.panels.batch import BatchPanel
from glmgui.work.many_recordings import Entry, ManyRecordings
from glmgui.work.recovery import Recovery


@pytest.fixture
def files(tmp_path, small_recording):
    """A recording and one that lacks the direction, in a folder with another file."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    lame = {name: one for name, one in small_recording.covariates.items() if name != "head_direction"}
    for name, recording in (("a", small_recording), ("lame", replace(small_recording, covariates=lame))):
        write_npz(recording, folder / name)
    (folder / "notes.txt").write_text("nothing")
    return folder


@pytest.fixture
def panel(window, small_recording, small_analysis):
    window.document.open(small_recording, small_analysis)
    window.show_step("batch")
    return window.panels["batch"]


def states(panel) -> list[str]:
    return [entry.state for entry in panel._many.entries]


def test_what_cannot_be_read_is_not_said_to_lack_what_the_analysis_names(panel, window, files, qtbot):
    many = window.work.many
    many.add([files / "a", files / "lame", files / "gone.nwb"])
    qtbot.waitUntil(lambda: window.work.jobs.idle and all(entry.preview is not None for entry in many.entries))
    assert states(panel) == ["ready", "lacks something", "cannot be read"]
    assert "1 of which lacks something that the analysis names and 1 of which cannot be read." in panel.said.text()
    assert panel.table.item(2, 1).text() == "\u26a0 cannot be read"


def test_from_a_folder_to_an_open_result(panel, window, questions, files, tmp_path, qtbot):
    many, jobs = window.work.many, window.work.jobs
    assert panel._stack.currentWidget() is panel.empty
    questions.next_path = files
    panel.add_folder.click()
    qtbot.waitUntil(lambda: jobs.idle and len(many.entries) == 2)
    assert [entry.path.name for entry in many.entries] == ["a", "lame"]
    assert states(panel) == ["ready", "lacks something"]
    assert "head_direction" in panel.table.item(1, 7).text()
    assert "1 of which lacks something" in panel.said.text()
    assert window.rail.buttons["batch"].text().endswith("2 listed")
    assert "Start asks for the folder" in panel.said.text()
    questions.next_path = None
    panel.start.click()
    assert not many.running
    questions.next_path = tmp_path / "out"
    panel.start.click()
    assert many.folder == tmp_path / "out"
    qtbot.waitUntil(lambda: not many.running and jobs.idle)
    assert "Start tries those that failed again" in panel.said.text()
    assert window.rail.buttons["batch"].text().endswith("1 of 2 done")
    assert states(panel) == ["done", "failed"]
    assert "head_direction" in panel.table.item(1, 7).text()
    assert panel.groups.rowCount() > 0
    panel.group_by.setCurrentIndex(panel.group_by.findData("region"))
    qtbot.waitUntil(lambda: panel.groups.columnCount() == 10)
    assert {panel.groups.item(row, 0).text() for row in range(panel.groups.rowCount())} == {"ADN", "CA1"}
    written = (tmp_path / "out" / "groups.csv").read_text(encoding="utf-8").splitlines()
    assert [written[0].split(",")[0], len(written)] == ["region", 1 + panel.groups.rowCount()]
    panel.start.click()
    qtbot.waitUntil(lambda: not many.running and jobs.idle)
    assert states(panel) == ["done before", "failed"]
    panel.table.selectRow(0)
    panel.open.click()
    qtbot.waitUntil(lambda: window.document.recording is not None and window.document.recording.name == "a")
    assert not window.document.result_is_stale
    assert len(window.document.kept_result.units) == 3
    assert not many.is_stale, "the same question of another recording"
    window.document.edit(window.document.analysis.with_(seed=3), "Change seed")
    window.show_step("batch")
    assert "has changed since" in panel.banner.text


@pytest.fixture
def alone(document, jobs, settings, questions, small_recording, small_analysis, qtbot, tmp_path):
    """The panel without a window, on three files that are not there."""

    class Given:
        def given(self) -> bool:
            return True

    many = ManyRecordings(document, jobs, settings, questions, Given(), None)
    made = BatchPanel(document, many)
    qtbot.addWidget(made)
    made.resize(900, 600)
    made.show()
    document.open(small_recording, small_analysis)
    many.folder = tmp_path
    return made


@pytest.fixture
def seen(monkeypatch):
    monkeypatch.setattr(
        looking, "preview_batch", lambda analysis, places, report=None, **_: [report(Preview(one, 3, 120.0)) for one in places]
    )


def test_the_list_outlives_a_crash(window, questions, seen, tmp_path, qtbot):
    recipe = Recipe.parse({"counts": {"values": ["a", "b"], "rate": 100}})
    many, places = window.work.many, [tmp_path / "x.csv", tmp_path / "y.nwb"]
    assert not window.work.recovery.keep_now(), "nothing is open, and no list is made"
    many.add(places)
    qtbot.waitUntil(lambda: len(many.entries) == 2 and window.jobs.idle)
    many.entries = (replace(many.entries[0], recipe=recipe), many.entries[1])
    questions.next_path = tmp_path / "out"
    many.ask_destination()
    assert window.work.recovery.keep_now(), "the document holds nothing unsaved, the list is nowhere else"
    window.work.recovery._lock.unlock()  # as the death of the process does
    other = Recovery(window.document, window.jobs, window.work.recovery.folder)
    (leftover,) = other.leftovers()
    many.remove(places)
    many.folder = None
    assert not window.work.recovery._is_wanted
    many.add([tmp_path / "z.nwb"])
    qtbot.waitUntil(lambda: len(many.entries) == 1 and window.jobs.idle)
    with qtbot.waitSignal(window.work.opening.opened):
        window.work.opening.saved.recover(leftover)
    assert [entry.path.name for entry in many.entries] == ["x.csv", "y.nwb", "z.nwb"]
    assert [entry.recipe for entry in many.entries] == [recipe, None, None]
    assert many.folder == tmp_path / "out"
    qtbot.waitUntil(lambda: [entry.state for entry in many.entries] == ["ready"] * 3)
    many.take_kept({"recordings": [{"file": "of another version"}]})
    assert len(many.entries) == 3


def test_a_run_is_stopped_and_what_is_done_stays(alone, jobs, seen, monkeypatch, tmp_path, small_result, small_recording, qtbot):
    many = alone._many
    many.add([tmp_path / name for name in ("x.nwb", "y.nwb")])
    qtbot.waitUntil(lambda: len(many.entries) == 2 and jobs.idle)
    summary = summary_of(small_result, small_recording)

    def run(analysis, places, folder, *, report, context, **_):
        report(Outcome(places[0], tmp_path, summary))
        while True:
            context.check()

    monkeypatch.setattr(engine, "run_batch", run)
    alone.start.click()
    qtbot.waitUntil(lambda: states(alone) == ["done", "not finished yet"])
    assert not alone.add.isEnabled()
    assert alone.said.text().startswith("1 of 2")
    alone.stop.click()
    qtbot.waitUntil(lambda: not many.running)
    assert states(alone) == ["done", "ready"]
    assert alone.start.isEnabled()
    assert alone.groups.isVisible()


def test_a_fault_of_the_whole_run_is_said(alone, jobs, seen, monkeypatch, tmp_path, qtbot):
    from glmengine.errors import GlmError

    many = alone._many
    many.add([tmp_path / "x.nwb"])
    qtbot.waitUntil(lambda: len(many.entries) == 1 and jobs.idle)

    def run(*_, **__):
        raise GlmError("the folder cannot be written to")

    monkeypatch.setattr(engine, "run_batch", run)
    alone.start.click()
    qtbot.waitUntil(lambda: not many.running)
    assert "cannot be written" in alone.message.text
    assert states(alone) == ["ready"]


def test_files_are_dropped_once_and_removed(alone, jobs, seen, tmp_path, qtbot):
    many = alone._many
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / name)) for name in ("x.nwb", "y.nwb", "x.nwb")])
    none, left, copy = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton, Qt.DropAction.CopyAction
    alone.dropEvent(QDropEvent(QPointF(5, 5), copy, data, left, none))
    qtbot.waitUntil(lambda: len(many.entries) == 2 and jobs.idle)
    alone.table.selectRow(0)
    alone.remove.click()
    assert [entry.path.name for entry in many.entries] == ["y.nwb"]


def test_another_analysis_asks_to_look_again(alone, document, jobs, seen, tmp_path, qtbot):
    many = alone._many
    many.add([tmp_path / "x.nwb"])
    qtbot.waitUntil(lambda: len(many.entries) == 1 and jobs.idle)
    document.edit(document.analysis.with_(seed=9), "Change seed")
    assert "Look again" in alone.said.text()
    alone.look.click()
    qtbot.waitUntil(lambda: jobs.idle)
    assert "all ready" in alone.said.text()
    document.edit(document.analysis.with_(terms=()), "Remove term")
    assert "no term" in alone.said.text()
    assert not alone.start.isEnabled()


def test_the_recording_that_is_open_is_named_where_the_list_lacks_it(
    alone, document, jobs, seen, tmp_path, small_recording, qtbot
):
    many = alone._many
    many.add([tmp_path / "x.nwb"])
    qtbot.waitUntil(lambda: len(many.entries) == 1 and jobs.idle)
    assert "is open" not in alone.said.text(), "it has no file"
    document.set_recording(replace(small_recording, path=tmp_path / "y.nwb"))
    many.changed.emit()
    assert "The recording that is open is not in the list" in alone.said.text()
    many.add([tmp_path / "y.nwb"])
    qtbot.waitUntil(lambda: len(many.entries) == 2 and jobs.idle)
    assert "is open" not in alone.said.text()


def test_an_empty_list_says_what_is_to_be_done_as_things_stand(alone, document, small_analysis):
    assert "It is the one of small" in alone.empty.text
    document.edit(small_analysis.with_(terms=()), "Remove terms")
    assert "small is open, its analysis has no term yet" in alone.empty.text
    document.set_recording(None)
    assert "First open one recording" in alone.empty.text


def test_scores_are_summed_up_by_two_columns_at_once(alone, jobs, seen, tmp_path, small_result, small_recording, qtbot):
    many, summary = alone._many, summary_of(small_result, small_recording)
    about = {"animal": ("m1", "m1", "m2"), "region": ("CA1", "CA3", "CA1")}
    many.entries = (Entry(tmp_path / "x.nwb", outcome=Outcome("x.nwb", tmp_path, replace(summary, about=about))),)
    many.changed.emit()
    offered = [alone.group_by.itemText(at) for at in range(alone.group_by.count())]
    assert offered == ["all units together", "animal", "region", "animal and region"]
    alone.group_by.setCurrentIndex(3)
    qtbot.waitUntil(lambda: alone.groups.columnCount() == 11)
    first = {(alone.groups.item(row, 0).text(), alone.groups.item(row, 1).text()) for row in range(alone.groups.rowCount())}
    assert first == {("m1", "CA1"), ("m1", "CA3"), ("m2", "CA1")}
    assert (tmp_path / "groups.csv").read_text(encoding="utf-8").startswith("animal,region,score")


def test_a_recording_has_a_recipe_of_its_own_and_a_cluster_does_them(alone, jobs, seen, monkeypatch, tmp_path, qtbot):
    many, asked, given = alone._many, [], {}
    own = Recipe.from_toml('[spikes]\ntimes = "t"\n')

    class Opened:
        def open_or_ask(self, path, take):
            asked.append(path)
            take(SimpleNamespace(source={"recipe": own.to_dict()}, name=path.name))

    monkeypatch.setattr(many, "_opening", Opened())
    monkeypatch.setattr(engine, "run_batch", lambda *_, **what: given.update(what))
    for name in ("x.npz", "y.npz"):
        (tmp_path / name).write_bytes(b"none")
    many.add([tmp_path / name for name in ("x.npz", "y.npz")])
    qtbot.waitUntil(lambda: len(many.entries) == 2 and jobs.idle)
    assert not alone.recipe.isEnabled()
    alone.table.selectRow(1)
    alone.recipe.click()
    qtbot.waitUntil(lambda: jobs.idle)
    assert asked == [tmp_path / "y.npz"]
    alone.scheduler.setText(" tcp://lab:8786 ")
    alone.start.click()
    qtbot.waitUntil(lambda: not many.running)
    assert given["scheduler"] == "tcp://lab:8786"
    assert given["recipes"] == [None, own]


def test_of_a_file_that_is_gone_no_number_is_shown(panel, tmp_path, qtbot):
    panel._many.add([tmp_path / "gone.nwb"])
    qtbot.waitUntil(lambda: panel.table.item(0, 1) is not None and "cannot be read" in panel.table.item(0, 1).text())
    assert [panel.table.item(0, part).text() for part in (2, 3)] == ["–", "–"]
    assert "gone.nwb" in panel.table.item(0, 7).text()
