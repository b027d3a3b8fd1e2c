"""The penalty of an analysis: the model's, and each term's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis, Model
    from glmengine.analysis.terms import AnyTerm
    from glmengine.models import Penalty


def penalty_of(model: Model, terms: Sequence[AnyTerm] = ()) -> Penalty:
    """The penalty that a model and its terms name; the strengths of `strengths_of` multiply it.

    Parameters
    ----------
    model : Model
    terms : sequence of terms
        Those of the design.
    """
    from glmengine.models import NoPenalty, Smoothness, SumPenalty

    kinds: dict[tuple[str, float], list[str]] = {}
    smooth: list[Penalty] = []
    for term in terms:
        kind = model.penalty if term.penalty == "model" else term.penalty
        if any(term.smoothness) and term.penalty_weight > 0:
            smooth.append(
                Smoothness(term.penalty_weight, axes=term.smoothness, terms=(term.label,), standardised=model.standardised)
            )
        if kind == "smoothness" and term.smoothness:
            continue
        kinds.setdefault((kind, term.penalty_weight), []).append(term.label)
    if not smooth and (not kinds or set(kinds) == {(model.penalty, 1.0)}):
        return _named(model.penalty, model)
    parts = [
        _named(kind, model).scaled(weight).on(*labels)
        for (kind, weight), labels in kinds.items()
        if kind != "none" and weight > 0
    ]
    parts += smooth
    return SumPenalty(tuple(parts)) if parts else NoPenalty()  # a sum keeps its weights at any strength


def chosen_in_words(model: Model) -> str:
    """Which of several strengths is chosen, as the subject of a sentence."""
    mean = "mean over units" if model.one_strength else "mean"
    if model.strength_rule == "one_standard_error":
        return f"The largest strength within one standard error of the best {mean}"
    return f"The strength with the best {mean}"


def strengths_of(analysis: Analysis) -> list[float]:
    """The strengths that are tried; where nothing is penalised there is none, and 1 where they are found by marginal likelihood."""
    if analysis.model.finds_strengths:
        return [1.0]
    return [float(strength) for strength in analysis.model.strengths] if analysis.is_penalised else [0.0]


def _named(kind: str, model: Model) -> Penalty:
    from glmengine.models import ElasticNet, GroupLasso, get_penalty

    if kind == "elastic_net":
        penalty: Penalty = ElasticNet(ratio=model.ratio)
    elif kind == "group_lasso":
        penalty = GroupLasso(groups=model.groups)
    else:
        penalty = get_penalty(kind)
    return replace(penalty, standardised=model.standardised)
