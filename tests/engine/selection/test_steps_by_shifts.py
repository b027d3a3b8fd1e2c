"""Forward selection whose steps are judged by shifts in time: what it takes, what it leaves to folds, what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

import glmengine as ge
from glmengine.answers.population import population_of
from glmengine.cli.main import main
from glmengine.errors import GlmError
from glmengine.export.methods import methods_text
from glmengine.export.nwb import write_nwb
from glmengine.selection.forward import forward
from glmengine.selection.nested_models import NestedModels, make_ground
from glmengine.selection.one_step_models import OneStepModels
from glmengine.selection.select import select_terms
from glmengine.selection.term_selection import TermSelection
from tests.engine.selection.units_with_drift import drifting_units, question

BIN, N, UNITS = 0.1, 2000, 20
BY_SHIFTS = ge.Selection(steps_by="shifts", shifts=59, folds=5)


def _recording(seed: int, effect: float = 0.0, units: int = UNITS) -> ge.Recording:
    return drifting_units(seed, bins=N, bin_size=BIN, units=units, rate=5.0, drift_seconds=10.0, effect=effect)


@pytest.fixture(scope="module")
def driven() -> ge.Recording:
    return _recording(50, effect=0.8, units=3)


def test_a_term_that_says_nothing_comes_in_in_5_percent():
    """The full study (tests/studies/test_selection_power.py) has 200 recordings."""
    taken = []
    for seed in range(4):
        asked = question(BIN, 1e-3).with_(selection=BY_SHIFTS)
        population = population_of(asked, _recording(seed), BY_SHIFTS.shifts)
        nested = OneStepModels(population.ground(tuple(range(UNITS))), population.shared)
        taken += [bool(model) for model in forward(nested, 0.05, test=population.test).models]
    assert sum(taken) <= binom.ppf(0.999, len(taken), 0.05)


def test_a_term_that_drives_comes_in_and_the_table_says_by_what(driven):
    found = select_terms(question(BIN, 1e-3), driven, BY_SHIFTS)
    assert found.judged_by_shifts
    for unit in found.units:
        assert found.terms_of(unit)[0] == "c0"
        assert float(found.chosen["p"].sel(unit=unit)) == float(found.steps["p"].sel(unit=unit, round=1))
    assert found.steps["by_shifts"].sel(round=1).values.all()
    assert (found.chosen["q"].values < 0.05).all()


@pytest.mark.parametrize("family", ["gaussian", "negative_binomial"])
def test_other_families_are_judged_by_shifts_too(family, driven):
    analysis = question(BIN, 1e-3)
    analysis = analysis.with_(model=analysis.model.with_(family=family))
    assert all(found == "c0" for found in _first_terms(select_terms(analysis, driven, BY_SHIFTS)))


def _first_terms(found: TermSelection) -> list[str]:
    return [found.terms_of(unit)[0] for unit in found.units]


def test_residuals_of_fits_are_counts_less_rates(driven):
    ground = make_ground(question(BIN, 1e-3), driven, BY_SHIFTS)
    models = [(frozenset([0]), 1), (frozenset(), 2)]
    exact = list(NestedModels(ground).residuals(models))
    for (_, unit), (residual, curvature) in zip(models, exact, strict=True):
        np.testing.assert_allclose(residual + curvature, ground.prepared.counts[:, unit], atol=1e-10)
        assert abs(residual.sum()) < 1e-6  # the intercept is free
    for (residual, _), (other, _) in zip(exact, OneStepModels(ground).residuals(models), strict=True):
        assert np.corrcoef(residual, other)[0, 1] > 0.999  # at another strength


def test_what_cannot_be_shifted_is_judged_by_folds(driven):
    analysis = question(BIN, 1e-3)
    past = {"kind": "history", "basis": {"family": "raised_cosine_log", "n": 3, "window": 1.0}}
    analysis = ge.Analysis.from_dict(analysis.to_dict() | {"terms": [*analysis.to_dict()["terms"], past]})
    found = select_terms(analysis, driven, BY_SHIFTS.with_(last=("history",)))
    steps = found.steps.to_dataframe()
    own = steps["candidate"].eq("history")
    assert own.any()
    assert not steps["by_shifts"][own].any()
    assert steps["by_shifts"][steps["candidate"].str.startswith("c")].all()
    few = select_terms(analysis, driven, BY_SHIFTS.with_(folds=3))
    assert all(found == "c0" for found in _first_terms(few))  # shifts ask for no number of folds
    assert any("cannot judge history, and 3 folds are too few" in note for note in few.notes)
    alone = analysis.with_(terms=analysis.terms[-1:])
    assert any("judged by signed ranks over folds" in note for note in select_terms(alone, driven, BY_SHIFTS).notes)


def test_what_is_refused_and_what_is_said(driven):
    with pytest.raises(GlmError, match=r"39 shifts are too few .* use 40 or more"):
        select_terms(question(BIN, 1e-3), driven, BY_SHIFTS.with_(shifts=39))
    found = select_terms(question(BIN, 1e-3), driven, BY_SHIFTS.with_(method="backward"))
    assert not found.judged_by_shifts
    assert any("Only forward selection judges steps by shifts" in note for note in found.notes)


def test_a_result_keeps_what_judged_and_its_methods_say_so(driven, tmp_path):
    result = ge.run(question(BIN, 1e-3).with_(selection=BY_SHIFTS), driven)
    result.save(tmp_path / "result.nc")
    again = ge.Result.load(tmp_path / "result.nc")
    assert again.selection.judged_by_shifts
    assert again.analysis.selection == BY_SHIFTS
    text = methods_text(again)
    for said in ("(59 shifts)", "[harris2020]", "[knijnenburg2009]"):
        assert said in text


def test_from_the_command_line(driven, tmp_path, monkeypatch, capsys):
    seen = {}

    def stand_in(analysis, recording, selection, *, context):
        seen["selection"] = selection
        return select_terms(analysis, recording, selection, context=context)

    monkeypatch.setattr("glmengine.selection.select.select_terms", stand_in)
    analysis, recording = tmp_path / "asked.toml", tmp_path / "driven.nwb"
    question(BIN, 1e-3).save(analysis)
    write_nwb(driven, recording)
    asked = ["select", str(analysis), "--recording", str(recording), "--out", str(tmp_path / "out")]
    assert main([*asked, "--steps-by", "shifts", "--shifts", "59", "--folds", "5"]) == 0
    assert seen["selection"] == BY_SHIFTS
    assert "c0" in capsys.readouterr().out
