"""Decoding from a fitted population: posteriors against arithmetic by hand, smoothing against sums over all paths, errors on held-out time."""

from __future__ import annotations

import itertools
import tracemalloc

import numpy as np
import pytest
from scipy import stats

import glmengine as ge
from glmengine.context import CallbackContext
from glmengine.decoding.candidates import Axis, Candidates
from glmengine.decoding.posterior import moving_sum, normalised, smoothed
from glmengine.errors import Cancelled, GlmError
from glmengine.recording.binned import sample_covariate

DIRECTION = {"kind": "covariate", "factors": [{"variable": "head_direction", "basis": {"family": "cyclic_b_spline", "n": 8}}]}
SPEED = {"kind": "covariate", "factors": [{"variable": "speed", "basis": {"family": "b_spline", "n": 5}}]}
PLACE = {
    "kind": "covariate",
    "factors": [{"variable": f"position.{axis}", "basis": {"family": "b_spline", "n": 6}} for axis in "xy"],
}
HISTORY = {"kind": "history", "basis": {"family": "raised_cosine_log", "n": 3, "window": 0.1}}


@pytest.fixture(scope="module")
def population():
    """Ten direction cells and four place cells, three minutes."""
    import pynapple as nap

    from glmengine.recording.recording import Covariate, Recording

    rng = np.random.default_rng(1)
    times = (np.arange(9000) + 0.5) * 0.02
    angle = np.mod(np.cumsum(rng.normal(0, 0.08, 9000)), 2 * np.pi)
    x, y = 50 + 45 * np.sin(2 * np.pi * times / 17), 50 + 45 * np.cos(2 * np.pi * times / 23)
    speed = np.abs(np.sin(times))
    spikes = {}
    for unit in range(14):
        if unit < 10:
            rate = 25 * np.exp(3 * (np.cos(angle - 2 * np.pi * unit / 10) - 1)) * (0.7 + 0.6 * speed)
        else:
            rate = 30 * np.exp(-((x - 20 * (unit - 9)) ** 2 + (y - 50) ** 2) / 800)
        counts = rng.poisson(rate * 0.02)
        stamps = np.repeat(times, counts)
        spikes[unit] = nap.Ts(np.sort(stamps + rng.uniform(-0.009, 0.009, len(stamps))))
    support = nap.IntervalSet(0.0, 180.0)
    return Recording(
        name="population",
        unit_names=tuple(f"u{unit}" for unit in range(14)),
        spikes=nap.TsGroup(spikes, time_support=support),
        covariates={
            "head_direction": Covariate("head_direction", nap.Tsd(times, angle), "rad", "angle"),
            "position": Covariate("position", nap.TsdFrame(times, np.column_stack([x, y]), columns=["x", "y"]), "cm"),
            "speed": Covariate("speed", nap.Tsd(times, speed)),
            "phase": Covariate("phase", nap.Tsd(times, (times % 60 > 30).astype(float)), kind="category"),
        },
        epochs={"all": support, "first": nap.IntervalSet(0.0, 90.0), "second": nap.IntervalSet(90.0, 180.0)},
    )


def fitted(recording, *terms, **parts):
    question = {"time": {"bin_size": 0.02, "epochs": ["first"]}, "terms": list(terms), "model": {"strengths": [1e-5]}}
    return ge.run(ge.Analysis.from_dict(question | {"validation": {"folds": 3}} | parts), recording)


@pytest.fixture(scope="module")
def result(population):
    return fitted(population, DIRECTION, SPEED, HISTORY)


