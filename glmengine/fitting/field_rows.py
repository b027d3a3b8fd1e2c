"""Designs with separable fields as their solver reads them: the stimulus through a few maps or a few time courses, never all columns.

All that is summed over rows is an operation of the backend on one of three tables: the stimulus, bins by channels; the columns that are in no
field; and, while some of the factors are fixed, the columns in which the predictor is linear then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from glmengine.backend.choice import backend_for
from glmengine.backend.formulas import RowWeights
from glmengine.backend.observations import Observations
from glmengine.backend.operations import ALL_ROWS, Operations, View
from glmengine.backend.rows import Rows
from glmengine.context import SILENT, Context
from glmengine.design.blocks.receptive_field import ChannelBlock, separable_labels
from glmengine.design.blocks.scaled import ScaledBlock
from glmengine.design.design import Block, Design
from glmengine.design.projection import known_rows, mean_of
from glmengine.design.stimulus import Channels, stretches
from glmengine.solvers.rank_frame import Part, factors_of
from glmengine.threads import workers

_STRETCH_NUMBERS = 2**17
"""Numbers of a stretch of the stimulus, 1 MB: what is made of it stays in the cache."""

_SHIFTED = 8192
"""Numbers that are brought to their lags at a time."""

Features = Callable[[np.ndarray], np.ndarray]

WHITENING = 0.01
"""Ridge, as a share of the mean variance of the channels, with which averages are freed of their correlations."""


class _Table:
    """Products of the rows of a source (n, p), made by the backend."""

    def __init__(self, source: Any, piece_rows: int, where: _Where, observations: Observations | None = None) -> None:
        n, p = source.shape
        if observations is None:
            observations = Observations(np.broadcast_to(0.0, (1, n)), np.broadcast_to(1.0, (1, n)))
        self.rows = Rows(
            source,
            None,
            observations,
            columns=1,
            memory=where.memory,
            centred=False,
            platform=where.platform,
            piece_rows=piece_rows,
        )
        self.operations = backend_for(self.rows, 1, where.context).passes
        self._n, self._p = n, p

    def times(self, B: np.ndarray) -> np.ndarray:
        """(n, k) products with B (p, k)."""
        theta = np.zeros((B.shape[1], self.rows.size))
        theta[:, : self._p] = B.T
        found = np.empty((self._n, B.shape[1]))
        for part, eta in self.operations.predictor(_every(len(theta)), theta):
            found[part] = np.asarray(eta)[: len(theta), : part.stop - part.start].T
        return found

    def transposed(self, R: np.ndarray) -> np.ndarray:
        """(k, p) sums of R (k, n) times the rows."""
        return self.operations.back(_every(len(R)), R)[:, : self._p]


@dataclass(frozen=True)
class _Where:
    """What tables are computed by: platform, bytes that one may take there, and whom to ask whether to go on."""

    platform: str
    memory: float
    context: Context


@dataclass(frozen=True)
class _Columns:
    """A source of rows: what `read` gives of rows `start` to `stop`, of n and p."""

    read: Callable[[int, int], np.ndarray]
    shape: tuple[int, int]

    def chunk(self, start: int, stop: int) -> np.ndarray:
        return self.read(start, stop)


def _every(k: int) -> View:
    return View(np.zeros(k, int), np.full(k, ALL_ROWS))


class FieldRows:
    """The valid rows of a design, numbered from 0.

    Parameters
    ----------
    design : Design
    index : (n,) int array
        Bins of the rows.
    memory : float
        Bytes that the columns which are in no separable field may take; else they are made again in each pass. On a device, what a
        table may take there.
    platform : str
        What computes: ``"auto"``, ``"cpu"`` or ``"gpu"``.
    context : Context
        Asked in each pass whether to go on.

    Attributes
    ----------
    parts : tuple of Part
        The separable fields.
    means : (P,) array
        What was taken from the columns, so that a stimulus far from zero costs no digits: zero for those of other terms, and for fields
        with a gain or epochs, of which the intercept cannot make up for it.
    """

    def __init__(
        self, design: Design, index: np.ndarray, memory: float, platform: str = "auto", context: Context = SILENT
    ) -> None:
        labels = separable_labels(design)
        self.index, self._where = index, _Where(platform, memory, context)
        self._fields = [_Field(block, index, self._where) for block in design.blocks if block.term.label in labels]
        places = [np.asarray(design.groups[block.term.label]) for block in design.blocks if block.term.label in labels]
        self.parts = tuple(Part(columns, field.shape, field.rank) for columns, field in zip(places, self._fields, strict=True))
        self._free = np.setdiff1d(np.arange(design.n_columns), np.concatenate(places))
        self._rest = Design(tuple(block for block in design.blocks if block.term.label not in labels), design.grid, design.valid)
        widest = max([self._free.size, *(field.shape[0] for field in self._fields)])
        self._step = max(
            512, _STRETCH_NUMBERS // widest
        )  # of fewer rows, adding up their products would take as long as making them
        self._X: np.ndarray | None = None
        if 0 < 8.0 * index.size * self._free.size <= memory:
            self._X = np.empty((index.size, self._free.size))
            for start in range(0, index.size, self._step):
                rows = np.arange(start, min(start + self._step, index.size))
                self._X[rows] = self._read(rows)
        self._others: _Table | None = None
        if self._free.size:
            others = _Columns(lambda start, stop: self.others(np.arange(start, stop)), (index.size, self._free.size))
            self._others = _Table(others, self._step, self._where)
        self.n_columns = design.n_columns
        self.means = np.zeros(self.n_columns)
        for columns, field in zip(places, self._fields, strict=True):
            self.means[columns] = np.outer(field.mean, field.kernel.sum(axis=0)).ravel()

    def __len__(self) -> int:
        return self.index.size

    @property
    def name(self) -> str:
        """What computes, in words."""
        return self._fields[0].table.operations.name

    def others(self, rows: np.ndarray) -> np.ndarray:
        """(t, F) columns that are in no separable field."""
        return self._read(rows) if self._X is None else self._X[rows]

    def _read(self, rows: np.ndarray) -> np.ndarray:
        if not self._free.size:
            return np.zeros((rows.size, 0))
        bins = self.index[rows]
        return self._rest.chunk(int(bins[0]), int(bins[-1]) + 1)[bins - bins[0]]

    def predictor(self, w: np.ndarray) -> np.ndarray:
        """X w (n,) for coefficients (P,) whose parts have their rank."""
        eta = np.zeros(len(self))
        free = w[self._free]
        if self._others is not None and free.any():
            eta += self._others.times(free[:, None])[:, 0]
        for field, part in zip(self._fields, self.parts, strict=True):
            left, strength, right = factors_of(w[part.columns].reshape(part.shape), part.rank)
            if strength[0] > 0:
                eta += field.through(left * strength, right)
        return eta

    def transposed(self, s: np.ndarray) -> np.ndarray:
        """X's (P,) for s (n,)."""
        found = np.zeros(self.n_columns)
        if self._others is not None:
            found[self._free] = self._others.transposed(s[None])[0]
        for field, part in zip(self._fields, self.parts, strict=True):
            found[part.columns] = field.correlated(s).ravel()
        return found

    def linear(
        self,
        free: np.ndarray,
        maps: Sequence[np.ndarray] | None,
        courses: Sequence[np.ndarray] | None,
        y: np.ndarray,
        weights: np.ndarray,
        stride: int,
    ) -> Operations:
        """See `glmengine.solvers.rank_frame.FieldDesign`."""
        features = self.seen(free, maps, courses)
        rows = np.arange(0, len(self), stride)
        width = features(rows[:1]).shape[1]
        columns = _Columns(lambda start, stop: features(rows[start:stop]), (rows.size, width))
        observed = Observations(y[None, ::stride], weights[None, ::stride])
        return _Table(columns, self._step, self._where, observed).operations

    def seen(self, free: np.ndarray, maps: Sequence[np.ndarray] | None, courses: Sequence[np.ndarray] | None) -> Features:
        """What makes of the numbers of some rows (t,) their columns (t, q) in which the predictor is linear: the free ones, then for each
        part those through the maps (C, r), map by map, and through the time courses (n, r), course by course, where given."""
        chosen = np.searchsorted(self._free, free)
        projected = [field.projected(left) for field, left in zip(self._fields, maps, strict=True)] if maps is not None else None

        def features(rows: np.ndarray) -> np.ndarray:
            columns = [self.others(rows)[:, chosen]]
            for number, field in enumerate(self._fields):
                if projected is not None:
                    columns.append(field.in_time(rows, projected[number]))
                if courses is not None:
                    columns.append(field.in_space(rows, courses[number]))
            return np.hstack(columns)

        return features

    def random_maps(self, rng: np.random.Generator) -> list[np.ndarray]:
        """For each part maps (C, r) of which nothing is known, zero where the stimulus never changes."""
        return [
            rng.normal(size=(part.shape[0], part.rank)) * ~field.still[:, None]
            for field, part in zip(self._fields, self.parts, strict=True)
        ]

    def average_maps(self, y: np.ndarray, weights: np.ndarray) -> list[np.ndarray]:
        """For each part the leading maps (C, r) of the covariance of its columns with the observations, freed of the correlations among
        the channels: a whitened spike-triggered average."""
        total = weights.sum()
        slope = weights * (y - weights @ y / total) / total
        maps = []
        for field, part in zip(self._fields, self.parts, strict=True):
            average = field.correlated(slope)
            covariance = field.covariance
            ridge = WHITENING * np.trace(covariance) / len(covariance)
            if ridge > 0:
                average = np.linalg.solve(covariance + ridge * np.eye(len(covariance)), average)
            left, _, _ = factors_of(average, part.rank)
            maps.append(left)
        return maps


