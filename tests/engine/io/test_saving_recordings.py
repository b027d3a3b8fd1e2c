"""Recordings saved in other formats and results in copies: the original stays as it was, and nothing is left half written."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from glmengine.cli.main import main
from glmengine.errors import GlmError
from glmengine.export.npz import write_npz
from glmengine.export.nwb import write_nwb
from glmengine.export.nwb_results import write_results_nwb
from glmengine.export.recordings import save_recording
from glmengine.io.fingerprint import sha256_of
from glmengine.io.opening import open_recording
from tests.clock import PATIENCE_S


@pytest.fixture
def original(small_recording, tmp_path) -> Path:
    path = tmp_path / "données" / "Maus 7 – 脑.nwb"
    path.parent.mkdir()
    write_nwb(small_recording, path)
    return path


def spikes_of(path) -> list[np.ndarray]:
    recording = open_recording(path)
    return [recording.spikes[unit].t for unit in range(len(recording.unit_names))]


@pytest.mark.parametrize("name", ["Kopie ü.nwb", "Kopie ü"])
def test_a_recording_goes_through_the_command_line_and_back(original, capsys, name):
    out = original.parent / name
    before = original.read_bytes()
    assert main(["convert", str(original), str(out)]) == 0
    assert f"written: {out}" in capsys.readouterr().out
    for one, other in zip(spikes_of(original), spikes_of(out), strict=True):
        np.testing.assert_array_equal(one, other)
    assert original.read_bytes() == before
    # what is there is not replaced unasked
    assert main(["convert", str(original), str(out)]) == 1
    assert "exists already" in capsys.readouterr().err
    assert main(["convert", str(out), str(original.parent / "back.nwb")]) == 0
    for one, other in zip(spikes_of(original), spikes_of(original.parent / "back.nwb"), strict=True):
        np.testing.assert_array_equal(one, other)


def test_an_nwb_file_is_replaced_when_that_is_wanted(original, capsys):
    out = original.parent / "taken.nwb"
    out.write_text("something else")
    assert main(["convert", str(original), str(out), "--force"]) == 0
    assert len(spikes_of(out)) == 3


@pytest.mark.parametrize("way", ["itself", "symbolic link", "hard link", "another spelling"])
def test_the_original_is_never_written_over(original, small_result, way, capsys):
    recording = open_recording(original)
    path = original.parent / "link.nwb"
    if way == "itself":
        path = original
    elif way == "symbolic link":
        path.symlink_to(original)
    elif way == "hard link":
        os.link(original, path)
    else:
        path = original.parent / ".." / original.parent.name / original.name
    before = original.read_bytes()
    with pytest.raises(GlmError, match="the recording itself"):
        save_recording(recording, path)
    with pytest.raises(GlmError, match="the recording itself"):
        write_results_nwb(small_result, recording, path)
    assert main(["convert", str(original), str(path), "--force"]) == 1
    assert original.read_bytes() == before


def test_nothing_is_put_into_the_folder_that_the_recording_is(small_recording, small_result, tmp_path):
    folder = tmp_path / "session"
    write_npz(small_recording, folder)
    recording, before = open_recording(folder), sha256_of(folder)
    (tmp_path / "alias").symlink_to(folder)
    for name in ("session/copy.nwb", "session/copy", "alias/copy.nwb", "session"):
        with pytest.raises(GlmError, match=r"folder of the recording itself|the recording itself"):
            save_recording(recording, tmp_path / name)
    with pytest.raises(GlmError, match="folder of the recording itself"):
        write_results_nwb(small_result, recording, folder / "fitted.nwb")
    assert sha256_of(folder) == before


def test_an_ending_of_another_format_is_refused(small_recording, small_result, tmp_path):
    with pytest.raises(GlmError, match=r"a\.mat: a recording is saved as NWB"):
        save_recording(small_recording, tmp_path / "a.mat")
    with pytest.raises(GlmError, match=r"ends with \.nwb"):
        write_results_nwb(small_result, small_recording, tmp_path / "a.h5")
    assert not list(tmp_path.iterdir())


def test_results_of_other_units_or_for_a_file_that_is_gone_are_refused(original, small_recording, small_result, tmp_path):
    strange = replace(small_recording, unit_names=("x", "y", "z"))
    with pytest.raises(GlmError, match="has no unit"):
        write_results_nwb(small_result, strange, tmp_path / "a.nwb")
    recording = open_recording(original)
    original.unlink()
    with pytest.raises(GlmError, match="no longer there"):
        write_results_nwb(small_result, recording, tmp_path / "a.nwb")
    assert not (tmp_path / "a.nwb").exists()


def test_results_are_exported_by_the_command_line(original, small_result, tmp_path, capsys):
    import pynapple as nap
    import pynwb

    small_result.save(tmp_path / "r.nc")
    copy = tmp_path / "fitted.nwb"
    arguments = ["export", str(tmp_path / "r.nc"), "--recording", str(original), "--nwb", str(copy)]
    before = original.read_bytes()
    assert main(arguments) == 0
    assert "is not the recording that was fitted" not in capsys.readouterr().err
    assert not pynwb.validate(path=str(copy))
    with pynwb.NWBHDF5IO(str(copy), "r") as io:
        assert "glmengine" in io.read().processing
    assert len(nap.NWBFile(str(copy))["units"]) == 3
    assert main(arguments) == 1
    assert "exists already" in capsys.readouterr().err
    assert main([*arguments, "--force"]) == 0
    assert main([*arguments[:-1], str(original), "--force"]) == 1
    assert "the recording itself" in capsys.readouterr().err
    assert original.read_bytes() == before


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from glmengine.errors import GlmError
from glmengine.io.opening import open_recording
from glmengine.results.result import Result
from glmengine.export.recordings import save_recording
from glmengine.export.nwb_results import write_results_nwb
recording, result, out = open_recording(sys.argv[1]), Result.load(sys.argv[2]), Path(sys.argv[3])
save_recording(recording, out / "warm.nwb"), write_results_nwb(result, recording, out / "warm.nwb")
(out / "warm.nwb").unlink()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[4]), resource.RLIM_INFINITY))
for write in (lambda: save_recording(recording, out / "a.nwb"), lambda: save_recording(recording, out / "folder"),
              lambda: write_results_nwb(result, recording, out / "b.nwb"), lambda: result.save(out / "c.nc")):
    try:
        write()
    except GlmError as error:
        print(error.message)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")
@pytest.mark.parametrize("limit", [2_000, 30_000])
def test_a_disk_that_runs_full_leaves_nothing_half_written(original, small_result, tmp_path, limit):
    """A limit on the size of files stands for the full disk: writing fails at the same place with the same kind of error."""
    small_result.save(tmp_path / "r.nc")
    out = tmp_path / "out"
    out.mkdir()
    (out / "b.nwb").write_text("what was there")
    ran = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(original), str(tmp_path / "r.nc"), str(out), str(limit)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd=Path(__file__).parents[3],
    )
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert len(lines) == 4, ran.stdout + ran.stderr
    assert all("cannot be written" in line and "choose another folder or free some space" in line for line in lines)
    assert [path.name for path in out.iterdir()] == ["b.nwb"]
    assert (out / "b.nwb").read_text() == "what was there"


def test_a_file_too_large_for_memory_is_written_in_place(original, small_recording, small_result, tmp_path, monkeypatch):
    import pynwb

    from glmengine.io.files import hdf5_writing

    for room in (hdf5_writing.IN_MEMORY, 0):
        monkeypatch.setattr(hdf5_writing, "IN_MEMORY", room)
        recording = open_recording(original)
        write_results_nwb(small_result, recording, tmp_path / f"fitted {room}.nwb")
        write_nwb(small_recording, tmp_path / f"plain {room}.nwb")
        assert not pynwb.validate(path=str(tmp_path / f"fitted {room}.nwb"))
        for path in tmp_path.glob(f"*{room}.nwb"):
            for one, other in zip(spikes_of(original), spikes_of(path), strict=True):
                np.testing.assert_array_equal(one, other)
    assert len(list(tmp_path.iterdir())) == 5

    def no_room(path, size):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(hdf5_writing, "_claim", no_room)
    for write in (lambda path: write_nwb(small_recording, path), lambda path: write_results_nwb(small_result, recording, path)):
        with pytest.raises(GlmError, match="No space left on device"):
            write(tmp_path / "late.nwb")
    assert len(list(tmp_path.iterdir())) == 5


def test_a_folder_without_permission(original, small_result, tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o500)
    if os.access(folder, os.W_OK):
        pytest.skip("this user may write everywhere")
    recording = open_recording(original)
    for write in (
        lambda: save_recording(recording, folder / "a.nwb"),
        lambda: save_recording(recording, folder / "a"),
        lambda: write_results_nwb(small_result, recording, folder / "a.nwb"),
    ):
        with pytest.raises(GlmError, match="cannot be written"):
            write()
    folder.chmod(0o700)
    assert not list(folder.iterdir())
