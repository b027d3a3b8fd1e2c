"""How often forward selection takes a term that says nothing, and how often it finds one that does, beside Wald tests and signed ranks alone.

pytest tests/studies/test_selection_error_rates.py -s: some ten minutes, and prints the table. Each recording is 600 s in bins of 100 ms, with three covariates that vary over 0.5, 2 and
5 s, and five units at 3 Hz that follow none of them, or the second; the log rate drifts by 0.5 (standard deviation) over 20 s, or not. A unit counts as wrong when any
covariate that says nothing is called significant at 5 %: by forward selection; by the signed-rank test of each term against the
full model without it; by the Wald test of each term without a penalty. `tests/engine/selection/test_error_rates.py` holds a small part of this.

Measured, of 500 units that follow nothing: selection takes a term in 2.2 %, and in 2.6 % with the drift; signed ranks call one of three terms significant in
3.8 and 4.6 %, Wald tests in 12 and 95.6 %. Found without drift at effects of 0.05, 0.1, 0.2 and 0.4 in log rate: by selection 6, 44, 100 and 100 %, by signed
ranks alone 15, 53, 96 and 100 %, by Wald tests 30, 86, 100 and 100 %. With the drift: by selection 3, 7, 47 and 92 %, by signed ranks 2, 5, 48 and 90 %; Wald tests
find 76 to 100 % there, and call a covariate that says nothing significant in 88 to 95 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.stats import binom

import glmengine as ge
from glmengine.selection.contributions import contributions
from glmengine.selection.forward import forward
from glmengine.selection.nested_models import NestedModels, make_ground

BIN, DURATION, RATE, DRIFT, LEVEL = 0.1, 600.0, 3.0, 0.5, 0.05
SECONDS = (0.5, 2.0, 5.0)
TRUE = 1
UNITS = 5
N_NULL, N_POWER = 100, 20  # recordings


@dataclass(frozen=True)
class Rates:
    """Shares of units: a null term called significant, and the true one found."""

    wrong: dict[str, float]
    found: dict[str, float]
    n: int


def smooth_noise(random: np.random.Generator, n: int, width: float) -> np.ndarray:
    """(n,) Gaussian noise of variance 1, smoothed over `width` bins."""
    lag = np.arange(-int(4 * width), int(4 * width) + 1)
    kernel = np.exp(-0.5 * (lag / width) ** 2)
    return np.convolve(random.normal(size=n + lag.size - 1), kernel, "valid") / np.sqrt((kernel**2).sum())


def recording(seed: int, effect: float, drift: float) -> ge.Recording:
    import pynapple as nap

    random = np.random.default_rng(seed)
    n = round(DURATION / BIN)
    times = (np.arange(n) + 0.5) * BIN
    support = nap.IntervalSet(0.0, DURATION)
    values = [smooth_noise(random, n, seconds / BIN) for seconds in SECONDS]
    spikes = {}
    for unit in range(UNITS):
        rate = RATE * np.exp(effect * values[TRUE] + drift * smooth_noise(random, n, 20.0 / BIN))
        counts = random.poisson(rate * BIN)
        stamps = np.repeat(times, counts) + random.uniform(-0.5 * BIN, 0.5 * BIN, counts.sum())
        spikes[unit] = nap.Ts(np.sort(stamps), time_support=support)
    return ge.Recording(
        name=f"seed {seed}",
        unit_names=tuple(str(unit) for unit in range(UNITS)),
        spikes=nap.TsGroup(spikes, time_support=support),
        covariates={f"c{k}": ge.Covariate(f"c{k}", nap.Tsd(times, value)) for k, value in enumerate(values)},
        epochs={"all": support},
    )


def question() -> ge.Analysis:
    factors = [[{"variable": f"c{k}", "basis": {"family": "b_spline", "n": 6}}] for k in range(len(SECONDS))]
    terms = [{"kind": "covariate", "name": f"c{k}", "factors": factor} for k, factor in enumerate(factors)]
    return ge.Analysis.from_dict({"time": {"bin_size": BIN}, "terms": terms, "model": {"strengths": [1e-3, 1e-2]}})


def rates(n: int, effect: float, drift: float, first: int) -> Rates:
    """Of `n` recordings."""
    called: dict[str, list[np.ndarray]] = {"selection": [], "signed rank": [], "Wald": []}
    for seed in range(first, first + n):
        nested = NestedModels(make_ground(question(), recording(seed, effect, drift)))
        chosen = np.zeros((len(SECONDS), UNITS), bool)
        for unit, model in enumerate(forward(nested, LEVEL).models):
            chosen[sorted(model), unit] = True
        called["selection"].append(chosen)
        called["signed rank"].append(contributions(nested)["p"].values < LEVEL)
        full = nested.fit(nested.ground.everything, np.arange(UNITS), np.zeros(UNITS))
        called["Wald"].append(full.wald()["p"].values < LEVEL)
    nulls = [k for k in range(len(SECONDS)) if k != TRUE or effect == 0]
    joined = {name: np.concatenate(tables, axis=1) for name, tables in called.items()}
    return Rates(
        {name: float(table[nulls].any(axis=0).mean()) for name, table in joined.items()},
        {name: float(table[TRUE].mean()) for name, table in joined.items()},
        n * UNITS,
    )


def said(title: str, found: Rates) -> None:
    wrong = ", ".join(f"{name} {share:.1%}" for name, share in found.wrong.items())
    right = ", ".join(f"{name} {share:.0%}" for name, share in found.found.items())
    print(f"{title} ({found.n} units): a null term: {wrong}; the true term: {right}")


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("drift", [0.0, DRIFT])
def test_a_unit_that_follows_nothing_gets_a_term_in_5_percent_at_most(drift):
    found = rates(N_NULL, 0.0, drift, first=1000 * int(drift > 0))
    said(f"nothing, drift {drift:g}", found)
    most = binom.ppf(0.995, found.n, LEVEL) / found.n
    assert found.wrong["selection"] <= most
    assert found.wrong["signed rank"] <= 3 * LEVEL  # three tests a unit
    if drift:
        assert found.wrong["Wald"] > 0.5  # it takes bins for independent


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("drift", [0.0, DRIFT])
def test_power(drift):
    power = []
    for number, effect in enumerate((0.05, 0.1, 0.2, 0.4)):
        found = rates(N_POWER, effect, drift, first=5000 + 1000 * number + 500 * int(drift > 0))
        said(f"effect {effect:g}, drift {drift:g}", found)
        power.append(found.found["selection"])
        assert found.wrong["selection"] <= binom.ppf(0.999, found.n, LEVEL) / found.n
    if not drift:  # beside a drift as large as the effect ten folds of a minute find fewer: see the numbers above
        assert power[-1] > 0.95
    assert power[0] < power[-1]
