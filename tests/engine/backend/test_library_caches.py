"""Libraries keep what they compile where there is room for it, and in nobody else's folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from glmengine.backend import library_caches as caches


@pytest.fixture
def places(monkeypatch, tmp_path):
    """The user's folder and the temporary one."""
    monkeypatch.setattr(caches, "VARIABLES", ("XDG_CACHE_HOME", "TESTED_CACHE"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home" / "cache"))
    monkeypatch.setenv("TESTED_CACHE", "")
    monkeypatch.setattr(caches.tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no XDG_CACHE_HOME")
def test_a_folder_that_holds_things_is_left_alone(places):
    caches.provide_caches()
    assert os.environ["XDG_CACHE_HOME"] == str(places / "home" / "cache")
    assert os.environ["TESTED_CACHE"] == ""
    assert list((places / "home" / "cache").iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no XDG_CACHE_HOME")
@pytest.mark.parametrize("taken", [False, True])
def test_where_it_cannot_be_written_to_a_temporary_one_is_taken(places, taken):
    (places / "home").write_text("no folder can be made in a file")
    usual = places / f"glmengine-caches-{os.getuid()}"
    if taken:
        usual.mkdir()
        usual.chmod(0o777)  # anyone may have put something in it
    caches.provide_caches()
    found = Path(os.environ["XDG_CACHE_HOME"])
    assert os.environ["TESTED_CACHE"] == str(found)
    assert (found == usual) is not taken
    assert found.stat().st_mode & 0o777 == 0o700


def test_a_full_disk_is_no_place(tmp_path, monkeypatch):
    assert caches._holds(tmp_path)

    class Full:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def write(self, _):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(caches.tempfile, "NamedTemporaryFile", lambda **_: Full())
    assert not caches._holds(tmp_path)
