"""Starts: inside the link's domain, and the best of several where the likelihood is not concave."""

import numpy as np
import pytest

import glmengine as ge
from glmengine.models.penalties import Columns


def test_the_best_of_the_starts_is_kept_for_each_unit():
    # sum (y - exp(b x))^2 has two minima: descent from 0 ends in the worse one for the first unit, in the only one for the second
    x = np.array([-1.088, -1.245, 0.561])[:, None]
    Y = np.array([[2.81, 1.901, 4.95], np.exp([-1.088, -1.245, 0.561])]).T
    fit = ge.fit(x, Y, "gaussian", "log", penalty=None, intercept=False, unit_names=("two", "one"))
    grid = np.linspace(-6, 6, 20001)
    loss = np.mean((Y[:, 0, None] - np.exp(x * grid)) ** 2, axis=0)
    assert fit.coef[0, 0] == pytest.approx(grid[np.argmin(loss)], abs=1e-3)
    assert fit.objective[0] == pytest.approx(loss.min(), rel=1e-6)
    assert fit.starts.tolist() == ["least squares", "mean"]
    assert fit.coef[0, 1] == pytest.approx(1.0)
    assert fit.converged.all()
    [note] = fit.notes
    assert "'least squares' for two" in note
    assert "'mean' for one" in note
    alone = ge.fit(x, Y[:, 0], "gaussian", "log", penalty=None, intercept=False)
    assert alone.coef[0, 0] == pytest.approx(fit.coef[0, 0], rel=1e-9)


def test_a_start_given_is_one_of_several():
    x = np.array([-1.088, -1.245, 0.561])[:, None]
    y = np.array([2.81, 1.901, 4.95])
    worse = (np.array([[-0.55]]), np.zeros(1))
    fit = ge.fit(x, y, "gaussian", "log", penalty=None, intercept=False, start=worse)
    assert fit.starts.tolist() == ["least squares"]
    assert fit.coef[0, 0] > 2
    best = ge.fit(x, y, "gaussian", "log", penalty=None, intercept=False, start=fit)
    assert best.starts.tolist() == ["given"]
    assert best.coef == pytest.approx(fit.coef, rel=1e-8)


def test_concave_likelihoods_have_one_start():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2))
    fit = ge.fit(X, rng.poisson(1.0, 200))
    assert fit.starts.tolist() == [""]
    assert not fit.notes


@pytest.mark.parametrize("penalty", [None, ge.Ridge(1e-3), ge.Lasso(1e-2)], ids=["none", "ridge", "lasso"])
@pytest.mark.parametrize("link", ["log", "softplus"])
def test_signals_below_zero_have_a_fit_with_a_positive_mean(link, penalty):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(600, 2))
    Y = np.exp(X @ [[1.0, 0.5], [-0.5, 0.2]]) + rng.normal(size=(600, 2)) - [3.0, 0.0]
    assert Y[:, 0].mean() < 0
    fit = ge.fit(X, Y, "gaussian", link, penalty=penalty)
    assert fit.converged.all(), fit.status
    assert np.isfinite(fit.standard_errors[fit.coef != 0]).all()
    rng = np.random.default_rng(2)
    mean, losses = fit.assembly.link.mean, []
    for size in (0.0, *np.full(40, 1e-2)):
        coef, ends = fit.coef + size * rng.normal(size=(2, 2)), fit.intercept + size * rng.normal(size=2)
        loss = np.mean((Y - mean(X @ coef + ends)) ** 2, axis=0)
        losses.append(loss if penalty is None else loss + penalty.resolve(Columns(2)).value(coef))
    assert fit.objective == pytest.approx(losses[0], rel=1e-10)
    assert (np.array(losses[1:]) > losses[0]).all()


@pytest.mark.parametrize(("family", "link"), [("poisson", "identity"), ("gamma", "identity"), ("gamma", "inverse")])
def test_without_an_intercept_the_start_is_looked_for_in_the_domain(family, link):
    rng = np.random.default_rng(3)
    X = np.column_stack([rng.normal(size=2000), rng.uniform(0.5, 1.5, 2000), rng.normal(size=2000)])
    eta = np.maximum(X @ [0.1, 2.0, -0.1], 0.3)
    mean = eta if link == "identity" else 1 / eta
    y = rng.poisson(mean) if family == "poisson" else rng.gamma(5.0, mean / 5.0)
    fit = ge.fit(X, y, family, link, penalty=None, intercept=False)
    assert fit.converged.all()
    assert (X @ fit.coef > 0).all()
    assert fit.coef[:, 0] == pytest.approx([0.1, 2.0, -0.1], abs=0.1)
    with_it = ge.fit(X, y, family, link, penalty=None)
    assert with_it.objective[0] <= fit.objective[0] + 1e-12


def test_an_offset_below_zero_is_no_obstacle_to_the_identity_link():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(500, 1))
    offset = rng.uniform(-5, 0, 500)
    y = rng.poisson(np.maximum(offset + 8.0, 0.1)).astype(float)
    fit = ge.fit(x, y, "poisson", "identity", penalty=None, offset=offset)
    assert fit.converged.all()
    assert fit.intercept[0] == pytest.approx(8.0, abs=0.5)


def test_where_no_mean_can_be_above_zero_it_is_said():
    x = np.array([-1.0, 1.0, -1.0, 1.0])[:, None]
    fit = ge.fit(x, np.array([1.0, 2.0, 3.0, 1.0]), "gamma", "identity", penalty=None, intercept=False)
    assert not fit.converged.any()
    assert fit.status.tolist() == ["stopped"]
    assert any("mean above 0" in note and "add an intercept" in note for note in fit.notes)


