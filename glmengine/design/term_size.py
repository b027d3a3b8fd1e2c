"""Numbers of columns that terms put into a design, as far as they are known before data are seen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from glmengine.design.tensor_product import n_joint
from glmengine.errors import GlmError
from glmengine.recording.events import as_label, event_times, values_at

if TYPE_CHECKING:
    from glmengine.analysis.terms import AnyTerm
    from glmengine.basis import Basis
    from glmengine.recording.recording import Recording

_SOME_FUNCTIONS = 8
"""Functions of a basis of which only data or the width of the bins say how many, for an estimate."""


def bases_of(term: AnyTerm) -> tuple[Basis, ...]:
    """The bases of a term: one a factor, or its kernels."""
    if term.kind == "covariate":
        return tuple(factor.basis for factor in term.factors)
    basis = getattr(term, "basis", None)
    return (basis,) if basis is not None else ()


def known_size(basis: Basis) -> int | None:
    """Number of functions; None where it depends on the data or the width of the bins."""
    try:
        return int(basis.n_functions)
    except (ValueError, TypeError, AttributeError, NotImplementedError):
        return None


def known_columns(term: AnyTerm, n_units: int) -> int | None:
    """Columns that a term gives each unit of a recording of this many; None where only the data tell."""
    sizes = [known_size(basis) for basis in bases_of(term)]
    if not sizes or None in sizes:
        return None
    if term.kind == "covariate":
        return n_joint(term.factors)
    total = math.prod(sizes)
    if term.kind == "receptive_field" or (term.kind == "event" and term.by and not term.conditions):
        return None
    if term.kind == "event":
        return total * max(len(term.conditions), 1) * (2 if term.weight and term.unscaled else 1)
    if term.kind == "coupling":
        total *= len(term.sources) or max(n_units - (not term.include_self), 0)
    return total


def n_columns(term: AnyTerm, n_units: int, recording: Recording | None = None) -> int:
    """Columns that a term gives each unit of a recording of this many, as far as they are known before data are seen, else a few."""
    factors = getattr(term, "factors", None)
    if factors is not None:
        try:
            return n_joint(factors)
        except GlmError:  # the data say how many categories there are
            return math.prod(_size(factor.basis) for factor in factors)
    if term.kind == "columns":
        return len(term.variables)
    if term.kind == "receptive_field":
        return _size(term.basis) * _n_channels(term, n_units, recording)
    if term.kind == "event" and term.by and not term.conditions and recording is not None:
        return _size(term.basis) * _n_conditions(term, recording) * (1 + bool(term.weight and term.unscaled))
    if term.kind == "event":
        return _size(term.basis) * max(len(term.conditions), 1) * (1 + bool(term.weight and term.unscaled))
    sources = 1
    if term.kind == "coupling":
        sources = len(term.sources) or max(n_units - (not term.include_self), 0)
    basis = getattr(term, "basis", None)
    return sources * (_size(basis) if basis is not None else 1)


def _n_channels(term: AnyTerm, n_units: int, recording: Recording | None) -> int:
    """What is left of the channels of a stimulus."""
    if term.space == "pca":
        return term.components
    if term.space == "sta":
        return n_units
    covariate = recording.covariates.get(term.variable) if recording is not None and term.space in ("each", "separable") else None
    return max(len(covariate.components), 1) if covariate is not None else 1


def _n_conditions(term: AnyTerm, recording: Recording) -> int:
    moments = event_times(recording, term.events, field="events")
    return max(len({as_label(value) for value in values_at(recording, moments, term.by, field="by")} - {""}), 1)


def _size(basis: Basis) -> int:
    known = known_size(basis)
    return _SOME_FUNCTIONS if known is None else known
