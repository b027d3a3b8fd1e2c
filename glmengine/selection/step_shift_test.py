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
from itertools import pairwise

import numpy as np
from scipy.linalg import eigh

from glmengine.context import SILENT, Context, Progress
from glmengine.design.design import Design
from glmengine.inference.tail_p import tail_p
from glmengine.models.components import Component
from glmengine.selection.shift_test import GRID
from glmengine.selection.shuffles import Shuffles, correlation_length, make_shuffles
from glmengine.threads import quiet_blas

POOLED = 0.2
"""Seconds over which rows are pooled at most."""

OF_LENGTH, MOST_LOOKED_AT = 4, 4
"""Rows are pooled over this part of the autocorrelation of the candidate that changes fastest, which so many of its columns tell."""

FEWEST_POOLED = 50
"""Pooled rows of the longest stretch at least."""

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
        fastest = min((_length(design, columns, segment) for columns in candidates.values()), default=1)
        width = int(np.clip(min(round(POOLED / grid.bin_size), fastest // OF_LENGTH), 1, max(1, longest // FEWEST_POOLED)))
        offset = rows - grid.offsets[grid.segment[rows]]
        key = np.stack([grid.segment[rows], offset // width])
        self._starts = np.r_[0, np.flatnonzero((np.diff(key, axis=1) != 0).any(axis=0)) + 1]
        self._rows, self.n_folds = rows, n_folds
        self.stretch = grid.segment[rows][self._starts]
        self.fold = np.where(fold[rows][self._starts] < 0, n_folds, fold[rows][self._starts])
        self.seconds = width * grid.bin_size
        size = np.diff(np.r_[self._starts, rows.size]).astype(np.float64)
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
        used = values if self._rows.size == len(values) else values[self._rows]
        return np.add.reduceat(used, self._starts, axis=0)

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
        used = shuffles.used
        order = np.argsort(self.fold[used], kind="stable")
        edges = np.searchsorted(self.fold[used][order], np.arange(self.n_folds + 2))
        residual = np.column_stack([steps[number].residual for number in tested])[used[order]].astype(np.float32)
        curvature = np.column_stack([steps[number].curvature for number in tested])[used[order]]
        weight = np.array([curvature[a:b].sum(axis=0) for a, b in pairwise(edges)])
        gains = []
        with quiet_blas():
            for number, partner in enumerate([used, *shuffles]):
                context.check()
                if context.stopping:
                    break
                columns = self._columns[partner[order]]
                sums = np.stack([columns[a:b].T @ residual[a:b] for a, b in pairwise(edges)])
                gains.append(self._gains(sums.astype(np.float64), weight))
                context.report(Progress("Shifting", (number + 1) / (len(shuffles) + 1)))
        if len(gains) < 2:
            return result
        found = np.array(gains)  # (1 + shuffles, candidates, steps)
        places = {candidate: place for place, candidate in enumerate(self.slices)}
        for at, number in enumerate(tested):
            step = steps[number]
            offered = [places[one] for one in step.offered if one in places]
            against = found[:, offered, at].max(axis=1)
            against[0] = found[0, places[step.term], at]
            result[number] = against
        return result

    def _gains(self, sums: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """(candidates, S) held-out gains of gradients (folds + 1, P, S) at curvatures (folds + 1, S), at the best strength of a grid."""
        result = np.empty((len(self.slices), sums.shape[2]))
        held = weight[:-1, None, :]
        train = weight.sum(axis=0)[None, None] - held
        for place, (candidate, part) in enumerate(self.slices.items()):
            own = sums[:-1, part]
            rest = sums[:, part].sum(axis=0)[None] - own
            best = np.full(sums.shape[2], -np.inf)
            for strength in GRID:
                theta = rest / np.maximum(train + strength * self.n * self._penalised[candidate][None, :, None], 1e-300)
                best = np.maximum(best, np.sum(theta * own - 0.5 * held * theta**2, axis=(0, 1)))
            result[place] = best
        return result


def p_of(gains: np.ndarray | None) -> float:
    """p of what `PooledColumns.gains` gives of a step; NaN where it gives nothing."""
    return np.nan if gains is None else float(tail_p(gains[:, None])[0])


def _parts(design: Design, wanted: np.ndarray) -> Iterator[np.ndarray]:
    """(T, k) columns of a design, those of a block after those of another, blocks that have none of them left alone."""
    for block, where in zip(design.blocks, design.slices.values(), strict=True):
        here = wanted[(wanted >= where.start) & (wanted < where.stop)] - where.start
        if here.size:
            values = block.chunk(0, design.n_rows)
            yield values if here.size == values.shape[1] else values[:, here]


def _length(design: Design, columns: np.ndarray, stretch: np.ndarray) -> int:
    """Rows over which a candidate is correlated with itself."""
    some = columns[np.unique(np.linspace(0, columns.size - 1, MOST_LOOKED_AT).astype(int))]
    return correlation_length(np.hstack(list(_parts(design, some))), stretch)


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
