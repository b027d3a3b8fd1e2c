"""What is repaired in a recording, what is kept as it is, and that each repair is said."""

from __future__ import annotations

import re

import numpy as np
import pytest

from glmengine.errors import GlmError
from glmengine.io.cleaning import clean
from glmengine.io.compose import compose
from glmengine.io.raw import RawRecording, RawSeries, RawTrials

TIMES = np.arange(0, 100, 0.1)


def raw(spikes=None, **more) -> RawRecording:
    spikes = [np.arange(1.0, 99.0)] if spikes is None else [np.asarray(times, dtype=float) for times in spikes]
    return RawRecording(spikes=spikes, unit_names=[str(unit) for unit in range(len(spikes))], **more)


def made(given: RawRecording, says: str = ""):
    recording = compose(given, "made")
    if says:
        assert any(says in note for note in recording.notes), recording.notes
    return recording


def series(values, times=TIMES, name="x", **more) -> RawSeries:
    return RawSeries(name, np.asarray(times, dtype=float), np.asarray(values), **more)


# --- spikes --------------------------------------------------------------------------------------------------------


def test_unsorted_and_repeated_spikes():
    recording = made(raw([[3.0, 1.0, 2.0, 2.0, 5.0]]), "Repeated spike times left out: 1")
    assert recording.spikes[0].t.tolist() == [1, 2, 3, 5]
    assert any("Spike times out of order, now sorted: 1 (unit 0)" in note for note in recording.notes)


def test_sentinels_and_nan_are_no_spikes_and_do_not_stretch_the_recording():
    train = np.concatenate([[-1.5e9], np.arange(0.0, 100.0), [np.nan, 1e12, np.inf]])
    recording = made(raw([train, np.arange(0.5, 100)]), "lie far outside the recording: 4")
    assert recording.duration == pytest.approx(99.5)
    assert len(recording.spikes[0]) == 100


def test_negative_spikes_are_dropped_only_where_the_recording_starts_at_zero():
    train = np.concatenate([[-0.5, -0.2], np.arange(1.0, 99.0)])
    assert len(made(raw([train], series=[series(np.zeros(1000))]), "Negative spike times").spikes[0]) == 98
    around_zero = made(raw([train], series=[series(np.zeros(1000), TIMES - 50)]))
    assert len(around_zero.spikes[0]) == 100


def test_silent_units_and_a_noise_unit_are_named():
    recording = made(raw([np.linspace(0, 99, 5000), np.arange(10.0), [], np.arange(20.0)]), "No spikes in unit 2.")
    assert any("Unit 0 has 99 % of all spikes" in note for note in recording.notes)
    assert len(recording.unit_names) == 4


def test_nothing_to_fit_is_an_error():
    for given, says in [
        (raw([[], []]), "none of its units has a spike"),
        (raw([]), "holds no unit"),
        (raw([[5.0]]), "at one time"),
        (raw([[np.nan]]), "none of its units has a spike"),
    ]:
        with pytest.raises(GlmError, match=says):
            compose(given, "made")


# --- series ----------------------------------------------------------------------------------------------------------


def test_times_that_go_backwards_or_repeat():
    times = TIMES.copy()
    times[[10, 11]] = times[[11, 10]]
    times[500] = times[499]
    recording = made(raw(series=[series(np.arange(1000.0), times)]), "backwards in 1 place")
    data = recording.covariates["x"].data
    assert (np.diff(data.t) > 0).all()
    assert data.values[10:12].tolist() == [11, 10]
    assert len(data) == 999


def test_lost_tracking_written_as_minus_one():
    values = np.column_stack([np.linspace(5, 90, 1000), np.linspace(90, 5, 1000)])
    values[200:250] = -1
    recording = made(raw(series=[series(values, components=("x", "y"))]), "50 samples of exactly -1")
    assert np.isnan(recording.covariates["x"].data.values[200:250]).all()
    # a real minus one among values of both signs stays
    signed = np.linspace(-3, 3, 1000)
    signed[5] = -1
    assert np.isfinite(made(raw(series=[series(signed)])).covariates["x"].data.values).all()


