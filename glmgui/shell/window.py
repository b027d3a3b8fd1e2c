"""The main window: docks, toolbar, menus and status line, and what connects them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QChildEvent, QEvent, Qt, Signal
from qtpy.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QApplication, QDockWidget, QMainWindow, QSizePolicy, QToolBar, QToolButton, QWidget

from glmengine.sentences import percent
from glmgui import theme
from glmgui.actions import commands
from glmgui.actions.qt import ActionSet
from glmgui.actions.table import TOOLBAR_RIGHT
from glmgui.copying import TableCopying
from glmgui.dialogs.questions import Dialogs
from glmgui.forms import pending
from glmgui.jobs import Jobs
from glmgui.notices import Notice, notices
from glmgui.panels.log import LogPanel
from glmgui.panels.start import StartPage
from glmgui.settings import Settings
from glmgui.shell.arrangement import Arrangement
from glmgui.shell.dock_title import DockTitle
from glmgui.shell.figure_requests import FigureRequests
from glmgui.shell.notice_bar import NoticeBar
from glmgui.shell.panel_docks import PanelDock, Panels
from glmgui.shell.progress import ProgressStrip
from glmgui.shell.rail import START, StepsRail
from glmgui.shell.running_work import RunningWork
from glmgui.shell.status_line import StatusLine
from glmgui.shell.toolbar import Toolbar
from glmgui.shell.undo_keys import UndoKeys
from glmgui.steps import STEPS, Step, step_of_field
from glmgui.style_sheet import Sheets
from glmgui.turns import in_later_turn
from glmgui.widgets.page import Page
from glmgui.work.questions import Questions
from glmgui.work.use_cases import UseCases

if TYPE_CHECKING:
    from glmgui.dialogs.guide import GuideWindow

_SAID_MS = 4000


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
        self.sheets = Sheets(self)
        self.setObjectName("main_window")
        self.settings = settings or Settings()
        self.jobs = Jobs(self)
        self.work = UseCases(self.settings, questions or Dialogs(self.jobs, self), self.jobs, self)
        self.document = self.work.document
        self.docks: dict[str, PanelDock] = {}
        self.panels = Panels(self.docks)
        self.left_running = self._closing = False
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
        self._arrangement = Arrangement(self, self.docks, self.start, self.rail, self.settings)
        self._actions.fill_menus()
        self._connect()
        self._undo_keys = UndoKeys(self, lambda: commands.undo(self), lambda: commands.redo(self))
        self.renew_icons()
        self._arrangement.begin()
        self.toolbar.show()  # whatever was remembered
        self._rail_bar.show()
        self.notice_bar.dismiss()
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
        return self._arrangement.step_docks

    @property
    def guide(self) -> GuideWindow:
        """The guide's window, made when it is first asked for."""
        if self._guide is None:
            from glmgui.dialogs.guide import GuideWindow

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
            button = self.toolbar.widgetForAction(self._actions[name])
            button.setObjectName(f"tool_{name}")
            button.setAccessibleName(self._actions.records[name].text.replace("&", ""))
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, self.toolbar)
        self.rail = StepsRail(STEPS, self)
        self._rail_bar = _holder(self, "steps_bar", "Steps", self.rail)
        self.addToolBar(Qt.ToolBarArea.LeftToolBarArea, self._rail_bar)
        self.status = StatusLine(self._actions["log"], self)
        self.setStatusBar(self.status)
        self.notice_bar = NoticeBar(self)

    def _make_docks(self) -> None:
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
        self._running = RunningWork(work, self.progress, self.status, self)
        jobs.started.connect(lambda _: self._actions.renew())
        jobs.started.connect(self.notice_bar.begin)
        self.rail.picked.connect(lambda name: self.show_start() if name == START else self.show_step(name))
        self.start.action_asked.connect(lambda name: self._actions[name].trigger())
        self.start.step_asked.connect(self.show_step)
        work.opening.opened.connect(self._opened)
        work.fitting.begun.connect(self._fit_begun)
        work.comparing.compared.connect(self._compared)
        work.comparing.own_asked.connect(self._own_model_asked)
        work.fitting.runs.changed.connect(self._actions.renew)
        self.rail.follow(work)
        work.live.switched.connect(lambda _: self._renew())
        notices().noticed.connect(self._noticed)
        notices().settled.connect(self.notice_bar.settle)
        self.notice_bar.details_asked.connect(self._show_details)
        for asks in (self.notice_bar, self.start, work.ready):
            asks.page_asked.connect(self.show_guide)
        FigureRequests(self, lambda plot: commands.export_figure(self, plot), work.figures.write_file, self.settings)

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

    # The document and the strips

    def _changed(self, what: frozenset[str]) -> None:
        if "recording" in what and self.start_is_shown and (self.document.recording or self.document.analysis.terms):
            self.show_step(self.step)
        if what & {"recording", "analysis"}:
            self.notice_bar.outdate()
        if "fault" in what and self.document.fault[0]:
            step = step_of_field(self.document.fault[0])
            if step is not None and not self.work.live.on:
                self.show_step(step.name)
        self._renew()

    def _renew(self) -> None:
        self.rail.say(self.work)
        self._running.say_status()
        path, recording = self.document.project_path, self.document.recording
        name = path.name if path is not None else recording.name if recording is not None else ""
        self.setWindowTitle(f"{name}[*] \u2013 glmgui" if name else "glmgui[*]")
        self.setWindowModified(bool(name) and self.document.modified)
        self._actions.renew()

    def _noticed(self, notice: Notice) -> None:
        if notice.level != "info" or notice.title in ("Export", "Save") or notice.page or notice.written is not None:
            self.notice_bar.show_notice(notice)

    def _show_details(self, notice: Notice) -> None:
        from glmgui.dialogs.details import DetailsDialog

        DetailsDialog(notice, self).exec()

    def _opened(self, path: Path | None) -> None:
        self.notice_bar.dismiss()
        self.show_step("results" if self.document.result is not None else "data")

    def createPopupMenu(self) -> None:
        """None on a right click beside the pages: Qt would list all docks and bars by their names for programmers; the View menu has the pages."""

    # Steps and layout

    @property
    def step(self) -> str:
        """The step that is shown."""
        return self._arrangement.step

    def show_step(self, name: str) -> None:
        """Show the panel of a step in the place of the other steps, unless they were put beside each other."""
        self._arrangement.show_step(name)

    @property
    def start_is_shown(self) -> bool:
        """Whether the page is shown that stands before the steps."""
        return self._arrangement.start_is_shown

    def show_start(self) -> None:
        """Show the start page in the place of the steps; a step that is shown again brings back what stood beside it."""
        self._arrangement.show_start()

    def menu_of(self, name: str) -> str:
        """The menu in which an action stands."""
        return self._actions.records[name].menu.replace("/", ", ")

    def show_guide(self, page: str, word: str = "") -> None:
        """Show a page of the guide, from a word on where one is given."""
        self.guide.show()  # before: what is styled when it is first shown is read anew
        self.guide.show_page(page, word)
        self.guide.raise_()
        self.guide.activateWindow()

    def page_of(self, step: str) -> QWidget:
        """The page of a step, which is shown."""
        self.show_step(step)
        return self.panels[step]

    @property
    def layout_names(self) -> tuple[str, ...]:
        return self._arrangement.layouts.names

    def save_layout(self, name: str) -> None:
        self._arrangement.layouts.save(name)

    def use_layout(self, name: str) -> None:
        """Arrange the panels as they were kept."""
        if not self._arrangement.use_layout(name):
            notices().tell("warning", f"the layout '{name}' is of another version of the program; save it anew", title="Layout")

    def remove_layout(self, name: str) -> None:
        self._arrangement.layouts.remove(name)

    def reset_layout(self) -> None:
        """Put the panels where they are at first: the steps in one place, the log below and hidden."""
        self._arrangement.reset()

    @property
    def log_is_shown(self) -> bool:
        return "log" in self.docks and not self.docks["log"].isHidden()

    @property
    def log_text(self) -> str:
        """The whole log."""
        return self.panels["log"].text

    def say(self, text: str) -> None:
        """Say for a few seconds, in the status line, what was done."""
        self.status.showMessage(text, _SAID_MS)

    def toggle_log(self) -> None:
        self.docks["log"].setVisible(not self.log_is_shown)

    # Looks

    @property
    def dark(self) -> bool:
        return theme.is_dark()

    def zoom(self, step: int) -> None:
        """Show all text larger (1), smaller (-1), or as large as the desktop has it (0)."""
        app = QApplication.instance()
        factor = theme.next_zoom(theme.zoom(app), step) if step else 1.0
        theme.set_zoom(app, factor)
        self.sheets.renew()
        self.settings.zoom = factor
        self.say(f"Text at {percent(factor)} of the desktop's size")

    def set_dark(self, dark: bool) -> None:
        self.settings.dark = dark
        theme.apply(QApplication.instance(), dark)
        self.sheets.renew()
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
            self.sheets.carry(event.child())

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
        in_later_turn(self, lambda: self.work.opening.open_several(paths))

    # Closing

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._closing:
            event.accept()
            return
        pending.commit(self.focusWidget())
        if self.document.busy and not self._may_give_up():
            event.ignore()
            return
        if self.document.would_be_missed:
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
        self._arrangement.bring_back()
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
