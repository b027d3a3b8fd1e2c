"""Rows of designs with separable fields as their solver reads them: the stimulus through a few maps or a few time courses, never all columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from glmengine.design.blocks.receptive_field import ChannelBlock, separable_labels
from glmengine.design.blocks.scaled import ScaledBlock
from glmengine.design.design import Block, Design
from glmengine.design.projection import known_rows, mean_of
from glmengine.design.stimulus import Channels, stretches
from glmengine.solvers.rank_frame import Features, Part, factors_of
from glmengine.threads import workers

_STRETCH_NUMBERS = 2**17
"""Numbers of a stretch of the stimulus, 1 MB: what is made of it stays in the cache."""


WHITENING = 0.01
"""Ridge, as a share of the mean variance of the channels, with which averages are freed of their correlations."""


class FieldRows:
    """The valid rows of a design, numbered from 0.

    Parameters
    ----------
    design : Design
    index : (n,) int array
        Bins of the rows.
    memory : float
        Bytes that the columns which are in no separable field may take; else they are made again in each pass.

    Attributes
    ----------
    parts : tuple of Part
        The separable fields.
    means : (P,) array
        What was taken from the columns, so that a stimulus far from zero costs no digits: zero for those of other terms, and for fields
        with a gain or epochs, of which the intercept cannot make up for it.
    """

    def __init__(self, design: Design, index: np.ndarray, memory: float) -> None:
        labels = separable_labels(design)
        self.index = index
        self._fields = [_Field(block, index) for block in design.blocks if block.term.label in labels]
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
            for rows in self.stretches(1):
                self._X[rows] = self._read(rows)
        self.n_columns = design.n_columns
        self.means = np.zeros(self.n_columns)
        for columns, field in zip(places, self._fields, strict=True):
            self.means[columns] = np.outer(field.mean, field.kernel.sum(axis=0)).ravel()

    def __len__(self) -> int:
        return self.index.size

    def stretches(self, stride: int) -> list[np.ndarray]:
        """Numbers of the rows, one in `stride`, a stretch at a time."""
        return [
            np.arange(start, min(start + self._step * stride, len(self)), stride)
            for start in range(0, len(self), self._step * stride)
        ]

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
        if free.any():
            for rows in self.stretches(1):
                eta[rows] += self.others(rows) @ free
        for field, part in zip(self._fields, self.parts, strict=True):
            left, strength, right = factors_of(w[part.columns].reshape(part.shape), part.rank)
            if strength[0] > 0:
                eta += field.through(left * strength, right)
        return eta

    def transposed(self, s: np.ndarray) -> np.ndarray:
        """X's (P,) for s (n,)."""
        found = np.zeros(self.n_columns)
        if self._free.size:
            found[self._free] = sum(s[rows] @ self.others(rows) for rows in self.stretches(1))
        for field, part in zip(self._fields, self.parts, strict=True):
            found[part.columns] = field.correlated(s).ravel()
        return found

    def seen(self, free: np.ndarray, maps: Sequence[np.ndarray] | None, courses: Sequence[np.ndarray] | None) -> Features:
        """Features of rows, see `glmengine.solvers.rank_frame.Rows`."""
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

    def __init__(self, block: Block, index: np.ndarray) -> None:
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

    def _clean(self, start: int, stop: int) -> np.ndarray:
        """Rows of the stimulus about its mean; what is not known, which no row of the fit looks at, is 0."""
        part = self.values[max(start, 0) : stop] - self.mean
        part[:, self.still] = 0.0  # not what rounding has left of them
        if not np.isfinite(part).all():
            part = np.nan_to_num(part, nan=0.0, posinf=0.0, neginf=0.0)
        return part

    def _stretches(self) -> list[tuple[int, int]]:
        total = len(self.values)
        return [(start, min(start + self._step, total)) for start in range(0, total, self._step)]

    @property
    def covariance(self) -> np.ndarray:
        """(C, C) of the channels in the bins around which the model is fitted; made once."""
        if self._covariance is None:
            used = np.zeros(len(self.values), bool)
            used[self.index] = True

            def moments(place: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
                part = self._clean(*place)[used[slice(*place)]]
                return part.sum(axis=0), part.T @ part

            sums: np.ndarray | float = 0.0
            squares: np.ndarray | float = 0.0
            with workers() as pool:
                for own, own_squares in pool.map(moments, self._stretches()):
                    sums, squares = sums + own, squares + own_squares
            mean = np.asarray(sums) / max(self.index.size, 1)
            self._covariance = np.asarray(squares) / max(self.index.size, 1) - np.outer(mean, mean)
        return self._covariance

    def projected(self, maps: np.ndarray) -> np.ndarray:
        """(T, k) the stimulus through maps (C, k)."""
        found = np.empty((len(self.values), maps.shape[1]))

        def project(place: tuple[int, int]) -> None:
            found[slice(*place)] = self._clean(*place) @ maps

        with workers() as pool:
            for _ in pool.map(project, self._stretches()):
                pass
        return found

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

        def correlate(place: tuple[int, int]) -> np.ndarray:
            length = place[1] - place[0]
            ahead = np.stack([padded[before + place[0] + lag :][:length] for lag in self.lags.tolist()], axis=1)
            return self._clean(*place).T @ (ahead @ self.kernel)

        found: np.ndarray | float = 0.0
        with workers() as pool:
            for part in pool.map(correlate, self._stretches()):
                found = found + part
        return np.asarray(found)

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
