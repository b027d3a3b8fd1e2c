"""The bins that an analysis uses of a recording, counted once for everybody who asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import finalize

import numpy as np

from glmengine.analysis.time_grid import make_grid, usable_bins
from glmengine.context import SILENT, Context
from glmengine.recording.derived.quantities import compute_derived

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording
    from glmengine.timegrid.grid import TimeGrid


@dataclass(frozen=True, eq=False)
class UsedBins:
    """What epochs, drawn intervals and conditions leave.

    Attributes
    ----------
    recording : Recording
        With the derived covariates.
    grid : TimeGrid
        T bins of the epochs and intervals.
    rows : (T,) bool array
        Those of them that meet the conditions.
    """

    recording: Recording
    grid: TimeGrid
    rows: np.ndarray


@dataclass(frozen=True, eq=False)
class _Known:
    """The last question about a recording, and its answer; `made` is None where nothing is derived, so that nothing keeps the recording."""

    question: tuple[object, ...]
    made: Recording | None
    grid: TimeGrid
    rows: np.ndarray


_known: dict[int, _Known] = {}
"""By the identity of recordings, which are too large to be compared; gone with them."""


def used_bins(analysis: Analysis, recording: Recording, context: Context = SILENT) -> UsedBins:
    """The bins that `analysis` uses of `recording`; the answer to the last question about a recording is kept as long as that is.

    Raises
    ------
    GlmError
        With the field that is at fault.
    """
    question = (analysis.time, analysis.derived)
    known = _known.get(id(recording))
    if known is None or known.question != question:
        whole = compute_derived(analysis.derived, recording, analysis.time.max_gap, context=context)
        context.check()
        grid = make_grid(analysis.time, whole)
        rows = usable_bins(analysis.time, whole, grid, context)
        rows.flags.writeable = False
        if known is None:
            finalize(recording, _known.pop, id(recording), None)
        known = _known[id(recording)] = _Known(question, None if whole is recording else whole, grid, rows)
    return UsedBins(known.made if known.made is not None else recording, known.grid, known.rows)
