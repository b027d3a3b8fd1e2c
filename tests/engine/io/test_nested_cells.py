"""MATLAB's cells in cells, by day, epoch, tetrode and cell: shown, and reached by their places."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import scipy.io

from glmengine.io.opening import arrays_of, open_recording
from glmengine.io.recipe.recipe import Recipe
from glmengine.io.recipe_assistant import draft_recipe

TRAINS = {(1, 2, 1, 1): 40, (1, 2, 1, 2): 30, (1, 2, 3, 1): 20, (1, 4, 1, 1): 50}


def train(place) -> np.ndarray:
    """Times in the first of seven columns."""
    rng = np.random.default_rng(sum(place))
    return np.column_stack([np.sort(rng.uniform(0, 90, TRAINS[place])), rng.normal(size=(TRAINS[place], 6))])


def nested(places: dict[tuple[int, ...], np.ndarray]) -> np.ndarray:
    cells = np.empty((1, max(place[0] for place in places)), dtype=object)
    for at in range(cells.size):
        inner = {place[1:]: value for place, value in places.items() if place[0] == at + 1}
        if not inner:
            cells[0, at] = np.empty((0, 0))
        elif () in inner:
            cells[0, at] = {"data": inner[()], "descript": "spikes"}
        else:
            cells[0, at] = nested(inner)
    return cells


def write_5(path) -> None:
    scipy.io.savemat(path, {"spikes": nested({place: train(place) for place in TRAINS})})


def write_73(path) -> None:
    with h5py.File(path, "w", userblock_size=512) as file:
        refs = file.create_group("#refs#")

        def put(places, parent, name):
            size = max(place[0] for place in places)
            made = parent.create_dataset(name, (size, 1), h5py.ref_dtype)
            made.attrs["MATLAB_class"] = np.bytes_("cell")
            for at in range(size):
                inner = {place[1:]: value for place, value in places.items() if place[0] == at + 1}
                key = f"r{len(refs)}"
                if not inner:
                    refs.create_dataset(key, data=np.zeros(2, dtype=np.uint64)).attrs.update(
                        MATLAB_class=np.bytes_("double"), MATLAB_empty=1
                    )
                elif () in inner:
                    refs.create_group(key).attrs["MATLAB_class"] = np.bytes_("struct")
                    refs[key].create_dataset("data", data=inner[()].T).attrs["MATLAB_class"] = np.bytes_("double")
                else:
                    put(inner, refs, key)
                made[at, 0] = refs[key].ref
            return made

        put({place: train(place) for place in TRAINS}, file, "spikes")
    with open(path, "r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, made by a test".ljust(124) + b"\0\2IM")


@pytest.mark.parametrize("write", [write_5, write_73])
def test_cells_in_cells_are_shown_and_reached(tmp_path, write):
    path = tmp_path / "spikes.mat"
    write(path)
    found = arrays_of(path)
    names = [f"spikes{{{'}{'.join(map(str, place))}}}.data" for place in TRAINS]
    assert {name for name in found if name.endswith(".data")} == set(names)
    np.testing.assert_allclose(found[names[2]], train((1, 2, 3, 1)))
    recipe = Recipe.parse({"spikes": {"times": f"{names[0]}[0]", "more": [f"{names[3]}[0]"]}})
    recording = open_recording(path, recipe)
    np.testing.assert_allclose(recording.spikes[1].t, train((1, 4, 1, 1))[:, 0])
    draft = draft_recipe(path)
    assert (draft.recipe.spikes.times, *draft.recipe.spikes.more) == tuple(f"{name}[0]" for name in names[:3])
    assert len(open_recording(path, draft.recipe).unit_names) == 3


def test_units_without_a_name_are_numbered_as_matlab_counts_and_as_before_by_recipes_that_do_not_say_so(tmp_path):
    cells = np.empty((1, 3), dtype=object)
    for at in range(3):
        cells[0, at] = train((1, 2, 1, 1))[:, 0] + at
    time = np.arange(0.0, 90.0, 0.1)
    tracked = np.random.default_rng(0).normal(size=(len(time), 4)).cumsum(axis=0)
    scipy.io.savemat(tmp_path / "cells.mat", {"spike_times": cells, "time": time, "markers": tracked})
    draft = draft_recipe(tmp_path / "cells.mat")
    recording = open_recording(tmp_path / "cells.mat", Recipe.from_toml(draft.to_toml()))
    assert recording.unit_names == ("1", "2", "3")
    assert list(recording.covariates["markers"].data.columns) == ["1", "2", "3", "4"]
    said = draft.recipe.to_dict()
    assert said.pop("first_number") == 1
    before = open_recording(tmp_path / "cells.mat", said)  # as an analysis keeps it that was saved earlier
    assert before.unit_names == ("0", "1", "2")
    np.testing.assert_array_equal(before.spikes[1].t, recording.spikes[1].t)
    assert before.sha256 == recording.sha256


def test_counts_of_matlab_are_numbered_as_it_counts_and_those_of_numpy_as_python_does(tmp_path):
    counts = np.random.default_rng(0).poisson(2.0, size=(500, 3))
    scipy.io.savemat(tmp_path / "counts.mat", {"spike_counts": counts})
    np.savez(tmp_path / "counts.npz", spike_counts=counts)
    for name, numbers in (("counts.mat", ("1", "2", "3")), ("counts.npz", ("0", "1", "2"))):
        recipe = draft_recipe(tmp_path / name).recipe
        recipe = recipe.with_(counts=recipe.counts.with_(rate=10.0))
        assert open_recording(tmp_path / name, recipe).unit_names == numbers


def test_an_array_of_structs_of_matlab_73_is_as_that_of_matlab_5(tmp_path):
    trains = [train(place)[:, 0] for place in list(TRAINS)[:3]]
    units = np.zeros(3, dtype=[("ts", object), ("area", object)])
    units["ts"], units["area"] = trains, list("abc")
    scipy.io.savemat(tmp_path / "5.mat", {"units": units})
    with h5py.File(tmp_path / "73.mat", "w", userblock_size=512) as file:
        refs, units = file.create_group("#refs#"), file.create_group("units")
        units.attrs["MATLAB_class"] = np.bytes_("struct")
        for field in ("ts", "area"):  # its data sets hold references, and have no class
            made = units.create_dataset(field, (3, 1), h5py.ref_dtype)
            for at, times in enumerate(trains):
                values, kind = (times, "double") if field == "ts" else (np.array([ord("abc"[at])], dtype=np.uint16), "char")
                refs.create_dataset(f"{field}{at}", data=values[None]).attrs["MATLAB_class"] = np.bytes_(kind)
                made[at, 0] = refs[f"{field}{at}"].ref
    with open(tmp_path / "73.mat", "r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, made by a test".ljust(124) + b"\0\2IM")
    old, new = arrays_of(tmp_path / "5.mat"), arrays_of(tmp_path / "73.mat")
    assert set(old) == set(new) == {"units.ts", "units.area"}
    assert new["units.area"].tolist() == old["units.area"].tolist() == ["a", "b", "c"]
    for before, after, times in zip(old["units.ts"], new["units.ts"], trains, strict=True):
        np.testing.assert_array_equal(before, times)
        np.testing.assert_array_equal(after, times)
