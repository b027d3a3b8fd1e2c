"""Units that run away when a fitted model feeds itself: which, when, through which filter, and the usual remedies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glmengine.analysis.remedies import Advice, Remedy
from glmengine.fitting.coefficients import Coefficients
from glmengine.sentences import capitalised
from glmengine.simulation.closed_loop import ClosedLoop

CEILING_HZ = 1000.0
"""No neuron fires faster for long."""


@dataclass(frozen=True)
class Runaway:
    """One unit.

    Attributes
    ----------
    unit, source : str
        Whose rate ran away, and whose counts drive it most; often the same.
    repeats : int
        In how many repeats.
    time : float
        The earliest, in seconds.
    gain : float
        Counts that one count of the source brings in all.
    peak, lag : float
        Largest factor of the rate (of a signal: largest weight) in the source's filter, and its lag in seconds.
    remedy : Advice
    edits : tuple of Remedy
        What of the remedy is an edit of the analysis.
    """

    unit: str
    source: str
    repeats: int
    time: float
    gain: float
    peak: float
    lag: float
    remedy: Advice
    edits: tuple[Remedy, ...] = ()

    @property
    def through(self) -> str:
        """What drives it, in words."""
        return "its own counts" if self.unit == self.source else f"the counts of unit {self.source}"

    def __str__(self) -> str:
        return (
            f"Unit {self.unit} ran away in {self.repeats} repeat{'' if self.repeats == 1 else 's'}, first at {self.time:.2f} s, through {self.through}: "
            f"each count adds {self.gain:.2g} counts in all at the mean rate, and makes the rate at most {self.peak:.3g} times as high, {1000 * self.lag:.3g} ms later. "
            f"{capitalised(str(self.remedy))}."
        )


def loop_gains(loop: ClosedLoop, model: Coefficients, mean: np.ndarray) -> np.ndarray:
    """(M, M) expected counts of each unit (first axis) that one count of each source brings, in the quasi-renewal approximation.

    Of a log link the mean count times the sum of exp(filter) - 1, else what the filter adds at the mean (Gerhard, Deger & Truccolo 2017). A
    model whose largest eigenvalue is above 1 may run away.

    Parameters
    ----------
    mean : (M,) array
        Counts per bin.
    """
    units = len(model.units)
    total = np.zeros((units, units))
    for one in loop.loops:
        strength = 1.0 if one.gain is None else float(np.nanmean(one.gain))
        filters = strength * one.filters
        if model.link.name == "log":
            added = np.expm1(np.minimum(filters, 50.0)).sum(axis=1) * mean
        else:
            with np.errstate(divide="ignore", invalid="ignore"):
                slope = np.asarray(model.link.slopes(np.asarray(model.link.eta(np.maximum(mean, 1e-12))))[1])
            added = filters.sum(axis=1) * np.nan_to_num(slope)
        total += added.T
    return total


def ceilings(model: Coefficients, counts: np.ndarray | None, bin_size: float) -> np.ndarray:
    """(M,) means that no unit reaches but by running away: 1000 Hz, or ten times what was counted in a bin; of a signal a hundred times its largest."""
    units = len(model.units)
    largest = np.zeros(units)
    if counts is not None and len(counts):
        largest = np.nan_to_num(np.nanmax(np.abs(np.where(np.isfinite(counts), counts, 0.0)), axis=0))
    if model.family.binary:
        return np.full(units, 0.99)
    if model.family.counts:
        return np.maximum(CEILING_HZ * bin_size, 10.0 * largest)
    return np.where(largest > 0, 100.0 * largest, 1e9)


def runaways(
    loop: ClosedLoop, model: Coefficients, gains: np.ndarray, first: np.ndarray, times: np.ndarray, bin_size: float
) -> tuple[Runaway, ...]:
    """What is to be said of the rows (R, M) in which units first ran away, -1 where they did not; the unit of the most repeats first."""
    found = []
    for unit in np.argsort(-(first >= 0).sum(axis=0), kind="stable"):
        rows = first[:, unit][first[:, unit] >= 0]
        if not len(rows):
            break
        source = int(np.argmax(gains[unit]))
        filters = [(1.0 if one.gain is None else float(np.nanmax(one.gain))) * one.filters[source, :, unit] for one in loop.loops]
        kernel = np.sum([np.pad(one, (0, loop.n_lags - len(one))) for one in filters], axis=0) if filters else np.zeros(1)
        place = int(np.argmax(kernel))
        found.append(
            Runaway(
                unit=model.units[unit],
                source=model.units[source],
                repeats=len(rows),
                time=float(times[rows.min()]),
                gain=float(gains[unit, source]),
                peak=float(np.exp(min(kernel[place], 50.0))) if model.link.name == "log" else float(kernel[place]),
                lag=(place + 1) * bin_size,
                remedy=_remedy(model, loop),
                edits=_edits(model, loop),
            )
        )
    return tuple(found)


def _edits(model: Coefficients, loop: ClosedLoop) -> tuple[Remedy, ...]:
    """A refractory time and a link that grows slowly, where the model has them not."""
    edits = []
    if model.family.of_spikes and not loop.refractory.any():
        edits.append(Remedy("refractory"))
    if model.link.name != "softplus" and "softplus" in model.family.links:
        edits.append(Remedy("softplus"))
    return tuple(edits)


def _remedy(model: Coefficients, loop: ClosedLoop) -> Advice:
    words = {
        "refractory": "give the history a refractory time",
        "softplus": "choose the softplus link, which does not grow without bound",
    }
    offers = [*(words[edit.kind] for edit in _edits(model, loop)), "penalise the filter more"]
    return Advice(offers[0], f", or {offers[1]}" if len(offers) > 1 else "")
