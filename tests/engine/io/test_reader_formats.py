"""Formats of which no real file is at hand: files are made as the original programs make them, and read back."""

from __future__ import annotations

import json
import shutil

import h5py
import numpy as np
import pandas as pd
import pynapple as nap
import pytest
import scipy.io

from glmengine.errors import GlmError
from glmengine.io.opening import open_recording
from glmengine.io.recipe.recipe import Counts, Happenings, Measured, Recipe, Spikes, Stretches
from glmengine.io.recipe_assistant import draft_recipe
from glmengine.recording.doubt import told_apart

RNG = np.random.default_rng(1)
TIMES = np.arange(0, 20, 0.02)
X = np.cumsum(RNG.normal(size=1000))
SPIKES = [np.sort(RNG.uniform(0, 20, 200)), np.sort(RNG.uniform(0, 20, 150))]
POSITION = Measured(name="position", values=("x",), times="t", unit="cm")


def check(recording, spikes=SPIKES, x=X):
    assert len(recording.unit_names) == len(spikes)
    for unit, times in enumerate(spikes):
        np.testing.assert_allclose(recording.spikes[unit].t, times, atol=2e-9)
    np.testing.assert_allclose(recording.covariates["position"].data.values, x, rtol=1e-12)
    np.testing.assert_allclose(recording.covariates["position"].data.t, TIMES, atol=1e-9)


# --- MATLAB -------------------------------------------------------------------------------------------------------------


def test_matlab_5_cells_and_structs(tmp_path):
    cells = np.empty((1, 2), dtype=object)
    cells[0, 0], cells[0, 1] = SPIKES[0][:, None], SPIKES[1][None, :]
    path = tmp_path / "session.mat"
    scipy.io.savemat(path, {"data": {"units": cells, "pos": {"x": X[:, None], "t": TIMES[:, None]}}, "animal": "M7"})
    recipe = Recipe(
        spikes=Spikes(times="data.units"),
        covariates=(Measured(name="position", values=("data.pos.x",), times="data.pos.t", unit="cm"),),
    )
    check(open_recording(path, recipe))


