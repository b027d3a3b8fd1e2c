"""A stimulus of many channels (images, videos, spectrograms) filtered over time: each channel, or what is left of them by a projection.

The projection is kept with the term, so that a fitted model sees new data in the same way. A separable field has the columns of all
channels; only its fit is held to a low rank (`glmengine.separable`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from glmengine.convolution import convolve_pieces
from glmengine.design import Block
from glmengine.errors import GlmError

if TYPE_CHECKING:
    from glmengine.recording import Covariate, Recording
    from glmengine.terms import ReceptiveFieldTerm
    from glmengine.timegrid import TimeGrid


class ChannelBlock(Block):
    """Channels filtered by kernels over lags, channel-major.

    Parameters
    ----------
    term : ReceptiveFieldTerm
        With its projection.
    values : (T, C) array
        The channels in each bin, NaN where invalid.
    names : sequence of str
        Names of the C channels: those of the stimulus, of components, or of the units whose average they are.
    offsets : (S + 1,) int
        Row at which each stretch of time begins.
    bin_size : float
        In seconds.
    shape : tuple of int
        Of the channels in space; their product is C where neighbours can be told.
    """

    def __init__(
        self,
        term: ReceptiveFieldTerm,
        values: np.ndarray,
        names: Sequence[str],
        offsets: np.ndarray,
        bin_size: float,
        shape: tuple[int, ...] = (),
    ) -> None:
        self.term, self._values, self._offsets, self._shape = term, values, offsets, shape
        self._lags, self._kernel = term.basis.kernel(bin_size)
        n = self._kernel.shape[1]
        self._owners = np.repeat(np.asarray(names, dtype=object), n)
        self.columns = [
            {"label": f"{term.label}[{name}][{function}]", "variable": name, "channel": channel, "lag": 0, "function": function}
            for channel, name in enumerate(names)
            for function in range(n)
        ]

    def chunk(self, start: int, stop: int) -> np.ndarray:
        return convolve_pieces(self._values, self._lags, self._kernel, self._offsets, start, stop)

    def allowed(self, unit: str) -> np.ndarray:
        if self.term.space != "sta":
            return np.ones(len(self.columns), bool)
        return np.asarray(self._owners == unit, bool)

    @property
    def restricts(self) -> bool:
        return self.term.space == "sta"

    def axis_penalties(self) -> list[np.ndarray]:
        """Second differences along each axis of space, where the channels have neighbours, then over the lags."""
        n = self._kernel.shape[1]
        channels = len(self.columns) // n
        own = self.term.basis.penalty_matrix()
        over_lags = np.kron(np.eye(channels), np.zeros((n, n)) if own is None else own)
        if self.term.space not in ("each", "separable") or int(np.prod(self._shape)) != channels:
            return [over_lags]
        along = []
        for axis, size in enumerate(self._shape):
            second = np.diff(np.eye(size), 2, axis=0) if size > 2 else np.zeros((1, size))
            parts = [second.T @ second if place == axis else np.eye(other) for place, other in enumerate(self._shape)]
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
) -> ChannelBlock | None:
    """The columns of a receptive-field term; its projection is found on `rows` (T,) bool unless it is `frozen`.

    Raises
    ------
    GlmError
        If the stimulus is unknown or has one channel, or the projection or the rank does not fit it.
    """
    covariate = _stimulus(term, recording, where)
    values = np.asarray(grid.sample(covariate, max_gap), np.float64).reshape(grid.n_bins, -1)
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
            known = values[rows & np.isfinite(values).all(axis=1)]
            if not len(known):
                raise GlmError(
                    f"term '{term.label}': '{term.variable}' has no valid frame in the bins used; take the term out, or use other epochs",
                    field=f"{where}.variable",
                )
            still = np.flatnonzero(known.max(axis=0) == known.min(axis=0))
            if still.size == channels:
                notes.append(f"The term '{term.label}' was left out: '{term.variable}' is constant in the bins used.")
                return None
            if still.size:
                notes.append(f"{still.size} of {channels} channels of '{term.variable}' are constant in the bins used.")
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
        names, projection = _projection(term, values, recording, grid, rows, unit_names, lags, where, notes)
        term = term.with_(projected=tuple(names), projection=tuple(tuple(map(float, row)) for row in projection.T))
    return ChannelBlock(term, values @ projection, names, grid.offsets, grid.bin_size)


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


def _projection(
    term: ReceptiveFieldTerm,
    values: np.ndarray,
    recording: Recording,
    grid: TimeGrid,
    rows: np.ndarray,
    unit_names: Sequence[str],
    lags: np.ndarray,
    where: str,
    notes: list[str],
) -> tuple[list[str], np.ndarray]:
    """Names of the channels that are left, and what they are of the stimulus's, (C, k)."""
    if term.space == "given":
        filters = _given(term, values.shape[1], where)
        return [f"filter {number + 1}" for number in range(filters.shape[1])], filters
    known = rows & np.isfinite(values).all(axis=1)
    if known.sum() < 2:
        raise GlmError(
            f"term '{term.label}': '{term.variable}' has no valid frames in the bins used; use other epochs",
            field=f"{where}.variable",
        )
    if term.space == "pca":
        channels = values.shape[1]
        if term.components > channels:
            raise GlmError(
                f"term '{term.label}': {term.components} components of {channels} channels; give at most {channels}",
                field=f"{where}.components",
            )
        centred = values[known] - values[known].mean(axis=0)
        spectrum, vectors = np.linalg.eigh(centred.T @ centred)
        vectors = vectors[:, ::-1][:, : term.components]
        share = spectrum[::-1][: term.components].sum() / max(spectrum.sum(), 1e-300)
        notes.append(f"{term.components} principal components hold {share:.0%} of the variance of '{term.variable}'.")
        signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])])
        return [f"component {number + 1}" for number in range(term.components)], vectors * signs
    notes.append(
        f"The averages that '{term.label}' is seen through were taken from all bins that are fitted, those of every fold included: "
        "held-out scores flatter them a little."
    )
    counts = np.nan_to_num(np.asarray(grid.count(recording, tuple(unit_names)), np.float64))
    return list(unit_names), spatial_averages(values, counts, known, lags, grid.offsets)


