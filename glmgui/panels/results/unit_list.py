"""The list of fitted units with their scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from glmgui.panels.results.wording import BY_KEY, scores_of, state_in_short, state_in_words
from glmgui.rows import rows_chosen, select_rows
from glmgui.widgets.layout import column
from glmgui.widgets.sizes import scaled
from glmgui.widgets.tables import GivingWay, NumberItem, plain_table, show_term_names
from glmgui.widgets.texts import heading

if TYPE_CHECKING:
    from glmengine.results.result import Result

_KEYS = ("deviance_explained_heldout", "bits_per_spike_heldout")
_OTHERWISE = ("deviance_explained_fit",)  # without cross-validation
_SHORT = {
    "deviance_explained_fit": "Fitted",
    "deviance_explained_heldout": "Held out",
    "bits_per_spike_heldout": "Bits/\nspike",  # cut on a small screen, it would read as bits a second
}


_ABOUT_STATE = "ok: the fit is finished and may be used; stopped: it ended before the optimum"
_NARROWEST = 44
"""Pixels of a column that is cut: a number and most of a heading."""


class UnitList(QWidget):
    """A sortable table; rows that are selected are the set of units everywhere.

    Signals
    -------
    picked : (tuple of str, str)
        The set of units that was selected, and the one of them that was pointed at.
    """

    picked = Signal(object, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("result_units")
        self._silent = False
        self._title = heading("Fitted units", self)
        self.view = QTableWidget(0, 0, self)
        self.view.setObjectName("result_units_table")
        self.view.setAccessibleName("Fitted units with their scores")
        plain_table(self.view)
        show_term_names(self.view)
        self.view.horizontalHeader().setMinimumSectionSize(scaled(_NARROWEST))
        self._words = GivingWay(self.view)
        self.view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        box = column(self, margins=0)
        box.addWidget(self._title)
        box.addWidget(self.view, 1)
        self.view.itemSelectionChanged.connect(self._selection_changed)

    def set_result(self, result: Result) -> None:
        """List the units of `result`, best on held-out time first."""
        scores, said = result.scores, scores_of(result)
        keys = [key for key in _KEYS if key in said and not bool(scores[key].isnull().all())]
        keys = keys or [key for key in _OTHERWISE if key in scores]
        values = {key: scores[key].values.tolist() for key in keys}
        states = list(zip(map(str, scores["status"].values), map(bool, scores["converged"].values), strict=True))
        header = self.view.horizontalHeader()
        self._silent = True
        self.view.setSortingEnabled(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)  # else all cells are measured at each step
        self.view.clear()
        chosen = result.selection is not None and result.selection.chosen is not None
        if chosen:  # the room is for what was chosen
            del keys[1:]
        headings = ["Unit", *(_SHORT[key] for key in keys), *(["Chosen"] if chosen else []), "State"]
        last = len(headings) - 1
        self.view.setColumnCount(len(headings))
        self.view.setRowCount(len(result.units))
        self.view.setHorizontalHeaderLabels(headings)
        self.view.horizontalHeaderItem(last).setToolTip(_ABOUT_STATE)
        for part, key in enumerate(keys, 1):
            score = BY_KEY[key]
            self.view.horizontalHeaderItem(part).setToolTip(f"{score.heading}\n{score.help}")
        if chosen:
            self.view.horizontalHeaderItem(last - 1).setToolTip("Terms chosen for the unit, in the order in which they came in")
        for at, name in enumerate(result.units):
            self.view.setItem(at, 0, _item(name, name))
            for part, key in enumerate(keys, 1):
                value = values[key][at]
                self.view.setItem(at, part, NumberItem(BY_KEY[key].text(value), value))
            if chosen:
                terms = ", ".join(result.selection.terms_of(name)) or "nothing"
                self.view.setItem(at, last - 1, _item(terms, result.selection.words_of(name)))
            self.view.setItem(at, last, _item(state_in_short(*states[at]), state_in_words(*states[at])))
        self.view.setSortingEnabled(True)
        self.view.sortByColumn(1 if keys else 0, Qt.SortOrder.DescendingOrder if keys else Qt.SortOrder.AscendingOrder)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(last, QHeaderView.ResizeMode.Stretch)
        self._words.part = last - 1 if chosen else 0  # cut where there is no room for it; numbers and state are whole
        self._words.fit()
        self._title.setText(f"Fitted units ({len(result.units)})")
        self._silent = False

    def select(self, name: str | None, units: Sequence[str] = ()) -> None:
        """Show a unit, and a set of them, as selected, without reporting it as picked."""
        self._silent = True
        select_rows(self.view, name, units)
        self._silent = False

    @property
    def best(self) -> str | None:
        """The unit in the first row."""
        return self.view.item(0, 0).text() if self.view.rowCount() else None

    def _selection_changed(self) -> None:
        if not self._silent and (chosen := rows_chosen(self.view)) is not None:
            self.picked.emit(*chosen)


def _item(text: str, said: str) -> QTableWidgetItem:
    """A cell, and what is said of it under the mouse."""
    item = QTableWidgetItem(text)
    item.setToolTip(said)
    return item
