"""The coupling matrix, with the pairs marked that the data speak for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.figures.layout import panels
from glmengine.figures.marks import colour_bar, finish, name_ticks, reach_of, signed_colours
from glmengine.figures.page import page, style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from glmengine.results.result import Result


def draw(result: Result, *, unit: str | None = None, term: str | None = None, recording: Any = None) -> Figure:
    """Summed filters of all pairs; a dot where the test against none stays below 0.05 after Bonferroni's correction."""
    if result.coupling is None:
        raise GlmError("the result has no coupling; add a coupling term")
    strength = result.coupling["strength"].transpose("unit", "source").values
    rows, columns = strength.shape
    width = page().width or max(style().one_column, min(62.0 + 3.0 * columns, style().two_columns))
    tall = rows * (width - 42.0) / max(columns, 1)  # of the cells, which are squares
    height = page().height or min(max(70.0, min(50.0 + 3.0 * rows, 200.0)), tall + 48.0)
    figure, (ax,) = panels(1, size=(width, height))
    reach = reach_of(strength)
    image = ax.imshow(strength, cmap=signed_colours(), vmin=-reach, vmax=reach, interpolation="nearest", aspect="equal")
    to, by = telling_pairs(result.coupling)
    ax.plot(by, to, ".", color="black", markersize=3 if max(rows, columns) <= 40 else 1.5)
    colour_bar(ax, image, f"summed filter\n({result.coupling['strength'].attrs.get('unit', 'log rate per spike')})")
    finish(ax, title=str(result.coupling.attrs.get("term", "")) or "coupling", x="from", y="to")
    name_ticks(ax.xaxis, result.coupling["source"].values, width - 42.0)
    name_ticks(ax.yaxis, result.coupling["unit"].values, min(height - 30.0, tall))
    ax.tick_params(axis="x", rotation=90)
    figure.supxlabel("dot: p < 0.05 after Bonferroni's correction; grey: not in the model", fontsize=0.85 * style().font_size)
    return figure


def telling_pairs(coupling: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the pairs whose test against none stays below 0.05 after Bonferroni's correction."""
    p = coupling["p"].transpose("unit", "source").values
    with np.errstate(invalid="ignore"):
        return np.nonzero(p < 0.05 / max(int(np.isfinite(p).sum()), 1))
