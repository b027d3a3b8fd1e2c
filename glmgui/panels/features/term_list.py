"""The list of terms as cards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qtpy.QtCore import QEvent, QModelIndex, QRect, QSize, Qt, Signal
from qtpy.QtGui import QColor, QDragEnterEvent, QDragMoveEvent, QDropEvent, QFont, QFontMetrics, QPainter, QPalette
from qtpy.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from glmengine.sentences import as_shown, of_all
from glmgui import theme
from glmgui.laid_over import WaitingWords
from glmgui.panels.features.inputs import Input
from glmgui.widgets.controls import allow, small_button
from glmgui.widgets.layout import column, row
from glmgui.widgets.texts import heading, hint

_FAULT = Qt.ItemDataRole.UserRole + 1
_PLACE = Qt.ItemDataRole.UserRole + 2
_SUBTITLE = Qt.ItemDataRole.UserRole + 3
_PADDING = 6
_MOST_LINES = 3
_NONE = "No term yet. Drop here what the rate may depend on."
_NO_TERM = "Choose a term first."
_EDGE = 5  # the part of a card that lies between it and the next one


@dataclass(frozen=True)
class Card:
    """What a card says of a term: its label, what it is, whether it is in the model, and what is wrong with it."""

    title: str
    subtitle: str
    enabled: bool = True
    fault: str = ""


class _CardDelegate(QStyledItemDelegate):
    """The label in bold, below it what the term is or what is wrong with it, in as many lines as that takes up to three."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        drawn = QStyleOptionViewItem(option)
        self.initStyleOption(drawn, index)
        style = drawn.widget.style()
        title, drawn.text = as_shown(drawn.text), ""
        style.drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, drawn, painter, drawn.widget)
        check = QStyleOptionViewItem(drawn)
        check.rect = self._tick(drawn)
        on = (
            index.data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked.value
            or index.data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked
        )
        check.state = check.state & ~QStyle.StateFlag.State_HasFocus | (
            QStyle.StateFlag.State_On if on else QStyle.StateFlag.State_Off
        )
        style.drawPrimitive(QStyle.PrimitiveElement.PE_IndicatorItemViewItemCheck, check, painter, drawn.widget)
        selected = bool(drawn.state & QStyle.StateFlag.State_Selected)
        palette = drawn.palette
        strong = palette.color(QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text)
        quiet = strong if selected else palette.color(QPalette.ColorRole.PlaceholderText)
        fault = index.data(_FAULT)
        if not on:
            strong = quiet
        area = self._room(drawn, check.rect)
        bold = QFont(drawn.font)
        bold.setBold(True)
        painter.save()
        self._line(painter, area, bold, strong, title)
        below = area.adjusted(0, QFontMetrics(bold).height() + 2, 0, 0)
        colour = QColor(theme.current().error) if fault and not selected else quiet
        for line in _lines(_words_of(index), QFontMetrics(drawn.font), area.width()):
            self._line(painter, below, drawn.font, colour, line)
            below = below.adjusted(0, QFontMetrics(drawn.font).height(), 0, 0)
        painter.restore()

    @staticmethod
    def _line(painter: QPainter, area: QRect, font: QFont, colour: QColor, text: str) -> None:
        painter.setFont(font)
        painter.setPen(colour)
        painter.drawText(
            area, Qt.AlignmentFlag.AlignTop, QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, area.width())
        )

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        laid, view = QStyleOptionViewItem(option), self.parent()
        self.initStyleOption(laid, index)
        laid.rect = QRect(0, 0, view.viewport().width() - 2 * view.spacing(), 1)
        metrics = QFontMetrics(laid.font)
        lines = _lines(_words_of(index), metrics, self._room(laid, self._tick(laid)).width())
        return QSize(120, (1 + len(lines)) * metrics.height() + 2 + 2 * _PADDING)

    @staticmethod
    def _tick(laid: QStyleOptionViewItem) -> QRect:
        return laid.widget.style().subElementRect(QStyle.SubElement.SE_ItemViewItemCheckIndicator, laid, laid.widget)

    @staticmethod
    def _room(laid: QStyleOptionViewItem, tick: QRect) -> QRect:
        """What the words of a card have, right of its tick."""
        left = tick.right() + 8
        return QRect(left, laid.rect.top() + _PADDING, laid.rect.right() - left - _PADDING, laid.rect.height() - 2 * _PADDING)


