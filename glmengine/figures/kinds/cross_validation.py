"""Held-out score against the strength of the penalty, of one unit or of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.figures.layout import panels
from glmengine.figures.marks import finish, number_label, short_name, ticks_fit
from glmengine.figures.page import style
from glmengine.sentences import unit_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from glmengine.results.result import Result


def draw(result: Result, *, unit: str | None = None, term: str | None = None, recording: Any = None) -> Figure:
    """One curve per unit, its best strength marked."""
    if result.cv is None:
        raise GlmError("the result has no cross-validation; set the folds to 2 or more")
    figure, (ax,) = panels(1)
    draw_scores(ax, result, unit)
    return figure


def draw_scores(ax: Axes, result: Result, unit: str | None) -> None:
    """Mean over folds of the held-out log-likelihood, less its best, in thousandths per bin."""
    scores = result.cv["scores"].transpose("unit", "fold", "strength")
    units = result.units if unit is None else (unit,)
    strengths = scores["strength"].values
    places = np.arange(len(strengths))
    for name in units:
        folds = scores.sel(unit=name).values
        tried = np.isfinite(folds).any(axis=0)
        if not tried.any():
            continue
        mean = np.full(len(strengths), np.nan)
        mean[tried] = np.nanmean(folds[:, tried], axis=0)
        best = int(np.nanargmax(mean))
        ax.plot(
            places,
            1000 * (mean - mean[best]),
            "-o",
            color=style().model,
            markersize=0.8 * style().marker_size,
            alpha=1.0 if unit else 0.4,
        )
        ax.plot(best, 0.0, "o", color=style().effect, markersize=1.3 * style().marker_size)
    shown = places[:: -(-len(places) // 10)]
    named = [number_label(strengths[place]) for place in shown]
    ax.set_xticks(shown, named, rotation=0 if ticks_fit(ax, named) else 90)
    finish(
        ax,
        title="cross-validation" + (f", {short_name(unit_name(unit))}" if unit else ""),
        x="strength",
        y="held-out log-likelihood\nless its best (1/1000 per bin)",
    )
