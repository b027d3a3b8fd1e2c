"""What the stages of a run take beside each other, by the size of its question."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.penalty import penalty_of, strengths_of
from glmengine.analysis.units import chosen_units
from glmengine.design.term_size import n_columns
from glmengine.errors import GlmError

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.design.design import Design
    from glmengine.recording.recording import Recording

# All that follows was measured: what a bin and a unit take, in tenths of a microsecond, and what each column adds to that.
_FEATURES, _COUNTING = 0.2, 0.5  # a column, and a unit's counts
_SCORED = 0.14, 0.0115  # one strength of one fold
_FITTED = 2.0, 0.03
_ERRORS = 1.2, 0.012, 2e-4  # by the square of the columns as well
_CURVE = 0.7, 0.02
_DRIFT = 1.1, 0.014
_HELD_OUT = 2.8, 0.025
_TESTED = 1.5, 0.014
_OWN = 40.0  # a column that one unit alone has beside one that all share and that is zero in most bins
_OWN_BESIDE = 3.0  # the same where shared columns are not
_FIT_BESIDE = 3.0  # what the last fit then takes beside one without own columns
_ZEROS, _FIT_OF_ZEROS = 1.3, 9.0  # a penalty that makes zeros beside one that does not, and its last fit in strengths of a fold
# strengths by marginal likelihood, in a fold and in the last fit, in strengths of a grid
_LIKELIHOOD, _FIT_OF_LIKELIHOOD = 8.5, 17.0
_FIRST = 0.35  # what the first strength takes more than another, rows made ready included
_FURTHER = 1.0  # strengths beyond the grid that are expected
# What is taken whatever the bins, in tenths of a microsecond
_SCORED_AT_LEAST = 2.3e4, 230.0
_ERRORS_OF_UNIT, _BAND_OF_CURVE, _FILTER_COLUMN = 3e4, 4e4, 1e3


@dataclass(frozen=True)
class RunWork:
    """What each stage of a run takes, in the order in which they come; only their ratios mean something."""

    prepared: float
    scored: float
    fitted: float
    errors: float
    curves: float
    filters: float
    drift: float
    held_out: float
    tested: float

    @property
    def share_prepared(self) -> float:
        """Of the whole, in which it is prepared."""
        return self.prepared / (self.prepared + self.scored + self.fitted + sum(self.assessed) + self.tested)

    @property
    def assessed(self) -> tuple[float, ...]:
        """The stages in which a result is made of a fit."""
        return self.errors, self.curves, self.filters, self.drift, self.held_out


@dataclass(frozen=True)
class _Size:
    """Units, columns of the design, those of them that a unit shares with others and has for itself, usable bins."""

    units: int
    columns: int
    shared: float
    own: float
    bins: float


def run_work(analysis: Analysis, design: Design, units: tuple[str, ...]) -> RunWork:
    """Of the design that is fitted."""
    mask = design.mask(units)
    having = np.full(design.n_columns, len(units)) if mask is None else mask.sum(axis=1)
    own = float((having == 1).sum()) / len(units) if len(units) > 1 else 0.0
    shared = float(having[having > 1].sum() if len(units) > 1 else having.sum()) / len(units)
    return _work(analysis, _Size(len(units), design.n_columns, shared, own, max(float(design.valid.sum()), 1.0)))


def expected_run_work(analysis: Analysis, recording: Recording) -> RunWork:
    """The same before anything is prepared, when bins are not counted and only the data know the columns of some terms."""
    try:
        units = len(chosen_units(analysis.units, recording))
    except GlmError:  # said when they are counted
        units = 1
    every = len(recording.unit_names)
    columns = {term.label: n_columns(term, every) for term in analysis.terms if term.enabled}
    own = sum(columns[term.label] for term in analysis.terms if term.enabled and term.kind == "history")
    shared = sum(columns.values()) - own
    return _work(analysis, _Size(units, shared + own * units, shared, own, math.inf))


def _work(analysis: Analysis, size: _Size) -> RunWork:
    model, validation = analysis.model, analysis.validation
    dense = any(term.enabled and term.kind not in ("covariate", "history") for term in analysis.terms)
    at_work = size.shared + (_OWN_BESIDE if dense else _OWN) * size.own
    beside = _FIT_BESIDE if dense and size.own else 1.0
    makes_zeros = not penalty_of(model).is_smooth
    one = (_affine(_SCORED, at_work) + _affine(_SCORED_AT_LEAST, at_work) / size.bins) * (_ZEROS if makes_zeros else 1.0)
    strengths = len(strengths_of(analysis))
    tried = _LIKELIHOOD if model.finds_strengths else _FIRST + strengths + (_FURTHER if strengths > 1 else 0.0)
    settings = math.prod(len(choice.choices) for choice in model.search)
    nested = 1 + validation.folds if validation.nested and strengths > 1 else 1
    last = (
        _FIT_OF_LIKELIHOOD * one
        if model.finds_strengths
        else _FIT_OF_ZEROS * one
        if makes_zeros
        else beside * _affine(_FITTED, at_work)
    )
    fitted, square = size.shared + size.own, (size.shared + size.own) ** 2
    n_curves = sum(_curves(term) for term in analysis.terms if term.enabled)
    filtered = sum(term.enabled and term.kind not in ("covariate", "columns") for term in analysis.terms)
    return RunWork(
        prepared=_FEATURES * size.columns / size.units + _COUNTING,
        scored=validation.folds * tried * settings * nested * one,
        fitted=last,
        errors=_affine(_ERRORS[:2], fitted) + _ERRORS[2] * square + _ERRORS_OF_UNIT / size.bins,
        curves=n_curves * (_affine(_CURVE, size.columns) + _BAND_OF_CURVE / size.bins),
        filters=_FILTER_COLUMN * fitted / size.bins if filtered else 0.0,
        drift=_affine(_DRIFT, size.columns),
        held_out=_affine(_HELD_OUT, size.columns) if validation.folds else 0.0,
        tested=_affine(_TESTED, size.columns) if validation.test_epochs else 0.0,
    )


def _affine(part: tuple[float, float], columns: float) -> float:
    return part[0] + part[1] * columns


def _curves(term: object) -> int:
    """Curves that are drawn of a term."""
    kind = getattr(term, "kind", "")
    if kind == "columns":
        return len(term.variables)  # type: ignore[attr-defined]
    if kind != "covariate":
        return 0
    factors = len(term.factors)  # type: ignore[attr-defined]
    return factors if factors > 2 else 1
