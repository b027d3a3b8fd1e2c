"""Strengths found by marginal likelihood against mgcv: degrees of freedom and curves of the same model (its script is `mgcv/fit.R`)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pynapple as nap
import pytest

import glmengine as ge
from glmengine.basis import BSpline, CyclicBSpline

FOLDER = Path(__file__).parent / "mgcv"
SQUARE, AROUND, LINE = BSpline(n=8, bounds=(0, 1)), CyclicBSpline(n=12, bounds=(0, 2 * np.pi)), BSpline(n=6, bounds=(0, 1))
BIN = 0.1


@pytest.fixture(scope="module")
def result() -> ge.Result:
    case = pd.read_csv(FOLDER / "case.csv")
    times = (np.arange(len(case)) + 0.5) * BIN
    whole = nap.IntervalSet(0, len(case) * BIN)
    covariates = {
        name: ge.Covariate(name, nap.Tsd(times, case[name].to_numpy(), time_support=whole), kind=kind)
        for name, kind in (("x", "continuous"), ("y", "continuous"), ("heading", "angle"), ("speed", "continuous"))
    }
    counts = nap.TsdFrame(times, case[["a", "b"]].to_numpy(), time_support=whole, columns=["a", "b"])
    recording = ge.Recording("case", ("a", "b"), counts=counts, covariates=covariates, epochs={"all": whole})
    analysis = ge.Analysis(
        time=ge.Time(bin_size=BIN),
        terms=(
            ge.CovariateTerm(
                name="position", factors=(ge.Factor(variable="x", basis=SQUARE), ge.Factor(variable="y", basis=SQUARE))
            ),
            ge.CovariateTerm(factors=(ge.Factor(variable="heading", basis=AROUND),)),
            ge.CovariateTerm(factors=(ge.Factor(variable="speed", basis=LINE),)),
        ),
        model=ge.Model(penalty="smoothness", strength_by="marginal_likelihood"),
        validation=ge.Validation(folds=0),
    )
    return ge.run(analysis, recording)


def test_effective_degrees_of_freedom_agree_within_one_percent(result):
    known = pd.read_csv(FOLDER / "edf.csv")
    for unit, term, edf in known.itertuples(index=False):
        assert float(result.smoothing["edf"].sel(unit=unit, term=term)) == pytest.approx(edf, rel=0.01)
    assert result.smoothing["settled"].all()


def test_curves_agree_within_one_percent_of_their_range(result):
    known = pd.read_csv(FOLDER / "curves.csv")
    line, angle = np.linspace(0.05, 0.95, 10), np.linspace(0, 2 * np.pi, 25)
    x, y = (grid.ravel() for grid in np.meshgrid(line, line, indexing="ij"))
    columns = {
        "position": np.einsum("ti,tj->tij", SQUARE.evaluate(x), SQUARE.evaluate(y)).reshape(len(x), -1),
        "heading": AROUND.evaluate(angle),
        "speed": LINE.evaluate(line),
    }
    terms = np.asarray(result.coefficients["term"].values)
    for (unit, term), theirs in known.groupby(["unit", "term"]):
        coef = result.coefficients.sel(unit=unit).values[terms == term]
        ours, value = columns[term] @ coef, theirs["value"].to_numpy()
        gap = (ours - ours.mean()) - (value - value.mean())
        assert np.abs(gap).max() < 0.01 * np.ptp(value)
