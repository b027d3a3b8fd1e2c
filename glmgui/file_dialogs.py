"""Dialogs for files and folders in which what is typed stays and the first click counts."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QCoreApplication, QEvent, QObject, QSignalBlocker, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QAbstractItemView, QFileDialog, QLineEdit, QWidget

from glmgui.screen_room import resize_on_screen

_ROOM = (760, 520)


class FileDialog(QFileDialog):
    """The dialog of the desktop, or that of Qt where the desktop has none.

    That of Qt lists completions below a name that is typed. On some desktops that list keeps the press that closes it, and the
    click on Open would be lost: the press is handed to what lies under the mouse.
    """

    def __init__(
        self, title: str, start: str = "", kinds: str = "", parent: QWidget | None = None, *, several_folders: bool = False
    ) -> None:
        super().__init__(parent, title, _folder_of(start), kinds)
        if several_folders:  # which the dialogs of no desktop allow
            self.setOption(QFileDialog.Option.DontUseNativeDialog)
        self._typed: str | None = None
        self._line = self.findChild(QLineEdit, "fileNameEdit")
        if self._line is not None:
            resize_on_screen(self, *_ROOM)  # its own size leaves its buttons below a small screen
            self._popup = self._line.completer().popup()
            self._popup.installEventFilter(self)
            self._line.textEdited.connect(self._edited)
            self._line.completer().activated.connect(self._completed)
            self._line.textChanged.connect(self._deselect)  # after the dialog has selected what the text names
            self.directoryEntered.connect(self._completed)
            self._views = [self.findChild(QAbstractItemView, name) for name in ("listView", "treeView")]
            for view in self._views:  # after the dialog's own answer, which writes what is selected over what is typed
                view.selectionModel().selectionChanged.connect(self._keep_typed)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if self._line is None or watched is not self._popup or event.type() != QEvent.Type.MouseButtonPress:
            return super().eventFilter(watched, event)
        at = event.globalPosition().toPoint()
        if self._popup.rect().contains(self._popup.mapFromGlobal(at)):
            return super().eventFilter(watched, event)
        self._popup.hide()
        under = self.childAt(self.mapFromGlobal(at))
        if under is not None:
            self._click(under, event)
        return True

    def _click(self, under: QWidget, event: QMouseEvent) -> None:
        """A press and its release, once the popup is gone."""
        place, where = under.mapFromGlobal(event.globalPosition()), event.globalPosition()
        for kind, held in (
            (QEvent.Type.MouseButtonPress, event.button()),
            (QEvent.Type.MouseButtonRelease, Qt.MouseButton.NoButton),
        ):
            QCoreApplication.postEvent(under, QMouseEvent(kind, place, where, event.button(), held, event.modifiers()))

    def _edited(self, text: str) -> None:
        self._typed = text

    def _completed(self, _: object = None) -> None:
        self._typed = None

    def _deselect(self, _: object = None) -> None:
        """The dialog selects each folder that a path names while it is typed, and would take them all in place of what is typed."""
        if not any(view.hasFocus() for view in self._views):
            for view in self._views:
                view.selectionModel().clearSelection()

    def _keep_typed(self, *_: object) -> None:
        """Only what is chosen in the list replaces what is typed."""
        if any(view.hasFocus() for view in self._views):
            self._typed = None
        elif self._typed is not None and self._line.text() != self._typed:
            with QSignalBlocker(self._line):  # else the dialog would select again what the text names
                self._line.setText(self._typed)
            self._deselect()


def _folder_of(start: str) -> str:
    """Where a proposed path lies."""
    path = Path(start)
    return start if not start or path.is_dir() else str(path.parent)


def _asked(dialog: FileDialog) -> list[str]:
    try:
        return dialog.selectedFiles() if dialog.exec() else []
    finally:
        dialog.deleteLater()


def file_to_open(parent: QWidget | None, title: str, start: str = "", kinds: str = "") -> str:
    """One file that is there; empty where none was chosen."""
    dialog = FileDialog(title, start, kinds, parent)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    return next(iter(_asked(dialog)), "")


def files_to_open(parent: QWidget | None, title: str, start: str = "", kinds: str = "") -> list[str]:
    """One or more files that are there."""
    dialog = FileDialog(title, start, kinds, parent)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    return _asked(dialog)


def folder_to_use(parent: QWidget | None, title: str, start: str = "") -> str:
    """A folder to open or to write to; empty where none was chosen."""
    dialog = FileDialog(title, start, "", parent)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    return next(iter(_asked(dialog)), "")


def file_to_save(parent: QWidget | None, title: str, start: str = "", kinds: str = "") -> tuple[str, str]:
    """A file to write, with the kind that was chosen; empty where none was."""
    dialog = FileDialog(title, start, kinds, parent)
    dialog.setFileMode(QFileDialog.FileMode.AnyFile)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    if Path(start).name and not Path(start).is_dir():
        dialog.selectFile(Path(start).name)
    return next(iter(_asked(dialog)), ""), dialog.selectedNameFilter()
