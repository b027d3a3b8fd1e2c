"""Designs most of whose numbers are zero: the same optimum, errors and scores as with all their zeros."""

import numpy as np
import pytest
import scipy.sparse
from scipy.interpolate import BSpline

import glmengine as ge
from glmengine.backend import nonzeros
from glmengine.backend.nonzeros import nonzeros_of
from glmengine.backend.observations import Observations
from glmengine.backend.rows import Rows


def field(T: int, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(T, n * n) products of B-splines of two coordinates, and the first of these."""
    rng = np.random.default_rng(seed)
    knots = np.concatenate([np.zeros(3), np.linspace(0, 1, n - 2), np.ones(3)])
    x, y = rng.random((2, T))
    first, second = (BSpline.design_matrix(part, knots, 3).toarray() for part in (x, y))
    return (first[:, :, None] * second[:, None, :]).reshape(T, n * n), x


@pytest.fixture
def with_zeros(monkeypatch):
    return lambda: monkeypatch.setattr(nonzeros, "FEWEST", 10**9)


class Source:
    def __init__(self, X: np.ndarray) -> None:
        self.X, self.shape = X, X.shape

    def chunk(self, start: int, stop: int) -> np.ndarray:
        return self.X[start:stop]


def rows_of(X: np.ndarray, *, centred: bool = True, index: np.ndarray | None = None, memory: float = 1e9) -> Rows:
    n = len(X) if index is None else index.size
    observations = Observations(np.zeros((1, n)), np.ones((1, n)))
    return Rows(Source(X), index, observations, columns=1, memory=memory, centred=centred)


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("gaps", [True, False])
def test_the_three_products_are_those_of_the_prepared_rows(centred, gaps):
    X, _ = field(5_000, 12)
    rng = np.random.default_rng(1)
    X = np.column_stack([1e6 + rng.normal(size=len(X)), X * np.geomspace(1e-5, 1e5, 144), rng.normal(size=len(X))])
    index = np.sort(rng.choice(len(X), 3_000, replace=False)) if gaps else None
    rows = rows_of(X, centred=centred, index=index)
    few = nonzeros_of(rows)
    assert few is not None
    assert few.per_row < 20
    prepared = np.concatenate([chunk.X for chunk in rows.here()])[: rows.n]
    whole = np.column_stack([prepared, np.ones(rows.n)])
    theta, residual = rng.normal(size=(3, whole.shape[1])), rng.normal(size=(3, rows.n))
    weights = rng.random(rows.n)
    theta[:, rows.n_features : -1] = 0.0
    eta = np.concatenate([few.predictor(part, theta) for part in few.parts], axis=1)
    back = sum(few.back(part, residual[:, part.rows]) for part in few.parts)
    gram, mean, total = (sum(parts) for parts in zip(*(few.gram(part, weights[part.rows]) for part in few.parts), strict=True))
    np.testing.assert_allclose(eta, theta @ whole.T, atol=1e-11 * np.abs(theta @ whole.T).max())
    np.testing.assert_allclose(back, residual @ prepared, atol=1e-11 * np.abs(residual @ prepared).max())
    expected = (whole * weights[:, None]).T @ whole
    np.testing.assert_allclose(gram, expected[:-1, :-1], atol=1e-11 * np.abs(expected).max())
    np.testing.assert_allclose(mean, expected[-1, :-1], atol=1e-11 * np.abs(expected).max())
    np.testing.assert_allclose(total, weights.sum())


def test_dense_designs_and_those_that_do_not_fit_are_left_as_they_are():
    X, _ = field(3_000, 12)
    assert nonzeros_of(rows_of(X, memory=1e3)) is None
    assert nonzeros_of(rows_of(np.random.default_rng(0).normal(size=(3_000, 64)))) is None
    assert nonzeros_of(rows_of(X[:, :20])) is None


@pytest.mark.parametrize(
    ("family", "penalty"),
    [
        ("poisson", ge.Ridge(1e-4)),
        ("poisson", ge.NoPenalty()),
        ("poisson", ge.Lasso(1e-3)),
        ("bernoulli", ge.Ridge(1e-3)),
        ("gaussian", ge.Ridge(1e-4)),
        ("negative_binomial", ge.Ridge(1e-4)),
    ],
)
@pytest.mark.parametrize("M", [1, 4])
def test_fits_are_the_same_with_and_without_the_zeros(with_zeros, family, penalty, M):
    X, x = field(6_000, 11)
    rng = np.random.default_rng(2)
    X = np.column_stack([X, 50 + rng.normal(size=len(X))])
    eta = 1.5 * np.sin(2 * np.pi * (x[:, None] + np.arange(M) / 7)) - 0.5
    Y = {
        "poisson": lambda: rng.poisson(np.exp(eta)),
        "negative_binomial": lambda: rng.poisson(np.exp(eta) * rng.gamma(2.0, 0.5, eta.shape)),
        "bernoulli": lambda: rng.random(eta.shape) < 1 / (1 + np.exp(-eta)),
        "gaussian": lambda: eta + rng.normal(size=eta.shape),
    }[family]().astype(float)
    Y[:300, 0] = np.nan
    weights, offset = rng.integers(1, 3, len(X)).astype(float), 0.1 * rng.normal(size=len(X))
    offset = None if family == "gaussian" else offset
    few = ge.fit(X, Y, family=family, penalty=penalty, weights=weights, offset=offset)
    assert isinstance(penalty, ge.Lasso) or "nonzeros" in few.solver
    with_zeros()
    whole = ge.fit(X, Y, family=family, penalty=penalty, weights=weights, offset=offset)
    assert few.converged.all()
    assert whole.converged.all()
    np.testing.assert_allclose(few.objective, whole.objective, rtol=1e-9)
    np.testing.assert_allclose(few.predict(X), whole.predict(X), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(few.standard_errors, whole.standard_errors, rtol=1e-6)
    for name in ("edf", "log_likelihood", "deviance", "null_deviance"):
        np.testing.assert_allclose(getattr(few, name), getattr(whole, name), rtol=1e-8)


@pytest.mark.parametrize("family", ["poisson", "gamma"])
def test_folds_are_scored_the_same(with_zeros, family):
    X, x = field(5_000, 12)
    rng = np.random.default_rng(3)
    mean = np.exp(np.sin(2 * np.pi * x) - 0.5)
    Y = (
        np.stack([rng.poisson(mean), rng.poisson(2 * mean)], axis=1)
        if family == "poisson"
        else rng.gamma(3.0, mean[:, None] / 3, (5_000, 2))
    )
    folds = rng.integers(-1, 4, len(X))
    few = ge.cross_validate(X, Y, family=family, strengths=[1e-4, 1e-2], folds=folds)
    with_zeros()
    whole = ge.cross_validate(X, Y, family=family, strengths=[1e-4, 1e-2], folds=folds)
    for name in ("scores", "deviance", "null_deviance", "spikes", "null_scores"):
        np.testing.assert_allclose(getattr(few, name), getattr(whole, name), rtol=1e-9)
    assert np.array_equal(few.best_strength, whole.best_strength)


def test_it_is_said_and_repeats_bit_for_bit():
    X, x = field(5_000, 12)
    y = np.random.default_rng(4).poisson(np.exp(np.sin(2 * np.pi * x))).astype(float)
    first, second = (ge.fit(X, y, penalty=ge.Ridge(1e-4)) for _ in range(2))
    assert "nonzeros" in first.solver
    assert np.array_equal(first.coef, second.coef)


def test_cancelling_ends_it():
    X, x = field(5_000, 12)
    y = np.random.default_rng(4).poisson(np.exp(np.sin(2 * np.pi * x))).astype(float)

    class Ended(ge.Context):
        calls = 0

        def check(self):
            self.calls += 1
            if self.calls > 5:
                raise ge.Cancelled

    with pytest.raises(ge.Cancelled):
        ge.fit(X, y, penalty=ge.Ridge(1e-4), context=Ended())


@pytest.mark.parametrize("kind", ["csr_array", "csc_matrix", "coo_array"])
def test_matrices_of_scipy_are_taken_as_they_are(kind):
    X, x = field(6_000, 12)
    y = np.random.default_rng(5).poisson(np.exp(np.sin(2 * np.pi * x))).astype(float)
    given = getattr(scipy.sparse, kind)(X)
    dense, sparse = (ge.fit(design, y, penalty=ge.Ridge(1e-4)) for design in (X, given))
    assert np.array_equal(dense.coef, sparse.coef)
    np.testing.assert_allclose(sparse.predict(given), dense.predict(X), rtol=1e-12)
    folds = [ge.cross_validate(design, y, strengths=[1e-3]).scores.values for design in (X, given)]
    assert np.array_equal(*folds)
    lasso = [ge.fit(design, y, penalty=ge.Lasso(1e-3)).objective for design in (X, given)]
    np.testing.assert_allclose(*lasso, rtol=1e-12)


def test_what_is_not_finite_in_them_is_found():
    X, x = field(3_000, 12)
    y = np.random.default_rng(5).poisson(np.exp(np.sin(2 * np.pi * x))).astype(float)
    given = scipy.sparse.csr_array(X)
    given.data[10] = np.nan
    row = int(given.tocoo().row[10])
    fit = ge.fit(given, y, penalty=ge.Ridge(1e-4))
    kept = np.delete(np.arange(len(y)), row)
    assert fit.n_valid == len(y) - 1
    np.testing.assert_allclose(fit.coef, ge.fit(X[kept], y[kept], penalty=ge.Ridge(1e-4)).coef, rtol=1e-9, atol=1e-12)
    given.data[10] = np.inf
    with pytest.raises(ge.GlmError, match=f"row {row} is infinite"):
        ge.fit(given, y)
