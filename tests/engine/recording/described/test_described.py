"""What the data say before any model: right values, and those of pynapple."""

from __future__ import annotations

import csv

import numpy as np
import pynapple as nap
import pytest

from glmengine.cli.main import main
from glmengine.errors import GlmError
from glmengine.recording.described.correlations import (
    correlations_in_words,
    covariate_correlations,
    plain_variables,
    strongest_pairs,
)
from glmengine.recording.described.interspike_intervals import interspike_intervals, intervals_in_words
from glmengine.recording.described.peri_event import peri_event, spikes_around
from glmengine.recording.described.spike_places import spike_places
from glmengine.recording.described.tuning import recorded_tuning
from glmengine.recording.recording import Covariate, Recording
from glmengine.timegrid.grid import TimeGrid

END = 200.0
WHOLE = np.array([[0.0, END]])


def walk(seed: int = 0) -> Recording:
    """A rat in a box of 1 m that looks around: two units, one with a place and one without."""
    rng = np.random.default_rng(seed)
    t = np.arange(0, END, 0.02) + 0.01
    support = nap.IntervalSet(0, END)
    angle = np.mod(np.cumsum(rng.normal(0, 0.15, len(t))), 2 * np.pi)
    x, y = (50 + 45 * np.sin(2 * np.pi * t / period) for period in (7.3, 11.9))
    rate = 1 + 30 * np.exp(-((x - 30) ** 2 + (y - 60) ** 2) / 400)
    spikes = np.sort(rng.uniform(0, END, rng.poisson(rate.max() * END)))
    kept = rng.uniform(0, rate.max(), len(spikes)) < np.interp(spikes, t, rate)
    group = nap.TsGroup(
        {0: nap.Ts(spikes[kept], time_support=support), 1: nap.Ts(np.sort(rng.uniform(0, END, 900)), time_support=support)},
        time_support=support,
    )
    trials = nap.IntervalSet(np.arange(5.0, 195.0, 10.0), np.arange(9.0, 199.0, 10.0))
    trials.set_info(side=np.array(["left", "right"] * 9 + ["left"]), coherence=np.linspace(0, 1, 19))
    return Recording(
        "walk",
        ("place", "flat"),
        spikes=group,
        covariates={
            "position": Covariate(
                "position", nap.TsdFrame(t, np.column_stack([x, y]), columns=["x", "y"], time_support=support), "cm"
            ),
            "direction": Covariate("direction", nap.Tsd(t, angle, time_support=support), "rad", "angle"),
        },
        epochs={"all": support},
        trials={"trials": trials},
        events={"tone": nap.Ts(np.arange(0.2, 199.0, 4.0))},
    )


def grid_of(recording: Recording, bin_size: float = 0.02) -> tuple[TimeGrid, np.ndarray]:
    grid = TimeGrid.from_intervals(recording.epochs["all"], bin_size)
    return grid, np.ones(grid.n_bins, bool)


def test_tuning_is_that_of_pynapple_where_spikes_take_the_value_of_their_bin():
    recording = walk()
    grid, used = grid_of(recording)
    ours = recorded_tuning(recording, grid, used, ["position.x", "position.y"], bins=10)
    # pynapple takes the nearest sample: the samples lie at the centres of the bins, so that both take the same
    features = recording.covariates["position"].data
    ranges = [
        (ours[name].values[0] - _half(ours[name]), ours[name].values[-1] + _half(ours[name]))
        for name in ("position.x", "position.y")
    ]
    theirs = nap.compute_tuning_curves(recording.spikes, features, bins=10, range=ranges)
    np.testing.assert_allclose(ours["rate"].values, theirs.values, rtol=1e-9, equal_nan=True)
    np.testing.assert_allclose(ours["occupancy_s"].sum(), END)
    assert ours["spikes"].sum("position.x").sum("position.y").values.tolist() == [len(recording.spikes[0]), 900]
    assert np.isnan(ours["rate"].values[:, ours["occupancy_s"].values == 0]).all()
    assert ours["rate"].attrs["unit"] == "Hz"
    assert ours["position.x"].attrs["unit"] == "cm"


def _half(axis) -> float:
    return float(np.diff(axis.values)[0]) / 2


