"""Pipes, devices, bombs and texts without end in place of files: refused at once, in one sentence, in bounded memory."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from glmengine.analysis.analysis import Analysis
from glmengine.errors import GlmError
from glmengine.io.files.plain_text import json_in
from glmengine.io.files.whole import write_whole
from glmengine.io.opening import open_recording
from glmengine.io.recipe.recipe import Recipe
from glmengine.project.project import load_project, save_project
from glmengine.results.result import Result
from tests.clock import PATIENCE_S
from tests.deflated import add_zeros

LOADERS = {
    "analysis": (Analysis.load, "a.toml"),
    "recipe": (Recipe.load, "r.toml"),
    "project": (load_project, "p.glm"),
    "result": (Result.load, "r.nc"),
    "recording": (open_recording, "r.nwb"),
}

needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")


@needs_pipes
@pytest.mark.parametrize("kind", LOADERS)
def test_a_pipe_is_not_waited_for(tmp_path, kind):
    load, name = LOADERS[kind]
    os.mkfifo(tmp_path / name)
    with pytest.raises(GlmError, match=name):
        load(tmp_path / name)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no such device")
@pytest.mark.parametrize("kind", LOADERS)
def test_a_device_is_not_read(kind):
    with pytest.raises(GlmError, match="zero"):
        LOADERS[kind][0]("/dev/zero")


@pytest.mark.parametrize("kind", LOADERS)
def test_a_name_of_300_characters(tmp_path, kind):
    with pytest.raises(GlmError):
        LOADERS[kind][0](tmp_path / ("x" * 300 + LOADERS[kind][1][-4:]))


@pytest.mark.parametrize("name", ["x" * 251 + ".csv", "日" * 80 + ".toml"])
def test_a_name_as_long_as_the_system_allows_can_be_written(tmp_path, name):
    write_whole(tmp_path / name, b"1")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    with pytest.raises(GlmError, match="cannot be written"):
        write_whole(tmp_path / (name + "x" * 50), b"1")


ENDLESS = {
    "nested lists": ("x = " + "[" * 20_000 + "]" * 20_000, "deep"),
    "nested tables": ("x = " + "{a = " * 20_000 + "1" + "}" * 20_000, "deep"),
    "dotted names": ("[" + ".".join(["a"] * 20_000) + "]\nb = 1", "deep"),
    "a number of 6,000 digits": ("format_version = " + "1" * 6000, "digits"),
    "a number of 4,000 digits": ("format_version = " + "1" * 4000, "too large"),
    "a fraction of 6,000 digits": ("[time]\nbin_size = " + "1" * 6000 + ".0", ""),
    "200,000 terms": ('[[terms]]\nkind = "history"\n' * 200_000, "200,000"),
    "300,000 names": ("".join(f"k{i} = {i}\n" for i in range(300_000)), "300,000 fields"),
    "150,000 tables": ("".join(f"[t{i}]\n" for i in range(150_000)), "more than any"),
    "300,000 names in a table": ("x = {" + ",".join(f"k{i} = 1" for i in range(300_000)) + "}", "300,001 fields"),
    "a list of a million": ("units = [" + "1, " * 1_000_000 + "]", "1,000,000 commas"),
    "20,000 dotted names": ("".join(f"{'a. ' * 20}b{i} = 1\n" for i in range(20_000)), "deep"),
    "200,000 terms in a list": ("terms = [" + '{kind = "history"},' * 200_000 + "]", ""),
}


@pytest.mark.parametrize("what", ENDLESS)
@pytest.mark.parametrize("load", [Analysis.load, Recipe.load])
def test_a_text_that_no_program_writes(tmp_path, what, load):
    text, says = ENDLESS[what]
    (tmp_path / "a.toml").write_text(text)
    began = time.process_time()
    with pytest.raises(GlmError, match=says) as caught:
        load(tmp_path / "a.toml")
    assert time.process_time() - began < 1
    assert len(caught.value.message) < 400
    assert "a.toml" in caught.value.message


@pytest.mark.parametrize(
    "text", ["[" * 20_000 + "]" * 20_000, '{"a": ' * 20_000 + "1" + "}" * 20_000, "1" * 6000, "[" + "1" * 4000 + "]"]
)
def test_json_that_no_program_writes(text):
    with pytest.raises(GlmError):
        json_in(text, "p.json")


@pytest.mark.parametrize("member", ["project.json", "analysis.toml", "result.nc"])
def test_a_member_of_six_gigabytes_is_not_unpacked(tmp_path, small_analysis, member):
    good, bad = tmp_path / "good.glm", tmp_path / "bad.glm"
    save_project(good, small_analysis)
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        for name in {*source.namelist(), "result.nc"}:
            if name == member:
                add_zeros(target, name, b"", 384 * 2**24)
            elif name in source.namelist():
                target.writestr(name, source.read(name))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(GlmError, match=r"would unpack to 6\.4 GB"):
        load_project(bad)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kB


@pytest.mark.parametrize("member", ["project.json", "analysis.toml", "result.nc"])
def test_a_member_that_says_less_than_it_holds_is_not_unpacked(tmp_path, small_analysis, member):
    good, bad = tmp_path / "good.glm", tmp_path / "bad.glm"
    save_project(good, small_analysis)
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w", zipfile.ZIP_DEFLATED) as target:
        for name in {*source.namelist(), "result.nc"}:
            if name == member:
                add_zeros(target, name, b"", 64 * 2**24)
                target.NameToInfo[name].file_size = 100
            elif name in source.namelist():
                target.writestr(name, source.read(name))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(GlmError, match="damaged"):
        load_project(bad)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kB


def test_a_result_of_zeros_is_not_unpacked(tmp_path, small_analysis):
    path = tmp_path / "p.glm"
    save_project(path, small_analysis)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("result.nc", bytes(2**26))
    with pytest.raises(GlmError, match="not a saved result"):
        load_project(path)


def glmengine(*arguments, stdout=subprocess.PIPE, **environment):
    code = "import sys; from glmengine.cli.main import main; sys.exit(main())"
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), **environment}
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], stdout=stdout, stderr=subprocess.PIPE, env=env, timeout=PATIENCE_S
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("command", [("templates",), ("inspect", "x.csv", "--recipe", "x.toml")])
def test_an_output_without_room_is_said(tmp_path, command, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.csv").write_text("spike_time\n" + "".join(f"{k / 7}\n" for k in range(100)))
    (tmp_path / "x.toml").write_text('[spikes]\ntimes = "spike_time"\n')
    with open("/dev/full", "w") as full:
        ended = glmengine(*command, stdout=full)
    said = ended.stderr.decode()
    assert ended.returncode == 1
    assert "No space left" in said
    assert "fault of the program" not in said
    assert len(said.strip().splitlines()) == 1


def test_a_terminal_without_the_letters_of_a_name(tmp_path):
    path = tmp_path / "große_µ.npz"
    np.savez(path, spike_times=np.sort(np.random.default_rng(0).uniform(0, 9, 50)))
    (tmp_path / "r.toml").write_text('[spikes]\ntimes = "spike_times"\n')
    ended = glmengine("inspect", path, "--recipe", tmp_path / "r.toml", PYTHONIOENCODING="ascii")
    assert ended.returncode == 0
    assert ended.stdout.decode("ascii").startswith("gro?e_?: 1 unit")
    ended = glmengine("inspect", tmp_path / "größe.npz", PYTHONIOENCODING="ascii")
    assert ended.returncode == 1
    assert "gr??e.npz" in ended.stderr.decode("ascii")


@pytest.mark.parametrize("command", ["run {long}.toml --out out", "inspect {long}.nwb", "new place {long}.toml", "predict {long}.nc --recording x --out out",
                                     "sample session {long}.nwb", "recipe {long}.csv", "run {long}.glm --out {long}", "batch {long}.toml x --out out"])  # fmt: skip
def test_commands_with_a_name_of_300_characters(tmp_path, command, monkeypatch, capsys):
    from glmengine.cli.main import main

    monkeypatch.chdir(tmp_path)
    assert main(command.format(long="x" * 300).split()) == 1
    said = capsys.readouterr().err
    assert "fault of the program" not in said
    assert len(said.strip().splitlines()) == 1
