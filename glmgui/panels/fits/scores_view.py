"""The table of ticked fits by units, with the paired differences in words and the medians as bars."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QSplitter, QTableWidget, QTableWidgetItem, QWidget

from glmengine.analysis.wording import share_text
from glmengine.results.kept_fits import distinctions
from glmgui.jobs import Jobs
from glmgui.plots import Axis, NamedBars
from glmgui.rows import rows_chosen, select_rows
from glmgui.widgets.layout import column
from glmgui.widgets.messages import MessageLine
from glmgui.widgets.page import PageScroll
from glmgui.widgets.sizes import scaled
from glmgui.widgets.tables import plain_table, show_term_names
from glmgui.widgets.texts import Sentences, hint

if TYPE_CHECKING:
    from glmengine.context import Context
    from glmengine.results.compared_fits import ComparedFits
    from glmengine.results.kept_fits import KeptFit

SCORES = "fits-scores"
_NONE_TICKED = "Press Compare above, or tick fits in the list, to see their held-out scores side by side; the first of them says which others have the same held-out time."
_BEST = "★ "
_MEDIAN = "Held-out time: median over the units scored by every fit"
_NO_SECOND = "Press Compare above, or tick another fit, to set it beside this one."
_NARROWEST = 80  # pixels of a column, in which a score has room
_MOST_LINES = 3  # of a heading


class ScoresView(QWidget):
    """Held-out deviance explained, a row a unit and a column a fit.

    The scores are read in the worker, and only while the view can be seen.

    Signals
    -------
    picked : (tuple of str, str)
        The set of units whose rows were selected, and the one of them that was pointed at.
    """

    picked = Signal(object, str)

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("fits_scores")
        self._jobs = jobs
        self._silent = False
        self._fits: tuple[KeptFit, ...] = ()
        self._unit: str | None = None
        self._units: tuple[str, ...] = ()
        self._asked: tuple | None = None
        self._compared: ComparedFits | None = None
        self.said = hint(_NONE_TICKED, self)
        self.message = MessageLine("fits_scores_message", self)
        self.table = QTableWidget(0, 0, self)
        self.table.setObjectName("fits_scores_table")
        self.table.setAccessibleName("Held-out deviance explained of each unit under each ticked fit")
        plain_table(self.table)
        show_term_names(self.table)
        self.table.horizontalHeader().setMinimumSectionSize(scaled(_NARROWEST))
        self.table.horizontalHeader().setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)  # so that no score is cut
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.words = Sentences("", self)
        self.words.setObjectName("fits_scores_words")
        self.words.setAccessibleName("Which of the ticked fits is best, and by how much")
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.words.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        scroll = PageScroll(self.words, self)
        self.bars = NamedBars(_MEDIAN, name="fits_scores_bars", parent=self)
        right = QSplitter(Qt.Orientation.Vertical, self)
        right.addWidget(scroll)
        right.addWidget(self.bars)
        self._halves = QSplitter(Qt.Orientation.Horizontal, self)
        self._halves.addWidget(self.table)
        self._halves.addWidget(right)
        for part in (right, self._halves):
            part.setChildrenCollapsible(False)
            part.setStretchFactor(0, 1)
            part.setStretchFactor(1, 1)
        box = column(self, margins=0)
        box.addWidget(self.said)
        box.addWidget(self.message)
        box.addWidget(self._halves, 1)
        self._halves.hide()
        self.table.itemSelectionChanged.connect(self._selection_changed)

    def show_fits(self, fits: Sequence[KeptFit], unit: str | None, units: Sequence[str] = ()) -> None:
        """Compare these fits as soon as the view can be seen, with the rows of the selected units selected."""
        self._fits, self._unit, self._units = tuple(fits), unit, tuple(units)
        self._select()
        self._ask()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._ask()

    def _ask(self) -> None:
        asked = tuple((fit.key, fit.name, fit.file) for fit in self._fits)
        if not self.isVisible() or asked == self._asked:
            return
        self._asked = asked
        fits = self._fits

        def work(context: Context) -> ComparedFits:
            from glmengine.results.compared_fits import compare_fits

            return compare_fits(fits, context)

        names = distinctions(fits)
        self._jobs.submit("Comparing fits", work, partial(self._take, names), self._failed, key=SCORES, quiet=True)

    def _take(self, names: tuple[str, ...], compared: ComparedFits) -> None:
        self.message.clear()
        self.said.setVisible(not compared.names)
        self._halves.setVisible(bool(compared.names))
        with QSignalBlocker(self.table):
            self._fill(compared)
        self._compared = compared
        self._select()
        units = compared.units
        self.bars.set_title(_MEDIAN if len(units) != 1 else f"Held-out time: unit {units[0]}")
        self.bars.set_values(names, compared.medians, "fit", Axis("deviance explained"))

    def _failed(self, error: BaseException) -> None:
        self._asked = None  # so that it is tried again when the page is next looked at
        self.said.hide()
        self._halves.hide()
        self.message.show_error(str(error))

    def _fill(self, compared: ComparedFits) -> None:
        self.table.clear()
        self.table.setRowCount(len(compared.units))
        self.table.setColumnCount(1 + len(compared.names))
        self.table.setHorizontalHeaderLabels(["Unit", *map(_in_lines, compared.names)])
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        for at, (name, comparable) in enumerate(zip(compared.names, compared.comparable, strict=True), 1):
            beside = "" if comparable else "\nCannot be compared with the first ticked fit"
            self.table.horizontalHeaderItem(at).setToolTip(
                f"{name}\nHeld-out deviance explained; ★ where the fit is better than each other one beyond the 95 % interval over the unit's folds{beside}"
            )
        for row, (unit, best) in enumerate(zip(compared.units, compared.best, strict=True)):
            self.table.setItem(row, 0, QTableWidgetItem(unit))
            for at, value in enumerate(compared.scores[:, row]):
                item = QTableWidgetItem(f"{_BEST if at == best else ''}{share_text(value)}")
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                if at == best:
                    font = item.font()
                    font.setBold(True)
                    item.setFont(font)
                    item.setToolTip("Better than each other fit for this unit, beyond the 95 % interval over its folds")
                self.table.setItem(row, 1 + at, item)

    def _select(self) -> None:
        """Show the rows of the selected units, without reporting them as picked."""
        self._silent = True
        select_rows(self.table, self._unit, self._units)
        self._silent = False
        self._say()

    def _say(self) -> None:
        """Of the selected unit first, then of all."""
        compared = self._compared
        if compared is None:
            return
        of_one = compared.sentences_of(self._unit) if self._unit and len(compared.units) > 1 else ()
        self.words.setText("\n\n".join((*of_one, *compared.sentences)) or _NO_SECOND)

    def _selection_changed(self) -> None:
        if not self._silent and (chosen := rows_chosen(self.table)) is not None:
            self.picked.emit(*chosen)


def _in_lines(name: str) -> str:
    """A name with each of its first terms on a line of its own, as models that begin with the same term differ in the others."""
    return name.replace(" + ", "\n+ ", _MOST_LINES - 1)
