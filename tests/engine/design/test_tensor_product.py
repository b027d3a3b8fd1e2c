"""Joint tuning: products of any number of bases, waves of every orientation, and penalties along each axis."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glmengine as ge
from glmengine.analysis.analysis import Analysis, Time
from glmengine.analysis.terms import CovariateTerm, Factor
from glmengine.analysis.time_grid import make_grid
from glmengine.design.blocks.term import ProductBlock
from glmengine.design.build import build_design
from glmengine.design.preview import feature_preview, product_image
from glmengine.design.tensor_product import axis_penalties, joint_columns, joint_indices, n_joint
from glmengine.recording.binned import count_spikes

B = ge.basis


def factors(*bases):
    return tuple(Factor(variable=name, basis=basis) for name, basis in zip("abcd", bases, strict=False))


def left_over(columns, target):
    """Largest part of the target that the columns and a constant do not make."""
    X = np.column_stack([np.ones(len(columns)), columns])
    return np.abs(target - X @ np.linalg.lstsq(X, target, rcond=None)[0]).max()


@settings(max_examples=40, deadline=None)
@given(kx=st.integers(-3, 3), ky=st.integers(-3, 3), phase=st.floats(0, 6.28), seed=st.integers(0, 999))
def test_a_product_of_fourier_bases_holds_waves_of_every_orientation(kx, ky, phase, seed):
    """Among them cos 2 pi (x - y) and cos 2 pi (x + y), and those along one axis alone."""
    x, y = np.random.default_rng(seed).uniform(0, 1, (2, 400))
    columns = joint_columns(factors(B.Fourier(n=3, bounds=(0, 1)), B.Fourier(n=3, bounds=(0, 1))), (x, y))
    assert left_over(columns, np.cos(2 * np.pi * (kx * x + ky * y) + phase)) < 1e-10


@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("sizes", [(1, 1), (2, 3), (1, 2, 1)])
def test_no_column_of_a_fourier_product_follows_from_the_others(sizes, constant):
    made = factors(*(B.Fourier(n=n, bounds=(0, 1), constant=constant) for n in sizes))
    samples = np.random.default_rng(0).uniform(0, 1, (len(sizes), 3000))
    columns = joint_columns(made, samples)
    assert columns.shape[1] == n_joint(made) == len(joint_indices(made)) == np.prod([2 * n + 1 for n in sizes]) - 1
    assert np.linalg.matrix_rank(np.column_stack([np.ones(3000), columns])) == columns.shape[1] + 1


def test_one_fourier_factor_is_as_its_settings_say():
    made = factors(B.Fourier(n=2, bounds=(0, 1)), B.BSpline(n=4, bounds=(0, 1)))
    assert n_joint(made) == 4 * 4
    assert n_joint(factors(B.Fourier(n=2))) == 4
    assert n_joint(factors(B.Fourier(n=2, constant=True))) == 5
    # with a third variable nothing else holds, the constants are kept: they are the tuning to that variable alone
    three = factors(B.Fourier(n=1), B.Fourier(n=1), B.BSpline(n=4, bounds=(0, 1)))
    assert n_joint(three) == 3 * 3 * 4


@pytest.mark.parametrize(
    "bases",
    [
        (B.BSpline(n=5, bounds=(0, 1)), B.CyclicBSpline(n=4, bounds=(0, 1)), B.RaisedCosineLinear(n=3, bounds=(0, 1))),
        (B.BSpline(n=4, bounds=(0, 1)), B.Identity(), B.Polynomial(n=2, bounds=(0, 1)), B.Boxcar(n=3, bounds=(0, 1))),
    ],
)
def test_products_of_many_factors_and_their_penalties_follow_the_plain_formula(bases):
    made = factors(*bases)
    samples = np.random.default_rng(1).uniform(0, 1, (len(bases), 50))
    parts = [basis.evaluate(x) for basis, x in zip(bases, samples, strict=True)]
    columns, indices = joint_columns(made, samples), joint_indices(made)
    for column, index in enumerate(indices):
        expected = np.prod([part[:, i] for part, i in zip(parts, index, strict=True)], axis=0)
        np.testing.assert_allclose(columns[:, column], expected, atol=1e-14)
    shape = [basis.n_functions for basis in bases]
    weights = np.random.default_rng(2).normal(size=shape)
    for axis, (basis, penalty) in enumerate(zip(bases, axis_penalties(made), strict=True)):
        if basis.penalty_matrix() is None:
            assert not penalty.any()
            continue
        along = np.moveaxis(weights, axis, 0)
        bent = np.roll(along, -1, 0) - 2 * along + np.roll(along, 1, 0) if basis.circular else np.diff(along, n=2, axis=0)
        np.testing.assert_allclose(weights.ravel() @ penalty @ weights.ravel(), np.sum(bent**2), rtol=1e-12)


def test_waves_are_penalised_by_the_fourth_power_of_their_periods_along_each_axis():
    made = factors(B.Fourier(n=2), B.Fourier(n=1))
    total = sum(axis_penalties(made))
    assert total.shape == (14, 14)
    periods = ([0, 1, 2, 1, 2], [0, 1, 1])
    expected = [periods[0][i] ** 4 + periods[1][j] ** 4 for i, j in joint_indices(made)]
    np.testing.assert_allclose(total, np.diag(expected), atol=1e-14)
    assert (np.diagonal(total) > 0).all(), "every wave is held, so that a smooth fit has one answer"


FAMILIES = [
    B.BSpline(n=6, bounds=(0, 1)),
    B.BSpline(n=6, placement="quantiles"),
    B.MSpline(n=6, bounds=(0, 1)),
    B.NaturalSpline(n=5, bounds=(0, 1)),
    B.RaisedCosineLinear(n=5, bounds=(0, 1)),
    B.RaisedCosineLog(n=5, bounds=(0, 1)),
    B.CyclicBSpline(n=6, bounds=(0, 1)),
    B.Boxcar(n=4, bounds=(0, 1)),
]


@pytest.mark.parametrize("basis", FAMILIES, ids=lambda basis: f"{basis.family}-{getattr(basis, 'placement', '')}")
def test_the_penalty_of_a_basis_is_the_dense_formula(basis):
    n = basis.n_functions
    differences = np.zeros((n if basis.circular else n - 2, n))
    for row in range(len(differences)):
        middle = row if basis.circular else row + 1
        for step, weight in ((-1, 1.0), (0, -2.0), (1, 1.0)):
            differences[row, (middle + step) % n] += weight
    np.testing.assert_allclose(basis.penalty_matrix(), differences.T @ differences, atol=1e-14)


@pytest.fixture(scope="module")
def solid(small_recording):
    term = CovariateTerm(
        name="solid",
        factors=(
            Factor(variable="position.x", basis=B.BSpline(n=4)),
            Factor(variable="position.y", basis=B.BSpline(n=4)),
            Factor(variable="head_direction", basis=B.CyclicBSpline(n=4)),
        ),
    )
    analysis = Analysis(time=Time(bin_size=0.02), terms=(term,))
    return term, build_design(
        analysis, small_recording, make_grid(analysis.time, small_recording), unit_names=small_recording.unit_names
    )


def test_three_variables_make_one_term(solid, small_recording):
    term, design = solid
    assert design.shape[1] == 64
    assert list(design.columns.index[[0, -1]]) == ["solid[0,0,0]", "solid[3,3,3]"]
    np.testing.assert_allclose(design.dense()[design.valid].sum(axis=1), 1.0, atol=1e-10)
    penalty = design.penalty_matrix("solid")
    np.testing.assert_allclose(penalty, sum(design.axis_penalties("solid")), atol=1e-12)
    np.testing.assert_allclose(penalty @ np.ones(64), 0.0, atol=1e-12)
    times, values, labels = feature_preview(term, small_recording, Time(bin_size=0.02), seconds=2.0)
    assert values.shape == (len(times), len(labels)) == (len(times), 64)
    _, _, images = product_image(term.factors, n=10, ranges=((0.0, 100.0), (0.0, 100.0)))
    assert images.shape == (4, 4, 10, 10)


def test_a_product_is_defined_where_each_of_its_variables_is(solid):
    term, design = solid
    samples = [x.copy() for x in design.blocks[0]._samples]
    samples[0][:40], samples[2][30:60], samples[1][100] = np.nan, np.nan, 1e6
    block = ProductBlock(term.with_(factors=design.terms[0].factors), samples)
    known = np.isfinite(block.chunk(0, 300)).all(axis=1)
    np.testing.assert_array_equal(block.defined(0, 300), known)
    assert not known[:60].any()
    assert not known[100]
    assert known[150:].any()


def test_a_smooth_fit_of_three_variables_ends_at_its_optimum(solid, small_recording):
    _, design = solid
    counts = count_spikes(small_recording, design.grid)
    fit = ge.fit(design, counts, penalty=ge.Smoothness(1e-3), unit_names=small_recording.unit_names)
    assert fit.converged.all()
    assert np.isfinite(fit.coef).all()


def test_the_image_of_a_fourier_product_leaves_the_constant_blank():
    _, _, images = product_image(factors(B.Fourier(n=1), B.Fourier(n=1)), n=8)
    assert images.shape == (3, 3, 8, 8)
    assert np.isnan(images[0, 0]).all()
    assert np.isfinite(images.reshape(9, -1)[1:]).all()


@settings(max_examples=30, deadline=None)
@given(which=st.integers(0, len(FAMILIES) - 1), seed=st.integers(0, 999), bounds=st.booleans())
def test_features_frozen_on_one_half_are_the_same_on_the_other(which, seed, bounds):
    """Whatever company a sample is in, the kept basis makes the same numbers of it."""
    basis = FAMILIES[which] if bounds else FAMILIES[which].with_(bounds=None)
    x = np.random.default_rng(seed).normal(0.5, 0.2, 300)
    kept = basis.frozen(x[:150])
    assert kept.frozen(x) == kept
    whole = kept.evaluate(x)
    np.testing.assert_array_equal(kept.evaluate(x[150:]), whole[150:])
    np.testing.assert_array_equal(kept.evaluate(x[::-1]), whole[::-1])
    np.testing.assert_array_equal(kept.evaluate(x[7:8]), whole[7:8])
