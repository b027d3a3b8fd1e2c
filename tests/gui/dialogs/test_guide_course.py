"""The course in the guide: its pages in the contents, and their pictures on the page."""

from __future__ import annotations

import re

import pytest
from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QPixmap, QTextDocument

from glmengine.analysis.templates import course
from glmengine.resources import resource
from glmgui.dialogs.guide import GuideWindow
from glmgui.widgets.pictures import PIXELS, course_picture


def test_the_pages_of_the_course_open_with_their_pictures(qtbot):
    window = GuideWindow()
    qtbot.addWidget(window)
    names = [window.contents.item(at).data(Qt.ItemDataRole.UserRole) for at in range(window.contents.count())]
    pages = [name for name in names if name.endswith("/page.md")]
    assert "../analyses/position-or-speed/page.md" in pages
    for name in pages:
        window.show_page(name)
        assert window.contents.currentItem().data(Qt.ItemDataRole.UserRole) == name
        for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", (resource("guide") / name).read_text(encoding="utf-8")):
            shown = window.page.loadResource(QTextDocument.ResourceType.ImageResource.value, QUrl(picture))
            file = QPixmap(str((resource("guide") / name).resolve().parent / picture))
            assert shown.deviceIndependentSize().width() == file.width() // PIXELS, picture
            assert shown.deviceIndependentSize().height() == file.height() // PIXELS, picture


@pytest.mark.parametrize("ratio", [1.0, 1.25, 1.5, 2.0])
def test_pictures_of_the_course_have_a_pixel_for_each_of_a_fine_screen(ratio, qapp):
    """Those of a screen of the usual fineness were enlarged, and blurred, on one of 1.5 times."""
    for lesson in course():
        file, shown = QPixmap(str(lesson.picture)), course_picture(lesson.picture, ratio)
        assert shown.width() <= file.width()
        for part in (shown.width(), shown.height()):
            assert (part / ratio).is_integer(), "else a row of pixels is left out where it is drawn"
        narrow = course_picture(lesson.picture, ratio, 100, 50)
        assert narrow.deviceIndependentSize().width() <= 100
        assert narrow.deviceIndependentSize().height() <= 50


def test_links_lead_from_a_page_to_the_course_and_back(qtbot):
    window = GuideWindow()
    qtbot.addWidget(window)
    window.show_page("analyses.md")
    window.page._follow(QUrl("../analyses/position-or-speed/page.md"))
    assert "Is this neuron encoding position?" in window.page.toPlainText()
    window.page._follow(QUrl("../../guide/analyses.md"))
    assert "The classic questions" in window.page.toPlainText()
    assert window.contents.currentItem().text() == "The classic questions"


def test_titles_of_pages_are_read_whole_beside_a_page_on_a_small_screen(qtbot):
    window = GuideWindow()
    qtbot.addWidget(window)
    window.resize(643, 452)  # 1024 x 768 at one and a half times the size, less the frame
    with qtbot.waitExposed(window):
        window.show()
    view, narrow = window.contents, 0
    for at in range(view.count()):
        item = view.item(at)
        place, indent = view.visualItemRect(item), item.data(Qt.ItemDataRole.DecorationRole)
        room = place.width() - (indent.width() if indent else 0) - 8
        wanted = view.fontMetrics().boundingRect(0, 0, room, 1000, Qt.TextFlag.TextWordWrap, item.text())
        narrow += view.fontMetrics().horizontalAdvance(item.text()) > room
        assert place.height() >= wanted.height(), item.text()
        assert place.right() <= view.viewport().width()
    assert narrow > 3
    assert window.page.width() > view.width()
