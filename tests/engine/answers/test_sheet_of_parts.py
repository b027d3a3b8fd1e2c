"""Sheets of groups of units, while others are still to come."""

from __future__ import annotations

from dataclasses import replace

from glmengine.answers.population import population_of
from glmengine.answers.shared_out import untimed
from glmengine.answers.sheet_of_parts import sheet_of
from glmengine.answers.unit_answers import answer
from glmengine.context import SILENT


def test_what_may_be_chance_among_units_that_are_to_come_is_said(question, small_recording):
    population = population_of(question, small_recording, 59)
    part = answer(population, population.groups[0], 59, 0, SILENT, untimed)
    own = part.selection
    weak = replace(part, selection=replace(own, chosen=own.chosen.assign(p=own.chosen["p"] * 0 + 0.03)))
    words = "so far no more than chance gives among so many units"
    unit = next(unit for unit in own.units if own.terms_of(unit))
    for one, pending, said in ((part, 2, False), (weak, 50, True), (weak, 0, False)):
        sheet = sheet_of(population, [one], pending=pending)
        assert sheet.units["terms"].sel(unit=unit).item()
        assert (words in sheet.units["sentence"].sel(unit=unit).item()) == said
