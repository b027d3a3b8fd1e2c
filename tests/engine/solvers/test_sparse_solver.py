"""Proximal Newton: the stationarity conditions, computed here anew, hold; and answers do not depend on units of measure or company."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from glmengine.backend.observations import Observations
from glmengine.backend.operations import ALL_ROWS
from glmengine.backend.row_sources import ArrayRows
from glmengine.backend.rows import Rows
from glmengine.context import SILENT
from glmengine.models import ElasticNet, GroupLasso, Lasso, Ridge, Smoothness, get_family
from glmengine.models.penalties import Columns
from glmengine.solvers.curvature import Curvatures
from glmengine.solvers.problem import Objective, Problem
from glmengine.solvers.proximal import sparsity_of
from glmengine.solvers.quadratic import Sparsity, minimise_quadratic
from glmengine.solvers.rank import constant_columns
from glmengine.solvers.sparse import ProximalNewton

GROUPS = {"a": np.arange(0, 3), "b": np.arange(3, 7), "c": np.arange(7, 10)}


def make(family="poisson", T=1500, M=1, seed=0, P=10):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(T, P)) @ (np.eye(P) + 0.3 * rng.normal(size=(P, P)))
    B = rng.normal(size=(P, M)) * (rng.random((P, M)) < 0.4) * 0.4
    eta = X @ B + 0.3
    if family == "poisson":
        y = rng.poisson(np.exp(np.minimum(eta, 4))).astype(float)
    elif family == "bernoulli":
        y = (rng.random((T, M)) < 1 / (1 + np.exp(-eta))).astype(float)
    elif family == "gamma":
        y = rng.gamma(2.0, np.exp(eta) / 2) + 1e-6
    elif family == "negative_binomial":
        y = rng.poisson(np.exp(np.minimum(eta, 3)) * rng.gamma(2, 0.5, (T, M))).astype(float)
    else:
        y = eta + rng.normal(size=(T, M))
    return X, y


class Made:
    """A problem that is solved at one penalty after another, each time from where the last ended; answers are in raw units."""

    def __init__(self, problem):
        self.problem, self.M = problem, problem.n_columns
        self.curvatures = Curvatures(problem)
        objective = Objective(problem, SILENT)
        ends = np.asarray(problem.link.eta(problem.mean), float) * problem.intercept
        self.theta = objective.start(np.zeros((self.M, problem.rows.n_features)), ends)

    def start(self, coef, intercept):
        self.theta = Objective(self.problem, SILENT).start(coef.T, intercept)

    def solve(self, penalty, **more):
        """`penalty` as arrays."""
        quadratic = penalty.ridge if penalty.matrix is None else penalty.quadratic
        problem = replace(self.problem, penalty=quadratic)
        objective = Objective(problem, SILENT)
        sparsity = [sparsity_of(problem, penalty, k) for k in range(self.M)]
        found = ProximalNewton(objective, sparsity, self.curvatures, range(self.M)).solve(self.theta, **more)
        self.theta = found.theta
        coef, intercept = objective.to_raw(found.theta)
        names = ("objective", "decrement", "kkt", "converged", "iterations", "trace")
        return SimpleNamespace(coef=coef.T.copy(), intercept=intercept, **{name: getattr(found, name) for name in names})


def problem(X, y, family="poisson", link=None, weights=None, intercept=True, offset=None):
    family = get_family(family)
    weights = np.ones((len(X), 1)) if weights is None else weights
    M = y.shape[1]
    observed = Observations(y.T.copy(), weights.T.copy(), None if offset is None else offset.T.copy())
    rows = Rows(ArrayRows(X), None, observed, columns=M, memory=1e9, centred=intercept)
    total = np.broadcast_to(weights.sum(axis=0), M).astype(float)
    return Made(
        Problem(
            rows=rows,
            family=family,
            link=family.link(link),
            unit=np.arange(M),
            held=np.full(M, ALL_ROWS),
            total=total,
            mean=(weights * y).sum(axis=0) / total,
            penalty=np.zeros(X.shape[1]),
            strength=np.ones(M),
            movable=np.tile(~constant_columns(rows, SILENT), (M, 1)),
            intercept=intercept,
            limit=np.full(M, 1e-16),
            dispersion=np.full(M, 0.5),
        )
    )


def solve(made, penalty, P=10, **more):
    return made.solve(penalty.resolve(Columns(P, GROUPS)), **more)


def violation(X, y, answer, penalty, family="poisson", link=None, weights=None):
    """Distance of minus the gradient from the subdifferential, by its definition."""
    family = get_family(family)
    weights = np.ones(len(X)) if weights is None else weights
    resolved = penalty.resolve(Columns(X.shape[1], GROUPS))
    worst = 0.0
    for unit in range(y.shape[1]):
        w = answer.coef[:, unit]
        score = family.evaluate(X @ w + answer.intercept[unit], y[:, unit], family.link(link), 0.5)[1]
        gradient = X.T @ (weights * score) / weights.sum() + resolved.quadratic @ w
        worst = max(worst, abs(float(weights @ score / weights.sum())))
        grouped = np.zeros(w.size, bool)
        for group, weight in zip(resolved.groups, resolved.group_weights, strict=True):
            grouped[group] = True
            norm = np.linalg.norm(w[group])
            far = (
                np.linalg.norm(gradient[group] + weight * w[group] / norm)
                if norm
                else max(np.linalg.norm(gradient[group]) - weight, 0)
            )
            worst = max(worst, far)
        for j in np.flatnonzero(~grouped):
            far = abs(gradient[j] + resolved.l1[j] * np.sign(w[j])) if w[j] else max(abs(gradient[j]) - resolved.l1[j], 0)
            worst = max(worst, far)
    return worst


PENALTIES = [
    Lasso(0.02),
    ElasticNet(0.05, 0.3),
    GroupLasso(0.02),
    GroupLasso(0.03, [[0, 5], [1, 2, 9]]),
    Ridge(0.1).on("a") + Lasso(0.02).on("b"),
    Smoothness(0.3).on("a") + GroupLasso(0.02).on("b", "c"),
]


@pytest.mark.parametrize("penalty", PENALTIES, ids=lambda penalty: penalty.name)
@pytest.mark.parametrize(
    ("family", "link"),
    [
        ("poisson", "log"),
        ("poisson", "softplus"),
        ("bernoulli", "logit"),
        ("bernoulli", "probit"),
        ("gaussian", "identity"),
        ("gamma", "log"),
        ("gamma", "softplus"),
        ("negative_binomial", "log"),
    ],
)
def test_stationarity_holds_for_every_family_and_penalty(family, link, penalty):
    X, y = make(family)
    answer = solve(problem(X, y, family, link), penalty)
    assert answer.converged.all()
    assert answer.kkt.max() < 1e-8
    assert violation(X, y, answer, penalty, family, link) < 1e-8
    assert answer.decrement.max() <= 1e-16


def test_zeros_are_exact_and_whole_groups_go():
    X, y = make()
    answer = solve(problem(X, y), GroupLasso(0.15))
    gone = [bool((answer.coef[group] == 0).all()) for group in GROUPS.values()]
    assert any(gone)
    assert not all(gone)


def test_everything_is_zero_at_a_strong_penalty():
    X, y = make()
    for penalty in (Lasso(1e3), GroupLasso(1e3), ElasticNet(1e3)):
        answer = solve(problem(X, y), penalty)
        assert answer.converged.all()
        assert not answer.coef.any()
        assert np.exp(answer.intercept[0]) == pytest.approx(y.mean(), rel=1e-9)


def test_sparse_groups_meet_their_conditions():
    """Lasso and group lasso on the same columns: stationarity of both together, and better than its neighbours."""
    X, y = make()
    penalty = GroupLasso(0.03) + Lasso(0.05)
    answer = solve(problem(X, y), penalty)
    resolved = penalty.resolve(Columns(10, GROUPS))
    assert answer.converged.all()
    assert answer.coef.any()
    assert (answer.coef == 0).any()

    def objective(w, b):
        eta = X @ w + b
        return np.mean(np.exp(eta) - y[:, 0] * eta) + float(resolved.value(w))

    best = objective(answer.coef[:, 0], answer.intercept[0])
    assert best == pytest.approx(answer.objective[0], rel=1e-13)
    rng = np.random.default_rng(0)
    for size in (1e-2, 1e-4):
        for _ in range(50):
            assert objective(answer.coef[:, 0] + size * rng.normal(size=10), answer.intercept[0]) > best


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.floats(1e-4, 0.3), st.sampled_from(["lasso", "elastic", "group"]))
def test_stationarity_holds_for_any_data(seed, strength, kind):
    X, y = make(T=300, seed=seed)
    penalty = {"lasso": Lasso(strength), "elastic": ElasticNet(strength, 0.5), "group": GroupLasso(strength)}[kind]
    answer = solve(problem(X, y), penalty)
    assert answer.converged.all()
    assert violation(X, y, answer, penalty) < 1e-8


@pytest.mark.parametrize("factor", [1e6, 1e-6])
def test_a_column_in_other_units_changes_only_its_coefficient(factor):
    """With a penalty on standardised coefficients, which is what a change of units should leave alone."""
    X, y = make()
    scaled = X.copy()
    scaled[:, 4] = scaled[:, 4] * factor + 3 * factor
    penalty = Lasso(0.02, standardised=True)

    def fit(X):
        return problem(X, y).solve(penalty.resolve(Columns(10, scales=X.std(axis=0))))

    one, other = fit(X), fit(scaled)
    assert other.converged.all()
    other.coef[4] *= factor
    np.testing.assert_allclose(other.coef, one.coef, atol=1e-8)
    assert other.objective[0] == pytest.approx(one.objective[0], rel=1e-11)


def test_a_column_far_from_zero_does_not_spoil_the_fit():
    X, y = make()
    moved = X + np.array([0, 1e6, 0, 0, -1e4, 0, 0, 0, 0, 0])
    one, other = solve(problem(X, y), Lasso(0.02)), solve(problem(moved, y), Lasso(0.02))
    assert other.converged.all()
    np.testing.assert_allclose(other.coef, one.coef, atol=1e-7)


def test_company_does_not_matter():
    X, y = make(M=4)
    together = solve(problem(X, y), Lasso(0.02))
    for unit in range(4):
        alone = solve(problem(X, y[:, [unit]]), Lasso(0.02))
        np.testing.assert_allclose(together.coef[:, unit], alone.coef[:, 0], atol=1e-9)
        assert together.objective[unit] == pytest.approx(alone.objective[0], rel=1e-12)


def test_weights_are_repetitions_and_zero_is_absence():
    X, y = make(T=400)
    weights = np.random.default_rng(3).integers(0, 4, 400).astype(float)
    weighted = solve(problem(X, y, weights=weights[:, None]), ElasticNet(0.02))
    repeated = np.repeat(np.arange(400), weights.astype(int))
    plain = solve(problem(X[repeated], y[repeated]), ElasticNet(0.02))
    np.testing.assert_allclose(weighted.coef, plain.coef, atol=1e-8)
    assert violation(X, y, weighted, ElasticNet(0.02), weights=weights) < 1e-8


def test_folds_as_columns_are_separate_fits():
    X, y = make(T=600)
    folds = np.repeat(np.arange(3), 200)
    weights = (folds[:, None] != np.arange(3)).astype(float)
    together = solve(problem(X, np.repeat(y, 3, axis=1), weights=weights), Lasso(0.01))
    for fold in range(3):
        kept = folds != fold
        alone = solve(problem(X[kept], y[kept]), Lasso(0.01))
        np.testing.assert_allclose(together.coef[:, fold], alone.coef[:, 0], atol=1e-9)


def test_warm_starts_along_strengths_reach_what_cold_starts_reach():
    X, y = make()
    path = problem(X, y)
    for strength in np.geomspace(0.3, 1e-4, 8):
        warm = solve(path, Lasso(strength))
        cold = solve(problem(X, y), Lasso(strength))
        assert warm.converged.all()
        np.testing.assert_allclose(warm.coef, cold.coef, atol=1e-7)


def test_a_start_in_raw_units_at_the_optimum_takes_no_steps_worth_naming():
    X, y = make()
    first = solve(problem(X, y), Lasso(0.02))
    again = problem(X, y)
    again.start(first.coef, first.intercept)
    second = solve(again, Lasso(0.02))
    assert second.iterations[0] <= 2
    np.testing.assert_allclose(second.coef, first.coef, atol=1e-9)


def test_without_an_intercept_and_with_an_offset():
    X, y = make()
    offset = np.random.default_rng(8).normal(0, 0.3, (len(X), 1))
    answer = solve(problem(X, y, intercept=False, offset=offset), Lasso(0.02))
    assert answer.intercept[0] == 0
    score = np.exp(X @ answer.coef + offset) - y
    gradient = (X.T @ score)[:, 0] / len(X)
    w = answer.coef[:, 0]
    assert np.max(np.where(w != 0, np.abs(gradient + 0.02 * np.sign(w)), np.maximum(np.abs(gradient) - 0.02, 0))) < 1e-8


def test_many_columns_go_through_a_working_set():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(800, 400))
    y = rng.poisson(np.exp(0.4 * X[:, 3] - 0.5 * X[:, 200])).astype(float)[:, None]
    answer = solve(problem(X, y), Lasso(0.03), P=400)
    assert answer.converged.all()
    assert 2 <= np.count_nonzero(answer.coef) < 200
    gradient = X.T @ (np.exp(X @ answer.coef + answer.intercept) - y)[:, 0] / 800
    w = answer.coef[:, 0]
    assert np.max(np.where(w != 0, np.abs(gradient + 0.03 * np.sign(w)), np.maximum(np.abs(gradient) - 0.03, 0))) < 1e-8


def test_collinear_and_constant_columns():
    X, y = make()
    doubled = np.column_stack([X, X[:, 0], np.ones(len(X))])
    one, other = solve(problem(X, y), Lasso(0.02)), solve(problem(doubled, y), Lasso(0.02), P=12)
    assert other.converged.all()
    assert other.coef[11, 0] == 0
    assert other.objective[0] == pytest.approx(one.objective[0], rel=1e-10)


def test_stopping_early_is_not_called_converged():
    X, y = make()
    calls = iter([False, True])
    answer = solve(problem(X, y), Lasso(1e-3), stopping=lambda: next(calls))
    assert not answer.converged.any()
    assert np.isfinite(answer.coef).all()
    assert not solve(problem(X, y), Lasso(1e-3), max_iterations=1).converged.any()


def test_the_trace_tells_each_iteration():
    X, y = make()
    heard = []
    answer = solve(problem(X, y), Lasso(0.02), report=lambda *what: heard.append(what))
    assert len(answer.trace) == len(heard) == answer.iterations.max() + 1
    assert answer.trace[-1]["columns"] == 0


# the small quadratics


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 12), st.floats(0, 3), st.booleans(), st.booleans())
@example(2, 3, 0.5, True, True)  # where a step along what has no curvature once grew without end
@example(338, 7, 1.5e-06, False, True)  # where a coefficient next to zero once kept the others from moving
@example(527980, 4, 1e-9, False, True)  # where a pivot of rounding once threw the coefficients ten million away
def test_quadratics_are_solved_to_rounding(seed, P, strength, grouped, deficient):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(max(P // 2, 1) if deficient else 2 * P, P))
    H = root.T @ root
    c = H @ rng.normal(size=P) * 3
    if grouped:
        groups = tuple(group for group in (np.arange(P // 2), np.arange(P // 2, P)) if group.size)
        sparsity = Sparsity(np.zeros(P), groups, np.full(len(groups), strength), rng.uniform(0.1, 3, P))
    else:
        sparsity = Sparsity(np.full(P, strength), (), np.zeros(0), np.ones(P))
    w = minimise_quadratic(H, c, sparsity, rng.normal(size=P))
    size = max(np.abs(c).max(), 1e-3)
    assert np.max(sparsity.violation(H @ w + c, w)) < 1e-9 * size


def test_a_column_without_curvature_stays_at_zero():
    H = np.diag([1.0, 0.0, 2.0])
    w = minimise_quadratic(H, np.array([-2.0, 0.0, -2.0]), Sparsity(np.full(3, 0.5), (), np.zeros(0), np.ones(3)), np.ones(3))
    np.testing.assert_allclose(w, [1.5, 0.0, 0.75])


def test_a_column_that_is_penalised_beyond_all_numbers_stays_at_zero():
    H = np.array([[1.0, 0.0, 0.5], [0.0, np.inf, 0.0], [0.5, 0.0, 2.0]])
    w = minimise_quadratic(H, np.array([-2.0, 1.0, -2.0]), Sparsity(np.full(3, 0.5), (), np.zeros(0), np.ones(3)), np.ones(3))
    assert w[1] == 0
    rest = minimise_quadratic(
        H[::2, ::2], np.array([-2.0, -2.0]), Sparsity(np.full(2, 0.5), (), np.zeros(0), np.ones(2)), np.ones(2)
    )
    np.testing.assert_allclose(w[::2], rest)
