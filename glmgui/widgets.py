"""Small widgets that pages are built from: headings, hints, messages, and what stands in an empty place."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from qtpy.QtCore import QCoreApplication, QEvent, QModelIndex, QObject, QRect, QSignalBlocker, QSize, Qt, QTimer, Signal
from qtpy.QtGui import QColor, QCursor, QPainter, QPaintEvent, QPalette, QResizeEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QScrollArea,
    QSplitter,
    QStackedLayout,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from glmgui import theme
from glmgui.glossary import explain_at
from glmgui.laid_over import ROOM_IN_MESSAGE, LaidOver

_SIGNS = {"error": "\u2716", "warning": "\u26a0"}
_SIGN_WIDTH = 26
_NARROWEST_FORM = 420
_LEAST_PAGE = QSize(320, 200)


def heading(text: str, parent: QWidget | None = None) -> QLabel:
    """A bold line above a list or a group of controls."""
    label = QLabel(text, parent)
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


class Title(QLabel):
    """A line in letters so many times as large as those of everything else, also after those have changed."""

    def __init__(self, text: str, times: float, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._times = times
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self._fit()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ApplicationFontChange:
            self._fit()
        return super().event(event)

    def _fit(self) -> None:
        font = QApplication.font()
        font.setPointSizeF(font.pointSizeF() * self._times)
        self.setFont(font)


class ElidedLabel(QLabel):
    """A line of text that ends with three dots where there is no room for all of it; the whole is its tooltip then."""

    _is_cut = False

    def minimumSizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance("\u2026"), super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        room = self.contentsRect()
        shown = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width())
        was_cut, self._is_cut = self._is_cut, shown != self.text()
        if self._is_cut or was_cut:
            self.setToolTip(self.text() if self._is_cut else "")
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(room, self.alignment(), shown)
        painter.end()


def hint(text: str = "", parent: QWidget | None = None) -> QLabel:
    """A quiet line that explains; wraps."""
    label = QLabel(text, parent)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    return label


def button(text: str, name: str, tooltip: str, parent: QWidget | None = None) -> QPushButton:
    """A push button with a name for tests and screen readers."""
    made = QPushButton(text, parent)
    made.setObjectName(name)
    made.setToolTip(tooltip)
    made.setAccessibleName(text.rstrip("\u2026"))
    made.setAccessibleDescription(tooltip)
    return made


def primary_button(text: str, name: str, tooltip: str, parent: QWidget | None = None) -> QPushButton:
    """The one push button of a page that most will want next; larger, and in the colour of what is chosen."""
    made = button(text, name, tooltip, parent)
    made.setProperty("primary", True)
    return made


def small_button(text: str, name: str, tooltip: str, parent: QWidget | None = None) -> QToolButton:
    """A small button for a row of them; the tooltip is what screen readers say where `text` is a symbol."""
    made = QToolButton(parent)
    made.setText(text)
    made.setObjectName(name)
    made.setToolTip(tooltip)
    made.setAccessibleName(tooltip)
    made.setAutoRaise(len(text) == 1)  # words need a frame to be seen as buttons
    return made


def row(*widgets: QWidget | None, spacing: int = 4) -> QHBoxLayout:
    """Widgets side by side; None is a space that grows."""
    box = QHBoxLayout()
    box.setContentsMargins(0, 0, 0, 0)
    box.setSpacing(spacing)
    for widget in widgets:
        if widget is None:
            box.addStretch(1)
        else:
            box.addWidget(widget)
    return box


def column(parent: QWidget, *, margins: int = 6, spacing: int = 4) -> QVBoxLayout:
    box = QVBoxLayout(parent)
    box.setContentsMargins(margins, margins, margins, margins)
    box.setSpacing(spacing)
    return box


_ROOM_IN_ROW = 7
"""Pixels of a row above and below its text."""


def row_height(view: QWidget) -> int:
    """How high a row of a list or table is, for the font in which it is written."""
    return view.fontMetrics().height() + _ROOM_IN_ROW


def fit_rows(view: QAbstractItemView) -> None:
    """Give a list, tree or table rows as high as its font needs, also after the font has changed."""
    if isinstance(view, QTableView):
        _TableRows(view)
    else:
        view.setItemDelegate(_FontRows(view))


def plain_table(view: QTableView) -> None:
    """What tables have in common: rows of two shades, as high as their text and selected whole; Tab goes on to the next control."""
    view.verticalHeader().hide()
    view.horizontalHeader().setHighlightSections(False)
    view.horizontalHeader().setTextElideMode(Qt.TextElideMode.ElideRight)  # else a heading without room is cut on both sides
    view.setShowGrid(False)
    view.setAlternatingRowColors(True)
    view.setTabKeyNavigation(False)
    view.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
    fit_rows(view)


class _FontRows(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(super().sizeHint(option, index).width(), row_height(self.parent()))


def scaled(pixels: int) -> int:
    """A length that was measured with text of the usual size, for text of the present size."""
    return round(pixels * QApplication.font().pointSizeF() / theme.USUAL_SIZE)


def keep_place(widget: QWidget) -> None:
    """Leave the place of a widget empty while it is hidden, so that nothing else moves there."""
    policy = widget.sizePolicy()
    policy.setRetainSizeWhenHidden(True)
    widget.setSizePolicy(policy)


def keep_wide(widget: QWidget, least: int, most: int | None = None) -> None:
    """Keep a field so many pixels wide, measured with text of the usual size, also after the size of text has changed."""
    _FontWidth(widget, least, most)


class _FontWidth(QObject):
    def __init__(self, widget: QWidget, least: int, most: int | None) -> None:
        super().__init__(widget)
        self._widget, self._least, self._most = widget, least, most
        widget.installEventFilter(self)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FontChange:
            self._fit()
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        self._widget.setMinimumWidth(scaled(self._least))
        if self._most is not None:
            self._widget.setMaximumWidth(scaled(self._most))


class _TableRows(QObject):
    """Rows as high as the font needs; columns of a fixed width grow with it."""

    def __init__(self, view: QTableView) -> None:
        super().__init__(view)
        self._view, self._text = view, view.fontMetrics().height()
        view.installEventFilter(self)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FontChange:
            self._fit()
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        self._view.verticalHeader().setDefaultSectionSize(row_height(self._view))
        now, header = self._view.fontMetrics().height(), self._view.horizontalHeader()
        for part in range(header.count() if now != self._text else 0):
            if header.sectionResizeMode(part) == QHeaderView.ResizeMode.Interactive:
                header.resizeSection(part, round(header.sectionSize(part) * now / self._text))
        self._text = now


class NumberItem(QTableWidgetItem):
    """A number in a table: sorts by value, with missing values always lowest."""

    def __init__(self, text: str, value: float) -> None:
        super().__init__(text)
        self._value = -math.inf if math.isnan(value) else value
        self.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def __lt__(self, other: QTableWidgetItem) -> bool:
        return self._value < other._value if isinstance(other, NumberItem) else super().__lt__(other)


def refill(field: QComboBox, items: Sequence[tuple[str, str]]) -> None:
    """Other things to choose from; what was chosen stays where it is among them."""
    before = field.currentData()
    with QSignalBlocker(field):
        field.clear()
        for text, data in items:
            field.addItem(text, data)
        field.setCurrentIndex(max(field.findData(before), 0))


class Page(QWidget):
    """What a step shows. Words of the field on it are explained where the mouse rests on them and nothing else is said.

    Signals
    -------
    action_asked : str
        A button inside stands for the action of this name.
    """

    action_asked = Signal(str)

    def heightForWidth(self, width: int) -> int:
        """The least height in which no words are cut: with what everything would rather have, a page would scroll that fits."""
        layout = self.layout()
        shown = layout.currentWidget().layout() if isinstance(layout, QStackedLayout) else layout
        return shown.minimumHeightForWidth(width) if shown is not None else -1

    def event(self, event: QEvent) -> bool:
        # Qt hands the wish for a tooltip up from a widget that has none
        if event.type() == QEvent.Type.ToolTip and explain_at(self, event.globalPos()):
            return True
        return super().event(event)


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


class FormScroll(QScrollArea):
    """A form that scrolls up and down, and sideways only where there is no room for its whole width.

    Signals
    -------
    laid_out
        What the form holds may need another width now.
    """

    laid_out = Signal()

    def __init__(self, form: QWidget, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self._held: tuple[QWidget, int] | None = None
        self.setWidget(form)
        form.installEventFilter(self)
        self._follow()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.widget() and event.type() == QEvent.Type.LayoutRequest:
            self._follow()
        return super().eventFilter(watched, event)

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return QSize(max(hint.width(), self.whole_width), hint.height())

    @property
    def whole_width(self) -> int:
        """The width in which nothing is cut off."""
        return self.widget().minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width()

    def _follow(self) -> None:
        self.setMinimumWidth(min(max(scaled(240), self.whole_width), scaled(_NARROWEST_FORM)))
        self.updateGeometry()
        self.laid_out.emit()

    def hold_still(self) -> None:
        """Keep what is under the mouse there while messages come and go above it: else a click would land on something else."""
        if self._held is not None:
            return
        under = QApplication.widgetAt(QCursor.pos())
        if under is not None and under is not self.widget() and self.widget().isAncestorOf(under):
            self._held = (under, under.mapTo(self.viewport(), under.rect().topLeft()).y())
            QTimer.singleShot(0, self._hold)

    def _hold(self) -> None:
        (under, before), self._held = self._held, None
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
        if not _lives(under) or not self.widget().isAncestorOf(under):
            return
        bar = self.verticalScrollBar()
        wanted = bar.value() + under.mapTo(self.viewport(), under.rect().topLeft()).y() - before
        if wanted > bar.maximum():  # room below for what moved down
            self.widget().setMinimumHeight(self.viewport().height() + wanted)
            QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
        elif wanted <= 0:
            self.widget().setMinimumHeight(0)
        bar.setValue(wanted)


def hold_still(part: QWidget) -> None:
    """Call before the height of something inside a form changes that the user did not ask for."""
    above = part.parentWidget()
    while above is not None:
        if isinstance(above, FormScroll):
            above.hold_still()
        above = above.parentWidget()


def _lives(widget: QWidget) -> bool:
    try:
        return widget.isVisible()
    except RuntimeError:  # deleted meanwhile
        return False


class PageScroll(QScrollArea):
    """A page on a screen that may be too small for it: what does not fit is scrolled to."""

    def __init__(self, page: QWidget | None = None, parent: QWidget | None = None, *, name: str = "") -> None:
        super().__init__(parent)
        self.setObjectName(name or f"{page.objectName()}_scroll")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setMinimumSize(_LEAST_PAGE)
        if page is not None:
            self.setWidget(page)


class WordsColumn(QWidget):
    """A column that is never less high than its wrapped words need at its width: in a scroll area it is scrolled to, not cut."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._suit()

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._suit()
        return done

    def _suit(self) -> None:
        needed = self.layout().minimumHeightForWidth(self.width()) if self.layout() is not None else 0
        if needed != self.minimumHeight():
            self.setMinimumHeight(max(needed, 0))


