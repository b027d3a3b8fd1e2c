"""A random user finds no fault of the program, and leaves no thread, timer or widget behind."""

from __future__ import annotations

import pytest

from glmengine.errors import GlmError
from glmgui.notices import notices
from glmgui.tools.unattended import wait_until
from tests.clock import PATIENCE_S
from tests.driver import Driver

ACTIONS = 25


@pytest.mark.parametrize("seed", [1])
def test_random_use_ends_in_no_fault_and_leaves_nothing_behind(window, small_recording, small_analysis, tmp_path, seed):
    window.document.open(small_recording, small_analysis)
    window.work.fitting.fit()  # so that the first drive makes what is made for a result
    wait_until(lambda: window.document.result is not None, PATIENCE_S, "the fit")
    first = Driver(window, seed, tmp_path)
    assert not first.run(ACTIONS).faults, first.seen.faults[0]
    before = first.counts()  # what is made when it is first used stays
    again = Driver(window, seed, tmp_path)
    seen = again.run(ACTIONS)
    assert not seen.faults, seen.faults[0]
    after = again.counts()
    assert after.threads <= before.threads
    assert after.timers <= before.timers
    assert after.widgets <= before.widgets
    print(
        "the main thread worked longest:", sorted(seen.held, key=lambda one: -one.ms)[:5]
    )  # shown with -rP; judged by the benchmark


def test_what_the_hooks_catch_is_a_fault_and_what_a_user_can_put_right_is_none(window, tmp_path):
    driver = Driver(window, 1, tmp_path)
    notices().tell_error(GlmError("the bins are too wide; choose narrower ones"))
    assert driver.seen.faults == []
    try:
        raise ZeroDivisionError("in a slot")
    except ZeroDivisionError as error:
        notices().tell_error(error)
    assert "ZeroDivisionError: in a slot" in driver.seen.faults[0]
