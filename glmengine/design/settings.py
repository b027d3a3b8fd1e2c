"""Designs of all settings of terms that are searched, on the same rows, and the one in which each unit has the setting that it chose."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.search import SearchPlan, search_plan
from glmengine.context import SILENT, Context
from glmengine.design.build import build_design
from glmengine.design.expanded import expanded
from glmengine.design.prepare import Prepared, prepare
from glmengine.errors import GlmError
from glmengine.sentences import listed, numbered, unit_name

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.design.design import Design
    from glmengine.recording.recording import Recording


@dataclass(frozen=True)
class PreparedSettings:
    """What a search of settings works on.

    Attributes
    ----------
    prepared : Prepared
        With every variant of every term that is searched, and the rows in which all of them have values.
    plan : SearchPlan
    designs : tuple of Design
        Of each setting, made of the same blocks.
    """

    prepared: Prepared
    plan: SearchPlan
    designs: tuple[Design, ...]

    def with_chosen(self, analysis: Analysis, setting: np.ndarray, chose: np.ndarray) -> Prepared:
        """The design in which each unit (M,) has the variants of its setting, on the same rows, and a note that says which; units that had no score to
        choose by (`chose` False) are not in it."""
        whole, units = self.prepared, self.prepared.units
        having: dict[str, list[str]] = {}
        for unit, number in zip(units, setting, strict=True):
            for label in self.plan.settings[number].of.values():
                having.setdefault(label, []).append(unit)
        terms = []
        for term in whole.design.terms:
            if not term.setting:
                terms.append(term)
            elif term.label in having:
                some = len(having[term.label]) < len(units)
                terms.append(term.with_(only_units=tuple(having[term.label])) if some else term.with_(setting=""))
        design = build_design(analysis, whole.recording, whole.grid, unit_names=units, usable=whole.rows, frozen_terms=terms)
        design = replace(design, valid=whole.design.valid, notes=whole.design.notes)
        return replace(whole, design=design, notes=(*whole.notes, self._chosen_note(setting, chose)))

    def places(self, design: Design, setting: int) -> np.ndarray:
        """(p,) columns of a design of chosen settings that those of one of them are."""
        names = {label: label if label in design.slices else term for term, label in self.plan.settings[setting].of.items()}
        parts = [design.slices[names.get(block.term.label, block.term.label)] for block in self.designs[setting].blocks]
        return np.concatenate([np.arange(part.start, part.stop) for part in parts])

    def _chosen_note(self, setting: np.ndarray, chose: np.ndarray) -> str:
        units = self.prepared.units
        each = [
            f"{self.plan.settings[number].name} for {listed([unit_name(units[unit]) for unit in np.flatnonzero(chose & (setting == number))], 8)}"
            for number in np.unique(setting[chose]).tolist()
        ] or ["none, as no unit has a score"]
        compared = (
            f"{numbered(len(self.plan.settings), 'setting')} of {' and '.join(self.plan.searched)} were compared on held-out time"
        )
        return f"{compared}; chosen: {'; '.join(each)}."


def prepare_settings(analysis: Analysis, recording: Recording, context: Context = SILENT) -> PreparedSettings:
    """Everything that comes before a search of settings.

    Raises
    ------
    GlmError
        If the search names a term that is not there, or has no columns, or a value that it cannot have.
    """
    model = analysis.model
    plan = search_plan(analysis.terms, model.search)
    if len(recording.sessions) > 1:
        for term in plan.terms:
            if term.setting and term.separate:
                raise GlmError(
                    f"the search of '{term.plain_label}': it is each session's own, and has no search of settings; let the sessions share it",
                    field="model.search",
                )
    wide = analysis.with_(terms=plan.terms, model=model.with_(search=()), selection=None)
    try:
        prepared = prepare(wide, recording, context)
    except GlmError as error:
        raise GlmError(error.message, field=_place(error.field, plan)) from error
    labels = {block.term.label for block in prepared.design.blocks}
    why = {one.label: one.why for one in prepared.design.left_out}
    for number, label in enumerate(plan.searched):
        if (variant := plan.settings[0].of[label]) not in labels:
            raise GlmError(
                f"the search of '{label}': the term was left out: {why[variant]}; search another",
                field=f"model.search.{number}.term",
            )
    variants = {label for one in plan.settings for label in one.of.values()}
    values = expanded(prepared.design, 1e9 * model.memory)  # so that what settings share is made once
    designs = tuple(values.of([*(labels - variants), *one.of.values()]) for one in plan.settings)
    return PreparedSettings(prepared, plan, designs)


def _place(field: str, plan: SearchPlan) -> str:
    """Where in the analysis the field of a variant is."""
    head, _, rest = field.partition(".")
    number, _, inner = rest.partition(".")
    if head != "terms" or not number.isdigit() or int(number) >= len(plan.terms):
        return field
    return "model.search" if plan.terms[int(number)].setting else f"terms.{plan.places[int(number)]}.{inner}".rstrip(".")
