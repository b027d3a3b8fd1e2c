"""The epochs of a recording with a tick for each that is used, its trials, and the intervals drawn by hand."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import QTreeWidget, QTreeWidgetItem, QWidget

from glmgui.panels.data.summary import EpochRow
from glmgui.widgets import column, heading, row, small_button

_WHOLE = "all"


class EpochsList(QWidget):
    """Ticked epochs make up the time that is used; ``all`` stands for the whole recording and excludes the rest."""

    epochs_changed = Signal(object)  # tuple of names
    intervals_cleared = Signal()
    drawing_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("epochs")
        self._rows: tuple[EpochRow, ...] = ()
        self._silent = False
        self._title = heading("Epochs", self)
        self.draw = small_button(
            "draw interval", "epochs_draw", "Then drag on the time line to use only that stretch (or drag with Shift held)", self
        )
        self.draw.setCheckable(True)
        self.clear = small_button("clear drawn", "epochs_clear", "Remove every drawn interval", self)
        self.view = QTreeWidget(self)
        self.view.setObjectName("epochs_list")
        self.view.setAccessibleName("Epochs used")
        self.view.setHeaderLabels(("Epoch", "Pieces", "Seconds"))
        self.view.setRootIsDecorated(False)
        self.view.setAlternatingRowColors(True)
        self.view.setColumnWidth(0, 150)
        self.view.setColumnWidth(1, 60)
        self.view.setUniformRowHeights(True)
        box = column(self, margins=0)
        box.addLayout(row(self._title, None, self.draw, self.clear))
        box.addWidget(self.view, 1)
        self.view.itemChanged.connect(self._ticked)
        self.draw.toggled.connect(self.drawing_changed)
        self.clear.clicked.connect(self.intervals_cleared)

    def set_epochs(self, rows: Sequence[EpochRow], used: Sequence[str], n_intervals: int) -> None:
        """Show these with ticks at the ones `used`; trials are listed without a tick."""
        self._silent = True
        if tuple(rows) != self._rows:
            self._rows = tuple(rows)
            self.view.clear()
            for epoch in rows:
                item = QTreeWidgetItem([epoch.name, str(len(epoch.pieces)), f"{epoch.seconds:,.1f}"])
                item.setSizeHint(0, QSize(0, 22))
                item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                item.setTextAlignment(2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                if epoch.kind == "epoch":
                    item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                    item.setToolTip(0, "The whole recording" if epoch.name == _WHOLE else f"Use the time inside '{epoch.name}'")
                else:
                    item.setText(0, f"{epoch.name} (trials)")
                    item.setToolTip(0, "A table of trials")
                self.view.addTopLevelItem(item)
        for at, epoch in enumerate(rows):
            if epoch.kind == "epoch":
                state = Qt.CheckState.Checked if epoch.name in used else Qt.CheckState.Unchecked
                self.view.topLevelItem(at).setCheckState(0, state)
        self._silent = False
        trials = sum(epoch.kind != "epoch" for epoch in rows)
        self._title.setText(f"Epochs ({len(rows) - trials})" + (f" and trials ({trials})" if trials else ""))
        self.clear.setVisible(bool(n_intervals))
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
