"""Terms that are suggested and not in the model yet, as buttons in a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from qtpy.QtCore import QSize
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QPushButton, QSizePolicy, QWidget

from glmengine.analysis import default_terms as defaults
from glmengine.recording.derived.quantities import AnyDerived
from glmengine.recording.recording import Recording
from glmengine.sentences import as_shown
from glmengine.spec import Spec
from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.notices import notices
from glmgui.panels.features.add_menu import Add, first_choices
from glmgui.widgets.controls import button
from glmgui.widgets.texts import hint

_GAP = 6
_HELP = "Add this term to the model; Ctrl+Z takes it back"
_BEFORE = "The rate may also depend on:"
_MORE = "'Add term' has more that it may depend on."  # where there is no room for a button
_ALL = "All that is usual is in the model; 'Add term' has more."
_ALL_LISTED = "All that is usual is in the list, some of it left out of the model; 'Add term' has more."


class Suggestions(QWidget):
    """As many buttons as there is room for; always as high as one, so that nothing below it moves.

    Parameters
    ----------
    document, jobs
    add : callable
        Adds a term to the analysis.
    edit : callable
        Makes an edit that has a name, and selects a term.
    """

    def __init__(
        self,
        document: Document,
        jobs: Jobs,
        add: Add,
        edit: Callable[..., None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("suggestions")
        self._document, self._jobs = document, jobs
        self._add, self._edit = add, edit
        self._shown_for: tuple | None = None
        self._said = hint("", self)
        self._said.setWordWrap(False)
        self._buttons: list[QPushButton] = []
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def choices(self) -> Mapping[str, Callable[[], None]]:
        """What is suggested now, each with what adds it."""
        analysis = self._document.analysis
        return first_choices(self._document.effective_recording, self._add, analysis.terms, self.derive, analysis.derived)

    @property
    def texts(self) -> tuple[str, ...]:
        """What the buttons say, seen or not."""
        return tuple(one.text() for one in self._buttons)

    @property
    def said(self) -> str:
        return self._said.text()

    def renew(self) -> None:
        """Suggest anew where terms, recording or what is derived are others."""
        analysis, recording = self._document.analysis, self._document.effective_recording
        before, asked = self._shown_for, (analysis.terms, analysis.derived)
        if before is not None and before[0] is recording and before[1:] == asked:
            return
        self._shown_for = (recording, *asked)
        for old in self._buttons:
            old.hide()
            old.deleteLater()
        self._buttons = []
        for at, (text, act) in enumerate(self.choices().items()):
            made = button(text, f"suggestion_{at}", _HELP, self)
            made.clicked.connect(lambda _, act=act: act())
            self._buttons.append(made)
        self._lay_out()

    def derive(self, spec: AnyDerived) -> None:
        """Derive a variable and add tuning to it, once it is computed."""
        analysis, recording = self._document.analysis, self._document.recording

        def take(found: tuple[Spec, Recording]) -> None:
            made, known = found
            now = self._document.analysis
            if self._document.recording is not recording or now.derived != analysis.derived:  # another question by now
                return
            self._document.set_effective_recording(known)  # its pictures are drawn from it
            named = defaults.free_name(made, {one.label for one in now.terms})
            self._edit(
                f"Add {as_shown(named.label)}",
                lambda analysis: analysis.with_(derived=(*analysis.derived, spec), terms=(*analysis.terms, named)),
                select=len(now.terms),
            )

        self._jobs.submit(
            f"Deriving {spec.name}",
            lambda context: defaults.derived_tuning(analysis, recording, spec, context),
            take,
            lambda error: notices().tell_error(error, "Derive"),
            key="derived-term",
            quiet=True,
        )

    def sizeHint(self) -> QSize:
        return QSize(200, self.fontMetrics().height() + 10)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def _lay_out(self) -> None:
        """Buttons that would be cut off are left out: the menu has them, too."""
        first = self._said.fontMetrics().horizontalAdvance(_BEFORE) + _GAP
        left = first
        for one in self._buttons:
            width = one.sizeHint().width()
            one.setGeometry(left, 0, width, self.height())
            one.setVisible(left + width <= self.width())
            left += width + _GAP if left + width <= self.width() else 0
        whole = all(term.enabled for term in self._document.analysis.terms)
        self._said.setText(_BEFORE if left > first else _MORE if self._buttons else _ALL if whole else _ALL_LISTED)
        self._said.setGeometry(0, 0, self._said.sizeHint().width(), self.height())
