"""Angles in degrees where radians are expected are told from their range, whatever the kind of the covariate."""

from __future__ import annotations

import numpy as np
import pytest

import glmengine as ge
from glmengine.analysis.analysis import Analysis, Time
from glmengine.analysis.terms import CovariateTerm, Factor
from glmengine.analysis.time_grid import make_grid
from glmengine.design.build import build_design
from glmengine.recording.recording import Covariate, Recording

CYCLIC, FOURIER = ge.basis.CyclicBSpline(n=6), ge.basis.Fourier(n=2)


def notes_of(values: np.ndarray, basis, unit: str = "", kind: str = "continuous") -> list[str]:
    import pynapple as nap

    times = (np.arange(values.size) + 0.5) * 0.1
    support = nap.IntervalSet(0.0, values.size * 0.1)
    recording = Recording(
        "turning",
        ("one",),
        spikes=nap.TsGroup({0: nap.Ts([1.0, 2.0], time_support=support)}, time_support=support),
        covariates={"heading": Covariate("heading", nap.Tsd(times, values, time_support=support), unit, kind)},
        epochs={"all": support},
    )
    analysis = Analysis(time=Time(bin_size=0.1), terms=(CovariateTerm(factors=(Factor(variable="heading", basis=basis),)),))
    grid = make_grid(analysis.time, recording)
    return [note for note in build_design(analysis, recording, grid, unit_names=("one",)).notes if "degrees" in note]


TURN = np.linspace(0, 1, 400, endpoint=False)


@pytest.mark.parametrize("basis", [CYCLIC, FOURIER], ids=["spline", "fourier"])
@pytest.mark.parametrize("kind", ["continuous", "angle", "step"])
@pytest.mark.parametrize("low", [0, -180])
def test_degrees_are_told_with_a_circle_of_two_pi(basis, kind, low):
    (note,) = notes_of(low + 360 * TURN, basis, kind=kind)
    assert "'heading' reaches" in note
    assert "radians" in note


@pytest.mark.parametrize(
    ("values", "basis", "unit", "kind"),
    [
        (2 * np.pi * TURN, CYCLIC, "rad", "angle"),
        (np.pi * (2 * TURN - 1), FOURIER, "", "continuous"),
        (40 * np.pi * TURN, CYCLIC, "rad", "continuous"),  # unwrapped
        (360 * TURN, ge.basis.CyclicBSpline(n=6, bounds=(0, 360)), "deg", "continuous"),
        (360 * TURN, ge.basis.Fourier(n=2, bounds=None), "", "continuous"),
        (360 * TURN, ge.basis.BSpline(n=6), "cm", "continuous"),
        (np.where(TURN > 0.5, np.nan, 6 * TURN), CYCLIC, "rad", "angle"),
    ],
)
def test_what_is_in_radians_or_has_its_own_period_is_not(values, basis, unit, kind):
    assert notes_of(values, basis, unit, kind) == []


def test_an_angle_in_degrees_is_told_with_a_basis_that_is_no_circle():
    assert notes_of(360 * TURN, ge.basis.BSpline(n=6), kind="angle")


def test_a_circle_of_more_than_one_turn_is_refused_for_an_angle_and_half_a_turn_is_not():
    angle = np.mod(TURN * 40, 2 * np.pi)
    with pytest.raises(
        ge.GlmError, match="the circle from 0 to 360 is more than one turn of 'heading', which is an angle in radians"
    ):
        notes_of(angle, ge.basis.CyclicBSpline(n=6, bounds=(0, 360)), "rad", "angle")
    assert not notes_of(angle, ge.basis.CyclicBSpline(n=6, bounds=(0, np.pi)), "rad", "angle")
