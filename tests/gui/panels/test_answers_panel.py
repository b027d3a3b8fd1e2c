"""The answers of all units: asked for with one press, kept with the project, and each number with its evidence."""

from __future__ import annotations

import re
import threading
from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QLabel, QPushButton, QScrollArea, QWhatsThis

import glmengine as ge
from glmengine.analysis.analysis import Analysis, Time
from glmengine.analysis.selection import Selection
from glmengine.analysis.terms import CovariateTerm, Factor
from glmengine.answers.kept_answers import KeptAnswers
from glmengine.answers.settings import AnswerSettings
from glmengine.basis import BSpline
from glmengine.context import SILENT, UnitsFound
from glmengine.figures.drawing import Images
from glmengine.project.project import load_answers, save_project
from glmengine.recording.derived.covariates import ZScore
from glmgui.drawings.answers import answer_rows, path_drawings, shift_drawings, simulated_drawings
from glmgui.drawings.series import Axis, Image
from glmgui.notices import notices
from glmgui.panels.answers.evidence_view import DrawingsView, EvidenceView
from glmgui.panels.answers.sheet_columns import explained_columns, number_text
from glmgui.panels.answers.sheet_filter import SheetFilter
from glmgui.panels.answers.sheet_table import SheetTable
from glmgui.work.answer_question import Asking
from glmgui.work.recovery import Leftover, open_leftover
from tests.clock import PATIENCE_S
from tests.gui.conftest import Steps

SETTINGS = AnswerSettings(shifts=19, simulations=2)
ASKED = Asking(from_features=True, settings=SETTINGS, selection=Asking().selection.with_(steps_by="folds"))
COLUMNS = ("Explained", "q", "head_direction", "KS")


@pytest.fixture(scope="module")
def two_terms(small_analysis):
    """Direction and one component of the position, in bins of 50 ms."""
    position = CovariateTerm(factors=(Factor(variable="position.x", basis=BSpline(n=5)),))
    return small_analysis.with_(
        time=small_analysis.time.with_(bin_size=0.05), terms=(*small_analysis.terms, position), selection=Selection()
    )


@pytest.fixture(scope="module")
def kept(two_terms, small_recording, tmp_path_factory):
    """The sheet of the small recording, on disk."""
    sheet = ge.explain(small_recording, two_terms, shifts=SETTINGS.shifts, simulations=SETTINGS.simulations)
    file = tmp_path_factory.mktemp("sheet") / "answers.nc"
    found = KeptAnswers(sheet, two_terms, SETTINGS, small_recording.name, small_recording.sha256 or "", seconds=2.0, file=file)
    found.save(file)
    return found


@pytest.fixture
def opened(window, kept, two_terms, small_recording, at_rest):
    """A window with the sheet, at its page, asked for as it was made."""
    window.document.open(small_recording, two_terms.with_(selection=None), answers=kept)
    window.work.answers.question.ask(ASKED)
    window.show_step("answers")
    at_rest(window)
    return window


def cell(table, unit, heading):
    model = table.model
    row = [one.unit for one in model.rows].index(unit)
    at = [part.title for part in model.columns].index(heading)
    return table.sorted.mapFromSource(model.index(row, at))


def test_a_row_has_the_numbers_of_the_sheet(opened, kept):
    table = opened.panels["answers"].table
    assert cell(table, "hd", "Driven by").data() == "head_direction"
    assert cell(table, "flat", "Driven by").data() == "nothing that was offered"
    explained = float(kept.sheet.units["deviance_explained"].sel(unit="hd"))
    assert cell(table, "hd", "Explained").data() == f"{explained:.3f}"
    added = float(kept.sheet.terms["added"].sel(unit="hd", term="head_direction"))
    assert added == pytest.approx(explained)  # the only term
    assert float(cell(table, "hd", "+ head_direction").data()) == pytest.approx(added, abs=5e-4)
    assert cell(table, "hd", "In words").data() == kept.sheet.units["sentence"].sel(unit="hd").item()
    assert opened.rail.buttons["answers"].text().endswith("3 units")


def test_the_columns_follow_the_question_that_is_answered(opened, kept):
    """The answers of one question may come while the table still has the columns of another."""
    panel = opened.panels["answers"]
    panel.table.begin(("history",), ("hd", "place", "flat"), "waiting")
    opened.work.answers.filled.emit(kept.sheet)
    assert panel.table.candidates == tuple(kept.sheet.terms["term"].values)
    assert cell(panel.table, "hd", "Driven by").data() == "head_direction"
    assert [one.unit for one in panel.table.model.rows].count("hd") == 1


