"""Bootstrap of fits over blocks of time or over trials."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from glmengine.argument_kinds import takes_only_its_kinds
from glmengine.context import SILENT, Context, Progress
from glmengine.errors import GlmError
from glmengine.fitting.fit import fit
from glmengine.fitting.fit_result import Fit
from glmengine.fitting.found_strengths import asks_for_reml
from glmengine.fitting.inputs import read_inputs, read_per_row
from glmengine.freed_memory import give_back
from glmengine.models import Penalty, Ridge, get_family
from glmengine.sentences import numbered

ROOM_OF_ROWS, ROOM_OF_DRAWS = 0.6, 0.3
"""Shares of the memory: that of the rows of a fit, and of the observations and weights of the draws that are fitted together."""

FEWEST_BLOCKS = 10
"""Blocks (trials) below which drawing them again says little of what others would have been."""

KINDS = ("percentile", "studentised")


@dataclass(frozen=True)
class Blocks:
    """Rows that are drawn together.

    Attributes
    ----------
    number : (T,) int array
        Of the block of each row, -1 for rows that are not used.
    count : int
    """

    number: np.ndarray
    count: int

    def weights(self, draw: int, seed: int) -> np.ndarray:
        """(T,) how often each row is drawn; the same for a draw whatever else is drawn."""
        random = np.random.default_rng([seed, draw])
        times = np.bincount(random.integers(0, self.count, self.count), minlength=self.count).astype(np.float64)
        return np.where(self.number >= 0, times[np.maximum(self.number, 0)], 0.0)


def make_blocks(valid: np.ndarray, stretch: np.ndarray | None = None, length: int | None = None) -> Blocks:
    """Cut the used rows into blocks.

    Parameters
    ----------
    valid : (T,) bool
    stretch : (T,) int array, optional
        Epochs or trials, whose borders no block crosses; -1 for rows that are not used. One where not given.
    length : int, optional
        Rows of a block, about; each stretch is one block (a trial) where not given.

    Raises
    ------
    GlmError
        If there are fewer than `FEWEST_BLOCKS`.
    """
    given = read_per_row(stretch, "stretch", (valid.size, 1))
    stretch = np.zeros(valid.size, int) if given is None else given
    rows = np.flatnonzero(valid & (stretch >= 0))
    order = rows[np.argsort(stretch[rows], kind="stable")]
    parts = np.split(order, np.flatnonzero(np.diff(stretch[order])) + 1) if order.size else []
    if length is not None:
        if length < 1:
            raise GlmError("length: a block is one bin at least; give a time above 0", field="length")
        parts = [block for part in parts for block in np.array_split(part, max(1, round(part.size / length)))]
    if len(parts) < FEWEST_BLOCKS:
        what = "trial" if length is None else "block"
        raise GlmError(
            f"bootstrap: {numbered(len(parts), what)} with usable bins, {FEWEST_BLOCKS} at least are needed; "
            + ("draw blocks of time" if length is None else "give shorter blocks"),
            field="length",
        )
    number = np.full(valid.size, -1)
    for place, part in enumerate(parts):
        number[part] = place
    return Blocks(number, len(parts))


@dataclass(frozen=True)
class Bootstrap:
    """Fits of M units with P features to B draws.

    Attributes
    ----------
    estimate : Fit
        Of the data as they are.
    coef, standard_errors : (B, P, M) array
        NaN where a draw leaves a unit without a fit.
    intercept, intercept_se : (B, M) array
    n_blocks : int
    at_once : int
        Draws that were fitted together.
    notes : tuple of str
    """

    estimate: Fit
    coef: np.ndarray
    standard_errors: np.ndarray
    intercept: np.ndarray
    intercept_se: np.ndarray
    n_blocks: int
    at_once: int = 1
    notes: tuple[str, ...] = ()

    @takes_only_its_kinds
    def interval(self, kind: str = "percentile", level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends (P, M) of intervals of the coefficients; see `interval`."""
        return interval(self.coef, self.estimate.coef, self.standard_errors, self.estimate.standard_errors, kind, level)


def interval(
    draws: np.ndarray,
    estimate: np.ndarray,
    draw_errors: np.ndarray | None,
    error: np.ndarray | None,
    kind: str = "percentile",
    level: float = 0.95,
) -> tuple[np.ndarray, np.ndarray]:
    """Bootstrap intervals (Davison & Hinkley 1997, chapter 5).

    Parameters
    ----------
    draws : (B, ...) array
        What was found of each draw, NaN for none.
    estimate : (...) array
    draw_errors, error : (B, ...) and (...) array
        Their standard errors, for the studentised ones.
    kind : str
        ``"percentile"``: quantiles of the draws. ``"studentised"``: estimate less error times quantiles of (draw - estimate)/its error.

    Raises
    ------
    GlmError
        For another kind.
    """
    if kind not in KINDS:
        raise GlmError(f"there is no bootstrap interval {kind!r}; choose one of {', '.join(KINDS)}")
    if not 0 < level <= 1:
        raise GlmError(f"level: is {level}; give the share of the draws between the ends, such as 0.95")
    low, high = 0.5 - 0.5 * level, 0.5 + 0.5 * level
    if kind == "percentile":
        return _quantile(draws, low), _quantile(draws, high)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (draws - estimate) / draw_errors
    return estimate - error * _quantile(t, high), estimate - error * _quantile(t, low)


