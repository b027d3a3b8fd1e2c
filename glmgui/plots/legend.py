"""The line above a plot that says what its curves and their intervals are."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import pyqtgraph as pg

from glmengine.sentences import as_shown
from glmgui.drawings.series import Curve
from glmgui.plots.style import Colours

_MOST_NAMES = 6
_MARGIN = 24  # pixels
_MARKS = {"dots": "\u25cf", "points": "\u25cf", "dashed": "\u2504"}
_LINE = "\u2501"


class Legend(pg.LabelItem):
    """A row of its own, which inside the area would cover curves. It asks for no room: a long one would make the drawing wider than its place."""

    def __init__(self) -> None:
        super().__init__("", justify="right")

    def updateMin(self) -> None:
        super().updateMin()
        self.setMinimumWidth(0)

    def show_curves(self, curves: Sequence[Curve], colours: Colours, width: float) -> None:
        """Name curves in a view of a width in pixels, as many as there is room for; without any the row is gone."""
        parts = [
            f'<span style="color:{colours.of(curve.colour).name()}">{_MARKS.get(curve.look, _LINE)}</span>&nbsp;{escape(as_shown(curve.legend))}'
            for curve in curves
        ]
        for count in range(min(len(parts), _MOST_NAMES), -1, -1):
            more = [f"and {len(parts) - count} more" if count else f"{len(parts)} curves"] if count < len(parts) else []
            self.setText("&nbsp;&nbsp;&nbsp; ".join(parts[:count] + more), color=colours.ink.name())
            if self.itemRect().width() <= max(width - _MARGIN, 0):
                break
        self.setVisible(bool(parts))
        self.setMaximumHeight(self.itemRect().height() if parts else 0)
