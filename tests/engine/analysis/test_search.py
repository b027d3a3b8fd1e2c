"""The search of settings as part of an analysis: combinations, files, and what makes no sense."""

from __future__ import annotations

import pytest

from glmengine.analysis.analysis import Analysis
from glmengine.analysis.search import search_plan
from glmengine.errors import GlmError


def asking(analysis: Analysis, *search: dict) -> Analysis:
    return analysis.with_(model=analysis.model.with_(search=search))


def plan_of(analysis: Analysis, *search: dict):
    asked = asking(analysis, *search)
    return search_plan(asked.terms, asked.model.search)


def test_every_combination_is_a_setting_and_every_variant_a_term(small_analysis):
    plan = plan_of(
        small_analysis,
        {"term": "place", "values": [5, 7], "variable": "position.x"},
        {"term": "history", "parameter": "window", "values": [0.06, 0.1]},
        {"term": "history", "values": [2, 3, 4]},
    )
    assert len(plan.settings) == 12
    assert plan.settings[0].name == "place position.x 5 functions, history window 0.06 s, history 2 functions"
    assert plan.settings[-1].of == {"place": "place (position.x 7 functions)", "history": "history (window 0.1 s, 4 functions)"}
    labels = [term.label for term in plan.terms]
    assert labels[:3] == ["head_direction", "place (position.x 5 functions)", "place (position.x 7 functions)"]
    assert labels[3:9] == [f"history (window {w} s, {n} functions)" for w in (0.06, 0.1) for n in (2, 3, 4)]
    assert plan.places == (0, 1, 1, 2, 2, 2, 2, 2, 2, 3)
    wide = plan.terms[2]
    assert [factor.basis.n for factor in wide.factors] == [7, 5]
    assert wide.plain_label == "place"


def test_bounds_and_the_time_around_events_are_searched(small_analysis):
    event = {"kind": "event", "events": "cue", "basis": {"family": "b_spline", "n": 5}}
    analysis = Analysis.from_dict({**small_analysis.to_dict(), "terms": [*small_analysis.to_dict()["terms"], event]})
    plan = plan_of(
        analysis,
        {"term": "place", "parameter": "bounds", "bounds": [[0, 100], [10, 90]]},
        {"term": "cue", "parameter": "after", "values": [0.5, 1.0]},
    )
    assert plan.terms[2].factors[1].basis.bounds == (10.0, 90.0)
    assert plan.terms[-1].after == 1.0
    assert plan.settings[3].name == "place bounds 10 to 90, cue after 1 s"


def test_the_file_keeps_the_search_and_a_file_without_one_has_none(small_analysis, tmp_path):
    asked = asking(small_analysis, {"term": "place", "values": [5, 7]})
    asked.save(tmp_path / "a.toml")
    assert "[[model.search]]" in (tmp_path / "a.toml").read_text()
    assert Analysis.load(tmp_path / "a.toml") == asked
    assert asked.sha256 != small_analysis.sha256
    small_analysis.save(tmp_path / "b.toml")
    assert "search" not in (tmp_path / "b.toml").read_text()
    assert Analysis.load(tmp_path / "b.toml").model.search == ()


@pytest.mark.parametrize(
    ("search", "said", "field"),
    [
        ({"term": "speed", "values": [5, 7]}, "no term in the model; the terms are head_direction, place", "model.search.0.term"),
        (
            {"term": "place", "parameter": "window", "values": [0.1, 0.2]},
            "tuning term as it is has no window",
            "model.search.0.parameter",
        ),
        ({"term": "history", "parameter": "bounds", "bounds": [[0, 1], [0, 2]]}, "has no bounds", "model.search.0.parameter"),
        ({"term": "history", "parameter": "after", "values": [0.1, 0.2]}, "has no time after", "model.search.0.parameter"),
        (
            {"term": "place", "values": [5, 7], "variable": "speed"},
            "no variable 'speed'; it has position.x",
            "model.search.0.variable",
        ),
        ({"term": "place", "values": [1, 7]}, "1 function cannot be", "model.search.0.values"),
        ({"term": "place", "values": list(range(5, 75))}, "70 combinations", "model.search"),
    ],
)
def test_a_search_that_makes_no_sense_is_one_sentence(small_analysis, search, said, field):
    with pytest.raises(GlmError, match=said) as caught:
        plan_of(small_analysis, search)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ({"term": "place", "values": [5]}, "nothing to choose from"),
        ({"term": "place"}, "nothing to choose from"),
        ({"term": "place", "values": [5, 7, 5]}, "same value twice"),
        ({"term": "place", "values": [5, 6.5]}, "is whole"),
        ({"term": "place", "parameter": "bounds", "values": [5, 7]}, "takes 'bounds', not 'values'"),
    ],
)
def test_what_cannot_be_a_search_is_refused_as_it_is_written(small_analysis, search, said):
    with pytest.raises(GlmError, match=said) as caught:
        asking(small_analysis, search)
    assert caught.value.field.startswith("search.0")


def test_the_same_is_searched_once(small_analysis):
    with pytest.raises(GlmError, match="searched twice"):
        plan_of(small_analysis, {"term": "place", "values": [5, 7]}, {"term": "place", "values": [6, 8]})


def test_a_search_needs_folds(small_analysis):
    asked = asking(small_analysis.with_(model=small_analysis.model.with_(strengths=[1e-3])), {"term": "place", "values": [5, 7]})
    with pytest.raises(GlmError, match="chosen by cross-validation") as caught:
        asked.with_(validation=asked.validation.with_(folds=0))
    assert caught.value.field == "validation.folds"
