"""All units at a glance; what is selected in any of the pages is the set of units everywhere."""

from __future__ import annotations

import gc
from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import QItemSelectionModel, QPointF, QRectF, Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QApplication

from glmengine.analysis.terms import CouplingTerm, CovariateTerm, Factor, HistoryTerm
from glmengine.basis import BSpline, CyclicBSpline, RaisedCosineLog
from glmengine.figures.rings import round_rings
from glmgui.drawings.population import CurvePanel, MapPanel, coupled_order, population_of, ring, sorted_units
from glmgui.panels.population import PopulationPanel
from glmgui.panels.population.matrix_view import TREE
from glmgui.panels.population.multiples_view import caption
from glmgui.plots.coupling_graph import CouplingGraph
from glmgui.plots.inside_text import InsideText
from glmgui.plots.small_cells import scale_of
from glmgui.plots.small_multiples import SmallMultiples
from glmgui.plots.unit_scatter import RING
from glmgui.work.selected_units import can_fit_only, can_leave_out, fit_only, leave_out


@pytest.fixture(scope="module")
def coupled(small_recording, small_analysis):
    import glmengine

    short = RaisedCosineLog(n=2, window=0.2)
    terms = (
        CovariateTerm(factors=(Factor(variable="head_direction", basis=CyclicBSpline(n=6)),)),
        CovariateTerm(factors=tuple(Factor(variable=f"position.{axis}", basis=BSpline(n=5)) for axis in "xy")),
        HistoryTerm(basis=short),
        CouplingTerm(basis=short),
    )
    analysis = small_analysis.with_(terms=terms, time=small_analysis.time.with_(bin_size=0.05))
    return glmengine.run(analysis, small_recording)


@pytest.fixture(scope="module")
def population(coupled, small_recording):
    return population_of(coupled, small_recording)


@pytest.fixture
def panel(document, jobs, coupled, small_recording, qtbot):
    made = PopulationPanel(document, jobs)
    qtbot.addWidget(made)
    made.resize(900, 640)
    made.show()
    document.open(small_recording, coupled.analysis, coupled)
    qtbot.waitUntil(lambda: jobs.idle and made._population is not None)
    return made


def test_every_term_has_a_panel_of_its_kind(population):
    kinds = {panel.label: panel for panel in population.panels}
    tuned = next(panel for panel in kinds.values() if isinstance(panel, CurvePanel) and panel.polar)
    assert tuned.x_axis.unit == "rad"
    maps = [panel for panel in kinds.values() if isinstance(panel, MapPanel) and panel.equal]
    assert len(maps) == 2, "model and data"
    assert all(panel.x_axis.unit == panel.y_axis.unit == "cm" for panel in maps)
    signed = [panel for panel in kinds.values() if panel.signed]
    assert {type(panel) for panel in signed} == {CurvePanel, MapPanel}, "history is a curve, coupling a map of lags and sources"
    for panel in population.panels:
        said = caption(panel, 3, common=False)
        assert panel.x_axis.text in said
        assert panel.y_axis.text in said


def test_units_are_sorted_by_scores_angles_and_words(population):
    rates = population.number("rate_hz").values
    assert list(sorted_units(population, "rate_hz")) == list(np.argsort(-rates))
    assert [population.units[at] for at in sorted_units(population, "region")] == ["hd", "place", "flat"]
    assert list(sorted_units(population, "")) == [0, 1, 2]
    name = next(one.name for one in population.numbers if one.circular)
    values = population.number(name).values
    assert list(values[sorted_units(population, name)]) == sorted(values)


def test_units_stand_on_the_ring_at_their_preferred_direction(population):
    name = next(one.name for one in population.numbers if one.circular)
    points = ring(population, name, coupled_order(population, name))
    at = population.coupling.names.index("hd")
    np.testing.assert_allclose(np.arctan2(points[at, 1], points[at, 0]) % (2 * np.pi), np.pi, atol=0.2)
    even = ring(population, "", coupled_order(population, ""))
    np.testing.assert_allclose(np.hypot(*even.T), 1)


def test_a_choice_in_the_small_pictures_is_the_set_of_the_document(panel, document, qtbot):
    plot = panel.multiples.plot
    first, second, third = plot.shown
    plot.clicked(plot.cell(0).center(), Qt.KeyboardModifier.NoModifier)
    assert document.units == (first,)
    plot.clicked(plot.cell(2).center(), Qt.KeyboardModifier.ControlModifier)
    assert set(document.units) == {first, third}
    assert document.unit == third
    plot.dragged(plot.cell(0).center(), plot.cell(1).center(), True, Qt.KeyboardModifier.NoModifier)
    assert set(document.units) == {first, second}
    assert panel.said.text().startswith("2 of 3 units selected")


