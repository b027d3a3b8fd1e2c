"""Cyclic garbage, collected in the main thread alone.

Python collects it in whichever thread happens to allocate. What Qt has drawn, removed plots above all, lies in cycles, and Qt's objects may be
taken down only in the thread that they belong to: in a worker's that ends the process now and then (pyqtgraph's `GarbageCollector` is for the
same).
"""

from __future__ import annotations

import gc
import sys

from qtpy.QtCore import QObject, QTimer

EVERY_MS = 200
_MANY = 100
"""Modules imported since, after which what stays is put aside once more: that happens a few times in a session, so that little of what was alive
then, and goes later, lies where nobody looks for it."""


class MainThreadGarbage(QObject):
    """From now on garbage is collected at beats of the main thread's event loop, of each generation as often as Python would."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._imported = 0
        self._put_aside()
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self.collect)
        self._timer.start()

    def collect(self) -> None:
        """Collect the oldest generation that is due, and with it those that are younger."""
        if len(sys.modules) >= self._imported + _MANY:
            self._put_aside()
            return
        due = [count > most for count, most in zip(gc.get_count(), gc.get_threshold(), strict=True)]
        if any(due):
            gc.collect(max(generation for generation, is_due in enumerate(due) if is_due))

    def _put_aside(self) -> None:
        """Look no more at what there is now: what was imported stays, and the oldest generation with all of JAX in it takes a fifth of a second."""
        gc.collect(1)  # the passing things of the imports themselves
        gc.freeze()
        self._imported = len(sys.modules)

    def stop(self) -> None:
        """Leave it to Python again."""
        self._timer.stop()
        gc.enable()
