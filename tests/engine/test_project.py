"""A project file keeps analysis, result and the place of the recording, and never half of it."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace

import pytest

import glmengine as ge
from glmengine.errors import GlmError
from glmengine.project import project
from glmengine.project.project import load_fits, load_project, save_project
from glmengine.project.recording_reference import RecordingReference
from glmengine.results.kept_fits import changes, keep_fit


@pytest.fixture
def recording_file(tmp_path, small_recording):
    """A recording that says it came from a file."""
    path = tmp_path / "data" / "session.nwb"
    path.parent.mkdir()
    path.write_bytes(b"content")
    return replace(small_recording, path=path, sha256="ab" * 32, source={"recipe": {"rate": 20000.0}, "handle": object()})


def rewritten(path, member, content) -> None:
    """The same zip with one member replaced (None: left out)."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members[member] = content
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            if data is not None:
                archive.writestr(name, data)


def test_everything_comes_back(tmp_path, small_analysis, small_result, recording_file):
    save_project(tmp_path / "p.glm", small_analysis, small_result, recording_file)
    analysis, result, reference = load_project(tmp_path / "p.glm")
    assert analysis == small_analysis
    assert result.scores.identical(small_result.scores)
    assert (reference.sha256, reference.name) == ("ab" * 32, "small")
    assert reference.source == {"recipe": {"rate": 20000.0}}
    assert reference.find(tmp_path / "p.glm") == tmp_path / "p.glm" / ".." / "data" / "session.nwb" or reference.find(
        tmp_path / "p.glm"
    ).samefile(recording_file.path)


def test_saving_again_writes_the_same_result(tmp_path, small_analysis, small_result):
    for name in ("a", "b"):
        save_project(tmp_path / f"{name}.glm", small_analysis.with_(title=name), small_result)
    one, other = (zipfile.ZipFile(tmp_path / f"{name}.glm") for name in ("a", "b"))
    with one, other:
        assert one.read("result.nc") == other.read("result.nc")
        assert one.read("analysis.toml") != other.read("analysis.toml")


def test_saving_says_how_far_it_is_and_a_cancelled_one_leaves_what_was_there(
    tmp_path, small_analysis, small_result, two_fits, monkeypatch
):
    monkeypatch.setattr(project, "_PIECE", 20_000)
    path, said = tmp_path / "p.glm", []
    save_project(path, small_analysis, small_result, fits=two_fits, context=ge.CallbackContext(said.append))
    shares = [progress.fraction for progress in said]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len(shares) > 4
    before = path.read_bytes()
    for looks in range(len(shares)):
        left = iter(range(looks))
        context = ge.CallbackContext(cancelled=lambda left=left: next(left, None) is None)
        with pytest.raises(ge.Cancelled):
            save_project(path, small_analysis.with_(title="new"), small_result, fits=two_fits, context=context)
        assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["p.glm"]


def test_a_project_without_result_or_recording(tmp_path, small_analysis):
    save_project(tmp_path / "p.glm", small_analysis)
    analysis, result, reference = load_project(tmp_path / "p.glm")
    assert (analysis, result, reference) == (small_analysis, None, RecordingReference())


def test_moved_together_the_recording_is_found_and_moved_away_it_is_not(tmp_path, small_analysis, recording_file):
    old = tmp_path / "old"
    old.mkdir()
    recording_file.path.rename(old / "session.nwb")
    save_project(old / "p.glm", small_analysis, None, replace(recording_file, path=old / "session.nwb"))
    old.rename(tmp_path / "new")
    reference = load_project(tmp_path / "new" / "p.glm").recording
    assert reference.find(tmp_path / "new" / "p.glm").samefile(tmp_path / "new" / "session.nwb")
    (tmp_path / "new" / "session.nwb").unlink()
    assert reference.find(tmp_path / "new" / "p.glm") is None


def test_the_report_inside_needs_no_program(tmp_path, small_analysis, small_result):
    save_project(tmp_path / "p.glm", small_analysis, small_result)
    with zipfile.ZipFile(tmp_path / "p.glm") as archive:
        report = archive.read("report.html").decode("utf-8")
        assert archive.testzip() is None
    assert "cyclic_b_spline" in report
    assert all(unit in report for unit in small_result.units)


def test_a_save_that_fails_leaves_the_old_project(tmp_path, small_analysis, small_result, monkeypatch):
    path = tmp_path / "p.glm"
    save_project(path, small_analysis)
    before = path.read_bytes()
    monkeypatch.setattr(
        type(small_result), "save", lambda self, path: (_ for _ in ()).throw(OSError(28, "No space left on device"))
    )
    with pytest.raises(GlmError, match="No space left"):
        save_project(path, small_analysis.with_(title="new"), replace(small_result))
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["p.glm"]


def test_a_missing_folder_is_said(tmp_path, small_analysis):
    with pytest.raises(GlmError, match="cannot be written"):
        save_project(tmp_path / "no" / "p.glm", small_analysis)


