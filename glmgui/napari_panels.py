"""The panels as dock widgets of napari, all on one document: what ``napari.yaml`` names.

Nothing of napari is imported: it asks for a widget by the name of a function, and puts it into a dock. It keeps its own look and its own
handling of errors.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path

from qtpy.compat import isalive
from qtpy.QtCore import QObject
from qtpy.QtWidgets import QApplication, QVBoxLayout, QWidget

from glmgui import theme
from glmgui.dialogs.export import plots_on_screen
from glmgui.dialogs.figure import FigureDialog
from glmgui.dialogs.questions import Dialogs
from glmgui.figure_desk import figure_desk
from glmgui.jobs import Jobs
from glmgui.notices import Notice, notices
from glmgui.plots import Plot
from glmgui.settings import Settings
from glmgui.shell.progress import ProgressStrip
from glmgui.steps import STEPS, Step, step_of_field
from glmgui.widgets.controls import button
from glmgui.widgets.layout import row
from glmgui.widgets.messages import MessageLine
from glmgui.widgets.page import PageScroll
from glmgui.work.selected_units import can_fit_only, can_leave_out, fit_only, leave_out
from glmgui.work.use_cases import UseCases


class Desk(QObject):
    """What the dock widgets of one napari have in common: the document, the worker and the use cases; ends with the application."""

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(QApplication.instance())
        self.jobs = Jobs(self)
        self._asking = QWidget()  # dialogs stand over nothing that could be closed
        self.work = UseCases(settings or Settings(), Dialogs(self.jobs, self._asking), self.jobs, self)
        self._pages: dict[str, QWidget] = {}
        figure_desk().asked.connect(self._make_figure)
        figure_desk().file_asked.connect(self._write_file)
        figure_desk().folder = partial(getattr, self.work.settings, "save_folder")
        QApplication.instance().aboutToQuit.connect(self.close)

    def page(self, name: str, make: Callable[[], QWidget]) -> QWidget:
        """The page of this name, made once: napari lets go of a widget whose dock is closed, while the worker may still have an answer for it."""
        if name not in self._pages or not isalive(self._pages[name]):
            self._pages[name] = make()
        return self._pages[name]

    def _make_figure(self, plot: Plot) -> None:
        FigureDialog([plot], self.work.figures, plot.window()).open()

    def _write_file(self, plot: Plot, path: Path, write: Callable[[], Path]) -> None:
        self.work.figures.write_file(path, write)

    def close(self) -> bool:
        """Give up what runs; False if the worker did not end in time."""
        desk.cache_clear()
        ended = self.work.close()
        for page in (self._asking, *filter(isalive, self._pages.values())):
            page.deleteLater()
        self._pages.clear()
        return ended


@lru_cache(maxsize=1)
def desk() -> Desk:
    """The one that all dock widgets share, made with the first of them."""
    napari = sys.modules.get("napari")
    viewer = napari.current_viewer() if napari is not None else None
    if viewer is not None:
        theme.follow(viewer.theme != "light")
    return Desk()


class Control(QWidget):
    """What is a menu and a toolbar in the program's own window: open, fit, live fit, save, and what is being done."""

    def __init__(self, work: UseCases, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("napari_control")
        self._work = work
        self.open = button("Open\u2026", "napari_open", "Open recordings, a project or an analysis", self)
        self.sample = button("Sample", "napari_sample", "Open a simulated session", self)
        self.fit = button("Fit", "napari_fit", "Fit the analysis", self)
        self.live = button("Live fit", "napari_live", "Fit the selected unit again at every edit", self)
        self.live.setCheckable(True)
        self.save = button("Save\u2026", "napari_save", "Save the project", self)
        self.undo = button("Undo", "napari_undo", "Take back the last edit", self)
        self.redo = button("Redo", "napari_redo", "Do again what was taken back", self)
        self.progress = ProgressStrip(self)
        self.message = MessageLine("napari_message", self)
        box = QVBoxLayout(self)
        box.addLayout(row(self.open, self.sample, self.save, None, self.undo, self.redo))
        box.addLayout(row(self.fit, self.live, None))
        box.addWidget(self.progress)
        box.addWidget(self.message)
        box.addStretch(1)
        jobs, document = work.jobs, work.document
        self.open.clicked.connect(lambda: _open(work))
        self.sample.clicked.connect(lambda: work.opening.open_sample())
        self.fit.clicked.connect(lambda: work.fitting.fit())
        self.live.clicked.connect(work.live.switch)
        self.save.clicked.connect(lambda: work.saving.save())
        self.undo.clicked.connect(document.undo)
        self.redo.clicked.connect(document.redo)
        work.live.switched.connect(self.live.setChecked)
        jobs.started.connect(self._begun)
        jobs.progressed.connect(self.progress.report)
        jobs.busy_changed.connect(self._busy)
        self.progress.stop_asked.connect(jobs.stop_and_keep)
        self.progress.cancel_asked.connect(jobs.cancel)
        document.changed.connect(self._renew)
        notices().noticed.connect(self._noticed)
        self._renew()

    def _begun(self, label: str) -> None:
        job = self._work.jobs.current
        self.message.clear()
        self.progress.begin(label, can_stop=job is not None and job.stoppable)

    def _busy(self, busy: bool) -> None:
        if not busy:
            self.progress.end()
        self._renew()

    def _noticed(self, notice: Notice) -> None:
        if notice.level == "error":
            self.message.show_error(notice.text)
        elif notice.level == "warning":
            self.message.show_warning(notice.text)

    def _renew(self, *_: object) -> None:
        document = self._work.document
        self.fit.setEnabled(self._work.fitting.can_ask)
        self.live.setEnabled(self._work.fitting.can_fit)
        self.save.setEnabled(document.recording is not None or bool(document.analysis.terms))
        self.undo.setEnabled(bool(document.undo_text))
        self.redo.setEnabled(bool(document.redo_text))
        step = step_of_field(document.fault[0]) if document.fault[0] else None
        if step is not None:
            self.message.show_error(f"{step.title}: {document.fault[1]}")


def control() -> QWidget:
    """Open, fit, stop and save."""
    own = desk()
    return own.page("control", lambda: Control(own.work))


def _panel(step: Step) -> QWidget:
    own = desk()
    return own.page(step.name, partial(_made, step, own.work))


def _made(step: Step, work: UseCases) -> QWidget:
    panel = step.panel(work)
    panel.action_asked.connect(partial(_act, work, panel))
    page = PageScroll(panel)
    # napari's style sheet names no colour for every second row, which would stay light in its dark look
    page.setStyleSheet(f"QAbstractItemView {{ alternate-background-color: {theme.current().alternate}; }}")
    return page


def _act(work: UseCases, panel: QWidget, name: str) -> None:
    """What a panel's own buttons stand for."""
    document = work.document
    known: dict[str, Callable[[], object]] = {
        "open": lambda: _open(work),
        "sample": work.opening.open_sample,
        "fit": work.fitting.fit,
        "fit_only_selected": lambda: fit_only(document) if can_fit_only(document) else None,
        "leave_out_selected": lambda: leave_out(document) if can_leave_out(document) else None,
        "add_session": lambda: _add_session(work),
        "find_answers": lambda: _find_answers(work),
        "show_features": lambda: _say_where("Features"),
        "show_checks": lambda: _say_where("Checks"),
        "export_figure": lambda: _make_first_figure(panel),
        "export_report": work.exporting.export_report,
        "export_script": work.exporting.export_script,
        "copy_methods": work.exporting.copy_methods,
    }
    known[name]()


def _open(work: UseCases) -> None:
    work.opening.open_several(work.questions.open_paths(work.settings.folder))


def _make_first_figure(panel: QWidget) -> None:
    plots = plots_on_screen(panel)
    if plots:
        figure_desk().asked.emit(plots[0])


def _find_answers(work: UseCases) -> None:
    work.answers.find_at_once()
    _say_where("Answers")


def _say_where(panel: str) -> None:
    """napari has no step to go to: its panels are opened from a menu."""
    notices().tell("warning", f"go on in the panel {panel}, which the menu Plugins opens", title="GLM")


def _add_session(work: UseCases) -> None:
    path = work.questions.open_path(work.settings.folder)
    if path is not None:
        work.sessions.add(path)


_OF_STEP = {step.name: step for step in STEPS}


def data() -> QWidget:
    """What was recorded, and which units and which time are used."""
    return _panel(_OF_STEP["data"])


def features() -> QWidget:
    """What the rate may depend on."""
    return _panel(_OF_STEP["features"])


def model() -> QWidget:
    """Penalty, strengths and validation."""
    return _panel(_OF_STEP["model"])


def results() -> QWidget:
    """Tuning curves, filters, rates and scores."""
    return _panel(_OF_STEP["results"])


def checks() -> QWidget:
    """Is the model right, what would it do, how sure are its terms."""
    return _panel(_OF_STEP["checks"])


def fits() -> QWidget:
    """Every fit of the project, and the way back to it."""
    return _panel(_OF_STEP["fits"])


def answers() -> QWidget:
    """What drives each unit, how sure that is, and whether the model is right."""
    return _panel(_OF_STEP["answers"])


def population() -> QWidget:
    """All units side by side, their coupling, and the set of them that is selected."""
    return _panel(_OF_STEP["population"])


def batch() -> QWidget:
    """The same analysis on many recordings."""
    return _panel(_OF_STEP["batch"])
