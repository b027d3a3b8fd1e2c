"""Coupling strengths over several terms are what their filters say together; curves fill the gaps that the fit fills."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pynapple as nap
import pytest

import glmengine as ge
from glmengine.analysis.analysis import Analysis
from glmengine.recording.recording import Covariate


def coupling(name, window, n, **more):
    return {"kind": "coupling", "name": name, "basis": {"family": "raised_cosine_log", "n": n, "window": window}, **more}


def fitted(recording, *terms, **more):
    data = {"time": {"bin_size": 0.02}, "terms": list(terms), "model": {"strengths": [1e-4]}, "validation": {"folds": 0}}
    return ge.run(Analysis.from_dict({**data, **more}), recording)


def summed(result, name):
    filters = result.filters[name]["filter"]
    return filters.sum("lag_s", skipna=False)


def test_all_coupling_terms_count_also_those_of_other_sources_and_windows(small_recording):
    first = coupling("fast", 0.06, 2, sources=["hd", "place"])
    second = coupling("slow", 0.2, 3, sources=["place", "flat"])
    result = fitted(small_recording, first, second)
    found = result.coupling
    assert sorted(found["source"].values.tolist()) == ["flat", "hd", "place"]
    fast, slow = summed(result, "fast"), summed(result, "slow")
    strength = found["strength"]
    both = (fast.sel(source="place") + slow.sel(source="place")).sel(unit="hd")
    assert float(strength.sel(unit="hd", source="place")) == pytest.approx(float(both), rel=1e-9)
    for unit, source, alone in (("place", "hd", fast), ("hd", "flat", slow)):
        assert float(strength.sel(unit=unit, source=source)) == pytest.approx(
            float(alone.sel(unit=unit, source=source)), rel=1e-9
        )
    assert float(found["df"].sel(unit="hd", source="place")) == 5.0
    assert np.isnan(float(strength.sel(unit="hd", source="hd")))
    assert found.attrs["term"] == "fast, slow"
    inside = (found["low"] <= strength) & (strength <= found["high"])
    assert bool((inside | strength.isnull()).all())


def test_terms_that_hold_in_different_epochs_are_averaged_over_their_time(small_recording):
    result = fitted(small_recording, coupling("a", 0.06, 2, epochs=["first"]), coupling("b", 0.06, 2, epochs=["second"]))
    mean = (summed(result, "a") + summed(result, "b")) / 2
    found = result.coupling["strength"].sel(unit="hd", source="place")
    assert float(found) == pytest.approx(float(mean.sel(unit="hd", source="place")), rel=0.01)


def test_a_single_term_in_an_epoch_keeps_its_strength(small_recording):
    result = fitted(small_recording, coupling("a", 0.06, 2, epochs=["first"]))
    expected = float(summed(result, "a").sel(unit="flat", source="hd"))
    assert float(result.coupling["strength"].sel(unit="flat", source="hd")) == pytest.approx(expected, rel=1e-9)


def test_a_curve_covers_the_gaps_that_the_fit_fills(small_recording):
    """The covariate misses 3 s in every 6; with a limit of 5 s all bins are fitted, and the curve is made of all of them."""
    x = small_recording.covariates["position"].data[:, 0]
    kept = (np.asarray(x.t) % 6.0) < 3.0
    data = nap.Tsd(np.asarray(x.t)[kept], np.asarray(x.values)[kept], time_support=x.time_support)
    recording = replace(small_recording, covariates={"x": Covariate("x", data, "cm")})
    term = {"kind": "covariate", "factors": [{"variable": "x", "basis": {"family": "b_spline", "n": 5}}]}
    result = fitted(recording, term, time={"bin_size": 0.02, "max_gap": 5.0})
    bins = int(result.scores["n_bins"].max())
    assert bins > 5700
    assert float(result.curves["x"]["occupancy_s"].sum()) == pytest.approx(0.02 * bins)
