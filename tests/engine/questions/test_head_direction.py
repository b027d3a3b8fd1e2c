"""Which way does the head point, and who drives whom? On simulated cells that were wired by their directions, and on real ones."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.simulation.catalogue import sample, truth_of

CELLS = tuple(f"hd{number}" for number in range(1, 7))


@pytest.fixture(scope="module")
def session():
    return sample("head-direction-place")


def preferred(result, unit):
    curve = result.curves["head_direction"].sel(unit=unit)
    return float(curve["head_direction"].values[np.argmax(curve["effect_link"].values)])


def away(first, second):
    return abs(np.angle(np.exp(1j * (first - second))))


@pytest.fixture(scope="module")
def coupled(session, ask):
    return ask("head-direction/coupling", session, units=CELLS)


def test_each_cell_prefers_the_direction_that_it_was_given(session, coupled):
    truth = {unit["name"]: unit for unit in truth_of(session)["units"]}
    for unit in CELLS:
        assert away(preferred(coupled, unit), truth[unit]["preferred"]) < 2 * np.pi / 12


def test_coupling_is_positive_for_like_directions_and_negative_for_opposite_ones(session, coupled):
    for pair in truth_of(session)["coupling"]:
        if pair["target"] in CELLS:
            strength = float(coupled.coupling["strength"].sel(unit=pair["target"], source=pair["source"]))
            assert strength > 0.15 if pair["kind"] == "excites" else strength < -0.5
    joined = {(pair["target"], pair["source"]) for pair in truth_of(session)["coupling"]}
    others = [
        float(coupled.coupling["strength"].sel(unit=unit, source=source))
        for unit in CELLS
        for source in CELLS
        if unit != source and (unit, source) not in joined
    ]
    assert abs(np.mean(others)) < 0.15


def test_raw_lags_overfit_and_the_basis_does_not(session, ask):
    scores = {name: ask(f"head-direction/{name}", session, units=CELLS[:3]).scores for name in ("raw-lags", "history")}
    fit = {name: one["deviance_explained_fit"].values for name, one in scores.items()}
    held_out = {name: one["deviance_explained_heldout"].values for name, one in scores.items()}
    assert (fit["raw-lags"] > fit["history"]).all()
    assert (held_out["raw-lags"] < held_out["history"]).all()
    assert (fit["raw-lags"] - held_out["raw-lags"] > 5 * (fit["history"] - held_out["history"])).all()


@pytest.fixture(scope="module")
def thalamus(shared_data):
    import glmengine as ge

    return ge.open_recording(shared_data / "head-direction-npz")


def test_real_head_direction_cells_are_described_as_well_as_is_known(thalamus, ask):
    explained = ask("head-direction", thalamus).scores["deviance_explained_heldout"].values
    assert np.median(explained) > 0.23
    assert explained.max() > 0.62
    assert explained.min() > 0


def test_real_cells_of_like_direction_are_coupled_positively_and_opposite_ones_negatively(thalamus, ask):
    from glmengine.analysis.analysis import Model
    from glmengine.analysis.validation import Validation

    result = ask("head-direction/coupling", thalamus, model=Model(strengths=(1e-4,)), validation=Validation(folds=0))
    direction = {unit: preferred(result, unit) for unit in result.units}
    pairs = [(unit, source) for unit in result.units for source in result.units if unit != source]
    strength = np.array([float(result.coupling["strength"].sel(unit=unit, source=source)) for unit, source in pairs])
    apart = np.array([away(direction[unit], direction[source]) for unit, source in pairs])
    assert strength[apart < 0.6].mean() > 0.1
    assert strength[apart > 2.5].mean() < -0.2
