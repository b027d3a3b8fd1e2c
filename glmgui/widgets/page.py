"""Pages of steps, how they scroll, and work that waits until its page is seen."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QEvent, QObject, QSize, Signal
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QFrame, QScrollArea, QStackedLayout, QWidget

from glmgui.glossary import explain_at

_LEAST_PAGE = QSize(320, 200)


class ExplainsWords:
    """Mixed into a widget: words of the field on it are explained where the mouse rests on them and nothing else is said."""

    def event(self, event: QEvent) -> bool:
        # Qt hands the wish for a tooltip up from a widget that has none
        if event.type() == QEvent.Type.ToolTip and explain_at(self, event.globalPos()):
            return True
        return super().event(event)


class Page(ExplainsWords, QWidget):
    """What a step shows.

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
        needed = self._needed() if self.layout() is not None else 0
        if needed != self.minimumHeight():
            self.setMinimumHeight(max(needed, 0))

    def _needed(self) -> int:
        """Pixels of all parts: a layout gives those whose height depends on the width all of it, but counts for its own minimum only what they cannot do without."""
        layout = self.layout()
        margins = layout.contentsMargins()
        width = self.width() - margins.left() - margins.right()
        parts = [layout.itemAt(place) for place in range(layout.count())]
        more = sum(one.heightForWidth(width) - one.minimumHeightForWidth(width) for one in parts if one.hasHeightForWidth())
        return layout.minimumHeightForWidth(self.width()) + more


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
