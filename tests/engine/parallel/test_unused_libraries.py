"""Libraries that are left out only where nothing counts on them yet."""

import sys

import numpy as np
import xarray

from glmengine.parallel.unused_libraries import spare_dask


def test_dask_is_not_taken_from_an_xarray_that_has_found_it(monkeypatch):
    """A command that was called in a running Python ended with a fault of the program."""
    monkeypatch.delitem(sys.modules, "dask", raising=False)
    xarray.DataArray(np.zeros(2), coords={"unit": np.array(["a", "b"])}, dims="unit")
    before = sys.modules.get("dask", "never loaded")
    spare_dask()
    assert sys.modules.get("dask", "never loaded") is before
    xarray.DataArray(np.zeros(2), coords={"unit": np.array(["a", "b"])}, dims="unit")