def test_a_click_selects_the_unit_everywhere_and_shows_the_evidence_of_the_cell(opened, qtbot):
    panel = opened.panels["answers"]
    for heading, kind in (("Shift q", "shifts"), ("KS", "ks"), ("Driven by", "path"), ("+ head_direction", "shares")):
        index = cell(panel.table, "place", heading)
        panel.table.view.scrollTo(index)
        qtbot.mouseClick(panel.table.view.viewport(), Qt.MouseButton.LeftButton, pos=panel.table.view.visualRect(index).center())
        assert opened.document.unit == "place"
        view = panel.evidence.views[kind]
        assert panel.evidence.tabs.currentWidget() is view
        assert view.plots, kind
        assert ("read off the tail" in view.none.text()) == (kind == "shifts")
    assert panel.evidence.words.text().startswith("Unit place: ")
    opened.document.select(unit="flat")
    assert not panel.evidence.views["shares"].none.isVisible()
    panel.evidence.show_kind("ks")
    assert "no model to check" in panel.evidence.views["ks"].none.text()
    assert not panel.use.isEnabled()


def test_the_evidence_is_what_the_sheet_rests_on(kept):
    (shift,) = shift_drawings(kept.sheet, "hd", ["head_direction"])
    assert shift.curves[0].y.sum() == SETTINGS.shifts
    assert shift.curves[1].x[0] == float(kept.sheet.evidence["shifts"]["gain"].sel(unit="hd", term="head_direction"))
    assert "tail" not in shift.title
    many = kept.sheet.evidence["shifts"].isel(shuffle=np.arange(60) % SETTINGS.shifts)
    (shift,) = shift_drawings(replace(kept.sheet, evidence={"shifts": many}), "hd", ["head_direction"])
    assert shift.title.endswith("read off the tail"), "60 shifts count no p below 0.016"
    (path,) = path_drawings(kept.sheet.selection, "hd")
    steps = kept.sheet.selection.steps.sel(unit="hd")
    assert path.x_axis.names[0] == "1. head_direction"
    folds = path.curves[0].y[: steps.sizes["fold"]]
    assert np.allclose(folds, steps["fold_gain"].values[0], equal_nan=True)
    assert path.curves[1].y[0] == float(steps["gain"][0])
    assert path.curves[1].y[0] not in path.curves[2].y  # the others are drawn without the one that was tested


@pytest.mark.parametrize(("p", "tick"), [(0.3, "\u2713"), (0.01, "\u2717")])
def test_the_tick_of_simulated_spikes_follows_the_verdict_on_all_of_them(qtbot, kept, p, tick):
    """Not the smallest share inside a band, which is beside it: of a right model some values lie outside their own bands."""
    units = kept.sheet.units
    inside = {f"simulated_{name}": ("unit", np.full(units.sizes["unit"], 0.85)) for name in ("rate", "isi", "autocorrelogram")}
    bursts = {name: ("unit", np.zeros(units.sizes["unit"])) for name in ("burst", "burst_low", "burst_high")}
    sheet = replace(kept.sheet, units=units.assign(**inside, **bursts, simulated_p=("unit", np.full(units.sizes["unit"], p))))
    table = SheetTable()
    qtbot.addWidget(table)
    table.begin(("head_direction", "position.x"))
    table.add(answer_rows(sheet))
    said = "alike" if p > 0.05 else "unlike"
    assert cell(table, "hd", "Simulated").data() == f"{tick} {said}, p {p:.2g}"
    tip = cell(table, "hd", "Simulated").data(Qt.ItemDataRole.ToolTipRole)
    assert re.search(r"\d+ of \d+ values of the intervals", tip)
    some_away = sheet.units.assign(ran_away=("unit", np.full(sheet.units.sizes["unit"], 0.2)))
    table.begin(("head_direction", "position.x"))
    table.add(answer_rows(replace(sheet, units=some_away)))
    assert cell(table, "hd", "Simulated").data() == "\u2717 cannot run"


def test_what_ran_away_is_not_said_not_to_have_been_simulated(qtbot, kept):
    note = "hd: Unit hd ran away in 32 repeats."
    evidence = {name: one for name, one in kept.sheet.evidence.items() if name not in ("rate", "isi", "autocorrelogram", "burst")}
    view = EvidenceView()
    qtbot.addWidget(view)
    view.show_kind("simulated")
    for notes, said in (((note,), "Unit hd ran away in 32 repeats."), ((), "Nothing was simulated for this unit.")):
        view.show_unit(replace(kept.sheet, evidence=evidence, notes=notes), "hd")
        assert view.views["simulated"].none.text() == said