def test_matlab_7_3_as_matlab_writes_it(tmp_path):
    """HDF5 behind 512 bytes of text, arrays transposed, cells as references."""
    path = tmp_path / "session.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        file["x"], file["t"] = X[None, :], TIMES[None, :]
        file["x"].attrs["MATLAB_class"] = file["t"].attrs["MATLAB_class"] = np.bytes_("double")
        hidden = file.create_group("#refs#")
        cells = file.create_dataset("units", (2, 1), dtype=h5py.ref_dtype)
        cells.attrs["MATLAB_class"] = np.bytes_("cell")
        for number, times in enumerate(SPIKES):
            hidden[str(number)] = times[None, :]
            cells[number, 0] = hidden[str(number)].ref
    with open(path, "r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(116))
    check(open_recording(path, Recipe(spikes=Spikes(times="units"), covariates=(POSITION,))))


@pytest.mark.parametrize("order", ["<", ">"])
def test_matlab_4_which_has_no_text_at_its_head(tmp_path, order):
    path = tmp_path / "session.mat"
    scipy.io.savemat(path, {"spikes": SPIKES[0], "x": X, "t": TIMES, "name": "M7"}, format="4")
    if order == ">":  # as a workstation of that time wrote it
        path.write_bytes(
            b"".join(_matrix_of_version_4(name, values) for name, values in (("spikes", SPIKES[0]), ("x", X), ("t", TIMES)))
        )
    check(open_recording(path, Recipe(spikes=Spikes(times="spikes"), covariates=(POSITION,))), SPIKES[:1])
    assert draft_recipe(path).recipe.spikes.times == "spikes"
    path.rename(tmp_path / "session.dat")
    with pytest.raises(GlmError, match=r"not a recording that is known \(\w+(, \w+)+\)"):  # no line breaks before a point
        open_recording(tmp_path / "session.dat")


def _matrix_of_version_4(name: str, values: np.ndarray) -> bytes:
    header = np.array([1000, values.size, 1, 0, len(name) + 1], dtype=">i4").tobytes()
    return header + name.encode() + b"\0" + values.astype(">f8").tobytes()


def test_nwb_named_mat_is_refused(small_recording, tmp_path):
    from glmengine.export.nwb import write_nwb

    write_nwb(small_recording, tmp_path / "a.nwb")
    shutil.move(tmp_path / "a.nwb", tmp_path / "a.mat")
    with pytest.raises(GlmError, match=r"a\.mat: is named \.mat but its content is NWB"):
        open_recording(tmp_path / "a.mat")


# --- tables -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ending", "separator"), [("csv", ","), ("csv", ";"), ("tsv", "\t"), ("txt", " ")])
def test_a_table_of_samples_with_a_table_of_spikes_beside_it(tmp_path, ending, separator):
    pd.DataFrame({"t": TIMES, "x": X}).to_csv(tmp_path / f"tracking.{ending}", sep=separator, index=False)
    table = pd.DataFrame({"time": np.concatenate(SPIKES) * 1000, "unit": ["a"] * 200 + ["b"] * 150}).sort_values("time")
    table.to_csv(tmp_path / "spikes.csv", index=False)
    recipe = Recipe(spikes=Spikes(times="spikes.csv:time", units="spikes.csv:unit", time_unit="ms"), covariates=(POSITION,))
    recording = open_recording(tmp_path / f"tracking.{ending}", recipe)
    check(recording)
    assert recording.unit_names == ("a", "b")


def test_a_recipe_cannot_reach_out_of_the_folder(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n3,4\n")
    pd.DataFrame({"t": TIMES, "x": X}).to_csv(tmp_path / "inner" / "tracking.csv", index=False)
    for name in ("../secret.csv", str(tmp_path / "secret.csv"), ".."):
        with pytest.raises(GlmError, match="not beside it"):
            open_recording(tmp_path / "inner" / "tracking.csv", Recipe(spikes=Spikes(times=f"{name}:a")))


def test_decimal_commas_and_missing_cells(tmp_path):
    table = pd.DataFrame({"t": TIMES, "x": X, "cell1_count": RNG.poisson(1, 1000)})
    table.loc[5, "x"] = np.nan
    table.to_csv(tmp_path / "a.csv", sep=";", decimal=",", index=False)
    recording = open_recording(
        tmp_path / "a.csv", Recipe(counts=Counts(values=("cell1_count",), times="t"), covariates=(POSITION,))
    )
    np.testing.assert_allclose(recording.covariates["position"].data.values, table["x"], rtol=1e-12)
    assert recording.counts.values.sum() == table["cell1_count"].sum()


def test_a_table_without_a_heading_has_numbered_columns(tmp_path):
    np.savetxt(tmp_path / "a.txt", np.concatenate(SPIKES)[:, None])
    recording = open_recording(tmp_path / "a.txt", Recipe(spikes=Spikes(times="column1")))
    np.testing.assert_allclose(recording.spikes[0].t, np.unique(np.concatenate(SPIKES)), atol=2e-9)


def test_parquet_with_counts_trials_and_events(tmp_path):
    pytest.importorskip("pyarrow")
    counts = RNG.poisson(1, (1000, 2))
    table = pd.DataFrame({"t": TIMES, "x": X, "u1": counts[:, 0], "u2": counts[:, 1]})
    starts = np.arange(1000.0)
    table["start"], table["stop"] = np.where(starts < 10, starts * 2, np.nan), np.where(starts < 10, starts * 2 + 1, np.nan)
    table["side"] = np.where(starts % 2, "left", "right")
    table.to_parquet(tmp_path / "a.parquet")
    recipe = Recipe(
        counts=Counts(values=("u1", "u2"), times="t"),
        covariates=(POSITION,),
        trials=(Stretches(name="laps", start="start", stop="stop", properties=("side",)),),
        events=(Happenings(name="reward", times="stop"),),
    )
    recording = open_recording(tmp_path / "a.parquet", recipe)
    np.testing.assert_array_equal(recording.counts.values, counts)
    assert recording.unit_names == ("u1", "u2")
    assert list(recording.trials["laps"].get_info("side"))[:2] == ["right", "left"]
    assert len(recording.trials["laps"]) == len(recording.events["reward"]) == 10


# --- recipes ------------------------------------------------------------------------------------------------------------------


def test_samples_need_a_rate_and_faults_name_their_field(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, st=np.round(SPIKES[0] * 30_000).astype(np.int64), x=X, t=TIMES, text=np.array(["a"]))
    for recipe, field in [
        (Recipe(spikes=Spikes(times="st", time_unit="samples")), "spikes.rate"),
        (Recipe(spikes=Spikes(times="sta")), "spikes.times"),
        (Recipe(spikes=Spikes(times="text")), "spikes.times"),
        (Recipe(spikes=Spikes(times="st"), covariates=(Measured(name="p", values=("x",), times="st"),)), "covariates.0.times"),
        (Recipe(spikes=Spikes(times="st"), covariates=(Measured(name="p", values=("x",)),)), "covariates.0.times"),
    ]:
        with pytest.raises(GlmError, match=r"a\.npz") as caught:
            open_recording(path, recipe)
        assert caught.value.field == field
    good = Recipe(spikes=Spikes(times="st", time_unit="samples", rate=30_000), covariates=(POSITION,))
    np.testing.assert_allclose(open_recording(path, good).spikes[0].t, np.round(SPIKES[0] * 30_000) / 30_000, atol=1e-9)


def test_a_recipe_survives_its_file(tmp_path):
    recipe = Recipe(
        spikes=Spikes(times="a", units="b", time_unit="samples", rate=20_000),
        covariates=(Measured(name="p", values=("x", "y"), components=("east", "north"), rate=50.0, unit="cm", scale=0.1),),
        epochs=(Stretches(name="e", start="s", stop="t"),),
    )
    recipe.save(tmp_path / "r.toml")
    assert Recipe.load(tmp_path / "r.toml") == recipe


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[spikes]\ntimes = 'a'\nunit = 'b'\n", "unknown field 'spikes.unit'"),
        ("title = 'x'\n", "exactly one of"),
        ("[spikes\n", "not a TOML file"),
        ("format_version = 99\n", "newer version"),
    ],
)
def test_a_bad_recipe_is_one_sentence(tmp_path, text, says):
    (tmp_path / "r.toml").write_text(text)
    with pytest.raises(GlmError, match=says) as caught:
        Recipe.load(tmp_path / "r.toml")
    assert "r.toml" in caught.value.message


