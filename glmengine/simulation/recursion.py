"""The recursion over bins in which surrogates are drawn, all repeats at once, in compiled stretches of time.

Bins go in blocks. What the past before a block adds to its bins is one matrix product; within the block each bin adds to those behind it.
Random numbers belong to the repeat and the block, so that a repeat is the same whichever others are drawn with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np

from glmengine.backend import jax_runtime as runtime
from glmengine.fitting.coefficients import Coefficients
from glmengine.models import Family, Link
from glmengine.simulation.closed_loop import ClosedLoop
from glmengine.simulation.draws import MOST, drawer, needs_gamma

BLOCK = 16
"""Bins in a block: twice as many make the products larger and the work within a block heavier (8 to 64 measured)."""

RUNAWAY_BINS = 10
"""Consecutive bins beyond the ceiling that are called a runaway."""

_CHUNK_NUMBERS = 1_000_000  # counts that a compiled call gives
_MOST_BLOCKS = 256  # of a compiled call
_COMPILER = {"xla_backend_optimization_level": 1}
"""A quarter of the time to compile (2.4 in place of 8.8 s), since little is gained on random numbers; the same numbers, not slower."""


@dataclass(frozen=True)
class Blocks:
    """Rows in blocks that no border crosses.

    Attributes
    ----------
    rows : (N, B) int array
        -1 where a block is not full.
    fresh : (N,) bool
        Blocks that begin a stretch, in which nothing is remembered.
    """

    rows: np.ndarray
    fresh: np.ndarray

    @classmethod
    def of(cls, stretch: np.ndarray) -> Blocks:
        """Those of the rows' stretches (T,), -1 being rows in none."""
        rows, fresh = [], []
        inside = np.flatnonzero(stretch >= 0)
        for part in np.split(inside, np.flatnonzero(np.diff(stretch[inside])) + 1):
            count = -(-len(part) // BLOCK)
            filled = np.full(count * BLOCK, -1)
            filled[: len(part)] = part
            rows.append(filled.reshape(count, BLOCK))
            fresh.append(np.arange(count) == 0)
        return cls(np.concatenate(rows), np.concatenate(fresh))


class Carried(NamedTuple):
    """What one block hands on to the next, for R repeats of M units.

    Attributes
    ----------
    past : (R, M, L) array
        Observations of the last L bins, oldest first.
    since : (R, M) int array
        Bins since the last spike.
    over : (R, M) int array
        Consecutive bins beyond the ceiling.
    stopped : (R,) bool
        A unit has run away, and the repeat rests until the next stretch.
    first : (R, M) int array
        Row in which a unit first ran away, -1 where it has not.
    """

    past: Any
    since: Any
    over: Any
    stopped: Any
    first: Any


@dataclass(frozen=True)
class Drawn:
    """Observations of some blocks.

    Attributes
    ----------
    rows : (K,) int array
    observed : (K, R, M) array
        In these rows; 0 where a repeat rests.
    """

    rows: np.ndarray
    observed: np.ndarray


class Recursion:
    """One model, compiled for some number of repeats at a time.

    Parameters
    ----------
    loop : ClosedLoop
    model : Coefficients
    ceiling : (M,) array
        Means (of signals: sizes) that no unit reaches but by running away.
    seed : int
    width : int
        Repeats at a time.
    """

    def __init__(self, loop: ClosedLoop, model: Coefficients, ceiling: np.ndarray, seed: int, width: int) -> None:
        self._loop, self._width, self._seed = loop, width, seed
        self.blocks = Blocks.of(loop.stretch)
        units = len(model.units)
        self._lags = -(-max(loop.n_lags, 1) // BLOCK) * BLOCK
        self._step = int(np.clip(_CHUNK_NUMBERS // (BLOCK * width * units), 1, _MOST_BLOCKS))
        self._banks = (
            tuple(_before(one.filters, self._lags) for one in loop.loops),
            tuple(_within(one.filters) for one in loop.loops),
        )
        self._gains = [one.gain for one in loop.loops]
        self._constants = (np.asarray(ceiling, np.float64), np.asarray(np.nan_to_num(model.dispersion, nan=1.0), np.float64))
        self._run = partial(_compiled(_run, "family", "link"), family=model.family, link=model.link)

    def draw(self, first_repeat: int) -> Iterator[tuple[Drawn, np.ndarray]]:
        """Observations a stretch of time after another, and the row (R, M) in which units ran away so far."""
        shape = (self._width, self._loop.drive.shape[1])
        with runtime.float64():
            keys = _compiled(_keys, "width")(np.int64(self._seed), np.int64(first_repeat), width=self._width)
        carried = Carried(
            np.zeros((*shape, self._lags)),
            np.full(shape, 1_000_000, np.int32),
            np.zeros(shape, np.int32),
            np.zeros(self._width, bool),
            np.full(shape, -1, np.int32),
        )
        for start in range(0, len(self.blocks.rows), self._step):
            with runtime.float64():
                carried, observed = self._run(carried, keys, *self._inputs(start), *self._constants, *self._banks)
                observed = np.asarray(observed)
                ran_away = np.asarray(carried.first)
            rows = self.blocks.rows[start : start + self._step].ravel()
            kept = np.flatnonzero(rows >= 0)
            yield Drawn(rows[kept], observed[kept]), ran_away

    def _inputs(self, start: int) -> tuple[np.ndarray, ...]:
        """Block number, rows, drive, freshness, refractory bins and gains of the blocks of one call, filled up to its length."""
        rows = self.blocks.rows[start : start + self._step]
        fresh = self.blocks.fresh[start : start + self._step]
        missing = self._step - len(rows)
        if missing:
            rows = np.concatenate([rows, np.full((missing, BLOCK), -1)])
            fresh = np.concatenate([fresh, np.ones(missing, bool)])
        number = start + np.arange(self._step)
        drive = np.where((rows >= 0)[..., None], self._loop.drive[rows], 0.0)
        ones = np.ones(rows.shape)
        gains = [ones if gain is None else np.where(rows >= 0, gain[rows], 0.0) for gain in self._gains]
        stacked = np.stack(gains, axis=1) if gains else np.zeros((len(rows), 0, BLOCK))
        return number, rows.astype(np.int32), drive, fresh, self._loop.refractory[rows], stacked


def _before(filters: np.ndarray, lags: int) -> tuple[np.ndarray, ...]:
    """What the counts of the past add to each bin of a block.

    Either one matrix (M * L, B * M), or, where it is less work because the filters are sums of few functions of the lag, those of each bin
    (L, B * K) and their weights (M * K, M).
    """
    units, length = filters.shape[:2]
    u, scale, v = np.linalg.svd(np.swapaxes(filters, 0, 1).reshape(length, -1), full_matrices=False)
    rank = max(1, int((scale > 1e-14 * scale[0]).sum()))
    if rank * (lags + units) < 0.7 * lags * units:
        functions = _shifted(u[:, :rank].T[:, :, None], lags)  # (K, L, B, 1)
        weights = (scale[:rank, None] * v[:rank]).reshape(rank, units, units)
        return np.moveaxis(functions[..., 0], 0, 2).reshape(lags, BLOCK * rank), np.swapaxes(weights, 0, 1).reshape(-1, units)
    return (_shifted(filters, lags).reshape(units * lags, BLOCK * units),)


def _shifted(filters: np.ndarray, lags: int) -> np.ndarray:
    """(N, L, B, M) what a count of the past, oldest first, adds to each bin of a block, of filters (N, lag, M)."""
    found = np.zeros((len(filters), lags, BLOCK, filters.shape[2]))
    for place in range(BLOCK):
        for lag in range(place + 1, filters.shape[1] + 1):
            if lags + place - lag >= 0:
                found[:, lags + place - lag, place] = filters[:, lag - 1]
    return found


def _within(filters: np.ndarray) -> np.ndarray:
    """What each count of a block adds to each bin behind it (B, B * M, M)."""
    units = len(filters)
    found = np.zeros((BLOCK, BLOCK, units, units))
    for place in range(BLOCK):
        for lag in range(1, min(place, filters.shape[1]) + 1):
            found[place, place - lag] = filters[:, lag - 1]
    return found.reshape(BLOCK, BLOCK * units, units)


@cache
def _compiled(function: Callable[..., Any], *static: str) -> Any:
    """A function compiled for each value of its `static` arguments; made once."""
    return runtime.prepare().jit(function, static_argnames=static, compiler_options=_COMPILER)


def _keys(seed: Any, first_repeat: Any, *, width: int) -> Any:
    """Of the random numbers of so many repeats."""
    import jax

    base = jax.random.key(seed)
    return jax.vmap(lambda repeat: jax.random.fold_in(base, repeat))(first_repeat + jax.numpy.arange(width))


def _run(
    carried: Carried,
    keys: Any,
    number: Any,
    rows: Any,
    drive: Any,
    fresh: Any,
    refractory: Any,
    gains: Any,
    ceiling: Any,
    dispersion: Any,
    before: Any,
    within: Any,
    *,
    family: Family,
    link: Link,
) -> tuple[Carried, Any]:
    """Blocks of bins one after another; observations come as (N * B, R, M)."""
    import jax
    import jax.numpy as jnp

    draw = drawer(family)
    width, units = carried.since.shape
    spikes = family.of_spikes
    loops = len(before)

    def numbers(block: Any) -> tuple[Any, Any]:
        """Uniform numbers and gamma variates (B, R, M) of a block."""

        def of_repeat(key: Any) -> tuple[Any, Any]:
            own = jax.random.fold_in(key, block)
            first, second = jax.random.split(own)
            uniform = jax.random.uniform(first, (BLOCK, units), jnp.float64, 1e-17, 1.0)
            if not needs_gamma(family):
                return uniform, uniform
            return uniform, jax.random.gamma(second, 1.0 / dispersion, (BLOCK, units), jnp.float64) * dispersion

        uniform, gamma = jax.vmap(of_repeat)(keys)
        return jnp.swapaxes(uniform, 0, 1), jnp.swapaxes(gamma, 0, 1)

    def of_block(carried: Carried, block: tuple[Any, ...]) -> tuple[Carried, Any]:
        number, rows, drive, fresh, refractory, gains = block
        past = jnp.where(fresh, 0.0, carried.past)
        since = jnp.where(fresh, 1_000_000, carried.since)
        over = jnp.where(fresh, 0, carried.over)
        stopped = carried.stopped & ~fresh
        uniform, gamma = numbers(number)
        added = jnp.zeros((BLOCK, width, units))
        for loop in range(loops):
            if len(before[loop]) == 1:
                from_past = (past.reshape(width, -1) @ before[loop][0]).reshape(width, BLOCK, units)
            else:
                functions, weights = before[loop]
                seen = (past.reshape(width * units, -1) @ functions).reshape(width, units, BLOCK, -1)
                from_past = jnp.swapaxes(seen, 1, 2).reshape(width * BLOCK, -1) @ weights
                from_past = from_past.reshape(width, BLOCK, units)
            added = added + gains[loop][:, None, None] * jnp.swapaxes(from_past, 0, 1)

        def of_bin(state: tuple[Any, ...], this: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
            seen, since, over, stopped, first = state
            place, row, drive, refractory, added, uniform, gamma, gain = this
            eta = drive + added
            for loop in range(loops):
                eta = eta + gain[loop] * (seen.reshape(width, -1) @ within[loop][place])
            mean = link.mean(eta)
            base = link.mean(drive)
            size = jnp.abs(mean)
            beyond = ~(size <= ceiling) & (jnp.abs(base) <= ceiling) & (row >= 0)
            over = jnp.where(beyond, over + 1, 0)
            first = jnp.where((over >= RUNAWAY_BINS) & (first < 0), row, first)
            stopped = stopped | (over >= RUNAWAY_BINS).any(axis=1)
            if spikes:
                mean = jnp.clip(jnp.nan_to_num(mean, nan=0.0), 0.0, jnp.minimum(jnp.maximum(ceiling, base), MOST))
                mean = jnp.where(since < refractory, 0.0, mean)
            live = (row >= 0) & ~stopped[:, None]
            observed = jnp.where(live, draw(jnp.where(live, mean, 1.0), uniform, gamma, dispersion), 0.0)
            since = jnp.where(observed > 0, 0, since + 1) if spikes else since
            seen = jax.lax.dynamic_update_index_in_dim(seen, observed, place, 1)
            return (seen, since, over, stopped, first), observed

        start = (jnp.zeros((width, BLOCK, units)), since, over, stopped, carried.first)
        each = (jnp.arange(BLOCK), rows, drive, refractory, added, uniform, gamma, gains.T)
        (seen, since, over, stopped, first), observed = jax.lax.scan(of_bin, start, each)
        past = jnp.concatenate([past[:, :, BLOCK:], jnp.swapaxes(seen, 1, 2)], axis=2)
        kept = observed.astype(jnp.int16) if spikes else observed
        return Carried(past, since, over, stopped, first), kept

    carried, observed = jax.lax.scan(of_block, carried, (number, rows, drive, fresh, refractory, gains))
    return carried, observed.reshape(-1, width, units)
