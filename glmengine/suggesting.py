"""A first draft of a recipe: which array is spike times, time base, position or angle, found from names, shapes and values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from glmengine.errors import GlmError
from glmengine.recipes import Arrays, Counts, Measured, Recipe, Spikes

SPIKE_NAME = re.compile(r"spike|spk|^ts$|^st$|unit|cell|neuron", re.IGNORECASE)
OWNER_NAME = re.compile(r"clu|unit|cell|neuron|^id$|_id$", re.IGNORECASE)
TIME_NAME = re.compile(r"^t$|time|stamp|^ts$", re.IGNORECASE)
ANGLE_NAME = re.compile(r"(^|_)(hd|heading|angle|phase|yaw|azimuth)|head.*dir|direction", re.IGNORECASE)
AXIS_NAME = re.compile(r"^(?P<head>.*?)(?P<axis>[xyzXYZ])(?P<tail>[_ ]?\d*(?:_?pos(?:ition)?)?)$")
COUNT_NAME = re.compile(r"count|spike|binned", re.IGNORECASE)


@dataclass(frozen=True)
class Draft:
    """A recipe that may need correction.

    Attributes
    ----------
    recipe : Recipe
    reasons : tuple of str
        What was decided and why, one sentence each, and what is doubtful.
    """

    recipe: Recipe
    reasons: tuple[str, ...]

    def to_toml(self) -> str:
        """The recipe as TOML with the reasons as comments at its head, and a place for each unit of measure that is not known."""
        head, *covariates = self.recipe.to_toml().rstrip("\n").split("\n\n[[covariates]]")
        covariates = [block if "\nunit = " in block else f'{block}\n# unit = "cm"' for block in covariates]
        return "".join(f"# {reason}\n" for reason in self.reasons) + "\n\n[[covariates]]".join([head, *covariates]) + "\n"


def draft_recipe(path: str | Path) -> Draft:
    """Propose a recipe for a file without a standard.

    Raises
    ------
    GlmError
        If the file has a standard and needs none, or nothing in it looks like spikes or counts.
    """
    from glmengine.opening import arrays_of

    path = Path(path)
    try:
        return suggest(arrays_of(path))
    except GlmError as error:
        if path.name in error.message:
            raise
        raise GlmError(f"{path.name}: {error.message}", field=error.field) from error


def suggest(arrays: Arrays) -> Draft:
    """Propose what named arrays are; raises `GlmError` where none looks like spikes or counts."""
    reasons: list[str] = []
    vectors = {name: np.ravel(values).astype(np.float64) for name, values in arrays.items() if _is_vector(values)}
    bases = _time_bases(vectors)
    spikes = _spikes(arrays, vectors, bases, reasons)
    counts = None if spikes is not None else _counts(arrays, bases, reasons)
    if spikes is None and counts is None:
        have = ", ".join(f"{name} {shape_of(values)}" for name, values in list(arrays.items())[:12]) or "nothing"
        raise GlmError(f"nothing in it looks like spike times or counts; write a recipe by hand, it holds: {have}")
    used = {spikes.times, spikes.units} if spikes is not None else set(counts.values)
    covariates = _covariates(arrays, bases, used | set(bases), spikes, vectors, reasons)
    return Draft(Recipe(spikes=spikes, counts=counts, covariates=tuple(covariates)), tuple(reasons))


def shape_of(values: np.ndarray | list[np.ndarray]) -> str:
    """How large an array is, in words that fit a list."""
    return f"({len(values)} cells)" if isinstance(values, list) else "x".join(map(str, values.shape)) or "one value"


def _is_vector(values: np.ndarray | list[np.ndarray]) -> bool:
    return not isinstance(values, list) and values.dtype.kind in "uif" and values.size > 1 and max(values.shape) == values.size


def _time_bases(vectors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Vectors that rise in nearly equal steps, those with a name of time first."""
    found = {}
    for name, values in vectors.items():
        steps = np.diff(values)
        if not np.isfinite(values).all() or not (steps > 0).all():
            continue
        regular = np.quantile(steps, 0.9) <= 1.2 * np.median(steps)
        partner = any(other != name and len(vectors[other]) == len(values) for other in vectors)
        if regular and partner and (TIME_NAME.search(name) or len(values) > 100):
            found[name] = values
    return dict(sorted(found.items(), key=lambda item: not TIME_NAME.search(item[0])))


def _spikes(
    arrays: Arrays, vectors: Mapping[str, np.ndarray], bases: Mapping[str, np.ndarray], reasons: list[str]
) -> Spikes | None:
    cells = [
        name for name, values in arrays.items() if isinstance(values, list) and all(np.isfinite(cell).all() for cell in values)
    ]
    cells = sorted(
        (name for name in cells if any(len(cell) > 1 for cell in arrays[name])), key=lambda name: not SPIKE_NAME.search(name)
    )
    if cells:
        reasons.append(f"'{cells[0]}' is a cell array of {len(arrays[cells[0]])} vectors: one unit a cell.")
        times = np.concatenate([np.ravel(cell).astype(np.float64) for cell in arrays[cells[0]]])
        return Spikes(times=cells[0], **_clock(times, bases, reasons))
    rising = [
        name
        for name, values in vectors.items()
        if name not in bases and np.isfinite(values).all() and (np.diff(values) >= 0).all()
    ]
    named = [name for name in rising if SPIKE_NAME.search(name)]
    if not (named or rising):
        return None
    best = (named or rising)[0]
    doubt = "" if named else " because it rises in unequal steps; its name does not say so"
    reasons.append(f"'{best}' is taken as spike times{doubt}.")
    owners = ""
    for name, values in vectors.items():
        if (
            name != best
            and name not in bases
            and len(values) == len(vectors[best])
            and OWNER_NAME.search(name)
            and np.array_equal(values, np.rint(values))
        ):
            owners = name
            reasons.append(
                f"'{name}' says which unit fired: it is as long as the spike times and holds {len(np.unique(values))} numbers."
            )
            break
    return Spikes(times=best, units=owners, **_clock(vectors[best], bases, reasons))


