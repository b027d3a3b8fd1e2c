"""Simulated units whose rates drift over time while they follow one of three slow covariates, or none."""

from __future__ import annotations

import numpy as np
import pynapple as nap
from scipy.ndimage import gaussian_filter1d

import glmengine as ge

SECONDS = (0.5, 2.0, 5.0)
"""Over which each covariate is smoothed."""


def drifting_units(
    seed: int, *, bins: int, bin_size: float, units: int, rate: float, drift_seconds: float, follows: int = 0, effect: float = 0.0
) -> ge.Recording:
    """Units at `rate` Hz whose log rate drifts by 0.5 (standard deviation) over so many seconds, and follows one of the covariates by `effect`."""
    random = np.random.default_rng(seed)
    times, support = (np.arange(bins) + 0.5) * bin_size, nap.IntervalSet(0.0, bins * bin_size)

    def noise(seconds: float) -> np.ndarray:
        values = gaussian_filter1d(random.normal(size=bins), seconds / bin_size)
        return values / values.std()

    values = [noise(seconds) for seconds in SECONDS]
    spikes = {}
    for unit in range(units):
        counts = random.poisson(rate * bin_size * np.exp(effect * values[follows] + 0.5 * noise(drift_seconds)))
        spikes[unit] = nap.Ts(np.repeat(times, counts), time_support=support)
    return ge.Recording(
        "simulated",
        tuple(map(str, range(units))),
        nap.TsGroup(spikes, time_support=support),
        covariates={f"c{k}": ge.Covariate(f"c{k}", nap.Tsd(times, value)) for k, value in enumerate(values)},
        epochs={"all": support},
    )


def question(bin_size: float, strength: float) -> ge.Analysis:
    """Tuning to each of the covariates, five splines each."""
    factors = [[{"variable": f"c{k}", "basis": {"family": "b_spline", "n": 5}}] for k in range(len(SECONDS))]
    terms = [{"kind": "covariate", "factors": factor} for factor in factors]
    return ge.Analysis.from_dict({"time": {"bin_size": bin_size}, "terms": terms, "model": {"strengths": [strength]}})
