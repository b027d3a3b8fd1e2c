"""Derived covariates by what is known of their inputs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from glmengine.analysis.analysis import Analysis
from glmengine.errors import GlmError
from glmengine.recording.binned import sample_covariate
from glmengine.recording.derived import quantities as kinds
from glmengine.recording.derived.position import movement_offers
from glmengine.recording.derived.quantities import compute_derived
from glmengine.recording.recording import Covariate, Recording

STEP = 0.02
TIMES = np.round(np.arange(0, 20, STEP), 9)


@pytest.fixture(scope="module")
def recording() -> Recording:
    import pynapple as nap

    support = nap.IntervalSet(0.0, 20.0)
    turning = np.mod(1.5 * TIMES, 2 * np.pi)
    back = np.column_stack([TIMES, np.zeros_like(TIMES)])
    front = back + np.column_stack([np.cos(turning), np.sin(turning)])
    speed = np.where((TIMES > 5) & (TIMES < 10), 20.0, 1.0)
    speed[(TIMES > 7) & (TIMES < 7.1)] = 0.0  # a short rest inside the run
    speed[(TIMES > 15) & (TIMES < 15.1)] = 30.0  # a short run
    lfp_times = np.round(np.arange(0, 20, 0.004), 9)
    made = {
        "back": Covariate("back", nap.TsdFrame(TIMES, back, columns=["x", "y"], time_support=support), "cm"),
        "front": Covariate("front", nap.TsdFrame(TIMES, front, columns=["x", "y"], time_support=support), "cm"),
        "turning": Covariate("turning", nap.Tsd(TIMES, turning, time_support=support), "rad", "angle"),
        "pace": Covariate("pace", nap.Tsd(TIMES, speed, time_support=support), "cm/s"),
        "lfp": Covariate("lfp", nap.Tsd(lfp_times, 3 + np.cos(2 * np.pi * 8 * lfp_times), time_support=support), "uV"),
    }
    return Recording(
        "made",
        ("one",),
        spikes=nap.TsGroup({0: nap.Ts(np.array([1.0]))}, time_support=support),
        covariates=made,
        epochs={"all": support},
        trials={"trials": nap.IntervalSet([1.0, 5.0], [3.0, 9.0])},
        events={"cue": nap.Ts(np.array([2.0, 8.0]))},
    )


def values(recording, spec):
    covariate = compute_derived((spec,), recording).covariates[spec.name]
    return np.asarray(covariate.data.t), np.asarray(covariate.data.values), covariate


def test_speed_of_steady_movement(recording):
    _, speed, covariate = values(recording, kinds.Speed(source="back"))
    np.testing.assert_allclose(speed, 1.0, atol=1e-9)  # up to the ends, which a plain average would slow down
    assert covariate.unit == "cm/s"


def moved(times, values, unit="cm", kind="continuous"):
    """A recording in which `point` is at `values` at `times`."""
    import pynapple as nap

    support = nap.IntervalSet(0.0, 20.0)
    data = nap.Tsd(times, values, time_support=support) if values.ndim == 1 else nap.TsdFrame(times, values, time_support=support)
    return Recording(
        "moved",
        ("one",),
        spikes=nap.TsGroup({0: nap.Ts(np.array([1.0]))}, time_support=support),
        covariates={"point": Covariate("point", data, unit, kind)},
        epochs={"all": support},
        trials={"none": nap.IntervalSet(np.empty(0), np.empty(0))},
        events={"cue": nap.Ts(np.array([2.005, 8.0])), "never": nap.Ts(np.empty(0))},
    )


def test_acceleration_of_a_steady_push_and_on_a_circle():
    _, change, covariate = values(moved(TIMES, 3 * TIMES**2), kinds.Acceleration(source="point"))
    np.testing.assert_allclose(change[100:-100], 6.0, rtol=1e-3)
    assert (covariate.unit, covariate.kind) == ("cm/s2", "continuous")
    circle = 10 * np.column_stack([np.cos(TIMES), np.sin(TIMES)])  # steady speed: nothing along the path
    _, change, _ = values(moved(TIMES, circle), kinds.Acceleration(source="point", smoothing=0.1))
    np.testing.assert_allclose(change[50:-50], 0.0, atol=1e-3)
    _, change, covariate = values(moved(TIMES, circle * 0, unit=""), kinds.Acceleration(source="point"))
    np.testing.assert_array_equal(change, 0.0)
    assert covariate.unit == ""


def test_running_direction_is_that_of_the_last_run_while_the_animal_rests():
    there = np.interp(TIMES, [0, 2, 6, 9, 13, 20], [0, 0, 100, 100, 0, 0]) + 0.05 * np.sin(40 * TIMES)
    _, way, covariate = values(moved(TIMES, there), kinds.RunningDirection(source="point"))
    assert covariate.kind == "category"
    assert set(way) == {1.0, -1.0}
    np.testing.assert_array_equal(way[TIMES < 8.8], 1.0)
    np.testing.assert_array_equal(way[TIMES > 9.2], -1.0)
    there[(TIMES > 4) & (TIMES < 5)] = np.nan
    assert np.isnan(values(moved(TIMES, there), kinds.RunningDirection(source="point"))[1][(TIMES > 4) & (TIMES < 5)]).all()


def test_the_direction_of_movement_is_that_of_the_way_and_kept_while_the_animal_rests():
    turning = 0.5 * np.minimum(TIMES, 10.0)  # round a circle at 20 cm/s, then at rest
    circle = 40 * np.column_stack([np.cos(turning), np.sin(turning)])
    _, way, covariate = values(moved(TIMES, circle), kinds.MovementDirection(source="point"))
    assert (covariate.unit, covariate.kind) == ("rad", "angle")
    off = np.angle(np.exp(1j * (way - turning - np.pi / 2)))
    np.testing.assert_allclose(off[50:450], 0.0, atol=1e-2)
    assert np.ptp(way[TIMES > 11]) == 0.0
    np.testing.assert_allclose(off[-1], 0.0, atol=0.15)
    circle[(TIMES > 4) & (TIMES < 5)] = np.nan
    assert np.isnan(values(moved(TIMES, circle), kinds.MovementDirection(source="point"))[1][(TIMES > 4) & (TIMES < 5)]).all()
    for still in (moved(TIMES, 0 * circle), moved(TIMES, TIMES)):
        with pytest.raises(GlmError, match=r"slowest|position in the plane"):
            values(still, kinds.MovementDirection(source="point"))


def test_movement_is_offered_where_only_a_position_was_recorded(recording):
    plane = moved(TIMES, np.column_stack([TIMES, TIMES]), unit="m")
    offers = movement_offers(plane)
    assert [one.kind for one in offers] == ["speed", "movement_direction"]
    assert offers[1].slowest == 0.05
    assert movement_offers(plane, offers) == ()
    assert movement_offers(compute_derived(offers, plane)) == ()
    assert [one.kind for one in movement_offers(recording)] == ["speed"]  # an angle was recorded
    assert movement_offers(moved(TIMES, TIMES)) == ()  # 'point' says nothing of a place
    track = moved(TIMES, TIMES)
    position = replace(track.covariates["point"], name="position")
    assert [one.kind for one in movement_offers(track.with_covariates(position))] == ["speed", "running_direction"]


@pytest.mark.parametrize("kind", [kinds.Speed, kinds.Acceleration])
def test_movement_is_unknown_where_position_is_and_never_taken_over_a_gap(kind):
    position = np.where(TIMES < 10, 0.0, 1000.0)  # a leap that happens within the gap
    position[(TIMES > 4) & (TIMES < 5)] = np.nan
    kept = (TIMES < 8) | (TIMES > 12)
    times, moving, _ = values(moved(TIMES[kept], position[kept]), kind(source="point"))
    unknown = (times > 4) & (times < 5)
    assert np.isnan(moving[unknown]).all()
    np.testing.assert_allclose(moving[~unknown], 0.0, atol=1e-9)
    alone = np.full(TIMES.shape, np.nan)
    alone[100] = 1.0
    assert np.isnan(values(moved(TIMES, alone), kind(source="point"))[1]).all()


def test_irregular_samples_give_the_same_speed():
    rng = np.random.default_rng(3)
    times = np.sort(rng.uniform(0, 20, 2000))
    _, speed, _ = values(moved(times, 4 * times), kinds.Speed(source="point"))
    np.testing.assert_allclose(speed, 4.0, rtol=1e-6)


def test_time_since_an_event_never_lies_between_old_and_new_at_the_event():
    recording = moved(TIMES, TIMES)
    made = compute_derived((kinds.TimeSince(event="cue"),), recording).covariates["time_since"]
    from glmengine.timegrid.grid import TimeGrid

    grid = TimeGrid.from_intervals(np.array([[3.0, 12.0]]), 0.001)
    since = sample_covariate(made, grid)
    expected = np.where(grid.centres < 8.0, grid.centres - 2.005, grid.centres - 8.0)
    np.testing.assert_allclose(since, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("spec", "values_", "kind", "field", "words"),
    [
        (kinds.Acceleration(source="point"), TIMES, "angle", "derived.0.source", "is an angle"),
        (kinds.Speed(source="point"), TIMES, "category", "derived.0.source", "is a category"),
        (kinds.RunningDirection(source="point"), TIMES, "angle", "derived.0.source", "is an angle"),
        (kinds.RunningDirection(source="point"), 0 * TIMES + 3, "continuous", "derived.0.slowest", "never changes"),
        (kinds.ZScore(source="point"), np.mod(TIMES, 6), "angle", "derived.0.source", "says nothing"),
        (kinds.Logarithm(source="point"), np.mod(TIMES, 6), "category", "derived.0.source", "says nothing"),
        (kinds.ZScore(source="point"), 0 * TIMES + 3, "continuous", "derived.0.source", "constant"),
        (kinds.Logarithm(source="point"), -1 - TIMES, "continuous", "derived.0.offset", "nowhere positive"),
        (kinds.Unwrapped(source="point"), np.mod(18 * TIMES, 360), "continuous", "derived.0.source", "no angle in radians"),
        (kinds.BandPhase(source="point"), 0 * TIMES + 3, "continuous", "derived.0.source", "constant"),
        (kinds.TimeSince(event="never"), TIMES, "continuous", "derived.0.event", "never occurs"),
        (kinds.TrialNumber(trials="none"), TIMES, "continuous", "derived.0.trials", "no trial"),
    ],
)
def test_what_cannot_be_derived_is_said(spec, values_, kind, field, words):
    with pytest.raises(GlmError, match=words) as caught:
        compute_derived((spec,), moved(TIMES, np.asarray(values_, float), kind=kind))
    assert caught.value.field == field


def test_the_logarithm_of_steps_is_steps():
    _, _, covariate = values(moved(TIMES, np.floor(TIMES) + 1, kind="step"), kinds.Logarithm(source="point"))
    assert covariate.kind == "step"


def test_head_direction_and_unwrapping(recording):
    _, angle, covariate = values(recording, kinds.HeadDirection(front="front", back="back"))
    np.testing.assert_allclose(np.exp(1j * angle), np.exp(1.5j * TIMES), atol=1e-9)
    assert (covariate.kind, covariate.unit) == ("angle", "rad")
    _, straight, covariate = values(recording, kinds.Unwrapped(source="turning"))
    np.testing.assert_allclose(straight, 1.5 * TIMES, atol=1e-9)
    assert covariate.kind == "continuous"


def test_theta_phase_is_zero_at_the_peaks(recording):
    times, phase, _ = values(recording, kinds.BandPhase(source="lfp"))
    middle = (times > 2) & (times < 18)
    np.testing.assert_allclose(np.exp(1j * phase[middle]), np.exp(2j * np.pi * 8 * times[middle]), atol=0.05)


def test_running_bridges_short_rests_and_drops_short_runs(recording):
    times, running, covariate = values(recording, kinds.Running(source="pace", above=5.0))
    np.testing.assert_array_equal(running, ((times > 5) & (times < 10)).astype(float))
    assert covariate.kind == "step"


def test_z_score_and_logarithm(recording):
    _, z, _ = values(recording, kinds.ZScore(source="pace"))
    assert abs(z.mean()) < 1e-12
    assert abs(z.std() - 1) < 1e-12
    _, log, _ = values(recording, kinds.Logarithm(source="pace"))
    assert np.isnan(log[(TIMES > 7.02) & (TIMES < 7.08)]).all()
    np.testing.assert_allclose(np.exp(log[:10]), 1.0)


def test_time_since_an_event_trial_number_and_drift(recording):
    times, since, _ = values(recording, kinds.TimeSince(event="cue", most=4.0))
    assert np.isnan(since[times < 2.0]).all()
    np.testing.assert_allclose(since[times >= 2.0], np.minimum(np.where(times < 8, times - 2, times - 8), 4)[times >= 2.0])
    times, number, _ = values(recording, kinds.TrialNumber(trials="trials"))
    np.testing.assert_array_equal(number[(times > 1.1) & (times < 2.9)], 1.0)
    np.testing.assert_array_equal(number[(times > 5.1) & (times < 8.9)], 2.0)
    assert np.isnan(number[(times > 3.1) & (times < 4.9)]).all()
    times, passed, _ = values(recording, kinds.Drift())
    np.testing.assert_allclose(passed, times / 20, atol=1e-9)


def test_derived_covariates_build_on_each_other_and_go_through_a_file(recording, tmp_path):
    chain = (kinds.Speed(source="back"), kinds.ZScore(name="z", source="pace"), kinds.Running(source="speed", above=0.5))
    made = compute_derived(chain, recording)
    assert {"speed", "z", "running"} <= set(made.covariates)
    Analysis(derived=chain).save(tmp_path / "a.toml")
    assert Analysis.load(tmp_path / "a.toml").derived == chain


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        (kinds.Speed(source="nothing"), "derived.0.source"),
        (kinds.HeadDirection(front="pace", back="back"), "derived.0.front"),
        (kinds.HeadDirection(front="back", back="back"), "derived.0.back"),
        (kinds.BandPhase(source="pace", low=30, high=60), "derived.0.source"),
        (kinds.BandPhase(source="lfp", low=10, high=6), "derived.0.high"),
        (kinds.TimeSince(event="nothing"), "derived.0.event"),
        (kinds.TrialNumber(trials="nothing"), "derived.0.trials"),
        (kinds.ZScore(source="nothing"), "derived.0.source"),
    ],
)
def test_what_cannot_be_computed_is_refused_with_its_field(recording, spec, field):
    with pytest.raises(GlmError) as caught:
        compute_derived((spec,), recording)
    assert caught.value.field == field


@pytest.mark.parametrize(
    "spec",
    [
        kinds.Speed(source="points"),
        kinds.Acceleration(source="points"),
        kinds.HeadDirection(front="points", back="others"),
        kinds.Unwrapped(source="points.x"),
        kinds.BandPhase(source="points.x", low=1.5, high=3.0),
        kinds.Running(source="points.x", above=1.0),
        kinds.ZScore(source="points.x"),
        kinds.Logarithm(source="points.x", offset=5.0),
    ],
    ids=lambda spec: spec.kind,
)
def test_missing_samples_stay_missing_alone_and_gaps_are_kept(spec):
    """NaN in, NaN out; everything else known, at the source's own times, which leave a gap and jitter a little."""
    import pynapple as nap

    rng = np.random.default_rng(1)
    times = TIMES + rng.uniform(-0.0009, 0.0009, TIMES.size)
    times = times[(TIMES < 8) | (TIMES > 11)]
    points = 2 + np.column_stack([np.cos(4 * np.pi * times), np.sin(4 * np.pi * times)])
    missing = (times > 14) & (times < 14.5)
    points[missing] = np.nan
    recording = moved(times, points)
    support = recording.epochs["all"]
    named = nap.TsdFrame(times, points, columns=["x", "y"], time_support=support)
    others = nap.TsdFrame(times, np.zeros_like(points), columns=["x", "y"], time_support=support)
    recording = recording.with_covariates(Covariate("points", named, "cm"), Covariate("others", others, "cm"))
    own, derived, _ = values(recording, spec)
    np.testing.assert_array_equal(own, named.t)
    assert np.isnan(derived[missing]).all()
    assert np.isfinite(derived[~missing]).all()
    if spec.kind == "speed":  # on a circle of radius 1 cm, twice a second
        inner = np.convolve(missing, np.ones(101), "same") == 0
        inner[:50] = inner[-50:] = False
        inner[np.abs(times - 8) < 1.5] = inner[np.abs(times - 11) < 1.5] = False
        expected = 4 * np.pi * np.exp(-0.5 * (4 * np.pi * 0.1) ** 2)
        np.testing.assert_allclose(derived[inner], expected, rtol=0.05)


