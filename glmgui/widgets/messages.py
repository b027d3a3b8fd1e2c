"""Messages beside their cause, and what stands in an empty place."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from qtpy.QtCore import QRect, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from glmgui import theme
from glmgui.laid_over import ROOM_IN_MESSAGE, LaidOver
from glmgui.widgets.controls import button, primary_button
from glmgui.widgets.form_scroll import hold_still
from glmgui.widgets.layout import row
from glmgui.widgets.sizes import keep_wide, scaled
from glmgui.widgets.texts import BalancedHint, Title

_SIGNS = {"error": "\u2716", "warning": "\u26a0"}
_SIGN_WIDTH = 26
_BELOW_TITLE = 2  # place in the layout of an empty page


class MessageLine(QFrame):
    """A line that appears with a fault or a warning beside its cause, and is gone without one.

    The sign before the text says which of the two it is, so that colour is not the only mark.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._kind = "error"
        self._text = QLabel(self)
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        box = QHBoxLayout(self)
        box.setContentsMargins(_SIGN_WIDTH, ROOM_IN_MESSAGE, 8, ROOM_IN_MESSAGE)
        box.addWidget(self._text, 1)
        self.hide()

    def lay_over(self, below: QWidget) -> None:
        """Stand over the lower edge of a widget from now on, which is then not moved when the line comes and goes."""
        self.setAutoFillBackground(True)
        self._laid = LaidOver(self, below)

    @property
    def text(self) -> str:
        return self._text.text() if not self.isHidden() else ""

    def show_error(self, text: str) -> None:
        self._show("error", text)

    def show_warning(self, text: str) -> None:
        self._show("warning", text)

    def set_warning(self, text: str) -> None:
        """Show a warning, or nothing where it is empty."""
        if text:
            self.show_warning(text)
        else:
            self.clear()

    def clear(self) -> None:
        if not self.isHidden():
            hold_still(self)
        self._text.clear()
        self.hide()

    def _show(self, kind: str, text: str) -> None:
        hold_still(self)
        self._kind = kind
        self._text.setText(text)
        self.setAccessibleName(text)
        self.show()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        colour = QColor(getattr(theme.current(), self._kind))
        painter = QPainter(self)
        painter.fillRect(0, 0, 3, self.height(), colour)
        painter.setPen(colour)
        sign = QRect(3, ROOM_IN_MESSAGE, _SIGN_WIDTH - 3, self._text.fontMetrics().height())
        painter.drawText(sign, Qt.AlignmentFlag.AlignCenter, _SIGNS[self._kind])
        painter.end()


class EmptyState(QWidget):
    """What stands where there is nothing yet: what will be here, and what to do for it."""

    def __init__(self, title: str, text: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._usual = title
        self._title = top = Title(title, 1.4, self)
        top.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._text = BalancedHint(text, self)
        keep_wide(self._text, 0, 520)
        self._buttons: list[QHBoxLayout] = []
        box = QVBoxLayout(self)
        box.addStretch(2)
        box.addWidget(top)
        box.addLayout(row(None, self._text, None))
        box.itemAt(2).layout().setStretch(1, 4)
        self.primary: QPushButton | None = None
        self._choices = QVBoxLayout()
        self._choices.setContentsMargins(0, 12, 0, 0)
        self._choices.setSpacing(6)
        box.addLayout(self._choices)
        box.addStretch(3)

    @property
    def text(self) -> str:
        return self._text.text()

    @property
    def choices(self) -> tuple[str, ...]:
        """What its buttons say."""
        return tuple(line.itemAt(1).widget().text() for line in self._buttons)

    @property
    def title(self) -> str:
        return self._title.text()

    def set_title(self, title: str) -> None:
        """Another title for now; the first one again where it is empty."""
        self._title.setText(title or self._usual)

    def set_text(self, text: str) -> None:
        self._text.setText(text)

    def set_primary(self, text: str, act: Callable[[], None]) -> None:
        """One large button, above the text: on a low screen with large letters it would else be scrolled away."""
        self.primary = primary_button(text, f"{self.objectName()}_primary", "", self)
        self.primary.setMinimumSize(scaled(260), scaled(46))
        self.primary.clicked.connect(lambda: act())
        self.layout().insertLayout(_BELOW_TITLE, row(None, self.primary, None))

    def set_choices(self, choices: Mapping[str, Callable[[], None]]) -> None:
        """Buttons below the text, each for a thing to begin with."""
        for old in self._buttons:
            self._choices.removeItem(old)
            made = old.itemAt(1).widget()
            made.setParent(None)  # found by its name no longer, which the next one at its place has, too
            made.deleteLater()
        self._buttons = []
        for at, (text, act) in enumerate(choices.items()):
            made = button(text, f"{self.objectName()}_choice_{at}", "", self)
            made.setMinimumWidth(scaled(260))
            made.clicked.connect(lambda _, act=act: act())
            line = row(None, made, None)
            self._choices.addLayout(line)
            self._buttons.append(line)
