"""Penalties that make zeros, a free dispersion and classes through `ge.fit` and `ge.cross_validate`: the same promises as for smooth fits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glmengine as ge
from glmengine.models import get_family
from glmengine.models.penalties import Columns, difference_matrix

T, P = 800, 6
GROUPS = [[0, 1, 2], [3, 4], [5]]


@pytest.fixture(scope="module")
def population():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(T, P)) @ (np.eye(P) + 0.2 * rng.normal(size=(P, P)))
    B = np.array([[0.5, 0, 0.3], [-0.3, 0, 0], [0, 0.4, 0], [0, 0, 0.3], [0.2, 0, 0], [0, 0, 0]])
    return X, rng.poisson(np.exp(X @ B)).astype(float)


def gradient(X, y, w, b, family="poisson", dispersion=None, weights=None):
    kind = get_family(family)
    weights = np.ones(len(y)) if weights is None else weights
    score = kind.evaluate(X @ w + b, y, kind.link(), dispersion)[1]
    return X.T @ (weights * score) / weights.sum()


def lasso_violation(g, w, a):
    return np.max(np.where(w != 0, np.abs(g + a * np.sign(w)), np.maximum(np.abs(g) - a, 0)))


@pytest.mark.parametrize("penalty", [ge.Lasso(0.05), ge.ElasticNet(0.05, 0.5), ge.GroupLasso(0.05, GROUPS)], ids=lambda p: p.name)
def test_company_missing_rows_and_silent_units_do_not_matter(population, penalty):
    X, Y = population
    Y = np.column_stack([Y, np.zeros(T), np.full(T, np.nan)])
    Y[::4, 1] = np.nan
    together = ge.fit(X, Y, penalty=penalty)
    assert list(together.status) == ["ok", "ok", "ok", "silent", "no data"]
    for unit in range(3):
        kept = np.isfinite(Y[:, unit])
        alone = ge.fit(X[kept], Y[kept, unit], penalty=penalty)
        np.testing.assert_allclose(together.coef[:, unit], alone.coef[:, 0], atol=1e-8)
        assert together.log_likelihood[unit] == pytest.approx(alone.log_likelihood[0], rel=1e-9)
        assert together.n_valid[unit] == kept.sum()


def test_zeros_have_no_standard_error_and_the_rest_count_as_degrees_of_freedom(population):
    X, Y = population
    fit = ge.fit(X, Y[:, 0], penalty=ge.Lasso(0.05))
    zero = fit.coef[:, 0] == 0
    assert zero.any()
    assert not zero.all()
    np.testing.assert_array_equal(np.isnan(fit.standard_errors[:, 0]), zero)
    assert fit.edf[0] == pytest.approx(1 + (~zero).sum())


def test_a_strength_for_each_unit(population):
    X, Y = population
    strengths = np.array([0.01, 0.1, 10.0])
    fit = ge.fit(X, Y, penalty="lasso", strength=strengths)
    for unit, strength in enumerate(strengths):
        g = gradient(X, Y[:, unit], fit.coef[:, unit], fit.intercept[unit])
        assert lasso_violation(g, fit.coef[:, unit], strength) < 1e-8
    assert not fit.coef[:, 2].any()
    np.testing.assert_array_equal(fit.strength, strengths)


@pytest.mark.parametrize("family", ["poisson", "negative_binomial"])
def test_a_unit_of_strength_zero_is_not_penalised(population, family):
    X, Y = population
    X = np.column_stack([X, 1 - X.sum(axis=1)])  # collinear, for which the unpenalised solution is a choice
    fit = ge.fit(X, Y, family=family, penalty="lasso", strength=[0.05, 0.0, 0.1])
    free = ge.fit(X, Y[:, 1], family=family, penalty=ge.NoPenalty())
    np.testing.assert_allclose(fit.coef[:, 1], free.coef[:, 0], atol=1e-7)
    np.testing.assert_allclose(fit.coef[:, 2], ge.fit(X, Y[:, 2], family=family, penalty=ge.Lasso(0.1)).coef[:, 0], atol=1e-7)
    assert any("Not determined" in note for note in fit.notes)
    cv = ge.cross_validate(X, Y, family=family, penalty="lasso", strengths=[0.0, 0.05], folds=2)
    assert cv.converged.values.all()


def test_a_sum_of_penalties_is_multiplied_by_its_strength(population):
    X, Y = population
    both = ge.Ridge(0.1) + ge.Lasso(0.02)
    one = ge.fit(X, Y, penalty=both, strength=2.0)
    other = ge.fit(X, Y, penalty=ge.Ridge(0.2) + ge.Lasso(0.04))
    np.testing.assert_allclose(one.coef, other.coef, atol=1e-9)


def test_masks_hold(population):
    X, Y = population
    mask = np.ones((P, 3), bool)
    mask[0, 0] = mask[2, 1] = mask[[3, 4, 5], 2] = False
    fit = ge.fit(X, Y, penalty=ge.Lasso(0.02), mask=mask)
    grouped = ge.fit(X, Y, penalty=ge.GroupLasso(0.03, GROUPS), mask=mask)
    assert not fit.coef[~mask].any()
    for unit in range(3):
        own = mask[:, unit]
        alone = ge.fit(X[:, own], Y[:, unit], penalty=ge.Lasso(0.02))
        np.testing.assert_allclose(fit.coef[own, unit], alone.coef[:, 0], atol=1e-8)
        place = np.cumsum(own) - 1
        groups = [[int(place[j]) for j in group if own[j]] for group in GROUPS]
        alone = ge.fit(X[:, own], Y[:, unit], penalty=ge.GroupLasso(0.03, [group for group in groups if group]))
        np.testing.assert_allclose(grouped.coef[own, unit], alone.coef[:, 0], atol=1e-8)


@pytest.mark.parametrize("family", ["gaussian", "poisson"])
@pytest.mark.parametrize(
    "penalty",
    [
        ge.Lasso(0.02),
        ge.ElasticNet(0.02, 0.5),
        ge.GroupLasso(0.02, [range(4), range(4, 8)]),
        ge.Smoothness(0.02) + ge.Lasso(0.02),
    ],
    ids=lambda penalty: penalty.name or "sum",
)
def test_units_with_masks_of_their_own_are_those_fitted_alone(family, penalty):
    """The squared loss has one Gram matrix for all units: it must not lack what the first of them may not use."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 8))
    Y = X[:, :3] + rng.normal(size=(300, 3)) if family == "gaussian" else rng.poisson(np.exp(0.5 * X[:, :3])).astype(float)
    mask = rng.random((8, 3)) < 0.6
    mask[:, 1] = [False, True] * 4
    found = ge.fit(X, Y, family=family, penalty=penalty, mask=mask)
    assert found.status.tolist() == ["ok"] * 3
    for unit in range(3):
        alone = ge.fit(X, Y[:, unit], family=family, penalty=penalty, mask=mask[:, [unit]])
        np.testing.assert_allclose(found.coef[:, unit], alone.coef[:, 0], atol=1e-8)
        assert found.objective[unit] == pytest.approx(alone.objective[0], abs=1e-12)
    scores = ge.cross_validate(X, Y, family=family, penalty=penalty, strengths=[0.5, 1.0], folds=3, mask=mask)
    assert scores.converged.values.all()


