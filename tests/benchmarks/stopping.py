"""How soon the window answers when long work is stopped at several points, what is kept, and how long its main thread is held meanwhile.

    python tests/benchmarks/stopping.py [KIND ...] [--bin-ms 10] [--at 10 30 50 70 90]

The real window, offscreen where there is no screen. Each kind of work is run once to its end, then stopped when its bar stands at each share.
*Stop and keep* is clicked where
there is one, else *Cancel* (`--cancel`: everywhere). Printed: seconds and processor seconds from the click to the answer, processor seconds until the worker is free as well (nobody waits for what is
cancelled), what was said of what is kept, and the longest that the main thread itself worked between two beats of 10 ms (its own processor
time, which a busy machine does not change). Exit 1 where an answer took more than 2 processor seconds beside the chunk, 3 in all, a cancel more
than 0.6, or a beat more than 150 ms.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

MOST_SECONDS, MOST_CANCEL, MOST_BEAT_MS = 3.0, 0.6, 150.0
SAID_IN_A_NOTICE = (
    "choice of terms", "figures of all units", "opening a large file", "goodness", "goodness on held-out time", "decoding",
    "everything to a folder", "report", "batch",
)  # fmt: skip


class Beats:
    """The largest own work of the main thread between two beats."""

    def __init__(self) -> None:
        from qtpy.QtCore import Qt, QTimer

        self.longest, self._last = 0.0, time.thread_time()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(10)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        now = time.thread_time()
        self.longest, self._last = max(self.longest, now - self._last), now

    def begin(self) -> None:
        self.longest, self._last = 0.0, time.thread_time()


def kinds(window: Any, scratch: Path, bin_size: float) -> dict[str, Callable[[], object]]:
    """What begins each work."""
    from glmengine.analysis.selection import Selection
    from glmgui.work.many_recordings import Entry

    document, work = window.document, window.work
    asked = document.analysis.with_(time=document.analysis.time.with_(bin_size=bin_size))
    grid = (1e-5, 1e-4, 1e-3, 1e-2)
    history = asked.with_(
        terms=tuple(term for term in asked.terms if term.kind != "coupling"), model=asked.model.with_(strengths=grid)
    )
    plain = history.with_(terms=tuple(term for term in history.terms if term.kind == "covariate"))

    def fit(analysis: Any) -> Callable[[], object]:
        def begin() -> None:
            document.edit(analysis, "Question")
            work.fitting.fit()

        return begin

    def figures() -> object:
        folder = Path(tempfile.mkdtemp(dir=scratch))
        return work.figures.save_all(work.figures.choice, folder)

    def many() -> object:
        copies = [scratch / f"session-{number}.nwb" for number in range(4)]
        for copy in copies:
            shutil.copy(document.recording.path, copy)
        work.many.entries, work.many.folder = tuple(map(Entry, copies)), Path(tempfile.mkdtemp(dir=scratch))
        return work.many.start(1, figures=False)

    def new(name: str) -> Path:
        return Path(tempfile.mkdtemp(dir=scratch)) / name

    def everything() -> None:
        work.questions.next_path = Path(tempfile.mkdtemp(dir=scratch))
        work.exporting.export_all()

    large = scratch / "large.nwb"
    return {  # checks are of the result that the last fit leaves
        "cross-validation of a population": fit(plain),
        "strengths by marginal likelihood": fit(plain.with_(model=plain.model.with_(strength_by="marginal_likelihood"))),
        "own history": fit(history),
        "coupling": fit(asked),
        "coupling with a lasso": fit(asked.with_(model=asked.model.with_(penalty="lasso"))),
        "lasso path": fit(plain.with_(model=plain.model.with_(penalty="lasso", strengths=grid))),
        "figures of all units": figures,
        "shift test": lambda: work.checks.shift_test(200, "cyclic"),
        "bootstrap": lambda: work.checks.bootstrap(80, None, ""),
        "goodness": lambda: work.checks.check(False, None),
        "goodness on held-out time": lambda: work.checks.check(True, None),
        "decoding": lambda: work.checks.decode(
            ("position.x", "position.y"), prior="uniform", smoothing=None, window=0.1, held_out=False
        ),
        "simulation": lambda: work.checks.simulate(100, None, None, ""),
        "choice of terms": lambda: work.answers.choose_terms(Selection(), print),
        "opening a large file": lambda: work.opening.open(large),
        "answers": work.answers.find,
        "everything to a folder": everything,
        "report": lambda: work.exporting.export_report(new("report.pdf")),
        "batch": many,
    }


def kept(window: Any, scratch: Path, name: str) -> str:
    """What is said of what was kept."""
    from glmgui.notices import notices

    result = window.document.result
    said = ""
    if name == "shift test" and result is not None and result.shift_tests is not None:
        said = f"{result.shift_tests.table['n_shuffles'].values.tolist()} shuffles; {' '.join(result.shift_tests.notes)}"
    elif name == "bootstrap" and result is not None and result.bootstrap_bands is not None:
        said = " ".join(result.bootstrap_bands.notes)
    elif name == "simulation" and window.work.checks.surrogates is not None:
        said = str(window.work.checks.surrogates).partition(chr(10))[0]
    elif name == "answers":
        said = window.work.answers.message[1]
    elif name in SAID_IN_A_NOTICE:
        said = notices().all[-1].text if notices().all else ""
    elif result is not None:
        fitted = int(result.scores["converged"].sum())
        said = (
            f"{fitted} of {len(result.units)} units at the optimum; {' '.join(note for note in result.notes if 'stopp' in note)}"
        )
    return said[:150]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", nargs="*")
    parser.add_argument("--bin-ms", type=float, default=10.0)
    parser.add_argument("--cancel", action="store_true", help="cancel all, also what could be stopped and kept")
    parser.add_argument("--only-stops", action="store_true", help="without running each to its end first")
    parser.add_argument("--at", type=int, nargs="*", default=[10, 30, 50, 70, 90])
    options = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from glmgui.app import make_application, prepare_process

    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        os.environ["XDG_STATE_HOME"] = folder
        prepare_process()
        app = make_application(False)
        try:
            return measured(app, scratch, options)
        except Exception:  # noqa: BLE001 - the program's own hook would put it into a notice that nobody sees
            traceback.print_exc()
            os._exit(2)


def measured(app: Any, scratch: Path, options: argparse.Namespace) -> int:
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    from glmengine.export.nwb import write_nwb
    from glmgui.tools.unattended import settle, wait_until
    from glmgui.tools.unattended_window import unattended_window

    window = unattended_window(scratch)
    window.work.opening.open_fitted_sample()
    wait_until(lambda: window.document.result is not None and window.jobs.idle, 3600, "opening")
    if any(part in "opening a large file" for part in options.kind) or not options.kind:
        write_nwb(large_recording(), scratch / "large.nwb")
    beats, strip, bad = Beats(), window.progress, 0
    for name, begin in kinds(window, scratch, options.bin_ms / 1000).items():
        if options.kind and not any(part in name for part in options.kind):
            continue
        for share in (*(() if options.only_stops else (None,)), *options.at):
            settle(0.3)
            beats.begin()
            cpu = time.process_time()
            begin()

            def reached(share: int | None = share) -> bool:
                job = window.jobs.current
                there = job is not None and job.progress is not None and share is not None
                return not window.jobs.busy or (there and job.progress.fraction >= share / 100)

            wait_until(lambda: window.jobs.busy, 600, name)
            wait_until(reached, 3600, name)
            if share is None:
                wait_until(lambda: window.jobs.idle, 3600, name)
                whole = time.process_time() - cpu
                print(f"{name}: {whole:.1f} s of processor, beat {1000 * beats.longest:.0f} ms", flush=True)
                bad += 1000 * beats.longest > MOST_BEAT_MS
                continue
            job = window.jobs.current
            if job is None:
                print(f"    {share} %: over before")
                continue
            pressed, spent = time.monotonic(), time.process_time()
            stage = job.progress.stage
            wait_until(lambda: strip.shown or not window.jobs.busy, 600, name)
            stops = job.stoppable and not options.cancel
            QTest.mouseClick(strip.stop if stops else strip.cancel, Qt.MouseButton.LeftButton)
            wait_until(lambda: not window.jobs.busy, 3600, name)
            took, used = time.monotonic() - pressed, time.process_time() - spent
            wait_until(lambda: window.jobs.idle, 3600, name)
            free = time.process_time() - spent
            settle(0.3)
            beat = 1000 * beats.longest
            bad += used > (MOST_SECONDS if stops else MOST_CANCEL) or beat > MOST_BEAT_MS
            print(
                f"    {share} % ({stage}), {'stopped' if stops else 'cancelled'}: {took:.1f} s, {used:.1f} of processor, worker free {free:.1f}, beat {beat:.0f} ms; {kept(window, scratch, name)}",
                flush=True,
            )
    window.close()
    return bool(bad)


def large_recording() -> Any:
    """60 units, two hours, a position at 100 Hz."""
    import numpy as np
    import pandas as pd
    import pynapple as nap

    import glmengine as ge

    rng = np.random.default_rng(0)
    spikes = nap.TsGroup(
        {k: nap.Ts(np.sort(rng.uniform(0, 7200, 60_000))) for k in range(60)}, time_support=nap.IntervalSet(0, 7200)
    )
    times = np.arange(720_000) / 100
    xy = nap.TsdFrame(times, rng.random((times.size, 2)), columns=["x", "y"])
    names = tuple(f"unit{k}" for k in range(60))
    position = ge.Covariate("position", xy, unit="cm")
    return ge.Recording(
        "large",
        names,
        spikes=spikes,
        unit_table=pd.DataFrame(index=list(names)),
        covariates={"position": position},
        epochs={"all": nap.IntervalSet(0, 7200)},
    )


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)
