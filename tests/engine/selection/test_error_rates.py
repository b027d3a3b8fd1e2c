"""Forward selection of units that follow nothing, and of units that follow one of three covariates, a hidden drift beside them."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.stats import binom

import glmengine as ge
from glmengine.selection.forward import forward
from glmengine.selection.nested_models import NestedModels, make_ground

BIN, N, UNITS = 0.1, 4000, 60


def chosen(seed: int, effect: float) -> list[frozenset[int]]:
    import pynapple as nap

    random = np.random.default_rng(seed)
    times, support = (np.arange(N) + 0.5) * BIN, nap.IntervalSet(0.0, N * BIN)

    def noise(seconds: float) -> np.ndarray:
        values = gaussian_filter1d(random.normal(size=N), seconds / BIN)
        return values / values.std()

    covariates = [noise(seconds) for seconds in (0.5, 2.0, 5.0)]
    spikes = {}
    for unit in range(UNITS):
        counts = random.poisson(3.0 * BIN * np.exp(effect * covariates[1] + 0.5 * noise(20.0)))
        spikes[unit] = nap.Ts(np.repeat(times, counts), time_support=support)
    recording = ge.Recording(
        "simulated",
        tuple(str(unit) for unit in range(UNITS)),
        nap.TsGroup(spikes, time_support=support),
        covariates={f"c{k}": ge.Covariate(f"c{k}", nap.Tsd(times, values)) for k, values in enumerate(covariates)},
        epochs={"all": support},
    )
    terms = [{"kind": "covariate", "factors": [{"variable": f"c{k}", "basis": {"family": "b_spline", "n": 5}}]} for k in range(3)]
    question = ge.Analysis.from_dict({"time": {"bin_size": BIN}, "terms": terms, "model": {"strengths": [1e-2]}})
    return forward(NestedModels(make_ground(question, recording)), 0.05).models


def test_units_that_follow_nothing_get_a_term_in_5_percent_at_most():
    wrong = sum(bool(model) for model in chosen(11, effect=0.0))
    assert wrong <= binom.ppf(0.99, UNITS, 0.05)


def test_a_term_that_matters_is_found_and_no_other():
    models = chosen(12, effect=0.5)
    assert np.mean([1 in model for model in models]) > 0.9
    assert np.mean([bool(model - {1}) for model in models]) <= binom.ppf(0.99, UNITS, 0.05) / UNITS
