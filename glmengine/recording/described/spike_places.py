"""Spikes of one unit on a covariate: what one or two variables were when it fired."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from glmengine.context import SILENT, Context
from glmengine.recording.binned import sample_covariate
from glmengine.recording.described.spike_times import counted_times
from glmengine.recording.events import covariate_at
from glmengine.recording.joined_parts import SESSION

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.recording.recording import Recording
    from glmengine.timegrid.grid import TimeGrid


def spike_places(
    recording: Recording,
    grid: TimeGrid,
    used: np.ndarray,
    variables: Sequence[str],
    unit: str,
    *,
    max_gap: float | None = None,
    context: Context = SILENT,
) -> xr.Dataset:
    """The path of some variables, and where on it a unit fired.

    Parameters
    ----------
    recording : Recording
    grid : TimeGrid
    used : (T,) bool array
        The bins that are taken; spikes in others are not.
    variables : sequence of str
    unit : str
        Of a unit that came as counts, each bin with a count above zero is one dot.
    max_gap : float, optional
        As for `sample_covariate`.
    context : Context, optional
        Asked before each variable.

    Returns
    -------
    Dataset
        ``path`` (time_s, variable), NaN where it is not known and where bins are left out, so that no line is drawn across; ``place``
        (spike_s, variable).

    Raises
    ------
    GlmError
        If a variable or the unit is unknown.
    """
    import xarray as xr

    times, counted = counted_times(recording, unit)
    times = times[counted > 0]
    rows = grid.rows_of(times)
    times = times[(rows >= 0) & used[np.maximum(rows, 0)]] if grid.n_bins else times[:0]
    path, place = np.empty((grid.n_bins, len(variables))), np.empty((len(times), len(variables)))
    for column, name in enumerate(variables):
        covariate = recording.variable(name, field="variable")
        gap = None if name == SESSION else max_gap
        path[:, column] = sample_covariate(covariate, grid, gap, context)
        place[:, column] = covariate_at(recording, times, name, gap)
    path[~used] = np.nan
    units = [recording.variable(name).unit for name in variables]
    said = {"units": "\n".join(units)}
    return xr.Dataset(
        {"path": (("time_s", "variable"), path, said), "place": (("spike_s", "variable"), place, said)},
        {
            "time_s": ("time_s", grid.centres, {"unit": "s"}),
            "spike_s": ("spike_s", times, {"unit": "s"}),
            "variable": list(variables),
        },
        {"unit": unit},
    )
