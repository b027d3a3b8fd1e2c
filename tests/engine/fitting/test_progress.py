"""Progress follows the work: a part that takes long has a large share, whatever is solved at once or made at the end."""

from __future__ import annotations

import numpy as np
import pytest

import glmengine as ge
from glmengine.inference import covariance, evaluation
from glmengine.solvers import proximal
from glmengine.solvers.problem import Objective


class Reports:
    """The largest share that was reported so far."""

    def __init__(self):
        self.fraction, self.ends = 0.0, {}
        self.context = ge.CallbackContext(self._take)

    def _take(self, progress):
        self.fraction = max(self.fraction, progress.fraction)
        self.ends[progress.stage] = progress.fraction


def test_strengths_that_are_solved_at_once_share_the_bar(monkeypatch):
    monkeypatch.setattr(proximal, "SAMPLED_WORK", 1e5)
    monkeypatch.setattr(proximal, "SAMPLED_ROWS", 20)
    rng = np.random.default_rng(3)
    X = rng.normal(size=(8000, 20))
    y = rng.poisson(np.exp(X[:, :5] @ rng.normal(size=5) * 0.3))
    reports, worked = Reports(), []
    evaluate = Objective.evaluate

    def noted(self, theta, columns):
        worked.append((reports.fraction, self.problem.rows.n * len(columns)))
        return evaluate(self, theta, columns)

    monkeypatch.setattr(Objective, "evaluate", noted)
    ge.cross_validate(X, y, penalty="lasso", strengths=np.geomspace(1e-4, 1e-1, 6), folds=3, context=reports.context)
    fractions, rows = np.array(worked).T
    done = np.cumsum(rows) / rows.sum()
    assert 0.25 < fractions[np.searchsorted(done, 0.5)] < 0.75  # half of the work at about half of the bar, not at a sixth
    assert list(reports.ends)[:2] == ["Cross-validating", "Cross-validating, strength 0.1 to 0.0001"]


@pytest.mark.parametrize(("penalty", "ends"), [("ridge", [1.35, 2.35, 3.35]), ("group_lasso", [0.75, 1.5, 2.5])])
def test_the_first_strengths_of_a_path_have_shares_as_their_work(penalty, ends):
    rng = np.random.default_rng(5)
    X, y = rng.normal(size=(200, 3)), rng.poisson(1.0, 200)
    reports = Reports()
    ge.fit_path(X, y, strengths=[1e-1, 1e-2, 1e-3, 1e-4], penalty=penalty, context=reports.context)
    found = [reports.ends[f"Fitting, strength {strength}"] for strength in ("0.1", "0.01", "0.001", "0.0001")]
    whole = ends[-1] + 1.0
    np.testing.assert_allclose(found, [*(end / whole for end in ends), 1.0], atol=1e-12)


def test_standard_errors_of_a_bootstrap_are_made_with_its_draws(monkeypatch):
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(300, 2)), rng.poisson(1.0, (300, 100))
    reports, made = Reports(), []
    solved = covariance._Solved.__init__

    def noted(self, *arguments):
        made.append(reports.fraction)
        solved(self, *arguments)

    monkeypatch.setattr(covariance._Solved, "__init__", noted)
    found = ge.bootstrap(X, Y, draws=8, length=10, context=reports.context)
    assert np.isfinite(found.standard_errors).all()
    assert len(made) >= 800
    assert 0.2 < np.median(made) < 0.8


def test_a_term_of_many_columns_has_more_of_the_bar_of_a_shift_test():
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(400, 62)), rng.poisson(1.0, 400)
    reports = Reports()
    terms = {"few": [0, 1], "many": np.arange(2, 62)}
    ge.shift_test(X, y, terms=terms, shifts=100, context=reports.context)
    assert 0.15 < reports.ends["Shift test of 'few'"] < 0.3


