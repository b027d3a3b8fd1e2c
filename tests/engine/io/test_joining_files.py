"""Several recordings from files: the command line, analysis files, projects and scripts that name sessions, and batches."""

from __future__ import annotations

import csv
import runpy
import sys

import numpy as np
import pytest

import glmengine as ge
from glmengine.analysis.analysis import Analysis, Source
from glmengine.analysis.sources import for_recording, open_sessions, places_of, session_names
from glmengine.cli.main import main
from glmengine.project.project import load_project, save_project
from glmengine.recording.binned import sample_covariate


def rows(path):
    with open(path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def folder(tmp_path_factory, small_recording, small_analysis):
    """Two sessions as files, an analysis, and what the command line makes of both together."""
    from dataclasses import replace

    from glmengine.export.nwb import write_nwb

    place = tmp_path_factory.mktemp("sessions")
    write_nwb(small_recording, place / "día 1.nwb")
    write_nwb(replace(small_recording, name="other", events={}), place / "日2.nwb")
    terms = small_analysis.terms
    small_analysis.with_(terms=(terms[0].with_(separate=True), terms[2])).save(place / "a.toml")
    assert main(["run", str(place / "a.toml"), *given(place), "--out", str(place / "out"), "--no-figures"]) == 0
    return place


def given(place):
    return ["--recording", str(place / "día 1.nwb"), "--recording", str(place / "日2.nwb")]


def test_run_of_several_recordings_writes_their_sessions(folder):
    result = ge.Result.load(folder / "out" / "result.nc")
    assert result.sessions["session"].values.tolist() == ["día 1", "日2"]
    assert [term.label for term in result.terms][:2] == ["head_direction in día 1", "head_direction in 日2"]
    table = rows(folder / "out" / "sessions.csv")
    assert len(table) == 2 * len(result.units)
    assert float(table[1]["intercept"]) == float(result.sessions["intercept"].values[0, 1])
    found = [row for row in rows(folder / "out" / "coefficients.csv") if row["feature"] == "intercept in 日2"]
    assert [float(row["coefficient"]) for row in found] == result.sessions["intercept"].sel(session="日2").values.tolist()
    assert "Sessions" in (folder / "out" / "report.html").read_text(encoding="utf-8")


def test_the_analysis_that_is_written_finds_its_recordings_again(folder, tmp_path):
    analysis = Analysis.load(folder / "out" / "analysis.toml")
    assert session_names(analysis) == ["día 1", "日2"]
    assert main(["run", str(folder / "out" / "analysis.toml"), "--out", str(tmp_path), "--no-figures"]) == 0
    assert (tmp_path / "coefficients.csv").read_bytes() == (folder / "out" / "coefficients.csv").read_bytes()


def test_paths_relative_to_the_analysis_file(folder):
    sources = {"recording": Source(path="día 1.nwb", session="A"), "more_recordings": (Source(path="日2.nwb", session="B"),)}
    Analysis.load(folder / "a.toml").with_(**sources).save(folder / "relative.toml")
    analysis = Analysis.load(folder / "relative.toml")
    joined = open_sessions(places_of(analysis, folder), session_names(analysis))
    assert [session.name for session in joined.sessions] == ["A", "B"]
    assert analysis.sha256 == Analysis.load(folder / "a.toml").sha256


def test_the_script_gives_the_same_numbers(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["script.py"])
    monkeypatch.setattr(ge, "write_outputs", lambda *given: None)  # drawn in other tests
    runpy.run_path(str(folder / "out" / "script.py"), run_name="__main__")
    again = ge.Result.load(tmp_path / "result.nc")
    assert again.coefficients.identical(ge.Result.load(folder / "out" / "result.nc").coefficients)


@pytest.mark.parametrize("how", ["named", "relative"])
def test_the_script_command_takes_several_recordings(how, folder, tmp_path, monkeypatch):
    arguments = given(folder)
    question = folder / "a.toml"
    if how == "relative":  # to the analysis file, not to where the script runs
        sources = {"recording": Source(path="día 1.nwb"), "more_recordings": (Source(path="日2.nwb"),)}
        question, arguments = folder / "beside.toml", []
        Analysis.load(folder / "a.toml").with_(**sources).save(question)
    assert main(["script", str(question), *arguments, "--out", str(tmp_path / "s.py")]) == 0
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["s.py"])
    monkeypatch.setattr(ge, "write_outputs", lambda *given: None)
    runpy.run_path("s.py", run_name="__main__")
    again = ge.Result.load("result.nc")
    assert again.coefficients.identical(ge.Result.load(folder / "out" / "result.nc").coefficients)


