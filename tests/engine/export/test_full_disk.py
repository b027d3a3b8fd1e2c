"""Exports onto a disk that is full, in a folder that may only be read, and over what is there: nothing is half written, nothing of others is lost."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

import glmengine as ge
from glmengine.errors import GlmError
from glmengine.export import write_outputs
from glmengine.export.csv_metadata import write_csv
from glmengine.export.formats import FORMATS, export_result
from glmengine.export.nwb_results import write_results_nwb
from glmengine.export.recordings import save_recording
from glmengine.export.report import write_report
from glmengine.export.tables import scores_csv
from glmengine.export.unit_figures import write_unit_figures

THERE = [form for form in FORMATS if not form.missing]
ROOM = 64 * 1024


def _figure(result, recording, path):
    ge.figures.save_figure(ge.figures.scores(result), path)


WRITERS = {
    **{
        form.name: (f"numbers{form.ending}", lambda result, recording, path, name=form.name: export_result(result, path, name))
        for form in THERE
    },
    "table": ("scores.csv", lambda result, recording, path: write_csv(result, path, scores_csv(result))),
    "figure": ("scores.pdf", _figure),
    "figures": ("figures", lambda result, recording, path: write_unit_figures(result, path, kinds=("polar",), processes=1)),
    "report as PDF": ("report.pdf", lambda result, recording, path: write_report(result, path, figures=False)),
    "report as HTML": ("report.html", lambda result, recording, path: write_report(result, path, figures=False)),
    "everything": ("results", lambda result, recording, path: write_outputs(result, path, figures=False)),
    "results in NWB": ("fitted.nwb", lambda result, recording, path: write_results_nwb(result, recording, path)),
    "recording as NWB": ("copy.nwb", lambda result, recording, path: save_recording(recording, path)),
    "recording as npz": ("copy", lambda result, recording, path: save_recording(recording, path)),
}


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """A disk of 64 KiB of its own."""
    place = tmp_path_factory.mktemp("disk")
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", place], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("a disk can be mounted by root alone")
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.fixture
def full(disk):
    """The disk with no room left."""
    filler = disk / "filler"
    with open(filler, "wb", buffering=0) as stream:
        try:
            while True:
                stream.write(bytes(4096))
        except OSError:
            pass
    yield disk
    for path in sorted(disk.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


@pytest.fixture
def read_only(disk):
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    yield disk
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)


@pytest.fixture(scope="module")
def exported(small_result):
    return replace(small_result, cv=None)


def files_in(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.name != "filler")


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_is_said_and_nothing_is_half_written(name, exported, small_recording, full):
    called, write = WRITERS[name]
    with pytest.raises(GlmError, match=r"[Nn]o space|free some space") as said:
        write(exported, small_recording, full / called)
    assert str(full) in said.value.message
    assert ".glmengine-scratch" not in said.value.message
    assert files_in(full) == []


@pytest.mark.parametrize("name", WRITERS)
def test_a_folder_that_may_only_be_read_is_said(name, exported, small_recording, read_only):
    called, write = WRITERS[name]
    with pytest.raises(GlmError, match=r"[Rr]ead-only|cannot be (written|made)") as said:
        write(exported, small_recording, read_only / called)
    assert str(read_only) in said.value.message
    assert files_in(read_only) == []


@pytest.mark.parametrize("form", THERE, ids=[form.name for form in THERE])
def test_what_is_there_stays_unless_it_is_to_be_replaced(form, exported, tmp_path):
    path = tmp_path / f"numbers{form.ending}"
    mine = path if form.ending else path / "mine.txt"
    mine.parent.mkdir(exist_ok=True)
    mine.write_bytes(b"mine")
    with pytest.raises(GlmError, match="exists already"):
        export_result(exported, path, form.name)
    assert mine.read_bytes() == b"mine"
    assert files_in(tmp_path) == [mine.name]
    export_result(exported, path, form.name, replace=True)
    assert (mine.read_bytes() == b"mine") is (not form.ending)


def test_a_script_of_others_beside_a_model_stays(exported, tmp_path):
    (tmp_path / "model.py").write_text("mine")
    with pytest.raises(GlmError, match=r"model\.py: exists already"):
        export_result(exported, tmp_path / "model.npz", "nemos")
    assert files_in(tmp_path) == ["model.py"]


def test_titles_become_names_that_every_system_takes():
    from glmengine.export.file_names import shown_name

    assert shown_name("place / theta: 5 Hz?\n") == "place _ theta_ 5 Hz__"
    assert shown_name("../x") == ".._x"
    assert Path(shown_name("a\\b")).name == "a_b"
    assert os.sep not in shown_name(os.sep * 3)
