"""What a killed process left beside a file is swept when that file is written next; what a living one writes is not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time

import pytest

from glmengine.io.files import leftovers
from glmengine.io.files.leftovers import mark, scratch_folder, sweep
from glmengine.io.files.whole import replacing, write_whole
from tests.clock import PATIENCE_S

_KILLED = """
import os, signal, sys
from glmengine.io.files.whole import replacing
with replacing(sys.argv[1]) as temporary:
    temporary.write_bytes(b"half of it")
    os.kill(os.getpid(), signal.SIGKILL)
"""
_KILLED_IN_SCRATCH = """
import os, signal, sys
from glmengine.io.files.leftovers import scratch_folder
with scratch_folder() as folder:
    (folder / "result.nc").write_bytes(b"half of it")
    os.kill(os.getpid(), signal.SIGKILL)
"""

needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="processes are not asked for by signals on Windows")


def killed(code: str, *arguments: str, **environment: str) -> None:
    died = subprocess.run([sys.executable, "-c", code, *arguments], env={**os.environ, **environment}, timeout=PATIENCE_S)
    assert died.returncode == -signal.SIGKILL


@needs_signals
def test_the_next_write_sweeps_what_a_kill_left(tmp_path):
    target, other = tmp_path / "place.glm", tmp_path / "notes.txt"
    target.write_bytes(b"before")
    other.write_text("of somebody")
    killed(_KILLED, str(target))
    assert len(list(tmp_path.iterdir())) == 3
    assert target.read_bytes() == b"before"
    write_whole(target, b"after")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt", "place.glm"]
    assert target.read_bytes() == b"after"


@needs_signals
def test_a_scratch_folder_of_a_killed_process_is_swept_by_the_next(tmp_path, monkeypatch):
    killed(_KILLED_IN_SCRATCH, TMPDIR=str(tmp_path))
    (left,) = tmp_path.iterdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with scratch_folder() as folder:
        assert not left.exists()
        assert list(tmp_path.iterdir()) == [folder]
    assert not list(tmp_path.iterdir())


def test_what_a_living_process_writes_stays(tmp_path):
    target = tmp_path / "place.glm"
    with replacing(target) as one, replacing(target) as other:
        sweep(tmp_path)
        for place in (one, other):
            place.write_bytes(b"whole")
    assert target.read_bytes() == b"whole"


def test_another_machine_is_believed_to_live_for_a_day(tmp_path, monkeypatch):
    theirs = mark().replace(leftovers._host(), "00000000").replace(f"-{os.getpid()}-", "-999999999-")
    place = tmp_path / f".place.glm{theirs}abc.glm"
    place.write_bytes(b"half of it")
    sweep(tmp_path)
    assert place.exists()
    long_ago = time.time() - 2 * 86_400
    os.utime(place, (long_ago, long_ago))
    sweep(tmp_path)
    assert not place.exists()


def test_files_without_the_mark_are_left_alone(tmp_path):
    names = [".place.glm.backup", ".place.glm.12345678", "place.glm", ".hidden"]
    for name in names:
        (tmp_path / name).write_text("mine")
        os.utime(tmp_path / name, (0, 0))
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
