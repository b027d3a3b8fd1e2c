"""Marks that figures are made of, in the style of the page: lines, bands, dots, labels, legends, colour bars and ticks."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.ticker import MaxNLocator

from glmengine.figures.band_reach import ends_near, seen_height
from glmengine.figures.drawing import beyond
from glmengine.figures.layout import INCH
from glmengine.figures.page import page, shows, style
from glmengine.figures.radians import RADIANS, pi_text, pi_ticks
from glmengine.sentences import as_shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

_EM = 0.53
"""Mean width of a letter, of its height."""

_SMALLEST_TICKS = 3.0
"""Of the names of very many units, in pt."""

_BARE_DOLLAR = re.compile(r"(?<!\\)\$")

LONGEST_NAME = 20
"""Letters of a line of a name at a tick: a longer one would leave no room for the panel."""


def line(ax: Axes, x: Any, y: Any, colour: str, *, dashes: str = "-", label: str | None = None, width: float = 1.0) -> None:
    """A curve; `width` is in line widths of the style."""
    ax.plot(x, y, dashes, color=colour, linewidth=width * style().line_width, label=label)


def band(ax: Axes, x: Any, low: Any, high: Any, colour: str, *, label: str | None = None) -> None:
    """An interval around a curve, where intervals are shown."""
    if shows("bands"):
        ax.fill_between(x, low, high, color=colour, alpha=style().band_opacity, linewidth=0, label=label)


def cut_band(ax: Axes, curves: Sequence[np.ndarray], low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ends of a band as they are drawn, and the axis ended before them where they lie far beyond the curves (`band_reach`)."""
    height = seen_height(curves, (low, high)) if shows("bands") else None
    if height is not None:
        ax.set_ylim(*height)
    return ends_near(low, height), ends_near(high, height)


def with_band(name: str) -> str:
    """The name of a curve in a legend, which says that it has an interval where that is shown."""
    return f"{name}, 95 %" if page().bands else name


def dots(ax: Axes, x: Any, y: Any, *, label: str | None = "data") -> None:
    """The data, where they are shown."""
    if shows("data"):
        ax.plot(x, y, ".", color=style().data, markersize=1.2 * style().marker_size, label=label)


def level(ax: Axes, at: float = 0.0, *, upright: bool = False) -> None:
    """A line of reference."""
    (ax.axvline if upright else ax.axhline)(at, color="0.6", linewidth=style().axis_width, zorder=0.5)


def diagonal(ax: Axes, low: float, high: float) -> None:
    """Where the right model lies."""
    ax.plot([low, high], [low, high], "--", color=style().data, linewidth=style().axis_width)


def entitle(figure: Figure, text: str) -> None:
    """The title of a whole figure, where titles are shown, in several lines where it is longer than the figure is wide."""
    if text and shows("title"):
        figure.suptitle(folded(text, letters_in(figure.get_size_inches()[0], 1.2)))


def name_source(figure: Figure) -> None:
    """Recording and unit that the page names, in a line above the title of a whole figure, where titles are shown."""
    if page().source and shows("title"):
        entitle(figure, "\n".join(filter(None, (page().source, figure.get_suptitle()))))


def note_below(figure: Figure, text: str) -> None:
    """A line below a whole figure, under what stands there already; it does not depend on whether titles are shown."""
    if text:
        size = 0.85
        folding = folded(text, letters_in(figure.get_size_inches()[0], size))
        before = figure.get_supxlabel()
        figure.supxlabel("\n".join(filter(None, (before, folding))), fontsize=size * style().font_size)


def finish(ax: Axes, *, title: str = "", x: str = "", y: str = "") -> None:
    """Labels, in several lines where they are longer than the panel, and no frame where there is nothing to enclose."""
    place = ax.get_position()
    width, height = ax.figure.get_size_inches()
    if title and shows("title"):
        ax.set_title(folded(title, letters_in(place.width * width, 1.1)))
    ax.set_xlabel(folded(x, letters_in(place.width * width, 1.0)))
    ax.set_ylabel(folded(y, letters_in(place.height * height, 1.0)))
    if ax.name != "polar":
        ax.spines[["top", "right"]].set_visible(False)
        for axis, words in ((ax.xaxis, x), (ax.yaxis, y)):
            if _is_angle(words):
                tick_in_pi(axis)


