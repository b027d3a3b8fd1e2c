"""Going from one strength to the next begins where the last one ended, and ends where a fit of its own does."""

import numpy as np
import pytest

import glmengine as ge
from glmengine.solvers.problem import Objective


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(11)
    X = rng.normal(size=(6_000, 12)) * np.geomspace(1e-3, 1e3, 12)
    eta = X @ (rng.normal(size=(12, 3)) * 0.3 / np.geomspace(1e-3, 1e3, 12)[:, None]) - 0.5
    return X, rng.poisson(np.exp(eta)).astype(float)


@pytest.mark.parametrize("penalty", [ge.Ridge(1.0), ge.Smoothness(1.0)])
@pytest.mark.parametrize("strengths", [[1e-6, 1e-3, 1.0], [1e-3, 1e-3 * (1 + 1e-9)], [1e-2, 0.0]], ids=["far", "near", "none"])
def test_every_strength_ends_at_its_own_optimum(data, penalty, strengths):
    X, Y = data
    found = ge.cross_validate(X, Y, penalty=penalty, strengths=strengths, folds=3, coefs=True)
    assert found.converged.values.all()
    for number, strength in enumerate(strengths):
        for fold in range(3):
            alone = ge.fit(X[found.folds != fold], Y[found.folds != fold], penalty=penalty, strength=strength)
            error = np.abs(found.coefs.values[fold, number].T - alone.coef) / np.maximum(
                np.abs(alone.coef), alone.standard_errors
            )
            assert error.max() < 1e-6


def test_the_rows_are_not_read_again_to_begin_with(data, monkeypatch):
    X, Y = data
    passes = []
    evaluate = Objective.evaluate

    def counted(self, theta, columns, *precision):
        passes.append(self.problem.strength[0])
        return evaluate(self, theta, columns, *precision)

    monkeypatch.setattr(Objective, "evaluate", counted)
    near = 1e-3 * (1 + 1e-7)
    found = ge.cross_validate(X, Y, strengths=[1e-3, near], folds=3)
    assert found.converged.values.all()
    assert passes.count(1e-3) == 1  # the weaker of the two comes last: one step, seen by a pass, and the end
