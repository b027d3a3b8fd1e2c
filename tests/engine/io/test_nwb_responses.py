"""NWB files without units whose response is a series of another kind: photometry, a membrane potential."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from pynwb import NWBHDF5IO, NWBFile, TimeSeries

from glmengine.errors import GlmError
from glmengine.io.opening import open_recording
from glmengine.io.recipe.recipe import Recipe

RNG = np.random.default_rng(0)
SIGNAL = RNG.normal(size=2000)


@pytest.fixture
def photometry(tmp_path):
    file = NWBFile("a session", "x", datetime(2024, 1, 1, tzinfo=UTC))
    for name, data in (("dopamine", SIGNAL), ("control", np.column_stack([SIGNAL, -SIGNAL]))):
        file.add_acquisition(TimeSeries(name=name, data=data, unit="a.u.", rate=20.0, starting_time=0.0))
    file.add_acquisition(TimeSeries(name="speed", data=np.abs(SIGNAL[:500]), unit="cm/s", rate=5.0, starting_time=0.0))
    with NWBHDF5IO(tmp_path / "p.nwb", "w") as io:
        io.write(file)
    return tmp_path / "p.nwb"


def test_what_could_be_the_response_is_named(photometry):
    with pytest.raises(GlmError) as caught:
        open_recording(photometry)
    assert "sort the spikes" not in caught.value.message
    assert "acquisition/dopamine" in caught.value.message
    assert '[counts] values = ["acquisition/' in caught.value.message


@pytest.mark.parametrize("named", ["dopamine", "acquisition/dopamine"])
def test_a_series_is_the_response_by_recipe(photometry, named):
    recording = open_recording(photometry, Recipe.parse({"counts": {"values": [named]}}))
    assert recording.unit_names == ("dopamine",)
    np.testing.assert_allclose(recording.counts.values[:, 0], SIGNAL)
    np.testing.assert_allclose(recording.counts.t, np.arange(2000) / 20)
    assert set(recording.covariates) == {"control", "speed"}
    assert any("As the recipe says, acquisition/dopamine is the response" in note for note in recording.notes)


def test_several_of_one_clock_are_several_units(photometry):
    recording = open_recording(photometry, Recipe.parse({"counts": {"values": ["dopamine", "control"]}}))
    assert len(recording.unit_names) == 3
    with pytest.raises(GlmError, match="do not have the same times"):
        open_recording(photometry, Recipe.parse({"counts": {"values": ["dopamine", "speed"]}}))
    with pytest.raises(GlmError, match="no units with spike times"):
        open_recording(photometry, Recipe.parse({"counts": {"values": ["serotonin"]}}))
