"""Jobs run off the main thread, report, stop, cancel and fail in the ways that the window relies on."""

from __future__ import annotations

import itertools
import threading
import time
from types import SimpleNamespace

import pytest

from glmengine.context import Progress
from glmengine.errors import GlmError, StoppedTooSoon
from glmgui.worker import Job
from tests.clock import PATIENCE_S
from tests.gui.conftest import LEAST_PATIENCE_MS, MOST_STEPS_AFTER, Steps


def test_work_is_done_in_the_worker_and_delivered_on_the_main_thread(jobs, qtbot):
    threads = {}

    def work(context):
        threads["work"] = threading.get_ident()
        return 42

    def done(value):
        threads["done"], threads["value"] = threading.get_ident(), value

    with qtbot.waitSignals([jobs.started, jobs.finished]):
        jobs.submit("Work", work, done)
        assert jobs.busy
    qtbot.waitUntil(lambda: "value" in threads)
    assert threads["value"] == 42
    assert threads["done"] == threading.get_ident()
    assert threads["work"] != threading.get_ident()
    assert not jobs.busy


def test_progress_comes_with_the_time_left(jobs, qtbot, monkeypatch):
    seen, clock = [], [100.0]
    monkeypatch.setattr("glmgui.worker.time", SimpleNamespace(monotonic=lambda: clock[0]))
    jobs.progressed.connect(lambda progress, left: seen.append((progress.fraction, left)))

    def work(context):
        for step in range(40):
            context.report(Progress("Working", step / 40, f"step {step}"))
            end = time.monotonic() + LEAST_PATIENCE_MS / 1000
            while (not seen or seen[-1][0] < step / 40) and time.monotonic() < end:
                time.sleep(0.001)
            clock[0] += 0.1

    with qtbot.waitSignal(jobs.finished):
        jobs.submit("Work", work)
    assert len(seen) > 5
    assert all(later[0] >= earlier[0] for earlier, later in itertools.pairwise(seen))
    late = [(fraction, left) for fraction, left in seen if fraction > 0.6 and left is not None]
    assert late
    assert all(left == pytest.approx(4.0 * (1 - fraction), abs=0.15) for fraction, left in late)


def test_no_time_is_said_to_be_left_of_what_is_being_stopped(monkeypatch):
    monkeypatch.setattr("glmgui.worker.time", SimpleNamespace(monotonic=lambda: 110.0))
    job = Job("Work", lambda context: None, None, None, None, quiet=False, stoppable=True)
    job.started_at = 100.0
    job.take(Progress("Working", 0.5))
    assert job.seconds_left() == pytest.approx(10.0)
    job.stop_and_keep()
    assert job.seconds_left() is None


def test_a_cancel_is_heard_at_the_next_step(jobs, qtbot):
    delivered, work = [], Steps()
    jobs.submit("Work", work, delivered.append)
    qtbot.waitUntil(lambda: work.done > 3)
    with qtbot.waitSignal(jobs.cancelled):
        jobs.cancel()
        asked = work.done
    assert work.done - asked <= MOST_STEPS_AFTER
    assert not jobs.busy
    assert delivered == []


@pytest.fixture
def deaf(jobs, qtbot):
    """A job that runs, as while a pass is compiled, without asking whether to go on until it is let go; what it gave, and when it was given up."""
    begun, go_on, seen = threading.Event(), threading.Event(), []

    def work(context):
        begun.set()
        go_on.wait(PATIENCE_S)
        return "late"

    job = jobs.submit("Deaf", work, seen.append, key="fit", on_given_up=lambda: seen.append("given up"))
    assert begun.wait(PATIENCE_S)
    yield job, seen, go_on
    go_on.set()


def test_nobody_waits_for_a_cancelled_job_that_does_not_listen(jobs, qtbot, deaf):
    _, seen, go_on = deaf
    values = []
    with qtbot.waitSignal(jobs.cancelled, timeout=60_000):
        jobs.cancel()
    assert seen == ["given up"]
    assert not jobs.busy
    assert jobs.current is None
    assert not jobs.idle
    assert jobs.is_ending
    jobs.submit("Next", lambda context: "next", values.append, key="fit")
    jobs.submit("Behind", lambda context: "behind", values.append)
    assert jobs.busy
    qtbot.wait(50)
    assert values == []
    go_on.set()
    qtbot.waitUntil(lambda: jobs.idle, timeout=60_000)
    assert values == ["next", "behind"]
    assert seen == ["given up"]
    assert not jobs.is_ending


