"""Pictures of the dialogs that ask or tell something, each made as the window makes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QWidget

from glmgui.notices import notices
from glmgui.tools.check_pictures import REFUSED, Pictures

if TYPE_CHECKING:
    from glmgui.shell.window import MainWindow

_NAMES = ("spike_times", "position", "tracking_times", "rate_of_tracking")


def _without_standard(window: MainWindow) -> Path:
    """A MATLAB file as laboratories have them, with the spikes of one unit of the sample and its tracking."""
    from scipy.io import savemat

    recording = window.document.recording
    tracking = recording.covariates["position"].data
    path = window.settings.path.parent / "cell_12.mat"
    spikes = recording.spikes[next(iter(recording.spikes))]
    tracked = (spikes.t, tracking.values, tracking.t, 50.0)
    savemat(path, dict(zip(_NAMES, tracked, strict=True)))
    return path


def _assistant(spikes: str = "spike_times") -> Callable[[MainWindow], QWidget]:
    """With a recipe that calls the spike times so."""

    def show(window: MainWindow) -> QWidget:
        from glmengine.io.recipe_assistant import assist
        from glmgui.dialogs.recipe import RecipeDialog

        assistance = assist(_without_standard(window))
        text = assistance.recipe.replace('"spike_times"', f'"{spikes}"')
        dialog = RecipeDialog(assistance, text, parent=window, jobs=window.jobs)
        dialog.open()
        return dialog

    return show


def _templates(window: MainWindow) -> QWidget:
    from glmgui.dialogs.templates import TemplateDialog, load_templates

    dialog = TemplateDialog(load_templates(), window.document.effective_recording, window)
    dialog.open()
    return dialog


def _moving(window: MainWindow) -> QWidget:
    window.show_step("data")
    data = window.panels["data"]
    data.ask_only_while_moving()
    return data.findChild(QWidget, "moving_dialog")


def _derived(window: MainWindow) -> QWidget:
    from glmgui.panels.data.derived_dialog import DerivedDialog, derived_kinds

    window.show_step("data")
    window.panels["data"].derived.add(derived_kinds()[0])
    return window.findChild(DerivedDialog)


def _moved(window: MainWindow) -> QWidget:
    from glmgui.dialogs.locate import LocateDialog

    dialog = LocateDialog(window.settings.path.parent / "day 3" / "rat7-day3.nwb", "rat7-day3", window)
    dialog.open()
    return dialog


def _details(window: MainWindow) -> QWidget:
    from glmgui.dialogs.details import DetailsDialog

    dialog = DetailsDialog(notices().all[-1], window)
    dialog.open()
    return dialog


def _about(window: MainWindow) -> QWidget:
    from glmgui.dialogs.about import about_box

    box = about_box(window)
    box.open()
    return box


def _guide(page: str) -> Callable[[MainWindow], QWidget]:
    def show(window: MainWindow) -> QWidget:
        window.show_guide(page)
        return window.guide

    return show


def _log(window: MainWindow) -> QWidget:
    window.show_step("data")
    window.action("log").trigger()
    return window.docks["log"]


ASKED: Pictures = (
    ("assistant", _assistant()),
    (f"assistant{REFUSED}", _assistant("spiketimes")),
    ("templates", _templates),
    ("only-while-moving", _moving),
    ("derived", _derived),
    ("moved", _moved),
    ("details", _details),
    ("about", _about),
    ("guide", _guide("getting-started.md")),
    ("guide-words", _guide("glossary.md")),
    ("log", _log),
)
