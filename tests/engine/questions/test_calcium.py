"""How is a calcium signal modelled? On simulated signals whose spread grows with their mean, of cells that drive each other."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.analysis.analysis import Model
from glmengine.analysis.templates import template_for
from glmengine.analysis.validation import Validation
from glmengine.simulation.catalogue import sample, truth_of
from glmengine.simulation.samples.calcium_coupled import log_tuning


@pytest.fixture(scope="module")
def imaging():
    return sample("calcium-coupled")


@pytest.fixture(scope="module")
def results(imaging, ask):
    held_out = Validation(folds=2)
    models = {
        "calcium": Model(family="gamma", link="log", strengths=(1e-4,)),
        "calcium/gaussian": Model(family="gaussian", strengths=(1e-3,)),
    }
    return {name: ask(name, imaging, model=model, validation=held_out) for name, model in models.items()}


def test_the_family_that_made_the_signals_wins_on_every_cell(imaging, results):
    gamma, gaussian = results["calcium"].scores, results["calcium/gaussian"].scores
    assert (gamma["aic"].values < gaussian["aic"].values - 1000).all()
    np.testing.assert_allclose(gamma["dispersion"].values, 1 / truth_of(imaging)["shape"], rtol=0.05)
    assert gamma["deviance_explained_heldout"].values.min() > 0.3


def test_each_cell_has_the_tuning_that_it_was_given(imaging, results):
    for unit in truth_of(imaging)["units"]:
        curve = results["calcium"].curves["head_direction"].sel(unit=unit["name"])
        expected = log_tuning(unit, curve["head_direction"].values)
        assert np.corrcoef(curve["effect_link"].values, expected)[0, 1] > 0.98


def test_coupling_is_found_where_it_was_put_and_nowhere_else(imaging, results):
    kinds = {(pair["target"], pair["source"]): pair["kind"] for pair in truth_of(imaging)["coupling"]}
    strength = results["calcium"].coupling["strength"]
    for unit in imaging.unit_names:
        for source in imaging.unit_names:
            if unit != source:
                found, kind = float(strength.sel(unit=unit, source=source)), kinds.get((unit, source))
                assert found > 0.12 if kind == "excites" else found < -0.25 if kind == "inhibits" else abs(found) < 0.1


def test_spikes_and_signals_that_are_not_positive_are_told_so():
    spikes = template_for("calcium", sample("coupled-network"))
    assert spikes.lacking[0] == "It needs units whose activity is a positive signal (calcium); the recording has spike times."
    assert spikes.instead == "Try it on the simulated recording: glmengine sample calcium-coupled FILE."
    noisy = template_for("calcium", sample("calcium"))
    assert noisy.lacking == (
        "It needs units whose activity is a positive signal (calcium); the recording has signals that are 0 or less in places.",
    )
