"""What is tried to explain the units by, and how it is judged: candidates with ticks, settings, and how large that is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import QFrame, QListWidget, QListWidgetItem, QSplitter, QToolButton, QWidget

from glmengine.analysis.selection import Selection
from glmengine.answers.settings import AnswerSettings
from glmengine.sentences import as_shown, numbered
from glmgui.forms.form import SpecForm
from glmgui.still_fields import StillCombo
from glmgui.widgets.form_scroll import FormScroll
from glmgui.widgets.layout import column, row
from glmgui.widgets.messages import MessageLine
from glmgui.widgets.texts import heading, hint
from glmgui.work.answers import Answers

if TYPE_CHECKING:
    from glmengine.design.fit_size import Estimate

_SOURCES = ("What the recording has", "The terms of the Features step")
_JUDGED = ("steps_by", "level", "over_units", "folds", "last", "largest")
_HEIGHT = 284
_LABEL = Qt.ItemDataRole.UserRole


class AskingBox(QFrame):
    """A line that says what is tried, and below it, folded away, the ticks and settings."""

    def __init__(self, answers: Answers, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("answers_asking")
        self._answers = answers
        self._size: Estimate | None = None
        self._running = False
        self.fold = QToolButton(self)
        self.fold.setObjectName("answers_fold")
        self.fold.setCheckable(True)
        self.fold.setAutoRaise(True)
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.fold.setText("Candidates and settings")
        self.fold.setAccessibleName("Candidates and settings")
        self.fold.setToolTip("Which variables are tried, and how strictly they are judged")
        self.size_line = hint("", self)
        self.size_line.setObjectName("answers_size")
        self.too_large = MessageLine("answers_too_large", self)
        self.source = StillCombo(self)
        self.source.setObjectName("answers_source")
        self.source.setAccessibleName("Where the candidates come from")
        self.source.setToolTip(
            "Its own variables, those that you have derived, the speed of its position and the units' own past; or the terms that you "
            "have made yourself"
        )
        self.source.addItems(_SOURCES)
        self.list = QListWidget(self)
        self.list.setObjectName("answers_candidates")
        self.list.setAccessibleName("Candidates: what the rate of a unit may depend on")
        self.list.setToolTip("Untick what is not to be tried (Space)")
        self.settings = SpecForm(AnswerSettings, name="answers_settings")
        self.judged = SpecForm(Selection, fields=_JUDGED, name="answers_selection")
        self.inside = QWidget(self)
        left = QWidget(self.inside)
        ticks = column(left, margins=0)
        ticks.addWidget(heading("Tried for every unit", left))
        ticks.addWidget(self.source)
        ticks.addWidget(self.list, 1)
        forms = QWidget()
        both = column(forms, margins=0)
        both.addWidget(self.settings)
        both.addWidget(self.judged)
        both.addStretch(1)
        right = QWidget(self.inside)
        judged = column(right, margins=0)
        judged.addWidget(heading("How it is judged", right))
        judged.addWidget(FormScroll(forms, "answers_forms"), 1)
        halves = QSplitter(Qt.Orientation.Horizontal, self.inside)
        halves.setChildrenCollapsible(False)
        halves.addWidget(left)
        halves.addWidget(right)
        halves.setSizes([400, 500])
        column(self.inside, margins=0).addWidget(halves)
        self.inside.setFixedHeight(_HEIGHT)
        box = column(self, margins=0)
        line = row(self.fold, self.size_line, self.too_large)
        line.setStretch(1, 1)
        line.setStretch(2, 2)
        box.addLayout(line)  # in one row, so that what stands below is not moved by a warning
        box.addWidget(self.inside)
        self.fold.toggled.connect(self._folded)
        self._folded(False)
        self.source.currentIndexChanged.connect(lambda at: self._ask(from_features=bool(at), left_out=frozenset()))
        self.list.itemChanged.connect(lambda _: self._ask(left_out=self._unticked()))
        self.settings.edited.connect(lambda value: self._ask(settings=value))
        self.judged.edited.connect(lambda value: self._ask(selection=value))
        answers.question.sized.connect(self._say_size)
        self.show_asking()

    def show_asking(self) -> None:
        """Show what is asked now."""
        asking, labels = self._answers.question.asking, self._answers.question.candidates
        with QSignalBlocker(self.source):
            self.source.setCurrentIndex(int(asking.from_features))
        with QSignalBlocker(self.list):
            if [self.list.item(at).data(_LABEL) for at in range(self.list.count())] != list(labels):
                self.list.clear()
                for label in labels:
                    item = QListWidgetItem(as_shown(label), self.list)
                    item.setData(_LABEL, label)
                    item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            for at, label in enumerate(labels):
                ticked = label not in asking.left_out
                self.list.item(at).setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
        self.settings.set_value(asking.settings)
        self.judged.set_context({"terms": [label for label in labels if label not in asking.left_out]})
        self.judged.set_value(self._answers.question.selection)
        if not labels:
            self.size_line.setText(
                "The Features step has no term; add some there, or try what the recording has."
                if asking.from_features
                else "Looking at what the recording has\u2026"
            )
        elif self._answers.question.analysis is None:
            self.size_line.setText("Tick at least one candidate.")

    def _ask(self, **changes) -> None:
        self._answers.question.ask(replace(self._answers.question.asking, **changes))

    def _unticked(self) -> frozenset[str]:
        items = [self.list.item(at) for at in range(self.list.count())]
        return frozenset(item.data(_LABEL) for item in items if item.checkState() != Qt.CheckState.Checked)

    def unfold(self, inside: QWidget) -> None:
        """Show the part in which this is."""
        if self.inside.isAncestorOf(inside):
            self.fold.setChecked(True)

    def _folded(self, shown: bool) -> None:
        self.fold.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)
        self.inside.setVisible(shown)

    def _say_size(self, found: Estimate | str) -> None:
        if self._answers.question.analysis is None:
            return
        if isinstance(found, str):
            self.size_line.setText("")
            self.too_large.show_error(found)
            return
        self._size = found
        self._write_size()
        self.too_large.set_warning(" ".join(found.warnings))

    def set_running(self, running: bool) -> None:
        """While something runs do not say how long answers take: the toolbar says how far what runs is."""
        if running != self._running:
            self._running = running
            self._write_size()

    def _write_size(self) -> None:
        found = self._size
        if found is not None and self._answers.question.analysis is not None:
            said = numbered(found.n_units, "unit"), found.size if self._running else found.text
            self.size_line.setText("   \u00b7   ".join(said))
