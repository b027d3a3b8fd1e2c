"""Precomputed columns, polynomials, categories with a continuous variable, and products of several variables."""

from __future__ import annotations

import numpy as np
import pytest

import glmengine as ge
from glmengine.analysis.analysis import Analysis, Model, Time, Validation
from glmengine.analysis.terms import ColumnsTerm, CovariateTerm, Factor, HistoryTerm
from glmengine.analysis.time_grid import make_grid
from glmengine.design.build import build_design
from glmengine.errors import GlmError
from glmengine.recording.binned import count_spikes
from glmengine.recording.recording import Covariate, Recording
from glmengine.timegrid.grid import TimeGrid

BIN = 0.02


def session(codes=(1.0, 2.0, 4.0), seed: int = 2) -> Recording:
    """Units driven by two columns, by a parabola of `x`, by slopes of `x` that depend on `state`, and by x, y and phase together."""
    import pynapple as nap

    rng = np.random.default_rng(seed)
    times = (np.arange(15_000) + 0.5) * BIN
    n = times.size
    x = np.interp(times, np.arange(0, 301, 2.0), rng.uniform(-1, 1, 151))
    y = np.interp(times, np.arange(0, 301, 1.5), rng.uniform(-1, 1, 201))
    phase = np.mod(2 * np.pi * times * 1.3, 2 * np.pi)
    state = np.asarray(codes)[np.searchsorted(np.arange(20, 300, 20), times) % len(codes)]
    pcs = rng.normal([3.0, -50.0, 0.0], [1.0, 20.0, 1.0], (n, 3))
    pcs[:, 2] = 7.0
    pcs[100:120, 0] = np.nan
    slope = {1.0: 1.5, 2.0: -1.5}
    slopes = np.array([slope.get(code, 0.0) for code in state])
    drive = np.column_stack(
        [
            -2 + 0.5 * (np.nan_to_num(pcs[:, 0], nan=3.0) - 3) + 0.4 * (pcs[:, 1] + 50) / 20,
            -2 + 1.5 * x - 2.0 * x**2,
            -2 + slopes * x,
            -2 + 1.5 * x * y * np.cos(phase),
        ]
    )
    counts = rng.poisson(np.exp(drive))
    support = nap.IntervalSet(0.0, n * BIN)
    trains = {unit: nap.Ts(np.repeat(times, counts[:, unit]), time_support=support) for unit in range(4)}
    return Recording(
        "session",
        ("columns", "parabola", "slopes", "joint"),
        spikes=nap.TsGroup(trains, time_support=support),
        covariates={
            "pcs": Covariate("pcs", nap.TsdFrame(times, pcs, columns=["a", "b", "still"]), "mV"),
            "x": Covariate("x", nap.Tsd(times, x), "m"),
            "y": Covariate("y", nap.Tsd(times, y), "m"),
            "phase": Covariate("phase", nap.Tsd(times, phase), "rad", "angle"),
            "state": Covariate("state", nap.Tsd(times, state), "", "category"),
        },
        epochs={"all": support, "early": nap.IntervalSet(0.0, 60.0)},
    )


@pytest.fixture(scope="module")
def recording() -> Recording:
    return session()


def question(*terms, strengths=(0.0,), folds: int = 0) -> Analysis:
    return Analysis(
        time=Time(bin_size=BIN, max_gap=0.05), terms=terms, model=Model(strengths=strengths), validation=Validation(folds=folds)
    )


def made(recording: Recording, *terms):
    analysis = question(*terms)
    return build_design(analysis, recording, make_grid(analysis.time, recording), unit_names=recording.unit_names)


def of(variable: str, basis, *others) -> CovariateTerm:
    return CovariateTerm(factors=(Factor(variable=variable, basis=basis), *(Factor(variable=v, basis=b) for v, b in others)))


def test_columns_are_the_covariates_themselves(recording):
    design = made(recording, ColumnsTerm(variables=("pcs.a", "y")))
    values = np.column_stack([np.asarray(recording.covariates["pcs"].data.values)[:, 0], recording.covariates["y"].data.values])
    np.testing.assert_array_equal(design.dense(), values)
    assert list(design.columns.index) == ["pcs.a, y[pcs.a]", "pcs.a, y[y]"]
    np.testing.assert_array_equal(np.flatnonzero(~design.valid), np.arange(100, 120))
    np.testing.assert_array_equal(design.penalty_matrix("pcs.a, y"), np.zeros((2, 2)))


def test_a_covariate_stands_for_all_its_components_but_those_that_do_not_vary(recording):
    design = made(recording, ColumnsTerm(variables=("pcs",)))
    assert design.terms[0].variables == ("pcs.a", "pcs.b")
    assert design.terms[0].label == "pcs"
    assert any("'pcs.still' of 'pcs' was left out" in note for note in design.notes)


