"""Models compared on held-out time: deviance explained of each, over the units or of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.figures.layout import panels
from glmengine.figures.marks import entitle, finish, folded, level, name_ticks
from glmengine.figures.page import page, shows, style
from glmengine.sentences import unit_title

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from glmengine.results.result import Result

_LINE = 34  # letters of a line of a model's name


def draw(result: Result, *, unit: str | None = None, term: str | None = None, recording: Any = None) -> Figure:
    """A bar for each model: of one unit, or the median over units with each unit as a dot.

    Raises
    ------
    GlmError
        If no models were compared.
    """
    if result.selection is None:
        raise GlmError("no models were compared; ask for a selection in the analysis, or compare with `glmengine compare --keep`")
    explained = result.selection.summary["deviance_explained"].transpose("model", "unit")
    models = [str(name) for name in explained["model"].values]
    values = np.asarray((explained if unit is None else explained.sel(unit=[unit])).values, np.float64)
    known = [own[np.isfinite(own)] for own in values]
    height = page().height or max(40.0, min(23.0 + 6.0 * len(models), 240.0))
    figure, (ax,) = panels(1, size=(130.0, height))
    places = np.arange(len(models))
    ax.barh(places, [float(np.median(own)) if len(own) else np.nan for own in known], color=style().model, alpha=0.85)
    if unit is None and shows("data"):
        for place, own in zip(places, known, strict=True):
            spread = np.linspace(-0.25, 0.25, len(own)) if len(own) > 1 else np.zeros(len(own))
            ax.plot(own, place + spread, ".", color=style().data, markersize=style().marker_size)
    level(ax, upright=True)
    entitle(
        figure, unit_title(unit) if unit else "median over units, and each unit"
    )  # names of models may leave little room above the panel itself
    finish(ax, x="deviance explained, held out", y="")
    name_ticks(ax.yaxis, [folded(name, _LINE) for name in models], height - 18.0, longest=_LINE)
    ax.invert_yaxis()
    return figure
