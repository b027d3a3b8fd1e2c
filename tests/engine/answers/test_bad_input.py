"""Recordings and questions that an answer sheet cannot do with: one sentence, or an answer for the units that have one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pynapple as nap
import pytest

import glmengine as ge
from glmengine.errors import GlmError
from glmengine.recording.recording import Covariate, Recording


def _question(*variables: str, **more: dict) -> ge.Analysis:
    terms = [
        {"kind": "covariate", "name": name, "factors": [{"variable": name, "basis": {"family": "b_spline", "n": 5}}]}
        for name in variables
    ]
    return ge.Analysis.from_dict({"time": {"bin_size": 0.05}, "terms": terms, **more})


def _with_spikes(recording: Recording, times: dict[str, np.ndarray]) -> Recording:
    support = recording.epochs["all"]
    spikes = nap.TsGroup({k: nap.Ts(t, time_support=support) for k, t in enumerate(times.values())}, time_support=support)
    return replace(recording, spikes=spikes, unit_names=tuple(times), unit_table=None)


def _times(recording: Recording, unit: int) -> np.ndarray:
    return np.asarray(recording.spikes[unit].times())


def test_one_unit_alone_and_one_that_is_silent_in_a_half(small_recording):
    half = small_recording.duration / 2
    times = _times(small_recording, 1)
    alone = ge.explain(_with_spikes(small_recording, {"place": times}), _question("position.x"), simulations=0)
    assert alone.units["terms"].sel(unit="place") == "position.x"
    silent = ge.explain(
        _with_spikes(small_recording, {"place": times, "late": times[times > half], "never": np.zeros(0)}),
        _question("position.x"),
        simulations=0,
    )
    assert silent.units["terms"].sel(unit="place") == "position.x"
    assert silent.units["sentence"].sel(unit="late").item()
    assert "never" not in silent.units["unit"].values or not silent.units["terms"].sel(unit="never").item()
    assert silent.units["sentence"].sel(unit="never").item().startswith("Nothing can be said: in no fold")
    with pytest.raises(GlmError, match="no term that could be chosen"):
        ge.explain(small_recording, _question())


def test_a_candidate_that_is_constant_is_left_out_with_a_note(small_recording):
    position = small_recording.covariates["position"].data
    flat = nap.Tsd(t=position.times(), d=np.ones(len(position)), time_support=position.time_support)
    covariates = {**small_recording.covariates, "flat": Covariate("flat", flat, "", "continuous", "")}
    recording = replace(small_recording, covariates=covariates)
    found = ge.explain(recording, _question("position.x", "flat"), simulations=0, shifts=0)
    assert found.units["terms"].sel(unit="place") == "position.x"
    assert sum("flat" in note and "constant" in note for note in found.notes) == 1
    with pytest.raises(GlmError, match="constant"):
        ge.explain(recording, _question("flat"))


@pytest.mark.parametrize(
    ("validation", "selection", "said"),
    [
        ({"gap": True, "split": "blocks"}, {"folds": 40}, "leaves nothing of"),
        ({"folds": 5}, {"folds": 3}, "use 5 folds or more"),
        ({"folds": 5, "split": "epochs"}, {"folds": 30}, "fewer|folds"),
    ],
)
def test_splits_that_leave_nothing_are_refused_in_one_sentence(small_recording, validation, selection, said):
    history = {"kind": "history", "name": "history", "basis": {"family": "raised_cosine_log", "n": 3, "window": 5.0}}
    analysis = _question("position.x", validation=validation, selection=selection)
    analysis = analysis.with_(terms=(*analysis.terms, *ge.Analysis.from_dict({"terms": [history]}).terms))
    with pytest.raises(GlmError, match=said) as refused:
        ge.explain(small_recording, analysis, simulations=0, shifts=0)
    assert "\n" not in refused.value.message


def test_fewer_trials_than_folds_are_refused_in_one_sentence(small_recording):
    starts = np.arange(3) * 30.0
    recording = replace(small_recording, trials={"laps": nap.IntervalSet(starts, starts + 20.0)})
    analysis = _question("position.x", validation={"split": "trials", "grouped_by": "laps"}, selection={"folds": 10})
    with pytest.raises(GlmError, match=r"3 .*10 folds") as refused:
        ge.explain(recording, analysis, simulations=0, shifts=0)
    assert "\n" not in refused.value.message


def test_folds_without_a_spike_leave_the_other_units_their_answers(small_recording):
    place = _times(small_recording, 1)
    recording = _with_spikes(small_recording, {"place": place, "early": place[place < small_recording.duration / 10]})
    found = ge.explain(recording, _question("position.x"), simulations=0, shifts=19)
    assert found.units["terms"].sel(unit="place") == "position.x"
    assert found.units["terms"].sel(unit="early") == ""
    assert found.units["sentence"].sel(unit="early").item().startswith("Nothing can be said: in no fold")
    folds = found.selection.models["log_likelihood"].sel(unit="early")
    assert np.isnan(folds).any()  # without the fold that holds its spikes nothing can be fitted
    assert np.isfinite(found.selection.models["log_likelihood"].sel(unit="place")).all()


def test_numbers_of_shifts_and_simulations(small_recording):
    with pytest.raises(GlmError, match=r"shifts.*-1 is not a whole number of 0 or more"):
        ge.explain(small_recording, _question("position.x"), shifts=-1)
    with pytest.raises(GlmError, match=r"simulations: is 1\.5; give a whole number"):
        ge.explain(small_recording, _question("position.x"), simulations=1.5)


def _in_bins(question: ge.Analysis, bin_size: float, *epochs: str) -> ge.Analysis:
    return question.with_(time=question.time.with_(bin_size=bin_size, epochs=epochs))


@pytest.mark.parametrize(("epoch", "bin_size"), [("flashes", 0.05), ("all", 5.0)])
def test_time_that_allows_too_few_shifts_leaves_the_steps_to_folds(small_recording, epoch, bin_size):
    starts = np.arange(0, small_recording.duration, 0.5)
    flashes = nap.IntervalSet(starts, starts + 0.06)  # of one bin each
    recording = replace(small_recording, epochs={**small_recording.epochs, "flashes": flashes})
    found = ge.explain(recording, _in_bins(_question("position.x"), bin_size, epoch), simulations=0)
    assert any("judged by signed ranks over folds" in note for note in found.notes)
    assert not found.selection.steps["by_shifts"].any()
    if epoch == "flashes":
        assert any("epochs or trials of one bin" in note for note in found.notes)
        assert found.units["terms"].sel(unit="place") == "position.x"


@pytest.mark.parametrize("of", ["early", "never"])
def test_units_without_spikes_in_folds_have_no_p_of_shifts(small_recording, of):
    place = _times(small_recording, 1)
    times = {"early": place[place < small_recording.duration / 10], "never": place[:0]}[of]
    recording = _with_spikes(small_recording, {"place": place, of: times})
    found = ge.explain(recording, _question("position.x", "position.y"), simulations=0, shifts=59)
    assert found.units["terms"].sel(unit="place") == "position.x"
    assert float(found.terms["shift_p"].sel(unit="place", term="position.x")) < 0.05
    assert np.isnan(found.terms["shift_p"].sel(unit=of)).all()
    assert found.units["sentence"].sel(unit=of).item().startswith("Nothing can be said: in no fold")
