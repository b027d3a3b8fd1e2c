"""Bootstrap bands of coefficients, curves and filters of a fitted model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.analysis.penalty import penalty_of, strengths_of
from glmengine.context import SILENT, Context, Progress
from glmengine.design.splits import interval_of, intervals_called
from glmengine.errors import GlmError, StoppedTooSoon
from glmengine.fitting.bootstrap import Bootstrap, bootstrap, deviation, interval, simultaneous
from glmengine.fitting.found_strengths import REML
from glmengine.fitting.separable import separable_terms
from glmengine.results.curve_bins import drawn_curves
from glmengine.results.curves import effect_rows, units_with
from glmengine.results.filters import term_filters
from glmengine.results.posterior import Posterior
from glmengine.results.prediction import FittedModel, prepared_for

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.design.prepare import Prepared
    from glmengine.recording.recording import Recording

_CURVES, _FILTERS = "curves ", "filters "  # what the names of the datasets begin with
_NOTES = "notes"  # the attribute that holds them
_BLOCKS = 50  # as many blocks as a recording is cut into where their length is not given


@dataclass(frozen=True, eq=False)
class BootstrapBands:
    """95 % bootstrap intervals.

    Attributes
    ----------
    coefficients : Dataset (feature, unit)
        ``estimate``, ``low``, ``high`` (percentile), ``low_studentised``, ``high_studentised``, ``standard_error`` (of the draws).
    curves : dict of str to Dataset
        By the label of the result's curves: ``effect_link`` and ``effect_hz`` with ``low``, ``high`` (percentile) and
        ``low_simultaneous``, ``high_simultaneous`` of the whole curve, on the link scale and, as ``.._hz``, in Hz.
    filters : dict of str to Dataset
        By term: ``filter``, ``low``, ``high``, ``low_simultaneous``, ``high_simultaneous``.
    notes : tuple of str
    """

    coefficients: xr.Dataset
    curves: Mapping[str, xr.Dataset]
    filters: Mapping[str, xr.Dataset]
    notes: tuple[str, ...] = ()

    def datasets(self) -> dict[str, xr.Dataset]:
        """All of them by name, to be written; the notes are with the coefficients."""
        return {
            "coefficients": self.coefficients.assign_attrs({_NOTES: "\n".join(self.notes)}),
            **{f"{_CURVES}{label}": one for label, one in self.curves.items()},
            **{f"{_FILTERS}{label}": one for label, one in self.filters.items()},
        }

    @classmethod
    def from_datasets(cls, datasets: Mapping[str, xr.Dataset]) -> BootstrapBands:
        """What `datasets` gave, put together again.

        Raises
        ------
        GlmError
            If the coefficients are missing.
        """
        if "coefficients" not in datasets:
            raise GlmError("the bootstrap lacks its coefficients; draw it again")
        coefficients = datasets["coefficients"].copy()
        notes = str(coefficients.attrs.pop(_NOTES, ""))
        return cls(
            coefficients=coefficients,
            curves={name.removeprefix(_CURVES): one for name, one in datasets.items() if name.startswith(_CURVES)},
            filters={name.removeprefix(_FILTERS): one for name, one in datasets.items() if name.startswith(_FILTERS)},
            notes=tuple(line for line in notes.split("\n") if line),
        )


def bootstrap_of(
    model: FittedModel,
    strength: np.ndarray,
    curves: Mapping[str, xr.Dataset],
    recording: Recording,
    *,
    draws: int,
    seed: int | None,
    block: float | None,
    trials: str,
    context: Context | None,
) -> BootstrapBands:
    """See `Result.bootstrap`; `strength` (M,) and `curves` are those of the result."""
    context = context or SILENT
    prepared = prepared_for(model, recording, None, counts=True, conditions=True, context=context.part(0.0, 0.02))
    design, analysis, grid = prepared.design, model.analysis, prepared.grid
    if separable := separable_terms(design):
        raise GlmError(
            f"term '{separable[0]}' is a separable receptive field, whose fits are not drawn again; give its space another form",
            field="terms",
        )
    length, stretch = None, np.where(design.valid, grid.segment, -1)
    if trials:
        stretch = interval_of(intervals_called(prepared.recording, trials), grid, design.valid)
    else:
        length = max(1, int(design.valid.sum()) // _BLOCKS if block is None else round(block / grid.bin_size))
    found = bootstrap(
        design,
        prepared.counts,
        analysis.model.family,
        analysis.model.link or None,
        penalty_of(analysis.model, design.terms),
        draws=draws,
        length=length,
        stretch=stretch,
        seed=analysis.seed if seed is None else seed,
        strength=REML
        if analysis.model.finds_strengths
        else np.where(np.isfinite(strength), strength, max(strengths_of(analysis))),
        mask=design.mask(prepared.units),
        unit_names=prepared.units,
        memory=analysis.model.memory,
        context=context.part(0.02, 0.98),
    )
    if len(found.coef) < 2:
        together = f", since {found.at_once} are fitted together" if found.at_once > 1 else ""
        raise StoppedTooSoon(
            f"the bootstrap was stopped before two draws were done{together}; let it go on, or ask for fewer draws"
        )
    context.report(Progress("Bands", 0.98))
    what = f"trials of '{trials}'" if trials else f"blocks of about {length * grid.bin_size:g} s"
    note = f"Bootstrap: {len(found.coef)} draws of {found.n_blocks} {what}."
    return BootstrapBands(
        coefficients=_coefficients(found),
        curves=_curves(found, prepared, model.posterior, curves),
        filters=_filters(found, prepared, model.posterior, context.part(0.985, 1.0)),
        notes=(note, *found.notes),
    )


def _coefficients(found: Bootstrap) -> xr.Dataset:
    import xarray as xr

    low, high = found.interval()
    low_t, high_t = found.interval("studentised")
    values = {
        "estimate": found.estimate.coef,
        "low": low,
        "high": high,
        "low_studentised": low_t,
        "high_studentised": high_t,
        "standard_error": deviation(found.coef),
    }
    coords = {"feature": list(found.estimate.feature_names), "unit": list(found.estimate.unit_names)}
    return xr.Dataset({name: (("feature", "unit"), array) for name, array in values.items()}, coords)


def _bands(draws: np.ndarray, estimate: np.ndarray) -> dict[str, np.ndarray]:
    """Ends of intervals at each point and of the band of the whole curve, from draws (B, M, K)."""
    low, high = interval(draws, estimate, None, None)
    wide = [simultaneous(draws[:, unit], estimate[unit]) for unit in range(len(estimate))]
    return {
        "low": low,
        "high": high,
        "low_simultaneous": np.array([one[0] for one in wide]),
        "high_simultaneous": np.array([one[1] for one in wide]),
    }


def _curves(
    found: Bootstrap, prepared: Prepared, posterior: Posterior, curves: Mapping[str, xr.Dataset]
) -> dict[str, xr.Dataset]:
    import xarray as xr

    design = prepared.design
    total, n = np.zeros(design.n_columns), 0
    for rows, values in design.valid_chunks():
        total, n = total + values.sum(axis=0), n + len(rows)
    made = {}
    for drawn in drawn_curves(prepared)[0]:
        rows = effect_rows(drawn, total / max(n, 1))[0]
        draws = np.einsum("kp,bpm->bmk", rows[:, 1:], found.coef) + found.intercept[:, :, None]
        estimate = (rows[:, 1:] @ posterior.coef + posterior.intercept).T
        bands = _bands(draws, estimate)
        arrays: dict[str, Any] = {"effect_link": estimate, **bands}
        arrays["effect_hz"] = posterior.link.mean(estimate) / prepared.grid.bin_size
        for ends in ("", "_simultaneous"):
            hertz = posterior.interval(bands[f"low{ends}"], bands[f"high{ends}"])
            arrays[f"low{ends}_hz"], arrays[f"high{ends}_hz"] = (end / prepared.grid.bin_size for end in hertz)
        like, having = curves[drawn.label]["effect_link"], units_with(drawn, prepared)[:, None]
        made[drawn.label] = xr.Dataset(
            {
                name: like.copy(data=np.where(having, array, np.nan).reshape(like.shape)).drop_attrs(deep=False)
                for name, array in arrays.items()
            },
            attrs={"term": drawn.label},
        )
    return made


def _filters(found: Bootstrap, prepared: Prepared, posterior: Posterior, context: Context) -> dict[str, xr.Dataset]:
    import xarray as xr

    def without_errors(coef: np.ndarray, intercept: np.ndarray) -> dict[str, xr.DataArray]:
        bare = Posterior(coef, intercept, None, posterior.link)
        return {label: one["filter"] for label, one in term_filters(prepared, bare).items()}

    estimate, drawn = without_errors(posterior.coef, posterior.intercept), []
    for draw, (coef, intercept) in enumerate(zip(found.coef, found.intercept, strict=True)):
        context.check()
        context.report(Progress("Filters", draw / len(found.coef)))
        drawn.append({label: one.values for label, one in without_errors(coef, intercept).items()})
    made = {}
    for label, own in estimate.items():
        draws = np.array([one[label] for one in drawn])
        lags = own.shape[-1]
        bands = _bands(draws.reshape(len(draws), -1, lags), own.values.reshape(-1, lags))
        arrays = {"filter": own.values, **{name: array.reshape(own.shape) for name, array in bands.items()}}
        made[label] = xr.Dataset({name: own.copy(data=array) for name, array in arrays.items()}, attrs={"term": label})
    return made
