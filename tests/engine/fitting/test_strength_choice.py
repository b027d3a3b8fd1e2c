"""The choice of a strength: the one-standard-error rule against scikit-learn's fits and the rule by hand, one for all, and nested scores."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import poisson
from sklearn.linear_model import PoissonRegressor

import glmengine as ge
from glmengine.errors import GlmError
from glmengine.fitting.strength_choice import StrengthChoice
from glmengine.threads import quiet_blas

STRENGTHS = [1e-4, 1e-3, 1e-2, 0.1, 1.0]
FOLDS = 5


@pytest.fixture(scope="module")
def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    X = rng.normal(size=(1500, 8))
    return X, rng.poisson(np.exp(X @ (0.12 * rng.normal(size=(8, 3))) - 1.0)).astype(float)


def scores_elsewhere(X: np.ndarray, Y: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """(F, S, M) mean held-out log-likelihoods of scikit-learn's fits."""
    found = np.zeros((FOLDS, len(STRENGTHS), Y.shape[1]))
    for f, s, m in np.ndindex(*found.shape):
        if not (fold == f).any():
            found[f, s, m] = np.nan
            continue
        train, test = (fold != f) & (fold >= 0), fold == f
        model = PoissonRegressor(alpha=STRENGTHS[s], solver="newton-cholesky", tol=1e-10, max_iter=500)
        with quiet_blas():
            model.fit(X[train], Y[train, m])
        found[f, s, m] = poisson.logpmf(Y[test, m], model.predict(X[test])).mean()
    return found


@pytest.fixture(scope="module")
def known(data) -> np.ndarray:
    """(F, S, M) those of all rows, in the folds that are the default."""
    X, Y = data
    return scores_elsewhere(X, Y, ge.cross_validate(X, Y, strengths=STRENGTHS, folds=FOLDS).folds)


@pytest.fixture(scope="module")
def inner(data) -> list[np.ndarray]:
    """(F, S) those of unit 1 without the rows of each fold in turn, of folds that have a score."""
    X, Y = data
    folds = ge.cross_validate(X, Y, strengths=STRENGTHS, folds=FOLDS).folds
    found = []
    for fold in range(FOLDS):
        seen = folds != fold
        scores = scores_elsewhere(X[seen], Y[seen][:, [1]], folds[seen])[:, :, 0]
        found.append(scores[np.isfinite(scores).all(axis=1)])
    return found


def largest_within(scores: np.ndarray) -> float:
    """The rule as glmnet has it (`getOptcv.glmnet`), of scores (F, S) of one unit."""
    mean = scores.mean(axis=0)
    best = int(np.argmax(mean))
    error = np.sqrt(np.mean((scores[:, best] - mean[best]) ** 2) / (len(scores) - 1))
    return max(strength for strength, value in zip(STRENGTHS, mean, strict=True) if value >= mean[best] - error)


def test_one_standard_error_rule_chooses_what_glmnets_does(data, known):
    X, Y = data
    found = ge.cross_validate(X, Y, strengths=STRENGTHS, folds=FOLDS, rule="one_standard_error")
    expected = [largest_within(known[:, :, m]) for m in range(3)]
    assert found.best_strength.tolist() == expected
    best = ge.cross_validate(X, Y, strengths=STRENGTHS, folds=FOLDS)
    assert best.best_strength.tolist() == [STRENGTHS[int(s)] for s in known.mean(axis=0).argmax(axis=0)]
    assert (found.best_strength >= best.best_strength).all()
    assert (found.best_strength > best.best_strength).any()
    for unit in range(3):
        at = {"strength": expected[unit]}
        ratio = found.deviance.sel(at).values[:, unit].sum() / found.null_deviance.sel(at).values[:, unit].sum()
        assert found.deviance_explained[unit] == pytest.approx(1 - ratio, rel=1e-12)


@pytest.mark.parametrize("rule", ["best", "one_standard_error"])
def test_one_strength_for_all_units_is_that_of_their_mean_scores(data, known, rule):
    X, Y = data
    found = ge.cross_validate(X, Y, strengths=STRENGTHS, folds=FOLDS, rule=rule, one_for_all=True)
    together = known.mean(axis=2)
    expected = STRENGTHS[int(together.mean(axis=0).argmax())] if rule == "best" else largest_within(together)
    assert found.best_strength.tolist() == [expected] * 3


def test_one_for_all_leaves_units_without_a_score_without_a_strength(data):
    X, Y = data
    found = ge.cross_validate(X, np.column_stack([Y, np.zeros(len(Y))]), strengths=STRENGTHS, one_for_all=True)
    assert np.isnan(found.best_strength[3])
    assert len(set(found.best_strength[:3].tolist())) == 1


def test_a_grid_of_one_strength_for_all_goes_on_for_all_or_for_none(data):
    X, Y = data
    found = ge.cross_validate(X, Y, strengths=[1e-5, 1e-4], extend=True, one_for_all=True)
    assert found.scores.sizes["strength"] > 2
    assert np.isfinite(found.scores).all()
    mean = found.scores.mean(("fold", "unit"))
    assert found.best_strength[0] == float(mean["strength"][int(np.argmax(mean.values))])


@pytest.mark.parametrize("rule", ["best", "one_standard_error"])
def test_nested_scores_are_at_the_strength_that_the_other_folds_choose(data, inner, rule):
    X, Y = data
    found = ge.cross_validate(X, Y, strengths=STRENGTHS, folds=FOLDS, rule=rule, nested=True)
    unit = 1
    deviance = null = 0.0
    for fold in range(FOLDS):
        chosen = STRENGTHS[int(inner[fold].mean(axis=0).argmax())] if rule == "best" else largest_within(inner[fold])
        assert float(found.nested.strength.sel(fold=fold)[unit]) == chosen
        deviance += float(found.deviance.sel(fold=fold, strength=chosen)[unit])
        null += float(found.null_deviance.sel(fold=fold)[0, unit])
    assert found.nested.deviance_explained[unit] == pytest.approx(1 - deviance / null, rel=1e-12)
    assert np.isfinite(found.nested.bits_per_spike).all()


def test_a_single_strength_makes_nested_scores_the_plain_ones(data):
    X, Y = data
    found = ge.cross_validate(X, Y, strengths=[1e-2], nested=True)
    np.testing.assert_allclose(found.nested.deviance_explained, found.deviance_explained, rtol=1e-12)
    np.testing.assert_allclose(found.nested.bits_per_spike, found.bits_per_spike, rtol=1e-9)


def test_standard_errors_leave_out_folds_without_a_score():
    strengths, rule = np.array([0.1, 1.0]), StrengthChoice("one_standard_error")
    base = np.array([-1.0, -1.2, -1.1, np.nan])
    error = 0.1 / np.sqrt(3)  # standard deviation 0.1 of three folds
    for loss, expected in ((0.99 * error, 1), (1.01 * error, 0)):
        scores = np.stack([base, base - loss], axis=1)[:, :, None]
        assert rule.of(scores, strengths).tolist() == [expected]
    assert rule.of(np.full((4, 2, 1), np.nan), strengths).tolist() == [-1]


def test_what_cannot_be_is_refused_in_a_sentence(data):
    X, Y = data
    with pytest.raises(GlmError, match="choose best or one_standard_error"):
        ge.cross_validate(X, Y, rule="second best")
    with pytest.raises(GlmError, match="three or more"):
        ge.cross_validate(X, Y, folds=2, rule="one_standard_error", nested=True)
