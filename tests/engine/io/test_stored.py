"""Series that stay in their file: opened without reading them, and the same afterwards as those that are in memory."""

from __future__ import annotations

import os
import sys
from dataclasses import replace

import h5py
import numpy as np
import pytest

from glmengine.analysis.analysis import Time
from glmengine.analysis.time_grid import make_grid
from glmengine.errors import GlmError
from glmengine.export.npz import write_npz
from glmengine.export.nwb import write_nwb
from glmengine.io.files.stored import Hdf5Series
from glmengine.io.opening import open_recording
from glmengine.recording.binned import sample_covariate
from glmengine.recording.inspect import describe

N = 6000


def write(path, name: str, data: np.ndarray, *, rate: float = 0.0, times: np.ndarray | None = None, unit="cm", **about) -> None:
    with h5py.File(path, "a") as file:
        file.attrs["nwb_version"] = "2.6.0"
        where = file.create_group(about.get("place", "acquisition") + f"/{name}")
        if "inside" in about:
            where.parent.attrs["neurodata_type"] = about["inside"]
        where.attrs["neurodata_type"] = about.get("type", "TimeSeries")
        where["data"] = data
        where["data"].attrs["unit"] = unit
        for key in ("conversion", "offset"):
            if key in about:
                where["data"].attrs[key] = about[key]
        if times is None:
            where["starting_time"] = 1.5
            where["starting_time"].attrs["rate"] = rate
        else:
            where["timestamps"] = times
        if "units" not in file:
            units = file.create_group("units")
            units["id"], units["spike_times_index"] = np.arange(2), np.array([50, 100])
            units["spike_times"] = np.concatenate([np.linspace(2, 90, 50)] * 2)


@pytest.fixture
def both(tmp_path, monkeypatch):
    """Opens a file with its series in memory, and with all of them left in the file."""

    def open_both(path):
        loaded = open_recording(path)
        with monkeypatch.context() as patch:
            patch.setattr("glmengine.io.files.hdf5.LARGE", 100)
            patch.setattr("glmengine.recording.stored.BLOCK", 6000)
            patch.setattr("glmengine.recording.binned.BLOCK", 6000)
            stored = open_recording(path)
        assert all(covariate.stored is not None for covariate in stored.covariates.values())
        assert all(covariate.stored is None for covariate in loaded.covariates.values())
        return loaded, stored

    return open_both


