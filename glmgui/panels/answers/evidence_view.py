"""The evidence behind the answer of one unit, a tab for each kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QGridLayout, QScrollArea, QTabWidget, QVBoxLayout, QWidget

from glmgui.drawings.answers import (
    TAIL,
    Bars,
    Evidence,
    contribution_drawings,
    curve_drawings,
    ks_drawings,
    path_drawings,
    rate_words,
    shift_drawings,
    simulated_drawings,
)
from glmgui.drawings.curves import Lines
from glmgui.panels.answers.sheet_columns import CURVES, KS, PATH, SHARES, SHIFTS, SIMULATED
from glmgui.plots import NamedBars, Plot, draw
from glmgui.widgets.layout import column
from glmgui.widgets.sizes import scaled
from glmgui.widgets.texts import Sentences, hint

if TYPE_CHECKING:
    from glmengine.answers.sheet import AnswerSheet

_HEIGHT, _WIDE_HEIGHT, _LEAST_HEIGHT = 216, 266, 150
_AROUND_GRID = 4  # pixels
_TABS = {
    CURVES: ("Curves", "No curve: nothing was chosen for this unit."),
    PATH: ("Choice of terms", "No step was tested: the unit has too few spikes, or none."),
    SHARES: ("Contributions", "Contributions of terms were not computed."),
    SHIFTS: ("Shift test", "No chosen term was tested by shifts in time (a unit's own past cannot be shifted, or there were no shifts)."),
    KS: ("Time rescaling", "Nothing was chosen for this unit, so that there is no model to check."),
    SIMULATED: ("Simulated spikes", "Nothing was simulated for this unit."),
}  # fmt: skip

_TO_BE_FITTED = "No curve yet: the model that was chosen for this unit is still to be fitted."
_NOT_YET = "What an answer rests on is drawn here as soon as the unit is answered."


class DrawingsView(QScrollArea):
    """Drawings two a row, into the plots of those before where they fit."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        page = QWidget(self)
        box = QVBoxLayout(page)
        box.setContentsMargins(2, 2, 2, 2)
        self.none = hint("", page)
        self.none.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._grid = QGridLayout()
        self._grid.setSpacing(6)
        box.addWidget(self.none)
        box.addLayout(self._grid, 1)
        for at in range(2):
            self._grid.setColumnStretch(at, 1)
        self.setWidget(page)
        self.plots: dict[str, Plot] = {}
        self._drawings: tuple[Evidence, ...] = ()

    def show_drawings(
        self, drawings: Sequence[Evidence], none: str, subject: str, *, said: str = "", greyed: bool = False
    ) -> None:
        """Draw these; `none` is said where there is none, `said` above them else."""
        before, self.plots = self.plots, {}
        place = 0
        for drawing in drawings:
            old = before.pop(drawing.name, None)
            plot = _bars(drawing, old) if isinstance(drawing, Bars) else draw(drawing, old)
            if old is not None and plot is not old:
                old.hide()
                old.deleteLater()
            plot.subject = subject
            plot.set_greyed(greyed)
            wide = drawing.wide or (len(drawings) == 1 and _has_many_names(drawing))
            place += place % 2 if wide else 0
            self._grid.addWidget(plot, place // 2, place % 2, 1, 2 if wide else 1)
            place += 2 if wide else 1
            self.plots[drawing.name] = plot
        for plot in before.values():
            self._grid.removeWidget(plot)
            plot.hide()
            plot.deleteLater()
        self.none.setText(said if drawings else none)
        self.none.setVisible(bool(self.none.text()))
        self._drawings = tuple(drawings)
        self._suit_heights()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._suit_heights()

    def _suit_heights(self) -> None:
        """A row of plots is no higher than what is seen, so that the labels below it are seen with it."""
        room = self.viewport().height() - _AROUND_GRID
        if self.none.isVisibleTo(self):
            room -= self.none.heightForWidth(self.viewport().width()) + self.widget().layout().spacing()
        for drawing in self._drawings:
            usual = _WIDE_HEIGHT if drawing.wide else _HEIGHT
            least = max(min(usual, room), scaled(_LEAST_HEIGHT))
            plot = self.plots[drawing.name]
            if plot.minimumHeight() != least:
                plot.setMinimumHeight(least)


def _has_many_names(drawing: Evidence) -> bool:
    """Whether half a page is too narrow for what stands along the lower axis."""
    return isinstance(drawing, Lines) and len(drawing.x_axis.names) > 1


def _bars(bars: Bars, plot: Plot | None) -> Plot:
    if not isinstance(plot, NamedBars):
        plot = NamedBars(bars.title, fewest=1, name=bars.name)
    plot.set_title(bars.title)
    plot.set_values(bars.names, bars.values, "term", bars.value_axis, bars.span)
    plot.setToolTip(bars.help)
    return plot


class EvidenceView(QWidget):
    """What the sheet says of the selected unit in words, and tabs with what that rests on; only the tab that is seen is drawn."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("answers_evidence")
        self._sheet: AnswerSheet | None = None
        self._unit: str | None = None
        self._stale = False
        self.words = Sentences("", self)
        self.words.setObjectName("answers_words")
        self.words.setAccessibleName("The answer of the selected unit in words")
        self.words.setMinimumHeight(
            2 * self.words.fontMetrics().lineSpacing()
        )  # most answers: the tabs below stay where they are
        self.words.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.words.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.tabs = QTabWidget(self)
        self.tabs.setObjectName("answers_evidence_tabs")
        self.tabs.setAccessibleName("Evidence of the selected unit")
        self.tabs.setDocumentMode(True)
        self.views = {kind: DrawingsView(f"answers_{kind}", self.tabs) for kind in _TABS}
        for kind, (title, _) in _TABS.items():
            self.tabs.addTab(self.views[kind], title)
        box = column(self, margins=0)
        box.addWidget(self.words)
        box.addWidget(self.tabs, 1)
        self.tabs.currentChanged.connect(lambda _: self._draw())

    def show_unit(self, sheet: AnswerSheet | None, unit: str | None, *, stale: bool = False) -> None:
        """Show the evidence of a unit of a sheet, or that there is none."""
        self._sheet, self._unit, self._stale = sheet, unit, stale
        self._say(sheet, unit)
        self._draw()

    def _say(self, sheet: AnswerSheet | None, unit: str | None) -> None:
        if sheet is None or unit is None:
            self.words.setText("This unit has no answer yet." if unit else "")
        else:
            self.words.setText(f"Unit {unit}: {sheet.units['sentence'].sel(unit=unit).item()}")

    def show_kind(self, kind: str) -> None:
        """Bring a kind of evidence to the front."""
        self.tabs.setCurrentWidget(self.views[kind])

    def _draw(self) -> None:
        kind = next(kind for kind, view in self.views.items() if view is self.tabs.currentWidget())
        said, drawings = "", []
        if self._sheet is not None and self._unit is not None:
            drawings = _drawings(kind, self._sheet, self._unit)
            said = rate_words(self._sheet, self._unit) if kind == SIMULATED else TAIL if kind == SHIFTS and drawings else ""
        if self._sheet is None:
            none = _NOT_YET if self._unit is not None else ""
        else:
            # notes say why simulations could not be compared: that there were none would contradict them
            none = said or _TABS[kind][1]
            if kind == CURVES and self._unit is not None and self._sheet.selection.terms_of(self._unit):
                none = _TO_BE_FITTED
        self.views[kind].show_drawings(drawings, none, f"unit {self._unit}", said=said, greyed=self._stale)


def _drawings(kind: str, sheet: AnswerSheet, unit: str) -> list[Evidence]:
    if kind == CURVES:
        return curve_drawings(sheet, unit)
    if kind == PATH:
        return path_drawings(sheet.selection, unit)
    if kind == SHARES:
        return contribution_drawings(sheet.selection.contributions, unit)
    if kind == SHIFTS:
        return shift_drawings(sheet, unit, sheet.selection.terms_of(unit))
    return ks_drawings(sheet, unit) if kind == KS else simulated_drawings(sheet, unit)
