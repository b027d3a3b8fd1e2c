"""The last fit of a cross-validated model begins with the folds: sooner, in the same place, and not with what has no end."""

import numpy as np
import pytest

import glmengine as ge
from glmengine.analysis.analysis import Model
from glmengine.fitting.folds_as_start import begun_where_ended, came_further, ends_in_one_place, mean_of_folds


def _numbers(n: int = 4000, features: int = 12, units: int = 5):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(n, features))
    return X, rng.poisson(np.exp(0.2 * X @ rng.normal(size=(features, units)) - 1.0))


def test_it_comes_to_the_same_optimum_with_fewer_passes():
    X, Y = _numbers()
    folds = ge.cross_validate(X, Y, strengths=(1e-1, 1e-2, 1e-3), folds=5, coefs=True)
    begin = mean_of_folds(folds, ended=True)
    alone, after = (ge.fit(X, Y, strength=folds.best_strength, start=start) for start in (None, begin))
    assert after.converged.all()
    assert after.iterations.sum() < alone.iterations.sum()
    np.testing.assert_allclose(after.objective, alone.objective, rtol=1e-12)
    np.testing.assert_allclose(after.coef, alone.coef, atol=1e-6 * alone.standard_errors.max())


def test_each_unit_begins_at_its_own_best_strength():
    X, Y = _numbers()
    folds = ge.cross_validate(X, Y, strengths=(1e1, 1e-3), folds=2, coefs=True)
    coef, intercept = mean_of_folds(folds, ended=True)
    at = np.where(folds.best_strength == 1e1, 0, 1)
    for unit, s in enumerate(at):
        np.testing.assert_allclose(coef[:, unit], folds.coefs.values[:, s, unit].mean(axis=0))
        np.testing.assert_allclose(intercept[unit], folds.intercepts.values[:, s, unit].mean())


def test_a_unit_whose_folds_have_no_optimum_begins_at_its_mean_rate_and_is_called_separated():
    X, Y = _numbers(2000, 3, 2)
    X[:, 2] = Y[:, 0] == 0  # no spike wherever it is 1
    weak = {"strengths": (0.0,), "folds": 3}
    folds = ge.cross_validate(X, Y, coefs=True, **weak)
    coef, intercept = mean_of_folds(folds, ended=True)
    assert not coef[:, 0].any()
    assert np.isnan(intercept[0])
    assert coef[:, 1].any()
    assert np.isfinite(intercept[1])
    alone, after = (ge.fit(X, Y, strength=0.0, start=start) for start in (None, (coef, intercept)))
    assert alone.status.tolist() == after.status.tolist() == ["separated", "ok"]


@pytest.mark.parametrize(
    ("model", "penalty", "one"),
    [
        (Model(), ge.Ridge(1.0), True),
        (Model(family="bernoulli"), ge.Ridge(1.0), True),
        (Model(), ge.Lasso(1.0), False),
        (Model(family="negative_binomial"), ge.Ridge(1.0), False),
        (Model(family="gaussian", link="log"), ge.Ridge(1.0), False),
        (Model(strength_by="marginal_likelihood"), ge.Ridge(1.0), False),
        (Model(family="categorical"), ge.Ridge(1.0), False),
    ],
)
def test_models_with_several_optima_begin_as_they_would_alone(model, penalty, one):
    assert ends_in_one_place(model, penalty) is one


def test_of_two_fits_that_were_stopped_the_one_that_came_further_is_kept():
    """By units at the optimum, then by units that were come to at all, then by the objective of those that both came to."""

    class Fitted:
        def __init__(self, objective, converged, coef=0.0):
            self.objective, self.converged = np.array(objective), np.array(converged)
            self.coef, self.intercept = np.full((2, self.converged.size), coef), np.full(self.converged.size, coef)

    nan = np.nan
    nothing, one, both = Fitted([nan, nan], [False] * 2), Fitted([0.4, nan], [True, False]), Fitted([0.4, 0.5], [True, True])
    begun, lower = Fitted([0.6, 0.7], [False] * 2), Fitted([0.6, 0.5], [False] * 2)
    order = [nothing, begun, lower, one, both]  # the objective of what was not come to is not 0
    for at, less in enumerate(order):
        assert not came_further(less, less)
        assert all(came_further(more, less) and not came_further(less, more) for more in order[at + 1 :])
    coef, intercept = begun_where_ended((np.ones((2, 2)), np.ones(2)), Fitted([0.4, nan], [True, False], coef=3.0))
    np.testing.assert_array_equal(coef, [[3.0, 1.0]] * 2)
    np.testing.assert_array_equal(intercept, [3.0, 1.0])
