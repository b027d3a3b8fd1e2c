"""Folders of several programs as laboratories leave them: labels in many tables, several planes, epochs among events, groups beside units."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pynapple as nap
import pytest

from glmengine.errors import GlmError
from glmengine.io.opening import open_recording
from glmengine.io.recipe.recipe import Recipe
from glmengine.recording.inspect import describe

RNG = np.random.default_rng(2)


def phy(folder, params: str = "sample_rate = 30000.\n") -> tuple[np.ndarray, np.ndarray]:
    folder.mkdir()
    samples, clusters = np.sort(RNG.integers(0, 3_000_000, 300)), RNG.integers(0, 4, 300)
    np.save(folder / "spike_times.npy", samples[:, None].astype(np.uint64))
    np.save(folder / "spike_clusters.npy", clusters.astype(np.int32))
    (folder / "params.py").write_text(params)
    return samples, clusters


def test_every_table_of_labels_counts_and_numbers_are_numbers(tmp_path):
    folder = tmp_path / "sorted"
    samples, clusters = phy(folder, "import os; os.remove('spike_times.npy')\nsample_rate = 29999.5  # Hz\n")
    for name, column in (("group", ["good", "mua", "noise", "good"]), ("region", list("abcd")), ("depth", [10.5, 20, 30, 40])):
        pd.DataFrame({"cluster_id": range(4), name: column}).to_csv(folder / f"cluster_{name}.tsv", sep="\t", index=False)
    recording = open_recording(folder)
    assert recording.unit_names == ("0", "1", "3")
    np.testing.assert_allclose(recording.spikes[1].t, samples[clusters == 1] / 29999.5, atol=1e-9)
    assert list(recording.unit_table.columns) == ["group", "depth", "region"]
    assert recording.unit_table["depth"].tolist() == [10.5, 20, 40]


def test_ids_that_a_spreadsheet_wrote_as_fractions_keep_their_labels_and_blank_ones_are_said(tmp_path):
    folder = tmp_path / "sorted"
    phy(folder)
    (folder / "cluster_group.tsv").write_text("cluster_id\tgroup\n0.0\tgood\n1.0\tnoise\n\tmua\n2\tgood\n3.0\tmua\n")
    recording = open_recording(folder)
    assert recording.unit_names == ("0", "2", "3")
    assert recording.unit_table["group"].tolist() == ["good", "good", "mua"]
    assert any("1 row without the number of a cluster (line 4)" in note for note in recording.notes)


def test_clusters_as_fractions_are_units_and_spikes_without_one_are_said(tmp_path):
    folder = tmp_path / "sorted"
    samples, clusters = phy(folder)
    owners = clusters.astype(float)
    owners[:7] = np.nan
    np.save(folder / "spike_clusters.npy", owners)
    recording = open_recording(folder)
    assert recording.unit_names == ("0", "1", "2", "3")
    np.testing.assert_allclose(recording.spikes[1].t, samples[7:][clusters[7:] == 1] / 30000, atol=1e-9)
    assert any("7 spikes whose cluster is no whole number" in note for note in recording.notes)


@pytest.mark.parametrize(
    ("written", "rate"),
    [
        ("30_000", 30000), ("30*1000", 30000), ("30000.", 30000), ("3e4  # Hz", 30000), ("(25 * 1000.0) + .5", 25000.5), ("float(24414.0625)", 24414.0625),
        ("2.4414e+04", 24414), ("np.float64(30000.0)", 30000), ("60e3/2", 30000), ("10**4; dtype = 'int16'", 10000), ("1000\nsample_rate = 2000", 2000),
    ],
)  # fmt: skip
def test_a_sampling_rate_however_it_is_written(tmp_path, written, rate):
    samples, clusters = phy(tmp_path / "sorted", f"n_channels_dat = 64\nsample_rate = {written}\nhp_filtered = False\n")
    recording = open_recording(tmp_path / "sorted")
    np.testing.assert_allclose(recording.spikes[1].t, samples[clusters == 1] / rate, atol=1e-9)


@pytest.mark.parametrize(
    "written", ["rate", "get()", "9**9**9**9", "'30000'", "0", "-5", "1/0", "[30000]", "(" * 3000, "float(open('x').read())"]
)
def test_a_sampling_rate_that_would_have_to_be_run_is_refused(tmp_path, written):
    phy(tmp_path / "sorted", f"sample_rate = {written}\n")
    with pytest.raises(GlmError, match="the sampling rate is unknown") as caught:
        open_recording(tmp_path / "sorted")
    assert written[:20] in caught.value.message


def plane(folder, n: int, frames: int) -> tuple[np.ndarray, np.ndarray]:
    folder.mkdir(parents=True)
    spks = RNG.gamma(0.2, 1, (n, frames)).astype(np.float32)
    np.save(folder / "spks.npy", spks)
    np.save(folder / "F.npy", spks * 9)
    np.save(folder / "iscell.npy", np.column_stack([np.arange(n) != 1, np.full(n, 0.5)]).astype(float))
    np.save(folder / "ops.npy", {"fs": 10.0, "nplanes": 2}, allow_pickle=True)
    return spks, np.arange(n) != 1


def test_several_planes_are_one_population(tmp_path):
    first, cells = plane(tmp_path / "rec" / "suite2p" / "plane0", 4, 301)
    second, others = plane(tmp_path / "rec" / "suite2p" / "plane1", 3, 300)
    recording = open_recording(tmp_path / "rec")
    assert recording.unit_names == ("plane0-0", "plane0-2", "plane0-3", "plane1-0", "plane1-2")
    np.testing.assert_allclose(recording.counts.values, np.vstack([first[cells, :300], second[others]]).T)
    assert recording.epochs["all"].values.tolist() == [[0, 30]]
    assert any("300 to 301 frames" in note for note in recording.notes)
    fluorescence = open_recording(tmp_path / "rec", Recipe.from_toml('[counts]\nvalues = ["F"]\n'))
    np.testing.assert_allclose(fluorescence.counts.values, recording.counts.values * 9, rtol=1e-6)


def test_neurosuite_epochs_among_events(tmp_path):
    for shank in (1, 10):
        samples, clusters = np.sort(RNG.integers(0, 2_000_000, 100)), RNG.integers(0, 4, 100)
        (tmp_path / f"rat.res.{shank}").write_text("\n".join(map(str, samples)))
        (tmp_path / f"rat.clu.{shank}").write_text("4\n" + "\n".join(map(str, clusters)))
    (tmp_path / "rat.xml").write_text(
        "<parameters><acquisitionSystem><samplingRate>20000</samplingRate></acquisitionSystem></parameters>"
    )
    (tmp_path / "rat.cat.evt").write_text("0 beginning of sleep\n40000 end of sleep\n41000 beginning of run\n100000 end of run\n")
    (tmp_path / "rat.evt.trg").write_text("1500.5\tpulse\n2500\tpulse\n")
    (tmp_path / "rat.whl").write_text("1 2\n3 4\n")
    recording = open_recording(tmp_path)
    assert recording.epochs["sleep"].values.tolist() == [[0, 40]]
    assert recording.epochs["run"].values.tolist() == [[41, 100]]
    assert recording.events["pulse"].t.tolist() == [1.5005, 2.5]
    assert any("rat.whl (position) was not read" in note for note in recording.notes)


def test_a_second_group_in_a_folder_is_events_and_the_one_named_spikes_the_units(tmp_path):
    times = {number: nap.Ts(np.sort(RNG.uniform(1, 99, 50))) for number in (4, 8)}
    nap.TsGroup(times).save(tmp_path / "spikes.npz")
    nap.TsGroup({0: nap.Ts(np.arange(10, 20.0)), 1: nap.Ts(np.array([50.0, 500.0]))}).save(tmp_path / "laser.npz")
    recording = open_recording(tmp_path)
    assert recording.unit_names == ("4", "8")
    assert recording.events["laser=0"].t.tolist() == list(range(10, 20))
    assert any("outside the recorded time left out: 1 of laser=1" in note for note in recording.notes)


def test_counts_without_a_support_of_their_own_keep_their_first_and_last_bin(tmp_path):
    nap.TsdFrame(np.arange(100) * 0.02 + 0.01, RNG.poisson(1, (100, 3))).save(tmp_path / "counts.npz")
    recording = open_recording(tmp_path / "counts.npz")
    np.testing.assert_allclose(recording.epochs["all"].values, [[0, 2]], atol=1e-9)


@pytest.mark.parametrize("mark", [".zattrs", ".zgroup", "zarr.json"])
def test_a_zarr_folder_is_called_so(tmp_path, mark):
    folder = tmp_path / "session.nwb"
    folder.mkdir()
    (folder / mark).write_text("{}")
    with pytest.raises(GlmError, match=r"session\.nwb: is a Zarr folder"):
        open_recording(folder)


def test_a_folder_around_a_recording_says_where_it_is(tmp_path):
    inner = tmp_path / "animal" / "derivatives"
    inner.mkdir(parents=True)
    nap.TsGroup({0: nap.Ts(np.arange(5.0))}).save(inner / "spikes.npz")
    with pytest.raises(GlmError, match="its folder derivatives holds one"):
        open_recording(tmp_path / "animal")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.nwb").write_bytes(b"x")
    with pytest.raises(GlmError, match=r"open one of its files \(a\.nwb\)"):
        open_recording(tmp_path / "other")


def test_what_is_said_of_units_is_short(tmp_path):
    group = nap.TsGroup({0: nap.Ts(np.arange(5.0))}, metadata={"depth": [1 / 3], "layer": [np.nan]})
    group.save(tmp_path / "spikes.npz")
    text = describe(open_recording(tmp_path / "spikes.npz"))
    assert "depth 0.333333" in text
    assert "nan" not in text


def test_a_folder_with_two_recordings_is_refused(tmp_path):
    folder = tmp_path / "both"
    phy(folder)
    np.save(folder / "F.npy", np.ones((3, 50)))
    np.save(folder / "spks.npy", np.ones((3, 50)))
    with pytest.raises(GlmError, match=r"both: holds more than one recording \(Phy and Suite2p\); put the files of one of them"):
        open_recording(folder)


def test_of_two_labels_of_a_cluster_the_last_counts_as_in_phy_and_both_are_said(tmp_path):
    folder = tmp_path / "sorted"
    phy(folder)
    (folder / "cluster_group.tsv").write_text("cluster_id\tgroup\n0\tgood\n1\tgood\n2\tgood\n1\tnoise\n2\tgood\n")
    recording = open_recording(folder)
    assert recording.unit_names == ("0", "2", "3")
    assert any(
        "1 cluster with more than one label" in note and "cluster 1 'good', then 'noise' in line 5" in note
        for note in recording.notes
    )
