"""What is done in a later turn of events: once, and not where its owner is gone."""

from __future__ import annotations

from qtpy.QtCore import QCoreApplication, QEvent, QObject

from glmgui.turns import in_later_turn


def test_it_is_done_once_and_leaves_no_timer(qtbot):
    owner, done = QObject(), []
    in_later_turn(owner, lambda: done.append(1))
    assert not done
    qtbot.waitUntil(lambda: not owner.children())
    assert done == [1]


def test_it_is_not_done_for_one_that_is_gone(qtbot):
    owner, other, done = QObject(), QObject(), []
    in_later_turn(owner, lambda: done.append("gone"))
    in_later_turn(other, lambda: done.append("there"), 20)
    owner.deleteLater()
    QCoreApplication.sendPostedEvents(owner, QEvent.Type.DeferredDelete)
    qtbot.waitUntil(lambda: bool(done))
    qtbot.wait(20)
    assert done == ["there"]
