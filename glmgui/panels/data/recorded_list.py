"""What the lists of the page of the data have in common: they are empty until the worker has read the recording, and say so."""

from __future__ import annotations

from functools import cached_property

from qtpy.QtWidgets import QAbstractItemView, QWidget

from glmgui.laid_over import WaitingWords


class RecordedList(QWidget):
    """A list of what was recorded; each kind makes its own `view`, and fills it in its own way."""

    view: QAbstractItemView

    def begin(self, said: str) -> None:
        """Empty it, and say what is being done until it can be filled."""
        self._empty()
        self._waiting.say(said)

    def stop_waiting(self) -> None:
        """Say no more what is being done."""
        self._waiting.say("")

    @cached_property
    def _waiting(self) -> WaitingWords:
        return WaitingWords(self.view)

    def _empty(self) -> None:
        """Take away what is of the recording before."""
        raise NotImplementedError
