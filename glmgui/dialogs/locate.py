"""The question where a recording is that has moved."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from glmgui.file_dialogs import file_to_open, folder_to_use
from glmgui.widgets.controls import button
from glmgui.widgets.messages import MessageLine
from glmgui.widgets.texts import heading, hint


class LocateDialog(QDialog):
    """Shows the path that is missing; `chosen` is the one given when accepted."""

    def __init__(self, missing: Path, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("locate_dialog")
        self.setWindowTitle("Where is the recording?")
        self.setMinimumWidth(520)
        self._missing = missing
        self.line = QLineEdit(self)
        self.line.setObjectName("locate_path")
        self.line.setAccessibleName("Path of the recording")
        self.line.setPlaceholderText("Path of the file or folder")
        self.message = MessageLine("locate_message", self)
        browse = button("Browse\u2026", "locate_browse", "Choose the file", self)
        folder = button("Folder\u2026", "locate_folder", "Choose a folder of npz files", self)
        self.use = button("Use it", "locate_use", "Open the project with this recording", self)
        without = button(
            "Open without it", "locate_without", "Show the project; nothing can be fitted until a recording is open", self
        )
        self.use.setDefault(True)
        self.use.setEnabled(False)
        box = QVBoxLayout(self)
        box.setContentsMargins(16, 16, 16, 12)
        box.setSpacing(10)
        box.addWidget(heading(f"The recording {name or missing.name} was not found.", self))
        box.addWidget(hint(f"It was at {missing}. If it has moved, say where it is now.", self))
        line = QHBoxLayout()
        for widget, stretch in ((self.line, 1), (browse, 0), (folder, 0)):
            line.addWidget(widget, stretch)
        box.addLayout(line)
        box.addWidget(self.message)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(without)
        buttons.addWidget(self.use)
        box.addLayout(buttons)
        browse.clicked.connect(self._browse)
        folder.clicked.connect(self._browse_folder)
        self.line.textChanged.connect(self._typed)
        self.use.clicked.connect(self.accept)
        without.clicked.connect(self.reject)

    @property
    def chosen(self) -> Path:
        return Path(self.line.text().strip()).expanduser()

    def _browse(self) -> None:
        path = file_to_open(self, "Where is the recording?", self._start(), f"*{self._missing.suffix};;All files (*)")
        if path:
            self.line.setText(path)

    def _browse_folder(self) -> None:
        path = folder_to_use(self, "Where is the recording?", self._start())
        if path:
            self.line.setText(path)

    def _start(self) -> str:
        """The nearest folder of the old path that is still there."""
        return str(next((folder for folder in self._missing.parents if folder.is_dir()), Path.home()))

    def _typed(self, text: str) -> None:
        there = bool(text.strip()) and self.chosen.exists()
        self.use.setEnabled(there)
        if there or not text.strip():
            self.message.clear()
        else:
            self.message.show_warning("There is no such file or folder.")