def test_the_draft_finds_units_and_clocks(tmp_path):
    owners = np.concatenate([np.zeros(200, dtype=int), np.ones(150, dtype=int)])
    times = np.concatenate(SPIKES)
    order = np.argsort(times)
    np.savez(
        tmp_path / "a.npz",
        t=TIMES,
        x=X,
        y=X[::-1],
        hd=np.mod(X * 40, 360),
        spike_times=np.round(times[order] * 30_000).astype(int),
        clusters=owners[order],
    )
    draft = draft_recipe(tmp_path / "a.npz")
    assert (draft.recipe.spikes.times, draft.recipe.spikes.units) == ("spike_times", "clusters")
    assert (draft.recipe.spikes.time_unit, draft.recipe.spikes.rate) == ("samples", 30_000)
    recording = open_recording(tmp_path / "a.npz", draft.recipe)
    for unit in range(2):
        np.testing.assert_allclose(recording.spikes[unit].t, SPIKES[unit], atol=1e-4)
    assert recording.covariates["position"].variables == ("position.x", "position.y")
    np.testing.assert_allclose(recording.covariates["hd"].data.values, np.deg2rad(np.mod(X * 40, 360)), atol=1e-9)
    assert recording.covariates["hd"].kind == "angle"
    assert draft.to_toml().startswith("# ")


def test_a_draft_of_a_file_with_a_standard_is_refused(small_recording, tmp_path):
    small_recording.spikes.save(str(tmp_path / "units.npz"))
    with pytest.raises(GlmError, match="open it without a recipe"):
        draft_recipe(tmp_path / "units.npz")
    np.savez(tmp_path / "b.npz", a=np.array(["x", "y"]))
    with pytest.raises(GlmError, match=r"b\.npz: nothing in it looks like"):
        draft_recipe(tmp_path / "b.npz")


