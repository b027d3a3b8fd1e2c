"""False positives of Wald, likelihood-ratio and shift tests of a covariate that does nothing, and their power, with a drift that the model does not know.

pytest tests/studies/test_null_error_rates.py -s prints the numbers that the guide has. Each recording is 1000 s of units at 3 Hz in bins of 100 ms. The log rate drifts by 0.5 (standard deviation) over 20 s, for each unit its own
way, follows a second covariate that is in the model, and in the table of power a first one that varies over 5 s as well. Six units share the two covariates; with history in the
model each has its own past beside them. The likelihood ratio without a drift rejects 7.0 % of these 600 units, 5.0 +- 0.9 % of 600 others (seeds from 5000 on),
and 6.0 +- 1.1 % of 500 recordings of one unit each. `tests/engine/selection/test_shift_test.py` holds a small part of this.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.special import chdtrc

import glmengine as ge

BIN = 0.1
N_BINS = 10_000
N_COURSES, N_EACH = 100, 6
N_RECORDINGS = 500  # of the likelihood ratio alone
N_POWER = 20  # courses
RATE = 3.0
LEVEL = 0.05
SHIFTS = 99


@dataclass(frozen=True)
class Setting:
    """What a recording is like: drift of the log rate (its standard deviation), effect of the tested covariate, and whether own counts are in
    the model."""

    drift: float
    effect: float = 0.0
    history: bool = False


def slow_noise(random: np.random.Generator, n: int, seconds: float) -> np.ndarray:
    """(n,) Gaussian noise of variance 1 whose autocorrelation falls as exp(-lag / seconds)."""
    a = np.exp(-BIN / seconds)
    run_in = int(10 * seconds / BIN)
    return lfilter([np.sqrt(1 - a * a)], [1, -a], random.normal(size=n + run_in))[run_in:]


def splines(x: np.ndarray) -> np.ndarray:
    """(n, 8) cubic B-splines of a covariate of variance 1."""
    return np.asarray(ge.basis.BSpline(n=8, bounds=(-4, 4), outside="clamped").evaluate(x))


@dataclass(frozen=True)
class Simulated:
    """Design (n, P), counts (n, N_EACH), the columns of each term, and which columns each unit has (P, N_EACH)."""

    X: np.ndarray
    Y: np.ndarray
    columns: dict[str, np.ndarray]
    mask: np.ndarray

    def without(self, term: str) -> tuple[np.ndarray, np.ndarray]:
        """Design and mask of the other terms."""
        return tuple(np.delete(one, self.columns[term], axis) for one, axis in ((self.X, 1), (self.mask, 0)))


def recording(setting: Setting, seed: int, n_units: int = N_EACH) -> Simulated:
    random = np.random.default_rng(seed)
    tested, other = (slow_noise(random, N_BINS, 5.0) for _ in range(2))
    drift = np.column_stack([slow_noise(random, N_BINS, 20.0) for _ in range(n_units)])
    Y = random.poisson(BIN * RATE * np.exp(setting.drift * drift + (setting.effect * tested + 0.5 * other)[:, None]))
    parts = {"tested": splines(tested), "other": splines(other)}
    masks = [np.ones((part.shape[1], n_units), bool) for part in parts.values()]
    if setting.history:
        parts["history"] = np.hstack([past(y) for y in Y.T])
        masks.append(np.kron(np.eye(n_units), np.ones((3, 1))).astype(bool))
    ends = np.cumsum([0, *(part.shape[1] for part in parts.values())])
    columns = {name: np.arange(a, b) for name, a, b in zip(parts, ends, ends[1:], strict=False)}
    return Simulated(np.hstack(list(parts.values())), Y, columns, np.vstack(masks))


def past(y: np.ndarray) -> np.ndarray:
    """(n, 3) spikes of a unit 1 to 2, 3 to 6 and 7 to 20 bins back."""
    total = np.cumsum(np.concatenate([np.zeros(21), y]))
    end = np.arange(20, 20 + y.size)
    return np.column_stack([total[end] - total[end - 2], total[end - 2] - total[end - 6], total[end - 6] - total[end - 20]])


def p_values(setting: Setting, seed: int, *, sandwich: bool = False) -> dict[str, np.ndarray]:
    """p (N_EACH,) of each test of the first covariate, and of history by Wald."""
    made = recording(setting, seed)
    X, Y, own = made.X, made.Y, made.columns["tested"]
    fit = ge.fit(X, Y, penalty="none", mask=made.mask)
    wald = fit.wald(made.columns)["p"]
    found = {"Wald": wald.sel(term="tested").values}
    others, mask = made.without("tested")
    found["likelihood ratio"] = fit.likelihood_ratio(ge.fit(others, Y, penalty="none", mask=mask))["p"].values
    if setting.history:
        found["Wald, history"] = wald.sel(term="history").values
    if sandwich:
        found["sandwich"] = np.array([sandwich_p(fit, unit, own) for unit in range(N_EACH)])
    for name, statistic in (("shift, held out", "held_out"), ("shift, in sample", "in_sample")):
        test = ge.shift_test(X, Y, {"tested": own}, mask=made.mask, statistic=statistic, shifts=SHIFTS, seed=seed, bin_size=BIN)
        found[name] = test.table["p"].values[0]
    return found


def sandwich_p(fit: ge.Fit, unit: int, columns: np.ndarray) -> float:
    """p of a Wald test on the sandwich covariance."""
    covariance = fit.covariance(unit, "sandwich")[1:, 1:][np.ix_(columns, columns)]
    values, vectors = np.linalg.eigh(covariance)
    kept = values > 1e-10 * values.max()
    along = vectors[:, kept].T @ fit.coef[columns, unit]
    return float(chdtrc(kept.sum(), np.sum(along**2 / values[kept])))


def rejections(setting: Setting, n: int, *, first: int = 0, sandwich: bool = False) -> dict[str, float]:
    """Share of the units of n recordings in which each test rejects at `LEVEL`."""
    each = [p_values(setting, seed, sandwich=sandwich) for seed in range(first, first + n)]
    return {name: float(np.mean([one[name] <= LEVEL for one in each])) for name in each[0]}


def said(title: str, found: dict[str, float]) -> None:
    print(f"\n{title}: " + ", ".join(f"{name} {share:.1%}" for name, share in found.items()), flush=True)


@pytest.mark.timeout(7200)
@pytest.mark.parametrize(
    ("title", "setting"),
    [("drift", Setting(0.5)), ("no drift", Setting(0.0)), ("drift, history in the model", Setting(0.5, history=True))],
)
def test_shift_tests_hold_their_level_and_wald_tests_do_not(title, setting):
    found = rejections(setting, N_COURSES, sandwich=True)
    n_units = N_COURSES * N_EACH
    said(f"false positives at {LEVEL:.0%}, {n_units} units, {title}", found)
    error = np.sqrt(LEVEL * (1 - LEVEL) / n_units)
    for name in ("shift, held out", "shift, in sample"):
        assert abs(found[name] - LEVEL) < 3 * error
    for name in ("Wald", "likelihood ratio"):
        if setting.drift:
            assert found[name] > 0.2
        else:
            assert abs(found[name] - LEVEL) < 3 * error


@pytest.mark.timeout(7200)
def test_the_likelihood_ratio_over_500_recordings():
    """Of one unit each, without a drift; the other tests share covariates among six."""
    called = []
    for seed in range(20_000, 20_000 + N_RECORDINGS):
        made = recording(Setting(0.0), seed, n_units=1)
        others, mask = made.without("tested")
        fit = ge.fit(made.X, made.Y, penalty="none", mask=made.mask)
        smaller = ge.fit(others, made.Y, penalty="none", mask=mask)
        called.append(fit.likelihood_ratio(smaller)["p"].values[0] <= LEVEL)
    said(f"false positives at {LEVEL:.0%}, {N_RECORDINGS} recordings", {"likelihood ratio": float(np.mean(called))})
    assert abs(np.mean(called) - LEVEL) < 3 * np.sqrt(LEVEL * (1 - LEVEL) / N_RECORDINGS)


@pytest.mark.timeout(7200)
def test_power_grows_with_the_effect():
    """Wald stands beside it for scale alone: most of its rejections would be there without an effect."""
    power = []
    for effect in (0.05, 0.1, 0.2, 0.3):
        found = rejections(Setting(0.5, effect), N_POWER, first=100_000)
        said(f"power with drift, {N_POWER * N_EACH} units, effect {effect}", found)
        power.append(found["shift, held out"])
    assert power[-1] > 0.9
    assert (np.diff(power) >= 0).all()
