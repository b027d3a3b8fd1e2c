"""Columns of a page, of which a narrow window shows as many as have room."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QSplitter, QTabBar, QVBoxLayout, QWidget


class Columns(QWidget):
    """Parts side by side. Where there is no room for all of them, tabs above them say which are seen, and none is scrolled to sideways.

    Parameters
    ----------
    name : str
        Begins the object names; the tabs are called ``<name>_columns``.
    said : str
        What the tabs choose, for screen readers.
    """

    def __init__(self, name: str, said: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tabs = QTabBar(self)
        self.tabs.setObjectName(f"{name}_columns")
        self.tabs.setAccessibleName(said)
        self.tabs.setExpanding(False)
        self.tabs.setDocumentMode(True)
        self.tabs.hide()
        self.splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self.splitter.setChildrenCollapsible(False)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2)
        box.addWidget(self.tabs)
        box.addWidget(self.splitter, 1)
        self._away: set[QWidget] = set()
        self.tabs.currentChanged.connect(lambda _: self._fit())

    def add(self, part: QWidget, title: str, stretch: int) -> None:
        """One column more, on the right of those before."""
        self.splitter.addWidget(part)
        self.splitter.setStretchFactor(self.splitter.count() - 1, stretch)
        self.tabs.addTab(title)

    def want(self, part: QWidget, *, wanted: bool) -> None:
        """Show a column, or leave it out as long as there is nothing in it."""
        (self._away.discard if wanted else self._away.add)(part)
        self.tabs.setTabVisible(self.splitter.indexOf(part), wanted)
        self._fit()

    def turn_to(self, part: QWidget) -> None:
        """See to it that a column can be seen."""
        self.tabs.setCurrentIndex(self.splitter.indexOf(part))

    def unfold(self, inside: QWidget) -> None:
        """See to it that the column can be seen in which this is."""
        for part in self._parts:
            if part is inside or part.isAncestorOf(inside):
                self.turn_to(part)

    @property
    def _parts(self) -> list[QWidget]:
        return [self.splitter.widget(at) for at in range(self.splitter.count())]

    def minimumSizeHint(self) -> QSize:
        """As wide as the widest column."""
        least = super().minimumSizeHint()
        return QSize(max((_least(part) for part in self._parts if part not in self._away), default=0), least.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:  # a column has become wider
            self._fit()
        return done

    def _fit(self) -> None:
        """Show all columns, or the chosen one with those beside it that have room, first on its right."""
        parts = self._parts
        wanted = [_least(part) for part in parts]
        handle, room = self.splitter.handleWidth(), self.width()
        taken = [at for at, part in enumerate(parts) if part not in self._away]
        if sum(wanted[at] for at in taken) + handle * (len(taken) - 1) <= room:
            shown = taken
        else:
            chosen = max(self.tabs.currentIndex(), 0)
            shown = [chosen]
            for at in (*range(chosen + 1, len(parts)), *range(chosen - 1, -1, -1)):
                if (
                    at in taken
                    and (at - 1 in shown or at + 1 in shown)
                    and sum(wanted[one] + handle for one in (*shown, at)) - handle <= room
                ):
                    shown.append(at)
        for at, part in enumerate(parts):
            if part.isHidden() == (at in shown):
                part.setVisible(at in shown)
        self.tabs.setVisible(len(shown) < len(taken))


def _least(part: QWidget) -> int:
    return max(part.minimumSizeHint().width(), part.minimumWidth())