def test_keys_move_and_select_all(panel, document, qtbot):
    plot = panel.multiples.plot
    document.select(unit=plot.shown[0])
    qtbot.keyClick(plot.view, Qt.Key.Key_Right)
    assert document.units == (plot.shown[1],)
    qtbot.keyClick(plot.view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert len(document.units) == 3


def test_the_matrix_selects_pairs_and_branches(panel, document):
    panel.show_page(1)
    matrix = panel.matrix
    for name in ("rate_hz", "", TREE):
        matrix.sort.setCurrentIndex(matrix.sort.findData(name))
        gc.collect()
    names = matrix.plot.x_axis.names
    assert names == panel._population.coupling.tree.units
    chosen = []
    matrix.plot.chosen.connect(lambda units, unit: chosen.append((set(units), unit)))
    view = matrix.plot._areas[0].vb
    matrix.plot._clicked(Click(view.mapViewToScene(QPointF(1, 3))))
    assert chosen[-1] == ({names[0], names[2]}, names[2])
    root = panel._population.coupling.tree.branches[-1]
    middle = QPointF((root.left + root.right) / 2 + 1, matrix.plot._height(root.height))
    matrix.plot._clicked(Click(view.mapViewToScene(middle)))
    assert chosen[-1] == (set(names), None)
    assert set(document.units) == set(names)


class Click:
    """A mouse click of the scene, as far as plots look at it."""

    def __init__(self, point: QPointF) -> None:
        self._point = point

    def scenePos(self) -> QPointF:
        return self._point

    def button(self) -> Qt.MouseButton:
        return Qt.MouseButton.LeftButton

    def modifiers(self) -> Qt.KeyboardModifier:
        return Qt.KeyboardModifier.NoModifier


def test_the_threshold_leaves_the_strongest_arrows(panel):
    panel.show_page(2)
    graph = panel.graph
    graph.threshold.setValue(0)
    strength = np.abs(np.nan_to_num(panel._population.coupling.values["summed filter"]))
    np.fill_diagonal(strength, 0)
    assert len(graph.plot.pairs) == (strength > 0).sum()
    graph.threshold.setValue(graph.threshold.maximum())
    assert graph.plot.pairs == [tuple(np.unravel_index(strength.argmax(), strength.shape))]
    assert graph.count.text().startswith("1 of 6 pairs")


def test_a_rectangle_in_the_scatter_is_the_set(panel, document):
    panel.show_page(3)
    scatter = panel.scatter
    scatter.across.setCurrentIndex(scatter.across.findData("rate_hz"))
    rates = panel._population.number("rate_hz").values
    least = np.sort(rates)[1] - 1e-6
    scatter.plot.choose_inside(QRectF(least, -1e3, 1e3, 2e3), False)
    assert set(document.units) == {unit for unit, rate in zip(panel._population.units, rates, strict=True) if rate > least}
    assert len(document.units) == 2


def test_the_name_of_the_selected_unit_stands_beside_its_ring(panel, document):
    panel.show_page(3)
    scatter = panel.scatter
    scatter.across.setCurrentIndex(scatter.across.findData("rate_hz"))
    document.select(unit=panel._population.units[int(np.argmin(panel._population.number("rate_hz").values))])
    scatter.plot.grab()
    name = next(item for item in scatter.plot.area.items if isinstance(item, InsideText))
    ink = name.textItem.mapRectToScene(name.textItem.boundingRect().adjusted(4, 4, -4, -4))  # without the margins of a document
    assert ink.left() >= name.scenePos().x() + RING / 2


def test_the_table_of_the_set_is_copied(panel, document):
    panel.show_page(4)
    document.select(units=["hd", "flat"])
    assert len(panel.table.table.selectionModel().selectedRows()) == 2
    panel.table.which.setCurrentIndex(1)
    assert panel.table.shown.rowCount() == 2
    panel.table.copy.click()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].startswith("unit\t")
    assert [line.split("\t")[0] for line in lines[1:]] == ["hd", "flat"]
    panel.table.which.setCurrentIndex(0)
    flags = QItemSelectionModel.SelectionFlag
    panel.table.table.selectionModel().setCurrentIndex(panel.table.shown.index(1, 0), flags.ClearAndSelect | flags.Rows)
    assert document.units == ("place",)


