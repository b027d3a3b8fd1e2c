"""A recipe brings the clocks together of a file whose format needs none."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from glmengine.errors import GlmError
from glmengine.export.nwb import write_nwb
from glmengine.io.opening import open_recording
from glmengine.io.recipe.recipe import Recipe


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
    assert any('time_unit = "ms" under [spikes]' in note for note in open_recording(slow).notes)
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
