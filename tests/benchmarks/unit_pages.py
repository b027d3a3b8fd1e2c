"""How long the pages of 100 units take as PDF, in several processes: seconds by the clock, and of the processors.

    python tests/benchmarks/unit_pages.py [--units 100] [--processes 2] [--formats pdf]

On a machine that does other things, too, the seconds of the processors over the number of processes are what a free one would take.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from dataclasses import replace

import numpy as np

import glmengine as ge
from glmengine.export.unit_figures import write_unit_figures


def _used() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


def _many(result: ge.Result, count: int) -> ge.Result:
    """The result as if it had `count` units."""
    take = {"unit": np.arange(count) % len(result.units)}
    names = [f"unit {number}" for number in range(count)]

    def spread(data):
        return data.isel(take).assign_coords(unit=names)

    return replace(
        result,
        scores=spread(result.scores),
        coefficients=spread(result.coefficients),
        standard_errors=spread(result.standard_errors),
        intercepts=spread(result.intercepts),
        intercept_errors=spread(result.intercept_errors),
        curves={label: spread(curve) for label, curve in result.curves.items()},
        filters={label: spread(found) for label, found in result.filters.items()},
        cv=None if result.cv is None else spread(result.cv),
        tests=None,
        coupling=None,
        covariance=None,
        fold_scores=None,
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--units", type=int, default=100)
    options.add_argument("--processes", type=int, default=2)
    options.add_argument("--formats", nargs="+", default=["pdf"])
    asked = options.parse_args()
    from glmengine.simulation.catalogue import sample

    result = _many(ge.run(ge.demo_analysis(), sample("head-direction-place", seed=0)), asked.units)
    with tempfile.TemporaryDirectory() as folder:
        started, used = time.perf_counter(), _used()
        written = write_unit_figures(result, folder, formats=asked.formats, processes=asked.processes)
        seconds, cpu = time.perf_counter() - started, _used() - used
    print(f"{len(written)} files, {asked.processes} processes: {seconds:.1f} s by the clock, {cpu:.1f} s of the processors")
    print(f"on {asked.processes} free processors about {cpu / asked.processes:.0f} s (load now {os.getloadavg()[0]:.1f})")


if __name__ == "__main__":
    main()
