"""Answer sheets with the evidence behind them: kept in a file and in a project, and turned into an analysis again."""

from __future__ import annotations

import numpy as np
import pytest

import glmengine as ge
from glmengine.answers.kept_answers import KeptAnswers
from glmengine.answers.settings import AnswerSettings
from glmengine.answers.size import estimate_answers
from glmengine.answers.unit_model import analysis_of_unit
from glmengine.errors import GlmError
from glmengine.project import load_answers, load_project, save_project

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
    own = analysis_of_unit(question, kept.sheet.selection, "hd")
    assert [term.label for term in own.terms if term.enabled] == ["direction"]
    assert [term.label for term in own.terms] == ["direction", "x"]
    with pytest.raises(GlmError, match="'flat'"):
        analysis_of_unit(question, kept.sheet.selection, "flat")


def test_the_estimate_grows_with_what_is_asked(question, small_recording):
    whole = estimate_answers(question, small_recording, AnswerSettings())
    assert whole.n_units == 3
    assert whole.n_columns == 10
    assert estimate_answers(question, small_recording, AnswerSettings(shifts=0, simulations=0)).seconds < whole.seconds
    assert estimate_answers(question, small_recording, AnswerSettings(simulations=500)).seconds > whole.seconds
