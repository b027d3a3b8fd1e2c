"""What a covariate is by its name, in the languages that labs write."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pynapple as nap
import pytest

from glmengine.analysis.variable_roles import directions, phases, speeds, tracks
from glmengine.io.lost_samples import must_be_lost
from glmengine.io.recipe.draft import draft_from_arrays
from glmengine.recording.covariate_names import PLACE_NAME, SPEED_NAME
from glmengine.recording.derived.position import movement_offers, position_covariates, speed_covariates
from glmengine.recording.recording import Covariate, Recording

TIMES = np.arange(0, 20, 0.02)
PLACES = (
    "position",
    "xy",
    "mouse_loc",
    "Ort",
    "ort_cm",
    "Standort",
    "TierOrt",
    "Lage",
    "lieu",
    "ubicación",
    "lugar",
    "luogo",
    "位置",
    "위치",
)
SPEEDS = ("speed", "velocity", "vel", "Geschwindigkeit", "vitesse", "velocidad", "velocità", "скорость", "速度")
ANGLES = ("head_direction", "Kopfrichtung", "Richtung", "Winkel", "direction_tete", "dirección", "ángulo", "방향")
NEITHER = ("Wort", "Antwort", "import", "sorted", "locomotion", "block", "temperature", "vela", "reward")


def recorded(**covariates: Covariate) -> Recording:
    whole = nap.IntervalSet(0, 20)
    spikes = nap.TsGroup({0: nap.Ts(TIMES[::7])}, time_support=whole)
    return Recording("one", ("u",), spikes=spikes, covariates=covariates, epochs={"all": whole})


def line(name: str, kind: str = "continuous") -> Covariate:
    values = np.mod(TIMES, 6.28) if kind == "angle" else 40 + 30 * np.sin(TIMES)
    return Covariate(name, nap.Tsd(TIMES, values), "rad" if kind == "angle" else "", kind)


@pytest.mark.parametrize("name", PLACES)
def test_a_place_in_any_language_offers_movement_and_is_a_track(name):
    recording = recorded(**{name: line(name), "temperature": line("temperature")})
    assert [one.name for one in position_covariates(recording)] == [name]
    assert [one.kind for one in movement_offers(recording)] == ["speed", "running_direction"]
    assert tracks(recording) == [name]
    assert must_be_lost(name, "", (-1.0,))


@pytest.mark.parametrize("name", SPEEDS)
def test_a_speed_in_any_language_is_none_of_a_place(name):
    recording = recorded(**{name: line(name), "position": line("position")})
    assert [one.name for one in speed_covariates(recording)] == [name]
    assert [one.name for one in position_covariates(recording)] == ["position"]
    assert speeds(recording) == [name]
    assert tracks(recording) == ["position"]
    assert "speed" not in [one.kind for one in movement_offers(recording)]
    assert not must_be_lost(name, "", (0.0,))  # an animal at rest


@pytest.mark.parametrize("name", ANGLES)
def test_a_direction_in_any_language_is_an_angle(name):
    arrays = {"t": TIMES, name: np.mod(0.7 * TIMES, 2 * np.pi), "spike_times": TIMES[::7] + 0.001}
    (found,) = draft_from_arrays(arrays).recipe.covariates
    assert found.kind == "angle"
    recording = recorded(theta=line("theta", "angle"), roll=line("roll", "angle"), **{name: line(name, "angle")})
    assert directions(recording) == [name, "roll"]
    assert phases(recording) == ["theta"]


@pytest.mark.parametrize("name", NEITHER)
def test_other_words_are_neither_place_nor_speed(name):
    assert not PLACE_NAME.search(name)
    assert not SPEED_NAME.search(name)


def test_a_light_is_a_place_only_where_it_has_two_components():
    light = line("led")
    both = replace(light, data=nap.TsdFrame(TIMES, np.column_stack([TIMES, TIMES]), columns=["x", "y"]))
    assert position_covariates(recorded(led=light)) == ()
    assert [one.name for one in position_covariates(recorded(led=both))] == ["led"]


def test_directions_that_are_one_or_minus_one_are_no_angles():
    arrays = {"t": TIMES, "running_direction": np.where(np.sin(TIMES) > 0, 1.0, -1.0), "spike_times": TIMES[::7] + 0.001}
    (found,) = draft_from_arrays(arrays).recipe.covariates
    assert found.kind != "angle"
