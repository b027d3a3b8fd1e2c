"""Absolute refractory time: bins after a spike are no part of the likelihood, and nothing is predicted there."""

from __future__ import annotations

import numpy as np
import pytest

import glmengine as ge
from glmengine.analysis.analysis import Analysis, Model, Time, Validation
from glmengine.analysis.terms import CovariateTerm, Factor, HistoryTerm
from glmengine.design.prepare import prepare
from glmengine.errors import GlmError
from glmengine.recording.recording import Covariate, Recording

BIN, DEAD = 0.002, 3


def simulated(seed: int = 0, contaminated: bool = False) -> tuple[Recording, np.ndarray]:
    """Two units driven by `s`, dead for three bins after each spike, in two stretches; the second unit is silent half the time."""
    import pynapple as nap

    rng = np.random.default_rng(seed)
    support = nap.IntervalSet([0.0, 100.0], [90.0, 160.0])
    times = (np.arange(80_000) + 0.5) * BIN
    s = np.sin(2 * np.pi * times / 5)
    drive = np.exp(np.log(0.12) + 0.8 * s)
    counts = np.zeros((times.size, 2), int)
    inside = (times < 90) | (times > 100)
    for unit in range(2):
        free = 0
        chance = rng.random(times.size)
        for t in range(times.size):
            if t >= free and inside[t] and chance[t] < drive[t]:
                counts[t, unit] = 1
                free = t + DEAD + 1
    if contaminated:
        counts[np.flatnonzero(counts[:, 1])[10] + 1, 1] = 1
    trains = {unit: nap.Ts(times[counts[:, unit] > 0], time_support=support) for unit in range(2)}
    recording = Recording(
        "dead",
        ("one", "two"),
        spikes=nap.TsGroup(trains, time_support=support),
        covariates={"s": Covariate("s", nap.Tsd(times, s), "")},
        epochs={"all": support, "late": nap.IntervalSet(100.0, 160.0)},
    )
    return recording, counts[inside]


@pytest.fixture(scope="module")
def dead() -> tuple[Recording, np.ndarray]:
    return simulated()


def question(refractory: float = DEAD * BIN, **options) -> Analysis:
    history = HistoryTerm(basis=ge.basis.RaisedCosineLog(n=3, window=0.03), refractory=refractory, **options)
    tuning = CovariateTerm(factors=(Factor(variable="s", basis=ge.basis.Identity()),))
    return Analysis(
        time=Time(bin_size=BIN),
        terms=(tuning, history),
        model=Model(family="bernoulli", link="logit", strengths=(0.0,)),
        validation=Validation(folds=0),
    )


def test_bins_behind_a_spike_are_left_out_unit_by_unit(dead):
    recording, counts = dead
    prepared = prepare(question(), recording)
    expected = counts.astype(float)
    for unit in range(2):
        for row in np.flatnonzero(counts[:, unit]):
            for lag in range(1, DEAD + 1):
                if row + lag < len(counts) and prepared.grid.segment[row] == prepared.grid.segment[row + lag]:
                    expected[row + lag, unit] = np.nan
    np.testing.assert_array_equal(prepared.counts, expected)
    assert np.isnan(expected).any(axis=0).all()
    # the kernels begin where the refractory time ends
    lags, _ = prepared.design.terms[1].basis.kernel(BIN)
    assert lags[0] == DEAD + 1


def test_likelihood_and_degrees_of_freedom_are_those_of_the_bins_that_are_free(dead):
    import statsmodels.api as sm

    recording, _ = dead
    result = ge.run(question(), recording)
    prepared = prepare(question(), recording)
    design = prepared.design
    for unit, name in enumerate(recording.unit_names):
        free = design.valid & np.isfinite(prepared.counts[:, unit])
        X = design.dense()[free]
        own = design.mask(prepared.units)[:, unit] & (X.std(axis=0) > 0)
        reference = sm.GLM(prepared.counts[free, unit], sm.add_constant(X[:, own]), family=sm.families.Binomial()).fit(tol=1e-12)
        scores = result.scores.sel(unit=name)
        assert int(scores["n_bins"]) == free.sum()
        assert float(scores["log_likelihood"]) == pytest.approx(reference.llf, rel=1e-8)
        assert float(scores["edf"]) == pytest.approx(own.sum() + 1, abs=1e-4)
        np.testing.assert_allclose(result.coefficients.values[own, unit], reference.params[1:], rtol=1e-4, atol=1e-5)


def test_the_drive_is_found_where_it_would_be_underestimated(dead):
    recording, _ = dead
    # the unit is driven by 0.8 s when it can fire at all, and more often cannot where the drive is strong
    free = ge.run(question().with_(model=Model(strengths=(0.0,))), recording)
    naive = question(0.0)
    naive = ge.run(naive.with_(model=Model(strengths=(0.0,)), terms=naive.terms[:1]), recording)
    found, biased = (float(result.coefficients[0].mean()) for result in (free, naive))
    assert found == pytest.approx(0.8, abs=0.06)
    assert biased < 0.7


def test_nothing_is_predicted_behind_a_spike(dead, tmp_path):
    recording, counts = dead
    result = ge.run(question(), recording)
    result.save(tmp_path / "r.nc")
    rates = ge.Result.load(tmp_path / "r.nc").predict(recording, bands=True)
    prepared = prepare(question(), recording)
    quiet = np.isnan(prepared.counts) & prepared.design.valid[:, None]
    assert quiet.any()
    for name in ("rate", "low", "high"):
        values = rates[name].values.T
        assert (values[quiet] == 0).all()
        assert (values[~quiet & np.isfinite(values)] > 0).all()
    # with the refractory bins in, as many spikes are expected as there were
    valid = prepared.design.valid
    np.testing.assert_allclose(rates["rate"].values[:, valid].sum(axis=1) * BIN, counts[valid].sum(axis=0), rtol=0.01)
    # and the curves of data and model are both of all bins
    curve = result.curves["s"]
    np.testing.assert_allclose(
        (curve["tuning_hz"] * curve["occupancy_s"]).sum("s"), (curve["data_hz"] * curve["occupancy_s"]).sum("s"), rtol=0.01
    )
    scored = result.score(recording)
    np.testing.assert_allclose(scored["log_likelihood"], result.scores["log_likelihood"], rtol=1e-9)


def test_spikes_in_the_refractory_time_are_told(dead):
    recording, _ = simulated(contaminated=True)
    notes = prepare(question(), recording).notes
    assert any("1 spike lies in the refractory time and was not fitted" in note and "unit two" in note for note in notes)
    assert not any("refractory" in note for note in prepare(question(), dead[0]).notes)


def test_folds_leave_the_refractory_bins_out_too(dead):
    analysis = question().with_(validation=Validation(folds=3))
    result = ge.run(analysis, dead[0])
    assert (result.scores["bits_per_spike_heldout"] > 0).all()
    assert bool(result.converged)


def test_a_term_in_an_epoch_is_refractory_there_alone(dead):
    prepared = prepare(question(epochs=("late",)), dead[0])
    late = prepared.grid.centres > 100
    assert np.isfinite(prepared.counts[~late]).all()
    assert np.isnan(prepared.counts[late]).any()


def test_a_refractory_time_below_a_bin_is_refused(dead):
    with pytest.raises(GlmError, match="shorter than a bin") as caught:
        ge.run(question(0.0005), dead[0])
    assert caught.value.field == "terms.1.refractory"
