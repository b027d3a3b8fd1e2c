"""HDF5 files that are neither NWB nor MATLAB's: arrays in groups, ragged, of records, with units of measure, and what is none of it."""

from __future__ import annotations

import shutil

import h5py
import numpy as np
import pandas as pd
import pytest

from glmengine.errors import GlmError
from glmengine.export.nwb import write_nwb
from glmengine.io.formats.hdf5_files import arrays
from glmengine.io.opening import open_recording
from glmengine.io.recipe.recipe import Measured, Recipe, Spikes
from glmengine.io.recipe_assistant import draft_recipe

RNG = np.random.default_rng(7)
TIMES = np.arange(0, 20, 0.02)
X = np.cumsum(RNG.normal(size=1000))
SPIKES = [np.sort(RNG.uniform(0, 20, 200)), np.sort(RNG.uniform(0, 20, 150)), np.sort(RNG.uniform(0, 20, 90))]


def check(recording, covariate):
    assert len(recording.unit_names) == 3
    for unit, times in enumerate(SPIKES):
        np.testing.assert_allclose(recording.spikes[unit].t, times, atol=2e-9)
    np.testing.assert_allclose(recording.covariates[covariate].data.values, X, rtol=1e-12)
    np.testing.assert_allclose(recording.covariates[covariate].data.t, TIMES, atol=1e-9)


def drafted(path):
    return draft_recipe(path).recipe


def test_arrays_in_groups_have_the_names_of_the_way_to_them(tmp_path):
    path = tmp_path / "session.h5"
    with h5py.File(path, "w") as file:
        for unit, times in enumerate(SPIKES):
            file[f"spikes/unit_{unit}"] = times
        file["tracking/t"], file["tracking/x"] = TIMES, X
    recipe = Recipe(
        spikes=Spikes(times="spikes.unit_0", more=("spikes.unit_1", "spikes.unit_2")),
        covariates=(Measured(name="x", values=("tracking.x",), times="tracking.t", unit="cm"),),
    )
    check(open_recording(path, recipe), "x")
    assert drafted(path).spikes == recipe.spikes
    check(open_recording(path, drafted(path)), "tracking_x")


def test_an_index_divides_what_lies_in_one_and_attributes_say_the_unit_of_measure(tmp_path):
    path = tmp_path / "session.hdf5"
    with h5py.File(path, "w") as file:
        file["spike_times"] = 1e3 * np.concatenate(SPIKES)
        file["spike_times"].attrs["unit"] = "ms"
        file["spike_times_index"] = np.cumsum([len(times) for times in SPIKES])
        file["t"], file["x"] = 1e3 * TIMES, X
        file["t"].attrs["units"], file["x"].attrs["units"] = np.bytes_("ms"), "cm"
        file["x"].attrs["unit"] = 3  # no unit of measure
    found = arrays(path)
    assert set(found) == {"spike_times (ms)", "t (ms)", "x (cm)"}
    assert any("was divided into 3 vectors" in note for note in found.notes)
    recording = open_recording(path, drafted(path))
    check(recording, "x")
    assert recording.covariates["x"].unit == "cm"


def test_vectors_of_unlike_lengths_records_and_text(tmp_path):
    path = tmp_path / "session.h5"
    with h5py.File(path, "w") as file:
        cells = file.create_dataset("spikes", (3,), dtype=h5py.vlen_dtype(np.float64))
        for unit, times in enumerate(SPIKES):
            cells[unit] = times
        file["names"] = np.array(["a", "b", "\u00e9"], dtype=h5py.string_dtype())
        file["track"] = np.rec.fromarrays([TIMES, X], names="t,x")
        file["empty"] = h5py.Empty("f")
        file["reference"] = file["names"].ref
        file["complex"] = np.array([1j])
    found = arrays(path)
    assert set(found) == {"spikes", "names", "track.t", "track.x"}
    assert found.notes == ["complex was left out: it holds complex128, neither numbers nor text."]
    recipe = Recipe(
        spikes=Spikes(times="spikes", names="names"),
        covariates=(Measured(name="x", values=("track.x",), times="track.t", unit="cm"),),
    )
    recording = open_recording(path, recipe)
    check(recording, "x")
    assert list(recording.unit_names) == ["a", "b", "\u00e9"]


def test_links_lead_to_each_group_once_and_never_out_of_the_file(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = X
    path = tmp_path / "session.h5"
    with h5py.File(path, "w") as file:
        file["group/x"] = X
        file["group/up"] = file["/"]
        file["root"] = h5py.SoftLink("/")
        file["gone"] = h5py.SoftLink("/nowhere")
        file["outside"] = h5py.ExternalLink("other.h5", "/x")
    found = arrays(path)
    assert set(found) == {"group.x"}
    assert len(found.notes) == 2


def test_large_arrays_that_no_recipe_names_are_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("glmengine.io.formats.hdf5_files.LARGEST_UNASKED", 1000)
    path = tmp_path / "session.h5"
    with h5py.File(path, "w") as file:
        file["x"], file["raw"], file["small"] = X, X, X[:9]
    assert set(arrays(path, {"x"})) == {"x", "small"}
    assert set(arrays(path)) == {"x", "raw", "small"}


def test_nwb_is_nwb_whatever_its_name(tmp_path, small_recording):
    write_nwb(small_recording, tmp_path / "session.nwb")
    shutil.copy(tmp_path / "session.nwb", tmp_path / "session.h5")
    assert open_recording(tmp_path / "session.h5").unit_names == small_recording.unit_names


def test_files_of_other_programs_say_what_they_are(tmp_path):
    with h5py.File(tmp_path / "DLC.h5", "w") as file:
        file["df_with_missing/table"] = X
        file["df_with_missing"].attrs["pandas_type"] = "frame_table"
    with pytest.raises(GlmError, match=r"DLC.h5: was written by pandas .*; write the table as CSV or Parquet, and open that"):
        open_recording(tmp_path / "DLC.h5")
    with h5py.File(tmp_path / "sleap.h5", "w") as file:
        file["tracks"], file["node_names"] = np.zeros((1, 2, 3, 9)), np.array([b"nose"])
    with pytest.raises(GlmError, match=r"sleap.h5: is an analysis file of SLEAP; export it as CSV"):
        open_recording(tmp_path / "sleap.h5")


def test_a_result_is_no_recording(tmp_path, small_result):
    small_result.save(tmp_path / "result.nc")
    with pytest.raises(GlmError, match=r"result.nc: is a result of this program; open it in the window"):
        open_recording(tmp_path / "result.nc")


def test_without_arrays_and_cut_off_there_is_one_sentence(tmp_path):
    with h5py.File(tmp_path / "none.h5", "w") as file:
        file.create_group("empty")
    with pytest.raises(GlmError, match=r"none.h5: holds no array of numbers or text that can be read"):
        draft_recipe(tmp_path / "none.h5")
    with h5py.File(tmp_path / "whole.h5", "w") as file:
        file["x"] = X
    content = (tmp_path / "whole.h5").read_bytes()
    (tmp_path / "cut.h5").write_bytes(content[: len(content) // 2])
    with pytest.raises(GlmError, match=r"cut.h5: is damaged or not quite HDF5"):
        draft_recipe(tmp_path / "cut.h5")
    pd.DataFrame({"x": X}).to_csv(tmp_path / "table.h5", index=False)
    with pytest.raises(GlmError, match=r"table.h5: "):
        open_recording(tmp_path / "table.h5")
