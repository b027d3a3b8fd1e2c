"""What does the cell do around stimulus, choice and reward? On simulated cells whose kernels are known."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.simulation.catalogue import sample, truth_of


@pytest.fixture(scope="module")
def task():
    return sample("decision-task")


@pytest.fixture(scope="module")
def result(task, ask):
    return ask("decision-task", task, units=("evidence", "left choice", "surprise", "untuned"))


@pytest.mark.parametrize(
    ("unit", "event", "by", "condition"),
    [
        ("evidence", "stimulus", "evidence", "stimulus x evidence"),
        ("left choice", "choice", "left", "left"),
        ("left choice", "choice", "right", "right"),
        ("surprise", "reward", "", "reward"),
    ],
)
def test_a_kernel_is_the_one_that_was_put_in(task, result, unit, event, by, condition):
    truth = truth_of(task)
    kernels = next(one for one in truth["units"] if one["name"] == unit)["kernels"]
    given = next(one["kernel"] for one in kernels if one["event"] == event and one["by"] == by)
    found = result.filters[event]["filter"].sel(unit=unit, condition=condition)
    true = np.interp(found["lag_s"].values, truth["lag_s"], given)
    assert np.corrcoef(found.values, true)[0, 1] > 0.95
    peaks = [float(found["lag_s"].values[np.argmax(np.abs(one))]) for one in (found.values, true)]
    assert abs(peaks[0] - peaks[1]) < 0.06


def test_choices_to_the_two_sides_have_opposite_kernels(result):
    found = result.filters["choice"]["filter"].sel(unit="left choice")
    at = {side: float(found.sel(condition=side).sel(lag_s=-0.1, method="nearest")) for side in ("left", "right")}
    assert at["left"] > 1.0
    assert at["right"] < -0.4


def test_what_scales_the_kernels_gains_on_held_out_time(task, result, ask):
    from glmengine.analysis.templates import load_template

    terms = load_template("decision-task").terms
    plain = ask("decision-task", task, units=("evidence",), terms=(terms[0].with_(weight=""), *terms[1:]))
    gain = [float(one.scores["deviance_explained_heldout"].sel(unit="evidence")) for one in (plain, result)]
    assert gain[1] > 1.1 * gain[0] > 0


def test_a_recording_without_a_task_is_told_what_is_missing(shared_data):
    import glmengine as ge
    from glmengine.analysis.templates import template_for

    lacking = template_for("decision-task", ge.open_recording(shared_data / "linear-track.nwb")).lacking
    assert "It needs an event such as 'reward'; the recording has none." in lacking
