"""Signals in the window: no list of a spike for each unit of fluorescence, no Hz, no bits per spike; and the digits of tiny scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt

import glmengine as ge
from glmengine.analysis.analysis import Analysis, Model, Time, Validation
from glmengine.analysis.terms import CovariateTerm, Factor
from glmengine.basis import BSpline
from glmengine.simulation.catalogue import sample
from glmgui.drawings.activity_levels import shares_of_traces
from glmgui.drawings.curves import tuning
from glmgui.drawings.summary import summarise
from glmgui.panels.data.panel import DataPanel
from glmgui.panels.results.panel import ResultsPanel
from glmgui.panels.results.wording import BY_KEY, effect_in_words, scores_of
from glmgui.plots.raster import RasterPlot
from glmgui.work.runs import Runs


@pytest.fixture(scope="module")
def calcium():
    return sample("calcium")


@pytest.fixture(scope="module")
def fitted(calcium):
    variable = next(iter(calcium.variables))
    term = CovariateTerm(factors=(Factor(variable=variable, basis=BSpline(n=6)),))
    period = float(np.median(np.diff(calcium.counts.t[:100])))
    analysis = Analysis(
        time=Time(bin_size=round(period, 6)),
        terms=(term,),
        model=Model(family="gaussian", strengths=(1e-4,)),
        validation=Validation(folds=2),
    )
    return ge.run(analysis, calcium)


def bright(calcium, factor: float):
    """The same with fluorescence in the camera's own numbers."""
    import pynapple as nap

    counts = calcium.counts
    values = np.asarray(counts.values) * factor
    return replace(calcium, counts=nap.TsdFrame(t=counts.t, d=values, time_support=counts.time_support))


@pytest.mark.parametrize("whole", [False, True])
def test_bright_fluorescence_is_no_list_of_spikes(calcium, whole):
    """Each sample of 50,000 was once listed as fifty thousand spikes, which took all memory."""
    recording = bright(calcium, 5e4)
    if whole:
        counts = recording.counts
        recording = replace(recording, counts=counts.__class__(t=counts.t, d=np.abs(np.rint(counts.values)).astype(np.int64)))
    found = summarise(recording)
    assert found.traces is not None
    assert all(len(unit.times) == 0 for unit in found.units)
    assert all(np.isfinite(unit.activity).all() and unit.activity.max() <= 1 for unit in found.units)


def test_the_data_panel_speaks_of_activity(qtbot, document, jobs, calcium):
    panel = DataPanel(document, jobs)
    qtbot.addWidget(panel)
    panel.resize(1200, 700)
    panel.show()
    document.open(calcium, Analysis())
    qtbot.waitUntil(lambda: panel.units.model.rowCount() > 0, timeout=20_000)
    model = panel.units.model
    headings = [model.headerData(part, Qt.Orientation.Horizontal) for part in range(4)]
    assert "Spikes" not in headings
    assert "Hz" not in " ".join(headings)


def test_a_raster_of_signals_is_dark_where_they_are_high(qtbot):
    plot = RasterPlot()
    qtbot.addWidget(plot)
    plot.resize(500, 200)
    plot.show()
    times = np.arange(1000) / 10
    values = np.column_stack([np.sin(times), np.full(1000, np.nan)])
    plot.set_traces(("a", "b"), times, values, (0.0, 100.0))
    assert plot._density.isVisible()
    table = plot.numbers()
    assert list(table) == ["time (s)", "a", "b"]


@pytest.mark.parametrize("edges", [np.linspace(0, 10, 7), np.linspace(2, 2.05, 20), np.linspace(50, 60, 5)])
def test_heights_lie_between_nothing_and_one(edges):
    times = np.arange(101) / 10
    values = np.column_stack([times, -times, np.full(101, 7.0), np.full(101, np.nan)])
    found = shares_of_traces(times, values, edges)
    assert found.shape == (len(edges) - 1, 4)
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert not found[:, 3].any()


