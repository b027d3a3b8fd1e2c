"""What blocks know of their zeros: never a number where they say there is none, and the rows' kernels are chosen by it alone."""

from __future__ import annotations

import numpy as np
import pynapple as nap
import pytest

import glmengine as ge
from glmengine.analysis.analysis import Analysis, Time
from glmengine.analysis.terms import ColumnsTerm, CouplingTerm, CovariateTerm, EventTerm, Factor, FilterTerm
from glmengine.analysis.time_grid import make_grid
from glmengine.backend import cells
from glmengine.backend.cells import cells_of
from glmengine.backend.nonzeros import nonzeros_of
from glmengine.backend.observations import Observations
from glmengine.backend.row_sources import ArrayRows, columns_of
from glmengine.backend.rows import Rows
from glmengine.design.build import build_design
from glmengine.design.design import Design
from glmengine.design.expanded import expanded
from glmengine.recording.recording import Covariate, Recording

BIN, T = 0.02, 15_000


@pytest.fixture(scope="module")
def recording() -> Recording:
    rng = np.random.default_rng(0)
    times = (np.arange(T) + 0.5) * BIN
    support = nap.IntervalSet(0.0, T * BIN)
    x, y = (np.interp(times, np.arange(0, 301, 1.5), rng.uniform(-1, 1, 201)) for _ in range(2))
    x[300:340] = np.nan
    return Recording(
        "session",
        ("one", "two"),
        spikes=nap.TsGroup({u: nap.Ts(np.sort(rng.uniform(0, T * BIN, 300))) for u in range(2)}, time_support=support),
        covariates={
            "x": Covariate("x", nap.Tsd(times, x), "m"),
            "y": Covariate("y", nap.Tsd(times, y), "m"),
            "phase": Covariate("phase", nap.Tsd(times, np.mod(9 * times, 2 * np.pi)), "rad", "angle"),
            "state": Covariate("state", nap.Tsd(times, (np.arange(T) // 100 % 60).astype(float)), "", "category"),
        },
        epochs={"all": support, "early": nap.IntervalSet(0.0, 60.0)},
        events={"cue": nap.Ts(np.sort(rng.uniform(0, T * BIN, 60)), time_support=support)},
    )


def of(basis, variable: str = "x", *more, **options) -> CovariateTerm:
    return CovariateTerm(
        factors=(Factor(variable=variable, basis=basis), *(Factor(variable=v, basis=b) for v, b in more)), **options
    )


def design_of(recording: Recording, *terms) -> Design:
    analysis = Analysis(time=Time(bin_size=BIN, max_gap=0.05), terms=terms)
    return build_design(analysis, recording, make_grid(analysis.time, recording), unit_names=recording.unit_names)


def rows_of(source, index: np.ndarray | None = None) -> Rows:
    n = source.shape[0] if index is None else index.size
    observations = Observations(np.zeros((1, n)), np.ones((1, n)))
    return Rows(source, index, observations, columns=64, memory=1e9, centred=True)


BASES = [
    ge.basis.BSpline(n=9),
    ge.basis.BSpline(n=6, order=1),
    ge.basis.BSpline(n=9, order=3, placement="quantiles"),
    ge.basis.MSpline(n=7),
    ge.basis.NaturalSpline(n=5),
    ge.basis.Boxcar(n=7),
    ge.basis.RaisedCosineLinear(n=9),
    ge.basis.RaisedCosineLog(n=9),
    ge.basis.RaisedCosineLog(n=9, decays=False),
    ge.basis.CyclicBSpline(n=9, bounds=(-1.0, 1.0)),
    ge.basis.CyclicBSpline(n=4, bounds=(-1.0, 1.0)),
    ge.basis.Polynomial(n=3),
    ge.basis.Fourier(n=2),
]


@pytest.mark.parametrize("basis", BASES, ids=lambda basis: f"{basis.family}-{basis.n_functions}")
def test_functions_are_zero_where_they_are_said_to_be(basis):
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.uniform(-1, 1, 2_000), np.linspace(-1, 1, 361), [np.nan]])
    basis = basis.frozen(x)
    knots = np.asarray(getattr(basis, "inner_knots", ()))
    x = np.concatenate([x, knots, np.nextafter(knots, -2), np.nextafter(knots, 2)])
    supports, values = basis.supports(x), basis.evaluate(x)
    known = np.isfinite(values).all(axis=1)
    there = values[known] != 0
    assert not (there & ~supports.live[supports.cell[known]]).any()
    if type(basis).local:  # and live where they are not, but for borders and what rounding takes to zero
        assert supports.live[supports.cell[known]].mean() < there.mean() + 0.02


def terms() -> dict[str, list]:
    bumps = ge.basis.RaisedCosineLinear(n=5, window=0.4)
    spline = ge.basis.BSpline(n=8)
    return {
        "spline": [of(spline)],
        "product": [of(spline, "x", ("y", spline)), of(ge.basis.CyclicBSpline(n=9), "phase")],
        "categories": [of(ge.basis.Categorical(), "state"), of(ge.basis.Categorical(reference=True), "state", name="others")],
        "mixed product": [of(ge.basis.Categorical(), "state", ("y", ge.basis.Polynomial(n=2)))],
        "waves": [of(ge.basis.Fourier(n=2), "phase", ("x", ge.basis.Fourier(n=2, bounds=(-2.0, 2.0))))],
        "gain and epochs": [of(spline, epochs=("early",)), of(spline, gain="y", name="scaled")],
        "events": [EventTerm(events="cue", basis=ge.basis.RaisedCosineLinear(n=5), before=0.1, after=0.3)],
        "columns": [ColumnsTerm(variables=("x", "state"))],
        "spikes": [CouplingTerm(basis=bumps), FilterTerm(variable="y", basis=bumps)],
    }


@pytest.mark.parametrize("kind", terms())
@pytest.mark.parametrize("some", [False, True])
def test_columns_are_zero_where_the_blocks_say_so(recording, kind, some):
    design = design_of(recording, *terms()[kind])
    index = np.flatnonzero(design.valid)[5_000:7_000:2] if some else np.flatnonzero(design.valid)
    there = design.dense()[index] != 0
    for where, part in design.supports(index):
        assert not (there[:, where] & ~part.live[part.cell]).any()
        if kind != "events":  # around which there are about so many
            np.testing.assert_allclose(part.shares, there[:, where].mean(axis=0), atol=0.03)
    columns = np.arange(design.n_columns)[::-2]
    for where, part in columns_of(design, columns).supports(index):
        assert not (there[:, columns[where]] & ~part.live[part.cell]).any()


def without_values(monkeypatch, *blocks) -> None:
    def refuse(*_):
        raise AssertionError("a value was looked at")

    for block in blocks:
        monkeypatch.setattr(type(block), "chunk", refuse)


@pytest.mark.parametrize(
    ("kind", "layout"),
    [
        ("splines", "cells"),
        ("categories", "nonzeros"),
        ("events and splines", "cells"),
        ("few categories", "cells"),
        ("dense", None),
        ("cosines of lags", None),
    ],
)
@pytest.mark.parametrize("gathered", [False, True])
def test_the_kernel_is_chosen_without_a_look_at_the_values(recording, monkeypatch, kind, layout, gathered):
    spline = ge.basis.BSpline(n=8)
    design = design_of(
        recording,
        *{
            "splines": [of(spline, "x", ("y", spline))],
            "categories": [of(ge.basis.Categorical(), "state")],
            "few categories": [of(ge.basis.Boxcar(n=12), "phase"), ColumnsTerm(variables=("y",))],
            "events and splines": [EventTerm(events="cue", basis=spline, after=1.0), of(spline, "x", ("y", spline))],
            "dense": [of(ge.basis.Fourier(n=4), "phase"), of(ge.basis.Polynomial(n=8), "x")],
            "cosines of lags": [FilterTerm(variable="y", basis=ge.basis.RaisedCosineLog(n=12, window=0.4))],
        }[kind],
    )
    monkeypatch.setattr(cells, "OVERHEAD", 0.0)
    source = ArrayRows(design.dense(), expanded_from=design) if gathered else design
    rows = rows_of(source, np.flatnonzero(design.valid))
    monkeypatch.setattr(ArrayRows, "chunk", None)
    without_values(monkeypatch, *design.blocks)
    assert (nonzeros_of(rows) is not None) == (layout == "nonzeros")
    assert (cells_of(rows) is not None) == (layout == "cells")


def test_plain_matrices_are_known_by_a_sample_of_their_rows(recording, monkeypatch):
    monkeypatch.setattr(cells, "OVERHEAD", 0.0)
    spline = ge.basis.BSpline(n=8)
    design = design_of(recording, of(spline, "x", ("y", spline)))
    X = design.dense()[design.valid]
    by_sample, by_structure = rows_of(ArrayRows(X)), rows_of(design, np.flatnonzero(design.valid))
    assert by_sample.supports is None
    assert cells_of(by_sample) is not None
    assert cells_of(by_structure).per_row <= cells_of(by_sample).per_row + 1.0
    np.testing.assert_allclose(by_sample.density, by_structure.density, atol=0.02)


@pytest.mark.parametrize("family", ["poisson", "gaussian"])
def test_fits_by_structure_are_those_of_the_numbers(recording, monkeypatch, family):
    monkeypatch.setattr(cells, "OVERHEAD", 0.0)
    spline = ge.basis.BSpline(n=8)
    design = design_of(
        recording,
        of(spline, "x", ("y", spline)),
        EventTerm(events="cue", basis=ge.basis.RaisedCosineLinear(n=5), before=0.1, after=0.3),
        of(spline, "x", epochs=("early",), name="early"),
    )
    counts = np.random.default_rng(3).poisson(0.3, (T, 2))
    found = ge.fit(design, counts, family=family, penalty=ge.Ridge(1e-3))
    plain = np.where(design.valid[:, None], design.dense(), np.nan)
    monkeypatch.setattr(cells, "LOCAL", ())
    expected = ge.fit(plain, counts, family=family, penalty=ge.Ridge(1e-3))
    np.testing.assert_allclose(np.asarray(found.coef), np.asarray(expected.coef), atol=1e-8)


def test_an_expanded_design_knows_what_its_blocks_knew(recording):
    design = design_of(recording, of(ge.basis.BSpline(n=8)))
    for (_, one), (_, other) in zip(design.supports(), expanded(design, 1e9).supports(), strict=True):
        np.testing.assert_array_equal(one.cell, other.cell)
