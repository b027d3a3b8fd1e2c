"""The start page: what was opened lately, where to drop a file, ready analyses as questions, and samples."""

from __future__ import annotations

import time

from qtpy.QtCore import QSize, QTimer, Signal
from qtpy.QtGui import QResizeEvent, QShowEvent
from qtpy.QtWidgets import QBoxLayout, QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from glmengine.analysis.templates import COURSE_PAGE, Lesson, course
from glmengine.resources import resource
from glmengine.simulation.catalogue import DEMO, SAMPLES
from glmgui.panels.start.cards import Card, Cards
from glmgui.settings import Recent
from glmgui.widgets.controls import button, primary_button, small_button
from glmgui.widgets.layout import column, row
from glmgui.widgets.texts import Title, heading, held_together, hint
from glmgui.work.use_cases import UseCases

_HELLO = "What drives this neuron?"
_FIRST = (
    "Open a recording, or take a sample; choose what the neuron may depend on; fit; and see on held-out time whether it is true."
)
_DROP = (
    "Or drop it here: NWB, pynapple, Neurosuite, Phy and Suite2p are read directly, MATLAB and tables after some questions. "
    "Several recordings at once become sessions of one animal."
)
_ANSWERS = "Or open a recording and let the program find what drives each of its units:"
_ANSWERS_OF_OPEN = "What drives the units of {}?"
_NO_RECENT = "Nothing yet. What you open will be listed here."
_QUESTIONS = (
    "Each is an analysis that is ready to run: on the recording that is open, with its names filled in, or on a simulated one. "
    "Each has a page that explains it; in this order they are a course."
)
_SAMPLES = "Simulated sessions, in which the true answer is known: to look around, and to see what a good fit looks like."
_SIDE = 34
"""Widths of a letter m that the left column takes."""
_MAGNIFIED = (1.5, 1.25, 1.0)
"""How many times as large as usual the pictures of cards may be: no more than their files have pixels for."""
_ANSWERS_MS = 1500
"""When a disk that has not answered is marked."""


