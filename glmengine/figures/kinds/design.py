"""The design matrix over a stretch of time: what each column is in each bin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError
from glmengine.figures.kinds.rates import stretch_of
from glmengine.figures.layout import panels
from glmengine.figures.marks import colour_bar, finish, short_name
from glmengine.figures.page import page, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result


def draw(
    result: Result,
    *,
    unit: str | None = None,
    term: str | None = None,
    recording: Recording,
    start: float | None = None,
    seconds: float = 10.0,
) -> Figure:
    """Bins from left to right, columns from top to bottom, each column over its own largest magnitude; blank where a bin cannot be used.

    Raises
    ------
    GlmError
        If there is no such term.
    """
    from glmengine.design.prepare import prepare_again

    units = (unit,) if unit else result.units[:1]
    stretch = stretch_of(recording, start, seconds)
    design = prepare_again(result.analysis, result.terms, units, recording, stretch, conditions=False, counts=False).design
    slices = {label: part for label, part in design.slices.items() if term in (None, label)}
    if not slices:
        raise GlmError(f"the result has no term '{term}'; name one of {', '.join(design.slices)}")
    values = np.where(design.valid[:, None], design.dense(), np.nan)
    values = np.concatenate([values[:, part] for part in slices.values()], axis=1)
    with np.errstate(all="ignore"):
        largest = np.nanmax(np.abs(np.where(np.isfinite(values), values, 0.0)), axis=0)
    values = values / np.where(largest > 0, largest, 1.0)
    height = page().height or max(50.0, min(26.0 + 0.9 * values.shape[1], 200.0))
    figure, (ax,) = panels(1, size=(style().two_columns, height))
    image = ax.pcolormesh(
        design.grid.centres,
        np.arange(values.shape[1]),
        values.T,
        cmap=style().signed_map,
        vmin=-1.0,
        vmax=1.0,
        shading="nearest",
        rasterized=True,
    )
    ends = np.cumsum([0, *(part.stop - part.start for part in slices.values())])
    for end in ends[1:-1]:
        ax.axhline(end - 0.5, color="black", linewidth=style().axis_width)
    ax.set_yticks((ends[:-1] + ends[1:] - 1) / 2, [short_name(name, 34) for name in slices])
    ax.invert_yaxis()
    colour_bar(ax, image, "of the column's largest")
    finish(ax, title="design matrix", x="time (s)", y="")
    return figure
