"""Units that come as counts or signals, worked through in blocks of rows: the whole would not fit into memory a second time as numbers."""

from __future__ import annotations

import numpy as np

from glmengine.context import SILENT, Context
from glmgui.drawings.activity_levels import row_blocks


def spike_times(times: np.ndarray, counts: np.ndarray, context: Context = SILENT) -> list[np.ndarray]:
    """The times (T,) of bins as often as each unit counts there (T, M), one array a unit; missing counts are none."""
    moments, units = [], []
    for rows in row_blocks(*counts.shape):
        context.check()
        block = counts[rows]
        if block.dtype.kind == "f":
            block = np.clip(np.rint(np.nan_to_num(block)), 0, None).astype(np.int64)
        row, unit = np.nonzero(block)
        often = block[row, unit].astype(np.int64).clip(min=0)
        moments.append(np.repeat(times[rows][row], often))
        units.append(np.repeat(unit.astype(np.int32), often))
    moment = np.concatenate(moments) if moments else np.empty(0)
    unit = np.concatenate(units) if units else np.empty(0, np.int32)
    ends = np.cumsum(np.bincount(unit, minlength=counts.shape[1]))[:-1]
    return np.split(moment[np.argsort(unit, kind="stable")], ends)


def sums_in_stretches(
    times: np.ndarray, values: np.ndarray, stretches: int, span: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Sums of values (T, M), and how many are known, in equally long stretches of `span`: both (stretches, M)."""
    at = np.clip((times - span[0]) / (span[1] - span[0]) * stretches, 0, stretches - 1).astype(np.int64)
    sums, known = np.zeros((stretches, values.shape[1])), np.zeros((stretches, values.shape[1]))
    for rows in row_blocks(*values.shape):
        block = values[rows]
        good = np.isfinite(block) if block.dtype.kind == "f" else np.ones(block.shape, bool)
        cut = np.flatnonzero(np.r_[True, np.diff(at[rows]) > 0])  # times ascend
        sums[at[rows][cut]] += np.add.reduceat(np.where(good, block, 0), cut, axis=0, dtype=np.float64)
        known[at[rows][cut]] += np.add.reduceat(good, cut, axis=0, dtype=np.float64)
    return sums, known
