"""Basis functions of each term: over its variable, over lags, or as maps of two variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.design.preview import basis_curve, product_image
from glmengine.errors import GlmError
from glmengine.figures.layout import panels
from glmengine.figures.marks import colour_bar, finish
from glmengine.figures.page import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from glmengine.analysis.terms import AnyTerm
    from glmengine.basis import Basis
    from glmengine.results.result import Result


def draw(result: Result, *, unit: str | None = None, term: str | None = None, recording: Any = None) -> Figure:
    """One panel a term, with the bounds and knots of the fit.

    Raises
    ------
    GlmError
        If no term has a basis.
    """
    shown = [one for one in result.terms if _bases(one) and term in (None, one.label, one.plain_label)]
    if not shown:
        raise GlmError("the result has no term with basis functions" + (f" called '{term}'" if term else "") + "; add one")
    figure, axes = panels(len(shown))
    for ax, one in zip(axes, shown, strict=True):
        draw_basis(ax, one, result.analysis.time.bin_size)
    return figure


def _bases(term: AnyTerm) -> list[Basis]:
    factors = [factor.basis for factor in getattr(term, "factors", ())]
    return factors or [basis for basis in [getattr(term, "basis", None)] if basis is not None]


def draw_basis(ax: Axes, term: AnyTerm, bin_size: float) -> None:
    """The functions of one term; of several variables those of the first two, the largest of all at each place."""
    bases = _bases(term)
    if len(bases) > 1:
        x, y, values = product_image(term.factors)
        with np.errstate(all="ignore"):
            largest = np.nanmax(np.abs(values.reshape(-1, *values.shape[2:])), axis=0)
        image = ax.pcolormesh(x, y, largest.T, cmap=style().map, shading="nearest", rasterized=True)
        colour_bar(ax, image, "largest function")
        finish(ax, title=term.label, x=term.factors[0].variable, y=term.factors[1].variable)
        return
    x, values, said, measure = basis_curve(bases[0], None, bin_size)
    scale, measure = (1000.0, "ms") if measure == "s" else (1.0, measure)
    for number, one in enumerate(np.atleast_2d(values.T)):
        colour, dashes = style().line(number)
        ax.plot(scale * x, one, dashes if values.shape[1] <= len(style().lines) else "-", color=colour)
    factors = getattr(term, "factors", ())
    named = factors[0].variable if factors else said.lower()
    finish(ax, title=term.label, x=f"{named} ({measure})" if measure else named, y="basis function")
