"""Tables and archives that are incomplete or uneven say which line, row or array is at fault, and lose no spike without a word."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from glmengine.errors import GlmError
from glmengine.io.opening import arrays_of, open_recording
from glmengine.io.recipe.recipe import Recipe
from glmengine.io.recipe_assistant import draft_recipe
from glmengine.io.recognition import recognise

RECIPE = Recipe(spikes={"times": "time", "units": "unit"})


def spikes_of(recording):
    return {name: recording.spikes[number].t.tolist() for number, name in enumerate(recording.unit_names)}


def test_a_line_of_another_length_is_named(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("time,unit\n1.0,2\n3.0,4,5\n" + "".join(f"{t}.5,1\n" for t in range(50)))
    with pytest.raises(GlmError, match=r"a\.csv: line 3 has 3 cells where others have 2; mend the line"):
        recognise(path)


def test_zeros_in_the_middle_of_a_table_are_said(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"time,unit\n1.5,1\n" + bytes(64) + b"\n2.5,1\n")
    with pytest.raises(GlmError, match="is no text: it holds the control character 0; export it again"):
        recognise(path)


def test_an_archive_that_is_cut_off_is_said(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, spike_times=np.arange(500.0), spike_clusters=np.arange(500) % 3)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(GlmError, match="cut off before its end; copy or export it again"):
        recognise(path)


def test_spikes_of_a_table_that_lack_their_unit_or_time_are_counted(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("time,unit,lick\n0.5,1,0.1\n1.5,,0.2\n2.5,2,0.3\n,2,0.4\n3.5,1,0.5\n,,0.6\n,,0.7\n4.5")
    found = open_recording(path, recipe=RECIPE)
    assert spikes_of(found) == {"1": [0.5, 3.5], "2": [2.5]}
    assert "2 spikes without a value of 'unit' left out (the first is number 2)." in found.notes
    assert "1 spike without a value of 'time' left out (the first is number 4)." in found.notes


def test_arrays_of_python_objects_are_said(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, spikes=np.array([np.arange(5.0), np.arange(3.0)], dtype=object))
    with pytest.raises(GlmError, match="'spikes' holds Python objects; save it as an array of numbers for each unit"):
        draft_recipe(path)


@pytest.mark.parametrize("ending", ["npz", "npy"])
def test_records_are_columns(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    times, units = np.sort(np.random.default_rng(0).uniform(0, 30, 300)), np.arange(300) % 3
    records = np.array(list(zip(times, units, strict=True)), dtype=[("time", "f8"), ("unit", "i4")])
    np.save(path, records) if ending == "npy" else np.savez(path, spikes=records)
    prefix = "" if ending == "npy" else "spikes."
    recipe = draft_recipe(path).recipe
    assert (recipe.spikes.times, recipe.spikes.units) == (f"{prefix}time", f"{prefix}unit")
    found = spikes_of(open_recording(path, recipe=recipe))
    for unit in range(3):
        np.testing.assert_allclose(found[str(unit)], times[units == unit])


def test_a_table_of_names_alone_and_a_packed_one_are_said(tmp_path):
    (tmp_path / "s.csv").write_text("unit,time\n")
    with pytest.raises(GlmError, match="has names of columns and no row below them"):
        arrays_of(tmp_path / "s.csv")
    (tmp_path / "s.csv.gz").write_bytes(gzip.compress(b"unit,time\na,1.0\n"))
    with pytest.raises(GlmError, match="is a gzip archive; unpack it"):
        open_recording(tmp_path / "s.csv.gz")


def test_regions_of_suite2p_that_are_not_as_many_as_their_flags_are_refused(tmp_path):
    plane = tmp_path / "suite2p" / "plane0"
    plane.mkdir(parents=True)
    for name in ("spks", "F"):
        np.save(plane / f"{name}.npy", np.ones((6, 50), np.float32))
    np.save(plane / "iscell.npy", np.ones((4, 2)))
    np.save(plane / "ops.npy", {"fs": 30.0}, allow_pickle=True)
    with pytest.raises(GlmError, match=r"iscell.npy has 4 rows and spks.npy 6"):
        open_recording(tmp_path / "suite2p")


def test_a_folder_that_is_called_by_a_point_has_its_name_in_the_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(GlmError, match=f"^{tmp_path.name}: "):
        open_recording(".")
