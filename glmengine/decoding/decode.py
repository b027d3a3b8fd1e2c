"""Bayesian decoding of covariates from the activity of a fitted population (Zhang et al. 1998), by the model's own likelihood.

All that the model knows besides the decoded covariates (the units' own pasts, coupling, other covariates) is taken as it was in each bin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from glmengine.context import SILENT, Context, Progress
from glmengine.decoding.candidates import Candidates, candidates_of, decoded_terms
from glmengine.decoding.posterior import moving_sum, normalised, smoothed, typical_step
from glmengine.design.chunks import row_chunks
from glmengine.design.tensor_product import joint_columns
from glmengine.errors import GlmError
from glmengine.fitting.coefficients import Coefficients
from glmengine.recording.binned import sample_covariate

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.design.prepare import Prepared
    from glmengine.fitting.out_of_fold import FoldModels

_PRIORS = ("occupancy", "uniform")
LARGEST_POSTERIOR = 64_000_000
"""Bytes of a posterior that are kept and saved with a result."""

_LIKELIHOODS = 4_000_000  # of bins, candidates and units at a time
_TABLE = 8_000_000  # of bins and candidates


@dataclass(frozen=True, eq=False)
class Decoded:
    """What a population says of some covariates, bin by bin.

    Attributes
    ----------
    values : Dataset (time, variable)
        ``estimate``, the likeliest value; ``true``, NaN where it is not known.
    error : DataArray (time)
        Distance of the two, the short way round on circles; of categories whether they differ. Its attribute ``unit`` is the unit of measure that all
        variables have, empty where they have none, or several.
    posterior : DataArray (time, variable, ...) or None
        float32; None where it was too large (64 MB) to be kept with a result and saved with it.
    median_error, chance_error : float
        Median over the bins, and that of estimates paired with bins at random.
    held_out : bool
        Whether each bin was decoded by a fit that had not seen it.
    """

    values: xr.Dataset
    error: xr.DataArray
    posterior: xr.DataArray | None
    median_error: float
    chance_error: float
    held_out: bool

    def in_words(self, error: float) -> str:
        """An error with its unit of measure."""
        measure = str(self.error.attrs.get("unit", ""))
        return f"{error:.4g} {measure}".strip()

    def kept(self) -> Decoded:
        """What a result keeps of it: not a posterior of more than 64 MB."""
        large = self.posterior is not None and self.posterior.nbytes > LARGEST_POSTERIOR
        return replace(self, posterior=None) if large else self

    def datasets(self) -> dict[str, xr.Dataset]:
        """All of it by name, to be written."""
        numbers = {"median_error": self.median_error, "chance_error": self.chance_error, "held_out": int(self.held_out)}
        found = {"values": self.values.assign_attrs(self.values.attrs | numbers), "error": self.error.to_dataset(name="error")}
        if self.posterior is not None:
            found["posterior"] = self.posterior.to_dataset(name="posterior")
        return found

    @classmethod
    def from_datasets(cls, datasets: Mapping[str, xr.Dataset]) -> Decoded:
        """What `datasets` gave, put together again.

        Raises
        ------
        GlmError
            If the values or their errors are missing.
        """
        missing = [name for name in ("values", "error") if name not in datasets]
        if missing:
            raise GlmError(f"what was decoded lacks '{missing[0]}'; decode again")
        values = datasets["values"].copy()
        numbers = {name: values.attrs.pop(name) for name in ("median_error", "chance_error", "held_out")}
        return cls(
            values=values,
            error=datasets["error"]["error"],
            posterior=datasets["posterior"]["posterior"] if "posterior" in datasets else None,
            median_error=float(numbers["median_error"]),
            chance_error=float(numbers["chance_error"]),
            held_out=bool(numbers["held_out"]),
        )


def decode(
    prepared: Prepared,
    model: Coefficients,
    variables: Sequence[str],
    *,
    units: Sequence[int] | None = None,
    fold_models: FoldModels | None = None,
    prior: str = "occupancy",
    window: float = 0.0,
    smoothing: float | str | None = None,
    points: int | None = None,
    occupied: Sequence[np.ndarray] | None = None,
    seed: int = 0,
    context: Context = SILENT,
) -> Decoded:
    """Decode covariates in the bins that the model was prepared on.

    Parameters
    ----------
    prepared : Prepared
        With counts.
    model : Coefficients
    variables : sequence of str
        Decoded together; a term of the model may depend on them or on others, not on both.
    units : sequence of int, optional
        From which; all where None.
    fold_models : FoldModels, optional
        Decode each bin by the fit that has not seen it.
    prior : {"occupancy", "uniform"}
    window : float
        Seconds over which the variables are taken to stand still: the evidence of these bins is added up.
    smoothing : float, "data" or None
        Standard deviation of a random walk over a second (of categories: chance of a change), ``"data"`` for that of the recording's own steps; no
        smoothing where None.
    points : int, optional
        Values of each variable that are tried.
    occupied : sequence of (N,) arrays, optional
        Values of the variables whose occupancy is the prior; those of the decoded bins where None.
    seed : int
        Of the draws that the error of chance is taken from.
    context : Context, optional
        Progress and cancellation.

    Raises
    ------
    GlmError
        If the model is not tuned to the variables alone, or no bin is left.
    """
    if prior not in _PRIORS:
        raise GlmError(f"prior: there is none called {prior!r}; choose one of {', '.join(_PRIORS)}")
    if smoothing is not None and smoothing != "data" and (isinstance(smoothing, str) or not smoothing > 0):
        raise GlmError(f"smoothing: {smoothing!r} is neither 'data' nor a number above 0; give one of them")
    if window < 0:
        raise GlmError(f"window: {window:g} s is below 0; give the seconds over which evidence is added up")
    terms = decoded_terms(model.terms, variables)
    covariates = [prepared.recording.variable(name, field="variables") for name in variables]
    candidates = candidates_of(terms, variables, covariates, points)
    picked = np.arange(len(model.units)) if units is None else np.asarray(units, int)
    shares = np.cumsum(work_of(candidates.size, len(picked), smoothing is not None))
    read, weighed, _ = (0.98 * shares / shares[-1]).tolist()
    rows, rest = _rest(prepared, model, [term.label for term in terms], picked, fold_models, context.part(0.0, read))
    if not len(rows):
        raise GlmError("no bin of these epochs has counts and a value for every other term; choose other epochs")
    grid = prepared.grid
    run = np.cumsum(np.diff(rows, prepend=rows[0] - 2) != 1) * (grid.segment.max() + 1) + grid.segment[rows]
    width = max(1, round(window / grid.bin_size))
    true = [sample_covariate(one, grid, prepared.max_gap)[rows] for one in covariates]
    occupancy = _prior(candidates, true if occupied is None else occupied, prior)

    def evidence(begin: int, end: int, share: Context) -> np.ndarray:
        """(end - begin, K) log-likelihoods over windows; of what lies beside them only as much is looked at as windows reach."""
        low, high = max(begin - width, 0), min(end + width, len(rows))
        found = _likelihood(prepared, model, terms, candidates, picked, rows[low:high], rest[low:high], fold_models, share)
        return moving_sum(found, run[low:high], width)[begin - low : end - low]

    best, kept = np.empty(len(rows), int), np.empty((len(rows), candidates.size), np.float32)
    if smoothing is None:
        step = max(4 * width, _TABLE // candidates.size)  # the posterior is kept in half the digits, and never whole in all
        for begin in range(0, len(rows), step):
            end = min(begin + step, len(rows))
            share = context.part(*(read + (0.98 - read) * place / len(rows) for place in (begin, end)))
            posterior = normalised(evidence(begin, end, share), occupancy)
            best[begin:end], kept[begin:end] = posterior.argmax(axis=1), posterior
    else:
        steps = _steps(candidates, true, run, smoothing, grid.bin_size)
        likelihood = evidence(0, len(rows), context.part(read, weighed))
        posterior = smoothed(likelihood, occupancy, run, candidates, steps, context.part(weighed, 0.98))
        best[:], kept[:] = posterior.argmax(axis=1), posterior
    context.report(Progress("Decoded", 0.98))
    measures = {"" if axis.categories else one.unit for axis, one in zip(candidates.axes, covariates, strict=True)}
    measure = measures.pop() if len(measures) == 1 else ""
    return _labelled(candidates, best, kept, true, grid.centres[rows], seed, measure, held_out=fold_models is not None)


def work_of(n_candidates: int, n_units: int, smoothed: bool) -> tuple[float, float, float]:
    """What reading the other terms, weighing candidates, and smoothing over time or making their sum 1 take, beside each other."""
    weighing = n_candidates * n_units / 150.0
    return 1.0, weighing, weighing if smoothed else n_candidates / 20.0


def _rest(
    prepared: Prepared,
    model: Coefficients,
    labels: Sequence[str],
    units: np.ndarray,
    fold_models: FoldModels | None,
    context: Context,
) -> tuple[np.ndarray, np.ndarray]:
    """Rows to decode, and the linear predictor (k, M) there of all that is not decoded."""
    design, grid = prepared.design, prepared.grid
    others = [block for block in design.blocks if block.term.label not in labels]
    columns = np.concatenate(
        [np.arange(design.n_columns)[design.slices[block.term.label]] for block in others] or [np.zeros(0, int)]
    )
    all_rows, all_rest = [], []
    for start, stop in row_chunks(design, len(units)):
        context.check()
        context.report(Progress("Reading the other terms", start / max(grid.n_bins, 1)))
        kept = np.asarray(prepared.rows[start:stop]).copy()
        for block in others:
            kept &= block.defined(start, stop)
        kept &= np.isfinite(np.asarray(prepared.counts[start:stop][:, units], np.float64)).any(axis=1)
        if fold_models is not None:
            kept &= fold_models.folds[start:stop] >= 0
        rows = start + np.flatnonzero(kept)
        if not len(rows):
            continue
        parts = [np.asarray(block.chunk(start, stop))[kept] for block in others]
        features = np.hstack(parts) if parts else np.zeros((len(rows), 0))
        if fold_models is None:
            rest = features @ model.coef[np.ix_(columns, units)] + model.intercept[units]
        else:
            own = type(fold_models)(fold_models.folds, fold_models.coef[:, columns], fold_models.intercept)
            rest = own.linear(features, rows, units)
        all_rows.append(rows)
        all_rest.append(rest)
    if not all_rows:
        return np.zeros(0, int), np.zeros((0, len(units)))
    return np.concatenate(all_rows), np.concatenate(all_rest)


def _likelihood(
    prepared: Prepared,
    model: Coefficients,
    terms: Sequence,
    candidates: Candidates,
    units: np.ndarray,
    rows: np.ndarray,
    rest: np.ndarray,
    fold_models: FoldModels | None,
    context: Context,
) -> np.ndarray:
    """(k, K) log-likelihood of each candidate, less what is the same for all."""
    points = dict(zip([axis.name for axis in candidates.axes], candidates.points(), strict=True))
    features = np.hstack([joint_columns(term.factors, [points[factor.variable] for factor in term.factors]) for term in terms])
    columns = np.concatenate([np.arange(prepared.design.n_columns)[prepared.design.slices[term.label]] for term in terms])
    found = np.zeros((len(rows), candidates.size))
    which = np.zeros(len(rows), int) if fold_models is None else fold_models.folds[rows]
    for fold in np.unique(which):
        coef = model.coef if fold_models is None else fold_models.coef[fold]
        tuning = features @ coef[np.ix_(columns, units)]
        tuning = np.where(np.isfinite(tuning), tuning, -np.inf)
        here = np.flatnonzero(which == fold)
        step = max(64, _LIKELIHOODS // max(candidates.size * len(units), 1))
        for begin in range(0, len(here), step):
            context.check()
            context.report(Progress("Weighing candidates", begin / len(rows)))
            part = here[begin : begin + step]
            counts = np.asarray(prepared.counts[rows[part]][:, units], np.float64)
            known = np.isfinite(counts) & np.isfinite(rest[part])
            found[part] = _of_rows(model, units, np.where(known, counts, model.family.placeholder), known, rest[part], tuning)
    return found


def _of_rows(
    model: Coefficients, units: np.ndarray, counts: np.ndarray, known: np.ndarray, rest: np.ndarray, tuning: np.ndarray
) -> np.ndarray:
    """(t, K) log-likelihoods, summed over units whose count is known; two matrix products where the mean is a product."""
    if model.family.name == "poisson" and model.link.name == "log":
        finite = np.maximum(tuning, -300.0)
        mean = np.where(known, np.exp(np.minimum(rest, 300.0)), 0.0)
        return np.where(known, counts, 0.0) @ finite.T - mean @ np.exp(np.minimum(finite, 300.0)).T
    eta = np.where(known, rest, 0.0)[:, None, :] + tuning[None]
    spread = None if model.spread is None else model.spread[units]
    with np.errstate(divide="ignore", invalid="ignore"):
        each = model.family.log_likelihood(np.asarray(model.link.mean(eta)), counts[:, None, :], spread)
    each = np.where(np.isnan(each), -1e6, np.maximum(each, -1e6))  # a mean that cannot be
    return np.where(known[:, None, :], each, 0.0).sum(axis=2)


def _prior(candidates: Candidates, values: Sequence[np.ndarray], prior: str) -> np.ndarray:
    """(K,) chances; of the occupancy every candidate keeps a small one."""
    if prior == "uniform":
        return np.full(candidates.size, 1.0 / candidates.size)
    place = candidates.nearest(values)
    counts = np.bincount(place[place >= 0], minlength=candidates.size) + 0.5
    return counts / counts.sum()


def _steps(
    candidates: Candidates, true: Sequence[np.ndarray], run: np.ndarray, smoothing: float | str, bin_size: float
) -> tuple[float, ...]:
    if smoothing == "data":
        return tuple(typical_step(axis, values, run) for axis, values in zip(candidates.axes, true, strict=True))
    return tuple(float(smoothing) * (bin_size if axis.categories else np.sqrt(bin_size)) for axis in candidates.axes)


def _labelled(
    candidates: Candidates,
    best: np.ndarray,
    posterior: np.ndarray,
    true: Sequence[np.ndarray],
    times: np.ndarray,
    seed: int,
    measure: str,
    *,
    held_out: bool,
) -> Decoded:
    import xarray as xr

    names = [axis.name for axis in candidates.axes]
    points = candidates.points()
    estimate = [values[best] for values in points]
    error = candidates.distance(estimate, true)
    known = np.isfinite(error)
    order = np.random.default_rng(seed).permutation(int(known.sum()))
    shuffled = candidates.distance([one[known] for one in estimate], [one[known][order] for one in true])
    time = ("time", times, {"unit": "s"})
    values = xr.Dataset(
        {
            "estimate": (("time", "variable"), np.column_stack(estimate)),
            "true": (("time", "variable"), np.column_stack(true)),
        },
        {"time": time, "variable": names},
    )
    cube = posterior.reshape(len(times), *candidates.shape)
    return Decoded(
        values=values,
        error=xr.DataArray(error, {"time": time}, ("time",), "error", {"unit": measure}),
        posterior=xr.DataArray(
            cube, {"time": time, **{axis.name: axis.values for axis in candidates.axes}}, ("time", *names), "posterior"
        ),
        median_error=float(np.median(error[known])) if known.any() else float("nan"),
        chance_error=float(np.median(shuffled)) if known.any() else float("nan"),
        held_out=held_out,
    )
