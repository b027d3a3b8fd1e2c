"""Advice: something is said of every choice that there is."""

from typing import get_args

import pytest

from glmengine.analysis.advice import FAMILIES, PENALTIES, SPLITS, STRENGTH_RULES, STRENGTHS_BY, TERMS, advice_on_model
from glmengine.analysis.analysis import Model, Validation
from glmengine.analysis.terms import AnyTerm


@pytest.mark.parametrize(
    ("spec", "field", "table"),
    [
        (Model, "family", FAMILIES),
        (Model, "penalty", PENALTIES),
        (Model, "strength_by", STRENGTHS_BY),
        (Model, "strength_rule", STRENGTH_RULES),
        (Validation, "split", SPLITS),
    ],
)
def test_every_value_has_its_use_and_its_limit(spec, field, table):
    assert set(table) == set(get_args(spec.model_fields[field].annotation))
    assert all(advice.use.endswith(".") and advice.avoid.endswith(".") for advice in table.values())


def test_every_kind_of_term_has_one():
    kinds = get_args(get_args(AnyTerm)[0])
    assert set(TERMS) == {kind.model_fields["kind"].default for kind in kinds}


def test_only_what_has_an_effect_is_spoken_of():
    assert "strength_rule" in advice_on_model(Model())
    assert "strength_rule" not in advice_on_model(Model(strengths=(1e-3,)))
    assert "strength_by" not in advice_on_model(Model(penalty="none"))
