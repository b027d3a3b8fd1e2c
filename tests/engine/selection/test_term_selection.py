"""Choice of terms on held-out time: forward, backward, subsets and the group path; what a run keeps of it, and the commands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import glmengine as ge
from glmengine.analysis.selection import Selection, TermBlock
from glmengine.cli.main import main
from glmengine.context import CallbackContext
from glmengine.errors import Cancelled, GlmError
from glmengine.selection.forward import forward
from glmengine.selection.nested_models import NestedModels, make_ground
from glmengine.selection.search import hopeless
from glmengine.selection.select import select_on, select_terms
from glmengine.selection.work_ahead import WHOLE_FIT, unit_work

KEPT = Path(__file__).parent.parent / "data"
TERMS = [
    {
        "kind": "covariate",
        "name": "direction",
        "factors": [{"variable": "head_direction", "basis": {"family": "cyclic_b_spline", "n": 5}}],
    },
    *(
        {
            "kind": "covariate",
            "name": axis,
            "factors": [{"variable": f"position.{axis}", "basis": {"family": "b_spline", "n": 5}}],
        }
        for axis in "xy"
    ),
]


def question(*terms, **parts) -> ge.Analysis:
    return ge.Analysis.from_dict(
        {"time": {"bin_size": 0.05}, "terms": list(terms or TERMS), "model": {"strengths": [1e-4, 1e-2]}, **parts}
    )


@pytest.fixture(scope="module")
def ground(small_recording):
    return make_ground(question(), small_recording)


@pytest.fixture(scope="module")
def chosen_forward(ground):
    """What forward selection, as it is asked for by default, finds."""
    return select_on(ground, Selection())


@pytest.mark.parametrize("method", ["forward", "backward", "subsets", "group_path"])
def test_each_unit_gets_the_terms_that_it_was_made_with(ground, chosen_forward, method):
    found = chosen_forward if method == "forward" else select_on(ground, Selection(method=method))
    assert found.terms_of("hd")[0] == "direction"
    assert found.terms_of("place")[0] == "x"
    assert found.terms_of("flat") == ()
    if method != "group_path":  # a lasso keeps more terms than are needed
        assert [len(found.terms_of(unit)) for unit in ("hd", "place")] == [1, 1]
        assert (found.chosen["p"].sel(unit=["hd", "place"]) < 0.05).all()
    assert str(found).startswith("hd: direction")
    assert "flat: nothing" in str(found)
    np.testing.assert_allclose(found.chosen["q"].sel(unit="hd"), 1.5 * found.chosen["p"].sel(unit="hd"))


def test_rounds_say_what_was_tried_and_why_it_ended(chosen_forward):
    found = chosen_forward
    first = found.steps.sel(unit="hd", round=1)
    assert first["candidate"] == "direction"
    assert bool(first["taken"])
    assert float(first["p"]) == pytest.approx(0.5**10)
    tried = first["gains"].where(~first["pruned"], -np.inf)
    assert float(first["gain"]) == float(tried.max())
    gain = float(found.differences["gain"].sel(model="direction", other="constant", unit="hd"))
    assert float(first["gain"]) == pytest.approx(gain, rel=1e-3)
    assert not bool(found.steps["taken"].sel(unit="flat").any())


def test_pruned_candidates_are_those_that_gain_nothing(ground, chosen_forward):
    found, without = chosen_forward, select_on(ground, Selection(prune=False))
    for unit in found.units:
        assert found.terms_of(unit) == without.terms_of(unit)
    pruned = found.steps["pruned"].values
    assert pruned.any()
    assert not without.steps["pruned"].values.any()
    rounds = min(found.steps.sizes["round"], without.steps.sizes["round"])
    gains = without.steps["gains"].values[:, :rounds]
    assert (gains[pruned[:, :rounds]] < 1e-4).all()
    assert any("score test" in note for note in found.notes)
    nested = NestedModels(ground)
    assert (0, 0) not in hopeless(nested, frozenset(), np.arange(3), [0, 1, 2])


def test_units_take_their_own_way_in_one_batch_as_alone(small_recording):
    import pynapple as nap

    together = select_terms(question(), small_recording)
    for number, name in enumerate(small_recording.unit_names):
        alone = ge.Recording(
            name,
            (name,),
            nap.TsGroup({0: small_recording.spikes[number]}, time_support=small_recording.epochs["all"]),
            covariates=small_recording.covariates,
            epochs=small_recording.epochs,
        )
        found = select_terms(question(), alone)
        assert found.terms_of(name) == together.terms_of(name)
        np.testing.assert_allclose(
            found.models["log_likelihood"].sel(unit=name), together.models["log_likelihood"].sel(unit=name), rtol=1e-7
        )


def test_too_few_folds_and_trials_are_refused(small_recording):
    with pytest.raises(GlmError, match=r"2 folds gives a p of 0\.25 at best.*use 5 folds") as caught:
        select_terms(question(validation={"split": "halves"}), small_recording)
    assert caught.value.field == "selection.folds"
    with pytest.raises(GlmError, match="no folds"):
        select_terms(question(model={"strengths": [1e-3]}, validation={"folds": 0}), small_recording, Selection(folds=0))
    many = [
        {**TERMS[1], "name": f"x{n}", "factors": [{"variable": "position.x", "basis": {"family": "b_spline", "n": n}}]}
        for n in range(4, 15)
    ]
    with pytest.raises(GlmError, match=r"have .* subsets"):
        select_terms(question(*many), small_recording, Selection(method="subsets"))


def test_fewer_trials_than_folds_are_refused(small_recording):
    import pynapple as nap

    recording = ge.Recording(
        "trials",
        small_recording.unit_names,
        small_recording.spikes,
        covariates=small_recording.covariates,
        epochs=small_recording.epochs,
        trials={"trials": nap.IntervalSet([0.0, 30.0, 60.0], [20.0, 50.0, 80.0], metadata={"side": ["l", "r", "l"]})},
    )
    with pytest.raises(GlmError, match=r"3 .*10 folds"):
        select_terms(question(validation={"split": "trials", "grouped_by": "trials"}), recording)


def test_a_constant_candidate_is_left_out_and_said(small_recording):
    import pynapple as nap

    still = ge.Covariate("still", nap.Tsd(np.arange(0, 120, 0.02), np.full(6000, 3.0)))
    recording = ge.Recording(
        "still",
        small_recording.unit_names,
        small_recording.spikes,
        covariates={**small_recording.covariates, "still": still},
        epochs=small_recording.epochs,
    )
    constant = {"kind": "covariate", "name": "still", "factors": [{"variable": "still", "basis": {"family": "b_spline", "n": 5}}]}
    found = select_terms(question(TERMS[0], constant), recording)
    assert list(found.contributions["term"].values) == ["direction"]
    assert (
        sum("'still'" in note and "constant in the bins used" in note for note in found.notes) == 1
    )  # not once as a term and once as a candidate
    with pytest.raises(GlmError, match=r"no candidate is left: .*'still' is constant in the bins used"):
        select_terms(question(TERMS[0], constant), recording, Selection(candidates=("still",), always=("direction",)))


def test_of_a_term_or_a_block_that_has_no_columns_it_is_said_once_and_why(small_recording):
    import pynapple as nap

    still = ge.Covariate("still", nap.Tsd(np.arange(0, 120, 0.02), np.full(6000, 3.0)))
    recording = ge.Recording(
        "late",
        small_recording.unit_names,
        small_recording.spikes,
        covariates={**small_recording.covariates, "still": still},
        epochs={**small_recording.epochs, "late": nap.IntervalSet(90.0, 120.0)},
        events={"cue": nap.Ts([10.0, 20.0, 30.0, 40.0])},
    )
    constant = {"kind": "covariate", "name": "still", "factors": [{"variable": "still", "basis": {"family": "b_spline", "n": 5}}]}
    kernel = {"family": "raised_cosine_linear", "n": 4}
    absent = {"kind": "event", "name": "cue", "events": "cue", "basis": kernel, "epochs": ["late"]}
    asked = question(TERMS[0], constant, absent)
    both = TermBlock(name="both", terms=("still", "cue"))
    found = select_terms(asked, recording, Selection(blocks=(both,)))
    assert list(found.contributions["term"].values) == ["direction"]
    assert [note for note in found.notes if "left" in note] == [
        "The term 'still' was left out: 'still' is constant in the bins used.",
        "The term 'cue' was left out: no event 'cue' lies near a bin that is used in late.",
        "No candidate, as nothing is left of its terms: both.",
    ]
    one = select_terms(asked, recording, Selection(blocks=(TermBlock(name="with it", terms=("direction", "still")),)))
    assert list(one.contributions["term"].values) == ["with it"]  # what is left of a block stands for it
    with pytest.raises(GlmError, match=r"no candidate is left: .*no event 'cue' lies near a bin"):
        select_terms(asked, recording, Selection(candidates=("cue",), always=("direction",)))


def test_a_unit_that_is_silent_most_of_the_time(small_recording):
    import pynapple as nap

    early = nap.Ts(small_recording.spikes[0].t[small_recording.spikes[0].t < 10.0], time_support=small_recording.epochs["all"])
    recording = ge.Recording(
        "early",
        ("hd", "early"),
        nap.TsGroup({0: small_recording.spikes[0], 1: early}, time_support=small_recording.epochs["all"]),
        covariates=small_recording.covariates,
        epochs=small_recording.epochs,
    )
    found = select_terms(question(), recording)
    assert found.terms_of("hd") == ("direction",)
    assert found.terms_of("early") == ()
    # without the only fold that holds its spikes nothing can be fitted, so that fold does not count
    assert np.isnan(found.models["log_likelihood"].sel(unit="early").isel(fold=0)).all()
    (note,) = [note for note in found.notes if note.startswith("Folds without a held-out score")]
    several = "folds 2, 3, 4, 5, 6, 7, 8, 9 and 1 more have no spikes in the bins held out"
    assert note == f"Folds without a held-out score: early: fold 1 has no spikes in the bins to fit to, {several}."


def test_stop_and_keep_keeps_the_finished_rounds(ground):
    nested, seen = NestedModels(ground), []
    kept = forward(
        nested, 0.05, context=CallbackContext(seen.append, stopped=lambda: any("Round 2" in one.stage for one in seen))
    )
    assert any("rounds that were finished" in note for note in kept.notes)
    assert kept.models[0] == frozenset([0])
    assert {step.round for step in kept.steps} == {1}
    seen.clear()
    with pytest.raises(Cancelled):
        forward(NestedModels(ground), 0.05, context=CallbackContext(seen.append, cancelled=lambda: len(seen) > 30))


@pytest.mark.parametrize("method", ["forward", "subsets"])
def test_the_share_that_is_done_is_that_of_the_work_in_the_models(ground, method):
    clock, seen = [0.0], []

    class Counted(NestedModels):
        def _cross_validated(self, model, units, context):
            found = super()._cross_validated(model, units, context.part(0.0, 0.0))
            clock[0] += units.size * unit_work(self.ground, model)
            return found

        def whole_fits(self, model, units, strength, context):
            clock[0] += WHOLE_FIT * units.size * unit_work(self.ground, model)
            return super().whole_fits(model, units, strength, context)

    context = CallbackContext(lambda progress: seen.append((clock[0], progress.fraction)))
    select_on(ground, Selection(method=method), context, nested=Counted(ground), detailed=False)
    when, share = np.array(seen).T
    assert (np.diff(share) >= 0).all()
    assert share[-1] == pytest.approx(1.0)
    # how many units go on after the first round nobody knows before it
    known = (when > (0.1 if method == "subsets" else 0.4) * when[-1]) & (when < 0.9 * when[-1])
    assert known.sum() > 3
    said, left = (1 - share[known]) / share[known] * when[known], when[-1] - when[known]
    late = 0.05 * when[-1]  # where little is left, a round that nobody asks for is much of it
    assert (said < np.maximum(2 * left, left + late)).all()
    assert (left < np.maximum(2 * said, said + late)).all()


def test_a_run_keeps_the_selection_and_the_scores_of_each_fold(small_recording, tmp_path):
    selection = Selection(blocks=(TermBlock(name="place", terms=("x", "y")),), method="forward")
    analysis = question(selection=selection.model_dump(), validation={"folds": 5})
    analysis.save(tmp_path / "analysis.toml")
    assert ge.Analysis.load(tmp_path / "analysis.toml") == analysis
    result = ge.run(analysis, small_recording)
    result.save(tmp_path / "result.nc")
    again = ge.Result.load(tmp_path / "result.nc")
    for name, dataset in result.selection.datasets().items():
        again_dataset = again.selection.datasets()[name]
        for key in dataset.variables:
            np.testing.assert_array_equal(dataset[key].values, again_dataset[key].values)
    assert again.selection.notes == result.selection.notes
    assert again.selection.terms_of("place") == ("place",)
    fold_scores = again.fold_scores
    assert dict(fold_scores.sizes) == {"unit": 3, "fold": 5}
    explained = 1 - fold_scores["deviance"].sum("fold") / fold_scores["null_deviance"].sum("fold")
    np.testing.assert_allclose(explained, result.scores["deviance_explained_heldout"], rtol=1e-9)
    gained = ((fold_scores["log_likelihood"] - fold_scores["null_log_likelihood"]) * fold_scores["bins"]).sum("fold")
    bits = gained / fold_scores["spikes"].sum("fold") / np.log(2)
    np.testing.assert_allclose(bits, result.scores["bits_per_spike_heldout"], rtol=1e-9)
    assert float(fold_scores["correlation"].sel(unit="hd").min()) > 0.5
    ge.write_outputs(result, tmp_path / "out", small_recording, figures=False)
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"fold_scores.csv", "selection_chosen.csv", "selection_steps.csv", "selection_models.csv"} <= written
    assert "print(result.selection)" in (tmp_path / "out" / "script.py").read_text(encoding="utf-8")
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Which terms does each unit need?" in report
    assert "<td>hd</td><td>direction</td>" in report
    lines = (tmp_path / "out" / "selection_chosen.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("term,unit,chosen,order")
    # of a result without a selection nothing of it stays
    ge.write_outputs(ge.run(question(), small_recording), tmp_path / "out", small_recording, figures=False)
    assert not [path for path in (tmp_path / "out").iterdir() if path.name.startswith("selection_")]


def test_commands_compare_and_select(small_recording, tmp_path, capsys):
    from glmengine.export.nwb import write_nwb

    write_nwb(small_recording, tmp_path / "small.nwb")
    question().save(tmp_path / "analysis.toml")
    common = [str(tmp_path / "analysis.toml"), "--recording", str(tmp_path / "small.nwb"), "--out"]
    asked = ["--model", "place=x+y", "--model", "direction", "--folds", "5", "--against", "direction", "--keep"]
    code = main(["compare", *common, str(tmp_path / "compared"), *asked])
    said = capsys.readouterr().out
    assert code == 0
    assert said.startswith("small: 3 units, 3 models compared on 5 folds")
    assert "place 0" in said
    assert {"models.csv", "differences.csv", "contributions.csv", "selection.nc", "against.csv"} <= {
        path.name for path in (tmp_path / "compared").iterdir()
    }
    kept = ge.Result.load(tmp_path / "compared" / "result.nc")
    assert kept.selection.summary["model"].values.tolist()[-2:] == ["place", "direction"]
    assert kept.analysis.selection.folds == 5
    table = pd.read_csv(tmp_path / "compared" / "against.csv").set_index(["model", "unit", "fold"])
    against = ge.scores_against(kept.selection.models, "direction").to_dataframe()
    np.testing.assert_allclose(
        table.loc[("place", "hd")]["deviance_explained"], against.loc[("place", "hd")]["deviance_explained"]
    )
    assert main(["compare", *common, str(tmp_path / "no"), "--against", "speed"]) == 1
    assert "no model 'speed' to compare with; the models are constant, " in capsys.readouterr().err
    code = main(["select", *common, str(tmp_path / "selected"), "--candidate", "direction", "--always", "x"])
    said = capsys.readouterr().out
    assert code == 0
    assert "hd: direction" in said
    assert "place: nothing" in said
    assert (tmp_path / "selected" / "chosen.csv").is_file()
    assert main(["select", *common, str(tmp_path / "no"), "--candidate", "speed"]) == 1
    assert "'speed'" in capsys.readouterr().err


def test_files_of_this_format_open_for_ever():
    result = ge.Result.load(KEPT / "format-3" / "result.nc")
    assert [result.selection.terms_of(unit) for unit in result.units] == [("direction",), ("x",), ()]
    assert float(result.selection.contributions["unique"].sel(term="direction", unit="hd")) == pytest.approx(0.5662373359392822)
    assert float(result.fold_scores["correlation"][0, 0]) == pytest.approx(0.9100219988963504)
    assert ge.Result.load(KEPT / "format-2" / "result.nc").selection is None


def test_strengths_by_marginal_likelihood(small_recording):
    found = select_terms(question(model={"strength_by": "marginal_likelihood", "penalty": "smoothness"}), small_recording)
    assert [found.terms_of(unit) for unit in found.units] == [("direction",), ("x",), ()]
    assert float(found.summary["edf"].sel(model="direction", unit="hd")) < 6


@pytest.mark.parametrize("family", ["negative_binomial", "gaussian", "categorical"])
def test_other_families(small_recording, family):
    found = select_terms(question(model={"strengths": [1e-3], "family": family}), small_recording)
    assert found.terms_of("hd")[0] == "direction"
    assert found.terms_of("place")[0] == "x"
    assert found.terms_of("flat") == ()
    beside = found.differences.sel(model="direction", other="constant", unit="hd")
    assert float(beside["low"]) > 0
    assert float(beside["lr_p"]) < 1e-10
    assert np.isfinite(beside["low_parts"]) == (family == "gaussian")
    assert any("blocks of time" in note for note in found.notes) == (family != "gaussian")