def _is_angle(words: str) -> bool:
    return words.endswith(f"({RADIANS})")


def tick_in_pi(axis: Axis, most: int = 5) -> None:
    """Ticks of an axis of angles at multiples of a fraction of pi, no more than `most`, where it is long enough to hold three."""
    _, places = pi_ticks(*sorted(axis.get_view_interval()), max(most, 3))
    if places:
        axis.set_ticks(places, [pi_text(place) for place in places])


def letters_in(inches: float, size: float) -> float:
    """How many letters, `size` times as large as labels, have room beside each other."""
    return inches * 72 / (_EM * size * style().font_size)


def written(text: str) -> str:
    """The text as it is shown, dollars as they are: between two of them Matplotlib would read a formula, and fail at what is none."""
    return _BARE_DOLLAR.sub(r"\\$", as_shown(text))


class _Folding(textwrap.TextWrapper):
    """Breaks names of variables, too, where their parts meet."""

    wordsep_re = re.compile(r"(\s+)|(?<=[_.])(?=[^\W\d])")


def folded(text: str, characters: float) -> str:
    """The text as it is shown in lines of so many characters at most (12 at least), broken at blanks and between the parts of names where there are any."""
    if not text:
        return ""
    if len(text) > characters:  # it will be folded, so what its own letters take matters
        characters *= min(1.0, _EM / _mean_letter(text))
    folding = _Folding(max(12, int(characters)))
    return "\n".join(part for line in written(text).split("\n") for part in folding.wrap(line))


def _mean_letter(text: str) -> float:
    """Mean width of the letters of a text, of their height."""
    width, _, _ = text_to_path.get_text_width_height_descent(text.replace("\n", " "), FontProperties(size=100), False)
    return width / (100 * len(text))


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


def colour_bar(ax: Axes, image: Any, text: str, values: np.ndarray | None = None) -> None:
    """What the colours of an image say, beside it and as high as it is, with arrows at ends beyond which lie some of the `values` (its own, if none)."""
    shown = np.ma.filled(np.ma.asarray(image.get_array(), float), np.nan) if values is None else values
    below, above = beyond(shown, image.get_clim())
    extend = "both" if below and above else "min" if below else "max" if above else "neither"
    bar = ax.figure.colorbar(image, cax=ax.inset_axes((1.04, 0.0, 0.05, 1.0)), extend=extend)
    room = letters_in(0.8 * ax.get_position().height * ax.figure.get_size_inches()[1], 1.0)
    # in the label of the bar, so that it is seen whose it is
    reach = ", ".join(said.partition(": ")[2] for said in (below, above) if said)
    bar.set_label("\n".join(folded(words, room) for words in (text, reach) if words))
    bar.outline.set_visible(False)


def from_zero(ax: Axes) -> None:
    """Begin the vertical axis at 0 where nothing lies below, as it may with signals."""
    if ax.dataLim.y0 >= 0:
        ax.set_ylim(bottom=0.0)


def legend(ax: Axes, **where: Any) -> None:
    """The legend, where legends are shown and anything has a name."""
    handles, names = ax.get_legend_handles_labels()
    if names and shows("legend"):
        ax.legend(handles, list(map(written, names)), **where)


