"""Kernels around events: columns against a plain loop, conditions, scaling, borders, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pynapple as nap
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glmengine as ge
from glmengine.analysis.analysis import Analysis, Model, Time, Validation
from glmengine.analysis.terms import EventTerm, HistoryTerm
from glmengine.analysis.time_grid import make_grid
from glmengine.design.build import build_design
from glmengine.errors import GlmError
from glmengine.figures import draw
from glmengine.recording.recording import Covariate, Recording
from glmengine.simulation.catalogue import sample, truth_of
from glmengine.timegrid.grid import TimeGrid

BIN = 0.01
ENDS = np.array([[0.0, 60.0], [70.0, 100.0]])


def session(choices=("left", "right", "left", "ünsure"), scales=(0.5, -2.0, 3.0, 1.0), text=True) -> Recording:
    """Two recorded stretches, four trials, and events near borders, on edges of bins and twice in a bin."""
    rng = np.random.default_rng(3)
    support = nap.IntervalSet(ENDS[:, 0], ENDS[:, 1])
    properties = {"choice": list(choices), "scale": list(scales), "go_time": [5.2, 21.0, np.nan, 71.5]}
    trials = nap.IntervalSet([5.0, 20.0, 40.0, 71.0], [6.0, 22.0, 41.0, 73.0], metadata=properties)
    cue = np.array([0.004, 5.5, 5.503, 20.03, 21.99, 40.5, 59.99, 70.005, 71.2, 99.99])
    times = (np.arange(10_000) + 0.5) * BIN
    wheel = Covariate("wheel", nap.Tsd(times, np.sin(times)), "deg")
    return Recording(
        "session",
        ("one", "two"),
        spikes=nap.TsGroup({unit: nap.Ts(np.sort(rng.uniform(0, 100, 900))) for unit in range(2)}, time_support=support),
        covariates={"wheel": wheel},
        epochs={"all": support, "trials": nap.IntervalSet(trials.values), "late": nap.IntervalSet(40.2, 41.0)},
        trials={"trials": trials},
        events={"cue": nap.Ts(cue, time_support=support)},
    )


def question(*terms, epochs=("all",), bin_size=BIN, **parts) -> Analysis:
    model = Model(strengths=(1e-4,))
    return Analysis(
        time=Time(bin_size=bin_size, epochs=epochs), terms=terms, model=model, validation=Validation(folds=2), **parts
    )


def bumps(n: int = 5) -> ge.basis.RaisedCosineLinear:
    return ge.basis.RaisedCosineLinear(n=n)


def made(term: EventTerm, recording: Recording, **options):
    analysis = question(term, **options)
    grid = make_grid(analysis.time, recording)
    return build_design(analysis, recording, grid, unit_names=recording.unit_names)


def looped(term: EventTerm, recording: Recording, grid: TimeGrid, times, weights) -> np.ndarray:
    """The definition, event by event and bin by bin: the event's bin is that of the grid begun at the stretch's start and carried on."""
    lags, kernel = term.kernel(grid.bin_size)
    out = np.zeros((grid.n_bins, kernel.shape[1]))
    for time, weight in zip(times, weights, strict=True):
        recorded = [k for k, (a, b) in enumerate(ENDS) if a <= time <= b]
        for piece, (start, stop) in enumerate(grid.pieces):
            if [k for k, (a, b) in enumerate(ENDS) if a <= start < b] != recorded:
                continue
            bin_of_event = int(np.floor(round((time - start) / grid.bin_size, 6)))
            for at, lag in enumerate(lags):
                row = bin_of_event + lag
                if 0 <= row < round((stop - start) / grid.bin_size):
                    out[grid.offsets[piece] + row] += weight * kernel[at]
    return out


@pytest.mark.parametrize(("before", "after"), [(0.0, 0.3), (0.25, 0.2), (0.1, 0.0), (0.0, 0.01)])
@pytest.mark.parametrize("epochs", [("all",), ("trials",), ("late",)])
@pytest.mark.parametrize("family", ["bumps", "lags", "boxes"])
def test_columns_are_the_kernels_around_each_event(before, after, epochs, family):
    recording = session()
    basis = {"bumps": bumps(), "lags": ge.basis.History(), "boxes": ge.basis.Boxcar(n=1)}[family]
    term = EventTerm(events="cue", before=before, after=after, basis=basis)
    cue = recording.events["cue"].t
    design = made(term, recording, epochs=epochs)
    np.testing.assert_allclose(design.dense(), looped(term, recording, design.grid, cue, np.ones(len(cue))), rtol=0, atol=1e-12)
    assert design.valid.all()


def test_a_bin_has_the_same_columns_whichever_epochs_are_chosen():
    """The cue at 40.5 s lies before the bins from 40.6 s on, and still acts on them."""
    recording = session()
    term = EventTerm(events="cue", before=0.1, after=0.5, basis=bumps())
    analysis = question(term)
    whole = made(term, recording)
    part = TimeGrid.from_intervals(np.array([[40.6, 40.9], [40.95, 41.5]]), BIN)
    again = build_design(analysis, recording, part, unit_names=("one",), frozen_terms=whole.terms).dense()
    rows = whole.grid.rows_of(part.centres)
    np.testing.assert_allclose(again, whole.dense()[rows], atol=1e-12)
    assert np.abs(again).max() > 0.1


def test_stretches_of_one_bin_have_the_columns_of_their_bins():
    recording = session()
    term = EventTerm(events="cue", before=0.1, after=0.5, basis=bumps())
    starts = np.array([5.45, 5.5, 5.51, 59.99, 70.0, 99.99])
    grid = TimeGrid.from_intervals(np.column_stack([starts, starts + BIN]), BIN)
    assert np.diff(grid.offsets).max() <= 2  # the second and third touch
    found = build_design(question(term), recording, grid, unit_names=("one",), frozen_terms=(term,)).dense()
    cue = recording.events["cue"].t
    np.testing.assert_allclose(found, looped(term, recording, grid, cue, np.ones(len(cue))), atol=1e-12)
    assert (found != 0).any(axis=1).all()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 99_999).map(lambda ms: ms / 1000), min_size=1, max_size=12),
    st.sampled_from([0.004, 0.01, 0.03, 0.25]),
    st.integers(0, 30),
    st.integers(1, 30),
    st.lists(st.integers(0, 99_000), min_size=2, max_size=8, unique=True),
)
def test_any_events_in_any_bins_are_as_in_the_loop(times, bin_size, before, after, edges):
    """Times in whole milliseconds, many of them on edges of bins; stretches anywhere in the recorded time."""
    recording = session()
    times = np.array(sorted(time for time in times if any(a <= time <= b for a, b in ENDS)))
    term = EventTerm(events="bell", before=before * bin_size, after=after * bin_size, basis=bumps(3))
    recording = replace(recording, events={"bell": nap.Ts(times, time_support=recording.epochs["all"])})
    edges = np.sort(edges) / 1000
    pieces = np.array([(a, b) for a, b in pairwise(edges)][::2])
    pieces = pieces[[any(low <= a and b <= high for low, high in ENDS) for a, b in pieces]]
    grid = TimeGrid.from_intervals(pieces.reshape(-1, 2), bin_size)
    if not grid.n_bins:
        return
    found = build_design(question(term, bin_size=bin_size), recording, grid, unit_names=("one",), frozen_terms=(term,)).dense()
    np.testing.assert_allclose(found, looped(term, recording, grid, times, np.ones(len(times))), atol=1e-12)


def test_bins_whose_window_leaves_the_recorded_time_are_left_out_where_asked():
    term = EventTerm(events="cue", before=0.2, after=0.3, basis=bumps(), beyond="left_out")
    valid = made(term, session()).valid
    left_out = np.flatnonzero(~valid)
    first, second = 6000, 3000
    expected = [*range(29), *range(first - 20, first), *range(first, first + 29), *range(first + second - 20, first + second)]
    assert left_out.tolist() == expected


def test_every_condition_has_its_kernel_and_bins_around_others_are_left_out():
    recording = session()
    term = EventTerm(events="cue", after=0.3, basis=bumps(), by="choice")
    design = made(term, recording)
    assert design.terms[0].conditions == ("left", "right", "ünsure")
    cue = recording.events["cue"].t
    kind = {5.5: "left", 5.503: "left", 20.03: "right", 21.99: "right", 40.5: "left", 71.2: "ünsure"}
    values = design.dense()
    for channel, name in enumerate(("left", "right", "ünsure")):
        own = looped(term, recording, design.grid, cue, [float(kind.get(round(time, 6)) == name) for time in cue])
        found = values[design.valid][:, channel * 5 : channel * 5 + 5]
        np.testing.assert_allclose(found, own[design.valid], atol=1e-12)
    outside = [time for time in cue if round(time, 6) not in kind]
    around = looped(EventTerm(events="cue", after=0.3, basis=ge.basis.Boxcar(n=1)), recording, design.grid, outside, [1.0] * 4)
    np.testing.assert_array_equal(design.valid, around[:, 0] == 0)
    assert any("4 of 10 events" in note for note in design.notes)
    assert list(design.columns.index[:2]) == ["cue by choice[left][0]", "cue by choice[left][1]"]


def test_times_of_trials_are_events_and_rows_without_a_time_are_none():
    recording = session()
    for reference, times in (("trials.start", [5.0, 20.0, 40.0, 71.0]), ("trials.go_time", [5.2, 21.0, 71.5])):
        term = EventTerm(events=reference, before=0.1, after=0.3, basis=bumps(), by="trials.choice")
        design = made(term, recording)
        of = {5.0: "left", 20.0: "right", 40.0: "left", 71.0: "ünsure", 5.2: "left", 21.0: "right", 71.5: "ünsure"}
        for channel, name in enumerate(design.terms[0].conditions):
            own = looped(term, recording, design.grid, times, [float(of[time] == name) for time in times])
            np.testing.assert_allclose(design.dense()[:, 5 * channel : 5 * channel + 5], own, atol=1e-12)


def test_a_property_scales_the_kernel_beside_an_unscaled_one():
    recording = session()
    term = EventTerm(events="trials.start", after=0.3, basis=bumps(), weight="scale")
    design = made(term, recording)
    plain = looped(term, recording, design.grid, [5.0, 20.0, 40.0, 71.0], np.ones(4))
    scaled = looped(term, recording, design.grid, [5.0, 20.0, 40.0, 71.0], [0.5, -2.0, 3.0, 1.0])
    np.testing.assert_allclose(design.dense(), np.hstack([plain, scaled]), atol=1e-12)
    alone = made(term.with_(unscaled=False), recording)
    np.testing.assert_allclose(alone.dense(), scaled, atol=1e-12)
    each = made(term.with_(by="choice"), recording)
    assert each.n_columns == 3 * 2 * 5
    np.testing.assert_allclose(each.dense()[:, 5:10] + each.dense()[:, 15:20] + each.dense()[:, 25:], scaled, atol=1e-12)


def test_a_covariate_at_the_event_scales_the_kernel():
    recording = session()
    term = EventTerm(events="cue", after=0.2, basis=bumps(), weight="wheel", unscaled=False)
    design = made(term, recording)
    cue = recording.events["cue"].t
    near = cue > 0.01  # before the first sample there is no value
    own = looped(term, recording, design.grid, cue[near], np.sin(cue[near]))
    np.testing.assert_allclose(design.dense()[design.valid], own[design.valid], atol=1e-4)
    assert not design.valid[:20].any()
    assert any("1 of 10 events have no value" in note for note in design.notes)


def test_a_missing_value_leaves_out_the_bins_around_its_event_alone():
    recording = session(scales=(0.5, np.nan, 3.0, 1.0))
    term = EventTerm(events="trials.start", before=0.1, after=0.3, basis=bumps(), weight="scale")
    design = made(term, recording)
    left_out = design.grid.centres[~design.valid]
    assert left_out.min() == pytest.approx(19.905)
    assert left_out.max() == pytest.approx(20.295)
    assert len(left_out) == 40


def test_chunks_are_the_rows_of_the_whole():
    term = EventTerm(events="cue", before=0.25, after=0.3, basis=bumps(), by="choice", weight="wheel")
    design = made(term, session())
    whole = design.dense()
    for start, stop in ((0, 1), (0, 9000), (540, 561), (8999, 9000), (555, 556), (6010, 7000)):
        np.testing.assert_array_equal(design.chunk(start, stop), whole[start:stop])
        np.testing.assert_array_equal(design.blocks[0].defined(start, stop), np.isfinite(whole[start:stop]).all(axis=1))


def test_known_kernels_are_found_per_condition_and_scaled_with_bands_and_on_new_time(tmp_path):
    recording = sample("decision-task")
    terms = (
        EventTerm(events="stimulus", before=0.1, after=0.9, basis=bumps(10), weight="trials.evidence"),
        EventTerm(events="choice", before=0.5, after=0.5, basis=bumps(10), by="trials.choice"),
        EventTerm(events="reward", after=1.0, basis=bumps(10)),
        HistoryTerm(basis=ge.basis.RaisedCosineLog(n=3, window=0.1)),
    )
    result = ge.run(question(*terms, bin_size=0.02), recording)
    truth = {unit["name"]: unit["kernels"] for unit in truth_of(recording)["units"]}
    lag_s = np.array(truth_of(recording)["lag_s"])
    choice = result.filters["choice by choice"]
    assert choice["filter"].dims == ("unit", "condition", "lag_s")
    assert choice["lag_s"].attrs == {"unit": "s", "long_name": "time relative to choice"}
    assert choice["lag_s"].values[0] == pytest.approx(-0.5)
    inside = true = total = 0.0
    for unit, condition in (("left choice", "left"), ("left choice", "right"), ("right choice", "right")):
        found = choice.sel(unit=unit, condition=condition)
        kernel = next(part["kernel"] for part in truth[unit] if part["by"] == condition)
        expected = np.interp(found["lag_s"], lag_s, kernel)
        inside += ((found["low"] <= expected) & (expected <= found["high"])).sum().item()
        total += found.sizes["lag_s"]
        true += np.corrcoef(found["filter"], expected)[0, 1] / 3
    assert true > 0.8
    assert inside / total > 0.85
    evidence = result.filters["stimulus scaled by evidence"].sel(unit="evidence", condition="stimulus x evidence")
    expected = np.interp(evidence["lag_s"], lag_s, truth["evidence"][1]["kernel"])
    assert np.corrcoef(evidence["filter"], expected)[0, 1] > 0.9
    assert result.filters["reward"]["filter"].dims == ("unit", "lag_s")
    assert result.filters["reward"]["filter"].sel(unit="reward").max() == pytest.approx(1.8, abs=0.5)

    result.save(tmp_path / "e.nc")
    again = ge.Result.load(tmp_path / "e.nc")
    assert again.terms == result.terms
    late = np.array([[300.0, 340.0]])
    np.testing.assert_array_equal(again.predict(recording, late), result.predict(recording, late))
    whole = result.predict(recording).sel(time=slice(300.2, 340.0))
    np.testing.assert_allclose(again.predict(recording, late).sel(time=slice(300.2, 340.0)), whole, rtol=1e-9)
    assert (result.score(recording, late)["deviance_explained"] > 0).any()
    assert Analysis.from_dict(result.analysis.to_dict()) == result.analysis


def test_new_data_keep_the_conditions_and_leave_out_what_was_never_seen(tmp_path):
    result = ge.run(question(EventTerm(events="cue", after=0.3, basis=bumps(), by="choice")), session())
    ge.write_outputs(result, tmp_path / "out", session())
    assert "cue by choice[ünsure][4]" in (tmp_path / "out" / "coefficients.csv").read_text(encoding="utf-8")
    figure = draw(result, "filter", unit="one")
    assert [line.get_label() for line in figure.axes[0].lines[1:]] == ["left", "right", "ünsure"]
    other = session(choices=("left", "right", "left", "new"))
    rates = result.predict(other)
    missing = rates.sel(time=slice(71.2, 71.49)).isnull().all()
    assert bool(missing)
    assert bool(rates.sel(time=slice(5.6, 5.7)).notnull().all())


def refusal(term, recording=None, **options) -> GlmError:
    with pytest.raises(GlmError) as caught:
        made(term, recording or session(), **options)
    assert str(caught.value).count(". ") == 0
    return caught.value


def test_what_cannot_be_is_said_with_its_field():
    base = {"after": 0.3, "basis": bumps()}
    error = refusal(EventTerm(events="bell", **base))
    assert error.field == "terms.0.events"
    assert "cue, trials.start" in error.message
    assert refusal(EventTerm(events="trials.choice", **base)).field == "terms.0.events"
    error = refusal(EventTerm(events="cue", **base, by="colour"))
    assert error.field == "terms.0.by"
    assert "trials.choice" in error.message
    assert refusal(EventTerm(events="cue", **base, weight="colour")).field == "terms.0.weight"
    assert "'left'" in refusal(EventTerm(events="cue", **base, weight="choice")).message
    error = refusal(EventTerm(events="cue", after=0.004, basis=bumps()))
    assert error.field == "terms.0.after"
    assert "shorter than a bin" in error.message
    assert refusal(EventTerm(events="cue", after=0.3, basis=ge.basis.BSpline(window=0.2))).field == "terms.0.basis.window"
    assert refusal(EventTerm(events="cue", after=0.3, basis=ge.basis.Identity())).field == "terms.0.basis.family"
    assert refusal(EventTerm(events="cue", after=0.1, basis=ge.basis.Boxcar(n=11))).field == "terms.0.basis.n"
    with pytest.raises(GlmError, match="no length"):
        EventTerm(events="cue", after=0.0, basis=bumps())


def test_events_far_from_the_time_used_are_refused():
    recording = session()
    error = refusal(EventTerm(events="trials.go_time", after=0.05, basis=bumps(2)), recording, epochs=("late",))
    assert error.field == "terms.0.events"
    assert "none of the 3 events" in error.message


def test_a_scale_that_is_constant_or_missing_is_refused():
    base = {"events": "trials.start", "after": 0.3, "basis": bumps(), "weight": "scale"}
    error = refusal(EventTerm(**base), session(scales=(2.0,) * 4))
    assert error.field == "terms.0.weight"
    assert "is 2 at every event" in error.message
    assert refusal(EventTerm(**base), session(scales=(np.nan,) * 4)).field == "terms.0.weight"
    # only those near the time used count
    assert refusal(EventTerm(**base), session(scales=(1.0, 2.0, 3.0, 4.0)), epochs=("late",)).field == "terms.0.weight"


def test_too_many_values_for_a_kernel_each_are_refused():
    recording = session()
    start = np.arange(250) * 0.2 + 0.05
    trials = nap.IntervalSet(start, start + 0.1, metadata={"number": list(range(250))})
    many = ge.Recording("many", recording.unit_names, recording.spikes, epochs=dict(recording.epochs), trials={"trials": trials})
    error = refusal(EventTerm(events="trials.start", after=0.1, basis=bumps(2), by="number"), many)
    assert error.field == "terms.0.by"
    assert "250 different values" in error.message


def test_times_and_conditions_of_trials_of_a_real_task(shared_data):
    recording = ge.open_recording(shared_data / "human-mtl-task.nwb")
    term = EventTerm(events="recognition_table.start", after=1.5, basis=bumps(6), by="old_new")
    analysis = question(term, bin_size=0.05)
    grid = make_grid(analysis.time, recording)
    with pytest.raises(GlmError, match="no property 'old_new_'"):
        build_design(question(term.with_(by="old_new_")), recording, grid, unit_names=("0",))
    design = build_design(analysis, recording, grid, unit_names=("0",))
    table = recording.trials["recognition_table"]
    kinds = np.asarray(table["old_new"])
    assert design.terms[0].conditions == tuple(str(kind) for kind in sorted(set(kinds)))
    _, kernel = term.kernel(0.05)
    values = design.dense()
    for channel, kind in enumerate(sorted(set(kinds))):
        own = values[:, 6 * channel : 6 * channel + 6]
        np.testing.assert_allclose(own.sum(axis=0), kernel.sum(axis=0) * (kinds == kind).sum(), rtol=1e-9)


def test_the_preview_shows_an_event_term_with_its_conditions():
    from glmengine.design.preview import feature_preview

    recording = session()
    term = EventTerm(events="cue", before=0.1, after=0.3, basis=bumps(), by="choice")
    times, values, labels = feature_preview(term, recording, Time(bin_size=BIN), seconds=5.0, start=3.0)
    assert len(labels) == values.shape[1] == 15
    assert np.nanmax(values[times > 5.5]) > 0.9
