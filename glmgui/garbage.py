"""Cyclic garbage, collected in the main thread alone.

Python collects it in whichever thread happens to allocate. What Qt has drawn, removed plots above all, lies in cycles, and Qt's objects may be
taken down only in the thread that they belong to: in a worker's that ends the process now and then (pyqtgraph's `GarbageCollector` is for the
same).
"""

from __future__ import annotations

import gc

from qtpy.QtCore import QObject, QTimer

EVERY_MS = 200


class MainThreadGarbage(QObject):
    """From now on garbage is collected at beats of the main thread's event loop, of each generation as often as Python would."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.freeze()  # what was imported stays; it need not be looked at each time
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self.collect)
        self._timer.start()

    def collect(self) -> None:
        """Collect the oldest generation that is due, and with it those that are younger."""
        due = [count > most for count, most in zip(gc.get_count(), gc.get_threshold(), strict=True)]
        if any(due):
            gc.collect(max(generation for generation, is_due in enumerate(due) if is_due))

    def stop(self) -> None:
        """Leave it to Python again."""
        self._timer.stop()
        gc.enable()
