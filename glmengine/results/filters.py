"""Filters over lags and coupling strengths, with 95 % bands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from glmengine.context import SILENT, Context, Progress, parts_by_work
from glmengine.inference.simultaneous import DRAWS, sup_t
from glmengine.inference.tests import p_values
from glmengine.recording.observed import SPIKES, Words
from glmengine.results.posterior import Z95, Posterior
from glmengine.results.receptive_fields import field_filters

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.design.prepare import Prepared


_MANY = 500  # filters from which on their bands are simulated
_FEW_DRAWS = 1000  # so many times only
_FILTERED = ("filter", "event", "receptive_field", "history", "coupling")


def term_filters(
    prepared: Prepared,
    posterior: Posterior,
    words: Words = SPIKES,
    context: Context = SILENT,
    *,
    only: str | None = None,
) -> dict[str, xr.Dataset]:
    """Filters of every filter, event, history and coupling term, or of the one that is labelled `only`, by term label.

    Returns
    -------
    dict of str to Dataset
        ``filter``, ``low``, ``high`` and, of the band that holds the whole filter, ``low_simultaneous``, ``high_simultaneous`` over (unit, lag_s), for coupling over (unit, source, lag_s), for an event with conditions or
        a scaled kernel over (unit, condition, lag_s), for a receptive field over (unit, channel, lag_s): what one spike or event
        adds to the linear predictor that much later; NaN for pairs that the model does not have.
    """
    terms = [term for term in prepared.design.terms if term.kind in _FILTERED and only in (None, term.label)]
    sources = [len(_blocks(term.label, prepared)) for term in terms]
    parts = parts_by_work(context, sources, ["Filters and coupling"] * len(terms))
    return {term.label: _filters(term, prepared, posterior, words, part) for term, part in zip(terms, parts, strict=True)}


def coupling_strengths(
    prepared: Prepared, posterior: Posterior, words: Words = SPIKES, context: Context = SILENT
) -> xr.Dataset | None:
    """How strongly each source drives each unit, over all coupling terms together; None without any.

    Returns
    -------
    Dataset (unit, source)
        ``strength``: the filters summed over their lags, log rate per spike, with ``low`` and ``high``; ``peak``: the largest
        excursion of their sum; ``wald`` (chi-squared), ``df`` and ``p`` of the test that all of them are zero (for a ridge penalty
        the Bayesian covariance is used, and p is approximate). Of terms that hold in different epochs the mean over the time in
        which any of them holds is taken.
    """
    import xarray as xr

    terms = [term for term in prepared.design.terms if term.kind == "coupling"]
    if not terms:
        return None
    paths = [
        _Path(lags, share * kernel, _blocks(term.label, prepared))
        for term, share in zip(terms, _shares(terms, prepared), strict=True)
        for lags, kernel in [term.basis.kernel(prepared.grid.bin_size)]
    ]
    sources, units = list(dict.fromkeys(source for path in paths for source in path.blocks)), len(prepared.units)
    names = ("strength", "low", "high", "peak", "wald", "df", "p")
    arrays = {name: np.full((units, len(sources)), np.nan) for name in names}
    allowed = _allowed(prepared)
    for column, source in enumerate(sources):
        context.check()
        places, kernel = _summed(paths, source)
        for unit in range(units):
            own = allowed[places, unit]
            if own.any():
                found = _strength(posterior, unit, places[own], kernel[:, own])
                for name, value in zip(names, found, strict=True):
                    arrays[name][unit, column] = value
    attrs = {"unit": f"{words.predictor} per {_one(words)}", "long_name": "filter summed over its lags"}
    variables = {
        name: (("unit", "source"), values, attrs if name in ("strength", "low", "high") else {})
        for name, values in arrays.items()
    }
    labels = ", ".join(term.label for term in terms)
    return xr.Dataset(variables, {"unit": list(prepared.units), "source": sources}, {"term": labels})


class _Path(NamedTuple):
    """One coupling term: its lags (L,) in bins, its functions (L, n), and the columns of each source."""

    lags: np.ndarray
    kernel: np.ndarray
    blocks: dict[str, tuple[np.ndarray, np.ndarray]]


def _shares(terms: Sequence[Any], prepared: Prepared) -> np.ndarray:
    """For each term the share of its bins among those in which any of `terms` holds."""
    blocks = {block.term.label: block for block in prepared.design.blocks}
    valid = np.asarray(prepared.design.valid)
    inside = np.array([valid if not term.epochs else valid & blocks[term.label].inside for term in terms])
    return inside.sum(axis=1) / max(int(inside.any(axis=0).sum()), 1)


def _summed(paths: Sequence[_Path], source: str) -> tuple[np.ndarray, np.ndarray]:
    """The columns (p,) through which a source acts in all terms, and their functions (L, p) over all lags of any term."""
    lags = np.unique(np.concatenate([np.asarray(path.lags) for path in paths]))
    places, kernels = [], []
    for path in paths:
        if source not in path.blocks:
            continue
        where, functions = path.blocks[source]
        kernel = np.zeros((len(lags), len(where)))
        kernel[np.searchsorted(lags, path.lags)] = path.kernel[:, functions]
        places.append(where)
        kernels.append(kernel)
    return np.concatenate(places), np.concatenate(kernels, axis=1)


def _strength(posterior: Posterior, unit: int, places: np.ndarray, kernel: np.ndarray) -> tuple[float, ...]:
    """Strength, ends of its interval, peak, Wald statistic, degrees of freedom and p of the columns `places` with functions `kernel` (L, p)."""
    weights, covariance = posterior.coef[places, unit], posterior.block(unit, places)
    along = kernel.sum(axis=0)
    spread = Z95 * np.sqrt(max(float(along @ covariance @ along), 0.0)) if np.isfinite(covariance).all() else np.nan
    strength, shape = float(along @ weights), kernel @ weights
    wald, df = _wald(weights, covariance)
    peak = float(shape[np.argmax(np.abs(shape))])
    return strength, strength - spread, strength + spread, peak, wald, df, float(p_values(np.array(wald), np.array(df), None))


def _filters(term: Any, prepared: Prepared, posterior: Posterior, words: Words, context: Context) -> xr.Dataset:
    import xarray as xr

    if term.kind == "receptive_field":
        return field_filters(term, prepared, posterior, words)
    lags, kernel = (term if term.kind == "event" else term.basis).kernel(prepared.grid.bin_size)
    blocks = _blocks(term.label, prepared)
    units, sources, allowed = len(prepared.units), list(blocks), _allowed(prepared)
    middle, error, wide = (np.full((units, len(sources), len(lags)), np.nan) for _ in range(3))
    draws = DRAWS if units * len(sources) <= _MANY else _FEW_DRAWS
    for column, source in enumerate(sources):
        places, functions = blocks[source]
        shape = kernel[:, functions]
        context.report(Progress("Filters", column / len(sources)))
        for unit in range(units):
            if not allowed[places, unit].any():
                continue
            context.check()
            middle[unit, column] = shape @ posterior.coef[places, unit]
            covariance = posterior.block(unit, places)
            error[unit, column] = np.sqrt(np.maximum(np.einsum("lp,pq,lq->l", shape, covariance, shape), 0.0))
            if not context.stopping:  # the bands of whole filters are simulated
                wide[unit, column] = sup_t(shape, covariance, draws=draws) * error[unit, column]
    dims: tuple[str, ...] = ("unit", "source", "lag_s")
    if term.kind == "history":
        own = [sources.index(name) if name in sources else -1 for name in prepared.units]
        middle, error, wide = (
            np.stack([array[unit, column] for unit, column in enumerate(own)]) for array in (middle, error, wide)
        )
        dims = ("unit", "lag_s")
    elif term.kind == "filter" or (term.kind == "event" and len(sources) == 1):
        middle, error, wide = middle[:, 0], error[:, 0], wide[:, 0]
        dims = ("unit", "lag_s")
    elif term.kind == "event":
        dims = ("unit", "condition", "lag_s")
    of, since = _driven_by(term, prepared, words)
    of = f"{of} times {term.gain}" if term.gain else of
    attrs = {"unit": f"{words.predictor} per {of}", "long_name": "filter"}
    arrays = {
        "filter": middle,
        "low": middle - Z95 * error,
        "high": middle + Z95 * error,
        "low_simultaneous": middle - wide,
        "high_simultaneous": middle + wide,
    }
    coords: dict[str, Any] = {
        "unit": list(prepared.units),
        "lag_s": (
            "lag_s",
            np.asarray(lags, np.float64) * prepared.grid.bin_size,
            {"unit": "s", "long_name": since},
        ),
    }
    if len(dims) == 3:
        coords[dims[1]] = sources
    return xr.Dataset({name: (dims, values, attrs) for name, values in arrays.items()}, coords, {"term": term.label})


def _driven_by(term: Any, prepared: Prepared, words: Words) -> tuple[str, str]:
    """What a filter is per, and since when its lags count."""
    if term.kind == "event":
        return "event", f"time relative to {term.events}"
    if term.kind != "filter":
        return _one(words), f"time after the {_one(words)}" if words.per_spike else "time after the activity"
    covariate = prepared.recording.variable(term.variable)
    return f"{covariate.unit or 'unit of ' + term.variable} and bin", f"time after {term.variable}"


def _one(words: Words) -> str:
    """What a filter of the units' own activity is per."""
    return "spike" if words.per_spike else "unit of activity"


def _blocks(label: str, prepared: Prepared) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Column numbers and basis functions of each source unit of a term."""
    columns = prepared.design.columns
    where = np.arange(prepared.design.n_columns)[prepared.design.slices[label]]
    sources = columns["variable"].to_numpy()[where]
    functions = columns["function"].to_numpy()[where].astype(np.int64)
    return {str(source): (where[sources == source], functions[sources == source]) for source in dict.fromkeys(sources)}


def _allowed(prepared: Prepared) -> np.ndarray:
    """(P, M) bool: which features a unit's model has."""
    mask = prepared.design.mask(prepared.units)
    return np.ones((prepared.design.n_columns, len(prepared.units)), bool) if mask is None else np.asarray(mask)


def _wald(weights: np.ndarray, covariance: np.ndarray) -> tuple[float, float]:
    """Wald statistic and degrees of freedom of the hypothesis that all `weights` are zero."""
    if not np.isfinite(covariance).all() or not covariance.any():
        return float("nan"), float("nan")
    values, vectors = np.linalg.eigh(covariance)
    kept = values > values.max() * 1e-10
    return float(np.sum((vectors[:, kept].T @ weights) ** 2 / values[kept])), float(kept.sum())