def simultaneous(draws: np.ndarray, estimate: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Ends (K,) of the band that holds a whole curve (K,): its largest deviation in standard deviations of the draws (B, K)."""
    spread = deviation(draws)
    with np.errstate(divide="ignore", invalid="ignore"):
        largest = np.where(spread > 0, np.abs(draws - estimate) / spread, 0.0).max(axis=1)
    wide = _quantile(largest[:, None], level)[0] * spread
    return estimate - wide, estimate + wide


def deviation(draws: np.ndarray) -> np.ndarray:
    """Standard deviation (...) of draws (B, ...) that are known; NaN of fewer than two."""
    known = np.isfinite(draws)
    n = known.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(known, draws, 0.0).sum(axis=0) / n
        square = np.where(known, draws - mean, 0.0) ** 2
        return np.where(n > 1, np.sqrt(square.sum(axis=0) / (n - 1)), np.nan)


def _quantile(values: np.ndarray, level: float) -> np.ndarray:
    """Quantile over the first axis, between two values in a straight line, NaN skipped; NaN where fewer than half of the draws are known."""
    known = np.isfinite(values)
    n = known.sum(axis=0)
    if not n.any():
        return np.full(n.shape, np.nan)
    ordered = np.sort(np.where(known, values, np.nan), axis=0)  # what is not known comes last
    place = level * np.maximum(n - 1, 0)
    below = np.floor(place).astype(int)
    low, high = (np.take_along_axis(ordered, at[None], axis=0)[0] for at in (below, np.minimum(below + 1, np.maximum(n - 1, 0))))
    return np.where(2 * n >= len(values), low + (place - below) * (high - low), np.nan)


@takes_only_its_kinds
def bootstrap(
    X: Any,
    Y: Any,
    family: Any = "poisson",
    link: Any = None,
    penalty: Penalty | str | None = Ridge(1e-4),  # noqa: B008 - a frozen value
    *,
    draws: int = 200,
    length: int | None = None,
    stretch: Any = None,
    seed: int = 0,
    strength: Any = None,
    offset: Any = None,
    mask: Any = None,
    unit_names: Sequence[str] | None = None,
    memory: float = 2.0,
    platform: str = "auto",
    context: Context | None = None,
) -> Bootstrap:
    """Fit blocks of time, or trials, drawn again and again with replacement.

    What varies together within a block stays together, so that the intervals hold where bins are not independent, as long as blocks are longer
    than that and many.

    Parameters
    ----------
    X, Y, family, link, penalty, strength, offset, mask, unit_names, memory, platform
        As for `fit`; ``strength="reml"`` finds the strengths of every draw.
    draws : int
    length : int, optional
        Rows of a block; each stretch is drawn as a whole where not given.
    stretch : (T,) int array, optional
        Epochs or trials, whose borders no block crosses; -1 for rows that take no part.
    seed : int
    context : Context, optional
        Where it wants to stop and keep, the draws that are done are kept; of those that are fitted together all are done at once.

    Returns
    -------
    Bootstrap
        Coefficients (B, P, M) of every draw beside those of the data as they are.

    Raises
    ------
    GlmError
        If there are fewer than `FEWEST_BLOCKS`, or for input that cannot be fitted.
    Cancelled
        If the context says so.
    """
    context = context or SILENT
    family = get_family(family)
    if draws < 2:
        raise GlmError(f"draws: {draws} say nothing of how much fits vary; give 2 or more, 200 as a rule")
    inputs = read_inputs(X, Y, family, mask=mask, units=unit_names)
    blocks = make_blocks(inputs.valid, stretch, length)
    options = {
        "family": family,
        "link": link,
        "penalty": penalty,
        "memory": ROOM_OF_ROWS * memory,
        "platform": platform,
    }
    used = (blocks.number >= 0).astype(np.float64)
    estimate = fit(
        X,
        Y,
        **options,
        strength=strength,
        weights=used,
        offset=offset,
        mask=mask,
        unit_names=inputs.units,
        context=context.part(0.0, 1.0 / (1 + draws)),
    )
    estimate.release()
    give_back()
    shares = context.part(1.0 / (1 + draws), 1.0)
    width = _at_once(inputs.shape[0], inputs.shape[2], draws, memory * 1e9)
    found = list(_fits(X, inputs, blocks, estimate, draws, width, seed, strength, offset, options, shares))
    n = sum(len(part.intercept) for part in found)
    notes = []
    if n < draws:
        notes.append(f"The bootstrap was stopped after {n} of {draws} draws{f', {width} at a time' if width > 1 else ''}.")
    P, M = inputs.shape[1:]
    nothing = _Draws(np.empty((0, P, M)), np.empty((0, P, M)), np.empty((0, M)), np.empty((0, M)))
    parts = [nothing, *found]
    intercept = np.concatenate([part.intercept for part in parts])
    fine = np.isfinite(intercept)
    return Bootstrap(
        estimate=estimate,
        coef=np.where(fine[:, None], np.concatenate([part.coef for part in parts]), np.nan),
        standard_errors=np.concatenate([part.standard_errors for part in parts]),
        intercept=np.where(fine, intercept, np.nan),
        intercept_se=np.concatenate([part.intercept_se for part in parts]),
        n_blocks=blocks.count,
        at_once=width,
        notes=tuple(notes),
    )


@dataclass(frozen=True)
class _Draws:
    """What is kept of the fits to k draws: coef and standard_errors (k, P, M), intercept and intercept_se (k, M)."""

    coef: np.ndarray
    standard_errors: np.ndarray
    intercept: np.ndarray
    intercept_se: np.ndarray

    @classmethod
    def of(cls, fitted: Fit, k: int) -> _Draws:
        """From a fit whose columns are draws x units."""
        P, M = len(fitted.coef), len(fitted.intercept) // k

        def by_draw(values: np.ndarray) -> np.ndarray:
            return np.moveaxis(values.reshape(P, k, M), 1, 0)

        return cls(
            by_draw(fitted.coef),
            by_draw(fitted.standard_errors),
            fitted.intercept.reshape(k, M),
            fitted.intercept_se.reshape(k, M),
        )


_FITS = 0.45
"""Share of the time of a draw that its fit takes; the rest its standard errors."""


def _at_once(T: int, M: int, draws: int, memory: float) -> int:
    """Draws of M units over T rows that are fitted together, as they are given and as they are fitted."""
    return int(min(draws, np.clip(ROOM_OF_DRAWS * memory / (4 * 8.0 * T * M), 1, max(1, 256 // M))))


def _stage(numbers: range, draws: int) -> str:
    """What is said while these draws are fitted: all of them at once, so that none of them is done before the last."""
    if len(numbers) == 1:
        return f"Bootstrap, draw {numbers.stop} of {draws}"
    return f"Bootstrap, draws {numbers.start + 1} to {numbers.stop} of {draws} together"


def _fits(
    X: Any,
    inputs: Any,
    blocks: Blocks,
    estimate: Fit,
    draws: int,
    width: int,
    seed: int,
    strength: Any,
    offset: Any,
    options: dict[str, Any],
    context: Context,
) -> Iterator[_Draws]:
    """Draws x units as columns of one problem, `width` draws at a time, each begun at the fit of the data as they are."""
    T, _, M = inputs.shape
    offset = read_per_row(offset, "offset", (T, M))
    start = np.nan_to_num(estimate.coef, posinf=0.0, neginf=0.0), np.nan_to_num(estimate.intercept, posinf=0.0, neginf=0.0)
    per_unit = strength is None or asks_for_reml(strength) or np.ndim(strength) == 0
    for first in range(0, draws, width):
        context.check()
        if context.stopping:
            return
        numbers = range(first, min(first + width, draws))
        k = len(numbers)
        share = context.part(first / draws, numbers.stop / draws, _stage(numbers, draws))
        share.report(Progress("Bootstrap", 0.0))
        found = fit(
            X,
            np.tile(inputs.Y, (1, k)),
            **options,
            strength=strength if per_unit else np.tile(strength, k),
            weights=np.repeat(np.column_stack([blocks.weights(draw, seed) for draw in numbers]), M, axis=1),
            offset=offset if offset is None or offset.ndim == 1 else np.tile(offset, (1, k)),
            mask=None if inputs.mask is None else np.tile(inputs.mask, (1, k)),
            start=tuple(np.tile(part, k) for part in start),
            unit_names=[f"{name} #{draw}" for draw in numbers for name in inputs.units],
            context=share.part(0.0, _FITS),
        )
        if context.stopping:  # these fits may have ended early
            return
        found.assess(share.part(_FITS, 1.0))
        made = _Draws.of(found, k)
        del found  # and the rows that it keeps, before those of the next draws are made
        yield made
