"""Units with columns of their own beside shared ones: one batch has the optimum that each unit has alone."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.backend import jax_runtime as runtime
from glmengine.backend.column_preparation import OwnColumns
from glmengine.backend.observations import Observations
from glmengine.backend.operations import ALL_ROWS
from glmengine.backend.rows import Rows
from glmengine.context import SILENT
from glmengine.models import FAMILIES
from glmengine.solvers.problem import Objective, Problem
from glmengine.solvers.rank import constant_own_columns
from glmengine.solvers.smooth import solve

N, P, H, M = 12_000, 20, 4, 3


class Source:
    def __init__(self, X: np.ndarray) -> None:
        self.X, self.shape = X, X.shape

    def chunk(self, start: int, stop: int) -> np.ndarray:
        return self.X[start:stop]


def recorded() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shared and own columns (N, P + M H), counts (M, N), and folds (N,)."""
    rng = np.random.default_rng(4)
    shared = rng.normal(size=(N, P)) + 2.0
    own = rng.poisson(0.3, (N, M, H)) * np.geomspace(1, 100, M)[:, None]
    eta = 0.1 * shared @ rng.normal(size=(P, M)) - 1.0
    eta -= np.einsum("nmh,m->nm", own, 0.2 / np.geomspace(1, 100, M))
    X = np.column_stack([shared, own.reshape(N, -1)])
    return X, rng.poisson(np.exp(eta)).T.astype(float), rng.integers(0, 3, N).astype(np.int32)


def problem_of(
    rows: Rows, unit: np.ndarray, held: np.ndarray, penalty: np.ndarray, strength: float, movable: np.ndarray
) -> Problem:
    observed, family = rows.observations, FAMILIES["poisson"]
    used = observed.fold != held[:, None]
    y = observed.y[unit]
    total = used.sum(axis=1).astype(float)
    return Problem(
        rows=rows,
        family=family,
        link=family.link(),
        unit=unit,
        held=held,
        total=total,
        mean=np.sum(y * used, axis=1) / total,
        penalty=penalty,
        strength=np.full(unit.size, strength),
        movable=movable,
        intercept=True,
        limit=np.full(unit.size, 1e-16),
    )


def solved(problem: Problem, solver: str = "auto") -> tuple[np.ndarray, np.ndarray]:
    objective = Objective(problem, SILENT)
    start = objective.start(np.zeros_like(problem.movable, float), np.log(problem.mean))
    with runtime.float64():
        solution, _, _ = solve(problem, SILENT, start, solver=solver)
    assert solution.converged.all()
    return solution.coef, solution.intercept


@pytest.mark.parametrize("on_device", [False, True])
@pytest.mark.parametrize("kind", ["ridge", "smooth", "none"])
def test_one_batch_gives_what_each_unit_gives_alone(monkeypatch, kind, on_device):
    if on_device:
        monkeypatch.setattr(runtime, "on_cpu", lambda: False)
    X, Y, fold = recorded()
    places = np.concatenate([np.tile(np.arange(P), (M, 1)), P + np.arange(M * H).reshape(M, H)], axis=1)
    own = places[:, P:].copy()
    own[1, -1] = -1  # this unit has one column fewer
    strength = 0.0 if kind == "none" else 1e-2
    penalty = np.ones(P + H)
    if kind == "smooth":
        difference = np.diff(np.eye(H), axis=0)
        penalty = np.eye(P + H)
        penalty[P:, P:] = difference.T @ difference
    observations = Observations(Y, np.ones((1, N)), None, fold)
    unit, held = np.repeat(np.arange(M), 2), np.tile([0, ALL_ROWS], M)
    rows = Rows(Source(X), None, observations, columns=unit.size, memory=1e9, centred=True, own=OwnColumns(np.arange(P), own))
    movable = np.column_stack([np.ones((M, P), bool), ~constant_own_columns(rows, SILENT)])[unit]
    assert not movable[2:4, -1].any()
    coef, intercept = solved(problem_of(rows, unit, held, penalty, strength, movable))
    for k, (u, out) in enumerate(zip(unit, held, strict=True)):
        kept = movable[k]
        columns = places[u][kept]
        alone = Rows(Source(X[:, columns]), None, observations, columns=1, memory=1e9, centred=True)
        part = penalty[kept] if penalty.ndim == 1 else penalty[np.ix_(kept, kept)]
        single = problem_of(alone, np.array([u]), np.array([out]), part, strength, np.ones((1, kept.sum()), bool))
        other, other_end = solved(single)
        eta, expected = X[:, columns] @ coef[k, kept] + intercept[k], X[:, columns] @ other[0] + other_end[0]
        np.testing.assert_allclose(np.exp(eta), np.exp(expected), rtol=1e-7)
        assert not coef[k, ~kept].any()


def test_columns_that_never_vary_are_found_among_own_ones():
    X, Y, _ = recorded()
    X[:, P + 1] = 7.0
    own = P + np.arange(M * H).reshape(M, H)
    own[2, 0] = -1
    rows = Rows(
        Source(X),
        None,
        Observations(Y, np.ones((1, N))),
        columns=M,
        memory=1e9,
        centred=True,
        own=OwnColumns(np.arange(P), own),
    )
    expected = np.zeros((M, H), bool)
    expected[0, 1] = expected[2, 0] = True
    np.testing.assert_array_equal(constant_own_columns(rows, SILENT), expected)