# --- folders --------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def phy_folder(tmp_path):
    folder = tmp_path / "sorted"
    folder.mkdir()
    samples = np.concatenate(SPIKES)
    order = np.argsort(samples)
    np.save(folder / "spike_times.npy", np.round(samples * 30_000)[order].astype(np.uint64)[:, None])
    np.save(folder / "spike_clusters.npy", np.repeat([4, 9], [200, 150])[order].astype(np.int32))
    (folder / "params.py").write_text("dat_path = 'raw.dat'\nn_channels_dat = 4\nsample_rate = 30000.\nimport os; os._exit(3)\n")
    (folder / "cluster_group.tsv").write_text("cluster_id\tgroup\n4\tgood\n9\tmua\n")
    (folder / "cluster_KSLabel.tsv").write_text("cluster_id\tKSLabel\n4\tgood\n9\tgood\n")
    return folder


def test_phy(phy_folder):
    recording = open_recording(phy_folder)
    assert recording.unit_names == ("4", "9")
    for unit, times in enumerate(SPIKES):
        np.testing.assert_allclose(recording.spikes[unit].t, np.round(times * 30_000) / 30_000, atol=1e-9)
    assert recording.unit_table["group"].tolist() == ["good", "mua"]
    (phy_folder / "cluster_group.tsv").write_text("cluster_id\tgroup\n4\tnoise\n9\tgood\n")
    again = open_recording(phy_folder)
    assert again.unit_names == ("9",)
    assert any("noise" in note for note in again.notes)


LABELS = "cluster_id\tgroup\n4\tgood\n9\tnoise\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cluster_group.tsv", ("\ufeff" + LABELS).encode()),
        ("cluster_group.tsv", LABELS.encode("utf-16")),
        ("cluster_group.tsv", LABELS.replace("\n", "\r\n").replace("noise", "Noise ").encode()),
        ("cluster_group.tsv", LABELS.replace("\t", ",").encode()),
        ("cluster_group.tsv", LABELS.replace("\t", " ").encode()),
        ("cluster_group.csv", LABELS.replace("\t", ";").encode()),
        ("cluster_groups.csv", LABELS.encode()),
        ("cluster_group.tsv", LABELS.replace("cluster_id", "Cluster_ID ").encode()),
        ("cluster_group.tsv", LABELS.partition("\n")[2].encode()),
        ("cluster_info.tsv", LABELS.replace("cluster_id\tgroup", "id\tGroup").encode()),
        ("cluster_info.csv", LABELS.replace("\t", ",").encode()),
        ("cluster_purity.csv", LABELS.replace("\t", ",").encode()),
    ],
)
def test_labels_of_phy_in_whatever_way_they_were_saved_again(phy_folder, name, content):
    for file in ("cluster_group.tsv", "cluster_KSLabel.tsv"):
        (phy_folder / file).unlink()
    (phy_folder / name).write_bytes(content)
    recording = open_recording(phy_folder)
    assert recording.unit_names == ("4",)
    assert recording.unit_table["group"].tolist() == ["good"]
    assert not any("without the number of a cluster" in note for note in recording.notes)


def test_phy_without_a_rate(phy_folder):
    (phy_folder / "params.py").unlink()
    with pytest.raises(GlmError, match="sorted: the sampling rate is unknown"):
        open_recording(phy_folder)


def test_suite2p(tmp_path):
    """The options are a pickle with foreign objects in it: the rate is found and nothing is unpickled."""
    import datetime

    plane = tmp_path / "suite2p" / "plane0"
    plane.mkdir(parents=True)
    traces = RNG.gamma(1, 1, (5, 400)).astype(np.float32)
    np.save(plane / "F.npy", traces * 100)
    np.save(plane / "spks.npy", traces)
    np.save(plane / "iscell.npy", np.column_stack([[1, 0, 1, 1, 0], [0.9, 0.2, 0.8, 0.7, 0.1]]))
    np.save(
        plane / "ops.npy",
        np.array({"nplanes": 1, "date_proc": datetime.datetime(2024, 1, 1), "fs": 30.5, "tau": 1.0}, dtype=object),
    )
    for path in (plane, tmp_path / "suite2p", tmp_path):
        recording = open_recording(path)
        assert recording.unit_names == ("0", "2", "3")
        np.testing.assert_allclose(recording.counts.values, traces[[0, 2, 3]].T)
        np.testing.assert_allclose(np.diff(recording.counts.t), 1 / 30.5, atol=2e-9)
    np.save(plane / "ops.npy", np.array({"nplanes": 1}, dtype=object))
    with pytest.raises(GlmError, match=r"frame rate \(fs\)"):
        open_recording(tmp_path / "suite2p")
    assert open_recording(tmp_path / "suite2p", Recipe(counts=Counts(values=("spks",), rate=10.0))).duration == pytest.approx(40)


