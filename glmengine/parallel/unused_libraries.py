"""Libraries that a process of the program need not load, or not at once."""

from __future__ import annotations

import sys

from glmengine.parallel.deferred_numba import defer_numba


def spare_libraries() -> None:
    """Leave out or put off what pynapple would load: for processes that are the program's alone, before they import it."""
    spare_neo()
    defer_numba()


def spare_dask() -> None:
    """Leave out what xarray would import, where Dask is installed, for arrays in chunks, which this program does not make: two thirds of
    xarray's own time.

    For processes that are the program's alone and reach no scheduler, before they import xarray.
    """
    if "xarray" not in sys.modules:  # which may have found it, and counts on it then
        sys.modules.setdefault("dask", None)


def spare_neo() -> None:
    """Leave out what pynapple would import only to open the formats of Neo, which this program does not: a third of pynapple's own time.

    For processes that are the program's alone, before they import pynapple: nothing else in them can import Neo afterwards.
    """
    sys.modules.setdefault("neo", None)  # an import then fails, which pynapple expects