def _still(values: Channels, used: np.ndarray) -> np.ndarray:
    """(C,) bool, channels that are constant in the rows `used` (T,) bool in which they are known."""
    low, high = np.full(values.shape[1], np.inf), np.full(values.shape[1], -np.inf)
    for _, part in stretches(values, used):
        low, high = np.fmin(low, np.fmin.reduce(part)), np.fmax(high, np.fmax.reduce(part))
    return high <= low


class _Field:
    """One separable field: its stimulus (T, C), kernels over lags, and what its columns are multiplied by."""

    def __init__(self, block: Block, index: np.ndarray, where: _Where) -> None:
        factor = None
        if isinstance(block, ScaledBlock):
            factor = np.where(block.inside, 1.0 if block.gain is None else np.nan_to_num(block.gain), 0.0)[index]
            block = block.block
        assert isinstance(block, ChannelBlock)
        self.index, self.factor = index, factor
        self.values, self.lags, self.kernel, self.rank = block.values, block.lags, block.kernel, block.term.rank
        self.shape = (self.values.shape[1], self.kernel.shape[1])
        self._step = max(64, _STRETCH_NUMBERS // self.shape[0])
        self._covariance: np.ndarray | None = None
        self.mean, self.still = np.zeros(self.shape[0]), np.zeros(self.shape[0], bool)
        if factor is None:
            used = np.zeros(len(self.values), bool)
            used[index] = True
            self.mean = mean_of(self.values, known_rows(self.values, used))
            self.still = _still(self.values, used)
        self.table = _Table(_Columns(self._clean, (len(self.values), self.shape[0])), self._step, where)
        self._where = where

    def _clean(self, start: int, stop: int) -> np.ndarray:
        """Rows of the stimulus about its mean; what is not known, which no row of the fit looks at, is 0."""
        part = self.values[max(start, 0) : stop] - self.mean
        part[:, self.still] = 0.0  # not what rounding has left of them
        if not np.isfinite(part).all():
            part = np.nan_to_num(part, nan=0.0, posinf=0.0, neginf=0.0)
        return part

    @property
    def covariance(self) -> np.ndarray:
        """(C, C) of the channels in the bins around which the model is fitted; made once."""
        if self._covariance is None:
            T, C = len(self.values), self.shape[0]
            used = np.zeros((1, T))
            used[0, self.index] = 1.0
            rows = self.table.rows.observing(Observations(np.broadcast_to(0.0, (1, T)), used))
            made = backend_for(rows, 1, self._where.context).grams.grams(RowWeights(), _every(1), np.zeros((1, rows.size)))[0]
            mean = made[-1, :C] / max(self.index.size, 1)
            self._covariance = made[:C, :C] / max(self.index.size, 1) - np.outer(mean, mean)
        return self._covariance

    def projected(self, maps: np.ndarray) -> np.ndarray:
        """(T, k) the stimulus through maps (C, k)."""
        return self.table.times(maps)

    def _past(self, rows: np.ndarray, lag: int) -> np.ndarray:
        return np.clip(self.index[rows] - lag, 0, len(self.values) - 1)

    def _scaled(self, found: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return found if self.factor is None else found * self.factor[rows, None]

    def through(self, maps: np.ndarray, courses: np.ndarray) -> np.ndarray:
        """(n,) what the field of maps (C, k) and time courses (n, k) makes of the stimulus."""
        projected, taps = self.projected(maps), self.kernel @ courses
        rows = np.arange(self.index.size)
        total = np.zeros(rows.size)
        for lag, tap in zip(self.lags.tolist(), taps, strict=True):
            total += (projected @ tap)[self._past(rows, lag)]
        return total if self.factor is None else total * self.factor

    def correlated(self, s: np.ndarray) -> np.ndarray:
        """(C, n) products of all columns with s (n,)."""
        total = len(self.values)
        first, last = int(self.lags[0]), int(self.lags[-1])
        before, after = max(-first, 0), max(last, 0)
        padded = np.zeros(before + total + after)
        padded[before + self.index] = s if self.factor is None else s * self.factor

        residual = np.empty((self.kernel.shape[1], total))

        def shift(start: int) -> None:
            length = min(_SHIFTED, total - start)
            ahead = np.stack([padded[before + start + lag :][:length] for lag in self.lags.tolist()])
            residual[:, start : start + length] = self.kernel.T @ ahead

        with workers(total * self.kernel.size) as pool:
            for _ in pool.map(shift, list(range(0, total, _SHIFTED))):
                pass
        return self.table.transposed(residual).T

    def in_time(self, rows: np.ndarray, projected: np.ndarray) -> np.ndarray:
        """(t, k * n) columns of rows through maps, `projected` (T, k), map by map."""
        windows = np.stack([projected[self._past(rows, lag)] for lag in self.lags.tolist()], axis=2)  # (t, k, L)
        return self._scaled((windows @ self.kernel).reshape(rows.size, -1), rows)

    def in_space(self, rows: np.ndarray, courses: np.ndarray) -> np.ndarray:
        """(t, k * C) columns of rows through time courses (n, k), course by course."""
        taps = self.kernel @ courses
        lowest = int(self._past(rows[:1], int(self.lags[-1]))[0])
        highest = int(self._past(rows[-1:], int(self.lags[0]))[0]) + 1
        part = self._clean(lowest, highest)
        found = np.zeros((courses.shape[1], rows.size, self.shape[0]))
        for lag, tap in zip(self.lags.tolist(), taps, strict=True):
            if tap.any():
                shifted = part[self._past(rows, lag) - lowest]
                for number, size in enumerate(tap):
                    found[number] += size * shifted
        return self._scaled(found.transpose(1, 0, 2).reshape(rows.size, -1), rows)