def test_a_unit_that_is_not_answered_yet_says_so_in_every_kind_of_evidence(qtbot):
    """What stood below the tabs was an empty page while the sheet was made."""
    view = EvidenceView()
    qtbot.addWidget(view)
    view.show_unit(None, "0")
    for kind, drawn in view.views.items():
        view.show_kind(kind)
        assert not drawn.plots
        assert "as soon as the unit is answered" in drawn.none.text()
    view.show_unit(None, None)
    assert not view.views[kind].none.text()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.1234, "0.123"),
        (0.0, "0"),
        (6e-5, "0.0001"),
        (0.0002, "0.0002"),
        (-0.0004, "-0.0004"),
        (2.4e-5, "0"),
        (-2e-10, "0"),
        (np.nan, ""),
    ],
)
def test_numbers_of_the_sheet_are_written_as_far_as_they_are_settled(value, said):
    assert number_text(value) == said


def test_filters_of_words_and_numbers():
    wanted = SheetFilter.read("history, q < 0.05, expl >= 1e-1", COLUMNS)
    assert wanted.words == ("history",)
    assert wanted.numbers == (("q", "<", 0.05), ("Explained", ">=", 0.1))
    values = {"q": 0.01, "Explained": 0.2, "head_direction": np.nan, "KS": 0.1}
    assert wanted.admits("history, then speed", values)
    assert not wanted.admits("speed", values)
    assert not wanted.admits("history", values | {"q": 0.05})
    assert not SheetFilter.read("head_direction > 0", COLUMNS).admits("", values)  # no number meets no condition
    assert SheetFilter.read("speed > 1", COLUMNS).unknown == ("speed",)


def test_rows_are_sorted_by_their_numbers_filtered_and_copied(qtbot, kept):
    table = SheetTable()
    qtbot.addWidget(table)
    table.begin(("head_direction", "position.x"))
    table.add(answer_rows(kept.sheet))
    explained = [part.title for part in table.model.columns].index("Explained")

    def units():
        return [table.sorted.index(at, 0).data() for at in range(table.sorted.rowCount())]

    for order in (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder):
        table.view.sortByColumn(explained, order)
        assert units()[-1] == "flat"  # what has no number comes last either way
    first = units()[:2]
    table.view.sortByColumn(explained, Qt.SortOrder.AscendingOrder)
    assert units()[:2] == first[::-1]
    table.filter.setText("head_direction > 0.05, hd")
    assert units() == ["hd"]
    assert table.said.text() == "1 of 3 units"
    table.copy.click()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].split("\t")[:4] == ["Unit", "Driven by", "Explained", "q"]
    assert [line.split("\t")[0] for line in lines[1:]] == ["hd"]
    table.filter.setText("speed > 1")
    assert "no number is called 'speed'" in table.said.text()


def test_the_sheet_is_out_of_date_when_the_question_changes(opened):
    panel, document = opened.panels["answers"], opened.document
    assert not opened.work.answers.is_stale
    assert panel.message.text == ""
    for another in (
        document.analysis.with_(time=document.analysis.time.with_(bin_size=0.1)),
        document.analysis.with_(terms=document.analysis.terms[:1]),
    ):
        document.edit(another, "Change the question")
        assert "have changed since" in panel.message.text
        document.undo()
        assert panel.message.text == ""
    opened.work.answers.question.ask(replace(opened.work.answers.question.asking, settings=AnswerSettings()))
    assert "have changed since" in panel.message.text


def test_the_rail_knows_that_the_sheet_is_out_of_date_before_candidates_are_looked_for(
    window, kept, two_terms, small_recording, at_rest
):
    document, answers = window.document, window.work.answers
    document.open(small_recording, two_terms.with_(selection=None), answers=kept)
    at_rest(window)
    assert answers.question.analysis is None
    assert window.rail.buttons["answers"].text().endswith("3 units")
    time = document.analysis.time
    document.edit(document.analysis.with_(time=time.with_(bin_size=2 * time.bin_size)), "Change bin size")
    assert answers.question.analysis is None
    assert window.rail.buttons["answers"].text().endswith("out of date")
    document.undo()
    assert window.rail.buttons["answers"].text().endswith("3 units")


@pytest.mark.parametrize("height", [1440, 600])
def test_the_button_stands_below_the_form_of_a_choice(opened, at_rest, height):
    panel = opened.panels["answers"]
    opened.resize(1600, height)
    panel.tabs.setCurrentWidget(panel.terms)
    at_rest(opened)
    scroll = panel.terms.findChild(QScrollArea, "answers_choice_scroll")
    button = panel.terms.run
    assert 0 <= button.y() - scroll.geometry().bottom() < 20
    assert button.geometry().bottom() < button.parentWidget().height()
    whole = scroll.widget().height() <= scroll.viewport().height() + 1
    assert whole == (height == 1440)
    if whole:
        assert button.y() < 0.8 * panel.terms.height()


