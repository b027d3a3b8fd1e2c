"""Checks of final models of several groups of units, put together."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

import glmengine as ge
from glmengine.analysis.remedies import Advice
from glmengine.answers import final_models
from glmengine.answers.final_models import CANNOT_RUN, checks_of, joined_checks
from glmengine.answers.unit_judgement import unit_judgement
from glmengine.context import SILENT
from glmengine.goodness.judgement import Finding, Judgement
from glmengine.simulation.runaway import Runaway


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_what_a_group_lacks_is_empty_there(order):
    """One group has a unit whose model cannot run by itself, the other has none of that kind and was simulated."""
    unable = Finding("It cannot run by itself.", Advice("a refractory time"))
    groups = [
        checks_of(None, ["a", "b"]).assign({CANNOT_RUN: ("unit", [unable.to_text(), ""])}),
        checks_of(None, ["c"]).assign(simulated_rate=("unit", [0.9])),
    ]
    joined = joined_checks([groups[number] for number in order])
    assert Finding.from_text(joined[CANNOT_RUN].sel(unit="a").item()) == unable
    for unit in ("b", "c"):
        row = {str(name): array.item() for name, array in joined.sel(unit=unit).data_vars.items()}
        assert row[CANNOT_RUN] == ""
        assert unit_judgement(row, Advice("")) is None  # no model, and no error
    np.testing.assert_array_equal(joined["simulated_rate"].sel(unit=["a", "b", "c"]), [np.nan, np.nan, 0.9])


@pytest.mark.parametrize(("away", "compared"), [(0, True), (5, True), (13, False), (32, False)])
def test_a_model_that_runs_away_in_some_simulations_is_not_right_and_few_others_say_nothing(monkeypatch, away, compared):
    """Of 32 simulations: where fewer than 20 are left, no recorded spikes could be unlike all of them."""
    one = Runaway("a", "a", away, 3.0, 0.1, 2.0, 0.01, Advice("give the history a refractory time"))
    surrogates = SimpleNamespace(repeats=32, ran_away=np.arange(32) < away, runaways=(one,) if away else ())
    values = {name: ("unit", [1.0]) for name in ("data", "low", "high")}
    arrays = xr.Dataset(values, {"unit": ["a"]})
    found = SimpleNamespace(
        agreement=xr.Dataset({name: ("unit", [0.95]) for name in final_models.SIMULATED}, {"unit": ["a"]}),
        likeness=xr.Dataset({"p": ("unit", [0.4])}, {"unit": ["a"]}),
        burst=arrays,
        rate=arrays,
        datasets=lambda: {"rate": arrays},
    )
    monkeypatch.setattr(final_models, "simulate", lambda *_: surrogates)
    monkeypatch.setattr(final_models, "compare_surrogates", lambda *_, **__: found)
    model = SimpleNamespace(analysis=ge.Analysis())
    prepared = SimpleNamespace(units=("a",), grid=SimpleNamespace(bin_size=0.01))
    checks, evidence, _ = final_models.simulated(final_models.Beginning(prepared), model, 32, SILENT)
    row = {"judgement": Judgement("Inside.").to_text()} | {str(name): array.item() for name, array in checks.data_vars.items()}
    assert np.isfinite(row["simulated_p"]) == bool(evidence) == compared
    assert row["ran_away"] == away / 32
    judged = unit_judgement(row, Advice(""))
    assert judged.adequate == (away == 0)
    if away:
        when = "" if away == 32 else f" in {away} of 32 simulations"
        assert judged.verdict == f"Inside. Its simulated spikes run away{when}, through its own counts."
        assert judged.try_next == "give the history a refractory time"