def test_posterior_by_hand(result, population):
    found = result.decode(population, "head_direction", epochs="second", prior="uniform", points=24)
    rates = result.predict(population, "second") * 0.02
    times = found.values["time"].values
    rates = rates.sel(time=times)
    grid = ge.make_grid(result.analysis.time.with_(epochs=("second",)), population)
    from glmengine.recording.binned import count_spikes

    rows = grid.rows_of(times)
    counts = count_spikes(population, grid)[rows]
    angle = sample_covariate(population.covariates["head_direction"], grid)[rows]
    basis = result.terms[0].factors[0].basis
    coefficients = result.coefficients.values[result.coefficients["term"].values == "head_direction"]
    values = found.posterior["head_direction"].values
    for t in (5, 700, 3000):
        there = basis.evaluate(np.array([angle[t]])) @ coefficients
        mean = rates.values[:, t] * np.exp(basis.evaluate(values) @ coefficients - there)
        log = stats.poisson.logpmf(counts[t], mean).sum(axis=1)
        expected = np.exp(log - log.max()) / np.exp(log - log.max()).sum()
        np.testing.assert_allclose(found.posterior.values[t], expected, atol=1e-6)
        assert found.values["estimate"].values[t, 0] == values[np.argmax(expected)]


def test_other_families_go_the_long_way_to_the_same_posterior(result, population, monkeypatch):
    from glmengine.decoding import decode as module

    fast = result.decode(population, "head_direction", epochs="second", window=0.1, points=20)
    whole = module._of_rows

    def slow(model, *rest):
        return whole(_Other(model), *rest)

    monkeypatch.setattr(module, "_of_rows", slow)
    long = result.decode(population, "head_direction", epochs="second", window=0.1, points=20)
    np.testing.assert_allclose(long.posterior, fast.posterior, atol=1e-6)


class _Other:
    """A model whose family is not recognised as the Poisson."""

    def __init__(self, model) -> None:
        self.link, self.spread = model.link, model.spread
        self.family = type("Elsewhere", (), {"name": "elsewhere", "log_likelihood": model.family.log_likelihood})()


def test_errors_on_held_out_time_are_far_below_chance(result, population):
    alone = result.decode(population, "head_direction", epochs="second")
    longer = result.decode(population, "head_direction", epochs="second", window=0.2)
    walked = result.decode(population, "head_direction", epochs="second", smoothing="data")
    assert alone.chance_error > 1.2
    assert longer.median_error < alone.median_error
    assert walked.median_error < 0.2
    folds = result.decode(population, "head_direction", held_out=True, window=0.2)
    assert folds.held_out
    assert folds.median_error < 0.35
    assert float(folds.posterior.sum("head_direction").min()) == pytest.approx(1.0, abs=1e-5)
    few = result.decode(population, "head_direction", epochs="second", window=0.2, units=["u0", "u5"])
    assert few.median_error > longer.median_error


def test_two_variables_together_and_categories(population):
    place = fitted(population, PLACE, time={"bin_size": 0.02})
    found = place.decode(population, ("position.x", "position.y"), epochs="second", smoothing="data")
    assert found.posterior.dims == ("time", "position.x", "position.y")
    assert found.median_error < 0.5 * found.chance_error
    with pytest.raises(GlmError, match=r"also depends on 'position.y'; decode them together"):
        place.decode(population, "position.x")
    phase = {"kind": "covariate", "factors": [{"variable": "phase", "basis": {"family": "categorical"}}]}
    sorted_out = fitted(population, phase).decode(population, "phase", epochs="second", window=1.0)
    assert list(sorted_out.posterior["phase"].values) == [0.0, 1.0]
    assert set(np.unique(sorted_out.error)) <= {0.0, 1.0}


def test_smoothing_is_the_sum_over_all_paths():
    rng = np.random.default_rng(2)
    axis = Axis("a", np.array([0.5, 1.5, 2.5]))
    likelihood, prior = rng.normal(size=(5, 3)), np.array([0.5, 0.3, 0.2])
    run = np.array([0, 0, 0, 1, 1])
    found = smoothed(likelihood.copy(), prior, run, Candidates((axis,)), (0.8,))
    step = np.exp(-0.5 * ((axis.values[:, None] - axis.values) / 0.8) ** 2)
    step /= step.sum(axis=1, keepdims=True)
    for rows in ([0, 1, 2], [3, 4]):
        weight = np.zeros((len(rows), 3))
        for path in itertools.product(range(3), repeat=len(rows)):
            chance = prior[path[0]] * np.prod([step[a, b] for a, b in itertools.pairwise(path)])
            chance *= np.exp(sum(likelihood[row, place] for row, place in zip(rows, path, strict=True)))
            for place, value in enumerate(path):
                weight[place, value] += chance
        np.testing.assert_allclose(found[rows], weight / weight.sum(axis=1, keepdims=True))