def test_the_script_command_writes_the_recipe_into_the_script(folder, tmp_path, monkeypatch):
    times = np.sort(np.random.default_rng(1).uniform(0, 60, 400))
    np.savez(tmp_path / "plain.npz", st=times, t=np.arange(0, 60, 0.1), x=np.sin(np.arange(0, 60, 0.1)))
    (tmp_path / "r.toml").write_text(
        'format_version = 1\n[spikes]\ntimes = "st"\n[[covariates]]\nname = "x"\nvalues = ["x"]\ntimes = "t"\nunit = "cm"\n'
    )
    (tmp_path / "a.toml").write_text(
        '[[terms]]\nkind = "covariate"\n[[terms.factors]]\nvariable = "x"\n[terms.factors.basis]\nfamily = "b_spline"\nn = 5\n'
        "[model]\nstrengths = [1e-3]\n"
    )
    recording = ["--recording", str(tmp_path / "plain.npz"), "--recipe", str(tmp_path / "r.toml")]
    assert main(["script", str(tmp_path / "a.toml"), *recording, "--out", str(tmp_path / "s.py")]) == 0
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["s.py"])
    monkeypatch.setattr(ge, "write_outputs", lambda *given: None)
    runpy.run_path("s.py", run_name="__main__")
    assert ge.Result.load("result.nc").scores["n_spikes"].values.sum() > 390


def test_inspect_of_several_shows_each_session_and_what_is_missing(folder, capsys):
    assert main(["inspect", str(folder / "día 1.nwb"), str(folder / "日2.nwb")]) == 0
    said = capsys.readouterr().out
    assert said.startswith("día 1 + 日2: 3 units, 240 s")
    assert "Sessions\n  día 1: 3 units, 120 s" in said
    assert "  日2: 3 units, 120 s" in said
    assert "; its times moved by 130 s" in said
    assert main(["inspect", str(folder / "día 1.nwb"), str(folder / "none.nwb")]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.strip().splitlines()) == 1


def test_predict_one_session_of_several(folder, tmp_path, capsys):
    arguments = ["predict", str(folder / "out" / "result.nc"), "--recording", str(folder / "日2.nwb"), "--out"]
    assert main([*arguments, str(tmp_path / "known")]) == 0
    assert main([*arguments, str(tmp_path / "named"), "--session", "日2"]) == 0
    assert (tmp_path / "known" / "scores.csv").read_bytes() == (tmp_path / "named" / "scores.csv").read_bytes()
    capsys.readouterr()
    assert main([*arguments, str(tmp_path / "no"), "--session", "3"]) == 1
    assert "'3' was not fitted; those that were: día 1, 日2" in capsys.readouterr().err


def test_the_same_file_twice_is_refused(folder, tmp_path, capsys):
    twice = ["--recording", str(folder / "日2.nwb")] * 2
    assert main(["run", str(folder / "a.toml"), *twice, "--out", str(tmp_path)]) == 1
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert "is there twice" in said[0]


def test_a_project_of_several_recordings_moves_with_them(folder, tmp_path):
    joined = open_sessions([folder / "día 1.nwb", folder / "日2.nwb"])
    analysis = for_recording(Analysis.load(folder / "a.toml"), joined)
    save_project(folder / "p.glm", analysis, None, joined)
    reference = load_project(folder / "p.glm").recording
    assert [part.name for part in reference.parts] == ["día 1", "日2"]
    assert reference.sha256 == joined.sha256
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("p.glm", "día 1.nwb"):
        (moved / name).write_bytes((folder / name).read_bytes())
    first, second = load_project(moved / "p.glm").recording.parts
    assert first.find(moved / "p.glm") == moved / "día 1.nwb"
    assert second.find(moved / "p.glm") == folder / "日2.nwb"
    save_project(tmp_path / "again.glm", analysis, None, reference)  # without its recordings open
    again = load_project(tmp_path / "again.glm").recording.parts
    assert [(part.name, part.path, part.sha256) for part in again] == [(p.name, p.path, p.sha256) for p in reference.parts]
    assert main(["run", str(folder / "p.glm"), "--out", str(tmp_path / "out"), "--no-figures"]) == 0
    assert (tmp_path / "out" / "sessions.csv").read_bytes() == (folder / "out" / "sessions.csv").read_bytes()


