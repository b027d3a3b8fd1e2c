"""Families, links and penalties: derivatives, likelihoods against SciPy, extremes, and refusals."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import scipy.stats as stats
from hypothesis import given
from hypothesis import strategies as st

from glmengine.errors import GlmError
from glmengine.models import (
    FAMILIES,
    ElasticNet,
    GroupLasso,
    Lasso,
    NoPenalty,
    Ridge,
    Smoothness,
    get_family,
    get_link,
    get_penalty,
)
from glmengine.models.penalties import Columns, difference_matrix
from glmengine.models.special_functions import most_likely_shape

PAIRS = [(family.name, link) for family in FAMILIES.values() if family.name != "categorical" for link in family.links]
DISPERSION = 0.7


def observations(family: str, n: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y = rng.poisson(2.0, n).astype(float)
    if family == "bernoulli":
        return (y > 1).astype(float)
    if family == "gaussian":
        return rng.normal(1, 2, n)
    return y + 0.3 if family == "gamma" else y


def predictors(family: str, link: str, n: int = 200) -> np.ndarray:
    eta = np.concatenate([np.random.default_rng(1).normal(0, 2, n), [-12.0, 12.0, -40.0, 25.0]])
    return np.abs(eta) + 0.1 if link in ("identity", "inverse") and family != "gaussian" else eta


@pytest.mark.parametrize(("name", "link"), PAIRS)
def test_derivatives_are_those_of_the_loss(name, link):
    family, link = get_family(name), get_link(link)
    eta = predictors(name, link.name)
    y = observations(name, eta.size)
    step = 1e-6 * np.maximum(1, np.abs(eta))
    loss, score, _, observed = family.evaluate(eta, y, link, DISPERSION)
    above, below = family.evaluate(eta + step, y, link, DISPERSION), family.evaluate(eta - step, y, link, DISPERSION)
    np.testing.assert_allclose((above[0] - below[0]) / (2 * step), score, rtol=1e-6, atol=1e-7 * (1 + np.abs(loss).max() * 1e-3))
    np.testing.assert_allclose(
        (above[1] - below[1]) / (2 * step), observed, rtol=1e-6, atol=1e-6 * (1 + np.abs(score).max() * 1e-3)
    )


@pytest.mark.parametrize(("name", "link"), PAIRS)
def test_expected_curvature_is_the_actual_one_where_the_data_are_the_mean(name, link):
    family, link = get_family(name), get_link(link)
    eta = np.linspace(0.2, 2.0, 7)
    mu = np.asarray(link.mean(eta), float)
    _, score, fisher, observed = family.evaluate(eta, mu, link, DISPERSION)
    np.testing.assert_allclose(score, 0, atol=1e-12)
    np.testing.assert_allclose(fisher, observed, rtol=1e-10)
    slope = link.slopes(eta)[1]
    np.testing.assert_allclose(fisher, family.loss_factor * slope**2 / family.variance(mu, DISPERSION), rtol=1e-10)


@pytest.mark.parametrize(("name", "link"), PAIRS)
def test_loss_and_log_likelihood_differ_by_what_does_not_depend_on_the_mean(name, link):
    family, link = get_family(name), get_link(link)
    eta = np.linspace(0.2, 3.0, 9)
    y = np.full(eta.size, 1.0 if name == "bernoulli" else 3.0)
    loss = family.evaluate(eta, y, link, DISPERSION)[0]
    scale = DISPERSION if name == "negative_binomial" else 1.0
    difference = loss + family.loss_factor * family.log_likelihood(link.mean(eta), y, scale)
    np.testing.assert_allclose(difference, difference[0], atol=1e-11)


def test_log_likelihoods_are_scipys():
    rng = np.random.default_rng(2)
    mu, counts = rng.uniform(0.1, 5, 50), rng.poisson(2, 50).astype(float)
    np.testing.assert_allclose(get_family("poisson").log_likelihood(mu, counts), stats.poisson.logpmf(counts, mu), rtol=1e-10)
    a = 0.4
    reference = stats.nbinom.logpmf(counts, 1 / a, 1 / (1 + a * mu))
    np.testing.assert_allclose(get_family("negative_binomial").log_likelihood(mu, counts, a), reference, rtol=1e-9)
    np.testing.assert_allclose(
        get_family("gaussian").log_likelihood(mu, counts, 2.5), stats.norm.logpdf(counts, mu, np.sqrt(2.5)), rtol=1e-10
    )
    np.testing.assert_allclose(
        get_family("gamma").log_likelihood(mu, counts + 1, 0.3),
        stats.gamma.logpdf(counts + 1, 1 / 0.3, scale=0.3 * mu),
        rtol=1e-9,
    )
    p = rng.uniform(0.01, 0.99, 50)
    np.testing.assert_allclose(
        get_family("bernoulli").log_likelihood(p, (counts > 1) * 1.0), stats.bernoulli.logpmf(counts > 1, p), rtol=1e-10
    )


@pytest.mark.parametrize("name", [name for name in FAMILIES if name != "categorical"])
def test_deviance_is_twice_the_likelihood_lost(name):
    family = get_family(name)
    y = observations(name, 100)
    mu = np.random.default_rng(3).uniform(0.1, 0.9, 100)
    best = np.where(y > 0, y, 1e-300) if name != "gaussian" else y
    scale = DISPERSION if name == "negative_binomial" else 1.0
    lost = 2 * (family.log_likelihood(best, y, scale) - family.log_likelihood(mu, y, scale))
    np.testing.assert_allclose(family.deviance(mu, y, scale), lost, atol=1e-10)


@pytest.mark.parametrize("shape", [0.05, 0.7, 3.0, 50.0, 1e4])
def test_the_shape_of_a_gamma_is_the_most_likely_one(shape):
    from scipy.special import digamma

    assert most_likely_shape(np.log(shape) - digamma(shape)) == pytest.approx(shape, rel=1e-6)


def test_the_shape_of_a_gamma_that_hardly_varies_is_half_its_deviance_turned_over():
    half = np.array([0.0, 1e-14, 1e-10, 1e-6])
    np.testing.assert_allclose(1 / most_likely_shape(half), 2 * half, rtol=1e-6)


def test_a_gamma_without_any_spread_is_infinitely_likely():
    import glmengine as ge

    X, y = np.random.default_rng(0).normal(size=(50, 2)), np.full(50, 2.5)
    assert ge.fit(X, y, family="gamma", link="log", penalty=None).log_likelihood[0] == np.inf
    y[0] += 1e-7
    fit = ge.fit(X, y, family="gamma", link="log", penalty=None)
    signal = ge.fit(X, y, family="gaussian", penalty=None)  # of so small a spread they are the same
    assert fit.log_likelihood[0] == pytest.approx(signal.log_likelihood[0], rel=1e-4)


def test_the_log_likelihood_of_a_gamma_fit_is_the_largest_over_shapes():
    import glmengine as ge

    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 2))
    y = rng.gamma(3.0, np.exp(X[:, 0]) / 3)
    fit = ge.fit(X, y, family="gamma", penalty=NoPenalty())
    mu = fit.predict(X)[:, 0]
    over = [get_family("gamma").log_likelihood(mu, y, 1 / k).sum() for k in np.linspace(2, 4, 2001)]
    assert fit.log_likelihood[0] == pytest.approx(max(over), rel=1e-6)
    assert fit.log_likelihood[0] >= max(over) - 1e-9


def test_nearly_poisson_counts_keep_their_digits():
    rng = np.random.default_rng(4)
    y, mu = rng.poisson(3, 100).astype(float), rng.uniform(1, 5, 100)
    near = get_family("negative_binomial").log_likelihood(mu, y, 1e-9)
    np.testing.assert_allclose(near, get_family("poisson").log_likelihood(mu, y), atol=1e-6)


@pytest.mark.parametrize(("name", "link"), PAIRS)
@pytest.mark.parametrize("extreme", [-1e4, -800.0, 0.0, 800.0, 1e4])
def test_nothing_overflows(name, link, extreme):
    family = get_family(name)
    eta, y = np.full(3, extreme), observations(name, 3)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        values = family.evaluate(eta, y, get_link(link), DISPERSION)
    assert all(np.isfinite(value).all() for value in values)
    assert (0.0 * values[0] == 0).all()


def test_softplus_of_a_large_predictor_is_the_predictor():
    assert get_link("softplus").mean(np.array([1000.0]))[0] == 1000.0
    loss = get_family("poisson").evaluate(np.array([-1000.0]), np.array([2.0]), get_link("softplus"))[0]
    assert loss[0] == pytest.approx(2000.0)


def test_probit_far_out_keeps_its_curvature():
    _, score, fisher, observed = get_family("bernoulli").evaluate(np.array([-50.0]), np.array([1.0]), get_link("probit"))
    assert score[0] == pytest.approx(-50.02, abs=1e-3)
    assert observed[0] == pytest.approx(1.0, abs=1e-3)
    assert fisher[0] >= 0


@pytest.mark.parametrize("name", ["log", "softplus", "logit", "probit", "identity", "inverse"])
@given(st.floats(0.01, 0.99))
def test_links_undo_themselves(name, mu):
    link = get_link(name)
    assert float(link.mean(link.eta(np.array([mu])))[0]) == pytest.approx(mu, rel=1e-10)


def test_jax_gives_the_same_numbers():
    import jax

    for name, link in PAIRS:
        family, link = get_family(name), get_link(link)
        eta = predictors(name, link.name, 30)
        y = observations(name, eta.size)
        with jax.enable_x64(True):
            compiled = jax.jit(lambda eta, y, family=family, link=link: family.evaluate(eta, y, link, DISPERSION))(eta, y)
            for ours, theirs in zip(family.evaluate(eta, y, link, DISPERSION), compiled, strict=True):
                np.testing.assert_allclose(ours, np.asarray(theirs), rtol=1e-9, atol=1e-12)


def test_models_need_no_jax():
    code = "import sys, glmengine.models as m; m.get_penalty('lasso', 1); m.get_family('poisson'); assert not {'jax', 'scipy', 'pandas'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("poisson", -1.0, "negative"),
        ("poisson", 0.5, "whole number"),
        ("negative_binomial", 1.5, "whole number"),
        ("poisson", np.inf, "infinite"),
        ("bernoulli", 2.0, "neither 0 nor 1"),
        ("gamma", 0.0, "not above 0"),
        ("gaussian", -np.inf, "infinite"),
        ("categorical", 1.5, "class number"),
        ("categorical", 7.0, "outside the classes"),
    ],
)
def test_impossible_observations_are_refused_with_unit_and_row(name, value, text):
    y = np.ones((10, 3))
    y[4, 1] = value
    y[5, 0] = np.nan
    options = {"n_classes": 3} if name == "categorical" else {}
    with pytest.raises(GlmError, match=text) as caught:
        get_family(name).check(y, ["a", "b", "c"], **options)
    assert "unit b, row 4" in str(caught.value)


def test_a_refusal_says_how_many_values_of_how_many_units_are_impossible():
    """Of a signal it once said "(and 33230 more)", of what nobody knew."""
    y = np.ones((1200, 4))
    y[:1100, 1] = y[3, 2] = y[3, 3] = -0.5
    for columns, said in (
        (
            [0, 1, 2, 3],
            "unit b, row 0: -0.5 is negative.*; 1,100 of the 1,200 values of unit b are so and some of 2 other units$",
        ),
        ([0, 2, 3], "unit c, row 3: .*; some of 1 other unit are so, too$"),
        ([0, 3], "choose the gaussian family for a signal$"),
    ):
        with pytest.raises(GlmError, match=said):
            get_family("poisson").check(y[:, columns], ["abcd"[at] for at in columns])


def test_missing_observations_are_not_refused():
    for family in FAMILIES.values():
        family.check(np.array([[1.0], [np.nan], [1.0]]), ["u"])


def test_text_is_not_counts():
    with pytest.raises(GlmError, match="must be numbers"):
        get_family("poisson").check(np.array(["a", "b"]))


@pytest.mark.parametrize(
    "make", [lambda: get_family("possion"), lambda: get_link("lgo"), lambda: get_penalty("rigde"), lambda: get_penalty(3)]
)
def test_unknown_names_are_refused_with_the_choices(make):
    with pytest.raises(GlmError, match=r"choose one of|give for example"):
        make()


def test_a_link_that_makes_no_sense_is_refused():
    with pytest.raises(GlmError, match="cannot use the logit link"):
        get_family("poisson").link("logit")
    assert get_family("gamma").link().name == "log"


# penalties


@pytest.mark.parametrize("strength", [-1.0, np.nan, np.inf, "much", None])
@pytest.mark.parametrize("kind", [Ridge, Lasso, ElasticNet, GroupLasso, Smoothness])
def test_bad_strengths_are_refused(kind, strength):
    with pytest.raises(GlmError, match="strength"):
        kind(strength)


def test_bad_ratios_and_groups_are_refused():
    with pytest.raises(GlmError, match="ratio"):
        ElasticNet(1.0, ratio=1.5)
    with pytest.raises(GlmError, match="must not overlap"):
        GroupLasso(1.0, groups=[[0, 1], [1, 2]])
    with pytest.raises(GlmError, match="empty"):
        GroupLasso(1.0, groups=[[0, 1], []])
    with pytest.raises(GlmError, match="column 5"):
        GroupLasso(1.0, groups=[[0, 5]]).resolve(Columns(3))
    with pytest.raises(GlmError, match="no term 'speed'"):
        Ridge(1.0).on("speed").resolve(Columns(3, {"position": np.arange(3)}))
    with pytest.raises(GlmError, match="overlap"):
        (GroupLasso(1.0, [[0, 1]]) + GroupLasso(1.0, [[1, 2]])).resolve(Columns(3))
    with pytest.raises(GlmError, match="grid of 2 x 2"):
        Smoothness(1.0, shape=(2, 2)).resolve(Columns(5))


W = np.array([1.0, -2.0, 0.0, 3.0, 0.5])


@pytest.mark.parametrize(
    ("penalty", "value"),
    [
        (NoPenalty(), 0.0),
        (Ridge(2.0), np.sum(W**2)),
        (Lasso(2.0), 2 * np.sum(np.abs(W))),
        (ElasticNet(2.0, 0.25), 2 * (0.375 * np.sum(W**2) + 0.25 * np.sum(np.abs(W)))),
        (GroupLasso(2.0, [[0, 1], [2, 3, 4]]), 2 * (np.sqrt(2) * np.hypot(1, 2) + np.sqrt(3) * np.sqrt(9.25))),
        (Smoothness(2.0), np.sum(np.diff(W, 2) ** 2)),
        (Smoothness(2.0, circular=True), np.sum((np.roll(W, 1) - 2 * W + np.roll(W, -1)) ** 2)),
        (Ridge(2.0) + Lasso(1.0), np.sum(W**2) + np.sum(np.abs(W))),
    ],
)
def test_values_are_the_formulas(penalty, value):
    resolved = penalty.resolve(Columns(5))
    assert float(resolved.value(W)) == pytest.approx(value)
    np.testing.assert_allclose(resolved.value(np.column_stack([W, 2 * W]))[0], value)
    assert float(penalty.scaled(penalty.strength * 3).resolve(Columns(5)).value(W)) == pytest.approx(3 * value)
    assert float(resolved.times(3.0).value(W)) == pytest.approx(3 * value)


def test_groups_default_to_terms_and_a_mask_means_the_same():
    columns = Columns(5, {"a": np.array([0, 1]), "b": np.array([2, 3, 4])})
    by_terms = GroupLasso(1.0).resolve(columns).value(W)
    mask = np.array([[1, 1, 0, 0, 0], [0, 0, 1, 1, 1]])
    assert (
        GroupLasso(1.0, mask).resolve(columns).value(W)
        == by_terms
        == GroupLasso(1.0, {"x": [0, 1], "y": [2, 3, 4]}).resolve(columns).value(W)
    )


def test_a_penalty_acts_on_its_terms_alone():
    columns = Columns(5, {"a": np.array([0, 1]), "b": np.array([2, 3, 4])})
    mixed = (Ridge(2.0).on("a") + Lasso(1.0).on("b")).resolve(columns)
    assert float(mixed.value(W)) == pytest.approx(5 + 3.5)
    assert not mixed.is_smooth
    assert (Ridge(1.0) + Smoothness(1.0)).is_smooth


def test_standardised_penalties_do_not_see_the_unit_of_measure():
    scales = np.array([1.0, 10.0, 1e3, 1e-3, 5.0])
    for penalty in (
        Ridge(2.0, standardised=True),
        Lasso(1.0, standardised=True),
        GroupLasso(1.0, [[0, 1], [2, 3, 4]], standardised=True),
    ):
        scaled = penalty.resolve(Columns(5, scales=scales)).value(W / scales)
        assert scaled == pytest.approx(float(penalty.resolve(Columns(5, scales=np.ones(5))).value(W)))


def test_smoothness_of_a_design_asks_the_terms():
    columns = Columns(
        5, {"a": np.array([0, 1, 2]), "b": np.array([3, 4])}, smoothness=lambda label: np.eye(3) if label == "a" else None
    )
    np.testing.assert_array_equal(Smoothness(2.0).resolve(columns).quadratic, np.diag([2.0, 2, 2, 0, 0]))


def test_two_dimensional_smoothness_is_the_sum_over_both_axes():
    rng = np.random.default_rng(5)
    grid = rng.normal(size=(4, 6))
    expected = np.sum(np.diff(grid, 2, axis=0) ** 2) * 2 + np.sum((np.roll(grid, 1, 1) - 2 * grid + np.roll(grid, -1, 1)) ** 2)
    matrix = difference_matrix((4, 6), circular=(False, True), axes=(2.0, 1.0))
    assert grid.ravel() @ matrix @ grid.ravel() == pytest.approx(expected)


@given(st.integers(1, 12), st.booleans())
def test_straight_lines_and_constants_are_smooth(n, circular):
    matrix = difference_matrix((n,), circular)
    np.testing.assert_allclose(matrix @ np.ones(n), 0, atol=1e-12)
    if not circular:
        np.testing.assert_allclose(matrix @ np.arange(n), 0, atol=1e-9)
    assert np.linalg.eigvalsh(matrix).min() > -1e-9


@pytest.mark.parametrize(
    "make",
    [
        lambda: ElasticNet(1.0, ratio="half"),
        lambda: ElasticNet(1.0, ratio=None),
        lambda: GroupLasso(1.0, groups=5),
        lambda: Smoothness(1.0, shape="ab"),
        lambda: Smoothness(1.0, shape=(2.5, 2)),
        lambda: Smoothness(1.0, shape=(0,)),
    ],
)
def test_options_of_penalties_that_are_no_numbers_are_refused(make):
    with pytest.raises(GlmError, match=r"^penalty: .*give"):
        make()


def test_a_grid_along_one_axis_may_be_one_number():
    assert Smoothness(1.0, shape=5) == Smoothness(1.0, shape=(5,))
