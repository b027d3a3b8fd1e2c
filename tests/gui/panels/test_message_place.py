"""Messages of several lines come and go without moving what is under the mouse."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QEvent, QPoint
from qtpy.QtGui import QCursor
from qtpy.QtWidgets import QApplication, QLabel, QPlainTextEdit, QPushButton, QSplitter, QVBoxLayout, QWidget

from glmgui.laid_over import MessagePlace
from glmgui.tools.unattended import settle
from glmgui.widgets.messages import MessageLine
from glmgui.widgets.page import PageScroll, WordsColumn

LONG = "The terms or the settings have changed since: what is shown answers the question before. " * 3


class OnePage(QWidget):
    """A message above a button."""

    def __init__(self) -> None:
        super().__init__()
        self.message, self.button = MessageLine("message", self), QPushButton("Press", self)
        box = QVBoxLayout(self)
        self.place = MessagePlace(self, self.message)
        box.addWidget(self.place)
        box.addWidget(self.button, 1)
        self.resize(400, 300)

    def point_at(self, part: QWidget) -> None:
        QCursor.setPos(part.mapToGlobal(part.rect().center()))

    def lead_mouse_away(self) -> None:
        QCursor.setPos(self.mapToGlobal(QPoint(-20, -20)))
        QApplication.sendEvent(self, QEvent(QEvent.Type.Leave))


@pytest.fixture
def page(qtbot):
    shown = OnePage()
    qtbot.addWidget(shown)
    shown.move(50, 50)
    shown.show()
    shown.lead_mouse_away()
    qtbot.wait(1)
    return shown


def test_a_long_message_hangs_over_what_the_mouse_is_on_and_takes_its_room_when_the_mouse_has_left(page, qtbot):
    page.point_at(page.button)
    before = page.button.geometry()
    page.message.show_error(LONG)
    qtbot.waitUntil(lambda: page.message.height() > page.place.one_line)
    assert page.button.geometry() == before
    page.lead_mouse_away()
    qtbot.waitUntil(lambda: page.place.height() >= page.message.height())
    qtbot.waitUntil(lambda: page.button.y() > before.y())
    page.point_at(page.button)
    moved = page.button.geometry()
    page.message.clear()
    qtbot.wait(1)
    assert page.button.geometry() == moved
    page.lead_mouse_away()
    qtbot.waitUntil(lambda: page.button.geometry() == before)


def test_a_message_that_the_mouse_rests_on_takes_its_room(page, qtbot):
    page.point_at(page.button)
    page.message.show_warning(LONG)
    qtbot.waitUntil(lambda: page.message.height() > page.place.one_line)
    page.point_at(page.message)
    QApplication.sendEvent(page.message.parentWidget(), QEvent(QEvent.Type.Enter))
    assert page.place.height() >= page.message.height()


def test_a_message_of_one_line_moves_nothing_wherever_the_mouse_is(page, qtbot):
    before = page.button.geometry()
    page.message.show_error("No.")
    qtbot.waitUntil(lambda: page.message.isVisible())
    qtbot.wait(1)
    assert page.button.geometry() == before


def test_a_picture_is_taken_of_what_is_laid_out(qtbot):
    """Beside a fit that runs the lower end of a page was cut in pictures, and there was no bar to scroll to it."""
    inside, words = QWidget(), WordsColumn()
    said = QLabel("One line.", words)
    said.setWordWrap(True)
    for part, held in ((inside, words), (words, said)):
        QVBoxLayout(part).addWidget(held)
    page = PageScroll(inside, name="page")
    qtbot.addWidget(page)
    page.resize(320, 200)
    page.show()
    qtbot.wait(20)
    assert page.verticalScrollBar().maximum() == 0
    said.setText(LONG * 5)
    settle(0.0)
    assert page.verticalScrollBar().maximum() > 0


def test_words_are_whole_beside_a_part_that_could_be_lower_than_it_is(qtbot):
    """A layout gives a part with wrapped words all the height that it asks for, but counted less for its own least height: words below were cut."""
    words = WordsColumn()
    part = QWidget()
    said, above = QLabel(LONG * 4), QLabel(LONG)
    for one in (said, above):
        one.setWordWrap(True)
    for column, held in ((QVBoxLayout(part), (above, QPlainTextEdit())), (QVBoxLayout(words), (part, said))):
        for one in held:
            column.addWidget(one)
    beside = QSplitter()  # which asks nothing for a height that depends on the width
    beside.addWidget(words)
    page = PageScroll(beside, name="page")
    qtbot.addWidget(page)
    page.resize(320, 200)
    page.show()
    qtbot.waitUntil(lambda: words.height() > page.viewport().height())
    settle(0.0)
    assert said.height() >= said.heightForWidth(said.width())
