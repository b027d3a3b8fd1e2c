"""The fits panel: every fit that the project keeps, what is new in each, and the way back to it."""

from __future__ import annotations

from qtpy.QtWidgets import QStackedLayout, QWidget

from glmgui.document import Document
from glmgui.panels.fits.fits_table import FitsTable
from glmgui.widgets import EmptyState, Page, button, column, heading, hint, row
from glmgui.work.shelf import Shelf

_NO_RECORDING = "First open a recording with Ctrl+O, then add a term in the Features step, then fit with Ctrl+R."
_NO_FIT = "Fit with Ctrl+R. Every fit of the project will stand here, with what is new in it, and one click leads back to it."


class FitsPanel(Page):
    """The kept fits, one below the other."""

    def __init__(self, document: Document, shelf: Shelf, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("fits_panel")
        self._document = document
        self.empty = EmptyState("No fits yet", _NO_RECORDING, "fits_empty", self)
        self.table = FitsTable(self)
        self.back = button("&Go back to it", "fits_back", "Its analysis and its results again; undo with Ctrl+Z", self)
        self.rename = button("Re&name", "fits_rename", "Give the selected fit another name (F2)", self)
        self.remove = button("Remo&ve", "fits_remove", "Keep the selected fit no longer; undo with Ctrl+Z", self)
        content = QWidget(self)
        box = column(content)
        box.addWidget(heading("Fits of this project", content))
        box.addWidget(
            hint("Each fit is kept with its analysis. Click its first column, or press Enter, to go back to it.", content)
        )
        box.addWidget(self.table, 1)
        box.addLayout(row(self.back, self.rename, self.remove, None))
        self._content = content
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(content)
        self.table.back_asked.connect(shelf.go_back)
        self.table.renamed.connect(self._rename)
        self.table.picked.connect(self._picked)
        self.back.clicked.connect(lambda: shelf.go_back(self.table.key))
        self.rename.clicked.connect(self.table.edit_name)
        self.remove.clicked.connect(lambda: document.remove_fit(self.table.key))
        document.changed.connect(self._changed)
        self._show()

    def _changed(self, what: frozenset[str]) -> None:
        if what & {"fits", "recording"}:
            self._show()

    def _show(self) -> None:
        document = self._document
        self._stack.setCurrentWidget(self._content if document.fits else self.empty)
        self.empty.set_text(_NO_RECORDING if document.recording is None else _NO_FIT)
        shown = document.shown_fit
        self.table.set_fits(document.fits, shown.key if shown is not None else "")

    def _picked(self, key: str) -> None:
        for one in (self.back, self.rename, self.remove):
            one.setEnabled(bool(key))

    def _rename(self, key: str, name: str) -> None:
        if name.strip():
            self._document.rename_fit(key, name)
        else:  # a name that was emptied is shown again
            self._show()
