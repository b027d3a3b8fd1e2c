"""What a run tells of its units before it is done, and that the order in which they come changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

import glmengine as ge


@pytest.fixture(scope="module")
def told(small_analysis, small_recording):
    """Everything that a run told, and its result."""
    heard: list[ge.UnitsFound] = []
    result = ge.run(small_analysis, small_recording, ge.CallbackContext(on_units=heard.append))
    return heard, result


def test_the_units_are_named_before_anything_is_found_of_them(told):
    heard, result = told
    assert heard[0].units == tuple(result.units)
    assert heard[0].strength is heard[0].deviance_explained is heard[0].status is None


def test_the_last_that_is_told_of_a_unit_is_what_the_result_says(told):
    heard, result = told
    explained, strength, status = {}, {}, {}
    for one in heard:
        if one.deviance_explained is not None:
            explained |= dict(zip(one.units, one.deviance_explained, strict=True))
            strength |= dict(zip(one.units, one.strength, strict=True))
        if one.status is not None:
            status |= dict(zip(one.units, one.status, strict=True))
    scores = result.scores
    np.testing.assert_allclose([explained[unit] for unit in result.units], scores["deviance_explained_heldout"].values)
    np.testing.assert_array_equal([strength[unit] for unit in result.units], scores["strength"].values)
    assert [status[unit] for unit in result.units] == scores["status"].values.tolist()


def test_held_out_scores_come_with_every_strength(told, small_analysis):
    heard, _ = told
    assert sum(one.deviance_explained is not None for one in heard) >= len(small_analysis.model.strengths)


def _coupled(first: str | None):
    """Units that have different numbers of columns, so that each is a batch of its own; what was told of them, and the scores."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(2000, 60))
    Y = rng.poisson(np.exp(0.3 * X[:, :3] - 1.0))
    mask = np.zeros((60, 3), bool)
    for unit in range(3):
        mask[20 * unit : 20 * unit + 18 + unit, unit] = True
    order: list[str] = []

    def hear(found: ge.UnitsFound) -> None:
        order.extend(unit for unit in found.units if unit not in order)

    context = ge.CallbackContext(on_units=hear, first_unit=lambda: first)
    found = ge.cross_validate(X, Y, mask=mask, strengths=[1e-2, 1e-3], folds=3, unit_names=["a", "b", "c"], context=context)
    fit = ge.fit(X, Y, mask=mask, unit_names=["a", "b", "c"], context=context)
    return order, found, fit


def test_the_unit_that_is_wanted_first_comes_first_and_changes_no_number():
    order, found, fit = _coupled(None)
    assert order == ["a", "b", "c"]
    other_order, other, other_fit = _coupled("c")
    assert other_order == ["c", "a", "b"]
    np.testing.assert_array_equal(found.scores.values, other.scores.values)
    np.testing.assert_array_equal(fit.coef, other_fit.coef)
    np.testing.assert_array_equal(fit.standard_errors, other_fit.standard_errors)
    assert (found.solver, fit.solver, fit.backend) == (other.solver, other_fit.solver, other_fit.backend)
    assert [step["decrement"] for step in fit.trace] == [step["decrement"] for step in other_fit.trace]


def test_a_nested_cross_validation_tells_of_the_outer_folds_alone(small_analysis, small_recording):
    heard: list[ge.UnitsFound] = []
    validation = small_analysis.validation.with_(nested=True, folds=3)
    ge.run(small_analysis.with_(validation=validation), small_recording, ge.CallbackContext(on_units=heard.append))
    assert sum(one.deviance_explained is not None for one in heard) <= 2 + 12  # each strength once, and those beyond the grid
