"""Style of figures: sizes, colours that colour-blind readers tell apart, labels and ticks."""

from __future__ import annotations

import textwrap
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

_WIDE = 6.4
"""Least width, in inches, of a figure with a panel over time."""

PANEL = (3.2, 2.5)
"""Width and height of one panel in inches."""


def panels(
    count: int, columns: int = 3, *, size: tuple[float, float] = PANEL, wide_last: bool = False
) -> tuple[Figure, list[Axes]]:
    """A figure of `count` axes in rows of `columns`; `wide_last` gives the last one a row of its own."""
    from matplotlib.figure import Figure

    apart = count - 1 if wide_last and count > 1 else count
    columns = max(1, min(columns, apart))
    rows = max(1, -(-apart // columns)) + (apart < count)
    width = size[0] * columns if apart == count else max(size[0] * columns, _WIDE)
    figure = Figure(figsize=(width, size[1] * rows), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.06, wspace=0.03)
    axes = [figure.add_subplot(rows, columns, position + 1) for position in range(apart)]
    if apart < count:
        axes.append(figure.add_subplot(rows, columns, ((rows - 1) * columns + 1, rows * columns)))
    return figure, axes


def finish(axes: Axes, *, title: str = "", x: str = "", y: str = "") -> None:
    """Labels, in several lines where they are longer than the panel, and no frame where there is nothing to enclose."""
    width, height = (
        getattr(axes.get_position(), side) * inches
        for side, inches in zip(("width", "height"), axes.figure.get_size_inches(), strict=True)
    )
    axes.set_title(folded(title, width * 15), fontsize=9)
    axes.set_xlabel(folded(x, width * 16), fontsize=8)
    axes.set_ylabel(folded(y, height * 18), fontsize=8)
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)


def folded(text: str, characters: float) -> str:
    """The text in lines of so many characters at most (12 at least), broken at blanks where there are any."""
    return "\n".join(part for line in text.split("\n") for part in textwrap.wrap(line, max(12, int(characters)))) if text else ""


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


def colour_bar(axes: Axes, image: Any, text: str, *, shrink: float = 0.8) -> None:
    """What the colours of an image say, beside it."""
    bar = axes.figure.colorbar(image, ax=axes, shrink=shrink)
    bar.set_label(text, fontsize=8)
    bar.ax.tick_params(labelsize=7)


def from_zero(axes: Axes) -> None:
    """Begin the vertical axis at 0 where nothing lies below, as it may with signals."""
    if axes.dataLim.y0 >= 0:
        axes.set_ylim(bottom=0.0)


def legend_above(axes: Axes) -> None:
    """The legend beside the title, where it hides nothing."""
    axes.legend(fontsize=7, frameon=False, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, borderaxespad=0.1)


def number_label(value: float) -> str:
    """A strength as short as it can be: ``0.01``, ``1e-5``, ``3.2e-4``, ``0``."""
    text = f"{value:.3g}" if value == 0 or 0.01 <= abs(value) < 1000 else f"{value:.1e}"
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}" if exponent else text


def name_ticks(axis: Any, names: Any, room: float, *, most: int = 150) -> None:
    """A tick for each name, small enough for `room` inches; of more than `most` none."""
    names = [str(name) for name in names]
    if len(names) <= most:
        axis.set_ticks(range(len(names)), names)
        axis.set_tick_params(labelsize=min(7.0, max(2.5, 0.8 * 72 * room / max(len(names), 1))))


def signed_colours() -> Any:
    """The colours of what may be positive or negative; grey where there is nothing, which is not zero."""
    import matplotlib

    return matplotlib.colormaps[SIGNED].with_extremes(bad="0.8")
