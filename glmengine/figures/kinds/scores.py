"""Deviance explained of all units, on held-out time and in the fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.figures.layout import panels
from glmengine.figures.marks import finish, legend_above, level, name_ticks
from glmengine.figures.page import page, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from glmengine.results.result import Result


def draw(result: Result, *, unit: str | None = None, term: str | None = None, recording: Any = None) -> Figure:
    """One bar a unit, the best first; a line marks the same in the fit."""
    held_out = np.asarray(result.scores["deviance_explained_heldout"].values, np.float64)
    fitted = np.asarray(result.scores["deviance_explained_fit"].values, np.float64)
    order = np.argsort(-np.nan_to_num(held_out if np.isfinite(held_out).any() else fitted, nan=-np.inf), kind="stable")
    width = page().width or max(style().one_column, min(30.0 + 4.0 * len(order), style().two_columns))
    figure, (ax,) = panels(1, size=(width, 66.0))
    places = np.arange(len(order))
    if np.isfinite(held_out).any():
        ax.bar(places, held_out[order], color=style().model, label="held out")
    ax.plot(places, fitted[order], "_", color=style().data, markersize=2 * style().marker_size, label="fit")
    level(ax)
    legend_above(ax)
    finish(ax, title="", x="unit", y="deviance explained")
    name_ticks(ax.xaxis, [result.units[index] for index in order], width - 20.0)
    ax.tick_params(axis="x", rotation=90)
    ax.set_xlim(-0.7, len(order) - 0.3)
    return figure
