"""The document steps back and forth through every edit, knows when a result is stale, and says what changed."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import pytest

from glmengine.analysis.analysis import Analysis
from glmgui import undo_history
from glmgui.document import Document
from glmgui.staleness import OTHER_ANALYSIS


@dataclass(frozen=True, eq=False)
class FakeRecording:
    unit_names: tuple[str, ...]
    sha256: str = "a"
    name: str = "day1"


@dataclass(frozen=True, eq=False)
class FakeResult:
    analysis: Analysis
    recording: FakeRecording
    best_unit: str | None = None
    units: tuple[str, ...] = ()

    def is_for(self, analysis, recording) -> bool:
        return analysis == self.analysis and self.is_of(recording)

    def is_of(self, recording) -> bool:
        return recording is self.recording

    @property
    def provenance(self) -> dict[str, str]:
        return {"recording_name": self.recording.name}


@pytest.fixture
def seen(document):
    changes: list[frozenset[str]] = []
    document.changed.connect(changes.append)
    return changes


def retitled(document: Document, title: str) -> Analysis:
    return document.analysis.with_(title=title)


def test_edits_are_undone_and_redone_in_order(document, seen):
    start = document.analysis
    document.edit(retitled(document, "one"), "Name it")
    document.edit(document.analysis.with_(seed=3), "Change seed")
    assert document.undo_text == "Change seed"
    document.undo()
    assert (document.analysis.title, document.analysis.seed) == ("one", 0)
    assert (document.undo_text, document.redo_text) == ("Name it", "Change seed")
    document.undo()
    assert document.analysis == start
    assert document.undo_text == ""
    document.undo()
    assert document.analysis == start
    document.redo()
    document.redo()
    assert (document.analysis.title, document.analysis.seed) == ("one", 3)
    assert all("analysis" in change for change in seen)


def test_a_new_edit_forgets_what_was_undone(document):
    document.edit(retitled(document, "one"), "A")
    document.undo()
    document.edit(retitled(document, "two"), "B")
    assert document.redo_text == ""


def test_a_drag_is_one_step(document, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(undo_history.time, "monotonic", lambda: clock[0])
    for seed in range(1, 6):
        clock[0] += 0.5
        document.edit(document.analysis.with_(seed=seed), "Change seed")
    clock[0] += 1.5
    document.edit(document.analysis.with_(seed=9), "Change seed")
    document.undo()
    assert document.analysis.seed == 5
    document.undo()
    assert document.analysis.seed == 0
    assert document.undo_text == ""


def test_an_edit_after_an_undo_is_a_step_of_its_own(document):
    document.edit(document.analysis.with_(seed=1), "Change seed")
    document.edit(document.analysis.with_(seed=2), "Other")
    document.undo()
    document.edit(document.analysis.with_(seed=3), "Change seed")
    document.undo()
    assert document.analysis.seed == 1


def test_an_equal_analysis_changes_nothing(document, seen):
    document.edit(Analysis(), "Nothing")
    assert seen == []
    assert document.undo_text == ""


def test_nothing_is_to_be_fitted_again_that_is_being_fitted(document, seen):
    recording, asked = FakeRecording(("a", "b")), set()
    document.follow_fits(lambda analysis: analysis.seed in asked)
    document.open(recording, Analysis())
    document.set_result(FakeResult(document.analysis, recording))
    document.edit(document.analysis.with_(seed=1), "Change seed")
    assert document.why_stale == OTHER_ANALYSIS
    seen.clear()
    asked.add(1)
    document.find_staleness_again()
    assert "is under way" in document.why_stale
    assert "fit again" not in document.why_stale
    assert "result" in seen[-1]
    document.edit(document.analysis.with_(seed=2), "Change seed")
    assert document.why_stale == OTHER_ANALYSIS
    document.set_recording(FakeRecording(("a",), "b", "day2"))
    asked.add(2)
    document.find_staleness_again()
    assert "another recording (day1) than is open \u2013 the next fit is under way" in document.why_stale


def test_a_result_is_stale_when_the_question_or_the_recording_differs(document, seen):
    recording = FakeRecording(("a", "b"))
    document.open(recording, Analysis())
    document.set_result(FakeResult(document.analysis, recording))
    assert not document.result_is_stale
    seen.clear()
    document.edit(document.analysis.with_(seed=1), "Change seed")
    assert document.result_is_stale
    assert document.why_stale == OTHER_ANALYSIS
    assert "result" in seen[-1]
    document.undo()
    assert not document.result_is_stale
    document.set_recording(FakeRecording(("a",), "b"))
    assert document.result_is_stale
    assert "not as it was" in document.why_stale
    document.set_recording(FakeRecording(("a",), "b", "day2"))
    assert "another recording (day1)" in document.why_stale
    document.set_recording(None)
    assert "(day1) is not open" in document.why_stale
    assert "result" in seen[-1]


def test_opening_forgets_the_steps_and_selects_the_first_unit(document):
    document.edit(retitled(document, "one"), "A")
    document.open(FakeRecording(("u1", "u2")), Analysis(title="new"))
    assert document.undo_text == ""
    assert document.unit == "u1"
    assert not document.modified


def test_modified_until_saved_and_again_after_an_edit(document, tmp_path):
    assert not document.modified
    document.edit(retitled(document, "one"), "A")
    assert document.modified
    saved = document.analysis
    document.edit(retitled(document, "two"), "B")
    document.mark_saved(tmp_path / "x.glm", saved, None)
    assert document.modified, "an edit made during the saving is not saved"
    document.undo()
    assert not document.modified


def test_what_was_recovered_counts_as_modified(document):
    document.open(None, Analysis(), saved=False)
    assert document.modified


def test_selection_is_said_once_and_kept_in_range(document, seen):
    document.open(FakeRecording(("u1", "u2")), Analysis())
    seen.clear()
    document.select(unit="u2")
    document.select(unit="u2")
    assert seen == [frozenset({"selection"})]
    document.select(term=5)
    assert document.term is None
    assert document.unit == "u2"


def test_another_recording_keeps_the_unit_where_it_has_it(document):
    document.open(FakeRecording(("u1", "u2")), Analysis())
    document.select(unit="u2")
    document.set_recording(FakeRecording(("u2", "u3"), "b"))
    assert document.unit == "u2"
    document.set_recording(FakeRecording(("x",), "c"))
    assert document.unit == "x"


def test_edits_are_quick(document):
    start = time.thread_time()
    for seed in range(200):
        document.edit(document.analysis.with_(seed=seed + 1), f"Step {seed}")
    assert time.thread_time() - start < 1.0


def test_undo_brings_back_the_recording_that_an_edit_replaced(document, seen):
    one, two = FakeRecording(("a", "b"), "one"), FakeRecording(("b", "c"), "two")
    document.open(one, Analysis())
    document.edit(retitled(document, "joined"), "Add session", two)
    assert document.recording is two
    assert document.unit == "b"
    seen.clear()
    document.undo()
    assert document.recording is one
    assert document.analysis.title == ""
    assert len(seen) == 1, "panels see the old recording together with the old analysis"
    assert {"recording", "analysis"} <= seen[0]
    document.redo()
    assert document.recording is two
    assert document.analysis.title == "joined"


def test_another_recording_is_a_step_of_its_own_although_the_analysis_stays(document):
    one, two = FakeRecording(("a",), "one"), FakeRecording(("a",), "two")
    document.open(one, Analysis())
    document.edit(document.analysis, "Replace recording", two)
    document.edit(document.analysis, "Replace recording", one)
    document.undo()
    assert document.recording is two
    document.undo()
    assert document.recording is one
    assert document.undo_text == ""


def test_undo_takes_away_a_recording_that_was_put_where_none_was(document):
    document.open(None, Analysis())
    document.edit(document.analysis, "Replace recording", FakeRecording(("a",), "one"))
    document.undo()
    assert document.recording is None
    assert document.unit is None


def test_the_selected_unit_is_always_one_of_the_set(document, small_recording, small_analysis, qtbot):
    document.open(small_recording, small_analysis)
    assert document.units == ("hd",)
    document.select(units=["flat", "place", "not there"])
    assert document.units == ("place", "flat")
    assert document.unit == "place"
    document.select(unit="flat")
    assert document.units == ("place", "flat"), "a unit of the set leaves the set as it is"
    with qtbot.waitSignal(document.changed) as told:
        document.select(unit="hd")
    assert told.args == [frozenset({"selection"})]
    assert document.units == ("hd",)
    document.select(units=())
    assert document.units == ("hd",)
    with qtbot.assertNotEmitted(document.changed):
        document.select(unit="hd", units=["hd"])


def test_another_recording_keeps_those_of_the_set_that_it_has(document, small_recording, small_analysis):
    document.open(small_recording, small_analysis)
    document.select(units=["hd", "flat"])
    document.set_recording(replace(small_recording, name="another"))
    assert document.units == ("hd", "flat")
    document.set_recording(None)
    assert document.units == ()
