"""Whatever is repaired or doubtful in a file stands in what `glmengine inspect` says of it."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from glmengine.cli.main import main

RNG = np.random.default_rng(0)
CLEAN = [np.sort(RNG.uniform(0.01, 99.9, 300)) for _ in range(3)]
TIMES = np.arange(0, 100, 0.05)


def write(path, spikes, *, series=None, times=TIMES, unit="cm", events=None, trials=None, name="position") -> None:
    """A small NWB file with the given parts, position being always there."""
    if series is None:
        series = np.column_stack([50 + 40 * np.sin(TIMES / 3), 50 + 40 * np.cos(TIMES / 7)])
    with h5py.File(path, "w") as file:
        file.attrs["nwb_version"] = "2.6.0"
        units = file.create_group("units")
        units["id"] = np.arange(len(spikes))
        units["spike_times"] = np.concatenate(spikes)
        units["spike_times_index"] = np.cumsum([len(one) for one in spikes])
        group = file.create_group(f"processing/behavior/{name}")
        group["data"], group["timestamps"] = series, times
        group["data"].attrs["unit"] = unit
        if events is not None:
            ttl = file.create_group("acquisition/ttl")
            ttl.attrs["neurodata_type"] = "TimeSeries"
            ttl["data"], ttl["timestamps"] = np.ones(len(events), np.uint8), events
        if trials is not None:
            table = file.create_group("intervals/trials")
            table["id"] = np.arange(len(trials))
            table["start_time"], table["stop_time"] = np.array(trials, float).T


def changed(array, rows, value):
    array = np.array(array, dtype=float)
    array[rows] = value
    return array


WALK = np.column_stack([50 + 40 * np.sin(TIMES / 3), 50 + 40 * np.cos(TIMES / 7)])

CASES = {
    "a silent unit": ({"spikes": [*CLEAN, np.empty(0)]}, "No spikes in unit 3."),
    "noise": ({"spikes": [*CLEAN, np.sort(RNG.uniform(0.01, 99.9, 9000))]}, "Unit 3 has 91 % of all spikes: it may be noise that was never sorted."),
    "no unit of measure": ({"unit": ""}, "No unit of measure is given for position."),
    "no unit of measure that says anything": ({"unit": "n.a."}, "No unit of measure is given for position."),
    "lost tracking": ({"series": changed(WALK, slice(100, 300), np.nan)}, "position: 10.0 % of its samples are missing; bins in longer gaps are not used."),
    "sentinel": ({"series": changed(WALK, slice(100, 120), -1.0)}, "position: 20 samples of exactly -1 taken as missing."),
    "infinite": ({"series": changed(WALK, 7, np.inf)}, "position: 2 infinite values taken as missing."),
    "nothing valid": ({"series": np.full((2000, 2), np.nan)}, "position has no valid value: a term on it cannot be fitted."),
    "far event": ({"events": np.array([-1.5e9, 3.0, 4.0])}, "events ttl=1: 1 time far outside the recording left out."),
    "unsorted": ({"spikes": [CLEAN[0][::-1], *CLEAN[1:]]}, "Spike times out of order, now sorted: 299 (unit 0)."),
    "repeated": ({"spikes": [np.repeat(CLEAN[0], 2), *CLEAN[1:]]}, "Repeated spike times left out: 300 (unit 0)."),
    "negative": ({"spikes": [np.concatenate([[-3.0], CLEAN[0]]), *CLEAN[1:]]}, "Negative spike times left out, as the recording starts at 0 s: 1 (unit 0)."),
    "no number": ({"spikes": [np.concatenate([CLEAN[0], [np.nan, 1e12]]), *CLEAN[1:]]}, "Spike times left out because they are no numbers or lie far outside the recording: 2 (unit 0)."),
    "backwards": ({"times": changed(TIMES, slice(500, 510), TIMES[500:510] - 20.01)}, "position: its times went backwards in 1 place, by up to 20 s; they were sorted."),
    "a time twice": ({"times": changed(TIMES, 500, TIMES[499])}, "position: 1 sample at a repeated time left out."),
    "reversed": ({"trials": [(1, 5), (9, 7), (10, 12)]}, "trials 'trials': 1 interval with stop before start left out."),
    "overlapping": ({"trials": [(1, 5), (4, 8), (10, 12)]}, "trials 'trials': 1 cut short where the next one starts."),
    "degrees": ({"series": np.mod(WALK[:, 0] * 9, 360), "unit": "deg", "name": "heading"}, "heading was turned from degrees into radians."),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_it_is_said(case, tmp_path, capsys):
    parts, note = CASES[case]
    write(tmp_path / "made.nwb", **{"spikes": CLEAN, **parts})
    assert main(["inspect", str(tmp_path / "made.nwb")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"  {note}" in lines[lines.index("Notes") :]
    assert "note" in lines[0]


def test_a_clean_file_has_no_notes(tmp_path, capsys):
    write(tmp_path / "made.nwb", CLEAN, events=np.array([3.0, 4.0]), trials=[(1, 5), (6, 8)])
    assert main(["inspect", str(tmp_path / "made.nwb")]) == 0
    assert "note" not in capsys.readouterr().out.lower()


def inspected(path, capsys) -> str:
    assert main(["inspect", str(path)]) == 0
    return " ".join(capsys.readouterr().out.split())


def test_a_link_to_nothing_is_said(tmp_path, capsys):
    write(tmp_path / "a.nwb", CLEAN)
    with h5py.File(tmp_path / "a.nwb", "r+") as file:
        file["processing/behavior/speed"] = h5py.SoftLink("/acquisition/gone")
    assert "processing/behavior/speed is a link to /acquisition/gone, which is not there" in inspected(tmp_path / "a.nwb", capsys)


def test_what_is_compressed_in_an_unknown_way_is_said(tmp_path, capsys):
    write(tmp_path / "a.nwb", CLEAN)
    with h5py.File(tmp_path / "a.nwb", "r+") as file:
        group = file["processing/behavior/position"]
        del group["data"]
        made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        made.set_chunk((100, 2))
        made.set_filter(32999, h5py.h5z.FLAG_OPTIONAL, (1,))
        space = h5py.h5s.create_simple((len(TIMES), 2))
        h5py.h5d.create(group.id, b"data", h5py.h5t.IEEE_F64LE, space, made).write_direct_chunk((0, 0), b"packed")
    said = inspected(tmp_path / "a.nwb", capsys)
    assert "position was left out: it is compressed by filter 32999, which cannot be read here; write the file with gzip." in said


def test_numbers_below_0_are_no_spikes(tmp_path, capsys):
    (tmp_path / "a.csv").write_text("time,cell1\n" + "".join(f"{k / 10},{k % 3 - 1}\n" for k in range(200)))
    (tmp_path / "a.toml").write_text('format_version = 1\n[counts]\nvalues = ["cell1"]\ntimes = "time"\n')
    assert main(["inspect", str(tmp_path / "a.csv"), "--recipe", str(tmp_path / "a.toml")]) == 0
    assert "spike" not in capsys.readouterr().out.splitlines()[0]