def test_headings_of_the_table_are_whole_to_their_unit_of_measure(panel):
    """That of a preferred direction ended in dots before 'rad'."""
    panel.show_page(4)
    header, model = panel.table.table.horizontalHeader(), panel.table.model
    headings = [model.headerData(part, Qt.Orientation.Horizontal) for part in range(model.columnCount())]
    assert any(heading.startswith("head_direction:\n") and heading.endswith("(rad)") for heading in headings)
    for part, heading in enumerate(headings):
        needed = max(header.fontMetrics().horizontalAdvance(line) for line in heading.split("\n"))
        assert header.sectionSize(part) > needed, heading


def test_only_these_and_without_these_are_one_step_of_undo_each(document, small_recording, coupled):
    document.open(small_recording, coupled.analysis, coupled)
    document.select(units=["hd", "flat"])
    fit_only(document)
    assert document.analysis.units.names == ("hd", "flat")
    assert not can_fit_only(document)
    assert not can_leave_out(document), "none would be left"
    document.select(units=["hd"])
    leave_out(document)
    assert document.analysis.units.names == ("flat",)
    document.undo()
    assert document.analysis.units.names == ("hd", "flat")
    document.undo()
    assert document.analysis == coupled.analysis


def test_what_is_stale_is_pale_and_says_so(panel, document):
    before = panel.tabs.geometry()
    document.edit(document.analysis.with_(seed=5), "Change seed")
    assert "has changed since" in panel.banner.text
    QApplication.processEvents()
    assert panel.tabs.geometry() == before
    assert panel.multiples.plot.greyed
    document.undo()
    assert not panel.banner.text
    assert not panel.multiples.plot.greyed


def test_without_a_result_the_page_says_what_to_do(panel, document, small_recording, coupled):
    document.open(small_recording, coupled.analysis)
    assert panel._stack.currentWidget() is panel.empty
    assert "Ctrl+R" in panel.empty.text


def test_a_fit_without_coupling_says_how_to_get_one(panel, document, jobs, small_result, small_recording, qtbot):
    document.open(small_recording, small_result.analysis, small_result)
    qtbot.waitUntil(lambda: jobs.idle)
    panel.show_page(1)
    assert "'Coupling'" in panel.matrix.said.text()
    assert panel.matrix.plot.isHidden()
    panel.show_page(2)
    assert panel.graph.plot.isHidden()


def test_a_fault_stands_in_the_page_and_the_next_result_is_shown(panel, document, jobs, coupled, monkeypatch, qtbot):
    from glmengine.errors import GlmError
    from glmgui.drawings import population as drawings

    def refuse(*_):
        raise GlmError("no such thing")

    with monkeypatch.context() as patch:
        patch.setattr(drawings, "population_of", refuse)
        document.set_result(replace(coupled))
        qtbot.waitUntil(lambda: "no such thing" in panel.message.text)
    document.set_result(replace(coupled))
    qtbot.waitUntil(lambda: not panel.message.text and panel.tabs.isVisible())


def test_a_flat_map_is_painted_in_neither_the_brightest_nor_the_darkest_colour():
    from glmgui.drawings.series import RATE, Axis

    x = np.linspace(0, 1, 12)
    bump = 10 * np.exp(-((x[:, None] - 0.5) ** 2 + (x - 0.5) ** 2) / 0.02)
    flat = 3.0 + 0.01 * bump / 10
    panel = MapPanel("place", Axis("x", "cm"), Axis("y", "cm"), RATE, x, x, np.stack([bump, flat]), True)
    own = [scale_of(panel, np.array([unit])) for unit in (0, 1)]
    assert (own[0].low, own[0].high) == (0.0, pytest.approx(bump.max()))
    assert (flat.mean() - own[1].low) / (own[1].high - own[1].low) == pytest.approx(0.5, abs=0.01)
    together = scale_of(panel, np.array([0, 1]))
    assert together.high == pytest.approx(bump.max())


def test_the_outer_circle_of_a_unit_is_a_round_rate_that_holds_all_that_is_drawn():
    """It was the highest rate of a bin as recorded: a peak that stood elsewhere was another number, and circles differed by hundredths."""
    from glmgui.drawings.population import CurvePanel
    from glmgui.drawings.series import RATE, Axis

    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    model = np.stack([1.5 + np.cos(angles), 4 + 5.3 * np.cos(angles) ** 2])
    data = model.copy()
    data[:, 3] += 0.42
    panel = CurvePanel("hd", Axis("hd", "rad"), RATE, angles, model, model, model, data, polar=True)
    for unit in (0, 1):
        scale = scale_of(panel, np.array([unit]))
        assert scale.low == 0.0
        assert scale.high >= max(model[unit].max(), data[unit].max())
        assert scale.rings == round_rings(max(model[unit].max(), data[unit].max()))
        assert scale.high == scale.rings[-1]
    assert scale_of(panel, np.array([0, 1])).high == round_rings(data.max())[-1]


