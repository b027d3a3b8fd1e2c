"""Terms on spikes refuse what would predict a count from itself, and sources that are there twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import glmengine as ge
from glmengine.analysis.analysis import Analysis, Time
from glmengine.analysis.terms import CouplingTerm, CovariateTerm, Factor, HistoryTerm
from glmengine.analysis.time_grid import make_grid
from glmengine.design.build import build_design
from glmengine.errors import GlmError
from glmengine.recording.recording import Covariate, Recording

BIN = 0.02
B = ge.basis


@pytest.fixture(scope="module")
def pair() -> Recording:
    import pynapple as nap

    rng = np.random.default_rng(0)
    support = nap.IntervalSet(0.0, 60.0)
    trains = {number: nap.Ts(np.sort(rng.uniform(0, 60, 300)), time_support=support) for number in range(2)}
    times = (np.arange(3000) + 0.5) * BIN
    x = Covariate("x", nap.Tsd(times, rng.normal(size=3000)), "")
    return Recording(
        "pair", ("a", "b"), spikes=nap.TsGroup(trains, time_support=support), covariates={"x": x}, epochs={"all": support}
    )


def design(pair, term):
    analysis = Analysis(time=Time(bin_size=BIN), terms=(term,))
    return build_design(analysis, pair, make_grid(analysis.time, pair), unit_names=("a", "b"))


@pytest.mark.parametrize(("options", "field"), [({"present": True}, "present"), ({"direction": "acausal"}, "direction")])
def test_own_spikes_of_the_present_bin_are_no_predictor(pair, options, field):
    basis = B.History(window=0.1, **options)
    for term in (HistoryTerm(basis=basis), CouplingTerm(basis=basis, include_self=True)):
        with pytest.raises(GlmError, match="present bin") as caught:
            design(pair, term)
        assert caught.value.field == f"terms.0.basis.{field}"
    # of the other units they may be
    assert design(pair, CouplingTerm(basis=basis)).n_columns == 10


def test_a_source_is_given_once(pair):
    with pytest.raises(GlmError, match="'a' is there twice") as caught:
        design(pair, CouplingTerm(basis=B.History(window=0.1), sources=("a", "b", "a")))
    assert caught.value.field == "terms.0.sources"


@pytest.mark.parametrize(
    ("basis", "field"),
    [(B.Categorical(), "categories"), (B.BSpline(n=6, placement="quantiles"), "placement")],
)
def test_what_a_basis_cannot_take_from_the_data_is_said_with_its_whole_path(pair, basis, field):
    import pynapple as nap

    times = (np.arange(3000) + 0.5) * BIN
    values = np.arange(3000.0) if field == "categories" else (np.arange(3000) > 2900) * 1.0
    recording = replace(pair, covariates={"v": Covariate("v", nap.Tsd(times, values), "")})
    with pytest.raises(GlmError, match=r"^term 'v': ") as caught:
        design(recording, CovariateTerm(factors=(Factor(variable="v", basis=basis),)))
    assert caught.value.field == f"terms.0.factors.0.basis.{field}"
