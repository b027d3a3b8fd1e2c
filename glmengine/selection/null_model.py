"""The mean of a unit as its smallest model: its losses in all rows, and in each fold at the mean of the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glmengine.fitting.unit_status import Observed, folds_that_count
from glmengine.models import Family
from glmengine.models.links import Link
from glmengine.selection.fold_rows import FoldRows


@dataclass(frozen=True)
class NullModel:
    """The mean of a unit: of all rows, and of those without each fold."""

    eta: float
    n: float
    loss: float
    log_likelihood: float
    deviance: float
    counts: np.ndarray
    fold_n: np.ndarray
    fold_spikes: np.ndarray
    fold_loss: np.ndarray
    fold_log_likelihood: np.ndarray
    fold_deviance: np.ndarray

    @property
    def spikes(self) -> float:
        """In all folds."""
        return float(self.fold_spikes.sum())

    @property
    def known(self) -> bool:
        """Whether the unit has spikes, and bins without."""
        return bool(np.isfinite(self.eta))

    @classmethod
    def of(cls, y: np.ndarray, present: np.ndarray, rows: FoldRows, family: Family, link: Link) -> NullModel:
        F = rows.n_folds
        parts = [np.flatnonzero(present[part]) + part.start for part in rows.folds]
        n = np.array([part.size for part in parts], np.float64)
        spikes = np.array([y[part].sum() for part in parts])
        whole = np.concatenate(parts)

        def sums(at: np.ndarray, mean: float) -> np.ndarray:
            if not at.size or not np.isfinite(link.eta(np.array(mean))):
                return np.full(3, np.nan)
            values, times = np.unique(y[at], return_counts=True)
            eta = np.full(values.size, float(link.eta(np.array(mean))))
            mu = np.full(values.size, mean)
            each = [
                family.evaluate(eta, values, link)[0],
                family.log_likelihood(mu, values),
                family.deviance(mu, values),
            ]
            return np.array([float(np.sum(np.asarray(one) * times)) for one in each])

        with np.errstate(all="ignore"):
            mean = spikes.sum() / n.sum()
            eta = float(link.eta(np.array(mean))) if n.sum() and spikes.sum() > 0 else np.nan
            without = (spikes.sum() - spikes[:F]) / (n.sum() - n[:F])
            folds = np.array([sums(part, one) for part, one in zip(parts[:F], without, strict=True)]).reshape(F, 3)
            total = sums(whole, mean)
        counts = _folds_that_count(n, spikes, F, family) & np.isfinite(folds).all(axis=1)
        return cls(eta, float(n.sum()), *total.tolist(), counts, n[:F], spikes[:F], *folds.T)


def _folds_that_count(n: np.ndarray, spikes: np.ndarray, n_folds: int, family: Family) -> np.ndarray:
    """(F,) bool, from bins and spikes of each fold, and of the rows that no fold holds behind them, where there are any: the rule of all held-out scores."""
    left_n = np.concatenate([[n.sum()], n.sum() - n[:n_folds]])
    left_spikes = np.concatenate([[spikes.sum()], spikes.sum() - spikes[:n_folds]])
    mean = left_spikes / np.where(left_n > 0, left_n, np.nan)
    return folds_that_count(family, Observed(left_n[:, None], mean[:, None], np.full((left_n.size, 1), np.nan), None))[:, 0]
