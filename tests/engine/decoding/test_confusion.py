"""The confusion matrix of what was decoded, and which variables of a model can be."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from glmengine.analysis.default_terms import field_term, filter_term, history_term, tuning_term
from glmengine.decoding.candidates import decodable
from glmengine.decoding.confusion import confusion
from glmengine.decoding.decode import Decoded
from glmengine.errors import GlmError


def decoded(true, estimate):
    values = xr.Dataset(
        {"true": (("time", "variable"), np.c_[true]), "estimate": (("time", "variable"), np.c_[estimate])},
        {"time": np.arange(len(true), dtype=float), "variable": ["x"]},
    )
    return Decoded(values, values["true"].isel(variable=0), None, 0.0, 1.0, False)


def test_what_is_decoded_as_it_was_lies_on_the_diagonal():
    x = np.random.default_rng(1).uniform(0, 100, 4000)
    found = confusion(decoded(x, x), "x", bins=10)
    assert found["share"].shape == (10, 10)
    np.testing.assert_array_equal(found["share"].values, np.eye(10))
    assert int(found["n_bins"].sum()) == 4000


def test_few_values_are_their_own_cells_and_sum_to_one():
    true, estimate = np.array([1.0, 1, 1, 1, 2, 2, np.nan]), np.array([1.0, 1, 1, 2, 2, 2, 2])
    found = confusion(decoded(true, estimate), "x")
    np.testing.assert_allclose(found["share"].values, [[0.75, 0.25], [0, 1]])
    np.testing.assert_array_equal(found["true"].values, [1, 2])


def test_what_was_not_decoded_is_refused():
    with pytest.raises(GlmError, match="'y' was not decoded"):
        confusion(decoded(np.ones(3), np.ones(3)), "y")
    with pytest.raises(GlmError, match="not known"):
        confusion(decoded(np.full(3, np.nan), np.ones(3)), "x")


def test_what_terms_are_tuned_to_can_be_decoded(small_recording):
    terms = (
        field_term(small_recording, ("position.x", "position.y")),
        tuning_term(small_recording, "head_direction"),
        history_term(),
    )
    assert decodable(terms) == (("position.x", "position.y"), ("head_direction",))
    # a field of which one variable also has a term of its own: neither can be read without the other
    assert decodable((*terms, filter_term("position.x"))) == (("head_direction",),)
