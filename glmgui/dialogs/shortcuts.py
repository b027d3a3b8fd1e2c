"""The list of all keys and of what the mouse does where it is not told by a button."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialog, QHeaderView, QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from glmgui.copying import TableCopying
from glmgui.screen_room import resize_on_screen
from glmgui.widgets.controls import small_button
from glmgui.widgets.layout import row
from glmgui.widgets.tables import fit_rows
from glmgui.widgets.texts import hint

ELSEWHERE: tuple[tuple[str, str, str], ...] = (
    ("Plots", "Move what is shown", "Drag"),
    ("Plots", "Larger, smaller", "Wheel"),
    ("Plots", "Show all again", "Double click"),
    ("Plots", "Save the figure or its numbers", "Right click"),
    ("Time line", "Use only a stretch of time", "Shift + drag"),
    ("Tables", "Copy the chosen rows", "Ctrl+C"),
    ("Tables", "Go on to the next control", "Tab"),
    ("Tables", "Tick or untick the selected row", "Space"),
    ("Fields", "Take what is typed", "Enter"),
    ("Fields", "A step up or down", "Up, Down"),
)
"""Where, what, and how: what is no action of a menu."""


class ShortcutsDialog(QDialog):
    """Keys by menu and place, with a filter."""

    def __init__(self, rows: Sequence[tuple[str, str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("shortcuts_dialog")
        self.setWindowTitle("Keyboard shortcuts")
        self.filter = QLineEdit(self)
        self.filter.setObjectName("shortcuts_filter")
        self.filter.setAccessibleName("Filter shortcuts")
        self.filter.setPlaceholderText("Show only those with these words or keys")
        self.filter.setClearButtonEnabled(True)
        self.list = QTreeWidget(self)
        self.list.setObjectName("shortcuts_list")
        self.list.setAccessibleName("Keyboard shortcuts")
        self.list.setHeaderLabels(("What", "Keys"))
        self.list.setUniformRowHeights(True)
        self.list.setAlternatingRowColors(True)
        fit_rows(self.list)
        TableCopying(self).watch(self.list)
        self.list.header().setStretchLastSection(False)
        self.list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.list.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        places: dict[str, QTreeWidgetItem] = {}
        for place, what, keys in rows:
            if place not in places:
                places[place] = QTreeWidgetItem(self.list, [place])
                places[place].setFlags(Qt.ItemFlag.ItemIsEnabled)
            QTreeWidgetItem(places[place], [what, keys])
        self.list.expandAll()
        close = small_button("Close", "shortcuts_close", "Close this list", self)
        box = QVBoxLayout(self)
        box.setContentsMargins(12, 12, 12, 12)
        box.addWidget(hint("Anything else is found by its name with Ctrl+K.", self))
        box.addWidget(self.filter)
        box.addWidget(self.list, 1)
        box.addLayout(row(None, close))
        letter = self.fontMetrics()
        resize_on_screen(self, 52 * letter.horizontalAdvance("m"), 32 * letter.height())
        self.filter.textChanged.connect(self._filter)
        close.clicked.connect(self.accept)

    @property
    def shown(self) -> list[tuple[str, str]]:
        """What is listed now, and its keys."""
        return [(item.text(0), item.text(1)) for item in self._items() if not item.isHidden()]

    def _items(self) -> list[QTreeWidgetItem]:
        tops = [self.list.topLevelItem(at) for at in range(self.list.topLevelItemCount())]
        return [top.child(at) for top in tops for at in range(top.childCount())]

    def _filter(self, text: str) -> None:
        words = text.lower().split()
        for item in self._items():
            said = f"{item.parent().text(0)} {item.text(0)} {item.text(1)}".lower()
            item.setHidden(not all(word in said for word in words))
        for at in range(self.list.topLevelItemCount()):
            top = self.list.topLevelItem(at)
            top.setHidden(all(top.child(child).isHidden() for child in range(top.childCount())))
