"""Every fit is kept, one click leads back to it, and a project keeps them all."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHeaderView, QStyleOptionHeader

from glmengine.analysis.terms import CovariateTerm, Factor
from glmengine.basis import BSpline
from glmengine.project.project import load_fits
from glmengine.results.compared_fits import compare_fits
from glmengine.results.kept_fits import distinctions, keep_fit, proposed_name
from glmgui.work.recovery import Leftover


@pytest.fixture(scope="module")
def kept(small_analysis, small_result, tmp_path_factory):
    """Three fits, of seeds 0, 1 and 2, and their results, whose files are written once."""
    folder, made = tmp_path_factory.mktemp("kept"), []
    for seed in range(3):
        analysis = small_analysis.with_(seed=seed)
        provenance = {**small_result.provenance, "analysis_sha256": analysis.sha256}
        result = replace(small_result, analysis=analysis, provenance=provenance)
        made.append((keep_fit(result, folder, seconds=0.5), result))
    return made


@pytest.fixture
def three(window, kept, small_recording, small_analysis, qtbot):
    """A window with these fits, the last one shown."""
    document, folder = window.document, window.work.shelf.folder()
    document.open(small_recording, small_analysis)
    for seed, (fit, result) in enumerate(kept):
        document.edit(result.analysis, f"Seed {seed}")
        window.work.shelf.add(replace(fit, file=Path(shutil.copy(fit.file, folder))), result)
    window.show_step("fits")
    qtbot.wait(50)
    return window


def shown_seed(window) -> int | None:
    shown = window.document.shown_fit
    return None if shown is None else shown.analysis.seed


def click(window, row, qtbot):
    table = window.panels["fits"].table
    place = table.visualItemRect(table.item(row, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_fits_have_names_of_their_own_and_say_what_is_new(three):
    table = three.panels["fits"].table
    assert [table.item(row, 2).text() for row in range(3)] == ["the first fit", "seed 0 → 1", "seed 1 → 2"]
    names = [table.item(row, 1).text() for row in range(3)]
    assert names == ["head_direction", "head_direction (2)", "head_direction (3)"]
    assert three.rail.buttons["fits"].text().endswith("3 kept")


def test_where_nothing_is_fitted_the_next_step_is_named(window, small_recording, small_analysis):
    panel = window.panels["fits"]
    assert "open a recording" in panel.empty.text
    window.document.open(small_recording, small_analysis.with_(terms=()))
    assert panel.empty.text.startswith("Add what the rate may depend on")
    window.document.edit(small_analysis, "Add terms")
    assert "To compare models" in panel.empty.text


def test_one_click_goes_back_and_undo_returns_with_the_result(three, qtbot):
    click(three, 0, qtbot)
    qtbot.waitUntil(lambda: shown_seed(three) == 0)
    assert three.document.analysis.seed == 0
    assert three.document.kept_result.analysis.seed == 0
    assert not three.document.result_is_stale
    assert "Go back to" in three.document.undo_text
    three.document.undo()
    qtbot.waitUntil(lambda: shown_seed(three) == 2)
    assert not three.document.result_is_stale
    three.document.redo()
    qtbot.waitUntil(lambda: shown_seed(three) == 0)


def test_the_keyboard_goes_back_too(three, qtbot):
    table = three.panels["fits"].table
    table.selectRow(1)
    qtbot.keyClick(table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: shown_seed(three) == 1)


def test_an_edit_that_leads_to_an_answered_question_shows_its_answer(three, qtbot):
    three.document.edit(three.document.analysis.with_(seed=1), "Change seed")
    qtbot.waitUntil(lambda: shown_seed(three) == 1)
    three.document.edit(three.document.analysis.with_(seed=9), "Change seed again")
    assert three.document.result_is_stale


def test_names_and_removals_are_undone_while_later_fits_stay(three, small_result, qtbot):
    document, table = three.document, three.panels["fits"].table
    first = document.fits[0]
    table.item(0, 1).setText("only direction")
    assert document.fits[0].name == "only direction"
    document.remove_fit(document.fits[1].key)
    assert [fit.analysis.seed for fit in document.fits] == [0, 2]
    later = replace(keep_fit(small_result, three.work.shelf.folder()), analysis_sha256="later")
    document.add_fit(later, small_result)
    document.undo()
    assert [fit.key for fit in document.fits][-1] == later.key
    assert [fit.analysis.seed for fit in document.fits] == [0, 1, 2, 0]
    document.undo()
    assert document.fits[0].name == first.name
    document.redo()
    assert document.fits[0].name == "only direction"


def test_an_empty_name_is_not_taken(three):
    table = three.panels["fits"].table
    table.item(0, 1).setText(" ")
    assert table.item(0, 1).text() == three.document.fits[0].name == "head_direction"


def test_the_same_question_again_takes_its_place_but_not_that_of_a_finished_one(three, small_result):
    document = three.document
    document.rename_fit(document.fits[0].key, "first")
    again = replace(document.fits[0], key="again", name="x")
    document.add_fit(again, small_result)
    assert document.fits[0].key == "again"
    assert document.fits[0].name == "first"
    document.add_fit(replace(again, key="stopped", converged=False), small_result)
    assert document.fits[0].key == "again"
    assert document.fits[-1].key == "stopped"


def test_a_fit_is_kept_by_itself(window, small_recording, small_analysis, qtbot):
    window.document.open(small_recording, small_analysis)
    window.action("fit").trigger()
    qtbot.waitUntil(lambda: len(window.document.fits) == 1)
    (fit,) = window.document.fits
    assert window.document.shown_fit == fit
    assert fit.seconds > 0
    assert fit.file.exists()
    assert fit.scored == "held out"


def test_a_project_keeps_all_fits_and_shows_the_same_one(three, questions, tmp_path, qtbot):
    click(three, 1, qtbot)
    qtbot.waitUntil(lambda: shown_seed(three) == 1)
    questions.next_path = tmp_path / "p.glm"
    with qtbot.waitSignal(three.work.saving.saved):
        three.work.saving.save()
    assert not three.document.modified
    fits, shown = load_fits(tmp_path / "p.glm")
    assert [fit.analysis.seed for fit in fits] == [0, 1, 2]
    three.document.rename_fit(three.document.fits[0].key, "another")
    assert three.document.modified
    questions.unsaved = lambda project: "discard"
    questions.locate = lambda *_: None
    with qtbot.waitSignal(three.work.opening.opened):
        three.work.opening.open(tmp_path / "p.glm")
    assert [fit.key for fit in three.document.fits] == [fit.key for fit in fits]
    assert three.document.shown_fit.key == shown
    assert not three.document.modified


def test_fits_outlive_a_crash(three, document, jobs, tmp_path, qtbot):
    from glmengine.context import SILENT
    from glmgui.work.recovery import Recovery, open_leftover, remove_leftover

    recovery = three.work.recovery
    assert recovery.keep_now()
    about = json.loads(recovery.stem.with_suffix(".json").read_text())
    leftover = Leftover(recovery.stem, about["title"], about["project_path"], about["when"])
    folder = Recovery(document, jobs, tmp_path / "other" / "recovery").fits_folder()
    opened = open_leftover(leftover, SILENT, folder)
    assert [fit.analysis.seed for fit in opened.fits] == [0, 1, 2]
    assert opened.shown == three.document.shown_fit.key
    remove_leftover(leftover)
    assert [fit.load().analysis.seed for fit in opened.fits] == [0, 1, 2], "they no longer need the dead session's folder"


def test_closing_leaves_no_fits_behind(three):
    folder = three.work.shelf.folder()
    assert any(folder.iterdir())
    three.document.open(None, three.document.analysis)
    three.close()
    assert not folder.exists()


def tick(window, *rows):
    for row in rows:
        window.panels["fits"].table.item(row, 1).setCheckState(Qt.CheckState.Checked)


def overlaid_names(window) -> list[str]:
    return [curve.name for curve in window.panels["fits"].overlay.plot.curves if curve.colour != "data"]


def test_ticked_fits_are_overlaid_for_the_selected_unit_with_bands_by_choice(three, qtbot):
    overlay, document = three.panels["fits"].overlay, three.document
    first, second = document.result.units[:2]
    document.select(unit=first)
    assert overlay.plot.isHidden()
    tick(three, 0, 2)
    qtbot.waitUntil(lambda: len(overlaid_names(three)) == 2)
    assert overlaid_names(three) == [document.fits[0].name, document.fits[2].name]
    assert first in overlay.plot.title
    assert all(curve.low is None for curve in overlay.plot.curves)
    overlay.bands.click()
    assert all(curve.low is not None for curve in overlay.plot.curves if curve.colour != "data")
    assert overlay.said.isHidden()
    lacks = replace(document.fits[1], key="other", name="speed alone")
    overlay._take((document.fits[0], document.fits[2], lacks), overlay._drawings)
    assert overlay.said.text() == "Not drawn, as it has no such curve of this unit: 'speed alone'."
    before = overlay.plot.curves[-1].y
    document.select(unit=second)
    qtbot.waitUntil(lambda: second in overlay.plot.title)
    assert not (overlay.plot.curves[-1].y == before).all()
    document.remove_fit(document.fits[0].key)
    qtbot.waitUntil(lambda: len(overlaid_names(three)) == 1)


def test_a_hidden_page_reads_no_fit(three, qtbot):
    three.document.select(unit=three.document.result.units[0])
    three.show_step("data")
    tick(three, 0, 1)
    qtbot.wait(50)
    assert not overlaid_names(three)
    three.show_step("fits")
    qtbot.waitUntil(lambda: len(overlaid_names(three)) == 2)


def test_space_ticks_and_a_fit_whose_result_is_gone_is_named(three, qtbot):
    panel, fit = three.panels["fits"], three.document.fits[1]
    three.document.select(unit=three.document.result.units[0])
    fit.file.unlink()
    panel.table.selectRow(1)
    qtbot.keyClick(panel.table, Qt.Key.Key_Space)
    assert panel.table.ticked == {fit.key}
    qtbot.waitUntil(lambda: fit.name in panel.overlay.message.text)
    qtbot.keyClick(panel.table, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: not panel.overlay.message.text)


@pytest.fixture
def scored(three, small_result, qtbot):
    """The page of scores, with a fourth fit whose scores are higher and a fifth of another split."""
    document, folder = three.document, three.work.shelf.folder()
    document.select(unit=small_result.units[0])
    for name, analysis, raised in (
        ("higher", small_result.analysis.with_(seed=7), 0.1),
        ("three folds", small_result.analysis.with_(validation=small_result.analysis.validation.with_(folds=3)), 0.2),
    ):
        values = small_result.scores["deviance_explained_heldout"] + raised
        folds = small_result.fold_scores.assign(deviance_explained=small_result.fold_scores["deviance_explained"] + raised)
        made = replace(
            small_result,
            analysis=analysis,
            scores=small_result.scores.assign(deviance_explained_heldout=values),
            fold_scores=folds,
            provenance={**small_result.provenance, "analysis_sha256": analysis.sha256},
        )
        document.add_fit(keep_fit(made, folder, name=name), made)
    panel = three.panels["fits"]
    panel.sides.setCurrentWidget(panel.scores)
    return panel.scores


def test_scores_of_ticked_fits_stand_side_by_side_with_the_best_marked(three, scored, small_result, qtbot):
    tick(three, 0, 3)
    table = scored.table
    qtbot.waitUntil(lambda: table.columnCount() == 3)
    headings = [table.horizontalHeaderItem(at).text().replace("\n", " ") for at in range(3)]
    assert headings == ["Unit", three.document.fits[0].name, "higher"]
    assert [table.item(row, 0).text() for row in range(table.rowCount())] == list(small_result.units)
    assert all(table.item(row, 2).text().startswith("★") for row in range(table.rowCount()))
    said = scored.words.text()
    assert said.startswith(f"{small_result.units[0]}: 'higher' is highest")
    assert "It is better than" in said.partition("\n")[0]
    assert "Highest: 'higher'" in said
    assert "signed rank, two-sided: p = 0.25 (3 units cannot give less than 0.250)" in said
    assert "'higher' is better in 3." in said
    three.document.select(unit=small_result.units[1])
    assert scored.words.text().startswith(f"{small_result.units[1]}: 'higher' is highest"), "what is said is of the selected unit"
    assert not scored.table.horizontalScrollBar().isVisible()
    assert scored.bars.values[1] - scored.bars.values[0] == pytest.approx(0.1)


def test_headings_tell_models_apart_that_begin_with_the_same_term(three, scored, monkeypatch, qtbot):
    names = ("position.x x position.y", "position.x x position.y + head_direction")

    def as_named(fits, context):
        return replace(compare_fits(fits, context), names=names)

    monkeypatch.setattr("glmengine.results.compared_fits.compare_fits", as_named)
    tick(three, 0, 3)
    table = scored.table
    qtbot.waitUntil(lambda: table.columnCount() == 3)
    header = table.horizontalHeader()
    seen = []
    for part in (1, 2):
        header.setSectionResizeMode(part, QHeaderView.ResizeMode.Interactive)
        header.resizeSection(part, header.fontMetrics().horizontalAdvance("+ head_direction") + 20)
        option = QStyleOptionHeader()
        header.initStyleOptionForIndex(option, part)
        seen.append(option.text)
        assert table.horizontalHeaderItem(part).toolTip().startswith(f"{names[part - 1]}\n")
    assert seen[0] != seen[1]
    assert seen[1].endswith("\n+ head_direction"), "what differs is written whole"
    assert header.height() >= 2 * header.fontMetrics().height()


def test_the_bars_of_a_single_unit_are_not_called_a_median(three, scored, monkeypatch, qtbot):
    def of_the_first(fits, context):
        found = compare_fits(fits, context)
        return replace(found, units=found.units[:1], scores=found.scores[:, :1])

    tick(three, 0, 3)
    qtbot.waitUntil(lambda: scored.bars.title == "Held-out time: median over the units scored by every fit" and three.jobs.idle)
    monkeypatch.setattr("glmengine.results.compared_fits.compare_fits", of_the_first)
    tick(three, 4)
    qtbot.waitUntil(lambda: scored.bars.title == "Held-out time: unit hd")


def test_bars_of_compared_fits_say_by_what_the_fits_differ(kept):
    first = kept[0][0]
    terms, time = first.analysis.terms, first.analysis.time
    position = CovariateTerm(factors=(Factor(variable="position.x", basis=BSpline(n=5)),))

    def fit_of(*more, name="", **changes):
        analysis = first.analysis.with_(terms=(*terms, *more), **changes)
        return replace(first, analysis=analysis, name=name or f"{proposed_name(analysis)} (2)")

    shared = " + ".join(term.label for term in terms if term.enabled)
    finer = time.with_(bin_size=time.bin_size / 2)
    said = distinctions([fit_of(), fit_of(position), fit_of(position, time=finer), fit_of(name="the one for the paper")])
    assert said[:2] == (f"{shared} alone", "+ position.x")
    assert said[2].startswith("+ position.x, bin size ")
    assert said[3] == "the one for the paper"
    assert distinctions([first]) == (f"{shared} alone",)
    assert distinctions([]) == ()


def test_a_row_of_the_scores_is_the_unit_everywhere(three, scored, small_result, qtbot):
    tick(three, 0, 3)
    qtbot.waitUntil(lambda: scored.table.columnCount() == 3)
    place = scored.table.visualItemRect(scored.table.item(1, 1)).center()
    qtbot.mouseClick(scored.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert three.document.unit == small_result.units[1]
    three.document.select(unit=small_result.units[0])
    assert scored.table.currentRow() == 0


def test_scores_of_another_split_are_said_not_to_compare_and_have_no_bar(three, scored, qtbot):
    tick(three, 0, 4)
    qtbot.waitUntil(lambda: scored.table.columnCount() == 3)
    assert "'three folds' cannot be compared" in scored.words.text()
    assert "folds" in scored.words.text().partition("another (")[2]
    assert not any("★" in scored.table.item(row, 2).text() for row in range(scored.table.rowCount()))
    assert scored.bars.values[1] != scored.bars.values[1]


def test_the_page_fits_a_small_screen_and_tab_passes_its_controls(three, scored, qtbot):
    panel = three.panels["fits"]
    tick(three, 0, 3)
    qtbot.waitUntil(lambda: scored.table.columnCount() == 3)
    assert panel.minimumSizeHint().width() <= 800
    assert panel.minimumSizeHint().height() <= 600
    for part in (panel.overlay.choice, panel.overlay.bands, scored.table, scored.words, panel.sides):
        assert part.accessibleName()
    reached, at = set(), panel.table
    for _ in range(60):
        at = at.nextInFocusChain()
        if at.isVisible() and at.focusPolicy() & Qt.FocusPolicy.TabFocus and panel.isAncestorOf(at):
            reached.add(at.objectName())
    assert {"fits_back", "fits_rename", "fits_remove", "fits_scores_table"} <= reached