def test_the_dispersion_begins_at_two_ends():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(800, 2))
    y = rng.poisson(rng.gamma(0.4, 2.5, 800) * np.exp(0.3 * X[:, 0])).astype(float)
    fit = ge.fit(X, y, "negative_binomial", penalty=None)
    assert fit.starts[0] in ("mean", "poisson")
    assert "2 starts" in fit.solver
    assert fit.converged.all()
    assert fit.dispersion[0] == pytest.approx(2.5, rel=0.2)


def test_cross_validation_and_cancelling():
    rng = np.random.default_rng(6)
    X = rng.normal(size=(400, 2))
    y = np.exp(X @ [0.5, -0.3]) + 0.3 * rng.normal(size=400) - 0.5
    found = ge.cross_validate(X, y, "gaussian", "log", strengths=[1e-3, 1e-1], folds=4)
    assert found.converged.all()
    fold = found.folds == 2
    alone = ge.fit(X[~fold], y[~fold], "gaussian", "log", penalty=ge.Ridge(1e-3))
    held = np.mean((y[fold] - alone.predict(X[fold])[:, 0]) ** 2)
    assert float(found.deviance.sel(fold=2, strength=1e-3)[0]) / fold.sum() == pytest.approx(held, rel=1e-8)

    class Impatient(ge.Context):
        def __init__(self, left):
            self.left = left

        def check(self):
            self.left -= 1
            if self.left < 0:
                raise ge.Cancelled

    for left in (3, 12, 20):
        with pytest.raises(ge.Cancelled):
            ge.fit(X, y, "gaussian", "log", context=Impatient(left))


def test_a_best_fit_at_the_border_of_the_domain_is_approached_and_said():
    # no count where x = -1: the likelihood rises until the mean there is 0, which is not inside
    x = np.repeat([-1.0, 0.0, 1.0], 50)[:, None]
    y = np.tile([0.0, 3.0, 6.0], (50, 1)).T.ravel()
    fit = ge.fit(x, y, "poisson", "identity", penalty=None)
    assert fit.coef[0, 0] == pytest.approx(3.0, abs=1e-4)
    assert fit.intercept[0] == pytest.approx(3.0, abs=1e-4)
    assert fit.converged[0] or any("choose the log or softplus link" in note for note in fit.notes)
    # a class without a count: its coefficient, from a start far inside, goes to 0 and not to where the loss is only flat
    X = np.eye(3)[np.arange(300) % 3]
    counts = np.array([0, 2, 5])[np.arange(300) % 3]
    alone = ge.fit(X, counts, "poisson", "identity", penalty=None, intercept=False)
    assert alone.coef[:, 0] == pytest.approx([0.0, 2.0, 5.0], abs=1e-9)
    assert alone.objective[0] == pytest.approx(np.mean([0.0, 2 - 2 * np.log(2), 5 - 5 * np.log(5)]))


def test_columns_that_are_not_determined_are_named_by_their_terms(small_recording):
    from glmengine.analysis.analysis import Analysis

    terms = [
        {"kind": "covariate", "factors": [{"variable": f"position.{axis}", "basis": {"family": "b_spline", "n": 6}}]}
        for axis in "xy"
    ]
    analysis = Analysis.from_dict({"time": {"bin_size": 0.02}, "terms": terms, "model": {"penalty": "none"}})
    result = ge.run(analysis, small_recording)
    [note] = [note for note in result.notes if "Not determined" in note]
    assert "all 6 of 'position.x', all 6 of 'position.y'." in note
    assert result.standard_errors.isnull().all()
    for curves in result.curves.values():
        assert np.isfinite(curves["effect_low"]).all()


@pytest.mark.parametrize(("family", "link"), [("gaussian", "log"), ("poisson", "identity"), ("gamma", "softplus")])
def test_units_with_columns_of_their_own_have_the_same_starts_as_alone(family, link):
    rng = np.random.default_rng(6)
    T, M, H, P = 900, 8, 3, 5
    shared, own = rng.random((T, P)), rng.random((T, M * H))
    mean = 0.4 + shared @ rng.random((P, M)) * 0.4 + np.stack([own[:, m * H] * 0.5 for m in range(M)], axis=1)
    Y = {"gaussian": lambda: mean + 0.3 * rng.normal(size=mean.shape), "poisson": lambda: rng.poisson(mean)}.get(
        family, lambda: rng.gamma(3.0, mean / 3)
    )()
    mask = np.vstack([np.ones((P, M), bool), np.repeat(np.eye(M, dtype=bool), H, axis=0)])
    X = np.column_stack([shared, own])
    options = {"family": family, "link": link, "penalty": ge.Ridge(1e-3)}
    together = ge.fit(X, Y.astype(float), mask=mask, **options)
    assert together.converged.all()
    for m in range(M):
        kept = mask[:, m]
        alone = ge.fit(X[:, kept], Y[:, m].astype(float), **options)
        np.testing.assert_allclose(together.predict(X)[:, m], alone.predict(X[:, kept])[:, 0], rtol=1e-7)


def test_where_no_mean_can_be_above_zero_nothing_is_called_separated():
    rng = np.random.default_rng(0)
    fit = ge.fit(rng.normal(size=(300, 8)), rng.poisson(1.0, 300), "poisson", "identity", None, intercept=False, solver="newton")
    assert fit.status.tolist() == ["stopped"]
    assert not any("without limit" in note for note in fit.notes)
