"""Figures of a size in millimetres, and their panels."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from glmengine.figures.page import Page, page

INCH = 25.4
PANEL = (60.0, 52.0)
"""Width and height of one of several panels in mm."""

_NARROWEST = 40.0


class PaperFigure(Figure):
    """A figure that knows its page, and whence its numbers are.

    Attributes
    ----------
    page : Page
    origin : mapping of str to str
        Program, version, hashes and seed, written into its files.
    """

    page: Page = Page()
    origin: Mapping[str, str] = {}


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
