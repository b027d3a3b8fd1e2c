"""A random user of the window: edits with valid and absurd values, undo, fits, cancels, exports, saves, docks and theme, by a seed."""

from __future__ import annotations

import gc
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from qtpy.QtCore import QCoreApplication, QEvent, Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractSpinBox, QApplication, QCheckBox, QComboBox, QLineEdit, QTabWidget, QWidget

from glmengine.errors import GlmError
from glmgui import steps
from glmgui.forms.pending import Refusal
from glmgui.notices import Notice, notices
from glmgui.tools.unattended import settle, wait_until

ABSURD = ("1e308", "-5", "nan", "", "abc", "0", "1e-300", "99999999999999999999", "\u00bd", "0.01", "2", "7 s")
STEPS = tuple(step.name for step in steps.STEPS)
LONG_MS = 150.0
WAIT_S = 600  # on a machine that does other work everything takes long


@dataclass(frozen=True)
class Held:
    """The main thread was busy for longer than `LONG_MS`: doing what, for how many milliseconds of its own processor time, and since when."""

    actions: tuple[str, ...]
    ms: float
    begun: float  # of `time.perf_counter`


@dataclass(frozen=True)
class Counts:
    """What must not grow: threads of Python's, timers and widgets."""

    threads: int
    timers: int
    widgets: int


@dataclass
class Drive:
    """What was seen on the way."""

    actions: list[str] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


