"""Forward selection of units that follow nothing, and of units that follow one of three covariates, a hidden drift beside them."""

from __future__ import annotations

import numpy as np
from scipy.stats import binom

from glmengine.selection.forward import forward
from glmengine.selection.nested_models import NestedModels, make_ground
from tests.engine.selection.units_with_drift import drifting_units, question

BIN, N, UNITS = 0.1, 4000, 60


def chosen(seed: int, effect: float) -> list[frozenset[int]]:
    recording = drifting_units(seed, bins=N, bin_size=BIN, units=UNITS, rate=3.0, drift_seconds=20.0, follows=1, effect=effect)
    return forward(NestedModels(make_ground(question(BIN, 1e-2), recording)), 0.05).models


def test_units_that_follow_nothing_get_a_term_in_5_percent_at_most():
    wrong = sum(bool(model) for model in chosen(11, effect=0.0))
    assert wrong <= binom.ppf(0.99, UNITS, 0.05)


def test_a_term_that_matters_is_found_and_no_other():
    models = chosen(12, effect=0.5)
    assert np.mean([1 in model for model in models]) > 0.9
    assert np.mean([bool(model - {1}) for model in models]) <= binom.ppf(0.99, UNITS, 0.05) / UNITS
