"""Terms and models in one line: kind, basis and number of columns of a term, what it depends on, and the equation of a model."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from glmengine.design.tensor_product import joint_bases
from glmengine.design.term_size import bases_of, known_columns, known_size
from glmengine.errors import GlmError
from glmengine.models import get_family

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Model
    from glmengine.analysis.terms import AnyTerm
    from glmengine.basis import Basis

_KINDS = {
    "covariate": "tuning",
    "filter": "filter of a signal over time",
    "receptive_field": "receptive field",
    "event": "kernel around an event",
    "columns": "precomputed columns",
    "history": "own spike history",
    "coupling": "coupling to other units",
}
_SPACE = {
    "each": "every channel",
    "separable": "map and time course",
    "pca": "principal components",
    "sta": "spike-triggered average",
    "given": "given filters",
}
_LINKED = {
    "identity": "{}",
    "inverse": "1 / ({})",
    "softplus": "inverse softplus of the {}",
    "softmax": "log of the {}, up to a constant",
}


def family_title(family: str) -> str:
    """``raised_cosine_log`` as people say it, in few words."""
    short = {"raised_cosine_log": "log raised cosine", "raised_cosine_linear": "raised cosine", "history": "raw lags"}
    words = family.replace("_", " ")
    for letter in "bm":
        words = re.sub(rf"\b{letter} spline", f"{letter.upper()}-spline", words)
    return short.get(family) or words


def kind_words(kind: str) -> str:
    """What a kind of term is called (``receptive_field``: receptive field)."""
    return _KINDS.get(kind) or kind.replace("_", " ")


def variables_of(term: AnyTerm) -> dict[str, str]:
    """The covariates that a term names, by the path of the field that names each."""
    named = {f"factors.{place}.variable": factor.variable for place, factor in enumerate(getattr(term, "factors", ()))}
    named |= {f"variables.{place}": name for place, name in enumerate(getattr(term, "variables", ()))}
    for field in ("variable", "gain"):
        if getattr(term, field, ""):
            named[field] = getattr(term, field)
    return named


def describe(term: AnyTerm, n_units: int) -> str:
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
                return f"{kind}: {_shown_size(bases[0])} per {term.by.rpartition('.')[2]}"
    columns = known_columns(term, n_units)
    if columns is None:
        return f"{kind}, {_shown_size(bases[0])} \u00d7 {_SPACE[term.space]}" if term.kind == "receptive_field" else kind
    counted = f"{columns} column{'s' if columns != 1 else ''}"
    if not hasattr(term, "factors"):
        return (
            f"{kind}: {_shown_size(bases[0])} \u00d7 {columns // _shown_size(bases[0])} units = {counted}"
            if term.kind == "coupling"
            else f"{kind}: {counted}"
        )
    names = " \u00d7 ".join(dict.fromkeys(family_title(basis.family) for basis in bases))
    sizes = " \u00d7 ".join(str(_shown_size(basis)) for basis in joint_bases(term.factors))
    sizes += " \u2212 1" if math.prod(map(_shown_size, joint_bases(term.factors))) > columns else ""
    return f"{kind}: {names}, {sizes} = {counted}" if len(bases) > 1 else f"{kind}: {names}, {counted}"


def _signed(seconds: float) -> str:
    return "0" if not seconds else f"{seconds:+g}".replace("-", "\u2212")


def _shown_size(basis: Basis) -> int | str:
    size = known_size(basis)
    return "\u2026" if size is None else size


def equation_words(model: Model) -> tuple[str, str]:
    """The left side of the model's equation, and how the observations are distributed around it."""
    family = get_family(model.family)
    thing = "count" if family.counts else "activity"
    expected, observed = f"expected {thing} in a bin", "counts" if family.counts else "activity"
    if family.binary:
        expected, observed = "probability that a bin holds a spike", "each bin holds a spike or none"
    if family.by_class:
        expected, observed = "probability of each class in a bin", "one class in each bin"
    distribution = f"{observed}: {family.words}"
    try:
        link = family.link(model.link or None).name
    except GlmError:  # said beside the link
        link = model.link
    return _LINKED.get(link, f"{link} of the {{}}").format(expected), distribution


def inputs_of(term: AnyTerm) -> str:
    """What a term depends on, for a table."""
    said = {"history": "the unit's own spikes", "coupling": "spikes of other units"}
    if term.kind in said:
        return said[term.kind]
    names = [factor.variable for factor in getattr(term, "factors", ())] or list(getattr(term, "variables", ()))
    named = " \u00d7 ".join(names) if hasattr(term, "factors") else ", ".join(names)
    parts = [named or getattr(term, "events", "") or getattr(term, "variable", "")]
    if getattr(term, "by", ""):
        parts.append(f"for each {term.by}")
    for scale in (getattr(term, "weight", ""), term.gain):
        if scale:
            parts.append(f"\u00d7 {scale}")
    if term.epochs:
        parts.append(f"only in {', '.join(term.epochs)}")
    return " ".join(parts)
