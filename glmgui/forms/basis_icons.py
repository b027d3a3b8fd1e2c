"""Small drawings of the families of basis functions, for the list from which one is chosen."""

from __future__ import annotations

from functools import cache, partial

import numpy as np
from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPalette, QPen, QPolygonF

from glmengine.basis import Basis
from glmengine.design.preview import family_example
from glmgui.painted_icon import painted_icon

SIZE = QSize(72, 28)
_MARGIN = 3
# Okabe and Ito (2008), those that are told apart on a light and on a dark ground
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
_COLOURS_ON_DARK = ("#56B4E9", "#E69F00", "#2FC79B", "#E08FBF", "#F0E442")


def icon_of(kind: type, palette: QPalette) -> QIcon | None:
    """The drawing of a family, in colours that go with the palette; None for what is no family."""
    if not (isinstance(kind, type) and issubclass(kind, Basis)):
        return None
    return _drawn(kind, palette.color(QPalette.ColorRole.Base).lightness() < 128)


@cache
def _drawn(kind: type[Basis], dark: bool) -> QIcon:
    return painted_icon(partial(_draw, kind, dark))


def _draw(kind: type[Basis], dark: bool, painter: QPainter, place: QRectF, mode: QIcon.Mode) -> None:
    example = _example(kind)
    painter.translate(place.topLeft())
    painter.scale(place.width() / SIZE.width(), place.height() / SIZE.height())
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if example is None:
        painter.setPen(QColor("#cccccc" if dark else "#444444"))
        painter.drawText(0, 0, SIZE.width(), SIZE.height(), Qt.AlignmentFlag.AlignCenter, "f(x)")
        return
    x, values = example
    low, high = min(float(np.nanmin(values)), 0.0), float(np.nanmax(values))
    span = (high - low) or 1.0
    across = _MARGIN + x * (SIZE.width() - 2 * _MARGIN)
    for at, column in enumerate(values.T):
        heights = SIZE.height() - _MARGIN - (column - low) / span * (SIZE.height() - 2 * _MARGIN)
        good = np.isfinite(heights)
        colours = _COLOURS_ON_DARK if dark else _COLOURS
        painter.setPen(QPen(QColor(colours[at % len(colours)]), 1.4))
        painter.drawPolyline(QPolygonF([QPointF(*point) for point in zip(across[good], heights[good], strict=True)]))


_example = cache(family_example)
