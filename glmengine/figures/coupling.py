"""Who drives whom: the coupling matrix, with the pairs marked that the data speak for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.figures.style import SIGNED, finish, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from glmengine.results import Result


def draw(result: Result, *, unit: str | None = None, term: str | None = None, recording: Any = None) -> Figure:
    """Summed filters of all pairs; a dot where the test against none stays below 0.05 after Bonferroni's correction."""
    if result.coupling is None:
        raise GlmError("the result has no coupling; add a coupling term")
    strength = result.coupling["strength"].transpose("unit", "source").values
    size = 2.2 + 0.14 * max(strength.shape)
    figure, (ax,) = panels(1, size=(min(size + 0.9, 12.0), min(size, 11.0)))
    reach = np.nanmax(np.abs(strength), initial=0.0) or 1.0
    image = ax.imshow(strength, cmap=SIGNED, vmin=-reach, vmax=reach, interpolation="nearest", aspect="equal")
    p = result.coupling["p"].transpose("unit", "source").values
    with np.errstate(invalid="ignore"):
        rows, columns = np.nonzero(p < 0.05 / max(int(np.isfinite(p).sum()), 1))
    ax.plot(columns, rows, ".", color="black", markersize=3)
    for axis, names in ((ax.xaxis, result.coupling["source"].values), (ax.yaxis, result.coupling["unit"].values)):
        if len(names) <= 60:
            axis.set_ticks(np.arange(len(names)), [str(name) for name in names])
    bar = figure.colorbar(image, ax=ax, shrink=0.8)
    bar.set_label("summed filter (log rate per spike)", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    finish(ax, title="coupling", x="from", y="to")
    ax.tick_params(axis="x", rotation=90)
    return figure
