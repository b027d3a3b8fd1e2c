"""Tables and lists with rows as high as their text, and numbers in them."""

from __future__ import annotations

import math

from qtpy.QtCore import QEvent, QLocale, QModelIndex, QObject, QSize, Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionHeader,
    QStyleOptionViewItem,
    QTableView,
    QTableWidgetItem,
    QWidget,
)

from glmengine.sentences import as_shown
from glmgui.widgets.sizes import FollowsFont

_ROOM_IN_ROW = 7
"""Pixels of a row above and below its text."""
_EDGE_OF_HEADING = 6
"""Pixels beside its words, as the style sheet has it."""
_BLANK = "\u00a0"
_LEAST_LETTERS = 12  # of a name, with its margins


def row_height(view: QWidget) -> int:
    """How high a row of a list or table is, for the font in which it is written."""
    return view.fontMetrics().height() + _ROOM_IN_ROW


def fit_rows(view: QAbstractItemView) -> None:
    """Give a list, tree or table rows as high as its font needs, also after the font has changed."""
    if isinstance(view, QTableView):
        view.setItemDelegate(_BesideChecks(view))
        _TableRows(view)
    else:
        view.setItemDelegate(_FontRows(view))


def plain_table(view: QTableView) -> None:
    """What tables have in common: rows of two shades, as high as their text and selected whole; Tab goes on to the next control.

    The headings are others afterwards: set their widths, their order and what they are connected to after this.
    """
    view.verticalHeader().hide()
    align_headings(view)
    view.horizontalHeader().setTextElideMode(Qt.TextElideMode.ElideRight)  # else a heading without room is cut on both sides
    view.setShowGrid(False)
    view.setWordWrap(False)  # in a row of one line a long text would end where it would wrap, before the end of its cell
    view.setAlternatingRowColors(True)
    view.setTabKeyNavigation(False)
    view.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
    fit_rows(view)


def align_headings(view: QTableView) -> None:
    """Headings that stand where their columns do, to the left above words and to the right above numbers, in place of centred ones."""
    view.setHorizontalHeader(_Headings(view))


