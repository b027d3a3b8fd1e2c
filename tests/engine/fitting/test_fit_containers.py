"""What is missing in a container is left out of the fit, whatever the container calls it; what cannot be read is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pynapple as nap
import pytest
import scipy.sparse
import xarray as xr

import glmengine as ge
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
    with pytest.raises(GlmError, match="which is no number; convert or remove it first"):
        fit(table, Y)


def test_sparse_observations_are_refused_by_name():
    with pytest.raises(GlmError, match=r"Y: is a sparse matrix, which only X may be; give Y\.toarray\(\)"):
        fit(X, scipy.sparse.csr_matrix(Y[:, None]))


def test_a_transposed_design_is_seen():
    with pytest.raises(GlmError, match="X looks transposed"):
        fit(xr.DataArray(X.T, dims=("feature", "time")), Y)


def test_rows_of_other_times_and_labels_are_refused():
    rng = np.random.default_rng(0)
    X, y, t = rng.normal(size=(50, 2)), rng.poisson(1.0, 50), np.arange(50) / 10
    with pytest.raises(GlmError, match=r"row 0: 0 s and 5 s"):
        ge.fit(nap.TsdFrame(t=t, d=X), nap.Tsd(t=t + 5, d=y))
    ge.fit(nap.TsdFrame(t=t, d=X), nap.Tsd(t=t + 0.001, d=y))
    with pytest.raises(GlmError, match="the same row labels in another order"):
        ge.fit(pd.DataFrame(X, index=range(50)), pd.Series(y, index=range(49, -1, -1)))
    ge.fit(pd.DataFrame(X, index=range(100, 150)), pd.Series(y))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (nap.Ts(np.arange(5.0)), "Y: is a Ts, .*spikes.count"),
        (nap.TsGroup({0: nap.Ts(np.arange(5.0))}), "Y: is a TsGroup, .*spikes.count"),
        (nap.IntervalSet(0, 1), "Y: is an IntervalSet, .*restrict"),
    ],
)
def test_what_has_no_row_for_each_bin_says_what_to_do(given, said):
    with pytest.raises(GlmError, match=said):
        ge.fit(np.zeros((5, 1)), given)


def test_columns_that_hold_words_and_units_of_one_name_are_named():
    frame = pd.DataFrame({"speed": np.arange(4.0), "context": ["a", "b", "a", "b"]})
    with pytest.raises(GlmError, match="X: column 'context', row 0 holds 'a', which is no number"):
        ge.fit(frame, np.ones(4))
    with pytest.raises(GlmError, match="'u' is there twice"):
        ge.fit(np.arange(4.0), np.ones((4, 2)), unit_names=["u", "u"])


def test_signals_of_other_bins_are_not_convolved():
    basis = ge.basis.RaisedCosineLog(n=4, window=0.1)
    signal = nap.Tsd(t=np.arange(100) / 100, d=np.ones(100))
    with pytest.raises(GlmError, match=r"every 0.01 s, and bin_size is 0.02 s"):
        basis.convolve(signal, bin_size=0.02)
    with pytest.raises(GlmError, match="counted in bins first"):
        basis.convolve(nap.TsGroup({0: nap.Ts(np.arange(5.0))}), bin_size=0.01)


@pytest.mark.parametrize("path", [5, None, ["a.nwb"]])
def test_what_is_no_path_is_said(path):
    with pytest.raises(GlmError, match=r"path: is (5|None|\['a.nwb'\]); give the path of a file"):
        ge.open_recording(path)
