"""Room for a window of its own on the screen that it comes up on."""

from __future__ import annotations

from qtpy.QtCore import QSize
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QWidget

_BESIDE, _ABOVE = 40, 60  # pixels for the frame and the desktop's own bars


def screen_room(widget: QWidget) -> QSize:
    """What a window may take of the screen that its parent is on."""
    parent = widget.parentWidget()
    screen = parent.screen() if parent is not None else QGuiApplication.primaryScreen()
    return room_on(screen.availableGeometry().size())


def room_on(screen: QSize) -> QSize:
    """What a window may take of a screen of this size."""
    return QSize(screen.width() - _BESIDE, screen.height() - _ABOVE)


def resize_on_screen(widget: QWidget, width: int, height: int) -> None:
    """Make a window so large, or as large as the screen has room for."""
    widget.resize(QSize(width, height).boundedTo(screen_room(widget)))


def suit_words(widget: QWidget, width: int) -> None:
    """Make a window as high as its words and pictures are at a width: Qt itself allows two thirds of a screen, and cuts off the rest."""
    resize_on_screen(widget, width, widget.layout().totalHeightForWidth(width))