def test_infinite_values_are_missing_and_the_share_is_said():
    values = np.arange(1000.0)
    values[:100] = np.inf
    recording = made(raw(series=[series(values)]), "10.0 % of its samples are missing")
    assert np.isnan(recording.covariates["x"].data.values[:100]).all()
    place = np.tile(np.arange(1000.0)[:, None], 2)
    place[:50, 0] = place[100:150, 1] = np.nan  # 5 % of the numbers of each coordinate, and no place for 10 % of the time
    made(raw(series=[series(place, components=("x", "y"))]), "10.0 % of its samples are missing")


def test_a_covariate_without_any_value_is_kept():
    recording = made(raw(series=[series(np.full(1000, np.nan))]), "no valid value")
    assert "x" in recording.covariates


@pytest.mark.parametrize(
    ("name", "values", "unit", "kind", "radians"),
    [
        ("heading", np.linspace(0, 359, 1000), "", "angle", True),
        ("heading", np.linspace(-3.1, 3.1, 1000), "", "angle", True),
        ("anything", np.linspace(-170, 170, 1000), "degrees", "angle", True),
        ("anything", np.linspace(0, 6.2, 1000), "radians", "angle", True),
        ("heading", np.linspace(0, 5000, 1000), "", "continuous", False),
        ("speed", np.linspace(0, 6.2, 1000), "", "continuous", False),
        ("angular_velocity", np.linspace(-3, 3, 1000), "rad/s", "continuous", False),
        ("lap", np.repeat(np.arange(10), 100), "", "step", False),
        ("lick", np.tile([True, False], 500), "", "step", False),
    ],
)
def test_angles_are_told_by_unit_or_by_name_and_range(name, values, unit, kind, radians):
    covariate = made(raw(series=[series(values, name=name, unit=unit)])).covariates[name]
    assert covariate.kind == kind
    if radians:
        assert covariate.unit == "rad"
        assert covariate.data.values.min() >= 0
        assert covariate.data.values.max() < 2 * np.pi
        expected = np.deg2rad(values) if np.abs(values).max() > 7 else values
        np.testing.assert_allclose(np.exp(1j * covariate.data.values), np.exp(1j * expected))


def test_units_of_measure_are_spelt_one_way_and_missing_ones_named():
    recording = made(
        raw(series=[series(np.arange(1000.0), name="a", unit="Meters"), series(np.arange(1000.0), name="b")]),
        "No unit of measure is given for b.",
    )
    assert recording.covariates["a"].unit == "m"


def test_two_series_of_one_name_are_both_kept():
    recording = made(raw(series=[series(np.arange(1000.0)), series(np.arange(1000.0) * 2)]))
    assert set(recording.covariates) == {"x", "x_2"}


# --- intervals -------------------------------------------------------------------------------------------------------


def test_reversed_overlapping_and_nan_epochs():
    pairs = np.array([[50.0, 40.0], [0.0, 10.0], [5.0, 20.0], [np.nan, 60.0], [70.0, 80.0]])
    recording = made(raw(epochs={"run": pairs}), "epoch 'run': 1 interval with stop before start left out")
    np.testing.assert_allclose(recording.epochs["run"].values, [[0, 20], [70, 80]])
    assert any("overlapping an earlier one" in note for note in recording.notes)


def test_touching_and_overlapping_trials_keep_their_properties():
    table = RawTrials(
        np.array([20.0, 0.0, 10.0, 30.0]),
        np.array([30.0, 10.0, 22.0, 29.0]),
        {"side": np.array(["c", "a", "b", "d"], dtype=object)},
    )
    recording = made(raw(trials={"trials": table}), "cut short where the next one starts")
    trials = recording.trials["trials"]
    assert list(trials.get_info("side")) == ["a", "b", "c"]
    np.testing.assert_allclose(trials.values, [[0, 10], [10, 20], [20, 30]], atol=2e-6)
    np.testing.assert_allclose(recording.epochs["trials"].values, [[0, 30]], atol=2e-6)
    assert recording.events["trials_start"].t.tolist() == [0, 10, 20]


def test_invalid_times_are_taken_out_of_the_recording():
    invalid = RawTrials(np.array([40.0]), np.array([50.0]))
    recording = made(raw([np.arange(0.0, 101.0)], trials={"invalid_times": invalid}), "invalid")
    assert recording.duration == pytest.approx(90)
    assert len(recording.epochs["all"]) == 2


