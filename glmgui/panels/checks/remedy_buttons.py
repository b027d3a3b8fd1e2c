"""Buttons for what to try next, each an edit of the analysis."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtWidgets import QLabel, QWidget
from superqt.utils import QFlowLayout

from glmengine.analysis.remedies import Remedy
from glmgui.widgets.controls import button
from glmgui.work.checks import Checks


class RemedyButtons(QWidget):
    """One button a remedy; hidden where there is none."""

    def __init__(self, checks: Checks, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._checks = checks
        self._flow = QFlowLayout(self)
        self._flow.setContentsMargins(0, 0, 0, 0)
        self._flow.setHorizontalSpacing(6)
        self._flow.setVerticalSpacing(4)
        self._label = QLabel("Try:", self)
        self._flow.addWidget(self._label)
        self._remedies: tuple[Remedy, ...] = ()
        self.buttons: list[QWidget] = []
        self.hide()

    def show_remedies(self, remedies: Sequence[Remedy]) -> None:
        """Offer these in place of what was offered."""
        if tuple(remedies) == self._remedies:
            return
        self._remedies = tuple(remedies)
        for old in self.buttons:
            self._flow.removeWidget(old)
            old.hide()
            old.deleteLater()
        self.buttons = []
        for at, remedy in enumerate(remedies):
            made = button(
                remedy.said,
                f"{self.objectName()}_{at}",
                "Changes the analysis; undo with Ctrl+Z. Then fit again with Ctrl+R to see whether it helps.",
                self,
            )
            made.clicked.connect(lambda _, remedy=remedy: self._checks.mend(remedy))
            self._flow.addWidget(made)
            made.show()
            self.buttons.append(made)
        self.setVisible(bool(remedies))