class _Headings(QHeaderView):
    """Headings on the side of the cells below them, as wide as their longest line; the sorted one has room for its arrow."""

    def __init__(self, view: QTableView) -> None:
        super().__init__(Qt.Orientation.Horizontal, view)
        self.names_terms = False
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self._elide = Qt.TextElideMode.ElideRight
        super().setTextElideMode(Qt.TextElideMode.ElideNone)
        self.sortIndicatorChanged.connect(lambda *_: self.resizeSections())

    def sectionSizeFromContents(self, part: int) -> QSize:
        """Qt takes two lines for one, and keeps room for an arrow in each or, with a style sheet, in none."""
        option = QStyleOptionHeader()
        self.initStyleOption(option)
        option.section = part
        option.text = max(self._lines_of(part), key=option.fontMetrics.horizontalAdvance)
        needed = self.style().sizeFromContents(QStyle.ContentsType.CT_HeaderSection, option, QSize(), self).width()
        # it may be asked for before the style sheet is there
        needed = max(needed, option.fontMetrics.horizontalAdvance(option.text) + 2 * _EDGE_OF_HEADING + 2)
        return QSize(needed + self._room_for_arrow(part), super().sectionSizeFromContents(part).height())

    def setTextElideMode(self, mode: Qt.TextElideMode) -> None:
        """Qt would cut several lines as if they were one; each is cut here."""
        self._elide = mode

    def initStyleOptionForIndex(self, option: QStyleOptionHeader, part: int) -> None:
        super().initStyleOptionForIndex(option, part)
        side, arrow = self._side_of(part), self._room_for_arrow(part)
        option.textAlignment = Qt.AlignmentFlag.AlignVCenter | side
        room = self.sectionSize(part) - 2 * _EDGE_OF_HEADING - arrow
        option.text = "\n".join(option.fontMetrics.elidedText(line, self._elide, room) for line in self._lines_of(part))
        if arrow and side == Qt.AlignmentFlag.AlignRight:  # the arrow stands there too
            option.text += _BLANK * -(-arrow // option.fontMetrics.horizontalAdvance(_BLANK))

    def _room_for_arrow(self, part: int) -> int:
        is_sorted = self.isSortIndicatorShown() and self.sortIndicatorSection() == part
        return self.style().pixelMetric(QStyle.PixelMetric.PM_HeaderMarkSize, None, self) + _EDGE_OF_HEADING if is_sorted else 0

    def _lines_of(self, part: int) -> list[str]:
        words = str(self.model().headerData(part, Qt.Orientation.Horizontal) or "")
        return (as_shown(words) if self.names_terms else words).split("\n")

    def _side_of(self, part: int) -> Qt.AlignmentFlag:
        model = self.model()
        found = model.index(0, part).data(Qt.ItemDataRole.TextAlignmentRole) if model is not None and model.rowCount() else None
        side = Qt.AlignmentFlag(getattr(found, "value", found) or 0) & Qt.AlignmentFlag.AlignHorizontal_Mask
        return side or Qt.AlignmentFlag.AlignLeft


def show_term_names(view: QTableView) -> None:
    """Write the names of terms in the cells and headings of a plain table as people do; what is copied or edited keeps them as they are."""
    view.setItemDelegate(_TermNames(view))
    view.horizontalHeader().names_terms = True


class GivingWay(QObject):
    """A column of words that is as wide as they are, and narrower where the columns beside it would not be whole.

    Not so narrow that names which begin alike look the same: the table is scrolled sideways before that.
    """

    def __init__(self, view: QTableView, part: int = 0) -> None:
        super().__init__(view)
        self._view, self.part = view, part
        view.viewport().installEventFilter(self)
        view.horizontalHeader().sortIndicatorChanged.connect(lambda *_: self.fit())

    def fit(self) -> None:
        """Give the column its width again, once other words stand in the table."""
        view, header = self._view, self._view.horizontalHeader()
        if self.part >= header.count():
            return
        needed = [
            0 if header.isSectionHidden(at) else max(view.sizeHintForColumn(at), header.sectionSizeHint(at))
            for at in range(header.count())
        ]
        room = view.viewport().width() - sum(needed) + needed[self.part]
        header.setSectionResizeMode(self.part, QHeaderView.ResizeMode.Interactive)
        least = min(needed[self.part], view.fontMetrics().averageCharWidth() * _LEAST_LETTERS)
        header.resizeSection(self.part, max(min(needed[self.part], room), least, header.minimumSectionSize()))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.fit()
        return super().eventFilter(watched, event)


class _BesideChecks(QStyledItemDelegate):
    """Words that begin beside their tick: the style sheet draws it as large as the text is, and Qt keeps the room that Fusion's has."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        super().initStyleOption(option, index)
        if index.data(Qt.ItemDataRole.CheckStateRole) is not None:  # the features of the option say the same, many times slower
            width, view = QStyle.PixelMetric.PM_IndicatorWidth, self.parent()
            more = view.style().pixelMetric(width, option, view) - QApplication.style().pixelMetric(width)
            option.text = _BLANK * max(-(-more // option.fontMetrics.horizontalAdvance(_BLANK)), 0) + option.text


class _TermNames(_BesideChecks):
    def displayText(self, value: object, locale: QLocale) -> str:
        return as_shown(super().displayText(value, locale))


class _FontRows(_BesideChecks):
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        hint, line = super().sizeHint(option, index), row_height(self.parent())
        further = (
            hint.height() - self.parent().fontMetrics().lineSpacing() if self.parent().wordWrap() else 0
        )  # lines below the first
        return QSize(hint.width(), line + max(further, 0))


class _TableRows(FollowsFont):
    """Rows as high as the font needs; columns of a fixed width grow with it."""

    def __init__(self, view: QTableView) -> None:
        self._view, self._text = view, view.fontMetrics().height()
        super().__init__(view)

    def _fit(self) -> None:
        height = row_height(self._view)
        beside = self._view.verticalHeader()
        beside.setMinimumSectionSize(height)  # its own is that of a larger font until the header has the smaller one
        beside.setDefaultSectionSize(height)
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
