"""The share of a run's progress that each stage has follows what the stage takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

import glmengine as ge
from glmengine.design.prepare import prepare
from glmengine.design.run_work import expected_run_work, run_work

TERM = {
    "kind": "covariate",
    "name": "direction",
    "factors": [{"variable": "head_direction", "basis": {"family": "cyclic_b_spline", "n": 8}}],
}
HISTORY = {"kind": "history", "name": "history", "basis": {"family": "raised_cosine_log", "n": 4, "window": 0.2}}

COUPLING = {"kind": "coupling", "name": "coupling", "basis": {"family": "raised_cosine_log", "n": 2, "window": 0.1}}


def question(*terms, **model) -> ge.Analysis:
    folds = model.pop("folds", 5)
    return ge.Analysis.from_dict(
        {"time": {"bin_size": 0.05}, "terms": list(terms), "model": model, "validation": {"folds": folds}}
    )


def work(analysis, recording):
    prepared = prepare(analysis, recording)
    return run_work(analysis, prepared.design, prepared.units)


def share(found, stage: str) -> float:
    every = [found.prepared, found.scored, found.fitted, *found.assessed, found.tested]
    return getattr(found, stage) / sum(every)


def test_each_strength_and_fold_has_its_share(small_recording):
    few, many = (work(question(TERM, strengths=strengths), small_recording) for strengths in ((1e-4,), (1e-5, 1e-4, 1e-3, 1e-2)))
    assert many.scored > 2.5 * few.scored
    assert many.fitted == few.fitted
    ten = work(question(TERM, strengths=(1e-4,), folds=10), small_recording)
    assert ten.scored == pytest.approx(2 * few.scored)
    assert work(question(TERM, strengths=(1e-4,), folds=0), small_recording).scored == 0.0


def test_without_folds_what_is_made_of_a_fit_takes_most(small_recording):
    found = work(question(TERM, strengths=(1e-4,), folds=0), small_recording)
    assert sum(found.assessed) > 0.5 * (found.prepared + found.fitted + sum(found.assessed))
    assert found.held_out == found.tested == 0.0


def test_a_units_own_columns_weigh_more_than_those_that_all_share(small_recording):
    plain, own = (work(question(*terms, strengths=(1e-4,)), small_recording) for terms in ((TERM,), (TERM, HISTORY)))
    assert own.scored > 2 * plain.scored
    assert share(own, "scored") > share(plain, "scored")


def test_a_units_own_columns_weigh_little_where_shared_ones_are_dense_too(small_recording):
    """12 units: five strengths of five folds took 9.5 s with position, direction and own history, and 2.9 s with coupling beside them, in four."""
    alone, beside = (
        work(question(*terms, strengths=(1e-4,)), small_recording) for terms in ((TERM, HISTORY), (TERM, HISTORY, COUPLING))
    )
    assert beside.scored < 0.7 * alone.scored
    assert share(beside, "fitted") > 1.5 * share(alone, "fitted")


def test_the_last_fit_of_a_penalty_that_makes_zeros_begins_anew(small_recording):
    ridge, lasso = (work(question(TERM, penalty=name, strengths=(1e-4, 1e-3)), small_recording) for name in ("ridge", "lasso"))
    assert share(lasso, "fitted") > 2 * share(ridge, "fitted")


def test_what_is_expected_before_it_is_prepared_is_of_the_same_columns(small_recording):
    analysis = question(TERM, HISTORY, strengths=(1e-4, 1e-3))
    found, expected = work(analysis, small_recording), expected_run_work(analysis, small_recording)
    assert expected.prepared == pytest.approx(found.prepared, rel=1e-9)
    assert expected.drift == pytest.approx(found.drift, rel=1e-9)


def test_the_bar_of_a_run_stands_at_these_shares(small_recording):
    analysis = question(TERM, strengths=(1e-4, 1e-3))
    seen: dict[str, float] = {}
    ge.run(analysis, small_recording, ge.CallbackContext(lambda progress: seen.setdefault(progress.stage, progress.fraction)))
    found, begun = work(analysis, small_recording), expected_run_work(analysis, small_recording).share_prepared
    rest = replace(found, prepared=0.0)
    fitted = next(at for stage, at in seen.items() if stage.startswith("Fitting"))
    assert fitted == pytest.approx(begun + (1 - begun) * share(rest, "scored"), abs=0.02)
    assert seen["Response curves"] == pytest.approx(
        begun + (1 - begun) * sum(share(rest, stage) for stage in ("scored", "fitted", "errors")), abs=0.02
    )
