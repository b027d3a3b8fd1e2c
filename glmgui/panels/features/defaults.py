"""Terms to start from: the basis that suits a variable, with bounds that the recording gives."""

from __future__ import annotations

import math

import numpy as np

from glmengine.basis import BSpline, CyclicBSpline, RaisedCosineLog
from glmengine.recording import Covariate, Recording
from glmengine.spec import Spec
from glmengine.terms import CouplingTerm, CovariateTerm, Factor, FilterTerm, HistoryTerm
from glmgui.panels.features.families import basis_class

N_TUNING = 10
N_CYCLIC = 12
N_FIELD = 8
N_HISTORY = 8
N_COUPLING = 5
HISTORY_WINDOW = 0.15
COUPLING_WINDOW = 0.1
_FEW_CATEGORIES = 24
_POSITION_WORDS = ("pos", "loc", "xy", "led", "track")


def default_basis(recording: Recording, variable: str, *, field: bool = False) -> Spec:
    """The basis for tuning to `variable`; with `field` the coarser one that two-dimensional products take.

    Angles get cyclic splines over the whole circle, categories one function each, everything else B-splines over
    the range of the data.
    """
    covariate = recording.variable(variable)
    if covariate.kind == "angle":
        return CyclicBSpline(n=N_FIELD if field else N_CYCLIC, bounds=(0.0, 2 * math.pi))
    categorical = basis_class("categorical")
    if covariate.kind == "category" and categorical is not None:
        return categorical()
    return BSpline(n=N_FIELD if field else N_TUNING, bounds=data_bounds(covariate))


def data_bounds(covariate: Covariate) -> tuple[float, float] | None:
    """Range of the valid samples, rounded outwards to about a hundredth of it; None without two different values."""
    if covariate.stored is not None:  # what is seen of it may not be its range: the fit takes that from the data
        return None
    values = np.asarray(covariate.data.values, float)
    values = values[np.isfinite(values)]
    if not values.size or values.max() <= values.min():
        return None
    low, high = float(values.min()), float(values.max())
    digits = 1 - math.floor(math.log10(high - low))
    step = 10.0**-digits
    return round(math.floor(low / step) * step, max(digits, 0)), round(math.ceil(high / step) * step, max(digits, 0))


def tuning_term(recording: Recording, variable: str) -> CovariateTerm:
    """Tuning to one variable."""
    return CovariateTerm(factors=(Factor(variable=variable, basis=default_basis(recording, variable)),))


def field_term(recording: Recording, variables: tuple[str, ...]) -> CovariateTerm:
    """Joint tuning to several variables: the product of their bases."""
    return CovariateTerm(
        factors=tuple(Factor(variable=name, basis=default_basis(recording, name, field=True)) for name in variables)
    )


def filter_term(variable: str) -> FilterTerm:
    """What a signal does to the rate some time later."""
    return FilterTerm(variable=variable, basis=RaisedCosineLog(n=N_HISTORY, window=HISTORY_WINDOW))


def filterable(recording: Recording) -> list[str]:
    """Variables whose values can be summed over time: neither angles nor categories."""
    return [name for name, (covariate, _) in recording.variables.items() if covariate.kind not in ("angle", "category")]


def history_term() -> HistoryTerm:
    return HistoryTerm(basis=RaisedCosineLog(n=N_HISTORY, window=HISTORY_WINDOW))


def coupling_term() -> CouplingTerm:
    return CouplingTerm(basis=RaisedCosineLog(n=N_COUPLING, window=COUPLING_WINDOW))


def position_pairs(recording: Recording) -> tuple[tuple[str, str], ...]:
    """Pairs of variables that make a place: the first two components of a covariate, those named as positions first."""
    found = []
    for covariate in recording.covariates.values():
        if len(covariate.components) in (2, 3) and covariate.kind == "continuous":
            named = any(word in covariate.name.lower() for word in _POSITION_WORDS)
            found.append((not named, covariate.variables[:2]))
    plain = {name.lower(): name for name in recording.variables}
    for first, second in (("x", "y"), ("pos_x", "pos_y"), ("position_x", "position_y")):
        if first in plain and second in plain:
            found.append((False, (plain[first], plain[second])))
    return tuple(pair for _, pair in sorted(found))


def free_name(term: Spec, labels: set[str]) -> Spec:
    """The term, with a name of its own where another has its label."""
    if term.label not in labels:
        return term
    return term.with_(name=next(name for name in (f"{term.label} {number}" for number in range(2, 1000)) if name not in labels))