def test_jobs_that_wait_behind_a_deaf_one_are_given_up_with_it(jobs, qtbot, deaf):
    _, seen, go_on = deaf
    gone, labels = [], []
    jobs.cancelled.connect(labels.append)
    jobs.submit("Behind", lambda context: gone.append("done"), on_given_up=lambda: gone.append("given up"))
    jobs.cancel()
    qtbot.waitUntil(lambda: not jobs.busy, timeout=60_000)
    late = jobs.submit("Later", lambda context: gone.append("later"))  # behind both, and cancelled while nothing loud runs
    late.cancel()
    qtbot.waitUntil(lambda: not jobs.busy, timeout=60_000)
    assert labels == ["Deaf", "Behind", "Later"]
    go_on.set()
    qtbot.waitUntil(lambda: jobs.idle, timeout=60_000)
    assert gone == ["given up"]
    assert seen == ["given up"]


def test_a_deaf_job_that_is_not_wanted_any_more_keeps_nobody_busy(jobs, qtbot, deaf):
    _, seen, go_on = deaf
    labels = []
    jobs.cancelled.connect(labels.append)
    jobs.drop("fit")
    qtbot.waitUntil(lambda: not jobs.busy, timeout=60_000)
    assert labels == []
    go_on.set()
    qtbot.waitUntil(lambda: jobs.idle, timeout=60_000)
    assert seen == ["given up"]


def test_stopping_keeps_what_there_is(jobs, qtbot):
    delivered = []
    jobs.submit("Work", Steps(), delivered.append)
    qtbot.waitSignal(jobs.started).wait()
    with qtbot.waitSignal(jobs.finished):
        jobs.stop_and_keep()
    qtbot.waitUntil(lambda: delivered == ["partial"])


def test_what_is_stopped_too_soon_is_no_failure(qtbot, jobs):
    def work(context):
        raise StoppedTooSoon("nothing is there yet; let it go on")

    failed, caught = [], []
    jobs.failed.connect(lambda *said: failed.append(said))
    with qtbot.waitSignal(jobs.nothing_kept) as told:
        jobs.submit("Fit", work, on_failed=caught.append)
    assert told.args == ["Fit", "nothing is there yet; let it go on"]
    qtbot.waitUntil(lambda: bool(caught))
    assert not failed


def test_a_fault_of_the_data_is_said_in_its_own_words(jobs, qtbot):
    caught = []

    def work(context):
        raise GlmError("bin_size: too small; make it larger", field="time.bin_size")

    with qtbot.waitSignal(jobs.failed) as failed:
        jobs.submit("Fit", work, on_failed=caught.append)
    assert failed.args[:2] == ["Fit", "bin_size: too small; make it larger"]
    qtbot.waitUntil(lambda: bool(caught))
    assert caught[0].field == "time.bin_size"


def test_a_fault_of_the_program_comes_with_its_traceback(jobs, qtbot):
    def work(context):
        raise RuntimeError("XlaRuntimeError stands for this")

    with qtbot.waitSignal(jobs.failed) as failed:
        jobs.submit("Fit", work)
    assert "RuntimeError: XlaRuntimeError" in failed.args[1]
    assert "Traceback" in failed.args[2]
    assert "def work" in failed.args[2] or "in work" in failed.args[2]


def test_the_worker_lives_on_after_a_fault(jobs, qtbot):
    values = []
    jobs.submit("Bad", lambda context: 1 / 0, on_failed=lambda error: None)
    jobs.submit("Good", lambda context: "fine", values.append)
    qtbot.waitUntil(lambda: values == ["fine"])


def test_a_newer_job_with_the_same_key_replaces_older_ones(jobs, qtbot):
    values = []
    jobs.submit("Blocker", Steps(20), values.append)
    for number in range(20):
        jobs.submit("Fit", lambda context, number=number: number, values.append, key="live")
    qtbot.waitUntil(lambda: 19 in values)
    assert values == ["whole", 19]


