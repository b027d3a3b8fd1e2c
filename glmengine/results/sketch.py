"""The curve of one term of one unit, and its held-out score, from some stretches of the time: an answer while a slider moves.

A fit of an hour takes seconds. A model of the same terms that is fitted to stretches from everywhere in the recording takes a fraction of a
second, and its curve differs from that of the whole by its standard error, which its band shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.analysis.penalty import penalty_of
from glmengine.analysis.used_bins import used_bins
from glmengine.analysis.wording import words_of
from glmengine.context import SILENT, Context
from glmengine.design.prepare import Prepared, prepare
from glmengine.design.splits import longest_window
from glmengine.design.term_size import n_columns
from glmengine.models import get_family

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording

QUICK = 1_000_000
"""Numbers of the design that are worked through in the time between two frames or three."""

SCORED = 4_000_000
"""Those that are worked through in a second, cross-validated."""

_LEAST_BINS = 2000
_STRETCHES = 20
_PASTS = 10  # times that a stretch is longer than what a term looks back on
_FOLDS = 2


@dataclass(frozen=True, eq=False)
class Sketch:
    """What some stretches of the time say of one unit.

    Attributes
    ----------
    unit, label : str
        `label` is that of the term.
    curves, filters : mapping of str to Dataset
        Those of the term alone, as in a `Result`.
    seconds, whole : float
        Of the time that was fitted, and of all that the analysis uses.
    """

    unit: str
    label: str
    curves: Mapping[str, xr.Dataset] = field(default_factory=dict)
    filters: Mapping[str, xr.Dataset] = field(default_factory=dict)
    seconds: float = 0.0
    whole: float = 0.0


@dataclass(frozen=True)
class SketchScore:
    """Held-out deviance explained of one unit (NaN where there is none), by a model that was fitted to `seconds` of `whole` seconds."""

    unit: str
    deviance_explained: float
    seconds: float
    whole: float


def can_be_sketched(analysis: Analysis) -> bool:
    """Whether a fit of the analysis at one strength is one convex problem, which a part of the time says something of."""
    fields = any(term.kind == "receptive_field" for term in analysis.terms if term.enabled)
    return not (fields or analysis.model.finds_strengths or analysis.model.search or get_family(analysis.model.family).by_class)


def is_short(analysis: Analysis, recording: Recording, context: Context = SILENT, *, numbers: int = QUICK) -> bool:
    """Whether a `sketch` would be of all of the time."""
    used = used_bins(analysis, recording, context)
    return int(np.count_nonzero(used.rows)) <= _most_bins(analysis, used.recording, numbers)


def sketch(
    analysis: Analysis, recording: Recording, unit: str, label: str, context: Context = SILENT, *, numbers: int = QUICK
) -> Sketch:
    """The curve or filter of the term `label` as a fit of some of the time has it.

    Parameters
    ----------
    analysis : Analysis
        With one strength; its validation is not looked at.
    recording : Recording
    unit, label : str
    numbers : int
        Rows times columns that are fitted, at most; but at least 2000 rows.

    Raises
    ------
    GlmError
        As a fit would.
    """
    from glmengine.fitting.fit import fit
    from glmengine.results.curves import response_curves
    from glmengine.results.filters import term_filters
    from glmengine.results.posterior import Posterior, link_of
    from glmengine.results.tables import coefficient_arrays, covariance_array

    prepared, whole = _prepared(analysis, recording, unit, numbers, context)
    found = fit(
        prepared.design, prepared.counts, strength=analysis.model.strengths[0], context=context, **_options(analysis, prepared)
    )
    context.check()
    coefficients, _, intercepts, _ = coefficient_arrays(prepared, found)
    posterior = Posterior(
        coef=np.asarray(coefficients.values),
        intercept=np.asarray(intercepts.values),
        covariance=covariance_array(prepared, found).values,
        link=link_of(analysis.model),
    )
    words = words_of(analysis.model)
    curves, _ = response_curves(prepared, posterior, context, words=words, only=label)
    filters = term_filters(prepared, posterior, words, context, only=label)
    return Sketch(unit, label, curves, filters, _seconds(prepared), whole)


def sketch_score(
    analysis: Analysis, recording: Recording, unit: str, context: Context = SILENT, *, numbers: int = SCORED
) -> SketchScore:
    """The held-out score that goes with a `sketch`: every second stretch is held out from the others, and the others from those."""
    from glmengine.fitting.cross_validation import cross_validate

    prepared, whole = _prepared(analysis, recording, unit, numbers, context)
    grid = prepared.grid
    # whole stretches: neighbouring bins know of each other
    fold = (
        grid.segment if len(grid.offsets) > 2 * _FOLDS else np.arange(grid.n_bins) * 2 * _FOLDS // max(grid.n_bins, 1)
    ) % _FOLDS
    found = cross_validate(
        prepared.design,
        prepared.counts,
        strengths=analysis.model.strengths[:1],
        folds=fold,
        context=context,
        **_options(analysis, prepared),
    )
    return SketchScore(unit, float(found.deviance_explained[0]), _seconds(prepared) / _FOLDS, whole)


def _prepared(analysis: Analysis, recording: Recording, unit: str, numbers: int, context: Context) -> tuple[Prepared, float]:
    """What is fitted, and how many seconds the analysis uses."""
    used = used_bins(analysis, recording, context)
    rows = np.flatnonzero(used.rows)
    most = _most_bins(analysis, used.recording, numbers)
    asked = analysis.with_(units=analysis.units.with_(names=(unit,)), derived=())
    if len(rows) > most:
        past = longest_window(analysis.terms, used.grid.bin_size)
        count = int(np.clip(most // (_PASTS * max(past, 1)), 1, _STRETCHES))
        length = most // count
        first = np.arange(count) * (len(rows) // count)
        pieces = zip(used.grid.starts[rows[first]], used.grid.stops[rows[first + length - 1]], strict=True)
        asked = asked.with_(time=asked.time.with_(intervals=tuple((float(start), float(stop)) for start, stop in pieces)))
    return prepare(asked, used.recording, context), len(rows) * used.grid.bin_size


def _most_bins(analysis: Analysis, recording: Recording, numbers: int) -> int:
    columns = sum(n_columns(term, len(recording.unit_names), recording) for term in analysis.terms if term.enabled)
    return max(numbers // max(columns, 1), _LEAST_BINS)


def _options(analysis: Analysis, prepared: Prepared) -> dict[str, Any]:
    return {
        "family": analysis.model.family,
        "link": analysis.model.link or None,
        "penalty": penalty_of(analysis.model, prepared.design.terms),
        "mask": prepared.design.mask(prepared.units),
        "unit_names": prepared.units,
        "memory": analysis.model.memory,
    }


def _seconds(prepared: Prepared) -> float:
    return float(prepared.design.valid.sum()) * prepared.grid.bin_size
