"""Derived epochs: by threshold, from trials, combined; against pynapple's own set operations and plain masks."""

from __future__ import annotations

import numpy as np
import pynapple as nap
import pytest

from glmengine.analysis.analysis import Analysis, Model, Time, Validation
from glmengine.analysis.terms import HistoryTerm
from glmengine.analysis.time_grid import make_grid
from glmengine.basis import RaisedCosineLog
from glmengine.design.prepare import prepare
from glmengine.errors import GlmError
from glmengine.io.opening import open_recording
from glmengine.recording.derived.epochs import EpochStep, TrialRule
from glmengine.recording.derived.quantities import (
    CombinedEpochs,
    DrawnEpochs,
    Speed,
    ThresholdEpochs,
    TrialEpochs,
    compute_derived,
)
from glmengine.recording.recording import Covariate, Recording

STEP = 0.1
TIMES = np.round(np.arange(0, 100, STEP), 9)


def recording_of(speed: np.ndarray, times: np.ndarray = TIMES) -> Recording:
    support = nap.IntervalSet(0.0, 100.0)
    starts = np.arange(0.0, 100.0, 10.0)
    properties = {
        "choice": ["left", "right"] * 5,
        "correct": np.array([True, False, True, True, False] * 2),
        "contrast": np.array([0.1, 0.2, 0.4, 0.8, np.nan] * 2),
    }
    return Recording(
        "made",
        ("one",),
        spikes=nap.TsGroup({0: nap.Ts(np.arange(0.05, 100, 0.3))}, time_support=support),
        covariates={"speed": Covariate("speed", nap.Tsd(times, speed, time_support=support), "cm/s")},
        epochs={
            "all": support,
            "wake": nap.IntervalSet([0.0, 60.0], [40.0, 100.0]),
            "ripples": nap.IntervalSet([5.0, 38.0], [6.0, 62.0]),
        },
        trials={"trials": nap.IntervalSet(starts, starts + 8.0, metadata=properties)},
    )


def pieces(recording: Recording, *specs) -> np.ndarray:
    return np.asarray(compute_derived(specs, recording).epochs[specs[-1].name].values)


def test_running_and_rest_share_the_time_and_bridge_short_interruptions():
    speed = np.where((TIMES >= 20) & (TIMES < 50), 10.0, 1.0)
    speed[(TIMES >= 30) & (TIMES < 30.3)] = 0.0  # a short rest
    speed[(TIMES >= 70) & (TIMES < 70.3)] = 10.0  # a short run
    recording = recording_of(speed)
    running = pieces(recording, ThresholdEpochs(name="run", source="speed", above=5.0, at_least=1.0, bridge=0.5))
    np.testing.assert_allclose(running, [[19.95, 49.95]])
    rest = pieces(recording, ThresholdEpochs(name="rest", source="speed", below=5.0, at_least=1.0, bridge=0.0))
    np.testing.assert_allclose(rest, [[0.0, 19.95], [49.95, 69.95], [70.25, 99.9]])
    both = pieces(recording, ThresholdEpochs(name="all of it", source="speed", above=0.5, below=20.0, at_least=0, bridge=0))
    np.testing.assert_allclose(both[:, 0], [0.0, 30.25], atol=1e-6)


def test_threshold_epochs_equal_pynapples(small_recording):
    made = compute_derived((Speed(source="position"),), small_recording)
    epochs = compute_derived((ThresholdEpochs(name="run", source="speed", above=18.0, at_least=0, bridge=0),), made).epochs["run"]
    theirs = made.covariates["speed"].data.threshold(18.0).time_support
    np.testing.assert_allclose(epochs.values, theirs.values, atol=1e-9)


def test_gaps_and_nan_end_an_epoch_even_where_interruptions_are_bridged():
    speed = np.full(TIMES.shape, 10.0)
    speed[(TIMES > 40) & (TIMES < 45)] = np.nan
    kept = (TIMES < 70) | (TIMES > 75)
    running = pieces(recording_of(speed[kept], TIMES[kept]), ThresholdEpochs(name="run", source="speed", above=5.0, bridge=60.0))
    np.testing.assert_allclose(running, [[0.0, 40.0], [45.0, 69.9], [75.1, 99.9]])


def test_a_single_sample_is_no_stretch_and_never_is_said_with_the_range():
    speed = np.zeros(TIMES.shape)
    with pytest.raises(GlmError, match="from 0 to 0") as caught:
        pieces(recording_of(speed), ThresholdEpochs(name="run", source="speed", above=5.0))
    assert caught.value.field == "derived.0.above"
    with pytest.raises(GlmError, match="without a valid sample"):
        pieces(recording_of(speed * np.nan), ThresholdEpochs(name="run", source="speed", above=5.0))
    with pytest.raises(GlmError, match="no limit"):
        ThresholdEpochs(source="speed")


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        ((), range(10)),
        ((TrialRule(property="choice", one_of=("left",)),), (0, 2, 4, 6, 8)),
        ((TrialRule(property="correct", one_of=("true",)),), (0, 2, 3, 5, 7, 8)),
        ((TrialRule(property="contrast", at_least=0.2, at_most=0.4),), (1, 2, 6, 7)),  # missing is never admitted
        ((TrialRule(property="choice", one_of=("right",)), TrialRule(property="correct", one_of=("False",))), (1, 9)),
        ((TrialRule(property="contrast", one_of=("0.80", "0.1")),), (0, 3, 5, 8)),
    ],
)
def test_trials_by_their_properties(rules, kept):
    found = pieces(recording_of(TIMES), TrialEpochs(name="chosen", trials="trials", where=rules))
    np.testing.assert_allclose(found, [[10.0 * at, 10.0 * at + 8] for at in kept])


