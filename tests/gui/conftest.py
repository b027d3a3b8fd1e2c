"""What the window's tests share: a document and jobs that are closed again, a heartbeat, and a check that nothing is left behind."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
from functools import partial

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QCoreApplication, QEvent, QObject, QRect, Qt, QTimer
from qtpy.QtWidgets import QApplication, QWidget

MOST_GAP_MS = 250
MOST_GAP_99_MS = 100


LEAST_PATIENCE_MS = 60_000

LONGEST_PAUSE_MS = 1000
"""Timers that wait for the end of typing are shorter; those that keep a copy or take a message away are longer."""


class PatientBot(QtBot):
    """Waits as long as a machine may need that has other things to do: how long it took says nothing about the window."""

    def waitUntil(self, callback, *, timeout=LEAST_PATIENCE_MS):
        super().waitUntil(callback, timeout=max(timeout, LEAST_PATIENCE_MS))

    def waitSignal(self, signal, *, timeout=LEAST_PATIENCE_MS, **options):
        if not options.get("raising", True):  # it is not to come: `assertNotEmitted`
            return super().waitSignal(signal, timeout=timeout, **options)
        return super().waitSignal(signal, timeout=max(timeout, LEAST_PATIENCE_MS), **options)

    def waitSignals(self, signals, *, timeout=LEAST_PATIENCE_MS, **options):
        return super().waitSignals(signals, timeout=max(timeout, LEAST_PATIENCE_MS), **options)


@pytest.fixture
def qtbot(qapp, request):
    """In the place of the one of pytest-qt, which gives up after five seconds."""
    return PatientBot(request)


def places_seen(widget: QWidget) -> list[QRect]:
    """Where the widgets inside one lie that are seen; what lies in hidden ones, as most pages of a window are, is not looked at."""
    places = []
    for one in widget.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly):
        if one.isVisible():
            places += [one.geometry(), *places_seen(one)]
    return places


@pytest.fixture
def at_rest(qtbot):
    """Waits until a window has no job left, no timer that is to ring soon and once, and a round of events moves nothing that is seen."""

    def wait(window):
        seen = None

        def rests() -> bool:
            nonlocal seen
            QApplication.processEvents()
            if window.jobs._pending:
                return False
            to_ring = (one for one in window.findChildren(QTimer) if one.isSingleShot() and one.isActive())
            if any(timer.interval() <= LONGEST_PAUSE_MS for timer in to_ring):
                return False
            before, seen = seen, places_seen(window)
            return before == seen

        qtbot.waitUntil(rests)

    return wait


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


_CONTROL = """
import sys, threading, time
over = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
late = wall = work = 0.0
print("begun", flush=True)
while True:
    asked = time.perf_counter()
    if over.wait(0.01):
        break
    woken = time.perf_counter()
    late = max(late, woken - asked - 0.01)
    used = time.thread_time()
    while time.thread_time() - used < 0.002:
        pass
    wall, work = wall + time.perf_counter() - woken, work + time.thread_time() - used
print(late, wall / work if work else 1.0, flush=True)
"""


class Machine:
    """What the machine can do at this moment, measured by a process that has nothing to do with the window.

    It wakes up every 10 ms and works for 2 ms: how late it is woken and how long its work takes is what anything here has to suffer, too.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-E", "-c", _CONTROL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout.readline() == "begun\n"
        self._found: tuple[float, float] | None = None

    def allows(self, seconds: float) -> float:
        """The seconds that may pass here where `seconds` are allowed on a machine that is free."""
        late, slowdown = self.end()
        return seconds * max(slowdown, 1.0) + 2 * late

    def end(self) -> tuple[float, float]:
        if self._found is None:
            said, _ = self._process.communicate()
            late, slowdown = map(float, said.split())
            self._found = late, slowdown
        return self._found


@pytest.fixture
def machine():
    """Measured from the beginning of the test until it is asked first."""
    made = Machine()
    yield made
    made.end()


@pytest.fixture
def main_thread_stays_free(heartbeat, machine):
    """The whole test is guarded: the main thread is never held up for long, beyond what the machine holds up everything."""
    heartbeat.start()
    yield heartbeat
    gaps = heartbeat.stop()
    assert gaps.size, "the heartbeat never beat: the main thread was held up for the whole test"
    assert gaps.max() < 1000 * machine.allows(MOST_GAP_MS / 1000), f"the main thread was held up for {gaps.max():.0f} ms"
    assert np.percentile(gaps, 99) < 1000 * machine.allows(MOST_GAP_99_MS / 1000)


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
    """No test leaves a thread of Python's running, or a window that it has closed."""
    before = set(threading.enumerate())
    yield
    for one in QApplication.topLevelWidgets():
        # else it would go when Python next collects its garbage: in another test, perhaps in a thread, half of it there and half later
        if one.objectName() == "main_window" and one.isHidden():
            one.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    left = [thread for thread in threading.enumerate() if thread not in before and not thread.daemon and thread.is_alive()]
    assert not left, f"threads left running: {left}"


@pytest.fixture(scope="module", autouse=True)
def widgets_are_collected_here(qapp):
    """What the tests of a file leave of widgets goes in the main thread, before other tests begin threads that collect garbage:
    items of a scene may go in no other. What is left then stays to the end, and need not be looked at again."""
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture
def settings(tmp_path):
    from glmgui.settings import Settings

    return Settings(tmp_path / "settings.ini")


@pytest.fixture
def questions():
    from glmgui.tools.unattended import NoQuestions

    return NoQuestions()


@pytest.fixture
def window(qapp, settings, questions, tmp_path, monkeypatch):
    """The main window with settings and recovery files of its own, shown; closed without questions at the end."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    from glmgui import theme
    from glmgui.notices import notices
    from glmgui.shell.window import MainWindow

    notices()._kept.clear()  # what other tests' windows told
    theme.apply(qapp, False)
    made = MainWindow(settings, questions)
    monkeypatch.setattr(made.work, "close", partial(made.work.close, LEAST_PATIENCE_MS))
    made.resize(1366, 768)
    made.show()
    yield made
    questions.unsaved = lambda project: "discard"
    questions.stop_running = lambda label: True
    made.close()
    assert not made.left_running, "the worker did not end"
    made.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    theme.apply(qapp, False)  # once the window is gone: to style all its widgets anew takes as long as to make them


@pytest.fixture(scope="session")
def small_analysis():
    """One term on the small recording, quick to fit."""
    from glmengine.analysis.analysis import Analysis, Model, Time, Validation
    from glmengine.analysis.terms import CovariateTerm, Factor
    from glmengine.basis import CyclicBSpline

    term = CovariateTerm(factors=(Factor(variable="head_direction", basis=CyclicBSpline(n=8)),))
    return Analysis(time=Time(bin_size=0.02), terms=(term,), model=Model(strengths=(1e-4, 1e-2)), validation=Validation(folds=2))


@pytest.fixture(scope="session")
def small_result(small_analysis, small_recording):
    """The fit of the small analysis, made once."""
    import glmengine

    return glmengine.run(small_analysis, small_recording)
