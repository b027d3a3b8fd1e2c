"""Rows that a cross-validation leaves to the fit after it: the same numbers, without reading the design again, and never those of another problem."""

import numpy as np
import pandas as pd
import pytest

import glmengine as ge
from glmengine.fitting.ready_rows import KeptRows


class Counted:
    """A design that makes its rows anew each time that it is read, and counts how often."""

    def __init__(self, X):
        names = [f"x{j}" for j in range(X.shape[1])]
        self.X, self.shape, self.valid = X, X.shape, np.ones(len(X), bool)
        self.columns = pd.DataFrame({"term": "x", "variable": names}, index=names)
        self.groups = {"x": np.arange(len(names))}
        self.reads = 0

    def penalty_matrix(self, label):
        return None

    def chunk(self, start, stop):
        self.reads += 1
        return np.array(self.X[start:stop])


def _problem(own: bool, T: int = 20_000, M: int = 6):
    """Counts that follow shared columns and, where `own`, two columns of each unit alone."""
    rng = np.random.default_rng(0)
    P = 4 + 2 * M
    X = rng.normal(size=(T, P))
    X[:, 3] = 2.0  # says nothing
    mask = None
    coef = rng.normal(size=(P, M)) * 0.1
    if own:
        mask = np.zeros((P, M), bool)
        mask[:4], coef[4:] = True, 0.0
        for unit in range(M):
            mask[4 + 2 * unit : 6 + 2 * unit, unit] = True
            coef[4 + 2 * unit : 6 + 2 * unit, unit] = 0.2
    return X, rng.poisson(np.exp(X @ coef - 1.0)), mask


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("penalty", ["ridge", "lasso"])
def test_a_fit_after_a_cross_validation_reads_the_design_no_more(own, penalty):
    X, Y, mask = _problem(own)
    design, kept = Counted(X), KeptRows()
    alone = ge.fit(X, Y, penalty=penalty, strength=1e-2, mask=mask)
    ge.cross_validate(design, Y, penalty=penalty, strengths=(1e-2, 1e-3), folds=3, mask=mask, kept=kept)
    before = design.reads
    after = ge.fit(design, Y, penalty=penalty, strength=1e-2, mask=mask, kept=kept)
    assert before > 0
    assert design.reads == before
    np.testing.assert_allclose(after.objective, alone.objective, rtol=1e-13)
    np.testing.assert_allclose(after.coef, alone.coef, atol=1e-8)
    np.testing.assert_allclose(after.log_likelihood, alone.log_likelihood, rtol=1e-12)
    if penalty == "ridge":
        np.testing.assert_allclose(after.standard_errors, alone.standard_errors, rtol=1e-9)


@pytest.mark.parametrize("what", ["observations", "weights", "rows", "folds"])
def test_rows_of_another_problem_are_not_taken_over(what):
    X, Y, _ = _problem(False)
    design, kept = Counted(X), KeptRows()
    ge.cross_validate(design, Y, strengths=(1e-2,), folds=3, kept=kept)
    weights = None
    if what == "observations":
        Y = Y[::-1].copy()
    elif what == "weights":
        weights = np.linspace(0.5, 2.0, len(Y))
    elif what == "rows":
        design.valid = np.arange(len(Y)) % 3 > 0
    elif what == "folds":
        again = ge.cross_validate(design, Y, strengths=(1e-2,), folds=4, kept=kept)
        np.testing.assert_allclose(again.scores, ge.cross_validate(X, Y, strengths=(1e-2,), folds=4).scores, rtol=1e-12)
        return
    found = ge.fit(design, Y, strength=1e-2, weights=weights, kept=kept)
    X = np.where(design.valid[:, None], X, np.nan)
    np.testing.assert_allclose(found.objective, ge.fit(X, Y, strength=1e-2, weights=weights).objective, rtol=1e-13)
