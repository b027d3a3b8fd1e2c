"""Forms that scroll, and hold still under the mouse while messages come and go."""

from __future__ import annotations

from qtpy.QtCore import QCoreApplication, QEvent, QObject, QSize, Qt, QTimer, Signal
from qtpy.QtGui import QCursor, QResizeEvent
from qtpy.QtWidgets import QApplication, QFrame, QScrollArea, QWidget

from glmgui.widgets.sizes import scaled

_NARROWEST_FORM = 420


class FormScroll(QScrollArea):
    """A form that scrolls up and down, and sideways only where there is no room for its whole width.

    Parameters
    ----------
    widest : int, optional
        Pixels, with text of the usual size, beyond which it leaves the room to what stands beside it, if nothing in it needs more.
    as_high : bool
        Whether it is no higher than its form, so that what stands below it follows the form.

    Signals
    -------
    laid_out
        What the form holds may need another width now.
    """

    laid_out = Signal()

    def __init__(
        self, form: QWidget, name: str, parent: QWidget | None = None, *, widest: int | None = None, as_high: bool = False
    ) -> None:
        super().__init__(parent)
        self._widest, self._as_high = widest, as_high
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

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._end_with_form()

    def _end_with_form(self) -> None:
        if self._as_high:
            form, width = self.widget(), self.viewport().width()
            self.setMaximumHeight(form.heightForWidth(width) if form.hasHeightForWidth() else form.sizeHint().height())

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return QSize(max(hint.width(), self.whole_width), hint.height())

    @property
    def whole_width(self) -> int:
        """The width in which nothing is cut off."""
        return self.widget().minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width()

    def _follow(self) -> None:
        self.setMinimumWidth(min(max(scaled(240), self.whole_width), scaled(_NARROWEST_FORM)))
        if self._widest is not None:
            self.setMaximumWidth(max(scaled(self._widest), self.whole_width))
        self._end_with_form()
        self.updateGeometry()
        self.laid_out.emit()

    def hold_still(self) -> None:
        """Keep what is under the mouse there while messages come and go above it: else a click would land on something else."""
        if self._held is not None:
            return
        under = self._under_mouse()
        if under is not None:
            self._held = (under, under.mapTo(self.viewport(), under.rect().topLeft()).y())
            QTimer.singleShot(0, self._hold)

    def _under_mouse(self) -> QWidget | None:
        """What is under the mouse; between controls, where only what holds them is, the one that is nearest in height."""
        form, under = self.widget(), QApplication.widgetAt(QCursor.pos())
        if under is None or not (under is form or form.isAncestorOf(under)):
            return None
        if under.focusPolicy() != Qt.FocusPolicy.NoFocus or not under.findChild(QWidget):
            return under
        height = form.mapFromGlobal(QCursor.pos()).y()
        controls = [one for one in form.findChildren(QWidget) if one.isVisible() and one.focusPolicy() & Qt.FocusPolicy.TabFocus]
        middles = [(abs(one.mapTo(form, one.rect().center()).y() - height), at) for at, one in enumerate(controls)]
        return controls[min(middles)[1]] if controls else None

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