def test_neurosuite_faults(shared_data, tmp_path):
    folder = tmp_path / "rat"
    shutil.copytree(shared_data / "A2929-neurosuite", folder, copy_function=shutil.copyfile)
    folder.chmod(0o755)
    xml = next(folder.glob("*.xml"))
    text = xml.read_text()
    xml.write_text("<!DOCTYPE a [<!ENTITY b 'c'>]>" + text)
    with pytest.raises(GlmError, match="entities"):
        open_recording(folder)
    xml.write_text(text.replace("<samplingRate>20000</samplingRate>", ""))
    with pytest.raises(GlmError, match="samplingRate"):
        open_recording(folder)
    xml.write_text(text)
    clusters = folder / "A2929-200711.clu.1"
    clusters.write_text(clusters.read_text()[:-20])
    with pytest.raises(GlmError, match=r"\.clu\.1: has .* copy both again"):
        open_recording(folder)
    xml.unlink()
    with pytest.raises(GlmError, match=r"\.xml: is missing"):
        open_recording(folder)


# --- pynapple ---------------------------------------------------------------------------------------------------------------------


def test_one_pynapple_file_with_a_table_of_units(tmp_path):
    group = nap.TsGroup({3: nap.Ts(SPIKES[0]), 7: nap.Ts(SPIKES[1])}, metadata={"region": ["CA1", "CA3"], "depth": [10, 20]})
    group.save(str(tmp_path / "units.npz"))
    recording = open_recording(tmp_path / "units.npz")
    assert recording.unit_names == ("3", "7")
    assert recording.unit_table["region"].tolist() == ["CA1", "CA3"]
    assert recording.unit_table["depth"].tolist() == [10, 20]
    for unit, times in enumerate(SPIKES):
        np.testing.assert_allclose(recording.spikes[unit].t, times, atol=1e-9)


def test_a_file_whose_folder_holds_more_says_to_open_the_folder(tmp_path):
    nap.TsGroup({0: nap.Ts(SPIKES[0])}).save(str(tmp_path / "units.npz"))
    np.savez(tmp_path / "other.npz", a=np.arange(3))
    assert not told_apart(open_recording(tmp_path / "units.npz").notes)[0]
    nap.Tsd(TIMES, X).save(str(tmp_path / "speed.npz"))
    (note,) = told_apart(open_recording(tmp_path / "units.npz").notes)[0]
    assert note.startswith("Beside units.npz lie speed.npz:")
    assert "open the folder" in note
    assert not told_apart(open_recording(tmp_path).notes)[0]


def test_a_folder_without_units_says_what_it_holds(tmp_path):
    nap.Tsd(TIMES, X).save(str(tmp_path / "speed.npz"))
    with pytest.raises(GlmError, match=r"holds no units, only speed \(Tsd\)"):
        open_recording(tmp_path)


def test_frames_not_named_counts_are_covariates(tmp_path):
    nap.TsGroup({0: nap.Ts(SPIKES[0])}).save(str(tmp_path / "units.npz"))
    nap.TsdFrame(TIMES, np.column_stack([np.arange(1000), np.arange(1000)]), columns=["a", "b"]).save(
        str(tmp_path / "screen.npz")
    )
    nap.Ts(SPIKES[1]).save(str(tmp_path / "licks.npz"))
    recording = open_recording(tmp_path)
    assert recording.covariates["screen"].variables == ("screen.a", "screen.b")
    np.testing.assert_allclose(recording.events["licks"].t, SPIKES[1], atol=1e-9)


def test_json_is_not_a_recording(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"a": 1}))
    with pytest.raises(GlmError, match=r"a\.json: its content is plain text"):
        open_recording(tmp_path / "a.json")
