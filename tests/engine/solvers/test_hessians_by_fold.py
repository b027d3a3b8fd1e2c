"""Hessians that the folds of a unit share: the sums over each fold, once, give those of all columns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from glmengine.backend import cells
from glmengine.backend.cells import cells_of
from glmengine.backend.observations import Observations
from glmengine.backend.rows import Rows
from glmengine.context import SILENT
from glmengine.models import get_family
from glmengine.solvers.problem import ALL_ROWS, Objective, Problem
from glmengine.solvers.rank import grams_of

T, M, F = 3_000, 2, 4


class Source:
    def __init__(self, X: np.ndarray) -> None:
        self.X, self.shape = X, X.shape

    def chunk(self, start: int, stop: int) -> np.ndarray:
        return self.X[start:stop]


def design(kind: str) -> np.ndarray:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(T, 24))
    return X * (np.arange(24) // 6 == rng.integers(0, 4, T)[:, None]) if kind == "cells" else X


@pytest.mark.parametrize("kind", ["dense", "cells"])
@pytest.mark.parametrize("family", ["poisson", "bernoulli", "gamma"])
@pytest.mark.parametrize("never_held_out", [False, True])
def test_they_are_those_of_each_column(monkeypatch, kind, family, never_held_out):
    monkeypatch.setattr(cells, "OVERHEAD", 0.0)
    rng = np.random.default_rng(1)
    Y = {"poisson": rng.poisson(1.0, (M, T)), "bernoulli": rng.random((M, T)) < 0.3, "gamma": rng.gamma(2.0, 1.0, (M, T))}[family]
    fold = rng.integers(-1 if never_held_out else 0, F, T).astype(np.int32)
    weights = rng.integers(0, 3, (M, T)).astype(float)
    unit, held = np.repeat(np.arange(M), F), np.tile(np.arange(F), M)
    observations = Observations(Y.astype(float), weights, None, fold)
    rows = Rows(Source(design(kind)), None, observations, columns=unit.size, memory=1e9, centred=True)
    assert (cells_of(rows) is not None) == (kind == "cells")
    movable = np.ones((unit.size, rows.n_features), bool)
    movable[0, 3] = False
    total = np.sum(weights[unit] * (fold != held[:, None]), axis=1)
    problem = Problem(
        rows=rows,
        family=get_family(family),
        link=get_family(family).link(),
        unit=unit,
        held=held,
        total=total,
        mean=np.ones(unit.size),
        penalty=np.ones(rows.n_features),
        strength=np.full(unit.size, 1e-3),
        movable=movable,
        intercept=True,
        limit=np.full(unit.size, 1e-16),
    )
    objective = Objective(problem, SILENT)
    theta = objective.start(np.zeros(movable.shape), np.zeros(unit.size)) + 0.01
    theta = np.where(objective.movable, theta, 0.0)
    theta[:, 3] = 0.0
    assert objective.fold_share == 1.0 / F
    shared = objective.hessians_by_fold(theta, "float64")
    alone = objective.hessian(theta, np.arange(unit.size))
    np.testing.assert_allclose(shared, alone, rtol=1e-9, atol=1e-9 * np.abs(alone).max())
    for k in (0, F):  # of each unit, all of its folds and those that are asked for
        for columns in (np.arange(k, k + F), np.array([k + 2, k])):
            together = grams_of(objective, columns)
            for column, gram in zip(columns.tolist(), together, strict=True):
                np.testing.assert_allclose(gram, objective.gram(column), rtol=1e-12, atol=1e-12)
    everything = replace(problem, held=np.full(unit.size, ALL_ROWS))
    for column, gram in zip((0, 1), grams_of(Objective(everything, SILENT), np.array([0, 1])), strict=True):
        np.testing.assert_allclose(gram, Objective(everything, SILENT).gram(column), rtol=1e-12, atol=1e-12)
