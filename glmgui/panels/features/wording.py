"""What a term is, in one line: for its card, and for the titles of its pictures."""

from __future__ import annotations

from glmengine.recording import Recording
from glmengine.spec import Spec
from glmgui.plots import Axis


def family_title(family: str) -> str:
    """``raised_cosine_log`` as people say it."""
    special = {
        "b_spline": "B-spline",
        "cyclic_b_spline": "cyclic B-spline",
        "m_spline": "M-spline",
        "raised_cosine_log": "raised cosine, log-stretched",
        "raised_cosine_linear": "raised cosine, linear",
        "orth_exponential": "orthogonal exponentials",
        "history": "raw lags",
    }
    return special.get(family, family.replace("_", " "))


def bases_of(term: Spec) -> tuple[Spec, ...]:
    """The bases of a term: one a factor, or its kernels."""
    if hasattr(term, "factors"):
        return tuple(factor.basis for factor in term.factors)
    basis = getattr(term, "basis", None)
    return (basis,) if basis is not None else ()


def describe(term: Spec, n_units: int) -> str:
    """Kind, basis and number of columns of a term (``2-D tuning, B-spline 8 x 8, 64 columns``)."""
    bases = bases_of(term)
    if hasattr(term, "factors"):
        kind = "tuning" if len(bases) == 1 else f"{len(bases)}-D tuning"
    else:
        kind = {"history": "own spike history", "coupling": "spikes of other units"}.get(term.kind, term.kind.replace("_", " "))
    if not bases:
        return kind
    names = " \u00d7 ".join(dict.fromkeys(family_title(basis.family) for basis in bases))
    sizes = " \u00d7 ".join(str(_size(basis)) for basis in bases)
    window = getattr(bases[0], "window", None)
    past = f", {window:g}\u2009s" if window and not hasattr(term, "factors") else ""
    columns = n_columns(term, n_units)
    counted = (
        f", {columns} column{'s' if columns != 1 else ''}"
        if columns is not None and (len(bases) > 1 or term.kind == "coupling")
        else ""
    )
    return f"{kind}: {names}, {sizes} functions{past}{counted}"


def n_columns(term: Spec, n_units: int) -> int | None:
    """Columns that a term puts into the design of all units; None where only the data tell."""
    sizes = [_size(basis) for basis in bases_of(term)]
    if not sizes or any(not isinstance(size, int) for size in sizes):
        return None
    total = 1
    for size in sizes:
        total *= size
    if term.kind in ("history", "coupling"):
        total *= len(getattr(term, "sources", ())) or n_units
    return total


def _size(basis: Spec) -> int | str:
    """Number of functions, where it does not depend on the data or the bin size."""
    try:
        return int(basis.n_functions)
    except (ValueError, TypeError, AttributeError, NotImplementedError):
        return "\u2026"


def axis_for(recording: Recording, variable: str) -> Axis:
    """The axis of a variable, with its unit."""
    if variable in recording.variables:
        return Axis(variable, recording.variables[variable][0].unit)
    return Axis(variable)