def test_batch_sums_up_what_became_of_each(folder, tmp_path, capsys):
    (tmp_path / "bad.nwb").write_text("text")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "día 1.nwb").write_bytes((folder / "día 1.nwb").read_bytes())
    files = [tmp_path / "bad.nwb", folder / "día 1.nwb", tmp_path / "absent.nwb", tmp_path / "sub" / "día 1.nwb"]
    out = tmp_path / "out"
    assert main(["batch", str(folder / "out" / "analysis.toml"), *map(str, files), "--out", str(out), "--no-figures"]) == 1
    said = capsys.readouterr()
    assert said.err.strip().splitlines()[-1].endswith("2 of 4 recordings failed; the lines above say why")
    table = rows(out / "recordings.csv")
    assert [row["outcome"] for row in table] == ["failed", "done", "failed", "done"]
    assert all(row["reason"] for row in table if row["outcome"] == "failed")
    assert [row["folder"] for row in table] == ["", "día 1", "", "día 1_2"]
    scores = rows(out / "scores.csv")
    assert {row["recording"] for row in scores} == {str(files[1]), str(files[3])}
    best = [float(row["deviance_explained_heldout"]) for row in scores if row["recording"] == str(files[1])]
    assert float(table[1]["deviance_explained_heldout_median"]) == pytest.approx(np.median(best))
    assert not (out / "día 1" / "sessions.csv").exists()


def test_series_that_stay_in_their_files_are_joined_without_being_read(folder, monkeypatch):
    files = [folder / "día 1.nwb", folder / "日2.nwb"]
    loaded = ge.join_recordings([ge.open_recording(file) for file in files])
    with monkeypatch.context() as patch:
        patch.setattr("glmengine.io.files.hdf5.LARGE", 100)
        parts = [ge.open_recording(file) for file in files]
    monkeypatch.setattr("glmengine.recording.binned.BLOCK", 6000)
    monkeypatch.setattr("glmengine.recording.stored_joined.JoinedSeries.load", lambda self: pytest.fail("it was read as a whole"))
    in_files = ge.join_recordings(parts)
    mixed = ge.join_recordings([ge.open_recording(files[0]), parts[1]])
    stored = [name for name, covariate in in_files.covariates.items() if covariate.stored is not None]
    assert {"head_direction", "position"} <= set(stored)
    border = loaded.sessions[1].span[0]
    pieces = [[1.0, 21.0], [border - 30.0, border - 12.0], [border + 2.0, border + 22.0]]
    for bin_size in (0.005, 0.1):
        grid = ge.TimeGrid.from_intervals(np.array(pieces), bin_size)
        for name in ("head_direction", "position.x"):
            known = sample_covariate(loaded.variable(name), grid)
            assert np.isfinite(known).mean() > 0.5
            for other in (in_files, mixed):
                np.testing.assert_allclose(sample_covariate(other.variable(name), grid), known, rtol=1e-9, atol=1e-9)


def test_results_of_sessions_go_into_the_file_of_each_without_doubt(folder, tmp_path, capsys):
    arguments = ["export", str(folder / "out" / "result.nc"), "--recording", str(folder / "日2.nwb"), "--nwb"]
    assert main([*arguments, str(tmp_path / "copy.nwb")]) == 0
    assert "is not the recording that was fitted" not in capsys.readouterr().out
    assert ge.open_recording(tmp_path / "copy.nwb").unit_names


def test_what_one_session_does_not_say_of_a_unit_is_left_out(small_recording):
    from dataclasses import replace

    from glmengine.recording.inspect import describe

    table = small_recording.unit_table.assign(shank=[1, 2, 3])
    other = replace(small_recording, name="other", unit_names=("x", "y", "z"), unit_table=None, sha256="2")
    said = describe(ge.join_recordings([replace(small_recording, unit_table=table, sha256="1"), other]))
    assert "None" not in said
    assert "shank 2" in said
