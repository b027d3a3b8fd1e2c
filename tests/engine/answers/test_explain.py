"""The answer sheet: from a recording to a sentence a unit."""

from __future__ import annotations

import numpy as np
import pytest

import glmengine as ge
from glmengine.answers.question import question_for
from glmengine.answers.sentence import answer_sentence
from glmengine.cli.main import main
from glmengine.context import CallbackContext
from glmengine.errors import GlmError


@pytest.fixture(scope="module")
def question() -> ge.Analysis:
    def term(name: str, variable: str, family: str) -> dict:
        return {"kind": "covariate", "name": name, "factors": [{"variable": variable, "basis": {"family": family, "n": 5}}]}

    return ge.Analysis.from_dict(
        {
            "time": {"bin_size": 0.05},
            "terms": [term("direction", "head_direction", "cyclic_b_spline"), term("x", "position.x", "b_spline")],
            "model": {"strengths": [1e-3]},
        }
    )


@pytest.fixture(scope="module")
def sheet(question, small_recording):
    said = []
    found = ge.explain(small_recording, question, report=lambda unit, text: said.append((unit, text)))
    return found, said


def test_each_unit_has_its_terms_curves_checks_and_a_sentence(sheet):
    found, said = sheet
    assert found.units["unit"].values[-1] == "flat"
    explained = found.units["deviance_explained"].values
    assert (np.diff(explained[:-1]) <= 0).all()
    own = found.units.sel(unit="hd")
    assert own["terms"] == "direction"
    assert own["sentence"].item().startswith("Direction (")
    assert "; x adds nothing" in own["sentence"].item()
    assert found.units["terms"].sel(unit="place") == "x"
    assert found.units["sentence"].sel(unit="flat").item().startswith("Nothing that was offered (direction, x)")
    assert found.units["finished"].values.all()
    assert 0 < float(own["ks"]) < 1
    assert own["verdict"].item()
    assert [unit for unit, _ in said] == [unit for unit in found.units["unit"].values if unit != "flat"]
    assert dict(said)["hd"] == own["sentence"].item()
    assert list(found.curves["direction"]["unit"].values) == ["hd"]
    assert list(found.curves["x"]["unit"].values) == ["place"]
    assert float(found.terms["order"].sel(unit="hd", term="direction")) == 1
    assert float(found.terms["unique"].sel(unit="hd", term="direction")) > 0.1
    assert float(found.terms["shift_p"].sel(unit="hd", term="direction")) < 0.05
    assert float(found.terms["shift_q"].sel(unit="hd", term="direction")) < 0.05
    assert np.isnan(found.terms["shift_p"].sel(unit="hd", term="x"))
    assert np.isnan(found.terms["shift_p"].sel(unit="flat")).all()
    assert str(found).splitlines()[-1].startswith("flat: Nothing")


def test_further_columns_find_their_units(sheet):
    import xarray as xr

    found, _ = sheet
    units = list(found.selection.units)
    further = xr.Dataset(
        {
            "agreement": ("unit", np.arange(3.0)),
            "certainty": (("term", "unit"), np.arange(6.0).reshape(2, 3)),
        },
        {"unit": units, "term": ["direction", "x"]},
    )
    more = found.with_columns(further)
    assert float(more.units["agreement"].sel(unit=units[2])) == 2.0
    assert float(more.terms["certainty"].sel(unit=units[1], term="x")) == 4.0
    with pytest.raises(GlmError, match="lies along fold"):
        found.with_columns(xr.Dataset({"odd": ("fold", np.zeros(2))}))


def test_the_question_of_a_recording(small_recording):
    analysis = question_for(small_recording)
    labels = [term.label for term in analysis.terms]
    assert any("position.x x position.y" in label for label in labels)
    assert {"head_direction", "history", "speed"} <= set(labels)
    only = question_for(small_recording, ["head_direction", "history"])
    assert [term.label for term in only.terms] == ["head_direction", "history"]
    with pytest.raises(GlmError, match=r"no variable 'lick'.*head_direction"):
        question_for(small_recording, ["lick"])


def test_stopped_before_the_final_models(question, small_recording):
    seen = []
    found = ge.explain(
        small_recording,
        question,
        context=CallbackContext(seen.append, stopped=lambda: any(one.fraction > 0.6 for one in seen)),
    )
    assert not found.units["finished"].values[:2].any()
    assert any("stopped" in note for note in found.notes)
    assert found.units["terms"].sel(unit="hd") == "direction"


def test_sentences_say_what_adds_and_what_does_not():
    said = answer_sentence(
        [("position", 0.19), ("head direction", 0.04), ("theta", 0.0)],
        ["speed"],
        explained=0.23,
        q=0.0004,
        adequate=False,
        try_next="a longer history",
    )
    assert said == (
        "Position (0.19 of the deviance alone, q < 0.001), then head direction (+0.04) and theta (what the others say too); "
        "0.23 together; speed adds nothing; something is missing in the model: try a longer history."
    )
    fine = answer_sentence([("x", 0.2)], ["y", "z"], explained=0.2, q=0.03, adequate=True, try_next="")
    assert fine == "X (0.2 of the deviance, q 0.03); y, z add nothing; nothing speaks against the model."


def test_the_command_writes_the_sheet(question, small_recording, tmp_path, capsys):
    from glmengine.export.nwb import write_nwb

    write_nwb(small_recording, tmp_path / "small.nwb")
    question.save(tmp_path / "question.toml")
    code = main(
        ["explain", str(tmp_path / "question.toml"), "--recording", str(tmp_path / "small.nwb"), "--out", str(tmp_path / "out")]
    )
    said = capsys.readouterr().out
    assert code == 0
    assert "hd: Direction (" in said
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"answers.nc", "answers.csv", "terms.csv", "selection_chosen.csv"} <= written
    assert {"curve_direction.csv", "curve_x.csv"} <= written
    assert main(["explain", str(tmp_path / "small.nwb"), "--recording", "x.nwb", "--out", str(tmp_path / "no")]) == 1
    assert "is no analysis" in capsys.readouterr().err


def test_a_unit_that_follows_its_own_past_alone_has_no_shift_test(small_recording):
    history = {"kind": "history", "name": "history", "basis": {"family": "raised_cosine_log", "n": 3, "window": 1.5}}
    analysis = ge.Analysis.from_dict(
        {"time": {"bin_size": 0.1}, "terms": [history], "model": {"strengths": [1e-3]}, "units": {"names": ["hd"]}}
    )
    found = ge.explain(small_recording, analysis)
    assert found.units["terms"].values.tolist() == ["history"]
    assert "shift_p" not in found.terms
    assert any("no term has a shift test" in note for note in found.notes)
