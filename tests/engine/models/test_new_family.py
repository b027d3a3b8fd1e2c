"""A family that is one new file, of its log-likelihood alone: fitted, cross-validated, and offered by the window."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import glmengine as ge
from glmengine.models import FAMILIES, Family, get_family, get_link
from glmengine.models.likelihood_derivatives import derivatives, variance_of_mean
from tests.engine.models.inverse_gaussian_family import InverseGaussian

IN_A_NEW_PROCESS = """
import numpy as np, typing
import glmengine as ge
from glmengine.analysis.analysis import Model

assert "inverse_gaussian" in typing.get_args(Model.model_fields["family"].annotation)
rng = np.random.default_rng(2)
X = rng.normal(size=(600, 2))
y = rng.wald(np.exp(0.5 + X @ [0.3, -0.2]), 4.0)
fit = ge.fit(X, y, family="inverse_gaussian", penalty=None)
assert fit.converged.all() and np.allclose(fit.coef[:, 0], [0.3, -0.2], atol=0.1), fit.coef
cv = ge.cross_validate(X, y, family="inverse_gaussian", strengths=[1e-4, 1e-2])
assert np.isfinite(cv.scores.values).all() and cv.converged.values.all()

from qtpy.QtWidgets import QApplication, QComboBox
from glmgui.forms.form import SpecForm
app = QApplication([])
form = SpecForm(Model)
offered = {box.itemData(i) for box in form.findChildren(QComboBox) for i in range(box.count())}
assert {"poisson", "inverse_gaussian"} <= offered, offered
print("offered")
"""


def data(n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(n, 3))
    return X, rng.wald(np.exp(0.4 + X @ [0.3, -0.2, 0.1]), 3.0)


def test_inverse_gaussian_is_what_statsmodels_fits():
    sm = pytest.importorskip("statsmodels.api")
    X, y = data()
    fit = ge.fit(X, y, family=InverseGaussian(), penalty=None)
    family = sm.families.InverseGaussian(sm.families.links.Log())
    other = sm.GLM(y, sm.add_constant(X), family=family).fit(tol=1e-14, maxiter=200)
    assert fit.converged.all()
    np.testing.assert_allclose(np.r_[fit.intercept, fit.coef[:, 0]], other.params, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(np.r_[fit.intercept_se, fit.standard_errors[:, 0]], other.bse, rtol=1e-6)
    np.testing.assert_allclose([fit.deviance[0], fit.null_deviance[0]], [other.deviance, other.null_deviance], rtol=1e-6)
    np.testing.assert_allclose(fit.dispersion, other.scale, rtol=1e-6)
    n = len(y)
    np.testing.assert_allclose(fit.log_likelihood, family.loglike(y, other.fittedvalues, scale=other.deviance / n), rtol=1e-6)


def test_it_is_cross_validated_penalised_and_followed_along_a_path():
    X, y = data()
    cv = ge.cross_validate(X, np.column_stack([y, y[::-1]]), family=InverseGaussian(), strengths=[1e-4, 1e-2], folds=4)
    assert cv.converged.values.all()
    assert np.isfinite(cv.scores.values).all()
    assert np.isnan(cv.bits_per_spike).all()
    path = ge.fit_path(X, y, family=InverseGaussian(), penalty="lasso", strengths=[1e-1, 1e-3])
    assert path.converged.all()
    assert path.n_nonzero[0, 0] < 3


def test_a_missing_observation_and_one_that_cannot_be():
    X, y = data()
    gap = y.copy()
    gap[5] = np.nan
    fit = ge.fit(X, gap, family=InverseGaussian(), penalty=None)
    keep = np.arange(len(y)) != 5
    np.testing.assert_allclose(fit.coef, ge.fit(X[keep], y[keep], family=InverseGaussian(), penalty=None).coef, rtol=1e-8)
    y[3] = 0.0
    with pytest.raises(ge.GlmError, match="row 3: 0 is not above 0"):
        ge.fit(X, y, family=InverseGaussian())


OBSERVED = {
    "poisson": lambda rng: rng.poisson(2.0, (4, 30)).astype(float),
    "negative_binomial": lambda rng: rng.poisson(2.0, (4, 30)).astype(float),
    "bernoulli": lambda rng: rng.integers(0, 2, (4, 30)).astype(float),
    "gaussian": lambda rng: rng.normal(size=(4, 30)),
    "gamma": lambda rng: rng.gamma(2.0, size=(4, 30)),
}


@pytest.mark.parametrize(("name", "link"), [(name, link) for name in OBSERVED for link in FAMILIES[name].links])
def test_derivatives_made_automatically_are_those_written_by_hand(name, link):
    rng = np.random.default_rng(3)
    family, link = get_family(name), get_link(link)
    eta, y = rng.normal(size=(4, 30)), OBSERVED[name](rng)
    dispersion = np.full((4, 1), 0.7) if family.estimates_dispersion else None
    eta = np.abs(eta) + 0.05 if family.bounds_predictor(link) else eta
    by_hand, made = family.evaluate(eta, y, link, dispersion), derivatives(family, eta, y, link, dispersion)
    for ours, theirs in zip(made[1:], by_hand[1:], strict=True):
        np.testing.assert_allclose(ours, np.broadcast_to(theirs, ours.shape), rtol=1e-9, atol=1e-10)
    shift = made[0] - by_hand[0]  # what depends on the observations alone
    np.testing.assert_allclose(
        shift,
        derivatives(family, eta + 0.3, y, link, dispersion)[0] - family.evaluate(eta + 0.3, y, link, dispersion)[0],
        atol=1e-10,
    )
    mu = np.asarray(link.mean(eta))
    np.testing.assert_allclose(variance_of_mean(family, mu, dispersion), family.variance(mu, dispersion), rtol=1e-9)
    np.testing.assert_allclose(Family.deviance(family, mu, y, dispersion), family.deviance(mu, y, dispersion), atol=1e-9)


def test_far_ends_give_a_large_finite_loss():
    link = get_link("log")
    for number in InverseGaussian().evaluate(np.array([-2000.0, -400.0, 400.0, 2000.0]), np.ones(4), link):
        assert np.isfinite(number).all()


def test_one_new_file_is_all_that_the_program_needs(tmp_path):
    root = Path(ge.__file__).parents[1]
    for package in ("glmengine", "glmgui"):
        shutil.copytree(root / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(Path(__file__).with_name("inverse_gaussian_family.py"), tmp_path / "glmengine" / "models")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run([sys.executable, "-c", IN_A_NEW_PROCESS], env=environment, capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.strip().endswith("offered"), done.stderr[-3000:]
