"""Terms that filter a signal over time, and tuning with bases that have no window."""

from __future__ import annotations

import numpy as np
import pytest

import glmengine as ge
from glmengine.analysis.analysis import Analysis, Time, Validation
from glmengine.analysis.terms import CovariateTerm, Factor, FilterTerm
from glmengine.analysis.time_grid import make_grid
from glmengine.design.build import build_design
from glmengine.errors import GlmError
from glmengine.recording.binned import sample_covariate
from glmengine.recording.recording import Covariate, Recording

BIN = 0.01


@pytest.fixture(scope="module")
def driven() -> Recording:
    """One unit that a signal drives 20 to 60 ms later, in two stretches of time."""
    import pynapple as nap

    rng = np.random.default_rng(5)
    times = (np.arange(30_000) + 0.5) * BIN
    signal = rng.normal(size=times.size)
    drive = np.zeros(times.size)
    for lag in range(2, 7):
        drive[lag:] += 0.3 * signal[:-lag]
    counts = rng.poisson(np.exp(-2.0 + drive))
    spikes = np.repeat(times, counts)
    support = nap.IntervalSet([0.0, 200.0], [150.0, 300.0])
    covariate = Covariate("stimulus", nap.Tsd(times, signal), "mV")
    phase = Covariate("phase", nap.Tsd(times, rng.uniform(0, 2 * np.pi, times.size)), "rad", "angle")
    state = Covariate("state", nap.Tsd(times, rng.integers(0, 3, times.size).astype(float)), "", "category")
    return Recording(
        "driven",
        ("one",),
        spikes=nap.TsGroup({0: nap.Ts(np.sort(spikes))}, time_support=support),
        covariates={"stimulus": covariate, "phase": phase, "state": state},
        epochs={"all": support},
    )


def question(*terms, **parts) -> Analysis:
    return Analysis(time=Time(bin_size=BIN), terms=terms, validation=Validation(folds=2), **parts)


def stimulus_filter(**options) -> FilterTerm:
    return FilterTerm(variable="stimulus", basis=ge.basis.RaisedCosineLog(n=6, window=0.1, **options))


def test_columns_are_the_signal_convolved_within_each_stretch(driven):
    analysis = question(stimulus_filter())
    grid = make_grid(analysis.time, driven)
    design = build_design(analysis, driven, grid, unit_names=driven.unit_names)
    x, columns = sample_covariate(driven.covariates["stimulus"], grid), design.dense()
    lags, kernel = analysis.terms[0].basis.kernel(BIN)
    for row in (10, 11, 500, int(grid.offsets[1]) + 10, grid.n_bins - 1):
        np.testing.assert_allclose(columns[row], sum(k * x[row - lag] for lag, k in zip(lags, kernel, strict=True)), atol=1e-12)
    assert not design.valid[:10].any()
    start = int(grid.offsets[1])
    assert not design.valid[start : start + 10].any()
    assert design.valid[10:start].all()


def test_the_filter_that_drives_is_found_with_a_band(driven):
    result = ge.run(question(stimulus_filter(), model={"strengths": (1e-6,)}), driven)
    found = result.filters["stimulus filter"].sel(unit="one")
    assert found["filter"].attrs["unit"] == "log rate per mV and bin"
    lags = np.rint(found["lag_s"].values / BIN)
    inside = (lags >= 2) & (lags <= 6)
    np.testing.assert_allclose(found["filter"].values[inside].mean(), 0.3, atol=0.03)  # 0.3 at each of five lags drove it
    assert np.abs(found["filter"].values[lags > 8]).max() < 0.1
    shown = found["filter"].values != 0  # the bumps begin or end at zero, and so do their bands
    assert shown.sum() >= 8
    assert (found["low"] < found["filter"]).values[shown].all()
    again = ge.Analysis.from_dict(result.analysis.to_dict())
    assert again == result.analysis


def test_predictions_filter_new_time_with_the_same_kernels(driven, tmp_path):
    result = ge.run(question(stimulus_filter()), driven)
    result.save(tmp_path / "f.nc")
    rates = ge.Result.load(tmp_path / "f.nc").predict(driven, epochs=np.array([[50.0, 60.0]]))
    np.testing.assert_array_equal(rates, result.predict(driven, epochs=np.array([[50.0, 60.0]])))
    assert np.isfinite(rates.values[0, 10:]).all()


def test_an_angle_is_not_filtered(driven):
    term = FilterTerm(variable="phase", basis=ge.basis.RaisedCosineLog(n=4, window=0.1))
    with pytest.raises(GlmError, match="angle") as caught:
        ge.run(question(term), driven)
    assert caught.value.field == "terms.0.variable"


def test_tuning_with_a_window_is_refused_not_ignored(driven):
    term = CovariateTerm(factors=(Factor(variable="stimulus", basis=ge.basis.BSpline(n=6, window=0.1)),))
    with pytest.raises(GlmError, match="'filter'") as caught:
        ge.run(question(term), driven)
    assert caught.value.field == "terms.0.factors.0.basis.window"


def test_a_filter_without_a_window_says_so(driven):
    term = FilterTerm(variable="stimulus", basis=ge.basis.BSpline(n=6))
    with pytest.raises(GlmError, match="window") as caught:
        ge.run(question(term), driven)
    assert caught.value.field == "terms.0.basis.window"


@pytest.mark.parametrize(
    ("variable", "basis"),
    [("phase", ge.basis.Fourier()), ("state", ge.basis.Categorical()), ("stimulus", ge.basis.Identity())],
)
def test_tuning_with_bases_that_are_no_kernels_has_curves(driven, variable, basis):
    result = ge.run(question(CovariateTerm(factors=(Factor(variable=variable, basis=basis),))), driven)
    assert np.isfinite(result.curves[variable]["effect_hz"]).any()
