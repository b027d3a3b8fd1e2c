"""The answer sheet: from a recording to a sentence a unit."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import glmengine as ge
from glmengine.analysis.default_terms import history_term
from glmengine.analysis.remedies import Advice, longer_history
from glmengine.analysis.selection import Selection
from glmengine.answers.question import default_selection, events_left_out, question_for
from glmengine.answers.sentence import Nearest, answer_sentence
from glmengine.answers.sheet_of_parts import nearest_of
from glmengine.answers.unit_model import analysis_of_unit
from glmengine.answers.weak_terms import weak_terms
from glmengine.cli.main import main
from glmengine.context import CallbackContext, UnitsFound
from glmengine.errors import GlmError
from glmengine.export.answer_methods import answers_methods
from glmengine.goodness.judgement import NOTHING_ELSE, Finding, Judgement
from glmengine.selection.chosen_terms import judge


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


def test_events_of_few_kinds_are_candidates_and_many_are_said_to_be_left_out(small_recording):
    import pynapple as nap

    starts = np.arange(12) * 10.0
    trials = nap.IntervalSet(starts, starts + 4.0, metadata={"choice": np.array(["left", "right"] * 6)})
    events = {"cue": nap.Ts(starts), "lick": nap.Ts(starts + 2.0)}
    recording = replace(small_recording, trials={"laps": trials}, events=events)
    labels = [term.label for term in question_for(recording).terms]
    offered = ["cue", "cue by choice", "lick", "lick by choice", "laps.stop"]  # laps.start is the cue
    assert [label for label in labels if label in offered or "laps" in label] == offered
    assert [term.label for term in question_for(recording, ["lick"]).terms] == ["lick", "lick by choice"]
    assert events_left_out(question_for(recording), recording) == ""
    many = replace(recording, events={f"e{k}": nap.Ts(starts + 0.1 * k) for k in range(1, 9)})
    asked = question_for(many)
    assert not any(term.kind == "event" for term in asked.terms)
    assert "No candidate looks at the times of events and trials (e1, e2" in events_left_out(asked, many)
    assert [term.label for term in question_for(many, ["e7", "e2"]).terms] == ["e2", "e2 by choice", "e7", "e7 by choice"]
    assert events_left_out(question_for(small_recording), small_recording) == ""


def test_what_is_derived_is_a_candidate_and_a_position_along_a_track_gets_its_speed():
    import pynapple as nap

    from glmengine.recording.derived.movement import RunningDirection, Speed
    from glmengine.recording.recording import Covariate, Recording

    times = np.arange(2000) * 0.02
    laps = Covariate("X", nap.Tsd(times, 50 + 50 * np.sin(times)))
    track = Recording(
        "track",
        ("a",),
        spikes=nap.TsGroup({0: nap.Ts(times[::7])}),
        covariates={"X": laps},
        epochs={"all": nap.IntervalSet(0, 40)},
    )

    def labels(**given):
        return [term.label for term in question_for(track, **given).terms]

    assert labels() == ["X", "history", "speed"]
    way = RunningDirection(source="X")
    assert set(labels(derived=(way,))) == {"X", "history", "speed", "running_direction"}
    own = Speed(source="X", name="pace", smoothing=0.3)
    asked = question_for(track, derived=(way, own))
    assert {term.label for term in asked.terms} == {"X", "history", "running_direction", "pace"}
    assert asked.derived == (way, own)
    assert labels(variables=["running_direction"], derived=(way,)) == ["running_direction"]
    with pytest.raises(GlmError, match="no covariate 'gone'"):
        question_for(track, derived=(RunningDirection(source="gone"),))


def test_stopped_before_the_final_models(question, small_recording):
    seen = []
    found = ge.explain(
        small_recording,
        question,
        context=CallbackContext(seen.append, stopped=lambda: any(one.stage == "Final models" for one in seen)),
    )
    assert not found.units["finished"].values[:2].any()
    assert any("stopped" in note for note in found.notes)
    assert found.units["terms"].sel(unit="hd") == "direction"


@pytest.mark.parametrize("share", [0.06, 0.3, 0.55])
def test_units_whose_terms_were_not_chosen_do_not_pass_for_units_that_nothing_drives(share, question, small_recording):
    seen = []
    context = CallbackContext(seen.append, stopped=lambda: any(one.fraction > share for one in seen))
    with pytest.raises(GlmError, match="stopped before the terms of any unit were chosen"):
        ge.explain(small_recording, question, context=context)


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
        "Position (0.19 of the deviance, q < 0.001), then head direction (+0.040) and theta (less than +0.001); "
        "0.23 together; speed adds nothing; something is missing in the model; what to try: a longer history."
    )
    unordered = answer_sentence(
        [("position", 0.19), ("theta", 0.02)], [], explained=0.3, q=0.0004, adequate=None, try_next="", in_order=False
    )
    assert unordered == "Position (0.19 of the deviance alone, q < 0.001), then theta (0.020 unique); 0.30 together."
    replaced = answer_sentence(
        [("position", 0.19), ("theta", 0.02)], [], explained=0.21, q=0.0004, adequate=None, try_next="", replaceable=["position"]
    )
    assert replaced == (
        "Position (0.19 of the deviance, q < 0.001), then theta (+0.020); 0.21 together; what position says the others say too."
    )
    with_past = answer_sentence(
        [("position", 0.19), ("speed", 0.02), ("history", 0.09)],
        ["theta"],
        explained=0.3,
        q=0.0004,
        adequate=True,
        try_next="",
        last=["history"],
        not_missed=["speed"],
    )
    assert with_past == (
        "Position (0.19 of the deviance, q < 0.001), then speed (+0.020), and last of all history (+0.090); 0.30 together; theta adds nothing; "
        "beside history, speed adds nothing; nothing speaks against the model."
    )
    fine = answer_sentence([("x", 0.2)], ["y", "z"], explained=0.2, q=0.03, adequate=True, try_next="")
    assert fine == "X (0.20 of the deviance, q 0.030); y, z add nothing; nothing speaks against the model."
    away = answer_sentence([("x", 0.2)], [], explained=0.2, q=0.03, adequate=False, try_next="", unable="Its spikes run away.")
    assert away.endswith("something is missing in the model; its spikes run away.")
    nothing = [answer_sentence([], ["y"], explained=0, q=1, adequate=None, try_next="", spikes=n) for n in (np.nan, 500, 41)]
    assert nothing[0] == nothing[1] == "Nothing that was offered (y) tells the rate from a constant one on held-out time."
    assert nothing[2].endswith("held-out time; with 41 spikes only a strong dependence would be seen.")
    near = [Nearest("y", 0.29, 0.033, True, among_units=True), Nearest("y", 0.05, 0.2, True), Nearest("y", 0.05, 0.2, False)]
    ends = [
        answer_sentence([], ["y"], explained=0, q=1, adequate=None, try_next="", nearest=one).partition("(y) ")[2] for one in near
    ]
    assert ends == [
        "is beyond what comes by chance among so many units; the most has y (0.29 of the deviance alone, p 0.033).",
        "is beyond what shifts in time give; the most has y (0.050 of the deviance alone, p 0.20).",
        "says the same in enough of the folds; the most has y (0.050 of the deviance alone, p 0.20).",
    ]


def test_terms_that_hardly_matter_are_called_possible():
    said = answer_sentence(
        [("speed", 0.0002), ("x", 0.01)],
        ["y"],
        explained=0.01,
        q=0.01,
        adequate=None,
        try_next="",
        weak={"speed": "", "x": "in 5 of 10 folds"},
    )
    assert said == (
        "Perhaps speed (0.00020 of the deviance, q 0.010), then perhaps x (+0.010); 0.010 together; in 5 of 10 folds x says nothing; y adds nothing."
    )


def test_terms_hardly_matter_that_add_next_to_nothing_or_nothing_in_half_of_the_folds(sheet):
    found, _ = sheet
    selection = found.selection
    weak = weak_terms(selection)
    assert weak == {unit: {} for unit in weak}
    assert set(weak) == {"hd", "place", "flat"}
    assert (found.units["perhaps"].values == "").all()
    little = replace(selection, chosen=selection.chosen.assign(added=selection.chosen["added"] * 0 + 2e-4))
    assert weak_terms(little) == {"hd": {"direction": ""}, "place": {"x": ""}, "flat": {}}
    n = selection.steps.sizes["fold"]
    some = xr.DataArray(np.where(np.arange(n) < (n + 1) // 2, -1.0, 1.0), dims="fold")
    gains = selection.steps["fold_gain"] * 0 + some
    uneven = replace(selection, steps=selection.steps.assign(fold_gain=gains))
    assert weak_terms(uneven)["hd"] == {"direction": f"in {(n + 1) // 2} of {n} folds"}
    without_steps = replace(selection, steps=None)  # as of a group path
    assert weak_terms(without_steps)["hd"] == {}


def test_what_came_nearest_is_what_was_taken_back_or_else_what_was_tested_first(sheet):
    found, _ = sheet
    selection = found.selection
    explains = float(selection.contributions["alone"].sel(term="x", unit="place"))
    p = float(selection.steps["p"].sel(unit="place").values[0])
    back = replace(selection, chosen=selection.chosen.assign(p=selection.chosen["p"] * 0 + 0.03))
    assert nearest_of(back, "place", 0.05) == Nearest("x", explains, 0.03, True, among_units=True)
    steps = selection.steps.assign(taken=selection.steps["taken"] & False)
    untaken = replace(selection, steps=steps, chosen=selection.chosen.assign(p=selection.chosen["p"] * np.nan))
    assert nearest_of(untaken, "place", 0.05) == Nearest("x", explains, p, True)
    nothing = selection.contributions.assign(alone=selection.contributions["alone"] * 0)
    assert nearest_of(replace(untaken, contributions=nothing), "place", 0.05) is None


def test_the_command_writes_the_sheet(question, small_recording, tmp_path, capsys):
    from glmengine.export.nwb import write_nwb

    write_nwb(small_recording, tmp_path / "small.nwb")
    question.save(tmp_path / "question.toml")
    code = main(
        ["explain", str(tmp_path / "question.toml"), "--recording", str(tmp_path / "small.nwb"), "--out", str(tmp_path / "out")]
    )
    said = capsys.readouterr().out
    assert code == 0
    assert said.index("so far hd: Direction (") < said.index("the best known first") < said.rindex("hd: Direction (")
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"answers.nc", "answers.csv", "terms.csv", "selection_chosen.csv"} <= written
    assert {"curve_direction.csv", "curve_x.csv", "methods.txt", "references.bib"} <= written
    methods, works = ((tmp_path / "out" / name).read_text(encoding="utf-8") for name in ("methods.txt", "references.bib"))
    for said in (
        "one by one [hardcastle2017]",
        "folds over contiguous",
        "200 shifts",
        "[benjamini1995]",
        "[haslinger2010]",
        "32 recordings",
    ):
        assert said in methods
    cited = set(re.findall(r"\[(\w+\d{4})\]", methods))
    assert cited == set(re.findall(r"^@\w+\{(\w+\d{4}),", works, re.MULTILINE))
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


@pytest.fixture(scope="module")
def doublets(small_recording):
    """The unit that follows the direction; every other of its spikes is followed by one more."""
    import pynapple as nap

    times = small_recording.spikes[0].t
    both = nap.Ts(np.sort(np.concatenate([times, times[::2] + 0.06])))
    spikes = nap.TsGroup({0: both}, time_support=small_recording.spikes.time_support)
    return replace(small_recording, unit_names=("hd",), spikes=spikes)


def _with_history(question: ge.Analysis) -> ge.Analysis:
    history = {"kind": "history", "name": "own past", "basis": {"family": "raised_cosine_log", "n": 3, "window": 1.0}}
    terms = [*question.to_dict()["terms"], history]
    return ge.Analysis.from_dict({**question.to_dict(), "terms": terms, "units": {"names": ["hd"]}})


def test_the_own_past_is_tried_last_and_what_it_leaves_to_each_variable_is_said(question, doublets):
    asked = _with_history(question)
    assert default_selection(asked).last == ("own past",)
    found = ge.explain(doublets, asked, shifts=0, simulations=0)
    first, *_, last = found.units["terms"].item().split(", ")
    assert (first, last) == ("direction", "own past")
    chosen = found.selection.chosen.sel(unit="hd")
    assert chosen["term"].values[chosen["last"].values].tolist() == ["own past"]
    rounds = found.selection.steps["candidate"].sel(unit="hd").values.tolist()
    assert "own past" not in rounds[: rounds.index("own past")]
    assert rounds[0] == "direction"
    own = found.terms.sel(unit="hd", term="direction")
    assert float(own["missed"]) > 0.1
    for unit in found.units["unit"].values:  # what is written in order sums to what is explained
        mine = found.terms.sel(unit=unit)
        if found.units["terms"].sel(unit=unit).item():
            explained = float(found.units["deviance_explained"].sel(unit=unit))
            assert float(mine["added"].where(np.isfinite(mine["order"])).sum()) == pytest.approx(explained, abs=1e-9)
    assert float(own["missed_p"]) < 0.05
    text = found.units["sentence"].item()
    assert text.startswith("Direction (")
    assert " last of all own past (+" in text
    at_once = ge.explain(doublets, asked.with_(selection=Selection()), shifts=0, simulations=0)
    assert not at_once.selection.chosen["last"].any()
    assert at_once.terms["missed"].isnull().all()


def test_words_report_methods_and_script_say_what_was_tried_last(question, doublets):
    from glmengine.export.methods import methods_text
    from glmengine.export.report.tables import selection_tables
    from glmengine.export.script import script_text

    asked = _with_history(question)
    result = ge.run(asked.with_(selection=default_selection(asked)), doublets)
    words = result.selection.words_of("hd")
    assert words.startswith("direction")
    assert words.endswith(", last own past")
    assert selection_tables(result.selection)[0].rows[0][1] == words
    assert "p below 0.05), own past after all others." in methods_text(result)
    assert 'last = [\n    "own past",\n]' in script_text(result.analysis)


def test_a_term_that_is_tried_last_has_to_be_a_candidate(question, small_recording):
    with pytest.raises(GlmError, match="'speed' is to be tried last and is no candidate; the candidates are direction, x"):
        ge.explain(small_recording, question.with_(selection=Selection(last=("speed",))))


def test_what_is_tried_last_stays_where_the_variables_are_taken_back():
    p = np.array([0.03, 0.001, 0.04, np.nan, 0.2])
    last_p = np.array([0.001, 0.001, np.nan, np.nan, 0.001])
    held = judge(p, last_p, 0.05, over_units=True)
    assert held.common.tolist() == [True, False, True, False, False]
    assert held.weak.tolist() == [False, False, False, False, True]
    assert held.only_last.tolist() == [True, False, False, False, True]
    assert held.nothing.tolist() == [False, False, True, False, False]
    assert held.p[[0, 4]].tolist() == [0.001, 0.001]
    alone = judge(p, last_p, 0.05, over_units=False)
    assert not alone.common.any()
    assert alone.only_last.tolist() == [False, False, False, False, True]


@pytest.fixture
def one_by_one(monkeypatch):
    """Units are answered by themselves."""
    from glmengine.answers import population

    monkeypatch.setattr(population, "FIRST", 0.0)
    monkeypatch.setattr(population, "NEXT", 0.0)


def _same(one: ge.AnswerSheet, other: ge.AnswerSheet) -> None:
    import xarray as xr

    for name, dataset in one.datasets().items():
        xr.testing.assert_identical(dataset, other.datasets()[name])
    assert one.notes[:-1] == other.notes[:-1]  # the last says how long it took


def test_units_come_one_by_one_as_arrays_that_can_be_drawn(question, small_recording, one_by_one, sheet):
    drawn = []
    found = ge.explain(small_recording, question, filled=drawn.append)
    assert [one.units.sizes["unit"] for one in drawn] == [1, 1, 1]
    assert {unit for one in drawn for unit in one.units["unit"].values} == {"hd", "place", "flat"}
    for one in drawn:
        unit = one.units["unit"].values[0]
        assert float(one.units["q"].sel(unit=unit)) >= float(found.units["q"].sel(unit=unit)) or np.isnan(one.units["q"]).all()
        assert one.units["ks"].sel(unit=unit).item() == pytest.approx(found.units["ks"].sel(unit=unit).item(), nan_ok=True)
    np.testing.assert_array_equal(found.units["terms"].values, sheet[0].units["terms"].values)
    np.testing.assert_allclose(found.units["deviance_explained"].values, sheet[0].units["deviance_explained"].values, rtol=1e-9)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_unit_that_is_wanted_first_comes_first_and_changes_no_number(question, small_recording, one_by_one, workers):
    def told(wanted: str | None) -> tuple[list[str], ge.AnswerSheet]:
        came: list[str] = []
        begun: set[str] = set()

        def began(found: UnitsFound) -> None:
            if found.strength is None and found.status is None:
                begun.update(found.units)

        def filled(some: ge.AnswerSheet) -> None:
            names = some.units["unit"].values.tolist()
            assert begun.issuperset(names), "their turn was told before"
            came.extend(names)

        context = CallbackContext(first_unit=lambda: wanted, on_units=began)
        return came, ge.explain(
            small_recording, question, shifts=20, simulations=2, workers=workers, filled=filled, context=context
        )

    usual, sheet = told(None)
    last = usual[-1] if workers == 1 else "flat"
    order, other = told(last)
    assert order[0] == last != usual[0]
    _same(sheet, other)


def test_the_unit_that_is_wanted_while_others_are_answered_comes_next(question, small_recording, one_by_one):
    came: list[str] = []
    usual: list[str] = []
    ge.explain(small_recording, question, shifts=0, simulations=0, filled=lambda some: usual.extend(some.units["unit"].values))
    context = CallbackContext(first_unit=lambda: usual[-1] if came else None)
    ge.explain(
        small_recording,
        question,
        shifts=0,
        simulations=0,
        filled=lambda some: came.extend(some.units["unit"].values),
        context=context,
    )
    assert came == [usual[0], usual[2], usual[1]]


def test_any_number_of_workers_gives_the_same(question, small_recording, one_by_one):
    came = []
    shared = ge.explain(small_recording, question, shifts=20, simulations=2, workers=2, filled=came.append)
    _same(ge.explain(small_recording, question, shifts=20, simulations=2), shared)
    assert sorted(str(unit) for one in came for unit in one.units["unit"].values) == ["flat", "hd", "place"]
    with pytest.raises(GlmError, match="workers: 0 is not a whole number"):
        ge.explain(small_recording, question, workers=0)


def test_workers_are_as_many_as_work_and_memory_allow(question, small_recording, monkeypatch):
    from glmengine.answers import shared_out
    from glmengine.answers.population import population_of
    from glmengine.answers.shared_out import UnitGroup, processes_worth
    from glmengine.parallel import room_beside

    monkeypatch.setattr(shared_out, "n_threads", lambda: 16)
    monkeypatch.setattr(room_beside, "held_bytes", lambda: 0.3e9)
    population = population_of(question, small_recording, 0)
    few, many = ([UnitGroup((0,), ("hd",), None, "")] * n for n in (3, 2_000_000))
    assert processes_worth(population, few) == 1
    assert processes_worth(population, many) == 6  # of 0.4 GB and little more each, this one too, in 2 GB and 1
    terms = [*question.to_dict()["terms"], {"kind": "history", "basis": {"family": "raised_cosine_log", "n": 8, "window": 0.5}}]
    with_past = population_of(ge.Analysis.from_dict({**question.to_dict(), "terms": terms}), small_recording, 0)
    assert with_past.width == population.width  # however many units there are, each has its own past alone
    assert processes_worth(with_past, many) == 6
    monkeypatch.setattr(room_beside, "held_bytes", lambda: 1.9e9)  # as a window that has drawn what was fitted
    assert processes_worth(population, many) == 2
    monkeypatch.setattr(room_beside, "held_bytes", lambda: 2.9e9)
    assert processes_worth(population, many) == 1
    roomy = population_of(question.with_(model=question.model.with_(memory=64.0)), small_recording, 0)
    assert processes_worth(roomy, many) == 16


def test_what_goes_wrong_in_a_worker_is_raised(question, small_recording):
    from glmengine.answers.shared_out import Answering, UnitGroup
    from glmengine.context import SILENT

    bare = question.with_(terms=())
    found = Answering(bare, small_recording, 0, 0)(UnitGroup((0,), ("hd",), None, ""), SILENT)
    assert isinstance(found, GlmError)


def test_a_worker_that_is_killed_costs_nothing_but_time(question, small_recording, one_by_one):
    killed = []

    def kill(_: ge.AnswerSheet) -> None:
        for process in multiprocessing.active_children()[: not killed]:
            os.kill(process.pid, signal.SIGKILL)
            killed.append(process.pid)

    found = ge.explain(small_recording, question, shifts=0, simulations=0, workers=2, filled=kill)
    assert killed
    _same(ge.explain(small_recording, question, shifts=0, simulations=0), found)


def test_a_disk_that_is_full_ends_the_sheet_and_keeps_the_groups_that_were_finished(
    question, small_recording, one_by_one, tmp_path, monkeypatch
):
    from glmengine.answers import part

    written, write = [], part.write_netcdf

    def full_after_one(path, *args, **kwargs):
        written.append(path.name)
        if len(written) == 2:
            raise GlmError(f"{path.name}: no space left on the disk")
        write(path, *args, **kwargs)

    monkeypatch.setattr(part, "write_netcdf", full_after_one)
    with pytest.raises(GlmError, match=r"001\.nc: no space left"):
        ge.explain(small_recording, question, shifts=0, simulations=0, out=tmp_path)
    assert [path.name for path in (tmp_path / "unfinished").iterdir()] == ["000.nc"]
    again = ge.explain(small_recording, question, shifts=0, simulations=0, out=tmp_path)
    assert written == ["000.nc", "001.nc", "001.nc", "002.nc"]
    assert again.is_whole


def test_a_worker_hands_over_why_its_answers_cannot_be_kept(question, small_recording, tmp_path):
    from glmengine.answers.shared_out import Answering, UnitGroup

    (tmp_path / "unfinished").write_text("in the way")
    group = UnitGroup((0,), ("hd",), tmp_path / "unfinished" / "000.nc", "key")
    said = Answering(question, small_recording, 0, 0)(group)
    assert isinstance(said, GlmError)
    assert "cannot be kept" in said.message


def test_an_interrupted_sheet_goes_on_where_it_was(question, small_recording, one_by_one, tmp_path):
    whole = ge.explain(small_recording, question, shifts=20, simulations=2, out=tmp_path / "whole")
    assert not (tmp_path / "whole" / "unfinished").exists()
    told = []

    def cancelled() -> bool:
        return len(told) >= 2

    with pytest.raises(ge.Cancelled):
        ge.explain(
            small_recording,
            question,
            shifts=20,
            simulations=2,
            filled=told.append,
            out=tmp_path / "out",
            context=CallbackContext(cancelled=cancelled),
        )
    kept = sorted(path.name for path in (tmp_path / "out" / "unfinished").iterdir())
    assert kept == ["000.nc", "001.nc"]
    (tmp_path / "out" / "unfinished" / "001.nc").write_bytes((tmp_path / "out" / "unfinished" / "001.nc").read_bytes()[:5000])
    again = ge.explain(small_recording, question, shifts=20, simulations=2, out=tmp_path / "out")
    _same(again, whole)
    assert not (tmp_path / "out" / "unfinished").exists()


def test_parts_of_another_question_do_not_count(question, small_recording, one_by_one, tmp_path):
    from glmengine.answers.part import Part

    def stopped() -> bool:
        return (tmp_path / "unfinished" / "000.nc").exists()

    found = ge.explain(small_recording, question, out=tmp_path, context=CallbackContext(stopped=stopped))
    assert found.units.sizes["unit"] == 1
    assert any("not in the sheet" in note for note in found.notes)
    assert Part.load(tmp_path / "unfinished" / "000.nc", "another key") is None
    other = ge.explain(small_recording, question, shifts=0, out=tmp_path)
    assert "shift_p" not in other.terms


def test_a_killed_command_goes_on(question, small_recording, tmp_path, monkeypatch):
    import subprocess
    import sys
    import time

    from glmengine.answers import population
    from glmengine.cli.main import main
    from glmengine.export.nwb import write_nwb

    write_nwb(small_recording, tmp_path / "small.nwb")
    question.save(tmp_path / "question.toml")
    program = (
        "import sys; from glmengine.answers import population; population.FIRST = population.NEXT = 0.0; "
        "from glmengine.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    few = ["--shifts", "20", "--simulations", "2"]
    asked = ["explain", str(tmp_path / "question.toml"), "--recording", str(tmp_path / "small.nwb"), *few, "--out"]
    process = subprocess.Popen(
        [sys.executable, "-c", program, *asked, str(tmp_path / "out")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not (tmp_path / "out" / "unfinished" / "000.nc").exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(list((tmp_path / "out" / "unfinished").iterdir())) < len(small_recording.unit_names)
    monkeypatch.setattr(population, "FIRST", 0.0)
    monkeypatch.setattr(population, "NEXT", 0.0)
    for name in ("out", "whole"):
        assert main([*asked, str(tmp_path / name)]) == 0
    assert (tmp_path / "out" / "answers.csv").read_bytes() == (tmp_path / "whole" / "answers.csv").read_bytes()
    assert (tmp_path / "out" / "terms.csv").read_bytes() == (tmp_path / "whole" / "terms.csv").read_bytes()


def test_an_interrupted_command_says_what_it_goes_on_from(small_recording, tmp_path, monkeypatch, capsys):
    from glmengine.answers import explain
    from glmengine.cli.main import main
    from glmengine.export.nwb import write_nwb

    def interrupted(*_, out, **__):
        (out / "unfinished").mkdir()
        (out / "unfinished" / "000.nc").touch()
        raise ge.Cancelled

    write_nwb(small_recording, tmp_path / "small.nwb")
    monkeypatch.setattr(explain, "explain", interrupted)
    assert main(["explain", str(tmp_path / "small.nwb"), "--out", str(tmp_path / "out")]) == 130
    assert "units of 1 finished group stay" in capsys.readouterr().err


@pytest.mark.parametrize("after", [0.0, 0.02, 0.1, 0.45, 0.6, 0.7, 0.9])
def test_cancelled_at_each_stage(question, small_recording, after):
    seen = []
    with pytest.raises(ge.Cancelled):
        ge.explain(
            small_recording,
            question,
            context=CallbackContext(seen.append, cancelled=lambda: any(one.fraction >= after for one in seen)),
        )


def test_sentences_say_how_simulated_spikes_differ():
    from glmengine.answers.sentence import Simulated

    alike = Simulated(rate=1.0, isi=0.95, autocorrelogram=0.97, burst=0.1, burst_low=0.08, burst_high=0.12)
    assert alike.words() == "simulated spikes are like the recorded ones"
    assert replace(alike, isi=0.5, p=0.3).alike  # some values leave their bands by chance
    assert not replace(alike, p=0.03).alike
    assert replace(alike, p=0.03).words() == "simulated spikes differ in some of rate, intervals and autocorrelogram"
    few = Simulated(rate=1.0, isi=0.7, autocorrelogram=0.5, burst=0.2, burst_low=0.08, burst_high=0.12)
    assert few.words().startswith("too few bursts in the model")
    assert few.words(str(longer_history(0.15))) == "too few bursts in the model: lengthen the history from 150 to 300 ms"
    both = answer_sentence(
        [("x", 0.2)], [], explained=0.2, q=0.03, adequate=False, try_next="a longer history", simulated=few, history=""
    )
    assert both.endswith("something is missing in the model; too few bursts in the model; what to try: a longer history.")
    assert [one.alike for one in (alike, few, replace(few, burst=0.1, isi=0.95, autocorrelogram=0.9))] == [True, False, True]
    slow, fast = (replace(few, burst_within=0.01, interval=1 / rate).words("") for rate in (5.0, 92.0))
    assert slow == "too few bursts in the model"
    assert fast == "too few intervals of up to 10 ms in the model"  # which half of its intervals are at that rate
    some = answer_sentence(
        [("x", 0.2)], [], explained=0.2, q=0.03, adequate=False, try_next="", unable="Its spikes run away in 5.", simulated=alike
    )
    assert some.endswith("; its spikes run away in 5; where they do not, simulated spikes are like the recorded ones.")
    other = Simulated(rate=0.0, isi=0.7, autocorrelogram=0.97, burst=0.1, burst_low=0.08, burst_high=0.12)
    assert other.words() == "simulated spikes differ in rate and intervals"
    said = answer_sentence([("x", 0.2)], [], explained=0.2, q=0.03, adequate=True, try_next="", doubtful=["x"], simulated=alike)
    assert said == (
        "X (0.20 of the deviance, q 0.030); x not beyond what shifts in time give; nothing speaks against the model; "
        "simulated spikes are like the recorded ones."
    )


def test_a_right_model_is_seldom_called_unlike_its_data_and_a_wrong_one_is():
    from glmengine.simulation.comparison import _likeness

    random = np.random.default_rng(3)
    series = random.normal(size=(33, 200, 20))
    assert (_likeness([series, series[:, :, 0]], {"unit": list(range(200))})["p"] < 0.05).mean() < 0.08
    series[0] += 2.0
    assert (_likeness([series, series[:, :, 0]], {"unit": list(range(200))})["p"] < 0.05).all()


def test_no_model_is_right_whose_simulated_spikes_lie_outside_the_bands():
    from glmengine.analysis.remedies import Remedy
    from glmengine.answers.unit_judgement import unit_judgement

    right = Judgement("Inside.").to_text()

    def row(isi, rate=1.0, burst=0.1):
        simulated = {f"simulated_{name}": isi for name in ("isi", "autocorrelogram")}
        return {"judgement": right, **simulated, "simulated_rate": rate, "burst": burst, "burst_low": 0.0, "burst_high": 0.2}

    away = Finding("It runs away.", Advice("a model that can run by itself"), Remedy("refractory")).to_text()
    rows = {
        "fine": row(0.95),
        "unlike": row(0.5),
        "runs away": {**row(np.nan, np.nan), "cannot_run": away},
        "few spikes": row(np.nan),
    }
    longer = Advice("lengthen the history")
    judged = [unit_judgement(one, longer) for one in rows.values()]
    assert [one.adequate for one in judged] == [True, False, False, True]
    assert judged[1].verdict == "Inside. But simulated spikes differ in intervals and autocorrelogram."
    assert judged[0].verdict == f"Inside. {NOTHING_ELSE}"
    assert judged[2].try_next.startswith("a model that can run by itself")
    bursts = unit_judgement(row(0.95, burst=0.3), longer)
    assert (bursts.verdict, bursts.try_next) == ("Inside. But too few bursts in the model.", "lengthen the history")
    assert unit_judgement({"judgement": right}, longer) == Judgement("Inside.")
    assert unit_judgement({**row(0.5), "judgement": ""}, longer) is None


def test_what_was_tried_and_adds_nothing_is_not_advised_as_it_was(question):
    from glmengine.analysis.remedies import Remedy
    from glmengine.answers.unit_judgement import beside_tried

    def finding(kind, words, name=""):
        return Finding("Something.", Advice(words), Remedy(kind, name))

    x, lick = (finding("add_covariate", f"add '{name}' as a variable", name) for name in ("position.x", "lick"))
    said = Judgement("Inside.", findings=(x, lick, finding("softplus", "the softplus link")))
    assert Judgement.from_text(said.to_text()) == said
    asked = question.with_(selection=Selection())

    def advice(*chosen):
        return beside_tried(said, asked, chosen).try_next

    other = "another form of 'position.x' than the one tried (more functions, an interaction)"
    assert advice("direction") == f"{other}; add 'lick' as a variable; the softplus link"
    assert advice("direction", "x") == said.try_next
    asked = asked.with_(terms=(*asked.terms, history_term()))
    said = Judgement("Inside.", findings=(finding("add_history", "add the unit's own history (bursts are missing)"),))
    assert advice("x") == "another form of the history than the one tried (longer, or more functions)"
    assert advice("x", "history").startswith("add the unit's own history")


def test_narrower_bins_are_not_advised_where_the_counts_have_none(question):
    from glmengine.answers.sentence import Simulated
    from glmengine.answers.unit_judgement import history_advice, unit_judgement

    wide = question.with_(terms=(*question.terms, history_term()), selection=Selection())
    assert history_advice(wide, ["history"]).step == "narrower bins"
    assert history_advice(wide, ["history"], bins_can_be_narrower=False) is None
    bursts = {"simulated_rate": 1.0, "simulated_isi": 0.5, "simulated_autocorrelogram": 0.5}
    bursts |= {"burst": 0.3, "burst_low": 0.0, "burst_high": 0.2, "judgement": Judgement("Inside.").to_text()}
    judged = unit_judgement(bursts, None)
    assert not judged.adequate
    assert judged.try_next == ""
    assert Simulated.of(bursts).words("") == "too few bursts in the model"


def test_notes_say_how_the_numbers_were_made(question, small_recording, sheet):
    several = question.with_(model=question.model.with_(strengths=(1e-4, 1e-2)))
    quick = ge.explain(small_recording, several, simulations=0, shifts=40).notes
    assert not any("best on the other folds" in note for note in quick)
    assert sum("marginal likelihood" in note or "Newton step" in note or "float32" in note for note in quick) == 3
    pooled = [note for note in quick if "pooled over" in note]
    assert pooled
    fitted = several.with_(model=several.model.with_(family="negative_binomial"), units=several.units.with_(names=("hd",)))
    within = ge.explain(small_recording, fitted, simulations=0, shifts=40)
    by_folds = fitted.with_(selection=default_selection(fitted).with_(steps_by="folds"))
    exact = ge.explain(small_recording, by_folds, simulations=0, shifts=19)
    assert any("best on the other folds" in note for note in exact.notes)
    assert any("p after selection" in note for note in exact.notes)
    assert "does not know of the choice" in exact.terms["shift_p"].attrs["long_name"]
    assert not any("p after selection" in note for note in within.notes)
    for one in (within, sheet[0]):
        assert "best of all candidates" in one.terms["shift_p"].attrs["long_name"]


def test_shifts_judge_the_steps_or_folds_do(question, small_recording, sheet):
    """By default the first; the table of steps, the methods and the analysis of a unit say which it was."""
    found = sheet[0]
    assert found.selection.judged_by_shifts
    steps = found.selection.steps.sel(unit="hd")
    assert steps["by_shifts"].values[0]
    assert (
        float(steps["p"][0])
        == float(found.units["p"].sel(unit="hd"))
        == float(found.terms["shift_p"].sel(unit="hd", term="direction"))
    )
    gain, null = (found.evidence["shifts"][name].sel(unit="hd", term="direction").values for name in ("gain", "null"))
    assert null.size == 200
    assert gain > null.max()
    for said in ("200 shifts", "[harris2020]", "[knijnenburg2009]"):
        assert said in answers_methods(found, question, 0)
    assert analysis_of_unit(question, found, "hd").terms_from.selection.steps_by == "shifts"
    by_folds = question.with_(selection=default_selection(question).with_(steps_by="folds"))
    other = ge.explain(small_recording, by_folds, shifts=50, simulations=0)
    assert not other.selection.judged_by_shifts
    assert not other.selection.steps["by_shifts"].any()
    assert other.terms["shift_p"].sel(unit="hd", term="direction") < 0.05  # tested after the choice
    assert "signed-rank test over folds, p below" in answers_methods(other, by_folds, 0)


@pytest.mark.parametrize("shifts", [0, 10])
def test_too_few_shifts_leave_the_steps_to_folds(shifts, question, small_recording):
    found = ge.explain(small_recording, question, shifts=shifts, simulations=0)
    assert not found.selection.judged_by_shifts
    assert any(f"40 shifts are needed, and there are {shifts}" in note for note in found.notes)
    assert found.units["terms"].sel(unit="hd") == "direction"
    assert analysis_of_unit(question, found, "hd").terms_from.selection.steps_by == "folds"
