"""The coupling matrix, with the pairs marked that the data speak for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.figures.style import colour_bar, finish, name_ticks, panels, signed_colours

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from glmengine.results.result import Result


def draw(result: Result, *, unit: str | None = None, term: str | None = None, recording: Any = None) -> Figure:
    """Summed filters of all pairs; a dot where the test against none stays below 0.05 after Bonferroni's correction."""
    if result.coupling is None:
        raise GlmError("the result has no coupling; add a coupling term")
    strength = result.coupling["strength"].transpose("unit", "source").values
    rows, columns = strength.shape
    height, width = max(3.4, min(2.4 + 0.14 * rows, 11.0)), max(4.0, min(3.1 + 0.14 * columns, 12.0))
    figure, (ax,) = panels(1, size=(width, height))
    reach = np.nanmax(np.abs(strength), initial=0.0) or 1.0
    image = ax.imshow(strength, cmap=signed_colours(), vmin=-reach, vmax=reach, interpolation="nearest", aspect="equal")
    p = result.coupling["p"].transpose("unit", "source").values
    with np.errstate(invalid="ignore"):
        to, by = np.nonzero(p < 0.05 / max(int(np.isfinite(p).sum()), 1))
    ax.plot(by, to, ".", color="black", markersize=3 if max(rows, columns) <= 40 else 1.5)
    colour_bar(ax, image, f"summed filter\n({result.coupling['strength'].attrs.get('unit', 'log rate per spike')})")
    finish(ax, title=str(result.coupling.attrs.get("term", "")) or "coupling", x="from", y="to")
    name_ticks(ax.xaxis, result.coupling["source"].values, width - 2.0)
    name_ticks(ax.yaxis, result.coupling["unit"].values, height - 1.2)
    ax.tick_params(axis="x", rotation=90)
    figure.supxlabel("dot: p < 0.05 after Bonferroni's correction; grey: not in the model", fontsize=6)
    return figure