def test_angles_take_the_whole_circle_and_are_smoothed_around_it():
    recording = walk()
    grid, used = grid_of(recording)
    plain = recorded_tuning(recording, grid, used, ["direction"], ["flat"], bins=20)
    assert plain["direction"].values[0] == pytest.approx(np.pi / 20)
    smooth = recorded_tuning(recording, grid, used, ["direction"], ["flat"], bins=20, smoothing=1.5)
    turned = np.roll(plain["spikes"].values[0], 7), np.roll(plain["seconds"].values[0], 7)
    from scipy.ndimage import gaussian_filter1d

    expected = np.roll(np.divide(*(gaussian_filter1d(part, 1.5, mode="wrap") for part in turned)), -7)
    np.testing.assert_allclose(smooth["rate"].values[0], expected, rtol=1e-12)
    np.testing.assert_array_equal(smooth["spikes"], plain["spikes"])


def test_the_standard_error_is_that_of_poisson_counts():
    recording = walk()
    grid, used = grid_of(recording)
    plain = recorded_tuning(recording, grid, used, ["direction"], ["flat"], bins=20)
    counts, seconds = plain["spikes"].values[0], plain["seconds"].values[0]
    np.testing.assert_allclose(plain["error"].values[0], np.where(counts > 0, np.sqrt(counts) / seconds, np.nan), rtol=1e-12)
    smooth = recorded_tuning(recording, grid, used, ["direction"], ["flat"], bins=20, smoothing=1.5)
    rng = np.random.default_rng(0)
    from scipy.ndimage import gaussian_filter1d

    drawn = gaussian_filter1d(rng.poisson(counts, (4000, 20)).astype(float), 1.5, axis=1, mode="wrap")
    expected = drawn.std(axis=0) / gaussian_filter1d(seconds, 1.5, mode="wrap")
    np.testing.assert_allclose(smooth["error"].values[0], expected, rtol=0.06)


def test_only_time_that_is_used_counts():
    recording = walk()
    grid, used = grid_of(recording)
    used = grid.centres < 50
    found = recorded_tuning(recording, grid, used, ["position.x"])
    assert found["occupancy_s"].sum() == pytest.approx(50.0)
    assert int(found["spikes"].sel(unit="flat").sum()) == int((recording.spikes[1].t < 50).sum())


@pytest.mark.parametrize(
    ("variables", "options", "said"),
    [
        ([], {}, "one variable or two"),
        (["nothing"], {}, "nothing"),
        (["direction"], {"bins": 1}, "1 bins"),
        (["direction"], {"smoothing": -1.0}, "-1"),
    ],
)
def test_what_makes_no_tuning_curve_is_refused(variables, options, said):
    recording = walk()
    with pytest.raises(GlmError, match=said):
        recorded_tuning(recording, *grid_of(recording), variables, **options)


def test_a_covariate_that_goes_with_another_without_a_line_is_found():
    rng = np.random.default_rng(1)
    t = np.arange(0, END, 0.02) + 0.01
    support = nap.IntervalSet(0, END)
    x = 50 + 50 * np.sin(2 * np.pi * t / 8)
    speed = np.abs(np.gradient(x, t)) + rng.normal(0, 2, len(t))
    noise = rng.normal(size=len(t))
    covariates = {
        "x": Covariate("x", nap.Tsd(t, x, time_support=support), "cm"),
        "speed": Covariate("speed", nap.Tsd(t, speed, time_support=support), "cm/s"),
        "twice": Covariate("twice", nap.Tsd(t, 2 * x, time_support=support), "cm"),
        "noise": Covariate("noise", nap.Tsd(t, noise, time_support=support)),
        "turn": Covariate("turn", nap.Tsd(t, np.mod(2 * np.pi * t / 8, 2 * np.pi), time_support=support), "rad", "angle"),
    }
    recording = Recording(
        "track",
        ("u",),
        spikes=nap.TsGroup({0: nap.Ts([1.0, 2.0])}, time_support=support),
        covariates=covariates,
        epochs={"all": support},
    )
    names, notes = plain_variables(recording)
    found = covariate_correlations(recording, *grid_of(recording), names)
    assert not notes
    np.testing.assert_allclose(found["correlation"].sel(variable="x", other="twice"), 1.0)
    assert abs(float(found["correlation"].sel(variable="x", other="speed"))) < 0.05
    assert float(found["explained"].sel(variable="speed", other="x")) > 0.9
    assert float(found["explained"].sel(variable="x", other="speed")) < 0.05  # both halves of the track have every speed
    assert float(found["correlation"].sel(variable="x", other="turn")) == pytest.approx(1.0, abs=1e-6)
    assert float(found["explained"].sel(variable="noise", other="x")) < 0.005
    pairs = strongest_pairs(found)
    assert {(pair.first, pair.second) for pair in pairs} >= {("x", "speed")}
    assert not any("noise" in (pair.first, pair.second) for pair in pairs)
    assert "in the same model" in correlations_in_words(found)
    np.testing.assert_allclose(found["correlation"].sel(variable="x", other="speed"), np.corrcoef(x, speed)[0, 1], atol=1e-9)


