"""One line on a term, for its card and the titles of its pictures."""

from __future__ import annotations

import math

from glmengine.design.tensor_product import joint_bases, n_joint
from glmengine.recording.recording import Recording
from glmengine.spec import Spec
from glmgui.forms.description import in_words
from glmgui.plots import Axis

_SPACE = {
    "each": "every channel",
    "separable": "map and time course",
    "pca": "principal components",
    "sta": "spike-triggered average",
    "given": "given filters",
}


def family_title(family: str) -> str:
    """``raised_cosine_log`` as people say it, in few words."""
    short = {"raised_cosine_log": "log raised cosine", "raised_cosine_linear": "raised cosine", "history": "raw lags"}
    return short.get(family) or f"{in_words(family)[:1].lower()}{in_words(family)[1:]}".replace("b-spl", "B-spl").replace(
        "m-spl", "M-spl"
    )


def bases_of(term: Spec) -> tuple[Spec, ...]:
    """The bases of a term: one a factor, or its kernels."""
    if hasattr(term, "factors"):
        return tuple(factor.basis for factor in term.factors)
    basis = getattr(term, "basis", None)
    return (basis,) if basis is not None else ()


def variables_of(term: Spec) -> dict[str, str]:
    """The covariates that a term names, by the path of the field that names each."""
    named = {f"factors.{place}.variable": factor.variable for place, factor in enumerate(getattr(term, "factors", ()))}
    named |= {f"variables.{place}": name for place, name in enumerate(getattr(term, "variables", ()))}
    for field in ("variable", "gain"):
        if getattr(term, field, ""):
            named[field] = getattr(term, field)
    return named


def describe(term: Spec, n_units: int) -> str:
    """Kind, basis and columns of a term in one line (``2-D tuning: B-spline, 8 x 8 = 64 columns``)."""
    bases = bases_of(term)
    if term.kind == "columns":
        return f"{len(term.variables)} covariate{'s' if len(term.variables) != 1 else ''} as columns"
    if hasattr(term, "factors"):
        kind = "tuning" if len(bases) == 1 else f"{len(bases)}-D tuning"
    else:
        window = getattr(bases[0], "window", None) if bases else None
        kinds = {"filter": "filter", "receptive_field": "field", "history": "own past", "coupling": "others' past"}
        kind = kinds.get(term.kind, term.kind.replace("_", " "))
        kind += f" {window:g}\u2009s" if window else ""
        if term.kind == "event":
            kind = f"kernel {_signed(-term.before)} to {_signed(term.after)}\u2009s"
            if term.by and not term.conditions:
                return f"{kind}: {_size(bases[0])} per {term.by.rpartition('.')[2]}"
    columns = n_columns(term, n_units)
    if columns is None:
        return f"{kind}, {_size(bases[0])} \u00d7 {_SPACE[term.space]}" if term.kind == "receptive_field" else kind
    counted = f"{columns} column{'s' if columns != 1 else ''}"
    if not hasattr(term, "factors"):
        return (
            f"{kind}: {_size(bases[0])} \u00d7 {columns // _size(bases[0])} units = {counted}"
            if term.kind == "coupling"
            else f"{kind}: {counted}"
        )
    names = " \u00d7 ".join(dict.fromkeys(family_title(basis.family) for basis in bases))
    sizes = " \u00d7 ".join(str(_size(basis)) for basis in joint_bases(term.factors))
    sizes += " \u2212 1" if math.prod(map(_size, joint_bases(term.factors))) > columns else ""
    return f"{kind}: {names}, {sizes} = {counted}" if len(bases) > 1 else f"{kind}: {names}, {counted}"


def _signed(seconds: float) -> str:
    return "0" if not seconds else f"{seconds:+g}".replace("-", "\u2212")


def n_columns(term: Spec, n_units: int) -> int | None:
    """Columns that a term gives each unit; None where only the data tell."""
    sizes = [_size(basis) for basis in bases_of(term)]
    if not sizes or any(not isinstance(size, int) for size in sizes):
        return None
    if hasattr(term, "factors"):
        return n_joint(term.factors)
    total = math.prod(sizes)
    if term.kind == "receptive_field":
        return None
    if term.kind == "event":
        if term.by and not term.conditions:
            return None
        return total * max(len(term.conditions), 1) * (2 if term.weight and term.unscaled else 1)
    if term.kind == "coupling":
        total *= len(term.sources) or max(n_units - (not term.include_self), 0)
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
