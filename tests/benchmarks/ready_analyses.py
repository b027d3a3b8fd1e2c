"""Seconds from a click on each question of the course to its results, on the question's own sample: of the processors, and by the clock.

    python tests/benchmarks/ready_analyses.py [NAME ...]

What the window does after the click, in one process with the engine loaded: the sample made, the analysis filled in and fitted, the page of
the best unit drawn. On a machine that does other things, too, the clock says little; on two free cores an analysis takes between half and
all of its seconds of the processors.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

import glmengine as ge
from glmengine.analysis.templates import Lesson, course, template_for
from glmengine.figures import draw
from glmengine.results.result import Result
from glmengine.simulation.catalogue import DEMO, sample

_MOST = 60.0
"""Seconds that a click may take on two free cores."""
Made = TypeVar("Made")


def _timed(work: Callable[[], Made]) -> tuple[Made, float]:
    started = time.process_time()
    return work(), time.process_time() - started


def _page(result: Result) -> None:
    scores = result.scores["deviance_explained_heldout"].fillna(-np.inf)
    draw(result, "unit", str(result.units[int(scores.values.argmax())]))


def _measure(lesson: Lesson) -> tuple[float, ...]:
    """Seconds of the processors for the sample, the fit and the page, and seconds by the clock."""
    started = time.perf_counter()
    recording, sampled = _timed(lambda: sample(lesson.sample))
    result, fitted = _timed(lambda: ge.run(template_for(lesson.asks, recording).analysis, recording))
    _, drawn = _timed(lambda: _page(result))
    return sampled, fitted, drawn, time.perf_counter() - started


def main(names: list[str]) -> None:
    ge.run(ge.demo_analysis(), sample(DEMO))  # what a window that is open has loaded
    print(
        f"{'question':24} {'sample':>7} {'fit':>7} {'page':>7} {'all':>7} {'clock':>7}   seconds (load {os.getloadavg()[0]:.1f})"
    )
    for lesson in course():
        if names and lesson.name not in names:
            continue
        *parts, clock = _measure(lesson)
        late = "" if sum(parts) < 2 * _MOST else "   too slow"
        print(f"{lesson.name:24} {' '.join(f'{one:7.1f}' for one in (*parts, sum(parts), clock))}{late}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