def test_an_epoch_called_all_does_not_replace_the_whole():
    recording = made(raw(epochs={"all": np.array([[10.0, 20.0]])}))
    assert recording.duration > 90
    np.testing.assert_allclose(recording.epochs["all_"].values, [[10, 20]])


def test_events_are_sorted_without_sentinels():
    recording = made(raw(events={"reward": np.array([30.0, 10.0, -1e9, np.nan, 10.0]), "never": np.array([np.nan])}))
    assert recording.events["reward"].t.tolist() == [10, 30]
    assert "never" not in recording.events


def test_nothing_that_was_handed_over_is_changed():
    given = raw([[3.0, 1.0]], series=[series(np.arange(1000.0))], epochs={"all": np.array([[0.0, 50.0]])})
    compose(given, "made")
    assert given.spikes[0].tolist() == [3.0, 1.0]
    assert given.notes == []
    assert given.series[0].kind is None


def _tracked(rng, n=20_000, components=2):
    values = (
        300
        + 150 * np.column_stack([np.sin(np.arange(n) / (90.0 + 37 * k)) for k in range(components)])
        + rng.normal(0, 1, (n, components))
    )
    return values if components > 1 else values[:, 0]


@pytest.mark.parametrize(
    ("lost", "says"), [((0, 0), "exactly 0"), ((1023, 1023), "exactly 1023"), ((1023, 767), r"exactly \(1023, 767\)")]
)
def test_lost_tracking_far_from_all_other_places(lost, says):
    rng = np.random.default_rng(0)
    values = _tracked(rng)
    for start in range(500, 19_500, 1000):
        values[start : start + 150] = lost
    times = np.arange(20_000) / 200
    recording = made(
        raw(series=[series(values, times, name="position", unit="pixels", components=("x", "y"))]), "2,850 samples of"
    )
    x = recording.covariates["position"].data.values
    assert np.isnan(x[500:650]).all()
    assert np.isfinite(x).all(axis=1).sum() == 20_000 - 2850
    assert any(re.search(f"2,850 samples of {says}", note) for note in recording.notes)


def test_lost_tracking_in_whole_pixels_and_one_axis():
    rng = np.random.default_rng(1)
    values = np.rint(_tracked(rng, components=1)).astype(np.int64)
    values[3000:5000] = 0
    recording = made(raw(series=[series(values, np.arange(20_000) / 200, name="x", unit="cm")]), "2,000 samples of exactly 0")
    assert np.isnan(recording.covariates["x"].data.values[3000:5000]).all()


@pytest.mark.parametrize(
    "values",
    [
        np.where(
            np.arange(20_000) % 2000 < 1000, 0.0, 5 + np.sin(np.arange(20_000) / 50)
        ),  # a stimulus that is off half the time
        np.abs(np.sin(np.arange(20_000) / 900)) * 40 * (np.arange(20_000) % 3000 > 900),  # a speed that stops
        np.clip(np.sin(np.arange(20_000) / 900) * 60, -50, 50),  # a track with ends
        np.repeat(np.arange(20.0), 1000),
    ],
)
def test_values_that_stand_still_are_measurements(values):
    for name, unit in (("speed", "cm/s"), ("stimulus", "")):
        recording = made(raw(series=[series(values, np.arange(20_000) / 200, name=name, unit=unit)]))
        assert np.isfinite(recording.covariates[name].data.values).all()


def test_a_place_where_the_animal_sat_still_is_said_and_kept():
    values = _tracked(np.random.default_rng(3))
    values[3000:9000] = (20, 35)
    recording = made(
        raw(series=[series(values, np.arange(20_000) / 200, name="position", unit="cm", components=("x", "y"))]),
        "exactly (20, 35)",
    )
    assert np.isfinite(recording.covariates["position"].data.values).all()


def test_what_may_be_lost_elsewhere_is_said_with_the_remedy():
    values = _tracked(np.random.default_rng(2), components=1)
    values[3000:5000] = 1023
    recording = made(raw(series=[series(values, np.arange(20_000) / 200, name="pupil", unit="a.u.")]), "2,000 samples")
    assert any("missing = [1023]" in note for note in recording.notes)
    assert np.isfinite(recording.covariates["pupil"].data.values).all()


