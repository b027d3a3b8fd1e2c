"""A sampling rate that nothing in the file says: a warning beside its field until it is given or confirmed."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QPushButton

from glmengine.io.opening import open_recording
from glmengine.io.recipe.recipe import Recipe
from glmengine.io.recipe_assistant import assist
from glmengine.recording.doubt import told_apart
from glmgui.dialogs.recipe import RecipeDialog
from glmgui.widgets.messages import MessageLine


@pytest.fixture
def traces(tmp_path):
    """Signals of eight cells at 30 Hz, and the speed measured with them; nothing says the rate."""
    rng = np.random.default_rng(0)
    path = tmp_path / "traces.npz"
    np.savez(path, traces=rng.normal(size=(900, 8)), speed=rng.uniform(size=900))
    return path


def test_a_guess_is_warned_of_beside_its_field_until_a_rate_is_given(qtbot, traces):
    """A recording at 30 Hz was opened at 100 Hz, and said to be a third as long."""
    dialog = RecipeDialog(assist(traces))
    qtbot.addWidget(dialog)
    dialog.show()
    warning = dialog.forms.findChild(MessageLine, "recipe_counts_rate_guess")
    assert "100 Hz is a guess. Nothing in the file says" in warning.text
    notes = open_recording(traces, Recipe.from_toml(dialog.text)).notes
    assert any("100 Hz" in doubt and "guess" in doubt for doubt in told_apart(notes)[0])
    rate = dialog.forms.units[1].editor("rate")
    rate._inner.set_value(30.0)
    rate._inner.changed.emit()
    assert not warning.text
    recipe = Recipe.from_toml(dialog.text)
    assert (recipe.counts.rate, recipe.counts.rate_guessed) == (30.0, None)
    (speed,) = recipe.covariates  # which had the same guess
    assert (speed.rate, speed.rate_guessed, speed.offset) == (30.0, None, 0.5 / 30.0)
    assert not any("guess" in note for note in open_recording(traces, recipe).notes)


def test_a_guess_that_is_right_is_confirmed(qtbot, traces):
    dialog = RecipeDialog(assist(traces))
    qtbot.addWidget(dialog)
    dialog.forms.findChild(QPushButton, "recipe_counts_rate_confirm").click()
    recipe = Recipe.from_toml(dialog.text)
    assert (recipe.counts.rate, recipe.counts.rate_guessed) == (100.0, None)
    assert "guess" not in recipe.to_toml()


def test_the_draft_says_that_its_rate_is_a_guess(traces):
    text = assist(traces).recipe
    assert "That is a guess: nothing in the file says at what rate 'traces' was sampled." in text
    assert "rate_guessed = 100.0" in text
    given = Recipe.from_toml(text.replace("\nrate = 100.0", "\nrate = 30.0", 1))  # by hand, and nothing else
    assert not given.counts.rate_is_guess
