"""Colours of plots, taken from the window's palette, and the set used on paper."""

from __future__ import annotations

from dataclasses import dataclass

from qtpy.QtGui import QColor, QPalette

# Okabe and Ito (2008), told apart by colour-blind readers; the order differs so that the first has contrast on its ground.
_ON_LIGHT = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A6A00", "#444444")
_ON_DARK = ("#56B4E9", "#E69F00", "#2FC79B", "#E08FBF", "#F0E442", "#F0773B", "#9BA8FF", "#CCCCCC")

COLOUR_MAP = "viridis"  # perceptually uniform, readable without colour
DIVERGING_MAP = "CET-D1"

GREYED = 0.6
"""Opacity of what answers an earlier question: pale beside what does not, and its lines still told from the ground, light and dark."""


@dataclass(frozen=True)
class Colours:
    """What a plot is painted with.

    Attributes
    ----------
    ground, ink, muted, grid : QColor
        Background, text and axes, observed data and marks, grid lines.
    series : tuple of QColor
    """

    ground: QColor
    ink: QColor
    muted: QColor
    grid: QColor
    series: tuple[QColor, ...]

    def of(self, colour: int | str) -> QColor:
        """The colour of a curve: by position in the palette, or ``"data"`` for the neutral one."""
        if isinstance(colour, str):
            return self.muted
        return self.series[colour % len(self.series)]


def from_palette(palette: QPalette) -> Colours:
    """Colours that go with the window's palette, light or dark; those of what can be used, also where a plot is made on a page that waits."""
    group = QPalette.ColorGroup.Active
    ground, ink = palette.color(group, QPalette.ColorRole.Base), palette.color(group, QPalette.ColorRole.Text)
    dark = ground.lightness() < 128
    series = tuple(QColor(name) for name in (_ON_DARK if dark else _ON_LIGHT))
    return Colours(ground, ink, _mix(ink, ground, 0.42), _mix(ink, ground, 0.85), series)


def on_paper() -> Colours:
    """Black on white, for saved figures whatever the window looks like."""
    white, black = QColor("white"), QColor("black")
    return Colours(white, black, _mix(black, white, 0.45), _mix(black, white, 0.85), tuple(QColor(name) for name in _ON_LIGHT))


def _mix(a: QColor, b: QColor, share: float) -> QColor:
    """`a` with the given share of `b` in it."""
    parts = (round(one * (1 - share) + two * share) for one, two in zip(a.getRgb()[:3], b.getRgb()[:3], strict=True))
    return QColor(*parts)


def transparent(colour: QColor, alpha: int) -> QColor:
    """The colour at an opacity of `alpha` (0 to 255)."""
    pale = QColor(colour)
    pale.setAlpha(alpha)
    return pale