@pytest.mark.parametrize(
    ("spec", "field", "words"),
    [
        (TrialEpochs(trials="none"), "derived.0.trials", "this recording has: trials"),
        (
            TrialEpochs(trials="trials", where=(TrialRule(property="x"),)),
            "derived.0.where.0.property",
            "choice, correct, contrast",
        ),
        (TrialEpochs(trials="trials", where=(TrialRule(property="choice", at_least=1),)), "derived.0.where.0", "no number"),
        (
            TrialEpochs(trials="trials", where=(TrialRule(property="choice", one_of=("up",)),)),
            "derived.0.where",
            "none of the 10",
        ),
        (CombinedEpochs(epochs=("sleep",)), "derived.0.epochs", "all, wake, ripples, trials"),
        (
            CombinedEpochs(epochs=("ripples",), steps=(EpochStep(op="without", epochs=("all",)),)),
            "derived.0.steps.0",
            "no time is left",
        ),
        (CombinedEpochs(name="all", epochs=("wake",)), "derived.0.name", "another name"),
    ],
)
def test_faults_name_their_field(spec, field, words):
    with pytest.raises(GlmError, match=words) as caught:
        compute_derived((spec,), recording_of(TIMES))
    assert caught.value.field == field


def test_set_operations_equal_pynapples_and_go_from_left_to_right():
    recording = recording_of(TIMES)
    wake, ripples, trials = recording.epochs["wake"], recording.epochs["ripples"], recording.trials["trials"]

    def combined(*steps):
        return pieces(
            recording, CombinedEpochs(epochs=("wake",), steps=tuple(EpochStep(op=op, epochs=(name,)) for op, name in steps))
        )

    np.testing.assert_allclose(combined(("without", "ripples")), wake.set_diff(ripples).values, atol=2e-6)
    np.testing.assert_allclose(combined(("only", "trials")), wake.intersect(trials).values, atol=2e-6)
    np.testing.assert_allclose(combined(("also", "ripples")), wake.union(ripples).values, atol=2e-6)
    one_way = combined(("without", "ripples"), ("also", "ripples"))
    other_way = combined(("also", "ripples"), ("without", "ripples"))
    assert one_way[:, 1].sum() - one_way[:, 0].sum() > other_way[:, 1].sum() - other_way[:, 0].sum()


@pytest.mark.parametrize("seed", range(5))
def test_set_operations_on_many_pieces_equal_a_mask(seed):
    rng = np.random.default_rng(seed)
    fine = (np.arange(10_000) + 0.5) * 0.01

    def some():
        borders = np.sort(rng.choice(10_000, 60, replace=False)) * 0.01
        return nap.IntervalSet(borders[::2], borders[1::2])

    from dataclasses import replace

    recording = recording_of(TIMES)
    recording = replace(recording, epochs={**recording.epochs, "a": some(), "b": some(), "c": some()})

    def inside(name):
        return recording.epochs[name].in_interval(nap.Ts(fine)) >= 0

    spec = CombinedEpochs(epochs=("a",), steps=(EpochStep(op="only", epochs=("b",)), EpochStep(op="also", epochs=("c",))))
    found = nap.IntervalSet(*pieces(recording, spec).T)
    np.testing.assert_array_equal(found.in_interval(nap.Ts(fine)) >= 0, (inside("a") & inside("b")) | inside("c"))


def test_derived_epochs_serve_time_validation_and_terms_and_go_through_a_file(tmp_path):
    speed = 5 + 4 * np.sin(2 * np.pi * TIMES / 20)
    chain = (
        ThresholdEpochs(name="run", source="speed", above=5.0),
        TrialEpochs(name="left trials", trials="trials", where=(TrialRule(property="choice", one_of=("left",)),)),
        CombinedEpochs(name="run, no ripple", epochs=("run",), steps=(EpochStep(op="without", epochs=("ripples",)),)),
    )
    analysis = Analysis(
        derived=chain,
        time=Time(bin_size=0.1, epochs=("run, no ripple",)),
        terms=(HistoryTerm(basis=RaisedCosineLog(n=3, window=1.0)),),
        validation=Validation(test_epochs=("left trials",)),
    )
    analysis.save(tmp_path / "a.toml")
    assert Analysis.load(tmp_path / "a.toml") == analysis
    recording = recording_of(speed)
    prepared = prepare(analysis, recording)
    centres = prepared.grid.centres
    assert ((np.mod(centres, 20) > 0) & (np.mod(centres, 20) < 10.01)).all()
    assert not ((centres > 38) & (centres < 62)).any()
    left = (np.mod(centres, 20) > 0.05) & (np.mod(centres, 20) < 7.95)
    assert left.any()
    assert not prepared.rows[left].any()


