"""Trials chosen by property in many recordings: real tables, samples, files that others wrote, after saving and after joining."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pynapple as nap
import pytest

import glmengine as ge
from glmengine.analysis.analysis import Analysis
from glmengine.errors import GlmError
from glmengine.export.npz import write_npz
from glmengine.export.nwb import write_nwb
from glmengine.io.opening import open_recording
from glmengine.recording.derived.epochs import TrialEpochs, TrialRule
from glmengine.recording.derived.quantities import compute_derived
from glmengine.simulation.catalogue import sample

TABLES = ("encoding_table", "recognition_table", "timediscrimination_table")


def chosen(recording, trials, *rules):
    """(S, 2) what the rules leave of a table of trials."""
    spec = TrialEpochs(name="picked", trials=trials, where=rules)
    return compute_derived((spec,), recording).epochs["picked"].values


def assert_stretches(found, starts, stops):
    """The union of stretches is the same; touching ones may lie a microsecond apart."""
    order = np.argsort(starts)
    theirs = nap.IntervalSet(np.asarray(starts, float)[order], np.asarray(stops, float)[order]).merge_close_intervals(2e-6)
    ours = nap.IntervalSet(found[:, 0], found[:, 1]).merge_close_intervals(2e-6)
    assert len(ours) == len(theirs)
    np.testing.assert_allclose(ours.values, theirs.values, atol=5e-6)


@pytest.mark.parametrize("name", TABLES)
def test_every_property_of_real_tables_against_pandas(name, shared_data):
    """Each property of each table by its most frequent value, and by its upper half where it is a number, as pynwb reads them."""
    from pynwb import NWBHDF5IO

    path = shared_data / "human-mtl-task.nwb"
    recording = open_recording(path)
    with NWBHDF5IO(str(path), "r") as io:
        frame = io.read().intervals[name].to_dataframe()
    table = recording.trials[name]
    assert len(frame) == len(table)
    checked = 0
    for column in map(str, table.metadata_columns):
        if column not in frame.columns:
            continue
        values = frame[column]
        if values.map(np.ndim).any():
            continue
        rules = []
        numbers = pd.to_numeric(values, errors="coerce")
        if numbers.notna().all():
            middle = float(numbers.median())
            rules.append((TrialRule(property=column, at_least=middle), (numbers >= middle).to_numpy()))
        else:
            common = values.astype(str).mode()[0]
            rules.append((TrialRule(property=column, one_of=(common,)), (values.astype(str) == common).to_numpy()))
        for rule, kept in rules:
            found = chosen(recording, name, rule)
            # three trials of this file are cut short where the next one starts
            assert_stretches(found, np.asarray(table.start)[kept], np.asarray(table.end)[kept])
            checked += 1
    assert checked >= 5


@pytest.mark.parametrize("name", ["decision-task", "current-injection"])
@pytest.mark.parametrize("way", ["memory", "nwb", "npz"])
def test_samples_before_and_after_saving(name, way, tmp_path):
    recording = made = sample(name, seed=2)
    if way == "nwb":
        write_nwb(made, tmp_path / "saved.nwb")
        recording = open_recording(tmp_path / "saved.nwb")
    elif way == "npz":
        write_npz(made, tmp_path / "saved")
        recording = open_recording(tmp_path / "saved")
    assert set(recording.trials) == set(made.trials)
    for table_name, table in made.trials.items():
        for column in map(str, table.metadata_columns):
            values = pd.Series(np.asarray(table.get_info(column)))
            if values.dtype.kind == "f":
                limit = float(values.median())
                rule, kept = TrialRule(property=column, at_most=limit), (values <= limit).to_numpy()
            else:
                common = values.mode()[0]
                rule, kept = TrialRule(property=column, one_of=(str(common),)), (values == common).to_numpy()
            assert kept.sum() > 0
            found = chosen(recording, table_name, rule)
            assert_stretches(found, np.asarray(table.start)[kept], np.asarray(table.end)[kept])


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """An NWB file as other programs write it: truth values, whole numbers, words with capitals, numbers with gaps, and its table."""
    from pynwb import NWBHDF5IO, NWBFile

    path = tmp_path_factory.mktemp("foreign") / "trials.nwb"
    random = np.random.default_rng(4)
    file = NWBFile(session_description="x", identifier="x", session_start_time=datetime(2024, 1, 1, tzinfo=UTC))
    file.add_unit(spike_times=np.sort(random.uniform(0, 400, 2000)))
    for column in ("correct", "block", "side", "reaction_time"):
        file.add_trial_column(column, column)
    starts = np.arange(5.0, 385.0, 4.0)
    frame = pd.DataFrame(
        {
            "start": starts,
            "stop": starts + 3.0,
            "correct": random.random(len(starts)) < 0.6,
            "block": random.integers(1, 4, len(starts)),
            "side": random.choice(["Left", "right", "naïve"], len(starts)),
            "reaction_time": np.where(random.random(len(starts)) < 0.2, np.nan, random.uniform(0.1, 1.0, len(starts))),
        }
    )
    for row in frame.itertuples():
        file.add_trial(
            start_time=row.start,
            stop_time=row.stop,
            correct=bool(row.correct),
            block=int(row.block),
            side=row.side,
            reaction_time=float(row.reaction_time),
        )
    with NWBHDF5IO(str(path), "w") as io:
        io.write(file)
    return path, frame


@pytest.mark.parametrize(
    ("rule", "mask"),
    [
        ({"property": "correct", "one_of": ("True",)}, lambda frame: frame["correct"]),
        ({"property": "correct", "one_of": ("false",)}, lambda frame: ~frame["correct"]),
        ({"property": "block", "one_of": ("1", "3.0")}, lambda frame: frame["block"].isin([1, 3])),
        ({"property": "block", "at_least": 2, "at_most": 2}, lambda frame: frame["block"] == 2),
        ({"property": "side", "one_of": ("Left", "naïve")}, lambda frame: frame["side"].isin(["Left", "naïve"])),
        ({"property": "reaction_time", "at_least": 0.5}, lambda frame: frame["reaction_time"] >= 0.5),
        ({"property": "reaction_time", "at_most": 0.5}, lambda frame: frame["reaction_time"] <= 0.5),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_a_file_that_others_wrote(rule, mask, foreign):
    path, frame = foreign
    recording = open_recording(path)
    kept = mask(frame).to_numpy()
    assert 0 < kept.sum() < len(frame)
    assert_stretches(chosen(recording, "trials", TrialRule(**rule)), frame["start"][kept], frame["stop"][kept])


def test_two_rules_hold_together_and_no_trial_is_one_sentence(foreign):
    path, frame = foreign
    recording = open_recording(path)
    rules = (TrialRule(property="correct", one_of=("True",)), TrialRule(property="block", at_most=1))
    kept = (frame["correct"] & (frame["block"] <= 1)).to_numpy()
    assert_stretches(chosen(recording, "trials", *rules), frame["start"][kept], frame["stop"][kept])
    with pytest.raises(GlmError, match=f"none of the {len(frame)} trials"):
        chosen(recording, "trials", TrialRule(property="block", at_least=9))


def test_trials_of_joined_sessions_one_of_which_lacks_the_property(foreign):
    """The trials of both are chosen by what they have in common, and what one lacks admits none of its trials."""
    path, frame = foreign
    first = open_recording(path)
    table = first.trials["trials"]
    less = nap.IntervalSet(table.start, table.end, metadata={"correct": list(table.get_info("correct"))})
    other = replace(first, name="other", trials={"trials": less}, sha256="another")
    joined = ge.join_recordings([first, other], ["A", "B"])
    shift = joined.sessions[1].shift
    right, late = frame["correct"].to_numpy(), (frame["block"] == 3).to_numpy()
    starts, stops = frame["start"].to_numpy(), frame["stop"].to_numpy()
    found = chosen(joined, "trials", TrialRule(property="correct", one_of=("True",)))
    assert_stretches(found, np.r_[starts[right], starts[right] + shift], np.r_[stops[right], stops[right] + shift])
    assert_stretches(chosen(joined, "trials", TrialRule(property="block", one_of=("3",))), starts[late], stops[late])
    only = chosen(joined, "trials", TrialRule(property="session", one_of=("B",)))
    assert_stretches(only, starts + shift, stops + shift)


def test_a_fit_on_some_trials_and_a_test_on_others_use_these_bins(foreign):
    path, frame = foreign
    recording = open_recording(path)
    analysis = Analysis.from_dict(
        {
            "time": {"bin_size": 0.05},
            "derived": [
                {"kind": "trial_epochs", "name": side, "trials": "trials", "where": [{"property": "side", "one_of": [side]}]}
                for side in ("Left", "right")
            ],
            "terms": [{"kind": "history", "basis": {"family": "history", "window": 0.1}}],
            "model": {"strengths": [1e-4]},
            "validation": {"folds": 0, "fit_epochs": ["Left"], "test_epochs": ["right"]},
        }
    )
    result = ge.run(analysis, recording)
    most = {side: int((frame["side"] == side).sum()) * 60 for side in ("Left", "right")}
    for side, name in (("Left", "n_bins"), ("right", "n_bins_test")):
        assert 0.95 * most[side] <= int(result.scores[name].values[0]) <= most[side]
