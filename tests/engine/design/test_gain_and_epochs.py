"""A term restricted to epochs or multiplied by a gain, of every kind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import glmengine as ge
from glmengine.analysis.analysis import Analysis, Model, Time, Validation
from glmengine.analysis.terms import ColumnsTerm, CouplingTerm, CovariateTerm, EventTerm, Factor, FilterTerm, HistoryTerm
from glmengine.analysis.time_grid import make_grid
from glmengine.design.build import build_design
from glmengine.errors import GlmError
from glmengine.recording.binned import sample_covariate
from glmengine.recording.recording import Covariate, Recording

BIN = 0.02


@pytest.fixture(scope="module")
def session() -> Recording:
    """Tuning to `x` whose size follows `attention`, in the epoch ``task`` alone; attention is unknown for a second."""
    import pynapple as nap

    rng = np.random.default_rng(11)
    times = (np.arange(20_000) + 0.5) * BIN
    x = 50 + 40 * np.sin(times / 3) + rng.normal(0, 2, times.size)
    attention = 1 + 0.8 * np.sin(times / 7)
    unknown = attention.copy()
    unknown[(times > 30) & (times < 31)] = np.nan
    support, task = nap.IntervalSet(0.0, 400.0), nap.IntervalSet([50.0, 250.0], [200.0, 400.0])
    inside = np.zeros(times.size)
    for start, stop in task.values:
        inside[(times > start) & (times < stop)] = 1.0
    drive = -1.5 + 1.2 * inside * attention * np.exp(-((x - 60) ** 2) / 200)
    trains = {unit: np.sort(np.repeat(times, rng.poisson(np.exp(drive)))) for unit in range(2)}
    return Recording(
        "session",
        ("one", "two"),
        spikes=nap.TsGroup({unit: nap.Ts(train, time_support=support) for unit, train in trains.items()}, time_support=support),
        covariates={
            "x": Covariate("x", nap.Tsd(times, x), "cm"),
            "attention": Covariate("attention", nap.Tsd(times, unknown), ""),
            "phase": Covariate("phase", nap.Tsd(times, np.mod(times, 2 * np.pi)), "rad", "angle"),
        },
        epochs={"all": support, "task": task, "late": nap.IntervalSet(300.0, 350.0)},
        events={"cue": nap.Ts(np.arange(5.0, 395.0, 7.0), time_support=support)},
    )


def tuning(**options) -> CovariateTerm:
    return CovariateTerm(factors=(Factor(variable="x", basis=ge.basis.BSpline(n=10)),), **options)


def kernel() -> ge.basis.RaisedCosineLog:
    return ge.basis.RaisedCosineLog(n=3, window=0.2)


KINDS = {
    "covariate": lambda **options: tuning(**options),
    "filter": lambda **options: FilterTerm(variable="x", basis=kernel(), **options),
    "event": lambda **options: EventTerm(events="cue", after=0.4, basis=ge.basis.RaisedCosineLinear(n=4), **options),
    "history": lambda **options: HistoryTerm(basis=kernel(), **options),
    "coupling": lambda **options: CouplingTerm(basis=kernel(), **options),
    "columns": lambda **options: ColumnsTerm(variables=("x",), **options),
}


def question(*terms, epochs=("all",)) -> Analysis:
    time = Time(bin_size=BIN, epochs=epochs, max_gap=0.1)
    return Analysis(time=time, terms=terms, model=Model(strengths=(1e-5,)), validation=Validation(folds=2))


def made(recording: Recording, *terms, **options):
    analysis = question(*terms, **options)
    return build_design(analysis, recording, make_grid(analysis.time, recording), unit_names=recording.unit_names)


@pytest.mark.parametrize("kind", KINDS)
def test_columns_are_those_of_the_term_times_the_gain_and_zero_outside_the_epochs(session, kind):
    plain = made(session, KINDS[kind]())
    both = made(session, KINDS[kind](gain="attention", epochs=("task",)))
    grid = plain.grid
    gain = sample_covariate(session.covariates["attention"], grid, 0.1)
    inside = np.zeros(grid.n_bins, bool)
    for start, stop in session.epochs["task"].values:
        inside |= (grid.centres > start) & (grid.centres < stop)
    expected = np.array([row * g if here else row * 0.0 for row, g, here in zip(plain.dense(), gain, inside, strict=True)])
    expected[~inside] = 0.0
    np.testing.assert_array_equal(both.dense(), expected)
    # outside it does not matter that gain or past are unknown, inside it does
    np.testing.assert_array_equal(both.valid, ~inside | (plain.valid & np.isfinite(gain)))
    for start, stop in ((0, 3), (2490, 2510), (9990, 10_010)):
        np.testing.assert_array_equal(both.chunk(start, stop), expected[start:stop])
    np.testing.assert_array_equal(both.penalty_matrix(both.terms[0].label), plain.penalty_matrix(plain.terms[0].label))
    masks = both.mask(session.unit_names), plain.mask(session.unit_names)
    assert (masks[0] is None) == (masks[1] is None)
    if masks[0] is not None:
        np.testing.assert_array_equal(*masks)


def test_an_unknown_gain_leaves_its_bins_out(session):
    design = made(session, tuning(gain="attention"))
    left_out = design.grid.centres[~design.valid]
    assert left_out.min() == pytest.approx(30.01, abs=BIN)
    assert left_out.max() == pytest.approx(30.99, abs=BIN)


def test_a_gain_in_an_epoch_describes_what_tuning_alone_does_not(session, tmp_path):
    term = tuning(gain="attention", epochs=("task",))
    scaled = ge.run(question(term), session)
    plain = ge.run(question(tuning()), session)
    assert (scaled.scores["bits_per_spike_heldout"] > plain.scores["bits_per_spike_heldout"] + 0.01).all()
    label = "x times attention in task"
    assert term.label == label
    curve = scaled.curves[label].sel(unit="one")
    peak = float(curve["x"][curve["effect_link"].values.argmax()])
    assert peak == pytest.approx(60, abs=5)
    # drawn at the mean gain in the epochs, which is 1, so that the true height can be read off
    height = curve["effect_link"].sel(x=60, method="nearest") - curve["effect_link"].sel(x=20, method="nearest")
    assert float(height) == pytest.approx(1.2, abs=0.25)
    assert "attention" in curve.attrs["scaled_by"]
    # raw tuning is that of the epochs too
    assert float(curve["occupancy_s"].sum()) == pytest.approx(300, abs=1)
    scaled.save(tmp_path / "g.nc")
    again = ge.Result.load(tmp_path / "g.nc")
    part = np.array([[180.0, 220.0]])
    rates = again.predict(session, part)
    np.testing.assert_array_equal(rates, scaled.predict(session, part))
    after = rates.sel(unit="one", time=slice(200.1, 220))
    assert float(after.max()) == float(after.min())  # outside the epoch there is nothing but the intercept
    assert float(rates.sel(unit="one", time=slice(180, 199)).std()) > 0


def test_a_history_inside_an_epoch_remembers_what_was_before_it(session):
    design = made(session, HistoryTerm(basis=kernel(), epochs=("late",)))
    row = int(np.searchsorted(design.grid.centres, 300.0))
    assert design.valid[:row].all()  # outside, no past is needed
    plain = made(session, HistoryTerm(basis=kernel()))
    np.testing.assert_array_equal(design.chunk(row, row + 5), plain.chunk(row, row + 5))


def test_products_of_a_restricted_history_are_those_of_its_columns(session):
    for term in (CouplingTerm(basis=kernel(), epochs=("task",)), CouplingTerm(basis=kernel(), gain="attention")):
        design = made(session, term)
        X = design.dense()[design.valid]
        np.testing.assert_allclose(design.gram(), X.T @ X, rtol=1e-9, atol=1e-9)
        found = design.blocks[0].moments(design.valid)
        if found is not None:
            np.testing.assert_allclose(found[0], X.T @ X, rtol=1e-9, atol=1e-9)
            np.testing.assert_allclose(found[1], X.sum(axis=0), rtol=1e-9)


def test_a_sparse_product_in_epochs_with_a_gain_is_that_of_its_numbers(session):
    factors = tuple(Factor(variable=name, basis=ge.basis.BSpline(n=20)) for name in ("x", "attention"))
    for options in ({"epochs": ("task",)}, {"gain": "attention"}, {"gain": "attention", "epochs": ("late",)}):
        design = made(session, CovariateTerm(factors=factors, **options))
        block = design.blocks[0]
        start, stop = 1000, 3000
        found = block.sparse(start, stop)
        assert found is not None
        X, valid = design.chunk(start, stop), design.valid[start:stop]
        assert not valid.all() or "gain" not in options or "epochs" in options
        np.testing.assert_allclose(found.toarray()[valid], X[valid], atol=1e-12)
        np.testing.assert_array_equal(block.defined(start, stop), np.isfinite(X).all(axis=1))


def test_a_filter_with_a_gain_says_what_it_is_per(session):
    result = ge.run(question(HistoryTerm(basis=kernel(), gain="attention")), session)
    (found,) = result.filters.values()
    assert found["filter"].attrs["unit"] == "log rate per spike times attention"


def test_conditions_are_those_of_events_in_the_epochs_and_without_any_the_term_is_left_out(session):
    import pynapple as nap

    around = EventTerm(events="cue", after=0.4, basis=ge.basis.RaisedCosineLinear(n=4))
    quiet = replace(session, epochs={**session.epochs, "between": nap.IntervalSet(6.0, 11.0)})
    design = made(quiet, around.with_(epochs=("between",)), tuning())
    assert [term.label for term in design.terms] == ["x"]
    assert any("no event 'cue'" in note for note in design.notes)


def test_what_cannot_be_is_said_with_its_field(session):
    def refusal(term, **options) -> GlmError:
        with pytest.raises(GlmError) as caught:
            made(session, term, **options)
        return caught.value

    assert refusal(tuning(gain="nothing")).field == "terms.0.gain"
    assert refusal(tuning(gain="phase")).field == "terms.0.gain"
    assert refusal(tuning(epochs=("nothing",))).field == "terms.0.epochs"
    apart = question(tuning(epochs=("late",))).with_(time=Time(bin_size=BIN, intervals=((0.0, 100.0),)))
    with pytest.raises(GlmError, match="no bin that is used lies in late") as caught:
        build_design(apart, session, make_grid(apart.time, session), unit_names=session.unit_names)
    assert caught.value.field == "terms.0.epochs"