def spatial_averages(
    values: np.ndarray, counts: np.ndarray, known: np.ndarray, lags: np.ndarray, offsets: np.ndarray
) -> np.ndarray:
    """The spatial part of each unit's spike-triggered average: its first left singular vector, of norm 1, positive at its largest.

    Parameters
    ----------
    values : (T, C) array
        The stimulus.
    counts : (T, M) array
    known : (T,) bool
        Bins that may be used.
    lags : (L,) int
        In bins, of the window.
    offsets : (S + 1,) int

    Returns
    -------
    (C, M) array
        Zero for a unit without spikes.
    """
    filled = np.where(known[:, None], values - values[known].mean(axis=0), 0.0)
    piece = np.searchsorted(offsets, np.arange(len(values)), side="right")
    averages = np.zeros((len(lags), values.shape[1], counts.shape[1]))
    for place, lag in enumerate(lags.tolist()):
        low, high = max(lag, 0), len(values) + min(lag, 0)
        now, then = slice(low, high), slice(low - lag, high - lag)
        same = (piece[now] == piece[then]) & known[now]
        averages[place] = filled[then].T @ (counts[now] * same[:, None])
    spaces = np.zeros((values.shape[1], counts.shape[1]))
    for unit in range(counts.shape[1]):
        left, strength, _ = np.linalg.svd(averages[:, :, unit].T, full_matrices=False)
        if strength[0] > 0:
            space = left[:, 0]
            spaces[:, unit] = space * np.sign(space[np.abs(space).argmax()])
    return spaces


def _given(term: ReceptiveFieldTerm, channels: int, where: str) -> np.ndarray:
    """(C, k) filters of a file: an array of NumPy's, or numbers in text, one filter of C numbers or k of them one after another."""
    path = Path(term.filter_file)
    if not term.filter_file:
        raise GlmError(f"term '{term.label}': no filter is given; name a file", field=f"{where}.filter_file")
    try:
        if path.suffix.lower() == ".npy":
            values = np.load(path, allow_pickle=False)
        else:
            values = np.loadtxt(path, delimiter="," if path.suffix.lower() == ".csv" else None, encoding="utf-8")
        values = np.asarray(values, np.float64)
    except (OSError, ValueError) as error:
        raise GlmError(
            f"{path.name}: cannot be read as an array of numbers ({error}); give a .npy, .csv or text file",
            field=f"{where}.filter_file",
        ) from error
    if values.size == 0 or values.size % channels or not np.isfinite(values).all():
        what = (
            "holds numbers that are not finite"
            if values.size and not np.isfinite(values).all()
            else f"holds {values.size} numbers"
        )
        raise GlmError(
            f"{path.name}: {what}, and '{term.variable}' has {channels} channels; give {channels} numbers for each filter",
            field=f"{where}.filter_file",
        )
    return values.reshape(-1, channels).T
