"""Menus, toolbar and shortcuts made from the table of actions."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import QObject
from qtpy.QtGui import QAction, QKeySequence
from qtpy.QtWidgets import QMenu, QMenuBar, QToolBar, QToolButton

from glmgui import theme
from glmgui.actions.host import Host
from glmgui.actions.table import ACTIONS, MENUS, TOOLBAR_LEFT, Record
from glmgui.forms import pending
from glmgui.notices import notices


class ActionSet(QObject):
    """One QAction for each record of the table."""

    def __init__(self, host: Host, menu_bar: QMenuBar) -> None:
        window = host.widget
        super().__init__(window)
        self._host, self._window, self._menu_bar = host, window, menu_bar
        self.records: dict[str, Record] = {record.name: record for record in ACTIONS}
        self._actions: dict[str, QAction] = {}
        self._not_done = ""  # title of the notice of what was refused last
        for record in ACTIONS:
            action = QAction(record.text, window)
            action.setObjectName(f"action_{record.name}")
            action.setToolTip(record.tooltip(can_be_done=True))
            action.setStatusTip("")
            if record.shortcut:
                action.setShortcuts([QKeySequence(keys) for keys in (record.shortcut, *record.also)])
            action.setCheckable(record.checked is not None)
            action.triggered.connect(lambda _, record=record: self._run(record))
            window.addAction(action)
            self._actions[record.name] = action

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    @property
    def names(self) -> tuple[str, ...]:
        """Of all actions, in the order of the menus."""
        return tuple(self._actions)

    def _run(self, record: Record) -> None:
        reason = pending.commit(self._window.focusWidget()) if record.commits else ""
        if record.reads:
            reason = reason or pending.refused_in(self._window)
            if reason:
                self._not_done = f"{_plain(record.text)} was not done"
                notices().tell("warning", reason, title=self._not_done)
                self.renew()
                return
            if self._not_done:
                notices().settle(self._not_done)
        record.call(self._host)
        self.renew()

    def _menu_opens(self) -> None:
        """A menu is opened without taking the focus from the field in which one types."""
        reason = pending.commit(self._window.focusWidget())
        if reason:
            self._not_done = "What was typed was not taken"
            notices().tell("warning", reason, title=self._not_done)
        self.renew()

    def renew(self) -> None:
        """Switch each on or off, and say what undo takes back and why nothing can be fitted."""
        document = self._host.work.document
        for name, action in self._actions.items():
            record = self.records[name]
            action.setEnabled(record.enabled(self._host))
            if record.waits_for:
                action.setToolTip(record.tooltip(can_be_done=action.isEnabled()))
            if record.checked is not None:
                action.setChecked(record.checked(self._host))
        for name, text in (("undo", document.undo_text), ("redo", document.redo_text)):
            keys = self.records[name].shortcut
            self._actions[name].setToolTip(f"{name.capitalize()}: {text}  ({keys})" if text else f"Nothing to {name}")
            self._actions[name].setText(f"{self.records[name].text}: {text}" if text else self.records[name].text)
            self._actions[name].setIconText(_plain(self.records[name].text))
        if document.recording is None:
            why = "Open a recording first"
        elif not self._host.work.fitting.can_fit:
            why = "Add a term in the Features step first"
        elif self._host.work.fitting.runs.running is not None:
            asked = not self._host.work.fitting.can_ask
            why = "This is being fitted" if asked else "Fit all chosen units after the fit that runs  (Ctrl+R)"
        else:
            why = f"{self.records['fit'].help}  (Ctrl+R)"
        self._actions["fit"].setToolTip(why)

    def renew_icons(self) -> None:
        """Draw all icons in the colours of the present look."""
        for name, record in self.records.items():
            if record.icon:
                self._actions[name].setIcon(theme.icon(record.icon))

    # Menus and toolbar

    def fill_menus(self) -> None:
        """Put every action into its menu, and beside them the lists that are known only when they are opened."""
        menus: dict[str, QMenu] = {}
        for title in MENUS:
            menus[title] = self._menu_bar.addMenu(f"&{title}")
            menus[title].setToolTipsVisible(True)
            menus[title].aboutToShow.connect(self._menu_opens)
        for name, record in self.records.items():
            menu = menus.get(record.menu)
            if menu is None:
                above, _, title = record.menu.partition("/")
                menu = menus[record.menu] = menus[above].addMenu(f"&{title}")
                menu.setToolTipsVisible(True)
            menu.addAction(self._actions[name])
            if name == "sample":
                others = menu.addMenu("&Other samples")
                others.setToolTipsVisible(True)
                others.aboutToShow.connect(partial(self._fill_samples, others))
            if record.ends_group:
                menus[record.menu.partition("/")[0]].addSeparator()
            if name == "reset_layout":
                menu.addSeparator()
                menu.aboutToShow.connect(partial(self._fill_layouts, menu, len(menu.actions())))
            if name == "open_folder":
                recent = menu.addMenu("Open &recent")
                recent.aboutToShow.connect(partial(self._fill_recent, recent, in_menu=True))
            if name == "log":
                beside = menu.addMenu("Show &beside")
                for dock in self._host.step_docks:
                    beside.addAction(dock.toggleViewAction())
                menu.addSeparator()

    def fill_toolbar(self, toolbar: QToolBar) -> None:
        """Put the most used ones into the toolbar; Open has what was opened lately."""
        for name in TOOLBAR_LEFT:
            if name:
                toolbar.addAction(self._actions[name])
            else:
                toolbar.addSeparator()
        for button in toolbar.findChildren(QToolButton):
            if button.defaultAction() is not None:
                button.setAccessibleName(_plain(button.defaultAction().text()))
                button.setObjectName(f"tool_{button.defaultAction().objectName().removeprefix('action_')}")
        lately = QMenu(self._window)
        lately.aboutToShow.connect(self._menu_opens)
        lately.aboutToShow.connect(partial(self._fill_recent, lately, in_menu=False))
        open_button = toolbar.widgetForAction(self._actions["open"])
        open_button.setMenu(lately)
        open_button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)

    def _fill_recent(self, menu: QMenu, *, in_menu: bool) -> None:
        recent, opening = self._host.work.recent, self._host.work.opening
        menu.clear()
        for one in recent.entries:
            action = menu.addAction(one.path.name, lambda path=one.path: opening.open_recent(path))
            action.setToolTip(f"{one.path}\n{one.about}".strip())
        recent.look()
        if not recent.entries:
            menu.addAction("Nothing was opened yet").setEnabled(False)
        menu.addSeparator()
        if not in_menu:
            menu.addAction(self._actions["open_folder"])
            menu.addAction(self._actions["sample"])
        elif recent.entries:
            menu.addAction("Clear the list", recent.clear)

    def _fill_layouts(self, menu: QMenu, first: int) -> None:
        """The layouts that were kept, below what stands there always."""
        host = self._host
        for action in menu.actions()[first:]:
            menu.removeAction(action)
        for name in host.layout_names:
            menu.addAction(name, partial(host.use_layout, name))
        if host.layout_names:
            remove = menu.addMenu("&Delete")
            for name in host.layout_names:
                remove.addAction(name, partial(host.remove_layout, name))

    def _fill_samples(self, menu: QMenu) -> None:
        from glmengine.simulation.catalogue import SAMPLES

        menu.clear()
        for name, (about, *_) in SAMPLES.items():
            action = menu.addAction(name, lambda name=name: self._host.work.opening.open_sample(name))
            action.setToolTip(about)


def _plain(text: str) -> str:
    """The text of an action without marks for keys and questions."""
    return text.replace("&", "").rstrip("\u2026")