def test_bins_that_were_hardly_visited_do_not_set_the_scale_of_small_curves():
    from glmgui.drawings.series import RATE, Axis

    x, model = np.arange(4.0), np.full((2, 4), 5.0)
    data = np.array([[4.0, 5.0, 6.0, 33.0], [5.0, 5.0, 5.0, 5.0]])
    panel = CurvePanel("speed", Axis("speed", "cm/s"), RATE, x, model, model, model, data)
    assert scale_of(panel, np.array([0])).high == 33.0
    settled = np.array([True, True, True, False])
    assert scale_of(replace(panel, settled=settled), np.array([0])).high == 6.0
    assert scale_of(replace(panel, settled=settled, polar=True), np.array([0])).high >= 33.0  # a circle cuts nothing off


def test_of_five_hundred_units_only_those_in_view_are_painted(qtbot, monkeypatch):
    units = tuple(f"u{at}" for at in range(500))
    x = np.linspace(0, 1, 48)
    rates = np.random.default_rng(0).uniform(1, 2, (500, 48))
    from glmgui.drawings.series import RATE, Axis

    panel = CurvePanel("speed", Axis("speed", "cm/s"), RATE, x, rates, rates - 0.1, rates + 0.1)
    plot = SmallMultiples(name="many")
    qtbot.addWidget(plot)
    plot.resize(800, 500)
    plot.show()
    plot.show_panel(panel, units, np.arange(500), [""] * 500, common=True)
    painted = []
    original = plot._paint_cell
    monkeypatch.setattr(
        plot, "_paint_cell", lambda painter, cell, unit, font: (painted.append(unit), original(painter, cell, unit, font))
    )
    plot.grab()
    assert painted[0] == 0
    assert len(set(painted)) <= 60
    painted.clear()
    plot.set_selected(("u499",), "u499")
    plot.grab()
    assert 499 in painted, "the selected unit is scrolled to"
    table = plot.numbers()
    assert len(table["unit"]) == 500 * 48


@pytest.mark.parametrize(("width", "height"), [(2400, 1100), (1250, 600)])
def test_few_units_take_the_room_that_there_is(qtbot, width, height):
    from glmgui.drawings.series import RATE, Axis

    x = np.linspace(0, 2 * np.pi, 48)
    panel = CurvePanel("direction", Axis("direction", "rad"), RATE, x, *np.full((3, 12, 48), 5.0), polar=True)
    plot = SmallMultiples(name="many")
    qtbot.addWidget(plot)
    plot.resize(width, height)
    plot.show()
    plot.show_panel(panel, [f"u{at}" for at in range(12)], np.arange(12), [""] * 12, common=True)
    last = plot.cell(11)
    assert not plot.bar.maximum()
    assert last.bottom() > 0.6 * plot._sheet.rect().height()


def test_an_arrow_without_room_is_left_out(qtbot):
    from glmgui.drawings.series import Axis

    plot = CouplingGraph()
    qtbot.addWidget(plot)
    points = np.array([[0.0, 0.0], [0.0, 0.0], [np.nan, np.nan]])
    values = np.full((3, 3), 0.5)
    plot.show_graph(("a", "b", "c"), points, values, Axis("summed filter"), 0.1, (Axis("x", "um"), Axis("y", "um")))
    assert plot.pairs == [(0, 1), (1, 0)], "a unit without a place has no arrow"
    assert list(plot.numbers()["from"]) == ["a", "b"]


def test_of_very_many_arrows_the_strongest_are_drawn(qtbot):
    from glmgui.drawings.series import Axis
    from glmgui.plots.coupling_graph import MOST_ARROWS

    plot = CouplingGraph()
    qtbot.addWidget(plot)
    values = np.arange(1.0, 60**2 + 1).reshape(60, 60)
    turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    points = np.column_stack([np.cos(turn), np.sin(turn)])
    plot.show_graph([f"u{at}" for at in range(60)], points, values, Axis("summed filter"), 0.0)
    pairs = plot.pairs
    assert len(pairs) == MOST_ARROWS
    assert pairs[-1] == (59, 58)
    assert min(values[pair] for pair in pairs) > 60**2 - MOST_ARROWS - 60