class TurningSplitter(QSplitter):
    """Side by side where there is room, else one above the other; `room` is in pixels of usual text."""

    def __init__(self, room: int, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._room = room

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        turned = Qt.Orientation.Horizontal if self.width() >= scaled(self._room) else Qt.Orientation.Vertical
        if turned != self.orientation():
            self.setOrientation(turned)


class WhenSeen(QObject):
    """Work for a widget that is done while the widget can be seen, and else once when it is next shown.

    Parameters
    ----------
    widget : QWidget
    work : callable
        Looks at the present state itself: of several requests in the dark one is left.
    """

    def __init__(self, widget: QWidget, work: Callable[[], None]) -> None:
        super().__init__(widget)
        self._widget, self._work, self._wanted = widget, work, False
        widget.installEventFilter(self)

    def ask(self) -> None:
        """Do it now or when the widget is shown."""
        if self._widget.isVisible():
            self._wanted = False
            self._work()
        else:
            self._wanted = True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and self._wanted:
            self._wanted = False
            self._work()
        return False


class EmptyState(QWidget):
    """What stands where there is nothing yet: what will be here, and what to do for it."""

    def __init__(self, title: str, text: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        top = Title(title, 1.4, self)
        top.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._text = hint(text, self)
        self._text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._text.setMaximumWidth(520)
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

    def set_text(self, text: str) -> None:
        self._text.setText(text)

    def set_primary(self, text: str, act: Callable[[], None]) -> None:
        """One large button below the text."""
        self.primary = primary_button(text, f"{self.objectName()}_primary", "", self)
        self.primary.setMinimumSize(scaled(260), scaled(46))
        self.primary.clicked.connect(lambda: act())
        self._choices.addLayout(row(None, self.primary, None))

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
            made.setMinimumWidth(260)
            made.clicked.connect(lambda _, act=act: act())
            line = row(None, made, None)
            self._choices.addLayout(line)
            self._buttons.append(line)
