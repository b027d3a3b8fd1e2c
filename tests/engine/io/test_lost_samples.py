"""Samples that were lost and stand in a file as a number: alone or in stretches, of all components or of one, in places and angles."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.io.cleaning import clean
from glmengine.io.lost_samples import lost_values, measured_ones
from glmengine.io.raw import RawRecording, RawSeries
from glmengine.io.recipe.draft import draft_from_arrays

RNG = np.random.default_rng(11)
TIMES = np.arange(9000) / 30
PLACE = np.column_stack([60 + 40 * np.sin(TIMES / 7), 60 + 40 * np.cos(TIMES / 11)]) + RNG.normal(size=(9000, 2))
ANGLE = np.mod(np.cumsum(RNG.normal(0, 0.1, 9000)), 2 * np.pi)


def cleaned(values, name="position", unit="cm"):
    components = tuple("xy") if values.ndim == 2 else ()
    raw = RawRecording(
        spikes=[np.arange(1.0, 299.0)], unit_names=["0"], series=[RawSeries(name, TIMES, values, unit, components=components)]
    )
    found = clean(raw)
    return found.series[0].values, found.notes


@pytest.mark.parametrize("lost", [(0, 0), (-9999, -9999), (1023, 767), (65535, 65535)])
@pytest.mark.parametrize(
    "rows",
    [np.arange(9000) % 10 == 3, np.arange(9000) % 1500 == 7, np.arange(9000) // 20 % 100 == 5, RNG.random(9000) < 0.6],
    ids=["every tenth", "six alone", "short stretches", "most"],
)
def test_lost_places_are_missing_whether_they_stand_alone_or_in_stretches(lost, rows):
    values = PLACE.copy()
    values[rows] = lost
    found, notes = cleaned(values)
    np.testing.assert_array_equal(np.isnan(found).all(axis=1), rows)
    np.testing.assert_array_equal(found[~rows], PLACE[~rows])
    assert any(f"{int(rows.sum()):,} sample" in note and "taken as missing" in note for note in notes), notes


def test_one_component_tells_that_the_sample_was_lost():
    values = PLACE.copy()
    rows = np.arange(9000) // 50 % 18 == 5
    values[rows, 0] = 0
    found, notes = cleaned(values)
    np.testing.assert_array_equal(np.isnan(found).all(axis=1), rows)
    assert any("500 samples of exactly 0 in component 1" in note for note in notes)


def test_what_lies_far_away_and_is_no_number_that_programs_write_is_said():
    values = PLACE.copy()
    values[::300] = 1e9
    found, notes = cleaned(values)
    assert np.isfinite(found).all()
    assert any("30 samples (0.3 %) are exactly 1e+09" in note for note in notes)


@pytest.mark.parametrize(
    "values",
    [
        np.clip(PLACE, 25, 95),  # a box with walls
        np.rint(PLACE),  # whole pixels
        PLACE - 60,  # (0, 0) is in the middle
        np.where(np.arange(9000)[:, None] % 900 < 3, PLACE.min(axis=0), PLACE),  # the same corner again and again, near others
        RNG.poisson(0.3, (9000, 2)).astype(float),
    ],
)
def test_places_that_repeat_near_others_are_measured(values):
    assert lost_values(values) == []


@pytest.mark.parametrize("lost", [-99.0, 999.0, 1023.0])
def test_an_angle_with_lost_samples_keeps_its_unit(lost):
    values = ANGLE.copy()
    values[::50] = lost
    (covariate,) = draft_from_arrays({"t": TIMES, "hd": values, "count": RNG.poisson(0.3, 9000)}).recipe.covariates
    assert (covariate.kind, covariate.unit) == ("angle", "rad")
    found, notes = cleaned(values, "head_direction", "rad")
    assert np.isnan(found[::50]).all()
    np.testing.assert_allclose(np.delete(found, np.s_[::50]), np.delete(ANGLE, np.s_[::50]))
    assert any("180 samples of exactly" in note for note in notes)


def test_nothing_is_lost_where_nothing_is():
    assert lost_values(np.empty(0)) == lost_values(np.empty((0, 2))) == []
    assert not measured_ones(np.empty(0)).size
