"""The plot of the selected unit's curves under every ticked fit."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QCheckBox, QComboBox, QLabel, QWidget

from glmengine.sentences import as_shown, listed
from glmgui.drawings.overlay import lines_of, overlaid, without_bands
from glmgui.jobs import Jobs
from glmgui.plots import LinePlot
from glmgui.still_fields import StillCombo
from glmgui.widgets.layout import column, row
from glmgui.widgets.messages import MessageLine
from glmgui.widgets.texts import hint

if TYPE_CHECKING:
    from glmengine.context import Context
    from glmengine.results.kept_fits import KeptFit
    from glmgui.drawings.curves import Lines

OVERLAY = "fits-overlay"
_NONE_TICKED = "Press Compare above, or tick fits in the list, to see the selected unit's curves under each of them in one plot."
_NO_UNIT = "Select a unit, and its curves under the ticked fits stand here."


class OverlayView(QWidget):
    """One curve, chosen from those that the ticked fits have, under each of them.

    The drawings are made in the worker, and only while the view can be seen; of the results one at a time is in memory.
    """

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("fits_overlay")
        self._jobs = jobs
        self._fits: tuple[KeptFit, ...] = ()
        self._unit: str | None = None
        self._asked: tuple | None = None
        self._drawn: tuple[KeptFit, ...] = ()
        self._drawings: tuple[Lines, ...] = ()
        self._wanted = ""
        self.choice = StillCombo(self)
        self.choice.setObjectName("fits_overlay_curve")
        self.choice.setAccessibleName("Curve that is overlaid")
        self.choice.setToolTip("Which of the curves that the ticked fits have is drawn")
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choice.setMinimumContentsLength(24)
        label = QLabel("&Curve", self)
        label.setBuddy(self.choice)
        self.bands = QCheckBox("95 % &bands", self)
        self.bands.setObjectName("fits_overlay_bands")
        self.bands.setAccessibleName("Draw 95 % bands")
        self.bands.setToolTip("Draw the 95 % band around each curve")
        self.said = hint("", self)
        self.said.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.message = MessageLine("fits_overlay_message", self)
        self.plot = LinePlot(name="fits_overlay_plot", parent=self)
        box = column(self, margins=0)
        box.addLayout(row(label, self.choice, self.bands, None))
        box.addWidget(self.said)
        box.addWidget(self.message)
        box.addWidget(self.plot, 1)
        self.choice.activated.connect(self._choose)
        self.bands.toggled.connect(self._draw)
        self._draw()

    def show_fits(self, fits: Sequence[KeptFit], unit: str | None) -> None:
        """Overlay these fits of one unit as soon as the view can be seen."""
        self._fits, self._unit = tuple(fits), unit
        self._ask()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._ask()

    def _ask(self) -> None:
        asked = (tuple((fit.key, fit.name, fit.file) for fit in self._fits), self._unit)
        if not self.isVisible() or asked == self._asked:
            return
        self._asked = asked
        fits, unit = self._fits, self._unit

        def work(context: Context) -> tuple[Lines, ...]:
            if unit is None:
                return ()
            found = []
            for fit in fits:
                context.check()
                found.append((fit.name, lines_of(fit.load(), unit)))
            return overlaid(found)

        self._jobs.submit("Overlaying fits", work, partial(self._take, fits), self._failed, key=OVERLAY, quiet=True)

    def _take(self, fits: tuple[KeptFit, ...], drawings: tuple[Lines, ...]) -> None:
        self.message.clear()
        self._drawn, self._drawings = fits, drawings
        with QSignalBlocker(self.choice):
            self.choice.clear()
            names = [as_shown(one.title) for one in drawings]
            self.choice.addItems(names)
            self.choice.setCurrentIndex(names.index(self._wanted) if self._wanted in names else 0 if names else -1)
        self._draw()

    def _failed(self, error: BaseException) -> None:
        self._asked = None  # so that it is tried again when the page is next looked at
        self._take((), ())
        self.message.show_error(str(error))

    def _choose(self, *_) -> None:
        self._wanted = self.choice.currentText()
        self._draw()

    def _draw(self, *_) -> None:
        at = self.choice.currentIndex()
        drawing = self._drawings[at] if 0 <= at < len(self._drawings) else None
        for part in (self.choice, self.bands):
            part.setEnabled(drawing is not None)
        self.plot.setVisible(drawing is not None)
        self.said.setText(self._why_empty() if drawing is None else self._who_has_none(drawing))
        self.said.setVisible(bool(self.said.text()))
        if drawing is None:
            self.plot.set_curves([])
            return
        drawing = drawing if self.bands.isChecked() else without_bands(drawing)
        self.plot.set_title(f"Unit {self._unit}, {drawing.title}")
        self.plot.subject = f"unit {self._unit}"
        self.plot.setToolTip(drawing.help)
        self.plot.set_axes(drawing.x_axis, drawing.y_axis)
        self.plot.set_curves(drawing.curves, level=(0.0, "") if drawing.level else None, cut_bands=drawing.cut_bands)

    def _who_has_none(self, drawing: Lines) -> str:
        """Which of the ticked fits have no such curve: their models lack the term, or did not fit the unit."""
        there = {curve.colour for curve in drawing.curves}
        names = [f"'{as_shown(fit.name)}'" for at, fit in enumerate(self._drawn) if at not in there]
        return (
            f"Not drawn, as {'it has' if len(names) == 1 else 'they have'} no such curve of this unit: {listed(names)}."
            if names
            else ""
        )

    def _why_empty(self) -> str:
        if not self._fits:
            return _NONE_TICKED
        return _NO_UNIT if self._unit is None else f"No ticked fit has a curve over one variable for unit {self._unit}."
