"""The coupling graph: units on a circle, an arrow for each pair that the data speak for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.figures.kinds.coupling import telling_pairs
from glmengine.figures.layout import panels
from glmengine.figures.marks import colour_bar, finish, reach_of, short_name, signed_colours
from glmengine.figures.page import page, style
from glmengine.sentences import unit_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from glmengine.results.result import Result

_MOST_NAMES = 60


def draw(result: Result, *, unit: str | None = None, term: str | None = None, recording: Any = None) -> Figure:
    """Arrows from source to unit in the colour of the summed filter, wider the stronger; of one unit only its own where one is named.

    Raises
    ------
    GlmError
        If the result has no coupling.
    """
    if result.coupling is None:
        raise GlmError("the result has no coupling; add a coupling term")
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.patches import FancyArrowPatch

    strength = result.coupling["strength"].transpose("unit", "source").values
    names = list(dict.fromkeys(str(name) for dim in ("source", "unit") for name in result.coupling[dim].values))
    place = {name: number for number, name in enumerate(names)}
    turn = 2 * np.pi * np.arange(len(names)) / max(len(names), 1)
    at = np.column_stack((np.sin(turn), np.cos(turn)))
    side = page().width or 1.2 * style().one_column
    figure, (ax,) = panels(1, size=(side, 0.72 * side))
    reach = reach_of(strength)
    colours = ScalarMappable(Normalize(-reach, reach), signed_colours())
    to, by = telling_pairs(result.coupling)
    order = np.argsort(np.abs(strength[to, by]), kind="stable")  # the strongest on top
    drawn = 0
    for target, source in zip(to[order], by[order], strict=True):
        receives, sends = (str(result.coupling[dim].values[number]) for dim, number in (("unit", target), ("source", source)))
        if receives == sends or (unit is not None and unit not in (receives, sends)):
            continue
        share = abs(strength[target, source]) / reach
        ax.add_patch(
            FancyArrowPatch(
                at[place[sends]],
                at[place[receives]],
                arrowstyle="-|>",
                connectionstyle="arc3,rad=0.12",
                mutation_scale=4 + 5 * share,
                shrinkA=4,
                shrinkB=4,
                linewidth=style().line_width * (0.3 + 1.2 * share),
                color=colours.to_rgba(strength[target, source]),
                linestyle="-" if strength[target, source] > 0 else (0, (3, 1.5)),
            )
        )
        drawn += 1
    ax.plot(*at.T, "o", color=style().data, markersize=style().marker_size)
    if len(names) <= _MOST_NAMES:
        size = min(0.9 * style().font_size, 260 / len(names))
        for name, (x, y), angle in zip(names, at, np.degrees(turn), strict=True):
            right = angle <= 180
            ax.text(
                1.07 * x,
                1.07 * y,
                short_name(name, 20),
                fontsize=size,
                rotation=90 - angle if right else 270 - angle,
                rotation_mode="anchor",
                ha="left" if right else "right",
                va="center",
            )
    ax.set_aspect("equal")
    ax.set_axis_off()
    ax.set_xlim(-1.4, 1.4)
    ax.set_ylim(-1.3, 1.3)
    colour_bar(ax, colours, f"summed filter\n({result.coupling['strength'].attrs.get('unit', 'log rate per spike')})")
    title = str(result.coupling.attrs.get("term", "")) or "coupling"
    finish(ax, title=title + (f", {short_name(unit_name(unit))}" if unit else ""))
    said = f"{drawn} pairs with p < 0.05 after Bonferroni's correction; dashed: lowers the rate"
    figure.supxlabel(said, fontsize=0.85 * style().font_size)
    return figure
