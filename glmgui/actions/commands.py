"""What actions do to the window: each asks what it has to, and hands the rest to the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmengine.errors import GlmError
from glmgui.actions.palette import CommandPalette
from glmgui.dialogs.about import about_box
from glmgui.dialogs.export import ExportFigureDialog, plots_on_screen, write_figure
from glmgui.notices import notices

if TYPE_CHECKING:
    from glmgui.shell.window import MainWindow

_PAGE_OF_STEP = {"data": "data.md", "features": "features.md", "model": "model.md", "results": "results.md"}


def ask_open(window: MainWindow) -> None:
    path = window.session.questions.open_path(window.settings.folder)
    if path is not None:
        window.session.open(path)


def ask_open_folder(window: MainWindow) -> None:
    path = window.session.questions.folder("Open a folder of npz files", window.settings.folder)
    if path is not None:
        window.session.open(path)


def ask_replace(window: MainWindow) -> None:
    path = window.session.questions.open_path(window.settings.folder)
    if path is not None:
        window.session.opening.replace_recording(path)


def ask_add_session(window: MainWindow) -> None:
    """Ask for another recording that is analysed together with the one that is open."""
    path = window.session.questions.open_path(window.settings.folder)
    if path is not None:
        window.session.joining.add(path)


def ask_template(window: MainWindow) -> None:
    """Offer the ready analyses, once they are read."""
    from glmgui.dialogs.templates import TemplateDialog, load_templates

    def show(templates: list) -> None:
        recording = window.document.effective_recording
        if recording is None:
            return
        dialog = TemplateDialog(templates, recording, window)
        if dialog.exec():
            window.session.opening.take_analysis(dialog.chosen)
            window.show_step("features")

    window.jobs.submit("Reading the templates", lambda context: load_templates(), show, key="templates", quiet=True)


def step_unit(window: MainWindow, step: int) -> None:
    """Select the unit `step` places further, around."""
    recording, result = window.document.recording, window.document.kept_result
    names = list(result.units if result is not None and window.step == "results" else recording.unit_names)
    at = names.index(window.document.unit) if window.document.unit in names else -step
    window.document.select(unit=names[(at + step) % len(names)])


def export_figure(window: MainWindow) -> None:
    """Ask which plot, as what and where, and save it."""
    plots = plots_on_screen(window)
    if not plots:
        notices().tell("warning", "no figure is on the screen; go to the step that shows it", title="Export figure")
        return
    dialog = ExportFigureDialog(plots, window)
    if not dialog.exec():
        return
    ending = dialog.ending
    path = window.session.questions.save_path(
        "Export figure",
        f"{window.settings.folder}/{dialog.plot.proposed_name}{ending}",
        f"{ending[1:].upper()} (*{ending})",
        ending,
    )
    if path is None:
        return
    window.settings.folder = path.parent
    try:
        write_figure(dialog.plot, path)
    except GlmError as error:
        notices().tell("error", error.message, title="Export figure")
    else:
        notices().tell("info", f"written to {path}", title="Export")


def open_palette(window: MainWindow) -> None:
    CommandPalette([window.action(name) for name in window.action_names if name != "palette"], window).show()


def open_guide(window: MainWindow) -> None:
    """The guide, at the page of the step that is shown."""
    window.guide.show_page(_PAGE_OF_STEP[window.step] if window.document.recording is not None else "index.md")
    window.guide.show()
    window.guide.raise_()
    window.guide.activateWindow()


def open_about(window: MainWindow) -> None:
    about_box(window).exec()


def save_diagnostics(window: MainWindow) -> None:
    from glmgui.tools.diagnostics import write_diagnostics

    path = window.session.questions.save_path(
        "Save diagnostics", f"{window.settings.folder}/glmgui-diagnostics.txt", "Text (*.txt)", ".txt"
    )
    if path is None:
        return
    text = window.panels["log"].text
    window.jobs.submit(
        "Writing diagnostics",
        lambda context: write_diagnostics(path, text),
        lambda _: notices().tell("info", f"written to {path}", title="Export"),
    )


def offer_recovery(window: MainWindow) -> None:
    """Offer what a session that crashed has left."""
    leftovers = window.session.recovery.leftovers()
    if not leftovers:
        return
    chosen, throw_away = window.session.questions.recover(leftovers)
    if chosen is not None:
        window.session.opening.recover(chosen)
    elif throw_away:
        from glmgui.work.project import remove

        remove(leftovers[0].stem)
