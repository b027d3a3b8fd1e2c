"""Columns of a stimulus of many channels filtered over time: each channel, or what a projection leaves of them.

The projection is kept with the term, so that a fitted model sees new data in the same way. A separable field has the columns of all
channels; only its fit is held to a low rank (`glmengine.fitting.separable`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, reduce
from typing import TYPE_CHECKING

import numpy as np

from glmengine.design.design import Block, Column, Design, LeftOut
from glmengine.design.projection import projection_of
from glmengine.design.stimulus import Channels, channels_in_bins, stretches
from glmengine.errors import GlmError
from glmengine.sentences import of_all
from glmengine.timegrid.convolution import convolve_pieces, full_window
from glmengine.timegrid.differences import second_differences

if TYPE_CHECKING:
    from glmengine.analysis.terms import ReceptiveFieldTerm
    from glmengine.recording.recording import Covariate, Recording
    from glmengine.timegrid.grid import TimeGrid


class ChannelBlock(Block):
    """Channels filtered by kernels over lags, channel-major.

    Parameters
    ----------
    term : ReceptiveFieldTerm
        With its projection.
    values : (T, C) array or Frames
        The channels in each bin, NaN where invalid.
    names : sequence of str
        Names of the C channels: those of the stimulus, of components, or of the units whose average they are.
    offsets : (S + 1,) int
        Row at which each stretch of time begins.
    bin_size : float
        In seconds.
    shape : tuple of int
        Of the channels in space; their product is C where neighbours can be told.

    Attributes
    ----------
    values : (T, C) array or Frames
    lags : (L,) int array
        In bins.
    kernel : (L, n) array
        The functions of time.
    """

    def __init__(
        self,
        term: ReceptiveFieldTerm,
        values: Channels,
        names: Sequence[str],
        offsets: np.ndarray,
        bin_size: float,
        shape: tuple[int, ...] = (),
    ) -> None:
        self.term, self.values, self._offsets, self._shape = term, values, offsets, shape
        self.lags, self.kernel = term.basis.kernel(bin_size)
        n = self.kernel.shape[1]
        self._owners = np.repeat(np.asarray(names, dtype=object), n)
        self.columns = [
            Column(f"{term.label}[{name}][{function}]", name, channel, function)
            for channel, name in enumerate(names)
            for function in range(n)
        ]

    def chunk(self, start: int, stop: int) -> np.ndarray:
        return convolve_pieces(self.values, self.lags, self.kernel, self._offsets, start, stop)  # type: ignore[arg-type]

    @cached_property
    def _known(self) -> np.ndarray:
        """(T,) bool, bins in which all channels are known."""
        known = np.empty(len(self.values), bool)
        for place, part in stretches(self.values):
            known[place] = np.isfinite(part).all(axis=1)
        return known

    def defined(self, start: int, stop: int) -> np.ndarray:
        inside = full_window(self.lags, self._offsets, start, stop)
        unknown = np.concatenate([[0], np.cumsum(~self._known)])
        rows = np.arange(start, stop)
        low, high = (np.clip(rows - int(lag), 0, len(self.values)) for lag in (self.lags[-1], self.lags[0] - 1))
        return inside & (unknown[high] == unknown[low])

    def allowed(self, unit: str) -> np.ndarray:
        if self.term.space != "sta":
            return np.ones(len(self.columns), bool)
        return np.asarray(self._owners == unit, bool)

    @property
    def restricts(self) -> bool:
        return self.term.space == "sta"

    def axis_penalties(self) -> list[np.ndarray]:
        """Second differences along each axis of space, where the channels have neighbours, then over the lags."""
        n = self.kernel.shape[1]
        channels = len(self.columns) // n
        own = self.term.basis.penalty_matrix()
        over_lags = np.kron(np.eye(channels), np.zeros((n, n)) if own is None else own)
        if self.term.space not in ("each", "separable") or int(np.prod(self._shape)) != channels:
            return [over_lags]
        along = []
        for axis, size in enumerate(self._shape):
            parts = [second_differences(size) if place == axis else np.eye(other) for place, other in enumerate(self._shape)]
            along.append(np.kron(reduce(np.kron, parts), np.eye(n)))
        return [*along, over_lags]

    def penalty_matrix(self) -> np.ndarray:
        return sum(self.axis_penalties()[1:], self.axis_penalties()[0])


def receptive_block(
    term: ReceptiveFieldTerm,
    recording: Recording,
    grid: TimeGrid,
    rows: np.ndarray,
    unit_names: Sequence[str],
    max_gap: float | None,
    where: str,
    notes: list[str],
    *,
    frozen: bool,
) -> ChannelBlock | LeftOut:
    """The columns of a receptive-field term; its projection is found on `rows` (T,) bool unless it is `frozen`.

    Raises
    ------
    GlmError
        If the stimulus is unknown or has one channel, or the projection or the rank does not fit it.
    """
    covariate = _stimulus(term, recording, where)
    values = channels_in_bins(covariate, grid, max_gap)
    channels = values.shape[1]
    try:
        lags, kernel = term.basis.kernel(grid.bin_size)
    except GlmError as error:
        raise GlmError(f"term '{term.label}': {error.message}", field=f"{where}.basis.{error.field}".rstrip(".")) from error
    if term.space == "separable" and term.rank > min(channels, kernel.shape[1]):
        raise GlmError(
            f"term '{term.label}': rank {term.rank} is more than {channels} channels and {kernel.shape[1]} functions of time allow; "
            f"give at most {min(channels, kernel.shape[1])}",
            field=f"{where}.rank",
        )
    shape = extent(covariate)
    if term.space in ("each", "separable"):
        if not frozen:
            low, high = _range(values, rows)
            if not np.isfinite(low).all():
                raise GlmError(
                    f"term '{term.label}': '{term.variable}' has no valid frame in the bins used; take the term out, or use other epochs",
                    field=f"{where}.variable",
                )
            still = np.flatnonzero(low == high)
            if still.size == channels:
                return LeftOut(term.label, f"'{term.variable}' is constant in the bins used")
            if still.size:
                channels_of = f"channels of '{term.variable}'"
                notes.append(f"{of_all(still.size, channels, channels_of)} constant in the bins used.")
        return ChannelBlock(term, values, covariate.components, grid.offsets, grid.bin_size, shape)
    if frozen:
        names, projection = list(term.projected), np.array(term.projection, np.float64).T
        if projection.shape != (channels, len(names)):
            raise GlmError(
                f"term '{term.label}': '{term.variable}' has {channels} channels here, and {len(projection)} where the model was "
                "fitted; choose a recording with the same stimulus",
                field=f"{where}.variable",
            )
    else:
        names, projection = projection_of(term, values, recording, grid, rows, unit_names, lags, where, notes)
        term = term.with_(projected=tuple(names), projection=tuple(tuple(map(float, row)) for row in projection.T))
    seen = np.empty((len(values), projection.shape[1]))
    for place, part in stretches(values):
        seen[place] = part @ projection
    return ChannelBlock(term, seen, names, grid.offsets, grid.bin_size)


def averaged_on(
    term: ReceptiveFieldTerm,
    recording: Recording,
    grid: TimeGrid,
    rows: np.ndarray,
    unit_names: Sequence[str],
    max_gap: float | None,
) -> ReceptiveFieldTerm:
    """A term seen through spike-triggered averages, with those over `rows` (T,) bool."""
    values = channels_in_bins(recording.covariates[term.variable], grid, max_gap)
    names, projection = projection_of(
        term, values, recording, grid, rows, unit_names, term.basis.kernel(grid.bin_size)[0], "", []
    )
    return term.with_(projected=tuple(names), projection=tuple(tuple(map(float, row)) for row in projection.T))


def _range(values: Channels, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least and largest value (C,) of each channel in the rows (T,) bool in which all are known; infinite where there are none."""
    low, high = np.full(values.shape[1], np.inf), np.full(values.shape[1], -np.inf)
    for _, part in stretches(values, rows):
        known = part[np.isfinite(part).all(axis=1)]
        if len(known):
            low, high = np.minimum(low, known.min(axis=0)), np.maximum(high, known.max(axis=0))
    return low, high


