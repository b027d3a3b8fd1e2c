"""Stimuli that are kept as frames, in bins of any width, and filters that come from files."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pynapple as nap
import pytest

import glmengine as ge
from glmengine.design import stimulus as frames
from glmengine.design.stimulus import Frames, channels_in_bins
from glmengine.recording.binned import sample_covariate
from glmengine.recording.recording import Covariate, Recording
from glmengine.simulation.spike_counts import spikes_from_counts
from glmengine.timegrid.grid import TimeGrid

SIDE = (3, 4)


def shown(dtype=np.uint8, *, n: int = 600, kind: str = "step", period: float = 1 / 60) -> Covariate:
    """Frames with a gap, in two pieces."""
    rng = np.random.default_rng(0)
    times = np.arange(n) * period
    times[n // 3 :] += 40 * period
    support = nap.IntervalSet([0.0, times[2 * n // 3] - period / 4], [times[2 * n // 3 - 1], times[-1] + period])
    values = rng.integers(0, 256, size=(n, *SIDE)).astype(dtype)
    return Covariate("movie", nap.TsdTensor(t=times, d=values, time_support=support), "", kind)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("kind", ["step", "continuous"])
@pytest.mark.parametrize("bin_size", [0.004, 1 / 60, 0.01, 0.05])
def test_frames_are_what_sampling_gives(dtype, kind, bin_size, monkeypatch):
    covariate = shown(dtype, kind=kind)
    grid = TimeGrid.from_intervals(np.array([[0.013, 4.0], [4.5, 12.0]]), bin_size)
    expected = sample_covariate(covariate, grid).reshape(grid.n_bins, -1)
    monkeypatch.setattr(frames, "WHOLE", 0)
    found = channels_in_bins(covariate, grid, None)
    assert isinstance(found, Frames) == (kind == "step" or bin_size < 1 / 60 + 1e-9)
    assert found.shape == expected.shape
    assert np.isnan(expected).any()
    np.testing.assert_allclose(found[0 : len(found)], expected, rtol=1e-12, atol=1e-9)
    np.testing.assert_array_equal(found[17:40], found[0 : len(found)][17:40])


def test_frames_that_are_not_all_known_are_sampled_as_ever(monkeypatch):
    covariate = shown(np.float32, kind="continuous")
    values = covariate.data.values.copy()
    values[50, 1, 1] = np.nan
    holed = replace(covariate, data=nap.TsdTensor(t=covariate.data.t, d=values, time_support=covariate.data.time_support))
    grid = TimeGrid.from_intervals(np.array([[0.0, 12.0]]), 0.01)
    expected = sample_covariate(holed, grid).reshape(grid.n_bins, -1)
    monkeypatch.setattr(frames, "WHOLE", 0)
    np.testing.assert_array_equal(channels_in_bins(holed, grid, None), expected)


def recording(n: int = 1500, side=SIDE, dtype=np.uint8) -> Recording:
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, size=(n, *side)).astype(dtype)
    drive = np.roll((pixels.reshape(n, -1)[:, 5] - 127.5) / 74.0, 1)
    whole = nap.IntervalSet(0.0, n * 0.02)
    counts = rng.poisson(np.exp(-1.0 + 0.7 * drive))[:, None]
    return Recording(
        name="movie",
        unit_names=("cell",),
        spikes=spikes_from_counts(counts, 0.02, rng),
        covariates={"movie": Covariate("movie", nap.TsdTensor(t=np.arange(n) * 0.02, d=pixels, time_support=whole), "", "step")},
        epochs={"all": whole},
    )


def asked(space: str, bin_size: float = 0.02, **term) -> ge.Analysis:
    one = {"kind": "receptive_field", "variable": "movie", "space": space, "basis": {"family": "history", "window": 0.06}}
    return ge.Analysis.from_dict(
        {
            "time": {"bin_size": bin_size},
            "terms": [{**one, **term}],
            "model": {"strengths": [0.1]},
            "validation": {"folds": 0},
        },
        "test",
    )


@pytest.mark.parametrize("space", ["each", "separable", "pca", "sta"])
def test_a_result_does_not_depend_on_how_frames_are_kept(space, monkeypatch):
    seen = recording()
    whole = ge.run(asked(space), seen)
    monkeypatch.setattr(frames, "WHOLE", 0)
    kept = ge.run(asked(space), seen)
    np.testing.assert_allclose(kept.coefficients.values, whole.coefficients.values, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(kept.predict(seen).values, whole.predict(seen).values, rtol=1e-8)
    assert abs(whole.filters["movie field"]["filter"].values[0]).argmax() // 3 == 5


@pytest.mark.parametrize("space", ["pca", "sta"])
def test_a_large_movie_is_never_whole_in_float64(space, monkeypatch):
    """3,000 frames of 20 x 20 pixels in bins of 5 ms: 38 MB as numbers of bins, 1.2 MB as they are."""
    seen = recording(3000, (20, 20))
    monkeypatch.setattr(frames, "WHOLE", 2**20)
    monkeypatch.setattr(frames, "_STRETCH_BYTES", 2**21)
    ge.run(asked(space), recording(200))  # what is imported and compiled once
    components = {"components": 3} if space == "pca" else {}
    tracemalloc.start()
    ge.run(asked(space, 0.005, basis={"family": "raised_cosine_log", "n": 3, "window": 0.06}, **components), seen)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6


def test_filters_are_found_beside_the_analysis_and_kept_with_it(tmp_path, monkeypatch):
    blobs = np.random.default_rng(2).normal(size=(2, *SIDE))
    (tmp_path / "analysis").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    np.save(tmp_path / "analysis" / "blobs.npy", blobs)
    np.savez(tmp_path / "analysis" / "blobs.npz", filters=blobs, made=np.zeros(3))
    np.savetxt(tmp_path / "analysis" / "blobs.csv", blobs.reshape(2, -1), delimiter=",")
    seen, expected = recording(), None
    for name in ("blobs.npy", "blobs.npz", "blobs.csv"):
        asked("given", filter_file=name).save(tmp_path / "analysis" / "one.toml")
        analysis = ge.Analysis.load(tmp_path / "analysis" / "one.toml")
        result = ge.run(analysis, seen)
        assert result.is_for(asked("given", filter_file=name), seen)
        expected = result.coefficients.values if expected is None else expected
        np.testing.assert_allclose(result.coefficients.values, expected, rtol=1e-9)
        (tmp_path / "analysis" / name).unlink()
        result.analysis.save(tmp_path / "elsewhere" / "again.toml")
        again = ge.run(ge.Analysis.load(tmp_path / "elsewhere" / "again.toml"), seen)
        np.testing.assert_array_equal(again.coefficients.values, result.coefficients.values)
        other = analysis.with_(terms=(analysis.terms[0].with_(filter_file="others.npy"),))
        with pytest.raises(ge.GlmError, match=r"others.npy: there is no such file, neither beside .* current folder"):
            ge.run(other, seen)  # the numbers are those of the file before


def test_a_script_repeats_given_filters_without_their_file(tmp_path, monkeypatch):
    from glmengine.export.script import script_text

    np.save(tmp_path / "blob.npy", np.ones(SIDE))
    monkeypatch.chdir(tmp_path)
    result = ge.run(asked("given", filter_file="blob.npy"), recording())
    (tmp_path / "blob.npy").unlink()
    space: dict = {"__name__": "script"}
    exec(script_text(result.analysis, "movie.nwb"), space)
    monkeypatch.setattr(ge, "open_recording", lambda path: recording())
    monkeypatch.setattr(ge, "write_outputs", lambda *anything: None)
    space["main"]("movie.nwb")
    np.testing.assert_array_equal(ge.Result.load(tmp_path / "result.nc").coefficients.values, result.coefficients.values)


def test_several_arrays_of_which_none_is_called_filters_are_refused(tmp_path):
    np.savez(tmp_path / "two.npz", a=np.ones(12), b=np.ones(12))
    with pytest.raises(ge.GlmError, match="none of them called 'filters'") as caught:
        ge.run(asked("given", filter_file=str(tmp_path / "two.npz")), recording(200))
    assert caught.value.field == "terms.0.filter_file"