def _clock(times: np.ndarray, bases: Mapping[str, np.ndarray], reasons: list[str]) -> dict[str, object]:
    """The unit of spike times, from how far they reach compared with the time base."""
    last = float(np.nanmax(times)) if len(times) else 0.0
    whole = bool(len(times)) and np.array_equal(times, np.rint(times))
    if bases:
        reach = float(next(iter(bases.values()))[-1])
        for unit, factor in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
            if reach > 0 and 0.5 < last / (reach * factor) < 1.5:
                if unit != "s":
                    reasons.append(f"Spike times are taken as {unit}: they reach {last:.6g}, the time base {reach:.6g} s.")
                return {"time_unit": unit}
        if whole and reach > 0 and last > 2 * reach:
            rate = _usual_rate(last / reach)
            reasons.append(f"Spike times are whole numbers up to {last:.0f}: taken as samples at {rate:g} Hz. Check the rate.")
            return {"time_unit": "samples", "rate": rate}
    elif whole and last > 1e5:
        reasons.append("Spike times are large whole numbers: taken as samples at 30000 Hz. Check the rate.")
        return {"time_unit": "samples", "rate": 30000.0}
    return {}


def _usual_rate(estimate: float) -> float:
    usual = np.array([1e3, 1250, 1e4, 1.25e4, 2e4, 2.4414e4, 2.5e4, 3e4, 32552.0, 3.2e4, 4e4, 4.8e4, 5e4])
    nearest = float(usual[np.argmin(np.abs(np.log(usual / estimate)))])
    return nearest if abs(np.log(nearest / estimate)) < 0.1 else float(f"{estimate:.4g}")


def _counts(arrays: Arrays, bases: Mapping[str, np.ndarray], reasons: list[str]) -> Counts | None:
    for name, values in arrays.items():
        if (
            isinstance(values, list)
            or values.ndim != 2
            or values.dtype.kind not in "uif"
            or min(values.shape) < 1
            or not COUNT_NAME.search(name)
        ):
            continue
        base = next((base for base, times in bases.items() if len(times) in values.shape), "")
        reasons.append(
            f"'{name}' is taken as counts per bin, one column a unit"
            + (f", at the times '{base}'." if base else "; its bins are taken as 10 ms: check it.")
        )
        return Counts(values=(name,), times=base, rate=None if base else 100.0)
    columns = {name: np.ravel(values) for name, values in arrays.items() if _is_vector(values) and COUNT_NAME.search(name)}
    whole = [name for name, values in columns.items() if (values >= 0).all() and np.array_equal(values, np.rint(values))]
    base = next(iter(bases), "")
    if whole and base and all(len(columns[name]) == len(bases[base]) for name in whole):
        reasons.append(
            f"{len(whole)} columns of whole numbers named like counts are taken as counts per bin, at the times '{base}'."
        )
        return Counts(values=tuple(whole), times=base)
    return None


def _covariates(
    arrays: Arrays,
    bases: Mapping[str, np.ndarray],
    used: set[str],
    spikes: Spikes | None,
    vectors: Mapping[str, np.ndarray],
    reasons: list[str],
) -> list[Measured]:
    by_length = {len(times): name for name, times in reversed(list(bases.items()))}
    found: list[Measured] = []
    axes: dict[tuple[str, str], dict[str, str]] = {}
    for name, values in arrays.items():
        if name in used or isinstance(values, list) or values.dtype.kind not in "buif":
            continue
        base = next((by_length[length] for length in values.shape if length in by_length), None)
        if base is None:
            continue
        axis = AXIS_NAME.match(name)
        if axis and name in vectors:
            axes.setdefault((axis["head"], axis["tail"]), {})[axis["axis"].lower()] = name
            continue
        found.append(_measured(name, values, base, reasons))
    for group in axes.values():
        names = [group[axis] for axis in "xyz" if axis in group]
        base = by_length[len(vectors[names[0]])]
        if len(names) == 1:
            found.append(_measured(names[0], vectors[names[0]], base, reasons))
            continue
        taken = {item.name for item in found}
        name = "position" if "position" not in taken else f"position_{len(taken) + 1}"
        found.append(
            Measured(name=name, values=tuple(names), components=tuple(axis for axis in "xyz" if axis in group), times=base)
        )
        reasons.append(f"{' and '.join(names)} are taken as a position; give its unit.")
    return found


def _measured(name: str, values: np.ndarray, base: str, reasons: list[str]) -> Measured:
    flat = np.ravel(values).astype(np.float64)
    finite = flat[np.isfinite(flat)]
    title = re.sub(r"\W+", "_", name).strip("_") or "covariate"
    if ANGLE_NAME.search(name) and len(finite):
        unit = "deg" if np.abs(finite).max() > 2 * np.pi + 1e-3 else "rad"
        reasons.append(f"'{name}' is taken as an angle in {'degrees' if unit == 'deg' else 'radians'}, by its name and range.")
        return Measured(name=title, values=(name,), times=base, unit=unit, kind="angle")
    return Measured(name=title, values=(name,), times=base)
