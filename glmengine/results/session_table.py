"""What each session gave for each unit: intercept, rate and deviance explained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.terms import CovariateTerm
from glmengine.design.chunks import row_chunks
from glmengine.models import get_family
from glmengine.recording.joined_parts import SESSION
from glmengine.recording.observed import SPIKES, Words

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.design.prepare import Prepared
    from glmengine.results.posterior import Posterior


def session_table(
    prepared: Prepared, posterior: Posterior, family: str, dispersion: np.ndarray | None, words: Words = SPIKES
) -> xr.Dataset | None:
    """What each session gave for each unit; None for one session.

    Parameters
    ----------
    prepared : Prepared
        What was fitted.
    posterior : Posterior
    family : str
    dispersion : (M,) array, optional
    words : Words
        What the observations are called.

    Returns
    -------
    Dataset (unit, session)
        ``intercept`` (link scale, all other features zero) and ``intercept_error``; ``n_bins`` and ``n_spikes`` that were fitted,
        ``rate_hz``, and ``deviance_explained_fit``, against the session's own mean. NaN where a unit was not recorded.
    """
    import xarray as xr

    recording, design, units = prepared.recording, prepared.design, len(prepared.units)
    if len(recording.sessions) < 2:
        return None
    count, session = len(recording.sessions), recording.session_of(prepared.grid.centres)
    rows = np.zeros((count, design.n_columns + 1))
    rows[:, 0] = 1.0
    for term in design.terms:
        if isinstance(term, CovariateTerm) and [factor.variable for factor in term.factors] == [SESSION]:
            categories = term.factors[0].basis.categories
            for number in range(count):
                if number in categories:
                    rows[number, 1:][design.slices[term.label]] = term.factors[0].basis.evaluate(np.array([float(number)]))[0]
    with np.errstate(invalid="ignore"):
        intercept = rows[:, 1:] @ posterior.coef + posterior.intercept
    error = np.full((units, count), np.nan)
    if posterior.covariance is not None:
        error = np.sqrt(np.stack([posterior.variance(rows, unit) for unit in range(units)]))
    sums = _sums(prepared, posterior, family, dispersion, session, count)
    bins, spikes = sums.bins, sums.spikes
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = spikes / bins / prepared.grid.bin_size
        explained = 1.0 - sums.deviance / sums.null
    there = bins > 0
    explained[~np.isfinite(explained)] = np.nan
    arrays = {
        "intercept": (np.where(there, intercept, np.nan), "linear predictor where all other features are zero"),
        "intercept_error": (np.where(there, error.T, np.nan), "its standard error"),
        "n_bins": (bins, "bins fitted"),
        "n_spikes": (spikes, f"{words.observed} in them"),
        "rate_hz": (np.where(there, rate, np.nan), f"mean {words.rate}"),
        "deviance_explained_fit": (explained, "deviance explained, against the session's own mean"),
    }
    coords = {"unit": list(prepared.units), "session": [one.name for one in recording.sessions]}
    return xr.Dataset(
        {
            name: (("unit", "session"), values.T, {"unit": words.unit if name == "rate_hz" else "", "long_name": text})
            for name, (values, text) in arrays.items()
        },
        coords,
    )


@dataclass(frozen=True)
class _Sums:
    """(S, M) sums over the fitted rows of each session; `null` is the deviance of the session's own mean."""

    bins: np.ndarray
    spikes: np.ndarray
    deviance: np.ndarray
    null: np.ndarray


def _sums(
    prepared: Prepared, posterior: Posterior, family: str, dispersion: np.ndarray | None, session: np.ndarray, count: int
) -> _Sums:
    model, design, shape = get_family(family), prepared.design, (count, len(prepared.units))
    spread = dispersion if model.estimates_dispersion or model.free_scale else None
    bins, spikes, deviance, null = (np.zeros(shape) for _ in range(4))
    for number in range(count):
        y = np.asarray(prepared.counts[design.valid & (session == number)], np.float64)
        bins[number], spikes[number] = np.isfinite(y).sum(axis=0), np.nansum(y, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = spikes / bins
    for start, stop in row_chunks(design, len(prepared.units)):
        kept = start + np.flatnonzero(design.valid[start:stop])
        if not len(kept):
            continue
        mu = posterior.link.mean(np.asarray(design.chunk(start, stop))[kept - start] @ posterior.coef + posterior.intercept)
        y = np.asarray(prepared.counts[kept], np.float64)
        seen = np.isfinite(y)
        filled = np.where(seen, y, 1.0)
        for expected, total in ((mu, deviance), (mean[session[kept]], null)):
            with np.errstate(divide="ignore", invalid="ignore"):
                np.add.at(total, session[kept], np.where(seen, model.deviance(expected, filled, spread), 0.0))
    return _Sums(bins, spikes, deviance, null)