def test_running_on_the_real_track_equals_a_plain_computation(shared_data):
    recording = open_recording(shared_data / "linear-track.nwb")
    derived = (
        Speed(source="position"),
        ThresholdEpochs(name="run", source="speed", above=20.0, at_least=1.0, bridge=0.0),
        ThresholdEpochs(name="rest", source="speed", below=20.0, at_least=0.0, bridge=0.0),
    )
    made = compute_derived(derived, recording)
    speed = made.covariates["speed"].data
    theirs = speed.dropna().threshold(20.0).time_support.drop_short_intervals(1.0)
    ours = made.epochs["run"]
    assert abs(ours.tot_length() - theirs.tot_length()) < 0.01 * theirs.tot_length()
    inside = ours.in_interval(nap.Ts(speed.t)) >= 0
    assert (speed.values[inside] > 20.0).all()
    assert made.epochs["run"].intersect(made.epochs["rest"]).tot_length() < 0.01
    bridged = ThresholdEpochs(name="run", source="speed", above=20.0)
    assert compute_derived((derived[0], bridged), recording).epochs["run"].tot_length() > ours.tot_length() > 200
    grid = make_grid(Time(bin_size=0.05, epochs=("run",)), made)
    assert grid.n_bins == sum(int(np.floor((b - a) / 0.05 + 1e-4)) for a, b in ours.values)


def test_real_trials_by_their_properties_equal_plain_pandas(shared_data):
    recording = open_recording(shared_data / "human-mtl-task.nwb")
    table = recording.trials["recognition_table"]
    spec = TrialEpochs(
        name="right answers",
        trials="recognition_table",
        where=(TrialRule(property="accuracy", at_least=1), TrialRule(property="RT", at_most=1.5)),
    )
    found = compute_derived((spec,), recording).epochs["right answers"]
    kept = (np.asarray(table.get_info("accuracy")) >= 1) & (np.asarray(table.get_info("RT")) <= 1.5)
    assert 5 < kept.sum() < len(table)
    theirs = nap.IntervalSet(np.asarray(table.start)[kept], np.asarray(table.end)[kept])
    assert abs(found.tot_length() - theirs.tot_length()) < 1e-3
    without = CombinedEpochs(
        name="others", epochs=("recognition_table",), steps=(EpochStep(op="without", epochs=("right answers",)),)
    )
    others = compute_derived((spec, without), recording).epochs["others"]
    whole = recording.epochs["recognition_table"].tot_length()
    assert abs(others.tot_length() + found.tot_length() - whole) < 1e-3


def test_drawn_epochs_are_cut_to_the_recording_and_never_reversed():
    found = pieces(recording_of(TIMES), DrawnEpochs(name="mine", intervals=((90.0, 200.0), (5.0, 8.0), (7.0, 9.0))))
    np.testing.assert_allclose(found, [[5.0, 9.0], [90.0, 100.0]])
    with pytest.raises(GlmError, match="lie outside the recording, which lasts from 0 to 100 s") as caught:
        pieces(recording_of(TIMES), DrawnEpochs(intervals=((300.0, 400.0),)))
    assert caught.value.field == "derived.0.intervals"
    with pytest.raises(GlmError, match="reversed"):
        DrawnEpochs(intervals=((3.0, 2.0),))


def test_epochs_that_another_recording_cannot_have_do_not_stop_a_prediction():
    from dataclasses import replace

    from glmengine.analysis_run import run

    recording = recording_of(5 + 4 * np.sin(2 * np.pi * TIMES / 20))
    left = TrialEpochs(name="left", trials="trials", where=(TrialRule(property="choice", one_of=("left",)),))
    analysis = Analysis(
        derived=(left,),
        time=Time(bin_size=0.1),
        terms=(HistoryTerm(basis=RaisedCosineLog(n=3, window=1.0)),),
        validation=Validation(folds=0, fit_epochs=("left",)),
        model=Model(strengths=(1e-3,)),
    )
    result = run(analysis, recording)
    elsewhere = replace(recording, trials={})
    assert np.isfinite(result.predict(elsewhere).values).any()
    with pytest.raises(GlmError, match="no table of trials 'trials'"):
        result.predict(elsewhere, epochs="left")
    with pytest.raises(GlmError, match="no table of trials 'trials'"):
        run(analysis, elsewhere)


def test_the_file_says_each_step_and_no_name_is_given_twice():
    spec = CombinedEpochs(name="awake", epochs=("wake",), steps=(EpochStep(op="without", epochs=("ripples",)),))
    kept = Analysis(derived=(spec,)).to_dict()["derived"]
    assert kept == [
        {
            "kind": "combined_epochs",
            "name": "awake",
            "epochs": ["wake"],
            "steps": [{"op": "without", "epochs": ["ripples"]}],
        }
    ]
    with pytest.raises(GlmError, match="two derived epochs are called 'awake'") as caught:
        Analysis(derived=(spec, spec))
    assert caught.value.field == "derived.1.name"
