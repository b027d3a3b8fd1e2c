"""Maps of places: one unit of x as long as one of y, and axes no longer than the map."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication

from glmengine.figures.drawing import beyond
from glmgui.drawings.series import Axis, Image
from glmgui.plots import ImagePlot

SIZES = [(1200, 230), (1200, 800), (420, 160), (420, 700)]


def map_plot(qtbot, width: float = 100.0, height: float = 80.0) -> ImagePlot:
    plot = ImagePlot("place", Axis("position.x", "cm"), Axis("position.y", "cm"), Axis("rate", "Hz"), equal=True)
    qtbot.addWidget(plot)
    plot.show()
    x, y = (np.arange(side / 20, side, side / 10) for side in (width, height))
    plot.set_images([Image(title, x, y, np.outer(x, y)) for title in ("data", "model")])
    return plot


def settle(plot: ImagePlot) -> None:
    for _ in range(4):
        QApplication.processEvents()
        plot.scene.prepareForPaint()


@pytest.mark.parametrize("size", SIZES)
def test_axes_say_no_place_where_the_animal_never_was(qtbot, size):
    """Beside a map in a wide plot they went from -90 to 170 cm of a box of 80."""
    plot = map_plot(qtbot)
    for at in (size, (size[0] + 300, size[1] + 200), size):  # and again after it has been larger
        plot.resize(*at)
        settle(plot)
    for area in plot._areas:
        (left, right), (low, high) = area.vb.viewRange()
        assert right - left < 1.5 * 100  # some more where a label would not be whole
        assert high - low < 1.5 * 80
        assert area.vb.width() / (right - left) == pytest.approx(area.vb.height() / (high - low), rel=0.02)
        assert not area.getAxis("bottom").toolTip()  # as it is where a label is cut
    (left, right), (low, high) = plot._areas[0].vb.viewRange()
    if min(size) > 200:
        assert right - left < 1.06 * 100
        assert high - low < 1.06 * 80


def test_a_map_fills_the_side_that_has_least_room(qtbot):
    plot = map_plot(qtbot)
    plot.resize(1200, 800)
    settle(plot)
    used = sum(area.size().width() for area in plot._areas)
    assert used > 0.85 * (plot.view.width() - 100)  # of the colours
    plot.resize(1200, 230)
    settle(plot)
    area = plot._areas[0]
    assert area.size().height() > 0.8 * plot.view.height()


def test_a_long_narrow_place_keeps_an_upright_axis_that_can_be_read(qtbot):
    plot = map_plot(qtbot, 200.0, 4.0)
    plot.resize(900, 400)
    settle(plot)
    assert all(area.vb.height() >= 60 for area in plot._areas)
    assert not plot._areas[0].getAxis("left").toolTip()


def test_a_scale_of_colours_says_what_lies_beyond_its_ends(qtbot):
    plot = map_plot(qtbot)
    values = [np.asarray(image.values) for image in plot.images]
    whole = plot._bar.getAxis("right").labelText
    assert "up to" not in whole
    plot.set_images(plot.images, levels=(0.0, 5000.0))
    highest = max(float(one.max()) for one in values)
    assert f"&gt; 5000: up to {highest:.4g}" in plot._bar.getAxis("right").labelText
    plot.set_images(plot.images)
    assert plot._bar.getAxis("right").labelText == whole
    assert beyond(np.array([np.nan, -2.0, 7.0]), (0.0, 5.0)) == ("< 0: down to -2", "> 5: up to 7")
    assert beyond(np.array([0.0, 5.0]), (0.0, 5.0)) == ("", "")
    assert beyond(np.array([np.nan]), (0.0, 5.0)) == ("", "")
    assert beyond(np.array([np.inf, 7.0]), (0.0, 5.0)) == ("", "> 5: up to 7")
    assert beyond(np.empty((0, 3)), (0.0, 5.0)) == ("", "")