def test_a_group_weighs_by_all_of_its_columns_though_one_does_not_vary(population):
    X, Y = population
    X = np.column_stack([X, np.full(T, 3.0)])  # as a bin of a map that is never visited
    fit = ge.fit(X, Y[:, 0], penalty=ge.GroupLasso(0.03, [[0, 1, 2, 6], [3, 4], [5]]))
    w, slope = fit.coef[:3, 0], gradient(X, Y[:, 0], fit.coef[:, 0], fit.intercept[0])
    np.testing.assert_allclose(slope[:3], -0.03 * np.sqrt(4) * w / np.linalg.norm(w), atol=1e-8)


def test_a_penalty_of_columns_on_scales_far_apart_leaves_none_at_zero():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(60, 8)) * 10.0 ** np.array([-8, -7, -3, 0, 2, 5, 7, 8])
    y = (X[:, 6] + 1e7 * rng.normal(size=60) > 0).astype(float)
    fit = ge.fit(X, y, family="bernoulli", penalty=ge.ElasticNet(0.0025, 0.1))
    assert fit.converged.all()
    alone = ge.fit(X[:, 2:], y, family="bernoulli", penalty=ge.ElasticNet(0.0025, 0.1))
    assert fit.objective[0] == pytest.approx(alone.objective[0], abs=1e-10)


