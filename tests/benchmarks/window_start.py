"""How long the window takes to be usable, and to open a recording of 20 MB: processor seconds and seconds by the clock.

    python tests/benchmarks/window_start.py [--runs 3] [--imports 15]

Each run is a process of its own; the first one, which warms the disk, is not counted. The window is usable when the start page has been painted
and the events that came with it are answered; a recording is open when the page of its data has been painted. It is opened by hand, when the
libraries that read it have been loaded behind the start page, and at once, as `glmgui FILE` does. Then the modules that took longest to import before
the first paint are named (by `-X importtime`, which costs a little itself). Exit 1 where the window, or the recording that is opened by hand, takes
1.5 s of the processors or more: on a machine with nothing else to do that is no less than by the clock.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
MOST_S = 1.5

_CHILD = """
import os, sys, time
begun = float(sys.argv[3])
sys.path.insert(0, sys.argv[1])
from glmgui.app import make_application, prepare_process
prepare_process()
app = make_application()
from glmgui.shell.window import MainWindow
from qtpy.QtCore import QTimer
window = MainWindow()
window.show()
seen = {}

def spent(what):
    app.processEvents()
    seen[what] = [time.time() - begun, time.process_time()]

def painted():
    spent("window")
    if not sys.argv[2]:
        end()
    if sys.argv[4] == "by hand":
        from glmgui.steps import PAGES
        from glmgui.tools.unattended import wait_until
        from glmgui.work.use_cases import READERS
        window.work.load((*READERS, *PAGES))
        wait_until(lambda: window.jobs.idle and PAGES[-1] in sys.modules, 60, "loading")
    spent("asked")
    from pathlib import Path
    window.work.opening.opened.connect(lambda _: QTimer.singleShot(0, opened))
    window.work.opening.open(Path(sys.argv[2]))

def opened():
    if window.docks["data"].is_made:
        spent("opened")
        end()
    QTimer.singleShot(0, opened)

def end():
    import json
    print(json.dumps(seen), flush=True)
    os._exit(0)

QTimer.singleShot(0, painted)
app.exec()
"""


def write_recording(path: Path) -> None:
    """A day's work of 20 MB: 60 units with 600,000 spikes, position and head direction at 100 Hz with the times of their frames."""
    import numpy as np
    import pynapple as nap

    from glmengine.export.recordings import save_recording
    from glmengine.recording.recording import Covariate, Recording

    rng, seconds, units = np.random.default_rng(0), 3600.0, 60
    whole = nap.IntervalSet(0, seconds)
    frames = np.arange(int(seconds * 100) - 1) / 100 + 0.005
    times = frames + rng.uniform(-0.001, 0.001, len(frames))
    place = 50 + 45 * np.column_stack([np.sin(times / 7), np.cos(times / 11)])
    direction = np.mod(times / 3, 2 * np.pi)
    spikes = {unit: nap.Ts(np.sort(rng.uniform(0, seconds, 10_000))) for unit in range(units)}
    recording = Recording(
        "day",
        tuple(f"u{unit}" for unit in range(units)),
        spikes=nap.TsGroup(spikes, time_support=whole),
        covariates={
            "position": Covariate("position", nap.TsdFrame(times, place, columns=["x", "y"]), "cm"),
            "head_direction": Covariate("head_direction", nap.Tsd(times, direction), "rad", "angle"),
        },
        epochs={"all": whole},
    )
    save_recording(recording, path)


def started(path: str, how: str, scratch: str, *options: str) -> tuple[dict[str, tuple[float, float]], str]:
    """What a new process says of its seconds (by the clock, of the processors), and its other output."""
    import time

    environment = {**os.environ, "XDG_STATE_HOME": scratch, "XDG_CONFIG_HOME": scratch}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is not translated anew at each start
    if not environment.get("DISPLAY"):
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    command = [sys.executable, *options, "-c", _CHILD, str(ROOT), path, str(time.time()), how]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, timeout=300)
    return json.loads(ended.stdout.splitlines()[-1]), ended.stderr


def longest_imports(said: str, count: int) -> list[str]:
    """Lines with the modules that took longest by themselves, from what `-X importtime` writes."""
    found = []
    for line in said.splitlines():
        own, _, rest = line.removeprefix("import time:").partition("|")
        if own.strip().isdigit():
            found.append((int(own), rest.rpartition("|")[2].strip()))
    found.sort(reverse=True)
    total = sum(own for own, _ in found)
    return [f"  {len(found)} modules, {total / 1e6:.2f} s", *(f"  {own / 1000:6.0f} ms {name}" for own, name in found[:count])]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--imports", type=int, default=15, help="how many modules are named")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "day.nwb"
        write_recording(path)
        print(f"a recording of {path.stat().st_size / 1e6:.0f} MB")
        slowest = 0.0
        for how in ("by hand", "at once"):
            runs = [started(str(path), how, scratch)[0] for _ in range(options.runs + 1)][1:]
            opened = [[later - before for later, before in zip(run["opened"], run["asked"], strict=True)] for run in runs]
            for what, seconds in (("window usable", [run["window"] for run in runs]), (f"recording open, {how}", opened)):
                clock, cpu = (median(values) for values in zip(*seconds, strict=True))
                print(f"{what}: {cpu:.2f} s of the processors, {clock:.2f} s by the clock")
                slowest = max(slowest, cpu if how == "by hand" else 0.0)
        print(
            "imported before the first paint:",
            *longest_imports(started("", "", scratch, "-X", "importtime")[1], options.imports),
            sep="\n",
        )
    return 0 if slowest < MOST_S else 1


if __name__ == "__main__":
    sys.exit(main())
