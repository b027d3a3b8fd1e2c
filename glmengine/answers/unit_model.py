"""The model that was chosen for a unit, as an analysis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from glmengine.analysis.term_origin import TermOrigin
from glmengine.answers.question import default_selection
from glmengine.errors import GlmError

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.analysis.analysis import Analysis
    from glmengine.answers.sheet import AnswerSheet


def chosen_labels(analysis: Analysis, names: Sequence[str]) -> frozenset[str]:
    """Labels of the terms that these candidates stand for, those of blocks each, with the terms that are always in."""
    selection = analysis.selection
    blocks = {} if selection is None else {block.name: block.terms for block in selection.blocks}
    always = () if selection is None else selection.always
    return frozenset(term for name in names for term in blocks.get(name, (name,))) | frozenset(always)


def analysis_of_unit(
    analysis: Analysis, sheet: AnswerSheet, unit: str, *, recording_name: str = "", recording_sha256: str = ""
) -> Analysis:
    """The question that a sheet answers, with the terms of one unit alone, the others switched off, and with what chose them.

    Parameters
    ----------
    analysis : Analysis
        The question.
    sheet : AnswerSheet
    unit : str
    recording_name, recording_sha256 : str
        What was explained.

    Raises
    ------
    GlmError
        If there is no such unit, or nothing was chosen for it.
    """
    names = sheet.selection.terms_of(unit)
    wanted = chosen_labels(analysis, names)
    if not wanted:
        raise GlmError(f"no term was chosen for unit '{unit}', so that there is no model to take; choose another unit")
    terms = tuple(term.with_(enabled=term.enabled and term.label in wanted) for term in analysis.terms)
    origin = None
    if names:
        origin = TermOrigin(
            unit=unit,
            recording=recording_name,
            recording_sha256=recording_sha256,
            candidates=tuple(str(name) for name in sheet.terms["term"].values),
            chosen=names,
            selection=(analysis.selection or default_selection(analysis)).with_(
                steps_by="shifts" if sheet.selection.judged_by_shifts else "folds"
            ),
            n_units=len(sheet.selection.units),
            explained=_known(sheet.units["deviance_explained"].sel(unit=unit)),
            q=_known(sheet.units["q"].sel(unit=unit)),
            shifts=sheet.evidence["shifts"].sizes["shuffle"] if "shifts" in sheet.evidence else 0,
            shift_q=_known(sheet.terms["shift_q"].sel(unit=unit).max()) if "shift_q" in sheet.terms else None,
            question_sha256=analysis.sha256,
        )
    return analysis.with_(terms=terms, selection=None, terms_from=origin)


def models_of(
    analysis: Analysis, sheet: AnswerSheet, *, recording_name: str = "", recording_sha256: str = ""
) -> dict[str, Analysis]:
    """The model of each unit for which terms were chosen, of that unit alone, by its name."""
    found = {}
    for unit in map(str, sheet.units["unit"].values):
        if sheet.selection.terms_of(unit):
            own = analysis_of_unit(analysis, sheet, unit, recording_name=recording_name, recording_sha256=recording_sha256)
            found[unit] = own.with_(units=own.units.with_(names=(unit,)))
    return found


def _known(value: xr.DataArray) -> float | None:
    number = float(value)
    return None if math.isnan(number) else number
