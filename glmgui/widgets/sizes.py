"""Sizes of widgets that follow the size of text."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QApplication, QWidget

from glmgui import theme


def scaled(pixels: int) -> int:
    """A length that was measured with text of the usual size, for text of the present size."""
    return round(pixels * QApplication.font().pointSizeF() / theme.USUAL_SIZE)


def keep_wide(widget: QWidget, least: int, most: int | None = None) -> None:
    """Keep a field so many pixels wide, measured with text of the usual size, also after the size of text has changed.

    What was asked for before holds no longer.
    """
    before = widget.findChild(_FontWidth, options=Qt.FindChildOption.FindDirectChildrenOnly)
    if before is None:
        _FontWidth(widget, least, most)
    else:
        before.suit(least, most)


class FollowsFont(QObject):
    """Fits a widget to the size of its text, now and after each change of it; what is fitted is a subclass's `_fit`."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        widget.installEventFilter(self)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FontChange:
            self._fit()
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        raise NotImplementedError


class LeastHeight(FollowsFont):
    """Keeps a widget so many pixels high at least, measured with text of the usual size."""

    def __init__(self, widget: QWidget, least: int) -> None:
        self._widget, self._least = widget, least
        super().__init__(widget)

    def suit(self, least: int) -> None:
        """Let it be so many from now on."""
        self._least = least
        self._fit()

    def _fit(self) -> None:
        self._widget.setMinimumHeight(scaled(self._least))


class _FontWidth(FollowsFont):
    def __init__(self, widget: QWidget, least: int, most: int | None) -> None:
        self._widget, self._least, self._most = widget, least, most
        super().__init__(widget)

    def suit(self, least: int, most: int | None) -> None:
        self._least, self._most = least, most
        self._fit()

    def _fit(self) -> None:
        self._widget.setMinimumWidth(scaled(self._least))
        if self._most is not None:
            self._widget.setMaximumWidth(scaled(self._most))