@pytest.mark.parametrize("penalty", [ge.Lasso(0.03), ge.GroupLasso(0.03, GROUPS)], ids=lambda p: p.name)
def test_weights_offset_and_no_intercept(population, penalty):
    X, Y = population
    rng = np.random.default_rng(1)
    weights, offset = rng.integers(0, 3, T).astype(float), rng.normal(0, 0.3, T)
    repeated = np.repeat(np.arange(T), weights.astype(int))
    weighted = ge.fit(X, Y, penalty=penalty, weights=weights, offset=offset)
    plain = ge.fit(X[repeated], Y[repeated], penalty=penalty, offset=offset[repeated])
    np.testing.assert_allclose(weighted.coef, plain.coef, atol=1e-8)
    without = ge.fit(X, Y, penalty=penalty, intercept=False)
    assert without.converged.all()
    assert not without.intercept.any()


def test_standardised_penalties_do_not_see_the_unit_of_measure(population):
    X, Y = population
    scales = np.array([1e6, 1.0, 1e-6, 100.0, 1.0, 1e3])
    for penalty in (
        ge.Lasso(0.05, standardised=True),
        ge.Ridge(0.05, standardised=True),
        ge.GroupLasso(0.05, GROUPS, standardised=True),
    ):
        one, other = ge.fit(X, Y, penalty=penalty), ge.fit(X * scales, Y, penalty=penalty)
        np.testing.assert_allclose(other.coef * scales[:, None], one.coef, atol=1e-7)
    sizes = X.std(axis=0)
    g = gradient(X / sizes, Y[:, 0], ge.fit(X, Y[:, 0], penalty=ge.Lasso(0.05, standardised=True)).coef[:, 0] * sizes, 0.0)
    assert g.shape == (P,)


def test_reading_in_pieces_changes_nothing(population):
    X, Y = population
    whole = ge.fit(X, Y, penalty=ge.Lasso(0.02))
    pieces = ge.fit(X, Y, penalty=ge.Lasso(0.02), memory=1e-6)
    assert pieces.converged.all()
    np.testing.assert_allclose(whole.coef, pieces.coef, atol=1e-9)


def test_two_fits_are_the_same_bit_for_bit(population):
    X, Y = population
    one, other = (ge.fit(X, Y, penalty=ge.GroupLasso(0.02, GROUPS)) for _ in range(2))
    np.testing.assert_array_equal(one.coef, other.coef)


def test_stopping_and_cancelling(population):
    X, Y = population
    heard = []
    stopped = ge.fit(X, Y, penalty=ge.Lasso(1e-3), context=ge.CallbackContext(heard.append, stopped=lambda: len(heard) > 1))
    assert not stopped.converged.any()
    assert set(stopped.status) == {"stopped"}
    assert np.isfinite(stopped.coef).all()
    with pytest.raises(ge.Cancelled):
        ge.fit(X, Y, penalty=ge.Lasso(1e-3), context=ge.CallbackContext(cancelled=lambda: True))


def test_every_score_is_that_of_a_fit_without_the_fold(population):
    X, Y = population
    cv = ge.cross_validate(X, Y, penalty=ge.GroupLasso(1.0, GROUPS), strengths=[0.01, 0.2], folds=3)
    assert cv.converged.values.all()
    family = get_family("poisson")
    for fold in range(3):
        kept = cv.folds != fold
        for place, strength in enumerate([0.01, 0.2]):
            fit = ge.fit(X[kept], Y[kept], penalty=ge.GroupLasso(strength, GROUPS))
            expected = family.log_likelihood(fit.predict(X[~kept]), Y[~kept]).mean(axis=0)
            np.testing.assert_allclose(cv.scores.values[fold, place], expected, rtol=1e-8)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.floats(1e-3, 0.2), st.sampled_from(["poisson", "bernoulli", "gaussian", "gamma"]))
