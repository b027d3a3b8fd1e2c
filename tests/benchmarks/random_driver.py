"""The random user for long: 1,000 actions with each of 20 seeds, with what held the main thread up and how memory grew.

    python tests/benchmarks/random_driver.py [--actions 1000] [--seeds 20] [--first 1]

One window is used for all seeds. Printed is a line for each stretch in which the main thread was busy and that is not on the list, with where it
was, and one for each seed: faults, threads, timers and widgets more than after the first, memory, and what
the main thread worked on for more than 150 ms of its own processor time. Exit 1 for a fault, where the second half of the seeds leaves more behind
than the first did (parts of pages are made when they are first used) or takes more memory, and for work of the main thread that is not on the list below with its reason.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glmgui.shell.window import MainWindow
    from tests.driver import Held

ALLOWED = {
    "theme": "the window and the pages in view are styled and painted anew, so that no half of them is seen in another look; "
    "the pages that are not in view after them, one in a turn",
    "dock": "a page that is taken out of the window is laid out and painted as a window of its own",
    "layout": "all docks are laid out again",
    "show": "a page that comes into view is laid out and painted as a whole; when it is seen for the first time its widgets are made before",
    "turn": "a part of a page that is seen for the first time is laid out, and all its plots are painted",
}
"""Actions that may hold up the main thread for longer, and why."""
COME_AND_GO = (0, 1, 40)
"""Threads, timers and widgets that may be there after one seed and not after another: the note of the range of a field, buttons of what the checks
advise, and the menus of one plot that was replaced."""
_PLACES = 8
MOST_GROWTH = 1.1
"""Memory after any seed of the second half, as a share of the most after one of the first, in which all is used for the first time."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--actions", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    options = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).parents[2]))
    if not (os.environ.get("DISPLAY") or os.environ.get("QT_QPA_PLATFORM")):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["XDG_STATE_HOME"] = scratch
        return drive(options, Path(scratch))


def _reason(action: str) -> str:
    """Why an action may hold up the main thread; empty where it may not."""
    return next((why for name, why in ALLOWED.items() if action.startswith(name)), "")


def _named(one: Held) -> str:
    """The action of a stretch that may take long, or else the last one."""
    return next((action for action in one.actions if _reason(action)), one.actions[-1] if one.actions else "")


def resident() -> float:
    """MB that this process has in memory."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS"):
            return float(line.split()[1]) / 1000
    return float("nan")


class Sampler:
    """Where the main thread is, looked at by another thread every hundredth of a second."""

    def __init__(self) -> None:
        self._main = threading.main_thread().ident
        self._seen: deque[tuple[float, tuple[str, ...]]] = deque(maxlen=1000)
        threading.Thread(target=self._look, name="sampler", daemon=True).start()

    def since(self, begun: float) -> str:
        """The place of the program in which the main thread was most often since then (of `time.perf_counter`), and how often."""
        places = Counter(place for at, places in list(self._seen) if at >= begun for place in places)
        own = [
            (place, count) for place, count in places.most_common() if place.startswith("glmgui") and "unattended" not in place
        ]
        return ", ".join(f"{place} ({count})" for place, count in own[:_PLACES]) or "nothing of the program"

    def _look(self) -> None:
        while True:
            time.sleep(0.01)
            frame, places = sys._current_frames().get(self._main), []
            while frame is not None:
                places.append(f"{frame.f_globals.get('__name__', '')}.{frame.f_code.co_name}")
                frame = frame.f_back
            self._seen.append((time.perf_counter(), tuple(dict.fromkeys(places))))


def draw_each_kind_once(window: MainWindow) -> None:
    """Draw the recording in each of the ways that the Data page offers: a plot is made when it is first used, and not every seed uses all of them."""
    from qtpy.QtWidgets import QComboBox, QTabWidget

    from glmgui.tools.unattended import settle, wait_until

    window.show_step("data")
    pages = window.panels["data"].findChild(QTabWidget, "recording_pages")
    for at in range(pages.count()):
        pages.setCurrentIndex(at)
        settle(0.1)
        for box in [one for one in pages.currentWidget().findChildren(QComboBox) if one.isVisible() and one.isEnabled()]:
            before = box.currentIndex()
            for choice in (*range(box.count()), before):
                box.setCurrentIndex(choice)
                box.activated.emit(choice)
                settle(0.02)
                wait_until(lambda: window.jobs.idle, 600, "the worker")
    pages.setCurrentIndex(0)


def drive(options: argparse.Namespace, scratch: Path) -> int:
    from glmgui.app import make_application, prepare_process
    from glmgui.garbage import MainThreadGarbage

    prepare_process()
    from glmengine.simulation.catalogue import sample, sample_analysis
    from glmgui.steps import PAGES
    from glmgui.tools.unattended import settle
    from glmgui.tools.unattended_window import unattended_window
    from tests.driver import Driver

    app = make_application(False)
    MainThreadGarbage(app)
    window = unattended_window(scratch)
    window.work.load(PAGES)  # as the program does before anything is opened
    analysis = sample_analysis("head-direction-place")
    analysis = analysis.with_(
        time=analysis.time.with_(bin_size=0.04), terms=analysis.terms[:2], validation=analysis.validation.with_(folds=2)
    )
    window.document.open(sample("head-direction-place"), analysis)
    settle(0.5)
    draw_each_kind_once(window)
    sampler = Sampler()  # before the first count of threads

    def tell(one: Held) -> None:
        if not _reason(_named(one)):
            print(f"    {one.ms:.0f} ms after {', '.join(one.actions[-4:])}: {sampler.since(one.begun)}", flush=True)

    held: Counter[str] = Counter()
    worst: dict[str, float] = {}
    bad = 0
    first = None
    most = [0, 0, 0]
    most_memory = 0.0
    for number, seed in enumerate(range(options.first, options.first + options.seeds)):
        driver = Driver(window, seed, scratch, tell)
        seen = driver.run(options.actions)
        after = driver.counts()
        first = first or after  # what is made when it is first used stays
        more = after.threads - first.threads, after.timers - first.timers, after.widgets - first.widgets
        for one in seen.held:
            named = _named(one)
            held[named] += 1
            worst[named] = max(worst.get(named, 0.0), one.ms)
        bad += len(seen.faults)
        memory = resident()
        if number < options.seeds / 2:
            most = [max(pair) for pair in zip(most, more, strict=True)]
            most_memory = max(most_memory, memory)
        else:
            bad += any(left > known + slack for left, known, slack in zip(more, most, COME_AND_GO, strict=True))
            bad += memory > MOST_GROWTH * most_memory
        print(
            f"seed {seed}: {len(seen.faults)} faults; {more[0]:+d} threads, {more[1]:+d} timers, {more[2]:+d} widgets; "
            f"{memory:.0f} MB, {len(gc.get_objects()):,} objects; {time.process_time():.0f} s of processors so far",
            flush=True,
        )
        for fault in seen.faults:
            print(fault)
    for action, count in held.most_common():
        reason = _reason(action)
        bad += not reason
        print(f"main thread: {count} x up to {worst[action]:.0f} ms, {action}{': ' + reason if reason else ' (NOT ON THE LIST)'}")
    window.close()
    app.processEvents()
    return bool(bad)


if __name__ == "__main__":
    ended = main()
    from glmgui.app import leave

    leave(ended)  # as the program does
