"""The units of a fit that runs: all of them at once without scores, which come in as the engine finds them."""

from __future__ import annotations

import math

from qtpy.QtCore import QSignalBlocker, Qt, QTimer, Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QSplitter, QTableWidget, QTableWidgetItem, QWidget

from glmengine.sentences import as_shown, numbered
from glmgui.document import Document
from glmgui.panels.results.wording import BY_KEY, state_in_short
from glmgui.plots import Axis, ScorePlot
from glmgui.widgets.controls import small_button
from glmgui.widgets.layout import column, row
from glmgui.widgets.tables import GivingWay, NumberItem, plain_table
from glmgui.widgets.texts import ElidedLabel, hint
from glmgui.work.runs import Runs, UnitSoFar

_HELD_OUT, _STRENGTH = BY_KEY["deviance_explained_heldout"], BY_KEY["strength"]
_HEADINGS = ("Unit", "Held out so far", "Strength so far", "State")
_HELPS = (
    "Select a unit: where units are fitted one after another it comes next",
    f"{_HELD_OUT.heading}, at the best of the strengths tried so far",
    "The best of the strengths tried so far",
    "Whether its final fit is there",
)
_ABOUT = "Scores are those of the strengths tried so far; select a unit to see it first where units are fitted one after another."
_EVERY_MS = 200
"""The least time between two drawings of what has come in."""


class FillingView(QWidget):
    """A table and bars of the scores so far; what comes in is drawn a few times a second, and only while it can be seen.

    Signals
    -------
    back_asked
        The results of the last fit are to be seen meanwhile.
    """

    back_asked = Signal()

    def __init__(self, document: Document, runs: Runs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("results_filling")
        self._document, self._runs = document, runs
        self._rows: dict[str, int] = {}
        self.title = ElidedLabel(self)
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.title.setObjectName("filling_title")
        font = self.title.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.2)
        self.title.setFont(font)
        self.said = hint("", self)
        self.back = small_button(
            "Show the last results", "filling_back", "See the results of the last fit while this one runs", self
        )
        self.table = QTableWidget(0, len(_HEADINGS), self)
        self.table.setObjectName("filling_table")
        self.table.setAccessibleName("Units of the fit that runs, with their scores so far")
        self.table.setHorizontalHeaderLabels(_HEADINGS)
        for at, text in enumerate(_HELPS):
            self.table.horizontalHeaderItem(at).setToolTip(text)
        plain_table(self.table)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        self._words = GivingWay(self.table)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.bars = ScorePlot("All units so far", Axis("held-out deviance explained"), name="filling_bars", parent=self)
        halves = QSplitter(Qt.Orientation.Horizontal, self)
        halves.setChildrenCollapsible(False)
        for part in (self.table, self.bars):
            halves.addWidget(part)
        halves.setSizes([600, 600])
        box = column(self)
        box.addLayout(row(self.title, self.said, self.back, spacing=10))
        box.itemAt(0).layout().setStretch(1, 1)
        box.addWidget(hint(_ABOUT, self))
        box.addWidget(halves, 1)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self._draw)
        runs.found.connect(self._come)
        self.table.itemSelectionChanged.connect(self._picked)
        self.bars.picked.connect(lambda unit: document.select(unit=unit))

    def begin(self) -> None:
        """Forget the units of the fit before."""
        self._rows = {}
        self.table.setRowCount(0)
        self._draw()

    def select(self, unit: str | None) -> None:
        """Show a unit as the selected one."""
        with QSignalBlocker(self.table):
            if unit in self._rows:
                self.table.selectRow(self._rows[unit])
            else:
                self.table.clearSelection()
        self.bars.set_selected(unit)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._draw()

    def _come(self, units: tuple[str, ...]) -> None:
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()

    def _draw(self) -> None:
        run, units = self._runs.running, self._runs.units
        if run is None:
            return
        self.title.setText(f"Fitting {as_shown(run.name)}")
        self.back.setVisible(self._document.result is not None)
        scored, ended = sum(one.is_scored for one in units.values()), sum(bool(one.status) for one in units.values())
        counts = [f"{scored} scored"] if scored else []
        counts += [f"{ended} fitted"] if ended else []
        self.said.setText(", ".join([numbered(len(units), "unit"), *counts]) if units else "looking at the units")
        with QSignalBlocker(self.table):
            self._fill(units)
        known = {unit: one.deviance_explained for unit, one in units.items() if one.is_scored}
        self.bars.setVisible(bool(known))
        if known:
            self.bars.set_scores(known, Axis("held-out deviance explained"))
        self.select(self._document.unit)

    def _fill(self, units: dict[str, UnitSoFar]) -> None:
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)  # else each cell would fit the columns anew
        self.table.setRowCount(len(units))
        for unit, one in units.items():
            if unit not in self._rows:
                self._rows[unit] = len(self._rows)
            at = self._rows[unit]
            texts = (
                unit,
                _so_far(_HELD_OUT.text(one.deviance_explained), one.deviance_explained),
                _so_far(_STRENGTH.text(one.strength), one.strength),
                state_in_short(one.status, one.status in ("ok", "silent")) if one.status else _WAITS,
            )
            for part, text in enumerate(texts):
                item = self.table.item(at, part)
                if item is not None and item.text() == text:
                    continue
                value = one.deviance_explained if part == 1 else one.strength
                self.table.setItem(at, part, NumberItem(text, value) if part in (1, 2) else QTableWidgetItem(text))
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self._words.fit()

    def _picked(self) -> None:
        items = self.table.selectedItems()
        if items:
            self._document.select(unit=self.table.item(items[0].row(), 0).text())


_WAITS = "\u2026"


def _so_far(text: str, value: float) -> str:
    return text if math.isfinite(value) else _WAITS
