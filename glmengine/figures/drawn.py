"""Drawings as figures for paper, in matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.figures.band_reach import ends_near, height_of
from glmengine.figures.drawing import Axis, Bars, Curve, Drawing, Images, Lines, Polar, Spikes, Stretches
from glmengine.figures.kinds.polar import round_axes
from glmengine.figures.layout import panels
from glmengine.figures.marks import (
    band,
    colour_bar,
    entitle,
    finish,
    legend,
    level,
    name_source,
    name_ticks,
    note_below,
    short_name,
    signed_colours,
    written,
)
from glmengine.figures.page import Page, drawing_on, page, parts, shows, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from glmengine.figures.layout import PaperFigure

MOST_VECTORS = 5000
"""Marks of one panel that are drawn as vectors; more are pixels."""

_FAINT = 0.35  # opacity of points that say little
_BUSY = 8  # more bars than these need a wider figure


def draw_drawing(drawing: Drawing, asked: Page | None = None, note: str = "") -> PaperFigure:
    """The same drawing as the screen has, on paper.

    Parameters
    ----------
    drawing : Drawing
    asked : Page, optional
        Size, style, and what is shown.
    note : str
        What stands below it.
    """
    with drawing_on(asked or Page()):
        if isinstance(drawing, Lines):
            figure, (ax,) = panels(1)
            _draw_lines(ax, drawing)
        elif isinstance(drawing, Polar):
            figure, (ax,) = panels(1, projections={0: "polar"})
            _draw_polar(ax, drawing)
        elif isinstance(drawing, Images):
            figure, axes = panels(max(len(drawing.images), 1))
            _draw_images(axes, drawing)
        elif isinstance(drawing, Bars):
            figure = _draw_bars(drawing)
        elif isinstance(drawing, Spikes):
            figure, (ax,) = panels(1, size=(style().two_columns, max(30.0, min(18.0 + 2.5 * len(drawing.times), 150.0))))
            _draw_spikes(ax, drawing)
        else:
            figure, (ax,) = panels(1, size=(style().two_columns, 20.0 + 6.0 * len(drawing.rows)))
            _draw_stretches(ax, drawing)
        name_source(figure)
        note_below(figure, note)
        figure.parts = parts()
    figure.origin = {"figure": drawing.title, "program": "glmengine"}
    return figure


def _colour(curve: Curve) -> str:
    return style().data if isinstance(curve.colour, str) else style().line(curve.colour)[0]


def _draw_lines(ax: Axes, drawing: Lines) -> None:
    several = len(drawing.curves) > 1
    if drawing.level:
        level(ax)
    for place, text in drawing.marks:
        level(ax, place, upright=True)
        ax.annotate(
            written(text),
            (place, 1.0),
            xycoords=("data", "axes fraction"),
            ha="center",
            va="bottom",
            fontsize=0.85 * style().font_size,
        )
    height = height_of(drawing.curves, cut_bands=drawing.cut_bands and page().bands)
    if height is not None:
        ax.set_ylim(*height)
    for curve in drawing.curves:
        if curve.colour == "data" and several and not shows("data"):
            continue
        for part in curve.parts:
            _draw_curve(ax, part, height)
    if drawing.log_x:
        ax.set_xscale("log")
    if drawing.equal:
        ax.set_aspect("equal")
    if several or any(curve.band for curve in drawing.curves):
        legend(ax)
    finish(ax, title=drawing.title, x=drawing.x_axis.text, y=drawing.y_axis.text)
    _name(ax.xaxis, drawing.x_axis)
    _name(ax.yaxis, drawing.y_axis)


def _said(curve: Curve) -> str:
    return curve.legend if page().bands else curve.name


def _draw_curve(ax: Axes, curve: Curve, height: tuple[float, float] | None = None) -> None:
    colour, label, alpha = _colour(curve), None if curve.faint else _said(curve) or None, _FAINT if curve.faint else 1.0
    x, y = np.asarray(curve.x, float), np.asarray(curve.y, float)
    width = curve.width / 2.0 * style().line_width  # on the screen a usual line is two pixels wide
    many = len(x) > MOST_VECTORS
    if curve.look in ("dots", "points"):
        size = style().marker_size * (1.2 if curve.look == "dots" else 0.6)
        if curve.low is not None and curve.high is not None and shows("bands"):
            ax.vlines(x, curve.low, curve.high, color=colour, linewidth=0.8 * style().line_width)
        ax.plot(x, y, ".", color=colour, alpha=alpha, markersize=size, label=label, rasterized=many)
        return
    if curve.low is not None and curve.high is not None:
        band(ax, x, ends_near(curve.low, height), ends_near(curve.high, height), colour)
    if curve.look == "steps":
        ax.step(x, y, where="mid", color=colour, alpha=alpha, linewidth=width, label=label, rasterized=many)
    else:
        ax.plot(
            x,
            y,
            "--" if curve.look == "dashed" else "-",
            color=colour,
            alpha=alpha,
            linewidth=width,
            label=label,
            rasterized=many,
        )


def _draw_polar(ax: Axes, drawing: Polar) -> None:
    drawn = [curve.y for curve in drawing.curves]
    for curve in drawing.curves:
        x, y = (np.append(part, part[:1]) for part in (np.asarray(curve.x, float), np.asarray(curve.y, float)))
        width = curve.width / 2.0 * style().line_width
        if curve.low is not None and curve.high is not None and shows("bands"):
            ax.vlines(curve.x, curve.low, curve.high, color=_colour(curve), linewidth=0.5 * width)
            drawn.append(curve.high)
        ax.plot(x, y, color=_colour(curve), linewidth=width, label=_said(curve) or None)
    round_axes(ax, drawn, drawing.y_axis.text)
    if len(drawing.curves) > 1 or any(curve.band for curve in drawing.curves):
        legend(ax, loc="lower right", bbox_to_anchor=(1.25, -0.15))
    finish(ax, title=drawing.title, x=drawing.x_axis.label)


def _draw_images(axes: list[Axes], drawing: Images) -> None:
    low, high = drawing.levels or _levels(drawing)
    colours = signed_colours() if drawing.diverging else style().map
    several = len(drawing.images) > 1
    if several:
        entitle(axes[0].figure, drawing.title)
    for place, (ax, image) in enumerate(zip(axes, drawing.images, strict=False)):
        drawn = ax.pcolormesh(
            image.x,
            image.y,
            np.asarray(image.values, float).T,
            cmap=colours,
            vmin=low,
            vmax=high,
            shading="nearest",
            rasterized=True,
        )
        if drawing.equal:
            ax.set_aspect("equal")
        title = ": ".join(part for part in ("" if several else drawing.title, image.title) if part)
        finish(ax, title=title, x=drawing.x_axis.text, y=drawing.y_axis.text)
        _name(ax.xaxis, drawing.x_axis)
        _name(ax.yaxis, drawing.y_axis)
        if place == len(axes) - 1:
            pooled = np.concatenate([np.asarray(one.values, float).ravel() for one in drawing.images])
            colour_bar(ax, drawn, drawing.value_axis.text, pooled)


def _levels(drawing: Images) -> tuple[float, float]:
    known = np.concatenate([np.asarray(image.values, float).ravel() for image in drawing.images])
    known = known[np.isfinite(known)]
    if not known.size:
        return 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    if drawing.diverging:
        high = max(abs(low), abs(high))
        low = -high
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _draw_bars(drawing: Bars) -> PaperFigure:
    names = drawing.name_axis.names
    width = style().one_column if len(names) <= _BUSY else min(30.0 + 4.0 * len(names), style().two_columns)
    figure, (ax,) = panels(1, size=(max(width, style().one_column), 62.0))
    ax.bar(np.arange(len(names)), np.asarray(drawing.values, float), color=style().model, width=0.7)
    level(ax)
    finish(ax, title=drawing.title, x=drawing.name_axis.label, y=drawing.value_axis.text)
    name_ticks(ax.xaxis, names, (page().width or width) - 20.0)
    ax.tick_params(axis="x", rotation=90 if sum(map(len, names)) > 24 else 0)
    return figure


def _draw_spikes(ax: Axes, drawing: Spikes) -> None:
    times = list(drawing.times.values())
    many = sum(map(len, times)) > MOST_VECTORS
    offsets = np.arange(len(times))
    if times:
        ax.eventplot(times, lineoffsets=offsets, linelengths=0.8, linewidths=0.5, colors="black", rasterized=many)
    ax.set_xlim(*drawing.span)
    ax.set_ylim(len(times) - 0.4, -0.6)
    finish(ax, title=drawing.title, x="time (s)", y="unit")
    name_ticks(ax.yaxis, list(drawing.times), 2.5 * len(times), most=60)


def _draw_stretches(ax: Axes, drawing: Stretches) -> None:
    for row, (name, pieces) in enumerate(drawing.rows.items()):
        bars = [(start, stop - start) for start, stop in np.asarray(pieces, float).reshape(-1, 2)]
        ax.broken_barh(bars, (row - 0.3, 0.6), color=style().line(row)[0], rasterized=len(bars) > MOST_VECTORS, label=name)
    ax.set_xlim(*drawing.span)
    ax.set_ylim(len(drawing.rows) - 0.4, -0.6)
    finish(ax, title=drawing.title, x="time (s)")
    name_ticks(ax.yaxis, list(drawing.rows), 6.0 * len(drawing.rows))


def _name(axis: object, said: Axis) -> None:
    """Names in place of the numbers 1, 2, ... of an axis."""
    if not said.names:
        return
    step = -(-len(said.names) // 40)
    places = range(1, len(said.names) + 1, step)
    names = [short_name(said.names[place - 1]) for place in places]
    axis.set_ticks(list(places), names)
    if getattr(axis, "axis_name", "") == "x" and sum(map(len, names)) > 24:
        axis.set_tick_params(rotation=90)
