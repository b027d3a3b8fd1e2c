"""Tuning as recorded: spikes in bins of one or two variables over the time spent there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.context import SILENT, Context
from glmengine.errors import GlmError
from glmengine.recording.binned import count_spikes, sample_covariate
from glmengine.recording.described.bins import Axis
from glmengine.recording.joined_parts import SESSION
from glmengine.recording.joining import session_labels
from glmengine.recording.observed import recorded_words

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.recording.recording import Covariate, Recording
    from glmengine.timegrid.grid import TimeGrid

BINS = {1: 40, 2: 24}
"""Bins of each variable where none are asked for, by the number of variables."""

MOST_BINS = 400
_ARRAYS = frozenset({"unit", "rate", "spikes", "seconds", "error", "occupancy_s"})


def recorded_tuning(
    recording: Recording,
    grid: TimeGrid,
    used: np.ndarray,
    variables: Sequence[str],
    units: Sequence[str] | None = None,
    *,
    bins: int | None = None,
    smoothing: float = 0.0,
    max_gap: float | None = None,
    context: Context = SILENT,
) -> xr.Dataset:
    """Spikes over occupancy, in bins of one or two variables.

    Parameters
    ----------
    recording : Recording
    grid : TimeGrid
        Bins of time in which spikes are counted and the variables are sampled.
    used : (T,) bool array
        Which of them are taken.
    variables : sequence of str
        One or two references (``"speed"``, ``"position.x"``).
    units : sequence of str, optional
        All where None.
    bins : int, optional
        Of each variable; 40 of one, 24 of each of two where None. Categories, and numbers of at most 12 values, have a bin each.
    smoothing : float
        Standard deviation, in bins, of a Gaussian by which spikes and time are smoothed before they are divided, around the circle for
        angles; 0 for none. As for rate maps in Hafting et al. 2005, Nature 436, whose bins that were never visited stay blank too.
    max_gap : float, optional
        As for `sample_covariate`.
    context : Context, optional
        Asked before each variable and each unit.

    Returns
    -------
    Dataset
        ``rate`` (unit, variables) in Hz (of a signal its mean per second), NaN in bins that were never visited; ``spikes`` and ``seconds``
        in which the unit was recorded there, as counted; ``error`` (unit, variables), of spikes the standard error of the rate if each
        bin's count is Poisson: the root of the count over the time, or of the sum of squared weights times counts where it is smoothed;
        NaN where no spike came, from which none can be told; ``occupancy_s`` (variables), the time spent there.

    Raises
    ------
    GlmError
        If a variable or unit is unknown, there are not one or two variables, a variable has no valid value, or the bins are not 2 to 400.
    """
    import xarray as xr

    if len(variables) not in (1, 2) or len(set(variables)) != len(variables):
        raise GlmError("tuning is drawn over one variable or two different ones; name one or two", field="variables")
    points = BINS[len(variables)] if bins is None else bins
    if not 2 <= points <= MOST_BINS:
        raise GlmError(f"{points} bins of a variable make no tuning curve; choose 2 to {MOST_BINS}", field="bins")
    if not (np.isfinite(smoothing) and smoothing >= 0):
        raise GlmError(f"the smoothing must be 0 or more bins, not {smoothing:g}", field="smoothing")
    covariates = [recording.variable(name, field="variable") for name in variables]
    axes, place = _places(covariates, grid, used, points, max_gap, context)
    shape = tuple(len(axis.values) for axis in axes)
    size = int(np.prod(shape))
    widths = [0.0 if axis.edges is None else smoothing for axis in axes]
    modes = ["wrap" if covariate.kind == "angle" else "constant" for covariate in covariates]
    names = recording.unit_names if units is None else tuple(units)
    spikes, seconds, rate, error = (np.zeros((len(names), *shape)) for _ in range(4))
    words = recorded_words(recording)
    inside = used & (place >= 0)
    for row, unit in enumerate(names):  # one by one: all counts of a long recording need not be in memory together
        context.check()
        counts = count_spikes(recording, grid, (unit,))[:, 0]
        known = inside & np.isfinite(counts)
        spikes[row] = np.bincount(place[known], weights=counts[known], minlength=size).reshape(shape)
        seconds[row] = np.bincount(place[known], minlength=size).reshape(shape) * grid.bin_size
        rate[row] = _divided(spikes[row], seconds[row], widths, modes)
        error[row] = _error(spikes[row], seconds[row], widths, modes) if words.per_spike else np.nan
    occupancy = np.bincount(place[inside], minlength=size).reshape(shape) * grid.bin_size
    dims = [f"{axis.name}_" if axis.name in _ARRAYS else axis.name for axis in axes]
    coords: dict[str, Any] = {"unit": list(names)}
    for dim, axis, covariate in zip(dims, axes, covariates, strict=True):
        about = {"unit": axis.unit, "long_name": axis.name, "kind": covariate.kind}
        coords[dim] = (dim, axis.values, about | session_labels(recording, axis.name))
    said = {"unit": words.unit, "long_name": words.rate}
    return xr.Dataset(
        {
            "rate": (("unit", *dims), rate, said | {"smoothing_bins": smoothing}),
            "error": (("unit", *dims), error, {"unit": words.unit, "long_name": "standard error"}),
            "spikes": (("unit", *dims), spikes, {"long_name": words.observed}),
            "seconds": (("unit", *dims), seconds, {"unit": "s", "long_name": "time in which the unit was recorded"}),
            "occupancy_s": (tuple(dims), occupancy, {"unit": "s", "long_name": "time spent"}),
        },
        coords,
    )


def _places(
    covariates: Sequence[Covariate], grid: TimeGrid, used: np.ndarray, points: int, max_gap: float | None, context: Context
) -> tuple[list[Axis], np.ndarray]:
    """An axis per variable, and the bin of each row on all of them (the last one fastest), -1 for none."""
    axes, place = [], np.zeros(grid.n_bins, np.int64)
    for covariate in covariates:
        x = sample_covariate(covariate, grid, None if covariate.name == SESSION else max_gap, context)
        axis = Axis.of_data(covariate, x[used], points)
        own = axis.bin_of(x)
        place = np.where((place >= 0) & (own >= 0), place * len(axis.values) + own, -1)
        axes.append(axis)
    return axes, place


def _divided(spikes: np.ndarray, seconds: np.ndarray, widths: Sequence[float], modes: Sequence[str]) -> np.ndarray:
    """Spikes over seconds, both smoothed along each axis; NaN where no time was spent."""
    from scipy.ndimage import gaussian_filter1d

    visited = seconds > 0
    for axis, (width, mode) in enumerate(zip(widths, modes, strict=True)):
        if width > 0:
            spikes, seconds = (gaussian_filter1d(part, width, axis=axis, mode=mode) for part in (spikes, seconds))
    return np.divide(spikes, seconds, out=np.full(spikes.shape, np.nan), where=visited)


def _error(spikes: np.ndarray, seconds: np.ndarray, widths: Sequence[float], modes: Sequence[str]) -> np.ndarray:
    """Standard error of `_divided` for Poisson counts; NaN where it would rest on no spike."""
    from scipy.ndimage import correlate1d, gaussian_filter1d

    visited, variance = seconds > 0, spikes
    for axis, (width, mode) in enumerate(zip(widths, modes, strict=True)):
        if width > 0:
            reach = int(4.0 * width + 0.5)  # where the Gaussian of the rate ends
            weights = gaussian_filter1d(np.eye(1, 2 * reach + 1, reach)[0], width, mode="constant")
            variance = correlate1d(variance, weights**2, axis=axis, mode=mode)
            seconds = gaussian_filter1d(seconds, width, axis=axis, mode=mode)
    return np.divide(np.sqrt(variance), seconds, out=np.full(spikes.shape, np.nan), where=visited & (variance > 0))
