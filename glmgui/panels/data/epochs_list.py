"""The list of epochs, trials and events, with a tick for what is used."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from glmgui.drawings.summary import EpochRow
from glmgui.panels.data.recorded_list import RecordedList
from glmgui.widgets.controls import small_button
from glmgui.widgets.layout import column, row
from glmgui.widgets.sizes import scaled
from glmgui.widgets.tables import fit_rows
from glmgui.widgets.texts import heading

_WHOLE = "all"
_LEAST_TITLE = 90
"""Pixels of the heading: a word with its number."""


class EpochsList(RecordedList):
    """Ticked epochs make up the time that is used; ``all`` stands for the whole recording and excludes the rest."""

    epochs_changed = Signal(object)  # tuple of names
    intervals_cleared = Signal()
    drawing_changed = Signal(bool)
    add_asked = Signal(object)  # the button, where a menu can open
    edit_asked = Signal(str)
    remove_asked = Signal(str)
    trials_asked = Signal(str)
    naming_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("epochs")
        self._rows: tuple[EpochRow, ...] = ()
        self._silent = False
        self._title = heading("Epochs", self)
        self._title.setWordWrap(True)  # many kinds make a long one, which a small screen has no room for in one line
        self._title.setMinimumWidth(scaled(_LEAST_TITLE))
        self._derived: frozenset[str] = frozenset()
        self._add = small_button(
            "derive\u2026", "epoch_add", "Make epochs by threshold (running, rest), from trials, or from other epochs", self
        )
        self._edit = small_button("change", "epoch_edit", "Change how the selected derived epochs are computed", self)
        self._remove = small_button("remove", "epoch_remove", "Remove the selected derived epochs", self)
        self._trials = small_button(
            "list trials\u2026", "epoch_trials", "List the selected trials with their properties, and choose some of them", self
        )
        self.draw = small_button(
            "draw interval", "epochs_draw", "Then drag on the time line to use only that stretch (or drag with Shift held)", self
        )
        self.draw.setCheckable(True)
        self.clear = small_button("clear drawn", "epochs_clear", "Remove every drawn interval", self)
        self.name = small_button(
            "name drawn\u2026",
            "epochs_name",
            "Keep the drawn intervals as epochs with a name, to fit, test or restrict terms to",
            self,
        )
        self.view = QTreeWidget(self)
        self.view.setObjectName("epochs_list")
        self.view.setAccessibleName("Epochs used")
        self.view.setHeaderLabels(("Epoch", "Number", "Seconds"))
        self.view.setRootIsDecorated(False)
        self.view.setAlternatingRowColors(True)
        self.view.header().setStretchLastSection(False)
        self.view.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for part in (1, 2):
            self.view.header().setSectionResizeMode(part, QHeaderView.ResizeMode.ResizeToContents)
        self.view.setUniformRowHeights(True)
        fit_rows(self.view)
        box = column(self, margins=0)
        above = row(self._title, self._add, self.draw)
        above.setStretchFactor(self._title, 1)
        box.addLayout(above)
        box.addWidget(self.view, 1)
        box.addLayout(row(None, self._trials, self._edit, self._remove, self.name, self.clear))
        self.view.itemChanged.connect(self._ticked)
        self.draw.toggled.connect(self.drawing_changed)
        self.name.clicked.connect(self.naming_asked)
        self.clear.clicked.connect(self.intervals_cleared)
        self._add.clicked.connect(lambda: self.add_asked.emit(self._add))
        self._edit.clicked.connect(lambda: self.edit_asked.emit(self.current.name))
        self._remove.clicked.connect(lambda: self.remove_asked.emit(self.current.name))
        self._trials.clicked.connect(lambda: self.trials_asked.emit(self.current.name))
        self.view.currentItemChanged.connect(self._offer)
        self.view.itemDoubleClicked.connect(self._opened)
        self._offer()

    @property
    def current(self) -> EpochRow | None:
        at = self.view.indexOfTopLevelItem(self.view.currentItem())
        return self._rows[at] if 0 <= at < len(self._rows) else None

    def select(self, name: str) -> None:
        """Make the epochs of this name the current ones."""
        for at, epoch in enumerate(self._rows):
            if epoch.name == name and epoch.kind == "epoch":
                self.view.setCurrentItem(self.view.topLevelItem(at))

    def _offer(self, *_: object) -> None:
        current = self.current
        self._trials.setVisible(current is not None and current.kind == "trials")
        for part in (self._edit, self._remove):
            part.setVisible(current is not None and current.kind == "epoch" and current.name in self._derived)

    def _opened(self, *_: object) -> None:
        if not self._trials.isHidden():
            self._trials.click()
        elif not self._edit.isHidden():
            self._edit.click()

    def _empty(self) -> None:
        self.set_epochs((), (), 0)

    def set_epochs(
        self, rows: Sequence[EpochRow], used: Sequence[str], n_intervals: int, derived: frozenset[str] = frozenset()
    ) -> None:
        """Show these with ticks at the ones `used`, those in `derived` as computed; trials are listed without a tick."""
        self.stop_waiting()
        self._silent = True
        before = self.current.name if self.current is not None else ""
        self._derived = derived
        if tuple(rows) != self._rows:
            self._rows = tuple(rows)
            self.view.clear()
            for epoch in rows:
                item = QTreeWidgetItem(
                    [epoch.name, f"{epoch.count:,}", "\u2013" if epoch.kind == "event" else f"{epoch.seconds:,.1f}"]
                )
                item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                item.setTextAlignment(2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                if epoch.kind == "epoch":
                    item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                    item.setText(0, f"{epoch.name}, derived" if epoch.name in derived else epoch.name)
                    use = "The whole recording" if epoch.name == _WHOLE else f"Use the time inside '{epoch.name}'"
                    item.setToolTip(0, f"{use}. Derived: double-click to change it" if epoch.name in derived else use)
                elif epoch.kind == "event":
                    item.setText(0, f"{epoch.name} (event)")
                    item.setToolTip(0, "An event: terms can follow it, and 'time since' can be derived from it")
                else:
                    item.setText(0, f"{epoch.name} (trials)")
                    item.setToolTip(0, "A table of trials: double-click to list them and to choose some")
                self.view.addTopLevelItem(item)
        for at, epoch in enumerate(rows):
            if epoch.kind == "epoch":
                state = Qt.CheckState.Checked if epoch.name in used else Qt.CheckState.Unchecked
                self.view.topLevelItem(at).setCheckState(0, state)
        self._silent = False
        self.select(before)
        self._offer()
        found = {kind: sum(epoch.kind == kind for epoch in rows) for kind in ("epoch", "trials", "event")}
        parts = [
            f"{word}\u00a0({found[kind]})" for kind, word in (("epoch", "Epochs"), ("trials", "trials"), ("event", "events"))
        ]
        self._title.setText(", ".join(part for part in parts if not part.endswith("(0)")) or "Epochs")
        self._title.setToolTip(self._title.text())
        for part in (self.name, self.clear):
            part.setVisible(bool(n_intervals))
        self.clear.setText(f"clear {n_intervals} drawn")

    def _ticked(self, changed: QTreeWidgetItem) -> None:
        if self._silent:
            return
        epochs = [(epoch.name, self.view.topLevelItem(at)) for at, epoch in enumerate(self._rows) if epoch.kind == "epoch"]
        names = [name for name, item in epochs if item.checkState(0) == Qt.CheckState.Checked]
        newest = next(name for name, item in epochs if item is changed)
        if newest in names:  # the whole and its parts exclude each other
            names = [_WHOLE] if newest == _WHOLE else [name for name in names if name != _WHOLE]
        self.epochs_changed.emit(tuple(names) or (_WHOLE,))
