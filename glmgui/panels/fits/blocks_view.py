"""Blocks of terms: which terms go together, and the held-out gain of each block when it is switched on and off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QSplitter, QTableWidget, QTableWidgetItem, QWidget

from glmengine.analysis.wording import share_text
from glmengine.sentences import numbered
from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.laid_over import MessagePlace
from glmgui.plots import Axis, NamedBars
from glmgui.rows import rows_chosen, select_rows
from glmgui.widgets.controls import button
from glmgui.widgets.layout import column, row
from glmgui.widgets.messages import MessageLine
from glmgui.widgets.page import PageScroll
from glmgui.widgets.tables import plain_table, show_term_names
from glmgui.widgets.texts import Sentences, hint
from glmgui.worker import Job

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.context import Context
    from glmengine.recording.recording import Recording
    from glmengine.results.block_gains import BlockGains

BLOCKS = "fits-blocks"
_ABOUT = (
    "Each term of the present analysis is a block; give several the same name to switch them together, none to have them in every model. "
    "Blocks are switched on from the top, then off one by one, all on the same held-out time."
)
_OLD = "These gains are of an earlier analysis or of other blocks; compare again."


class BlocksView(QWidget):
    """A list of terms with the names of their blocks; a table of units by models, what each block brings in words, and the gains as bars.

    Signals
    -------
    picked : (tuple of str, str)
        The set of units whose rows were selected, and the one of them that was pointed at.
    """

    picked = Signal(object, str)

    def __init__(self, document: Document, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("fits_blocks")
        self._document, self._jobs = document, jobs
        self._names: dict[str, str] = {}  # of blocks, by term, where the user gave one
        self._job: Job | None = None
        self._answered: tuple[Analysis, Recording | None, dict[str, tuple[str, ...]]] | None = None
        self._gains: BlockGains | None = None
        self._silent = False
        self.terms = _table("fits_blocks_terms", "Terms and the blocks that they are in", self)
        self.terms.setColumnCount(2)
        self.terms.setHorizontalHeaderLabels(("Term", "Block"))
        self.terms.setEditTriggers(QAbstractItemView.EditTrigger.AllEditTriggers)
        self.terms.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.ask = button("Compare &blocks", "fits_blocks_ask", "Fit and score the models with and without each block", self)
        self.message = MessageLine("fits_blocks_message", self)
        self.table = _table("fits_blocks_table", "Held-out deviance explained of each unit by each model", self)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.words = Sentences("", self)
        self.words.setObjectName("fits_blocks_words")
        self.words.setAccessibleName("What each block brings")
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.words.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.bars = NamedBars("Held-out time: median gain of each block over those before", name="fits_blocks_bars", parent=self)
        self._lay_out()
        self.ask.clicked.connect(self.compare)
        self.terms.itemChanged.connect(self._renamed)
        self.table.itemSelectionChanged.connect(self._selection_changed)
        document.changed.connect(self._changed)
        self._fill_terms()

    def _lay_out(self) -> None:
        left = QWidget(self)
        box = column(left, margins=0)
        box.addWidget(self.terms, 1)
        box.addLayout(row(self.ask, None))
        scroll = PageScroll(self.words, self)
        self._found = QSplitter(Qt.Orientation.Horizontal, self)
        for part in (self.table, scroll, self.bars):
            self._found.addWidget(part)
        whole = QSplitter(Qt.Orientation.Horizontal, self)
        whole.addWidget(left)
        whole.addWidget(self._found)
        for part in (self._found, whole):
            part.setChildrenCollapsible(False)
            part.setStretchFactor(0, 1)
        whole.setStretchFactor(1, 4)
        outer = column(self, margins=0)
        outer.addWidget(hint(_ABOUT, self))
        outer.addWidget(MessagePlace(self, self.message))
        outer.addWidget(whole, 1)
        self._found.setVisible(False)

    @property
    def blocks(self) -> dict[str, tuple[str, ...]]:
        """Terms of each block, in the order in which they are switched on."""
        found: dict[str, tuple[str, ...]] = {}
        for term in self._labels:
            name = self._names.get(term, term)
            if name:
                found[name] = (*found.get(name, ()), term)
        return found

    def compare(self) -> None:
        """Ask the engine, in the worker; it can be stopped and kept, or cancelled."""
        document = self._document
        analysis, recording, blocks = document.analysis, document.recording, self.blocks
        if recording is None or not blocks or self._jobs.is_pending(BLOCKS):
            return
        self.message.clear()

        def work(context: Context) -> BlockGains:
            from glmengine.results.block_gains import block_gains

            return block_gains(analysis, recording, blocks, context=context)

        def take(found: BlockGains) -> None:
            self._answered = (analysis, recording, blocks)
            self._show(found)
            self._say_old()

        def failed(error: BaseException) -> None:
            self.message.show_error(getattr(error, "message", "") or str(error))

        self._job = self._jobs.submit(
            f"Comparing {numbered(len(blocks), 'block')}", work, take, failed, key=BLOCKS, stoppable=True
        )

    # Inside

    @property
    def _labels(self) -> list[str]:
        return [term.label for term in self._document.analysis.terms if term.enabled]

    def _changed(self, what: frozenset[str]) -> None:
        if "recording" in what:
            if self._job is not None:
                self._job.cancel()
            self._gains = None
            self._answered = None
            self._found.hide()
            self.message.clear()
        if what & {"recording", "analysis"}:
            self._fill_terms()
            self._say_old()
        if "selection" in what:
            self._select()

    def _fill_terms(self) -> None:
        labels = self._labels
        with QSignalBlocker(self.terms):
            self.terms.setRowCount(len(labels))
            for at, label in enumerate(labels):
                first, second = QTableWidgetItem(label), QTableWidgetItem(self._names.get(label, label))
                first.setFlags(first.flags() & ~Qt.ItemFlag.ItemIsEditable)
                second.setToolTip("Terms of one name are switched on and off together; empty: in every model")
                self.terms.setItem(at, 0, first)
                self.terms.setItem(at, 1, second)
        self.ask.setEnabled(self._document.recording is not None and bool(self.blocks))

    def _renamed(self, item: QTableWidgetItem) -> None:
        term, name = self.terms.item(item.row(), 0).text(), item.text().strip()
        if name == term:
            self._names.pop(term, None)
        else:
            self._names[term] = name
        self.ask.setEnabled(self._document.recording is not None and bool(self.blocks))
        self._say_old()

    def _say_old(self) -> None:
        if self._answered is None:
            return
        analysis, recording, blocks = self._answered
        document = self._document
        if recording is document.recording and blocks == self.blocks and analysis == document.analysis:
            self.message.clear()
        else:
            self.message.show_warning(_OLD)

    def _show(self, found: BlockGains) -> None:
        with QSignalBlocker(self.table):
            self.table.clear()
            self.table.setRowCount(len(found.units))
            self.table.setColumnCount(1 + len(found.models))
            self.table.setHorizontalHeaderLabels(["Unit", *found.models])
            for at, name in enumerate(found.models, 1):
                self.table.horizontalHeaderItem(at).setToolTip(f"{name}\nHeld-out deviance explained")
            for at, unit in enumerate(found.units):
                self.table.setItem(at, 0, QTableWidgetItem(unit))
                for part, value in enumerate(found.scores[:, at], 1):
                    item = QTableWidgetItem(share_text(value) if np.isfinite(value) else "\u2013")
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                    self.table.setItem(at, part, item)
        self._gains = found
        self._found.show()
        self._select()

    def _select(self) -> None:
        """Show the rows of the selected units, without reporting them as picked, and what the blocks bring to them."""
        self._silent = True
        select_rows(self.table, self._document.unit, self._document.units)
        self._silent = False
        self._say_gains()

    def _say_gains(self) -> None:
        """Of the set of units that is selected where it is a set, else of all."""
        whole = self._gains
        if whole is None:
            return
        chosen = [unit for unit in whole.units if unit in self._document.units]
        found = whole.of_units(chosen) if len(chosen) > 1 else whole
        if found is whole:
            of = f"Of {numbered(len(whole.units), 'unit')}; select some to see what the blocks bring to them:"
        else:
            of = f"Of the {len(chosen)} selected units:"
        self.words.setText("\n\n".join((of, *found.sentences, *found.notes)))
        self.bars.set_values(found.blocks, found.median_added, "block", Axis("deviance explained"))

    def _selection_changed(self) -> None:
        if not self._silent and (chosen := rows_chosen(self.table)) is not None:
            self.picked.emit(*chosen)


def _table(name: str, said: str, parent: QWidget) -> QTableWidget:
    table = QTableWidget(0, 0, parent)
    table.setObjectName(name)
    table.setAccessibleName(said)
    plain_table(table)
    show_term_names(table)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    return table
