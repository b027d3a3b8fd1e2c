"""What holds in the whole window: text of any size, search, keys, help, layouts, fields that the wheel leaves alone."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QCursor, QFont, QHelpEvent, QWheelEvent
from qtpy.QtWidgets import (
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDoubleSpinBox,
    QGraphicsTextItem,
    QLabel,
    QLineEdit,
    QScrollBar,
    QTabBar,
    QTableView,
    QToolTip,
    QWidget,
)

from glmgui import theme
from glmgui.actions.finds import finds
from glmgui.actions.palette import CommandPalette
from glmgui.actions.table import ACTIONS
from glmgui.dialogs.shortcuts import ELSEWHERE, ShortcutsDialog
from glmgui.glossary import explained, words
from glmgui.notices import notices
from glmgui.panels.data.derived_dialog import DerivedDialog
from glmgui.plots import Axis, Curve, Image, ImagePlot, PolarPlot
from glmgui.plots.read_out import ReadOut
from glmgui.steps import STEPS
from glmgui.still_fields import NoWheel


@pytest.fixture
def opened(window, small_recording, small_analysis, qtbot):
    window.document.open(small_recording, small_analysis)
    qtbot.waitUntil(lambda: window.work.size.estimate is not None)
    return window


# Size of text


def test_text_grows_and_shrinks_and_is_remembered(window):
    own = QApplication.font().pointSizeF()
    window.action("zoom_in").trigger()
    assert QApplication.font().pointSizeF() == pytest.approx(1.1 * own)
    assert window.settings.zoom == pytest.approx(1.1)
    window.action("zoom_out").trigger()
    window.action("zoom_out").trigger()
    assert QApplication.font().pointSizeF() == pytest.approx(0.9 * own)
    window.action("zoom_reset").trigger()
    assert QApplication.font().pointSizeF() == pytest.approx(own)
    assert window.settings.zoom == 1.0


def test_words_in_plots_grow_and_shrink_with_the_text(window, qtbot):
    at = np.linspace(0.0, 6.0, 20)
    polar, image = PolarPlot("tuning"), ImagePlot("map")
    for plot in (polar, image):
        qtbot.addWidget(plot)
        plot.resize(500, 500)  # room for the numbers of all rings in both sizes
    polar.show()
    polar.set_polar([Curve("", at, 2 + np.sin(at))], Axis("angle", "rad"), Axis("rate", "Hz"))
    image.set_axes(Axis("x", "cm"), Axis("y", "cm"), Axis("rate", "Hz"), equal=False)
    image.set_images([Image("data", at, at, np.ones((20, 20)))])

    def heights() -> list[float]:
        QApplication.processEvents()
        area = image._areas[0]
        words = [one for one in polar.scene.items() if isinstance(one, QGraphicsTextItem) and one.isVisible()]
        return [*(one.boundingRect().height() for one in (*words, area.titleLabel.item, area.getAxis("bottom").label))]

    before = heights()
    for _ in range(4):
        window.action("zoom_in").trigger()
    image.show()  # what was hidden follows when it is seen
    assert all(now > 1.2 * own for now, own in zip(heights(), before, strict=True))
    window.action("zoom_reset").trigger()
    assert heights() == before


@pytest.mark.parametrize(("size", "kept"), [(14.0, 14.0), (9.0, 9.0), (7.5, 7.5), (100.0, 9.0)])
def test_the_size_of_the_desktop_is_kept(qapp, size, kept):
    before, known = qapp.font(), qapp.property(theme._OWN_SIZE)
    try:
        qapp.setProperty(theme._OWN_SIZE, None)
        font = QFont(before)
        font.setPointSizeF(size)
        qapp.setFont(font)
        theme.apply(qapp, False)
        assert qapp.font().pointSizeF() == pytest.approx(kept)
    finally:
        qapp.setProperty(theme._OWN_SIZE, known)
        theme.apply(qapp, False)
    assert qapp.font().pointSizeF() == pytest.approx(before.pointSizeF())


def test_rows_are_as_high_as_the_text(opened, qtbot):
    opened.show_step("data")
    view = opened.panels["data"].units.view
    assert isinstance(view, QTableView)
    before = view.verticalHeader().defaultSectionSize()
    assert before >= view.fontMetrics().height() + 4
    try:
        for _ in range(8):
            opened.zoom(1)
        qtbot.waitUntil(lambda: view.verticalHeader().defaultSectionSize() > before)
        assert view.verticalHeader().defaultSectionSize() >= view.fontMetrics().height() + 4
    finally:
        opened.zoom(0)
    qtbot.waitUntil(lambda: view.verticalHeader().defaultSectionSize() == before)


def test_the_rail_holds_nine_steps_on_a_small_screen_in_large_letters(qapp, qtbot):
    from dataclasses import replace

    from glmgui.shell.rail import StepsRail

    steps = [replace(STEPS[0], name=f"step{number}", title=f"Step {number}") for number in range(9)]
    rail = StepsRail(steps)
    qtbot.addWidget(rail)
    for points, height in ((9, 660), (14, 660), (18, 640), (9, 380)):
        font = QFont(qapp.font())
        font.setPointSizeF(points)
        rail.setFont(font)
        rail.resize(rail.width(), height)
        rail.show()
        qapp.processEvents()
        assert rail.height() == height
        last = rail.buttons["step8"]
        assert last.geometry().bottom() < height, (points, height)
        assert last.height() >= last.fontMetrics().height() * len(last.text().splitlines())


# Messages and words


def test_a_message_moves_nothing_when_it_comes_and_goes(opened, at_rest):
    opened.show_step("data")
    at_rest(opened)
    bar = opened.notice_bar
    point_at(opened, opened.panels["data"])

    def places():
        others = (one for one in opened.findChildren(QWidget) if one is not bar and not bar.isAncestorOf(one))
        # tooltips are windows, and what is read under the mouse comes with the mouse
        seen = [one for one in others if one.isVisible() and not one.isWindow() and not isinstance(one, ReadOut)]
        return [(one.objectName(), one.geometry(), one.mapTo(opened, QPoint())) for one in seen]

    before = places()
    notices().tell("warning", "something is odd with this file " * 12)
    at_rest(opened)
    assert bar.isVisible()
    assert bar.geometry().bottom() == opened.rect().bottom()
    assert places() == before
    bar.dismiss()
    at_rest(opened)
    assert not bar.isVisible()
    assert places() == before


def point_at(window, part: QWidget) -> None:
    """Move the mouse into a part of the window, as the desktop tells it."""
    QCursor.setPos(part.mapToGlobal(part.rect().center()))
    QApplication.sendEvent(part, QEvent(QEvent.Type.Enter))


@pytest.mark.parametrize("on", ["message", "toolbar", "nothing"])
def test_a_message_of_several_lines_covers_nothing_once_the_mouse_is_on_no_page(on, opened, at_rest):
    """The lowest row of a page lay below it until it was closed."""
    opened.show_step("data")
    at_rest(opened)
    bar, dock = opened.notice_bar, opened.docks["data"]
    page = opened.panels["data"]
    point_at(opened, page)
    before = dock.mapTo(opened, dock.rect().bottomLeft()).y()
    notices().tell("error", "something is odd with this file " * 12)
    at_rest(opened)
    assert bar.y() <= before, "it has more than one line"
    if on == "nothing":
        QCursor.setPos(opened.mapToGlobal(QPoint(-20, -20)))
        QApplication.sendEvent(opened, QEvent(QEvent.Type.Leave))
    else:
        point_at(opened, bar if on == "message" else opened.toolbar)
    at_rest(opened)
    assert dock.mapTo(opened, dock.rect().bottomLeft()).y() < bar.y()
    bar.dismiss()
    at_rest(opened)
    assert dock.mapTo(opened, dock.rect().bottomLeft()).y() == before


def test_a_message_makes_no_room_for_itself_while_somebody_types(opened, at_rest):
    opened.show_step("data")
    at_rest(opened)
    point_at(opened, opened.toolbar)
    at_rest(opened)
    opened.activateWindow()
    next(one for one in opened.panels["data"].findChildren(QLineEdit) if one.isVisible()).setFocus()
    assert isinstance(QApplication.focusWidget(), (QLineEdit, QAbstractSpinBox))
    line = opened.status.height()
    notices().tell("error", "something is odd with this file " * 12)
    at_rest(opened)
    assert opened.status.height() == line
    point_at(opened, opened.notice_bar)
    at_rest(opened)
    assert opened.status.height() == opened.notice_bar.height() > line


def test_a_message_of_one_line_covers_the_status_line_alone(opened, at_rest):
    opened.show_step("data")
    at_rest(opened)
    line = opened.status.height()
    notices().tell("error", "no such thing", "details")
    at_rest(opened)
    assert opened.notice_bar.height() <= line == opened.status.height()


def test_the_error_of_work_that_is_tried_again_goes(opened, at_rest):
    bar = opened.notice_bar
    notices().tell("error", "its counts came in other bins", title="Fitting x")
    assert bar.isVisible()
    opened.jobs.started.emit("Writing report.pdf")
    assert bar.isVisible()
    opened.jobs.started.emit("Fitting x")
    assert not bar.isVisible()
    at_rest(opened)


_JARGON = (
    "Occupancy", "basis", "Bases", "deviance", "q", "KS", "B-splines", "raised cosine", "knots", "held-out", "covariates", "epochs",
    "refractory", "collinear", "design matrix", "interaction", "kernel", "coupling", "contamination", "tuning", "smoothing", "bins",
    "time rescaling", "cross-validation", "trials", "unique", "raster", "correlations", "conditions", "autocorrelogram", "history",
    "AIC", "BIC", "95 % band", "Wald tests of the terms", "Cross-correlogram with unit 3", "Bootstrap", "Nested", "Prior sd", "Standard error",
    "101 columns", "12 functions", "bits per spike", "nats/bin", "Preferred direction", "signed rank", "Poisson", "elastic net", "Confusion map", "QQ", "Burst", "Seed",
)  # fmt: skip


def test_every_word_of_the_field_is_explained():
    assert [word for word in _JARGON if not explained(word)] == []
    assert explained("Time spent (s)").startswith("Occupancy: ")
    assert explained("deviance explained").splitlines()[0].startswith("Deviance explained: ")
    assert explained("Open a file") == ""
    assert all(len(said) < 260 and said.endswith(".") for said in words().values())


def test_the_status_line_says_what_columns_are_also_where_it_is_cut(opened, qtbot):
    label = opened.status.about
    qtbot.waitUntil(lambda: "8 columns to fit" in label.text())
    assert hovered(label, label.rect().center()).count("Column: ") == 1
    label.setText(f"{label.text()} and more" * 20)
    label.grab()
    said = hovered(label, label.rect().center())
    assert said.startswith("small")
    assert said.count("Column: ") == 1


def hovered(widget: QWidget, at: QPoint) -> str:
    QToolTip.hideText()
    QApplication.sendEvent(widget, QHelpEvent(QEvent.Type.ToolTip, at, widget.mapToGlobal(at)))
    return QToolTip.text()


def explained_on(panel: QWidget) -> int:
    """How many words of the field were met on a page; each is explained."""
    met = 0
    for label in panel.findChildren(QLabel):
        seen = not label.visibleRegion().isEmpty() and bool(explained(label.text()))
        at = label.visibleRegion().boundingRect().center()
        if seen and panel.childAt(label.mapTo(panel, at)) is label:
            assert hovered(label, at), label.text()
            met += 1
    for bar in panel.findChildren(QTabBar):
        for at in range(bar.count()):
            if bar.isVisible() and explained(bar.tabText(at)):
                assert hovered(bar, bar.tabRect(at).center()), bar.tabText(at)
    for table in panel.findChildren(QTableView):
        header = table.horizontalHeader()
        for at in range(header.count() if header.isVisible() and not table.visibleRegion().isEmpty() else 0):
            place = QPoint(header.sectionViewportPosition(at) + 4, header.height() // 2)
            title = table.model().headerData(at, Qt.Orientation.Horizontal)
            if explained(str(title)) and header.viewport().rect().contains(place):
                assert hovered(header.viewport(), place), title
                met += 1
    QToolTip.hideText()
    return met


@pytest.mark.parametrize(
    "steps", [("data", "features", "answers"), ("model", "results", "checks", "fits", "population")], ids=["before", "after"]
)
def test_words_of_the_field_are_explained_under_the_mouse(opened, small_result, at_rest, steps):
    if "results" in steps:
        document = opened.document
        document.open(document.recording, small_result.analysis, small_result)
    met = 0
    for step in steps:
        opened.show_step(step)
        at_rest(opened)
        met += explained_on(opened.panels[step])
    assert met > 10


# Search


def test_the_search_finds_settings_units_terms_samples_and_the_guide(opened, qtbot):
    palette = CommandPalette([opened.action(record.name) for record in ACTIONS], opened, finds(opened))
    qtbot.addWidget(palette)
    palette.show()

    def found(words):
        palette.line.setText(words)
        return palette.titles

    assert found("longest gap")[0] == "Longest gap"
    assert found("place unit")[0] == "place"
    assert found("head direction term")
    assert "White noise" in found("white noise sample")
    assert found("glossary")[0] == "Glossary"
    assert "What is this cell tuned to?" in found("tuned")
    assert found("no such thing at all") == []
    assert found("dark")[0] == found("theme")[0] == "Dark"
    assert found("font size")[0] == "Larger text"
    assert found("position covariate")[0] == "position"
    assert any(title.startswith("Speed") for title in found("speed"))
    assert "Epochs drawn by hand, under a name" in found("derive epochs")
    assert found("functions setting")[0].startswith("Functions: ")
    assert found("while present")[0] == "Only while present"
    assert found("shifts setting")[0] == "Shifts in time"
    assert found("methods paragraph")[0] == "Copy methods paragraph"
    for asked, page in (
        ("goodness of fit", "Checks"),
        ("Kolmogorov-Smirnov", "Checks"),
        ("PSTH", "Data"),
        ("cross-validation", "Model"),
        ("connectivity", "Population"),
    ):
        assert any(title.startswith(f"{page}: ") for title in found(asked)), asked


def test_the_search_finds_the_words_of_the_guide(opened, qtbot):
    palette = CommandPalette([], opened, finds(opened))
    qtbot.addWidget(palette)
    palette.line.setText("deviance")
    assert {"Deviance", "Deviance explained"} <= set(palette.titles)
    assert palette.titles[0] == "Deviance"
    palette.line.setText("BIC")  # another form of AIC
    assert "AIC" in palette.titles
    palette._choose(palette.titles.index("AIC"))
    palette._run()
    assert opened.guide.page.source().fileName() == "glossary.md"
    assert opened.guide.page.textCursor().selectedText() == "AIC"
    opened.guide.close()


def test_the_search_says_what_it_finds_only_when_a_recording_is_open(window, small_recording, small_analysis):
    def said() -> str:
        window.action("palette").trigger()
        palette = window.findChildren(CommandPalette)[-1]
        palette.line.setText("no such thing at all")
        return palette._none.text()

    assert "once a recording is open" in said()
    window.document.open(small_recording, small_analysis)
    assert "once a recording is open" not in said()


@pytest.mark.parametrize(
    ("words", "step", "control"),
    [
        ("seed setting", "model", "analysis_seed"),
        ("longest gap", "data", "time_max_gap_automatic"),
        ("penalty setting", "model", "model_penalty"),
        ("rate up to setting", "data", "rate_to"),
        ("shifts in time", "answers", "answers_settings_shifts"),
        ("functions setting", "features", "term_factors_0_basis_n"),
    ],
)
def test_a_setting_that_was_found_has_the_cursor(opened, words, step, control, qtbot):
    palette = CommandPalette([], opened, finds(opened))
    qtbot.addWidget(palette)
    palette.line.setText(words)
    opened.show_step(step)
    qtbot.waitUntil(lambda: opened.jobs.idle)
    opened.show_start()
    opened.activateWindow()
    palette._run()
    assert opened.step == step
    qtbot.waitUntil(lambda: opened.focusWidget() is not None and opened.focusWidget().objectName() == control)
    assert opened.focusWidget().isVisible()


def test_every_setting_that_is_found_is_there(opened):
    for find in finds(opened):
        if find.kind == "setting":
            _, step, name, *term = find.open.args
            panel = opened.panels[step]
            for at in term:
                opened.document.select(term=at)
            assert panel.findChild(object, name) or panel.findChild(object, f"{name}_editor"), name


def test_a_covariate_that_was_found_is_selected_also_where_its_page_is_new(opened, at_rest):
    last = [find for find in finds(opened) if find.kind == "covariate"][-1]
    last.open()
    at_rest(opened)
    assert opened.step == "data"
    assert opened.panels["data"].covariates.current == last.title
    assert last.title != next(iter(opened.document.recording.covariates))


def test_a_search_for_speed_derives_it(opened, at_rest):
    speed = next(find for find in finds(opened) if find.kind == "derive covariate" and find.title.startswith("Speed"))
    speed.open()
    at_rest(opened)
    dialog = opened.findChild(DerivedDialog)
    assert dialog is not None
    assert dialog.isVisible()
    dialog.accept()
    assert [one.kind for one in opened.document.analysis.derived] == ["speed"]


# Keys and help


def test_all_keys_are_listed(window, qtbot):
    window.action("shortcuts").trigger()
    dialog = window.findChild(ShortcutsDialog)
    listed = dict(dialog.shown)
    for record in ACTIONS:
        if record.shortcut:
            text = window.action(record.name).text().replace("&", "").rstrip("\u2026")
            assert listed[text], record.name
    assert {what for _, what, _ in ELSEWHERE} <= set(listed)
    dialog.filter.setText("ctrl+z")
    assert [what for what, _ in dialog.shown] == ["Undo"]
    dialog.accept()


def test_each_panel_has_its_page_of_the_guide_beside_it(window, qtbot):
    for step in STEPS:
        window.show_step(step.name)
        window.findChild(object, f"dock_{step.name}_help").click()
        assert window.guide.isVisible()
        assert window.guide.page.source().fileName() == step.guide
    window.guide.close()


# Layouts


def test_layouts_are_kept_by_name(window, settings, questions):
    window.show_step("data")
    window.toggle_log()
    questions.name = lambda title, taken: "with the log / below"
    window.action("save_layout").trigger()
    assert window.layout_names == ("with the log / below",)
    window.toggle_log()
    assert not window.log_is_shown
    window.use_layout("with the log / below")
    assert window.log_is_shown
    assert window.step == "data"
    window.remove_layout("with the log / below")
    assert window.layout_names == ()


# Fields


def wheel(widget):
    place = QPointF(widget.rect().center())
    QApplication.sendEvent(
        widget,
        QWheelEvent(
            place,
            QPointF(widget.mapToGlobal(widget.rect().center())),
            QPoint(),
            QPoint(0, 120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        ),
    )


def test_the_wheel_changes_no_field_without_the_focus(opened, small_result):
    opened.document.set_result(small_result)
    fields = (QComboBox, QAbstractSpinBox, QAbstractSlider)
    for step in STEPS:
        opened.show_step(step.name)
        for field in opened.panels[step.name].findChildren(fields):
            if isinstance(field, QScrollBar):
                continue
            assert isinstance(field, NoWheel), field.objectName()
            assert not field.focusPolicy() & Qt.FocusPolicy.WheelFocus & ~Qt.FocusPolicy.StrongFocus, field.objectName()
    before = opened.document.analysis
    box = opened.panels["data"].findChild(QDoubleSpinBox, "bin_size")
    opened.show_step("data")
    opened.setFocus()
    wheel(box)
    assert opened.document.analysis == before


def test_a_value_is_shown_with_the_digits_that_it_needs(opened):
    analysis = opened.document.analysis
    opened.document.edit(analysis.with_(time=analysis.time.with_(bin_size=0.00025)), "Change bin size")
    opened.show_step("data")
    box = opened.panels["data"].findChild(QDoubleSpinBox, "bin_size")
    assert box.text() == "0.00025 s"
    box.stepBy(1)
    assert opened.document.analysis.time.bin_size == pytest.approx(0.00026)


def test_title_seed_and_longest_gap_can_be_changed_and_taken_back(opened):
    before = opened.document.analysis
    opened.panels["model"].whole.editor("title").controls()[0].setText("Place cells")
    opened.panels["model"].whole.editor("title").controls()[0].editingFinished.emit()
    opened.panels["model"].whole.editor("seed").controls()[0].setValue(7)
    gap = opened.panels["data"].time_form.more.editor("max_gap")
    gap.controls()[0].setChecked(False)
    gap.controls()[1].setValue(0.5)
    analysis = opened.document.analysis
    assert (analysis.title, analysis.seed, analysis.time.max_gap) == ("Place cells", 7, 0.5)
    while opened.document.undo():
        pass
    assert opened.document.analysis == before
