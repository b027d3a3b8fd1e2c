"""Pages of the data step on a recording before any model: what they draw, when they ask, and that every control can be reached."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pynapple as nap
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractSpinBox, QApplication, QComboBox

from glmengine.analysis.analysis import Analysis, Condition, Time
from glmengine.figures.rings import round_rings
from glmengine.recording.recording import Covariate
from glmgui.dialogs.export import plots_on_screen
from glmgui.drawings.curves import Images, Lines, Polar
from glmgui.panels.data import DataPanel
from glmgui.plots import ImagePlot, LinePlot, Plot, PolarPlot


@pytest.fixture
def recording(small_recording):
    """With trials of two sides, an event, and a position in a box."""
    trials = nap.IntervalSet(np.arange(2.0, 112.0, 10.0), np.arange(6.0, 116.0, 10.0))
    trials.set_info(side=np.array(["left", "right"] * 5 + ["left"]))
    direction = small_recording.covariates["head_direction"].data
    x, y = 50 + 40 * np.cos(direction.t / 3), 50 + 40 * np.sin(direction.t / 2)
    place = nap.TsdFrame(direction.t, np.column_stack([x, y]), columns=["x", "y"], time_support=direction.time_support)
    return replace(
        small_recording,
        covariates={**small_recording.covariates, "box": Covariate("box", place, "cm")},
        trials={"trials": trials},
        events={"tone": nap.Ts(np.arange(1.0, 118.0, 3.0))},
    )


@pytest.fixture
def panel(qtbot, document, jobs, recording):
    panel = DataPanel(document, jobs)
    qtbot.addWidget(panel)
    panel.resize(1366, 640)
    panel.show()
    document.open(recording, Analysis(time=Time(bin_size=0.02)))
    qtbot.waitUntil(lambda: panel._used is not None and jobs.idle)
    return panel


def settled(qtbot, panel) -> None:
    qtbot.waitUntil(lambda: not panel._jobs._pending)
    QApplication.processEvents()  # the second of two plots is drawn in the turn after the first


def turned_to(qtbot, panel, page) -> None:
    panel.pages.setCurrentWidget(page)
    settled(qtbot, panel)


def test_tuning_to_an_angle_is_a_closed_curve_with_the_numbers_of_the_engine(qtbot, panel, recording):
    from glmengine.recording.described.tuning import recorded_tuning
    from glmengine.timegrid.grid import TimeGrid

    panel.pages.tuning.choose("head_direction")
    turned_to(qtbot, panel, panel.pages.tuning)
    rate, beside = panel.pages.tuning.plots
    assert isinstance(rate, PolarPlot)
    assert isinstance(beside, PolarPlot)
    assert abs(rate.width() - beside.width()) <= 1  # neither has only what its words need
    assert rate.title == f"head_direction: rate of unit {recording.unit_names[0]}"  # of several that are selected it is one
    grid = TimeGrid.from_intervals(recording.epochs["all"], 0.02)
    unit = recording.unit_names[0]
    expected = recorded_tuning(recording, grid, np.ones(grid.n_bins, bool), ["head_direction"], [unit])
    np.testing.assert_array_equal(rate.numbers()["rate (Hz)"], expected["rate"].values[0])
    (curve,) = rate.curves
    assert curve.band == "\u00b11 standard error"
    np.testing.assert_array_equal(curve.high - curve.y, expected["rate"].values[0] + expected["error"].values[0] - curve.y)
    np.testing.assert_array_equal(beside.numbers()["time spent (s)"], expected["occupancy_s"].values)
    assert rate.rings == round_rings(float(np.nanmax(curve.high)))
    assert panel.pages.tuning.shape.isEnabled()
    panel.pages.tuning.shape.setCurrentIndex(1)
    settled(qtbot, panel)
    rate = panel.pages.tuning.plots[0]
    assert isinstance(rate, LinePlot)
    assert rate.x_axis.unit == "rad"
    assert rate.y_axis.unit == "Hz"


def test_two_positions_make_a_map_with_equal_aspect_and_the_spikes_lie_on_the_path(qtbot, panel, recording):
    tuning = panel.pages.tuning
    turned_to(qtbot, panel, tuning)
    tuning.choose("head_direction")
    assert tuning.shape.isEnabled()
    tuning.choose("box")
    assert not tuning.shape.isEnabled()
    assert "one angle" in tuning.shape.toolTip()
    settled(qtbot, panel)
    rate = tuning.plots[0]
    assert isinstance(rate, ImagePlot)
    assert rate._areas[0].vb.state["aspectLocked"]
    assert np.isnan(rate.images[0].values).any()  # never visited: blank
    tuning.beside.setCurrentIndex(1)
    settled(qtbot, panel)
    path = tuning.plots[1]
    assert isinstance(path, LinePlot)
    assert path.area.vb.state["aspectLocked"]
    assert len(path.curves[1].x) == len(recording.spikes[0])


def test_the_two_plots_of_a_map_are_made_in_turns_and_filled_again_for_other_variables(qtbot, panel):
    tuning = panel.pages.tuning
    turned_to(qtbot, panel, tuning)
    tuning.choose("box")
    settled(qtbot, panel)
    maps = list(tuning.plots)
    areas = [plot._areas[0] for plot in maps]
    answer = tuning._answer
    before = tuple(
        replace(drawing, images=[replace(drawing.images[0], values=0 * drawing.images[0].values)]) for drawing in answer
    )
    tuning.show_answer(before)
    assert not np.nansum(maps[0].images[0].values)
    assert np.nansum(maps[1].images[0].values)  # its turn comes
    tuning.show_answer(answer)
    QApplication.processEvents()
    for plot, drawing in zip(maps, answer, strict=True):  # what came late of the one before is dropped
        np.testing.assert_array_equal(plot.images[0].values, drawing.images[0].values)
    assert tuning.plots == maps
    assert [plot._areas[0] for plot in maps] == areas


def test_until_the_new_counts_come_the_old_ones_are_greyed_and_cannot_be_exported(qtbot, panel):
    page = panel.pages.tuning
    page.choose("head_direction")
    turned_to(qtbot, panel, page)
    assert page.plots[0] in plots_on_screen(panel)
    page.choose("box")
    assert page.waiting.startswith("Counting for unit")
    assert page.plots[0].title.startswith("head_direction")
    assert not set(page.plots) & set(plots_on_screen(panel))
    settled(qtbot, panel)
    assert page.waiting == ""
    assert page.plots[0].title.startswith("box.x")
    assert page.plots[0] in plots_on_screen(panel)


def test_what_is_being_done_covers_nothing_of_the_pictures_that_are_there(qtbot, panel):
    """In the middle of the page it lay over the ticks of one picture and the title of the next."""
    page = panel.pages.tuning
    assert not page.plots
    turned_to(qtbot, panel, page)
    page.choose("head_direction")
    settled(qtbot, panel)
    first, second = page.plots
    named = first.title
    page.bins.setValue(30)
    assert page.waiting.startswith("Counting for unit")
    assert page._waiting.isHidden()
    assert first._title.text() == page.waiting
    assert first.title == named
    assert second._title.text() == second.title
    assert first.greyed
    assert second.greyed
    settled(qtbot, panel)
    assert [plot._title.text() for plot in page.plots] == [first.title, second.title] == [named, second.title]
    assert not any(plot.greyed for plot in page.plots)


def test_where_the_time_that_is_used_cannot_be_told_nothing_is_shown_as_if_it_were_of_it(qtbot, panel, document):
    """The tuning of the time before stood there in full colours, beside a condition that was refused."""
    page = panel.pages.tuning
    page.choose("head_direction")
    turned_to(qtbot, panel, page)
    assert not page.plots[0].greyed
    document.edit(document.analysis.with_(time=Time(conditions=(Condition(variable="absent", above=1.0),))), "Edit file")
    settled(qtbot, panel)
    assert "see 'Time that is used'" in page.message.text
    assert page.plots[0].greyed
    assert not set(page.plots) & set(plots_on_screen(panel))
    document.undo()
    settled(qtbot, panel)
    assert not page.message.text
    assert not page.plots[0].greyed
    assert page.plots[0] in plots_on_screen(panel)


def test_only_the_page_that_is_seen_asks_and_only_once(qtbot, panel, document, recording):
    asked = []
    submit = panel._jobs.submit

    def noting(label, *args, **options):
        asked.append(label)
        return submit(label, *args, **options)

    panel._jobs.submit = noting
    document.select(unit=recording.unit_names[1])
    settled(qtbot, panel)
    assert not [label for label in asked if label in (page.label for page in (panel.pages.tuning, panel.pages.events))]
    turned_to(qtbot, panel, panel.pages.intervals)
    panel.pages.setCurrentWidget(panel.overview)
    turned_to(qtbot, panel, panel.pages.intervals)
    assert asked.count(panel.pages.intervals.label) == 1
    assert panel.pages.intervals.plot.title == f"Intervals of unit {recording.unit_names[1]}"
    assert [words for _, words in panel.pages.intervals.plot.drawing().marks if words] == ["1 and 2 ms"], (
        "each line has its number"
    )
    document.select(unit=recording.unit_names[0])
    settled(qtbot, panel)
    assert asked.count(panel.pages.intervals.label) == 2
    assert recording.unit_names[0] in panel.pages.intervals.plot.title


def test_the_time_that_is_used_is_the_time_that_is_described(qtbot, panel, document):
    panel.pages.tuning.choose("head_direction")
    turned_to(qtbot, panel, panel.pages.tuning)
    analysis = document.analysis
    document.edit(analysis.with_(time=analysis.time.with_(epochs=("first",))), "Choose epochs")
    settled(qtbot, panel)
    assert panel.pages.tuning.plots[1].numbers()["time spent (s)"].sum() == pytest.approx(60.0)


def test_pairs_of_covariates_stand_in_a_matrix_and_in_words(qtbot, panel):
    page = panel.pages.correlations
    turned_to(qtbot, panel, page)
    assert page.plot.levels == (0.0, 1.0)
    assert page.words.text()
    page.measure.setCurrentIndex(1)
    settled(qtbot, panel)
    assert page.plot.levels == (-1.0, 1.0)
    assert page.plot.title == "Correlations of covariates"


def test_spikes_around_events_are_divided_by_a_property_of_the_trials(qtbot, panel):
    page = panel.pages.events
    turned_to(qtbot, panel, page)
    page.event.setCurrentIndex(page.event.findData("trials.start"))
    page.by.setCurrentIndex(page.by.findData("trials.side"))
    settled(qtbot, panel)
    assert [curve.name for curve in page.rates.curves] == ["left (6)", "right (5)"]
    assert page.raster.x_axis.text == "time from trials.start (s)"
    left, right = (np.asarray(curve.y) for curve in page.raster.curves)
    assert left.max() <= 6 < right.min()  # the rows of one condition stand together


def test_a_bin_that_was_hardly_visited_does_not_set_the_height_of_raw_tuning(qtbot):
    """A cell of 5 Hz had a spike of 33 Hz at the highest speed, where the animal was for a moment, and all else lay flat below it."""
    import xarray as xr

    from glmgui.drawings.described import tuning_drawing
    from glmgui.plots import draw

    seconds = np.array([30.0, 40.0, 20.0, 0.06])
    rate = np.array([4.8, 5.2, 5.1, 33.0])
    about = {"unit": "cm/s", "long_name": "speed", "kind": "linear"}
    found = xr.Dataset(
        {
            "rate": (("unit", "speed"), rate[None], {"unit": "Hz", "long_name": "rate"}),
            "error": (("unit", "speed"), np.sqrt(rate / seconds)[None]),
            "seconds": (("unit", "speed"), seconds[None]),
            "occupancy_s": ("speed", seconds),
        },
        {"unit": ["u3"], "speed": ("speed", np.array([5.0, 15.0, 25.0, 35.0]), about)},
    )
    plot = draw(tuning_drawing(found, "u3"))
    qtbot.addWidget(plot)
    assert plot.area.vb.viewRange()[1][1] < 8
    assert plot.curves[0].y[-1] == 33.0, "its numbers are there all the same"
    pens = [item.opts["pen"].color().alpha() for item in plot.area.listDataItems()]
    assert min(pens) < 128 < max(pens), "it is drawn lighter"
    assert plot.drawing().curves[0].settled.tolist() == [True, True, True, False]


def test_figures_of_a_page_of_one_unit_name_the_unit(qtbot, panel, document):
    """The file of a mean rate was mean_rate.pdf, then mean_rate_2.pdf, and nothing on the page said of which unit it was."""
    for unit in ("hd", "flat"):
        document.select(unit=unit)
        for page in (panel.pages.tuning, panel.pages.intervals, panel.pages.events):
            turned_to(qtbot, panel, page)
            plots = [plot for plot in page.findChildren(Plot) if not plot.isHidden()]
            assert plots
            assert {plot.subject for plot in plots} == {f"unit {unit}"}
            assert all(f"unit_{unit}" in plot.proposed_name for plot in plots), [plot.proposed_name for plot in plots]
        page.event.setCurrentIndex(page.event.findData("tone"))
        settled(qtbot, panel)
        assert page.rates.proposed_name == f"mean_rate_of_unit_{unit}_around_tone"
        assert page.rates.title == f"Mean rate of unit {unit} around tone"
    turned_to(qtbot, panel, panel.pages.correlations)
    assert panel.pages.correlations.plot.subject == ""


def test_a_question_that_cannot_be_answered_is_told_and_the_next_one_answered(qtbot, panel):
    page = panel.pages.events
    turned_to(qtbot, panel, page)
    page.before.setValue(60.0)
    page.after.setValue(60.0)
    settled(qtbot, panel)
    assert "whole window" in page.message.text or "bins" in page.message.text
    page.before.setValue(0.5)
    page.after.setValue(1.0)
    settled(qtbot, panel)
    assert page.message.text == ""
    assert page.rates.curves


def test_the_selected_units_spikes_lie_on_the_trace(qtbot, panel, recording):
    settled(qtbot, panel)
    before = len(panel.overview.covariate.curves)
    qtbot.mouseClick(panel.overview._spikes, Qt.MouseButton.LeftButton)
    settled(qtbot, panel)
    dots = panel.overview.covariate.curves[before]
    assert dots.look == "points"
    np.testing.assert_array_equal(dots.x, recording.spikes[0].t)
    qtbot.mouseClick(panel.overview._spikes, Qt.MouseButton.LeftButton)
    settled(qtbot, panel)
    assert len(panel.overview.covariate.curves) == before


def test_a_recording_without_covariates_and_events_says_so(qtbot, panel, document, recording):
    bare = replace(recording, covariates={}, trials={}, events={})
    document.open(bare, Analysis())
    settled(qtbot, panel)
    for page in (panel.pages.tuning, panel.pages.correlations, panel.pages.events):
        turned_to(qtbot, panel, page)
        assert not page.has_something
        assert page._none.isVisible()
        assert not page._content.isVisible()


def test_every_control_has_a_name_and_is_reached_by_tab(qtbot, panel):
    panel.resize(930, 640)
    for page in (panel.pages.tuning, panel.pages.correlations, panel.pages.intervals, panel.pages.events):
        turned_to(qtbot, panel, page)
        assert page.minimumSizeHint().width() <= 400  # what a screen of 1024 pixels leaves
        controls = [*page.findChildren(QComboBox), *page.findChildren(QAbstractSpinBox)]
        assert controls
        for control in controls:
            assert control.accessibleName()
            assert control.toolTip()
            assert control.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_intervals_are_typed_as_well_as_drawn(qtbot, panel, document):
    field = panel.time_form.intervals
    field.line.setText("30 - 60, 50 - 70, 0 - 10")
    field.line.editingFinished.emit()
    assert document.analysis.time.intervals == ((0.0, 10.0), (30.0, 70.0))  # those that overlap are one
    assert field.line.text() == "0 - 10, 30 - 70"
    assert panel.overview.time_line.intervals == ((0.0, 10.0), (30.0, 70.0))
    field.line.setText("60 - 30")
    field.line.editingFinished.emit()
    assert "reversed" in field.message.text
    assert field.refused
    assert document.analysis.time.intervals == ((0.0, 10.0), (30.0, 70.0))
    field.take_back()
    assert field.line.text() == "0 - 10, 30 - 70"
    assert not field.message.text
    panel.overview.intervals_changed.emit(((5.0, 8.0),))
    assert field.line.text() == "5 - 8"
    field.line.setText("")
    field.line.editingFinished.emit()
    assert document.analysis.time.intervals == ()


def test_single_values_that_lie_apart_are_dots_and_named_cells():
    import xarray as xr

    from glmgui.drawings.described import _over_variables
    from glmgui.drawings.series import RATE

    kinds = {"unit": "", "kind": "category"}
    line = xr.DataArray([1.0, 2.0, 3.0], dims="a", coords={"a": ("a", [1.0, 2.0, 60.0], {"long_name": "a", **kinds})})
    drawn = _over_variables("described_rate", "", line, RATE, "", True)
    assert isinstance(drawn, Lines)
    assert drawn.curves[0].look == "dots"
    circle = line.assign_coords(a=("a", [1.0, 2.0, 3.0], {"long_name": "a", "unit": "rad", "kind": "angle"}))
    assert isinstance(_over_variables("described_rate", "", circle, RATE, "", True), Polar)
    both = xr.DataArray(
        np.ones((3, 2)),
        dims=("a", "b"),
        coords={"a": line["a"], "b": ("b", [0.0, 1.0], {"long_name": "b", "unit": "cm", "kind": "continuous"})},
    )
    image = _over_variables("described_rate", "", both, RATE, "", True)
    assert isinstance(image, Images)
    assert image.x_axis.names == ("1", "2", "60")
    assert not image.y_axis.names


def test_tab_goes_through_all_controls_of_the_page_that_is_seen(qtbot, panel):
    page = panel.pages.events
    turned_to(qtbot, panel, page)
    panel.activateWindow()
    panel.pages.tabBar().setFocus()
    qtbot.waitUntil(lambda: panel.pages.tabBar().hasFocus())
    wanted = [page.event, page.by, page.before, page.after, page.bin_size, page.smoothing]
    seen = []
    for _ in range(60):
        panel.focusNextChild()
        seen.append(QApplication.focusWidget())
    at = [seen.index(control) for control in wanted]
    assert at == sorted(at)
    assert at[-1] < 20