def test_intervals_violations_and_contamination_by_a_known_share():
    rng = np.random.default_rng(3)
    seconds, share = 2000.0, 0.1
    gaps = 0.004 + rng.exponential(0.046, 40_000)
    own = np.cumsum(gaps)
    own = own[own < seconds]
    foreign = rng.uniform(0, seconds, int(len(own) * share / (1 - share)))
    times = np.sort(np.concatenate([own, foreign]))
    support = nap.IntervalSet(0, seconds)
    recording = Recording(
        "mixed",
        ("both", "clean"),
        spikes=nap.TsGroup({0: nap.Ts(times, time_support=support), 1: nap.Ts(own, time_support=support)}, time_support=support),
        epochs={"all": support},
    )
    found = interspike_intervals(recording, support.values)
    steps = np.diff(times)
    assert found["violations"].sel(unit="both").values.tolist() == [(steps < 0.001).sum(), (steps < 0.002).sum()]
    assert found["share"].sel(unit="both", below_s=0.002) == pytest.approx((steps < 0.002).mean())
    assert found["contamination"].sel(unit="both", below_s=0.002) == pytest.approx(share, abs=0.02)
    assert not found["violations"].sel(unit="clean").any()
    assert not found["contamination"].sel(unit="clean").any()
    counts, _ = np.histogram(steps, bins=np.linspace(0, 0.1, 101))
    np.testing.assert_array_equal(found["intervals"].sel(unit="both"), counts)
    assert int(found["beyond"].sel(unit="both")) == (steps >= 0.1).sum()
    assert "below 2 ms" in intervals_in_words(found, "both")
    # no interval reaches from one stretch of time into the next
    halves = interspike_intervals(recording, np.array([[0, 1000], [1000.5, seconds]]), ["clean"])
    inside = own[(own <= 1000) | (own >= 1000.5)]
    assert int(halves["intervals"].sum() + halves["beyond"].sum()) == len(inside) - 2


def test_rates_around_events_are_those_of_pynapple_and_conditions_divide_them():
    recording = walk()
    found = peri_event(recording, WHOLE, "tone", before=0.1, after=0.5, bin_size=0.05)
    tone = recording.events["tone"]
    aligned = nap.compute_perievent(recording.spikes[1], tone, (-0.1, 0.5))
    counts, _ = np.histogram(np.concatenate([aligned[key].t for key in aligned]), bins=np.linspace(-0.1, 0.5, 13))
    np.testing.assert_allclose(found.rates["rate"].sel(unit="flat", condition="all"), counts / len(tone) / 0.05)
    event, offset, _ = spikes_around(recording, "flat", tone.t, 0.1, 0.5)
    for number in range(len(tone)):
        np.testing.assert_allclose(offset[event == number], aligned[number].t, atol=1e-9)

    sides = peri_event(recording, WHOLE, "trials.start", by="trials.side", before=1.0, after=2.0, bin_size=0.1)
    assert sides.rates["condition"].values.tolist() == ["left", "right"]
    assert sides.rates["events"].sel(unit="place").values.tolist() == [10, 9]
    starts = recording.trials["trials"].start[::2]
    spikes = recording.spikes[0].t
    by_hand = [np.histogram(spikes - start, bins=np.round(np.arange(-1, 2.01, 0.1), 9))[0] for start in starts]
    np.testing.assert_allclose(sides.rates["rate"].sel(unit="place", condition="left"), np.mean(by_hand, axis=0) / 0.1)
    np.testing.assert_allclose(
        sides.rates["error"].sel(unit="place", condition="left"), np.std(by_hand, axis=0, ddof=1) / np.sqrt(10) / 0.1
    )
    thirds = peri_event(recording, WHOLE, "trials.start", by="coherence")
    assert thirds.rates["condition"].values.tolist() == ["up to 0.3333", "0.3333 to 0.6667", "above 0.6667"]
    assert "thirds" in thirds.notes[0]


