"""Groups of labelled arrays in a file: xarray's own reader finds the same in them, and what it wrote is read."""

from __future__ import annotations

import io

import h5py
import numpy as np
import pytest
import xarray as xr

from glmengine.io.files.netcdf_groups import read_group, write_group


def of_every_kind() -> xr.Dataset:
    rng = np.random.default_rng(0)
    dataset = xr.Dataset(
        {
            "gain": (
                ("unit", "lag"),
                rng.normal(size=(3, 4)),
                {"unit": "Hz", "long_name": "gäin", "range": np.array([0.5, 2.0])},
            ),
            "half": ("lag", np.float32([1, np.nan, 3, -np.inf]), {f"about {i}": i for i in range(12)}),
            "square": (("unit", "unit_"), np.arange(9).reshape(3, 3)),
            "fine": ("unit", np.array([True, False, True]), {"unit": ""}),
            "state": ("unit", np.array(["ok", "", "größer"]), {"words": ["a", "b"]}),
            "alone": ((), 2.5),
            "said": ((), "text"),
            "nothing": (("unit", "none"), np.zeros((3, 0))),
            "bare": ("other", np.int8([1, 2])),
        },
        {
            "unit": ["u1", "u 2", "u%3"],
            "unit_": [5, 6, 7],
            "lag": ("lag", np.linspace(0, 1, 4), {"unit": "s"}),
            "depth": ("unit", [1.0, 2.0, 3.0], {"unit": "um"}),
            "map": (("unit", "lag"), np.ones((3, 4))),
            "whole": 7,
            "of_its_own": ("elsewhere", np.arange(2.0)),
        },
        {"title": "one", "number": 3},
    )
    return dataset


@pytest.fixture
def written():
    content = io.BytesIO()
    with h5py.File(content, "w", track_order=True) as file:
        count = write_group(file.create_group("first", track_order=True), of_every_kind(), 0)
        write_group(file.create_group("second", track_order=True), of_every_kind(), count)
    return content


@pytest.mark.parametrize("group", ["first", "second"])
def test_xarray_reads_the_same(written, group):
    with xr.open_dataset(written, engine="h5netcdf", group=group, decode_times=False) as found:
        xr.testing.assert_identical(found.load(), of_every_kind())


@pytest.mark.parametrize("group", ["first", "second"])
def test_all_of_it_comes_back(written, group):
    with h5py.File(written, "r") as file:
        found = read_group(file[group])
    expected = of_every_kind()
    xr.testing.assert_identical(found, expected)
    assert list(found.data_vars) == list(expected.data_vars)
    for name, variable in expected.variables.items():
        assert found[name].dtype.kind == variable.dtype.kind, name
    np.testing.assert_array_equal(found["gain"].attrs["range"], [0.5, 2.0])
    assert found["state"].attrs["words"] == ["a", "b"]


def test_what_xarray_wrote_is_read(tmp_path):
    of_every_kind().to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    with h5py.File(tmp_path / "a.nc") as file:
        xr.testing.assert_identical(read_group(file), of_every_kind())


def test_each_dimension_of_a_file_has_a_number_of_its_own(written):
    with h5py.File(written, "r") as file:
        numbers = [item.attrs["_Netcdf4Dimid"] for group in file.values() for item in group.values() if "CLASS" in item.attrs]
    assert sorted(numbers) == list(range(2 * len(of_every_kind().sizes)))