def test_a_z_score_leaves_missing_values_out_of_its_mean():
    given = np.where(TIMES < 10, TIMES, np.nan)
    _, z, _ = values(moved(TIMES, given), kinds.ZScore(source="point"))
    assert abs(np.nanmean(z)) < 1e-12
    assert abs(np.nanstd(z) - 1) < 1e-12


def with_infinite(recording, name):
    covariate = recording.covariates[name]
    series = covariate.data
    worse = np.asarray(series.values, float).copy()
    worse[[3, 400]] = np.inf
    import pynapple as nap

    return recording.with_covariates(
        Covariate(name, nap.Tsd(np.asarray(series.t), worse, time_support=series.time_support), covariate.unit, covariate.kind)
    )


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        (kinds.ZScore(source="pace"), "pace"),
        (kinds.Logarithm(source="pace", offset=1.0), "pace"),
        (kinds.Unwrapped(source="turning"), "turning"),
    ],
)
def test_an_infinite_sample_spoils_itself_alone(recording, spec, name):
    _, made, _ = values(with_infinite(recording, name), spec)
    assert np.flatnonzero(~np.isfinite(made)).tolist() == [3, 400]
    assert np.isnan(made[[3, 400]]).all()


def test_an_angle_has_no_phase_in_a_band(recording):
    with pytest.raises(GlmError, match="'turning' is an angle") as caught:
        compute_derived((kinds.BandPhase(source="turning"),), recording)
    assert caught.value.field == "derived.0.source"


def test_two_derived_covariates_have_two_names(recording):
    twice = (kinds.ZScore(source="pace", name="new"), kinds.Logarithm(source="pace", offset=1.0, name="new"))
    with pytest.raises(GlmError, match="two derived covariates are called 'new'") as caught:
        compute_derived(twice, recording)
    assert caught.value.field == "derived.1.name"
