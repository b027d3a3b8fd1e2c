"""The cross-validation curve of one unit, and the table of its scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from glmengine.analysis.penalty import chosen_in_words
from glmengine.figures.drawing import FigureOf
from glmgui.forms.numbers import plain
from glmgui.panels.results.wording import scores_of
from glmgui.plots import Axis, Curve, LinePlot
from glmgui.widgets.sizes import scaled
from glmgui.widgets.tables import align_headings
from glmgui.widgets.texts import hint

if TYPE_CHECKING:
    from glmengine.results.result import Result

_HELD_OUT = Axis("held-out log-likelihood", "nats/bin")
_MOST_OF_NAMES = 0.36  # of the width of the table
_BETWEEN_ROWS = 8  # pixels, that texts of several lines are told apart


class ValidationView(QWidget):
    """Mean over folds with its standard error against the strength of the penalty; with one strength, fold by fold."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("validation_view")
        self.by_strength = LinePlot(
            "Cross-validation", Axis("strength of the penalty"), _HELD_OUT, log_x=True, mouse=False, name="cv_plot", parent=self
        )
        self.by_fold = LinePlot(
            "Cross-validation, fold by fold", Axis("fold"), _HELD_OUT, mouse=False, name="cv_folds", parent=self
        )
        self._said = hint("", self)
        box = QVBoxLayout(self)
        box.setContentsMargins(4, 4, 4, 4)
        box.addWidget(self._said)
        box.addWidget(self.by_strength, 1)
        box.addWidget(self.by_fold, 1)
        self.by_fold.hide()  # one of the two is shown

    def show_unit(self, result: Result, unit: str) -> None:
        if result.cv is None:
            self._said.setText(
                "The model was fitted without cross-validation. Set the number of folds in the Model step to test it on held-out time."
            )
            self.by_strength.hide()
            self.by_fold.hide()
            return
        scores = result.cv["scores"].sel(unit=unit).transpose("fold", "strength")
        strengths, values = np.asarray(scores["strength"].values, float), np.asarray(scores.values, float)
        if (tried := np.isfinite(values).any(axis=0)).any():  # a grid goes on for the units concerned alone
            strengths, values = strengths[tried], values[:, tried]
        chosen = float(result.scores["strength"].sel(unit=unit))
        several = len(strengths) > 1
        self.by_strength.setVisible(several)
        self.by_fold.setVisible(not several)
        if several:
            self._said.setText(
                "Each point is the mean over folds on time that was held out; bars are one standard error. "
                f"{chosen_in_words(result.analysis.model)} was used for this unit."
            )
            self.by_strength.figure = FigureOf("cross_validation", unit)
            self._draw_by_strength(strengths, values, chosen, unit)
        else:
            self._said.setText(
                "Each point is one stretch of time that was held out. With several strengths in the Model step, the best one is chosen here."
            )
            folds = np.arange(1, len(values) + 1, dtype=float)
            self.by_fold.set_title(f"Cross-validation of unit {unit}, fold by fold")
            self.by_fold.set_curves([Curve("", folds, values[:, 0], look="dots")])
            self.by_fold.area.getAxis("bottom").set_numbers(len(folds))

    def _draw_by_strength(self, strengths: np.ndarray, values: np.ndarray, chosen: float, unit: str) -> None:
        counted = np.isfinite(values).sum(axis=0)
        mean = np.array(
            [np.mean(part[np.isfinite(part)]) if count else np.nan for part, count in zip(values.T, counted, strict=True)]
        )
        spread = np.array(
            [
                np.std(part[np.isfinite(part)], ddof=1) / np.sqrt(count) if count > 1 else np.nan
                for part, count in zip(values.T, counted, strict=True)
            ]
        )
        order = np.argsort(strengths)
        x, mean, spread = strengths[order], mean[order], spread[order]
        if x[0] == 0:  # no penalty has no place on a logarithmic axis: one step left of the weakest
            x = x.copy()
            x[0] = x[1] / 10
        ticks = list(dict.fromkeys(zip(np.log10(x).tolist(), strengths[order].tolist(), strict=True)))
        self.by_strength.area.getAxis("bottom").set_names([(place, plain(value, 3)) for place, value in ticks])
        mark = x[0] if chosen == 0 else chosen
        self.by_strength.set_title(f"Cross-validation of unit {unit}")
        self.by_strength.set_curves(
            [Curve("", x, mean), Curve("", x, mean, mean - spread, mean + spread, look="dots")],
            marks=[(mark, "no penalty" if chosen == 0 else f"used: {plain(chosen, 3)}")]
            if np.isfinite(mark) and mark > 0
            else [],
        )

    def set_greyed(self, greyed: bool) -> None:
        self.by_strength.set_greyed(greyed)
        self.by_fold.set_greyed(greyed)


class ScoreTable(QTableWidget):
    """Every score of one unit: its value, its unit and what it means."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 4, parent)
        self.setObjectName("score_table")
        self.setAccessibleName("Scores of the selected unit")
        self.setHorizontalHeaderLabels(("Score", "Value", "Unit", "What it means"))
        self.verticalHeader().hide()
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setTabKeyNavigation(False)  # Tab goes on to the next control
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.setWordWrap(True)
        self.setVerticalScrollMode(QTableWidget.ScrollMode.ScrollPerPixel)  # a row may be higher than what is seen
        align_headings(self)
        self.horizontalHeader().setTextElideMode(Qt.TextElideMode.ElideRight)
        for part in (1, 2):
            self.horizontalHeader().setSectionResizeMode(part, QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        self._rows_later = QTimer(self)
        self._rows_later.setSingleShot(True)
        self._rows_later.setInterval(0)
        self._rows_later.timeout.connect(self.resizeRowsToContents)
        self.horizontalHeader().sectionResized.connect(lambda *_: self._rows_later.start())  # once all sections have their width

    def sizeHintForRow(self, row: int) -> int:
        return super().sizeHintForRow(row) + scaled(_BETWEEN_ROWS)

    def show_unit(self, result: Result, unit: str) -> None:
        one = result.scores.sel(unit=unit)
        rows = [(score, one[key].item()) for key, score in scores_of(result).items()]
        self.setRowCount(len(rows))
        for at, (score, value) in enumerate(rows):
            texts = (score.title, score.text(value), score.unit, score.help)
            for part, text in enumerate(texts):
                item = QTableWidgetItem(text)
                side = Qt.AlignmentFlag.AlignRight if part == 1 else Qt.AlignmentFlag.AlignLeft
                item.setTextAlignment(side | Qt.AlignmentFlag.AlignTop)  # what it means may take several lines
                self.setItem(at, part, item)
        self._share_width()
        self.resizeRowsToContents()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_width()

    def _share_width(self) -> None:
        """Give names what they need, or where that is too much a share, in which they take several lines, too."""
        most = round(_MOST_OF_NAMES * self.viewport().width())
        self.setColumnWidth(0, min(max(self.sizeHintForColumn(0), self.horizontalHeader().sectionSizeHint(0)), most))
