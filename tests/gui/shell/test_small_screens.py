"""On a screen of 1366 x 768 at one and a half times the size: nothing empty scrolls, and plots keep room between their axes."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QPointF
from qtpy.QtWidgets import QApplication, QLabel, QScrollArea, QSizePolicy

from glmengine.context import Progress
from glmgui.drawings.series import Axis
from glmgui.plots.bars import ScorePlot
from glmgui.plots.base import Plot
from glmgui.plots.inside_text import InsideText
from glmgui.widgets.page import PageScroll
from glmgui.widgets.texts import ElidedLabel
from tests.gui.shell.test_looks import STEPS, fitted, lasting, looked_at, pages_of  # noqa: F401

LOW = (911, 490)
LEAST_AREA = 30  # pixels between the axes, in which a curve can be told from a line


def scrolling(panel) -> bool:
    around = panel.parentWidget()
    while around is not None and not isinstance(around, PageScroll):
        around = around.parentWidget()
    assert isinstance(around, QScrollArea)
    return around.horizontalScrollBar().maximum() > 0 or around.verticalScrollBar().maximum() > 0


def test_a_page_of_which_nothing_is_shown_yet_does_not_scroll(window, at_rest):
    window.resize(*LOW)
    scrolled = []
    for step in STEPS:
        window.show_step(step)
        at_rest(window)
        scrolled += [step] if scrolling(window.panels[step]) else []
    assert not scrolled


def test_a_page_that_waits_for_a_fit_does_not_scroll(window, small_recording, small_analysis, at_rest):
    window.resize(*LOW)
    window.document.open(small_recording, small_analysis.with_(terms=()))
    scrolled = []
    for step in ("features", "results", "checks", "fits", "population"):
        window.show_step(step)
        at_rest(window)
        scrolled += [step] if scrolling(window.panels[step]) else []
    assert not scrolled


def test_words_in_a_plot_lie_inside_it(fitted, at_rest):  # noqa: F811
    fitted.resize(*LOW)
    seen, outside = 0, []
    for step in pages_of(fitted, at_rest):
        for plot in fitted.panels[step].findChildren(Plot):
            for text in plot.scene.items() if plot.isVisible() else ():
                if isinstance(text, InsideText):
                    seen += 1
                    room, own = text.getViewBox().sceneBoundingRect(), text.textItem.sceneBoundingRect()
                    if not room.adjusted(-1, -1, 1, 1).contains(own):
                        outside.append(f"{step} '{plot.title}': {text.textItem.toPlainText()}")
    assert seen
    assert not outside


def test_a_unit_is_named_on_its_bar(qtbot):
    plot = ScorePlot("Held out", Axis("deviance explained"))
    qtbot.addWidget(plot)
    plot.resize(260, 140)
    plot.show()
    plot.set_scores({"a": 0.5, "b": 0.45, "c": 0.4}, Axis("deviance explained"))
    plot.set_selected("b")
    plot.resize(260, 150)
    for _ in range(3):
        QApplication.processEvents()
    (name,) = (one for one in plot.scene.items() if isinstance(one, InsideText))
    own, before = (plot.area.vb.mapViewToScene(QPointF(place, value)) for place, value in ((1.65, 0.45), (1.35, 0.5)))
    words = name.textItem.sceneBoundingRect()
    assert own.y() - 12 <= words.bottom() <= own.y() + 5  # the margin of its letters
    assert words.left() >= before.x() - 5, "it covers no higher bar"


def test_what_runs_can_be_ended_from_a_narrow_toolbar(fitted, at_rest):  # noqa: F811
    fitted.resize(683, 490)
    fitted.progress.begin("Making features", can_stop=True)
    fitted.progress._show()
    fitted.progress.report(Progress("Making features", 0.42), 4000.0)
    at_rest(fitted)
    words = fitted.progress.bar.fontMetrics().horizontalAdvance("42 %, 67 min left")
    assert fitted.progress.bar.text() == "42 %, 67 min left"
    assert fitted.progress.bar.width() > words + 4
    seen = (
        fitted.progress.bar,
        fitted.progress.stop,
        fitted.progress.cancel,
        fitted.toolbar.widgetForAction(fitted.action("palette")),
    )
    assert all(one.visibleRegion().boundingRect() == one.rect() for one in seen)
    fitted.progress.end()


@pytest.mark.parametrize("width", [911, 1024, 1366])
def test_what_is_being_done_is_said_in_whole(fitted, at_rest, width):  # noqa: F811
    fitted.resize(width, 700)
    fitted.progress.begin("Fitting 19 units", can_stop=True)
    fitted.progress._show()
    fitted.progress.report(Progress("Choosing the strength: fold 3 of 5", 0.42), 4000.0)
    at_rest(fitted)
    label = fitted.progress.label
    assert label.width() >= label.fontMetrics().horizontalAdvance(label.text())
    fitted.progress.end()


@pytest.mark.parametrize("size", [(1024, 740), LOW])
def test_plots_keep_room_between_their_axes(looked_at, size, at_rest):  # noqa: F811
    looked_at.resize(*size)
    flat = []
    for step in pages_of(looked_at, at_rest):
        for plot in looked_at.panels[step].findChildren(Plot):
            areas = plot._plot_items() if plot.isVisible() else []
            flat += [f"{step} '{plot.title}': {area.vb.height():.0f} px" for area in areas if area.vb.height() < LEAST_AREA]
    assert not flat


def test_the_results_fit_a_low_screen(looked_at, at_rest):  # noqa: F811
    looked_at.resize(*LOW)
    looked_at.show_step("results")
    at_rest(looked_at)
    assert not scrolling(looked_at.panels["results"])


def test_a_line_that_is_cut_ends_with_dots(looked_at, at_rest):  # noqa: F811
    """Also a line that gives way to the buttons beside it."""
    looked_at.resize(683, 490)
    cut = []
    for step in STEPS:
        looked_at.show_step(step)
        at_rest(looked_at)
        for label in looked_at.panels[step].findChildren(QLabel):
            gives_way = label.sizePolicy().horizontalPolicy() == QSizePolicy.Policy.Ignored and not label.wordWrap()
            if gives_way and not isinstance(label, ElidedLabel) and label.objectName():
                cut.append(f"{step} {label.objectName()}")
    assert not cut
