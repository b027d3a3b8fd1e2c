"""Asks what the arrays of a file without a standard are: shows them, and a recipe to correct."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QFontDatabase
from qtpy.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QPlainTextEdit,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from glmengine.assisting import Assistance
from glmgui.widgets import MessageLine, button, heading, hint

_COLUMNS = ("Array", "Shape", "Holds", "Begins with")


class RecipeDialog(QDialog):
    """The arrays on the left, the recipe as text on the right; `text` is the recipe when accepted."""

    def __init__(self, assistance: Assistance, text: str = "", fault: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("recipe_dialog")
        self.setWindowTitle("What is in this file?")
        self.resize(980, 560)
        self.table = self._table(assistance)
        self.editor = QPlainTextEdit(text or assistance.recipe, self)
        self.editor.setObjectName("recipe_text")
        self.editor.setAccessibleName("Recipe")
        self.editor.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.editor.setTabChangesFocus(True)
        self.message = MessageLine("recipe_message", self)
        if fault:
            self.message.show_error(fault)
        use = button("Open", "recipe_use", "Open the file with this recipe", self)
        leave = button("Cancel", "recipe_cancel", "Do not open the file", self)
        use.setDefault(True)
        kept = (
            "This recipe opened a file with the same arrays before."
            if assistance.remembered
            else "This is a first draft: read it through."
        )
        box = QVBoxLayout(self)
        box.setContentsMargins(16, 16, 16, 12)
        box.setSpacing(10)
        box.addWidget(heading(f"{assistance.path.name} is a {assistance.format} file: say what its arrays are.", self))
        box.addWidget(
            hint(f"{kept} Names are those of the arrays on the left; double-click one to put it into the recipe.", self)
        )
        halves = QSplitter(Qt.Orientation.Horizontal, self)
        halves.addWidget(self.table)
        halves.addWidget(self.editor)
        halves.setSizes([480, 500])
        box.addWidget(halves, 1)
        box.addWidget(self.message)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(leave)
        buttons.addWidget(use)
        box.addLayout(buttons)
        self.table.cellDoubleClicked.connect(self._insert)
        self.editor.textChanged.connect(self.message.clear)
        use.clicked.connect(self.accept)
        leave.clicked.connect(self.reject)
        self.editor.setFocus()

    @property
    def text(self) -> str:
        return self.editor.toPlainText()

    def _table(self, assistance: Assistance) -> QTableWidget:
        table = QTableWidget(len(assistance.arrays), len(_COLUMNS), self)
        table.setObjectName("recipe_arrays")
        table.setAccessibleName("Arrays in the file")
        table.setHorizontalHeaderLabels(_COLUMNS)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.verticalHeader().hide()
        for row, cells in enumerate(assistance.arrays):
            for column, text in enumerate(cells):
                table.setItem(row, column, QTableWidgetItem(text))
        table.resizeColumnsToContents()
        table.horizontalHeader().setSectionResizeMode(len(_COLUMNS) - 1, QHeaderView.ResizeMode.Stretch)
        return table

    def _insert(self, row: int, _column: int) -> None:
        self.editor.insertPlainText(f'"{self.table.item(row, 0).text()}"')
        self.editor.setFocus()