def test_results_of_a_signal_name_no_spikes(qtbot, document, jobs, calcium, fitted):
    said = scores_of(fitted)
    assert not any(key.startswith("bits") for key in said)
    assert "pike" not in said["n_spikes"].title
    assert said["rate_hz"].unit == "1/s"
    label, curves = next(iter(fitted.curves.items()))
    drawn = tuning(label, curves, fitted.units[0])[0]
    assert (drawn.y_axis.label, drawn.y_axis.unit) == ("activity", "1/s")
    panel = ResultsPanel(document, jobs, Runs())
    qtbot.addWidget(panel)
    panel.resize(1200, 700)
    panel.show()
    document.open(calcium, fitted.analysis)
    document.set_result(fitted)
    shown = [panel.units.view.horizontalHeaderItem(at).text() for at in range(panel.units.view.columnCount())]
    assert not any("spike" in one.lower() for one in shown)
    assert "Held out" in shown
    panel.tabs.setCurrentWidget(panel.rates)
    qtbot.waitUntil(lambda: len(panel.rates.plot.curves) > 0, timeout=20_000)
    assert panel.rates.plot.y_axis.unit == "1/s"


@pytest.mark.parametrize(
    ("value", "text"), [(0.2345, "0.234"), (0.00042, "0.00042"), (-3.14e-6, "-3.1e-6"), (0.0, "0.000"), (float("nan"), "\u2013")]
)
def test_tiny_scores_keep_digits_that_say_something(value, text):
    assert BY_KEY["deviance_explained_heldout"].text(value) == text


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("deviance_explained_heldout", -1.5978e128, "-1.6e128"),
        ("deviance_explained_heldout", -23456.7, "-2.35e4"),
        ("deviance_explained_heldout", -12.3456, "-12.346"),
        ("log_likelihood", -12345678.9, "-12,345,678.90"),
        ("log_likelihood", -1.5978e128, "-1.6e128"),
    ],
)
def test_impossible_scores_are_written_as_powers(key, value, text):
    assert BY_KEY[key].text(value) == text


def test_a_tiny_effect_is_called_tiny():
    assert effect_in_words(0.0004).startswith("explains 0.04 %")
    assert "next to nothing" in effect_in_words(0.0004)


@pytest.mark.parametrize(
    ("values", "family"), [([0, 1, 5, np.nan], "poisson"), ([0.5, 1, 2, 0], "gaussian"), ([-1, 0, 1, 2], "gaussian")]
)
def test_a_signal_begins_with_a_family_that_can_be_fitted_to_it(values, family):
    """A calcium recording once began with Poisson, and the first fit ended in an error about negative counts."""
    import pynapple as nap

    from glmengine.recording.recording import Recording
    from glmgui.work.opening import first_analysis

    counts = nap.TsdFrame(0.05 + 0.1 * np.arange(4), np.array(values, float)[:, None], columns=["a"])
    recording = Recording("counts", ("a",), counts=counts, epochs={"all": counts.time_support})
    assert first_analysis(recording).model.family == family


def test_answers_are_found_with_the_family_of_the_model_that_is_open(window, calcium, at_rest):
    """The sheet of a recording of signals was asked for with Poisson, which refuses values below 0, whatever the model said."""
    from glmengine.answers.question import question_for
    from glmgui.work.opening import first_analysis

    assert question_for(calcium).model.family == "gaussian"
    document, question = window.document, window.work.answers.question
    document.open(calcium, first_analysis(calcium))
    question.offer()
    at_rest(window)
    assert question.analysis.model.family == "gaussian"
    document.edit(document.analysis.with_(model=document.analysis.model.with_(family="gamma", link="log")), "Change family")
    assert (question.analysis.model.family, question.analysis.model.link) == ("gamma", "log")


def test_what_drives_a_signal_is_found_without_an_analysis(calcium):
    values = np.asarray(calcium.counts.values)
    assert (values < 0).any()
    two = replace(calcium, unit_names=calcium.unit_names[:2], counts=calcium.counts[:, :2])
    sheet = ge.explain(two, variables=[next(iter(calcium.variables))], shifts=0, simulations=0)
    assert np.isfinite(sheet.selection.models["log_likelihood"].values).all()


def test_spikes_begin_with_poisson(small_recording):
    from glmgui.work.opening import first_analysis

    assert first_analysis(small_recording).model.family == "poisson"
