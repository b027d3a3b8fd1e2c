"""Basis functions of each term: over its variable, over lags, or as maps of two variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.design.preview import basis_curve, product_image
from glmengine.design.term_size import bases_of
from glmengine.errors import GlmError
from glmengine.figures.layout import panels
from glmengine.figures.marks import colour_bar, finish, label
from glmengine.figures.page import style
from glmengine.results.map_scale import is_true_to_scale

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from glmengine.analysis.terms import AnyTerm
    from glmengine.results.result import Result


def draw(result: Result, *, unit: str | None = None, term: str | None = None, recording: Any = None) -> Figure:
    """One panel a term, with the bounds and knots of the fit.

    Raises
    ------
    GlmError
        If no term has a basis.
    """
    shown = [one for one in result.terms if bases_of(one) and term in (None, one.label, one.plain_label)]
    if not shown:
        raise GlmError("the result has no term with basis functions" + (f" called '{term}'" if term else "") + "; add one")
    figure, axes = panels(len(shown))
    variables = {str(dim): curve[dim] for curve in result.curves.values() for dim in curve.dims if dim in curve.coords}
    for ax, one in zip(axes, shown, strict=True):
        draw_basis(ax, one, result.analysis.time.bin_size, variables)
    return figure


def draw_basis(ax: Axes, term: AnyTerm, bin_size: float, variables: Mapping[str, xr.DataArray]) -> None:
    """The functions of one term; of several variables those of the first two, the largest of all at each place.

    `variables` are coordinates by name, with their units of measure.
    """
    bases = bases_of(term)
    if len(bases) > 1:
        x, y, values = product_image(term.factors)
        with np.errstate(all="ignore"):
            largest = np.nanmax(np.abs(values.reshape(-1, *values.shape[2:])), axis=0)
        image = ax.pcolormesh(x, y, largest.T, cmap=style().map, shading="nearest", rasterized=True)
        names = [factor.variable for factor in term.factors[:2]]
        if all(name in variables for name in names) and is_true_to_scale(*(variables[name] for name in names)):
            ax.set_aspect("equal")
        colour_bar(ax, image, "largest function")
        finish(ax, title=term.label, x=_label(names[0], variables), y=_label(names[1], variables))
        return
    x, values, said, measure = basis_curve(bases[0], None, bin_size)
    scale, measure = (1000.0, "ms") if measure == "s" else (1.0, measure)
    for number, one in enumerate(np.atleast_2d(values.T)):
        colour, dashes = style().line(number)
        ax.plot(scale * x, one, dashes if values.shape[1] <= len(style().lines) else "-", color=colour)
    factors = getattr(term, "factors", ())
    if factors:
        x_label = _label(factors[0].variable, variables)
    else:
        x_label = f"{said.lower()} ({measure})" if measure else said.lower()
    finish(ax, title=term.label, x=x_label, y="basis function")


def _label(name: str, variables: Mapping[str, xr.DataArray]) -> str:
    return label(variables[name]) if name in variables else name
