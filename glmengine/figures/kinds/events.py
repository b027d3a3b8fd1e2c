"""Event kernels of one unit: how the rate differs around an event, by condition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glmengine.errors import GlmError
from glmengine.figures.kinds.filter import draw_filter
from glmengine.figures.layout import panels
from glmengine.figures.marks import entitle
from glmengine.sentences import unit_title

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from glmengine.results.result import Result


def draw(result: Result, *, unit: str, term: str | None = None, recording: Any = None) -> Figure:
    """One panel a term, a line for each condition.

    Raises
    ------
    GlmError
        If the unit has no event term with conditions.
    """
    labels = [
        name for name in result.labels_for(result.filters, unit, term) if "condition" in result.filters[name]["filter"].dims
    ]
    if not labels:
        raise GlmError(
            "the result has no event kernels" + (f" of the term '{term}'" if term else "") + "; add an event term with conditions"
        )
    figure, axes = panels(len(labels))
    for ax, name in zip(axes, labels, strict=True):
        draw_filter(ax, result.filters[name], unit)
    entitle(figure, unit_title(unit))
    return figure
