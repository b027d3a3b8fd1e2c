"""The page of drawings: places of its plots, and their filling in several events."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtWidgets import QGridLayout, QScrollArea

from glmengine.figures.drawing import Images, Lines
from glmgui import theme
from glmgui.plots import Axis, Curve, Image, ImagePlot, Plot, PlotGrid
from glmgui.plots.drawn import draw


@pytest.mark.parametrize(("width", "a_row"), [(900, 2), (2300, 3)])
def test_a_large_screen_has_three_plots_a_row(qtbot, width, a_row):
    grid = PlotGrid("many")
    qtbot.addWidget(grid)
    grid.resize(width, 900)
    grid.show()
    x = np.linspace(0.0, 1.0, 5)
    maps = [Image(name, x, x, np.eye(5)) for name in ("data", "model")]
    drawings = [Lines(f"narrow {at}", "", Axis("x"), Axis("y"), [Curve("", x, x)]) for at in range(5)]
    drawings.insert(1, Images("wide", "", Axis("x"), Axis("y"), Axis("rate", "Hz"), maps))
    grid.show_drawings(drawings, "unit 1")
    qtbot.waitUntil(lambda: grid.is_complete and lie_apart(grid.plots))
    places = [plot.geometry() for plot in grid.plots]
    assert len({place.x() for place in places}) == a_row
    assert max(place.width() / place.height() for place in places) < 3.2
    assert len({place.y() for place in places}) == -(-7 // a_row)  # a wide one takes two places; none is left empty but the last
    grid.resize(900, 900)
    qtbot.waitUntil(lambda: len({plot.x() for plot in grid.plots}) == 2)


@pytest.mark.parametrize("wide", [False, True])
def test_no_third_of_a_large_screen_is_left_empty_beside_one_or_two_plots(qtbot, wide):
    grid = PlotGrid("few")
    qtbot.addWidget(grid)
    grid.resize(2300, 900)
    grid.show()
    x = np.linspace(0.0, 1.0, 5)
    lines = [Lines(f"narrow {at}", "", Axis("x"), Axis("y"), [Curve("", x, x)]) for at in range(3)]
    maps = [Image(name, x, x, np.eye(5)) for name in ("data", "model")]
    few = [Images("wide", "", Axis("x"), Axis("y"), Axis("rate", "Hz"), maps)] if wide else lines[:1]
    grid.show_drawings(few, "unit 1")
    qtbot.waitUntil(lambda: grid.is_complete)
    qtbot.wait(50)
    assert grid.plots[0].width() > (0.9 if wide else 0.45) * grid.width()
    grid.show_drawings(lines, "unit 1")
    qtbot.waitUntil(lambda: grid.is_complete and lie_apart(grid.plots))
    assert len({plot.x() for plot in grid.plots}) == 3


def test_the_first_plot_of_a_page_leaves_the_others_their_room(qtbot):
    grid = PlotGrid("many")
    qtbot.addWidget(grid)
    grid.resize(900, 1400)
    grid.show()
    x = np.linspace(0.0, 1.0, 5)
    grid.show_drawings([Lines(f"plot {at}", "", Axis("x"), Axis("y"), [Curve("", x, x)]) for at in range(12)], "unit 1")
    grid._turn.stop()
    qtbot.wait(50)
    assert len(grid.plots) == 1
    assert grid.plots[0].height() < 1.3 * grid.plots[0].minimumHeight()
    grid._turn.start()
    qtbot.waitUntil(lambda: grid.is_complete)
    grid.show_drawings([Lines("plot 0", "", Axis("x"), Axis("y"), [Curve("", x, x)])], "unit 1")
    qtbot.wait(50)
    assert grid.plots[0].height() > 1000


def test_plots_of_a_page_are_filled_again_one_in_each_event_those_in_view_first(qtbot, monkeypatch):
    grid = PlotGrid("many")
    qtbot.addWidget(grid)
    grid.resize(900, 520)
    grid.show()

    def show(unit: int) -> None:
        x = np.linspace(0.0, 1.0, 5)
        grid.show_drawings(
            [Lines(f"plot {at}", f"{unit}", Axis("x"), Axis("y"), [Curve("", x, unit * x)]) for at in range(12)], f"unit {unit}"
        )

    show(1)
    qtbot.waitUntil(lambda: grid.is_complete and lie_apart(grid.plots))
    bar = grid.findChild(QScrollArea, "many_scroll").verticalScrollBar()
    bar.setValue(bar.maximum())
    seen = {plot.objectName() for plot in grid.plots if not plot.visibleRegion().isEmpty()}
    assert 0 < len(seen) < 7
    assert "plot 11" in seen
    filled = []
    monkeypatch.setattr("glmgui.plots.grid.draw", lambda drawing, plot: filled.append(drawing.name) or draw(drawing, plot))
    show(2)
    assert len(filled) == 1
    assert not grid.is_complete
    show(3)  # what the unit before has not come to is first
    assert len(set(filled)) == 2
    qtbot.waitUntil(lambda: grid.is_complete)
    assert set(filled[: len(seen)]) == seen
    assert len(filled) == 13
    assert [plot.title for plot in grid.plots] == ["3"] * 12
    assert {plot.subject for plot in grid.plots} == {"unit 3"}


def test_a_plot_that_moves_or_becomes_one_of_another_kind_never_lies_under_another(qtbot):
    grid = PlotGrid("many")
    qtbot.addWidget(grid)
    grid.resize(900, 520)
    grid.show()
    x = np.linspace(0.0, 1.0, 5)
    lines = [Lines(name, "", Axis("x"), Axis("y"), [Curve("", x, x)]) for name in "ab"]
    image = Images("b", "", Axis("x"), Axis("y"), Axis("rate", "Hz"), [Image("data", x, x, np.eye(5))])
    grid.show_drawings(lines, "unit 1")
    qtbot.waitUntil(lambda: grid.is_complete and lie_apart(grid.plots))
    grid.show_drawings([replace(lines[0], name="new"), *lines], "unit 2")
    cells = grid.findChild(QGridLayout)
    places = [cells.getItemPosition(cells.indexOf(plot)) for plot in grid.plots]
    assert len(set(places)) == len(places)
    qtbot.waitUntil(lambda: grid.is_complete and lie_apart(grid.plots))
    grid.show_drawings([replace(lines[0], name="new"), lines[0], image], "unit 3")
    qtbot.waitUntil(lambda: grid.is_complete and len(grid.findChildren(Plot)) == 3)
    assert isinstance(grid.plots[2], ImagePlot)


def lie_apart(plots) -> bool:
    places = [plot.geometry() for plot in plots]
    return not any(one.intersects(other) for at, one in enumerate(places) for other in places[:at])


def test_plots_are_higher_where_text_is_larger(qtbot, qapp):
    theme.apply(qapp, False)
    grid = PlotGrid("many")
    qtbot.addWidget(grid)
    grid.resize(560, 520)
    grid.show()
    x = np.linspace(0.0, 1.0, 5)
    grid.show_drawings([Lines("one", "", Axis("x"), Axis("y"), [Curve("", x, x)])], "unit 1")
    qtbot.waitUntil(lambda: grid.is_complete)
    before = grid.plots[0].minimumHeight()
    theme.set_zoom(qapp, 2.0)
    try:
        qtbot.waitUntil(lambda: grid.plots[0].minimumHeight() >= 1.9 * before)
    finally:
        theme.set_zoom(qapp, 1.0)
    qtbot.waitUntil(lambda: grid.plots[0].minimumHeight() == before)
