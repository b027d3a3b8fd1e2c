"""How figures look: sizes, colours that colour-blind readers tell apart, and what is common to all axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito
MODEL, DATA, EFFECT, POSITIVE, NEGATIVE = "#0072B2", "#555555", "#D55E00", "#0072B2", "#D55E00"
FIELD, SIGNED = "viridis", "RdBu_r"
LINES = (("#0072B2", "-"), ("#D55E00", "--"), ("#009E73", "-."), ("#CC79A7", ":"), ("#E69F00", "-"), ("#56B4E9", "--"))
"""Colour and dashes of the lines of one panel, in turn."""

SAVING = {"svg.fonttype": "none", "pdf.fonttype": 42, "svg.hashsalt": "glmengine"}
"""Text stays text; ids in SVG do not change from run to run."""

PANEL = (3.2, 2.5)
"""Width and height of one panel in inches."""


def panels(count: int, columns: int = 3, *, size: tuple[float, float] = PANEL) -> tuple[Figure, list[Axes]]:
    """A figure of `count` axes in rows of `columns`."""
    from matplotlib.figure import Figure

    columns = max(1, min(columns, count))
    rows = max(1, -(-count // columns))
    figure = Figure(figsize=(size[0] * columns, size[1] * rows), layout="constrained")
    axes = [figure.add_subplot(rows, columns, position + 1) for position in range(count)]
    return figure, axes


def finish(axes: Axes, *, title: str = "", x: str = "", y: str = "") -> None:
    """Labels, and no frame where there is nothing to enclose."""
    axes.set_title(title, fontsize=9)
    axes.set_xlabel(x, fontsize=8)
    axes.set_ylabel(y, fontsize=8)
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)


def label(coordinate: Any) -> str:
    """Name of a variable with its unit."""
    name, unit = str(coordinate.attrs.get("long_name", coordinate.name)), str(coordinate.attrs.get("unit", ""))
    return f"{name} ({unit})" if unit else name


def rate_label(array: Any) -> str:
    """What a rate is, with its unit: results say so of each array, the first of them only ``Hz``."""
    name = (
        str(array.attrs.get("long_name", ""))
        .removeprefix("observed ")
        .removeprefix("mean ")
        .removesuffix(" predicted by the model")
    )
    return f"{name or 'rate'} ({array.attrs.get('unit', 'Hz')})"


def from_zero(axes: Axes) -> None:
    """Begin the vertical axis at 0 where nothing lies below, as it may with signals."""
    if axes.dataLim.y0 >= 0:
        axes.set_ylim(bottom=0.0)
