"""The model that was chosen for a unit, as an analysis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from glmengine.errors import GlmError

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.selection.term_selection import TermSelection


def chosen_labels(analysis: Analysis, names: Sequence[str]) -> frozenset[str]:
    """Labels of the terms that these candidates stand for, those of blocks each, with the terms that are always in."""
    selection = analysis.selection
    blocks = {} if selection is None else {block.name: block.terms for block in selection.blocks}
    always = () if selection is None else selection.always
    return frozenset(term for name in names for term in blocks.get(name, (name,))) | frozenset(always)


def analysis_of_unit(analysis: Analysis, selection: TermSelection, unit: str) -> Analysis:
    """The question that terms were chosen in, with the terms of one unit alone, the others switched off.

    Raises
    ------
    GlmError
        If there is no such unit, or nothing was chosen for it.
    """
    names = selection.terms_of(unit)
    wanted = chosen_labels(analysis, names)
    if not wanted:
        raise GlmError(f"no term was chosen for unit '{unit}', so that there is no model to take; choose another unit")
    terms = tuple(term.with_(enabled=term.enabled and term.label in wanted) for term in analysis.terms)
    return analysis.with_(terms=terms, selection=None)
