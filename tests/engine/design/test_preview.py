"""Functions of categories as they are drawn: steps around each, also in a product."""

import numpy as np

from glmengine.analysis.terms import Factor
from glmengine.basis import BSpline, Categorical
from glmengine.design.preview import basis_curve, product_image


def test_each_category_is_a_step_around_its_value():
    x, values, _, _ = basis_curve(Categorical(categories=(4.0, 1.0, 2.0)), (1.0, 4.0), 0.01)
    assert (x[0], x[-1]) == (0.5, 4.5)
    np.testing.assert_array_equal(values.sum(axis=1), 1.0)
    np.testing.assert_array_equal(values[:, 0] == 1.0, x > 3.0)  # in the order in which they are given
    np.testing.assert_array_equal(values[:, 1] == 1.0, x <= 1.5)


def test_one_category_and_a_reference():
    x, values, _, _ = basis_curve(Categorical(categories=(7.0,)), None, 0.01)
    assert (x[0], x[-1]) == (6.5, 7.5)
    assert (values == 1.0).all()
    _, others, _, _ = basis_curve(Categorical(categories=(0.0, 1.0, 2.0), reference=True), None, 0.01)
    assert others.shape[1] == 2


def test_a_product_with_categories():
    factors = (
        Factor(variable="odour", basis=Categorical(categories=(0.0, 1.0, 2.0))),
        Factor(variable="x", basis=BSpline(n=5, bounds=(0.0, 10.0))),
    )
    x, y, images = product_image(factors, n=24)
    assert images.shape == (3, 5, 24, 24)
    assert (x[0], x[-1], y[0], y[-1]) == (-0.5, 2.5, 0.0, 10.0)
    first = np.nanmax(np.abs(images[0]), axis=(0, 2))
    np.testing.assert_array_equal(first > 0, x <= 0.5)
