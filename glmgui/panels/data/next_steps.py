"""What comes after the recording is open: terms of one's own, or the answers at once."""

from __future__ import annotations

from collections.abc import Iterable

from qtpy.QtCore import Signal
from qtpy.QtGui import QPalette
from qtpy.QtWidgets import QSizePolicy, QWidget

from glmengine.analysis.default_terms import tuning_in_words, tuning_to, usual_inputs
from glmengine.io.folder_mates import is_of_mates
from glmengine.sentences import as_shown
from glmgui.document import Document
from glmgui.widgets.controls import button, primary_button
from glmgui.widgets.layout import column
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
        self.beside = hint("", self)
        self.beside.setObjectName("data_beside")
        self.beside.setForegroundRole(QPalette.ColorRole.WindowText)
        self.beside.hide()
        box = column(self, margins=4)
        box.addWidget(self.beside)
        box.addWidget(heading("Next", self))
        box.addWidget(self.first)
        box.addWidget(self.features)
        box.addWidget(hint("or have it found at once:", self))
        box.addWidget(self.answers)
        self.answers.clicked.connect(lambda: self.action_asked.emit("find_answers"))
        self.first.clicked.connect(self._add_first)
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

    def say_notes(self, notes: Iterable[str]) -> None:
        """Show, of the notes of a recording, that its folder holds more of it."""
        said = " ".join(note for note in notes if is_of_mates(note))
        self.beside.setText(said)
        self.beside.setVisible(bool(said))