def test_windows_stay_within_a_run_and_bayes_rule_by_hand():
    values = np.arange(6.0)[:, None]
    np.testing.assert_array_equal(moving_sum(values, np.array([0, 0, 0, 1, 1, 1]), 3)[:, 0], [1, 3, 3, 7, 12, 9])
    np.testing.assert_allclose(normalised(np.log([[0.2, 0.4]]), np.array([0.75, 0.25])), [[0.6, 0.4]])


def test_distances_on_the_circle_and_the_nearest_values():
    axis = Axis("a", (np.arange(8) + 0.5) * np.pi / 4, circular=True)
    assert axis.difference(np.array([0.1]), np.array([2 * np.pi - 0.1]))[0] == pytest.approx(0.2)
    np.testing.assert_array_equal(axis.nearest(np.array([0.0, 6.2, np.nan])), [0, 7, -1])
    both = Candidates((axis, Axis("b", np.array([0.0, 1.0]))))
    np.testing.assert_array_equal(both.nearest([np.array([0.1, 0.1]), np.array([0.9, np.nan])]), [1, -1])


@pytest.mark.parametrize(
    ("variables", "options", "said"),
    [
        ("position.x", {}, "no term of the model is tuned to 'position.x'; it is tuned to: head_direction, speed"),
        ((), {}, "there are none"),
        ("head_direction", {"prior": "flat"}, "prior: there is none called 'flat'"),
        ("head_direction", {"smoothing": "much"}, "smoothing: 'much'"),
        ("head_direction", {"window": -1.0}, "window: -1 s"),
        ("head_direction", {"points": 1}, "points: 1"),
        ("head_direction", {"units": ["nobody"]}, "units: 'nobody' was not fitted"),
        ("head_direction", {"held_out": True, "epochs": "second"}, "leave the epochs out"),
    ],
)
def test_bad_input_is_one_sentence(result, population, variables, options, said):
    with pytest.raises(GlmError, match=said):
        result.decode(population, variables, **options)


@pytest.mark.parametrize("after", [0, 2, 4])
def test_it_can_be_cancelled_at_every_stage(result, population, after):
    seen = []
    with pytest.raises(Cancelled):
        result.decode(
            population,
            "head_direction",
            epochs="second",
            smoothing="data",
            context=CallbackContext(seen.append, cancelled=lambda: len(seen) > after),
        )


def test_real_direction_cells_beside_pynapple(shared_data):
    """Median error on the second half within that of `decode_bayes`."""
    import pynapple as nap

    recording = ge.open_recording(shared_data / "head-direction-npz")
    name = next(name for name, one in recording.covariates.items() if one.kind == "angle")
    pieces = recording.epochs["all"].values
    start = pieces[0, 0]
    training, test = (recording.epochs["all"].intersect(nap.IntervalSet(start + a, start + b)) for a, b in ((0, 500), (500, 800)))
    recording = recording.with_epochs("training", training).with_epochs("test", test)
    tuned = {"kind": "covariate", "factors": [{"variable": name, "basis": {"family": "cyclic_b_spline", "n": 16}}]}
    found = fitted(recording, tuned, time={"bin_size": 0.1, "epochs": ["training"]}).decode(
        recording, name, epochs="test", window=0.3
    )
    angle = recording.covariates[name].data
    curves = nap.compute_tuning_curves(
        recording.counts.restrict(training), angle, bins=60, range=[(0, 2 * np.pi)], epochs=training
    )
    decoded, _ = nap.decode_bayes(curves, recording.counts.restrict(test), test, 0.01, sliding_window_size=30)
    true = angle.interpolate(nap.Ts(decoded.t), test)
    apart = np.abs(np.mod(np.asarray(decoded.values) - np.asarray(true.values) + np.pi, 2 * np.pi) - np.pi)
    assert found.median_error < np.nanmedian(apart)


