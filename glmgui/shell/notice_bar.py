"""The bar with the latest warning or error, or with what leads to a page of the guide, over the lower edge of the window."""

from __future__ import annotations

import time

from qtpy.QtCore import QEvent, QObject, Qt, QTimer, Signal
from qtpy.QtGui import QCursor, QHideEvent, QResizeEvent, QShowEvent
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMainWindow,
    QPlainTextEdit,
    QPushButton,
    QToolBar,
    QToolButton,
)

from glmgui.laid_over import LaidOver
from glmgui.notices import Notice
from glmgui.shown_folder import show_folder
from glmgui.widgets.controls import button

_NOTICE_SECONDS = {"info": 6, "warning": 20, "error": 0}
_TYPED_IN = (QLineEdit, QAbstractSpinBox, QComboBox, QPlainTextEdit)
READ_SECONDS = 3.0
"""That an error is seen at least: it may come while what it is about is still being changed."""
_WRITTEN_SECONDS = 30  # where the eyes were elsewhere while much was written, and a button is to be pressed


class NoticeBar(QFrame):
    """The latest warning or error, with its details; stays until it is closed or the next one comes.

    It lies over the status line, which is as high as one line of it. A message of more lines lies over the lowest row of the page at first, and
    moves nothing: else a click that was meant for something else would land beside it. The status line grows to its height, or becomes lower
    again, once nobody types and the mouse is not on a page, as it is when it rests on the message.
    """

    details_asked = Signal(object)  # Notice
    page_asked = Signal(str)  # of the guide

    def __init__(self, parent: QMainWindow) -> None:
        super().__init__(parent)
        self.setObjectName("notice_bar")
        self._window = parent
        self.notice: Notice | None = None
        self._since = 0.0
        self._sign, self._text = QLabel(self), QLabel(self)
        self._sign.setObjectName("notice_sign")
        self._text.setObjectName("notice_text")
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._details = QPushButton("Details", self)
        self._details.setObjectName("notice_details")
        self._details.setAccessibleName("Details of the message")
        self._read = button("Read its page", "notice_read", "The question, the model and what to look at, in the guide", self)
        self._open = button("Open the folder", "notice_open", "Look at what was written, as the desktop shows folders", self)
        close = QToolButton(self)
        close.setObjectName("notice_close")
        close.setText("\u2715")
        close.setAutoRaise(True)
        close.setToolTip("Close this message; it stays in the log")
        close.setAccessibleName("Close the message")
        box = QHBoxLayout(self)
        box.setContentsMargins(10, 1, 6, 1)
        box.setSpacing(8)
        box.addWidget(self._sign)
        box.addWidget(self._text, 1)
        box.addWidget(self._details)
        box.addWidget(self._read)
        box.addWidget(self._open)
        box.addWidget(close)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.dismiss)
        self._details.clicked.connect(lambda: self.details_asked.emit(self.notice))
        self._read.clicked.connect(self._read_page)
        self._open.clicked.connect(self._open_folder)
        close.clicked.connect(self.dismiss)
        self.hide()
        self._laid = LaidOver(self, parent)
        self._strips = (self, parent.statusBar(), parent.menuBar(), *parent.findChildren(QToolBar))
        for one in (parent, *self._strips):
            one.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == (QEvent.Type.Leave if watched is self._window else QEvent.Type.Enter):
            self._fit_room()
        return False

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit_unless_typing()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_unless_typing()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._fit_unless_typing()

    def _fit_unless_typing(self) -> None:
        focus = QApplication.focusWidget()
        if not isinstance(focus, _TYPED_IN) or not self._window.isAncestorOf(focus):
            self._fit_room()

    def _fit_room(self) -> None:
        """Give the status line the height of the message, where that moves nothing that the mouse is on."""
        line = self._window.statusBar()
        of_itself = max(line.sizeHint().height(), line.minimumSizeHint().height())
        high = 0 if self.isHidden() or self.height() <= of_itself else self.height()
        if high != line.minimumHeight() and not self._mouse_is_on_a_page():
            line.setMinimumHeight(high)

    def _mouse_is_on_a_page(self) -> bool:
        at = self._window.mapFromGlobal(QCursor.pos())
        over = self._window.childAt(at) if self._window.rect().contains(at) else None
        return over is not None and not any(one is over or one.isAncestorOf(over) for one in self._strips)

    def show_notice(self, notice: Notice) -> None:
        self.notice, self._since = notice, time.monotonic()
        self._sign.setText({"error": "\u2716", "warning": "\u26a0", "info": "\u2713"}[notice.level])
        said = notice.said
        self._text.setText(said if len(said) < 600 else said[:600] + "\u2026")
        self._details.setVisible(bool(notice.details) or len(said) >= 600)
        self._read.setVisible(bool(notice.page))
        self._open.setVisible(notice.written is not None)
        for one in (self, self._sign):
            one.setProperty("level", notice.level)
            for change in (one.style().unpolish, one.style().polish):  # the sheet has a colour for each level
                change(one)
        self.setAccessibleName(f"{notice.level}: {said}")
        self.show()
        seconds = 0 if notice.page else _WRITTEN_SECONDS if notice.written is not None else _NOTICE_SECONDS[notice.level]
        if seconds:
            self._timer.start(1000 * seconds)
        else:
            self._timer.stop()

    def begin(self, label: str) -> None:
        """Take away the error of work that is tried again, or one that could be read before other work was begun: beside what comes of it, it
        would be of what is no longer so."""
        if self.notice is not None and self.notice.level == "error" and (self.notice.title == label or self._was_read):
            self.dismiss()

    def settle(self, title: str) -> None:
        """Take away what was told under `title`."""
        if self.notice is not None and self.notice.title == title:
            self.dismiss()

    def outdate(self) -> None:
        """Take away, once something else is asked or done, what leads to the page of a question, and an error that could be read."""
        notice = self.notice
        if notice is not None and (notice.page or (notice.level == "error" and self._was_read)):
            self.dismiss()

    @property
    def _was_read(self) -> bool:
        return time.monotonic() - self._since > READ_SECONDS

    def _read_page(self) -> None:
        page = self.notice.page
        self.dismiss()
        self.page_asked.emit(page)

    def _open_folder(self) -> None:
        if self.notice is not None and self.notice.written is not None:
            show_folder(self.notice.written)

    def dismiss(self) -> None:
        """Take the message away; it stays in the log."""
        self._timer.stop()
        self.notice = None
        self.hide()
