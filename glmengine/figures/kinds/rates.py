"""Predicted and observed rate of one unit over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.wording import words_of
from glmengine.context import SILENT, Context, Progress
from glmengine.figures.layout import panels
from glmengine.figures.marks import finish, from_zero, legend_above, line
from glmengine.figures.page import shows, style
from glmengine.recording.binned import count_spikes
from glmengine.sentences import unit_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result
    from glmengine.timegrid.grid import TimeGrid


@dataclass(frozen=True, eq=False)
class RateStretch:
    """Predicted and observed rate (Hz) of one unit over times (s), smoothed by so many seconds; NaN where the model says nothing."""

    times: np.ndarray
    predicted: np.ndarray
    observed: np.ndarray
    smoothing: float = 0.1


def draw(
    result: Result,
    *,
    unit: str,
    term: str | None = None,
    recording: Recording | None = None,
    start: float | None = None,
    seconds: float = 30.0,
    smoothing: float = 0.1,
    stretch: RateStretch | None = None,
) -> Figure:
    """A stretch of `seconds` from `start` (the one with most spikes where not given), both smoothed by `smoothing` seconds; or one that
    was made before."""
    if stretch is None:
        assert recording is not None, "figures.draw asks for one of the two"
        stretch = RateStretch(
            *rate_stretch(result, unit, recording, start=start, seconds=seconds, smoothing=smoothing), smoothing
        )
    figure, (ax,) = panels(1, size=(style().two_columns, 58.0))
    draw_rates(ax, result, unit, stretch)
    return figure


def rate_stretch(
    result: Result, unit: str, recording: Recording, *, start: float | None = None, seconds: float = 30.0, smoothing: float = 0.1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times (s), predicted and observed rate (Hz) of one unit over a stretch; NaN where the model says nothing."""
    from glmengine.analysis.time_grid import grid_over
    from glmengine.design.prepare import grid_of
    from glmengine.timegrid.gaussian import smooth_known
    from glmengine.timegrid.intervals import as_pairs, intersect, merge

    if start is None:
        start = busiest(grid_of(result.analysis, recording), recording, unit, seconds)
    stretch = stretch_of(recording, start, seconds)
    predicted = result.predict(recording, stretch, units=[unit]).sel(unit=unit)
    grid = grid_over(stretch, result.analysis.time, recording)
    width = smoothing / grid.bin_size
    counts = np.asarray(count_spikes(recording, grid, (unit,))[:, 0], np.float64)

    known = intersect(merge(as_pairs(recording.epochs["all"])), stretch)
    place = np.searchsorted(known[:, 0], predicted["time"].values, side="right") - 1
    recorded = (place >= 0) & (predicted["time"].values <= known[np.maximum(place, 0), 1])
    observed = np.where(recorded, counts / grid.bin_size, np.nan)
    return predicted["time"].values, smooth_known(predicted.values, width), smooth_known(observed, width)


def stretch_of(recording: Recording, start: float | None, seconds: float) -> np.ndarray:
    """(1, 2) the stretch (from the beginning where no start is given), moved so far that it lies in the recording, and cut where that is shorter."""
    first, last = (float(edge) for edge in (recording.epochs["all"].start[0], recording.epochs["all"].end[-1]))
    begin = max(first, min(first if start is None else start, last - seconds))
    return np.array([[begin, min(begin + seconds, last)]])


def busiest(grid: TimeGrid, recording: Recording, unit: str, seconds: float) -> float:
    """Where the stretch of `seconds` begins in which the unit has the most spikes."""
    total = np.concatenate([[0.0], np.cumsum(np.nan_to_num(count_spikes(recording, grid, (unit,))[:, 0].astype(np.float64)))])
    starts = grid.starts
    ends = np.searchsorted(starts, starts + seconds)
    return float(starts[np.argmax(total[ends] - total[: len(ends)])])


def rate_stretches(
    result: Result, units: Sequence[str], recording: Recording, *, seconds: float = 20.0, context: Context = SILENT
) -> dict[str, RateStretch]:
    """The busiest stretch of each unit, as `draw` shows it; to be drawn where the recording is not."""
    found = {}
    for number, unit in enumerate(units):
        context.check()
        context.report(Progress("Predicting", number / len(units)))
        if unit in recording.unit_names:
            found[unit] = RateStretch(*rate_stretch(result, unit, recording, seconds=seconds))
    return found


def draw_rates(ax: Axes, result: Result, unit: str, stretch: RateStretch) -> None:
    """Observed rate as a filled line, predicted as a line on it."""
    if shows("data"):
        ax.fill_between(stretch.times, stretch.observed, color=style().data, alpha=0.35, linewidth=0, label="observed")
    line(ax, stretch.times, stretch.predicted, style().model, label="predicted")
    from_zero(ax)
    finish(ax, x="time (s)", y=words_of(result.analysis.model).axis)
    legend_above(ax, f"{unit_title(unit)}, smoothed by {1000 * stretch.smoothing:g} ms")
    ax.margins(x=0)
