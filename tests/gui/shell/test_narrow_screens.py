"""On screens of 1024 x 768 and 1366 x 768 at one and a half times the size: names can be told apart, no number is cut, no plot either."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QLabel, QTableView, QWidget

from glmengine.io.recipe_assistant import assist
from glmgui.dialogs.recipe import RecipeDialog
from glmgui.forms.form import reveal
from glmgui.laid_over import WaitingWords
from glmgui.notices import notices
from glmgui.plots import RasterPlot
from glmgui.widgets.columns import Columns
from glmgui.widgets.page import PageScroll
from glmgui.widgets.texts import ElidedLabel, Sentences, held_together
from tests.gui.shell.test_looks import STEPS, fitted, lasting, looked_at, pages_of  # noqa: F401

SIZES = [(683, 490), (911, 490)]


@pytest.mark.parametrize("size", SIZES)
def test_no_number_of_a_check_is_cut_at_the_edge_of_the_list(fitted, size, at_rest):  # noqa: F811
    """Of 4.28 was seen 4.2, and of 0.039 was seen 0."""
    checks = fitted.panels["checks"]
    fitted.resize(*size)
    fitted.show_step("checks")
    checks.show_page(2)
    fitted.work.checks.shift_test(20, "cyclic")
    at_rest(fitted)
    view = checks.units.view
    assert view.columnCount() > 1
    for unit in fitted.document.kept_result.units[:2]:  # the second time with columns that are hidden already
        fitted.document.select(unit=unit)
        checks.show_page(0)
        checks.show_page(2)
        at_rest(fitted)
        shown = [part for part in range(view.columnCount()) if not view.isColumnHidden(part)]
        assert max(view.columnViewportPosition(part) + view.columnWidth(part) for part in shown) <= view.viewport().width()
        assert bool(checks.units._more.text()) == (len(shown) < view.columnCount())
        assert not checks.units._more._cut
    fitted.resize(2400, 900)
    at_rest(fitted)
    assert not any(view.isColumnHidden(part) for part in range(view.columnCount()))
    assert not checks.units._more.text()


@pytest.fixture
def shown_recipe(qtbot, window, tmp_path, at_rest):
    """The dialog of a table's recipe at a size, its preview drawn."""

    def shown(table: str, width: int, height: int) -> RecipeDialog:
        path = tmp_path / "spikes.csv"
        path.write_text(table)
        dialog = RecipeDialog(assist(path), jobs=window.jobs, parent=window)
        qtbot.addWidget(dialog)
        dialog.resize(width, height)
        with qtbot.waitExposed(dialog):
            dialog.show()
        qtbot.waitUntil(lambda: "spikes in" in dialog.preview.said.text())
        at_rest(window)
        return dialog

    return shown


def test_a_preview_of_a_recipe_is_not_cut_on_a_low_screen(shown_recipe):
    rows = "\n".join(f"{at / 10},{at % 3},{at % 7},{at % 5}" for at in range(400))
    dialog = shown_recipe("time (s),unit,x (cm),y (cm)\n" + rows, 643, 452)
    raster, said = dialog.preview.raster, dialog.preview.said
    assert dialog.width() <= 643
    assert dialog.height() <= 452
    assert raster.height() >= raster.minimumSizeHint().height()
    assert said.height() >= said.heightForWidth(said.width())
    assert raster.mapTo(dialog.preview, QPoint(0, raster.height())).y() <= said.y()


def test_a_recipe_is_read_on_a_screen_that_is_narrower_than_both_halves(shown_recipe, window, at_rest):
    """The arrays were squeezed into 90 pixels."""
    dialog = shown_recipe("time (s),unit\n" + "\n".join(f"{at / 10},{at % 3}" for at in range(400)), 500, 460)
    assert dialog.width() <= 500
    assert dialog.table.isVisible()
    assert dialog.table.width() > 200
    assert not dialog.forms.isVisible()
    assert reveal(dialog, "recipe_tabs")
    assert dialog.forms.isVisible()
    dialog.resize(1000, 600)
    at_rest(window)
    assert dialog.table.isVisible()
    assert dialog.forms.isVisible()


def test_words_over_an_empty_plot_leave_its_axes_to_be_read(qtbot):
    plot = RasterPlot("Spikes", name="raster")
    qtbot.addWidget(plot)
    plot.resize(390, 240)
    plot.show()
    words = WaitingWords(plot.view, axes=True)
    words.say("What the recipe makes of the file will be drawn here, once it can be read.")
    assert words.geometry().left() >= 30
    assert words.geometry().right() <= plot.view.width() - 30
    assert words.height() >= words.heightForWidth(words.width())


def test_no_line_ends_between_a_number_and_what_it_counts(qtbot):
    assert held_together("at the 5 % level in 71 % of 20 fits") == "at the 5\u00a0% level in 71\u00a0% of 20\u00a0fits"
    assert held_together("1 2 3") == "1 2 3"
    assert held_together("31 units, 33 min \u00b7 today 14:24") == "31\u00a0units, 33\u00a0min \u00b7 today\u00a014:24"
    label = Sentences("at the 5 % level")
    qtbot.addWidget(label)
    assert label.text() == "at the 5 % level"
    assert "\u00a0" in QLabel.text(label)


