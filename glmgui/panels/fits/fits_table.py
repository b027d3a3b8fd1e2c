"""The table of kept fits: name, what is new in each, score, when and how long."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from qtpy.QtCore import QSignalBlocker, QSize, Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from glmengine.analysis.wording import share_text
from glmengine.results.kept_fits import changes
from glmengine.sentences import numbered
from glmgui.shown_time import duration
from glmgui.widgets.sizes import scaled
from glmgui.widgets.tables import plain_table, show_term_names

if TYPE_CHECKING:
    from glmengine.results.kept_fits import KeptFit

_HEADINGS = ("", "Name", "What is new in it", "Score", "Units", "Made", "Took")
_HELPS = (
    "Click to go back to a fit: its analysis and its results (undo with Ctrl+Z)",
    "F2 or a double click gives another name; tick (Space) to see fits side by side below",
    "What differs from the fit above, in the model and in the time",
    "Deviance explained, median over the units: on held-out time where there was cross-validation",
    "Units fitted",
    "When it was fitted",
    "How long the fit took",
)
_GO, _NAME, _NEW = 0, 1, 2
_LEAST_ROWS = 3  # seen at a time
_WIDEST_NAME = 0.4  # of the width of the table
_LEAST_NEW = 110  # pixels of what is new in a fit
_BESIDE_TICK = 16  # pixels that a name with a box to tick takes more than the table says
_SHOWN, _BACK = "● shown", "↩ show"


class FitsTable(QTableWidget):
    """One row a fit.

    Signals
    -------
    back_asked : str
        Key of the fit to go back to.
    renamed : str, str
        Key and new name.
    picked : str
        Key of the row that is selected, empty for none.
    ticked_changed
        Other fits are ticked.
    """

    back_asked = Signal(str)
    renamed = Signal(str, str)
    picked = Signal(str)
    ticked_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(_HEADINGS), parent)
        self.setObjectName("fits_table")
        self.setAccessibleName("Fits that are kept")
        self.setHorizontalHeaderLabels(_HEADINGS)
        for at, text in enumerate(_HELPS):
            self.horizontalHeaderItem(at).setToolTip(text)
        plain_table(self)
        show_term_names(self)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(_NEW, QHeaderView.ResizeMode.Stretch)
        header.resizeSection(_NAME, scaled(220))
        self._ticked: frozenset[str] = frozenset()
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # names that begin alike differ at their ends
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed | QAbstractItemView.EditTrigger.DoubleClicked)
        self.cellClicked.connect(self._clicked)
        self.itemChanged.connect(self._edited)
        self.itemSelectionChanged.connect(lambda: self.picked.emit(self.key))

    def minimumSizeHint(self) -> QSize:
        """As high as some of its rows are, in letters of any size."""
        rows = _LEAST_ROWS * self.verticalHeader().defaultSectionSize()
        high = self.horizontalHeader().sizeHint().height() + rows + 2 * self.frameWidth()
        return QSize(super().minimumSizeHint().width(), high)

    @property
    def key(self) -> str:
        """Key of the fit in the selected row, empty where none is."""
        rows = {index.row() for index in self.selectedIndexes()}
        return self._key_at(rows.pop()) if rows else ""

    @property
    def ticked(self) -> frozenset[str]:
        """Keys of the ticked fits."""
        return self._ticked

    def set_fits(self, fits: Sequence[KeptFit], shown: str) -> None:
        """Show the fits; `shown` is the key of the one whose result is shown elsewhere."""
        before = self.key
        self._ticked &= {fit.key for fit in fits}
        with QSignalBlocker(self):
            self.setRowCount(len(fits))
            for row, (fit, new) in enumerate(zip(fits, changes(fits), strict=True)):
                self._fill(row, fit, "; ".join(new) or "the first fit", fit.key == shown)
            for row, fit in enumerate(fits):
                if fit.key == (before or shown):
                    self.selectRow(row)
        self._widen_names()
        self.picked.emit(self.key)

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self._widen_names()

    def _widen_names(self) -> None:
        """Show names whole where a part of the table has room for them; what was made wider by hand stays so."""
        header = self.horizontalHeader()
        needed = min(self.sizeHintForColumn(_NAME) + scaled(_BESIDE_TICK), int(_WIDEST_NAME * self.viewport().width()))
        if needed > header.sectionSize(_NAME):
            header.resizeSection(_NAME, needed)
        beside = sum(header.sectionSize(at) for at in range(self.columnCount()) if at != _NEW)
        has_room = self.viewport().width() - beside >= scaled(_LEAST_NEW)
        header.setSectionResizeMode(_NEW, QHeaderView.ResizeMode.Stretch if has_room else QHeaderView.ResizeMode.Interactive)
        if not has_room:  # and the table is scrolled sideways
            header.resizeSection(_NEW, scaled(_LEAST_NEW))

    def tick(self, keys: Iterable[str]) -> None:
        """Tick these fits as well."""
        wanted = set(keys) - self._ticked
        for row in range(self.rowCount()):
            if self._key_at(row) in wanted:
                self.item(row, _NAME).setCheckState(Qt.CheckState.Checked)

    def edit_name(self) -> None:
        """Open the name of the selected fit for typing."""
        row = self.currentRow()
        if row >= 0:
            self.editItem(self.item(row, _NAME))

    def keyPressEvent(self, event) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.key:
            self.back_asked.emit(self.key)
            event.accept()
            return
        if event.key() == Qt.Key.Key_Space and self.key:
            item = self.item(self.currentRow(), _NAME)
            ticked = item.checkState() == Qt.CheckState.Checked
            item.setCheckState(Qt.CheckState.Unchecked if ticked else Qt.CheckState.Checked)
            event.accept()
            return
        super().keyPressEvent(event)

    def _fill(self, row: int, fit: KeptFit, new: str, is_shown: bool) -> None:
        score = "" if math.isnan(fit.score) else f"{share_text(fit.score)} {fit.scored}"
        state = "" if fit.converged else ", not at the optimum"
        units = numbered(fit.n_units, "unit") + state
        texts = (_SHOWN if is_shown else _BACK, fit.name, new, score, units, _when(fit.created), duration(fit.seconds))
        tips = (_HELPS[0], f"{fit.name}\n{_HELPS[1]}", new.replace("; ", "\n"), _HELPS[3], units, fit.created, _HELPS[6])
        for at, (text, tip) in enumerate(zip(texts, tips, strict=True)):
            item = QTableWidgetItem(text)
            item.setToolTip(tip)
            item.setData(Qt.ItemDataRole.UserRole, fit.key)
            if at != _NAME:
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
            else:
                item.setCheckState(Qt.CheckState.Checked if fit.key in self._ticked else Qt.CheckState.Unchecked)
            self.setItem(row, at, item)

    def _key_at(self, row: int) -> str:
        item = self.item(row, _NAME)
        return item.data(Qt.ItemDataRole.UserRole) if item is not None else ""

    def _clicked(self, row: int, at: int) -> None:
        if at == _GO:
            self.back_asked.emit(self._key_at(row))

    def _edited(self, item: QTableWidgetItem) -> None:
        key = item.data(Qt.ItemDataRole.UserRole)
        ticked = item.checkState() == Qt.CheckState.Checked
        if ticked != (key in self._ticked):
            self._ticked = self._ticked | {key} if ticked else self._ticked - {key}
            self.ticked_changed.emit()
        else:
            self.renamed.emit(key, item.text())


def _when(created: str) -> str:
    """In the time of this place: the hour of today, the day and the hour else; as it is where it is no date."""
    try:
        then = datetime.fromisoformat(created).astimezone()
    except ValueError:
        return created
    today = datetime.now().astimezone().date()
    return then.strftime("%H:%M" if then.date() == today else "%Y-%m-%d %H:%M")
