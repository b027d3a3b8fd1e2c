"""What is said of a selection before it is made."""

from __future__ import annotations

import pytest

import glmengine as ge
from glmengine.selection.nested_models import NestedModels, make_ground
from glmengine.selection.select import select_on
from glmengine.selection.size import estimate_selection, size_words
from tests.engine.selection.units_with_drift import drifting_units, question

BIN = 0.1


@pytest.fixture(scope="module")
def recording():
    return drifting_units(3, bins=600, bin_size=BIN, units=2, rate=5.0, drift_seconds=10.0)


@pytest.mark.parametrize(
    "selection",
    [
        ge.Selection(folds=5),
        ge.Selection(folds=5, method="none"),
        ge.Selection(folds=5, method="backward", candidates=("c0", "c1")),
        ge.Selection(folds=5, method="subsets", largest=2),
    ],
)
def test_the_models_that_are_told_of_are_those_that_are_fitted(recording, selection):
    analysis = question(BIN, 1e-3)
    fitted = NestedModels(make_ground(analysis, recording, selection))
    select_on(fitted.ground, selection, nested=fitted)
    models = {model for model, _ in fitted._known}
    size, n_models = estimate_selection(analysis, recording, selection)
    assert n_models == len(models)
    assert size.n_fits == 1 + 5  # of one strength, with each fold held out and with none


def test_more_folds_and_candidates_take_longer(recording):
    analysis = question(BIN, 1e-3)

    def seconds(**options) -> float:
        return estimate_selection(analysis, recording, ge.Selection(**options))[0].seconds

    assert seconds(folds=20) > seconds(folds=5) > seconds(folds=5, candidates=("c0",))


def test_short_ones_are_not_told_of_and_long_ones_with_what_shortens_them(recording):
    size, n_models = estimate_selection(question(BIN, 1e-3), recording, ge.Selection(folds=5))
    assert size_words(size, n_models) == ""
    long, n_models = estimate_selection(question(1e-5, 1e-3), recording, ge.Selection(folds=10))
    said = size_words(long, n_models)
    assert said.startswith(f"{n_models} models or more, 11 fits of each for 2 units: about ")
    assert "Shorter: fewer candidates need fewer models; " in said
    assert "\n" not in said
