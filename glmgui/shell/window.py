"""The main window: docks, toolbar, menus and status line, and what connects them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

from qtpy.QtCore import QByteArray, QChildEvent, QEvent, Qt, QTimer, Signal
from qtpy.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication
from qtpy.QtWidgets import QApplication, QDockWidget, QMainWindow, QSizePolicy, QToolBar, QToolButton, QWidget

from glmengine.context import Progress
from glmgui import theme
from glmgui.actions import commands
from glmgui.actions.qt import ActionSet
from glmgui.actions.table import TOOLBAR_RIGHT
from glmgui.copying import TableCopying
from glmgui.dialogs.details import DetailsDialog
from glmgui.dialogs.guide import GuideWindow
from glmgui.dialogs.questions import Dialogs
from glmgui.forms import pending
from glmgui.forms.form import reveal
from glmgui.jobs import Jobs
from glmgui.notices import Notice, notices
from glmgui.panels.log import LogPanel
from glmgui.panels.start import StartPage
from glmgui.plots.base import Plot
from glmgui.plots.desk import figure_desk
from glmgui.settings import Settings
from glmgui.shell.dock_title import DockTitle
from glmgui.shell.layouts import Layouts
from glmgui.shell.notice_bar import NoticeBar
from glmgui.shell.panel_docks import PanelDock, Panels
from glmgui.shell.progress import ProgressStrip
from glmgui.shell.rail import START, StepsRail
from glmgui.shell.status_line import StatusLine
from glmgui.shell.toolbar import Toolbar
from glmgui.shell.undo_keys import UndoKeys
from glmgui.shown_time import how_far
from glmgui.steps import STEPS, Step, step_of_field
from glmgui.style_sheet import Sheets
from glmgui.widgets.page import Page
from glmgui.work.questions import Questions
from glmgui.work.use_cases import UseCases

log = logging.getLogger(__name__)

SIZE = (1366, 768)
_SAID_MS = 4000
_ENDING = "Ending what was cancelled\u2026"
_OWN_MODEL = "Change the terms, then fit (Ctrl+R): the new fit will be set beside the one before."


class MainWindow(QMainWindow):
    """The program.

    Parameters
    ----------
    settings : Settings, optional
        The user's own where not given.
    questions : Questions, optional
        How the user is asked.

    Signals
    -------
    closed
        The window has been closed for good; `left_running` says whether the worker had to be left behind.
    """

    closed = Signal()

    def __init__(self, settings: Settings | None = None, questions: Questions | None = None) -> None:
        super().__init__()
        self._sheets = Sheets(self)
        self.setObjectName("main_window")
        self.settings = settings or Settings()
        self.jobs = Jobs(self)
        self.work = UseCases(self.settings, questions or Dialogs(self.jobs, self), self.jobs, self)
        self.document = self.work.document
        self.left_running = False
        self._closing = False
        self._step = STEPS[0].name
        self._put_aside: tuple[str, ...] = ()
        self._far = ""  # how far the job is that runs
        self._guide: GuideWindow | None = None
        self.setAcceptDrops(True)
        self.setDockOptions(QMainWindow.DockOption.AllowNestedDocks | QMainWindow.DockOption.AllowTabbedDocks)
        self.setWindowIcon(theme.icon("app"))
        self._actions = ActionSet(self, self.menuBar())
        self._copying = TableCopying(self)
        self._make_strips()
        self._make_docks()
        self.start = StartPage(self.work, self)
        self.setCentralWidget(self.start)
        self._actions.fill_menus()
        self._connect()
        self._undo_keys = UndoKeys(self, lambda: commands.undo(self), lambda: commands.redo(self))
        self.renew_icons()
        self._layouts = Layouts(self, self.settings)
        self._first_state: QByteArray | None = None
        self.reset_layout()
        self._restore_layout()
        self._renew()
        self.show_start()

    # Building

    def action(self, name: str) -> QAction:
        """The action of this name of the table."""
        return self._actions[name]

    @property
    def action_names(self) -> tuple[str, ...]:
        """Of all actions, in the order of the menus."""
        return self._actions.names

    @property
    def widget(self) -> QWidget:
        """The window itself, for what stands over it or belongs to it."""
        return self

    @property
    def step_docks(self) -> tuple[QDockWidget, ...]:
        """The docks of the steps, in their order."""
        return tuple(self.docks[step.name] for step in STEPS)

    @property
    def guide(self) -> GuideWindow:
        """The guide's window, made when it is first asked for."""
        if self._guide is None:
            self._guide = GuideWindow(self)
        return self._guide

    def _make_strips(self) -> None:
        self.toolbar = Toolbar(self)
        self._actions.fill_toolbar(self.toolbar)
        self.toolbar.addSeparator()
        self.progress = ProgressStrip(self)
        self.progress.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.toolbar.addWidget(self.progress)
        for name in TOOLBAR_RIGHT:
            self.toolbar.addAction(self._actions[name])
            self.toolbar.widgetForAction(self._actions[name]).setAccessibleName(self._actions.records[name].text.replace("&", ""))
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, self.toolbar)
        self.rail = StepsRail(STEPS, self)
        self._rail_bar = _holder(self, "steps_bar", "Steps", self.rail)
        self.addToolBar(Qt.ToolBarArea.LeftToolBarArea, self._rail_bar)
        self.status = StatusLine(self._actions["log"], self)
        self.setStatusBar(self.status)
        self.notice_bar = NoticeBar(self)

    def _make_docks(self) -> None:
        self.docks: dict[str, PanelDock] = {}
        self.panels = Panels(self.docks)
        for step in STEPS:
            self._add_dock(step.name, step.title, partial(self._made, step), step.about, step.guide)
        about = "Everything that was done and what went wrong"
        self._add_dock("log", "Log", partial(LogPanel, self.document, self.jobs), about, "troubleshooting.md")
        self.docks["log"].made_panel()  # it hears of the jobs from the first one on

    def _made(self, step: Step) -> Page:
        panel = step.panel(self.work)
        panel.action_asked.connect(lambda name: self._actions[name].trigger())
        return panel

    def _add_dock(self, name: str, title: str, make: Callable[[], QWidget], about: str, guide: str) -> None:
        dock = self.docks[name] = PanelDock(name, title, make, self)
        bar = DockTitle(dock, about)
        bar.help_asked.connect(partial(self.show_guide, guide))
        dock.setTitleBarWidget(bar)
        dock.made.connect(self._copying.watch_all)
        dock.visibilityChanged.connect(lambda _: self._actions.renew())

    def _connect(self) -> None:
        document, jobs, work = self.document, self.jobs, self.work
        document.changed.connect(self._changed)
        jobs.started.connect(self._begun)
        jobs.progressed.connect(self._progressed)
        jobs.busy_changed.connect(self._busy_changed)
        self.progress.stop_asked.connect(jobs.stop_and_keep)
        self.progress.cancel_asked.connect(jobs.cancel)
        self.rail.picked.connect(lambda name: self.show_start() if name == START else self.show_step(name))
        self.start.action_asked.connect(lambda name: self._actions[name].trigger())
        self.start.step_asked.connect(self.show_step)
        work.size.estimated.connect(lambda _: self._say_status())
        work.opening.opened.connect(self._opened)
        work.fitting.begun.connect(self._fit_begun)
        work.comparing.compared.connect(self._compared)
        work.comparing.own_asked.connect(self._own_model_asked)
        work.fitting.runs.changed.connect(self._runs_changed)
        work.live.switched.connect(lambda _: self._renew())
        notices().noticed.connect(self._noticed)
        self.notice_bar.details_asked.connect(lambda notice: DetailsDialog(notice, self).exec())
        for asks in (self.notice_bar, self.start, work.ready):
            asks.page_asked.connect(self.show_guide)
        figure_desk().asked.connect(self._figure_asked)
        figure_desk().file_asked.connect(self._file_asked)
        figure_desk().folder = partial(getattr, self.work.settings, "save_folder")

    def _figure_asked(self, plot: Plot) -> None:
        """Make a figure of a plot that is in this window, or in a dialog over it."""
        if self._has_within(plot):
            commands.export_figure(self, plot)

    def _file_asked(self, plot: Plot, path: Path, write: Callable[[], Path]) -> None:
        if self._has_within(plot):
            self.work.figures.write_file(path, write)

    def _has_within(self, plot: Plot) -> bool:
        """Whether a plot is in this window, or in a dialog over it."""
        within: QWidget | None = plot
        while within is not None and within is not self:
            within = within.parentWidget()
        return within is self

    def _begun(self, label: str) -> None:
        self._far = ""
        job = self.jobs.current
        self.progress.begin(label, can_stop=job is not None and job.stoppable)
        self._actions.renew()
        self._say_status()

    def _busy_changed(self, busy: bool) -> None:
        if busy and self.jobs.is_ending:  # until the worker is free, and names what begins
            self.progress.begin(_ENDING, can_stop=False)
        if not busy:
            self.progress.end()
            self._far = ""
            self._say_status()

    def _progressed(self, progress: Progress, seconds_left: float | None) -> None:
        self.progress.report(progress, seconds_left)
        self._far = how_far(progress.fraction, seconds_left)
        self._say_status()

    def _fit_begun(self, at_once: bool) -> None:
        """Show the units of a fit that was asked for just now as they fill in; one that waited leaves the user where he is."""
        if at_once:
            self.show_step("results")

    def _compared(self, keys: tuple[str, ...], now: bool) -> None:
        """Set fits side by side, and show them where the user waits for that."""
        if now:
            self.show_step("fits")
        self.panels["fits"].set_beside(keys)

    def _own_model_asked(self) -> None:
        self.show_step("features")
        self.notice_bar.show_notice(Notice("info", _OWN_MODEL, title="Second model"))

    def _runs_changed(self) -> None:
        self.progress.say_waiting(len(self.work.fitting.runs.waiting))
        self._actions.renew()

    # The document and the strips

    def _changed(self, what: frozenset[str]) -> None:
        if "recording" in what and self.start_is_shown and (self.document.recording or self.document.analysis.terms):
            self.show_step(self._step)
        if "fault" in what and self.document.fault[0]:
            step = step_of_field(self.document.fault[0])
            if step is not None and not self.work.live.on:
                self.show_step(step.name)
        self._renew()

    def _renew(self) -> None:
        self.rail.say(self.document)
        self._say_status()
        path, recording = self.document.project_path, self.document.recording
        name = path.name if path is not None else recording.name if recording is not None else ""
        self.setWindowTitle(f"{name}[*] \u2013 glmgui" if name else "glmgui[*]")
        self.setWindowModified(bool(name) and self.document.modified)
        self._actions.renew()

    def _say_status(self) -> None:
        self.status.say(self.document, self.work.size.estimate, self._far if self.document.busy else "")

    def _noticed(self, notice: Notice) -> None:
        if notice.level != "info" or notice.title == "Export" or notice.page:
            self.notice_bar.show_notice(notice)

    def _opened(self, path: Path | None) -> None:
        self.notice_bar.dismiss()
        self.show_step("results" if self.document.result is not None else "data")

    # Steps and layout

    @property
    def step(self) -> str:
        """The step that is shown."""
        return self._step

    def show_step(self, name: str) -> None:
        """Show the panel of a step in the place of the other steps, unless they were put beside each other."""
        self._step = name
        docked = self._docked()
        in_view = [one for one in docked if not self.docks[one].visibleRegion().isEmpty()]
        self.setUpdatesEnabled(False)
        try:
            if self.start_is_shown:
                self.start.hide()
                if name in self._put_aside:  # those that stood beside it come back with it
                    for other in self._put_aside:
                        self.docks[other].show()
                    in_view = list(self._put_aside)
            self.docks[name].show()
            if len(in_view) <= 1:
                for other in docked:
                    if other != name:
                        self.docks[other].hide()
            self.docks[name].raise_()
        finally:
            self.setUpdatesEnabled(True)
        self.rail.set_current(name)

    @property
    def start_is_shown(self) -> bool:
        """Whether the page is shown that stands before the steps."""
        return not self.start.isHidden()

    def show_start(self) -> None:
        """Show the start page in the place of the steps; a step that is shown again brings back what stood beside it."""
        if not self.start_is_shown:
            self._put_aside = tuple(self._docked())
        for name in self._docked():
            self.docks[name].hide()
        self.start.show()
        self.rail.set_current(START)

    def menu_of(self, name: str) -> str:
        """The menu in which an action stands."""
        return self._actions.records[name].menu.replace("/", ", ")

    def show_guide(self, page: str) -> None:
        """Show a page of the guide."""
        self.guide.show_page(page)
        self.guide.show()
        self.guide.raise_()
        self.guide.activateWindow()

    def show_setting(self, step: str, name: str) -> None:
        """Show a step, and put the cursor into the control of this name there."""
        self.show_step(step)
        reveal(self.panels[step], name)

    @property
    def layout_names(self) -> tuple[str, ...]:
        return self._layouts.names

    def save_layout(self, name: str) -> None:
        self._layouts.save(name)

    def use_layout(self, name: str) -> None:
        """Arrange the panels as they were kept."""
        self.start.hide()
        if not self._layouts.restore(name):
            notices().tell("warning", f"the layout '{name}' is of another version of the program; save it anew", title="Layout")
        shown = self._docked()
        if shown:
            self._step = self._step if self._step in shown else shown[0]
            self.rail.set_current(self._step)
        else:
            self.show_start()

    def remove_layout(self, name: str) -> None:
        self._layouts.remove(name)

    def _docked(self) -> list[str]:
        """The steps whose panels stand in the window, seen or behind another."""
        return [step.name for step in STEPS if not self.docks[step.name].isHidden() and not self.docks[step.name].isFloating()]

    @property
    def log_is_shown(self) -> bool:
        return not self.docks["log"].isHidden() if hasattr(self, "docks") else False

    @property
    def log_text(self) -> str:
        """The whole log."""
        return self.panels["log"].text

    def say(self, text: str) -> None:
        """Say for a few seconds, in the status line, what was done."""
        self.status.showMessage(text, _SAID_MS)

    def toggle_log(self) -> None:
        self.docks["log"].setVisible(not self.log_is_shown)

    def reset_layout(self) -> None:
        """Put the docks where they are at first: the steps in one place, the log below and hidden."""
        if self._first_state is not None:
            self.settings.forget_layout()
            self.restoreState(self._first_state)
            self.show_step(self._step)
            return
        available = QGuiApplication.primaryScreen().availableGeometry()
        self.resize(min(SIZE[0], available.width()), min(SIZE[1], available.height()))
        first, *others = self.step_docks
        for dock in self.step_docks:
            self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
        for dock in others:
            self.tabifyDockWidget(first, dock)
        self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.docks["log"])
        self.resizeDocks([self.docks["log"]], [170], Qt.Orientation.Vertical)
        self.docks["log"].hide()
        for dock in others:
            dock.hide()
        self.rail.set_current(STEPS[0].name)
        self._first_state = self.saveState()

    def _restore_layout(self) -> None:
        """What the user arranged last time; anything that does not fit leaves the first layout."""
        layout = self.settings.layout
        if layout is None:
            return
        geometry, state = layout
        if not (self.restoreGeometry(geometry) and self.restoreState(state)):
            log.info("The remembered layout could not be restored.")
            self.restoreState(self._first_state)
        shown = [step.name for step in STEPS if not self.docks[step.name].isHidden()]
        if len(shown) <= 1:
            self._step = next(iter(shown), self._step)
            self.show_step(STEPS[0].name)
        self.toolbar.show()
        self._rail_bar.show()
        self.notice_bar.dismiss()

    # Looks

    @property
    def dark(self) -> bool:
        return theme.is_dark()

    def zoom(self, step: int) -> None:
        """Show all text larger (1), smaller (-1), or as large as the desktop has it (0)."""
        app = QApplication.instance()
        factor = theme.next_zoom(theme.zoom(app), step) if step else 1.0
        theme.set_zoom(app, factor)
        self._sheets.renew()
        self.settings.zoom = factor
        self.say(f"Text at {factor:.0%} of the desktop's size")

    def set_dark(self, dark: bool) -> None:
        self.settings.dark = dark
        theme.apply(QApplication.instance(), dark)
        self._sheets.renew()
        self.renew_icons()

    def renew_icons(self) -> None:
        """Draw all icons in the colours of the present look."""
        self._actions.renew_icons()
        self.rail.renew_icons()
        # what the toolbar has no room for: Qt's own arrows are black in every look
        more = self.toolbar.findChild(QToolButton, "qt_toolbar_ext_button")
        more.setIcon(theme.icon("more"))
        more.setToolTip("More of the toolbar")

    def childEvent(self, event: QChildEvent) -> None:
        super().childEvent(event)
        if event.type() == QEvent.Type.ChildPolished:
            self._sheets.carry(event.child())

    # Files dropped on the window

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        urls = event.mimeData().urls()
        if urls and all(url.isLocalFile() for url in urls):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls()]
        event.acceptProposedAction()
        pending.commit(self.focusWidget())
        # after the drop has ended: a question would hold up the program that the file comes from
        QTimer.singleShot(0, lambda: self.work.opening.open_several(paths))

    # Closing

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._closing:
            event.accept()
            return
        pending.commit(self.focusWidget())
        if self.document.busy and not self._may_give_up():
            event.ignore()
            return
        if self.document.modified and (self.document.analysis.terms or self.document.kept_result):
            answer = self.work.questions.unsaved(self.document.project_path)
            if answer != "discard":
                event.ignore()
                if answer == "save":
                    self.work.saving.save(self.close)
                return
        self._end()
        event.accept()

    def _may_give_up(self) -> bool:
        """Ask whether to give up what is running, and do."""
        job = self.jobs.current
        if not self.work.questions.stop_running(job.label if job is not None else "The work"):
            return False
        self.work.fitting.give_up()
        self.jobs.cancel()
        return True

    def _end(self) -> None:
        self._closing = True
        if self.start_is_shown and len(self._put_aside) > 1:  # they stand beside each other again at the next start
            for name in self._put_aside:
                self.docks[name].show()
        if not self.isMinimized():
            self.settings.set_layout(self.saveGeometry(), self.saveState())
        if self._guide is not None:
            self._guide.close()
        self.left_running = not self.work.close()
        self.closed.emit()


def _holder(window: QMainWindow, name: str, title: str, widget: QWidget) -> QToolBar:
    """A fixed bar with one widget in it."""
    bar = QToolBar(title, window)
    bar.setObjectName(name)
    bar.setMovable(False)
    bar.toggleViewAction().setEnabled(False)
    bar.setContentsMargins(0, 0, 0, 0)
    bar.layout().setContentsMargins(0, 0, 0, 0)
    bar.addWidget(widget)
    return bar