def test_what_is_derived_is_tried_from_then_on(opened, at_rest):
    document, answers, panel = opened.document, opened.work.answers, opened.panels["answers"]
    answers.question.ask(Asking())
    at_rest(opened)
    before = answers.question.candidates
    derived = (ZScore(source="position.x", name="standardised"),)
    document.edit(document.analysis.with_(derived=derived), "Derive")
    answers.find()  # at once: it waits for what is offered now
    assert not answers.running
    opened.work.answers._wanted = False
    at_rest(opened)
    assert answers.question.candidates == (*before, "standardised")
    assert answers.question.asking.left_out == frozenset()
    assert panel.asking.list.item(len(before)).checkState() == Qt.CheckState.Checked
    assert answers.question.analysis.derived.count(derived[0]) == 1
    document.undo()
    at_rest(opened)
    assert answers.question.candidates == before


def test_the_model_of_a_unit_becomes_the_analysis_in_one_step(opened, qtbot):
    document = opened.document
    before = document.analysis
    document.select(unit="place")
    opened.panels["answers"].use.click()
    assert [term.label for term in document.analysis.terms if term.enabled] == ["position.x"]
    assert document.undo_text == "Use the model of unit place"
    qtbot.waitUntil(lambda: document.result is not None)
    assert "position.x" in document.result.curves
    document.undo()
    assert document.analysis == before


def test_closing_asks_where_answers_are_all_that_would_be_lost(window, questions, kept, small_recording):
    window.document.open(small_recording, Analysis())
    assert not window.document.would_be_missed
    window.document.set_answers(kept)
    questions.unsaved = lambda project: "cancel"
    assert not window.close()
    window.work.saving.unless_unsaved(lambda: pytest.fail("went on"))


def test_saved_with_the_project_and_as_tables(opened, questions, qtbot, tmp_path, kept):
    assert not opened.document.modified
    opened.document.set_answers(None)
    assert opened.document.modified
    opened.document.set_answers(kept)
    questions.save_path = lambda *_: tmp_path / "p.glm"
    opened.work.saving.save()
    qtbot.waitUntil(lambda: opened.document.project_path is not None)
    back = load_answers(tmp_path / "p.glm", tmp_path)
    assert back.sheet.units.equals(kept.sheet.units)
    out = tmp_path / "out" / f"{kept.recording_name} answers"
    questions.folder = lambda *_: out.parent
    opened.panels["answers"].save.click()
    qtbot.waitUntil(lambda: (out / "selection_chosen.csv").exists() and opened.jobs.idle)
    assert [file.name for file in out.parent.iterdir()] == [out.name]
    wanted = {"answers.csv", "terms.csv", "answers.nc", "evidence_ks.csv", "methods.txt", "references.bib", "script.py"}
    assert wanted <= {file.name for file in out.iterdir()}
    assert opened.notice_bar.isVisible()
    assert str(out) in notices().all[-1].text
    asked = []
    questions.replace_files = lambda folder, what: asked.append((folder, what))  # no
    questions.folder = lambda *_: out  # the folder itself is no place for another one
    (out / "answers.csv").write_text("mine")
    opened.panels["answers"].save.click()
    assert asked == [(out, "answers")]
    assert opened.jobs.idle
    assert (out / "answers.csv").read_text() == "mine"


def test_the_table_is_no_higher_than_its_rows_and_the_evidence_gets_the_rest(opened, at_rest):
    panel = opened.panels["answers"]
    at_rest(opened)
    view = panel.table.view
    assert not view.verticalScrollBar().isVisible()
    rows = view.horizontalHeader().height() + sum(view.rowHeight(at) for at in range(3))
    bar = view.horizontalScrollBar()
    assert view.height() <= rows + 2 * view.frameWidth() + (bar.sizeHint().height() if bar.isVisible() else 0) + 4
    assert panel.evidence.height() > 2 * panel.table.height()
    assert view.columnWidth(1) > view.sizeHintForColumn(1)


def test_a_press_finds_the_answers_as_units_come(window, two_terms, small_recording, qtbot, at_rest):
    document, answers, panel = window.document, window.work.answers, window.panels["answers"]
    document.open(small_recording, two_terms.with_(selection=None))
    window.show_step("answers")
    at_rest(window)
    assert {"head_direction", "history"} <= set(answers.question.candidates)
    assert "3 units" in panel.asking.size_line.text()
    assert panel.first.isVisible()
    answers.question.ask(Asking(from_features=True, settings=AnswerSettings(shifts=0, simulations=0)))
    filled = []
    answers.filled.connect(lambda sheet: filled.extend(sheet.units["unit"].values.tolist()))
    panel.find.click()
    assert not panel.find.isVisible()
    qtbot.waitUntil(lambda: not answers.running)
    assert sorted(filled) == ["flat", "hd", "place"]
    assert document.answers.sheet.is_whole
    assert document.answers.file.exists()
    assert len(panel.table.model.rows) == 3
    assert document.modified


