"""Shift tests of the best of several candidates: how often they err, with a hidden drift, and which shifts they draw from."""

from __future__ import annotations

import numpy as np
from scipy.stats import binom

from glmengine.answers.population import Population, population_of
from glmengine.selection.shift_test import GRID
from glmengine.selection.step_shift_test import PooledColumns, ShiftStep
from tests.engine.selection.units_with_drift import drifting_units, question

BIN, N, UNITS, SHIFTS, RECORDINGS = 0.05, 4000, 20, 39, 12


def _population(seed: int, effect: float = 0.0) -> Population:
    """Units at 5 Hz that follow the first of three covariates, or none, while their rates drift."""
    recording = drifting_units(seed, bins=N, bin_size=BIN, units=UNITS, rate=5.0, drift_seconds=10.0, effect=effect)
    return population_of(question(BIN, 1e-3), recording, SHIFTS)


def _p_of_the_best(population: Population, seed: int) -> np.ndarray:
    """(UNITS,) p of the candidate that gains most beside a constant rate."""
    pooled, counts = population.pooled, population.prepared.counts
    valid = population.prepared.design.valid
    shuffles, best = pooled.shuffles(SHIFTS, seed), []
    for unit, y in enumerate(counts.T):
        mean = y[valid].mean()
        residual, curvature = np.where(valid, y - mean, 0.0), np.where(valid, mean, 0.0)
        best.append([pooled.step(unit, k, (0, 1, 2), residual, curvature) for k in range(3)])
    p = np.array(pooled.p([step for steps in best for step in steps], shuffles)).reshape(UNITS, 3)
    return p.min(axis=1)  # the one that gains most


def test_the_best_of_candidates_that_say_nothing_is_called_in_5_percent():
    """The full study (tests/studies/test_step_shift_error_rates.py) has 500 recordings."""
    p = np.concatenate([_p_of_the_best(_population(seed), seed) for seed in range(RECORDINGS)])
    assert np.sum(p <= 0.05) <= binom.ppf(0.999, p.size, 0.05)
    assert 0.4 < p.mean() < 0.65


def test_a_candidate_that_drives_is_called():
    assert (_p_of_the_best(_population(100, effect=0.5), 0) <= 0.05).all()


def test_short_shifts_are_drawn_too():
    """Without those that are shorter than the autocorrelation the shifts and the data as they are would be no group, and p too small."""
    pooled = _population(0).pooled
    moves = pooled.shuffles(10 * N, 0).moves[:, 0]
    assert sorted(moves) == list(range(1, pooled.stretch.size))


def test_gains_are_those_of_columns_that_are_moved_one_shift_after_another():
    """In epochs of several lengths, with folds that come again, and rows that are in none."""
    random = np.random.default_rng(4)
    pooled = _population(3).pooled
    n = pooled.stretch.size
    pooled.stretch = np.sort(random.integers(0, 5, n))
    pooled.fold = np.repeat(random.integers(0, pooled.n_folds + 1, n // 30 + 1), 30)[:n]
    steps = [ShiftStep(0, 1, (1, 2), random.normal(size=n), random.random(n)) for _ in range(3)]
    shuffles = pooled.shuffles(7, 0)
    for step, found in zip(steps, pooled.gains(steps, shuffles), strict=True):
        for number, partner in enumerate([shuffles.used, *shuffles]):
            gain = [_gain(pooled, step, k, shuffles.used, partner) for k in ((1,) if number == 0 else step.offered)]
            np.testing.assert_allclose(found[number], max(gain), rtol=1e-4, atol=1e-4)


def _gain(pooled: PooledColumns, step: ShiftStep, candidate: int, rows: np.ndarray, partner: np.ndarray) -> float:
    columns = pooled._columns[partner][:, pooled.slices[candidate]].astype(float)
    folds = range(pooled.n_folds + 1)
    gradient = np.array([columns[pooled.fold[rows] == k].T @ step.residual[rows][pooled.fold[rows] == k] for k in folds])
    weight = np.array([step.curvature[rows][pooled.fold[rows] == k].sum() for k in folds])
    best = -np.inf
    for strength in GRID:
        total = 0.0
        for k in range(pooled.n_folds):
            penalty = strength * pooled.n * pooled._penalised[candidate]
            theta = (gradient.sum(axis=0) - gradient[k]) / (weight.sum() - weight[k] + penalty)
            total += theta @ gradient[k] - 0.5 * weight[k] * theta @ theta
        best = max(best, total)
    return best
