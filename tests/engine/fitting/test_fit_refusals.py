"""What a fit is asked for that cannot be: each refused in one sentence that says where, and never with a bare error of another library."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine import cross_validate
from glmengine.errors import GlmError
from glmengine.fitting.fit import fit

RNG = np.random.default_rng(4)
X = RNG.normal(size=(60, 3))
Y = RNG.poisson(1.0, size=60)
CLASSES = Y % 3


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: fit([[1, 2], [3]], [1, 2]), "X: its rows are of different lengths"),
        (lambda: fit(X, Y, strength="a"), "strength: 'a' is not a number"),
        (lambda: fit(X, Y, strength=[None]), "strength: is nan"),
        (lambda: fit(X, Y, unit_names=5), "unit_names: is 5"),
        (lambda: fit(X, Y, unit_names="abc"), "unit_names: is 'abc'"),
        (lambda: fit(X, Y, memory="2 GB"), "memory: is '2 GB'"),
        (lambda: fit(X, Y, memory=None), "memory: is None"),
        (lambda: fit(X, Y, intercept="no"), "intercept: is 'no'"),
        (lambda: fit(X, Y, intercept=None), "intercept: is None"),
        (lambda: fit(X, Y, start=5), "start: is int"),
        (lambda: fit(X, Y, start=(1, 2, 3)), "start: is tuple"),
        (lambda: fit(X, Y, start=(["a", "b", "c"], 0.0)), "start: is tuple"),
        (lambda: fit(X, Y, start=(np.zeros(2), 0.0)), r"start: has shapes \(2,\)"),
        (lambda: fit(X, CLASSES, "categorical", start=(1, 2)), r"start: has shapes \(\)"),
        (lambda: fit(X, CLASSES, "categorical", start=(np.zeros((2, 3, 1)), np.zeros((3, 1)))), r"start: .* give coefficients"),
        *((lambda n=n: fit(X, CLASSES, "categorical", n_classes=n), "n_classes: is") for n in (1, 0, -3, 2.5, "a", float("nan"))),
        (lambda: cross_validate(X, CLASSES, "categorical", n_classes=2.5), "n_classes: is 2.5"),
        (lambda: fit(X, np.full(60, 10**9), "categorical"), "would be 1000000001 classes"),
        *((lambda f=f: cross_validate(X, Y, folds=f), "folds: .* not a whole number") for f in ("a", None, 2.5, True)),
        (lambda: cross_validate(X, Y, folds=np.full(60, "a")), "folds: fold numbers must be whole"),
        (lambda: cross_validate(X, Y, folds=np.zeros(60, int)), "folds: all valid rows are in one fold"),
    ],
)
def test_bad_options_are_refused_in_one_sentence(call, says):
    with pytest.raises(GlmError, match=says):
        call()


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda f: f.covariance(5), "there is no unit 5; there are 1"),
        (lambda f: f.covariance(1.5), "there is no unit 1.5"),
        (lambda f: f.covariance(True), "there is no unit True"),
        (lambda f: f.covariance("b"), "there is no unit 'b'; the units are a"),
        (lambda f: f.predict(X[:, :2]), "X: has 2 columns; give rows with the 3"),
        (lambda f: f.predict("abc"), "X: must hold numbers"),
        (lambda f: f.predict(None), "X: is a single number"),
        (lambda f: f.predict(X[0]), "X: has 1 dimensions"),
    ],
)
@pytest.mark.parametrize("family", ["poisson", "categorical"])
def test_bad_questions_to_a_fit_are_refused_in_one_sentence(ask, says, family):
    found = fit(X, Y if family == "poisson" else CLASSES, family, unit_names=["a"])
    with pytest.raises(GlmError, match=says):
        ask(found)


def test_bad_questions_of_tests_and_offsets():
    found = fit(X, Y)
    with pytest.raises(GlmError, match="offset: has shape"):
        found.predict(X, offset=[1.0, 2.0])
    with pytest.raises(GlmError, match=r"there is no column 0\.5"):
        found.wald([[0.5]])
    with pytest.raises(GlmError, match="int is not a fit"):
        found.likelihood_ratio(5)


def test_units_are_found_from_the_end_and_by_any_integer_and_names_are_text():
    found = fit(X, np.column_stack([Y, Y[::-1]]), unit_names=[7, 8])
    assert found.unit_names == ("7", "8")
    last = found.covariance(1)
    assert np.isfinite(last).all()
    assert np.array_equal(found.covariance(-1), last)
    assert np.array_equal(found.covariance("8"), last)
    assert np.array_equal(found.covariance(np.int32(1)), last)


def test_one_column_may_be_given_as_a_plain_list_to_predict_too():
    found = fit(X[:, 0], Y)
    assert np.array_equal(found.predict(X[:, 0]), found.predict(X[:, :1]))
    assert found.predict(X[:5, 0].tolist()).shape == (5, 1)
