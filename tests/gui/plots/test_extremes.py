"""Long series are drawn by their extremes: no peak is lost, no gap is bridged, and no more points than pixels can show."""

import numpy as np
import pytest
from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QColor, QImage, QPainter

from glmgui.drawings.extremes import extremes_of, interrupted, thinned, turning_extremes
from glmgui.drawings.series import TIME, Axis, Curve, long_curve
from glmgui.plots import LinePlot, RatePlot
from glmgui.plots.points import PointsItem
from glmgui.plots.style import GREYED

X = np.arange(300_000) * 0.01
Y = np.sin(X / 100)
Y[123_456] = 9.0
Y[200_000:220_000] = np.nan


@pytest.mark.parametrize(("start", "stop"), [(0.0, 3000.0), (1000.0, 1500.0), (1234.0, 1235.0), (-50.0, 10.0)])
def test_a_stretch_has_its_extremes_and_few_points(start, stop):
    x, y = extremes_of(X, Y).between(start, stop, 800)
    seen = Y[(start <= X) & (stop >= X)]
    assert len(x) == len(y) <= 3 * 802
    assert len(np.unique(x)) > min(len(seen), 800) // 2, "coarser than it could be drawn"
    assert np.nanmax(y) == pytest.approx(np.nanmax(seen), abs=0.01)
    assert np.nanmin(y) == pytest.approx(np.nanmin(seen), abs=0.01)


def test_a_gap_is_not_bridged_at_any_level():
    detail = extremes_of(X, Y)
    assert len(detail.levels) >= 2
    for x, y in detail.levels:
        inside = (x >= X[200_000]) & (x < X[219_990])
        assert np.isnan(y[inside]).any(axis=1).all()
    assert detail.range == (pytest.approx(-1.0, abs=1e-3), 9.0)
    assert np.isnan(extremes_of(X[:5], np.full(5, np.nan)).range).all()


@pytest.mark.parametrize("begins", [48_000, 48_003, 48_015, 49_152])
@pytest.mark.parametrize("most", [100, 800, 5000])
def test_one_missing_sample_parts_what_lies_beside_it(begins, most):
    """Series with a gap have one at its end; where a group began with it, the line went across."""
    y = np.where(np.arange(100_000) < begins, 0.0, 1.0)
    y[begins] = np.nan
    x = np.arange(100_000) + np.where(np.arange(100_000) < begins, 0.0, 5000.0)
    for limits in ((0.0, 105_000.0), (begins - 20_000.0, begins + 20_000.0)):
        at, drawn = extremes_of(x, y).between(*limits, most)
        assert not ((np.diff(at) >= 5000) & np.isfinite(np.diff(drawn))).any(), "from one side of the gap to the other"


def test_time_that_jumps_interrupts_the_line():
    x, y = interrupted(np.array([0.0, 1.0, 2.0, 7.0, 8.0]), np.ones(5))
    assert x.tolist() == [0, 1, 2, 2, 7, 8]
    assert np.isnan(y).tolist() == [False, False, False, True, False, False]


def test_thinned_keeps_peaks_of_every_column():
    columns = np.column_stack([Y, np.zeros(len(Y))])
    x, y = thinned(X, columns, 10_000)
    assert len(x) <= 10_002
    assert np.nanmax(y[:, 0]) == 9.0
    assert thinned(X[:10], columns[:10], 100)[0] is not None
    np.testing.assert_array_equal(thinned(X[:10], columns[:10], 100)[1], columns[:10])


def test_an_hour_of_a_rate_is_drawn_by_pixels_and_read_under_the_mouse(qtbot):
    plot = RatePlot()
    qtbot.addWidget(plot)
    plot.resize(600, 250)
    plot.show()
    plot.set_rates([long_curve("observed", X, Y, colour="data"), long_curve("model", X, np.zeros(len(X)))])
    plot.show_all()
    drawn, _ = plot._items[0].getOriginalDataset()
    assert len(drawn) <= 6 * 600
    plot.area.setXRange(1234.0, 1235.0, padding=0)
    drawn, heights = plot._items[0].getOriginalDataset()
    assert len(drawn) <= 110
    assert heights.max() == 9.0
    plot.area.setYRange(-2, 10)
    plot.scene.prepareForPaint()
    assert "observed 9" in plot._readout(plot.area.vb.mapViewToScene(QPointF(1234.56, 0.0)))
    assert len(plot.numbers()["time (s)"]) == np.isfinite(Y).sum() + np.isnan(Y).sum()


def test_a_plot_of_long_series_fits_its_height_to_all_of_them(qtbot):
    plot = LinePlot("", TIME, Axis("value"), dense=True)
    qtbot.addWidget(plot)
    plot.set_curves([long_curve("", X, Y), Curve("spikes", X[:3], np.array([-3.0, 0, 1]), look="points")])
    plot.show_height()
    low, high = plot.area.vb.viewRange()[1]
    assert low < -3.0
    assert high > 9.0
    before = plot.area.vb.viewRange()[1]
    plot.area.setXRange(0, 10, padding=0)
    assert plot.area.vb.viewRange()[1] == before