def test_likelihoods_of_many_columns_are_summed_by_some_at_a_time_which_is_said(monkeypatch):
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(300, 2)), rng.poisson(1.0, (300, 7)).astype(float)
    Y[:50, 2], weights = np.nan, rng.uniform(0.5, 1.5, (300, 7))
    found = []
    for family in ("poisson", "negative_binomial"):
        for at_once in (1e9, 900.0):
            monkeypatch.setattr(evaluation, "_PREDICTORS", at_once)
            reports = []
            fitted = ge.fit(X, Y, family=family, weights=weights)
            fitted.assess(ge.CallbackContext(reports.append))
            said = [progress.fraction for progress in reports if progress.stage == "Likelihoods"]
            assert len(said) == (1 if at_once > 1e6 else 3)
            assert said == sorted(said)
            found.append((fitted.log_likelihood, fitted.deviance, fitted.standard_errors))
    for whole, parts in (found[:2], found[2:]):
        for one, other in zip(whole, parts, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-10)


@pytest.mark.parametrize("history", [False, True], ids=["all columns shared", "columns of its own"])
def test_a_ridge_of_many_units_is_as_far_as_its_work_while_hessians_are_made(history, monkeypatch):
    """Work in multiplications of the passes and of the Hessians."""
    rng = np.random.default_rng(7)
    units, shared, own = 6, 30, 4 if history else 0
    X = rng.normal(size=(6000, shared + own * units))
    Y = rng.poisson(np.exp(X[:, :shared] @ rng.normal(size=(shared, units)) * 0.15 - 0.5))
    mask = np.vstack([np.ones((shared, units), bool), np.kron(np.eye(units, dtype=bool), np.ones((own, 1), bool))])
    reports, worked = Reports(), []
    evaluate, hessian, by_fold = Objective.evaluate, Objective.hessian, Objective.hessians_by_fold

    def note(objective, columns, each):
        worked.append((reports.fraction, objective.problem.rows.n * columns * each * objective.problem.rows.n_features))

    def evaluated(self, theta, columns, precision="float64"):
        note(self, len(columns), 4 if precision == "float64" else 2)
        return evaluate(self, theta, columns, precision)

    def curved(self, theta, columns, precision="float64", **options):
        note(self, len(columns), self.problem.rows.n_features / 5)
        return hessian(self, theta, columns, precision, **options)

    def curved_by_fold(self, theta, precision):
        note(self, units, self.problem.rows.n_features / 5)
        return by_fold(self, theta, precision)

    monkeypatch.setattr(Objective, "evaluate", evaluated)
    monkeypatch.setattr(Objective, "hessian", curved)
    monkeypatch.setattr(Objective, "hessians_by_fold", curved_by_fold)
    ge.cross_validate(X, Y, strengths=[1e-3], folds=5, mask=mask, context=reports.context)
    fractions, work = np.array(worked).T
    begun = (np.cumsum(work) - work) / work.sum()
    prepared = fractions[0]
    assert 0.0 < prepared < 0.25
    assert len(begun) > 6
    np.testing.assert_allclose((fractions - prepared) / (1.0 - prepared), begun, atol=0.2)


def test_strengths_that_are_found_in_the_rows_move_the_bar_step_by_step():
    """Each step of a search takes about the same, and so does each part of the Hessians of the fits that follow."""
    rng = np.random.default_rng(2)
    x = rng.uniform(size=6000)
    X = ge.basis.BSpline(n=16, bounds=(0, 1)).evaluate(x)
    Y = rng.poisson(np.exp(np.sin(2 * np.pi * x[:, None] * np.arange(1, 13)) - 1.0))
    said: list[ge.Progress] = []
    ge.cross_validate(X, Y, penalty=ge.Smoothness(1.0), strengths="reml", folds=5, context=ge.CallbackContext(said.append))
    shares = np.array([progress.fraction for progress in said])
    assert (np.diff(shares) >= 0).all()
    assert np.diff(shares).max() < 0.25
    searched = np.array([progress.fraction for progress in said if "units at work" in progress.detail])
    assert len(searched) > 4
    assert (np.diff(searched) > 0).all()
