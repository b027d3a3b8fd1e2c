"""Doubts about clocks in the dialog: in the words of its fields, with a button that sets the unit that is likely."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.io.opening import open_recording
from glmengine.io.recipe.recipe import Recipe
from glmengine.io.recipe_assistant import assist
from glmengine.recording.doubt import told_apart
from glmgui.dialogs.recipe import RecipeDialog

RNG = np.random.default_rng(0)


def dialog_of(qtbot, jobs, path, **arrays):
    np.savez(path, **arrays)
    dialog = RecipeDialog(assist(path), jobs=jobs)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.preview.doubts.text != "", timeout=20_000)
    return dialog


def test_all_times_of_a_file_are_set_to_milliseconds_at_once(qtbot, jobs, tmp_path):
    starts = np.arange(1000.0, 500_000, 4000) + RNG.uniform(0, 500, 125)
    dialog = dialog_of(
        qtbot, jobs, tmp_path / "a.npz", spikes=np.sort(RNG.uniform(0, 500_000, 3000)), tStart=starts, tEnd=starts + 2000
    )
    said = dialog.preview.doubts.text
    assert "choose another 'Time unit' of the spikes" in said
    assert "recipe" not in said
    (note,) = told_apart(open_recording(tmp_path / "a.npz", Recipe.from_toml(dialog.text)).notes)[0]
    assert "give the time_unit under [spikes] in a recipe" in note
    assert dialog.preview.clock.text() == "Set all times of the file to milliseconds"
    dialog.preview.clock.click()
    recipe = Recipe.from_toml(dialog.text)
    assert (recipe.spikes.time_unit, recipe.trials[0].time_unit) == ("ms", "ms")
    qtbot.waitUntil(lambda: dialog.preview.doubts.text == "", timeout=20_000)
    assert not dialog.preview.clock.isVisible()


def test_it_is_said_of_events_that_they_are_events(qtbot, jobs, tmp_path):
    """They were called covariates."""
    spikes = np.sort(RNG.uniform(0, 500, 3000))
    dialog = dialog_of(qtbot, jobs, tmp_path / "a.npz", spikes=spikes, lick_times=np.sort(RNG.uniform(0, 500_000, 200)))
    assert "choose the 'Time unit' milliseconds of events lick_times" in dialog.preview.doubts.text
    (note,) = told_apart(open_recording(tmp_path / "a.npz", Recipe.from_toml(dialog.text)).notes)[0]
    assert 'time_unit = "ms" under [[events]] with its name' in note
    dialog.preview.clock.click()
    recipe = Recipe.from_toml(dialog.text)
    assert (recipe.spikes.time_unit, recipe.events[0].time_unit) == ("s", "ms")


def test_signals_have_samples_and_not_spikes(qtbot, jobs, tmp_path):
    times = np.arange(900) / 30
    path = tmp_path / "a.npz"
    np.savez(path, dff=RNG.normal(size=(900, 4)), t=times, t_speed=times + 1000.0, speed=RNG.uniform(size=900))
    recipe = Recipe.parse(
        {
            "counts": {"values": ["dff"], "times": "t"},
            "covariates": [{"name": "speed", "values": ["speed"], "times": "t_speed"}],
        }
    )
    (note,) = told_apart(open_recording(path, recipe).notes)[0]
    assert "spike" not in note
    assert "900 samples" in note


@pytest.mark.parametrize("word", ["calcium", "dF/F"])
def test_the_kind_of_units_names_signals(qtbot, tmp_path, word):
    np.savez(tmp_path / "a.npz", spikes=np.sort(RNG.uniform(0, 500, 300)))
    dialog = RecipeDialog(assist(tmp_path / "a.npz"))
    qtbot.addWidget(dialog)
    assert word in dialog.forms.kind.itemText(1)