def test_lasso_is_stationary_for_any_data(seed, strength, family):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(300, P)) * 10.0 ** rng.integers(-1, 2, P) + rng.normal(size=P)
    eta = (X - X.mean(axis=0)) @ (rng.normal(0, 0.3, P) / X.std(axis=0))
    if family == "poisson":
        y = rng.poisson(np.exp(eta)).astype(float)
    elif family == "bernoulli":
        y = (rng.random(300) < 1 / (1 + np.exp(-eta))).astype(float)
    else:
        y = eta + rng.normal(size=300) if family == "gaussian" else rng.gamma(2.0, np.exp(eta) / 2) + 1e-6
    fit = ge.fit(X, y, family=family, penalty=ge.Lasso(strength))
    g = gradient(X, y, fit.coef[:, 0], fit.intercept[0], family)
    assert fit.converged.all()
    assert lasso_violation(g, fit.coef[:, 0], strength) < 1e-8 * max(1.0, float(X.std(axis=0).max()) * y.std())


@pytest.mark.parametrize("penalty", [ge.NoPenalty(), ge.Ridge(0.1), ge.Lasso(0.1)], ids=lambda p: p.name)
def test_a_spike_in_every_bin_has_no_finite_intercept(population, penalty):
    X, Y = population
    y = (Y > 0).astype(float)
    y[:, 1] = 1.0
    fit = ge.fit(X, y, family="bernoulli", penalty=penalty)
    assert list(fit.status) == ["ok", "separated", "ok"]
    assert fit.intercept[1] == np.inf
    assert not fit.coef[:, 1].any()
    assert (fit.predict(X)[:, 1] == 1).all()
    cv = ge.cross_validate(X, y, family="bernoulli", penalty=penalty, strengths=[0.1], folds=3)
    assert np.isnan(cv.scores.values[:, :, 1]).all()
    assert np.isfinite(cv.scores.values[:, :, [0, 2]]).all()


def test_more_columns_than_rows():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(60, 120))
    y = rng.poisson(np.exp(X[:, 0])).astype(float)
    fit = ge.fit(X, y, penalty=ge.Lasso(0.05))
    assert fit.converged.all()
    assert lasso_violation(gradient(X, y, fit.coef[:, 0], fit.intercept[0]), fit.coef[:, 0], 0.05) < 1e-8
    assert np.count_nonzero(fit.coef) < 60


@pytest.mark.parametrize("factor", [1e-9, 1e-4, 1e9])
@pytest.mark.parametrize("penalty", [ge.NoPenalty(), ge.Lasso(0.3)], ids=lambda p: p.name)
def test_the_unit_of_continuous_observations_does_not_matter(population, penalty, factor):
    """Field potentials in volts: the stopping rule follows the size of what is fitted."""
    X, _ = population
    y = X[:, 0] + np.random.default_rng(0).normal(size=T)
    one = ge.fit(X, y, family="gaussian", penalty=penalty)
    other = ge.fit(X, factor * y, family="gaussian", penalty=penalty.scaled(penalty.strength * factor))
    assert other.converged.all()
    np.testing.assert_allclose(other.coef / factor, one.coef, atol=1e-8)