def test_the_command_writes_what_the_result_says(result, population, tmp_path, capsys):
    from glmengine.cli.main import main
    from glmengine.export.nwb import write_nwb

    result.save(tmp_path / "r.nc")
    write_nwb(population, tmp_path / "p.nwb")
    arguments = ["decode", str(tmp_path / "r.nc"), str(tmp_path / "p.nwb"), "head_direction"]
    options = ["--prior", "uniform", "--smoothing", "data", "--points", "24", "--out", str(tmp_path / "d")]
    assert main([*arguments, *options, "--held-out", "--keep"]) == 0
    said = capsys.readouterr().out
    opened = ge.open_recording(tmp_path / "p.nwb")
    expected = result.decode(opened, "head_direction", held_out=True, prior="uniform", smoothing="data", points=24)
    assert ge.Result.load(tmp_path / "d" / "result.nc").decoded.values.equals(expected.values)
    assert f"head_direction from 14 units, {len(expected.error):,} bins" in said
    assert (
        f"median error {expected.median_error:.4g} rad, of estimates paired with bins at random {expected.chance_error:.4g} rad"
        in said
    )
    assert "has seen these bins" not in said
    table = np.genfromtxt(tmp_path / "d" / "decoded.csv", delimiter=",", names=True)
    assert table.dtype.names == ("time", "head_direction", "head_direction_true", "error")
    estimate = expected.values["estimate"].sel(variable="head_direction").values
    np.testing.assert_array_equal(table["head_direction"], estimate)
    np.testing.assert_array_equal(table["error"], expected.error.values)
    with np.load(tmp_path / "d" / "decoded.npz") as kept:
        assert list(kept["variables"]) == ["head_direction"]
        np.testing.assert_array_equal(kept["time"], table["time"])
        np.testing.assert_array_equal(kept["posterior"], expected.posterior.values)
        np.testing.assert_array_equal(kept["values_1"][kept["posterior"].argmax(axis=1)], estimate)
        np.testing.assert_array_equal(kept["estimate"][:, 0], estimate)


def test_the_command_says_what_is_too_small_or_wrong(result, population, tmp_path, capsys):
    from glmengine.cli.main import main
    from glmengine.export.nwb import write_nwb

    result.save(tmp_path / "r.nc")
    write_nwb(population, tmp_path / "p.nwb")
    arguments = ["decode", str(tmp_path / "r.nc"), str(tmp_path / "p.nwb")]
    out = ["--out", str(tmp_path / "d")]
    assert main([*arguments, "head_direction", "--unit", "u0", "--epoch", "second", *out]) == 0
    said = capsys.readouterr().out
    assert "head_direction from 1 unit," in said
    assert "where the fit has seen these bins the error is too small" in said
    assert main([*arguments, "position.x", *out]) == 1
    assert "no term of the model is tuned to 'position.x'" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stop:
        main([*arguments, "head_direction", "--smoothing", "-1", *out])
    assert stop.value.code == 2
    assert "neither 'data' nor a number above 0" in capsys.readouterr().err


def test_evidence_of_a_long_recording_is_kept_once():
    run = np.zeros(40_000, int)
    table = np.random.default_rng(0).normal(size=(run.size, 100))
    expected = normalised(np.stack([np.convolve(one, np.ones(5), "same") for one in table.T], axis=1), np.full(100, 0.01))
    tracemalloc.start()
    found = normalised(moving_sum(table, run, 5), np.full(100, 0.01))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 0.8 * table.nbytes
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_a_long_recording_is_decoded_in_pieces_as_in_one(result, population, monkeypatch):
    from glmengine.decoding import decode as module

    whole = result.decode(population, "head_direction", held_out=True, window=0.2, points=20)
    monkeypatch.setattr(module, "_TABLE", 2000)  # a hundred bins at a time
    pieces = result.decode(population, "head_direction", held_out=True, window=0.2, points=20)
    np.testing.assert_allclose(pieces.posterior.values, whole.posterior.values, atol=1e-6)
    np.testing.assert_array_equal(pieces.values["estimate"].values, whole.values["estimate"].values)
