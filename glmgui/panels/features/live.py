"""The curve of the live fit for the chosen term."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QVBoxLayout, QWidget

from glmgui.drawings.curves import Drawing, kernels, tuning
from glmgui.drawings.fields import fields
from glmgui.plots import Plot, draw
from glmgui.widgets import EmptyState

if TYPE_CHECKING:
    from glmengine.results.result import Result

_NOTHING = "The live fit has no curve for this term. All that it found stands in the Results step."


class LiveCurve(QWidget):
    """The first picture that a result has of one term: its tuning, its filter, or its strongest filters."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("live_curve")
        self.plot: Plot | None = None
        self._shown: tuple[Result, str, str] | None = None
        self._none = EmptyState("", _NOTHING, "live_empty", self)
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.addWidget(self._none)

    def show_term(self, result: Result, label: str, unit: str) -> None:
        """Draw the term of this label as `result` has it for a unit; what it does not know is said in words."""
        if self._shown is not None and self._shown[0] is result and self._shown[1:] == (label, unit):
            return
        self._shown = (result, label, unit)
        drawing = first_drawing(result, label, unit)
        self._none.setVisible(drawing is None)
        if drawing is None:
            if self.plot is not None:
                self.plot.hide()
            return
        made = draw(drawing, self.plot)
        made.set_title(f"Live fit of unit {unit} \u2013 {made.title}")
        made.subject = f"unit {unit} live fit"
        if made is not self.plot:
            self._drop()
            self.plot = made
            self._box.addWidget(made)
        made.show()

    def clear(self) -> None:
        """Let go of the result and its picture."""
        self._shown = None
        self._drop()

    def _drop(self) -> None:
        if self.plot is not None:
            self._box.removeWidget(self.plot)
            self.plot.hide()
            self.plot.deleteLater()
            self.plot = None


def first_drawing(result: Result, label: str, unit: str) -> Drawing | None:
    """The picture that says most of what a result found for one term; None where it has none."""
    if unit not in result.units:
        return None
    drawings: list[Drawing] = []
    if curves := result.labels_for(result.curves, unit, label):
        drawings = tuning(label, result.curves[curves[0]], unit)
    elif of_past := result.labels_for(result.filters, unit, label):
        filters = result.filters[of_past[0]]
        drawings = (fields if "channel" in filters.dims else kernels)(label, filters, unit)
    return drawings[0] if drawings else None
