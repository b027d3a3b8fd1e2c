"""The fits panel: every fit that the project keeps, what is new in each, the way back to it, and the ticked ones side by side."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QSplitter, QTabWidget, QWidget

from glmgui.before_a_fit import NO_RECORDING, show_next_step
from glmgui.comparison_button import ComparisonButton
from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.panels.fits.blocks_view import BlocksView
from glmgui.panels.fits.fits_table import FitsTable
from glmgui.panels.fits.overlay_view import OverlayView
from glmgui.panels.fits.runs_view import RunsView
from glmgui.panels.fits.scores_view import ScoresView
from glmgui.widgets.controls import button
from glmgui.widgets.layout import ShownPage, column, row
from glmgui.widgets.messages import EmptyState
from glmgui.widgets.page import Page, WordsColumn
from glmgui.widgets.texts import heading, hint
from glmgui.work.fitting import Fitting
from glmgui.work.shelf import Shelf

_NO_FIT = (
    "Fit with Ctrl+R. Every fit of the project will stand here, with what is new in it, and one click leads back to it. "
    "To compare models, the Compare button then fits a second one on the same time, and sets both side by side."
)
_SEVERAL_FITS = "Each fit is kept with its analysis. Click its first column, or press Enter, to go back to it; tick fits to see them side by side."
_NONE_KEPT = "None is kept yet: a fit stands here once it is done, or stopped and kept."
_ONE_FIT = (
    "One model so far. Compare fits a second one on the same time, without a term or as you build it, and sets both side by side."
)


class FitsPanel(Page):
    """The kept fits, one below the other, and what the ticked ones say of the selected unit."""

    def __init__(self, document: Document, shelf: Shelf, fitting: Fitting, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("fits_panel")
        self._document, self._all_runs = document, fitting.runs
        self.empty = EmptyState("No fits yet", NO_RECORDING, "fits_empty", self)
        self.runs = RunsView(fitting, jobs, self)
        self.table = FitsTable(self)
        self.back = button("&Go back to it", "fits_back", "Its analysis and its results again; undo with Ctrl+Z", self)
        self.rename = button("Re&name", "fits_rename", "Give the selected fit another name (F2)", self)
        self.remove = button("Remo&ve", "fits_remove", "Keep the selected fit no longer; undo with Ctrl+Z", self)
        self.compare = ComparisonButton(document, "fits_compare", self)
        content = QWidget(self)
        self.said = hint("", content)
        self.overlay = OverlayView(jobs, content)
        self.scores = ScoresView(jobs, content)
        self.sides = QTabWidget(content)
        self.sides.setObjectName("fits_sides")
        self.sides.setAccessibleName("The ticked fits side by side")
        self.sides.setDocumentMode(True)
        self.sides.addTab(self.overlay, "Curves")
        self.sides.addTab(self.scores, "Scores")
        self.blocks = BlocksView(document, jobs, content)
        self.sides.addTab(self.blocks, "Blocks of terms")
        above = WordsColumn(content)
        upper = column(above, margins=0)
        upper.addWidget(self.runs)
        upper.addWidget(heading("Fits of this project", above))
        upper.addWidget(self.said)
        upper.addWidget(self.table, 1)
        upper.addLayout(row(self.back, self.rename, self.remove, None, self.compare))
        upper.addStretch(0)
        self._upper = upper
        halves = QSplitter(Qt.Orientation.Vertical, content)
        halves.setObjectName("fits_halves")
        halves.setChildrenCollapsible(False)
        halves.addWidget(above)
        halves.addWidget(self.sides)
        halves.setStretchFactor(0, 2)
        halves.setStretchFactor(1, 3)
        # nothing that wraps stands beside them: the page would else ask for its usual height, and scroll where there is room for less
        column(content).addWidget(halves)
        self._content = content
        self._stack = ShownPage(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(content)
        self.table.back_asked.connect(shelf.go_back)
        self.table.renamed.connect(self._rename)
        self.table.picked.connect(self._picked)
        self.scores.picked.connect(lambda units, unit: document.select(unit=unit, units=units))
        self.blocks.picked.connect(lambda units, unit: document.select(unit=unit, units=units))
        self.table.ticked_changed.connect(self._compare)
        self.back.clicked.connect(lambda: shelf.go_back(self.table.key))
        self.rename.clicked.connect(self.table.edit_name)
        self.remove.clicked.connect(lambda: document.remove_fit(self.table.key))
        document.changed.connect(self._changed)
        self._all_runs.changed.connect(self._turn)
        self._show()

    def set_beside(self, keys: Sequence[str]) -> None:
        """Tick these fits too, and turn to their scores."""
        self.sides.setCurrentWidget(self.scores)
        self.table.tick(keys)

    def _changed(self, what: frozenset[str]) -> None:
        if what & {"fits", "recording"}:
            self._show()
            return
        if what & {"analysis", "busy"}:
            self._say_what_is_next()
        if "selection" in what:
            self._compare()

    def _say_what_is_next(self) -> None:
        show_next_step(self, self.empty, self._document, _NO_FIT)

    def _show(self) -> None:
        document = self._document
        self._turn()
        self._say_what_is_next()
        self.said.setText((_NONE_KEPT, _ONE_FIT)[len(document.fits)] if len(document.fits) < 2 else _SEVERAL_FITS)
        for part in (self.table, self.sides, self.back, self.rename, self.remove, self.compare):
            part.setVisible(bool(document.fits))
        # where no fit is kept yet, the room is below the words
        self._upper.setStretch(self._upper.count() - 1, 0 if document.fits else 1)
        shown = document.shown_fit
        self.table.set_fits(document.fits, shown.key if shown is not None else "")
        self._compare()

    def _turn(self) -> None:
        some = self._document.fits or self._all_runs.all
        self._stack.setCurrentWidget(self._content if some else self.empty)

    def _compare(self) -> None:
        document, ticked = self._document, self.table.ticked
        fits = [fit for fit in document.fits if fit.key in ticked]
        self.overlay.show_fits(fits, document.unit)
        self.scores.show_fits(fits, document.unit, document.units)

    def _picked(self, key: str) -> None:
        for one in (self.back, self.rename, self.remove):
            one.setEnabled(bool(key))

    def _rename(self, key: str, name: str) -> None:
        if name.strip():
            self._document.rename_fit(key, name)
        else:  # a name that was emptied is shown again
            self._show()
