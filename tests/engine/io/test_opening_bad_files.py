"""Files that are damaged, misnamed or hostile: each is refused with one sentence that names it, and no code in it is run.

`test_mutants` and `test_hostile_files` try damage at random and by kind on every format.
"""

from __future__ import annotations

import io
import os
import pickle
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from glmengine.errors import GlmError
from glmengine.export.nwb import write_nwb
from glmengine.io.files.trial_reader import LIMITS_COMPUTING, answer_of
from glmengine.io.opening import open_recording
from tests.clock import PATIENCE_S, processor_seconds
from tests.deflated import add_zeros


@pytest.fixture(scope="module")
def good(small_recording, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("good") / "good.nwb"
    write_nwb(small_recording, path)
    return path


def refused(path: Path, **options) -> str:
    """The one sentence with which `path` is refused."""
    with pytest.raises(GlmError) as caught:
        open_recording(path, **options)
    message = caught.value.message
    assert path.name in message
    assert "\n" not in message
    assert len(message) < 500
    return message


def copy_of(good: Path, tmp_path: Path, change) -> Path:
    path = tmp_path / "changed.nwb"
    shutil.copy(good, path)
    with h5py.File(path, "r+") as file:
        change(file)
    return path


# --- what is not a recording -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("notes.nwb", b"these are my notes, not data\n" * 20, "plain text"),
        ("empty.nwb", b"", "empty"),
        ("zeros.nwb", b"\0" * 100_000, "zeros"),
        ("random.nwb", bytes(np.random.default_rng(0).integers(0, 256, 5000, dtype=np.uint8)), "binary data"),
        ("paper.nwb", b"%PDF-1.7 ...." * 50, "PDF"),
        ("plot.npz", b"\x89PNG\r\n\x1a\n" + b"\0" * 200, "picture"),
        ("model.npz", pickle.dumps({"a": np.arange(10)}, protocol=4), "pickle"),
    ],
)
def test_content_that_is_no_recording_is_named(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    assert says in refused(path)


def test_what_is_absent_or_an_empty_folder_or_no_file_is_said(tmp_path):
    assert "no such file" in refused(tmp_path / "absent.nwb")
    folder = tmp_path / "nothing"
    folder.mkdir()
    assert refused(folder).startswith("nothing: is an empty folder")
    (folder / "readme.txt").write_text("hello")
    assert "folder" in refused(folder)
    pipe = tmp_path / "pipe.nwb"
    os.mkfifo(pipe)
    assert "neither a file nor a folder" in refused(pipe)


def test_a_name_that_no_file_can_have(tmp_path):
    with pytest.raises(GlmError, match="no valid path"):
        open_recording("a\0b.nwb")
    with pytest.raises(GlmError):
        open_recording(tmp_path / ("x" * 5000))


def test_a_file_without_permission(good, tmp_path):
    path = tmp_path / "locked.nwb"
    shutil.copy(good, path)
    path.chmod(0)
    if os.access(path, os.R_OK):  # root reads everything: the same in a process that is not root
        code = (
            "import os\nfrom glmengine.errors import GlmError\nfrom glmengine.io.opening import open_recording; from glmengine.io.recognition import readers\n"
            "readers(); os.setegid(65534); os.seteuid(65534)\n"
            f"try: open_recording({str(path)!r})\nexcept GlmError as error: print(error.message)"
        )
        answer = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE_S, cwd=Path(__file__).parents[3]
        )
        assert answer.returncode == 0, answer.stderr
        message = answer.stdout
    else:
        message = refused(path)
    assert "locked.nwb: cannot be read (Permission denied)" in message


@pytest.mark.parametrize("ending", [".npz", ".csv"])
def test_content_under_the_ending_of_another_format_is_refused(good, tmp_path, ending):
    path = tmp_path / f"session{ending}"
    shutil.copy(good, path)
    message = refused(path)
    assert "content is NWB" in message
    assert ".nwb" in message


def test_an_ending_that_means_nothing_does_not_matter(good, tmp_path):
    path = tmp_path / "session.backup"
    shutil.copy(good, path)
    assert len(open_recording(path).unit_names) == 3


def test_hdf5_that_is_not_nwb(tmp_path):
    path = tmp_path / "other.nwb"
    with h5py.File(path, "w") as file:
        file["x"] = np.arange(10)
    assert "HDF5" in refused(path)


# --- NWB without what is needed ----------------------------------------------------------------------------------------------


def test_nwb_without_units(good, tmp_path):
    message = refused(copy_of(good, tmp_path, lambda file: file.pop("units")))
    assert "no units with spike times" in message


def test_units_without_a_spike(good, tmp_path):
    def silence(file):
        file["units/spike_times_index"][...] = 0

    assert "none of its units has a spike" in refused(copy_of(good, tmp_path, silence))


def test_an_index_that_does_not_fit(good, tmp_path):
    def spoil(file):
        file["units/spike_times_index"][...] = [5, 3, 60_000]

    assert "does not fit" in refused(copy_of(good, tmp_path, spoil))


