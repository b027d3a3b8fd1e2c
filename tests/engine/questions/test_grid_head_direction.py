"""Is this a grid cell, and does it care where the head points? On simulated cells whose map is known, and on a real one."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.simulation.catalogue import sample, truth_of

PURE, CONJUNCTIVE = "grid1", "grid4"


@pytest.fixture(scope="module")
def field():
    return sample("open-field-grid")


@pytest.fixture(scope="module")
def likeness(field):
    """Correlation of log maps with the true one, where the animal was for 0.3 s or more: of the model, and of the counted map."""
    from glmengine.simulation.samples.field import log_tuning

    truth = {unit["name"]: unit for unit in truth_of(field)["units"]}

    def of(result, unit):
        curve = result.curves["position"].sel(unit=unit)
        first, second = curve["effect_hz"].dims
        x, y = np.meshgrid(curve[first].values, curve[second].values, indexing="ij")
        true = log_tuning({**truth[unit], "kappa": 0.0}, np.zeros(()), x, y)
        visited = curve["occupancy_s"].transpose(first, second).values >= 0.3
        maps = (
            curve["effect_link"].transpose(first, second).values,
            np.log(curve["data_hz"].transpose(first, second).values + 0.3),
        )
        return tuple(float(np.corrcoef(true[visited], one[visited])[0, 1]) for one in maps)

    return of


@pytest.fixture(scope="module")
def best(field, ask):
    return ask("grid-head-direction", field, units=(PURE, CONJUNCTIVE))


def test_the_map_of_the_model_is_nearer_the_truth_than_the_counted_one(best, likeness):
    for unit in (PURE, CONJUNCTIVE):
        model, counted = likeness(best, unit)
        assert model > 0.95
        assert counted < 0.8


@pytest.mark.parametrize("held", ["weak", "strong"])
def test_a_penalty_that_is_too_weak_or_too_strong_gives_a_worse_map(field, ask, best, likeness, held):
    other = ask(f"grid-head-direction/{held}", field, units=(PURE, CONJUNCTIVE))
    for unit in (PURE, CONJUNCTIVE):
        assert likeness(other, unit)[0] < likeness(best, unit)[0] - 0.03
        score = [float(one.scores["deviance_explained_heldout"].sel(unit=unit)) for one in (other, best)]
        assert score[0] < score[1] - 0.01


def test_the_conjunctive_cell_follows_its_preferred_direction_and_the_pure_one_none(field, best, swing):
    truth = {unit["name"]: unit for unit in truth_of(field)["units"]}
    curve = best.curves["head_direction"].sel(unit=CONJUNCTIVE)
    peak = float(curve["head_direction"].values[np.argmax(curve["effect_hz"].values)])
    away = np.angle(np.exp(1j * (peak - truth[CONJUNCTIVE]["preferred"])))
    assert abs(away) < 2 * np.pi / 12
    assert abs(swing(best, "head_direction", CONJUNCTIVE)[0] - 2 * truth[CONJUNCTIVE]["kappa"]) < 0.6
    assert swing(best, "head_direction", PURE)[0] < 0.5


def test_a_real_grid_cell_is_described_as_well_as_it_can_be(shared_data, tmp_path):
    import glmengine as ge
    from glmengine.cli.main import main

    file = tmp_path / "grid.toml"
    assert main(["new", "grid-head-direction", str(file), "--recording", str(shared_data / "grid-cell-11207.nwb")]) == 0
    assert main(["run", str(file), "--out", str(tmp_path / "out"), "--no-figures"]) == 0
    result = ge.Result.load(tmp_path / "out" / "result.nc")
    assert float(result.scores["deviance_explained_heldout"][0]) > 0.44