def _words_of(index: QModelIndex) -> str:
    fault = index.data(_FAULT)
    return f"\u2716 {fault}" if fault else index.data(_SUBTITLE) or ""


def _lines(text: str, metrics: QFontMetrics, width: int) -> list[str]:
    """A text in lines of a width; the last one that there is room for ends in an ellipsis where more would follow."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and len(lines) < _MOST_LINES and metrics.horizontalAdvance(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return [metrics.elidedText(line, Qt.TextElideMode.ElideRight, width) for line in lines]


class _Cards(QListWidget):
    """Cards that are moved between each other; one dropped onto another, or an input onto one, is said."""

    input_dropped = Signal(object, int)  # Input, and the card that it fell on, -1 for none
    card_dropped = Signal(int, int)  # which, onto which

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if Input.from_mime(event.mimeData()) is not None:
            event.acceptProposedAction()
        else:
            super().dragEnterEvent(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        super().dragMoveEvent(event)
        if Input.from_mime(event.mimeData()) is not None or self._onto(event) >= 0:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        dropped, onto = Input.from_mime(event.mimeData()), self._onto(event)
        if dropped is not None:
            event.acceptProposedAction()
            self.input_dropped.emit(dropped, onto)
        elif event.source() is self and onto >= 0:
            if onto != self.currentRow():
                self.card_dropped.emit(self.currentRow(), onto)
            event.setDropAction(Qt.DropAction.IgnoreAction)  # the list is filled anew from the analysis
            event.accept()
        else:
            super().dropEvent(event)

    def _onto(self, event: QDropEvent) -> int:
        """The card whose middle the mouse is on; -1 between two cards and below them."""
        item = self.itemAt(event.position().toPoint())
        if item is None:
            return -1
        area = self.visualItemRect(item)
        edge = area.height() // _EDGE
        return self.row(item) if area.adjusted(0, edge, 0, -edge).contains(event.position().toPoint()) else -1


class TermList(QWidget):
    """Cards with the buttons that act on the chosen one; says what is wanted, changes nothing itself."""

    chosen = Signal(int)
    switched = Signal(int, bool)
    moved = Signal(object)  # new order: tuple of former positions
    removed = Signal(int)
    duplicated = Signal(int)
    renamed = Signal(int, str)
    input_dropped = Signal(object, int)  # Input, and the term that it fell on, -1 for none
    joined = Signal(int, int)  # which term was dropped onto which
    menu_wanted = Signal(object)  # QMenu to be filled just before it is shown

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("term_list")
        self._silent = False
        self._cards: tuple[Card, ...] = ()
        self.view = _Cards(self)
        self.view.setObjectName("terms")
        self.view.setAccessibleName("Terms of the model")
        self.view.setItemDelegate(_CardDelegate(self.view))
        self.view.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.view.input_dropped.connect(self.input_dropped)
        self.view.card_dropped.connect(self.joined)
        self.view.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.view.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.view.setSpacing(1)
        self.view.setWordWrap(True)  # and the cards are laid out anew for every width
        self.add = QPushButton("Add term", self)
        self.add.setObjectName("term_add")
        self.add.setToolTip("Add something that the rate may depend on")
        menu = QMenu(self.add)
        menu.setToolTipsVisible(True)
        menu.aboutToShow.connect(lambda: self.menu_wanted.emit(menu))
        self.add.setMenu(menu)
        self.up = small_button("\u2191", "term_up", "Move the term up", self)
        self.down = small_button("\u2193", "term_down", "Move the term down", self)
        self.copy = small_button("duplicate", "term_duplicate", "Add a copy of the term", self)
        self.remove = small_button("remove", "term_remove", "Remove the term (Delete)", self)
        self._title = heading("Terms", self)
        self._none = WaitingWords(self.view)
        self._help = hint("", self)
        box = column(self, margins=0)
        box.addLayout(row(self._title, None, self.add))
        box.addWidget(self.view, 1)
        box.addLayout(row(self.up, self.down, None, self.copy, self.remove))
        box.addWidget(self._help)
        self.view.currentRowChanged.connect(self._row_changed)
        self.view.itemChanged.connect(self._item_changed)
        self.view.model().rowsMoved.connect(self._rows_moved)
        self.view.installEventFilter(self)
        self.up.clicked.connect(lambda: self._shift(-1))
        self.down.clicked.connect(lambda: self._shift(1))
        self.copy.clicked.connect(lambda: self.duplicated.emit(self.view.currentRow()))
        self.remove.clicked.connect(lambda: self.removed.emit(self.view.currentRow()))

    def set_cards(self, cards: Sequence[Card], current: int | None) -> None:
        """Show these, with the one at `current` chosen."""
        self._silent = True
        self._cards = tuple(cards)
        while self.view.count() > len(cards):
            self.view.takeItem(self.view.count() - 1)
        while self.view.count() < len(cards):
            item = QListWidgetItem()
            item.setFlags(
                item.flags() | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEditable & ~Qt.ItemFlag.ItemIsDropEnabled
            )
            self.view.addItem(item)
        for at, card in enumerate(cards):
            item = self.view.item(at)
            item.setText(card.title)
            item.setCheckState(Qt.CheckState.Checked if card.enabled else Qt.CheckState.Unchecked)
            item.setData(_SUBTITLE, card.subtitle)
            item.setData(_FAULT, card.fault)
            item.setData(_PLACE, at)
            state = "" if card.enabled else "\nnot in the model"
            item.setToolTip(f"{card.title}\n{card.subtitle}{state}" + (f"\n{card.fault}" if card.fault else ""))
        self.view.setCurrentRow(-1 if current is None else current)
        self._silent = False
        in_model = sum(card.enabled for card in cards)
        self._title.setText(f"Terms ({len(cards)})" if in_model == len(cards) else f"Terms ({in_model} of {len(cards)})")
        self._title.setToolTip(f"{of_all(in_model, len(cards), 'terms')} in the model: those that are ticked" if cards else "")
        self._help.setText(
            "Terms add up. Drag one between others to reorder, onto another for their interaction. F2 renames a term; an unticked one is left out of the model."
            if cards
            else ""
        )
        self._help.setVisible(bool(cards))
        self._none.say("" if cards else _NONE)
        self._offer()

    @property
    def cards(self) -> tuple[Card, ...]:
        return self._cards

    def _offer(self) -> None:
        at = self.view.currentRow()
        for control in (self.copy, self.remove):
            allow(control, at >= 0, _NO_TERM)
        allow(self.up, at > 0, "The first term is chosen." if at == 0 else _NO_TERM)
        allow(self.down, 0 <= at < len(self._cards) - 1, "The last term is chosen." if at >= 0 else _NO_TERM)

    def _row_changed(self, at: int) -> None:
        self._offer()
        if not self._silent and at >= 0:
            self.chosen.emit(at)

    def _item_changed(self, item: QListWidgetItem) -> None:
        if self._silent:
            return
        at = self.view.row(item)
        on = item.checkState() == Qt.CheckState.Checked
        if on != self._cards[at].enabled:
            self.switched.emit(at, on)
        elif item.text() != self._cards[at].title:
            self.renamed.emit(at, item.text().strip())

    def _rows_moved(self, *_) -> None:
        if not self._silent:
            self.moved.emit(tuple(self.view.item(at).data(_PLACE) for at in range(self.view.count())))

    def _shift(self, step: int) -> None:
        at = self.view.currentRow()
        order = list(range(len(self._cards)))
        order[at], order[at + step] = order[at + step], order[at]
        self.moved.emit(tuple(order))

    def eventFilter(self, watched, event: QEvent) -> bool:
        if (
            watched is self.view
            and event.type() == QEvent.Type.KeyPress
            and event.key() == Qt.Key.Key_Delete
            and self.view.currentRow() >= 0
        ):
            self.removed.emit(self.view.currentRow())
            return True
        return super().eventFilter(watched, event)
