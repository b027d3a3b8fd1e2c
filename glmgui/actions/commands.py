"""Commands behind the actions: each asks what it has to, and hands the rest to a use case."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence

from glmgui.actions.host import Host
from glmgui.forms import pending
from glmgui.notices import notices
from glmgui.steps import STEPS
from glmgui.work.recovery import remove_leftover

if TYPE_CHECKING:
    from glmengine.context import Context
    from glmgui.plots.base import Plot

_NOTHING = "Nothing with these words. The guide (F1) finds every word that stands in it."
_NOTHING_YET = f"{_NOTHING} Settings, units and terms are found once a recording is open."
_NATIVE = QKeySequence.SequenceFormat.NativeText


def undo(host: Host) -> None:
    """Take back the last edit, which may be one that is just being typed; what is typed and cannot be taken is dropped alone."""
    focused = host.widget.focusWidget()
    if pending.commit(focused):
        pending.take_back(focused)
        host.say("Taken back: what was typed")
        return
    taken = host.work.document.undo()
    if taken:
        host.say(f"Taken back: {taken}")


def redo(host: Host) -> None:
    """Do again what was taken back."""
    done = host.work.document.redo()
    if done:
        host.say(f"Done again: {done}")


def ask_open(host: Host) -> None:
    """Ask for files, and open them."""
    host.work.opening.open_several(host.work.questions.open_paths(host.work.settings.folder))


def ask_open_folder(host: Host) -> None:
    """Ask for folders, and open them."""
    host.work.opening.open_several(host.work.questions.open_folders(host.work.settings.folder))


def find_answers(host: Host) -> None:
    """Show the answers of the recording that is open, and find them where they are not there."""
    host.show_step("answers")
    host.work.answers.find_at_once()


def ask_open_for_answers(host: Host) -> None:
    """Ask for recordings, and find the answers of what was opened."""
    host.work.opening.open_several(host.work.questions.open_paths(host.work.settings.folder), lambda: _find_if_open(host))


def ask_open_folder_for_answers(host: Host) -> None:
    """Ask for folders, and find the answers of what was opened."""
    host.work.opening.open_several(host.work.questions.open_folders(host.work.settings.folder), lambda: _find_if_open(host))


def _find_if_open(host: Host) -> None:
    """A project may have been opened without its recording."""
    if host.work.document.recording is not None:
        find_answers(host)


def ask_replace(host: Host) -> None:
    """Ask for another recording, and put the same analysis to it."""
    path = host.work.questions.open_path(host.work.settings.folder)
    if path is not None:
        host.work.opening.replace_recording(path)


def ask_add_session(host: Host) -> None:
    """Ask for another recording that is analysed together with the one that is open."""
    path = host.work.questions.open_path(host.work.settings.folder)
    if path is not None:
        host.work.sessions.add(path)


def ask_template(host: Host) -> None:
    """Offer the ready analyses, once they are read."""
    from glmengine.analysis.templates import template_about
    from glmgui.dialogs.templates import TemplateDialog, load_templates

    def show(templates: list) -> None:
        recording = host.work.document.effective_recording
        if recording is None:
            return
        dialog = TemplateDialog(templates, recording, host.widget)
        if dialog.exec():
            host.work.opening.saved.take_analysis(dialog.chosen)
            host.show_step("features")
        elif dialog.reading:
            host.show_guide(dialog.reading)
        elif dialog.trying:
            host.work.ready.try_on_sample(dialog.trying, template_about(dialog.trying).sample)

    host.work.jobs.submit("Reading the templates", lambda context: load_templates(), show, key="templates", quiet=True)


def step_unit(host: Host, step: int) -> None:
    """Select the unit `step` places further, around; within the set of units that is selected where there is one."""
    recording, result = host.work.document.recording, host.work.document.kept_result
    names = list(result.units if result is not None and host.step in ("results", "population") else recording.unit_names)
    chosen = [name for name in names if name in host.work.document.units]
    names = chosen if len(chosen) > 1 else names
    at = names.index(host.work.document.unit) if host.work.document.unit in names else -step
    host.work.document.select(unit=names[(at + step) % len(names)])


def export_figure(host: Host, plot: Plot | None = None) -> None:
    """A figure for paper of a plot that is on the screen: of `plot` first where it is given."""
    from glmgui.dialogs.export import plots_on_screen
    from glmgui.dialogs.figure import FigureDialog

    plots = plots_on_screen(host.widget)
    if plot is not None:
        plots = [plot, *(other for other in plots if other is not plot)]
    if not plots:
        notices().tell("warning", "no figure is on the screen; go to the step that shows it", title="Figure")
        return
    FigureDialog(plots, host.work.figures, host.widget).open()


def open_palette(host: Host) -> None:
    """Show the search over all actions and all else that is found by name."""
    from glmgui.actions.finds import finds
    from glmgui.actions.palette import CommandPalette

    actions = [host.action(name) for name in host.action_names if name != "palette"]
    none = _NOTHING if host.work.document.recording is not None else _NOTHING_YET
    CommandPalette(actions, host.widget, finds(host), none).show()


def open_shortcuts(host: Host) -> None:
    """The list of all keys."""
    from glmgui.dialogs.shortcuts import ELSEWHERE, ShortcutsDialog

    rows = [
        (
            host.menu_of(name),
            action.text().replace("&", "").rstrip("\u2026"),
            ", ".join(keys.toString(_NATIVE) for keys in action.shortcuts()),
        )
        for name in host.action_names
        if (action := host.action(name)).shortcuts()
    ]
    dialog = ShortcutsDialog([*rows, *ELSEWHERE], host.widget)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()


def ask_save_layout(host: Host) -> None:
    """Ask for a name, and keep the arrangement of the panels under it."""
    name = host.work.questions.name("Save layout", host.layout_names)
    if name:
        host.save_layout(name)
        host.say(f"Layout kept: {name}")


def open_guide(host: Host) -> None:
    """The guide, at the page of the step that is shown."""
    page = next(step.guide for step in STEPS if step.name == host.step)
    host.show_guide(page if not host.start_is_shown else "getting-started.md")


def open_about(host: Host) -> None:
    """Show the version and the licence."""
    from glmgui.dialogs.about import about_box

    about_box(host.widget).exec()


def save_diagnostics(host: Host) -> None:
    """Ask for a file, and write into it what a report of a fault needs, without data."""
    path = host.work.questions.save_path(
        "Save diagnostics", f"{host.work.settings.save_folder}/glmgui-diagnostics.txt", "Text (*.txt)", ".txt"
    )
    if path is None:
        return
    host.work.settings.save_folder = path.parent
    text = host.log_text

    def work(context: Context) -> object:
        from glmgui.tools.diagnostics import write_diagnostics

        return write_diagnostics(path, text)

    host.work.jobs.submit(
        "Writing diagnostics",
        work,
        lambda _: notices().tell("info", f"written to {path}", title="Export", written=path),
    )


def begin(host: Host, file: Path | None = None, *, demo: bool = False) -> None:
    """What the program starts with: what a session that crashed has left is offered first, for a file that is opened may ask something too."""
    recovered = offer_recovery(host)
    if recovered and file is not None:
        notices().tell(
            "info", f"{file.name} was not opened, since {recovered} is being recovered; open it when that is saved", title="Open"
        )
    elif not recovered and demo:
        host.work.opening.open_fitted_sample()
    elif not recovered and file is not None:
        host.work.opening.open(file)


def offer_recovery(host: Host) -> str:
    """Offer what a session that crashed has left; gives the title of what is being recovered, empty where nothing is."""
    leftovers = host.work.recovery.leftovers()
    if not leftovers:
        return ""
    chosen, throw_away = host.work.questions.recover(leftovers)
    if chosen is not None:
        host.work.opening.saved.recover(chosen)
        return chosen.title
    if throw_away:
        remove_leftover(leftovers[0])
    return ""