class Driver:
    """Drives one window.

    Parameters
    ----------
    window : MainWindow
        With a recording and an analysis open, and questions of `NoQuestions`.
    seed : int
    folder : Path
        Where it writes to.
    on_held : function of Held, optional
        Is told of each stretch in which the main thread was busy, right after it.
    """

    def __init__(self, window, seed: int, folder: Path, on_held: Callable[[Held], None] | None = None) -> None:
        self.window, self.random, self.folder, self.on_held = window, random.Random(seed), folder, on_held
        self.seen = Drive()
        document = window.document
        self._recording, self._analysis = document.recording, document.analysis
        self._since: list[str] = []  # what was done since the last beat
        self._beat, self._begun = time.thread_time(), time.perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(10)
        self._timer.timeout.connect(self._beats)
        notices().noticed.connect(self._noticed)

    def run(self, n: int) -> Drive:
        """Do `n` things, then let everything come to rest."""
        self._timer.start()
        kinds = (
            [self._valid_edit] * 5
            + [self._absurd_text] * 4
            + [self._choose, self._tick, self._turn_page, self._select_unit, self._undo, self._redo, self._fit] * 2
            + [self._step] * 3
            + [self._cancel, self._stop, self._export, self._save, self._dock, self._layout, self._log, self._live]
            + [self._put_right, self._wait]
        ) * 2 + [self._theme]
        for _ in range(n):
            kind = self.random.choice(kinds)
            self._say(kind.__name__.strip("_"))
            before = self.window.step
            kind()
            shown = f"show {self.window.step}"
            if self.window.step != before and self._since[-1:] != [shown]:  # a fit shows its results, a refusal its field
                self._say(shown)
            QCoreApplication.processEvents()  # between two things that a user does the window answers at least once
            settle(self.random.choice((0.0, 0.01, 0.05)))
        self._say("coming to rest")
        self.rest()
        self._timer.stop()
        return self.seen

    def rest(self) -> None:
        """Give up what runs, and wait until nothing does."""
        window = self.window
        window.work.live.switch(False)
        window.work.fitting.give_up()
        window.jobs.cancel()
        wait_until(lambda: window.jobs.idle, WAIT_S, "the worker")
        settle(0.2)
        wait_until(lambda: window.jobs.idle, WAIT_S, "the worker")

    def counts(self) -> Counts:
        """Of the window as it is after opening the recording with its first analysis, with every step seen."""
        window = self.window
        self.rest()
        window.document.open(self._recording, self._analysis)
        window.reset_layout()
        for step in (*STEPS, "data"):
            window.show_step(step)
            settle(0.05)
            wait_until(lambda: window.jobs.idle, WAIT_S, "the worker")
        self._draw_as_at_first()
        window.status.clearMessage()  # its timer is there for as long as something is said
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        gc.collect()  # the menus of a plot that was replaced are in a circle with it
        settle(0.1)
        return Counts(threading.active_count(), len(window.findChildren(QTimer)), len(QApplication.allWidgets()))

    def _draw_as_at_first(self) -> None:
        """Choose what the pages of the recording draw at first: maps, in place of curves, have more menus."""
        pages = self.window.panels["data"].findChild(QTabWidget, "recording_pages")
        for at in range(pages.count()):
            pages.setCurrentIndex(at)
            settle(0.05)
            for box in pages.currentWidget().findChildren(QComboBox):
                if box.isVisible() and box.isEnabled() and box.currentIndex() > 0:
                    box.setCurrentIndex(0)
                    box.activated.emit(0)
                    wait_until(lambda: self.window.jobs.idle, WAIT_S, "the worker")
        pages.setCurrentIndex(0)

    # What a user does

    def _valid_edit(self) -> None:
        document, pick = self.window.document, self.random.choice
        analysis = document.analysis
        edits: tuple[Callable[[], object], ...] = (
            lambda: analysis.with_(time=analysis.time.with_(bin_size=pick((0.02, 0.04, 0.05)))),
            lambda: analysis.with_(model=analysis.model.with_(strengths=pick(((1e-4,), (1e-3, 1e-2), (1e-2, 1.0))))),
            lambda: analysis.with_(validation=analysis.validation.with_(folds=pick((0, 2, 3)))),
            lambda: analysis.with_(seed=self.random.randrange(100)),
            lambda: analysis.with_(units=analysis.units.with_(names=(pick(self._recording.unit_names),))),
            lambda: analysis.with_(units=analysis.units.with_(names=())),
            lambda: analysis.with_(
                terms=tuple(term.with_(enabled=self.random.random() < 0.8) for term in analysis.terms),
            ),
            lambda: analysis.with_(model=analysis.model.with_(penalty=pick(("ridge", "smoothness", "none")))),
        )
        try:
            document.edit(pick(edits)(), f"Random edit {self.random.randrange(3)}")
        except GlmError:  # two of them may not go together; the engine has said so
            return

    def _fields(self, kind: type[QWidget]) -> list[QWidget]:
        panel = self.window.docks[self.window.step]
        return [one for one in panel.findChildren(kind) if one.isVisible() and one.isEnabled()]

    def _absurd_text(self) -> None:
        fields = [one for one in self._fields(QLineEdit) if not one.isReadOnly()]
        if not fields:
            return
        chosen = self.random.choice(fields)
        text = self.random.choice(ABSURD)
        self._say(f"type {text!r} into {chosen.objectName() or type(chosen.parent()).__name__}")
        chosen.setFocus()
        chosen.selectAll()
        QTest.keyClicks(chosen, text)
        QTest.keyClick(chosen, self.random.choice((Qt.Key.Key_Return, Qt.Key.Key_Tab, Qt.Key.Key_Escape)))

    def _choose(self) -> None:
        boxes = [one for one in self._fields(QComboBox) if one.count() > 1 and not isinstance(one.parent(), QAbstractSpinBox)]
        if boxes:
            box = self.random.choice(boxes)
            self._say(f"choose in {box.objectName()}")
            at = self.random.randrange(box.count())
            box.setCurrentIndex(at)
            box.activated.emit(at)

    def _tick(self) -> None:
        boxes = self._fields(QCheckBox)
        if boxes:
            box = self.random.choice(boxes)
            self._say(f"tick {box.objectName()}")
            box.click()

    def _turn_page(self) -> None:
        tabs = self._fields(QTabWidget)
        if tabs:
            one = self.random.choice(tabs)
            one.setCurrentIndex(self.random.randrange(one.count()))
            self._say(f"turn to {one.tabText(one.currentIndex())}")

    def _select_unit(self) -> None:
        self.window.document.select(unit=self.random.choice(self._recording.unit_names))

    def _undo(self) -> None:
        self.window.action("undo").trigger()

    def _redo(self) -> None:
        self.window.action("redo").trigger()

    def _fit(self) -> None:
        if self.random.random() < 0.5:  # a fit is refused while a field shows what it did not take
            self._put_right()
        self.window.action("fit").trigger()

    def _put_right(self) -> None:
        """Take back what fields refused, as a user does who has read why nothing is fitted."""
        for one in self.window.findChildren(QWidget):
            if isinstance(one, Refusal) and one.refused and not one.isHidden():
                one.take_back()

    def _wait(self) -> None:
        """Look at what comes until the worker has done what was asked for."""
        wait_until(lambda: not self.window.jobs.busy, WAIT_S, "the worker")

    def _cancel(self) -> None:
        self.window.action("cancel").trigger()

    def _stop(self) -> None:
        self.window.action("stop").trigger()

    def _live(self) -> None:
        self.window.action("live").trigger()

    def _export(self) -> None:
        self.window.work.exporting.export_scores(self.folder / "scores.csv")
        self.window.work.exporting.export_coefficients(self.folder / "coefficients.csv")

    def _save(self) -> None:
        self.window.work.questions.next_path = self.folder / "project.glm"
        self.window.action("save").trigger()

    def _step(self) -> None:
        name = self.random.choice(STEPS)
        self._say(f"show {name}")
        self.window.show_step(name)

    def _dock(self) -> None:
        dock = self.window.docks[self.random.choice(STEPS)]
        dock.setFloating(not dock.isFloating())

    def _layout(self) -> None:
        self.window.reset_layout()

    def _theme(self) -> None:
        self.window.set_dark(not self.window.dark)

    def _log(self) -> None:
        self.window.toggle_log()

    # What is seen

    def _beats(self) -> None:
        now = time.thread_time()
        if (worked := 1000 * (now - self._beat)) > LONG_MS:
            styled = ("theme, of pages that were not in view",) * self.window.sheets.to_renew
            self.seen.held.append(Held((*self._since, *styled), worked, self._begun))
            if self.on_held is not None:
                self.on_held(self.seen.held[-1])
        self._beat, self._begun, self._since = now, time.perf_counter(), self._since[-1:]

    def _say(self, action: str) -> None:
        self._since.append(action)
        self.seen.actions.append(action)

    def _noticed(self, notice: Notice) -> None:
        """What a job ended with that the user cannot put right, and what was raised in a slot, where only the hooks of the program catch it."""
        if notice.level == "error" and "Traceback" in notice.details:
            self.seen.faults.append(f"{notice.title}: {notice.text}\n{notice.details}")
