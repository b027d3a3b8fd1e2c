"""Deviance explained of all units, on held-out time and in the fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.figures.style import DATA, MODEL, finish, legend_above, name_ticks, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from glmengine.results.result import Result


def draw(result: Result, *, unit: str | None = None, term: str | None = None, recording: Any = None) -> Figure:
    """One bar a unit, the best first; a line marks the same in the fit."""
    held_out = np.asarray(result.scores["deviance_explained_heldout"].values, np.float64)
    fitted = np.asarray(result.scores["deviance_explained_fit"].values, np.float64)
    order = np.argsort(-np.nan_to_num(held_out if np.isfinite(held_out).any() else fitted, nan=-np.inf), kind="stable")
    width = max(3.2, min(1.2 + 0.2 * len(order), 12.0))
    figure, (ax,) = panels(1, size=(width, 2.8))
    places = np.arange(len(order))
    if np.isfinite(held_out).any():
        ax.bar(places, held_out[order], color=MODEL, label="held out")
    ax.plot(places, fitted[order], "_", color=DATA, markersize=7, label="fit")
    ax.axhline(0.0, color="0.3", linewidth=0.8)
    legend_above(ax)
    finish(ax, title="", x="unit", y="deviance explained")
    name_ticks(ax.xaxis, [result.units[index] for index in order], width - 0.9)
    ax.tick_params(axis="x", rotation=90)
    ax.set_xlim(-0.7, len(order) - 0.3)
    return figure
