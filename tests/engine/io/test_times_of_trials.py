"""Times in tables of trials: events within each trial, and onsets with conditions but no stop."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.io

from glmengine.io.opening import open_recording
from glmengine.io.recipe_assistant import draft_recipe
from glmengine.recording.described.peri_event import peri_event
from glmengine.recording.events import event_time_names

RNG = np.random.default_rng(0)
ONSETS = np.cumsum(RNG.uniform(3.0, 5.0, 60)) + 5.0
SIDES = np.array(["left", "right"] * 30, dtype=object)
SPIKES = np.sort(RNG.uniform(0, ONSETS[-1] + 3.0, 2000))


def recording_in_ms(path, fields, values):
    """Spikes in cells and a struct of trials, all in milliseconds, opened as drafted but for the unit of time."""
    trials = np.zeros((1, len(ONSETS)), dtype=[(name, "O") for name in fields])
    for at, row in enumerate(zip(*values, strict=True)):
        trials[0, at] = row
    cells = np.empty((2, 1), dtype=object)
    cells[0, 0], cells[1, 0] = 1000 * SPIKES[None, ::2], 1000 * SPIKES[None, 1::2]
    scipy.io.savemat(path, {"spikeTimes": cells, "Trials": trials})
    draft = draft_recipe(path)
    ms = {
        "spikes": draft.recipe.spikes.with_(time_unit="ms"),
        "trials": tuple(one.with_(time_unit="ms") for one in draft.recipe.trials),
    }
    return draft, open_recording(path, draft.recipe.with_(**ms))


def test_a_time_within_each_trial_is_an_event_with_the_conditions_of_the_trials(tmp_path):
    """It stood in milliseconds beside trials in seconds, and could be chosen as a grouping only."""
    go = 1000 * ONSETS
    codes = np.where(SIDES == "left", 1.0, 2.0)
    draft, recording = recording_in_ms(
        tmp_path / "lab.mat", ("tStart", "tGo", "tEnd", "cond", "rt"), (go - 700, go, go + 1800, codes, RNG.uniform(300, 800, 60))
    )
    assert any("'Trials.tGo' lies within the trials and is taken as an event of each" in reason for reason in draft.reasons)
    assert "trials.Trials_tGo" in event_time_names(recording)
    assert "trials.Trials_rt" not in event_time_names(recording)
    found = peri_event(recording, np.array([[0.0, ONSETS[-1] + 3.0]]), "trials.Trials_tGo", by="trials.Trials_cond")
    np.testing.assert_allclose(found.events["event"].values, ONSETS[: found.events.sizes["event"]], atol=1e-6)
    assert set(found.rates["condition"].values.tolist()) == {"1", "2"}


@pytest.mark.parametrize("name", ["stimOn", "onset"])
def test_onsets_with_a_condition_but_no_stop_are_trials_until_the_next_one(tmp_path, name):
    """They were two events, left and right, that could not be drawn in one plot."""
    draft, recording = recording_in_ms(tmp_path / "nested.mat", (name, "choice"), (1000 * ONSETS, SIDES))
    assert not draft.recipe.events
    assert any("taken as the starts of 60 trials, each of which lasts until the next one" in reason for reason in draft.reasons)
    assert event_time_names(recording) == ["trials.start"]
    trials = recording.trials["trials"]
    np.testing.assert_allclose(trials.end[:-1], ONSETS[1:], atol=2e-6)
    assert trials.end[-1] <= SPIKES[-1] + 1e-6  # what was not recorded is no silence
    found = peri_event(recording, np.array([[0.0, SPIKES[-1]]]), "trials.start", by="trials.Trials_choice", after=0.5)
    assert set(found.rates["condition"].values.tolist()) == {"left", "right"}
