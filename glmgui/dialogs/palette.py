"""The command palette: type a few letters of any action and press Enter."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QAction, QKeySequence
from qtpy.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from glmgui.widgets import hint


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
        self.list = QListWidget(self)
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

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            step = 1 if event.key() == Qt.Key.Key_Down else -1
            self.list.setCurrentRow(min(max(self.list.currentRow() + step, 0), self.list.count() - 1))
            return True
        return super().eventFilter(watched, event)

    def _filter(self, text: str) -> None:
        words = text.lower().split()
        found = [action for action in self._actions if all(word in _words_of(action) for word in words)]
        found.sort(key=lambda action: (not action.isEnabled(), not _title(action).lower().startswith(text.lower())))
        self.list.clear()
        for action in found:
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            item = QListWidgetItem(action.icon(), f"{_title(action)}    {keys}" if keys else _title(action), self.list)
            item.setToolTip(action.toolTip())
            item.setData(Qt.ItemDataRole.UserRole, action)
            if not action.isEnabled():
                item.setFlags(Qt.ItemFlag.NoItemFlags)
        self.list.setCurrentRow(0)
        self._none.setVisible(not found)

    def _run(self, *_: object) -> None:
        item = self.list.currentItem()
        action = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
        if action is not None and action.isEnabled():
            self.close()
            action.trigger()


def _title(action: QAction) -> str:
    return action.text().replace("&", "").rstrip("\u2026")


def _words_of(action: QAction) -> str:
    return f"{_title(action)} {action.toolTip()}".lower()
