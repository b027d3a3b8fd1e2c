"""The command palette, in which anything is found by a few letters: actions, settings, units, terms, samples, pages of the guide."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QAction, QKeySequence, QShowEvent
from qtpy.QtWidgets import QDialog, QHeaderView, QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from glmgui.actions.finds import Find
from glmgui.widgets.tables import fit_rows
from glmgui.widgets.texts import hint

_LETTERS, _ROWS = 62, 16
"""How wide and high it is, in letters m and rows."""
_NONE = "Nothing with these words."
_MOST = 60
"""Of more than so many the first are listed: another letter leaves fewer."""


class CommandPalette(QDialog):
    """Lists what has all the words that are typed; actions that cannot be run now are shown pale, last."""

    def __init__(
        self, actions: Sequence[QAction], parent: QWidget | None = None, finds: Sequence[Find] = (), none: str = _NONE
    ) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("command_palette")
        self.setWindowTitle("Search")
        self._actions, self._finds = list(actions), list(finds)
        self.line = QLineEdit(self)
        self.line.setObjectName("palette_line")
        self.line.setAccessibleName("Search actions, settings, units, terms, samples and the guide")
        self.line.setPlaceholderText("Search actions, settings, units, terms, samples, the guide")
        self.list = QTreeWidget(self)
        self.list.setColumnCount(3)
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setAllColumnsShowFocus(True)
        fit_rows(self.list)
        header = self.list.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for part in (1, 2):
            header.setSectionResizeMode(part, QHeaderView.ResizeMode.ResizeToContents)
        self.list.setObjectName("palette_list")
        self.list.setAccessibleName("What was found")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._none = hint(none, self)
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 8, 8, 8)
        box.addWidget(self.line)
        box.addWidget(self.list, 1)
        box.addWidget(self._none)
        metrics = self.fontMetrics()
        self.resize(_LETTERS * metrics.horizontalAdvance("m"), (_ROWS + 2) * (metrics.height() + 7))
        self.line.textChanged.connect(self._filter)
        self.line.returnPressed.connect(self._run)
        self.list.itemClicked.connect(self._run)
        self.line.installEventFilter(self)
        self._filter("")
        if parent is not None:
            window = parent.window()
            self.resize(min(self.width(), window.width() - 40), min(self.height(), window.height() - 100))
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
        self.list.clear()
        rows = [
            (_rank(_title(action), words, 2 if not action.isEnabled() else 0), self._row_of_action(action))
            for action in self._actions
            if _has(f"{_title(action)} {action.toolTip()}", words)
        ]
        if words:  # with nothing typed yet what can be done is enough to read
            rows += [
                (_rank(find.title, words, 1), _row_of_find(find))
                for find in self._finds
                if _has(f"{find.title} {find.kind} {find.words}", words)
            ]
        rows.sort(key=lambda row: row[0])
        self.list.addTopLevelItems([item for _, item in rows[:_MOST]])
        self._choose(0)
        self._none.setVisible(not rows)

    def _row_of_action(self, action: QAction) -> QTreeWidgetItem:
        item = QTreeWidgetItem([_title(action), "", action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)])
        item.setIcon(0, action.icon())
        item.setToolTip(0, action.toolTip())
        item.setData(0, Qt.ItemDataRole.UserRole, action.trigger)
        item.setDisabled(not action.isEnabled())
        return item

    def _choose(self, at: int) -> None:
        item = self.list.topLevelItem(at)
        if item is not None:
            self.list.setCurrentItem(item)

    def _run(self, *_: object) -> None:
        item = self.list.currentItem()
        run: Callable[[], None] | None = item.data(0, Qt.ItemDataRole.UserRole) if item is not None else None
        if run is not None and not item.isDisabled():
            self.close()
            run()


def _row_of_find(find: Find) -> QTreeWidgetItem:
    item = QTreeWidgetItem([find.title, find.kind, ""])
    item.setToolTip(0, find.words)
    item.setForeground(1, item.foreground(0))
    item.setData(0, Qt.ItemDataRole.UserRole, find.open)
    return item


def _title(action: QAction) -> str:
    return action.text().replace("&", "").rstrip("\u2026")


def _has(text: str, words: Sequence[str]) -> bool:
    text = text.lower()
    return all(word in text for word in words)


def _rank(title: str, words: Sequence[str], last: int) -> tuple[bool, int, int, int, str]:
    """What is listed first: what can be done, titles that are one of the words or begin with them, those that hold more of them."""
    title = title.lower()
    begins = 0 if title.startswith(" ".join(words)) or title in words else 1
    return (last > 1, begins, -sum(word in title for word in words), last, "" if not words else title)
