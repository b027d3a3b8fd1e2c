"""Repairs of covariates: units of measure, angles, and samples that were lost, each with a note."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from glmengine.io.files.repair import Repair
from glmengine.io.lost_samples import MINUS_ONE, is_lost, is_no_angle, lost_values, must_be_lost
from glmengine.io.quantity import TURNS, kind_of, turn_of, turn_seen, turns_in_another_unit
from glmengine.io.raw import RawSeries
from glmengine.io.time_order import in_time_order
from glmengine.recording.covariate_names import TRACKED_NAME
from glmengine.recording.doubt import Note
from glmengine.sentences import numbered, percent
from glmengine.timegrid.angles import FULL_TURN

KNOWN_TURNS = (1.0, 256.0, 400.0, 1000.0, 1024.0, 3600.0, 4096.0, 36_000.0)
"""What a turn is where an angle is counted in turns, gradians, parts of a degree or steps of an encoder."""

LARGEST_ARENA = 30.0
"""Metres."""

UNITS_OF_MEASURE = {
    "radians": "rad", "radian": "rad", "degrees": "deg", "degree": "deg", "°": "deg", "meters": "m", "meter": "m", "metres": "m", "metre": "m",
    "centimeters": "cm", "centimeter": "cm", "centimetres": "cm", "millimeters": "mm", "millimetres": "mm", "pixel": "pixels", "px": "pixels",
    "seconds": "s", "second": "s", "volts": "V", "amperes": "A", "hertz": "Hz", "watts": "W", "n.a.": "", "na": "", "n/a": "", "unknown": "", "none": "", "unit": "",
}  # fmt: skip


def clean_series(series: RawSeries, near: tuple[float, float], notes: list[str]) -> RawSeries | None:
    """The covariate in time order, in its unit of measure, without lost samples; None where no time of it is valid."""
    series = in_time_order(series, near, notes)
    if not len(series.times):
        notes.append(f"{series.name} has no valid time and was left out.")
        return None
    unit = series.unit.strip()
    unit = UNITS_OF_MEASURE.get(unit.lower(), unit)
    kind = series.kind or kind_of(series, unit)
    if series.stored is not None:
        return _clean_stored(series, kind, unit, notes)
    if kind == "continuous" and unit in ("rad", "deg"):
        notes.append(f"{series.name} in {unit} does not go round a circle: it is taken as a quantity on a line.")
    repair = _repair_of(series.name, series.values, kind, unit, notes)
    values = repair.apply(series.values)
    notes += _doubt_of_metres(series.name, values, unit)
    if kind in ("continuous", "angle"):
        missing = np.isnan(values)
        if missing.all():
            notes.append(f"{series.name} has no valid value: a term on it cannot be fitted.")
        elif missing.any():
            gone = missing.any(axis=1) if missing.ndim > 1 else missing  # a place of which one coordinate is missing is not known
            share = percent(max(gone.mean(), 0.001), 1)
            notes.append(f"{series.name}: {share} of its samples are missing; bins in longer gaps are not used.")
    return replace(series, values=values, unit="rad" if kind == "angle" else unit, kind=kind)


def _clean_stored(series: RawSeries, kind: str, unit: str, notes: list[str]) -> RawSeries:
    """What is done to a series that stays in its file is decided by some of its samples, and done whenever it is read."""
    looked: list[str] = []
    repair = _repair_of(series.name, series.values, kind, unit, looked)
    values = repair.apply(series.values)
    size = 8 * len(series.stored) * series.stored.width
    notes.append(
        f"{series.name} is large ({size / 2**30:.1f} GB): it stays in the file and is read where it is used; "
        f"what is said of its values comes from {len(values):,} of its {len(series.stored):,} samples."
    )
    # counts of a few samples would mislead
    notes += [note for note in looked if "taken as missing" not in note]
    if values.dtype.kind == "f" and np.isnan(values).any():
        notes.append(f"{series.name}: some of its values are missing; bins in longer gaps are not used.")
    stored = replace(series.stored, repair=repair, seen=(series.times, values))
    return replace(series, values=values, unit="rad" if kind == "angle" else unit, kind=kind, stored=stored)


def _repair_of(name: str, values: np.ndarray, kind: str, unit: str, notes: list[str]) -> Repair:
    """What is to be done to the values, with a note for each thing that changes any."""
    if kind not in ("continuous", "angle"):
        return Repair(kind)
    values = values.astype(np.float64)
    infinite = np.isinf(values)
    if infinite.any():
        values[infinite] = np.nan
        notes.append(f"{name}: {numbered(infinite.sum(), 'infinite value')} taken as missing.")
    lost = _lost(name, values, kind, unit, notes)
    repair = Repair(kind, lost=lost)
    if kind == "angle":
        finite = values[np.isfinite(values)]
        if unit in TURNS and turns_in_another_unit(values, unit):
            said, unit = unit, "rad" if unit == "deg" else "deg"
            notes.append(
                f"{name} is said to be in {said}, but goes round in {unit}, from {finite.min():.4g} to {finite.max():.4g}: taken as {unit}."
            )
        repair = replace(repair, degrees=unit == "deg" or (unit != "rad" and len(finite) > 0 and turn_of(finite) == 360.0))
        notes += _doubt_of_turn(name, values, "deg" if repair.degrees else "rad")
        if repair.degrees:
            notes.append(f"{name} was turned from degrees into radians.")
        elif unit != "rad":
            notes.append(f"{name} is taken as an angle in radians.")
        turned = np.deg2rad(finite) if repair.degrees else finite
        if len(turned) and (turned.min() < 0 or turned.max() >= FULL_TURN):
            notes.append(f"{name} was brought to the range from 0 to 2 pi.")
    return repair


def _doubt_of_turn(name: str, values: np.ndarray, unit: str) -> list[str]:
    """What is to be said of angles that come round after another turn than that of their unit: turns, gradians, steps of an encoder."""
    seen, turn = turn_seen(values) if values.ndim == 1 else None, TURNS[unit]
    if seen is None or 0.9 * turn < seen < 1.1 * turn:
        return []
    said = "2 pi" if unit == "rad" else "360"
    known = min(KNOWN_TURNS, key=lambda one: abs(one - seen))
    in_recipe = in_dialog = "give it in degrees"
    if abs(known - seen) < 0.03 * known:
        scale = f"{360 / known:.10g}"
        in_recipe, in_dialog = f'give unit = "deg" and scale = {scale}', f"give the 'Unit of measure' deg and the 'Scale' {scale}"
    leaps = f"{name} leaps from one end of its values to the other, {seen:.4g} away, as if that were a whole turn, which in {unit} is {said}: if it is,"
    half = "if it is an orientation, which comes round after half a turn, choose functions on a circle of that length."
    return [Note(f"{leaps} {in_recipe} in a recipe; {half}", f"{leaps} {in_dialog}; {half}")]


def _doubt_of_metres(name: str, values: np.ndarray, unit: str) -> list[str]:
    """What is to be said of a place that reaches further in metres than any arena: NWB writes metres where nothing else was said."""
    if unit != "m" or not TRACKED_NAME.search(name) or not np.isfinite(values).any():
        return []
    low, high = np.nanquantile(values, [0.01, 0.99], axis=0)
    reach = float(np.max(high - low))
    if reach <= LARGEST_ARENA:
        return []
    asked = f"{name} reaches over {reach:.3g} m: is its unit cm or pixels, and metres what the file says where nobody said anything? If so,"
    wrong = "speeds and widths in it are as wrong as the unit is."
    return [
        Note(
            f'{asked} say unit = "cm" for it in a recipe, or write the file again; {wrong}',
            f"{asked} give its 'Unit of measure'; {wrong}",
        )
    ]


def _lost(name: str, values: np.ndarray, kind: str, unit: str, notes: list[str]) -> tuple[tuple[float, ...], ...]:
    """What lost samples are written as, which are taken as missing in `values`; what may be one in a series that is no place is said."""
    rows = values.reshape(len(values), -1)
    taken = []
    for lost in lost_values(values):
        mine = is_lost(rows, [lost])
        known = [one for one in lost if np.isfinite(one)]
        written = f"{known[0]:g}" if len(set(known)) == 1 else f"({', '.join(f'{one:g}' for one in lost)})"
        if len(known) < len(lost):
            written += f" in component {1 + int(np.flatnonzero(np.isfinite(lost))[0])}"
        minus_one = set(known) == {MINUS_ONE}
        if minus_one or must_be_lost(name, unit, lost) or (kind == "angle" and is_no_angle(known[0])):
            values[mine] = np.nan
            taken.append(lost)
            where = "" if minus_one else f" ({percent(mine.mean(), 1)}), far from all others,"
            notes.append(f"{name}: {numbered(int(mine.sum()), 'sample')} of exactly {written}{where} taken as missing.")
        elif mine.mean() <= 0.5:  # what is the same most of the time is what it is
            exactly = f"{name}: {numbered(int(mine.sum()), 'sample')} ({percent(mine.mean(), 1)}) are exactly {written}, far from all others: if they were lost,"
            notes.append(
                Note(
                    f"{exactly} say missing = [{known[0]:g}] for it in a recipe, or leave them out with a condition on it.",
                    f"{exactly} give {known[0]:g} in its 'Missing' (More options), or leave them out with a condition on it.",
                )
            )
    return tuple(taken)
