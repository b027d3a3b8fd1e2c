"""Permission to run code that an analysis names.

The engine imports nothing that was not allowed by name. A yes holds until the window is closed, a no until the fit is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer

from glmengine.basis import Custom, allow_code, code_allowed, forbid_code
from glmengine.spec import Spec
from glmgui.document import Document
from glmgui.work.questions import Questions

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis


class Permission(QObject):
    """Watches the document's analysis for functions that the user has not been asked about."""

    def __init__(self, document: Document, questions: Questions, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._questions = document, questions
        self._refused: set[str] = set()
        self._asking = False
        # in a turn of its own: a dialog in the middle of opening would let events into a document that is half changed
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._ask_new)
        document.changed.connect(self._changed)

    def given(self) -> bool:
        """Whether every function of the analysis may run; asks, also about those that were refused before."""
        names = [name for name in functions_of(self._document.analysis) if not code_allowed(name)]
        return not names or self._ask(names)

    def forget(self) -> None:
        """Take every permission back, at the end of the window."""
        self._timer.stop()
        self._refused.clear()
        forbid_code()

    def _changed(self, what: frozenset[str]) -> None:
        if "recording" in what:
            self._refused.clear()  # another file: its author may be another one
        if what & {"recording", "analysis"}:
            self._timer.start()

    def _ask_new(self) -> None:
        names = [name for name in functions_of(self._document.analysis) if not code_allowed(name) and name not in self._refused]
        if names:
            self._ask(names)

    def _ask(self, names: list[str]) -> bool:
        if self._asking:
            return False
        self._asking = True
        try:
            allowed = self._questions.run_code(names)
        finally:
            self._asking = False
        if not allowed:
            self._refused.update(names)
            return False
        for name in names:
            allow_code(name)
        self._document.say_code_allowed()
        return True


def functions_of(analysis: Analysis) -> list[str]:
    """Names of the custom functions that the terms of an analysis use, each once."""
    return list(dict.fromkeys(part.function for part in _parts(analysis.terms) if isinstance(part, Custom) and part.function))


def _parts(value: Any) -> Iterator[Spec]:
    """A described value and all those in it."""
    if isinstance(value, Spec):
        yield value
        for field in type(value).model_fields:
            yield from _parts(getattr(value, field))
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _parts(one)