def test_asked_for_from_the_data_page_they_begin_by_themselves_and_every_unit_has_its_row(
    window, small_recording, qtbot, at_rest
):
    document, answers, panel = window.document, window.work.answers, window.panels["answers"]
    document.open(small_recording, Analysis(time=Time(bin_size=0.05)))
    window.show_step("answers")
    at_rest(window)
    assert panel.first.primary.height() > 40
    one = frozenset(answers.question.candidates) - {"head_direction"}
    answers.question.ask(Asking(settings=AnswerSettings(shifts=0, simulations=0), from_features=True, left_out=one))
    window.panels["data"].next_steps.answers.click()
    assert window.step == "answers"
    qtbot.waitUntil(lambda: answers.running)
    assert not answers.question.asking.from_features
    driven = {one.unit: cell(panel.table, one.unit, "Driven by").data() for one in panel.table.model.rows}
    assert driven == dict.fromkeys(small_recording.unit_names, "waiting")
    assert not panel.first.isVisible()
    answers.filled.connect(lambda sheet: answers.stop())
    qtbot.waitUntil(lambda: not answers.running)
    assert document.answers is not None
    rows = panel.table.model.rows
    assert len(rows) == 3
    left = [one.unit for one in rows if one.waiting]
    assert [cell(panel.table, unit, "Driven by").data() for unit in left] == ["not reached"] * len(left)
    made = document.answers
    answers.find_at_once()  # they are there already
    assert not answers.running or not made.sheet.is_whole


def test_units_whose_turn_has_come_are_at_work_and_the_others_wait(
    window, two_terms, small_recording, monkeypatch, qtbot, at_rest
):
    answers, panel = window.work.answers, window.panels["answers"]
    window.document.open(small_recording, two_terms.with_(selection=None))
    window.show_step("answers")
    at_rest(window)

    def explain(*_, context, **more):
        context.tell(UnitsFound(("hd",)))
        context.tell(UnitsFound(("flat",), status=("ok",)))  # a fit of one of the models of a unit
        Steps()(context)

    monkeypatch.setattr("glmengine.answers.explain.explain", explain)
    answers.question.ask(Asking(from_features=True, settings=SETTINGS))
    answers.find()
    waits = {one.unit: one.waiting for one in panel.table.model.rows}
    assert waits == dict.fromkeys(small_recording.unit_names, "waiting")
    qtbot.waitUntil(lambda: bool(answers.at_work))
    assert {one.unit: one.waiting for one in panel.table.model.rows} == {**waits, "hd": "at work"}
    qtbot.waitUntil(window.progress.stop.isVisible)
    others = [one.text().replace("&", "") for one in panel.findChildren(QPushButton) if one.isVisible()]
    assert not {"Stop and keep", "Cancel"} & set(others), "the run is ended in one place"
    window.progress.cancel.click()
    qtbot.waitUntil(lambda: not answers.running)
    assert not answers.at_work


def test_the_page_offers_what_judges_the_steps(opened):
    answers, box = opened.work.answers, opened.panels["answers"].asking
    assert Asking().selection.steps_by == "shifts"  # where nothing else is said
    box.judged.edited.emit(answers.question.selection.with_(steps_by="shifts"))
    assert answers.question.analysis.selection.steps_by == "shifts"
    assert answers.is_stale
    assert opened.rail.buttons["answers"].text().endswith("out of date")
    assert box.judged.editor("steps_by").isVisibleTo(box.judged)


def test_given_up_or_refused_the_page_says_what_to_do(window, two_terms, small_recording, qtbot, at_rest):
    document, answers, panel = window.document, window.work.answers, window.panels["answers"]
    document.open(small_recording, two_terms.with_(selection=None))
    window.show_step("answers")
    at_rest(window)
    answers.question.ask(
        Asking(from_features=True, settings=SETTINGS, selection=Asking().selection.with_(folds=2, steps_by="folds"))
    )
    panel.find.click()
    qtbot.waitUntil(lambda: not answers.running)
    assert "signed-rank test over 2 folds" in panel.message.text
    answers.question.ask(Asking(from_features=True, settings=SETTINGS))
    panel.find.click()
    answers.cancel()
    qtbot.waitUntil(lambda: not answers.running)
    assert panel.message.text.startswith("Given up after 0 of 3 units")
    assert panel.find.isEnabled()
    assert document.answers is None


