"""What the window's tests share: a document and jobs that are closed again, a heartbeat, and a check that nothing is left behind."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from qtpy.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer

MOST_GAP_MS = 250
MOST_GAP_99_MS = 100


class Heartbeat(QObject):
    """Notes when the main thread answers a timer of 10 ms."""

    def __init__(self) -> None:
        super().__init__()
        self._times: list[float] = []
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(10)
        self._timer.timeout.connect(lambda: self._times.append(time.perf_counter()))

    def start(self) -> None:
        self._times.clear()
        self._timer.start()

    def stop(self) -> np.ndarray:
        """Gaps between the beats, in ms."""
        self._timer.stop()
        return np.diff(self._times) * 1000.0


@pytest.fixture
def heartbeat(qapp):
    """A heartbeat; the test starts and stops it around what must not hold up the main thread."""
    made = Heartbeat()
    yield made
    made.stop()


@pytest.fixture
def main_thread_stays_free(heartbeat):
    """The whole test is guarded: the main thread is never held up for long."""
    heartbeat.start()
    yield heartbeat
    gaps = heartbeat.stop()
    assert gaps.size, "the heartbeat never beat: the main thread was held up for the whole test"
    assert gaps.max() < MOST_GAP_MS, f"the main thread was held up for {gaps.max():.0f} ms"
    assert np.percentile(gaps, 99) < MOST_GAP_99_MS


@pytest.fixture
def jobs(qapp):
    from glmgui.jobs import Jobs

    made = Jobs()
    yield made
    assert made.close(10_000), "the worker thread did not end"


@pytest.fixture
def document(qapp):
    from glmgui.document import Document

    return Document()


@pytest.fixture(autouse=True)
def nothing_left_behind(qapp):
    """No test leaves a thread of Python's running."""
    before = set(threading.enumerate())
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    left = [thread for thread in threading.enumerate() if thread not in before and not thread.daemon and thread.is_alive()]
    assert not left, f"threads left running: {left}"