def test_the_answer_of_a_running_job_that_was_replaced_is_dropped(jobs, qtbot):
    values, work = [], Steps()
    jobs.submit("Fit", work, values.append, key="live")
    qtbot.waitUntil(work.begun.is_set)
    labels = []
    jobs.cancelled.connect(labels.append)
    jobs.submit("Fit", lambda context: "new", values.append, key="live")
    asked = work.done
    qtbot.waitUntil(lambda: bool(values))
    assert values == ["new"]
    assert work.done - asked <= MOST_STEPS_AFTER
    assert labels == []  # nobody has cancelled anything


def test_previews_are_answered_while_a_fit_runs(jobs, qtbot):
    order, answered = [], threading.Event()

    def fit(context):
        while not answered.wait(0.01):
            context.check()
        return "whole"

    jobs.submit("Fit", fit, order.append)
    qtbot.waitSignal(jobs.started).wait()
    jobs.submit("Preview", lambda context: "preview", order.append, quiet=True)
    qtbot.waitUntil(lambda: bool(order))
    assert order == ["preview"]
    answered.set()
    qtbot.waitUntil(lambda: len(order) == 2)
    assert order == ["preview", "whole"]


def test_quiet_jobs_are_not_shown_but_their_faults_are_not_lost(jobs, qtbot):
    seen = []
    jobs.started.connect(seen.append)
    with qtbot.waitSignal(jobs.failed):
        jobs.submit("Preview", lambda context: 1 / 0, quiet=True)
    assert seen == []
    assert not jobs.busy


def test_details_go_to_the_log(jobs, qtbot):
    lines = []
    jobs.logged.connect(lines.append)
    with qtbot.waitSignal(jobs.finished):
        jobs.submit("Work", Steps(10))
    assert any(line.startswith("Working slowly: step ") for line in lines)


def test_closing_in_the_middle_ends_the_thread(qapp, qtbot):
    from glmgui.jobs import Jobs

    jobs, delivered, work = Jobs(), [], Steps()
    jobs.submit("Work", work, delivered.append)
    qtbot.waitUntil(work.begun.is_set)
    asked = work.done
    assert jobs.close(LEAST_PATIENCE_MS)
    assert work.done - asked <= MOST_STEPS_AFTER
    assert jobs.submit("Late", lambda context: 1).cancelled.is_set()
    qtbot.wait(50)
    assert delivered == []


def test_work_that_does_not_listen_is_reported_as_not_ended(qapp):
    from glmgui.jobs import Jobs

    jobs = Jobs()
    begun, hold = threading.Event(), threading.Event()

    def deaf(context):
        begun.set()
        hold.wait()

    jobs.submit("Deaf", deaf)
    assert begun.wait(LEAST_PATIENCE_MS / 1000)
    assert not jobs.close(100)
    hold.set()
    assert jobs.close(LEAST_PATIENCE_MS)


def test_the_main_thread_answers_while_work_runs(jobs, qtbot, main_thread_stays_free):
    with qtbot.waitSignal(jobs.finished):
        jobs.submit("Work", Steps(50))


def test_what_opening_and_a_fit_need_is_loaded_ahead():
    from glmengine.context import SILENT
    from glmgui.steps import PAGES
    from glmgui.work.use_cases import ENGINE, READERS, load_module

    for name in (*READERS, *PAGES, *ENGINE):
        load_module(name, SILENT)


@pytest.mark.parametrize("sooner", [{}, {"quiet": True}], ids=["what the user waits for", "a preview"])
def test_what_nobody_looks_at_goes_behind_what_is_seen(jobs, qtbot, sooner):
    order, begun, go_on = [], threading.Event(), threading.Event()

    def first(context):
        begun.set()
        go_on.wait(PATIENCE_S)

    jobs.submit("First", first, quiet=True)
    assert begun.wait(PATIENCE_S)
    jobs.submit("Share", lambda context: order.append("share"), quiet=True, background=True)
    jobs.submit("Seen", lambda context: order.append("seen"), **sooner)
    go_on.set()
    qtbot.waitUntil(lambda: jobs.idle)
    assert order == ["seen", "share"]