def legend_inside(ax: Axes) -> None:
    """The legend where it hides least; in a narrow panel above all that is drawn, for which the axis is made longer."""
    handles, names = ax.get_legend_handles_labels()
    if not (names and shows("legend")):
        return
    room = letters_in(0.7 * ax.get_position().width * ax.figure.get_size_inches()[0], 0.85)
    if room >= max(len(name) for name in names) + 9:
        legend(ax)
        return
    names = [folded(name, room - 6) for name in names]
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.22 * sum(1 + name.count("\n") for name in names) * (high - low))
    ax.legend(handles, names, loc="upper left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.0, handlelength=1.2)


def legend_above(ax: Axes, title: str = "") -> None:
    """The legend above the panel, where it hides nothing: beside the title, which stands on the left, or below it where there is no room."""
    legend(ax, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, borderaxespad=0.1)
    if not (title and shows("title")):
        return
    names = ax.get_legend_handles_labels()[1] if page().legend else []
    room = letters_in(0.8 * ax.get_position().width * ax.figure.get_size_inches()[0], 1.0)
    said = folded(title, room / 1.1)
    wide = 1.1 * max(map(len, said.split("\n"))) + sum(len(name) + 8 for name in names)
    ax.set_title(said, loc="left", pad=2.4 * style().font_size if names and wide > room else None)


def ticks_fit(ax: Axes, texts: list[str]) -> bool:
    """Whether words have room beside each other below a panel, whose own labels take a part of its place."""
    return sum(len(text) + 1.5 for text in texts) < letters_in(
        0.6 * ax.get_position().width * ax.figure.get_size_inches()[0], 0.9
    )


def number_label(value: float) -> str:
    """A strength as short as it can be: ``0.01``, ``1e-5``, ``3.2e-4``, ``0``."""
    text = f"{value:.3g}" if value == 0 or 0.01 <= abs(value) < 1000 else f"{value:.1e}"
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}" if exponent else text


def spare_ticks(ax: Axes) -> None:
    """Fewer ticks below a panel that is so narrow that their numbers would touch; of a map that keeps its scale the same steps both ways."""
    room = letters_in(0.6 * ax.get_position().width * ax.figure.get_size_inches()[0], 0.9) / 5
    if room < 4 and _is_angle(ax.get_xlabel().replace("\n", " ")):
        tick_in_pi(ax.xaxis, int(room))
    elif room < 4 or ax.get_aspect() == 1:
        most = max(2, min(int(room), 4))
        ax.xaxis.set_major_locator(MaxNLocator(most))
        if ax.get_aspect() == 1:
            wide, high = (abs(np.subtract(*ends)) for ends in (ax.get_xlim(), ax.get_ylim()))
            ax.yaxis.set_major_locator(MaxNLocator(max(2, round(most * high / wide))))


def short_name(name: str, most: int = LONGEST_NAME) -> str:
    """The name as it is shown at a tick, its middle left out of lines that are longer than `most`: names of one kind differ at their ends."""
    lines = as_shown(name).split("\n")
    cut = (one if len(one) <= most else f"{one[: (most - 1) // 2]}\u2026{one[len(one) - most // 2 :]}" for one in lines)
    return written("\n".join(cut))


def name_ticks(axis: Any, names: Any, room: float, *, most: int = 150, longest: int = LONGEST_NAME) -> None:
    """A tick for each name of at most `longest` letters a line, small enough for `room` mm, or for every second, third, ... where that is too small to read; of more than `most` none."""
    names = [short_name(str(name), longest) for name in names]
    if len(names) <= most:
        size = 0.8 * 72 * room / INCH / max(len(names), 1)
        every = max(1, -int(-_SMALLEST_TICKS // size)) if size > 0 else 1
        axis.set_ticks(range(0, len(names), every), names[::every])
        axis.set_tick_params(labelsize=min(0.9 * style().font_size, max(_SMALLEST_TICKS, size)))


def signed_colours() -> Colormap:
    """The colours of what may be positive or negative; grey where there is nothing, which is not zero."""
    import matplotlib

    return matplotlib.colormaps[style().signed_map].with_extremes(bad="0.8")


def reach_of(values: np.ndarray) -> float:
    """The largest magnitude, 1 where there is none: both ends of colours with a sign."""
    return float(np.nanmax(np.abs(values), initial=0.0)) or 1.0
