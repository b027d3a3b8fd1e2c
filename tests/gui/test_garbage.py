"""Cyclic garbage of the window: taken away in the main thread, never in a worker's."""

from __future__ import annotations

import gc
import sys
import threading

import pytest

from glmgui.garbage import MainThreadGarbage


class Cycle:
    """Holds itself, and says in which thread it went."""

    def __init__(self, went: list[threading.Thread]) -> None:
        self.itself, self._went = self, went

    def __del__(self) -> None:
        self._went.append(threading.current_thread())


@pytest.fixture
def garbage(qapp):
    made = MainThreadGarbage(qapp)
    yield made
    made.stop()
    gc.unfreeze()


def test_a_worker_that_allocates_much_leaves_the_garbage_to_the_main_thread(garbage, qtbot):
    went: list[threading.Thread] = []
    kept: list[list[int]] = []
    Cycle(went)
    worker = threading.Thread(target=lambda: kept.extend([number] for number in range(100_000)))
    worker.start()
    worker.join()
    assert not went
    qtbot.waitUntil(lambda: bool(went))
    assert went == [threading.main_thread()]


def test_what_was_imported_since_is_not_looked_at_each_time(garbage, monkeypatch):
    """Else the oldest generation holds the window up for a fifth of a second, every half a minute."""
    kept = [[number] for number in range(1000)]
    garbage.collect()
    before = gc.get_freeze_count()
    for number in range(100):
        monkeypatch.setitem(sys.modules, f"imported_since_{number}", sys)
    garbage.collect()
    assert gc.get_freeze_count() >= before + len(kept)
    went: list[threading.Thread] = []
    Cycle(went)
    gc.collect()
    assert went
