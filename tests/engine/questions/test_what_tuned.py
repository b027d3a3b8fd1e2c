"""What is this cell tuned to? Forward selection on simulated cells of which it is known what they follow."""

from __future__ import annotations

import pytest

from glmengine.simulation.catalogue import sample
from glmengine.simulation.samples.navigation import FOLLOWS

CELLS = ("h", "pst", "none")


@pytest.fixture(scope="module")
def result(ask):
    return ask("what-tuned", sample("navigation"), units=CELLS)


@pytest.mark.parametrize("unit", CELLS)
def test_what_a_cell_follows_is_chosen_and_then_it_stops(result, unit):
    assert set(result.selection.terms_of(unit)) == set(FOLLOWS[unit])


def test_what_helps_most_comes_in_first(result):
    steps = result.selection.steps.sel(unit="pst")
    taken = steps["gain"].values[steps["taken"].values.astype(bool)]
    assert len(taken) == 3
    assert result.selection.terms_of("pst")[0] == "position"
    assert (taken[:-1] > taken[1:]).all()
