"""The figure dialog: any plot as it will be printed, remembered, saved, copied, and all figures of all units."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image as Picture
from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication

from glmengine.figures.drawing import FigureOf
from glmgui.dialogs.figure import FigureDialog
from glmgui.drawings.curves import tuning
from glmgui.figure_desk import figure_desk
from glmgui.plots import (
    TIME,
    Axis,
    Curve,
    Image,
    ImagePlot,
    LinePlot,
    NamedBars,
    PolarPlot,
    RasterPlot,
    ScorePlot,
    TimeLine,
    draw,
)
from glmgui.plots.coupling_graph import CouplingGraph
from glmgui.plots.coupling_matrix import CouplingMatrix
from glmgui.plots.small_multiples import SmallMultiples
from glmgui.plots.unit_scatter import UnitScatter
from glmgui.work.figure_making import FigureChoice, FigureMaking

RATE = Axis("rate", "Hz")


@pytest.fixture
def making(document, jobs, settings, questions, small_recording, small_result):
    document.set_recording(small_recording)
    document.set_result(small_result)
    document.select(unit="hd")
    return FigureMaking(document, jobs, settings, questions)


@pytest.fixture
def plot(qtbot, small_result):
    found = draw(tuning("head_direction", small_result.curves["head_direction"], "hd")[0])
    found.subject = "unit hd"
    qtbot.addWidget(found)
    return found


@pytest.fixture
def dialog(qtbot, making, plot):
    return shown(qtbot, making, plot)


def shown(qtbot, making, *plots):
    made = FigureDialog(plots, making)
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: made.preview is not None or bool(made.fault.text))
    return made


def redrawn(qtbot, dialog):
    before = dialog.preview
    qtbot.waitUntil(lambda: dialog.preview is not before)
    return dialog.preview


def test_a_plot_of_a_result_and_its_figure_are_of_one_array(plot, making, small_result):
    assert plot.figure == FigureOf("tuning", "hd", "head_direction")
    subjects = making.subjects(plot.title, plot.proposed_name, plot.drawing())
    assert subjects[0].figure == plot.figure
    np.testing.assert_array_equal(
        subjects[1].drawing.curves[1].y, small_result.curves["head_direction"]["tuning_hz"].sel(unit="hd").values
    )
    kinds = {subject.figure.kind for subject in subjects if subject.figure}
    assert {"unit", "polar", "rates", "scores", "design", "raster", "basis"} <= kinds
    assert "receptive_field" not in kinds


def test_the_preview_has_the_size_that_is_asked(qtbot, dialog):
    assert dialog.preview.width == pytest.approx(85.0)
    dialog.form.columns.setCurrentIndex(1)
    assert redrawn(qtbot, dialog).width == pytest.approx(180.0)
    dialog.form.height_mm.setValue(50.0)
    assert redrawn(qtbot, dialog).height == pytest.approx(50.0)
    assert "180.0 \u00d7 50.0 mm" in dialog.size_said.text()
    dialog.form.width_mm.setValue(101.3)
    assert dialog.form.columns.currentText() == "Own"
    assert not dialog.picture.pixmap().isNull()


def test_what_is_asked_is_remembered(qtbot, dialog, making, plot):
    dialog.form.width_mm.setValue(120.0)
    dialog.form.shown["bands"].setChecked(False)
    dialog.form.format.setCurrentIndex(1)
    dialog.close()
    again = shown(qtbot, making, plot)
    assert again.form.choice == dialog.form.choice
    assert again.form.choice.ending == ".svg"
    assert not again.form.choice.show_bands


def test_settings_that_cannot_be_read_are_the_usual_ones(making, settings):
    settings.figure = '{"width": "wide"}'
    assert making.choice == FigureChoice()


def test_a_figure_is_written_in_the_worker_and_a_fault_is_said(qtbot, dialog, making, questions, jobs, tmp_path):
    questions.next_path = tmp_path / "hd.png"
    dialog.form.format.setCurrentText("PNG")
    dialog.form.dpi.setValue(254)
    with qtbot.waitSignal(making.made):
        dialog.save_button.click()
    with Picture.open(tmp_path / "hd.png") as picture:
        assert picture.width == 850
        assert "analysis_sha256" in picture.text["Description"]
    questions.next_path = tmp_path / "absent" / "hd.png"
    with qtbot.waitSignal(jobs.failed) as failed:
        dialog.save_button.click()
    assert "no folder" in failed.args[1]
    assert "no folder" in dialog.fault.text
    assert not dialog.saved_said.isVisible()


def test_a_style_file_with_a_fault_is_said_beside_the_preview(qtbot, dialog, tmp_path):
    style = tmp_path / "lab.toml"
    style.write_text("model = 'no colour'")
    dialog.form._add_style(str(style))
    dialog._changed()
    qtbot.waitUntil(lambda: bool(dialog.fault.text))
    assert "lab.toml" in dialog.fault.text
    style.write_text("model = '#112233'")
    dialog._changed()
    redrawn(qtbot, dialog)
    assert not dialog.fault.text


def test_the_figure_goes_to_the_clipboard(qtbot, dialog):
    dialog.copy_button.click()
    qtbot.waitUntil(lambda: "copied" in dialog.size_said.text())
    data = QGuiApplication.clipboard().mimeData()
    assert data.hasImage()
    assert b"<svg" in bytes(data.data("image/svg+xml"))


def test_all_figures_of_all_units_come_together_or_not_at_all(qtbot, dialog, making, questions, jobs, tmp_path, small_result):
    questions.next_path = tmp_path
    with qtbot.waitSignal(making.made):
        making.save_all(FigureChoice(ending=".svg", width=60.0))
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert names == {f"{kind}-{unit}.svg" for kind in ("unit", "tuning", "polar", "rates") for unit in small_result.units}
    assert making.save_all(FigureChoice()) is None, "what is there is replaced only where that was agreed"
    questions.next_path = tmp_path / "other"
    job = making.save_all(FigureChoice())
    job.cancel()
    qtbot.waitUntil(lambda: not jobs._pending)
    assert not list((tmp_path / "other").rglob("*.pdf"))


def every_plot(qtbot):
    x = np.linspace(0.0, 6.2, 30)
    line = LinePlot("Line", Axis("speed", "cm/s"), RATE, log_x=True)
    line.set_curves(
        [
            Curve("a", x + 1, x, x - 1, x + 1),
            Curve("b", x + 1, x, look="dots"),
            Curve("c", x + 1, x, look="steps", colour="data"),
        ],
        marks=[(2.0, "used")],
    )
    polar = PolarPlot("Polar")
    polar.set_polar([Curve("", x, np.abs(np.sin(x)))], Axis("direction", "rad"), RATE)
    image = ImagePlot("Image", Axis("x"), Axis("y", names=("one", "two")), RATE, diverging=True)
    image.set_images([Image("left", x, np.array([1.0, 2.0]), np.random.default_rng(0).normal(size=(30, 2)))])
    scores = ScorePlot("Scores")
    scores.set_scores({"a": 0.2, "b": np.nan}, Axis("score"))
    bars = NamedBars("Bars")
    bars.set_values(["x", "y"], np.array([1.0, -1.0]), "model", Axis("score"))
    raster = RasterPlot("Spikes")
    raster.set_spikes({"a": np.array([1.0, 2.0]), "b": np.empty(0)}, (0.0, 5.0))
    traces = RasterPlot("Traces", name="traces")
    traces.set_traces(("a", "b"), np.arange(100) * 0.1, np.random.default_rng(1).normal(size=(100, 2)), (0.0, 10.0))
    time = TimeLine("Time")
    time.set_epochs({"run": np.array([[0.0, 1.0], [2.0, 3.0]])}, ["run"], (0.0, 5.0))
    others = [kind("Others") for kind in (SmallMultiples, CouplingGraph, UnitScatter, CouplingMatrix)]
    empty = LinePlot("", TIME, RATE, name="empty")
    found = [line, polar, image, scores, bars, raster, traces, time, *others, empty]
    for one in found:
        qtbot.addWidget(one)
    return found


def test_every_plot_has_a_figure_for_paper(qtbot):
    from glmengine.figures import Page, picture
    from glmengine.figures.drawn import draw_drawing

    for plot in every_plot(qtbot):
        figure = draw_drawing(plot.drawing(), Page(width=80.0))
        assert picture(figure, 50).startswith(b"\x89PNG"), plot.title
        assert figure.get_size_inches()[0] * 25.4 == pytest.approx(80.0)
        texts = [figure.get_suptitle(), *(ax.get_title() for ax in figure.axes)]
        assert plot.title in " ".join(texts) or not plot.numbers()


def test_the_plots_button_asks_for_a_figure_and_keeps_as_on_screen_beside(qtbot, plot):
    actions = [action.text() for action in plot._save.menu().actions()]
    assert actions[:3] == ["Save figure for paper\u2026", "Save figure as on screen\u2026", "Save numbers\u2026"]
    with qtbot.waitSignal(figure_desk().asked) as asked:
        plot._save.menu().actions()[0].trigger()
    assert asked.args == [plot]


def test_it_says_that_it_draws_and_where_it_was_saved(qtbot, making, plot, questions, tmp_path, monkeypatch):
    made = FigureDialog([plot], making)
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(made)
    made.show()
    assert (made.picture.text(), made.size_said.text()) == ("drawing\u2026", "")
    assert not made.open_folder.isVisible()
    assert made.picture.width() > made.width() / 3, "the figure has the room that there is"
    qtbot.waitUntil(lambda: made.preview is not None)
    assert not made.picture.pixmap().isNull()
    made.form.dpi.setValue(120)
    assert made.size_said.text() == "drawing\u2026"
    qtbot.waitUntil(lambda: "mm" in made.size_said.text())
    assert "mm" in made.size_said.text()
    questions.next_path = tmp_path / "curve.pdf"
    with qtbot.waitSignal(making.made):
        made.save_button.click()
        assert (made.saved_said.text(), made.open_folder.isEnabled()) == ("saving\u2026", False)
    assert made.saved_said.text() == f"Saved to {tmp_path / 'curve.pdf'}"
    opened = []
    monkeypatch.setattr("glmgui.shown_folder.QDesktopServices.openUrl", lambda url: opened.append(url.toLocalFile()))
    made.open_folder.click()
    assert opened == [str(tmp_path)]
    assert made.save_here.text() == f"Save in folder \u201c{tmp_path.name}\u201d"
    for name in ("unit_hd", "unit_hd", "unit_hd"):
        with qtbot.waitSignal(making.made) as saved:
            made.save_here.click()
        (path,) = saved.args
        assert path.is_file()
        assert (path.parent, path.name[: len(name)]) == (tmp_path, name)
    assert len(list(tmp_path.glob("unit_hd*.pdf"))) == 3, "none is written over"


def test_a_unit_that_is_a_number_is_called_unit(making, plot, small_result):
    named = FigureOf("tuning", "0", "head_direction")
    numbered = small_result.curves["head_direction"].assign_coords(unit=["0", "place", "flat"])
    from dataclasses import replace

    arrays = {name: getattr(small_result, name).assign_coords(unit=["0", "place", "flat"]) for name in ("coefficients", "scores")}
    making._document.set_result(replace(small_result, curves={"head_direction": numbered}, **arrays))
    titles = [subject.title for subject in making.subjects("x", "x", replace(plot.drawing(), figure=named))]
    assert "Unit 0: tuning curves and fields, as counted and as predicted" in titles


def test_parts_that_a_figure_lacks_cannot_be_ticked_and_are_remembered(qtbot, making, plot):
    x = np.arange(3.0)
    image = ImagePlot("place", Axis("x", "cm"), Axis("y", "cm"), RATE)
    qtbot.addWidget(image)
    image.set_images([Image("", x, x, np.outer(x, x))])
    image.subject = "unit hd"
    dialog = shown(qtbot, making, image, plot)
    checks = dialog.form.shown
    assert [name for name, check in checks.items() if check.isEnabled()] == ["title"]
    assert not checks["legend"].isChecked()
    assert "no intervals" in checks["bands"].toolTip()
    assert dialog.form.choice.show_bands, "what the next figure shows"
    dialog.form.plot.setCurrentIndex(1)
    redrawn(qtbot, dialog)
    assert all(check.isEnabled() and check.isChecked() for check in checks.values())
    checks["bands"].setChecked(False)
    dialog.form.plot.setCurrentIndex(0)
    redrawn(qtbot, dialog)
    assert not dialog.form.choice.show_bands


def test_a_saved_figure_names_recording_and_unit(qtbot, dialog, making, questions, small_recording, tmp_path):
    for at in range(2):  # the figure of the result, and the plot as it is drawn
        dialog.form.show_what.setCurrentIndex(at)
        questions.next_path = tmp_path / f"{at}.svg"
        dialog.form.format.setCurrentText("SVG")
        with qtbot.waitSignal(making.made):
            dialog.save_button.click()
        said = (tmp_path / f"{at}.svg").read_text()
        assert small_recording.name in said
        assert "unit hd" in said or ">hd<" in said


def test_what_can_be_left_out_stands_in_columns_each_box_nearest_to_its_own_word(dialog):
    title, legend, bands, data = dialog.form.shown.values()
    assert (title.x(), legend.x()) == (bands.x(), data.x())
    gap = legend.x() - title.geometry().left() - title.sizeHint().width()
    own = title.style().pixelMetric(title.style().PixelMetric.PM_CheckBoxLabelSpacing, None, title)
    assert gap > own


def test_figures_of_all_units_say_what_is_to_be_done_first(document, jobs, settings, questions, small_recording, plot, qtbot):
    """After answers were found the button said that nothing was fitted, and not how a model comes from them."""
    document.open(small_recording, document.analysis)
    dialog = shown(qtbot, FigureMaking(document, jobs, settings, questions), plot)
    assert not dialog.all_button.isEnabled()
    assert "Fit a model first (Ctrl+R)" in dialog.all_button.toolTip()
    document.set_answers(SimpleNamespace())
    again = shown(qtbot, FigureMaking(document, jobs, settings, questions), plot)
    assert not again.all_button.isEnabled()
    assert "press 'Use this model' on the Answers page (Ctrl+7)" in again.all_button.toolTip()
