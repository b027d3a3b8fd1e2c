"""Curves of one unit under several fits, overlaid on the same axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from glmgui.drawings.curves import Drawing, Lines, kernels, tuning

if TYPE_CHECKING:
    from glmengine.results.result import Result

_BAND = ", 95 % band"
_HELP = "The same curve under each of the fits that are ticked, with what was recorded where it can be counted."


def lines_of(result: Result, unit: str) -> tuple[Lines, ...]:
    """Every curve over one variable that a result has of a unit; none where it did not fit the unit."""
    if unit not in result.units:
        return ()
    drawings: list[Drawing] = []
    for label in result.labels_for(result.curves, unit):
        drawings += tuning(label, result.curves[label], unit)
    for label in result.labels_for(result.filters, unit):
        if "channel" not in result.filters[label].dims:
            drawings += kernels(label, result.filters[label], unit)
    return tuple(one for one in drawings if isinstance(one, Lines) and len(_of_model(one)) == 1)


def overlaid(fits: Sequence[tuple[str, Sequence[Lines]]]) -> tuple[Lines, ...]:
    """One drawing for each curve that any of the fits has.

    Parameters
    ----------
    fits : sequence of (name, drawings of `lines_of`)
        A fit keeps its colour, the number of its place, in every drawing. Curves over different axes stay apart.
    """
    found: dict[tuple, Lines] = {}
    for colour, (name, drawings) in enumerate(fits):
        for one in drawings:
            key = (one.name, one.x_axis, one.y_axis)
            if key not in found:
                data = [curve for curve in one.curves if curve.colour == "data"]
                found[key] = replace(one, title=one.title.removesuffix(_BAND), curves=data, help=_HELP)
            curve = replace(_of_model(one)[0], name=name, colour=colour)
            found[key] = replace(found[key], curves=[*found[key].curves, curve])
    return tuple(found.values())


def without_bands(drawing: Lines) -> Lines:
    """The same curves alone."""
    return replace(drawing, curves=[replace(curve, low=None, high=None) for curve in drawing.curves])


def _of_model(drawing: Lines) -> list:
    return [curve for curve in drawing.curves if curve.colour != "data"]