def test_a_new_run_begins_with_an_empty_table_and_what_it_shows_after_a_cancel_is_said(opened, monkeypatch, qtbot):
    """The old table once stood there as "3 of 3 units answered" while none was, and "3 units answered" beside "Given up after 0"."""
    answers, panel = opened.work.answers, opened.panels["answers"]
    monkeypatch.setattr("glmengine.answers.explain.explain", lambda *_, context, **more: Steps()(context))
    assert panel.state.text() == "3 units answered in 2 s"
    panel.find.click()
    assert answers.running
    assert panel.state.text().startswith("0 of 3 units answered")
    assert {one.waiting for one in panel.table.model.rows} == {"waiting"}
    assert len(panel.table.model.rows) == 3
    answers.cancel()
    qtbot.waitUntil(lambda: not answers.running)
    assert panel.state.text() == "3 units answered in 2 s, by the run before"
    assert panel.message.text.startswith("Given up after 0 of 3 units. The table shows the answers of the run before.")
    assert not any(one.waiting for one in panel.table.model.rows)
    answers.question.ask(replace(answers.question.asking, settings=AnswerSettings()))
    assert re.search("Given up after.*have changed since", panel.message.text), "neither hides the other"


def test_terms_are_chosen_by_another_road_and_the_way_is_drawn(opened, qtbot):
    terms, document = opened.panels["answers"].terms, opened.document
    opened.panels["answers"].tabs.setCurrentWidget(terms)
    document.select(unit="hd")
    terms.run.click()
    qtbot.waitUntil(lambda: terms.table.rowCount() > 0)
    heads = [terms.table.horizontalHeaderItem(at).text() for at in range(terms.table.columnCount())]
    models = {terms.table.item(at, 0).text(): terms.table.item(at, heads.index("model")).text() for at in range(3)}
    assert models == {"hd": "head_direction", "place": "position.x", "flat": "constant"}
    assert terms.path.plots
    assert terms.which.findText("Steps") >= 0
    document.edit(document.analysis.with_(seed=3), "Change seed")
    assert "have changed since" in terms.message.text


def test_a_session_that_died_comes_back_with_its_sheet_and_what_was_unfinished(kept, two_terms, tmp_path):
    left = Leftover(tmp_path / "recovery" / "1-2", "session", "", 0.0)
    left.stem.parent.mkdir()
    (left.fits / "answers" / "unfinished").mkdir(parents=True)
    (left.fits / "answers" / "unfinished" / "000.nc").write_bytes(b"part")
    kept.save(left.fits / "answers-1.nc")
    save_project(left.project, two_terms)
    left.stem.with_suffix(".json").write_text('{"fits": [], "shown": "", "answers": "answers-1.nc"}')
    here = tmp_path / "here"
    here.mkdir()
    opened = open_leftover(left, SILENT, here)
    assert opened.answers.file == here / "answers-1.nc"
    assert opened.answers.sheet.units.equals(kept.sheet.units)
    assert (here / "answers" / "unfinished" / "000.nc").read_bytes() == b"part"
    left.stem.with_suffix(".json").write_text('{"fits": [], "shown": ""}')  # written before there were sheets
    assert open_leftover(left, SILENT, here).answers is None


def test_before_terms_are_chosen_the_page_says_so(opened, at_rest):
    opened.show_step("answers")
    terms = opened.panels["answers"].terms
    opened.panels["answers"].tabs.setCurrentWidget(terms)
    at_rest(opened)
    assert any(
        label.isVisible() and label.text().startswith("Nothing has been chosen yet") for label in terms.findChildren(QLabel)
    )


def test_the_order_of_the_sheet_is_said_and_a_third_click_brings_it_back(qtbot, kept):
    table = SheetTable()
    qtbot.addWidget(table)
    table.begin(("head_direction", "position.x"))
    table.add(answer_rows(kept.sheet))
    table.resize(1200, 260)
    table.show()
    header = table.view.horizontalHeader()
    first = [one.unit for one in table.model.rows]
    explained = [part.title for part in table.model.columns].index("Explained")

    def click():
        place = header.sectionViewportPosition(explained) + header.sectionSize(explained) // 2
        qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place, header.height() // 2))

    assert table.said.text() == "3 units, best known first"
    assert header.isSortIndicatorShown()
    orders = []
    for _ in range(2):
        click()
        assert header.sortIndicatorSection() == explained
        assert table.said.text() == "3 units"
        assert header.sectionSize(explained) >= header.sectionSizeHint(explained), "the heading has room beside its arrow"
        orders.append(header.sortIndicatorOrder())
    assert set(orders) == {Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder}
    table.resize(1200, 110)
    table.view.setMaximumHeight(70)
    table.view.scrollToBottom()
    click()
    assert table.view.verticalScrollBar().value() == 0, "what was asked for is seen"
    assert table.said.text() == "3 units, best known first"
    assert [table.sorted.index(at, 0).data() for at in range(3)] == first
    assert all(
        "A click sorts" in str(header.model().headerData(at, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole))
        for at in range(3)
    )


