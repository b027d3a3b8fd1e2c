"""What comes after the recording is open: terms of one's own, or the answers at once."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QSizePolicy, QWidget

from glmengine.analysis.default_terms import tuning_in_words, tuning_to, usual_inputs
from glmengine.recording.doubt import told_apart
from glmengine.sentences import as_shown
from glmgui.document import Document
from glmgui.widgets.controls import button, primary_button
from glmgui.widgets.layout import column, row
from glmgui.widgets.messages import MessageLine
from glmgui.widgets.notes import Notes
from glmgui.widgets.texts import heading, hint


class NextSteps(QWidget):
    """Buttons for what comes next, and what they are for.

    Signals
    -------
    action_asked : str
        A button stands for the action of this name.
    """

    action_asked = Signal(str)

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("next_steps")
        self._document = document
        self._inputs: tuple[str, ...] = ()
        self.first = button("", "data_first_term", "", self)
        self.first.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # of any length
        self.first.hide()
        self.answers = primary_button(
            "What drives these units?",
            "data_find_answers",
            "Tries what the recording has for every unit, says what each depends on, and how sure that is",
            self,
        )
        self.features = button(
            "Say what the units may depend on",
            "data_to_features",
            "Make a model of your own, in the Features step  (Ctrl+2)",
            self,
        )
        self.doubts = MessageLine("data_doubts", self)
        self.correct = button(
            "Correct recording\u2026",
            "data_correct",
            "Say what is wrong or missing in this recording: units of time and measure, names",
            self,
        )
        self.correct.hide()
        self.notes = Notes("data", "What was repaired, left out or guessed in reading this recording", self)
        box = column(self, margins=4)
        box.addWidget(self.doubts)
        box.addWidget(self.correct)
        box.addLayout(row(self.notes.button, None))
        box.addWidget(self.notes.line)
        box.addWidget(heading("Next", self))
        box.addWidget(self.first)
        box.addWidget(self.features)
        box.addWidget(hint("or have it found at once:", self))
        box.addWidget(self.answers)
        self.answers.clicked.connect(lambda: self.action_asked.emit("find_answers"))
        self.first.clicked.connect(self._add_first)
        self.correct.clicked.connect(lambda: self.action_asked.emit("correct"))
        self.features.clicked.connect(lambda: self.action_asked.emit("show_features"))

    def show_first(self) -> None:
        """Offer what most begin with, as long as there is no term."""
        recording, analysis = self._document.recording, self._document.analysis
        offered = usual_inputs(recording)[:1] if recording is not None and not analysis.terms else []
        self._inputs = offered[0] if offered else ()
        if self._inputs:
            said = tuning_in_words(self._inputs)
            self.first.setText(said)
            self.first.setAccessibleName(said)
            self.first.setToolTip(f"{said}: begin a model with this term, and see it in the Features step")
        self.first.setVisible(bool(self._inputs))

    def _add_first(self) -> None:
        term = tuning_to(self._document.recording, self._inputs)
        self._document.edit(self._document.analysis.with_(terms=(term,)), f"Add {as_shown(term.label)}")
        self._document.select(term=0)
        self.action_asked.emit("show_features")

    def say_notes(self, notes: Sequence[str]) -> None:
        """Show what is doubtful in a recording as a whole, and how many other notes it has."""
        doubts, others = told_apart(notes)
        self.doubts.set_warning("\n".join(doubts))
        self.correct.setVisible(bool(doubts))
        self.notes.set(others)