def test_points_are_painted_in_view_only_and_known_to_the_axes(qtbot):
    plot = LinePlot("", TIME, Axis("value"), dense=True)
    qtbot.addWidget(plot)
    plot.resize(400, 200)
    plot.show()
    x = np.linspace(0, 100, 5000)
    plot.set_curves([Curve("spikes", x, np.where(x < 50, 1.0, np.nan), look="points", colour=1)])
    (item,) = (one for one in plot.area.items if isinstance(one, PointsItem))
    assert len(item.getData()[0]) == 2500
    assert item.dataBounds(0) == (0.0, pytest.approx(50, abs=0.1))
    assert PointsItem(x[:2], np.full(2, np.nan), plot.colours.ink, 3).dataBounds(1) is None
    plot.area.setYRange(0, 2)

    def painted(start: float, stop: float) -> int:
        plot.area.setXRange(start, stop, padding=0)
        image = plot.view.grab().toImage()
        wanted = plot.colours.of(1).rgb()
        return sum(image.pixel(at, row) == wanted for at in range(0, image.width(), 2) for row in range(0, image.height(), 1))

    assert painted(0, 40) > 50
    assert painted(60, 100) == 0


def test_points_over_each_other_are_as_pale_as_one_where_they_answer_an_earlier_question(qtbot):
    plot = LinePlot("", TIME, Axis("value"), dense=True)
    qtbot.addWidget(plot)
    plot.resize(400, 200)
    plot.show()
    plot.set_curves([Curve("decoded", np.full(500, 50.0), np.full(500, 1.0), look="points", colour=1)])
    plot.area.setRange(xRange=(0, 100), yRange=(0, 2))

    def colours() -> set[int]:
        image = plot.view.grab().toImage()
        return {image.pixel(x, y) for x in range(image.width()) for y in range(image.height())}

    full = plot.colours.of(1)
    assert full.rgb() in colours()
    plot.set_greyed(True)
    ground = plot.colours.ground
    pale = [round(GREYED * own + (1 - GREYED) * below) for own, below in zip(full.getRgb()[:3], ground.getRgb()[:3], strict=True)]
    assert full.rgb() not in colours()
    assert QColor(*pale).rgb() in colours()


@pytest.mark.parametrize("ratio", [1, 2])
def test_points_are_as_large_on_screens_of_any_resolution(qtbot, ratio):
    plot = LinePlot("", TIME, Axis("value"))
    qtbot.addWidget(plot)
    plot.set_curves([Curve("spikes", np.array([20.0]), np.array([10.0]), look="points", colour=1)])
    plot.area.setXRange(0, 100)
    (item,) = (one for one in plot.area.items if isinstance(one, PointsItem))
    image = QImage(40 * ratio, 20 * ratio, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(Qt.GlobalColor.black)
    painter = QPainter(image)
    item.paint(painter)
    painter.end()
    painted = [image.pixelColor(x, y).value() > 0 for x in range(image.width()) for y in range(image.height())]
    assert sum(painted) == (3 * ratio) ** 2


def test_bars_of_angles_hold_what_was_passed_and_nothing_across_the_circle():
    x = np.arange(20_000) * 0.01
    y = (0.3 * np.sin(x)) % (2 * np.pi)  # to and fro over 0: at each crossing a jump of a whole turn
    drawn = turning_extremes(x, y)
    _, few = drawn.between(0.0, 200.0, 300)
    known = few[np.isfinite(few)]
    away = np.abs(np.angle(np.exp(1j * known)))
    assert away.max() <= 0.3 + 1e-9
    assert away.max() > 0.29
    assert np.nanmax(np.abs(np.diff(few))) < 1.0, "no bar goes from one side of the circle to the other"
    _, all_of_them = drawn.between(0.0, 2.0, 300)
    assert np.nanmax(np.abs(np.diff(all_of_them))) < 1.0
    np.testing.assert_array_equal(drawn.y[np.isfinite(drawn.y)], y)
    assert drawn.range == (0.0, 2 * np.pi)
    for most in (100, 700):  # in as many bars as there is room for, not in the half of them, and up to the end
        places, few = drawn.between(0.0, 200.0, most)
        assert 0.8 * most < len(few) / 6 <= most + 1
        assert places[~np.isnan(few)].max() == x[-1]


def test_bars_of_angles_that_turn_round_reach_all_the_way_and_gaps_stay_gaps():
    x = np.arange(20_000) * 0.01
    y = (3.0 * x) % (2 * np.pi) - np.pi
    y[5_000:10_000] = np.nan
    drawn = turning_extremes(x, y)
    places, few = drawn.between(0.0, 200.0, 200)
    assert (np.nanmin(few), np.nanmax(few)) == (-np.pi, np.pi)
    assert np.isnan(few[(places > 56) & (places < 94)]).all()
    assert len(few) <= 6 * 202