@pytest.mark.parametrize(
    ("member", "content", "what"),
    [
        ("project.json", None, "project.json is missing"),
        ("project.json", b"{", "damaged"),
        ("project.json", b"[]", "not a project"),
        ("project.json", json.dumps({"format": "glm project", "format_version": 99}).encode(), "newer version"),
        ("analysis.toml", b"title = ", "damaged"),
        ("analysis.toml", b"titel = 'x'", "titel"),
        ("analysis.toml", b"\xff\xfe", "damaged"),
        ("result.nc", b"nothing", "result.nc"),
    ],
)
def test_a_damaged_project_is_refused_with_one_sentence(member, content, what, tmp_path, small_analysis, small_result):
    save_project(tmp_path / "p.glm", small_analysis, small_result)
    rewritten(tmp_path / "p.glm", member, content)
    with pytest.raises(GlmError, match=what):
        load_project(tmp_path / "p.glm")


def test_what_is_no_zip_and_what_is_cut_short_is_refused(tmp_path, small_analysis, small_result):
    with pytest.raises(GlmError, match="no such file"):
        load_project(tmp_path / "p.glm")
    (tmp_path / "p.glm").write_text("hello")
    with pytest.raises(GlmError, match="not a project"):
        load_project(tmp_path / "p.glm")
    save_project(tmp_path / "p.glm", small_analysis, small_result)
    content = (tmp_path / "p.glm").read_bytes()
    (tmp_path / "p.glm").write_bytes(content[: len(content) // 2])
    with pytest.raises(GlmError, match=r"p\.glm"):
        load_project(tmp_path / "p.glm")


def test_an_odd_reference_is_no_crash(tmp_path, small_analysis):
    save_project(tmp_path / "p.glm", small_analysis)
    rewritten(
        tmp_path / "p.glm",
        "project.json",
        json.dumps({"format": "glm project", "format_version": 1, "recording": ["x"]}).encode(),
    )
    assert load_project(tmp_path / "p.glm").recording == RecordingReference()


@pytest.fixture
def two_fits(tmp_path, small_result):
    """The same result kept twice, the second as the fit of another question."""
    folder = tmp_path / "fits"
    folder.mkdir()
    other = replace(small_result, analysis=small_result.analysis.with_(seed=3), provenance={"recording_name": "small"})
    return keep_fit(small_result, folder, seconds=1.5), keep_fit(other, folder, name="another seed")


def test_kept_fits_come_back_and_the_shown_one_is_written_once(tmp_path, small_analysis, small_result, two_fits):
    first, second = two_fits
    save_project(tmp_path / "p.glm", small_analysis, small_result, fits=two_fits, shown=first.key)
    with zipfile.ZipFile(tmp_path / "p.glm") as archive:
        assert [name for name in archive.namelist() if name.endswith(".nc")] == ["result.nc", f"fits/{second.key}.nc"]
    described, shown = load_fits(tmp_path / "p.glm")
    assert shown == first.key
    assert all(fit.file is None for fit in described)
    assert [(fit.name, fit.analysis, fit.score, fit.n_units) for fit in described] == [
        (fit.name, fit.analysis, fit.score, fit.n_units) for fit in two_fits
    ]
    again = tmp_path / "again"
    again.mkdir()
    unpacked, _ = load_fits(tmp_path / "p.glm", again)
    assert all(fit.load().scores.identical(small_result.scores) for fit in unpacked)
    assert load_project(tmp_path / "p.glm").result.scores.identical(small_result.scores)


def test_a_project_of_one_fit_is_written_as_before_and_keeps_none(tmp_path, small_analysis, small_result):
    save_project(tmp_path / "p.glm", small_analysis, small_result)
    with zipfile.ZipFile(tmp_path / "p.glm") as archive:
        assert json.loads(archive.read("project.json"))["format_version"] == 1
    assert load_fits(tmp_path / "p.glm") == ((), "")


def test_fits_say_what_is_new_in_each(two_fits):
    assert changes(two_fits) == ((), ("seed 0 → 3",))
    assert changes(two_fits[:1] * 2) == ((), ("the same question",))
    assert changes(()) == ()


def test_a_fit_whose_result_is_gone_is_said_and_no_project_is_written(tmp_path, small_analysis, two_fits):
    two_fits[1].file.unlink()
    with pytest.raises(GlmError, match="another seed"):
        two_fits[1].load()
    with pytest.raises(GlmError, match="another seed"):
        save_project(tmp_path / "p.glm", small_analysis, fits=two_fits)
    assert not (tmp_path / "p.glm").exists()


@pytest.mark.parametrize("content", [b"[]", b'{"fits": [1]}', b'{"fits": [{"analysis": {}, "key": "../x"}]}', b"{"])
def test_damaged_fits_are_refused_with_one_sentence(content, tmp_path, small_analysis, small_result, two_fits):
    save_project(tmp_path / "p.glm", small_analysis, small_result, fits=two_fits)
    rewritten(tmp_path / "p.glm", "fits.json", content)
    with pytest.raises(GlmError, match=r"p\.glm, fits\.json"):
        load_fits(tmp_path / "p.glm")


def test_the_command_lists_the_fits_of_a_project(tmp_path, small_analysis, small_result, two_fits, capsys):
    from glmengine.cli.main import main

    save_project(tmp_path / "p.glm", small_analysis, small_result, fits=two_fits, shown=two_fits[1].key)
    assert main(["fits", str(tmp_path / "p.glm")]) == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == "p.glm: 2 fits kept"
    assert lines[0].startswith("  ")
    assert lines[0].endswith("held out, 3 units; the first fit")
    assert lines[1].startswith("* another seed: ")
    assert lines[1].endswith("; seed 0 → 3")
