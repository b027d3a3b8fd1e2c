"""Nested models by shared sums and Newton steps for the folds, against fits of each fold."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

import glmengine as ge
from glmengine.analysis.selection import Selection
from glmengine.models import get_penalty
from glmengine.selection import unit_models
from glmengine.selection.fold_rows import FoldRows
from glmengine.selection.forward import forward
from glmengine.selection.nested_models import Ground, NestedModels, make_ground
from glmengine.selection.one_step_models import OneStepModels, suits
from glmengine.selection.unit_models import UnitModels


def _term(name: str, *variables: str, family: str = "b_spline", n: int = 6) -> dict:
    factors = [{"variable": variable, "basis": {"family": family, "n": n}} for variable in variables]
    return {"kind": "covariate", "name": name, "factors": factors}


@pytest.fixture(scope="module")
def ground(small_recording) -> Ground:
    history = {"kind": "history", "name": "history", "basis": {"family": "raised_cosine_log", "n": 3, "window": 0.4}}
    analysis = ge.Analysis.from_dict(
        {
            "time": {"bin_size": 0.05},
            "terms": [
                _term("position", "position.x", "position.y"),
                _term("direction", "head_direction", family="cyclic_b_spline"),
                history,
            ],
        }
    )
    return replace(make_ground(analysis, small_recording), strengths="reml")


def test_sums_over_sorted_rows_are_those_of_the_design():
    random = np.random.default_rng(0)
    local = np.zeros((600, 30))
    local[np.arange(600)[:, None], (random.integers(0, 2, 600) * 15)[:, None] + np.arange(8)] = random.random((600, 8))
    values, own = np.hstack([random.random((600, 4)), local]), random.random((600, 2))
    fold = random.integers(-1, 3, 600)
    rows = FoldRows([values[:, :4], values[:, 4:]], fold, 3)
    assert rows.n_local == 30
    assert len(rows.pieces) == 8
    assert all(piece.live.size == 8 for piece in rows.pieces)
    everything = np.hstack([values[:, rows.columns], own, np.ones((600, 1))])[rows.order]
    theta = random.normal(size=(2, 37))
    np.testing.assert_allclose(rows.predictor(theta, own[rows.order]), theta @ everything.T, rtol=1e-12)
    of_folds = random.normal(size=(4, 2, 37))
    of_folds[:, 0, :30] = 0.0
    by_row = np.einsum(
        "npf,fmp->mnf", everything[:, :, None] * np.eye(4)[np.where(fold < 0, 3, fold)[rows.order]][:, None], of_folds
    )
    np.testing.assert_allclose(rows.predictor(of_folds, own[rows.order]), by_row.sum(axis=2), rtol=1e-9, atol=1e-9)
    weights, residual = random.random(600), random.normal(size=(2, 600))
    some = np.array([3, 17, 31, 35, 36])
    for k in range(4):
        here = np.where(fold < 0, 3, fold)[rows.order] == k
        expected = residual[:, here] @ everything[here]
        np.testing.assert_allclose(rows.back(residual, own[rows.order], [np.arange(37)] * 2)[k], expected, rtol=1e-10, atol=1e-10)
        one = rows.back(residual, own[rows.order], [np.arange(30, 37), np.arange(37)])[k]
        np.testing.assert_allclose(one[1], expected[1], rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(one[0, 30:], expected[0, 30:], rtol=1e-10, atol=1e-10)
        assert not one[0, :30].any()
        gram = (everything[here] * weights[here, None]).T @ everything[here]
        for wanted in (np.arange(37), some, np.arange(31, 37)):
            found = rows.grams(weights, own[rows.order].T.astype(np.float32), wanted)[k]
            np.testing.assert_allclose(found, gram[np.ix_(wanted, wanted)], rtol=1e-4, atol=1e-3)


def test_scores_are_those_of_fits_of_each_fold(ground):
    assert suits(ground, len(ground.units))
    quick, exact = OneStepModels(ground), NestedModels(ground)
    K = len(ground.candidates)
    models = [frozenset(chosen) for size in range(K + 1) for chosen in combinations(range(K), size)]
    quick.ahead(dict.fromkeys(range(len(ground.units)), models))
    for model in models:
        ours, theirs = (one.held_out(model, range(len(ground.units))) for one in (quick, exact))
        for unit in range(len(ground.units)):
            a, b = ours[unit], theirs[unit]
            np.testing.assert_allclose(a.null_log_likelihood, b.null_log_likelihood, rtol=1e-10)
            np.testing.assert_allclose(a.null_deviance, b.null_deviance, rtol=1e-10)
            assert set(a.columns) <= set(b.columns)
            # of 300 spikes: searches for strengths end where a decrement is small, here and there
            assert abs(a.deviance_explained - b.deviance_explained) < 3e-3


def test_the_terms_chosen_are_those_of_fits_of_each_fold(ground):
    found = [forward(nested, 0.05).models for nested in (OneStepModels(ground), NestedModels(ground))]
    assert found[0] == found[1]


def test_the_whole_fit_is_the_optimum_at_the_strengths_of_marginal_likelihood(ground):
    quick = OneStepModels(ground)
    fitted = NestedModels(ground).fit(ground.everything, np.arange(2), np.ones(2))
    for unit in range(2):
        whole = quick.whole(ground.everything, unit)
        assert whole.converged
        assert whole.log_likelihood == pytest.approx(fitted.log_likelihood[unit], abs=0.05)
        assert whole.edf == pytest.approx(fitted.edf[unit], rel=0.01)
        error = np.sqrt(np.diag(whole.covariance)[1:])
        assert (np.abs(whole.coef - fitted.coef[whole.columns, unit]) < 0.1 * error).all()


def test_a_silent_unit_has_no_scores_and_one_with_gaps_has(ground):
    counts = np.asarray(ground.prepared.counts, np.float64).copy()
    counts[:, 2] = 0.0
    counts[100:400, 0] = np.nan
    other = replace(ground, prepared=replace(ground.prepared, counts=counts))
    quick, exact = OneStepModels(other), NestedModels(other)
    model = frozenset([1])
    found = quick.held_out(model, range(3))
    assert not found[2].counts.any()
    assert quick.whole(model, 2) is None
    assert found[0].weight.sum() == exact.held_out(model, [0])[0].weight.sum()
    assert found[0].deviance_explained == pytest.approx(exact.held_out(model, [0])[0].deviance_explained, abs=5e-3)


@pytest.mark.parametrize("silent_there", [True, False])
def test_folds_count_for_a_unit_as_they_do_for_its_scores(ground, silent_there):
    counts, fold = np.asarray(ground.prepared.counts, np.float64).copy(), ground.split.fold
    counts[(fold == 1) == silent_there, 0] = 0.0  # silent in the fold, or in all the time that it leaves
    other = replace(ground, prepared=replace(ground.prepared, counts=counts))
    model, rule = frozenset([1]), ge.cross_validate(ground.prepared.design, counts, folds=fold, strengths=[1e-3])
    scored = np.isfinite(rule.scores.values[:, 0, 0])
    assert scored.tolist() == ([number != 1 for number in range(10)] if silent_there else [False] * 10)
    for models in (OneStepModels(other), NestedModels(other)):
        found = models.held_out(model, range(len(ground.units)))
        for unit in range(len(ground.units)):
            np.testing.assert_array_equal(found[unit].counts, np.isfinite(rule.scores.values[:, 0, unit]))


def test_what_does_not_suit_is_said(small_recording):
    terms = [_term("direction", "head_direction", family="cyclic_b_spline")]
    for model in ({"family": "negative_binomial"}, {"penalty": "none"}, {"penalty": "lasso"}):
        analysis = ge.Analysis.from_dict({"time": {"bin_size": 0.1}, "terms": terms, "model": model})
        assert not suits(make_ground(analysis, small_recording, Selection()), 3)


def test_a_fold_that_is_left_out_does_not_swallow_the_loss_of_the_others(ground):
    unit = OneStepModels(ground)._unit(0)
    unit.solve([frozenset([1])])
    left_out = replace(unit.states[frozenset([1])], without=1)
    loss = np.ones(unit.y.size)
    loss[unit.rows.folds[1]] = 1e40
    assert unit._loss(left_out, loss) == np.sum(loss == 1.0)


def test_a_step_to_the_model_of_a_fold_that_leads_too_far_is_taken_back(ground, monkeypatch):
    model = frozenset([1, 2])
    scores = {}
    monkeypatch.setattr(unit_models, "FAR", 0.0)
    for far in (0.0, 1e6):
        unit = OneStepModels(ground)._unit(0)
        monkeypatch.setattr(
            unit,
            "_folds_of",
            lambda state, unit=unit, far=far: [replace(one, theta=one.theta + far) for one in UnitModels._folds_of(unit, state)],
        )
        scores[far] = unit.solve([model])[model].deviance
    np.testing.assert_allclose(scores[1e6], scores[0.0], rtol=0.05)  # each way has found strengths of its own


def test_terms_that_are_far_off_together_begin_nearer_to_the_mean(ground):
    both = frozenset([1, 2])
    scores = {}
    for far in (1.0, 100.0, -100.0):
        unit = OneStepModels(ground)._unit(0)
        unit.solve([frozenset([1]), frozenset([2])])
        for state in unit.states.values():
            state.theta = far * state.theta
        scores[far] = unit.solve([both])[both].deviance
        assert unit.states[both].done
        assert np.isfinite(unit.states[both].decrement)
    np.testing.assert_allclose(scores[100.0], scores[1.0], rtol=0.05)
    np.testing.assert_allclose(scores[-100.0], scores[1.0], rtol=0.05)


def test_a_way_that_ends_before_the_optimum_ends_where_it_was_looked_at(ground, monkeypatch):
    monkeypatch.setattr(unit_models, "MOST_STEPS", 2)
    unit = OneStepModels(ground)._unit(0)
    state = unit.states[frozenset([1])] = unit._begin(frozenset([1]))
    unit._descend([state], 1e-12)
    assert not state.done
    loss = unit._evaluate(unit.rows.predictor(unit._spread([state]), unit.own))[0]
    assert unit._loss(state, loss[0]) == state.loss


def test_scores_of_folds_do_not_see_where_the_way_to_the_whole_fit_ends(ground, monkeypatch):
    models = [frozenset(chosen) for size in (1, 2) for chosen in combinations(range(len(ground.candidates)), size)]
    found = []
    for settled in (unit_models.SETTLED, 1e-6):
        monkeypatch.setattr(unit_models, "SETTLED", settled)
        quick = OneStepModels(ground)
        quick.ahead({1: models})
        found.append([quick.held_out(model, [1])[1].deviance_explained for model in models])
        assert max(quick._unit(1).states[model].decrement for model in models) <= settled
    np.testing.assert_allclose(found[0], found[1], rtol=0, atol=1e-4)


@pytest.mark.parametrize("penalty", ["ridge", "smoothness"])
def test_scores_do_not_depend_on_how_sums_are_rounded(ground, monkeypatch, penalty):
    own = replace(ground, penalty=get_penalty(penalty))
    models = [frozenset(chosen) for size in (1, 2, 3) for chosen in combinations(range(len(own.candidates)), size)]

    def scores() -> np.ndarray:
        quick = OneStepModels(own)
        quick.ahead(dict.fromkeys(range(len(own.units)), models))
        return np.array([[quick.held_out(m, [unit])[unit].deviance_explained for m in models] for unit in range(len(own.units))])

    known = scores()
    random, back, grams = np.random.default_rng(0), FoldRows.back, FoldRows.grams

    def rounded(sums: np.ndarray) -> np.ndarray:
        return sums * (1.0 + 1e-7 * random.normal(size=sums.shape))

    def rounded_grams(self: FoldRows, *given: np.ndarray) -> np.ndarray:
        lower = np.tril(rounded(grams(self, *given)))
        return lower + np.swapaxes(np.tril(lower, -1), 1, 2)

    monkeypatch.setattr(FoldRows, "back", lambda self, *given: rounded(back(self, *given)))
    monkeypatch.setattr(FoldRows, "grams", rounded_grams)
    for _ in range(3):
        np.testing.assert_allclose(scores(), known, rtol=0, atol=1e-6)
