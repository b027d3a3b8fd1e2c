"""Preferred value, depth and information of the tuning of each unit, from the curves that a result has of a term.

Of one variable: where the predicted rate is highest, for an angle the direction of the mean vector of rates (Mardia and Jupp 2000, section 2.2)
and its length. Of two: the centre of the field, the bins around the peak where the rate lies more than half way from its lowest to its highest.
Depth is (highest - lowest) / (highest + lowest). Information is sum p r/R log2(r/R) in bits a spike, p the share of time in a bin, r its rate,
R the mean rate (Skaggs et al. 1993).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.timegrid.angles import FULL_TURN, wrapped

if TYPE_CHECKING:
    import xarray as xr

_HALF = 0.5
_RATE = "Hz"


def goes_round(x: xr.DataArray) -> bool:
    """Whether the bins of a curve (equally spaced, with the attribute ``unit``) are angles that cover the whole circle."""
    values = np.asarray(x.values)
    if x.attrs.get("unit") != "rad" or len(values) < 3:
        return False
    return bool(np.isclose(np.ptp(values) * len(values) / (len(values) - 1), FULL_TURN, rtol=0.05))


def tuning_numbers(curve: xr.Dataset) -> xr.Dataset:
    """Numbers of the tuning of each unit to a term.

    Parameters
    ----------
    curve : Dataset
        One of `Result.curves`: ``tuning_hz`` (unit, one or two variables), ``occupancy_s`` over the variables.

    Returns
    -------
    Dataset (unit)
        ``preferred`` of one variable, ``centre_1`` and ``centre_2`` of two; ``vector_length`` of an angle; ``field_size`` of two variables of
        one unit of measure; ``peak``, ``depth``, and, of rates in Hz, ``information``. Each has the attributes ``unit`` and ``long_name``, an
        angle ``circular`` = 1. NaN for a unit that does not have the term, or whose curve is flat.
    """
    import xarray as xr

    rate = curve["tuning_hz"]
    axes = [curve[str(name)] for name in rate.dims if name != "unit"]
    values = np.asarray(rate.transpose("unit", *(axis.name for axis in axes)).values, np.float64)
    unit = str(rate.attrs.get("unit", _RATE))
    flat = values.reshape(len(values), -1)
    high, low = (_extreme(flat, pick) for pick in (np.fmax, np.fmin))
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = np.where(low >= 0, (high - low) / (high + low), np.nan)
    tuned = high > low
    found: dict[str, tuple[np.ndarray, str, str, bool]] = {}
    if len(axes) == 1:
        found |= _of_one(axes[0], values, tuned)
    else:
        found |= _of_two(axes, values, tuned, low, high)
    found["peak"] = (high, unit, "highest predicted rate" if unit == _RATE else "highest predicted activity", False)
    found["depth"] = (depth, "", "tuning depth", False)
    if unit == _RATE:
        found["information"] = (
            _information(flat, np.asarray(curve["occupancy_s"].values).ravel()),
            "bits/spike",
            "information",
            False,
        )
    arrays = {
        name: ("unit", array, {"unit": measure, "long_name": text, **({"circular": 1} if circular else {})})
        for name, (array, measure, text, circular) in found.items()
    }
    return xr.Dataset(arrays, {"unit": curve["unit"].values}, {"term": curve.attrs.get("term", "")})


def _extreme(values: np.ndarray, pick: np.ufunc) -> np.ndarray:
    return pick.reduce(values, axis=1, initial=np.nan)


def _of_one(axis: xr.DataArray, values: np.ndarray, tuned: np.ndarray) -> dict[str, tuple[np.ndarray, str, str, bool]]:
    x, unit, name = np.asarray(axis.values), str(axis.attrs.get("unit", "")), str(axis.attrs.get("long_name", axis.name))
    if goes_round(axis):
        vector, total = _mean_vector(x, values)
        with np.errstate(divide="ignore", invalid="ignore"):
            length = np.where(total > 0, np.abs(vector) / total, np.nan)
        direction = np.where(tuned & (total > 0), wrapped(np.angle(vector)), np.nan)
        return {
            "preferred": (direction, unit, f"preferred {name}", True),
            "vector_length": (length, "", "length of the mean vector", False),
        }
    best = np.nan_to_num(values, nan=-np.inf).argmax(axis=1)
    names = str(axis.attrs.get("names", "")).splitlines()
    if names:  # categories that have names
        preferred = np.array([names[int(x[at])] if is_tuned else "" for at, is_tuned in zip(best, tuned, strict=True)])
        return {"preferred": (preferred, "", f"preferred {name}", False)}
    return {"preferred": (np.where(tuned, x[best], np.nan), unit, f"preferred {name}", False)}


def _of_two(
    axes: list[xr.DataArray], values: np.ndarray, tuned: np.ndarray, low: np.ndarray, high: np.ndarray
) -> dict[str, tuple[np.ndarray, str, str, bool]]:
    centres, size = np.full((2, len(values)), np.nan), np.full(len(values), np.nan)
    turns = [goes_round(axis) for axis in axes]
    for unit in np.flatnonzero(tuned):
        field = _field(values[unit], low[unit] + _HALF * (high[unit] - low[unit]), turns)
        rate = np.where(field, np.nan_to_num(values[unit]), 0.0)
        size[unit] = field.sum()
        for place, axis in enumerate(axes):
            weight, x = rate.sum(axis=1 - place), np.asarray(axis.values, np.float64)
            centres[place, unit] = (
                wrapped(np.angle(weight @ np.exp(1j * x))) if turns[place] else weight @ x / max(weight.sum(), 1e-300)
            )
    units = [str(axis.attrs.get("unit", "")) for axis in axes]
    names = [str(axis.attrs.get("long_name", axis.name)) for axis in axes]
    found = {
        f"centre_{place + 1}": (centres[place], units[place], f"field centre in {names[place]}", turns[place]) for place in (0, 1)
    }
    steps = [float(np.ptp(axis.values)) / max(len(axis) - 1, 1) for axis in axes]
    if units[0] and units[0] == units[1] and not any(turns):
        found["field_size"] = (size * steps[0] * steps[1], f"{units[0]}²", "size of the field", False)
    return found


def _field(rate: np.ndarray, least: float, turns: list[bool]) -> np.ndarray:
    """The bins (K, L) that hang together with the peak and have at least this rate; an angle is followed around the circle."""
    from scipy.ndimage import label

    known = np.nan_to_num(rate, nan=-np.inf)
    peak = np.unravel_index(known.argmax(), known.shape)
    shift = [size // 2 - int(at) if turn else 0 for size, at, turn in zip(known.shape, peak, turns, strict=True)]
    parts, _ = label(np.roll(known, shift, (0, 1)) >= least)
    own = parts == parts[int(peak[0]) + shift[0], int(peak[1]) + shift[1]]
    return np.roll(own, [-step for step in shift], (0, 1))


def _mean_vector(angles: np.ndarray, rates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(M,) complex sum of rates (M, K) by direction and their sum, both over the bins that are known."""
    known = np.where(np.isfinite(rates), rates, 0.0)
    return known @ np.exp(1j * np.asarray(angles, np.float64)), known.sum(axis=1)


def _information(rates: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """(M,) bits a spike of rates (M, K) in bins that were visited for so long (K,)."""
    known = np.isfinite(rates) & (seconds > 0)
    share = np.where(known, seconds, 0.0)
    share = share / np.maximum(share.sum(axis=1, keepdims=True), 1e-300)
    rate = np.where(known, rates, 0.0)
    mean = (share * rate).sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = rate / mean
        parts = np.where(relative > 0, share * relative * np.log2(relative), 0.0)
    return np.where((mean[:, 0] > 0) & known.any(axis=1), parts.sum(axis=1), np.nan)
