"""The choice of settings of terms from one table with their strengths."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import glmengine as ge
from glmengine.context import SILENT
from glmengine.errors import GlmError
from glmengine.fitting.batch import column_groups, resolve_penalty
from glmengine.fitting.inputs import read_inputs
from glmengine.fitting.setting_search import search_settings
from glmengine.fitting.strength_choice import BEST_OF_EACH, StrengthChoice

STRENGTHS = (1e-3, 1e-1)


@pytest.fixture(scope="module")
def problem():
    """Designs of 1, 3 and 6 columns, and three units: one needs three columns, one six, one follows nothing."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(1500, 6))
    rates = np.exp(-1.0 + np.column_stack([X[:, :3] @ [0.5, 0.5, -0.5], X @ [0.3, 0, 0, 0.5, -0.5, 0.5], np.zeros(1500)]))
    return [X[:, :n] for n in (1, 3, 6)], rng.poisson(rates).astype(float), np.arange(1500) // 500


def searched(problem, choice=BEST_OF_EACH, nested=False, coefs=False):
    designs, counts, fold = problem

    def scored(setting, counts, fold, strengths, context):
        given = STRENGTHS if strengths is None else strengths
        return ge.cross_validate(
            designs[setting], counts, strengths=given, folds=fold, rule=choice.rule, one_for_all=choice.one_for_all, coefs=coefs
        )

    return search_settings(scored, [1, 3, 6], counts, fold, choice, SILENT, nested=nested)


def test_the_table_holds_the_cross_validation_of_each_setting_and_the_best_pair_is_chosen(problem):
    search = searched(problem)
    table = search.table()
    assert table.shape == (3, 3, 2, 3)
    for number, X in enumerate(problem[0]):
        alone = ge.cross_validate(X, problem[1], strengths=STRENGTHS, folds=problem[2])
        np.testing.assert_array_equal(table[:, number], alone.scores.values)
    mean = table.mean(axis=0).reshape(6, 3)
    np.testing.assert_array_equal(search.setting, mean.argmax(axis=0) // 2)
    np.testing.assert_array_equal(search.strength, np.array(STRENGTHS)[mean.argmax(axis=0) % 2])
    assert search.setting[0] == 1
    assert search.setting[1] == 2


def test_the_scores_are_those_of_the_cross_validation_that_was_chosen(problem):
    search = searched(problem)
    for unit, setting in enumerate(search.setting):
        one = ge.cross_validate(problem[0][setting], problem[1][:, unit], strengths=[search.strength[unit]], folds=problem[2])
        assert search.deviance_explained[unit] == pytest.approx(one.deviance_explained[0], rel=1e-6)
        assert search.bits_per_spike[unit] == pytest.approx(one.bits_per_spike[0], rel=1e-6)


def test_one_standard_error_takes_the_fewest_columns_that_do_as_well(problem):
    choice = StrengthChoice("one_standard_error")
    search = searched(problem, choice)
    table = search.table()
    for unit in range(3):
        mean = table[..., unit].mean(axis=0)
        best = np.unravel_index(mean.argmax(), mean.shape)
        error = table[(slice(None), *best, unit)].std(ddof=1) / np.sqrt(3)
        near = np.argwhere(mean >= mean.max() - error)
        fewest = near[near[:, 0] == near[:, 0].min()]
        assert search.setting[unit] == fewest[0, 0]
        assert search.strength[unit] == max(STRENGTHS[one] for one in fewest[:, 1])
    assert search.setting[2] == 0


def test_all_units_have_one_setting_where_that_is_asked(problem):
    search = searched(problem, StrengthChoice(one_for_all=True))
    mean = search.table().mean(axis=(0, 3))
    assert set(search.setting) == {int(np.unravel_index(mean.argmax(), mean.shape)[0])}
    assert len(set(search.strength)) == 1


def test_nested_settings_are_those_that_the_other_folds_choose(problem):
    designs, counts, fold = problem
    search = searched(problem, nested=True)
    for out in range(3):
        rest = fold != out
        again = searched(([X[rest] for X in designs], counts[rest], np.unique(fold[rest], return_inverse=True)[1]))
        np.testing.assert_array_equal(search.nested_setting[out], again.setting)
        np.testing.assert_array_equal(search.nested.strength.values[out], again.strength)
    assert search.nested.deviance_explained[0] <= search.deviance_explained[0] + 1e-12


def test_coefficients_of_each_fold_stand_in_the_columns_of_all_chosen_settings(problem):
    search = searched(problem, coefs=True)
    starts = {0: 0, 1: 1, 2: 4}
    found = search.of_chosen([f"x{j}" for j in range(10)], lambda s: np.arange(starts[s], starts[s] + problem[0][s].shape[1]))
    for unit, setting in enumerate(search.setting):
        own = found.coefs.values[:, :, unit]
        begin = starts[int(setting)]
        one = search.found[setting].coefs.values[:, :, unit]
        np.testing.assert_array_equal(own[..., begin : begin + one.shape[-1]], one)
        assert np.count_nonzero(own[0, 0]) == one.shape[-1]


def test_two_folds_leave_nothing_to_choose_on_without_either(problem):
    designs, counts, fold = problem
    with pytest.raises(GlmError, match="three folds or more") as caught:
        searched((designs, counts, fold // 2), nested=True)
    assert caught.value.field == "validation.nested"


def test_units_that_chose_alike_are_one_batch_beside_their_own_columns():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(50, 96)), rng.poisson(1.0, size=(50, 6))
    mask = np.zeros((96, 6), bool)
    mask[:4] = True  # what all have
    mask[4:44, :3] = True  # one setting
    mask[44:84, 3:] = True  # the other
    for unit in range(6):  # each unit's own past
        mask[84 + 2 * unit : 86 + 2 * unit, unit] = True
    inputs = read_inputs(X, Y, ge.models.get_family("poisson"), mask=mask)
    groups = column_groups(mask, np.arange(6), resolve_penalty(ge.Ridge(1e-3), inputs, None))
    assert sorted(group.units.tolist() for group in groups) == [[0, 1, 2], [3, 4, 5]]
    assert [group.own.shape for group in groups] == [(3, 2), (3, 2)]
    assert [group.columns.size for group in groups] == [44, 44]


def test_notes_are_those_of_the_settings_that_units_with_scores_chose(problem):
    designs, counts, fold = problem
    search = searched((designs, np.column_stack([counts[:, :2], np.zeros(len(counts))]), fold))
    assert search.scored.tolist() == [True, True, False]
    assert search.chosen == (1, 2)
    search = replace(search, found=tuple(replace(one, notes=(f"note {number}",)) for number, one in enumerate(search.found)))
    places = [np.arange(1), np.arange(3), np.arange(6)]
    assert search.of_chosen([f"x{n}" for n in range(6)], places.__getitem__).notes == ("note 1", "note 2")
