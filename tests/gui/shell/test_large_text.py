"""Letters twice as large as usual, as on an 18 pt desktop: nothing is cut, nothing lies over something else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import QPoint, QRect, Qt
from qtpy.QtGui import QFont
from qtpy.QtWidgets import QLabel, QPushButton, QScrollArea, QSplitter

from glmengine.analysis.templates import course
from glmgui.dialogs.ready_analysis import ReadyAnalysisDialog
from glmgui.drawings.population import CurvePanel
from glmgui.drawings.series import RATE
from glmgui.panels.features.live import LiveCurve
from glmgui.panels.features.suggestions import Suggestions
from glmgui.panels.fits.fits_table import FitsTable
from glmgui.panels.results.validation_view import ScoreTable
from glmgui.plots import Axis, Curve, LinePlot, PolarPlot
from glmgui.plots.inside_text import InsideText
from glmgui.plots.small_multiples import SmallMultiples
from glmgui.widgets.messages import EmptyState
from glmgui.widgets.sizes import scaled

TIMES = 2.0


@pytest.fixture(autouse=True)
def large(qapp):
    before = qapp.font()
    font = QFont(before)
    font.setPointSizeF(TIMES * before.pointSizeF())
    qapp.setFont(font)
    yield
    qapp.setFont(before)


def test_a_label_of_two_lines_stands_beside_the_numbers(qtbot):
    plot = LinePlot("scores")
    qtbot.addWidget(plot)
    plot.resize(500, 260)
    plot.show()
    plot.set_axes(Axis("mean rate", "Hz"), Axis("deviance explained, held out"))
    plot.set_curves([Curve("", np.arange(5.0), np.linspace(0.08, 0.16, 5))])
    qtbot.wait(50)
    axis = plot.area.getAxis("left")
    assert len(axis._label_shown) == 2
    margin = axis.label.document().documentMargin()
    label = axis.mapRectFromItem(axis.label, axis.label.boundingRect().adjusted(0, margin, 0, -margin))
    numbers = axis.size().width() - axis.textWidth - axis.style["tickTextOffset"][0] - max(axis.style["tickLength"], 0)
    assert label.right() <= numbers


def test_the_question_of_a_ready_analysis_shows_its_words_and_buttons_whole(qtbot):
    lesson = max(course(), key=lambda lesson: len(lesson.question))
    dialog = ReadyAnalysisDialog(lesson, "mine", ("It needs an event; the recording has none.",))
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.wait(20)
    buttons = [one for one in dialog.findChildren(QPushButton) if one.isVisible()]
    assert len(buttons) == 4
    assert all(one.width() >= one.sizeHint().width() for one in buttons)
    asked = next(one for one in dialog.findChildren(QLabel) if one.text() == lesson.question)
    assert asked.height() >= asked.heightForWidth(asked.width())


def test_the_words_of_an_empty_page_take_no_more_lines_than_in_usual_letters(qtbot, qapp):
    text = "Press the button to find out: for every unit the program tries what it may depend on, and says what it found. " * 3

    def lines() -> float:
        page = EmptyState("What drives each unit?", text, "page")
        qtbot.addWidget(page)
        page.resize(1400, 900)
        page.show()
        said = page._text
        return said.height() / said.fontMetrics().lineSpacing()

    large = lines()
    font = QFont(qapp.font())
    font.setPointSizeF(font.pointSizeF() / TIMES)
    qapp.setFont(font)
    assert large <= lines() + 1.5


def test_cells_of_a_population_have_room_for_what_is_written_in_them(qtbot):
    angles = np.linspace(0.0, 2 * np.pi, 12, endpoint=False)
    rates = np.full((6, 12), 11.2)
    panel = CurvePanel("head_direction", Axis("head_direction", "rad"), RATE, angles, rates, rates, rates, polar=True)
    plot = SmallMultiples(name="many")
    qtbot.addWidget(plot)
    plot.resize(1000, 700)
    plot.show()
    plot.show_panel(panel, [f"hd{unit}" for unit in range(6)], np.arange(6), ["0.1647"] * 6, common=False)
    small = plot.fontMetrics().horizontalAdvance("outer circle 11.2 Hz") * 0.82
    assert plot.cell(0).width() > small


def test_no_two_words_of_a_circle_overlap_where_it_is_as_small_as_can_be(qtbot):
    plot = PolarPlot("Tuning")
    qtbot.addWidget(plot)
    plot.show()
    at = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    rate = 5 + 3 * np.cos(at)
    curve = Curve("rate", at, rate, rate - 1, rate + 1, band="\u00b11 standard error")
    plot.set_polar([curve], Axis("direction", "rad"), Axis("rate", "Hz"))
    plot.resize(scaled(190), plot.minimumSizeHint().height())
    qtbot.wait(20)
    words = [item for item in plot.area.items if isinstance(item, InsideText) and item.isVisible()]
    ink = [item.textItem.boundingRect().adjusted(4, 4, -4, -4) for item in words]  # without the margins of a document
    rects = [item.textItem.mapRectToScene(rect) for item, rect in zip(words, ink, strict=True)]
    assert len(rects) > 4
    assert not any(one.intersects(other) for at, one in enumerate(rects) for other in rects[:at])


def test_what_is_said_of_a_live_curve_takes_nothing_of_its_plot(qtbot, small_result):
    """On a low page the label below the plot was cut."""
    holder = QScrollArea()
    qtbot.addWidget(holder)
    live = LiveCurve()
    halves = QSplitter(Qt.Orientation.Vertical)
    halves.addWidget(live)
    holder.setWidgetResizable(True)
    holder.setWidget(halves)
    holder.resize(300, 160)
    holder.show()
    live.show_term(small_result, small_result.terms[0].label, small_result.units[0])
    live.said.setText("Held out: 16 % of the deviance explained, by fits of 300 s from everywhere in the recording.")
    qtbot.wait(20)
    assert live.said.height() > 2 * live.said.fontMetrics().lineSpacing()
    assert live.plot.view.height() >= live.plot.view.minimumHeight() >= scaled(150), "a peak is told from a plain line"
    assert live.minimumHeight() >= live.plot.minimumSizeHint().height() + live.said.height(), "a page that is too low is scrolled"


def test_all_buttons_of_the_batch_are_on_a_small_screen(window, small_recording, small_analysis, qtbot):
    """Start was scrolled away to the right."""
    panel = window.panels["batch"]
    window.document.open(small_recording, small_analysis)
    window.resize(1024, 768)
    window.show_step("batch")
    window.work.many.add([Path("/nowhere/missing.nwb")])
    qtbot.waitUntil(lambda: panel.start.isVisible())
    qtbot.wait(50)
    for one in (panel.add, panel.look, panel.open, panel.destination, panel.scheduler, panel.start, panel.stop):
        assert window.rect().contains(QRect(one.mapTo(window, QPoint(0, 0)), one.size())), one.objectName()
        assert one.width() >= one.minimumSizeHint().width()


def test_what_is_asked_of_results_and_answers_is_on_a_small_screen(window, small_recording, small_analysis, small_result, qtbot):
    """Half the buttons of a result stood beyond the right edge, and the one that begins below the lower one."""
    window.document.open(small_recording, small_analysis, small_result)
    window.resize(1024, 768)
    model = window.panels["model"]
    assert model.minimumSizeHint().width() < 1024 - 200, "its words were scrolled to sideways"
    results, answers = (window.panels[step] for step in ("results", "answers"))
    for step, asks in (
        ("results", (results.compare, results.figure, results.report, results.methods, results.script, results.right)),
        ("answers", (answers.first.primary,)),
    ):
        window.show_step(step)
        qtbot.waitUntil(lambda asks=asks: all(one.isVisible() for one in asks))
        qtbot.wait(50)
        for one in asks:
            assert window.rect().contains(QRect(one.mapTo(window, QPoint(0, 0)), one.size())), one.objectName()


def test_a_line_of_suggestions_says_where_more_are_where_no_button_has_room(
    qtbot, document, jobs, small_recording, small_analysis
):
    document.open(small_recording, small_analysis)
    line = Suggestions(document, jobs, lambda *_: None, lambda *_, **__: None)
    qtbot.addWidget(line)
    line.show()
    line.renew()
    assert line.texts
    for width in (2000, 300):
        line.resize(width, 40)
        seen = [one for one in line.findChildren(QPushButton) if one.isVisible()]
        assert line.findChild(QLabel).text() == (
            "The rate may also depend on:" if seen else "'Add term' has more that it may depend on."
        )
        assert bool(seen) == (width == 2000)


def test_some_fits_are_seen_and_scores_keep_room_for_what_they_mean(qtbot, small_result):
    fits = FitsTable()
    scores = ScoreTable()
    for table in (fits, scores):
        qtbot.addWidget(table)
    assert fits.minimumSizeHint().height() > 3.5 * fits.verticalHeader().defaultSectionSize()
    scores.resize(700, 400)
    scores.show()
    scores.show_unit(small_result, small_result.units[0])
    qtbot.wait(10)
    assert scores.columnWidth(3) > 0.2 * scores.viewport().width()
    words = scores.visualItemRect(scores.item(0, 0))  # beside the beginning of what it means, which may take many lines
    assert scores.item(0, 0).textAlignment() & Qt.AlignmentFlag.AlignTop
    assert words.top() >= 0
    scores.verticalScrollBar().setValue(20)
    assert scores.visualItemRect(scores.item(0, 0)).top() == words.top() - 20, (
        "the end of a row that is higher than the table is read, too"
    )
