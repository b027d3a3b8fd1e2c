"""Long tooltips are wrapped, whatever shows them."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QPoint
from qtpy.QtWidgets import QApplication, QToolTip, QWidget

from glmgui import theme


def _tip():
    (tip,) = (one for one in QApplication.topLevelWidgets() if one.metaObject().className() == "QTipLabel" and one.isVisible())
    return tip


@pytest.mark.parametrize("words", [30, 60])
def test_a_long_tooltip_is_wrapped_and_whole(qtbot, words):
    theme.apply(QApplication.instance(), False)
    page = QWidget()
    qtbot.addWidget(page)
    page.show()
    for word in ("share ", "another "):  # shown anew, and with another text in the same tooltip
        QToolTip.showText(page.mapToGlobal(QPoint(2, 2)), word * words, page)
        qtbot.waitUntil(lambda word=word: _tip().text().startswith(word))
        tip = _tip()
        assert tip.width() <= tip.maximumWidth() < 700
        assert tip.height() >= tip.heightForWidth(tip.width()) > 2 * tip.fontMetrics().height()
    QToolTip.showText(page.mapToGlobal(QPoint(2, 2)), "short", page)
    qtbot.waitUntil(lambda: _tip().text() == "short")
    assert _tip().height() < 2 * _tip().fontMetrics().height()
    QToolTip.hideText()
