"""A fit that was stopped says which units may be used, in words, below figures and in the report."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from glmengine.export.report.contents import report_parts
from glmengine.export.report.parts import Paragraph
from glmengine.figures import draw
from glmengine.results.unfinished import (
    STRENGTHS_CUT_SHORT,
    not_at_the_optimum,
    stopped_units,
    unfinished_in_words,
    unfinished_note,
)
from glmengine.sentences import unit_name, unit_title


@pytest.fixture(scope="module")
def half(small_result):
    """The first unit finished, the others stopped by the user."""
    status = np.array(small_result.scores["status"].values, dtype=object)
    status[1:] = "stopped"
    converged = np.arange(len(status)) == 0
    scores = small_result.scores.assign(status=("unit", status.astype(str)), converged=("unit", converged))
    return replace(small_result, scores=scores, notes=(STRENGTHS_CUT_SHORT, *small_result.notes))


def test_words_name_the_units_that_may_be_used_and_those_that_may_not(half, small_result):
    first, *others = half.units
    said = unfinished_in_words(half)
    assert stopped_units(half) == tuple(others)
    assert said.startswith(f"This fit was stopped. Finished, and may be used: 1 unit ({first}).")
    assert f"not to be used: {len(others)} units ({', '.join(others)})" in said
    assert STRENGTHS_CUT_SHORT in said
    assert unfinished_in_words(small_result) == unfinished_note(small_result) == unfinished_note(small_result, first) == ""


def test_units_that_have_no_optimum_are_not_called_stopped(half):
    others = half.units[1:]
    status = half.scores["status"].astype(object)
    status[1] = "separated"
    mixed = replace(half, scores=half.scores.assign(status=status))
    assert not_at_the_optimum(mixed) == f"stopped before the optimum: {', '.join(others[1:])}; separated: {others[0]}"
    assert others[0] not in stopped_units(mixed)


def test_figures_and_report_say_it(half, small_result):
    first, second = half.units[:2]
    assert "not to be used" in draw(half, "tuning", second).get_supxlabel()
    assert "may be used" in draw(half, "tuning", first).get_supxlabel()
    assert second in draw(half, "scores").get_supxlabel()
    assert draw(half, "basis").get_supxlabel() == draw(small_result, "tuning", second).get_supxlabel() == ""
    paragraphs = [part for part in report_parts(half.analysis, half, "x", ()) if isinstance(part, Paragraph)]
    assert paragraphs[1].pieces == (unfinished_in_words(half),)


def test_a_unit_that_is_a_number_gets_the_word():
    assert [unit_title(name) for name in ("0", "12.5", "hd", "unit 3")] == ["Unit 0", "Unit 12.5", "hd", "unit 3"]
    assert [unit_name(name) for name in ("0", "hd")] == ["unit 0", "hd"]
