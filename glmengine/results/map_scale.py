"""The scale of a map: whether its two axes are lengths of one kind, so that a circle has to look like a circle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

_LONGEST = 8  # times as long as it is wide


def is_true_to_scale(x: xr.DataArray, y: xr.DataArray) -> bool:
    """Whether the coordinates of a map (with the attribute ``unit``) are to be drawn with one length for one unit.

    They have one unit of measure, or, where the file names none, are components of one covariate; a map that would be a mere strip is
    drawn as wide as it can be.
    """
    units = [str(axis.attrs.get("unit", "")) for axis in (x, y)]
    parts = [str(axis.name).rpartition(".")[0] for axis in (x, y)]
    if units[0] != units[1] or not (units[0] or (parts[0] and parts[0] == parts[1])):
        return False
    lengths = sorted(float(np.ptp(axis.values)) for axis in (x, y))
    return lengths[0] > 0 and lengths[1] <= _LONGEST * lengths[0]
