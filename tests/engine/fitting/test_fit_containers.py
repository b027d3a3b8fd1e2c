"""What is missing in a container is left out of the fit, whatever the container calls it; what cannot be read is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import xarray as xr

from glmengine.errors import GlmError
from glmengine.fitting.fit import fit

RNG = np.random.default_rng(8)
X = RNG.normal(size=(200, 3))
Y = RNG.poisson(1.0, 200)
GONE = RNG.random(200) < 0.2


def same(found, expected):
    assert np.array_equal(found.n_valid, expected.n_valid)
    assert np.allclose(found.coef, expected.coef, rtol=1e-10)


def test_what_is_masked_is_missing():
    holes = np.zeros(X.shape, bool)
    holes[GONE, 1] = True
    expected = fit(X[~GONE], Y[~GONE])
    same(fit(np.ma.masked_array(X, holes), Y), expected)
    same(fit(X, np.ma.masked_array(Y, GONE)), expected)
    same(fit(np.ma.masked_array(X), np.ma.masked_array(Y)), fit(X, Y))


def test_what_pandas_calls_missing_is_missing():
    table = pd.DataFrame(X, columns=list("abc"))
    table["whole"] = pd.array(RNG.integers(0, 5, 200), dtype="Int64")
    full = table.astype(float).to_numpy()
    table.loc[GONE, "whole"] = pd.NA
    expected = fit(full[~GONE], Y[~GONE])
    found = fit(table, Y)
    same(found, expected)
    assert found.feature_names == ("a", "b", "c", "whole")
    counts = pd.Series(Y, dtype="Int64").mask(GONE)
    same(fit(full, counts), expected)
    same(fit(full, pd.Series(Y, dtype="UInt8")), fit(full, Y))


def test_text_in_a_table_is_named_and_not_taken_for_missing():
    table = pd.DataFrame({"a": X[:, 0], "b": ["x", *[None] * 199]})
    with pytest.raises(GlmError, match="X: holds values that are not numbers"):
        fit(table, Y)


def test_sparse_observations_are_refused_by_name():
    with pytest.raises(GlmError, match=r"Y: is a sparse matrix, which only X may be; give Y\.toarray\(\)"):
        fit(X, scipy.sparse.csr_matrix(Y[:, None]))


def test_a_transposed_design_is_seen():
    with pytest.raises(GlmError, match="X looks transposed"):
        fit(xr.DataArray(X.T, dims=("feature", "time")), Y)
