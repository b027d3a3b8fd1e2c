"""The line that says whether a check waits or runs, with the ways to end it, and why it was refused; how far it is stands in the toolbar."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QWidget

from glmgui.jobs import Jobs
from glmgui.laid_over import MessagePlace
from glmgui.widgets.controls import button
from glmgui.widgets.layout import row
from glmgui.widgets.messages import MessageLine
from glmgui.widgets.texts import ElidedLabel
from glmgui.work.checks import Checks, Kind


class RunLine(MessagePlace):
    """There while a check of one kind waits or runs, and after it was refused; else its place is empty, so that what stands below stays."""

    def __init__(self, checks: Checks, kind: Kind, jobs: Jobs, page: QWidget) -> None:
        super().__init__(page)
        self.setObjectName(f"{kind}_run")
        self._checks, self._kind, self._jobs = checks, kind, jobs
        self._bar_box = QWidget(self)
        self.said = ElidedLabel(self._bar_box)
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        self.stop = button("Stop and keep", f"{kind}_stop", "End now with what there is", self._bar_box)
        self.cancel = button("Cancel", f"{kind}_cancel", "Give this check up", self._bar_box)
        self._bar_box.setLayout(row(self.said, self.stop, self.cancel, spacing=8))
        self._bar_box.layout().setStretch(0, 1)
        self.message = MessageLine(f"{kind}_message", self)
        for part in (self._bar_box, self.message):
            self.add(part)
        self.stop.clicked.connect(lambda: checks.stop_and_keep(kind))
        self.cancel.clicked.connect(lambda: checks.give_up(kind))
        jobs.started.connect(lambda _: self.show_state())
        checks.changed.connect(lambda changed: self.show_state() if changed == kind else None)
        self.show_state()

    @property
    def one_line(self) -> int:
        return max(super().one_line, self._bar_box.sizeHint().height() if hasattr(self, "_bar_box") else 0)

    def show_state(self) -> None:
        """Say where the check stands."""
        job, error = self._checks.job_of(self._kind), self._checks.error(self._kind)
        self._bar_box.setVisible(job is not None)
        if job is not None:
            running = job is self._jobs.current
            self.said.setText(job.label if running else f"{job.label}: waits for what runs")
            self.stop.setVisible(job.stoppable)
        why = self._checks.why_not
        if error:
            self.message.show_error(error)
        elif why and self._checks.result is not None:
            self.message.show_warning(why)
        elif self._checks.was_given_up(self._kind):
            self.message.show_warning("Cancelled; nothing was changed.")
        else:
            self.message.clear()
