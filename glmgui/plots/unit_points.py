"""The base of plots in which each unit is a point: a click selects one, a rectangle many, and the selected ones are marked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from qtpy.QtCore import QPointF, QRectF, Qt, Signal
from qtpy.QtWidgets import QWidget

from glmgui.drawings.series import NO_AXIS
from glmgui.plots.base import Plot
from glmgui.plots.rubber_band import RubberBand

_NEAR = 12.0  # pixels


class UnitPoints(Plot):
    """Subclasses set `_units` and `_points` (N, 2), NaN for a unit that is not drawn, and paint.

    Signals
    -------
    chosen : (tuple of str, str or None)
        The set of units that was selected, and the one of them that was pointed at.
    """

    chosen = Signal(object, object)

    def __init__(self, title: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(title, name, parent)
        self._units: tuple[str, ...] = ()
        self._points = np.empty((0, 2))
        self._marked: frozenset[str] = frozenset()
        self._unit: str | None = None
        self.area = self.add_area(0, 0, NO_AXIS, NO_AXIS)
        self.band = RubberBand(self.area, self.choose_inside)
        self.scene.sigMouseClicked.connect(self._clicked)

    def set_selected(self, units: Sequence[str], unit: str | None) -> None:
        """Mark the set, and the one unit of it that is pointed at."""
        self._marked, self._unit = frozenset(units), unit
        self._restyle()

    @property
    def placed(self) -> np.ndarray:
        """(N,) bool, the units that are drawn."""
        return np.isfinite(self._points).all(axis=1)

    @property
    def is_marked(self) -> np.ndarray:
        """(N,) bool, the units of the set."""
        return np.array([unit in self._marked for unit in self._units], bool)

    def choose_inside(self, rectangle: QRectF, more: bool) -> None:
        """Select the units in a rectangle of the axes' units, with `more` in addition to the set."""
        inside = [unit for unit, (x, y) in zip(self._units, self._points, strict=True) if rectangle.contains(QPointF(x, y))]
        if inside:
            self.chosen.emit(tuple({*inside, *(self._marked if more else ())}), None)

    def nearest(self, at: QPointF) -> int | None:
        """The unit whose point is under the mouse, at a point of the scene."""
        if not self.placed.any() or not self.area.vb.sceneBoundingRect().contains(at):
            return None
        here, pixel = self.area.vb.mapSceneToView(at), self.area.vb.viewPixelSize()
        away = np.hypot((self._points[:, 0] - here.x()) / pixel[0], (self._points[:, 1] - here.y()) / pixel[1])
        best = int(np.nanargmin(away))
        return best if away[best] <= _NEAR else None

    def _clicked(self, event) -> None:
        at = self.nearest(event.scenePos())
        if at is None or event.button() != Qt.MouseButton.LeftButton:
            return
        name = self._units[at]
        if not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.chosen.emit((name,), name)
        elif changed := self._marked ^ {name}:
            self.chosen.emit(tuple(changed), name if name in changed else None)
