"""Tabs that stand closer together where there is not room for all of them."""

from __future__ import annotations

from qtpy.QtCore import QSize
from qtpy.QtGui import QPaintEvent, QResizeEvent
from qtpy.QtWidgets import QStyle, QStyleOptionTab, QStyleOptionTabBarBase, QStylePainter, QTabBar

_MOST_TAKEN = 14  # pixels of a tab beside its words; the rest keeps words apart


class CloseTabBar(QTabBar):
    """A bar whose tabs give some of the room beside their words before any of them is out of sight."""

    _room = 0

    def tabSizeHint(self, index: int) -> QSize:
        return super().tabSizeHint(index) - QSize(self._taken(), 0)

    @property
    def least_width(self) -> int:
        """Pixels in which all tabs are seen."""
        return sum(super(CloseTabBar, self).tabSizeHint(at).width() - _MOST_TAKEN for at in range(self.count()))

    def _taken(self) -> int:
        """Pixels that each tab is narrower than it would rather be."""
        lacking = sum(super(CloseTabBar, self).tabSizeHint(at).width() for at in range(self.count())) - self._room
        return min(max(-(-lacking // self.count()), 0), _MOST_TAKEN) if self._room else 0

    def resizeEvent(self, event: QResizeEvent) -> None:
        # the bar itself is made no wider than its tabs: only what holds it knows how much room there is
        self._room = self.parentWidget().width() if self.parentWidget() is not None else 0
        super().resizeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        taken = self._taken()
        if not taken:
            super().paintEvent(event)
            return
        painter = QStylePainter(self)
        if self.drawBase():
            line = QStyleOptionTabBarBase()
            line.initFrom(self)
            line.shape, line.documentMode = self.shape(), self.documentMode()
            line.selectedTabRect = self.tabRect(self.currentIndex())
            overlap = self.style().pixelMetric(QStyle.PixelMetric.PM_TabBarBaseOverlap, line, self)
            line.rect = self.rect().adjusted(0, self.height() - overlap, 0, 0)
            painter.drawPrimitive(QStyle.PrimitiveElement.PE_FrameTabBarBase, line)
        others = [at for at in range(self.count()) if at != self.currentIndex()]
        for at in (*others, self.currentIndex()):  # the chosen one lies over its neighbours
            option = QStyleOptionTab()
            self.initStyleOption(option, at)
            painter.drawControl(QStyle.ControlElement.CE_TabBarTabShape, option)
            # a style leaves as much beside the words as always, and would cut them
            option.rect.adjust(-taken, 0, taken, 0)
            painter.drawControl(QStyle.ControlElement.CE_TabBarTabLabel, option)
        painter.end()