def test_a_covariate_without_a_valid_value_is_kept_and_noted(good, tmp_path):
    def spoil(file):
        file["processing/behavior/Position/position/data"][...] = np.nan

    recording = open_recording(copy_of(good, tmp_path, spoil))
    assert np.isnan(recording.covariates["position"].data.values).all()
    assert any("position has no valid value" in note for note in recording.notes)


def test_a_series_whose_times_do_not_fit_is_left_out_with_a_note(good, tmp_path):
    def spoil(file):
        group = file["processing/behavior/Position/position"]
        times = group["timestamps"][:-5]
        del group["timestamps"]
        group["timestamps"] = times

    recording = open_recording(copy_of(good, tmp_path, spoil))
    assert "position" not in recording.covariates
    assert any("do not fit" in note for note in recording.notes)


# --- damaged files -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.999])
def test_truncated_nwb(good, tmp_path, share):
    path = tmp_path / "cut.nwb"
    content = good.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    refused(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_truncated_npz(tmp_path, share):
    import pynapple as nap

    nap.TsGroup({0: nap.Ts(np.arange(500.0))}).save(str(tmp_path / "whole.npz"))
    content = (tmp_path / "whole.npz").read_bytes()
    path = tmp_path / "cut.npz"
    path.write_bytes(content[: int(share * len(content))])
    refused(path)


# --- files made to do harm -------------------------------------------------------------------------------------------------------


class Harm:
    """Unpickling this would write a file."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return (Path.touch, (self.target,))


def npz_with(path: Path, **objects: bytes) -> None:
    """A pynapple-like npz with one Ts, and `objects` (npy files) beside it."""
    arrays = {
        "t": np.arange(5.0),
        "start": np.array([0.0]),
        "end": np.array([4.0]),
        "type": np.array(["Tsd"], dtype=np.str_),
        "d": np.arange(5.0),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in arrays.items():
            stream = io.BytesIO()
            np.lib.format.write_array(stream, value)
            archive.writestr(f"{name}.npy", stream.getvalue())
        for name, content in objects.items():
            archive.writestr(f"{name}.npy", content)


def object_array(pickled: bytes) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "|O", "fortran_order": False, "shape": ()})
    return stream.getvalue() + pickled


@pytest.mark.parametrize("part", ["_metadata", "columns"])
def test_a_pickle_that_would_run_code_runs_none(tmp_path, part):
    target = tmp_path / "harm"
    path = tmp_path / "spikes.npz"
    npz_with(path, **{part: object_array(pickle.dumps(np.array(Harm(target), dtype=object)))})
    assert "more than plain data" in refused(path)
    assert not target.exists()


@pytest.mark.parametrize("harm", [os.system, eval, getattr, np.load, np.fromfile, Path, zipfile.ZipFile])
def test_no_callable_passes_the_unpickler(tmp_path, harm):
    path = tmp_path / "spikes.npz"
    npz_with(path, _metadata=object_array(pickle.dumps(harm)))
    assert "more than plain data" in refused(path)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, value in {"t": np.arange(5.0), "start": np.zeros(1), "end": np.ones(1), "type": np.array(["Tsd"])}.items():
            stream = io.BytesIO()
            np.lib.format.write_array(stream, value)
            archive.writestr(f"{name}.npy", stream.getvalue())
        head = io.BytesIO()
        np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": (3 * 2**27,)})
        add_zeros(archive, "d.npy", head.getvalue(), 3 * 2**30)
    assert path.stat().st_size < 2**25
    spent = processor_seconds()
    assert "3 GB" in refused(path)
    assert processor_seconds() - spent < 5


def test_a_header_that_promises_more_than_there_is(tmp_path):
    path = tmp_path / "promise.npz"
    npz_with(path)
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": (2**55,)})
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("d.npy", stream.getvalue())
    refused(path)


def test_hdf5_that_unpacks_to_much_more_than_it_takes(good, tmp_path):
    def inflate(file):
        group = file["processing/behavior/Position/position"]
        del group["data"]
        group.create_dataset("data", shape=(2**38, 2), chunks=(2**20, 2), compression="gzip", dtype="f8", fillvalue=1.0)

    recording = open_recording(copy_of(good, tmp_path, inflate))
    assert "position" not in recording.covariates
    assert any("GB" in note for note in recording.notes)


def test_entries_that_leave_their_folder_write_nothing(tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    path = inner / "spikes.npz"
    npz_with(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../escaped.npy", b"harm")
    refused(path)
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["inner", "spikes.npz"]


def test_links_into_other_files_are_not_followed(good, tmp_path):
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        series = file.create_group("series")
        series["data"], series["timestamps"] = np.arange(10.0), np.arange(10.0)
    (tmp_path / "secret.bin").write_bytes(np.arange(12000.0).tobytes())

    def link(file):
        file["acquisition/elsewhere"] = h5py.ExternalLink(str(secret), "series")
        group = file.create_group("acquisition/outside")
        group.create_dataset("data", (6000,), "f8", external=[(str(tmp_path / "secret.bin"), 0, 48000)])
        group["timestamps"] = np.arange(6000.0)
        file["acquisition/loop"] = h5py.SoftLink("/acquisition")
        file["acquisition/by way of"] = h5py.SoftLink("/acquisition/elsewhere")
        inner = file.create_group("acquisition/inner")
        inner["data"] = h5py.ExternalLink(str(secret), "series/data")
        inner["timestamps"] = np.arange(10.0)

    recording = open_recording(copy_of(good, tmp_path, link))
    assert set(recording.covariates) == {"position", "head_direction"}
    assert sum("another file" in note for note in recording.notes) == 4


def test_units_that_lie_in_another_file_are_not_fetched(good, tmp_path):
    other = tmp_path / "other.nwb"
    shutil.copy(good, other)

    def link(file):
        del file["units/spike_times"]
        file["units/spike_times"] = h5py.ExternalLink(str(other), "units/spike_times")

    assert "units/spike_times lies in another file" in refused(copy_of(good, tmp_path, link))


@pytest.mark.parametrize("start", [b"", b"\x89HDF\r\n\x1a\n", b"time,x\n1,2\n", b"PK\x03\x04"])
def test_a_sparse_file_of_three_gigabytes(tmp_path, start):
    path = tmp_path / "huge.nwb"
    with open(path, "wb") as file:
        file.write(start)
        file.truncate(3 * 2**30)
    spent = processor_seconds()
    refused(path)
    assert processor_seconds() - spent < 10


# --- the child process --------------------------------------------------------------------------------------------------------------


def test_a_reader_that_crashes_hangs_or_eats_memory_is_stopped(tmp_path, monkeypatch):
    """The three ways in which a foreign library fails on a damaged file, played by a reader of another package."""
    package = tmp_path / "plugin"
    (package / "bad_reader-1.0.dist-info").mkdir(parents=True)
    (package / "bad_reader-1.0.dist-info" / "METADATA").write_text("Name: bad-reader\nVersion: 1.0\n")
    (package / "bad_reader-1.0.dist-info" / "entry_points.txt").write_text("[glmengine.readers]\nbad = bad_reader:READER\n")
    (package / "bad_reader.py").write_text(
        "import os, time\n"
        "import numpy as np\n"
        "from glmengine.io.raw import RawRecording\nfrom glmengine.io.reader import Reader\n"
        "def read(path, recipe):\n"
        "    what = path.read_text()[4:].strip()\n"
        "    if what == 'crash': os.abort()\n"
        "    if what == 'hang': time.sleep(600)\n"
        "    if what == 'loop':\n"
        "        while True: pass\n"
        "    if what == 'wait': time.sleep(4)\n"
        "    if what == 'eat': np.ones(2**36)\n"
        "    return RawRecording(spikes=[np.arange(10.0)], unit_names=['a'])\n"
        "READER = Reader('Bad', ('.bad',), lambda path, head: head.startswith(b'BAD '), read, probe=True)\n"
    )
    monkeypatch.syspath_prepend(str(package))
    monkeypatch.setenv("PYTHONPATH", str(package))
    from glmengine.io.recognition import readers

    readers.cache_clear()
    try:
        for what, seconds, patience, says in [
            ("crash", PATIENCE_S, 1.0, "broke down"),
            ("hang", 3.0, 1.0, "could not be read within 3 s"),
            ("loop", 3.0, 1e3, "could not be read within 3 s"),
            ("eat", PATIENCE_S, 1.0, "more memory"),
        ]:
            path = tmp_path / f"{what}.bad"
            path.write_text(f"BAD {what}")
            with monkeypatch.context() as patch:
                patch.setattr("glmengine.io.files.probe.BASE_SECONDS", seconds)
                patch.setattr("glmengine.io.files.trial_reader.PATIENCE", patience)
                assert says in refused(path)
        if LIMITS_COMPUTING:  # a busy computer, or a slow disk, is no fault of the file
            path = tmp_path / "wait.bad"
            path.write_text("BAD wait")
            with monkeypatch.context() as patch:
                patch.setattr("glmengine.io.files.probe.BASE_SECONDS", 3.0)
                patch.setattr("glmengine.io.files.trial_reader.PATIENCE", 1e3)
                assert open_recording(path).unit_names == ("a",)
        path = tmp_path / "fine.bad"
        path.write_text("BAD fine")
        assert open_recording(path).unit_names == ("a",)
    finally:
        readers.cache_clear()


def test_a_file_that_went_well_is_not_probed_again(good, tmp_path, monkeypatch):
    path = tmp_path / "again.nwb"
    shutil.copy(good, path)
    with h5py.File(path, "r+") as file:
        file["general/session_id"] = "a content that was never opened"
    asked = []
    monkeypatch.setattr("glmengine.io.files.probe.answer_of", lambda *a: asked.append(1) or answer_of(*a))
    open_recording(path)
    open_recording(path)
    assert asked == [1]
