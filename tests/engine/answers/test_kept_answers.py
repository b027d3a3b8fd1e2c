"""Answer sheets with the evidence behind them: kept in a file and in a project, and turned into an analysis again."""

from __future__ import annotations

import ast
import re
import runpy
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import glmengine as ge
from glmengine.answers.kept_answers import KeptAnswers
from glmengine.answers.settings import AnswerSettings
from glmengine.answers.size import estimate_answers
from glmengine.errors import GlmError
from glmengine.export.answer_files import write_answers
from glmengine.export.citations import bibtex
from glmengine.export.methods import methods_text
from glmengine.export.script import script_text
from glmengine.project.project import load_answers, load_project, save_project

SETTINGS = AnswerSettings(shifts=20, simulations=4)


@pytest.fixture(scope="module")
def kept(question, small_recording):
    sheet = ge.explain(small_recording, question, shifts=SETTINGS.shifts, simulations=SETTINGS.simulations)
    return KeptAnswers(sheet, question, SETTINGS, small_recording.name, small_recording.sha256, seconds=1.5)


def test_the_p_of_a_step_is_read_off_the_shifts_that_are_kept(kept):
    shifts = kept.sheet.evidence["shifts"].sel(unit="hd", term="direction")
    gain, null = float(shifts["gain"]), shifts["null"].values
    assert null.shape == (20,)
    assert np.isfinite(null).all()
    p = (1 + (null >= gain).sum()) / (1 + null.size)
    assert float(kept.sheet.terms["shift_p"].sel(unit="hd", term="direction")) == pytest.approx(p, abs=1e-12)
    assert np.isnan(kept.sheet.evidence["shifts"]["gain"].sel(unit="hd", term="x"))


def test_verdicts_are_read_off_the_curves_that_are_kept(kept):
    ks = kept.sheet.evidence["ks"].sel(unit="hd")
    away = np.abs(ks["share"].values - ks["quantile"].values).max()
    assert away <= float(kept.sheet.units["ks"].sel(unit="hd")) + 1e-9  # seen at some quantiles alone
    assert away > 0
    for name in ("rate", "isi", "autocorrelogram"):
        one = kept.sheet.evidence[name].sel(unit="hd")
        inside = (one["data"] >= one["low"]) & (one["data"] <= one["high"])
        assert float(inside.mean()) == pytest.approx(float(kept.sheet.units[f"simulated_{name}"].sel(unit="hd")))
    assert "flat" not in kept.sheet.evidence["ks"]["unit"].values


def test_a_sheet_comes_back_from_its_file_and_from_a_project(kept, question, small_recording, tmp_path):
    kept.save(tmp_path / "sheet.nc")
    for back in (KeptAnswers.load(tmp_path / "sheet.nc"), _through_project(kept, question, small_recording, tmp_path)):
        assert back.is_for(question, SETTINGS, small_recording)
        assert not back.is_for(question.with_(seed=5), SETTINGS, small_recording)
        assert not back.is_for(question, AnswerSettings(), small_recording)
        assert back.seconds == 1.5
        assert back.sheet.is_whole
        assert back.sheet.notes == kept.sheet.notes
        for name, dataset in kept.sheet.datasets().items():
            assert back.sheet.datasets()[name].identical(dataset) or back.sheet.datasets()[name].equals(dataset), name
        assert back.sheet.selection.terms_of("hd") == ("direction",)


def _through_project(kept, question, recording, folder) -> KeptAnswers:
    save_project(folder / "p.glm", question, None, recording, answers=folder / "sheet.nc")
    assert load_project(folder / "p.glm").analysis == question
    (folder / "out").mkdir()
    found = load_answers(folder / "p.glm", folder / "out")
    assert found is not None
    assert found.file == folder / "out" / "answers.nc"
    return found


def test_projects_without_a_sheet_and_sheets_that_are_gone(question, small_recording, tmp_path):
    save_project(tmp_path / "p.glm", question, None, small_recording)
    assert load_answers(tmp_path / "p.glm", tmp_path) is None
    with pytest.raises(GlmError, match="find the answers again"):
        save_project(tmp_path / "q.glm", question, None, small_recording, answers=tmp_path / "gone.nc")
    (tmp_path / "text.nc").write_text("no sheet")
    with pytest.raises(GlmError, match=r"text\.nc"):
        KeptAnswers.load(tmp_path / "text.nc")


