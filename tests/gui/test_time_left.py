"""The time left that is named is right within a factor of two from the first tenth on, however evenly the engine reports."""

from __future__ import annotations

import numpy as np
import pytest

from glmgui.time_left import TimeLeft

TICK = 0.06  # s between two looks at it

# Phases as (share that was planned, share of the time that it takes)
PHASES = {
    "as planned": ((1.0, 1.0),),
    "a slow second half": ((0.5, 0.4), (0.5, 0.6)),
    "a quick second half": ((0.5, 0.6), (0.5, 0.4)),
    "features first, errors last": ((0.1, 0.06), (0.8, 0.82), (0.1, 0.12)),
    "a first strength from nothing": ((0.2, 0.3), (0.8, 0.7)),
}
# Binning and features, cross-validation, fit, standard errors, curves, the rest: of 12 units with four terms, in 20 s
SEEN = ((0.1, 0.032), (0.55, 0.628), (0.1, 0.171), (0.099, 0.064), (0.088, 0.091), (0.063, 0.014))


def watched(phases, total: float, every: float) -> list[tuple[float, float, float]]:
    """Seconds passed, seconds named and seconds truly left, of work that takes `total` seconds and reports `every` so many."""
    shares, times = (np.concatenate([[0.0], np.cumsum(part)]) for part in zip(*phases, strict=True))
    left, seen, due = TimeLeft(), [], 0.0
    for now in np.arange(0.0, total, TICK):
        if now >= due:
            stage = str(np.searchsorted(times, now / total))
            left.report(now, float(np.interp(now / total, times, shares)), stage)
            due = now + every
        named = left.seconds(now)
        if named is not None:
            seen.append((now, named, total - now))
    return seen


@pytest.mark.parametrize("phases", PHASES.values(), ids=PHASES)
@pytest.mark.parametrize(("total", "every"), [(12.0, 0.05), (60.0, 0.5), (60.0, 4.0), (900.0, 1.0), (900.0, 30.0)])
def test_the_time_left_is_right_within_a_factor_of_two(phases, total, every):
    assert_right(phases, total, every)


def test_the_time_left_of_a_fit_as_it_was_seen_to_go_is_right_too():
    assert_right(SEEN, 20.0, 0.05)


def assert_right(phases, total: float, every: float) -> None:
    """Or, at the end, where the last stages are over before their pace is known, wrong by a twentieth of the whole."""
    late = [one for one in watched(phases, total, every) if one[0] > total / 10 and one[2] > max(3.0, every)]
    assert late
    for now, named, left in late:
        assert named < max(2 * left, left + 0.05 * total), (now, named, left)
        assert left < max(2 * named, named + 0.05 * total), (now, named, left)


def test_it_does_not_grow_while_nothing_is_reported_for_a_moment():
    left = TimeLeft()
    for now in np.arange(0.0, 20.0, 1.0):
        left.report(now, now / 100)
        named = left.seconds(now)
    later = left.seconds(20.4)
    assert later < named


def test_while_the_bar_stands_the_time_left_never_grows_and_is_then_not_named():
    """As of work that a machine has no time for: it stood for minutes, and what was named grew from 10 minutes to 1.7 hours."""
    left = TimeLeft()
    for now in np.arange(0.0, 100.0, 1.0):
        left.report(now, now / 1000)
        before = left.seconds(now)
    seen = [left.seconds(now) for now in np.arange(100.0, 400.0, TICK)]
    named = [one for one in seen if one is not None]
    assert named
    assert max(np.diff([before, *named])) <= 0
    assert seen[-1] is None
    assert len(named) * TICK < 15
    left.report(400.0, 0.2)  # it goes on
    assert left.seconds(400.0) is not None


def test_nothing_is_named_too_early():
    left = TimeLeft()
    assert left.seconds(10.0) is None
    left.report(0.1, 0.5)
    assert left.seconds(0.1) is None


@pytest.mark.parametrize("every", [0.05, 0.3])
def test_nothing_is_named_of_work_that_is_over_within_three_seconds(every):
    assert watched(PHASES["as planned"], 2.5, every) == []
    named = watched(PHASES["as planned"], 4.0, every)
    assert named[0][0] < 1.0
    assert max(np.diff([now for now, _, _ in named])) < 2 * TICK  # and goes on to the end


def test_a_report_that_goes_back_is_not_believed():
    left = TimeLeft()
    left.report(10.0, 0.5)
    left.report(11.0, 0.1)
    assert left.seconds(11.0) == pytest.approx(10.0, rel=0.3)


def test_the_beginning_of_each_strength_does_not_tell_the_pace_of_all():
    """As cross-validations go: a new Hessian first, of which the share says little, then quick steps."""
    left, strengths, total = TimeLeft(), 5, 20.0
    for now in np.arange(0.0, total, TICK):
        number, within = divmod(now / total * strengths, 1.0)
        left.report(
            now,
            float((number + np.interp(within, [0.0, 0.4, 1.0], [0.0, 0.1, 1.0])) / strengths),
            f"Scoring, strength {number:g}",
        )
        named = left.seconds(now)
        if total / 10 < now < 0.85 * total and named is not None:
            assert 0.5 < named / (total - now) < 2.0, (now, named)
