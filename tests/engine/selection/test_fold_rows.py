"""Predictors, gradients and Gram matrices of sorted rows against those of the matrix as it is."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.selection.fold_rows import FoldRows
from glmengine.threads import workers

N, LOCAL, REST, OWN, FOLDS = 40_000, 32, 5, 3, 4


def _rows(local: bool) -> tuple[FoldRows, np.ndarray, np.ndarray, np.ndarray]:
    """Rows, the matrix in their order with own columns and ones, folds in that order, and the own columns."""
    random = np.random.default_rng(1)
    values = random.normal(size=(N, LOCAL + REST))
    if local:  # four neighbouring columns are live, a walk between them
        place = (np.arange(N) // 700) % (LOCAL - 4)
        values[:, :LOCAL] *= (np.arange(LOCAL) >= place[:, None]) & (np.arange(LOCAL) < place[:, None] + 4)
    fold = (np.arange(N) // 2000) % (FOLDS + 1)
    fold = np.where(fold == FOLDS, -1, fold)
    rows = FoldRows([values[:, :LOCAL], values[:, LOCAL:]], fold, FOLDS)
    own = np.asfortranarray(random.normal(size=(N, OWN)))
    every = np.hstack([values[np.ix_(rows.order, rows.columns)], own, np.ones((N, 1))])
    return rows, every, np.where(fold < 0, FOLDS, fold)[rows.order], own


@pytest.mark.parametrize("local", [True, False])
def test_sums_are_those_of_the_matrix(local: bool) -> None:
    rows, every, fold, own = _rows(local)
    assert bool(rows.n_local) == local
    random = np.random.default_rng(2)
    theta = random.normal(size=(3, every.shape[1]))
    theta[1, : rows.n_local] = 0.0
    np.testing.assert_allclose(rows.predictor(theta, own), theta @ every.T, atol=1e-12)
    by_fold = random.normal(size=(FOLDS + 1, 3, every.shape[1]))
    np.testing.assert_allclose(rows.predictor(by_fold, own), np.einsum("nmp,np->mn", by_fold[fold], every), atol=1e-12)
    residual = random.normal(size=(3, N))
    expected = np.array([(residual * (fold == k)) @ every for k in range(FOLDS + 1)])
    size = every.shape[1]
    every_one, own_alone = np.arange(size), np.arange(LOCAL + REST, size)
    for wanted in (
        [every_one, np.arange(LOCAL, size), every_one],
        [own_alone, np.array([LOCAL + 1, LOCAL + 3, size - 1]), own_alone],
    ):
        found = rows.back(residual, own, wanted)
        for number, which in enumerate(wanted):
            np.testing.assert_allclose(found[:, number, which], expected[:, number, which], atol=1e-9)
    for which in (
        own_alone,
        np.array([LOCAL + 2, size - 1]),
        np.array([size - 1]),
    ):  # columns that no model has are not gone through
        few = np.zeros_like(theta)
        few[:, which] = theta[:, which]
        np.testing.assert_allclose(rows.predictor(few, own), few @ every.T, atol=1e-12)
        np.testing.assert_allclose(rows.predictor(np.stack([few] * (FOLDS + 1)), own), few @ every.T, atol=1e-12)
    weights = random.uniform(0.1, 1.0, N)
    single = np.ascontiguousarray(own.T, np.float32)
    for wanted in (np.arange(every.shape[1]), np.array([1, 2, LOCAL + 1, LOCAL + 3, LOCAL + REST + 1, every.shape[1] - 1])):
        some = every[:, wanted]
        grams = np.array([(some * (weights * (fold == k))[:, None]).T @ some for k in range(FOLDS + 1)])
        np.testing.assert_allclose(rows.grams(weights, single, wanted), grams, atol=2e-6 * grams.max())


@pytest.mark.parametrize("local", [True, False])
def test_sums_are_the_same_for_any_number_of_threads(local: bool) -> None:
    """Alone the rows of a unit are shared out among the cores, beside other units they are not."""
    rows, every, _, own = _rows(local)
    random = np.random.default_rng(3)
    theta, residual = random.normal(size=(2, every.shape[1])), random.normal(size=(2, N))
    weights, single = random.uniform(0.1, 1.0, N), np.ascontiguousarray(own.T, np.float32)

    def sums(_: int) -> list[np.ndarray]:
        wanted = np.arange(every.shape[1])
        return [
            rows.predictor(theta, own),
            rows.back(residual, own, [wanted] * 2),
            rows.grams(weights, single, wanted),
        ]

    alone = sums(0)
    with workers() as pool:
        for beside in pool.map(sums, [0, 1]):
            for one, other in zip(alone, beside, strict=True):
                np.testing.assert_array_equal(one, other)
