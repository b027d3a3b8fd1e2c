"""The same objective as NeMoS: fits, penalties and populations; and each defect found in it as a test that passes here."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import glmengine as ge
from glmengine.models import get_family
from glmengine.models.penalties import Columns

nmo = pytest.importorskip("nemos")

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402

from tests.clock import processor_seconds  # noqa: E402
from tests.peers.fitting_data import P, assert_no_worse, assert_same_coefficients, classes, simulate  # noqa: E402

NAMES = {
    "poisson": "Poisson",
    "bernoulli": "Bernoulli",
    "gaussian": "Gaussian",
    "gamma": "Gamma",
    "negative_binomial": "NegativeBinomial",
}
LINKS = {
    "log": jnp.exp,
    "softplus": jax.nn.softplus,
    "logit": jax.nn.sigmoid,
    "probit": jax.scipy.stats.norm.cdf,
    "identity": lambda x: x,
}
SMOOTH = {"solver_name": "BFGS", "solver_kwargs": {"tol": 1e-10, "maxiter": 5000}}
PROXIMAL = {"solver_name": "ProximalGradient", "solver_kwargs": {"tol": 1e-10, "maxiter": 20000}}


def nemos(family, link, X, y, scale=1.0, kind=None, **options):
    """NeMoS in float64."""
    with jax.enable_x64(True), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = (
            nmo.observation_models.NegativeBinomialObservations(scale=scale) if family == "negative_binomial" else NAMES[family]
        )
        made = (kind or nmo.glm.GLM)(observation_model=model, inverse_link_function=LINKS[link], **options).fit(
            jnp.asarray(X), jnp.asarray(y)
        )
        return np.asarray(made.coef_), np.asarray(made.intercept_)


def objective(family, link, X, y, penalty, coef, intercept, dispersion=1.0):
    kind = get_family(family)
    return float(
        np.mean(kind.evaluate(X @ coef + intercept, y, kind.link(link), dispersion)[0])
        + penalty.resolve(Columns(X.shape[1])).value(coef)
    )


@pytest.mark.parametrize(
    ("family", "link"),
    [
        ("poisson", "log"),
        ("poisson", "softplus"),
        ("bernoulli", "logit"),
        ("bernoulli", "probit"),
        ("gaussian", "identity"),
        ("gamma", "log"),
        ("negative_binomial", "log"),
    ],
)
@pytest.mark.parametrize("strength", [0.0, 0.03])
def test_smooth_fits_are_the_same(family, link, strength):
    X, y = simulate(family, link)
    ours = ge.fit(X, y, family=family, link=link, penalty=ge.Ridge(strength) if strength else ge.NoPenalty())
    scale = float(ours.dispersion[0]) if family == "negative_binomial" else 1.0
    options = {"regularizer": "Ridge", "regularizer_strength": strength} if strength else {"regularizer": "UnRegularized"}
    coef, intercept = nemos(family, link, X, y, scale, **options, **SMOOTH)
    assert ours.converged.all()
    assert_same_coefficients(ours, coef, intercept)


GROUPS = [[0, 1], [2, 3, 4]]


@pytest.mark.parametrize(
    ("family", "link"), [("poisson", "log"), ("poisson", "softplus"), ("bernoulli", "logit"), ("gaussian", "identity")]
)
@pytest.mark.parametrize("kind", ["lasso", "elastic net", "group lasso"])
def test_sparse_fits_have_no_larger_objective(family, link, kind):
    X, y = simulate(family, link)
    X = X - X.mean(axis=0)  # or its proximal gradient does not arrive
    if kind == "lasso":
        penalty, options = ge.Lasso(0.05), {"regularizer": "Lasso", "regularizer_strength": 0.05}
    elif kind == "elastic net":
        penalty, options = ge.ElasticNet(0.05, 0.4), {"regularizer": "ElasticNet", "regularizer_strength": (0.05, 0.4)}
    else:
        mask = np.zeros((2, P))
        for number, group in enumerate(GROUPS):
            mask[number, group] = 1
        penalty = ge.GroupLasso(0.05, GROUPS)
        options = {"regularizer": nmo.regularizer.GroupLasso(mask=mask), "regularizer_strength": 0.05}
    ours = ge.fit(X, y, family=family, link=link, penalty=penalty)
    coef, intercept = nemos(family, link, X, y, **options, **PROXIMAL)
    assert ours.converged.all()
    mine = objective(family, link, X, y, penalty, ours.coef[:, 0], ours.intercept[0])
    theirs = objective(family, link, X, y, penalty, coef, intercept)
    assert mine == pytest.approx(ours.objective[0], rel=1e-12)
    assert_no_worse(mine, theirs)
    assert mine == pytest.approx(theirs, abs=1e-7)  # and it is the same objective
    np.testing.assert_allclose(ours.coef[:, 0], coef, atol=1e-4)


def test_a_population_is_the_same():
    X, _ = simulate("poisson")
    rng = np.random.default_rng(4)
    Y = rng.poisson(np.exp(X @ rng.normal(0, 0.2, (P, 3)))).astype(float)
    ours = ge.fit(X, Y, penalty=ge.Ridge(0.01))
    coef, intercept = nemos(
        "poisson", "log", X, Y, kind=nmo.glm.PopulationGLM, regularizer="Ridge", regularizer_strength=0.01, **SMOOTH
    )
    np.testing.assert_allclose(ours.coef, coef, atol=1e-7)
    np.testing.assert_allclose(ours.intercept, intercept, atol=1e-7)


def test_classes_are_the_same_probabilities():
    X, y = classes()
    ours = ge.fit(X, y, family="categorical", penalty=ge.Ridge(0.02))
    with jax.enable_x64(True), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = nmo.glm.ClassifierGLM(n_classes=4, regularizer="Ridge", regularizer_strength=0.02, **SMOOTH).fit(
            jnp.asarray(X), jnp.asarray(y)
        )
        theirs = np.exp(np.asarray(model.predict_proba(jnp.asarray(X), return_type="log-proba")))
    eta = X @ ours.coef[:, :, 0] + ours.intercept[:, 0]
    mine = np.exp(eta - eta.max(axis=1, keepdims=True))
    mine /= mine.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(mine, theirs, atol=1e-7)


# What was found wrong in NeMoS 0.2.8, right here.


@pytest.mark.parametrize("penalty", [ge.NoPenalty(), ge.Ridge(1e-6)], ids=["none", "ridge"])
def test_covariates_of_standard_deviation_100_are_fitted(penalty):
    X, y = simulate("poisson")
    scales = np.array([100.0, 1e4, 1.0, 1e-3, 1e6])
    ours = ge.fit(X * scales, y, penalty=penalty)
    assert ours.converged.all()
    reference = ge.fit(X, y, penalty=ge.NoPenalty())
    if penalty == ge.NoPenalty():
        np.testing.assert_allclose(ours.coef[:, 0] * scales, reference.coef[:, 0], rtol=1e-7)
    mine = objective("poisson", "log", X * scales, y, penalty, ours.coef[:, 0], ours.intercept[0])
    assert_no_worse(
        mine, objective("poisson", "log", X * scales, y, penalty, reference.coef[:, 0] / scales, reference.intercept[0])
    )


def test_a_second_fit_of_a_similar_shape_compiles_nothing():
    X, y = simulate("poisson")
    ge.fit(X[:1400], y[:1400])
    compiled = []

    def listen(name: str, *_: object, **__: object) -> None:
        if name.endswith("backend_compile_duration"):
            compiled.append(name)

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        ge.fit(X[:1300], y[:1300], penalty=ge.Ridge(1e-3))
        assert not compiled
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)


def test_a_grid_search_does_not_compile_every_fit():
    from sklearn.model_selection import GridSearchCV

    X, y = simulate("poisson")
    ge.GLM(family="poisson").fit(X[:1200], y[:1200])
    spent = processor_seconds()
    GridSearchCV(ge.GLM(family="poisson"), {"strength": [1e-4, 1e-3, 1e-2, 1e-1]}, cv=5).fit(X, y)
    assert processor_seconds() - spent < 20  # two processors; NeMoS takes 29 s by the clock


@pytest.mark.parametrize("family", ["poisson", "gaussian", "gamma"])
def test_rows_with_nan_do_not_count(family):
    X, y = simulate(family)
    spoiled_X, spoiled_y = X.copy(), y.copy()
    spoiled_X[::7, 2] = np.nan
    spoiled_y[::5] = np.nan
    kept = np.isfinite(spoiled_y) & np.isfinite(spoiled_X).all(axis=1)
    ours, clean = (ge.fit(a, b, family=family, penalty=ge.NoPenalty()) for a, b in ((spoiled_X, spoiled_y), (X[kept], y[kept])))
    np.testing.assert_allclose(ours.coef, clean.coef, rtol=1e-9)
    assert ours.n_valid[0] == kept.sum()
    for name in ("log_likelihood", "deviance", "dispersion", "aic", "edf"):
        np.testing.assert_allclose(getattr(ours, name), getattr(clean, name), rtol=1e-9)


def test_one_silent_or_missing_or_wild_unit_spoils_no_other():
    X, y = simulate("poisson")
    rng = np.random.default_rng(6)
    Y = np.column_stack([y, np.zeros(y.size), np.full(y.size, np.nan), rng.poisson(500, y.size)])
    ours = ge.fit(X, Y, penalty=ge.NoPenalty())
    alone = ge.fit(X, y, penalty=ge.NoPenalty())
    np.testing.assert_allclose(ours.coef[:, 0], alone.coef[:, 0], rtol=1e-9)
    assert list(ours.status[:3]) == ["ok", "silent", "no data"]
    assert ours.status[3] == "ok"
    assert not ours.coef[:, 1].any()
    assert ours.intercept[1] == -np.inf
    assert np.isnan(ours.coef[:, 2]).all()


def test_lasso_arrives_before_its_iteration_limit():
    X, y = simulate("poisson")
    ours = ge.fit(X + 3, y, penalty=ge.Lasso(1e-3))
    assert ours.converged.all()
    assert ours.iterations.max() < 50


def test_softplus_does_not_overflow():
    X, y = simulate("poisson", "softplus")
    X[0, 0] = 2000.0
    y[0] = 800.0
    ours = ge.fit(X, y, link="softplus", penalty=ge.NoPenalty())
    assert np.isfinite(ours.coef).all()
    assert ours.converged.all()


def test_a_unit_does_not_depend_on_who_else_is_recorded():
    X, _ = simulate("poisson")
    rng = np.random.default_rng(9)
    Y = rng.poisson(np.exp(X @ rng.normal(0, 0.3, (P, 6)) * [1, 1, 1, 1, 1, 3])).astype(float)
    together = ge.fit(X, Y, penalty=ge.Ridge(1e-3))
    for unit in range(6):
        alone = ge.fit(X, Y[:, unit], penalty=ge.Ridge(1e-3))
        size = np.maximum(np.abs(alone.coef[:, 0]), alone.standard_errors[:, 0])
        assert np.max(np.abs(together.coef[:, unit] - alone.coef[:, 0]) / size) < 1e-6


def test_bounds_are_those_of_the_training_data():
    """A basis without bounds takes them from the data it is first given, and keeps them."""
    rng = np.random.default_rng(3)
    train, test = rng.uniform(0, 1, 500), rng.uniform(0.2, 0.8, 100)
    frozen = ge.basis.BSpline(n=6).frozen(train)
    inside = ge.basis.BSpline(n=6, bounds=(train.min(), train.max())).evaluate(test)
    np.testing.assert_allclose(frozen.evaluate(test), inside, atol=1e-12)


def test_a_product_of_fourier_bases_holds_every_orientation():
    rng = np.random.default_rng(4)
    x, y = rng.uniform(0, 1, (2, 400))
    one = ge.basis.Fourier(n=1, bounds=(0.0, 1.0))
    a, b = one.evaluate(x), one.evaluate(y)
    columns = [np.ones((400, 1)), a, b, (a[:, :, None] * b[:, None, :]).reshape(400, -1)]
    target = np.cos(2 * np.pi * (x - y))
    design = np.column_stack(columns)
    left = target - design @ np.linalg.lstsq(design, target, rcond=None)[0]
    assert np.abs(left).max() < 1e-8
