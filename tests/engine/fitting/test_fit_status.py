"""What a fit says of itself: separation, stopping, cancelling, rank, and input that it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from glmengine.context import CallbackContext
from glmengine.errors import Cancelled, GlmError
from glmengine.fitting.fit import fit
from glmengine.models import Ridge


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(21)
    X = rng.normal(size=(2000, 4))
    Y = rng.poisson(np.exp(X @ (0.3 * rng.normal(size=(4, 2))) - 1.0)).astype(float)
    return X, Y


def test_a_unit_that_is_separated_is_named_and_the_other_is_not_touched(data):
    X, Y = data
    hot = (X[:, 0] > 0).astype(float)
    design = np.column_stack([X[:, 1:], hot])
    quiet = Y.copy()
    quiet[hot == 1, 1] = 0  # never a spike where the indicator is on: its coefficient has no finite optimum
    found = fit(design, quiet, penalty=None, unit_names=["fine", "split"])
    assert found.status.tolist() == ["ok", "separated"]
    assert found.converged.tolist() == [True, False]
    assert any("split" in note for note in found.notes)
    alone = fit(design, quiet[:, 0], penalty=None)
    assert np.allclose(alone.coef[:, 0], found.coef[:, 0], atol=1e-8)
    assert fit(design, quiet, penalty=Ridge(1e-4)).converged.all()


def test_perfectly_separated_classes_are_named(data):
    X, _ = data
    y = (X[:, 0] > 0.1).astype(float)
    assert fit(X, y, "bernoulli", penalty=None).status[0] == "separated"
    assert fit(X, y, "bernoulli", penalty=Ridge(1e-3)).status[0] == "ok"


def test_a_rare_but_informative_column_is_not_separated(data):
    X, Y = data
    rare = np.zeros(len(X))
    rare[[5, 900]] = 1.0
    y = Y[:, 0].copy()
    y[5] = 3
    assert fit(np.column_stack([X, rare]), y, penalty=None).status[0] == "ok"


def test_a_constant_column_is_left_out_with_a_note(data):
    X, Y = data
    table = pd.DataFrame(np.column_stack([X, np.full(len(X), 3.7)]), columns=["a", "b", "c", "d", "flat"])
    for penalty in (None, Ridge(1e-3)):
        found = fit(table, Y, penalty=penalty)
        assert found.converged.all()
        assert (found.coef[4] == 0).all()
        assert np.isnan(found.standard_errors[4]).all()
        assert np.isfinite(found.standard_errors[:4]).all()
        assert np.isfinite(found.intercept_se).all()
        assert any("constant" in note and "flat" in note for note in found.notes)
        assert np.allclose(found.coef[:4], fit(X, Y, penalty=penalty).coef, atol=1e-9)
    assert fit(table, Y, penalty=None, intercept=False).coef[4].all()  # it stands for the intercept


def test_coefficients_beyond_a_mask_are_zero_and_the_rest_as_if_alone(data):
    X, Y = data
    mask = np.array([[1, 0], [1, 1], [0, 1], [1, 1]], bool)
    found = fit(X, Y, penalty=Ridge(1e-3), mask=mask)
    for unit in range(2):
        alone = fit(X[:, mask[:, unit]], Y[:, unit], penalty=Ridge(1e-3))
        assert np.allclose(found.coef[mask[:, unit], unit], alone.coef[:, 0], atol=1e-9)
        assert np.allclose(found.standard_errors[mask[:, unit], unit], alone.standard_errors[:, 0], rtol=1e-8)
        assert (found.coef[~mask[:, unit], unit] == 0).all()
        assert found.edf[unit] == pytest.approx(alone.edf[0], rel=1e-9)


def test_units_with_a_few_columns_of_their_own_are_solved_on_those(data):
    X, _ = data
    rng = np.random.default_rng(3)
    blocks = rng.normal(size=(len(X), 40))
    Y = rng.poisson(np.exp(0.2 * blocks[:, ::10] - 1)).astype(float)
    mask = np.zeros((40, 4), bool)
    for unit in range(4):
        mask[10 * unit : 10 * unit + 10, unit] = True
    found = fit(blocks, Y, penalty=Ridge(1e-4), mask=mask)
    assert [part.columns.shape for part in found.parts] == [(4, 10)]  # together, each on its own
    assert found.converged.all()
    alone = fit(blocks[:, 20:30], Y[:, 2], penalty=Ridge(1e-4))
    assert np.allclose(found.coef[20:30, 2], alone.coef[:, 0], atol=1e-10)
    assert np.allclose(found.covariance(2)[np.ix_([0, *range(21, 31)], [0, *range(21, 31)])], alone.covariance(0), rtol=1e-7)


def test_a_strength_for_each_unit(data):
    X, Y = data
    found = fit(X, Y, penalty="ridge", strength=[1e-5, 1.0])
    for unit, strength in enumerate([1e-5, 1.0]):
        assert np.allclose(found.coef[:, unit], fit(X, Y[:, unit], penalty=Ridge(strength)).coef[:, 0], atol=1e-9)
    assert found.strength.tolist() == [1e-5, 1.0]


def test_stopping_keeps_what_there_is_and_never_calls_it_converged(data):
    X, Y = data
    found = fit(X, Y, context=CallbackContext(stopped=lambda: True))
    assert not found.converged.any()
    assert found.status.tolist() == ["stopped", "stopped"]
    assert np.isfinite(found.coef).all()


@pytest.mark.parametrize("penalty", ["none", "ridge"])
def test_stopping_before_a_unit_of_classes_leaves_it_at_the_shares(data, penalty):
    X = data[0]
    labels = np.random.default_rng(0).choice([0, 1, 3], p=[0.5, 0.3, 0.2], size=(len(X), 3))
    found = fit(X, labels, family="categorical", penalty=penalty, n_classes=4, context=CallbackContext(stopped=lambda: True))
    assert found.status.tolist() == ["stopped"] * 3
    assert not found.coef[..., 1:].any()
    for unit in (1, 2):
        raised = np.exp(found.intercept[:, unit])
        assert np.allclose(raised / raised.sum(), np.bincount(labels[:, unit], minlength=4) / len(X), rtol=1e-12)
    present = found.intercept[[0, 1, 3]]
    assert np.allclose(present[-1] if penalty == "none" else present.mean(axis=0), 0.0, atol=1e-12)


def test_cancelling_raises_and_progress_goes_forward(data):
    X, Y = data
    seen = []
    fit(X, Y, context=CallbackContext(on_progress=seen.append))
    fractions = [progress.fraction for progress in seen]
    assert fractions[-1] == 1.0
    assert all(0 <= fraction <= 1 for fraction in fractions)
    with pytest.raises(Cancelled):
        fit(X, Y, context=CallbackContext(cancelled=lambda: True))


def test_a_warm_start_at_the_optimum_takes_no_step(data):
    X, Y = data
    first = fit(X, Y)
    again = fit(X, Y, start=first)
    assert again.iterations.max() <= 1
    assert np.allclose(first.coef, again.coef, atol=1e-8)


def test_labels_are_kept_whatever_the_container(data):
    X, Y = data
    plain = fit(X, Y)
    frame = fit(pd.DataFrame(X, columns=list("abcd")), pd.DataFrame(Y, columns=["u", "v"]))
    assert frame.feature_names == ("a", "b", "c", "d")
    assert frame.unit_names == ("u", "v")
    labelled = fit(
        xr.DataArray(X, {"feature": list("abcd")}, ("time", "feature")),
        xr.DataArray(Y, {"unit": ["u", "v"]}, ("time", "unit")),
    )
    assert labelled.unit_names == ("u", "v")
    import pynapple as nap

    times = np.arange(len(X)) * 0.01
    napped = fit(nap.TsdFrame(times, X, columns=list("abcd")), nap.TsdFrame(times, Y, columns=["u", "v"]))
    assert napped.feature_names == ("a", "b", "c", "d")
    for other in (frame, labelled, napped):
        assert np.array_equal(plain.coef, other.coef)


def test_the_callers_precision_is_left_alone(data):
    import jax
    import jax.numpy as jnp

    before = jnp.ones(1).dtype
    X, Y = data
    with jax.enable_x64(False):
        found = fit(jnp.asarray(X[:200], jnp.float32), Y[:200])
        assert jnp.ones(1).dtype == jnp.float32
    assert found.coef.dtype == np.float64
    assert found.converged.all()
    assert jnp.ones(1).dtype == before


BAD = [
    (lambda X, Y: fit(X[:-1], Y), "1999 rows"),
    (lambda X, Y: fit(X, -Y), "negative"),
    (lambda X, Y: fit(X, Y + 0.5), "not a whole number"),
    (lambda X, Y: fit(np.where(X > 3, np.inf, X), Y), "infinite"),
    (lambda X, Y: fit(X, Y, penalty=Ridge(-1.0)), "strength"),
    (lambda X, Y: fit(X, Y, strength=[1.0, -1.0]), "strength"),
    (lambda X, Y: fit(X, Y, strength=[1.0, 2.0, 3.0]), "shape"),
    (lambda X, Y: fit(X, Y, weights=-np.ones(len(X))), "weights"),
    (lambda X, Y: fit(X, Y, weights=np.ones(7)), "weights"),
    (lambda X, Y: fit(X, Y, offset=np.full(len(X), np.nan)), "offset"),
    (lambda X, Y: fit(X, Y, mask=np.ones((3, 2))), "mask"),
    (lambda X, Y: fit(X, Y, family="binormal"), "family"),
    (lambda X, Y: fit(X, Y, link="logit"), "logit"),
    (lambda X, Y: fit(X, Y, solver="magic"), "solver"),
    (lambda X, Y: fit(X, Y, penalty="bridge"), "penalty"),
    (lambda X, Y: fit(X, np.full(len(X), "a")), "numbers"),
    (lambda X, Y: fit(X, Y, "bernoulli"), "neither 0 nor 1"),
    (lambda X, Y: fit(X[:0], Y[:0]), "no rows"),
    (lambda X, Y: fit(X, Y, start=(np.zeros((3, 2)), np.zeros(2))), "start"),
]


@pytest.mark.parametrize("case", range(len(BAD)))
def test_input_that_cannot_be_fitted_is_refused_in_one_sentence(data, case):
    call, words = BAD[case]
    with pytest.raises(GlmError) as caught:
        call(*data)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("scale", [1e6, 1e12])
@pytest.mark.parametrize("link", ["identity", "inverse"])
def test_steps_that_are_long_only_in_the_unit_of_the_observations_are_no_separation(link, scale):
    rng = np.random.default_rng(1)
    for _ in range(3):
        X = np.abs(rng.normal(size=(500, 4)))
        y = rng.gamma(2, 1 / (0.5 + X @ [0.2, 0.1, 0.3, 0.1]) / 2)
        plain = fit(X, y, "gamma", link, penalty=None, solver="newton")
        factor = scale if link == "identity" else 1 / scale
        other = fit(X, y * factor, "gamma", link, penalty=None, solver="newton")
        assert other.status.tolist() == plain.status.tolist() == ["ok"]
        assert np.allclose(other.coef / scale, plain.coef, rtol=1e-6)


def test_a_column_without_a_value_is_named():
    X = np.random.default_rng(0).normal(size=(40_000, 3))
    X[:, 1] = np.nan
    X[::2, 2] = np.nan
    found = fit(X, np.ones((40_000, 2)))
    assert found.status.tolist() == ["no data", "no data"]
    assert found.notes == ("Units 0, 1: no valid bin, since column 'x1' of X has no value in any row; leave out what has none.",)
