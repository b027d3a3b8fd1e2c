"""The question how to go on with a ready analysis: before any recording is open, where the recording does not suit it, or where it would replace a model."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialog, QLabel, QVBoxLayout, QWidget

from glmengine.analysis.templates import Lesson, template_description, template_needs
from glmgui.screen_room import screen_room, suit_words
from glmgui.widgets.controls import button
from glmgui.widgets.layout import TurningRow, row
from glmgui.widgets.messages import MessageLine
from glmgui.widgets.page import ExplainsWords
from glmgui.widgets.pictures import course_picture
from glmgui.widgets.sizes import scaled
from glmgui.widgets.texts import heading, hint

_WIDTH, _MARGIN, _LEAST_PICTURE = 640, 16, 60


class ReadyAnalysisDialog(ExplainsWords, QDialog):
    """What the analysis is, what it needs, what is lacking, and what it changes; `chosen` is how to go on when accepted."""

    def __init__(
        self, lesson: Lesson, recording: str, lacking: tuple[str, ...], changes: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("ready_analysis_dialog")
        self.setWindowTitle("Ready analysis")
        self._width = min(scaled(_WIDTH), screen_room(self).width())
        self.setMinimumWidth(self._width)
        self.chosen: Literal["sample", "open", "take", "read"] | None = None
        box = QVBoxLayout(self)
        box.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, 12)
        box.setSpacing(10)
        asked = heading(lesson.question, self)
        asked.setWordWrap(True)
        box.addWidget(asked)
        if lesson.picture is not None:
            shown = QLabel(self)
            shown.setPixmap(course_picture(lesson.picture, self.devicePixelRatioF(), self._width - 2 * _MARGIN))
            shown.setMinimumHeight(round(shown.pixmap().deviceIndependentSize().height()))
            shown.setAlignment(Qt.AlignmentFlag.AlignCenter)
            box.addWidget(shown)
            box.addWidget(hint(f"{lesson.caption}.", self))
        said = QLabel(template_description(lesson.asks).replace("`", ""), self)
        said.setWordWrap(True)
        said.setTextFormat(Qt.TextFormat.PlainText)
        box.addWidget(said)
        needs = [need.said for need in template_needs(lesson.asks)]
        if not lacking:  # which says the same of each that is not there
            box.addWidget(hint(f"It needs {'; '.join(needs)}." if needs else "It needs nothing but the units.", self))
        self.message = MessageLine("ready_message", self)
        box.addWidget(self.message)
        if lacking:
            self.message.show_warning("\n".join((f"{recording} lacks something:", *lacking)))
        elif changes:
            self.message.show_warning(f"{recording} is open. {changes}")
        sample = button(
            "Try it on its sample", "ready_sample", f"Simulate the session {lesson.sample}, and fit the analysis to it", self
        )
        mine = button(
            "Open my recording\u2026", "ready_open", "Open a recording, fill the analysis in with its names, and fit it", self
        )
        if changes:
            take = button(
                "Fit it to what is open", "ready_take", f"Fill the analysis in with the names of {recording}, and fit it", self
            )
        else:
            take = button(
                "Take it nevertheless", "ready_take", "Choose other names in the Data and Features steps afterwards", self
            )
        read = button("Read its page", "ready_read", "The question, the model and what to look at, in the guide", self)
        leave = button("Cancel", "ready_cancel", "Leave everything as it is", self)
        mine.setVisible(not recording)
        take.setVisible(bool(recording))
        likeliest = take if changes else sample
        likeliest.setDefault(True)
        box.addWidget(TurningRow(row(read, None), row(None, leave, take, mine, sample), self))
        likeliest.setFocus()  # in its place: else the first button that was made has it, which Enter presses
        for one, answer in ((sample, "sample"), (mine, "open"), (take, "take"), (read, "read")):
            one.clicked.connect(lambda _, answer=answer: self._choose(answer))
        leave.clicked.connect(self.reject)
        if lesson.picture is not None:
            self._suit_picture(shown, lesson.picture)
        suit_words(self, self._width)

    def _suit_picture(self, shown: QLabel, picture: Path) -> None:
        """Let the picture give way on a low screen, on which it would lie over the words."""
        too_high = self.layout().totalHeightForWidth(self._width) - screen_room(self).height()
        if too_high > 0:
            height = max(shown.minimumHeight() - too_high, _LEAST_PICTURE)
            shown.setPixmap(course_picture(picture, self.devicePixelRatioF(), self._width - 2 * _MARGIN, height))
            shown.setMinimumHeight(height)

    def _choose(self, answer: Literal["sample", "open", "take", "read"]) -> None:
        self.chosen = answer
        self.accept()
