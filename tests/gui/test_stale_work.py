"""What the worker does quietly gives up as soon as nobody wants its answer any more."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pynapple as nap
import pytest

from glmengine.analysis.analysis import Analysis, Condition, Time, Validation
from glmengine.context import CallbackContext, Context
from glmengine.errors import Cancelled
from glmengine.recording.derived.movement import Speed
from glmengine.recording.derived.quantities import compute_derived
from tests.clock import PATIENCE_S


class _Asked(Context):
    """Counts how often it is asked, and gives the work up at one of these times."""

    def __init__(self, last: float = np.inf) -> None:
        self.times, self._last = 0, last

    def check(self) -> None:
        self.times += 1
        if self.times >= self._last:
            raise Cancelled


@pytest.fixture(scope="module")
def asked(small_recording, small_analysis) -> tuple:
    """An analysis with conditions, a derived covariate and folds, and its recording with counts in the place of spikes as well."""
    speed = Speed(source="position")
    time_used = Time(bin_size=0.02, conditions=(Condition(variable="speed", above=1.0),))
    analysis = small_analysis.with_(time=time_used, derived=(speed,), validation=Validation(folds=2))
    counts = small_recording.spikes.count(0.02)
    return analysis, small_recording, replace(small_recording, name="counts", spikes=None, counts=counts)


def _raw_tuning(asked, context):
    from glmgui.panels.data.described_page import Asked
    from glmgui.panels.data.recording_pages import _asked
    from glmgui.panels.data.tuning_page import _Choice, _tuning

    analysis, recording, _ = asked
    whole = compute_derived(analysis.derived, recording)
    question = _asked(whole, analysis, "hd", context)
    assert isinstance(question, Asked)
    return _tuning(_Choice(("position.x", "position.y"), 10, 1.0, "path", True), question, context)


def _correlations(asked, context):
    from glmgui.panels.data.correlations_page import _correlations
    from glmgui.panels.data.recording_pages import _asked

    analysis, recording, _ = asked
    return _correlations("explained", _asked(compute_derived(analysis.derived, recording), analysis, "hd", context), context)


def _design(asked, context):
    from glmgui.panels.features.design_view import design_drawing

    analysis, recording, _ = asked
    return design_drawing(analysis, recording, 5.0, None, "hd", context)


def _features(asked, context):
    from glmgui.panels.features.preview_jobs import features_on_recording

    analysis, recording, _ = asked
    whole = compute_derived(analysis.derived, recording)
    return features_on_recording(analysis.terms[0], whole, analysis.time, None, None, context)


def _used(asked, context):
    from glmgui.panels.data.usable import used_of

    analysis, recording, _ = asked
    return used_of(analysis, replace(recording), context)  # what was counted of one is kept


def _folds(asked, context):
    from glmengine.design.fitted_time import fitted_time

    analysis, recording, _ = asked
    return fitted_time(analysis, replace(recording), context)


def _size(asked, context):
    from glmengine.design.fit_size import estimate

    analysis, recording, _ = asked
    return estimate(analysis, replace(recording), context)


def _summary(asked, context):
    from glmgui.drawings.summary import summarise

    return summarise(asked[1], context)


def _summary_of_counts(asked, context):
    from glmgui.drawings.summary import summarise

    return summarise(asked[2], context)


def _covariate(asked, context):
    from glmgui.drawings.summary import detail_to_draw

    return detail_to_draw(asked[1].covariates["position"], context)


@pytest.mark.parametrize(
    "work",
    [_raw_tuning, _correlations, _design, _features, _used, _folds, _size, _summary, _summary_of_counts, _covariate],
)
def test_work_is_given_up_wherever_it_asks(asked, work):
    whole = _Asked()
    work(asked, whole)
    assert whole.times >= 2, "it asks only before it begins"
    for last in {1, whole.times // 2 + 1, whole.times}:
        with pytest.raises(Cancelled):
            work(asked, _Asked(last))


def test_all_units_are_gathered_as_long_as_they_are_wanted(small_result, small_recording):
    from glmgui.drawings.population import population_of

    whole = _Asked()
    population_of(small_result, small_recording, whole)
    assert whole.times >= 2
    for last in range(1, whole.times + 1):
        with pytest.raises(Cancelled):
            population_of(small_result, small_recording, _Asked(last))


def test_sampling_a_long_series_asks_at_each_block():
    """Bins of a millisecond over minutes: a block takes some milliseconds."""
    from glmengine.recording.binned import sample_covariate
    from glmengine.recording.recording import Covariate
    from glmengine.timegrid.grid import TimeGrid

    times = np.arange(0.0, 300.0, 0.02)
    covariate = Covariate("x", nap.Tsd(times, np.sin(times)))
    grid, whole = TimeGrid.from_intervals(np.array([[0.0, 300.0]]), 0.001), _Asked()
    sampled = sample_covariate(covariate, grid, context=whole)
    assert whole.times >= 5
    with pytest.raises(Cancelled):
        sample_covariate(covariate, grid, context=_Asked(whole.times))
    np.testing.assert_allclose(sampled[100:-100], np.sin(grid.centres[100:-100]), atol=1e-3)


def test_a_question_that_was_replaced_frees_the_worker_at_once(jobs, qtbot, asked):
    """The old one waits in the middle until the new one is asked; it never gets to its end."""
    analysis, recording, _ = asked
    reached, told, ended, answers = threading.Event(), threading.Event(), [], []

    def stale(context):
        def look() -> bool:
            reached.set()
            told.wait(PATIENCE_S)
            context.check()
            return False

        used = _used((analysis, recording, None), CallbackContext(cancelled=look))
        ended.append(used)
        return "stale"

    jobs.submit("Old question", stale, answers.append, key="question", quiet=True)
    qtbot.waitUntil(reached.is_set)
    jobs.submit("New question", lambda context: "new", answers.append, key="question", quiet=True)
    told.set()
    qtbot.waitUntil(lambda: bool(answers))
    assert answers == ["new"]
    assert ended == []


def test_an_analysis_without_conditions_is_counted_the_same_with_a_context(small_recording):
    from glmengine.analysis.usable_time import usable_time

    analysis = Analysis(time=Time(bin_size=0.02))
    assert usable_time(analysis, replace(small_recording), _Asked()).n_used == usable_time(analysis, small_recording).n_used
