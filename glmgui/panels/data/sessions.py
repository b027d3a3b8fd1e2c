"""The list of recordings that are analysed together."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from glmengine.recording.recording import Recording
from glmgui.drawings.summary import EpochRow
from glmgui.widgets.controls import small_button
from glmgui.widgets.layout import column, row
from glmgui.widgets.tables import fit_rows
from glmgui.widgets.texts import heading

_MOST_ROWS = 5


def without_parts(epochs: Sequence[EpochRow], recording: Recording, used: Sequence[str]) -> list[EpochRow]:
    """The epochs without those that are the part of another in one session, which would crowd the time line, unless they are used."""
    starts = tuple(f"{session.name}: " for session in recording.sessions)
    return [one for one in epochs if one.name in used or not starts or not one.name.startswith(starts)]


class SessionsList(QWidget):
    """One row a session where there are several; else only the button that adds one."""

    add_asked = Signal()
    remove_asked = Signal(int)
    renamed = Signal(int, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sessions")
        self._silent = False
        self._title = heading("Sessions", self)
        self.add = small_button(
            "add session\u2026",
            "session_add",
            "Analyse another recording together with this one: several sessions of one animal",
            self,
        )
        self.remove = small_button("remove", "session_remove", "Take the selected session out of the analysis", self)
        self.view = QTreeWidget(self)
        self.view.setObjectName("sessions_list")
        self.view.setAccessibleName("Sessions analysed together")
        self.view.setHeaderLabels(("Session", "Units", "Seconds", "Begins"))
        self.view.setRootIsDecorated(False)
        self.view.setAlternatingRowColors(True)
        self.view.setUniformRowHeights(True)
        fit_rows(self.view)
        self.view.header().setStretchLastSection(False)
        self.view.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for part in (1, 2, 3):
            self.view.header().setSectionResizeMode(part, QHeaderView.ResizeMode.ResizeToContents)
        box = column(self, margins=0)
        box.addLayout(row(self._title, None, self.remove, self.add))
        box.addWidget(self.view, 1)
        self.add.clicked.connect(self.add_asked)
        self.remove.clicked.connect(lambda: self.remove_asked.emit(self.current))
        self.view.itemChanged.connect(self._edited)
        self.view.currentItemChanged.connect(lambda *_: self.remove.setEnabled(self.current >= 0))
        self.set_recording(None)

    @property
    def current(self) -> int:
        """Number of the selected session, -1 for none."""
        return self.view.indexOfTopLevelItem(self.view.currentItem())

    def set_recording(self, recording: Recording | None) -> None:
        """Show the sessions of `recording`."""
        sessions = recording.sessions if recording is not None else ()
        several = len(sessions) > 1
        self._silent = True
        self.view.clear()
        for session in sessions if several else ():
            own, (start, _) = session.recording, session.span
            item = QTreeWidgetItem([session.name, str(len(own.unit_names)), f"{own.duration:,.0f}", f"{start:,.0f} s"])
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            for part in (1, 2, 3):
                item.setTextAlignment(part, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            item.setToolTip(0, f"{own.path or own.name}. Double-click to call it otherwise")
            item.setToolTip(3, "Where it begins on the common time axis")
            self.view.addTopLevelItem(item)
        self._silent = False
        self._title.setText(f"Sessions ({len(sessions)})" if several else "One session")
        self.view.setVisible(several)
        self.remove.setVisible(several)
        self.remove.setEnabled(False)
        line = self.add.sizeHint().height() + 2
        table = 28 + 23 * min(len(sessions), _MOST_ROWS) if several else 0
        self.setMinimumHeight(line + min(table, 28 + 23 * 2))
        self.setMaximumHeight(line + table + 4)

    def _edited(self, item: QTreeWidgetItem, part: int) -> None:
        if not self._silent and part == 0:
            self.renamed.emit(self.view.indexOfTopLevelItem(item), item.text(0))