class StartPage(QScrollArea):
    """Stands in the place of the steps while nothing is open, and whenever it is asked for.

    Signals
    -------
    action_asked : str
        A button inside stands for the action of this name.
    step_asked : str
        Something was begun that goes on in the step of this name.
    page_asked : str
        A page of the guide is to be read.
    """

    action_asked = Signal(str)
    step_asked = Signal(str)
    page_asked = Signal(str)

    def __init__(self, work: UseCases, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("start_page")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setMinimumSize(320, 200)
        self._work = work
        self._filled = False
        self._magnified_for = QSize()
        self.recent, self.questions, self.samples = (Cards(f"start_{name}") for name in ("recent", "questions", "samples"))
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.setInterval(_ANSWERS_MS)
        self._late.timeout.connect(self._show_recent)

    def showEvent(self, event: QShowEvent) -> None:
        if not self._filled:
            self._filled = True
            self._fill()
        super().showEvent(event)
        self._offer_answers()
        self._show_recent()
        self._work.recent.look()
        self._late.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    # Building

    def _fill(self) -> None:
        whole = QWidget()
        whole.setObjectName("start_content")
        self._whole = QBoxLayout(QBoxLayout.Direction.LeftToRight, whole)
        self._whole.setContentsMargins(24, 18, 24, 18)
        self._whole.setSpacing(28)
        self._left = self._begin(whole)
        right = QWidget(whole)
        box = column(right, margins=0, spacing=6)
        course_pages = small_button("read the course", "start_course", "The pages of all questions, in the guide", right)
        course_pages.clicked.connect(lambda: self.page_asked.emit(COURSE_PAGE))
        for title, said, cards, beside in (
            ("Ask a question", _QUESTIONS, self.questions, (course_pages,)),
            ("Look at a sample", _SAMPLES, self.samples, ()),
        ):
            box.addLayout(row(heading(title, right), None, *beside))
            box.addWidget(hint(said, right))
            box.addWidget(cards)
            box.addSpacing(12)
        box.addStretch(1)
        self._whole.addWidget(self._left)
        self._whole.addWidget(right, 1)
        self.questions.set_cards([self._question(lesson) for lesson in course()])
        self.samples.set_cards([self._sample(name) for name in SAMPLES])
        self.setWidget(whole)
        self._work.recent.changed.connect(self._show_recent)
        self._work.ready.taken.connect(lambda: self.step_asked.emit("features"))
        self._arrange()

    def _begin(self, parent: QWidget) -> QWidget:
        left = QWidget(parent)
        box = QVBoxLayout(left)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(8)
        first = QLabel(_FIRST, left)
        first.setWordWrap(True)
        drop = QFrame(left)
        drop.setObjectName("start_drop")
        inside = column(drop, margins=12, spacing=8)
        opens = button("&Open recordings or a project\u2026", "start_open", "Choose one or more files  (Ctrl+O)", drop)
        folder = button(
            "Open &folders\u2026", "start_open_folder", "Folders of npz files, of Phy, of Suite2p  (Ctrl+Shift+O)", drop
        )
        opens.setDefault(True)
        opens.clicked.connect(lambda: self.action_asked.emit("open"))
        folder.clicked.connect(lambda: self.action_asked.emit("open_folder"))
        inside.addWidget(opens)
        inside.addWidget(folder)
        inside.addWidget(hint(_DROP, drop))
        self._none = hint(_NO_RECENT, left)
        guide = button(
            "&Getting started", "start_guide", "The first page of the guide: a fitted model in five minutes  (F1)", left
        )
        demo = button("Show me a fitted sample", "start_demo", "The sample session with its model fitted, to look around", left)
        guide.clicked.connect(lambda: self.action_asked.emit("guide"))
        demo.clicked.connect(lambda: self._work.opening.open_fitted_sample())
        box.addWidget(Title(_HELLO, 1.7, left))
        box.addWidget(first)
        box.addWidget(drop)
        self._add_answers(box, left)
        box.addLayout(row(demo, guide, None))
        box.addSpacing(8)
        box.addWidget(heading("Opened lately", left))
        box.addWidget(self._none)
        box.addWidget(self.recent)
        box.addStretch(1)
        return left

    def _add_answers(self, box: QVBoxLayout, parent: QWidget) -> None:
        """The answers of all units, of the recording that is open or of one that is opened for them."""
        self._answers_said = hint("", parent)
        self.answers = primary_button(
            "Find what &drives each unit",
            "start_answers",
            "Tries what the recording has for every unit, and says how sure each answer is",
            parent,
        )
        self.answers_folder = button(
            "in a folder\u2026", "start_answers_folder", "The same for a recording that is a folder", parent
        )
        self.answers.clicked.connect(
            lambda: self.action_asked.emit("open_for_answers" if self._work.document.recording is None else "find_answers")
        )
        self.answers_folder.clicked.connect(lambda: self.action_asked.emit("open_folder_for_answers"))
        box.addWidget(self._answers_said)
        box.addLayout(row(self.answers, self.answers_folder, None))

    def _offer_answers(self) -> None:
        recording = self._work.document.recording
        self._answers_said.setText(_ANSWERS if recording is None else _ANSWERS_OF_OPEN.format(recording.name))
        self.answers.setText("Find what &drives each unit" + ("\u2026" if recording is None else ""))
        self.answers_folder.setVisible(recording is None)

    def _question(self, lesson: Lesson) -> Card:
        card = Card(
            lesson.question, f"Sample: {held_together(SAMPLES[lesson.sample][0])}", f"question_{lesson.name}", lesson.card
        )
        card.setToolTip(lesson.caption)
        card.clicked.connect(lambda: self._work.ready.ask(lesson))
        return card

    def _sample(self, name: str) -> Card:
        about, _ = SAMPLES[name]
        title = name.replace("-", " ").capitalize() + (" (the demonstration)" if name == DEMO else "")
        card = Card(title, f"{held_together(about)}.", f"sample_{name}", resource(f"samples/{name}.png"))
        card.clicked.connect(lambda: self._work.opening.open_sample(name))
        return card

    def _arrange(self) -> None:
        """The two halves beside each other where there is room for both, else one below the other."""
        if not self._filled:
            return
        letter = self.fontMetrics().horizontalAdvance("m")
        beside = self.viewport().width() > 2.2 * _SIDE * letter
        self._whole.setDirection(QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom)
        self._left.setMinimumWidth(_SIDE * letter if beside else 0)
        self._left.setMaximumWidth(_SIDE * letter if beside else 16_777_215)
        self._magnify()

    def _magnify(self) -> None:
        """Draw the pictures of the cards as large as all of them can be seen without scrolling: on a large screen half of the page was empty."""
        room = self.viewport().size()
        if room == self._magnified_for:
            return
        self._magnified_for = room
        for times in _MAGNIFIED:
            for cards in (self.questions, self.samples):
                cards.set_magnified(times)
            self._whole.invalidate()
            if self._whole.totalHeightForWidth(room.width()) <= room.height():
                return

    # What was opened lately

    def _show_recent(self) -> None:
        entries = self._work.recent.entries
        self._none.setVisible(not entries)
        shown = [(one.path, self._told(one)) for one in entries]
        if shown != [(card.property("path"), card.said) for card in self.recent.cards]:
            self.recent.set_cards([self._recent_card(at, one) for at, one in enumerate(entries)])

    def _recent_card(self, at: int, one: Recent) -> Card:
        card = Card(one.path.name, self._told(one), f"recent_{at}")
        card.setProperty("path", one.path)
        card.setToolTip(str(one.path))
        card.clicked.connect(lambda: self._work.opening.open_recent(one.path))
        return card

    def _told(self, one: Recent) -> str:
        parts = [one.kind, one.about, when_said(one.when)]
        if not self._late.isActive() and not self._work.recent.is_reached(one.path):
            parts.append("its disk does not answer")
        return held_together(" \u00b7 ".join(part for part in parts if part))


def when_said(when: float, now: float | None = None) -> str:
    """A moment (s since the epoch) as a person says it; empty for 0."""
    if not when:
        return ""
    at, today = time.localtime(when), time.localtime(now)
    days = (time.mktime((*today[:3], 12, 0, 0, 0, 0, -1)) - time.mktime((*at[:3], 12, 0, 0, 0, 0, -1))) / 86400
    if round(days) == 0:
        return time.strftime("today %H:%M", at)
    if round(days) == 1:
        return time.strftime("yesterday %H:%M", at)
    return f"{at.tm_mday} {time.strftime('%B' if at.tm_year == today.tm_year else '%B %Y', at)}"
