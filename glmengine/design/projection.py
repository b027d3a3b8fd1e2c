"""Projections of a stimulus of many channels: principal components, spike-triggered averages, or given ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.projection_files import given_projections
from glmengine.design.stimulus import Channels, stretches
from glmengine.errors import GlmError
from glmengine.recording.binned import count_spikes
from glmengine.sentences import percent

if TYPE_CHECKING:
    from glmengine.analysis.terms import ReceptiveFieldTerm
    from glmengine.recording.recording import Recording
    from glmengine.timegrid.grid import TimeGrid


def projection_of(
    term: ReceptiveFieldTerm,
    values: Channels,
    recording: Recording,
    grid: TimeGrid,
    rows: np.ndarray,
    unit_names: Sequence[str],
    lags: np.ndarray,
    where: str,
    notes: list[str],
) -> tuple[list[str], np.ndarray]:
    """Names of the channels that are left, and what they are of the stimulus's, (C, k).

    Raises
    ------
    GlmError
        If the stimulus has no valid frame, fewer channels than components are wanted, or the filters do not fit it.
    """
    channels = values.shape[1]
    if term.space == "given":
        filters = given_projections(term, channels, where)
        return [f"filter {number + 1}" for number in range(filters.shape[1])], filters
    if term.space == "pca" and term.components > channels:
        raise GlmError(
            f"term '{term.label}': {term.components} components of {channels} channels; give at most {channels}",
            field=f"{where}.components",
        )
    known = known_rows(values, rows)
    if known.sum() < 2:
        raise GlmError(
            f"term '{term.label}': '{term.variable}' has no valid frames in the bins used; use other epochs",
            field=f"{where}.variable",
        )
    if term.space == "pca":
        spectrum, vectors = np.linalg.eigh(covariance_of(values, known))
        vectors = vectors[:, ::-1][:, : term.components]
        share = spectrum[::-1][: term.components].sum() / max(spectrum.sum(), 1e-300)
        notes.append(f"{term.components} principal components hold {percent(share)} of the variance of '{term.variable}'.")
        signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])])
        return [f"component {number + 1}" for number in range(term.components)], vectors * signs
    notes.append(
        f"'{term.label}' is seen through averages over the very spikes that are fitted: it has no p-value; see its held-out scores."
    )
    counts = np.nan_to_num(np.asarray(count_spikes(recording, grid, tuple(unit_names)), np.float64))
    ridge = term.whitening_ridge if term.whitened else None
    return list(unit_names), spatial_averages(values, counts, known, lags, grid.offsets, ridge)


def known_rows(values: Channels, rows: np.ndarray) -> np.ndarray:
    """(T,) bool: those of `rows` in which every channel is known."""
    known = np.zeros(len(values), bool)
    for place, part in stretches(values):
        known[place] = rows[place] & np.isfinite(part).all(axis=1)
    return known


def mean_of(values: Channels, known: np.ndarray) -> np.ndarray:
    """(C,) means over the rows `known` (T,) bool."""
    total = np.zeros(values.shape[1])
    for _, part in stretches(values, known):
        total += part.sum(axis=0)
    return total / max(int(known.sum()), 1)


def covariance_of(values: Channels, known: np.ndarray) -> np.ndarray:
    """(C, C) sums of squares and products about the means, over the rows `known` (T,) bool."""
    mean, total = mean_of(values, known), np.zeros((values.shape[1],) * 2)
    for _, part in stretches(values, known):
        centred = part - mean
        total += centred.T @ centred
    return total


def spatial_averages(
    values: Channels,
    counts: np.ndarray,
    known: np.ndarray,
    lags: np.ndarray,
    offsets: np.ndarray,
    ridge: float | None = None,
) -> np.ndarray:
    """The spatial part of each unit's spike-triggered average: its first left singular vector, of norm 1, positive at its largest.

    Parameters
    ----------
    values : (T, C) array or Frames
        The stimulus.
    counts : (T, M) array
    known : (T,) bool
        Bins that may be used.
    lags : (L,) int
        In bins, of the window.
    offsets : (S + 1,) int
    ridge : float, optional
        Whiten: free the averages of the correlations among the channels, to whose variance this share of their mean is added.

    Returns
    -------
    (C, M) array
        Zero for a unit without spikes.
    """
    mean = mean_of(values, known)
    piece = np.searchsorted(offsets, np.arange(len(values)), side="right")
    averages = np.zeros((len(lags), values.shape[1], counts.shape[1]))
    for place, part in stretches(values):
        filled = np.where(known[place, None], part - mean, 0.0)
        for number, lag in enumerate(lags.tolist()):
            low, high = max(place.start, -lag, 0), min(place.stop, len(values) - lag)
            if low >= high:
                continue
            then, now = slice(low, high), slice(low + lag, high + lag)
            same = (piece[now] == piece[then]) & known[now]
            responses = counts[now] * same[:, None]
            averages[number] += filled[low - place.start : high - place.start].T @ responses
    if ridge is not None:
        spread = covariance_of(values, known)
        size = np.trace(spread) / len(spread)
        if size > 0:
            spread.flat[:: len(spread) + 1] += ridge * size
            averages = np.linalg.solve(spread / size, averages)
    spaces = np.zeros((values.shape[1], counts.shape[1]))
    for unit in range(counts.shape[1]):
        left, strength, _ = np.linalg.svd(averages[:, :, unit].T, full_matrices=False)
        if strength[0] > 0:
            space = left[:, 0]
            spaces[:, unit] = space * np.sign(space[np.abs(space).argmax()])
    return spaces
