"""Are grid cells of a module coupled beyond what position explains? On two simulated modules whose coupling is known."""

from __future__ import annotations

import numpy as np
import pytest

import glmengine as ge
from glmengine.analysis.analysis import Model
from glmengine.analysis.templates import template_for
from glmengine.analysis.validation import Validation
from glmengine.simulation.catalogue import sample, truth_of

CELLS = ("m1_1", "m1_2", "m1_3", "m1_4", "m2_1", "m2_2", "m2_4")


@pytest.fixture(scope="module")
def modules():
    return sample("grid-modules")


@pytest.fixture(scope="module")
def strengths(modules, ask):
    """Coupling strengths by analysis, and in each by what kind of pair it is."""
    kinds = {(pair["target"], pair["source"]): pair["kind"] for pair in truth_of(modules)["coupling"]}
    found = {}
    for name in ("grid-modules", "grid-modules/coupling-alone"):
        result = ask(name, modules, units=CELLS, model=Model(strengths=(1e-5,)), validation=Validation(folds=0))
        found[name] = {}
        for unit in CELLS:
            for source in CELLS:
                if unit != source:
                    apart = "within" if unit[:2] == source[:2] else "across"
                    strength = float(result.coupling["strength"].sel(unit=unit, source=source))
                    found[name].setdefault(kinds.get((unit, source), apart), []).append(strength)
    return found


def test_coupling_within_a_module_remains_once_position_is_in_the_model(strengths):
    full = strengths["grid-modules"]
    assert min(full["excites"]) > 0.3
    assert max(full["inhibits"]) < -0.5
    assert abs(np.mean(full["within"])) < 0.1
    assert abs(np.mean(full["across"])) < 0.1


def test_without_position_shared_fields_pass_for_coupling(strengths):
    full, alone = strengths["grid-modules"], strengths["grid-modules/coupling-alone"]
    assert np.mean(alone["excites"]) > 1.5 * np.mean(full["excites"])
    assert np.mean(alone["inhibits"]) < 1.3 * np.mean(full["inhibits"])
    assert np.mean(alone["within"]) < np.mean(full["within"]) - 0.1


def test_one_cell_alone_is_told_what_is_lacking(shared_data):
    ready = template_for("grid-modules", ge.open_recording(shared_data / "grid-cell-11207.nwb"))
    assert ready.lacking == ("It needs two units or more; there is 1.",)
    assert ready.instead == "Try it on the simulated recording: glmengine sample grid-modules FILE."
