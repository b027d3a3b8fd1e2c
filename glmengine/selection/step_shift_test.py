"""Shift tests inside a selection: the step by which a term came in, against the best of all candidates of counts that are shifted.

A term that was chosen because it gains most gains more than chance gives one term that was named before; a test of it alone after the choice rejects too
often. Here shifted counts go through the same comparison: the null of a step is the gain of whichever candidate gains most, at the model that the step began
from (the largest statistic of Westfall & Young 1993, one step after the other). The statistic is the log-likelihood that a candidate gains on held-out folds, by one
scoring step from that model, on rows pooled over a fifth of a second or less, with the Gram matrix of all rows scaled to each fold's curvature and products in float32: the same function of
the data as they are and shifted, so that the test is valid whatever it leaves out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.linalg import eigh

from glmengine.context import SILENT, Context, Progress
from glmengine.design.chunks import as_slice
from glmengine.design.design import Design
from glmengine.inference.tail_p import tail_p
from glmengine.models.components import Component
from glmengine.selection.shift_test import GRID
from glmengine.selection.shuffles import Shuffles, correlation_length, make_shuffles
from glmengine.threads import workers

POOLED = 0.2
"""Seconds over which rows are pooled at most."""

OF_LENGTH, MOST_LOOKED_AT = 4, 4
"""Rows are pooled over this part of the autocorrelation of the candidate that changes fastest, which so many of its columns tell."""

FEWEST_POOLED = 50
"""Pooled rows of the longest stretch at least."""

BESIDE, TOGETHER, MOST_SUMS = 512, 64, 2**22
"""Pooled rows and shifts that go into one product, and numbers that the sums of shifts over folds may hold."""

_SMALLEST = 1e-100  # curvature in place of none, whose inverse can still be squared

_RANK = 1e-9  # directions with less variance than this share of the largest are none


@dataclass(frozen=True)
class ShiftStep:
    """A step of a unit's selection (see `PooledColumns.step`).

    Attributes
    ----------
    unit : int
    term : int
        The candidate that came in.
    offered : tuple of int
        All that could have.
    residual, curvature : (n,) array
        Of the loss in every pooled row at the model that the step began from.
    """

    unit: int
    term: int
    offered: tuple[int, ...]
    residual: np.ndarray
    curvature: np.ndarray


class PooledColumns:
    """Columns of candidates that can be shifted, pooled over neighbouring rows and made uncorrelated within each candidate.

    Parameters
    ----------
    design : Design
    candidates : mapping of int to (p,) int array
        Columns of each, those that all units have.
    penalties : sequence of Component
    fold : (T,) int array
    n_folds : int
    """

    def __init__(
        self,
        design: Design,
        candidates: Mapping[int, np.ndarray],
        penalties: Sequence[Component],
        fold: np.ndarray,
        n_folds: int,
    ) -> None:
        grid = design.grid
        rows = np.flatnonzero(design.valid)
        longest = int(np.bincount(grid.segment[rows]).max(initial=1))
        segment = np.where(design.valid, grid.segment, -1)
        wanted = max(round(POOLED / grid.bin_size), 1)
        fastest = min((_length(design, columns, segment, OF_LENGTH * wanted) for columns in candidates.values()), default=1)
        width = int(np.clip(min(wanted, fastest // OF_LENGTH), 1, max(1, longest // FEWEST_POOLED)))
        offset = rows - grid.offsets[grid.segment[rows]]
        key = np.stack([grid.segment[rows], offset // width])
        self._starts = np.r_[0, np.flatnonzero((np.diff(key, axis=1) != 0).any(axis=0)) + 1]
        self._rows, self.n_folds = rows, n_folds
        self.stretch = grid.segment[rows][self._starts]
        self.fold = np.where(fold[rows][self._starts] < 0, n_folds, fold[rows][self._starts])
        self.seconds = width * grid.bin_size
        self._sizes = np.diff(np.r_[self._starts, rows.size])
        size = self._sizes.astype(np.float64)
        every = np.unique(np.concatenate([np.zeros(0, int), *candidates.values()]))
        pooled = [self.pool(part) for part in _parts(design, every)]
        values = np.hstack([np.zeros((size.size, 0)), *pooled]) / size[:, None]
        self.slices: dict[int, slice] = {}
        self._penalised: dict[int, np.ndarray] = {}
        parts, at = [], 0
        for number, columns in candidates.items():
            own = values[:, np.searchsorted(every, columns)]
            part, penalised = _apart(own, size, _penalty(penalties, columns))
            parts.append(part)
            self.slices[number] = slice(at, at + part.shape[1])
            self._penalised[number] = penalised
            at += part.shape[1]
        self._columns = np.hstack(parts).astype(np.float32) if parts else np.zeros((size.size, 0), np.float32)
        self.n = float(size.sum())

    def pool(self, values: np.ndarray) -> np.ndarray:
        """Sums of values (T, k) over pooled rows."""
        values = values[as_slice(self._rows)]
        total = values[self._starts]
        for place in range(1, int(self._sizes.max(initial=1))):  # one row of each at a time: a third of the time of `reduceat`
            there = np.flatnonzero(self._sizes > place)
            if there.size == self._sizes.size:
                total += values[self._starts + place]
            else:
                total[there] += values[self._starts[there] + place]
        return total

    def step(self, unit: int, term: int, offered: tuple[int, ...], residual: np.ndarray, curvature: np.ndarray) -> ShiftStep:
        """The step by which a term came in, of residuals and curvatures (T,) in every bin."""
        found = self.pool(np.column_stack([residual, curvature]))
        return ShiftStep(unit, term, offered, found[:, 0], found[:, 1])

    def shuffles(self, n: int, seed: int) -> Shuffles:
        """Shifts by a row or more (see `make_shuffles` why none is left out)."""
        return make_shuffles("cyclic", self.stretch, n, seed=seed, bin_size=self.seconds)

    def p(self, steps: Sequence[ShiftStep], shuffles: Shuffles, context: Context = SILENT) -> np.ndarray:
        """(S,) p of each step; NaN where its term cannot be shifted, or shifting stopped too early to tell."""
        return np.array([p_of(gains) for gains in self.gains(steps, shuffles, context)])

    def gains(self, steps: Sequence[ShiftStep], shuffles: Shuffles, context: Context = SILENT) -> list[np.ndarray | None]:
        """Of each step (1 + shifts,) log-likelihoods in nats: what its term gains, then what the best candidate of each shift gains; None where its
        term cannot be shifted, or shifting stopped too early to tell."""
        tested = [number for number, step in enumerate(steps) if step.term in self.slices]
        result: list[np.ndarray | None] = [None] * len(steps)
        if not tested:
            return result
        residual = np.stack([steps[number].residual for number in tested]).astype(np.float32)
        curvature = np.stack([steps[number].curvature for number in tested])
        stretches = [_Stretch.of(rows, self.fold, residual) for rows in shuffles.rows]
        used = shuffles.used
        weight = np.stack([np.bincount(self.fold[used], one[used], self.n_folds + 1) for one in curvature])
        scores = [_Score.of(part, self.n * self._penalised[candidate], weight) for candidate, part in self.slices.items()]

        def of_block(numbers: range) -> np.ndarray:
            """(candidates, S, B) gains of shifts, of which the first (0) leaves the data as they are."""
            moves = np.stack([shuffles.moves[number - 1] if number else np.zeros(len(stretches), int) for number in numbers])
            sums = np.zeros((len(tested), len(numbers), self.n_folds + 1, self._columns.shape[1]))
            for stretch, move in zip(stretches, moves.T, strict=True):
                stretch.add(self._columns, move, sums)
            return np.stack([score.gains(sums[..., score.part]) for score in scores])

        size = int(np.clip(MOST_SUMS // ((self.n_folds + 1) * self._columns.shape[1] * len(tested)), 1, TOGETHER))
        blocks = [range(begin, min(begin + size, len(shuffles) + 1)) for begin in range(0, len(shuffles) + 1, size)]
        gains: list[np.ndarray] = []
        with workers(float(residual.size) * len(shuffles)) as pool:
            for block, each in zip(blocks, pool.stream(of_block, blocks), strict=True):
                context.check()
                if context.stopping:
                    break
                gains.append(each)
                context.report(Progress("Shifting", block.stop / (len(shuffles) + 1)))
        if sum(one.shape[2] for one in gains) < 2:
            return result
        found = np.concatenate(gains, axis=2)  # (candidates, S, 1 + shifts)
        places = {candidate: place for place, candidate in enumerate(self.slices)}
        for at, number in enumerate(tested):
            step = steps[number]
            offered = [places[one] for one in step.offered if one in places]
            against = found[offered, at].max(axis=0)
            against[0] = found[places[step.term], at, 0]
            result[number] = against
        return result


@dataclass(frozen=True)
class _Stretch:
    """Rows that are shifted together, once more after their end, where what leaves a stretch comes in.

    Attributes
    ----------
    first, size : int
        Of the columns' rows.
    residual : (S, 2 size) float32 array
    fold, run : (2 size,) int array
        Fold, and number of the neighbouring rows of one fold.
    """

    first: int
    size: int
    residual: np.ndarray
    fold: np.ndarray
    run: np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray, fold: np.ndarray, residual: np.ndarray) -> _Stretch:
        own = slice(int(rows[0]), int(rows[0]) + rows.size)
        twice = np.tile(fold[own], 2)
        run = np.cumsum(np.diff(twice, prepend=twice[:1]) != 0)
        return cls(own.start, rows.size, np.tile(residual[:, own], 2), twice, run)

    def add(self, columns: np.ndarray, moves: np.ndarray, sums: np.ndarray) -> None:
        """Add to `sums` (S, B, folds + 1, P) the products of residuals and columns (rows, P) that are moved by so many rows (B,).

        Some columns' rows at a time stand beside the residuals of all shifts, so that these are one matrix product.
        """
        every = np.arange(moves.size)
        for begin in range(0, self.size, BESIDE):
            length = min(BESIDE, self.size - begin)
            part = columns[self.first + begin : self.first + begin + length]
            starts = (begin + moves) % self.size
            beside = sliding_window_view(self.residual, length, axis=1)[:, starts]
            here = self.fold[starts]
            sums[:, every, here] += _products(beside, part)
            further = self.run[starts + length - 1] - self.run[starts]
            for number in range(1, int(further.max()) + 1):  # rows beyond those of the first fold belong to others
                there = np.flatnonzero(further >= number)
                run = self.run[starts[there]] + number
                begins, ends = (np.searchsorted(self.run, run, side=side) - starts[there] for side in ("left", "right"))
                own = beside[:, there]
                for place, (first, last) in enumerate(zip(begins.tolist(), ends.tolist(), strict=True)):
                    own[:, place, :first] = own[:, place, last:] = 0.0
                moved = _products(own, part)
                sums[:, there, here[there]] -= moved
                sums[:, there, self.fold[starts[there] + begins]] += moved


def _products(residual: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """(S, B, P) of residuals (S, B, n) and columns (n, P)."""
    return (residual.reshape(-1, len(columns)) @ columns).reshape(*residual.shape[:2], -1)


@dataclass(frozen=True)
class _Score:
    """Held-out gains of a candidate.

    Attributes
    ----------
    part : slice
        Its p columns.
    held : (S, folds) array
        Curvature of each fold.
    inverse : (S, folds * p, strengths) array
        Of the curvatures of the other folds, the penalty being added.
    """

    part: slice
    held: np.ndarray
    inverse: np.ndarray

    @classmethod
    def of(cls, part: slice, penalised: np.ndarray, weight: np.ndarray) -> _Score:
        """At curvatures (S, folds + 1); `penalised` (p,) is what the penalty is at strength 1."""
        held = weight[:, :-1]
        train = weight.sum(axis=1, keepdims=True) - held
        whole = np.maximum(train[:, :, None, None] + np.multiply.outer(penalised, GRID), _SMALLEST)
        return cls(part, held, (1.0 / whole).reshape(len(held), -1, len(GRID)))

    def gains(self, sums: np.ndarray) -> np.ndarray:
        """(S, B) at the best strength, of gradients (S, B, folds + 1, p)."""
        own = sums[:, :, :-1]
        rest = sums.sum(axis=2, keepdims=True) - own
        shape = *own.shape[:2], -1
        slope, bend = rest * own, 0.5 * self.held[:, None, :, None] * rest**2
        return (slope.reshape(shape) @ self.inverse - bend.reshape(shape) @ self.inverse**2).max(axis=2)


def p_of(gains: np.ndarray | None) -> float:
    """p of what `PooledColumns.gains` gives of a step; NaN where it gives nothing."""
    return np.nan if gains is None else float(tail_p(gains[:, None])[0])


def _parts(design: Design, wanted: np.ndarray) -> Iterator[np.ndarray]:
    """(T, k) columns of a design, those of a block after those of another, blocks that have none of them left alone."""
    for block, where in zip(design.blocks, design.slices.values(), strict=True):
        here = wanted[(wanted >= where.start) & (wanted < where.stop)] - where.start
        if here.size:
            values = block.seen(0, design.n_rows)
            yield values if here.size == values.shape[1] else values[:, here]


def _length(design: Design, columns: np.ndarray, stretch: np.ndarray, enough: int) -> int:
    """Rows over which a candidate is correlated with itself, `enough` where it is over so many."""
    some = columns[np.unique(np.linspace(0, columns.size - 1, MOST_LOOKED_AT).astype(int))]
    return correlation_length(np.hstack(list(_parts(design, some))), stretch, enough)


def _penalty(components: Sequence[Component], columns: np.ndarray) -> np.ndarray:
    total = np.zeros((columns.size, columns.size))
    for one in components:
        here = np.isin(one.columns, columns)
        if here.any():
            where = np.searchsorted(columns, one.columns[here])
            total[np.ix_(where, where)] += one.matrix[np.ix_(here, here)]
    return total


def _apart(values: np.ndarray, size: np.ndarray, penalty: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns with the Gram matrix n I whose penalty is diagonal, and that diagonal (in units of the Gram matrix)."""
    centred = values - (size @ values) / size.sum()
    gram = (centred * size[:, None]).T @ centred
    spread, vectors = eigh(gram)
    kept = spread > _RANK * max(float(spread[-1]), 1e-300)
    white = vectors[:, kept] / np.sqrt(spread[kept] / size.sum())
    diagonal, turned = eigh(white.T @ penalty @ white)
    white = white @ turned
    return centred @ white, np.maximum(diagonal, 0.0)
