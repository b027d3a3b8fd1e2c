"""Cross-validation against fits made by hand, and its choices."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import poisson

from glmengine.context import CallbackContext
from glmengine.errors import Cancelled, GlmError
from glmengine.fitting.cross_validation import blocks_of, cross_validate
from glmengine.fitting.fit import fit
from glmengine.models import NoPenalty, Ridge

STRENGTHS = [1e-4, 1e-2, 1.0]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(31)
    X = rng.normal(size=(3000, 5))
    Y = rng.poisson(np.exp(X @ (0.3 * rng.normal(size=(5, 2))) - 1.0)).astype(float)
    return X, Y


def test_blocks_are_contiguous_and_of_equal_length():
    valid = np.ones(103, bool)
    valid[10:20] = False
    folds = blocks_of(valid, 5)
    assert (folds[10:20] == -1).all()
    counts = np.bincount(folds[valid])
    assert counts.max() - counts.min() <= 1
    assert (np.diff(folds[valid]) >= 0).all()


def test_every_score_is_that_of_a_fit_without_the_fold(data):
    X, Y = data
    X = X.copy()
    X[200:260, 1] = np.nan
    found = cross_validate(X, Y, strengths=STRENGTHS, folds=4, coefs=True)
    assert found.converged.values.all()
    valid = np.isfinite(X).all(axis=1)
    for fold in range(4):
        train, test = valid & (found.folds != fold), found.folds == fold
        for strength in STRENGTHS:
            by_hand = fit(X[train], Y[train], penalty=Ridge(strength))
            place = {"fold": fold, "strength": strength}
            assert np.allclose(found.coefs.sel(place).values.T, by_hand.coef, atol=1e-8)
            expected = poisson.logpmf(Y[test], by_hand.predict(X[test])).mean(axis=0)
            assert np.allclose(found.scores.sel(place), expected, atol=1e-9)
            null = poisson.logpmf(Y[test], Y[train].mean(axis=0)).mean(axis=0)
            assert np.allclose(found.null_scores.sel(fold=fold), null, atol=1e-9)


def test_deviance_and_bits_are_pooled_over_folds_at_the_best_strength(data):
    X, Y = data
    found = cross_validate(X, Y, strengths=STRENGTHS, folds=3)
    mean = found.scores.mean("fold")
    for unit in range(2):
        best = STRENGTHS[int(np.argmax(mean.values[:, unit]))]
        assert found.best_strength[unit] == best
        chosen = found.deviance.sel(strength=best).values[:, unit], found.null_deviance.sel(strength=best).values[:, unit]
        assert found.deviance_explained[unit] == pytest.approx(1 - chosen[0].sum() / chosen[1].sum(), rel=1e-12)
        weight = found.weight.values[:, unit]
        gain = (found.scores.sel(strength=best).values[:, unit] * weight).sum() - (
            found.null_scores.values[:, unit] * weight
        ).sum()
        assert found.bits_per_spike[unit] == pytest.approx(gain / Y[:, unit].sum() / np.log(2), rel=1e-10)
        assert found.deviance_explained[unit] > 0


def test_equal_scores_go_to_the_stronger_penalty(data):
    X, Y = data
    found = cross_validate(np.zeros_like(X), Y, strengths=STRENGTHS, folds=3)
    assert (found.best_strength == 1.0).all()


def test_rows_marked_minus_one_are_never_held_out(data):
    X, Y = data
    folds = np.full(len(X), -1)
    folds[1000:1500], folds[2000:2500] = 7, 3
    found = cross_validate(X, Y, strengths=[1e-2], folds=folds)
    assert found.scores["fold"].values.tolist() == [3, 7]
    by_hand = fit(X[folds != 7], Y[folds != 7], penalty=Ridge(1e-2))
    expected = poisson.logpmf(Y[folds == 7], by_hand.predict(X[folds == 7])).mean(axis=0)
    assert np.allclose(found.scores.sel(fold=7, strength=1e-2), expected, atol=1e-9)


def test_a_fold_in_which_nothing_can_be_scored_is_skipped_and_counted(data):
    X, Y = data
    Y = Y.copy()
    Y[:1000, 0] = np.nan  # nothing to score in the first fold
    Y[:1000, 1] = 0  # no spike in the first fold: whoever sees that nothing came is far better than the mean
    found = cross_validate(X, Y, strengths=STRENGTHS, folds=3)
    assert found.skipped.tolist() == [1, 1]
    assert np.isnan(found.scores.values[0]).all()
    assert np.isfinite(found.scores.values[1:]).all()
    assert np.isfinite(found.best_strength).all()


def test_weights_and_masks_hold_in_every_fold(data):
    X, Y = data
    rng = np.random.default_rng(0)
    weights = rng.integers(0, 3, len(X)).astype(float)
    mask = np.array([[1, 1], [0, 1], [1, 0], [1, 1], [1, 1]], bool)
    found = cross_validate(X, Y, strengths=[1e-2], folds=3, weights=weights, mask=mask)
    test = found.folds == 1
    for unit in range(2):
        used = mask[:, unit]
        by_hand = fit(X[~test][:, used], Y[~test, unit], penalty=Ridge(1e-2), weights=weights[~test])
        score = poisson.logpmf(Y[test, unit], by_hand.predict(X[test][:, used])[:, 0]) @ weights[test] / weights[test].sum()
        assert found.scores.values[1, 0, unit] == pytest.approx(score, abs=1e-9)


def test_many_units_and_no_penalty(data):
    X, _ = data
    rng = np.random.default_rng(5)
    Y = rng.poisson(np.exp(X @ (0.3 * rng.normal(size=(5, 12))) - 1.0)).astype(float)
    found = cross_validate(X, Y, penalty=NoPenalty(), strengths=[0.0], folds=5)
    assert found.converged.values.all()
    by_hand = fit(X[found.folds != 2], Y[found.folds != 2, 7], penalty=None)
    expected = poisson.logpmf(Y[found.folds == 2, 7], by_hand.predict(X[found.folds == 2])[:, 0]).mean()
    assert found.scores.values[2, 0, 7] == pytest.approx(expected, abs=1e-9)


def test_cancelling_and_bad_input(data):
    X, Y = data
    with pytest.raises(Cancelled):
        cross_validate(X, Y, context=CallbackContext(cancelled=lambda: True))
    for options, words in [
        ({"folds": 1}, "folds"),
        ({"folds": 5000}, "folds"),
        ({"folds": np.zeros(5, int)}, "folds"),
        ({"folds": np.full(len(X), -1)}, "folds"),
        ({"strengths": []}, "strengths"),
        ({"strengths": [-1.0]}, "strength"),
        ({"strengths": [1.0, 1.0]}, "twice"),
    ]:
        with pytest.raises(GlmError, match=words):
            cross_validate(X, Y, **options)
