"""New trials and events in the dialog begin with arrays that fit, or with none, and not with an error."""

from __future__ import annotations

import numpy as np
from qtpy.QtWidgets import QLabel, QPushButton

from glmengine.io.opening import open_recording
from glmengine.io.recipe.recipe import Recipe
from glmengine.io.recipe_assistant import assist
from glmengine.recording.doubt import told_apart
from glmgui.dialogs.recipe import RecipeDialog
from glmgui.forms.description import in_words

RNG = np.random.default_rng(0)
SPIKES = np.sort(RNG.uniform(0, 100_000, 500))


def dialog_of(qtbot, path, jobs=None, **arrays):
    np.savez(path, spike_times_ms=SPIKES, **arrays)
    dialog = RecipeDialog(assist(path), jobs=jobs)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.editor.setPlainText('[spikes]\ntimes = "spike_times_ms"\ntime_unit = "ms"\n')
    dialog._fill_forms()
    return dialog


def test_new_entries_take_free_arrays_in_the_unit_of_the_spikes(qtbot, tmp_path):
    starts = np.arange(1000.0, 90_000, 4000)
    dialog = dialog_of(qtbot, tmp_path / "a.npz", tStart=starts, tEnd=starts + 2000, lick_times=np.sort(RNG.uniform(0, 1e5, 40)))
    dialog.findChild(QPushButton, "recipe_trials_add").click()
    dialog.findChild(QPushButton, "recipe_events_add").click()
    recipe = Recipe.from_toml(dialog.text)
    (trials,), (events,) = recipe.trials, recipe.events
    assert (trials.start, trials.stop, trials.time_unit) == ("tStart", "tEnd", "ms")
    assert (events.times, events.time_unit) == ("lick_times", "ms")


def test_where_nothing_fits_they_are_empty_and_it_is_said_what_to_choose(qtbot, jobs, tmp_path):
    """They took the spike times, in seconds, and began with an error."""
    dialog = dialog_of(qtbot, tmp_path / "a.npz", jobs, weights=RNG.normal(size=30))
    dialog.findChild(QPushButton, "recipe_trials_add").click()
    dialog.findChild(QPushButton, "recipe_events_add").click()
    recipe = Recipe.from_toml(dialog.text)
    assert (recipe.trials[0].start, recipe.events[0].times) == ("", "")
    box = dialog.forms.lists.editor("trials")._rows[0][1]._form.editor("start")._box
    assert box.lineEdit().placeholderText() == "choose\u2026"
    qtbot.waitUntil(lambda: "The trials 'trials' are left out: choose 'Start'." in dialog.preview.doubts.text, timeout=20_000)
    assert "The events 'event' are left out: choose 'Times'." in dialog.preview.doubts.text
    faults = [label.text() for label in dialog.forms.findChildren(QLabel) if label.property("fault") and label.isVisible()]
    assert faults == []
    recording = open_recording(tmp_path / "a.npz", recipe)
    assert not recording.trials
    assert not recording.events
    assert any("give the array of their start" in doubt for doubt in told_apart(recording.notes)[0])


def test_an_error_beside_a_field_does_not_repeat_where_it_is(qtbot, jobs, tmp_path):
    dialog = dialog_of(qtbot, tmp_path / "a.npz", jobs)
    dialog.editor.setPlainText('[spikes]\ntimes = "gone"\n')
    dialog._fill_forms()
    message = dialog.forms.findChild(QLabel, "recipe_spikes_times_message")
    qtbot.waitUntil(lambda: message.isVisible(), timeout=20_000)
    assert "There is no array or column 'gone'" in message.text()
    assert "field '" not in message.text()


def test_units_of_time_are_words():
    assert (in_words("ns"), in_words("d")) == ("nanoseconds", "days")
