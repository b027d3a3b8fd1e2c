"""A recipe brings the clocks together of a file whose format needs none."""

from __future__ import annotations

import re

import h5py
import numpy as np
import pynapple as nap
import pytest

from glmengine.errors import GlmError
from glmengine.export.nwb import write_nwb
from glmengine.io.cleaning import clean
from glmengine.io.opening import open_recording
from glmengine.io.raw import RawRecording, RawSeries
from glmengine.io.recipe.recipe import Recipe
from glmengine.recording.doubt import told_apart
from glmengine.recording.joining import join_recordings
from glmengine.recording.recording import Recording


@pytest.fixture
def slow(small_recording, tmp_path):
    """The units in milliseconds beside everything else in seconds."""
    path = tmp_path / "slow.nwb"
    write_nwb(small_recording, path)
    with h5py.File(path, "r+") as file:
        file["units/spike_times"][...] *= 1000
        for name in ("obs_intervals", "obs_intervals_index"):
            if name in file["units"]:
                del file["units"][name]
    return path


def test_units_in_milliseconds_are_said_and_brought_to_seconds(slow, small_recording):
    (doubt,) = told_apart(open_recording(slow).notes)[0]
    assert 'time_unit = "ms" under [spikes]' in doubt
    (of_one,) = told_apart(join_recordings([open_recording(slow), small_recording], ["slow", "good"]).notes)[0]
    assert of_one == f"slow: {doubt}"
    recording = open_recording(slow, Recipe.parse({"spikes": {"times": "units", "time_unit": "ms"}}))
    assert not any("time_unit" in note for note in recording.notes)
    for unit in range(len(small_recording.unit_names)):
        np.testing.assert_allclose(recording.spikes[unit].t, small_recording.spikes[unit].t, atol=1e-6)


def test_a_covariate_is_put_right_by_name(slow, small_recording):
    name = "position"
    recipe = {
        "spikes": {"times": "units", "time_unit": "ms"},
        "covariates": [{"name": "moved", "values": [name], "offset": 2.5, "scale": 2.0, "unit": "mm"}],
    }
    recording = open_recording(slow, Recipe.parse(recipe))
    before, after = small_recording.covariates[name], recording.covariates["moved"]
    np.testing.assert_allclose(after.data.t, before.data.t + 2.5, atol=1e-9)
    assert after.unit == "mm"
    recipe["covariates"][0]["values"] = ["nothing"]
    recipe["covariates"][0]["name"] = "nothing"
    with pytest.raises(GlmError, match="there is no covariate 'nothing'"):
        open_recording(slow, Recipe.parse(recipe))


@pytest.mark.parametrize(
    ("factor", "says"),
    [
        (30_000, "5.1e-05 Hz over .* in samples"),
        (1000, "0.0.* Hz over .* in milliseconds"),
        (1 / 30_000, "Hz over .* in another unit"),
    ],
)
def test_rates_that_no_unit_has_are_said_also_where_nothing_else_was_recorded(tmp_path, factor, says):
    spikes = np.sort(np.random.default_rng(0).uniform(0, 200, 300))
    spikes = np.rint(spikes * factor) if factor > 1000 else spikes * factor
    whole = nap.IntervalSet(0, spikes[-1] + 1e-6)
    group = nap.TsGroup({0: nap.Ts(spikes)}, time_support=whole)
    write_nwb(Recording("far", ("a",), group, epochs={"all": whole}), tmp_path / "far.nwb")
    notes = open_recording(tmp_path / "far.nwb").notes
    assert any(re.search(says, note) and "time_unit under [spikes]" in note for note in notes), notes


def said_of(spikes, times, name="position"):
    given = RawRecording(spikes=[spikes], unit_names=["a"], series=[RawSeries(name, times, np.sin(np.arange(len(times))), "cm")])
    return [note for note in clean(given).notes if "All spikes lie in" in note]


def test_spikes_in_a_small_part_of_what_was_measured_are_said():
    spikes, times = np.sort(np.random.default_rng(0).uniform(0, 600, 3000)), np.arange(6000) / 10
    (note,) = said_of(spikes / 60, times)
    assert 'as if they were in minutes (time_unit = "min" under [spikes] in a recipe)' in note
    (note,) = said_of(spikes, np.arange(6000.0))  # whose times count frames
    assert "count its samples" in note
    assert "as if" not in note
    (note,) = said_of(spikes / 10 + 300, times)  # recorded for a minute
    assert "the rest would count as silence" in note
    assert not said_of(spikes, times)
    assert not said_of(spikes / 2, times)


@pytest.mark.parametrize(
    ("factor", "says"),
    [(1000.0, "33.33 s long, over 299,967 s, as if .* milliseconds"), (1 / 3600, "9.259e-06 s long.*hours"), (1, "")],
)
def test_bins_of_counts_that_nobody_records_in_are_said(factor, says):
    counts = np.random.default_rng(0).poisson(0.3, (9000, 2))
    given = RawRecording(unit_names=["a", "b"], counts=RawSeries("counts", factor * np.arange(9000) / 30, counts))
    notes = [note for note in clean(given).notes if "time_unit under [counts]" in note]
    assert bool(notes) == bool(says)
    assert all(re.search(says, note) for note in notes), notes


def test_times_that_go_down_all_the_way_are_turned_round_and_said():
    counts = np.random.default_rng(0).poisson(0.3, (900, 2))
    found = clean(RawRecording(unit_names=["a", "b"], counts=RawSeries("counts", 90 - np.arange(900) / 10, counts)))
    assert any("go down from the first row to the last, and were turned round" in note for note in found.notes)
    np.testing.assert_array_equal(found.counts.values, counts[::-1])
