"""The results panel draws what a result holds, says in words what is doubtful, and greys what answers an earlier question."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QApplication, QComboBox

from glmengine.analysis.analysis import Analysis, Time
from glmengine.results.result import Result
from glmengine.selection.term_selection import TermSelection
from glmgui.panels.results import ResultsPanel
from glmgui.panels.results.rates_view import rates_of
from glmgui.panels.results.wording import effect_in_words, state_in_words
from glmgui.plots import ImagePlot, LinePlot
from glmgui.staleness import OTHER_ANALYSIS
from glmgui.tools.unattended import wait_until
from glmgui.work.runs import Runs

UNITS = ["hd", "place", "flat"]
STRENGTHS = [1e-5, 1e-4, 1e-3]


def tuning(variables: dict[str, tuple[np.ndarray, str]], rng: np.random.Generator) -> xr.Dataset:
    """Curves as `glmengine.results.curves` gives them."""
    shape = (len(UNITS), *(len(values) for values, _ in variables.values()))
    dims = ("unit", *variables)
    middle = rng.uniform(1, 10, shape)
    arrays = {
        "effect_link": np.log(middle / 100),
        "effect_hz": middle,
        "effect_low": middle * 0.8,
        "effect_high": middle * 1.3,
        "tuning_hz": middle + 0.1,
        "tuning_low": middle - 0.5,
        "tuning_high": middle + 0.7,
        "data_hz": rng.poisson(middle).astype(float),
    }
    coords = {
        "unit": UNITS,
        **{name: (name, values, {"unit": unit, "long_name": name}) for name, (values, unit) in variables.items()},
    }
    made = {name: (dims, values, {"unit": "Hz"}) for name, values in arrays.items()}
    made["occupancy_s"] = (tuple(variables), np.ones(shape[1:]))
    return xr.Dataset(made, coords)


def filters(dims: tuple[str, ...], rng: np.random.Generator) -> xr.Dataset:
    lags = np.arange(1, 16) * 0.01
    sizes = {"unit": len(UNITS), "source": len(UNITS), "lag_s": len(lags)}
    values = rng.normal(0, 0.3, [sizes[name] for name in dims])
    if "source" in dims:
        for at in range(len(UNITS)):
            values[at, at] = np.nan
    coords = {"unit": UNITS, "lag_s": ("lag_s", lags, {"unit": "s", "long_name": "time after the spike"})}
    if "source" in dims:
        coords["source"] = UNITS
    return xr.Dataset({name: (dims, values + shift) for name, shift in (("filter", 0.0), ("low", -0.2), ("high", 0.2))}, coords)


@pytest.fixture(scope="module")
def result(small_recording) -> Result:
    rng = np.random.default_rng(3)
    analysis = Analysis(time=Time(bin_size=0.02))
    features = ["a", "b"]
    coefficients = xr.DataArray(rng.normal(size=(2, 3)), {"feature": features, "unit": UNITS}, ("feature", "unit"))
    intercepts = xr.DataArray(np.full(3, -2.0), {"unit": UNITS}, ("unit",))
    scores = {
        "n_spikes": [700.0, 900.0, 0.0],
        "n_bins": [6000.0] * 3,
        "rate_hz": [5.8, 7.5, 0.0],
        "strength": [1e-4, 1e-3, 1e-3],
        "deviance_explained_heldout": [0.21, 0.47, np.nan],
        "bits_per_spike_heldout": [0.4, 1.1, np.nan],
        "deviance_explained_fit": [0.25, 0.5, np.nan],
        "log_likelihood": [-1200.0, -1500.0, 0.0],
        "aic": [2420.0, 3010.0, 2.0],
        "bic": [2520.0, 3110.0, 2.0],
        "edf": [9.3, 11.1, 1.0],
        "converged": [True, True, True],
        "decrement": [1e-18, 1e-17, 0.0],
        "status": ["ok", "ok", "silent"],
    }
    theta, x, y = np.linspace(0.1, 6.2, 12), np.linspace(5, 95, 8), np.linspace(10, 90, 6)
    cv = rng.normal(-0.2, 0.01, (5, len(STRENGTHS), 3))
    return Result(
        analysis=analysis,
        terms=(),
        coefficients=coefficients,
        standard_errors=coefficients * 0 + 0.1,
        intercepts=intercepts,
        intercept_errors=intercepts * 0 + 0.1,
        scores=xr.Dataset({name: ("unit", values) for name, values in scores.items()}, {"unit": UNITS}),
        curves={
            "head_direction": tuning({"head_direction": (theta, "rad")}, rng),
            "place": tuning({"position.x": (x, "cm"), "position.y": (y, "cm")}, rng),
        },
        filters={"history": filters(("unit", "lag_s"), rng), "coupling": filters(("unit", "source", "lag_s"), rng)},
        coupling=xr.Dataset(
            {"strength": (("unit", "source"), rng.normal(size=(3, 3)), {"unit": "log rate per spike"})},
            {"unit": UNITS, "source": UNITS},
        ),
        cv=xr.Dataset({"scores": (("fold", "strength", "unit"), cv)}, {"fold": range(5), "strength": STRENGTHS, "unit": UNITS}),
        provenance={"analysis_sha256": analysis.sha256, "recording_name": small_recording.name, "recording_sha256": ""},
        notes=("Column b was left out because it is constant.",),
    )


@pytest.fixture
def panel(qtbot, document, jobs, small_recording, result):
    panel = ResultsPanel(document, jobs, Runs())
    qtbot.addWidget(panel)
    panel.resize(1366, 640)
    panel.show()
    document.open(small_recording, result.analysis, result)
    document.select(unit="place")
    qtbot.waitUntil(lambda: bool(panel.curves.plots) and panel.curves.is_complete)
    return panel


def plot(panel, name: str):
    return next(one for one in panel.curves.plots if one.objectName() == name)


def test_without_a_result_it_says_what_comes_next(qtbot, document, jobs, small_recording):
    panel = ResultsPanel(document, jobs, Runs())
    qtbot.addWidget(panel)
    assert "Ctrl+O" in panel.empty.text
    document.open(small_recording, Analysis())
    assert "Features step" in panel.empty.text
    assert panel._stack.currentWidget() is panel.empty


def test_units_are_listed_best_first_and_a_row_selects(panel, document):
    view = panel.units.view
    assert [view.item(at, 0).text() for at in range(3)] == ["place", "hd", "flat"]
    assert view.item(0, 1).text() == "0.470"
    assert view.item(2, view.columnCount() - 1).text() == "no spikes"
    view.selectRow(1)
    assert document.unit == "hd"
    assert panel.title.text() == "Unit hd"
    panel.resize(870, 640)  # what the rail leaves of a window of 1024 pixels
    QApplication.processEvents()
    header, last = view.horizontalHeader(), view.columnCount() - 1
    assert header.sectionSize(last) >= view.sizeHintForColumn(last)
    assert header.sectionViewportPosition(last) + header.sectionSize(last) <= view.viewport().width()


def test_the_results_of_before_are_not_drawn_while_a_fit_fills_its_own_table(panel, document, small_recording, result):
    shown = []
    panel.curves.show_unit = lambda result, unit: shown.append(unit)
    first, second = (unit for unit in UNITS if unit != panel.title.text().removeprefix("Unit "))
    panel._runs.add("fit", result.analysis, small_recording)
    panel._runs.begin()
    assert panel._stack.currentWidget() is panel.filling
    document.select(unit=first)
    panel.hide()
    panel.show()
    assert not shown
    panel.filling.back.click()  # the results of before are asked for
    assert shown == [first]
    panel.forward.click()
    document.select(unit=second)
    assert shown == [first]
    panel._runs.end("done")
    wait_until(lambda: shown == [first, second], 60, "the results, which come a turn after the fit has ended")


def test_data_and_model_are_drawn_with_the_bands_of_the_result(panel, result):
    drawn = plot(panel, "tuning_head_direction")
    assert isinstance(drawn, LinePlot)
    assert drawn.x_axis.text == "head_direction (rad)"
    one = result.curves["head_direction"].sel(unit="place")
    table = drawn.numbers()
    np.testing.assert_array_equal(table["data (Hz)"], one["data_hz"])
    np.testing.assert_array_equal(table["model, 95 % band (Hz)"], one["tuning_hz"])
    np.testing.assert_array_equal(table["model, 95 % band low (Hz)"], one["tuning_low"])
    effect = plot(panel, "effect_head_direction").curves[0]
    np.testing.assert_array_equal(effect.high, one["effect_high"])


def test_places_are_images_of_data_and_model_on_one_scale(panel, result):
    drawn = plot(panel, "tuning_place")
    assert isinstance(drawn, ImagePlot)
    assert [image.title for image in drawn.images] == ["data", "model"]
    one = result.curves["place"].sel(unit="place")
    np.testing.assert_array_equal(drawn.images[1].values, one["tuning_hz"].transpose("position.x", "position.y"))
    tops = (np.quantile(one["data_hz"], 0.98), np.quantile(one["tuning_hz"], 0.995))
    assert drawn.levels == (0.0, max(tops))
    assert all(image.levels is None or tuple(image.levels) == drawn.levels for image in drawn._drawn)
    assert all(area.vb.state["aspectLocked"] for area in drawn._areas)


def test_filters_and_coupling_are_drawn_with_their_lags(panel, result):
    history = plot(panel, "filter_history").curves[0]
    np.testing.assert_array_equal(history.y, result.filters["history"]["filter"].sel(unit="place"))
    assert plot(panel, "filter_history").x_axis.text == "time after the spike (ms)", "as on paper"
    np.testing.assert_allclose(history.x, 1000 * result.filters["history"]["lag_s"])
    names = [curve.name for curve in plot(panel, "filter_coupling").curves]
    assert sorted(names) == ["from flat", "from hd"], "a unit without a filter is not drawn"
    pairs = plot(panel, "coupling").numbers()
    np.testing.assert_array_equal(
        pairs["summed filter (log rate per spike)"], result.coupling["strength"].transpose("source", "unit").values.ravel()
    )
    assert list(pairs["from unit"][:4]) == ["hd", "hd", "hd", "place"]
    assert list(pairs["to unit"][:4]) == ["hd", "place", "flat", "hd"]


def test_cross_validation_shows_mean_and_standard_error_and_what_was_used(panel, result):
    panel.tabs.setCurrentWidget(panel.validation)
    curve = panel.validation.by_strength.curves[1]
    scores = result.cv["scores"].sel(unit="place").values
    np.testing.assert_allclose(curve.y, scores.mean(axis=0))
    np.testing.assert_allclose(curve.high - curve.y, scores.std(axis=0, ddof=1) / np.sqrt(5))
    ((where, text),) = panel.validation.by_strength._marks
    assert where == 1e-3
    assert text == "used: 0.001"


def test_scores_stand_with_units_and_meaning(panel):
    panel.tabs.setCurrentWidget(panel.scores)
    rows = {panel.scores.item(at, 0).text(): at for at in range(panel.scores.rowCount())}
    at = rows["Information, held out"]
    assert [panel.scores.item(at, part).text() for part in (1, 2)] == ["1.100", "bits/spike"]
    assert panel.scores.item(rows["Converged"], 1).text() == "yes"
    assert all(panel.scores.item(at, 3).text() for at in rows.values())


def place_of_the_pages(panel) -> QPoint:
    """Where the pages on the selected unit begin, once a message has come or gone."""
    QApplication.processEvents()
    return panel.tabs.mapTo(panel, QPoint(0, 0))


def test_a_silent_unit_is_said_in_words(panel, document):
    before = place_of_the_pages(panel)
    document.select(unit="flat")
    assert "No spikes" in panel.state.text
    assert place_of_the_pages(panel) == before, "what one looks at does not move from unit to unit"
    document.select(unit="hd")
    assert panel.state.text == ""
    assert "21.0 %" in panel.verdict.text()


def test_words_for_states_and_effects():
    assert state_in_words("ok", True) == ""
    assert "did not converge" in state_in_words("ok", False)
    assert "unfinished" in state_in_words("stopped", False)
    assert "no effect" in effect_in_words(-0.02)
    assert "12.0 %" in effect_in_words(0.12)


def test_notes_of_the_fit_are_shown(panel):
    assert panel.notes.button.text() == "\u26a0 1 note"
    assert panel.notes.line.text == ""
    panel.notes.button.click()
    assert "constant" in panel.notes.line.text


def test_it_rests_while_nobody_sees_it(panel, document, monkeypatch):
    greyed = []
    grey = panel.curves.set_greyed
    monkeypatch.setattr(panel.curves, "set_greyed", lambda pale: (greyed.append(pale), grey(pale)))
    panel.hide()
    for bin_size in (0.02, 0.04):
        document.edit(document.analysis.with_(time=document.analysis.time.with_(bin_size=bin_size)), "Change bin size")
    document.select(unit="hd")
    assert not greyed
    panel.show()
    assert greyed == [True]  # once
    assert panel.banner.text == OTHER_ANALYSIS
    assert panel.title.text() == "Unit hd"


def test_a_result_without_its_recording_or_beside_another_says_so_and_what_to_do(panel, document):
    recording = document.recording
    document.set_recording(None)
    assert recording.name in panel.banner.text
    assert "is not open" in panel.banner.text
    assert "Replace recording" in panel.banner.text
    document.set_recording(replace(recording, name="day2", sha256="2"))
    assert f"is of another recording ({recording.name})" in panel.banner.text
    document.set_recording(replace(recording, sha256="2"))
    assert "is not as it was" in panel.banner.text
    document.set_recording(recording)
    assert panel.banner.text == ""


def test_what_waits_to_be_fitted_is_not_to_be_fitted_again(window, small_recording, small_analysis, small_result, at_rest):
    document, runs = window.document, window.work.fitting.runs
    document.open(small_recording, small_analysis)
    document.set_result(small_result)
    document.edit(document.analysis.with_(time=Time(bin_size=0.05)), "Change bin size")
    assert document.why_stale == OTHER_ANALYSIS
    run = runs.add("the same in wider bins", document.analysis, small_recording)
    assert not window.work.fitting.can_ask
    assert "under way" in document.why_stale
    runs.remove(run.number)
    assert document.why_stale == OTHER_ANALYSIS
    at_rest(window)


def test_stale_results_are_greyed_until_the_question_is_the_same_again(panel, document):
    assert panel.banner.text == ""
    before = place_of_the_pages(panel)
    document.edit(document.analysis.with_(time=Time(bin_size=0.05)), "Change bin size")
    assert panel.banner.text == OTHER_ANALYSIS
    assert place_of_the_pages(panel) == before
    assert panel.population.greyed
    assert all(drawn.greyed for drawn in panel.curves.plots)
    document.undo()
    assert panel.banner.text == ""
    assert not any(drawn.greyed for drawn in panel.curves.plots)


def test_a_click_on_the_population_selects_the_unit(qtbot, panel, document):
    panel.population.scene.prepareForPaint()
    from qtpy.QtCore import QPointF

    at = panel.population.view.mapFromScene(panel.population.area.vb.mapViewToScene(QPointF(2, 0.05)))
    qtbot.mouseClick(panel.population.view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert document.unit == "hd"


def test_rates_are_counted_and_smoothed_alike(result, small_recording):
    time = np.arange(0.01, 120, 0.02)
    rates = np.full((3, len(time)), 5.0)
    rates[0, :50] = np.nan
    prediction = xr.DataArray(rates, {"unit": UNITS, "time": time}, ("unit", "time"))
    raw = rates_of(result, small_recording, prediction, "hd", 0.0)
    assert raw.observed.sum() * 0.02 == pytest.approx(len(small_recording.spikes[0]))
    smooth = rates_of(result, small_recording, prediction, "hd", 0.25)
    np.testing.assert_allclose(smooth.predicted[50:], 5.0)
    assert np.isnan(smooth.predicted[:50]).all()
    assert smooth.observed.mean() == pytest.approx(raw.observed.mean(), rel=0.02)
    assert smooth.observed.std() < 0.6 * raw.observed.std()


def test_rates_over_time_are_predicted_in_a_job(qtbot, panel, document, monkeypatch):
    calls = []

    def predict(self, recording, epochs=None, *, units=None, bands=False, context=None):
        calls.append((recording.name, *units))
        time = np.arange(0.01, 120, 0.02)
        return xr.DataArray(np.full((3, len(time)), 4.0), {"unit": UNITS, "time": time}, ("unit", "time"))

    monkeypatch.setattr(Result, "predict", predict)
    panel.tabs.setCurrentWidget(panel.rates)
    qtbot.waitUntil(lambda: len(panel.rates.plot.curves) == 2, timeout=10_000)
    assert panel.rates.plot.curves[1].y[100] == pytest.approx(4.0)
    document.select(unit="hd")
    qtbot.waitUntil(lambda: "unit hd" in panel.rates.plot.title, timeout=10_000)
    assert [name for name, *_ in calls] == ["small", "small"]
    assert all(len(units) == 1 for _, *units in calls), "the unit that is shown is predicted, no other"
    assert calls[-1][1] == "hd"
    panel.rates.findChild(QComboBox, "rates_smoothing").setCurrentIndex(3)
    qtbot.waitUntil(lambda: not panel._jobs._pending)
    assert len(calls) == 2, "another smoothing predicts nothing again"


def test_without_the_recording_rates_say_so(panel, document, result):
    document.open(None, result.analysis, result)
    panel.tabs.setCurrentWidget(panel.rates)
    assert "Ctrl+O" in panel.rates.message.text


def test_a_model_without_cross_validation_says_so(panel, document, small_recording, result, qtbot):
    document.open(small_recording, result.analysis, replace(result, cv=None))
    panel.tabs.setCurrentWidget(panel.validation)
    qtbot.waitUntil(lambda: "without cross-validation" in panel.validation._said.text())
    assert not panel.validation.by_strength.isVisibleTo(panel)


def test_the_population_is_shown_by_held_out_score_again_after_a_live_fit(panel, document, result):
    assert panel._which.currentData() == "deviance_explained_heldout"
    live = replace(result, scores=result.scores.drop_vars(["deviance_explained_heldout", "bits_per_spike_heldout"]))
    document.set_live_result(live)
    assert panel._which.currentData() == "deviance_explained_fit"
    document.set_live_result(None)
    assert panel._which.currentData() == "deviance_explained_heldout"
    panel._which.setCurrentIndex(panel._which.findData("rate_hz"))
    panel._which.activated.emit(panel._which.currentIndex())
    document.set_live_result(live)
    assert panel._which.currentData() == "rate_hz", "what was chosen stays"


def test_what_was_chosen_for_each_unit_stands_with_it(panel, document, result):
    nothing = xr.Dataset(coords={"unit": UNITS})
    taken = np.array([[True, True, False], [True, False, False]])
    order = np.array([[2.0, 1.0, np.nan], [1.0, np.nan, np.nan]])
    chosen = xr.Dataset(
        {"chosen": (("term", "unit"), taken), "order": (("term", "unit"), order)},
        {"term": ["speed", "position"], "unit": UNITS},
    )
    selection = TermSelection(nothing, nothing, nothing, nothing, chosen=chosen)
    document.set_result(replace(result, selection=selection))
    view = panel.units.view
    assert [view.horizontalHeaderItem(at).text() for at in range(4)] == ["Unit", "Held out", "Chosen", "State"]
    rows = {view.item(at, 0).text(): view.item(at, 2).text() for at in range(view.rowCount())}
    assert rows == {"hd": "position, speed", "place": "speed", "flat": "nothing"}
    document.select(unit="hd")
    assert panel.verdict.text().startswith("chosen: position, then speed; explains 21.0 %")


def test_a_fit_that_was_stopped_says_which_units_may_be_used(panel, document, result):
    assert not panel.unfinished.text
    scores = result.scores.assign(status=("unit", ["ok", "stopped", "silent"]), converged=("unit", [True, False, True]))
    document.set_result(replace(result, scores=scores))
    assert "Finished, and may be used: 2 units (hd, flat)." in panel.unfinished.text
    assert "not to be used: 1 unit (place)" in panel.unfinished.text


def test_the_best_unit_is_selected_until_the_user_selects_one(document, small_recording, result):
    document.open(small_recording, result.analysis)
    assert document.unit == "hd"
    document.set_result(result)
    assert (document.unit, document.units) == ("place", ("place",))
    document.open(small_recording, result.analysis)
    document.select(unit="hd")
    document.set_result(result)
    assert document.unit == "hd"


def test_a_figure_is_one_click_away(panel, qtbot):
    asked = []
    panel.action_asked.connect(asked.append)
    qtbot.mouseClick(panel.figure, Qt.MouseButton.LeftButton)
    assert asked == ["export_figure"]
