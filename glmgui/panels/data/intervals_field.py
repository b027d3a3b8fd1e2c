"""The field in which drawn intervals are typed."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QWidget

from glmengine.analysis.analysis import Time
from glmengine.errors import GlmError
from glmengine.recording.table_rules import check_intervals
from glmgui.forms.numbers import NumbersEditor
from glmgui.forms.pending import Refusal
from glmgui.panels.data.controls import describe
from glmgui.plots.timeline import Interval, merged
from glmgui.widgets.layout import column, row
from glmgui.widgets.messages import MessageLine
from glmgui.widgets.sizes import keep_wide


class IntervalsField(Refusal, QWidget):
    """Pairs of start and stop in s, the same that are drawn on the time line; what is wrong with them stands below."""

    edited = Signal(object)  # tuple of (start, stop), in order

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("intervals_field")
        self._taken: tuple[Interval, ...] = ()
        self._editor = NumbersEditor("0 - 60, 90 - 120", pairs=True, parent=self)
        (self.line,) = self._editor.controls()
        self.line.setObjectName("intervals")
        keep_wide(self.line, 80)
        describe(self.line, Time, "intervals")
        self.line.setAccessibleName("Only the intervals, in seconds")
        label = QLabel("Only (s)", self)
        label.setBuddy(self.line)
        self.message = MessageLine("intervals_message", self)
        box = column(self, margins=0)
        box.addLayout(row(label, self._editor, spacing=6))
        box.itemAt(0).layout().setStretch(1, 1)
        box.addWidget(self.message)
        self._editor.changed.connect(self._edit)

    def set_value(self, intervals: tuple[Interval, ...]) -> None:
        """Show these; what is being typed and was refused stays."""
        if intervals == self._taken and self.refused:
            return
        self._taken = tuple(intervals)
        self.take_back()

    def take_back(self) -> None:
        """Show again what was taken last."""
        self._editor.set_value(self._taken)
        self.message.clear()
        self.refused = ""

    def _edit(self) -> None:
        try:
            intervals = merged(check_intervals(self._editor.value()))
        except GlmError as error:
            self.message.show_error(error.message)
            self.refused = f"Only (s): {error.message}"
            return
        self.message.clear()
        self.refused = ""
        if intervals != self._taken:
            self.edited.emit(intervals)
        else:
            self.take_back()