def test_windows_that_reach_beyond_the_time_are_left_out_and_said():
    recording = walk()
    found = peri_event(recording, np.array([[0, 100.0]]), "tone", before=0.5, after=1.0)
    assert int(found.rates["events"].sel(unit="flat")[0]) == 24  # at 4.2, ..., 96.2
    assert "26 events" in found.notes[0]
    with pytest.raises(GlmError, match="whole window"):
        peri_event(recording, WHOLE, "tone", before=150, after=150, bin_size=1)
    with pytest.raises(GlmError, match="no event 'bell'"):
        peri_event(recording, WHOLE, "bell")


def test_counts_that_came_in_bins_have_rates_around_events_and_no_intervals():
    times = (np.arange(2000) + 0.5) * 0.1
    support = nap.IntervalSet(0, END)
    values = np.where(np.mod(times, 10) < 1, 4.0, 1.0)
    recording = Recording(
        "binned",
        ("u",),
        counts=nap.TsdFrame(times, values[:, None], columns=["u"], time_support=support),
        epochs={"all": support},
        events={"start": nap.Ts(np.arange(10.0, 190.0, 10.0))},
    )
    found = peri_event(recording, WHOLE, "start", before=1.0, after=2.0, bin_size=0.2)
    expected = np.where((found.rates["time_s"] > 0) & (found.rates["time_s"] < 1), 40.0, 10.0)
    np.testing.assert_allclose(found.rates["rate"].sel(unit="u", condition="all"), expected)
    with pytest.raises(GlmError, match="counts in bins"):
        interspike_intervals(recording, WHOLE)
    with pytest.raises(GlmError, match=r"bins of 0\.1 s"):
        peri_event(recording, WHOLE, "start", bin_size=0.05)


def test_spikes_lie_on_the_path_where_the_animal_was():
    recording = walk()
    grid, used = grid_of(recording)
    used = grid.centres > 100
    found = spike_places(recording, grid, used, ["position.x", "position.y"], "place")
    times = recording.spikes[0].t
    times = times[times >= 100]
    np.testing.assert_array_equal(found["spike_s"], times)
    track = recording.covariates["position"].data
    np.testing.assert_allclose(found["place"].values[5:-5, 0], np.interp(times, track.t, track.values[:, 0])[5:-5], atol=1e-6)
    assert np.isnan(found["path"].values[grid.centres < 100]).all()


def test_the_command_writes_tables_and_says_what_it_found(tmp_path, capsys):
    from glmengine.export.nwb import write_nwb

    write_nwb(walk(), tmp_path / "walk.nwb")
    options = ["--event", "trials.start", "--by", "side", "--variable", "position.x*position.y", "--variable", "direction"]
    assert main(["describe", str(tmp_path / "walk.nwb"), "--out", str(tmp_path / "out"), *options]) == 0
    said = capsys.readouterr().out
    assert "contamination" in said
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert "described.nc" in names
    assert any(name.startswith("around") for name in names)
    assert {"tuning_direction.csv", "occupancy_direction.csv", "intervals_below_s.csv"} <= names
    with open(tmp_path / "out" / "tuning_direction.csv", encoding="utf-8") as stream:
        assert {"unit", "direction", "rate"} <= set(next(csv.reader(stream)))
    assert main(["describe", str(tmp_path / "walk.nwb"), "--out", str(tmp_path / "out"), "--by", "side"]) == 1
    assert "--event" in capsys.readouterr().err
