"""Plots show what they were given, read it under the mouse, and save it as figures and as numbers."""

from __future__ import annotations

import csv
import re
from dataclasses import replace

import numpy as np
import pyqtgraph as pg
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, QRectF, QSizeF, Qt, QThread
from qtpy.QtGui import QColor, QFont, QGuiApplication, QImage, QPainter, QPalette, QPicture, QWheelEvent
from qtpy.QtWidgets import QApplication

from glmengine.errors import GlmError
from glmengine.figures.drawn import draw_drawing
from glmengine.io.files.whole import write_whole
from glmgui import theme
from glmgui.drawings.mosaic import mosaic_of
from glmgui.drawings.series import long_curve, told_apart
from glmgui.figure_desk import figure_desk
from glmgui.notices import notices
from glmgui.plots import (
    Axis,
    Curve,
    Image,
    ImagePlot,
    LinePlot,
    MosaicPlot,
    RasterPlot,
    RatePlot,
    ScorePlot,
    TimeLine,
    base,
    export,
    save_numbers,
    save_plot,
    style,
)
from glmgui.plots.axis import NamedAxis
from glmgui.plots.inside_text import InsideText
from glmgui.plots.named_bars import NamedBars
from glmgui.plots.polar import PolarPlot, clear_place
from glmgui.plots.timeline import merged
from glmgui.work.figure_making import FigureMaking


def tuning(qtbot) -> LinePlot:
    plot = LinePlot("Tuning", Axis("speed", "cm/s"), Axis("rate", "Hz"))
    qtbot.addWidget(plot)
    plot.resize(420, 300)
    plot.show()
    x = np.linspace(0, 40, 20)
    y = 5 + np.sin(x / 5)
    plot.set_curves([Curve("model", x, y, y - 1, y + 1), Curve("data", x, y + 0.3, look="dots", colour="data")])
    return plot


def test_what_is_under_the_mouse_has_the_room_of_the_title_and_gives_it_back(qtbot):
    """It lost its beginning: 'ne relative to trials.stop -170 ms: ...'."""
    plot = tuning(qtbot)
    plot.resize(600, 300)
    plot.set_title("A title of a plot that needs nearly all of the room that there is above it")
    QApplication.processEvents()
    read, at = plot._read, scene_point(plot, 20.0, 5)
    assert not read.isVisible()
    plot.scene.sigMouseMoved.emit(at)
    whole = plot._readout(QPointF(at))
    assert read.isVisible()
    assert read.shown() == read.text() == whole
    assert read.geometry().right() < plot._save.x()
    plot.resize(150, 300)
    QApplication.processEvents()
    plot.scene.sigMouseMoved.emit(at)
    assert read.x() >= 0
    QApplication.sendEvent(plot.view.viewport(), QEvent(QEvent.Type.Leave))
    assert not read.isVisible()


def test_a_title_that_is_too_long_for_a_line_goes_on_in_a_second_one(qtbot):
    """It ended in dots: 'head_direction: effect alone, 95 ...'."""
    plot = tuning(qtbot)
    title = plot._title
    plot.set_title("head_direction: effect alone, 95 % band")
    qtbot.waitUntil(lambda: title.shown() == "head_direction: effect alone, 95\u00a0% band")
    low = title.height()
    plot.resize(title.fontMetrics().horizontalAdvance("head_direction: effect alone,") + 80, 300)
    qtbot.waitUntil(lambda: title.height() > low)
    assert title.shown() == "head_direction:\neffect alone, 95\u00a0% band"
    assert title.height() >= 2 * title.fontMetrics().lineSpacing()
    plot.set_title("hd")
    qtbot.waitUntil(lambda: title.height() == low)
    plot.set_title(
        "head_direction \u00d7 speed \u00d7 theta_phase \u00d7 position: effect alone, 95 % band, of all of the recording"
    )
    qtbot.waitUntil(lambda: title.height() > low)
    title.grab()
    assert title.shown().count("\n") == 1
    assert title.shown().endswith("\u2026")
    assert title.toolTip().startswith(plot.title)


def scene_point(plot, x: float, y: float) -> QPointF:
    plot.scene.prepareForPaint()
    return plot.area.vb.mapViewToScene(QPointF(x, y))


