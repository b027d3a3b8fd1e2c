"""Every public function answers a wrong kind of object in one sentence that names the argument, before it does anything."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pynapple as nap
import pytest

import glmengine as ge
from glmengine.argument_kinds import takes_only_its_kinds
from glmengine.goodness.goodness import Goodness

FUNCTIONS = [getattr(ge, name) for name in ge.__all__ if inspect.isfunction(getattr(ge, name))]
FUNCTIONS = [one for one in FUNCTIONS if inspect.signature(one).parameters]
METHODS = [
    *(value for name, value in vars(ge.Result).items() if name.startswith("with_")),
    *(getattr(ge.Result, name) for name in ("predict", "score", "goodness", "decode", "simulate", "simulate_and_compare")),
    *(getattr(ge.Result, name) for name in ("shift_test", "bootstrap", "is_for", "is_of", "save")),
    ge.Result.load,
    ge.Analysis.load,
    ge.Analysis.save,
    ge.Recording.variable,
    ge.Recording.with_epochs,
]


def said_of(function, **wrong):
    """The sentence on arguments (of which all others are left out: what is wrong is seen before what is missing)."""
    with pytest.raises(ge.GlmError) as error:
        function(**wrong)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("function", [*FUNCTIONS, *METHODS], ids=lambda one: one.__qualname__)
def test_an_object_of_no_kind_is_refused_by_each_argument_that_has_one(function):
    checked = 0
    for name, parameter in inspect.signature(function).parameters.items():
        if name == "self" or "Any" in str(parameter.annotation) or "Penalty" in str(parameter.annotation):
            continue
        for wrong in (object(), 1j):
            assert said_of(function, **{name: wrong}).startswith(f"{name}: is a")
        if "None" not in parameter.annotation:
            assert said_of(function, **{name: None}).startswith(f"{name}: is None; give ")
        checked += 1
    assert checked


def test_the_sentence_says_what_was_given_and_how_to_get_what_is_wanted(small_recording):
    assert said_of(ge.run, analysis=None) == (
        "analysis: is None; give an Analysis, as ge.Analysis(...) or ge.Analysis.load(FILE) gives it"
    )
    assert said_of(ge.run, recording="day1.nwb").startswith(
        "recording: is 'day1.nwb'; give a Recording, as ge.open_recording(FILE)"
    )
    with pytest.raises(ge.GlmError, match=r"^analysis: is a Recording; give an Analysis"):
        ge.run(small_recording, ge.Analysis())
    assert said_of(ge.join_recordings, recordings=[small_recording, None]).endswith("give a list of recordings")
    assert said_of(ge.Result.load, path=None) == "path: is None; give the path of a file"
    assert said_of(ge.run, blocks=0) == "blocks: is 0; give a whole number from 1 on"
    assert said_of(ge.sample, seed=-1) == "seed: is -1; give a whole number from 0 on"
    assert said_of(ge.bootstrap, draws=float("nan")) == "draws: is nan; give a whole number"
    assert said_of(ge.compare_models, models={"place": None}).startswith("models: is {'place': None}; give a dictionary of lists")


def test_what_is_of_the_kind_in_other_words_is_taken():
    seen = []

    @takes_only_its_kinds
    def take(
        n: int = 1,
        x: float = 0.0,
        names: Sequence[str] | None = None,
        found: Goodness | None = None,
        many: Mapping[str, float] | None = None,
    ) -> None:
        seen.append((n, x, names, found, many))

    for n in (3, np.int64(3), 3.0, np.float32(3), np.array(3)):
        take(n)
    for x in (1, np.float32(0.5), float("inf")):
        take(x=x)
    for names in (["a"], ("a",), np.array(["a"]), pd.Index(["a"]), {"a": 1}.keys(), [1, 2], (name for name in "ab")):
        take(names=names)
    take(many={"a": 1})
    assert len(seen) == 16
    for wrong in ({"n": 2.5}, {"n": True}, {"names": "ab"}, {"names": [None]}, {"found": {}}, {"many": {"a": "b"}}, {"x": "1"}):
        with pytest.raises(ge.GlmError, match=f"^{next(iter(wrong))}: is "):
            take(**wrong)
    with pytest.raises(TypeError, match="unexpected keyword"):
        take(unknown=1)


def test_epochs_folds_and_stretches_of_no_kind_are_named(small_recording):
    time = ge.Time(bin_size=0.1)
    term = ge.CovariateTerm(factors=[ge.Factor(variable="position.x", basis=ge.basis.BSpline(n=4))])
    asked = ge.Analysis(terms=[term], time=time, model=ge.Model(strengths=(1e-3,)), validation=ge.Validation(folds=0))
    result = ge.run(asked, small_recording)
    for wrong in (5, object(), [None], {"a": 1}, np.zeros(3), ["first", 3]):
        for method in (result.predict, result.score, result.goodness, result.simulate):
            with pytest.raises(ge.GlmError, match=r"^epochs: .* holds no stretches of time; give names of epochs"):
                method(small_recording, epochs=wrong)
    X, Y = np.random.default_rng(0).normal(size=(600, 2)), np.ones((600, 1))
    with pytest.raises(ge.GlmError, match="stretch: "):
        ge.bootstrap(X, Y, length=10, stretch=[0, 1])
    with pytest.raises(ge.GlmError, match="fold_names: there are 1"):
        ge.cross_validate(X, Y, fold_names=["first"], folds=3)
    fit = ge.fit(X, np.arange(600.0) % 3)
    with pytest.raises(ge.GlmError, match="groups: is 5"):
        fit.wald(5)
    with pytest.raises(ge.GlmError, match="scores: there is no choice of models"):
        ge.scores_against(result.scores, "place")


def test_what_a_recording_and_a_penalty_are_made_of_is_named():
    whole = nap.IntervalSet(0.0, 9.0)
    given = {"name": "day", "unit_names": ("a",), "spikes": nap.TsGroup({0: nap.Ts(np.arange(9.0))}, time_support=whole)}
    for name in ("covariates", "trials", "events", "recorded", "epochs"):
        with pytest.raises(ge.GlmError, match=f"day: {name} is a int; give a dictionary"):
            ge.Recording(**{**given, "epochs": {"all": whole}, name: 5})
    for name in ("unit_names", "spikes"):
        with pytest.raises(ge.GlmError, match=f"day: {name} is 5; give a list of names"):
            ge.Recording(**{**given, "epochs": {"all": whole}, name: 5})
    for penalty in (ge.Ridge, ge.Lasso, ge.Smoothness):
        with pytest.raises(ge.GlmError, match="penalty: terms is 5"):
            penalty(1.0, terms=5)
    with pytest.raises(ge.GlmError, match="penalty: the grid of a smoothness is True"):
        ge.Smoothness(1.0, shape=True)