def test_the_model_of_a_unit_has_its_terms_alone(kept, question):
    own = kept.model_of("hd")
    assert [term.label for term in own.terms if term.enabled] == ["direction"]
    assert [term.label for term in own.terms] == ["direction", "x"]
    with pytest.raises(GlmError, match="'flat'"):
        kept.model_of("flat")


def test_a_model_keeps_what_chose_its_terms_and_tells_it_everywhere(kept, small_recording, tmp_path):
    own = kept.model_of("hd")
    origin = own.terms_from
    assert (origin.unit, origin.chosen, origin.candidates) == ("hd", ("direction",), ("direction", "x"))
    assert origin.explained == pytest.approx(float(kept.sheet.units["deviance_explained"].sel(unit="hd")))
    assert own.sha256 == own.with_(terms_from=None).sha256
    own.save(tmp_path / "own.toml")
    assert "format_version = 3" in (tmp_path / "own.toml").read_text()
    assert ge.Analysis.load(tmp_path / "own.toml") == own
    assert own.with_(terms_from=None).to_dict()["format_version"] == 2
    result = ge.run(own.with_(units=own.units.with_(names=("hd",)), validation=own.validation.with_(folds=0)), small_recording)
    result.save(tmp_path / "r.nc")
    again = ge.Result.load(tmp_path / "r.nc")
    said = "n answer sheet chose direction (in this order) for unit hd of"
    methods = methods_text(again)
    assert said in methods
    assert "do not know of the choice" in methods
    assert set(re.findall(r"\[(\w+\d{4})\]", methods)) == set(re.findall(r"^@\w+\{(\w+\d{4}),", bibtex(again), re.MULTILINE))
    assert sum(said in note and "do not know of the choice" in note for note in again.notes) == 1
    script = script_text(again.analysis, "small.nwb")
    compile(script, "script", "exec")
    assert " ".join(ast.get_docstring(ast.parse(script)).split()).count(said) == 1
    changed = again.analysis.terms_from.note(["direction", "x"], "another", "")
    assert changed.endswith("The terms have been changed since.")


def test_the_models_of_a_sheet_are_written_as_analyses(kept, tmp_path):
    written = write_answers(kept.sheet, tmp_path, analysis=kept.analysis, models=kept.models)
    models = {path.stem: ge.Analysis.load(path) for path in written if path.parent.name == "models"}
    assert models == kept.models
    assert all(model.units.names == (unit,) for unit, model in models.items())


def test_the_script_of_a_sheet_asks_the_same_of_the_same_recording(kept, small_recording, tmp_path, monkeypatch):
    file = tmp_path / "data" / "small.nwb"
    recording = replace(small_recording, path=file)
    written = write_answers(kept.sheet, tmp_path / "out", analysis=kept.analysis, shifts=30, simulations=4, recording=recording)
    models = {path.stem: ge.Analysis.load(path) for path in written if path.parent.name == "models"}
    assert {unit: model.terms for unit, model in models.items()} == {unit: model.terms for unit, model in kept.models.items()}
    script = next(path for path in written if path.name == "script.py")
    asked = []
    monkeypatch.setattr(ge, "open_recording", lambda path, *recipe: asked.append(path) or recording)
    monkeypatch.setattr(ge, "explain", lambda *given, **settings: asked.append((given, settings)) or kept.sheet)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(script)])  # else it would take the first argument of the tests for the recording
    runpy.run_path(str(script), run_name="__main__")
    path, ((opened, analysis), settings) = asked
    assert Path(path).resolve() == file.resolve(), "it finds the recording from where it lies"
    assert opened is recording
    assert analysis.sha256 == kept.analysis.sha256
    assert settings == {"shifts": 30, "simulations": 4}
    again = {path.relative_to(tmp_path / "answers") for path in (tmp_path / "answers").rglob("*") if path.is_file()}
    assert again == {path.relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("*") if path.is_file()}


def test_the_estimate_grows_with_what_is_asked(question, small_recording):
    whole = estimate_answers(question, small_recording, AnswerSettings())
    assert whole.n_units == 3
    assert whole.n_columns == 10
    assert estimate_answers(question, small_recording, AnswerSettings(shifts=0, simulations=0)).seconds < whole.seconds
    assert estimate_answers(question, small_recording, AnswerSettings(simulations=500)).seconds > whole.seconds