def test_numbers_of_a_sheet_are_whole_where_the_terms_of_a_row_give_way_and_tips_are_short(qtbot, kept):
    table = SheetTable()
    qtbot.addWidget(table)
    table.begin(("head_direction", "position.x x position.y"))
    terms = ("head_direction", "position.x x position.y")
    weak = frozenset({"position.x x position.y"})
    table.add([replace(one, terms=terms, added=(0.2, 0.0003), weak=weak) for one in answer_rows(kept.sheet)])
    view, header, model = table.view, table.view.horizontalHeader(), table.model
    last = model.columnCount() - 1
    numbers = sum(view.columnWidth(at) for at in range(last) if at != 1)
    table.resize(numbers + 220, 260)
    table.show()
    assert view.columnWidth(1) < view.sizeHintForColumn(1)
    reach = header.sectionPosition(last)
    assert reach <= view.viewport().width() + 1, "no number is cut"
    driven = "head_direction, then perhaps position.x x position.y"  # the second adds next to nothing
    assert cell(table, "hd", "Driven by").data(Qt.ItemDataRole.ToolTipRole) == driven
    table.resize(numbers + 900, 260)
    qtbot.waitUntil(lambda: view.columnWidth(1) >= view.sizeHintForColumn(1))
    table.resize(numbers - 40, 260)  # less than the numbers alone need: the row is scrolled
    assert view.columnWidth(1) >= min(view.sizeHintForColumn(1), int(0.3 * view.viewport().width()))
    tips = [str(header.model().headerData(at, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)) for at in range(last + 1)]
    assert max(map(len, tips)) < 175, "a tip lies over the rows"


def test_a_term_that_hardly_matters_is_called_possible_in_the_table(qtbot, kept):
    """A unit of a constant rate was "driven by (speed)", and no newcomer knows what brackets mean."""
    table = SheetTable()
    qtbot.addWidget(table)
    table.begin(("head_direction", "position.x"))
    chosen = kept.sheet.selection.chosen
    selection = replace(kept.sheet.selection, chosen=chosen.assign(added=chosen["added"] * 0 + 2e-4))
    table.add(answer_rows(replace(kept.sheet, selection=selection)))
    assert cell(table, "hd", "Driven by").data() == "perhaps head_direction"
    assert cell(table, "flat", "Driven by").data() == "nothing that was offered"
    assert "'perhaps' stands before one that adds less than 0.001" in explained_columns().replace("&#x27;", "'")


def test_headings_with_long_names_take_two_lines_and_leave_room_to_what_drives_a_unit(qtbot):
    """'+ head_direction' was three times as wide as its numbers, and 'head_direction, then history' was cut on a small screen."""
    table = SheetTable()
    qtbot.addWidget(table)
    table.begin(("head_direction", "speed", "position.x x position.y", "acceleration"))
    headings = [table.model.headerData(at, Qt.Orientation.Horizontal) for at in range(4, 8)]
    assert headings == ["+ head_\ndirection", "+ speed", "+ position.x\nx position.y", "+ acceleration"]
    assert {part.title for part in table.model.columns} >= {"+ head_direction", "+ acceleration"}, (
        "they are copied and filtered as they are"
    )


def test_the_sentence_of_a_row_is_written_whole_and_said_without_a_click(opened):
    """In a tooltip: below the table stands that of the selected unit, as its plots do, wherever the mouse is."""
    panel = opened.panels["answers"]
    view, words = panel.table.view, panel.evidence.words
    last = panel.table.model.columnCount() - 1
    sentences = [one.sentence for one in panel.table.model.rows]
    assert view.columnWidth(last) >= max(view.fontMetrics().horizontalAdvance(said) for said in sentences)
    unit = opened.document.unit
    other = next(one for one in panel.table.model.rows if one.unit != unit)
    before = words.text()
    view.entered.emit(cell(panel.table, other.unit, "Unit"))
    assert opened.document.unit == unit
    assert words.text() == before
    for heading in ("Unit", "Explained", "In words"):
        assert cell(panel.table, other.unit, heading).data(Qt.ItemDataRole.ToolTipRole) == other.sentence


def test_shares_alone_and_unique_stand_on_one_scale(opened):
    panel = opened.panels["answers"]
    opened.document.select(unit="place")
    panel.evidence.show_kind("shares")
    plots = list(panel.evidence.views["shares"].plots.values())
    assert [plot.title for plot in plots] == ["Each term alone", "Unique to each term"]
    ranges = [plot.area.vb.viewRange()[1] for plot in plots]
    assert ranges[0] == pytest.approx(ranges[1])


def test_dots_of_other_candidates_are_named(kept):
    (path,) = path_drawings(kept.sheet.selection, "place")
    named = [curve.name for curve in path.curves]
    assert named[:2] == ["each held-out fold", "all folds"]
    assert named[2:]
    assert all(name.endswith(" instead") for name in named[2:])
    assert len({curve.colour for curve in path.curves}) == len(path.curves)