@pytest.mark.parametrize("family", ["poisson", "negative_binomial", "gaussian", "gamma", "bernoulli", "categorical"])
@pytest.mark.parametrize("penalty", ["none", "lasso", "group_lasso"])
def test_designs_that_hold_little(family, penalty):
    """A constant column, a doubled column, one column, no column, three rows, observations that never change."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 3)), rng.poisson(1, 200).astype(float)
    y = {"gamma": y + 0.5, "bernoulli": np.minimum(y, 1)}.get(family, y)
    options = {"family": family, "penalty": penalty, "strength": 0.01}
    whole = ge.fit(X, y, **options)
    doubled = ge.fit(np.column_stack([X, X[:, 0]]), y, **options)
    constant = ge.fit(np.column_stack([X, np.ones(200)]), y, **options)
    assert doubled.converged.all()
    assert constant.converged.all()
    assert not constant.coef[3].any()
    if penalty == "lasso":
        assert doubled.objective[0] == pytest.approx(whole.objective[0], rel=1e-9)
    for few, those in ((X[:, 0], y), (X[:, :0], y), (X, np.ones(200)), (X[:3], y[:3])):
        fit = ge.fit(few, those, **options, **({"n_classes": 4} if family == "categorical" else {}))
        assert fit.status[0] in ("ok", "silent", "separated", "stopped")
        assert np.isfinite(fit.coef).all()
        assert fit.converged[0] == (fit.status[0] in ("ok", "silent"))


def test_a_likelihood_that_is_not_concave_is_said_to_be_so(population):
    X, Y = population
    y = Y[:, 0] + 0.5
    assert any("not concave" in note for note in ge.fit(X, y, family="gamma", link="softplus").notes)
    assert any("not concave" in note for note in ge.fit(X, Y[:, 0], family="negative_binomial").notes)
    assert not ge.fit(X, y, family="gamma").notes


# the free dispersion


@pytest.fixture(scope="module")
def overdispersed():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(1500, 3))
    mu = np.exp(X @ [0.5, -0.2, 0.0])
    return X, rng.poisson(mu * rng.gamma(1 / 0.8, 0.8, 1500)).astype(float)


@pytest.mark.parametrize("penalty", [ge.NoPenalty(), ge.Ridge(0.05), ge.Lasso(0.05)], ids=lambda p: p.name)
@pytest.mark.parametrize("link", ["log", "softplus"])
def test_coefficients_and_dispersion_are_a_joint_optimum(overdispersed, penalty, link):
    X, y = overdispersed
    family = get_family("negative_binomial")
    fit = ge.fit(X, y, family="negative_binomial", link=link, penalty=penalty)
    resolved = penalty.resolve(Columns(3))

    def objective(w, b, a):
        mu = family.link(link).mean(X @ w + b)
        constant = np.mean(family.log_likelihood(y + 0.0, y, 1e-9) * 0)
        from scipy.special import gammaln

        return -np.mean(family.log_likelihood(mu, y, a) + gammaln(y + 1)) + float(resolved.value(w)) + constant

    best = objective(fit.coef[:, 0], fit.intercept[0], fit.dispersion[0])
    assert fit.converged.all()
    assert best == pytest.approx(fit.objective[0], rel=1e-12)
    rng = np.random.default_rng(0)
    for size in (1e-1, 1e-3):
        for _ in range(30):
            step = size * rng.normal(size=5)
            assert (
                objective(fit.coef[:, 0] + step[:3], fit.intercept[0] + step[3], fit.dispersion[0] * np.exp(step[4]))
                > best - 1e-14
            )


def test_a_dispersion_for_each_unit_and_none_for_poisson_counts(overdispersed):
    X, y = overdispersed
    rng = np.random.default_rng(5)
    regular = rng.binomial(4, 0.5, y.size).astype(float)  # less variable than Poisson
    fit = ge.fit(X, np.column_stack([y, regular]), family="negative_binomial", penalty=ge.NoPenalty())
    assert fit.converged.all()
    assert fit.dispersion[0] == pytest.approx(0.8, rel=0.3)
    assert fit.dispersion[1] < 1e-6
    assert any("Not more variable than Poisson" in note and note.endswith(": 1.") for note in fit.notes)
    poisson = ge.fit(X, regular, penalty=ge.NoPenalty())
    np.testing.assert_allclose(fit.coef[:, 1], poisson.coef[:, 0], atol=1e-6)
    alone = ge.fit(X, y, family="negative_binomial", penalty=ge.NoPenalty())
    np.testing.assert_allclose(fit.coef[:, 0], alone.coef[:, 0], atol=1e-8)


def test_cross_validation_with_a_free_dispersion(overdispersed):
    X, y = overdispersed
    cv = ge.cross_validate(X, y, family="negative_binomial", penalty="ridge", strengths=[1e-3, 1.0], folds=3)
    assert cv.converged.values.all()
    kept = cv.folds != 1
    fit = ge.fit(X[kept], y[kept], family="negative_binomial", penalty=ge.Ridge(1e-3))
    expected = get_family("negative_binomial").log_likelihood(fit.predict(X[~kept])[:, 0], y[~kept], fit.dispersion[0]).mean()
    assert cv.scores.values[1, 0, 0] == pytest.approx(expected, rel=1e-7)
    poisson = ge.cross_validate(X, y, penalty="ridge", strengths=[1e-3], folds=3)
    assert cv.scores.mean("fold").values[0, 0] > poisson.scores.mean("fold").values[0, 0]


# classes


@pytest.fixture(scope="module")
def classes():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(900, 4))
    p = np.exp(X @ rng.normal(size=(4, 3)))
    p /= p.sum(axis=1, keepdims=True)
    return X, (p.cumsum(axis=1) < rng.random((900, 1))).sum(axis=1)


def test_several_units_of_classes(classes):
    X, y = classes
    Y = np.column_stack([y, y[::-1], np.zeros(900), np.full(900, np.nan)]).astype(float)
    Y[::5, 1] = np.nan
    fit = ge.fit(X, Y, family="categorical", penalty=ge.Ridge(0.01), unit_names=["a", "b", "c", "d"])
    assert fit.coef.shape == (4, 3, 4)
    assert list(fit.status) == ["ok", "ok", "silent", "no data"]
    assert np.isnan(fit.coef[:, :, 3]).all()
    alone = ge.fit(X, y, family="categorical", penalty=ge.Ridge(0.01))
    np.testing.assert_allclose(fit.coef[:, :, 0], alone.coef[:, :, 0], atol=1e-9)
    probabilities = fit.predict(X)
    np.testing.assert_allclose(probabilities[:, :, :2].sum(axis=1), 1, rtol=1e-12)
    assert (probabilities[:, 0, 2] == 1).all()
    assert fit.log_likelihood[0] == pytest.approx(np.log(probabilities[np.arange(900), y, 0]).sum(), rel=1e-10)
    assert 0 < fit.pseudo_r2()[0] < 1
    assert fit.covariance("a").shape == (3, 5, 3, 5)
    assert any("d" in note for note in fit.notes)


def test_degrees_of_freedom_of_classes(classes):
    X, y = classes
    free = ge.fit(X, y, family="categorical", penalty=ge.NoPenalty())
    assert free.edf[0] == pytest.approx(2 * 5)
    assert free.aic[0] == pytest.approx(-2 * free.log_likelihood[0] + 20)
    tied = ge.fit(X, y, family="categorical", penalty=ge.Ridge(10.0))
    assert 2 < tied.edf[0] < 3


def test_masks_weights_and_missing_rows_of_classes(classes):
    X, y = classes
    mask = np.array([True, True, False, True])
    weights = np.random.default_rng(0).integers(0, 3, 900)
    spoiled = X.copy()
    spoiled[7, 0] = np.nan
    fit = ge.fit(spoiled, y, family="categorical", penalty=ge.NoPenalty(), mask=mask, weights=weights)
    kept = np.repeat(np.flatnonzero(np.arange(900) != 7), weights[np.arange(900) != 7])
    alone = ge.fit(X[kept][:, mask], y[kept], family="categorical", penalty=ge.NoPenalty())
    np.testing.assert_allclose(fit.coef[mask, :, 0], alone.coef[:, :, 0], atol=1e-8)
    assert not fit.coef[2].any()
    np.testing.assert_allclose(fit.standard_errors[mask, :2, 0], alone.standard_errors[:, :2, 0], rtol=1e-6)


def test_cross_validation_of_classes(classes):
    X, y = classes
    cv = ge.cross_validate(X, y, family="categorical", penalty="ridge", strengths=[1e-3, 10.0], folds=3)
    kept = cv.folds != 0
    fit = ge.fit(X[kept], y[kept], family="categorical", penalty=ge.Ridge(1e-3))
    expected = np.log(fit.predict(X[~kept])[np.arange((~kept).sum()), y[~kept], 0]).mean()
    assert cv.scores.values[0, 0, 0] == pytest.approx(expected, rel=1e-9)
    assert cv.best_strength[0] == 1e-3
    assert 0 < cv.deviance_explained[0] < 1


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"Y": lambda y: y + 0.5}, "not a class number"),
        ({"Y": lambda y: y - 1}, "not a class number"),
        ({"n_classes": 2}, "outside the classes, which are 0 to 1"),
        ({"Y": lambda y: y * 0}, "needs two or more"),
        ({"offset": np.zeros(900)}, "offset"),
        ({"link": "log"}, "cannot use the log link"),
    ],
)
def test_bad_classes_are_refused(classes, options, text):
    X, y = classes
    options = dict(options)
    change = options.pop("Y", lambda y: y)
    with pytest.raises(ge.GlmError, match=text):
        ge.fit(X, change(y), family="categorical", **options)


@pytest.mark.parametrize(
    ("penalty", "text"),
    [
        (ge.GroupLasso(1.0, [[0, 99]]), "names column 99"),
        (ge.Ridge(1.0).on("speed"), "no term 'speed'"),
        (ge.Smoothness(1.0, shape=(5, 5)), "grid of 5 x 5"),
        ("lassoo", "no penalty 'lassoo'"),
    ],
)
def test_penalties_that_do_not_fit_the_design_are_refused(population, penalty, text):
    with pytest.raises(ge.GlmError, match=text):
        ge.fit(*population, penalty=penalty)


# designs made of terms


def test_terms_of_a_design_are_groups_and_know_their_smoothness(small_analysis, small_recording):
    from glmengine.design.prepare import prepare

    prepared = prepare(small_analysis, small_recording)
    design, Y = prepared.design, prepared.counts
    mask = prepared.design.mask(prepared.units)
    sparse = ge.fit(design, Y, penalty=ge.GroupLasso(0.01), mask=mask, unit_names=prepared.units)
    assert sparse.converged.all()
    for unit in range(Y.shape[1]):
        for columns in design.groups.values():
            own = columns if mask is None else columns[mask[columns, unit]]
            assert len({bool(value) for value in sparse.coef[own, unit] != 0}) == 1  # all or nothing
    smooth = ge.Smoothness(0.5).on("head_direction") + ge.Ridge(1e-3).on("place", "history", "coupling")
    fit = ge.fit(design, Y, penalty=smooth, mask=mask)
    assert fit.converged.all()
    hd = design.groups["head_direction"]
    wiggles = [float(w @ difference_matrix((hd.size,), circular=True) @ w) for w in fit.coef[hd].T]
    free = ge.fit(design, Y, penalty=ge.Ridge(1e-3), mask=mask)
    assert all(
        a < b
        for a, b in zip(
            wiggles, [float(w @ difference_matrix((hd.size,), circular=True) @ w) for w in free.coef[hd].T], strict=True
        )
    )


def test_a_basis_without_neighbours_is_not_smoothed(small_recording):
    from glmengine.design.prepare import prepare

    terms = [
        {"kind": "covariate", "factors": [{"variable": "position.x", "basis": {"family": "identity"}}]},
        {"kind": "history", "basis": {"family": "orth_exponential", "window": 0.1}},
    ]
    prepared = prepare(ge.Analysis.from_dict({"time": {"bin_size": 0.02}, "terms": terms}), small_recording)
    mask = prepared.design.mask(prepared.units)
    one = ge.fit(prepared.design, prepared.counts, penalty=ge.Smoothness(10.0) + ge.Ridge(1e-4), mask=mask)
    other = ge.fit(prepared.design, prepared.counts, penalty=ge.Ridge(1e-4), mask=mask)
    np.testing.assert_allclose(one.coef, other.coef, atol=1e-8)


def test_a_sample_of_the_rows_leaves_nothing_behind_for_all_of_them(monkeypatch):
    """Sums of the observations that were made for the sample are not taken for those of all rows."""
    from glmengine.backend import numpy_operations
    from glmengine.solvers import proximal

    rng = np.random.default_rng(3)
    X = rng.normal(size=(20_000, 6))
    y = rng.poisson(np.exp(X @ [0.5, -0.3, 0.0, 0.0, 0.2, 0.0] - 1)).astype(float)
    plain = ge.fit(X, y, penalty=ge.Lasso(1e-2))
    monkeypatch.setattr(numpy_operations, "ELEMENTS", 10)
    monkeypatch.setattr(proximal, "SAMPLED_WORK", 1.0)
    summed = ge.fit(X, y, penalty=ge.Lasso(1e-2))
    assert summed.converged.all()
    np.testing.assert_allclose(summed.coef, plain.coef, atol=1e-8)
    mu = np.exp(X @ summed.coef[:, 0] + summed.intercept[0])
    slope = X.T @ (mu - y) / len(y)
    moving = summed.coef[:, 0] != 0
    np.testing.assert_allclose(slope[moving], -1e-2 * np.sign(summed.coef[moving, 0]), atol=1e-7)
    assert (np.abs(slope[~moving]) <= 1e-2 + 1e-8).all()
