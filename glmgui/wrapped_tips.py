"""The style of the window: Fusion, with tooltips that are wrapped to lines that the eye finds its way back from."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QLabel, QProxyStyle

LETTERS = 72
"""Of a line of a tooltip; Qt wraps plain text only where it is wider than the screen."""

_TIP = "QTipLabel"  # Qt's own class of tooltips, which has no public name


class WrappedTips(QProxyStyle):
    """Fusion, which hears of each tooltip when it is made."""

    def __init__(self) -> None:
        super().__init__("Fusion")
        self._wrapping = _Wrapping(self)

    def polish(self, what: Any) -> Any:
        """A widget, the application or a palette; of widgets only tooltips are treated otherwise than by Fusion."""
        done = super().polish(what)
        if isinstance(what, QLabel) and what.metaObject().className() == _TIP:
            what.setMaximumWidth(what.fontMetrics().averageCharWidth() * LETTERS)
            what.installEventFilter(self._wrapping)
        return done


class _Wrapping(QObject):
    """Wraps what is wider than a tooltip may be, as soon as it is shown or shown with another text."""

    def eventFilter(self, tip: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Show, QEvent.Type.Resize) and isinstance(tip, QLabel):
            _wrap(tip)
        return False


def _wrap(tip: QLabel) -> None:
    if not tip.wordWrap() and tip.sizeHint().width() > tip.maximumWidth():
        tip.setWordWrap(True)
    height = tip.heightForWidth(tip.maximumWidth()) if tip.wordWrap() else 0
    if height <= tip.height():
        return
    tip.resize(tip.width(), height)
    below = tip.geometry().bottom() - tip.screen().geometry().bottom()
    if below > 0:
        tip.move(tip.x(), max(tip.y() - below, tip.screen().geometry().top()))
