"""The table of coefficients of one unit, with errors and z values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QAbstractTableModel, QModelIndex, QSortFilterProxyModel, Qt
from qtpy.QtWidgets import QHeaderView, QLineEdit, QTableView, QWidget

from glmengine.export.tables import own_features
from glmgui.widgets.layout import column
from glmgui.widgets.sizes import scaled
from glmgui.widgets.tables import plain_table, show_term_names
from glmgui.widgets.texts import hint

if TYPE_CHECKING:
    from glmengine.results.result import Result

_HEADINGS = ("Term", "Feature", "Coefficient", "Standard error", "z")
_HELP = (
    "The term of the model that the coefficient belongs to",
    "The column of the model: its term, source and number of basis function",
    "Change of the linear predictor (of the log of the rate, with the log link) for one unit of the feature",
    "Standard error from the curvature of the likelihood; with a penalty it holds around the penalised estimate",
    "Coefficient divided by its standard error: beyond 2 or so it differs from zero",
)
_SAID = "One row for each column of the model. Copy rows with Ctrl+C, or export all units with Ctrl+E."


_ABOUT_TESTS = (
    "Wald statistic of each term (degrees of freedom), and the probability of one at least as large if the term had no effect; "
    "not corrected for the number of units and terms. Held-out scores say whether a term predicts."
)


def _tests(result: Result, unit: str) -> str:
    """The Wald test of each term of a unit in one line; nothing where there is none."""
    if result.tests is None:
        return ""
    there = result.tests.sel(unit=unit)
    parts = []
    for term, wald, df, p in zip(*(there[name].values for name in ("term", "wald", "df", "p")), strict=True):
        if np.isfinite(p):
            parts.append(f"{term}: {wald:.4g} ({df:g}), " + ("p < 1e-16" if p < 1e-16 else f"p = {p:.2g}"))
    return "Wald tests of the terms \u2013 " + "; ".join(parts) if parts else ""


class _Model(QAbstractTableModel):
    """Rows are the features of one unit, the intercept first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: list[tuple[str, str]] = []
        self._numbers = np.empty((0, 3))

    def set_unit(self, result: Result, unit: str) -> None:
        at = list(map(str, result.units)).index(unit)
        own = np.flatnonzero(own_features(result, unit))
        features = [str(name) for name in result.coefficients["feature"].values[own]]
        terms = [str(name) for name in result.coefficients["term"].values[own]]
        names = [("", "intercept"), *zip(terms, features, strict=True)]
        labels = [(term, one.label(name)) for one in result.predictors for term, name in names]
        value = np.concatenate([np.append(one.intercepts[at], one.coefficients[own, at]) for one in result.predictors])
        error = np.concatenate([np.append(one.intercept_errors[at], one.standard_errors[own, at]) for one in result.predictors])
        sessions: list[tuple[str, str]] = []
        if result.sessions is not None:  # beside the one of the first
            sessions = [("", f"intercept in {name}") for name in result.sessions["session"].values]
            there = result.sessions.sel(unit=unit)
            value = np.concatenate([value[:1], there["intercept"].values, value[1:]])
            error = np.concatenate([error[:1], there["intercept_error"].values, error[1:]])
        with np.errstate(invalid="ignore", divide="ignore"):
            z = np.where(error > 0, value / error, np.nan)
        self.beginResetModel()
        self._names = [*labels[:1], *sessions, *labels[1:]]
        self._numbers = np.column_stack([value, error, z])
        self.endResetModel()

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._names)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(_HEADINGS)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        at, part = index.row(), index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.UserRole):
            if part < 2:
                return self._names[at][part]
            number = float(self._numbers[at, part - 2])
            if role == Qt.ItemDataRole.UserRole:
                return number if number == number else -np.inf
            return "\u2013" if number != number else f"{number:.2f}" if part == 4 else f"{number:.5g}"
        if role == Qt.ItemDataRole.TextAlignmentRole and part >= 2:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _HEADINGS[section]
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.ToolTipRole:
            return _HELP[section]
        return None


class CoefficientsView(QWidget):
    """A table that can be sorted, and searched by term or feature."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("coefficients_view")
        self._model = _Model(self)
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self._model)
        self._sorted.setSortRole(Qt.ItemDataRole.UserRole)
        self._sorted.setFilterKeyColumn(-1)
        self._sorted.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.search = QLineEdit(self)
        self.search.setObjectName("coefficients_search")
        self.search.setAccessibleName("Search the coefficients")
        self.search.setPlaceholderText("Search by term or feature")
        self.search.setClearButtonEnabled(True)
        self.view = QTableView(self)
        self.view.setObjectName("coefficients_table")
        self.view.setAccessibleName("Coefficients of the selected unit")
        self.view.setModel(self._sorted)
        plain_table(self.view)
        show_term_names(self.view)
        self.view.setSortingEnabled(True)
        self.view.sortByColumn(-1, Qt.SortOrder.AscendingOrder)  # the order of the model until a heading is clicked
        header = self.view.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        for part, width in ((0, 150), (2, 110), (3, 110), (4, 70)):
            self.view.setColumnWidth(part, scaled(width))
        box = column(self, margins=4)
        self.tests = hint("", self)
        self.tests.setObjectName("term_tests")
        self.tests.setToolTip(_ABOUT_TESTS)
        box.addWidget(hint(_SAID, self))
        box.addWidget(self.tests)
        box.addWidget(self.search)
        box.addWidget(self.view, 1)
        self.search.textChanged.connect(self._sorted.setFilterFixedString)

    def show_unit(self, result: Result, unit: str) -> None:
        self._model.set_unit(result, unit)
        said = _tests(result, unit)
        self.tests.setText(said)
        self.tests.setVisible(bool(said))
