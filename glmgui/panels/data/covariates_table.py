"""The table of covariates, measured and derived."""

from __future__ import annotations

import math

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from glmengine.sentences import percent
from glmgui.drawings.summary import CovariateRow
from glmgui.panels.data.recorded_list import RecordedList
from glmgui.widgets.controls import small_button
from glmgui.widgets.layout import column, row
from glmgui.widgets.tables import plain_table
from glmgui.widgets.texts import heading, hint

_HEADINGS = ("Covariate", "Unit", "Hz", "Valid", "Range")


class CovariatesTable(RecordedList):
    """Picking a row shows the covariate over time; derived ones can be changed and removed."""

    picked = Signal(str)
    add_asked = Signal(object)  # the button, where a menu can open
    edit_asked = Signal(str)
    remove_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("covariates")
        self._title = heading("Covariates", self)
        self._derived: frozenset[str] = frozenset()
        self._silent = False
        self._wanted: str | None = None  # one that is to be selected once it is listed
        self._add = small_button(
            "derive\u2026", "covariate_add", "Compute a new covariate from others (speed from position)", self
        )
        self._edit = small_button("change", "covariate_edit", "Change how the selected derived covariate is computed", self)
        self._remove = small_button("remove", "covariate_remove", "Remove the selected derived covariate", self)
        self.view = QTableWidget(0, len(_HEADINGS), self)
        self.view.setObjectName("covariates_table")
        self.view.setAccessibleName("Covariates of the recording")
        self.view.setHorizontalHeaderLabels(_HEADINGS)
        self.view.horizontalHeaderItem(2).setToolTip("Sampling rate, in Hz")
        self.view.horizontalHeaderItem(3).setToolTip("Share of the recording in which it is known")
        plain_table(self.view)
        self.view.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.view.horizontalHeader().setStretchLastSection(True)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.view.setWordWrap(False)
        self._none = hint("This recording holds no covariates. Models of spike history and coupling need none.", self)
        self._none.hide()  # until it is known
        box = column(self, margins=0)
        box.addLayout(row(self._title, None, self._add, self._edit, self._remove))
        box.addWidget(self.view, 1)
        box.addWidget(self._none)
        self._add.clicked.connect(lambda: self.add_asked.emit(self._add))
        self._edit.clicked.connect(lambda: self.edit_asked.emit(self.current or ""))
        self._remove.clicked.connect(lambda: self.remove_asked.emit(self.current or ""))
        self.view.itemSelectionChanged.connect(self._selection_changed)
        self._offer()

    def _empty(self) -> None:
        self.view.setRowCount(0)
        self._title.setText("Covariates")
        self._none.hide()
        self.view.show()
        self._offer()

    def set_covariates(self, rows: tuple[CovariateRow, ...], derived: frozenset[str]) -> None:
        """Show these; those in `derived` are computed from others."""
        before = self._wanted or self.current
        self.stop_waiting()
        self._derived = derived
        self._silent = True
        self.view.setRowCount(len(rows))
        for at, covariate in enumerate(rows):
            for part, text in enumerate(_texts(covariate, covariate.name in derived)):
                item = QTableWidgetItem(text)
                item.setToolTip(_help(covariate, covariate.name in derived))
                item.setData(Qt.ItemDataRole.UserRole, covariate.name)
                if part in (2, 3):
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.view.setItem(at, part, item)
        names = [covariate.name for covariate in rows]
        if names:
            self.view.selectRow(names.index(before) if before in names else 0)
            self._wanted = None
        self._silent = False
        self._title.setText(f"Covariates ({len(rows)})")
        self.view.setVisible(bool(rows))
        self._none.setVisible(not rows)
        self._selection_changed()

    @property
    def current(self) -> str | None:
        items = self.view.selectedItems()
        return items[0].data(Qt.ItemDataRole.UserRole) if items else None

    def select(self, name: str) -> None:
        """Select a covariate now, or when covariates are next listed."""
        self._wanted = name if self.view.rowCount() == 0 else None
        for at in range(self.view.rowCount()):
            if self.view.item(at, 0).data(Qt.ItemDataRole.UserRole) == name:
                self.view.selectRow(at)

    def _selection_changed(self) -> None:
        self._offer()
        if self.current is not None and not self._silent:
            self.picked.emit(self.current)

    def _offer(self) -> None:
        chosen = self.current in self._derived
        self._edit.setVisible(chosen)
        self._remove.setVisible(chosen)


def _texts(covariate: CovariateRow, derived: bool) -> tuple[str, ...]:
    name = covariate.name
    if 1 < len(covariate.components) <= 4:
        name += f" ({', '.join(covariate.components)})"
    elif covariate.components:
        name += f" ({len(covariate.components)} components)"
    sampling = "" if math.isnan(covariate.sampling) else f"{covariate.sampling:.4g}"
    span = (
        "no valid sample"
        if math.isnan(covariate.low)
        else f"{_rounded(covariate.low, covariate):.4g} to {_rounded(covariate.high, covariate):.4g}"
    )
    return f"{name}, derived" if derived else name, covariate.unit or "\u2013", sampling, percent(covariate.valid), span


def _rounded(value: float, covariate: CovariateRow) -> float:
    """Zero for what is negligible against the range (8e-05 of an angle)."""
    return 0.0 if abs(value) < 1e-3 * (covariate.high - covariate.low) else value


def _help(covariate: CovariateRow, derived: bool) -> str:
    kinds = {
        "continuous": "continuous: averaged or interpolated to the bins",
        "angle": "angle in radians: averaged on the circle",
        "step": "step: holds its last value",
        "category": "category: holds its last value",
    }
    lines = [
        covariate.description,
        kinds.get(covariate.kind, covariate.kind),
        f"valid in {percent(covariate.valid, 1)} of the recording",
    ]
    if derived:
        lines.append("computed from another covariate; part of the analysis")
    return "\n".join(line for line in lines if line)
