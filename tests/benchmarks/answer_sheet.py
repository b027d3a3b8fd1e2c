"""The answer sheet of a population: time to the first unit, to all of them, of each stage, and how many times NeMoS with a grid search would take.

    python tests/benchmarks/answer_sheet.py [--units 100] [--hours 1] [--workers N] [--nemos] [--head-direction FOLDER]

Simulated units in a box, 20 ms bins, with position, head direction, speed and history as candidates; some follow one of them, some several, some
none. NeMoS fits the 15 models that have some of the four terms, each with `GridSearchCV` over four strengths and five folds, to one unit.

Measured of four units of an hour in one process, on a busy machine, in CPU s: the sheet 3.5 a unit (14 in all); NeMoS on one unit 100 for the model with position alone and 32 for
that with direction alone. So these two of its 15 models take 38 times as many as the whole sheet; the other 13 were not waited for. Of a quarter of an hour
(`--units 4 --hours 0.25 --workers 1`): the sheet 2 a unit (8 in all), NeMoS on one unit 60 with position, 41 with direction and 51 with speed alone: three of its 15 models take 76 times
as many.
"""

from __future__ import annotations

import argparse
import os
import time
from itertools import combinations
from pathlib import Path

import numpy as np

import glmengine as ge
from glmengine.backend.jax_runtime import configure
from glmengine.context import CallbackContext
from glmengine.parallel.unused_libraries import spare_dask, spare_libraries
from glmengine.recording.recording import Covariate, Recording
from glmengine.simulation.samples.session import BOX, forage
from glmengine.simulation.spike_counts import spikes_from_counts

BIN_SIZE = 0.02


def population(units: int, seconds: float, seed: int = 0) -> Recording:
    """Units of which a fifth follow nothing, and the others position, direction, speed or two of them, all of them refractory."""
    import pynapple as nap

    random = np.random.default_rng(seed)
    n = round(seconds / BIN_SIZE)
    times = (np.arange(n) + 0.5) * BIN_SIZE
    x, y, direction = forage(n, BIN_SIZE, random)
    speed = np.hypot(np.gradient(x), np.gradient(y)) / BIN_SIZE
    counts = np.zeros((n, units), np.int64)
    for unit in range(units):
        log_rate = np.full(n, np.log(random.uniform(1.0, 5.0)))
        kind = unit % 5
        if kind in (0, 1):
            cx, cy = random.uniform(15, BOX - 15, 2)
            log_rate += 2.5 * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * 14.0**2)) - 0.5
        if kind in (1, 2):
            log_rate += 1.0 * np.cos(direction - random.uniform(0, 2 * np.pi))
        if kind == 3:
            log_rate += 0.4 * (np.clip(speed, 0, 40) - 14) / 10
        counts[:, unit] = random.random(n) < 1 - np.exp(-np.exp(log_rate) * BIN_SIZE)
        for row in np.flatnonzero(counts[:, unit]):  # a bin of refractoriness
            if row and counts[row - 1, unit]:
                counts[row, unit] = 0
    support = nap.IntervalSet(0.0, seconds)
    position = nap.TsdFrame(t=times, d=np.column_stack([x, y]), columns=["x", "y"], time_support=support)
    return Recording(
        name=f"{units} units",
        unit_names=tuple(f"u{unit:03d}" for unit in range(units)),
        spikes=spikes_from_counts(counts, BIN_SIZE, random),
        covariates={
            "position": Covariate("position", position, "cm", "continuous", "position"),
            "head_direction": Covariate(
                "head_direction", nap.Tsd(t=times, d=direction, time_support=support), "rad", "angle", "head direction"
            ),
            "speed": Covariate("speed", nap.Tsd(t=times, d=speed, time_support=support), "cm/s", "continuous", "speed"),
        },
        epochs={"all": support},
    )


def question(recording: Recording) -> ge.Analysis:
    """Position, direction, speed and history in bins of 20 ms."""
    from glmengine.answers.question import question_for

    analysis = question_for(recording)
    return analysis.with_(time=analysis.time.with_(bin_size=BIN_SIZE))


def measure(
    recording: Recording, analysis: ge.Analysis | None, shifts: int = 200, workers: int | None = None
) -> tuple[ge.AnswerSheet, float, float]:
    """Make the sheet, and print when the first unit and all of them were there: the sheet, seconds and processor seconds."""
    seen: list[float] = []
    before, began = sum(os.times()[:4]), time.perf_counter()  # of this process and its children
    sheet = ge.explain(
        recording,
        analysis,
        shifts=shifts,
        report=lambda *_: seen.append(time.perf_counter() - began),
        workers=workers,
        context=CallbackContext(),
    )
    wall = time.perf_counter() - began
    cpu = sum(os.times()[:4]) - before
    print(
        f"{recording.name}: first unit after {seen[0]:.1f} s, all {len(recording.unit_names)} after {wall:.1f} s, {cpu:.0f} CPU s"
    )
    for note in sheet.notes:
        if "CPU s" in note or "Seconds" in note:
            print("  ", note)
    return sheet, wall, cpu


def nemos_seconds(recording: Recording, analysis: ge.Analysis, unit: str) -> tuple[float, float]:
    """Seconds and processor seconds of NeMoS for the 15 models of one unit, with a grid search each."""
    import jax
    import nemos as nmo
    from sklearn.model_selection import GridSearchCV

    from glmengine.design.prepare import prepare

    prepared = prepare(analysis.with_(units=analysis.units.with_(names=(unit,))), recording)
    design, valid = prepared.design, np.asarray(prepared.design.valid)
    values, y = design.dense()[valid], np.asarray(prepared.counts)[valid, 0]
    parts = list(design.slices.values())
    seconds = cpu = 0.0
    for size in range(1, len(parts) + 1):
        for chosen in combinations(parts, size):
            search = GridSearchCV(
                nmo.glm.GLM(regularizer="Ridge", solver_name="LBFGS"), {"regularizer_strength": [1e-5, 1e-4, 1e-3, 1e-2]}, cv=5
            )
            columns = np.hstack([values[:, part] for part in chosen])
            began, before = time.perf_counter(), time.process_time()
            search.fit(columns, y)
            seconds, cpu = seconds + time.perf_counter() - began, cpu + time.process_time() - before
            print(f"   {size} terms: {seconds:.0f} s, {cpu:.0f} CPU s so far", flush=True)
            jax.clear_caches()  # each search compiles anew, and without this the memory for it runs out
    return seconds, cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=100)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--shifts", type=int, default=200)
    parser.add_argument("--workers", type=int, help="processes; where not given as the command takes")
    parser.add_argument("--nemos", action="store_true", help="time NeMoS on one unit too")
    parser.add_argument("--head-direction", type=Path, help="folder of a recording of head-direction cells, three terms")
    options = parser.parse_args()
    configure()  # as the command does
    spare_libraries()
    spare_dask()
    recording = population(options.units, 3600 * options.hours)
    analysis = question(recording)
    sheet, seconds, cpu = measure(recording, analysis, options.shifts, options.workers)
    print(sheet.units["terms"].to_series().value_counts().to_string())
    if options.head_direction:
        cells = ge.open_recording(options.head_direction)
        print(measure(cells, None, options.shifts, options.workers)[0])
    if options.nemos:
        one, worked = nemos_seconds(recording, analysis, recording.unit_names[0])
        print(
            f"NeMoS: {one:.0f} s, {worked:.0f} CPU s for one unit; for all of them {one * options.units / seconds:.0f} times the sheet's, "
            f"{worked * options.units / cpu:.0f} times its CPU s"
        )


if __name__ == "__main__":
    main()
