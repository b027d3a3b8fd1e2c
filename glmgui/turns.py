"""What is done in a later turn of the event loop, as long as the one for whom it is done is there."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QObject, QTimer


def in_later_turn(owner: QObject, what: Callable[[], object], after: int = 0) -> None:
    """Do something in the next turn of events, or `after` so many ms; not at all where `owner` is gone by then, as a single shot of Qt's would."""
    turn = QTimer(owner)
    turn.setSingleShot(True)
    turn.timeout.connect(what)
    turn.timeout.connect(turn.deleteLater)
    turn.start(after)
