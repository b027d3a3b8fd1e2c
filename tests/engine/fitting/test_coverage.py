"""Coverage of 95 % intervals of a curve under REML on a few simulated recordings: a small part of `tests/studies/test_coverage.py`."""

from __future__ import annotations

import numpy as np

import glmengine as ge

Z, BIN, N_BINS, N_RECORDINGS = 1.959964, 0.1, 3000, 40


def test_intervals_of_a_bump_cover_it_across_the_covariate():
    random = np.random.default_rng(0)
    x = random.uniform(size=N_BINS)
    truth = np.log(BIN * (1.0 + 9.0 * np.exp(-0.5 * ((x - 0.4) / 0.12) ** 2)))
    X = np.asarray(ge.basis.BSpline(n=10, bounds=(0, 1)).evaluate(x))
    fit = ge.fit(
        X, random.poisson(np.exp(truth)[:, None], (N_BINS, N_RECORDINGS)).astype(float), penalty="smoothness", strength="reml"
    )
    rows = np.hstack([np.ones((N_BINS, 1)), X])
    covered = []
    for unit in range(N_RECORDINGS):
        error = np.sqrt(np.einsum("tp,pq,tq->t", rows, fit.covariance(unit), rows))
        covered.append(np.mean(np.abs(rows[:, 1:] @ fit.coef[:, unit] + fit.intercept[unit] - truth) <= Z * error))
    spread = np.std(covered, ddof=1) / np.sqrt(N_RECORDINGS)
    assert 0.93 - 2 * spread <= np.mean(covered) <= 0.97 + 2 * spread
