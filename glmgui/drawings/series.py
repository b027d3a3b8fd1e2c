"""Axes, curves with bands and images, and the same as tables of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from glmengine.figures.drawing import NO_AXIS, RATE, TIME, Axis, Image, Look
from glmengine.figures.drawing import Curve as PlainCurve
from glmgui.drawings.extremes import Extremes, extremes_of, interrupted

__all__ = [
    "NO_AXIS",
    "RATE",
    "TIME",
    "Axis",
    "Curve",
    "Image",
    "Look",
    "Table",
    "curves_table",
    "images_table",
    "long_curve",
    "shortened",
    "told_apart",
]

Table = dict[str, np.ndarray]
"""Columns of equal length by heading; the heading holds the unit."""


@dataclass(frozen=True)
class Curve(PlainCurve):
    """A curve for the screen.

    Attributes
    ----------
    detail : Extremes, optional
        The same at several levels of detail, for a plot of long series, which then draws no more than its pixels can show.
    """

    detail: Extremes | None = None


def long_curve(name: str, x: np.ndarray, y: np.ndarray, *, colour: int | Literal["data"] = 0, width: float = 1.0) -> Curve:
    """A line over ascending x that may be very long, with its levels of detail; interrupted where x jumps. For the worker."""
    x, y = interrupted(np.asarray(x, float), np.asarray(y, float))
    return Curve(name, x, y, colour=colour, width=width, detail=extremes_of(x, y))


def curves_table(curves: Sequence[Curve], x_axis: Axis, y_axis: Axis) -> Table:
    """Curves as numbers: one row an x where all share it, else one row a point with the curve's name."""
    if not curves:
        return {}
    unit = f" ({y_axis.unit})" if y_axis.unit else ""
    first = np.asarray(curves[0].x)
    if all(np.array_equal(first, curve.x, equal_nan=True) for curve in curves):
        table: Table = {x_axis.text: first}
        for curve in curves:
            name = curve.name or y_axis.label
            table[name + unit] = np.asarray(curve.y)
            if curve.low is not None and curve.high is not None:
                table[f"{name} low{unit}"] = np.asarray(curve.low)
                table[f"{name} high{unit}"] = np.asarray(curve.high)
        return table
    empty = [np.full(len(curve.x), np.nan) for curve in curves]
    table = {
        "curve": np.concatenate([np.full(len(curve.x), curve.name, dtype=object) for curve in curves]),
        x_axis.text: np.concatenate([np.asarray(curve.x, float) for curve in curves]),
        y_axis.text: np.concatenate([np.asarray(curve.y, float) for curve in curves]),
    }
    if any(curve.low is not None for curve in curves):
        for side in ("low", "high"):
            parts = [getattr(curve, side) for curve in curves]
            table[side + unit] = np.concatenate(
                [blank if part is None else part for part, blank in zip(parts, empty, strict=True)]
            )
    return table


def images_table(images: Sequence[Image], x_axis: Axis, y_axis: Axis, value_axis: Axis) -> Table:
    """Images as numbers: one row a cell."""
    if not images:
        return {}
    across, up = x_axis.text or "column", y_axis.text or "row"  # names alone say on the screen what they are
    columns: dict[str, list[np.ndarray]] = {"image": [], across: [], up: [], value_axis.text: []}
    headings = list(columns)
    for image in images:
        x, y = np.meshgrid(image.x, image.y, indexing="ij")
        title = np.full(x.size, image.title, dtype=object)
        parts = (title, x_axis.column(x.ravel()), y_axis.column(y.ravel()), np.asarray(image.values, float).ravel())
        for heading, part in zip(headings, parts, strict=True):
            columns[heading].append(part)
    table = {heading: np.concatenate(parts) for heading, parts in columns.items()}
    return table if len(images) > 1 else {heading: table[heading] for heading in headings[1:]}


def shortened(name: str, length: int = 11) -> str:
    """A name as it fits beside an axis; the readout under the mouse has it whole."""
    return name if len(name) <= length else name[: length - 1] + "\u2026"


def told_apart(names: Sequence[str], length: int = 11) -> list[str]:
    """Names as they fit beside an axis, cut where others than their equals stay different from them."""
    ways = (shortened, _without_middle, lambda name, length: name if len(name) <= length else f"\u2026{name[1 - length :]}")
    for way in ways:
        short = [way(name, length) for name in names]
        if len(set(short)) == len(set(names)):
            return short
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names), 1)}
    return [f"{numbers[name]} {shortened(name, length - 2)}" for name in names]


def _without_middle(name: str, length: int) -> str:
    head = length // 2
    return name if len(name) <= length else f"{name[:head]}\u2026{name[head + 1 - length :]}"
