"""What the window's tests share: a document and jobs that are closed again, a heartbeat, and a check that nothing is left behind."""

from __future__ import annotations

import gc
import threading
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QCoreApplication, QEvent, QEventLoop, QObject, QRect, Qt, QTimer, QTimerEvent
from qtpy.QtWidgets import QApplication, QWidget

from glmengine.context import Progress

MOST_WORK_MS = 300
"""Of its own processor time that the main thread may spend in one piece. What passes by the clock is the machine's affair, too."""

LEAST_PATIENCE_MS = 600_000

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


def ring_early(timer: QTimer) -> None:
    """What a timer waits for has come to its end, as its own event tells it: nobody is typing, and a test would only sleep."""
    QCoreApplication.sendEvent(timer, QTimerEvent(timer.timerId()))


@pytest.fixture
def at_rest(qapp):
    """Waits until a window has no job left, no timer that is to ring soon and once, and a round of events moves nothing that is seen.

    Timers that wait for the end of typing ring once there is no job that they may wait for, and it looks again after each event: page by page,
    the pauses and the looks every 10 ms were a fifth of the time.
    """

    def wait(window):
        seen = None
        while True:
            more = (
                QEventLoop.ProcessEventsFlag.WaitForMoreEvents if window.jobs._pending else QEventLoop.ProcessEventsFlag.AllEvents
            )
            QApplication.processEvents(more)
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
            if window.jobs._pending:
                continue
            to_ring = [one for one in window.findChildren(QTimer) if one.isSingleShot() and one.isActive()]
            to_ring = [one for one in to_ring if one.interval() <= LONGEST_PAUSE_MS]
            for timer in to_ring:
                ring_early(timer)
            before, seen = seen, None if to_ring else places_seen(window)
            if seen is not None and before == seen:
                return

    return wait


class Heartbeat(QObject):
    """Notes what the main thread has worked each time it answers a timer of 10 ms."""

    def __init__(self) -> None:
        super().__init__()
        self._worked: list[float] = []
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(10)
        self._timer.timeout.connect(self._beat)

    def _beat(self) -> None:
        self._worked.append(time.thread_time())

    def start(self) -> None:
        self._worked[:] = [time.thread_time()]
        self._timer.start()

    def stop(self) -> np.ndarray:
        """Processor time of the main thread from one beat to the next, and from the last one to now, in ms."""
        self._timer.stop()
        return np.diff([*self._worked, time.thread_time()]) * 1000.0


@pytest.fixture
def heartbeat(qapp):
    """A heartbeat; the test starts and stops it around what must not hold up the main thread."""
    made = Heartbeat()
    yield made
    made.stop()


@pytest.fixture
def main_thread_stays_free(heartbeat):
    """The whole test is guarded: the main thread never works on one thing for long."""
    heartbeat.start()
    yield heartbeat
    worked = heartbeat.stop()
    assert worked.max() < MOST_WORK_MS, f"the main thread worked for {worked.max():.0f} ms in one piece"


class Steps:
    """Work in steps of 10 ms that report and ask, as the engine's does.

    Attributes
    ----------
    begun : threading.Event
    done : int
        Steps so far: how many more there are after something was asked tells how soon that was heard, however busy the machine is.
    """

    def __init__(self, count: int = 3000, whole: object = "whole", partial: object = "partial") -> None:
        self.begun, self.done = threading.Event(), 0
        self._count, self._whole, self._partial = count, whole, partial

    def __call__(self, context) -> object:
        for step in range(self._count):
            self.begun.set()
            context.report(Progress("Working slowly", step / self._count, f"step {step}"))
            context.check()
            if context.stopping:
                return self._partial
            time.sleep(0.01)
            self.done += 1
        return self._whole


MOST_STEPS_AFTER = 2
"""Of the work that was under way when it was asked to end."""


@pytest.fixture
def jobs(qapp):
    from glmgui.jobs import Jobs

    made = Jobs()
    yield made
    assert made.close(LEAST_PATIENCE_MS), "the worker thread did not end"


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


@pytest.fixture(autouse=True)
def no_garbage_while_painting():
    """As in the program (`glmgui.garbage`), garbage is collected between events and never in one: of a test that has ended nothing may hold a
    plot but itself, and collected in the middle of its paint event it took the process with it."""
    gc.disable()
    yield
    gc.enable()
    gc.collect(1)


@pytest.fixture
def settings(tmp_path):
    from glmgui.settings import Settings

    return Settings(tmp_path / "settings.ini")


@pytest.fixture
def questions():
    from glmgui.tools.unattended import NoQuestions

    return NoQuestions()


@contextmanager
def opened_window(app: QApplication, settings, questions, folder: Path):
    """The main window with settings and recovery files of its own, shown; closed without questions at the end."""
    from glmgui import theme
    from glmgui.notices import notices
    from glmgui.shell.window import MainWindow

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        notices()._kept.clear()  # what other tests' windows told
        theme.apply(app, False)
        made = MainWindow(settings, questions)
        patch.setattr(made.work, "close", partial(made.work.close, LEAST_PATIENCE_MS))
        made.resize(1366, 768)
        made.show()
        yield made
        questions.unsaved = lambda project: "discard"
        questions.stop_running = lambda label: True
        made.close()
        assert not made.left_running, "the worker did not end"
        made.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        theme.apply(app, False)  # once the window is gone: to style all its widgets anew takes as long as to make them


@pytest.fixture
def window(qapp, settings, questions, tmp_path):
    """A window for one test."""
    with opened_window(qapp, settings, questions, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def lasting_window(qapp, tmp_path_factory):
    """A window for all tests of a file that leave it as it was. Those with a window of their own come before them: each change of look styles both."""
    from glmgui.settings import Settings
    from glmgui.tools.unattended import NoQuestions

    folder = tmp_path_factory.mktemp("window")
    with opened_window(qapp, Settings(folder / "settings.ini"), NoQuestions(), folder) as made:
        yield made


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
