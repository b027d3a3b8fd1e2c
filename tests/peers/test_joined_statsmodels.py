"""Several sessions fitted together against statsmodels on dense designs made by hand: intercepts, tuning, history, missing units."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pynapple as nap
import pytest

import glmengine as ge
from glmengine.analysis.analysis import Analysis
from glmengine.recording.binned import sample_covariate
from glmengine.recording.recording import Covariate, Recording

sm = pytest.importorskip("statsmodels.api")

BIN = 0.02
LAGS = 3
OCTANTS = 4


def session(name, seed, units, base, seconds=60.0, start=0.0):
    """A recording with a choice of 4 places and a speed, and its counts (T, M), places (T,) and speeds (T,) per bin."""
    random = np.random.default_rng(seed)
    n = round(seconds / BIN)
    centres = start + (np.arange(n) + 0.5) * BIN
    place = np.repeat(random.integers(0, OCTANTS, n // 20 + 1), 20)[:n].astype(float)
    speed = np.abs(np.cumsum(random.normal(0, 0.1, n))) + 0.1
    rate = np.exp(np.log(base * BIN) + 0.5 * np.cos(place) + 0.05 * speed)
    counts = random.poisson(rate[:, None] * np.ones(len(units)))
    support = nap.IntervalSet(start, start + seconds)
    spikes = {}
    for at in range(len(units)):
        times = np.repeat(centres, counts[:, at])
        spikes[at] = nap.Ts(np.sort(times + random.uniform(-0.009, 0.009, len(times))), time_support=support)
    recording = Recording(
        name=name,
        unit_names=tuple(units),
        spikes=nap.TsGroup(spikes, time_support=support),
        covariates={
            "place": Covariate("place", nap.Tsd(centres, place, time_support=support), "", "category"),
            "speed": Covariate("speed", nap.Tsd(centres, speed, time_support=support), "cm/s"),
        },
        epochs={"all": support},
        sha256=name,
    )
    return recording, counts, place, speed


def past(counts):
    """(T, LAGS) counts 1, 2, ... bins before, NaN without a full past."""
    found = np.full((len(counts), LAGS), np.nan)
    for lag in range(1, LAGS + 1):
        found[lag:, lag - 1] = counts[:-lag]
    return found


def analysis(*, own_intercepts=True, separate=False, family="poisson"):
    return Analysis.from_dict(
        {
            "time": {"bin_size": BIN},
            "terms": [
                {"kind": "covariate", "factors": [{"variable": "place", "basis": {"family": "categorical", "reference": True}}]},
                {
                    "kind": "covariate",
                    "separate": separate,
                    "factors": [{"variable": "speed", "basis": {"family": "identity"}}],
                },
                {"kind": "history", "basis": {"family": "history", "window": LAGS * BIN}},
            ],
            "model": {"family": family, "penalty": "none", "strengths": [0.0], "intercept_per_session": own_intercepts},
            "validation": {"folds": 0},
        }
    )


def by_hand(parts, unit, *, own_intercepts, separate):
    """Design and counts of a unit from the sessions that have it: intercepts, places 1 to 3, speed (of each session), history."""
    designs, counts = [], []
    for number, (recording, observed, place, speed) in enumerate(parts):
        if unit not in recording.unit_names:
            continue
        y = observed[:, recording.unit_names.index(unit)].astype(float)
        ones = np.zeros((len(y), len(parts)))
        ones[:, number if own_intercepts else 0] = 1.0
        speeds = np.zeros((len(y), len(parts)))
        speeds[:, number if separate else 0] = speed
        one_hot = place[:, None] == np.arange(1, OCTANTS)
        designs.append(np.column_stack([ones, one_hot, speeds, past(y)]))
        counts.append(y)
    X, y = np.concatenate(designs), np.concatenate(counts)
    there = np.isfinite(X).all(axis=1)
    X, y = X[there], y[there]
    used = X.any(axis=0)
    return X[:, used], y


def joined(parts):
    return ge.join_recordings([part[0] for part in parts], [f"s{at}" for at in range(len(parts))])


@pytest.fixture(scope="module")
def parts():
    return [session("x", 1, ("a", "b"), 20.0), session("y", 2, ("a",), 8.0, seconds=40.0), session("z", 3, ("b", "a"), 30.0)]


@pytest.mark.parametrize("unit", ["a", "b"])
@pytest.mark.parametrize(("own_intercepts", "separate"), [(True, False), (False, False), (True, True)])
@pytest.mark.parametrize("family", ["poisson", "gaussian"])
def test_a_joined_fit_is_that_of_the_stacked_design(parts, unit, own_intercepts, separate, family):
    result = ge.run(analysis(own_intercepts=own_intercepts, separate=separate, family=family), joined(parts))
    X, y = by_hand(parts, unit, own_intercepts=own_intercepts, separate=separate)
    kind = sm.families.Poisson() if family == "poisson" else sm.families.Gaussian()
    theirs = sm.GLM(y, X, family=kind).fit(tol=1e-14, maxiter=200)
    ours = result.coefficients.sel(unit=unit)
    errors = result.standard_errors.sel(unit=unit)
    n_sessions = sum(unit in part[0].unit_names for part in parts)
    heads = n_sessions if own_intercepts else 1
    if own_intercepts:
        table = result.sessions.sel(unit=unit)
        known = np.isfinite(table["intercept"].values)
        assert known.sum() == n_sessions
        assert_close(table["intercept"].values[known], theirs.params[:heads], theirs.bse[:heads])
        np.testing.assert_allclose(table["intercept_error"].values[known], theirs.bse[:heads], rtol=1e-5)
    else:
        assert_close([float(result.intercepts.sel(unit=unit))], theirs.params[:1], theirs.bse[:1])
    terms, variables = ours["term"].values.astype(str), ours["variable"].values.astype(str)
    own = ((terms == "place") | np.char.startswith(terms, "speed") | ((terms == "history") & (variables == unit))) & np.isfinite(
        errors.values
    )
    assert_close(ours.values[own], theirs.params[heads:], theirs.bse[heads:])
    np.testing.assert_allclose(errors.values[own], theirs.bse[heads:], rtol=1e-5)
    assert int(result.scores["n_bins"].sel(unit=unit)) == len(y)
    assert float(result.scores["log_likelihood"].sel(unit=unit)) == pytest.approx(theirs.llf, rel=1e-6) or family == "gaussian"


def test_a_joined_fit_is_the_same_after_it_went_through_nwb(parts, tmp_path):
    """Which unit was recorded when is written and read back: elsewhere its counts are missing, not zero."""
    from glmengine.export.nwb import write_nwb

    whole = joined(parts)
    assert set(whole.recorded) == {"b"}
    write_nwb(whole, tmp_path / "whole.nwb")
    again = ge.open_recording(tmp_path / "whole.nwb")
    assert again.recorded["b"].values == pytest.approx(whole.recorded["b"].values)
    question = analysis(own_intercepts=False)
    before, after = ge.run(question, whole), ge.run(question, again)
    np.testing.assert_array_equal(after.scores["n_bins"].values, before.scores["n_bins"].values)
    np.testing.assert_allclose(after.coefficients.values, before.coefficients.values, rtol=1e-9)


def test_counts_that_came_binned_keep_when_a_unit_was_observed(parts, tmp_path):
    from glmengine.export.nwb import write_nwb

    def binned(part):
        recording, counts, _, _ = part
        centres = np.asarray(recording.covariates["place"].data.t)
        frame = nap.TsdFrame(centres, counts, columns=list(recording.unit_names), time_support=recording.epochs["all"])
        return replace(recording, spikes=None, counts=frame)

    whole = ge.join_recordings([binned(part) for part in parts[:2]], ["s0", "s1"])
    write_nwb(whole, tmp_path / "counts.nwb")
    again = ge.open_recording(tmp_path / "counts.nwb")
    question = analysis(own_intercepts=False)
    before, after = ge.run(question, whole), ge.run(question, again)
    np.testing.assert_array_equal(after.scores["n_bins"].values, before.scores["n_bins"].values)
    np.testing.assert_allclose(after.coefficients.values, before.coefficients.values, rtol=1e-9)


def test_a_category_sampled_at_the_centres_keeps_its_values_where_times_are_moved(parts):
    """Times moved by whole seconds are rounded, and may come to lie behind the centre of their bin by less than a nanosecond."""
    from glmengine.analysis.time_grid import make_grid

    whole = joined(parts)
    grid = make_grid(analysis().time, whole)
    found = sample_covariate(whole.covariates["place"], grid, None)
    np.testing.assert_array_equal(found, np.concatenate([part[2] for part in parts]))
    speeds = sample_covariate(whole.covariates["speed"], grid, None)  # the last bin's sample, too
    np.testing.assert_allclose(speeds, np.concatenate([part[3] for part in parts]), rtol=1e-9)


def assert_close(ours, theirs, errors):
    scale = np.maximum(np.abs(theirs), errors)
    np.testing.assert_array_less(np.abs(np.asarray(ours) - theirs) / scale, 1e-6)