def series_of_all_kinds(path) -> None:
    rng = np.random.default_rng(0)
    gappy = np.cumsum(rng.uniform(0.005, 0.02, N))
    gappy[3000:] += 8.0
    walk = np.cumsum(rng.normal(size=(N, 2)), axis=0)
    walk[100:160] = np.nan
    lost = np.abs(walk) + 10
    lost[500:520] = -1
    write(path, "wave", rng.integers(-500, 500, N).astype("i2"), rate=60.0, conversion=0.01, offset=3.0)
    write(path, "position", walk, times=gappy, type="SpatialSeries", place="processing/behavior/Position", inside="Position")
    write(path, "tracking", lost, times=gappy, unit="pixels")
    write(path, "heading", rng.uniform(0, 360, N), rate=50.0, unit="deg", place="processing/behavior/CompassDirection")
    write(path, "infinite", np.where(rng.random(N) < 0.1, np.inf, rng.normal(size=N)), times=gappy)
    write(path, "state", np.repeat(rng.integers(0, 3, N // 100), 100).astype("u1"), rate=60.0, unit="n.a.")
    write(path, "screen", rng.normal(size=(600, 3, 4)).astype("f4"), rate=6.0)
    write(path, "column", rng.normal(size=(N, 1)), rate=60.0)


@pytest.mark.parametrize("bin_size", [0.003, 0.05, 0.7])
def test_a_stored_series_is_the_same_in_bins(tmp_path, both, bin_size, monkeypatch):
    path = tmp_path / "s.nwb"
    series_of_all_kinds(path)
    loaded, stored = both(path)
    monkeypatch.setattr("glmengine.recording.binned.BLOCK", 6000)
    assert list(loaded.variables) == list(stored.variables)
    for name, covariate in loaded.covariates.items():
        other = stored.covariates[name]
        assert (covariate.kind, covariate.unit, covariate.components) == (other.kind, other.unit, other.components)
        assert other.period == pytest.approx(covariate.period, rel=0.05)
        # the median of some intervals is not that of all where sampling is irregular
        other = replace(other, data=replace(other.stored, period=covariate.period)) if not other.stored.regular else other
        for intervals in ((), ((3.0, 20.0), (40.0, 41.0), (60.0, 80.0))):
            grid = make_grid(Time(bin_size=bin_size, intervals=intervals), loaded)
            expected = sample_covariate(covariate, grid)
            found = sample_covariate(other, grid)
            assert found.shape == expected.shape
            np.testing.assert_array_equal(np.isnan(found), np.isnan(expected), err_msg=name)
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9, err_msg=name)
    grid = make_grid(Time(bin_size=0.05), loaded)
    for reference in ("position.y", "screen.2,1"):
        one = stored.variable(reference)
        assert one.stored is not None
        np.testing.assert_allclose(
            sample_covariate(one, grid), sample_covariate(loaded.variable(reference), grid), rtol=1e-6, atol=1e-9
        )


def test_all_of_it_is_there_when_it_is_asked_for(tmp_path, both):
    path = tmp_path / "s.nwb"
    series_of_all_kinds(path)
    loaded, stored = both(path)
    for name, covariate in loaded.covariates.items():
        np.testing.assert_allclose(stored.covariates[name].data.t, covariate.data.t, atol=1e-9, err_msg=name)
        np.testing.assert_array_equal(stored.covariates[name].data.values, covariate.data.values, err_msg=name)
        np.testing.assert_array_equal(stored.covariates[name].data.time_support.values, covariate.data.time_support.values)
    held = stored.covariates["wave"].data
    assert stored.covariates["wave"].data is held
    write_nwb(stored, tmp_path / "copy.nwb")
    write_npz(stored, tmp_path / "copy")
    for again in (open_recording(tmp_path / "copy.nwb"), open_recording(tmp_path / "copy")):
        for name, covariate in loaded.covariates.items():
            np.testing.assert_array_equal(again.covariates[name].data.values, covariate.data.values, err_msg=name)


def test_what_is_said_of_it_needs_no_reading(tmp_path, both, monkeypatch):
    path = tmp_path / "s.nwb"
    series_of_all_kinds(path)
    loaded, stored = both(path)
    monkeypatch.setattr(Hdf5Series, "read", lambda *_: pytest.fail("the series was read"))
    from glmengine.analysis.default_terms import default_basis
    from glmgui.drawings.summary import series_to_draw, summarise

    text = describe(stored)
    assert "wave: continuous, cm; 6,000 samples; 60 Hz; about -2" in text
    assert "read when it is used" in text
    assert "wave is large" in text
    for row, other in zip(summarise(stored).covariates, summarise(loaded).covariates, strict=True):
        assert (row.name, row.unit, row.kind, row.components) == (other.name, other.unit, other.kind, other.components)
        assert row.sampling == pytest.approx(other.sampling, rel=0.05)
        assert row.valid == pytest.approx(other.valid, abs=0.1)
        assert other.low <= row.low < row.high <= other.high
    assert len(series_to_draw(stored.covariates["wave"])[0]) > 100
    assert default_basis(stored, "wave").bounds is None


def test_a_fit_on_a_stored_series_is_the_fit(tmp_path, both):
    import glmengine as ge

    path = tmp_path / "s.nwb"
    series_of_all_kinds(path)
    results = []
    for recording in both(path):
        term = {"kind": "covariate", "factors": [{"variable": "wave", "basis": {"family": "b_spline", "n": 5}}]}
        question = {"time": {"bin_size": 0.1}, "terms": [term], "model": {"strengths": [1e-3]}, "validation": {"folds": 2}}
        results.append(ge.run(ge.Analysis.from_dict(question), recording))
    np.testing.assert_allclose(results[1].coefficients, results[0].coefficients, rtol=1e-9)


def test_times_that_do_not_go_forwards_leave_it_out_or_have_it_read_as_a_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("glmengine.io.files.hdf5.LARGE", 100)
    monkeypatch.setattr("glmengine.io.files.hdf5.LARGEST_WHOLE", 100)
    for change in (lambda t: t.__setitem__(40, t[10]), lambda t: t.__setitem__(-1, np.inf), lambda t: t.__setitem__(3, np.nan)):
        path = tmp_path / "back.nwb"
        path.unlink(missing_ok=True)
        times = np.arange(N) / 60
        change(times)
        write(path, "wave", np.zeros(N), times=times)
        recording = open_recording(path)
        assert not recording.covariates
        assert any("do not go forwards" in note for note in recording.notes)
    monkeypatch.setattr("glmengine.io.files.hdf5.LARGEST_WHOLE", 2**20)
    wave = open_recording(path).covariates["wave"]
    assert wave.stored is None
    assert wave.n_samples == N - 1


def test_a_file_that_changed_or_went_is_said(tmp_path, both):
    path = tmp_path / "s.nwb"
    write(path, "wave", np.arange(float(N)), rate=60.0)
    _, stored = both(path)
    grid = make_grid(Time(bin_size=0.05), stored)
    os.utime(path, (1, 1))
    with pytest.raises(GlmError, match=r"s\.nwb: has changed since it was opened"):
        sample_covariate(stored.covariates["wave"], grid)
    path.unlink()
    with pytest.raises(GlmError, match="no longer be reached"):
        stored.covariates["wave"].data


def test_what_would_not_fit_is_refused_before_it_is_read(tmp_path, both, monkeypatch):
    path = tmp_path / "s.nwb"
    write(path, "wave", np.arange(float(N)), rate=60.0)
    _, stored = both(path)
    monkeypatch.setattr("glmengine.recording.stored.LARGEST_READ", 1000)
    with pytest.raises(GlmError, match="as a whole"):
        stored.covariates["wave"].data
    assert np.isfinite(sample_covariate(stored.covariates["wave"], make_grid(Time(bin_size=0.05), stored))).mean() > 0.9


def test_a_library_that_is_brought_down_by_a_series_does_not_bring_the_program_down(tmp_path, both, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "s.nwb"
    write(path, "wave", np.arange(float(N)), rate=60.0)
    _, stored = both(path)
    grid = make_grid(Time(bin_size=0.05), stored)
    with monkeypatch.context() as patch:
        patch.setattr("glmengine.io.files.trial_reader._command", lambda: [sys.executable, "-c", "import os; os.abort()"])
        with pytest.raises(GlmError, match=r"s\.nwb: is damaged: reading it broke down"):
            sample_covariate(stored.covariates["wave"], grid)
    assert np.isfinite(sample_covariate(stored.covariates["wave"], grid)).any()


def test_a_damaged_piece_of_a_series_is_said_when_it_is_used(tmp_path, monkeypatch):
    monkeypatch.setattr("glmengine.io.files.hdf5.LARGE", 1000)
    monkeypatch.setattr("glmengine.io.files.hdf5.SEEN", 1024)
    path = tmp_path / "s.nwb"
    write(path, "wave", np.zeros(2), rate=60.0)
    with h5py.File(path, "a") as file:
        about = dict(file["acquisition/wave/data"].attrs)
        del file["acquisition/wave/data"]
        values = np.random.default_rng(0).normal(size=N)
        data = file["acquisition/wave"].create_dataset("data", data=values, chunks=(50,), compression="gzip")
        data.attrs.update(about)
        piece = data.id.get_chunk_info_by_coord((1550,))
    content = bytearray(path.read_bytes())
    content[piece.byte_offset : piece.byte_offset + piece.size] = b"\xff" * piece.size
    path.write_bytes(content)
    # to the child that reads it first the series is small, and read whole
    monkeypatch.setattr("glmengine.io.opening.probe", lambda *_: None)
    recording = open_recording(path)
    with pytest.raises(GlmError, match=r"s\.nwb: /acquisition/wave/data cannot be read"):
        sample_covariate(recording.covariates["wave"], make_grid(Time(bin_size=0.05), recording))
