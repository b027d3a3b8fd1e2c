"""Figures of a size in millimetres, and their panels."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from glmengine.errors import GlmError
from glmengine.figures.page import Page, Part, page

INCH = 25.4
PANEL = (60.0, 52.0)
"""Width and height of one of several panels in mm."""

_NARROWEST = 40.0
_LEAST_PANEL, _OVER_THE_EDGE = 5.0, 1.5
"""Millimetres: a side of what is drawn below which nothing can be seen, and how far writing may lie over the edge of the page."""
_AIR, _LEAST_STRIPE = 0.16, 0.06  # inches: above and below what is drawn, and what is too little to be taken away


class PaperFigure(Figure):
    """A figure that knows its page, and whence its numbers are.

    Attributes
    ----------
    page : Page
    origin : mapping of str to str
        Program, version, hashes and seed, written into its files.
    parts : frozenset of str
        Which of title, legend, bands and data it has, shown or not.
    """

    page: Page = Page()
    origin: Mapping[str, str] = {}
    parts: frozenset[Part] = frozenset()


def blank(width: float, height: float) -> PaperFigure:
    """A figure without axes, of this size (mm) where the page has none."""
    asked = page()
    size = ((asked.width or width) / INCH, (asked.height or height) / INCH)
    figure = PaperFigure(figsize=size, layout="constrained")
    figure.page = asked
    figure.get_layout_engine().set(w_pad=0.05, h_pad=0.04, wspace=0.03)
    return figure


def panels(
    count: int,
    columns: int = 3,
    *,
    size: tuple[float, float] | None = None,
    wide_last: bool = False,
    projections: Mapping[int, str] | None = None,
) -> tuple[PaperFigure, list[Axes]]:
    """A figure of `count` axes.

    Parameters
    ----------
    count : int
    columns : int
        At most so many side by side.
    size : (width, height), optional
        Of a figure of one panel, in mm; over more than two columns it is not made.
    wide_last : bool
        Whether the last one has a row of its own.
    projections : mapping of int to str, optional
        Of panels that have other than straight axes.
    """
    asked, look = page(), page().style
    apart = count - 1 if wide_last and count > 1 else count
    if size is not None:
        width, row = min(size[0], look.two_columns), size[1]
    else:
        width = look.one_column if count == 1 else look.two_columns
        row = 62.0 if count == 1 else PANEL[1]
    width = asked.width or width
    columns = max(1, min(columns, apart, int(width // _NARROWEST)))
    rows = max(1, -(-apart // columns)) + (apart < count)
    figure = blank(width, row * rows)
    kinds = projections or {}
    axes = [figure.add_subplot(rows, columns, position + 1, projection=kinds.get(position)) for position in range(apart)]
    if apart < count:
        axes.append(figure.add_subplot(rows, columns, ((rows - 1) * columns + 1, rows * columns)))
    return figure, axes


def check_room(figure: Figure) -> None:
    """Refuse a page on which what is written leaves no room for what is drawn, or lies beyond its edges.

    To be called once the figure is laid out. Of a size that the figure chose itself nothing is refused.

    Raises
    ------
    GlmError
        For a page whose size is given, and is too small.
    """
    asked = getattr(figure, "page", Page())
    if asked.width is None and asked.height is None:
        return
    renderer = _renderer_of(figure)
    shown = [ax for ax in figure.axes if ax.get_visible() and ax.axison]
    sides = [length / figure.dpi * INCH for ax in shown if not hasattr(ax, "_colorbar") for length in ax.bbox.size]
    boxes = [box for ax in shown if (box := ax.get_tightbbox(renderer)) is not None]
    over = max((max(-box.x0, -box.y0, box.x1 - figure.bbox.x1, box.y1 - figure.bbox.y1) for box in boxes), default=0.0)
    if min(sides, default=_LEAST_PANEL) < _LEAST_PANEL or over / figure.dpi * INCH > _OVER_THE_EDGE:
        width, height = (length * INCH for length in figure.get_size_inches())
        raise GlmError(
            f"on {width:.0f} x {height:.0f} mm this figure has no room for what it shows beside its labels; make it wider or higher, or its "
            "letters smaller",
            field="width" if asked.width is not None else "height",
        )


def trim_height(figure: Figure) -> bool:
    """Take away the empty stripes above and below maps that are as wide as they can be, where the page gives no height; whether there were any.

    To be called once the figure is laid out: maps true to scale are then lower than their places.
    """
    if getattr(figure, "page", Page()).height is not None:
        return False
    renderer = _renderer_of(figure)
    boxes = [box for ax in figure.axes if (box := ax.get_tightbbox(renderer)) is not None]
    if not boxes:
        return False
    whole = figure.bbox
    above = [text.get_window_extent(renderer).y0 for text in (figure._suptitle,) if text is not None and text.get_text()]
    below = [text.get_window_extent(renderer).y1 for text in (figure._supxlabel,) if text is not None and text.get_text()]
    empty = min(above, default=whole.y1) - max(box.y1 for box in boxes)
    empty += min(box.y0 for box in boxes) - max(below, default=whole.y0)
    spare = empty / figure.dpi - _AIR
    if spare <= _LEAST_STRIPE:
        return False
    figure.set_size_inches(figure.get_figwidth(), figure.get_figheight() - spare)
    return True


def _renderer_of(figure: Figure) -> RendererBase:
    """What measures the text of a figure."""
    return figure.canvas.get_renderer() if hasattr(figure.canvas, "get_renderer") else FigureCanvasAgg(figure).get_renderer()
