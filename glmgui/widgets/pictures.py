"""Pictures of the course, as large as they are meant to be and with as many pixels as the screen shows there."""

from __future__ import annotations

from math import inf
from pathlib import Path

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QPixmap

PIXELS = 2
"""Of a file for each that a screen of the usual fineness shows: the commands on the pages draw them so, and on a finer one they are sharp."""


def course_picture(path: Path, ratio: float, width: float = inf, height: float = inf) -> QPixmap:
    """A picture for a screen of this ratio of pixels, in at most so much room."""
    whole = QPixmap(str(path))
    share = min(1.0, width * PIXELS / whole.width(), height * PIXELS / whole.height()) / PIXELS
    step = _least_whole(ratio)
    shown = (max(int(share * pixels) // step, 1) * step for pixels in (whole.width(), whole.height()))
    pixels = QSize(*(round(part * ratio) for part in shown))
    fitted = whole.scaled(pixels, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
    fitted.setDevicePixelRatio(ratio)
    return fitted


def _least_whole(ratio: float) -> int:
    """The fewest pixels of the layout that are a whole number of those of the screen: a picture of parts of one would be drawn with a row
    left out."""
    return next((step for step in (1, 2, 4) if float(step * ratio).is_integer()), 1)
