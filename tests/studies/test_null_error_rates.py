"""False positives of Wald, likelihood-ratio and shift tests of a covariate that does nothing, and their power, with a drift that the model does not know.

pytest tests/studies/test_null_error_rates.py -s prints the numbers that the guide has. Each recording is 1000 s of units at 3 Hz in bins of 100 ms. The log rate drifts by 0.5 (standard deviation) over 20 s, for each unit its own
way, follows a second covariate that is in the model, and in the table of power a first one that varies over 5 s as well. Six units share the two covariates; with history in the model
each has covariates of its own. `tests/engine/selection/test_shift_test.py` holds a small part of this.
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
N_HISTORY = 500
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

    @property
    def units(self) -> int:
        return 1 if self.history else N_EACH


def slow_noise(random: np.random.Generator, n: int, seconds: float) -> np.ndarray:
    """(n,) Gaussian noise of variance 1 whose autocorrelation falls as exp(-lag / seconds)."""
    a = np.exp(-BIN / seconds)
    run_in = int(10 * seconds / BIN)
    return lfilter([np.sqrt(1 - a * a)], [1, -a], random.normal(size=n + run_in))[run_in:]


def splines(x: np.ndarray) -> np.ndarray:
    """(n, 8) cubic B-splines of a covariate of variance 1."""
    return np.asarray(ge.basis.BSpline(n=8, bounds=(-4, 4), outside="clamped").evaluate(x))


def recording(setting: Setting, seed: int) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Design (n, P), counts (n, units), and the columns of each term."""
    random = np.random.default_rng(seed)
    tested, other = (slow_noise(random, N_BINS, 5.0) for _ in range(2))
    drift = np.column_stack([slow_noise(random, N_BINS, 20.0) for _ in range(setting.units)])
    Y = random.poisson(BIN * RATE * np.exp(setting.drift * drift + (setting.effect * tested + 0.5 * other)[:, None]))
    parts = {"tested": splines(tested), "other": splines(other)}
    if setting.history:
        past = np.concatenate([np.zeros(20), Y[:, 0]])[:-1]
        total = np.cumsum(np.concatenate([[0.0], past]))
        end = np.arange(20, 20 + N_BINS)
        parts["history"] = np.column_stack(
            [total[end] - total[end - 2], total[end - 2] - total[end - 6], total[end - 6] - total[end - 20]]
        )
    ends = np.cumsum([0, *(part.shape[1] for part in parts.values())])
    columns = {name: np.arange(a, b) for name, a, b in zip(parts, ends, ends[1:], strict=False)}
    return np.hstack(list(parts.values())), Y, columns


def p_values(setting: Setting, seed: int, *, sandwich: bool = False) -> dict[str, np.ndarray]:
    """p (units,) of each test of the first covariate, and of history by Wald."""
    X, Y, columns = recording(setting, seed)
    own = columns["tested"]
    fit = ge.fit(X, Y, penalty="none")
    wald = fit.wald(columns)["p"]
    found = {"Wald": wald.sel(term="tested").values}
    found["likelihood ratio"] = fit.likelihood_ratio(ge.fit(np.delete(X, own, axis=1), Y, penalty="none"))["p"].values
    if setting.history:
        found["Wald, history"] = wald.sel(term="history").values
    if sandwich:
        found["sandwich"] = np.array([sandwich_p(fit, unit, own) for unit in range(setting.units)])
    for name, statistic in (("shift, held out", "held_out"), ("shift, in sample", "in_sample")):
        test = ge.shift_test(X, Y, {"tested": own}, statistic=statistic, shifts=SHIFTS, seed=seed, bin_size=BIN)
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
    n = N_HISTORY if setting.history else N_COURSES
    found = rejections(setting, n, sandwich=True)
    n_units = n * setting.units
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
def test_power_grows_with_the_effect():
    """Wald stands beside it for scale alone: most of its rejections would be there without an effect."""
    power = []
    for effect in (0.05, 0.1, 0.2, 0.3):
        found = rejections(Setting(0.5, effect), N_POWER, first=100_000)
        said(f"power with drift, {N_POWER * N_EACH} units, effect {effect}", found)
        power.append(found["shift, held out"])
    assert power[-1] > 0.9
    assert (np.diff(power) >= 0).all()
