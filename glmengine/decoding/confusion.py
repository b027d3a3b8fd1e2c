"""How often each value of a variable is decoded as each other: the confusion matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.decoding.decode import Decoded
from glmengine.errors import GlmError
from glmengine.sentences import listed

if TYPE_CHECKING:
    import xarray as xr

_BINS = 30


def confusion(decoded: Decoded, variable: str, bins: int = _BINS) -> xr.Dataset:
    """Share of the bins with each true value in which each value was decoded.

    Parameters
    ----------
    decoded : Decoded
    variable : str
        One of those that were decoded.
    bins : int
        Equal parts of the range of what is true and decoded; as many as there are values where these are fewer.

    Returns
    -------
    Dataset (true, estimate) and (true)
        ``share``, which sums to 1 over `estimate` and is NaN where the true value was never met; ``n_bins`` of each true value. The
        coordinates are the middles of the parts.

    Raises
    ------
    GlmError
        If the variable was not decoded, or its true value is nowhere known.
    """
    import xarray as xr

    if variable not in decoded.values["variable"].values:
        have = listed(map(str, decoded.values["variable"].values))
        raise GlmError(f"'{variable}' was not decoded; choose among {have}, or decode it too")
    one = decoded.values.sel(variable=variable)
    true, estimate = np.asarray(one["true"].values, float), np.asarray(one["estimate"].values, float)
    known = np.isfinite(true) & np.isfinite(estimate)
    if not known.any():
        raise GlmError(f"the true '{variable}' is not known in any bin that was decoded; decode time in which it was measured")
    true, estimate = true[known], estimate[known]
    both = np.unique(np.concatenate([true, estimate]))
    if len(both) <= bins:  # categories, or a few values
        centres = both
        edges = np.concatenate([[-np.inf], (both[1:] + both[:-1]) / 2, [np.inf]])
    else:
        edges = np.linspace(both[0], both[-1], bins + 1)
        centres = (edges[1:] + edges[:-1]) / 2
    place = [np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(centres) - 1) for values in (true, estimate)]
    counts = np.zeros((len(centres), len(centres)))
    np.add.at(counts, tuple(place), 1.0)
    met = counts.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = counts / met[:, None]
    return xr.Dataset(
        {"share": (("true", "estimate"), share), "n_bins": ("true", met)}, {"true": centres, "estimate": centres.copy()}
    )
