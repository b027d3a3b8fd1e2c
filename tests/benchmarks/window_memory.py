"""Peak memory of the window on a large population: a fit with cross-validation, then all that the pages, checks, answers and files are made of.

    python tests/benchmarks/window_memory.py [--units 49] [--bins 292000] [--bin-size 0.005] [--without answers ...]

The real window, offscreen where there is no screen. Printed is for each step its processor seconds, the most that the process and the
processes it started held in memory meanwhile, and what is held after it. Exit 1 where that is more than the memory setting and 1 GB. Linux.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

MOST_BESIDE_GB = 1.0
_EVERY = 0.02


def resident(process: int | str = "self") -> float:
    """GB that a process has in memory; 0 where it is gone."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**30


def started_by(process: int) -> Iterator[int]:
    """The processes that a process and its threads have started, and theirs."""
    for listed in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            children = [int(one) for one in listed.read_text(encoding="ascii").split()]
        except OSError:  # the thread has ended
            continue
        for child in children:
            yield child
            yield from started_by(child)


class Peak(threading.Thread):
    """Looks at the memory of this process and its children every 20 ms."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.own = self.all = 0.0

    def begin(self) -> None:
        self.own = self.all = 0.0

    def run(self) -> None:
        children, looked = [], 0.0
        while True:
            now = time.monotonic()
            if now - looked > 0.5:
                children, looked = list(started_by(os.getpid())), now
            own = resident()
            self.own, self.all = max(self.own, own), max(self.all, own + sum(map(resident, children)))
            time.sleep(_EVERY)


def pages(window: Any, step: str, tabs: Any, units: tuple[str, ...]) -> Callable[[], None]:
    """Look at each page of a panel for some units."""
    from glmgui.tools.unattended import settle, wait_until

    def look() -> None:
        window.show_step(step)
        wait_until(lambda: tabs() is not None, 60, f"the panel of {step}")
        for number in range(tabs().count()):
            tabs().setCurrentIndex(number)
            for unit in units:
                window.document.select(unit=unit)
                settle(0.2)
                wait_until(lambda: window.jobs.idle, 3600, step)

    return look


def kinds(window: Any, scratch: Path) -> dict[str, Callable[[], object]]:
    """What is done one after the other."""
    work, document = window.work, window.document
    units = document.recording.unit_names
    some = (units[0], units[len(units) // 2], units[-1])
    variables = ("position.x", "position.y")

    def tabs(name: str) -> Callable[[], Any]:
        from qtpy.QtWidgets import QTabWidget

        return lambda: window.findChild(QTabWidget, name)

    def new(name: str) -> Path:
        return Path(tempfile.mkdtemp(dir=scratch)) / name

    def everything() -> None:
        work.questions.next_path = Path(tempfile.mkdtemp(dir=scratch))
        work.exporting.export_all()

    return {
        "data page": lambda: window.show_step("data"),
        "features page": lambda: window.show_step("features"),
        "fit": work.fitting.fit,
        "results": pages(window, "results", tabs("result_tabs"), some),
        "population": pages(window, "population", tabs("population_tabs"), some[:1]),
        "goodness": lambda: work.checks.check(False, some[0]),
        "goodness on held-out time": lambda: work.checks.check(True, None),
        "surrogates": lambda: work.checks.simulate(20, None, None, ""),
        "shift test": lambda: work.checks.shift_test(20, "cyclic"),
        "bootstrap": lambda: work.checks.bootstrap(10, None, ""),
        "decoding": lambda: work.checks.decode(variables, prior="uniform", smoothing=None, window=0.25, held_out=False),
        "decoding of held-out time": lambda: work.checks.decode(
            variables, prior="uniform", smoothing=None, window=0.25, held_out=True
        ),
        "checks": pages(window, "checks", tabs("checks_tabs"), some),
        "report": lambda: work.exporting.export_report(new("report.pdf")),
        "everything to a folder": everything,
        "save": lambda: (setattr(work.questions, "next_path", new("project.glm")), window.action("save").trigger()),
        "second fit": work.fitting.fit,
        "answers": work.answers.find,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=49)
    parser.add_argument("--bins", type=int, default=292_000)
    parser.add_argument("--bin-size", type=float, default=0.005)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--strengths", type=float, nargs="*", default=[], help="fewer than the usual, for a shorter run")
    parser.add_argument("--without", nargs="*", default=[], help="parts of names of steps that are left out")
    options = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    if not os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        os.environ["XDG_STATE_HOME"] = folder
        from glmgui.app import make_application, prepare_process

        prepare_process()
        app = make_application(False)
        try:
            return measured(app, scratch, options)
        except Exception:  # noqa: BLE001 - the program's own hook would put it into a notice that nobody sees
            traceback.print_exc()
            return 2


def measured(app: Any, scratch: Path, options: argparse.Namespace) -> int:
    from glmgui.garbage import MainThreadGarbage
    from glmgui.notices import notices
    from glmgui.tools.unattended import settle, wait_until
    from glmgui.tools.unattended_window import unattended_window
    from tests.benchmarks.population import analysis, recording

    MainThreadGarbage(app)
    window = unattended_window(scratch)
    made = recording(options.units, options.bins, options.bin_size)
    asked = analysis(options.bin_size, options.folds, history=True)
    if options.strengths:
        asked = asked.with_(model=asked.model.with_(strengths=tuple(options.strengths)))
    window.document.open(made, asked)
    settle(0.5)
    wait_until(lambda: window.jobs.idle, 600, "opening")
    most = window.document.analysis.model.memory + MOST_BESIDE_GB
    peak, bad = Peak(), []
    peak.start()
    window.jobs.failed.connect(lambda label, text, details: print(f"    {label}: {text}\n{details}", flush=True))
    print(f"opened: {resident():.2f} GB; the most may be {most:.2f} GB", flush=True)
    for name, begin in kinds(window, scratch).items():
        if any(part in name for part in options.without):
            continue
        peak.begin()
        spent = time.process_time()
        told = len(notices().all)
        begin()
        settle(0.5)
        wait_until(lambda: window.jobs.idle, 7200, name)
        settle(0.3)
        wait_until(lambda: window.jobs.idle, 7200, name)
        if peak.all > most:
            bad.append(name)
        print(
            f"{name}: {time.process_time() - spent:.1f} s of processor, at most {peak.own:.2f} GB, with its children {peak.all:.2f} GB; "
            f"after it {resident():.2f} GB",
            flush=True,
        )
        for notice in notices().all[told:]:
            print(f"    {notice.title}: {notice.text[:150]}", flush=True)
    window.close()
    if bad:
        print("more than may be:", ", ".join(bad))
    return bool(bad)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)
