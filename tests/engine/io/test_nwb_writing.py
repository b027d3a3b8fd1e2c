"""Recordings written as NWB and as pynapple npz: valid, opened by others, and back again with nothing lost."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pynapple as nap
import pytest

from glmengine.errors import GlmError
from glmengine.export.npz import write_npz
from glmengine.export.nwb import write_nwb
from glmengine.io.opening import open_recording
from glmengine.recording.recording import Covariate, Recording


@pytest.fixture(scope="module")
def everything():
    """A recording that has some of all there is."""
    rng = np.random.default_rng(2)
    support = nap.IntervalSet([0.0, 50.0], [40.0, 100.0])
    times = np.concatenate([np.arange(0, 40, 0.1), np.arange(50, 100, 0.1)])
    walk = np.cumsum(rng.normal(size=(len(times), 2)), axis=0)
    walk[100:120] = np.nan
    spikes = {unit: nap.Ts(np.sort(rng.uniform(0, 100, 300 * (unit + 1))), time_support=support) for unit in range(3)}
    spikes[3] = nap.Ts(np.empty(0), time_support=support)
    return Recording(
        name="everything",
        unit_names=("tt1 a", "tt1 b", "17", "silent"),
        spikes=nap.TsGroup(spikes, time_support=support),
        unit_table=pd.DataFrame(
            {"region": ["CA1", "CA1", "MEC", ""], "depth": [1.5, 2.0, np.nan, 3.0], "good": [True, False, True, True]}
        ),
        covariates={
            "position": Covariate(
                "position",
                nap.TsdFrame(times, walk, columns=["east", "north"], time_support=support),
                "cm",
                "continuous",
                "of the head",
            ),
            "heading": Covariate("heading", nap.Tsd(times, np.mod(walk[:, 0], 2 * np.pi), time_support=support), "rad", "angle"),
            "block": Covariate(
                "block", nap.Tsd(np.array([0.0, 30.0, 60.0]), np.array([1.0, 2.0, 1.0]), time_support=support), "", "category"
            ),
            "speed": Covariate("speed", nap.Tsd(times, np.abs(walk[:, 1]), time_support=support), "cm/s"),
            "screen": Covariate(
                "screen", nap.TsdTensor(times[:50], rng.normal(size=(50, 3, 4)), time_support=support), "", "step"
            ),
        },
        epochs={
            "all": support,
            "run": nap.IntervalSet([5.0, 60.0], [30.0, 80.0]),
            "laps": nap.IntervalSet([0.0, 12.0], [10.0, 20.0]),
        },
        trials={"laps": nap.IntervalSet([0.0, 12.0], [10.0, 20.0], metadata={"side": ["left", "right"], "reward": [0.5, 1.0]})},
        events={
            "reward": nap.Ts(np.array([3.0, 14.5]), time_support=support),
            "laps_start": nap.Ts(np.array([0.0, 12.0]), time_support=support),
        },
        source={"truth": {"gain": np.array([1.0, 2.0]), "names": ("a", "b"), "nested": {"n": np.int64(3)}}},
    )


def assert_same(one: Recording, other: Recording) -> None:
    assert other.unit_names == one.unit_names
    if one.spikes is not None:
        for unit in range(len(one.unit_names)):
            np.testing.assert_array_equal(other.spikes[unit].t, one.spikes[unit].t)
    else:
        np.testing.assert_array_equal(other.counts.values, one.counts.values)
        np.testing.assert_array_equal(other.counts.t, one.counts.t)
    for name, covariate in one.covariates.items():
        again = other.covariates[name]
        assert (again.unit, again.kind, again.description, again.components) == (
            covariate.unit,
            covariate.kind,
            covariate.description,
            covariate.components,
        )
        np.testing.assert_array_equal(again.data.values, covariate.data.values)
        np.testing.assert_array_equal(again.data.t, covariate.data.t)
    for kind in ("covariates", "epochs", "trials", "events"):
        assert set(getattr(other, kind)) == set(getattr(one, kind)), kind
    for name, epoch in one.epochs.items():
        np.testing.assert_allclose(other.epochs[name].values, epoch.values, atol=1e-9)
    for name, trials in one.trials.items():
        np.testing.assert_allclose(other.trials[name].values, trials.values, atol=1e-9)
        for column in trials.metadata_columns:
            np.testing.assert_array_equal(np.asarray(other.trials[name].get_info(column)), np.asarray(trials.get_info(column)))
    for name, times in one.events.items():
        np.testing.assert_array_equal(other.events[name].t, times.t)


@pytest.fixture
def written(everything, tmp_path):
    def write(kind):
        if kind == "nwb":
            path = tmp_path / "everything.nwb"
            write_nwb(everything, path)
        else:
            path = tmp_path / "everything"
            write_npz(everything, path)
        return path

    return write


@pytest.mark.parametrize("kind", ["nwb", "npz"])
def test_everything_comes_back(everything, written, kind):
    again = open_recording(written(kind))
    assert_same(everything, again)
    assert again.unit_table["region"].tolist() == ["CA1", "CA1", "MEC", ""]
    np.testing.assert_array_equal(again.unit_table["depth"], [1.5, 2.0, np.nan, 3.0])
    assert again.unit_table["good"].tolist() == [True, False, True, True]
    assert again.source["truth"] == {"gain": [1.0, 2.0], "names": ["a", "b"], "nested": {"n": 3}}
    assert again.name == "everything"


def test_what_is_written_is_valid_nwb_and_writes_without_warnings(everything, tmp_path):
    import pynwb

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_nwb(everything, tmp_path / "a.nwb")
    assert not pynwb.validate(path=str(tmp_path / "a.nwb"))


@pytest.mark.parametrize("name", ["linear-track.nwb", "human-mtl-task.nwb", "head-direction-npz", "A2929-neurosuite"])
def test_real_recordings_go_through_nwb(shared_data, tmp_path, name):
    import pynwb

    recording = open_recording(shared_data / name)
    write_nwb(recording, tmp_path / "again.nwb")
    assert not pynwb.validate(path=str(tmp_path / "again.nwb"))
    assert_same(recording, open_recording(tmp_path / "again.nwb"))


def test_the_simulated_sample_keeps_its_truth(tmp_path):
    from glmengine.simulation.catalogue import sample, truth_of

    recording = sample()
    write_nwb(recording, tmp_path / "sample.nwb")
    again = open_recording(tmp_path / "sample.nwb")
    assert_same(recording, again)
    assert truth_of(again)["units"] == truth_of(recording)["units"]


@pytest.mark.parametrize("name", ["current-injection", "white-noise", "decision-task"])
def test_other_samples_are_valid_and_open_in_pynapple(tmp_path, name):
    import pynwb

    from glmengine.simulation.catalogue import sample, truth_of

    recording = sample(name)
    write_nwb(recording, tmp_path / "sample.nwb")
    assert not pynwb.validate(path=str(tmp_path / "sample.nwb"))
    again = open_recording(tmp_path / "sample.nwb")
    assert_same(recording, again)
    assert truth_of(again)["units"] == truth_of(recording)["units"]
    theirs = nap.NWBFile(str(tmp_path / "sample.nwb"))
    for key, covariate in recording.covariates.items():
        np.testing.assert_array_equal(theirs[key].values, covariate.data.values)
    for key, trials in recording.trials.items():
        assert list(theirs[key].get_info(trials.metadata_columns[0])) == list(trials.get_info(trials.metadata_columns[0]))


AWKWARD = (
    "units", "Position", "CompassDirection", "event e", "ü脑", "a:b", "start_time", "id", "tags", "timeseries", "tags_index", "colnames",
    "description", "name", "data", "epochs", "trials", "behavior", "x", "laps", "all", "spike_times", "spike_counts", "quality", "a b", "X",
)  # fmt: skip


@pytest.mark.parametrize("kind", ["nwb", "npz"])
def test_names_that_the_formats_use_themselves_come_back(tmp_path, kind):
    support = nap.IntervalSet(0, 10)
    tables = [name for name in AWKWARD if name != "all"]
    values = nap.Tsd(np.arange(0, 10, 0.1), np.arange(100.0), time_support=support)
    properties = {name: [1, 2] for name in AWKWARD}
    recording = Recording(
        "r",
        AWKWARD,
        spikes=nap.TsGroup({n: nap.Ts(np.arange(1, 9.0)) for n in range(len(AWKWARD))}, time_support=support),
        unit_table=pd.DataFrame({name: np.arange(len(AWKWARD)) * 1.5 for name in AWKWARD}),
        covariates={name: Covariate(name, values, "cm" if place % 2 else "V") for place, name in enumerate(AWKWARD)},
        epochs={"all": support, **{name: nap.IntervalSet(1, 3) for name in AWKWARD if name != "all"}},
        trials={name: nap.IntervalSet([1, 4], [2, 5], metadata=properties) for name in tables},
        events={name: nap.Ts(np.array([1.5, 2.5])) for name in AWKWARD},
    )
    path = tmp_path / ("a.nwb" if kind == "nwb" else "a")
    (write_nwb if kind == "nwb" else write_npz)(recording, path)
    again = open_recording(path)
    assert again.unit_names == AWKWARD
    assert set(again.unit_table.columns) == set(AWKWARD)
    assert (again.unit_table.to_numpy() == recording.unit_table[list(again.unit_table.columns)].to_numpy()).all()
    assert {name: item.unit for name, item in again.covariates.items()} == {
        name: item.unit for name, item in recording.covariates.items()
    }
    assert set(again.trials) == set(tables)
    assert all(set(table.metadata_columns) == set(AWKWARD) for table in again.trials.values())
    assert set(again.epochs) == {"all", *AWKWARD}
    assert set(again.events) == {*AWKWARD, *(f"{name}_start" for name in tables)}


def test_counts_that_came_binned(tmp_path):
    counts = nap.TsdFrame(
        np.arange(100) * 0.1 + 0.05,
        np.random.default_rng(0).poisson(1, (100, 2)),
        columns=["p", "q"],
        time_support=nap.IntervalSet(0, 10),
    )
    recording = Recording("binned", ("p", "q"), counts=counts, epochs={"all": nap.IntervalSet(0, 10)})
    write_nwb(recording, tmp_path / "a.nwb")
    write_npz(recording, tmp_path / "a")
    for path in (tmp_path / "a.nwb", tmp_path / "a"):
        assert_same(recording, open_recording(path))


def test_pynapple_opens_what_is_written(everything, written):
    folder = written("npz")
    units = nap.load_file(str(folder / "units.npz"))
    np.testing.assert_array_equal(units[1].t, everything.spikes[1].t)
    assert list(units.get_info("region")) == ["CA1", "CA1", "MEC", ""]
    theirs = nap.NWBFile(str(written("nwb")))
    np.testing.assert_array_equal(theirs["units"][1].t, everything.spikes[1].t)
    np.testing.assert_array_equal(theirs["heading"].values, everything.covariates["heading"].data.values)
    assert list(theirs["laps"].get_info("side")) == ["left", "right"]


def test_what_was_there_survives_a_failure(everything, tmp_path):
    path = tmp_path / "kept.nwb"
    path.write_bytes(b"what was there")
    broken = replace(everything, source={"truth": {"a": {1, 2}}}, covariates={"bad": Covariate("bad", None)})
    with pytest.raises(AttributeError):
        write_nwb(broken, path)
    assert path.read_bytes() == b"what was there"
    with pytest.raises(GlmError, match="cannot be written"):
        write_nwb(everything, tmp_path / "no folder" / "a.nwb")
    folder = tmp_path / "full"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(GlmError, match="exists already"):
        write_npz(everything, folder)
    assert [file.name for file in folder.iterdir()] == ["mine.txt"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["full", "kept.nwb"]


def test_results_go_into_a_copy_of_the_file(small_recording, small_result, tmp_path):
    import pynwb

    from glmengine.export.file_names import file_name
    from glmengine.export.formats.result_tables import result_tables
    from glmengine.export.nwb_results import write_results_nwb

    original = tmp_path / "session.nwb"
    write_nwb(small_recording, original)
    before = original.read_bytes()
    recording = open_recording(original)
    with pytest.raises(GlmError, match="the recording itself"):
        write_results_nwb(small_result, recording, original)
    for number, path in enumerate([tmp_path / "fitted.nwb", tmp_path / "from memory.nwb"]):
        write_results_nwb(small_result, small_recording if number else recording, path)
        assert not pynwb.validate(path=str(path))
        with pynwb.NWBHDF5IO(str(path), "r") as io:
            module = io.read().processing["glmengine"]
            scores = module["scores"].to_dataframe()
            assert scores["unit_name"].tolist() == list(small_result.units)
            np.testing.assert_array_equal(
                scores["deviance_explained_heldout"], small_result.scores["deviance_explained_heldout"].values
            )
            table = module["coefficients"]
            np.testing.assert_array_equal(np.asarray(table["coefficient"].data)[1:], small_result.coefficients.values)
            for one in result_tables(small_result)[2:]:
                held = module[file_name(one.name)].to_dataframe()
                for title, values in one.columns.items():
                    np.testing.assert_array_equal(held[title].to_numpy(), values, err_msg=f"{one.name}: {title}")
            assert {"tests", "coupling", "cross_validation", "fold_scores"} < set(module.data_interfaces)
        assert_same(small_recording, open_recording(path))
    assert original.read_bytes() == before