def test_mean_and_scale_are_kept_for_new_time(recording, tmp_path):
    term = ColumnsTerm(variables=("pcs",), standardised=True)
    result = ge.run(question(term), recording)
    kept = result.terms[0]
    a = np.asarray(recording.covariates["pcs"].data.values)[:, :2]
    a = a[np.isfinite(a).all(axis=1)]
    np.testing.assert_allclose(kept.means, a.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(kept.scales, a.std(axis=0), rtol=1e-12)
    np.testing.assert_allclose(result.coefficients.sel(unit="columns"), [0.5, 0.4], atol=0.05)
    result.save(tmp_path / "c.nc")
    again = ge.Result.load(tmp_path / "c.nc")
    assert again.terms == result.terms
    early = again.predict(recording, "early")
    whole = result.predict(recording)
    np.testing.assert_allclose(early, whole.sel(time=early["time"]), rtol=1e-12)
    # what it does is drawn for each column
    curve = result.curves["pcs: pcs.b"].sel(unit="columns")
    slope = np.polyfit(curve["pcs.b"], curve["effect_link"], 1)[0]
    assert slope == pytest.approx(result.coefficients.values[1, 0] / kept.scales[1], rel=1e-6)
    plain = ge.run(question(ColumnsTerm(variables=("pcs",))), recording)
    np.testing.assert_allclose(plain.predict(recording), whole, rtol=1e-6)
    assert Analysis.from_dict(result.analysis.to_dict()) == result.analysis


def test_huge_and_tiny_columns_keep_their_effect(recording):
    import pynapple as nap

    b = recording.covariates["pcs"].data
    scaled = recording.with_covariates(
        Covariate("huge", nap.Tsd(b.t, np.asarray(b.values)[:, 1] * 1e9)),
        Covariate("tiny", nap.Tsd(b.t, np.asarray(b.values)[:, 0] * 1e-9)),
    )
    plain = ge.run(question(ColumnsTerm(variables=("pcs.b", "pcs.a"))), recording)
    result = ge.run(question(ColumnsTerm(variables=("huge", "tiny"))), scaled)
    np.testing.assert_allclose(result.coefficients.values * [[1e9], [1e-9]], plain.coefficients.values, rtol=1e-4, atol=1e-6)


def test_columns_that_cannot_be_are_refused(recording):
    def refusal(*variables) -> GlmError:
        with pytest.raises(GlmError) as caught:
            made(recording, ColumnsTerm(variables=variables))
        return caught.value

    assert refusal("nothing").field == "terms.0.variables.0"
    assert refusal("x", "phase").field == "terms.0.variables.1"
    assert "there twice" in refusal("pcs", "pcs.a").message
    design = made(recording, ColumnsTerm(variables=("pcs.still",)), of("x", ge.basis.Identity()))
    assert [term.label for term in design.terms] == ["x"]


def test_a_polynomial_keeps_its_range_and_finds_the_parabola(recording):
    result = ge.run(question(of("x", ge.basis.Polynomial(n=2))), recording)
    low, high = result.terms[0].factors[0].basis.bounds
    u = np.linspace(-0.9, 0.9, 30)
    columns = result.terms[0].factors[0].basis.evaluate(u)
    z = 2 * (u - low) / (high - low) - 1
    np.testing.assert_allclose(columns, np.column_stack([z, 1.5 * z**2 - 0.5]), atol=1e-12)  # Legendre's
    eta = columns @ result.coefficients.sel(unit="parabola").values + float(result.intercepts.sel(unit="parabola"))
    np.testing.assert_allclose(eta, -2 + 1.5 * u - 2.0 * u**2, atol=0.2)


def test_a_category_times_a_continuous_variable_has_a_slope_for_each(recording):
    term = of("state", ge.basis.Categorical(), ("x", ge.basis.Identity()))
    design = made(recording, term)
    state, x = (np.asarray(recording.covariates[name].data.values) for name in ("state", "x"))
    expected = np.array([[value * (code == c) for c in (1.0, 2.0, 4.0)] for code, value in zip(state, x, strict=True)])
    np.testing.assert_allclose(design.dense(), expected, atol=1e-12)
    result = ge.run(question(term), recording)
    assert result.terms[0].factors[0].basis.categories == (1.0, 2.0, 4.0)
    np.testing.assert_allclose(result.coefficients.sel(unit="slopes"), [1.5, -1.5, 0.0], atol=0.25)
    curve = result.curves["state x x"]
    assert curve["effect_hz"].dims == ("unit", "state", "x")
    assert np.isfinite(curve["effect_hz"].sel(state=4.0)).all()
    # the same categories on time in which one of them does not occur
    early = TimeGrid.from_intervals(np.array([[0.0, 15.0]]), BIN)
    part = build_design(question(term), recording, early, unit_names=("slopes",), frozen_terms=result.terms)
    np.testing.assert_allclose(part.dense(), expected[: early.n_bins], atol=1e-12)
    # and bins of one that was never seen are left out
    other = session(codes=(1.0, 2.0, 9.0))
    rates = result.predict(other)
    unseen = np.asarray(other.covariates["state"].data.values) == 9.0
    np.testing.assert_array_equal(np.isnan(rates.values[2]), unseen)


def test_raw_lags_are_the_counts_bin_by_bin(recording):
    design = made(recording, HistoryTerm(basis=ge.basis.History(window=0.06)))
    counts = count_spikes(recording, design.grid)
    for row in (3, 500, 14_999):
        expected = [counts[row - lag, unit] for unit in range(4) for lag in (1, 2, 3)]
        np.testing.assert_array_equal(design.chunk(row, row + 1)[0], expected)


def test_a_product_of_three_is_fitted_predicted_and_drawn_along_each_variable(recording, tmp_path):
    spline = ge.basis.BSpline(n=4, order=2)
    term = of("x", spline, ("y", spline), ("phase", ge.basis.Fourier(n=1)))
    design = made(recording, term)
    assert design.n_columns == 32
    samples = [recording.covariates[name].data.values for name in ("x", "y", "phase")]
    frozen = [factor.basis for factor in design.terms[0].factors]
    for row in (0, 777, 14_000):
        parts = [basis.evaluate(x[row : row + 1])[0] for basis, x in zip(frozen, samples, strict=True)]
        expected = [a * b * c for a in parts[0] for b in parts[1] for c in parts[2]]
        np.testing.assert_allclose(design.chunk(row, row + 1)[0], expected, atol=1e-12)
    result = ge.run(question(term, strengths=(1e-4,), folds=3), recording)
    assert float(result.scores["bits_per_spike_heldout"].sel(unit="joint")) > 0.02
    assert set(result.curves) == {"x x y x phase: x", "x x y x phase: y", "x x y x phase: phase"}
    curve = result.curves["x x y x phase: x"].sel(unit="joint")
    assert curve.attrs["averaged_over"] == "y, phase"
    assert np.isfinite(curve["effect_hz"]).all()
    # what the model predicts along one variable is what was counted there, but for chance
    seen = curve["occupancy_s"].values > 0
    counted, expected = ((curve[name] * curve["occupancy_s"]).values[seen] for name in ("data_hz", "tuning_hz"))
    assert np.abs((counted - expected) / np.sqrt(expected)).max() < 4
    result.save(tmp_path / "p.nc")
    again = ge.Result.load(tmp_path / "p.nc")
    assert list(again.curves) == list(result.curves)
    np.testing.assert_array_equal(again.predict(recording, "early"), result.predict(recording, "early"))


def test_the_curve_along_one_variable_averages_over_the_others(recording):
    """The mean over bins of the linear predictor with the variable put to one value, by a loop."""
    bases = ge.basis.Polynomial(n=1)
    term = of("x", bases, ("y", bases), ("phase", ge.basis.Fourier(n=1)))
    result = ge.run(question(term, strengths=(1e-6,)), recording)
    curve = result.curves["x x y x phase: x"].sel(unit="joint")["effect_link"]
    frozen = [factor.basis for factor in result.terms[0].factors]
    y, phase = (np.asarray(recording.covariates[name].data.values)[::15] for name in ("y", "phase"))
    weights = result.coefficients.sel(unit="joint").values
    for at in (0, 20, 47):
        total = 0.0
        for v, p in zip(y, phase, strict=True):
            parts = [
                basis.evaluate(np.array([value]))[0] for basis, value in zip(frozen, (float(curve["x"][at]), v, p), strict=True)
            ]
            total += sum(
                w * a * b * c
                for w, (a, b, c) in zip(weights, ((a, b, c) for a in parts[0] for b in parts[1] for c in parts[2]), strict=True)
            )
        assert float(curve[at]) == pytest.approx(total / len(y) + float(result.intercepts.sel(unit="joint")), abs=1e-9)


def test_a_product_of_a_variable_with_itself_is_refused(recording):
    with pytest.raises(GlmError, match="multiplied by itself") as caught:
        made(recording, of("x", ge.basis.BSpline(), ("y", ge.basis.BSpline()), ("x", ge.basis.Identity())))
    assert caught.value.field == "terms.0.factors.2.variable"
