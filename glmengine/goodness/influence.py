"""Influential stretches of time: how far the coefficients would move without each of them (Cook's distance of a block, in one step)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Influence:
    """One unit in B blocks of time.

    Attributes
    ----------
    distance : (B,)
        Squared change of the coefficients without the block, in units of their covariance, over the number of coefficients: about 1/B each
        if all are alike.
    p : (B,)
        Of so large a change by chance.
    """

    distance: np.ndarray
    p: np.ndarray


def influence(scores: np.ndarray, covariance: np.ndarray) -> Influence:
    """Distances from the gradient of the log-likelihood in each block (B, P + 1) and the covariance (P + 1, P + 1), NaN in what a unit has not."""
    from scipy.special import chdtrc

    own = np.isfinite(np.diag(covariance)) & (np.diag(covariance) > 0)
    n_blocks, size = len(scores), int(own.sum())
    if not size or not np.isfinite(covariance[np.ix_(own, own)]).all():
        return Influence(np.full(n_blocks, np.nan), np.full(n_blocks, np.nan))
    gradients = scores[:, own]
    centred = gradients - gradients.mean(axis=0)  # a penalty leaves a sum that is not zero
    squares = np.einsum("bp,pq,bq->b", centred, covariance[np.ix_(own, own)], centred)
    return Influence(squares / size, np.asarray(chdtrc(size, np.maximum(squares * n_blocks, 0.0))))