# --- clocks --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["ms", "us"])
def test_spikes_on_a_slower_clock_than_the_rest_are_said_with_the_remedy(unit):
    factor = {"ms": 1e3, "us": 1e6}[unit]
    spikes = [np.sort(np.random.default_rng(0).uniform(0, 1800, 5500)) * factor]
    given = RawRecording(
        spikes=spikes, unit_names=["a"], series=[series(np.sin(np.arange(18000)), np.arange(18000) / 10, name="position")]
    )
    notes = clean(given).notes
    said = next(note for note in notes if "time_unit" in note)
    assert f'time_unit = "{unit}" under [spikes]' in said
    assert re.search(r"\d+ of 5,500 spikes lie in the time of position \(0 to 1799.9 s\)", said)
    seconds = RawRecording(spikes=[spikes[0] / factor], unit_names=["a"], series=given.series)
    assert not any("time_unit" in note for note in clean(seconds).notes)


@pytest.mark.parametrize("length", [60, 1800, 20_000])
@pytest.mark.parametrize("start", [0, 400])
def test_covariates_on_a_slower_clock_than_the_spikes_are_said_too(length, start):
    spikes = [start + np.sort(np.random.default_rng(0).uniform(0, length, 3000))]
    times = (start + np.arange(length * 10) / 10) * 1000
    given = RawRecording(spikes=spikes, unit_names=["a"], series=[series(np.sin(np.arange(len(times))), times, name="speed")])
    assert any(
        'time_unit = "ms" under [[covariates]]' in note and "speed were in milliseconds" in note for note in clean(given).notes
    )


def test_trials_and_events_have_a_clock_too():
    spikes = [np.sort(np.random.default_rng(0).uniform(0, 600_000, 3000))]
    start = np.arange(60) * 10.0
    for more in (
        {"trials": {"trials": RawTrials(start, start + 5)}},
        {"events": {"cue": start}},
        {"epochs": {"run": np.array([[0, 600.0]])}},
    ):
        notes = clean(RawRecording(spikes=spikes, unit_names=["a"], **more)).notes
        assert any('time_unit = "ms" under [spikes]' in note for note in notes)


def test_clocks_that_lie_apart_for_another_reason_are_said_as_such():
    spikes = [np.sort(np.random.default_rng(0).uniform(5000, 7000, 3000))]
    given = RawRecording(spikes=spikes, unit_names=["a"], series=[series(np.sin(np.arange(2000)), np.arange(2000.0), name="x")])
    assert any(
        "Only 0 of 3,000 spikes lie in the time in which anything else was recorded" in note for note in clean(given).notes
    )


def test_one_clock_is_not_doubted():
    rng = np.random.default_rng(0)
    spikes = [np.sort(rng.uniform(0, 7200, 3000))]
    stimulus = series(np.sin(np.arange(300)), np.arange(300) / 10 + 6000, name="flash")
    position = series(np.sin(np.arange(7200)), np.arange(7200.0), name="x")
    notes = clean(
        RawRecording(spikes=spikes, unit_names=["a"], series=[stimulus, position], events={"late": np.array([7000.0, 7100])})
    ).notes
    assert not any("clock" in note or "time_unit" in note for note in notes)


def test_a_clock_that_goes_back_is_said_by_how_much():
    times = np.arange(2000) / 10.0
    shaken = times.copy()
    shaken[[500, 501]] = shaken[[501, 500]]
    notes = made(raw(series=[series(np.arange(2000.0), shaken)])).notes
    assert any("went backwards in 1 place, by up to 0.1 s" in note for note in notes)
    assert not any("begun anew" in note for note in notes)
    twice = np.concatenate([times[:1000], times[:1000] + 0.03])
    notes = made(raw(series=[series(np.arange(2000.0), twice)])).notes
    assert any("x: the clock went back by 99.87 s of 99.93 s, as if it had begun anew" in note for note in notes)
    spikes = np.concatenate([np.arange(1.0, 99.0), np.arange(1.5, 99.0)])
    notes = made(raw([spikes])).notes
    assert any("out of order went back by up to 96.5 s" in note for note in notes)
    assert any("The spikes: the clock went back" in note for note in notes)