def separable_labels(design: Design) -> list[str]:
    """Labels of the terms whose fields are held to a rank."""
    return [term.label for term in design.terms if term.kind == "receptive_field" and term.space == "separable"]


def _stimulus(term: ReceptiveFieldTerm, recording: Recording, where: str) -> Covariate:
    covariate = recording.covariates.get(term.variable)
    if covariate is not None and covariate.components and covariate.kind not in ("angle", "category"):
        return covariate
    have = multichannel(recording)
    found = f"'{term.variable}' has one channel" if term.variable in recording.variables else f"there is no '{term.variable}'"
    if covariate is not None and covariate.components:
        found = f"'{term.variable}' holds {'angles' if covariate.kind == 'angle' else 'categories'}, not strengths"
    raise GlmError(
        f"term '{term.label}': {found}; choose a covariate with several components ({', '.join(have) or 'this recording has none'})",
        field=f"{where}.variable",
    )


def extent(covariate: Covariate) -> tuple[int, ...]:
    """How the channels lie: rows and columns of an image, or the number of channels."""
    shape = covariate.stored.shape if covariate.stored is not None else covariate.data.shape
    return tuple(int(size) for size in shape[1:])


def multichannel(recording: Recording) -> list[str]:
    """Covariates that a receptive field can be of."""
    return [
        name for name, one in recording.covariates.items() if len(one.components) > 1 and one.kind not in ("angle", "category")
    ]
