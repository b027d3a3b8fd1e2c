"""The child process that reads a doubtful file first: also in a frozen program, and where a library is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from glmengine.errors import GlmError
from glmengine.export.nwb import write_nwb
from glmengine.io.files import trial_reader
from glmengine.io.files.trial_reader import PROBE_OPTION
from glmengine.io.opening import open_recording

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def fresh(monkeypatch, tmp_path):
    """No file counts as opened before."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for the program")
@pytest.mark.parametrize("entry", ["glmengine.cli.main", "glmgui.app"])
def test_a_frozen_program_probes_with_a_copy_of_itself(fresh, small_recording, tmp_path, monkeypatch, entry):
    """A script that starts one of the two entry points, and knows no other option, stands for the program."""
    program = tmp_path / "program"
    seen = tmp_path / "seen"
    program.write_text(
        f"#!/bin/sh\necho \"$@\" >> '{seen}'\ncd '{ROOT}'\nunset PYTHONPATH\n"
        f"exec '{sys.executable}' -c 'import sys; from {entry} import main; sys.exit(main())' \"$@\"\n"
    )
    program.chmod(0o755)
    path = tmp_path / "a.nwb"
    write_nwb(small_recording, path)
    broken = tmp_path / "broken.nwb"
    broken.write_bytes(path.read_bytes()[:-9000])
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(program))
    assert open_recording(path).unit_names == small_recording.unit_names
    with pytest.raises(GlmError, match=r"broken\.nwb: is damaged"):
        open_recording(broken)
    assert seen.read_text().split() == [PROBE_OPTION, PROBE_OPTION]


def test_a_parquet_table_without_pyarrow_says_what_to_install(fresh, tmp_path, monkeypatch):
    hidden = tmp_path / "hidden" / "pyarrow"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("raise ImportError('hidden by the test')\n")
    monkeypatch.setenv("PYTHONPATH", str(hidden.parent))
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1" + bytes(200) + b"PAR1")
    with pytest.raises(
        GlmError, match=r"a\.parquet: reading Parquet needs the package pyarrow; install it .*or save the table as CSV"
    ):
        open_recording(path, {"spikes": {"times": "t"}})


def test_what_the_child_prints_on_its_own_account_does_not_matter(fresh, tmp_path):
    """A library may write to the standard output; the answer is the last line."""
    np.savez(tmp_path / "a.npz", spikes=np.arange(10.0))
    assert len(open_recording(tmp_path / "a.npz", {"spikes": {"times": "spikes"}}).spikes[0]) == 10


def test_a_state_folder_that_cannot_be_written_stops_nothing(small_recording, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file" / "state"))
    write_nwb(small_recording, tmp_path / "a.nwb")
    shutil.copy(tmp_path / "a.nwb", tmp_path / "b.nwb")
    assert open_recording(tmp_path / "b.nwb").unit_names == small_recording.unit_names
    assert not os.path.exists(tmp_path / "file" / "state")


def test_one_child_reads_file_after_file_and_is_replaced_when_it_is_brought_down(fresh, small_recording, tmp_path, monkeypatch):
    """Also by what an earlier file left behind, or where it ended by itself: that is no fault of the next file."""
    for name in "abcd":
        np.savez(tmp_path / f"{name}.npz", spikes=np.arange(10.0 + ord(name)))
    recipe = {"spikes": {"times": "spikes"}}
    started: list[int] = []
    real = subprocess.Popen
    monkeypatch.setattr(trial_reader.subprocess, "Popen", lambda *a, **k: started.append(1) or real(*a, **k))
    trial_reader._end_all()
    monkeypatch.chdir(tmp_path)  # and a relative path is meant from here, wherever the child is
    for name in "ab":
        open_recording(f"{name}.npz", recipe)
    assert started == [1]
    (child,) = trial_reader._waiting
    child._process.kill()
    open_recording(tmp_path / "c.npz", recipe)
    assert started == [1, 1]
    write_nwb(small_recording, tmp_path / "good.nwb")
    (tmp_path / "broken.nwb").write_bytes((tmp_path / "good.nwb").read_bytes()[:-9000])
    with pytest.raises(GlmError, match=r"broken\.nwb: is damaged"):
        open_recording(tmp_path / "broken.nwb")
    open_recording(tmp_path / "d.npz", recipe)
    assert started == [1, 1, 1, 1]
    assert len(trial_reader._waiting) == 1
