"""Basis families by the properties that define them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glmengine as ge
from glmengine.basis import allow_code, forbid_code
from glmengine.errors import GlmError

basis = ge.basis
WINDOW = 0.2
BIN = 0.01
KERNELS = [
    basis.BSpline(n=6, window=WINDOW),
    basis.MSpline(n=6, window=WINDOW),
    basis.NaturalSpline(n=5, window=WINDOW),
    basis.CyclicBSpline(n=6, window=WINDOW),
    basis.RaisedCosineLog(n=5, window=WINDOW),
    basis.RaisedCosineLinear(n=5, window=WINDOW),
    basis.OrthExponential(decay_rates=(1.0, 4.0, 16.0), window=WINDOW),
    basis.Laguerre(n=4, window=WINDOW),
    basis.Boxcar(n=4, window=WINDOW),
    basis.Fourier(n=2, window=WINDOW),
    basis.History(window=WINDOW),
]


def names(members):
    return [member.family for member in members]


@settings(max_examples=40, deadline=None)
@given(
    order=st.integers(1, 6),
    extra=st.integers(0, 12),
    low=st.floats(-1e3, 1e3),
    width=st.floats(0.01, 1e3),
    seed=st.integers(0, 99),
)
def test_b_splines_sum_to_one_and_are_local(order, extra, low, width, seed):
    made = basis.BSpline(n=order + extra, order=order, bounds=(low, low + width))
    values = made.evaluate(low + width * np.random.default_rng(seed).random(50))
    known = np.isfinite(values).all(axis=1)  # rounding may put a sample a hair outside
    assert known.sum() >= 48
    np.testing.assert_allclose(values[known].sum(axis=1), 1.0, atol=1e-10)
    assert ((values[known] > 0).sum(axis=1) <= order).all()


@settings(max_examples=30, deadline=None)
@given(order=st.integers(2, 6), extra=st.integers(0, 12), turns=st.integers(-3, 3), seed=st.integers(0, 99))
def test_cyclic_b_splines_repeat_with_their_period_and_sum_to_one(order, extra, turns, seed):
    made = basis.CyclicBSpline(n=order + extra, order=order)
    x = np.random.default_rng(seed).uniform(0.01, 6.27, 40)
    values = made.evaluate(x)
    np.testing.assert_allclose(values.sum(axis=1), 1.0, atol=1e-10)
    np.testing.assert_allclose(made.evaluate(x + turns * 2 * np.pi), values, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(order=st.integers(1, 5), extra=st.integers(0, 8), seed=st.integers(0, 99))
def test_splines_reproduce_polynomials_below_their_order(order, extra, seed):
    rng = np.random.default_rng(seed)
    x = np.linspace(-2.0, 3.0, 200)
    target = np.polynomial.Polynomial(rng.normal(size=order))(x)
    columns = basis.BSpline(n=order + extra, order=order, bounds=(-2.0, 3.0)).evaluate(x)
    left = target - columns @ np.linalg.lstsq(columns, target, rcond=None)[0]
    assert np.abs(left).max() < 1e-9 * max(1.0, np.abs(target).max())


@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 8), turns=st.integers(-3, 3), low=st.floats(-10, 10), period=st.floats(0.1, 50), seed=st.integers(0, 99))
def test_waves_repeat_with_their_period(n, turns, low, period, seed):
    made = basis.Fourier(n=n, bounds=(low, low + period))
    x = low + period * np.random.default_rng(seed).uniform(0.01, 0.99, 40)
    np.testing.assert_allclose(made.evaluate(x + turns * period), made.evaluate(x), atol=1e-8)


@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 12), seed=st.integers(0, 99))
def test_boxes_sum_to_one_and_each_sample_lies_in_one(n, seed):
    values = basis.Boxcar(n=n, bounds=(-1.0, 1.0)).evaluate(np.random.default_rng(seed).uniform(-1, 1, 60))
    assert (np.count_nonzero(values, axis=1) == 1).all()
    np.testing.assert_array_equal(values.sum(axis=1), 1.0)


@settings(max_examples=30, deadline=None)
@given(order=st.integers(2, 5), extra=st.integers(3, 12), seed=st.integers(0, 99))
def test_cyclic_splines_and_raised_cosines_are_local(order, extra, seed):
    u = np.random.default_rng(seed).uniform(0, 1, 50)
    cyclic = basis.CyclicBSpline(n=order + extra, order=order, bounds=(0, 1)).evaluate(u)
    assert ((cyclic > 1e-12).sum(axis=1) <= order).all()
    bumps = basis.RaisedCosineLinear(n=order + extra, bounds=(0, 1)).evaluate(u)
    assert ((bumps > 1e-12).sum(axis=1) <= 4).all()


@settings(max_examples=25, deadline=None)
@given(which=st.integers(0, len(KERNELS) - 1), seed=st.integers(0, 999), shift=st.integers(1, 30), scale=st.floats(-5, 5))
def test_every_kernel_is_linear_and_moves_with_its_input(which, seed, shift, scale):
    rng, made = np.random.default_rng(seed), KERNELS[which]
    one, other = rng.poisson(0.2, 200).astype(float), rng.normal(size=200)
    first = made.convolve(one, BIN)
    np.testing.assert_allclose(made.convolve(one + scale * other, BIN), first + scale * made.convolve(other, BIN), atol=1e-10)
    moved = made.convolve(np.concatenate([np.zeros(shift), one[:-shift]]), BIN)
    full = made.length(BIN)
    np.testing.assert_allclose(moved[full + shift :], first[full : 200 - shift], atol=1e-12)


def test_natural_splines_are_straight_at_the_ends_and_hold_the_value_at_each_knot():
    made = basis.NaturalSpline(n=6, bounds=(0.0, 10.0))
    np.testing.assert_allclose(made.evaluate(np.linspace(0, 10, 6)), np.eye(6), atol=1e-12)
    step = 1e-3
    for end in (0.0, 10.0 - 2 * step):
        points = made.evaluate(end + step * np.arange(3))
        assert np.abs(points[0] - 2 * points[1] + points[2]).max() < 1e-6 * step


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (-3.0, 17.0)])
def test_m_splines_integrate_to_one_over_their_bounds(bounds):
    x = np.linspace(*bounds, 20001)
    areas = np.trapezoid(basis.MSpline(n=7, bounds=bounds).evaluate(x), x, axis=0)
    np.testing.assert_allclose(areas, 1.0, atol=1e-4)


def test_exponentials_are_orthonormal_and_the_same_for_any_data():
    made = basis.OrthExponential(decay_rates=(1.0, 3.0, 9.0), bounds=(0.0, 2.0))
    grid = np.linspace(0.0, 2.0, 1001)
    np.testing.assert_allclose(made.evaluate(grid).T @ made.evaluate(grid) / 1001, np.eye(3), atol=1e-9)
    some = np.array([0.1, 0.7])
    np.testing.assert_array_equal(made.evaluate(some), made.evaluate(np.append(some, 1.9))[:2])


def test_laguerre_functions_are_orthonormal():
    u = np.linspace(0, 1, 20001)
    values = basis.Laguerre(n=4, decay=40.0, bounds=(0.0, 1.0)).evaluate(u)
    np.testing.assert_allclose(np.trapezoid(values[:, :, None] * values[:, None, :], u, axis=0), np.eye(4), atol=2e-3)


def test_categories_are_one_hot_and_unknown_ones_are_left_out():
    made = basis.Categorical().frozen(np.array([3.0, 1.0, np.nan, 3.0]))
    assert made.categories == (1.0, 3.0)
    np.testing.assert_array_equal(made.evaluate(np.array([1.0, 3.0])), np.eye(2))
    assert np.isnan(made.evaluate(np.array([2.0, np.nan]))).all()
    assert made.with_(reference=True).evaluate(np.array([3.0])).tolist() == [[1.0]]


def test_outside_the_bounds_is_invalid_or_clamped():
    x = np.array([-1.0, 0.0, 0.5, 1.0, 2.0, np.nan])
    values = basis.BSpline(n=5, bounds=(0.0, 1.0)).evaluate(x)
    assert np.isnan(values).all(axis=1).tolist() == [True, False, False, False, True, True]
    clamped = basis.BSpline(n=5, bounds=(0.0, 1.0), outside="clamped").evaluate(x)
    np.testing.assert_array_equal(clamped[[0, 4]], clamped[[1, 3]])
    assert np.isnan(clamped[5]).all()


def test_quantile_knots_are_taken_once_and_kept():
    rng = np.random.default_rng(2)
    train, test = rng.exponential(size=1000), rng.exponential(size=50)
    frozen = basis.BSpline(n=8, placement="quantiles", bounds=(0.0, 20.0)).frozen(train)
    np.testing.assert_allclose(frozen.inner_knots, np.quantile(train, np.linspace(0, 1, 6)[1:-1]))
    np.testing.assert_array_equal(frozen.frozen(test).evaluate(test), frozen.evaluate(test))


@pytest.mark.parametrize("made", KERNELS, ids=names(KERNELS))
@pytest.mark.parametrize(
    "options",
    [{}, {"present": True}, {"delay": 0.03}, {"direction": "acausal"}, {"direction": "anti_causal"}],
    ids=["causal", "present", "delay", "acausal", "anti_causal"],
)
def test_convolution_is_the_sum_over_lags_within_each_epoch(made, options):
    made = made.with_(**options)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(130, 2))
    epochs = np.array([[0.0, 0.7], [0.7, 1.3]])  # touching
    columns = made.convolve(x, BIN, epochs)
    lags, kernel = made.kernel(BIN)
    expected = np.full((130, 2, kernel.shape[1]), np.nan)
    for low, high in ((0, 70), (70, 130)):
        for row in range(low, high):
            if row - lags.max() >= low and row - lags.min() < high:
                expected[row] = 0.0
                for lag, weights in zip(lags, kernel, strict=True):
                    expected[row] += x[row - lag][:, None] * weights
    np.testing.assert_allclose(columns, expected.reshape(130, -1), atol=1e-12 * max(1.0, np.abs(kernel).max() * len(lags)))


def test_the_window_is_strictly_past_by_default():
    x = np.zeros(50)
    x[20] = 1.0
    columns = basis.History(window=0.05).convolve(x, BIN)
    assert np.flatnonzero(columns.any(axis=1) & np.isfinite(columns).all(axis=1)).tolist() == [21, 22, 23, 24, 25]


def test_smoothness_of_splines_knows_straight_lines_and_circles():
    line = basis.BSpline(n=7).penalty_matrix()
    np.testing.assert_allclose(line @ np.arange(7.0), 0.0, atol=1e-12)
    circle = basis.CyclicBSpline(n=7).penalty_matrix()
    np.testing.assert_allclose(circle @ np.ones(7), 0.0, atol=1e-12)
    assert np.linalg.matrix_rank(circle) == 6
    assert basis.Categorical().penalty_matrix() is None


@pytest.mark.parametrize(
    ("make", "field", "words"),
    [
        (lambda: basis.BSpline(n=3), "n", "too few"),
        (lambda: basis.CyclicBSpline(n=3), "n", "too few"),
        (lambda: basis.BSpline(bounds=(1.0, 0.0)), "bounds", "reversed"),
        (lambda: basis.BSpline(n=6, placement="given", inner_knots=(0.5,), bounds=(0.0, 1.0)), "inner_knots", "inner knots"),
        (lambda: basis.BSpline(n=6, placement="given", inner_knots=(0.5, 2.0), bounds=(0.0, 1.0)), "inner_knots", "inside"),
        (lambda: basis.OrthExponential(decay_rates=(1.0, 1.0)), "decay_rates", "different"),
        (lambda: basis.BSpline().kernel(BIN), "window", "window"),
        (lambda: basis.RaisedCosineLog(window=0.004).kernel(BIN), "window", "shorter than a bin"),
        (lambda: basis.Boxcar(n=9, window=0.05).kernel(BIN), "n", "boxes"),
        (lambda: basis.Identity().kernel(BIN), "family", "past"),
        (lambda: basis.Categorical().frozen(np.arange(1000.0)), "categories", "too many"),
        (lambda: basis.BSpline().evaluate(np.ones(5)), "bounds", "different values"),
        (lambda: basis.Custom(function="os.system"), "function", "package.module:function"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(make, field, words):
    with pytest.raises(GlmError, match=words) as caught:
        make()
    assert caught.value.field == field


def test_custom_code_runs_only_when_allowed():
    made = basis.Custom(function="numpy:sqrt", n=1, bounds=(0.0, 4.0))
    forbid_code()
    with pytest.raises(GlmError, match="allow-code") as caught:
        made.evaluate(np.array([4.0]))
    assert caught.value.field == "function"
    try:
        allow_code("numpy:sqrt")
        np.testing.assert_allclose(made.evaluate(np.array([4.0, 1.0, np.nan])), [[2.0], [1.0], [np.nan]])
        with pytest.raises(GlmError, match="shape"):
            made.with_(n=2).evaluate(np.array([4.0]))
    finally:
        forbid_code()
