"""The scikit-learn estimators: its own checks, pipelines, grid searches, and the same numbers as `ge.fit`."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import glmengine as ge


@pytest.fixture(scope="module")
def counts():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 4))
    return X, rng.poisson(np.exp(X @ [0.5, -0.3, 0.0, 0.2])).astype(float)


@pytest.fixture(scope="module")
def labels():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(600, 3))
    eta = X @ rng.normal(size=(3, 3))
    p = np.exp(eta)
    p /= p.sum(axis=1, keepdims=True)
    return X, np.array(["left", "right", "stay"])[(p.cumsum(axis=1) < rng.random((600, 1))).sum(axis=1)]


@pytest.mark.parametrize(
    "estimator",
    [
        ge.GLM(),
        ge.GLM(family="gaussian"),
        ge.GLM(family="gamma"),
        ge.GLM(penalty="lasso", strength=1e-3),
        ge.GLM(family="gaussian", penalty=ge.ElasticNet(1e-3)),
        ge.GLMClassifier(),
        ge.GLMClassifier(family="categorical"),
    ],
    ids=str,
)
def test_scikit_learns_own_checks(estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(estimator, on_fail=None)
    assert not [(result["check_name"], result["exception"]) for result in results if result["status"] == "failed"]


@pytest.mark.parametrize(
    ("penalty", "strength", "same"),
    [("ridge", 0.1, ge.Ridge(0.1)), (ge.Lasso(5.0), 0.01, ge.Lasso(0.01)), ("none", None, ge.NoPenalty())],
)
def test_the_numbers_are_those_of_fit(counts, penalty, strength, same):
    X, y = counts
    model = ge.GLM(penalty=penalty, strength=strength).fit(X, y)
    fit = ge.fit(X, y, penalty=same)
    np.testing.assert_array_equal(model.coef_, fit.coef[:, 0])
    assert model.intercept_ == fit.intercept[0]
    assert model.converged_
    np.testing.assert_allclose(model.predict(X), fit.predict(X)[:, 0], rtol=1e-12)


def test_several_units_at_once(counts):
    X, y = counts
    Y = np.column_stack([y, y[::-1], np.roll(y, 3)])
    model = ge.GLM().fit(X, Y)
    assert model.coef_.shape == (3, 4)
    assert model.predict(X).shape == (600, 3)
    np.testing.assert_allclose(model.coef_[1], ge.GLM().fit(X, Y[:, 1]).coef_, atol=1e-8)


def test_weights_are_repetitions(counts):
    X, y = counts
    weights = np.random.default_rng(2).integers(0, 3, len(y))
    weighted = ge.GLM().fit(X, y, sample_weight=weights)
    repeated = ge.GLM().fit(np.repeat(X, weights, axis=0), np.repeat(y, weights))
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, atol=1e-8)
    assert weighted.score(X, y, weights) == pytest.approx(
        repeated.score(np.repeat(X, weights, axis=0), np.repeat(y, weights)), rel=1e-9
    )


def test_the_score_is_deviance_explained(counts):
    from sklearn.metrics import d2_tweedie_score, r2_score

    X, y = counts
    model = ge.GLM().fit(X, y)
    assert model.score(X, y) == pytest.approx(d2_tweedie_score(y, model.predict(X), power=1), rel=1e-10)
    gaussian = ge.GLM(family="gaussian").fit(X, y)
    assert gaussian.score(X, y) == pytest.approx(r2_score(y, gaussian.predict(X)), rel=1e-10)


@pytest.mark.parametrize("family", ["bernoulli", "negative_binomial", "gamma"])
def test_every_family_fits_and_scores(counts, family):
    X, y = counts
    y = {"bernoulli": (y > 1).astype(float), "negative_binomial": y, "gamma": y + 0.5}[family]
    model = ge.GLM(family=family).fit(X, y)
    assert 0 < model.score(X, y) < 1


def test_in_a_pipeline_and_a_grid_search(counts):
    X, y = counts
    pipeline = make_pipeline(StandardScaler(), ge.GLM())
    search = GridSearchCV(
        pipeline, {"glm__strength": [1e-4, 1e-2, 1.0, 100.0], "glm__penalty": ["ridge", "lasso"]}, cv=KFold(4)
    ).fit(X, y)
    assert search.best_params_["glm__strength"] < 1.0
    assert search.best_score_ == pytest.approx(cross_val_score(search.best_estimator_, X, y, cv=KFold(4)).mean())


def test_a_unit_silent_in_training_is_no_error(counts):
    X, y = counts
    model = ge.GLM().fit(X, np.zeros(len(y)))
    assert not model.predict(X).any()
    assert model.score(X, y) == -np.inf  # the spikes that came were impossible
    assert model.score(X, np.zeros(len(y))) == 0.0


def test_classes_by_name(labels):
    X, y = labels
    model = ge.GLMClassifier().fit(X, y)
    assert list(model.classes_) == ["left", "right", "stay"]
    assert model.coef_.shape == (3, 3)
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), model.predict_proba(X))
    assert (model.classes_[model.decision_function(X).argmax(axis=1)] == model.predict(X)).all()
    assert model.score(X, y) > 0.5
    search = GridSearchCV(ge.GLMClassifier(), {"strength": [1e-4, 10.0]}, cv=3).fit(X, y)
    assert search.best_params_ == {"strength": 1e-4}


@pytest.mark.parametrize("link", [None, "probit"])
def test_two_classes(labels, link):
    X, y = labels
    kept = y != "stay"
    model = ge.GLMClassifier(link=link).fit(X[kept], y[kept])
    assert model.coef_.shape == (1, 3)
    assert ((model.predict_proba(X[kept])[:, 1] > 0.5) == (model.predict(X[kept]) == "right")).all()
    if link is None:
        softmax = ge.GLMClassifier(family="categorical", penalty="none").fit(X[kept], y[kept])
        plain = ge.GLMClassifier(penalty="none").fit(X[kept], y[kept])
        np.testing.assert_allclose(softmax.coef_, plain.coef_, rtol=1e-6)


def test_labels_of_columns_are_kept(counts):
    import pandas as pd

    X, y = counts
    model = ge.GLM().fit(pd.DataFrame(X, columns=list("abcd")), y)
    assert list(model.feature_names_in_) == list("abcd")


def test_copies_and_pickles(counts):
    X, y = counts
    model = ge.GLM(penalty=ge.GroupLasso(0.01, [[0, 1], [2, 3]])).fit(X, y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))
    assert clone(model).get_params() == model.get_params()


def test_what_cannot_be_is_refused(counts, labels):
    X, y = counts
    with pytest.raises(ge.GlmError, match="GLMClassifier"):
        ge.GLM(family="categorical").fit(X, y)
    with pytest.raises(ge.GlmError, match="two classes"):
        ge.GLMClassifier(family="bernoulli").fit(*labels)
    with pytest.raises(ge.GlmError, match="not for classes"):
        ge.GLMClassifier(family="poisson").fit(*labels)
    with pytest.raises(ge.GlmError, match="one class"):
        ge.GLMClassifier().fit(X, np.zeros(len(X)))
    with pytest.raises(ge.GlmError, match="negative"):
        ge.GLM().fit(X, y - 1)
    with pytest.raises(ge.GlmError, match="no penalty 'rigde'"):
        ge.GLM(penalty="rigde").fit(X, y)
    with pytest.raises(ValueError, match="NaN"):
        ge.GLM().fit(np.where(X > 2, np.nan, X), y)


def test_weights_pass_through_a_pipeline_and_a_grid_search(counts):
    X, y = counts
    weights = np.random.default_rng(3).integers(0, 4, len(y)).astype(float)
    rows = np.repeat(np.arange(len(y)), weights.astype(int))
    for estimator in (ge.GLM(strength=1e-2), ge.GLMClassifier(strength=1e-2)):
        target = y if isinstance(estimator, ge.GLM) else (y > np.median(y)).astype(int)
        piped = make_pipeline(StandardScaler(with_mean=False, with_std=False), estimator)
        step = type(estimator).__name__.lower()
        piped.fit(X, target, **{f"{step}__sample_weight": weights})
        repeated = clone(estimator).fit(X[rows], target[rows])
        assert piped[-1].coef_ == pytest.approx(repeated.coef_, rel=1e-6)
        search = GridSearchCV(piped, {f"{step}__strength": [1e-4, 1e-1]}, cv=3)
        search.fit(X, target, **{f"{step}__sample_weight": weights})
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()
        best = clone(estimator).set_params(strength=search.best_params_[f"{step}__strength"]).fit(X[rows], target[rows])
        assert search.best_estimator_[-1].coef_ == pytest.approx(best.coef_, rel=1e-6)
