"""The check of terms: whether the data can tell them apart, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QTextBrowser, QWidget

from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.widgets.controls import button
from glmgui.widgets.layout import column, row
from glmgui.widgets.messages import MessageLine
from glmgui.widgets.texts import heading, hint
from glmgui.worker import Job

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.context import Context
    from glmengine.design.identifiability_report import Identifiability
    from glmengine.recording.recording import Recording

_HELP = "Says which terms carry the same information, and what the data never visit, before anything is fitted."
_HEIGHT = 210


class TermsCheck(QWidget):
    """A button, and what was found; an answer goes when the question changes."""

    def __init__(self, document: Document, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("terms_check")
        self._document, self._jobs = document, jobs
        self._asked: tuple | None = None
        self._job: Job | None = None
        self.ask = button("Check terms", "terms_check_ask", _HELP, self)
        self.message = MessageLine("terms_check_message", self)
        self.verdict = heading("", self)
        self.verdict.setObjectName("terms_check_verdict")
        self.verdict.setWordWrap(True)
        self.numbers = hint("", self)
        self.report = QTextBrowser(self)
        self.report.setObjectName("terms_check_report")
        self.report.setAccessibleName("What the data can tell apart")
        self.report.setMaximumHeight(_HEIGHT)
        self.report.setTabChangesFocus(True)
        box = column(self, margins=0)
        for part in (self.message, self.verdict, self.numbers, self.report):
            box.addWidget(part)
        box.addLayout(row(self.ask, None))  # at the lower edge, where it stays when the answer comes
        self.ask.clicked.connect(self.check)
        document.changed.connect(self._changed)
        self._changed(frozenset({"recording"}))

    @property
    def _question(self) -> tuple:
        """What the answer depends on."""
        analysis = self._document.analysis
        return self._document.recording, analysis.time, analysis.terms, analysis.units, analysis.derived, analysis.validation

    def check(self) -> None:
        """Ask in the background; the answer to an older question is dropped."""
        analysis, recording = self._document.analysis, self._document.recording
        if recording is None:
            return
        self._forget()
        asked = self._asked = self._question
        self._job = self._jobs.submit(
            "Checking terms",
            lambda context: _report(analysis, recording, context),
            lambda report: self._answered(asked, report),
            lambda error: self._failed(asked, error),
            key="terms-check",
        )

    def _answered(self, asked: tuple, report: Identifiability) -> None:
        if asked is not self._asked:
            return
        self._job = None
        self.verdict.setText(report.headline)
        self.numbers.setText(report.numbers)
        self.report.setPlainText("\n\n".join(report.sentences))
        for part in (self.verdict, self.numbers):
            part.show()
        self.report.setVisible(bool(report.sentences))

    def _failed(self, asked: tuple, error: Exception) -> None:
        if asked is self._asked:
            self.message.show_error(getattr(error, "message", "") or str(error))

    def _changed(self, what: frozenset[str]) -> None:
        if what & {"recording", "analysis", "project"}:
            if self._asked is not None and not _same(self._asked, self._question):
                if self._job is not None:
                    self._job.cancel()
                self._asked = self._job = None
            if self._asked is None:
                self._forget()
            some = any(term.enabled for term in self._document.analysis.terms)
            self.ask.setEnabled(self._document.recording is not None and some)

    def _forget(self) -> None:
        self.message.clear()
        for part in (self.verdict, self.numbers, self.report):
            part.hide()


def _same(one: tuple, other: tuple) -> bool:
    """Recordings are compared by identity: comparing their data could take long."""
    return one[0] is other[0] and one[1:] == other[1:]


def _report(analysis: Analysis, recording: Recording, context: Context) -> Identifiability:
    from glmengine.design.identifiability import identifiability
    from glmengine.design.prepare import prepare

    prepared = prepare(analysis, recording, context.part(0.0, 0.3))
    return identifiability(prepared.design, prepared.units, context.part(0.3, 1.0))
