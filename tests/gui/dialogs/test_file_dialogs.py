"""Dialogs for files and folders: the first click counts while completions are listed, and what is typed stays."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from qtpy.QtCore import QEvent, QItemSelectionModel, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QAbstractItemView, QApplication, QDialogButtonBox, QFileDialog, QLineEdit, QPushButton

import glmgui
from glmgui.dialogs.questions import FoldersDialog
from glmgui.file_dialogs import FileDialog


def opened(qtbot, dialog):
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitExposed(dialog)
    return dialog, dialog.findChild(QLineEdit, "fileNameEdit")


def press_beside(popup, at: QPoint) -> None:
    """As a desktop gives the press to the list, which is a popup."""
    left = Qt.MouseButton.LeftButton
    place = QPointF(popup.mapFromGlobal(at))
    press = QMouseEvent(QEvent.Type.MouseButtonPress, place, QPointF(at), left, left, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(popup, press)


@pytest.mark.parametrize("what", ["file", "files", "folders", "save"])
def test_the_first_click_counts_while_completions_are_listed(qtbot, tmp_path, what):
    folder = tmp_path / "day1"
    folder.mkdir()
    (tmp_path / "day1.npz").write_bytes(b"")
    if what == "folders":
        dialog, line = opened(qtbot, FoldersDialog(str(tmp_path)))
    else:
        made = FileDialog("Open", str(tmp_path))
        mode = {"file": "ExistingFile", "files": "ExistingFiles", "save": "AnyFile"}[what]
        made.setFileMode(getattr(QFileDialog.FileMode, mode))
        if what == "save":
            made.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog, line = opened(qtbot, made)
    name = {"folders": "day1", "save": "day1_new.npz"}.get(what, "day1.npz")
    line.setFocus()
    qtbot.keyClicks(line, str(tmp_path / name))
    assert line.text() == str(tmp_path / name)
    popup = line.completer().popup()
    popup.setGeometry(dialog.geometry().left(), dialog.geometry().bottom() + 5, 200, 50)
    popup.show()
    role = QDialogButtonBox.ButtonRole.AcceptRole
    accept = next(b for b in dialog.findChildren(QPushButton) if dialog.findChild(QDialogButtonBox).buttonRole(b) == role)
    press_beside(popup, accept.mapToGlobal(accept.rect().center()))
    qtbot.waitUntil(dialog.isHidden)
    assert dialog.result() == QFileDialog.DialogCode.Accepted
    assert not popup.isVisible()
    assert [Path(path).name for path in dialog.selectedFiles()] == [name]


def test_what_is_selected_does_not_replace_what_is_typed(qtbot, tmp_path):
    for name in ("shared", "data"):
        (tmp_path / name).mkdir()
    dialog, line = opened(qtbot, FoldersDialog(str(tmp_path)))
    view = dialog.findChild(QAbstractItemView, "treeView")

    def listed():  # in any order: folders are read, and sorted later, in a thread of their own
        model, root = view.model(), view.rootIndex()
        found = [model.index(row, 0, root) for row in range(model.rowCount(root))]
        return {index.data(): index for index in found}

    qtbot.waitUntil(lambda: {*listed()} == {"shared", "data"})
    line.setFocus()
    qtbot.waitUntil(line.hasFocus)
    qtbot.keyClicks(line, "sha")
    view.selectAll()
    assert line.text() == "sha"
    view.setFocus()
    qtbot.waitUntil(view.hasFocus)
    view.clearSelection()
    view.selectionModel().select(
        listed()["data"], QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
    )
    assert line.text() == "data", "a click in the list still chooses"


def test_every_file_dialog_is_made_in_one_place():
    root = Path(glmgui.__file__).parent
    found = [
        file.name
        for file in root.rglob("*.py")
        if re.search(r"QFileDialog\(|\(QFileDialog\)|QFileDialog\.get[A-Z]", file.read_text(encoding="utf-8"))
    ]
    assert found == ["file_dialogs.py"]
