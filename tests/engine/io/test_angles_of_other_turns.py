"""Angles that come round after another number than 2 pi or 360, and whole degrees without a unit."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.io.cleaning import clean
from glmengine.io.raw import RawRecording, RawSeries

RNG = np.random.default_rng(12)
TIMES = np.arange(9000) / 30
TURNS = np.mod(np.cumsum(RNG.normal(0, 0.016, 9000)), 1.0)


def cleaned(values, unit, name="head_direction"):
    raw = RawRecording(spikes=[np.arange(1.0, 299.0)], unit_names=["0"], series=[RawSeries(name, TIMES, values, unit)])
    found = clean(raw)
    return found.series[0], [note for note in found.notes if "whole turn" in note]


@pytest.mark.parametrize(
    ("turn", "unit", "remedy"),
    [
        (1.0, "rad", "scale = 360 in"),
        (400.0, "deg", "scale = 0.9 in"),
        (3600.0, "deg", "scale = 0.1 in"),
        (256.0, "deg", "scale = 1.40625 in"),
        (180.0, "deg", "orientation"),
        (np.pi, "rad", "orientation"),
    ],
)
def test_another_turn_is_said_with_what_makes_degrees_of_it(turn, unit, remedy):
    _, (note,) = cleaned(TURNS * turn, unit)
    assert remedy in note


@pytest.mark.parametrize(
    ("values", "unit"),
    [
        (TURNS * 2 * np.pi, "rad"),
        (TURNS * 360 - 180, "deg"),
        (np.rint(TURNS * 360), "deg"),
        (90 + 20 * np.sin(TIMES), "deg"),  # never comes round
        (RNG.choice([0.0, 1.0], 9000), "rad"),  # two directions
        (RNG.uniform(0, 1, 9000), "rad"),  # no head moves so
        (np.where(TIMES < 100, 0.5, np.where(TIMES < 200, 1.0, 0.2)), "rad"),
    ],
)
def test_angles_in_their_unit_and_others_that_do_not_come_round_are_not_doubted(values, unit):
    assert cleaned(values, unit)[1] == []


def test_whole_degrees_without_a_unit_are_an_angle():
    series, _ = cleaned(np.floor(TURNS * 360).astype(np.int64), "")
    assert series.kind == "angle"
    np.testing.assert_allclose(series.values, np.deg2rad(np.floor(TURNS * 360)))
    series, _ = cleaned((TURNS > 0.5).astype(np.int64), "")
    assert series.kind == "step"
