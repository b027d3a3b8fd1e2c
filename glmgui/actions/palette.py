"""The command palette, in which any action is found by a few letters."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QEvent, QObject, QSize, Qt
from qtpy.QtGui import QAction, QKeySequence, QShowEvent
from qtpy.QtWidgets import QDialog, QHeaderView, QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from glmgui.widgets import hint

_ROW_HEIGHT = 26


class CommandPalette(QDialog):
    """Lists the actions whose words contain what is typed; those that cannot be run now are shown pale, last."""

    def __init__(self, actions: Sequence[QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("command_palette")
        self.setWindowTitle("Search actions")
        self._actions = list(actions)
        self.line = QLineEdit(self)
        self.line.setObjectName("palette_line")
        self.line.setAccessibleName("Search actions")
        self.line.setPlaceholderText("Search actions")
        self.list = QTreeWidget(self)
        self.list.setColumnCount(2)
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setAllColumnsShowFocus(True)
        self.list.header().setStretchLastSection(False)
        self.list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.list.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.list.setObjectName("palette_list")
        self.list.setAccessibleName("Actions found")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._none = hint("No action with these words.", self)
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 8, 8, 8)
        box.addWidget(self.line)
        box.addWidget(self.list, 1)
        box.addWidget(self._none)
        self.resize(460, 360)
        self.line.textChanged.connect(self._filter)
        self.line.returnPressed.connect(self._run)
        self.list.itemClicked.connect(self._run)
        self.line.installEventFilter(self)
        self._filter("")
        if parent is not None:
            window = parent.window()
            self.move(
                window.mapToGlobal(window.rect().topLeft()).x() + (window.width() - self.width()) // 2,
                window.mapToGlobal(window.rect().topLeft()).y() + 70,
            )

    @property
    def titles(self) -> list[str]:
        """What is found, in order."""
        return [self.list.topLevelItem(at).text(0) for at in range(self.list.topLevelItemCount())]

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.line.setFocus(Qt.FocusReason.PopupFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            step = 1 if event.key() == Qt.Key.Key_Down else -1
            at = self.list.indexOfTopLevelItem(self.list.currentItem()) + step
            self._choose(min(max(at, 0), self.list.topLevelItemCount() - 1))
            return True
        return super().eventFilter(watched, event)

    def _filter(self, text: str) -> None:
        words = text.lower().split()
        found = [action for action in self._actions if all(word in _words_of(action) for word in words)]
        found.sort(key=lambda action: (not action.isEnabled(), not _title(action).lower().startswith(text.lower())))
        self.list.clear()
        for action in found:
            item = QTreeWidgetItem([_title(action), action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)])
            item.setIcon(0, action.icon())
            item.setSizeHint(0, QSize(80, _ROW_HEIGHT))
            item.setToolTip(0, action.toolTip())
            item.setData(0, Qt.ItemDataRole.UserRole, action)
            item.setDisabled(not action.isEnabled())
            self.list.addTopLevelItem(item)
        self._choose(0)
        self._none.setVisible(not found)

    def _choose(self, at: int) -> None:
        item = self.list.topLevelItem(at)
        if item is not None:
            self.list.setCurrentItem(item)

    def _run(self, *_: object) -> None:
        item = self.list.currentItem()
        action = item.data(0, Qt.ItemDataRole.UserRole) if item is not None else None
        if action is not None and action.isEnabled():
            self.close()
            action.trigger()


def _title(action: QAction) -> str:
    return action.text().replace("&", "").rstrip("\u2026")


def _words_of(action: QAction) -> str:
    return f"{_title(action)} {action.toolTip()}".lower()
