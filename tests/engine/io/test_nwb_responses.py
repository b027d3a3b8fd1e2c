"""NWB files without units whose response is a series of another kind: photometry, a membrane potential."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from pynwb.icephys import CurrentClampSeries, CurrentClampStimulusSeries, VoltageClampSeries

from glmengine.cli.main import main
from glmengine.errors import GlmError
from glmengine.export.nwb import write_nwb
from glmengine.io.opening import open_recording
from glmengine.io.recipe.recipe import Recipe
from glmengine.io.recipe_assistant import assist_response

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


def _patch_clamp(path, kind):
    file = NWBFile("a session", "x", datetime(2024, 1, 1, tzinfo=UTC))
    electrode = file.create_icephys_electrode(name="e", device=file.create_device("amplifier"), description="x")
    for number in range(3):
        about = {
            "electrode": electrode,
            "gain": 1.0,
            "rate": 100.0,
            "starting_time": 10.0 * number,
            "sweep_number": np.uint64(number),
        }
        file.add_stimulus(CurrentClampStimulusSeries(name=f"a_current_{number}", data=SIGNAL[:500], **about))
        file.add_acquisition(kind(name=f"sweep_{number}", data=SIGNAL[:500] - 65, **about))
    with NWBHDF5IO(path, "w") as io:
        io.write(file)


@pytest.mark.parametrize("kind", [CurrentClampSeries, VoltageClampSeries])
def test_sweeps_of_a_patched_cell_are_one_response_with_nothing_between_them(tmp_path, kind, capsys):
    """The gaps between sweeps were time in which the response was 0."""
    _patch_clamp(tmp_path / "p.nwb", kind)
    assert main(["recipe", str(tmp_path / "p.nwb"), "--out", str(tmp_path / "r.toml")]) == 0
    recording = open_recording(tmp_path / "p.nwb", tmp_path / "r.toml")
    assert recording.unit_names == ("sweep",)
    np.testing.assert_allclose(recording.epochs["all"].values, [[at - 0.005, at + 4.995] for at in (0, 10, 20)])
    np.testing.assert_allclose(recording.mean_rates, 100 * (SIGNAL[:500].mean() - 65))
    assert set(recording.covariates) == {"a_current"}
    capsys.readouterr()
    assert main(["inspect", str(tmp_path / "p.nwb"), "--recipe", str(tmp_path / "r.toml")]) == 0
    assert f"mean {SIGNAL[:500].mean() - 65:>9.4g} per bin" in capsys.readouterr().out


def test_a_recipe_is_drafted_with_the_likeliest_response(photometry, capsys):
    assert main(["recipe", str(photometry)]) == 0
    text = capsys.readouterr().out
    assert Recipe.from_toml(text).counts.values == ("acquisition/dopamine",)
    assert "acquisition/control, acquisition/speed" in text
    found = assist_response(photometry)
    assert [row[0] for row in found.arrays] == ["acquisition/dopamine", "acquisition/control", "acquisition/speed"]
    assert Recipe.from_toml(found.recipe) == Recipe.from_toml(text)


def test_a_file_with_units_needs_no_such_recipe(tmp_path, small_recording, capsys):
    write_nwb(small_recording, tmp_path / "u.nwb")
    assert assist_response(tmp_path / "u.nwb") is None
    assert main(["recipe", str(tmp_path / "u.nwb")]) == 1
    assert "open it without a recipe" in capsys.readouterr().err
