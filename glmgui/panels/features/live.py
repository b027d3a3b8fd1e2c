"""The curve of the live fit for the chosen term, and its held-out score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtWidgets import QVBoxLayout, QWidget

from glmengine.sentences import percent
from glmgui.drawings.curves import Drawing, kernels, tuning
from glmgui.drawings.fields import fields
from glmgui.plots import Plot, draw
from glmgui.widgets.messages import EmptyState
from glmgui.widgets.page import WordsColumn
from glmgui.widgets.sizes import scaled
from glmgui.widgets.texts import hint

if TYPE_CHECKING:
    from glmengine.results.result import Result
    from glmengine.results.sketch import Sketch, SketchScore

_LEAST_HEIGHT = 160  # pixels of the picture, in which a peak is told from a plain line also on a low screen
_NOTHING = "The live fit has no curve for this term. All that it found stands in the Results step."
_SCORING = "The held-out score follows."
_NO_SCORE = "Too few spikes for a held-out score."


class LiveCurve(WordsColumn):
    """The first picture that a live fit has of one term: its tuning, its filter, or its strongest filters."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("live_curve")
        self.plot: Plot | None = None
        self._shown: tuple[Result | Sketch, str, str] | None = None
        self._none = EmptyState("", _NOTHING, "live_empty", self)
        self.said = hint("", self)
        self.said.setObjectName("live_said")
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.addWidget(self._none)
        self._box.addWidget(self.said)

    def show_term(self, result: Result, label: str, unit: str, score: SketchScore | None = None) -> None:
        """Draw the term of this label as `result` has it for a unit; what it does not know is said in words."""
        self.said.setText(_scored(score, unit))
        if self._is_new(result, label, unit):
            self._draw(first_drawing(result, label, unit), unit)

    def show_sketch(self, sketch: Sketch, score: SketchScore | None) -> None:
        """Draw what some of the time says of a term."""
        part = f"From {sketch.seconds:,.0f} of {sketch.whole:,.0f}\u2009s; from all of it when nothing is changed for a moment."
        self.said.setText(f"{part} {_scored(score, sketch.unit) or _SCORING}")
        if self._is_new(sketch, sketch.label, sketch.unit):
            self._draw(_drawing_of(sketch), sketch.unit)

    def clear(self) -> None:
        """Let go of the result and its picture."""
        self._shown = None
        self._drop()

    def _is_new(self, found: Result | Sketch, label: str, unit: str) -> bool:
        if self._shown is not None and self._shown[0] is found and self._shown[1:] == (label, unit):
            return False
        self._shown = (found, label, unit)
        return True

    def _draw(self, drawing: Drawing | None, unit: str) -> None:
        self._none.setVisible(drawing is None)
        if drawing is None:
            if self.plot is not None:
                self.plot.hide()
            return
        made = draw(drawing, self.plot)
        made.set_title(f"Live fit of unit {unit}")  # the term is the chosen one, named above and on the axis
        made.subject = f"unit {unit} live fit"
        if made is not self.plot:
            self._drop()
            self.plot = made
            made.view.setMinimumHeight(scaled(_LEAST_HEIGHT))
            self._box.insertWidget(0, made, 1)
        made.show()

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


def _drawing_of(sketch: Sketch) -> Drawing | None:
    drawings: list[Drawing] = []
    for curve in list(sketch.curves.values())[:1]:
        drawings = tuning(sketch.label, curve, sketch.unit)
    for filters in list(sketch.filters.values())[:1]:
        drawings = kernels(sketch.label, filters, sketch.unit)
    return drawings[0] if drawings else None


def _scored(score: SketchScore | None, unit: str) -> str:
    if score is None or score.unit != unit:
        return ""
    if not np.isfinite(score.deviance_explained):
        return _NO_SCORE
    return (
        f"Held out: {percent(score.deviance_explained, 1)} of the deviance explained, by fits of {score.seconds:,.0f}\u2009s "
        "from everywhere in the recording."
    )