def test_products_of_terms_are_written_with_their_sign_and_copied_as_they_are(qtbot):
    table = SheetTable()
    qtbot.addWidget(table)
    table.begin(("position.x x position.y",), ("1",), "waiting")
    at = [part.title for part in table.model.columns].index("+ position.x x position.y")
    assert table.view.horizontalHeader()._lines_of(at) == ["+ position.x", "× position.y"]
    shown = table.view.itemDelegate().displayText("position.x x position.y, then history", table.view.locale())
    assert shown == "position.x × position.y, then history"
    table.copy.click()
    assert "+ position.x x position.y" in QGuiApplication.clipboard().text()


def test_methods_and_script_of_a_sheet_are_had_from_its_page(opened, questions, qtbot, tmp_path, kept):
    panel = opened.panels["answers"]
    panel.methods.click()
    qtbot.waitUntil(lambda: "beside an intercept" in QGuiApplication.clipboard().text())
    questions.save_path = lambda *_: tmp_path / "again.py"
    panel.script.click()
    qtbot.waitUntil(lambda: (tmp_path / "again.py").exists() and opened.jobs.idle)
    settings = kept.settings
    text = (tmp_path / "again.py").read_text()
    assert f"ge.explain(recording, analysis, shifts={settings.shifts}, simulations={settings.simulations})" in text
    opened.document.set_answers(None)
    assert not any(part.isEnabled() for part in (panel.methods, panel.script, panel.save))
    assert panel.script.toolTip() != ""


def test_a_single_row_of_evidence_is_seen_whole_with_its_labels(opened, at_rest):
    panel = opened.panels["answers"]
    opened.document.select(unit="hd")
    for size in ((1366, 768), (1024, 768), (2560, 1440)):
        opened.resize(*size)
        for kind in ("ks", "simulated"):
            panel.evidence.show_kind(kind)
            at_rest(opened)
            view = panel.evidence.views[kind]
            for plot in view.plots.values():
                assert plot.height() <= view.viewport().height(), (size, kind)
                assert plot.view.width() < 5 * plot.view.height(), (size, kind)


def test_each_of_several_rows_of_evidence_is_seen_whole_with_its_labels(qtbot):
    x = np.linspace(0, 1, 9)
    axes = Axis("x", "cm"), Axis("y", "cm"), Axis("rate", "Hz")
    pair = [Image(name, x, x, np.outer(x, x)) for name in ("data", "model")]
    view = DrawingsView("rows")
    qtbot.addWidget(view)
    view.resize(900, 200)
    view.show()
    view.show_drawings([Images("one", "one", *axes, pair), Images("two", "two", *axes, pair)], "", "unit")
    assert {view.viewport().height() - 4} == {plot.minimumHeight() for plot in view.plots.values()}
    qtbot.waitUntil(lambda: view.verticalScrollBar().maximum() > 0)


def test_every_column_is_explained_where_it_stands(opened):
    table = opened.panels["answers"].table
    said = explained_columns()
    for column in table.model.columns:
        title = "+ term" if column.title.startswith("+ ") else column.title
        assert f"<b>{title}</b>: " in said
    assert ".." not in said.replace("...", "")
    assert table.help.toolTip() == "What the columns mean"
    table.help.click()
    assert QWhatsThis.inWhatsThisMode() is False
    path = opened.panels["answers"].evidence
    path.show_kind("path")
    (plot,) = path.views["path"].plots.values()
    assert "Nat: " in plot.area.getAxis("left").toolTip()
    QWhatsThis.hideText()


def test_the_selected_unit_is_answered_first_also_where_it_is_selected_later(opened, monkeypatch, qtbot):
    """What the engine is told to begin with, while it is at work."""
    wanted: list[str | None] = []
    asked, go_on = threading.Event(), threading.Event()

    def explain(*_, context, **__):
        asked.set()
        assert go_on.wait(PATIENCE_S)
        wanted.append(context.first_unit)
        raise ge.GlmError("no further")

    opened.document.select(unit="place")
    monkeypatch.setattr("glmengine.answers.explain.explain", explain)
    for later in (None, "flat"):
        asked.clear()
        go_on.clear()
        opened.work.answers.find()
        qtbot.waitUntil(asked.is_set)
        if later is not None:
            opened.document.select(unit=later)
        go_on.set()
        qtbot.waitUntil(lambda: not opened.work.answers.running)
    assert wanted == ["place", "flat"]


def test_intervals_of_simulated_spikes_are_drawn_in_the_measure_of_the_checks(kept):
    intervals, after = simulated_drawings(kept.sheet, "hd")
    assert (intervals.x_axis.text, after.x_axis.text) == ("interval between spikes (ms)", "time after a spike (ms)")
    assert np.allclose(intervals.curves[0].x, 1000 * kept.sheet.evidence["isi"]["interval"].values)
