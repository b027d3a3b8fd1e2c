"""The recording as a value: what it refuses, how its variables are called, and how it is described."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pynapple as nap
import pytest

from glmengine.errors import GlmError
from glmengine.recording.events import event_time_names, event_times
from glmengine.recording.inspect import describe, summary
from glmengine.recording.recording import Covariate, Recording


def test_a_recording_holds_either_spikes_or_counts_and_the_whole_epoch(small_recording):
    for changes, says in [
        ({"spikes": None}, "exactly one"),
        ({"counts": nap.TsdFrame(np.arange(3.0), np.zeros((3, 3)))}, "exactly one"),
        ({"unit_names": ("a",)}, "1 unit names for 3 units"),
        ({"epochs": {"first": small_recording.epochs["first"]}}, "'all'"),
    ]:
        with pytest.raises(GlmError, match=says):
            replace(small_recording, **changes)


def test_it_cannot_be_changed(small_recording):
    with pytest.raises(FrozenInstanceError):
        small_recording.name = "other"
    with pytest.raises(TypeError):
        small_recording.covariates["x"] = None


def test_variables_are_covariates_or_their_components(small_recording):
    assert set(small_recording.variables) == {"head_direction", "position.x", "position.y"}
    y = small_recording.variable("position.y")
    np.testing.assert_array_equal(y.data.values, small_recording.covariates["position"].data.values[:, 1])
    assert (y.name, y.unit, y.kind) == ("position.y", "cm", "continuous")
    assert small_recording.variable("head_direction").kind == "angle"


def test_faults_in_references_say_what_there_is(small_recording):
    with pytest.raises(GlmError, match=r"several components; choose one of position\.x, position\.y") as caught:
        small_recording.variable("position", field="terms.0.factors.0.variable")
    assert caught.value.field == "terms.0.factors.0.variable"
    with pytest.raises(GlmError, match=r"no covariate 'speed'; this recording has: head_direction, position\.x"):
        small_recording.variable("speed")


def test_tensors_have_a_variable_for_each_pixel(small_recording):
    movie = Covariate("movie", nap.TsdTensor(np.arange(5.0), np.arange(60.0).reshape(5, 3, 4)))
    recording = small_recording.with_covariates(movie)
    assert len(movie.variables) == 12
    np.testing.assert_array_equal(recording.variable("movie.2,1").data.values, np.arange(60.0).reshape(5, 3, 4)[:, 2, 1])


def test_the_summary_is_one_line_with_the_right_plurals(small_recording):
    assert summary(small_recording).startswith("small: 3 units, 120 s, ")
    assert "2 covariates (head_direction in rad, position in cm)" in summary(small_recording)
    whole = nap.IntervalSet(0, 2500)
    one = Recording("one", ("a",), spikes=nap.TsGroup({0: nap.Ts(np.array([1.0]))}, time_support=whole), epochs={"all": whole})
    assert summary(one) == "one: 1 unit, 2500 s, 1 spike, no covariates"


def test_the_description_names_everything_and_keeps_to_its_length(small_recording):
    text = describe(small_recording)
    for word in ("hd", "place", "flat", "region CA1", "head_direction: angle, rad", "components x, y", "50 Hz", "first: 60 s"):
        assert word in text
    short = describe(small_recording, most=2)
    assert "and 2 more" in short
    assert "place" not in short


def test_fluorescence_is_not_called_spikes():
    whole = nap.IntervalSet(0, 10)
    traces = nap.TsdFrame(np.arange(100) * 0.1 + 0.05, np.random.default_rng(0).gamma(1, 1, (100, 2)), time_support=whole)
    recording = Recording("calcium", ("0", "1"), counts=traces, epochs={"all": whole})
    assert summary(recording) == "calcium: 2 units, 10 s, in bins of 0.1 s, no covariates"


def test_a_long_list_of_what_there_is_says_that_it_goes_on(small_recording):
    times = np.arange(5.0)
    wide = Covariate("wide", nap.TsdFrame(times, np.zeros((5, 20)), columns=[f"p{i}" for i in range(20)]), "")
    with pytest.raises(GlmError, match=r"wide\.p11 and 8 more$"):
        small_recording.with_covariates(wide).variable("wide")


def _with_trials(**columns):
    start = np.arange(10) * 5.0 + 1
    support = nap.IntervalSet(0, 60)
    trials = nap.IntervalSet(start, start + 3, metadata={name: list(values) for name, values in columns.items()})
    spikes = nap.TsGroup({0: nap.Ts(np.arange(1, 50, 0.7), time_support=support)}, time_support=support)
    events = {"trials_start": nap.Ts(start, time_support=support), "cue": nap.Ts(start + 0.5, time_support=support)}
    return Recording("made", ("a",), spikes=spikes, epochs={"all": support}, trials={"trials": trials}, events=events)


def test_columns_of_times_are_told_by_where_they_lie():
    start = np.arange(10) * 5.0 + 1
    lick = start + 0.7
    lick[3] = np.nan
    recording = _with_trials(
        lick=lick,
        whole=(start + 1).astype(int),
        response_time=np.full(10, 0.4),
        choice_time=start + 3.5,
        reaction=np.full(10, 0.4),
        contrast=np.linspace(0, 1, 10),
        side=["left"] * 10,
        correct=[True] * 10,
        number=np.arange(10),
        few=[start[0] + 1, start[1] + 1, *[np.nan] * 8],
    )
    names = event_time_names(recording)
    assert names == ["cue", "trials.start", "trials.stop", "trials.lick", "trials.whole", "trials.choice_time"]
    moments = event_times(recording, "trials.lick")
    np.testing.assert_allclose(moments.times, lick[np.isfinite(lick)])


@pytest.mark.parametrize("length", [0.5, 3.0])
def test_durations_and_codes_are_no_times_even_where_they_are_asked_for(length):
    """Taken for times they were events in the first seconds of the session."""
    start = np.arange(40) * 5.0
    trials = nap.IntervalSet(
        start,
        start + length,
        metadata={
            "rt": np.linspace(0.2, 1.1, 40),
            "number": np.arange(40),
            "late": start + length + 0.5,
            "early": start - 0.5,
            "rare": np.where(np.arange(40) % 4, -1.0, start + 0.1),
            "answer": np.where(np.arange(40) % 4, 0.0, start + 0.1),
        },
    )
    recording = replace(_with_trials(), trials={"trials": trials})
    for column in ("rt", "number"):
        assert f"trials.{column}" not in event_time_names(recording)
        with pytest.raises(GlmError, match=rf"'trials\.{column}' holds no times of the session.*trials\.start") as caught:
            event_times(recording, f"trials.{column}", field="terms.0.events")
        assert caught.value.field == "terms.0.events"
    for column, moved in (("late", length + 0.5), ("early", -0.5)):
        np.testing.assert_allclose(event_times(recording, f"trials.{column}").times, start + moved)
    for column in ("rare", "answer"):
        assert set(start[::4] + 0.1) <= set(event_times(recording, f"trials.{column}").times)


def test_the_start_of_trials_is_one_thing_whatever_it_is_called():
    recording = _with_trials(side=list("lrlrlrlrlr"))
    assert "trials_start" not in event_time_names(recording)
    one, other = event_times(recording, "trials_start"), event_times(recording, "trials.start")
    np.testing.assert_array_equal(one.times, other.times)
    np.testing.assert_array_equal(one.rows, other.rows)
    assert one.table == other.table == "trials"
    # an event of that name at other times is an event of its own
    moved = replace(recording, events={"trials_start": nap.Ts(np.arange(5.0) + 0.25, time_support=recording.epochs["all"])})
    assert "trials_start" in event_time_names(moved)
    assert event_times(moved, "trials_start").table == ""


def test_a_recording_travels_to_another_process(small_recording):
    there = pickle.loads(pickle.dumps(small_recording))
    assert there.unit_names == small_recording.unit_names
    assert there.sha256 == small_recording.sha256
    assert list(there.covariates) == list(small_recording.covariates)
    np.testing.assert_array_equal(there.spikes[0].t, small_recording.spikes[0].t)
    np.testing.assert_array_equal(there.epochs["all"].values, small_recording.epochs["all"].values)
    with pytest.raises(TypeError):
        there.epochs["all"] = None
