"""Every real recording opens in the window: what the data panel lists is what the engine says of the file."""

from __future__ import annotations

import pytest
from qtpy.QtWidgets import QWidget

from glmengine.io.opening import open_recording
from glmengine.io.recipe_assistant import draft_recipe
from glmengine.recording.inspect import unit_totals
from glmgui.drawings.summary import summarise
from glmgui.tools.unattended import wait_until
from tests.clock import PATIENCE_S

NAMES = (
    "linear-track.nwb",
    "grid-cell-11207.nwb",
    "grasshopper.nwb",
    "A8604-211122.nwb",
    "human-mtl-task.nwb",
    "head-direction-npz",
    "A2929-neurosuite",
    "mat/kramer-place-cell.mat",
    "mat/kramer-untuned-cell.mat",
    "mat/grid-cell-11207.mat",
)


@pytest.mark.parametrize("name", NAMES)
def test_it_opens_in_the_window(window, shared_data, name):
    path = shared_data / name
    window.work.opening.open(path)
    wait_until(lambda: window.document.recording is not None and not window.jobs.busy, PATIENCE_S, f"opening {name}")
    found = window.document.recording
    recipe = draft_recipe(path).recipe if path.suffix == ".mat" else None
    engine = open_recording(path, recipe)
    assert found.unit_names == engine.unit_names
    assert (unit_totals(found) == unit_totals(engine)).all()
    assert (found.sha256, found.notes, found.duration) == (engine.sha256, engine.notes, engine.duration)
    shown, expected = summarise(found), summarise(engine)
    for one, other in zip(shown.covariates, expected.covariates, strict=True):
        assert (one.name, one.unit, one.kind, one.sampling) == (other.name, other.unit, other.kind, other.sampling)
    assert [(row.name, row.pieces) for row in shown.epochs] == [(row.name, row.pieces) for row in expected.epochs]
    assert shown.events == expected.events
    # the parts of a page are made between what else the window does
    wait_until(lambda: window.findChild(QWidget, "units_table") is not None, PATIENCE_S, f"the units of {name} in the window")
