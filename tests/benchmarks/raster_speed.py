"""How long the main thread is held up by a pan of the raster, or by a click on a unit.

    python tests/benchmarks/raster_speed.py [--units 500] [--hours 1] [--bin 0.001] [--kind spikes|traces]

Prints for stretches of several lengths the median and the largest time of a pan and of a click, painting included, in time that the main thread worked, and how long the levels
took that the worker makes. Exit 1 where a pan takes longer than a frame of 30 a second.
"""

from __future__ import annotations

import argparse
import os
import time

import numpy as np

MOST_MS = 1000.0 / 30.0
STRETCHES = (3600.0, 600.0, 60.0, 10.0, 1.0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, default=500)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--bin", type=float, default=0.001)
    parser.add_argument("--kind", choices=("spikes", "traces"), default="traces")
    options = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from qtpy.QtWidgets import QApplication

    from glmgui.drawings.activity_levels import levels_of_spikes, levels_of_traces
    from glmgui.plots import RasterPlot

    app = QApplication([])
    seconds = options.hours * 3600.0
    rng = np.random.default_rng(0)
    plot = RasterPlot()
    plot.resize(800, 400)
    plot.show()
    names = [f"u{unit}" for unit in range(options.units)]
    begun = time.perf_counter()
    if options.kind == "spikes":
        times = {name: np.sort(rng.uniform(0, seconds, int(5 * seconds))) for name in names}
        begun = time.perf_counter()
        levels = levels_of_spikes(list(times.values()), (0.0, seconds))
        made = time.perf_counter() - begun
        plot.set_spikes(times, (0.0, seconds), levels)
    else:
        n = round(seconds / options.bin)
        values = np.empty((n, options.units), np.uint8)
        for first in range(0, n, 1 << 16):
            values[first : first + (1 << 16)] = rng.integers(0, 100, values[first : first + (1 << 16)].shape, np.uint8)
        at = np.arange(n) * options.bin
        begun = time.perf_counter()
        levels = levels_of_traces(at, values, (0.0, seconds))
        made = time.perf_counter() - begun
        plot.set_traces(names, at, values, (0.0, seconds), levels)
    app.processEvents()
    print(f"{options.kind}, {options.units} units, {seconds:g} s: levels made in {made:.1f} s")

    def held_up(act) -> float:
        begun = time.thread_time()
        act()
        app.processEvents()
        return 1e3 * (time.thread_time() - begun)

    slow = False
    for stretch in STRETCHES:
        starts = np.linspace(0, max(seconds - stretch, 0.0), 13)[1:]
        pans = [held_up(lambda s=start, n=stretch: plot.area.setXRange(s, s + n, padding=0)) for start in starts]
        clicks = [held_up(lambda name=name: plot.set_selected(name)) for name in names[:6]]
        print(f"  {stretch:6g} s: pan {np.median(pans):5.1f} ms, at most {max(pans):5.1f}; click {np.median(clicks):5.1f} ms")
        slow = slow or np.median(pans) > MOST_MS
    return int(slow)


if __name__ == "__main__":
    raise SystemExit(main())