def rows_of(path) -> list[list[str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_axes_carry_their_unit(qtbot):
    plot = tuning(qtbot)
    assert "speed (cm/s)" in plot.area.getAxis("bottom").labelString()
    assert "rate (Hz)" in plot.area.getAxis("left").labelString()


def test_numbers_on_axes_are_never_scaled(qtbot):
    plot = tuning(qtbot)
    for factor in (1e-4, 1e9):
        plot.set_curves([Curve("", np.linspace(0, 1, 5) * factor, np.linspace(0, 1, 5) * factor)])
        plot.set_axes(Axis("lag", "s"), Axis("value"))
        plot.scene.prepareForPaint()
        assert [plot.area.getAxis(side).autoSIPrefixScale for side in ("bottom", "left")] == [1.0, 1.0]


def test_the_nearest_numbers_are_read_out_with_their_band(qtbot):
    plot = tuning(qtbot)
    curve = plot.curves[0]
    text = plot._readout(scene_point(plot, curve.x[7] + 0.1, 5))
    assert f"{curve.x[7]:.4g}\u2009cm/s" in text
    assert f"model {curve.y[7]:.4g}\u2009Hz [{curve.low[7]:.3g}, {curve.high[7]:.3g}]" in text
    assert "data" in text
    plot.set_curves([replace(curve, name="model, 95 % band")])
    assert f"model {curve.y[7]:.4g}" in plot._readout(scene_point(plot, curve.x[7] + 0.1, 5)), (
        "the ends of the band are read beside it"
    )


def test_a_band_far_above_its_curve_runs_out_of_the_view(qtbot):
    plot = tuning(qtbot)
    curve = plot.curves[0]
    high = curve.y + 1
    high[4] = 6e41
    plot.set_curves([Curve("model", curve.x, curve.y, curve.y - 1, high)], cut_bands=True)
    most = 3 * curve.y.max()
    assert most <= plot.area.vb.viewRange()[1][1] < 1.1 * most
    assert plot.numbers()["model high (Hz)"].max() == 6e41
    assert draw_drawing(plot.drawing()).axes[0].get_ylim()[1] == pytest.approx(most)
    plot.set_curves([Curve("model", curve.x, curve.y, curve.y - 1, curve.y + 1)], cut_bands=True)
    plot.scene.prepareForPaint()
    assert plot.area.vb.viewRange()[1][1] < 1.1 * (curve.y + 1).max()


def test_numbers_are_saved_exactly(qtbot, tmp_path):
    plot = tuning(qtbot)
    path = save_numbers(plot.numbers(), tmp_path / "tuning.csv")
    heading, *rows = rows_of(path)
    assert heading == ["speed (cm/s)", "model (Hz)", "model low (Hz)", "model high (Hz)", "data (Hz)"]
    values = np.array(rows, dtype=float)
    np.testing.assert_array_equal(values[:, 1], plot.curves[0].y)
    np.testing.assert_array_equal(values[:, 4], plot.curves[1].y)


def test_numbers_are_made_when_they_are_written_of_what_was_drawn_when_they_were_asked_for(qtbot, tmp_path, monkeypatch):
    """Those of an hour at 1 ms held up the window for a quarter of a second."""
    plot, before = tuning(qtbot), tuning(qtbot).numbers()
    handed: list = []

    def take(_plot, path, write):
        handed.append(write)

    figure_desk().file_asked.connect(take)
    monkeypatch.setattr(base, "file_to_save", lambda *_: (str(tmp_path / "a.csv"), ""))
    with monkeypatch.context() as inside:
        inside.setattr(type(plot), "numbers", lambda self: pytest.fail("made at once"))
        plot.ask_and_save_numbers()
    figure_desk().file_asked.disconnect(take)
    plot.set_curves([])
    heading, *rows = rows_of(handed[0]())
    assert heading == list(before)
    np.testing.assert_array_equal(np.array(rows, dtype=float)[:, 1], before["model (Hz)"])


def test_numbers_that_are_too_many_to_copy_are_not_made(qtbot, monkeypatch):
    raster = RasterPlot("Spikes", name="raster")
    qtbot.addWidget(raster)
    raster.set_spikes({name: np.linspace(0, 9, 60_000) for name in "ab"}, (0.0, 10.0))
    assert raster.rows_at_least() == len(raster.numbers()["unit"]) == 120_000
    raster.area.setXRange(2.0, 4.0, padding=0)
    assert raster.rows_at_least() == pytest.approx(len(raster.numbers()["unit"]), abs=4)
    raster.area.setXRange(0.0, 10.0, padding=0)
    monkeypatch.setattr(RasterPlot, "numbers", lambda self: pytest.fail("made to be refused"))
    with qtbot.waitSignal(notices().noticed) as said:
        raster.copy_numbers()
    assert "not copied" in said.args[0].text


def test_curves_over_different_x_are_saved_one_row_a_point(qtbot):
    plot = tuning(qtbot)
    plot.set_curves([Curve("a", np.arange(3.0), np.ones(3)), Curve("b", np.arange(2.0), np.zeros(2), np.zeros(2), np.ones(2))])
    table = plot.numbers()
    assert list(table["curve"]) == ["a", "a", "a", "b", "b"]
    assert np.isnan(table["low (Hz)"][:3]).all()


@pytest.mark.parametrize("ending", ["svg", "pdf", "png"])
def test_figures_are_saved_on_white_from_a_dark_window(qtbot, tmp_path, ending):
    plot = tuning(qtbot)
    dark = QPalette(plot.palette())
    dark.setColor(QPalette.ColorRole.Base, QColor("#1e1e1e"))
    dark.setColor(QPalette.ColorRole.Text, QColor("#e0e0e0"))
    plot.setPalette(dark)
    assert plot.colours.ground == QColor("#1e1e1e")
    path = save_plot(plot, tmp_path / f"figure.{ending}")
    content = path.read_bytes()
    if ending == "svg":
        text = content.decode()
        assert re.search(r"<text[^>]*>[^<]*speed \(cm/s\)", text), "labels must stay text"
        assert "#e0e0e0" not in text
    elif ending == "pdf":
        assert content.startswith(b"%PDF")
        assert b"/Font" in content
    else:
        image = QImage(str(path))
        assert image.width() > 1.5 * plot.view.width()
        assert image.pixelColor(1, 1) == QColor("white")
    assert plot.colours.ground == QColor("#1e1e1e"), "the window keeps its own colours"
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_the_name_of_a_file_says_of_whom_it_is_once(qtbot):
    plot = tuning(qtbot)
    for subject, title, name in (
        ("unit 3", "speed", "unit_3_speed"),
        ("unit 3", "speed: rate of unit 3", "speed_rate_of_unit_3"),
        ("unit 1", "lag after a spike of unit 12", "unit_1_lag_after_a_spike_of_unit_12"),
        ("", "speed", "speed"),
    ):
        plot.subject = subject
        plot.set_title(title)
        assert plot.proposed_name == name


def test_the_menu_saves_under_a_telling_name_in_the_worker_and_says_what_went_wrong(
    qtbot, qapp, tmp_path, monkeypatch, document, jobs, settings, questions
):
    plot = tuning(qtbot)
    plot.subject = "unit 3"
    folder = tmp_path / "figures"
    folder.mkdir()
    making = FigureMaking(document, jobs, settings, questions)
    proposed, threads = [], []

    def write(path, content):
        threads.append(QThread.currentThread())
        write_whole(path, content)

    def take(asking, path, what):
        assert asking is plot
        making.write_file(path, what)

    def choose(parent, title, path, kinds):
        proposed.append(path)
        return str(folder / "chosen"), kinds.split(";;")[-1]

    monkeypatch.setattr(base, "file_to_save", choose)
    monkeypatch.setattr(export, "write_whole", write)
    figure_desk().file_asked.connect(take)
    monkeypatch.setattr(figure_desk(), "folder", lambda: str(making.folder))  # as the window says it
    actions = {action.text(): action for action in plot._save.menu().actions()}
    with qtbot.waitSignal(making.made):
        actions["Save figure as on screen\u2026"].trigger()
    with qtbot.waitSignal(making.made):
        actions["Save numbers\u2026"].trigger()
    assert sorted(file.name for file in folder.iterdir()) == ["chosen.csv", "chosen.png"]
    assert proposed[0].endswith("unit_3_tuning.svg")
    assert proposed[1] == str(folder / "unit_3_tuning.csv"), "in the folder that was saved to last"
    monkeypatch.setattr(base, "file_to_save", lambda *_: (str(folder / "absent" / "figure.svg"), "SVG"))
    with qtbot.waitSignal(jobs.failed) as failed:
        actions["Save figure as on screen\u2026"].trigger()
    assert "cannot be written" in failed.args[1]
    assert len(threads) == 3
    assert qapp.thread() not in threads
    figure_desk().file_asked.disconnect(take)


def test_a_figure_that_cannot_be_written_says_so_and_leaves_nothing(qtbot, tmp_path):
    plot = tuning(qtbot)
    with pytest.raises(GlmError, match="SVG, PDF or PNG"):
        save_plot(plot, tmp_path / "figure.gif")
    with pytest.raises(GlmError, match="cannot be written"):
        save_plot(plot, tmp_path / "absent" / "figure.svg")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("samples", [60, 4_000])
def test_a_long_line_on_paper_is_painted_in_pixels_and_looks_the_same(qtbot, monkeypatch, samples):
    x = np.linspace(0.0, 100.0, samples)
    y = 10 + 8 * np.sin(40 * x) * np.cos(x)
    y[samples // 3 : samples // 2] = np.nan
    plot = RatePlot()
    qtbot.addWidget(plot)
    plot.resize(300, 160)
    plot.show()
    plot.set_rates([long_curve("rate", x, y)])
    plot.show_all()

    def picture() -> np.ndarray:
        plot.copy_figure()
        image = QGuiApplication.clipboard().image().convertToFormat(QImage.Format.Format_Grayscale8)
        pixels = image.constBits().asarray(image.sizeInBytes())
        return np.frombuffer(pixels, np.uint8).reshape(image.height(), -1)[:, : image.width()].astype(float)

    in_pixels = picture()
    monkeypatch.setattr("glmgui.plots.long_line._Segments.paint", pg.PlotCurveItem.paint)
    assert (in_pixels < 200).mean() > 0.01
    assert abs(in_pixels - picture()).mean() < 0.03 * (255 - in_pixels).mean()  # edges apart


def test_other_labels_are_written_beside_the_images_that_are_there(qtbot):
    plot = ImagePlot("", Axis("x", "cm"), Axis("y", "cm"), Axis("rate", "Hz"))
    qtbot.addWidget(plot)
    at = np.arange(3.0)
    plot.set_images([Image("a", at, at, np.eye(3)), Image("b", at, at, np.eye(3))])
    areas = list(plot._areas)
    plot.set_axes(Axis("angle", "rad"), Axis("side", names=("left", "right", "none")), Axis("time spent", "s"), equal=False)
    plot.set_images([Image("c", at, at, np.eye(3)), Image("", at, at, np.ones((3, 3)))])
    assert plot._areas == areas
    assert [area.getAxis("bottom").labelText for area in areas] == ["angle (rad)"] * 2
    assert areas[0].getAxis("left")._names == {1.0: "left", 2.0: "right", 3.0: "none"}
    assert plot._bar.getAxis("right").labelText == "time spent (s)"
    assert [area.titleLabel.isVisible() for area in areas] == [True, False]
    assert areas[0].titleLabel.text == "c"
    plot.set_images([Image("c", at, at, np.eye(3))])
    assert len(plot._areas) == 1


def test_images_share_one_scale_and_are_read_by_cell(qtbot):
    plot = ImagePlot("Place", Axis("x", "cm"), Axis("y", "cm"), Axis("rate", "Hz"), equal=True)
    qtbot.addWidget(plot)
    plot.resize(600, 300)
    plot.show()
    x, y = np.linspace(5, 95, 10), np.linspace(2.5, 47.5, 10)
    values = np.add.outer(np.arange(10.0), np.zeros(10))
    blank = values * 2
    blank[0, 0] = np.nan
    plot.set_images([Image("data", x, y, blank), Image("model", x, y, values)])
    assert plot.levels == (0.0, 18.0)
    assert all(area.vb.state["aspectLocked"] for area in plot._areas)
    plot.scene.prepareForPaint()
    assert plot._areas[0].width() == pytest.approx(plot._areas[1].width(), abs=1)
    for area in plot._areas:
        (left, right), (low, high) = area.vb.viewRange()
        assert left <= 0 < 100 <= right
        assert low <= 0 < 50 <= high
    at = plot._areas[1].vb.mapViewToScene(QPointF(35.0, 20.0))
    assert plot._readout(at).endswith("model 3\u2009Hz")
    at = plot._areas[0].vb.mapViewToScene(QPointF(5.0, 2.0))
    assert plot._readout(at).endswith("data no data")
    table = plot.numbers()
    assert list(table) == ["image", "x (cm)", "y (cm)", "rate (Hz)"]
    assert len(table["image"]) == 200


def test_a_mosaic_keeps_every_function_with_its_own_axes(qtbot):
    plot = MosaicPlot("Basis")
    qtbot.addWidget(plot)
    values = np.arange(6 * 4 * 3, dtype=float).reshape(6, 4, 3)
    plot.set_mosaic(mosaic_of(np.arange(4.0), np.arange(3.0), values, 2, Axis("x", "cm"), Axis("y", "cm")))
    table = plot.numbers()
    assert sorted(set(table["image"])) == [str(number) for number in range(1, 7)]
    np.testing.assert_array_equal(table["value"], values.ravel())
    plot.show()
    plot.scene.prepareForPaint()
    at = plot._areas[0].vb.mapViewToScene(QPointF(2.1, 3.1))  # the second along x, the third along y
    assert plot._readout(at) == f"function 6,  x 2\u2009cm, y 1\u2009cm:  {values[5, 2, 1]:.3g}"
    assert np.shape(plot.images[0].values) == (2 * 4 + 1, 3 * 3 + 2)


def test_epochs_and_a_selection_that_are_the_same_are_not_drawn_again(qtbot):
    line, bars = TimeLine("Time"), ScorePlot("Held out", Axis("deviance explained"))
    for plot in (line, bars):
        qtbot.addWidget(plot)
    pieces = {"all": np.array([[0.0, 10.0]]), "first": np.array([[0.0, 5.0]])}
    line.set_epochs(pieces, ["all"], (0.0, 10.0))
    bars.set_scores({"a": 0.1, "b": 0.2}, Axis("deviance explained"))
    bars.set_selected("a")

    def drawn():
        return [item for plot in (line, bars) for item in plot.area.items]

    before = drawn()
    line.set_epochs({name: one.copy() for name, one in pieces.items()}, ("all",), (0.0, 10.0))
    bars.set_selected("a")
    assert drawn() == before
    line.set_epochs(pieces, ["first"], (0.0, 10.0))
    assert drawn()[:2] != before[:2]
    line.set_epochs({"all": pieces["all"]}, ["first"], (0.0, 10.0))
    assert len(line.area.items) == 1
    bars.set_selected("b")
    assert any("unit b" in item.textItem.toPlainText() for item in bars.area.items if isinstance(item, InsideText))


LONG = "神経細胞_" + "x" * 295


@pytest.mark.parametrize("width", [84.0, 160.0])
def test_names_beside_an_axis_of_one_width_are_cut_and_none_is_left_out(qtbot, width):
    line = TimeLine("Time")
    qtbot.addWidget(line)
    axis = line.area.getAxis("left")
    axis.setWidth(width)
    line.resize(600, 160)
    line.show()
    whole = {"all": np.array([[0.0, 10.0]]), "reward consumption": np.array([[0.0, 5.0]])}
    line.set_epochs(whole, ["all"], (0.0, 10.0))
    line.set_epochs({**whole, LONG: np.array([[2.0, 5.0]])}, ["all"], (0.0, 10.0))
    axis.picture = None
    painted = QPainter(picture := QPicture())
    *_, texts = axis.generateDrawSpecs(painted)
    painted.end()
    assert not picture.isNull()
    written = [text for _, _, text in texts]
    assert len(written) == 3
    assert "all" in written
    assert all(text.startswith(("all", "rew", "神経")) for text in written)
    assert axis.width_of_names() > 300


def test_a_raster_shows_density_where_ticks_run_together_and_a_click_picks(qtbot):
    plot = RasterPlot()
    qtbot.addWidget(plot)
    plot.resize(400, 200)
    plot.show()
    times = {"7": np.sort(np.random.default_rng(0).uniform(0, 100, 50_000)), "9": np.array([50.0])}
    plot.set_spikes(times, (0.0, 100.0))
    assert plot._density.isVisible()
    assert plot.scale.isVisible()
    assert plot.scale.words == ("no spike", "most of each unit")
    start, stop, cells = plot._seen
    width = (stop - start) / cells
    assert f"Spikes in {width:.2g}\u2009s" in plot.scale.toolTip()
    at = start + width * (np.floor((30.0 - start) / width) + 0.5)
    inside = np.count_nonzero(np.abs(times["7"] - at) <= width / 2)
    assert f"{inside:,} in {width:.2g}\u2009s of 50,000 spikes" in plot._readout(scene_point(plot, at, 1))
    with plot.painted_for_paper():
        assert plot.area.getAxis("bottom").labelText == "time (s); white: no spike, black: most of each unit"
    assert plot.area.getAxis("bottom").labelText == "time (s)"
    plot.area.setXRange(49.9, 50.1, padding=0)
    assert not plot._density.isVisible()
    assert not plot.scale.isVisible()
    inside = sum(((values >= 49.9) & (values <= 50.1)).sum() for values in times.values())
    assert 0.5 * inside < len(plot._ticks.getData()[0]) / 2 <= inside
    with qtbot.waitSignal(plot.picked) as picked:
        at = plot.view.mapFromScene(scene_point(plot, 50, 0))
        qtbot.mouseClick(plot.view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert picked.args == ["9"]
    plot.area.setXRange(49, 51, padding=0)
    assert set(plot.numbers()["unit"]) == {"7", "9"}
    assert plot.numbers()["spike time (s)"].min() >= 49


def test_rates_are_interrupted_where_time_jumps_and_scroll(qtbot):
    plot = RatePlot()
    qtbot.addWidget(plot)
    plot.resize(500, 250)
    plot.show()
    time = np.concatenate([np.arange(0, 50, 0.1), np.arange(80, 100, 0.1)])
    observed = np.where((time > 22) & (time < 40), 5.0, 1.0)
    plot.set_rates([long_curve("observed", time, observed, colour="data"), long_curve("model", time, np.full(len(time), 2.0))])
    assert np.isnan(plot.curves[0].y).sum() == 1
    start, stop = plot.area.vb.viewRange()[0]
    assert stop - start == pytest.approx(20)
    assert 18 <= start <= 22.2, "begins where there is most to be seen"
    plot._bar.setValue(plot._bar.maximum())
    assert plot.area.vb.viewRange()[0][1] == pytest.approx(time[-1], abs=0.1)
    assert len(plot.numbers()["time (s)"]) == len(time)


def test_a_double_click_shows_everything_again(qtbot):
    plot = tuning(qtbot)
    plot.area.setXRange(10, 12)
    at = plot.view.mapFromScene(scene_point(plot, 11, 5))
    qtbot.mouseClick(plot.view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    qtbot.mouseDClick(plot.view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    qtbot.waitUntil(lambda: plot.area.vb.viewRange()[0][0] <= 0 and plot.area.vb.viewRange()[0][1] >= 40, timeout=5_000)


def test_scores_are_sorted_with_missing_ones_last(qtbot):
    plot = ScorePlot("Held out", Axis("deviance explained"))
    qtbot.addWidget(plot)
    plot.resize(400, 200)
    plot.show()
    plot.set_scores({"a": 0.1, "b": float("nan"), "c": 0.4}, Axis("deviance explained"))
    assert list(plot.numbers()["unit"]) == ["c", "a", "b"]
    axis = plot.area.getAxis("bottom")
    assert axis.tickStrings(axis.tickValues(0.2, 6.8, 340)[0][1], 1.0, 1.0) == ["c", "a", "b"], "units, and not their ranks"
    with qtbot.waitSignal(plot.picked) as picked:
        qtbot.mouseClick(plot.view.viewport(), Qt.MouseButton.LeftButton, pos=plot.view.mapFromScene(scene_point(plot, 2, 0.05)))
    assert picked.args == ["a"]


def test_the_name_of_the_selected_unit_stands_on_its_bar_and_covers_none(qtbot):
    plot = ScorePlot("Held out", Axis("deviance explained"))
    qtbot.addWidget(plot)
    plot.resize(500, 300)
    plot.show()
    scores = {f"grid{at}": 0.5 - 0.04 * at for at in range(11)}
    plot.set_scores(scores, Axis("deviance explained"))
    for at in (0, 5, 10):
        plot.set_selected(f"grid{at}")
        words = plot._mark
        left = (
            words.pos().x()
            if words.anchor.x() == 0
            else words.pos().x() - words.boundingRect().width() * plot.area.vb.viewPixelSize()[0]
        )
        first = max(int(left + 0.5), 1)
        assert words.pos().y() == pytest.approx(scores[f"grid{min(first, at + 1) - 1}"]), "on the highest bar below it"
        assert abs(words.pos().x() - (at + 1)) <= 0.5
    assert plot._mark.anchor.x() == 1, "at the right end it reaches to the left"


def test_dragging_on_the_time_line_draws_an_interval(qtbot):
    plot = TimeLine()
    qtbot.addWidget(plot)
    plot.resize(500, 160)
    plot.show()
    plot.set_epochs({"all": [[0, 100]], "run": [[10, 30], [60, 90]]}, ["all"], (0.0, 100.0))
    plot.set_drawing(True)
    viewport = plot.view.viewport()
    start, stop = (plot.view.mapFromScene(scene_point(plot, x, 0.5)) for x in (20, 45))
    with qtbot.waitSignal(plot.intervals_changed) as changed:
        qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
        qtbot.mouseMove(viewport, pos=(start + stop) / 2)
        qtbot.mouseMove(viewport, pos=stop)
        qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=stop)
    ((drawn,),) = changed.args
    assert drawn == pytest.approx((20, 45), abs=0.5)
    assert list(plot.numbers()["epoch"]) == ["all", "run", "run", "drawn"]


def test_overlapping_intervals_are_one():
    assert merged([(5, 6), (1, 3), (2, 4), (4, 5)]) == ((1, 6),)
    assert merged([(3, 4), (1, 2)]) == ((1, 2), (3, 4))


def test_a_map_that_was_filled_while_small_fills_its_area_when_it_grows(qtbot):
    """Maps of places once shrank to a stamp: filled behind another step, and shown later."""
    plot = ImagePlot("place", Axis("x", "cm"), Axis("y", "cm"), Axis("rate", "Hz"), equal=True)
    qtbot.addWidget(plot)
    plot.resize(140, 500)
    x = np.linspace(-50, 50, 20)
    plot.show()
    plot.set_images([Image("data", x, x, np.outer(x, x)), Image("model", x, x, np.outer(x, x))])
    plot.resize(900, 300)
    qtbot.wait(50)
    (left, right), (low, high) = plot._areas[0].vb.viewRange()
    assert min(right - left, high - low) < 120, "one side of the map fills the area"


def test_the_ends_of_a_bar_of_colours_are_numbered_after_it_was_hidden_while_the_colours_changed(qtbot, qapp):
    plot = ImagePlot("", Axis("x"), Axis("y"), Axis("value"), bar_from=340)
    qtbot.addWidget(plot)
    plot.resize(560, 400)
    plot.show()
    x = np.arange(6.0)
    plot.set_images([Image("", x, x, np.outer(x, x))])
    qtbot.wait(20)
    before = plot._bar.vb.geometry()
    plot.resize(233, 400)
    qtbot.wait(20)
    assert not plot._bar.isVisible()
    dark = QPalette()
    dark.setColor(QPalette.ColorRole.Base, QColor("black"))
    plot.setPalette(dark)
    qtbot.wait(20)
    plot.resize(560, 400)
    qtbot.wait(20)
    assert plot._bar.isVisible()
    assert plot._bar.vb.geometry() == before


def test_a_label_is_no_longer_than_its_axis(qtbot):
    """On a small screen it would lie over the bar of colours that stands beside a narrow map."""
    plot = ImagePlot("", Axis("function along position.x"), Axis("function along position.y", "functions"), Axis("value"))
    qtbot.addWidget(plot)
    x = np.arange(6.0)
    plot.set_images([Image("", x, x, np.outer(x, x))])
    plot.show()
    axes = [plot._areas[0].getAxis(side) for side in ("bottom", "left")]
    for width, height, cut in ((200, 140, True), (900, 700, False), (200, 140, True)):
        plot.resize(width, height)
        qtbot.wait(20)
        for axis in axes:
            room = axis.size().width() if axis.orientation == "bottom" else axis.size().height()
            assert axis.label.boundingRect().width() < room + 25
            assert ("\u2026" in axis.label.toPlainText(), "position" in axis.toolTip()) == (cut, cut)


@pytest.mark.parametrize("side", ["left", "bottom"])
def test_a_label_with_other_words_stands_in_the_middle_of_its_axis_again(qtbot, side):
    plot = LinePlot("Plot", Axis("x"), Axis("y"))
    qtbot.addWidget(plot)
    plot.resize(420, 320)
    plot.show()
    qtbot.waitExposed(plot)
    axis = plot.area.getAxis(side)
    for words in ("r", "deviance explained", "rate"):
        axis.setLabel(words)
        middle = axis.label.mapRectToParent(axis.label.boundingRect()).center()
        there, wanted = (middle.y(), axis.size().height()) if side == "left" else (middle.x(), axis.size().width())
        assert there == pytest.approx(wanted / 2, abs=1.5)


def test_a_long_label_of_an_upright_axis_is_written_in_two_lines_where_one_has_no_room(qtbot):
    plot = LinePlot("", Axis("quantile of the model"), Axis("share of intervals below it"))
    qtbot.addWidget(plot)
    plot.set_curves([Curve("", np.arange(3.0), np.arange(3.0))])
    plot.resize(560, 400)
    plot.show()
    axis = plot.area.getAxis("left")
    for height, lines in ((400, 1), (190, 2), (400, 1)):
        plot.resize(560, height)
        qtbot.waitUntil(lambda lines=lines: axis.label.toPlainText().strip().count("\n") == lines - 1)
        assert " ".join(axis.label.toPlainText().split()) == "share of intervals below it"
        assert not axis.toolTip()
        written = axis.label.mapRectToScene(axis.label.boundingRect())
        qtbot.waitUntil(lambda: axis.width() >= 0.8 * axis.label.boundingRect().height())
        assert written.height() <= axis.height() + 25


def test_a_long_label_of_a_bar_of_colours_is_no_longer_than_the_bar(qtbot):
    plot = ImagePlot("", Axis("x"), Axis("y"), Axis("residual correlation of units that are far from each other"))
    qtbot.addWidget(plot)
    x = np.arange(6.0)
    plot.set_images([Image("", x, x, np.outer(x, x))])
    plot.resize(500, 260)
    plot.show()
    axis = plot._bar.getAxis("right")
    qtbot.waitUntil(lambda: axis.label.toPlainText().strip().count("\n") == 1)
    assert axis.label.boundingRect().width() < axis.size().height() + 25
    right = axis.label.mapRectToScene(axis.label.boundingRect()).right()
    assert right <= plot.view.viewport().width()


def test_a_label_that_is_cut_keeps_its_unit(qtbot):
    plot = LinePlot("", Axis("decoded direction of the head while it runs", "rad"), Axis("rate", "Hz"))
    qtbot.addWidget(plot)
    plot.set_curves([Curve("", np.arange(3.0), np.arange(3.0))])
    plot.resize(230, 200)
    plot.show()
    qtbot.wait(20)
    said = plot.area.getAxis("bottom").label.toPlainText().strip()
    assert said.startswith("decoded")
    assert said.endswith("\u2026 (rad)")


@pytest.mark.parametrize(("width", "said"), [(200, "a unit wit\u2026"), (900, "a unit with a long name")])
def test_names_of_units_leave_a_raster_room_and_are_whole_where_there_is_more(qtbot, width, said):
    plot = RasterPlot()
    qtbot.addWidget(plot)
    plot.resize(width, 200)
    plot.show()
    plot.set_spikes({"u1": np.array([1.0]), "a unit with a long name": np.array([2.0])}, (0.0, 3.0))
    qtbot.wait(20)
    axis = plot.area.getAxis("left")
    ((_, places),) = axis.tickValues(-0.6, 1.6, 200)
    assert axis.tickStrings(places, 1.0, 1.0) == ["u1", said]


@pytest.mark.parametrize(
    ("width", "name", "said"),
    [
        (900, "position.x x position.y", "position.x × position.y"),
        (440, "position.x x position.y", "position.x ×\nposition.y"),
        (440, "positionalongthetrack", "positional\u2026"),
    ],
)
def test_names_below_bars_are_as_long_as_there_is_room(qtbot, width, name, said):
    bars = NamedBars("Each term alone")
    qtbot.addWidget(bars)
    bars.resize(width, 240)
    bars.show()
    names = [name, "head_direction", "history", "speed"]
    bars.set_values(names, np.arange(4.0), "term", Axis("share"))
    qtbot.wait(20)
    axis = bars.area.getAxis("bottom")
    ((_, places),) = axis.tickValues(*axis.range, axis.size().width())
    written = axis.tickStrings(places, 1.0, 1.0)
    assert len(written) == 4
    assert written[0].replace(" ", "") == said.replace(" ", "")


def test_of_too_many_names_the_last_is_written_too(qapp):
    """What is fitted stands below the folds and is none of them."""
    axis = NamedAxis("left")
    axis.set_names([(5.0 - at, name) for at, name in enumerate((*(f"fold {fold}" for fold in range(1, 6)), "fitted"))])
    for pixels, wanted in ((600, 6), (50, 3), (16, 1)):
        ((_, places),) = axis.tickValues(-0.6, 5.6, pixels)
        assert len(places) == wanted
        written = axis.tickStrings(places, 1.0, 1.0)
        assert (written[0], written[-1]) == ("fold 1", "fitted" if wanted > 1 else "fold 1")


def contrast(one: QColor, other: QColor) -> float:
    """Of two colours (WCAG 2.2, 1.4.3)."""

    def luminance(colour: QColor) -> float:
        parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.getRgbF()[:3]]
        return float(np.dot((0.2126, 0.7152, 0.0722), parts))

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_what_is_greyed_is_told_from_the_ground_and_from_what_is_not(dark):
    colours = style.from_palette(theme.palette(theme.tokens(dark)))
    for colour in (colours.series[0], colours.of("data")):
        pale = style._mix(colour, colours.ground, 1 - style.GREYED)
        assert contrast(pale, colours.ground) > 2
        assert contrast(colour, colours.ground) > 1.5 * contrast(pale, colours.ground)


def curve_at(x: np.ndarray, angle: float) -> np.ndarray:
    return np.exp(4 * (np.cos(x - angle) - 1))


@pytest.mark.parametrize("angle", [0.0, np.pi / 4, np.pi, 1.5 * np.pi])
def test_the_numbers_of_rings_stand_where_no_curve_is(angle):
    x = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    where, inside = clear_place([(x, curve_at(x, angle))])
    assert abs(np.angle(np.exp(1j * (where - angle)))) > np.pi / 3
    assert not inside
    for share in (0.8, 0.85):  # a curve that goes around leaves room inside its own ring alone
        where, inside = clear_place([(x, np.full(40, share))])
        assert inside
    assert clear_place([]) == (np.pi / 4, False)
    assert clear_place([(x, np.full(40, np.nan))]) == (np.pi / 4, False)


@pytest.fixture
def times(request, qapp):
    """How many times as large as usual text is."""
    usual = qapp.font()
    font = QFont(usual)
    font.setPointSizeF(request.param * font.pointSizeF())
    qapp.setFont(font)
    yield request.param
    qapp.setFont(usual)


@pytest.mark.parametrize("times", [1.0, 1.5], indirect=True)
@pytest.mark.parametrize("size", [(190, 190), (268, 480), (480, 200)])
def test_no_two_words_of_a_circle_overlap(qtbot, times, size):
    """Nor does one of a quarter lie over the outermost circle, in which the curves are."""
    plot = PolarPlot("Tuning")
    qtbot.addWidget(plot)
    plot.resize(*(round(times * side) for side in size))
    plot.show()
    x = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    y = 8 + 3 * np.cos(x - 2)
    curve = Curve("rate", x, y, y - 1, y + 1, band="\u00b11 standard error")
    plot.set_polar([curve], Axis("direction", "rad"), Axis("rate", "Hz"))
    qtbot.wait(20)
    words = [item for item in plot.area.items if isinstance(item, InsideText) and item.isVisible()]
    ink = [item.textItem.boundingRect().adjusted(4, 4, -4, -4) for item in words]  # without the margins of a document
    rects = [item.textItem.mapRectToScene(rect) for item, rect in zip(words, ink, strict=True)]
    rects.append(plot._legend.mapRectToScene(plot._legend.boundingRect()))
    assert "standard error" in plot._legend.text
    assert any(word.toPlainText() == f"{plot.rings[-1]:g} Hz" for word in words)
    assert not any(one.intersects(other) for at, one in enumerate(rects) for other in rects[:at])
    view, top = plot.area.vb, plot.rings[-1]
    circle = QRectF(view.mapViewToScene(QPointF(-top, top)), view.mapViewToScene(QPointF(top, -top)))
    beside = dict(zip((word.toPlainText() for word in words), rects, strict=False))
    assert beside["\u03c0/2"].bottom() <= circle.top() + 1
    assert beside["3\u03c0/2"].top() >= circle.bottom() - 1
    assert beside["0"].left() >= circle.right() - 1
    assert beside["\u03c0"].right() <= circle.left() + 1


@pytest.mark.parametrize("count", [1, 3, 12, 60, 500, 40_000])
@pytest.mark.parametrize("names", [True, False])
@pytest.mark.parametrize("side", ["bottom", "left"])
def test_no_two_labels_of_an_axis_overlap(qtbot, count, names, side):
    plot = ImagePlot("", Axis("x"), Axis("y"), Axis("value"), mouse=False)
    qtbot.addWidget(plot)
    plot.resize(320, 180)
    plot.show()
    shape = (count, 2) if side == "bottom" else (2, count)
    over = [np.arange(1, size + 1, dtype=float) for size in shape]
    called = Axis("x", names=tuple(f"unit{number}" for number in range(1, count + 1))) if names else Axis("x")
    axes = (called, Axis("y")) if side == "bottom" else (Axis("x"), called)
    plot.set_axes(*axes, Axis("value"), equal=False)
    plot.set_images([Image("", *over, np.zeros(shape))])
    axis = plot._areas[0].getAxis(side)
    if not names:
        axis.set_numbers(count)
    qtbot.wait(20)
    picture = QPicture()
    painter = QPainter(picture)
    _, _, texts = axis.generateDrawSpecs(painter)
    painter.end()
    rects = [rect for rect, _, text in texts if text]
    assert rects
    assert not any(one.intersects(other) for at, one in enumerate(rects) for other in rects[:at])


def test_a_plot_that_leaves_its_time_axis_to_another_has_it_in_its_own_figure(qtbot):
    plot = LinePlot("Speed", Axis("time", "s"), Axis("speed", "cm/s"), dense=True)
    qtbot.addWidget(plot)
    plot.share_time_axis()
    plot.set_axes(Axis("time", "s"), Axis("heading", "rad"))
    axis = plot.area.getAxis("bottom")
    assert not axis.isVisible()
    with plot.painted_for_paper():
        assert axis.isVisible()
    assert not axis.isVisible()


def test_figure_and_numbers_are_copied_from_the_menu(qtbot):
    plot = tuning(qtbot)
    actions = {action.text(): action for action in plot._save.menu().actions()}
    actions["Copy numbers"].trigger()
    lines = QGuiApplication.clipboard().text().splitlines()
    table = plot.numbers()
    assert lines[0].split("\t") == list(table)
    assert len(lines) == 1 + len(next(iter(table.values())))
    actions["Copy figure"].trigger()
    assert not QGuiApplication.clipboard().image().isNull()


def test_curves_with_bands_that_change_are_drawn_into_the_same_items(qtbot):
    x = np.linspace(0, 1, 30)
    gap = np.where((x > 0.4) & (x < 0.6), np.nan, x)
    plot = LinePlot("Curves", Axis("x"), Axis("y"))
    qtbot.addWidget(plot)
    plot.show()

    def bands() -> list:
        return [item for item in plot.area.items if isinstance(item, pg.FillBetweenItem)]

    plot.set_curves([Curve("data", x, x, look="steps", colour="data"), Curve("model", x, x, x - 1, x + 1), Curve("third", x, x)])
    lines, areas = plot.area.listDataItems(), bands()
    plot.set_curves([Curve("data", x, 2 * x, look="steps", colour="data"), Curve("model", x, 2 * x, x - 2, x + 2)])
    assert plot.area.listDataItems() == lines
    assert [line.isVisible() for line in lines] == [True, True, False]
    assert bands() == areas
    assert np.allclose(lines[1].getOriginalDataset()[1], 2 * x)
    assert areas[0].boundingRect().height() == pytest.approx(5.0, rel=0.05)
    plot.set_curves(
        [Curve("data", x, x, look="steps", colour="data"), Curve("model", x, x, gap - 2, gap + 2), Curve("third", x, -x)]
    )
    assert [line.isVisible() for line in plot.area.listDataItems()] == [True, True, True]
    assert len(bands()) == 2
    plot.set_curves([Curve("data", x, x, look="dots", colour="data")])
    assert lines[0] not in plot.area.listDataItems()
    assert not bands()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("known", [0, 3])
def test_dots_without_a_value_are_left_out_without_a_warning(qapp, qtbot, known):
    plot = tuning(qtbot)
    x = np.arange(5.0)
    y = np.where(x < known, x, np.nan)
    plot.set_curves([Curve("data", x, y, y - 1, y + 1, look="dots", colour="data")])
    qapp.processEvents()
    plot.grab()
    (item,) = [item for item in plot.area.listDataItems() if item.opts.get("symbol") == "o"]
    drawn = item.getOriginalDataset()[0]
    assert ([] if drawn is None else drawn.tolist()) == x[:known].tolist()


@pytest.mark.parametrize("pixels", [120, 200, 260, 330, 420, 600])
@pytest.mark.parametrize(("low", "high"), [(-75, 70), (95, 168), (0.004, 0.157), (0, 10)])
def test_numbers_below_a_plot_stand_in_even_steps(qapp, monkeypatch, pixels, low, high):
    axis = NamedAxis("bottom")
    monkeypatch.setattr(axis, "size", lambda: QSizeF(pixels, 30))
    axis.setRange(low, high)
    written = sorted(
        float(text)
        for spacing, values in axis.tickValues(low, high, pixels)[:2]
        for text in axis.tickStrings(values, 1.0, spacing)
        if text
    )
    assert len(written) > 1
    np.testing.assert_allclose(np.diff(written), written[1] - written[0])


@pytest.mark.parametrize(
    ("pixels", "written"),
    [
        (700, "0 \u03c0/4 \u03c0/2 3\u03c0/4 \u03c0 5\u03c0/4 3\u03c0/2 7\u03c0/4 2\u03c0"),
        (250, "0 \u03c0/2 \u03c0 3\u03c0/2 2\u03c0"),
        (90, "0 \u03c0 2\u03c0"),
    ],
)
def test_angles_stand_below_a_plot_in_fractions_of_pi_as_around_a_circle(qapp, monkeypatch, pixels, written):
    plot = LinePlot("Tuning", Axis("head_direction", "rad"), Axis("rate", "Hz"))
    x = np.linspace(0, 2 * np.pi, 9)
    plot.set_curves([Curve("model", x, x)])
    axis = plot.area.getAxis("bottom")
    (level,) = axis.tickValues(0.0, 2 * np.pi, pixels)
    assert axis.tickStrings(level[1], 1.0, level[0]) == written.split()
    plot.set_axes(Axis("speed", "cm/s"), Axis("rate", "Hz"))
    assert "\u03c0" not in "".join(
        text for step, values in axis.tickValues(0.0, 6.3, pixels) for text in axis.tickStrings(values, 1.0, step)
    )


def written_on(axis: NamedAxis) -> list[str]:
    """The numbers of an axis as they are painted."""
    painter = QPainter(picture := QPicture())
    _, _, texts = axis.generateDrawSpecs(painter)
    painter.end()
    assert picture is not None
    return [text for _, _, text in sorted(texts, key=lambda one: (one[0].x(), -one[0].y())) if text]


@pytest.mark.parametrize("low", [5.7e-14, -5.7e-14, 0.0, 0.003])
@pytest.mark.parametrize("turned", [False, True])
def test_the_ends_of_an_axis_are_numbered_where_its_view_is_off_by_less_than_a_pixel(qtbot, low, turned):
    plot = LinePlot("Tuning", Axis("angle", "rad" if turned else "deg"), Axis("rate", "Hz"))
    qtbot.addWidget(plot)
    plot.resize(800, 300)
    plot.show()
    end = 2 * np.pi if turned else 600.0
    plot.set_curves([Curve("model", np.array([0.0, end]), np.array([0.0, 1.0]))])
    plot.area.setXRange(low, end - 5.7e-14, padding=0)
    qtbot.wait(20)
    written = written_on(plot.area.getAxis("bottom"))
    assert (written[0], written[-1]) == ("0", "2\u03c0" if turned else "600")


@pytest.mark.parametrize("height", [300, 900])
@pytest.mark.parametrize("lowest", [0.0, -2.0])
def test_no_number_below_zero_stands_beside_what_is_nowhere_below_it(qtbot, height, lowest):
    plot = LinePlot("Intervals", Axis("interval", "ms"), Axis("intervals"))
    qtbot.addWidget(plot)
    plot.resize(420, height)
    plot.show()
    x = np.arange(24.0)
    y = np.where(x == 12, 30.0, 0.0)
    for counts in (y, np.where(x == 3, lowest, y)):
        plot.set_curves([Curve("", x, counts, look="steps", width=2.5)])
        qtbot.wait(20)
        plot.area.setYRange(lowest - 12, 33, padding=0)
        numbers = [float(text.replace("\u2212", "-")) for text in written_on(plot.area.getAxis("left"))]
        assert 0.0 in numbers
        assert (min(numbers) < 0) == bool(counts.min() < 0)


def test_lines_are_as_thick_on_a_screen_of_small_pixels_and_no_thicker_on_paper(qtbot, monkeypatch):
    plot = tuning(qtbot)
    ratio = [1.0]
    monkeypatch.setattr(plot, "devicePixelRatioF", lambda: ratio[0])

    def widths() -> set[float]:
        return {item.opts["pen"].widthF() for item in plot._items if item.opts["pen"] is not None}

    assert widths() == {2.0}
    ratio[0] = 1.5
    QApplication.sendEvent(plot, QEvent(QEvent.Type.DevicePixelRatioChange))
    assert widths() == {3.0}
    with plot.painted_for_paper():
        assert widths() == {2.0}
    assert widths() == {3.0}


def test_axes_of_nothing_have_no_ticks(qtbot):
    plot = RasterPlot()
    qtbot.addWidget(plot)
    plot.resize(800, 300)
    plot.show()
    qtbot.wait(20)

    def ticks(side: str) -> int:
        painter = QPainter(picture := QPicture())
        _, lines, texts = plot.area.getAxis(side).generateDrawSpecs(painter)
        painter.end()
        assert picture is not None
        return len(lines) + len(texts)

    assert (ticks("left"), ticks("bottom")) == (0, 0)
    plot.set_spikes({"a": np.arange(5.0), "b": np.arange(3.0)}, (0.0, 5.0))
    qtbot.wait(20)
    assert min(ticks("left"), ticks("bottom")) > 1
    plot.set_spikes({}, (0.0, 5.0))
    assert (ticks("left"), ticks("bottom")) == (0, 0)


def test_rows_of_an_image_are_numbered_from_1(qtbot):
    plot = ImagePlot("", Axis("time", "s"), Axis("feature number"), Axis("value"))
    qtbot.addWidget(plot)
    plot.resize(800, 600)
    plot.show()
    plot.set_images([Image("", np.arange(50.0), np.arange(1.0, 37.0), np.zeros((50, 36)))])
    plot.number_rows()
    qtbot.wait(20)
    written = sorted(map(int, written_on(plot._areas[0].getAxis("left"))))
    assert written[0] >= 1
    assert written[-1] <= 36


def test_a_long_line_is_smooth_where_each_of_its_samples_has_a_pixel(qtbot):
    plot = RatePlot()
    qtbot.addWidget(plot)
    plot.resize(800, 300)
    plot.show()
    time = np.arange(0.0, 600.0, 0.02)
    plot.set_rates([long_curve("predicted", time, 5 + np.sin(time))])
    line = plot._detailed[0][0]
    for seconds, smooth in ((5.0, True), (600.0, False)):
        plot.area.setXRange(0, seconds, padding=0)
        assert line.curve.opts["antialias"] == smooth


def test_a_still_plot_leaves_the_wheel_to_the_page_everywhere(qtbot):
    plot = LinePlot("Tuning", Axis("speed", "cm/s"), Axis("rate", "Hz"), mouse=False)
    qtbot.addWidget(plot)
    plot.resize(300, 200)
    plot.show()
    plot.set_curves([Curve("model", np.arange(5.0), np.arange(5.0))])
    viewport = plot.view.viewport()
    for x in range(5, viewport.width(), 40):
        for y in range(5, viewport.height(), 15):
            at = QPointF(x, y)
            buttons, keys = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
            turn = QWheelEvent(at, at, QPoint(), QPoint(0, -120), buttons, keys, Qt.ScrollPhase.NoScrollPhase, False)
            QApplication.sendEvent(viewport, turn)
            assert not turn.isAccepted(), (x, y)


def test_names_below_bars_that_begin_or_end_alike_are_told_apart():
    assert told_apart(["short", "a name that is long"], 11) == ["short", "a name tha\u2026"]
    alike = ["position.x x position.y", "position.x x position.y + head_direction", "position.x x position.y"]
    assert told_apart(alike, 18) == ["position.\u2026sition.y", "position.\u2026irection", "position.\u2026sition.y"]
    middle = [f"beginning of names {at} their common end" for at in range(3)]
    assert len(set(told_apart(middle, 18))) == 3
    assert all(len(name) <= 18 for name in told_apart(middle, 18))


@pytest.mark.parametrize("width", [150, 275, 900])
def test_a_legend_never_makes_a_plot_wider_than_its_place(qtbot, width):
    plot = LinePlot("Effect", Axis("head_direction", "rad"), Axis("rate", "Hz"))
    qtbot.addWidget(plot)
    plot.resize(700, 200)
    plot.show()
    x = np.linspace(0.0, 6.0, 9)
    plot.set_curves([Curve("the whole curve, 95 %", x, x), Curve("each point, 95 %", x, 2 * x)])
    plot.resize(width, 200)

    def inside() -> bool:
        room = plot.view.viewport().rect()
        return room.right() >= plot.view.mapFromScene(plot.area.sceneBoundingRect().bottomRight()).x() > 0.7 * room.right()

    qtbot.waitUntil(inside)
    assert plot._legend.itemRect().width() <= plot.view.width()
