"""Is this neuron encoding position? On a simulated track on which speed goes with position, and on real ones."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.simulation.catalogue import sample, truth_of

TRUTH = {"position": ("position",), "speed": ("speed",), "position and speed": ("position", "speed"), "neither": ()}


@pytest.fixture(scope="module")
def track():
    return sample("track-speed")


@pytest.fixture(scope="module")
def result(track, ask):
    return ask("position-or-speed", track)


def test_each_cell_is_found_to_follow_what_it_follows(track, result):
    for unit in truth_of(track)["units"]:
        assert result.selection.terms_of(unit["name"]) == TRUTH[unit["kind"]], unit["name"]


def test_the_spurious_speed_curve_of_a_place_cell_disappears(result, swing):
    effect, counted = swing(result, "speed", "place2")
    assert counted > 1.5
    assert effect < 0.5
    assert swing(result, "position", "place2")[0] > 2.0
    assert swing(result, "speed", "speed1")[0] > 1.0
    assert swing(result, "position", "speed1")[0] < 0.5 < 0.8 < swing(result, "position", "speed1")[1]


def test_splines_find_the_centre_of_the_field_within_a_place(track, ask):
    result = ask("position-or-speed/splines", track, units=("place1", "place3"), selection=None)
    truth = {unit["name"]: unit["centre"] for unit in truth_of(track)["units"]}
    for name in result.units:
        curve = result.curves["position"].sel(unit=name)
        peak = curve["position"].values[np.argmax(curve["effect_hz"].values)]
        assert abs(peak - truth[name]) < truth_of(track)["length"] / 20


def test_a_real_place_cell_has_a_field_for_each_running_direction(shared_data, ask):
    import glmengine as ge
    from glmengine.io.recipe_assistant import draft_recipe

    path = shared_data / "mat" / "kramer-place-cell.mat"
    result = ask("position-or-speed/by-direction", ge.open_recording(path, draft_recipe(path).recipe))
    assert result.selection.terms_of(result.units[0]) == ("position x direction",)
    assert float(result.scores["deviance_explained_heldout"][0]) > 0.6


@pytest.mark.parametrize(("cell", "terms"), [("kramer-place-cell", ("position",)), ("kramer-untuned-cell", ())])
def test_of_two_real_cells_one_encodes_position(shared_data, ask, cell, terms):
    import glmengine as ge
    from glmengine.io.recipe_assistant import draft_recipe

    path = shared_data / "mat" / f"{cell}.mat"
    result = ask("position-or-speed/splines", ge.open_recording(path, draft_recipe(path).recipe))
    assert result.selection.terms_of(result.units[0]) == terms


def test_a_track_with_a_corner_is_no_line_and_the_sample_is_offered(shared_data, tmp_path, capsys):
    from glmengine.cli.main import main

    file = str(tmp_path / "question.toml")
    assert main(["new", "position-or-speed", file, "--recording", str(shared_data / "linear-track.nwb")]) == 1
    said = capsys.readouterr().err
    assert "It needs a position along a track; the recording has position." in said
    assert "Neither axis of 'position' is much longer than the other" in said
    assert "glmengine sample track-speed FILE" in said
