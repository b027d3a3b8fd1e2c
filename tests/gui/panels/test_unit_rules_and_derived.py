"""The data panel's rules for units and its derived covariates and epochs: each click is an edit, each dialog shows what it comes to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pynapple as nap
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from glmengine.analysis.analysis import Analysis, Time, UnitSelection
from glmengine.analysis.time_grid import make_grid, usable_bins
from glmengine.analysis.units import UnitRule
from glmengine.analysis.usable_time import usable_time, used_pieces
from glmengine.recording.derived import quantities as kinds
from glmengine.recording.derived.epochs import EpochStep, TrialRule
from glmengine.recording.recording import Covariate
from glmgui.panels.data import DataPanel
from glmgui.panels.data.derived_dialog import DerivedDialog, derived_kinds, first_guess


@pytest.fixture
def rich(small_recording):
    """The small recording with a table of its units, trials, events and a field potential."""
    times = np.round(np.arange(0, 120, 0.004), 9)
    support = small_recording.epochs["all"]
    lfp = Covariate("lfp", nap.Tsd(times, np.cos(2 * np.pi * 8 * times), time_support=support), "uV")
    led = Covariate("led", nap.TsdFrame(times[::5], np.column_stack([times[::5], 0 * times[::5]]), time_support=support), "cm")
    starts = np.arange(0.0, 120.0, 10.0)
    trials = nap.IntervalSet(starts, starts + 8, metadata={"choice": ["left", "right"] * 6, "speedup": np.arange(12) / 4})
    recording = replace(
        small_recording,
        unit_table=pd.DataFrame(
            {"region": ["ADN", "CA1", "CA1"], "depth": np.array([1.5, 20.0, 300.0])}, index=list(small_recording.unit_names)
        ),
        trials={"trials": trials},
        events={"cue": nap.Ts(starts + 1)},
    )
    back = Covariate("back", nap.TsdFrame(times[::5], np.zeros((len(times[::5]), 2)), time_support=support), "cm")
    return recording.with_covariates(lfp, led, back)


@pytest.fixture
def panel(qtbot, document, jobs, rich):
    panel = DataPanel(document, jobs)
    qtbot.addWidget(panel)
    panel.resize(1366, 640)
    panel.show()
    document.open(rich, Analysis())
    qtbot.waitUntil(lambda: panel._used is not None and jobs.idle, timeout=10_000)
    return panel


def settled(qtbot, panel) -> None:
    qtbot.waitUntil(lambda: not panel._jobs._pending, timeout=20_000)


def opened(qtbot, panel) -> DerivedDialog:
    dialog = next(one for one in panel.findChildren(DerivedDialog) if one.isVisible())
    settled(qtbot, panel)
    return dialog


def accept(dialog) -> None:
    dialog.use.click()


def test_the_rate_chooses_units_and_counts_them(panel, document, rich):
    middle = float(np.sort(rich.mean_rates)[1])
    panel.units.rules.low.setText(f"{middle - 0.01:.4f}")
    panel.units.rules.low.editingFinished.emit()
    assert document.analysis.units.min_rate == pytest.approx(middle - 0.01, abs=1e-4)
    assert panel.units._said.text().startswith("2 of 3 units are to be fitted. Left out: 1 (rate below")
    slow = rich.unit_names[int(np.argmin(rich.mean_rates))]
    assert slow not in panel.units.model.fitted
    index = panel.units.model.index(rich.unit_names.index(slow), 0)
    assert index.data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Unchecked
    assert not index.flags() & Qt.ItemFlag.ItemIsUserCheckable
    document.undo()
    assert panel.units.rules.low.text() == ""
    assert panel.units._said.text() == "All units are to be fitted."


def test_units_with_too_few_spikes_are_counted_before_a_fit(qtbot, panel, document, rich):
    """All units were said to be fitted while the least number of spikes left out every one."""
    spikes = np.array([len(rich.spikes[key]) for key in rich.spikes])
    middle = int(np.sort(spikes)[1])

    def ask(least):
        panel.time_form.min_spikes.setValue(least)
        settled(qtbot, panel)
        return panel.units._said.text()

    said = ask(middle)
    assert said.startswith("2 of 3 units are to be fitted. Left out: 1 (fewer than")
    assert rich.unit_names[int(np.argmin(spikes))] not in panel.units.model.fitted
    most = int(spikes.max()) + 1
    assert ask(most) == f"0 of 3 units are to be fitted. Left out: 3 (fewer than {most:,} spikes in the bins used)."
    assert "every unit has fewer than" in panel.time_form.message.text
    assert panel.time_form.share.text(), "the time that is used is known all the same"
    assert ask(0) == "All units are to be fitted."
    assert panel.time_form.message.text == ""


def test_a_rule_on_a_column_is_added_changed_and_removed(panel, document):
    rules = panel.units.rules
    region, depth = rules._menu.actions()
    assert (region.text(), depth.text()) == ("region", "depth")
    region.trigger()
    assert document.analysis.units.where == (UnitRule(column="region", one_of=("ADN", "CA1")),)
    rules.rows[0]._menu.actions()[0].trigger()
    assert document.analysis.units.where[0].one_of == ("CA1",)
    assert panel.units.model.fitted == ("place", "flat")
    assert "1 (region not CA1)" in panel.units._said.text()
    rules.rows[0]._menu.actions()[1].trigger()  # nothing would be left of the rule
    assert "says nothing" in rules.message.text
    assert document.analysis.units.where[0].one_of == ("CA1",)
    rules.rows[0].removed.emit(0)
    assert document.analysis.units.where == ()
    assert rules.message.text == ""


def test_rules_and_ticks_by_hand_both_hold_and_nothing_left_is_said(panel, document, rich):
    document.edit(Analysis(units=UnitSelection(names=("hd",), where=(UnitRule(column="region", one_of=("CA1",)),))), "Choose")
    assert panel.units.model.fitted == ()
    assert "leave none of the 1 chosen units" in panel.units.rules.message.text
    document.edit(Analysis(units=UnitSelection(where=(UnitRule(column="layer", one_of=("5",)),))), "Choose again")
    assert "has no column 'layer'; it has: region, depth" in panel.units.rules.message.text
    assert panel.units._said.text() == "0 of 3 units are to be fitted. Left out: 3 (a rule is at fault)."


@pytest.mark.parametrize("kind", derived_kinds(), ids=lambda kind: kind.__name__)
def test_every_derived_covariate_is_offered_with_its_unit_and_a_preview(qtbot, panel, document, kind):
    values = {
        "HeadDirection": {"front": "led", "back": "back"},
        "BandPhase": {"source": "lfp"},
        "Running": {"source": "position.x", "above": 50.0},
        "RunningDirection": {"source": "position.x"},
        "MovementDirection": {"source": "position"},
        "Unwrapped": {"source": "head_direction"},
        "ZScore": {"source": "position.x"},
        "Logarithm": {"source": "position.x"},
    }
    panel.derived.add(kind, **values.get(kind.__name__, {}))
    dialog = opened(qtbot, panel)
    assert dialog.message.text == ""
    assert dialog.preview.curve.isVisible()
    unit = {
        "Speed": "cm/s",
        "Acceleration": "cm/s2",
        "HeadDirection": "rad",
        "MovementDirection": "rad",
        "BandPhase": "rad",
        "TimeSince": "s",
        "ZScore": "SD",
        "Logarithm": "log cm",
        "Unwrapped": "rad",
    }.get(kind.__name__, "")
    assert (f" {unit}, known in" if unit else ", no unit of measure, known in") in dialog.preview.said.text()
    name = dialog.value.name
    accept(dialog)
    settled(qtbot, panel)
    assert document.analysis.derived[-1].name == name
    assert Analysis.from_dict(document.analysis.to_dict()).derived == document.analysis.derived
    assert name in panel._used.time.recording.covariates


def test_running_epochs_are_made_ticked_and_removed(qtbot, panel, document):
    document.edit(Analysis(derived=(kinds.Speed(source="position"),)), "Add speed")
    settled(qtbot, panel)
    panel.derived.add(kinds.ThresholdEpochs)
    dialog = opened(qtbot, panel)
    assert dialog.value.source == "speed"
    assert dialog.preview.line.isVisible()
    assert "of the recording" in dialog.preview.said.text()
    accept(dialog)
    settled(qtbot, panel)
    rows = [panel.epochs.view.topLevelItem(at).text(0) for at in range(panel.epochs.view.topLevelItemCount())]
    assert rows == ["all", "first", "second", "running, derived", "trials (trials)", "cue (event)"]
    assert panel.epochs._title.text() == "Epochs\u00a0(4), trials\u00a0(1), events\u00a0(1)"
    panel.epochs.view.topLevelItem(3).setCheckState(0, Qt.CheckState.Checked)
    assert document.analysis.time.epochs == ("running",)
    settled(qtbot, panel)
    used = panel._used.time.pieces
    ours = panel._used.time.recording.epochs["running"].values
    assert 0 < (used[:, 1] - used[:, 0]).sum() <= (ours[:, 1] - ours[:, 0]).sum() + 1e-6
    panel.epochs.select("running")
    panel.epochs._remove.click()
    assert document.analysis.time.epochs == ("all",)
    assert [one.name for one in document.analysis.derived] == ["speed"]


def test_a_fault_in_the_dialog_is_said_and_cannot_be_accepted(qtbot, panel):
    panel.derived.add(kinds.ThresholdEpochs, source="position.x", above=1e6)
    dialog = opened(qtbot, panel)
    assert "nowhere stays" in dialog.message.text
    assert not dialog.use.isEnabled()
    dialog.reject()


def test_trials_are_listed_with_their_properties_and_chosen(qtbot, panel, document):
    panel.epochs.view.setCurrentItem(panel.epochs.view.topLevelItem(3))
    panel.epochs._trials.click()
    dialog = opened(qtbot, panel)
    table = dialog.preview.trials
    assert [table.horizontalHeaderItem(at).text() for at in range(6)] == [
        "",
        "Trial",
        "Start (s)",
        "Length (s)",
        "choice",
        "speedup",
    ]
    assert table.rowCount() == 12
    assert dialog.preview.said.text().startswith("12 of 12 trials.")
    rules = (TrialRule(property="choice", one_of=("left",)), TrialRule(property="speedup", at_least=1.0))
    dialog.form.set_value(dialog.value.with_(where=rules))
    dialog._edited(dialog.value.with_(where=rules))
    settled(qtbot, panel)
    assert dialog.preview.said.text().startswith("4 of 12 trials. chosen_trials: 32.0\u2009s in 4 pieces")
    assert [table.item(at, 0).text() for at in range(12)] == ["\u2713" if at % 2 == 0 and at >= 4 else "" for at in range(12)]
    nobody = (TrialRule(property="choice", one_of=("up",)),)
    dialog._edited(dialog.value.with_(where=nobody))
    settled(qtbot, panel)
    assert dialog.preview.said.text() == "None of 12 trials is chosen."
    assert table.isVisible()
    assert not dialog.use.isEnabled()
    dialog._edited(dialog.value.with_(where=(TrialRule(property="speedup", one_of=("up",)),)))
    assert dialog.value.where[0].one_of == (), "the values of another property are dropped"
    settled(qtbot, panel)
    accept(dialog)
    settled(qtbot, panel)
    assert document.analysis.derived[-1].kind == "trial_epochs"


def test_renaming_derived_epochs_keeps_them_in_use(qtbot, panel, document):
    spec = kinds.CombinedEpochs(name="awake", epochs=("all",), steps=(EpochStep(op="without", epochs=("first",)),))
    document.edit(Analysis(derived=(spec,), time=Time(epochs=("awake",))), "Combine")
    settled(qtbot, panel)
    panel.epochs.select("awake")
    panel.epochs._edit.click()
    dialog = opened(qtbot, panel)
    assert list(dialog.preview.line._epochs) == ["all", "first", "awake"]
    dialog._edited(dialog.value.with_(name="second half"))
    settled(qtbot, panel)
    accept(dialog)
    assert document.analysis.time.epochs == ("second half",)


def test_epochs_that_others_need_cannot_vanish_unsaid(qtbot, panel, document):
    first = kinds.CombinedEpochs(name="a", epochs=("first",))
    second = kinds.CombinedEpochs(name="b", epochs=("a",))
    document.edit(Analysis(derived=(first, second)), "Combine")
    settled(qtbot, panel)
    panel.epochs.select("a")
    panel.epochs._remove.click()
    settled(qtbot, panel)
    assert "no epoch 'a'" in panel.time_form.message.text


def test_what_is_used_is_drawn_as_it_is_fitted(small_recording):
    from glmengine.analysis.analysis import Condition

    time = Time(bin_size=0.05, epochs=("first",), conditions=(Condition(variable="position.x", above=60.0),))
    found = usable_time(Analysis(time=time), small_recording)
    grid = make_grid(time, small_recording)
    rows = usable_bins(time, small_recording, grid)
    seconds = (found.pieces[:, 1] - found.pieces[:, 0]).sum()
    assert seconds == pytest.approx(rows.sum() * 0.05, rel=0.02)
    assert used_pieces(grid, np.zeros(grid.n_bins, bool)).shape == (0, 2)


def test_an_interval_is_drawn_with_the_mouse(qtbot, panel, document):
    panel.epochs.draw.click()
    line = panel.overview.time_line
    view = line.view.viewport()
    box = line._box

    def at(seconds: float) -> QPoint:
        from qtpy.QtCore import QPointF

        return line.view.mapFromScene(box.mapViewToScene(QPointF(seconds, 0.5)))

    QTest.mousePress(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at(30.0))
    for seconds in (35.0, 45.0, 60.0, 75.0, 90.0):
        qtbot.wait(20)
        QTest.mouseMove(view, at(seconds))
    qtbot.wait(20)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at(90.0))
    if not document.analysis.time.intervals:
        pytest.skip("this platform delivers no drags to a scene that is not on a screen")
    (start, stop) = document.analysis.time.intervals[0]
    assert start == pytest.approx(30.0, abs=1.5)
    assert stop == pytest.approx(90.0, abs=1.5)


def test_drawn_intervals_are_kept_under_a_name(qtbot, panel, document):
    panel.overview.time_line._add_interval(10.0, 40.0)
    panel.epochs.name.click()
    dialog = opened(qtbot, panel)
    assert dialog.preview.said.text() == "drawn: 30.0\u2009s in 1 piece, 25.0 % of the recording."
    accept(dialog)
    settled(qtbot, panel)
    assert document.analysis.time == Time(epochs=("drawn",))
    assert document.analysis.derived == (kinds.DrawnEpochs(intervals=((10.0, 40.0),)),)
    assert "30.0\u2009s" in panel.time_form.share.text()
    document.undo()
    assert document.analysis.time.intervals == ((10.0, 40.0),)


def test_first_guesses_fill_in_tuples_and_running():
    guess = first_guess(kinds.CombinedEpochs, {"stretches": ["all", "wake"]}, set())
    assert guess.epochs == ("all",)
    guess = first_guess(kinds.ThresholdEpochs, {"variables": ["x", "head_speed"]}, {"running"})
    assert (guess.source, guess.above, guess.name) == ("head_speed", 5.0, "running_2")


def test_derived_epochs_are_offered_for_validation_and_terms(qtbot, document, jobs, rich):
    from glmgui.panels.features.panel import FeaturesPanel
    from glmgui.panels.model import ModelPanel

    spec = kinds.CombinedEpochs(name="second only", epochs=("second",))
    model, features = ModelPanel(document, jobs), FeaturesPanel(document, jobs)
    for made in (model, features):
        qtbot.addWidget(made)
    document.open(rich, Analysis(derived=(spec,)))
    document.set_effective_recording(kinds.compute_derived((spec,), rich))
    offered = model.validation.editor("test_epochs")._names
    assert "second only" in offered
    assert "second only" in features._recording.epochs
    qtbot.waitUntil(lambda: not jobs._pending, timeout=20_000)