def test_a_word_that_no_line_could_hold_makes_a_label_no_wider(qtbot):
    name = "神経細胞_" + "x" * 295
    label, title, usual = Sentences(f"Unit {name} is right."), ElidedLabel(f"Unit {name}"), ElidedLabel("Unit hd12")
    for one in (label, title, usual):
        qtbot.addWidget(one)
    title.keeps = usual.keeps = 24
    assert label.text() == f"Unit {name} is right."
    letter = label.fontMetrics().horizontalAdvance("神")
    assert label.minimumSizeHint().width() < 60 * letter
    assert title.sizeHint().width() < 30 * letter
    usual.setStyleSheet("font-weight: bold; padding: 3px")
    assert usual.minimumSizeHint() == usual.sizeHint() == QLabel.sizeHint(usual)


@pytest.mark.parametrize("size", SIZES)
def test_a_long_notice_lies_over_every_page(fitted, size, at_rest):  # noqa: F811
    """The page of a step that was shown afterwards covered its first line."""
    fitted.resize(*size)
    said = "the answers were stopped before the terms of any unit were chosen; let them go on for longer " * 2
    notices().tell("error", said, title="Finding the answers")
    covered = []
    for step in STEPS:
        fitted.show_step(step)
        at_rest(fitted)
        bar = fitted.notice_bar
        middle = bar.rect().center().x()
        for y in (2, bar.height() - 3):
            over = fitted.childAt(bar.mapTo(fitted, QPoint(middle, y)))
            covered += [] if over is bar or bar.isAncestorOf(over) else [f"{step} {y}"]
    assert not covered


def test_a_narrow_page_shows_its_columns_by_tabs_and_a_wide_one_all(fitted, at_rest):  # noqa: F811
    fitted.show_step("data")
    panel = fitted.panels["data"]
    columns = panel._columns
    fitted.resize(1366, 700)
    at_rest(fitted)
    assert not columns.tabs.isVisible()
    assert panel.units.isVisible()
    assert panel.time_form.isVisible()
    fitted.resize(*SIZES[0])
    at_rest(fitted)
    assert columns.tabs.isVisible()
    assert panel.units.isVisible()
    assert not panel.time_form.isVisible()
    assert reveal(panel, "bin_size")
    assert not panel.units.isVisible()
    panel.pages.setCurrentWidget(panel.pages.tuning)
    columns.setFixedWidth(panel.units.minimumSizeHint().width() + 20)  # as with large letters: one column at a time
    at_rest(fitted)
    assert not panel.pages.isVisible()
    panel.show_page(panel.overview)
    assert panel.overview.isVisible()
    columns.setMinimumWidth(0)
    columns.setMaximumWidth(16_777_215)
    fitted.resize(1366, 700)
    at_rest(fitted)
    assert panel.units.isVisible()


def test_a_column_without_content_has_no_tab(qtbot):
    page = QWidget()
    qtbot.addWidget(page)
    columns = Columns("page", "Part that is shown", page)
    parts = [QLabel("x" * 30) for _ in range(3)]
    for at, part in enumerate(parts):
        columns.add(part, f"part {at}", 1)
    columns.want(parts[0], wanted=False)
    columns.resize(parts[0].minimumSizeHint().width() + 20, 100)
    page.resize(2000, 200)
    page.show()
    columns.turn_to(parts[1])
    assert [part.isVisible() for part in parts] == [False, True, False]
    columns.want(parts[0], wanted=True)
    columns.turn_to(parts[0])
    assert [part.isVisible() for part in parts] == [True, False, False]
    columns.resize(3 * parts[0].minimumSizeHint().width() + 40, 100)
    assert all(part.isVisible() for part in parts)
    assert not columns.tabs.isVisible()


@pytest.mark.parametrize("size", SIZES)
def test_names_in_tables_can_be_told_apart(looked_at, size, at_rest):  # noqa: F811
    looked_at.resize(*size)
    seen, narrow = 0, []
    for step in pages_of(looked_at, at_rest):
        for table in looked_at.panels[step].findChildren(QTableView):
            header = table.horizontalHeader()
            for part in range(header.count() if table.isVisible() and header.isVisible() else 0):
                said = str(table.model().headerData(part, Qt.Orientation.Horizontal))
                if said in ("Unit", "Term", "Name", "What is new in it") and not header.isSectionHidden(part):
                    seen += 1
                    wanted = min(table.sizeHintForColumn(part), table.fontMetrics().averageCharWidth() * 12)
                    if header.sectionSize(part) < wanted:
                        narrow.append(f"{step} {table.objectName()} '{said}': {header.sectionSize(part)} of {wanted} px")
    assert seen > 5
    assert not narrow


@pytest.mark.parametrize("size", SIZES)
def test_no_page_is_scrolled_sideways(looked_at, size, at_rest):  # noqa: F811
    looked_at.resize(*size)
    wide = []
    for step in STEPS:
        looked_at.show_step(step)
        at_rest(looked_at)
        around = looked_at.panels[step].parentWidget()
        while not isinstance(around, PageScroll):
            around = around.parentWidget()
        wide += [step] if around.horizontalScrollBar().maximum() > 0 else []
    assert not wide
