"""Coverage of 95 % intervals of coefficients and tuning curves, without a penalty, with a ridge of given strength, and under REML.

pytest tests/studies/test_coverage.py -s prints the tables that the guide has. Each recording is 600 s of one unit in bins of 100 ms whose
log rate follows a curve of a covariate that varies over 2 s; 500 recordings share ten courses of the covariate, each with counts of its
own. The curves are a bump (place cell), a wave around the circle (head direction), and none at all. A curve's coverage is the share of
points of the covariate, each as often as it is visited, whose interval holds the truth: what Nychka (1988, JASA 83: 1134-1143) shows the
Bayesian interval to get right. `tests/engine/fitting/test_coverage.py` holds a small part of this.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.signal import lfilter

import glmengine as ge

BIN = 0.1
N_BINS = 6000
N_COURSES, N_EACH = 10, 50
Z = 1.959964
LOWEST, HIGHEST = 0.93, 0.97


@dataclass(frozen=True)
class Curve:
    """A log rate (Hz) over a covariate between 0 and 1, and the basis that it is fitted with."""

    name: str
    basis: object
    height: float

    def __call__(self, x: np.ndarray) -> np.ndarray:
        if self.name == "bump":
            return np.log(1.0 + self.height * np.exp(-0.5 * ((x - 0.4) / 0.12) ** 2))
        if self.name == "wave":
            return np.log(3.0) + self.height * np.cos(2 * np.pi * (x - 0.3))
        return np.full_like(x, np.log(3.0))


CURVES = (
    Curve("bump", ge.basis.BSpline(n=12, bounds=(0, 1)), 9.0),
    Curve("wave", ge.basis.CyclicBSpline(n=12, bounds=(0, 1)), 1.0),
    Curve("flat", ge.basis.BSpline(n=12, bounds=(0, 1)), 0.0),
)


def course(random: np.random.Generator) -> np.ndarray:
    """(N_BINS,) a covariate between 0 and 1, visited evenly, that varies over 2 s."""
    a = np.exp(-BIN / 2.0)
    noise = lfilter([np.sqrt(1 - a * a)], [1, -a], random.normal(size=N_BINS + 500))[500:]
    return (np.argsort(np.argsort(noise)) + 0.5) / N_BINS


def share_covered(curve: Curve, n_courses: int, n_each: int, **options: object) -> np.ndarray:
    """(recordings,) share of the points of the curve that lie in their 95 % intervals, the level included."""
    found = []
    for seed in range(n_courses):
        random = np.random.default_rng(seed)
        x = course(random)
        X = np.asarray(curve.basis.evaluate(x))
        Y = random.poisson(BIN * np.exp(curve(x))[:, None], size=(N_BINS, n_each)).astype(float)
        fit = ge.fit(X, Y, **options)
        rows = np.hstack([np.ones((N_BINS, 1)), X])[::10]
        truth = curve(x[::10]) + np.log(BIN)
        for unit in range(n_each):
            covariance = fit.covariance(unit)
            error = np.sqrt(np.einsum("tp,pq,tq->t", rows, covariance, rows))
            eta = rows[:, 1:] @ fit.coef[:, unit] + fit.intercept[unit]
            found.append(np.mean(np.abs(eta - truth) <= Z * error))
    return np.array(found)


def said(name: str, found: np.ndarray) -> float:
    share = float(found.mean())
    print(f"{name:44} {100 * share:5.1f} % +- {100 * found.std(ddof=1) / np.sqrt(found.size):.1f} %  ({found.size} recordings)")
    return share


@pytest.mark.parametrize("curve", CURVES, ids=lambda one: one.name)
@pytest.mark.parametrize("penalty", ["smoothness", "ridge"])
def test_curves_under_reml(curve, penalty):
    share = said(f"{curve.name}, {penalty}, REML", share_covered(curve, N_COURSES, N_EACH, penalty=penalty, strength="reml"))
    assert LOWEST <= share <= HIGHEST


@pytest.mark.parametrize("curve", CURVES, ids=lambda one: one.name)
def test_curves_without_a_penalty(curve):
    share = said(f"{curve.name}, no penalty", share_covered(curve, N_COURSES, N_EACH, penalty="none"))
    assert LOWEST <= share <= HIGHEST


def test_curves_that_a_ridge_of_given_strength_expects():
    """Truths drawn from the prior that the strength stands for, a/2 w'w in the mean loss: normal with variance 1/(a T). A truth of one shape at a
    strength that does not suit it is covered less (the bump above with a ridge of 1e-3: 92.9 %)."""
    strength, n = 1e-3, 12
    basis, covered = ge.basis.BSpline(n=n, bounds=(0, 1)), []
    for seed in range(N_COURSES):
        random = np.random.default_rng(seed)
        x = course(random)
        X = np.asarray(basis.evaluate(x))
        eta = np.log(3.0 * BIN) + X @ random.normal(scale=(strength * N_BINS) ** -0.5, size=(n, N_EACH))
        fit = ge.fit(X, random.poisson(np.exp(eta)).astype(float), penalty="ridge", strength=strength)
        rows = np.hstack([np.ones((N_BINS, 1)), X])[::10]
        for unit in range(N_EACH):
            error = np.sqrt(np.einsum("tp,pq,tq->t", rows, fit.covariance(unit), rows))
            found = rows[:, 1:] @ fit.coef[:, unit] + fit.intercept[unit]
            covered.append(np.mean(np.abs(found - eta[::10, unit]) <= Z * error))
    assert LOWEST <= said("drawn from the prior, ridge 0.001", np.array(covered)) <= HIGHEST


def test_coefficients_without_a_penalty():
    """Of five covariates and the unit's own count of the bin before, which is no covariate but what the model says of time."""
    weights = np.array([0.3, -0.2, 0.0, 0.1, 0.4])
    covered = []
    for seed in range(N_COURSES):
        random = np.random.default_rng(seed)
        a = np.exp(-BIN / 2.0)
        noise = random.normal(size=(N_BINS + 500, 5))
        X = lfilter([np.sqrt(1 - a * a)], [1, -a], noise, axis=0)[500:]
        drive = X @ weights + np.log(3.0 * BIN)
        for _ in range(N_EACH):
            y, past, before = np.zeros(N_BINS), np.zeros(N_BINS), 0.0
            for t in range(N_BINS):
                past[t] = before
                y[t] = before = float(random.poisson(np.exp(drive[t] - 0.5 * min(before, 3.0))))
            past = np.minimum(past, 3.0)
            fit = ge.fit(np.column_stack([X, past]), y, penalty="none")
            truth = np.append(weights, -0.5)
            covered.append(np.mean(np.abs(fit.coef[:, 0] - truth) <= Z * fit.standard_errors[:, 0]))
    assert LOWEST <= said("coefficients, no penalty, with history", np.array(covered)) <= HIGHEST
