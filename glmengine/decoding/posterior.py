"""Posterior over candidates in each bin: Bayes' rule, and smoothing over time by a random walk (forward-backward)."""

from __future__ import annotations

from functools import reduce

import numpy as np

from glmengine.context import SILENT, Context, Progress
from glmengine.decoding.candidates import Axis, Candidates

_FLOOR = 1e-300
_ROWS, _COLUMNS = 8192, 16  # of a table that are worked on at a time, so that no second table of its size is made


def moving_sum(values: np.ndarray, run: np.ndarray, width: int) -> np.ndarray:
    """(T, K) sums over `width` bins centred on each, within its run, in the place of `values`."""
    if width <= 1:
        return values
    begins = np.flatnonzero(np.diff(run, prepend=run[0] - 1))
    ends = np.append(begins[1:], len(run))
    first, last = (np.repeat(edges, ends - begins) for edges in (begins, ends))
    rows = np.arange(len(run))
    low = np.maximum(rows - (width - 1) // 2, first)
    high = np.minimum(rows + width // 2 + 1, last)
    sums = np.zeros((len(values) + 1, _COLUMNS))
    for begin in range(0, values.shape[1], _COLUMNS):
        some = values[:, begin : begin + _COLUMNS]
        np.cumsum(some, axis=0, out=sums[1:, : some.shape[1]])
        some[:] = (sums[high] - sums[low])[:, : some.shape[1]]
    return values


def normalised(log_likelihood: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """(T, K) posterior of each bin alone, in the place of the likelihoods."""
    with np.errstate(divide="ignore"):
        before = np.log(prior)
    for begin in range(0, len(log_likelihood), _ROWS):
        some = log_likelihood[begin : begin + _ROWS]
        some += before
        some -= some.max(axis=1, keepdims=True)
        np.exp(some, out=some)
        some /= some.sum(axis=1, keepdims=True)
    return log_likelihood


def smoothed(
    log_likelihood: np.ndarray,
    prior: np.ndarray,
    run: np.ndarray,
    candidates: Candidates,
    steps: tuple[float, ...],
    context: Context = SILENT,
) -> np.ndarray:
    """(T, K) posterior of each bin given the whole run that it lies in.

    Parameters
    ----------
    log_likelihood : (T, K) array
        Is overwritten.
    prior : (K,) array
        Of the first bin of each run.
    run : (T,) int array
        Runs of consecutive bins, in order.
    candidates : Candidates
    steps : tuple of float
        Standard deviation of each variable's step from one bin to the next.
    """
    transition = reduce(np.kron, [_transition(axis, step) for axis, step in zip(candidates.axes, steps, strict=True)])
    likelihood = log_likelihood
    likelihood -= likelihood.max(axis=1, keepdims=True)
    np.maximum(np.exp(likelihood, out=likelihood), _FLOOR, out=likelihood)
    forward = np.empty_like(likelihood)
    fresh = np.diff(run, prepend=run[0] - 1) != 0
    total = len(run)
    state = prior
    for t in range(total):
        if t % 8192 == 0:
            context.check()
            context.report(Progress("Smoothing forward", 0.5 * t / total))
        state = likelihood[t] * (prior if fresh[t] else state @ transition)
        state = state / max(state.sum(), _FLOOR)
        forward[t] = state
    back = np.ones(len(prior))
    for t in range(total - 1, -1, -1):
        if t % 8192 == 0:
            context.check()
            context.report(Progress("Smoothing backward", 1.0 - 0.5 * t / total))
        both = forward[t] * back
        forward[t] = both / max(both.sum(), _FLOOR)
        if fresh[t]:
            back = np.ones(len(prior))
        else:
            back = transition @ (likelihood[t] * back)
            back = back / max(back.max(), _FLOOR)
    return forward


def _transition(axis: Axis, step: float) -> np.ndarray:
    """(K, K) chances of going from each value to each; of categories `step` is the chance of a change."""
    size = len(axis.values)
    if axis.categories:
        stay = 1.0 - step
        return np.where(np.eye(size, dtype=bool), stay, step / max(size - 1, 1))
    apart = axis.difference(axis.values[:, None], axis.values[None, :])
    spread = max(step, 0.3 * axis.step)  # a walk slower than the grid would never leave a value
    chance = np.exp(-0.5 * (apart / spread) ** 2)
    return chance / chance.sum(axis=1, keepdims=True)


def typical_step(axis: Axis, values: np.ndarray, run: np.ndarray) -> float:
    """Root mean square step of a variable from one bin to the next; of categories the share of bins in which it changes."""
    together = (run[1:] == run[:-1]) & np.isfinite(values[1:]) & np.isfinite(values[:-1])
    if not together.any():
        return axis.step
    steps = axis.difference(values[1:][together], values[:-1][together])
    return float(np.mean(steps)) if axis.categories else float(np.sqrt(np.mean(steps**2)))
