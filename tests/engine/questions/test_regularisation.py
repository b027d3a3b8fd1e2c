"""How hard should the weights be held? Ridge from loose to hard, lasso and group lasso on simulated grid cells."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.analysis.analysis import Model
from glmengine.analysis.validation import Validation
from glmengine.simulation.catalogue import sample

PURE, CONJUNCTIVE = "grid1", "grid4"
LOOSE, HARD = 1e-6, 100.0


@pytest.fixture(scope="module")
def field():
    return sample("open-field-grid")


def test_the_chosen_ridge_lies_inside_and_the_ends_overfit_and_say_nothing(field, ask):
    result = ask("regularisation", field, units=(PURE,))
    chosen = float(result.scores["strength"].sel(unit=PURE))
    assert 1e-5 <= chosen <= 1e-3
    scores = result.cv["scores"].mean("fold").sel(unit=PURE)
    assert float(scores.sel(strength=chosen, method="nearest")) == float(scores.max())
    train, test = {}, {}
    for strength in (LOOSE, chosen, HARD):
        one = ask("regularisation", field, units=(PURE,), model=Model(strengths=(strength,))).scores.sel(unit=PURE)
        train[strength], test[strength] = float(one["deviance_explained_fit"]), float(one["deviance_explained_heldout"])
    assert train[LOOSE] > train[chosen] > train[HARD]
    assert test[chosen] > 0.2 > 0.001 > abs(test[HARD])
    assert test[LOOSE] < 0 < train[LOOSE] - train[chosen]


def test_a_real_grid_cell_is_described_best_in_between(shared_data, ask):
    import glmengine as ge

    result = ask("regularisation", ge.open_recording(shared_data / "grid-cell-11207.nwb"))
    scores = result.cv["scores"].mean("fold").isel(unit=0).sortby("strength").values
    assert 0 < int(scores.argmax()) < len(scores) - 1
    assert float(result.scores["deviance_explained_heldout"][0]) > 0.45


def test_the_lasso_empties_single_weights_and_the_group_lasso_whole_terms(field, ask):
    def zeros(name, penalty):
        model, once = Model(penalty=penalty, strengths=(5e-4,)), Validation(folds=0)
        coefficients = ask(f"regularisation/{name}", field, units=(PURE, CONJUNCTIVE), model=model, validation=once).coefficients
        return {
            (unit, term): np.mean(coefficients.sel(unit=unit).values[coefficients["term"].values == term] == 0)
            for unit in (PURE, CONJUNCTIVE)
            for term in ("position", "head direction", "speed")
        }

    single, whole = zeros("lasso", "lasso"), zeros("group-lasso", "group_lasso")
    assert 0.5 < single[PURE, "position"] < 1
    assert set(whole.values()) == {0.0, 1.0}
    assert whole[PURE, "speed"] == 1
    assert whole[CONJUNCTIVE, "head direction"] == whole[PURE, "position"] == 0
