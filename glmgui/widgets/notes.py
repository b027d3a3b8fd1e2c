"""Notes behind a button that says how many there are."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QObject
from qtpy.QtWidgets import QWidget

from glmengine.sentences import numbered
from glmgui.widgets.controls import small_button
from glmgui.widgets.messages import MessageLine


class Notes(QObject):
    """A button, gone where there are no notes, and the line in which they stand while it is down.

    Parameters
    ----------
    name : str
        Begins the object names of the two: ``NAME_show_notes`` and ``NAME_notes``.
    about : str
        What the notes are of, as a tooltip.
    """

    def __init__(self, name: str, about: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._notes: tuple[str, ...] = ()
        self.line = MessageLine(f"{name}_notes", parent)
        self.button = small_button("", f"{name}_show_notes", about, parent)
        self.button.setCheckable(True)
        self.button.hide()
        self.button.toggled.connect(self._show)

    def set(self, notes: Sequence[str]) -> None:
        self._notes = tuple(notes)
        self.button.setText(f"\u26a0 {numbered(len(notes), 'note')}")
        self.button.setVisible(bool(notes))
        self._show(self.button.isChecked())

    def _show(self, down: bool) -> None:
        self.line.set_warning("\n".join(self._notes) if down else "")
