"""The table of actions, from which menus, toolbar, shortcuts and the command palette come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from glmgui.actions import commands
from glmgui.actions.host import Host
from glmgui.steps import STEPS, Step
from glmgui.work.selected_units import can_fit_only, can_leave_out, fit_only, leave_out

Call = Callable[[Host], None]
Test = Callable[[Host], bool]


@dataclass(frozen=True)
class Record:
    """One action.

    Attributes
    ----------
    name : str
        Its object name is ``action_<name>``.
    text : str
        In menus and the palette.
    menu : str
        Title of its menu; with a slash, of a menu in that menu.
    call : callable
        What it does to the window.
    help : str
        Tooltip, and words that the palette finds it by.
    shortcut, icon : str
    enabled : callable
        Whether it can be done now.
    checked : callable or None
        For a switch: whether it is on.
    ends_group : bool
        A line follows in the menu.
    also : tuple of str
        Further shortcuts, that other programs have for the same.
    reads : bool
        It reads the analysis, so it waits until every field shows what it holds.
    commits : bool
        What is typed in the field with the focus is taken first.
    lacking : str
        What has to be done before it can be done, said where it cannot.
    """

    name: str
    text: str
    menu: str
    call: Call
    help: str = ""
    shortcut: str = ""
    icon: str = ""
    enabled: Test = lambda host: True
    checked: Test | None = None
    ends_group: bool = False
    also: tuple[str, ...] = ()
    reads: bool = False
    commits: bool = True
    lacking: str = ""

    def tooltip(self, *, can_be_done: bool) -> str:
        """What it does, after what it waits for where it cannot be done."""
        said = self.help + (f"  ({self.shortcut})" if self.shortcut else "")
        return said if can_be_done or not self.waits_for else f"{self.waits_for}\n{said}"

    @property
    def waits_for(self) -> str:
        """What there must be first, where it is said beside what the action does."""
        return self.lacking or (_NO_RECORDING if self.enabled is _has_recording else "")


_NO_RECORDING = "Open a recording first."
_NO_TERM = "Open a recording and add a term in the Features step first."
_NO_SCRIPT = (
    "Open a recording and add a term in the Features step first. The script of a sheet of answers is in the Answers step."
)
_NO_RESULT = "Fit a model first (Ctrl+R). A sheet of answers has its own methods and script, and is saved, in the Answers step."


def _has_recording(host: Host) -> bool:
    return host.work.document.recording is not None


def _has_question(host: Host) -> bool:
    """Also without a recording, which may be the one that is missing."""
    return _has_recording(host) or bool(host.work.document.analysis.terms)


def _can_be_scripted(host: Host) -> bool:
    return host.work.document.can_be_fitted


def _has_result(host: Host) -> bool:
    return host.work.document.result is not None


def _is_busy(host: Host) -> bool:
    return host.work.document.busy


def _can_stop(host: Host) -> bool:
    job = host.work.jobs.current
    return job is not None and job.stoppable


def _can_fit(host: Host) -> bool:
    return host.work.fitting.can_ask


def _show(step: Step, number: int) -> Record:
    return Record(
        f"show_{step.name}",
        f"{number} {step.title}",
        "View",
        lambda w: w.show_step(step.name),
        step.about,
        step.shortcut,
        step.icon,
    )


ACTIONS: tuple[Record, ...] = (
    Record("open", "&Open\u2026", "File", commands.ask_open, "Open a recording (NWB, npz), a project or an analysis", "Ctrl+O", "open"),
    Record("open_folder", "Open &folders\u2026", "File", commands.ask_open_folder, "Open recordings that are folders: pynapple npz, Neurosuite, Phy, Suite2p", "Ctrl+Shift+O"),
    Record(
        "open_for_answers", "Open and find the ans&wers\u2026", "File", commands.ask_open_for_answers,
        "Open a recording, and find at once what drives each of its units", icon="answers",
    ),
    Record(
        "open_folder_for_answers", "Open folder and find t&he answers\u2026", "File", commands.ask_open_folder_for_answers,
        "Open a recording that is a folder, and find at once what drives each of its units", icon="answers",
    ),
    Record(
        "replace", "Re&place recording\u2026", "File", commands.ask_replace, "Put another recording under the same analysis",
        enabled=_has_question,
    ),
    Record(
        "correct", "&Correct recording\u2026", "File", lambda w: w.work.opening.correct(),
        "Open the recording again with a recipe: clocks and units of measure put right, tracking from a further file taken in", enabled=_has_recording,
    ),
    Record(
        "add_session", "A&dd session\u2026", "File", commands.ask_add_session,
        "Analyse another recording together with this one: several sessions of one animal", enabled=_has_recording, reads=True,
    ),
    Record(
        "template", "&New from template\u2026", "File", commands.ask_template,
        "Take a ready analysis: place fields, head direction, event kernels, coupling", "Ctrl+N", enabled=_has_recording, ends_group=True, reads=True,
    ),
    Record("save", "&Save project", "File", lambda w: w.work.saving.save(), "Save analysis and result as one .glm file", "Ctrl+S", "save", _has_recording, reads=True),
    Record("save_as", "Save project &as\u2026", "File", lambda w: w.work.saving.save_as(), "Save under another name", "Ctrl+Shift+S", enabled=_has_recording, reads=True),
    Record(
        "save_analysis", "Save &analysis\u2026", "File", lambda w: w.work.exporting.save_analysis(),
        "Save the analysis alone, as a readable file that the command line runs", enabled=_has_recording, ends_group=True, reads=True,
    ),
    Record(
        "export_coefficients", "&Coefficients\u2026", "File/Export", lambda w: w.work.exporting.export_coefficients(),
        "Coefficients and standard errors as CSV, or the whole result as NetCDF", "Ctrl+E", "table", _has_result, lacking=_NO_RESULT,
    ),
    Record("export_scores", "&Scores\u2026", "File/Export", lambda w: w.work.exporting.export_scores(), "The table of scores as CSV", icon="table", enabled=_has_result, lacking=_NO_RESULT),
    Record(
        "export_figure", "&Figure\u2026", "File/Export", commands.export_figure,
        "A plot that is on the screen, or any figure of the result, in millimetres, as PDF, SVG, PNG or TIFF", "Ctrl+Shift+E", "figure", _has_recording,
    ),
    Record(
        "export_report", "Repor&t\u2026", "File/Export", lambda w: w.work.exporting.export_report(),
        "What was asked and found, with tables, figures, methods and references, as PDF or HTML", icon="export", enabled=_has_result, lacking=_NO_RESULT, reads=True,
    ),
    Record(
        "copy_methods", "Copy &methods paragraph", "File/Export", lambda w: w.work.exporting.copy_methods(),
        "The paragraph of a paper's methods that says how this fit was made, with its numbers, as text on the clipboard", icon="export", enabled=_has_result, lacking=_NO_RESULT,
    ),
    Record(
        "export_script", "Scr&ipt\u2026", "File/Export", lambda w: w.work.exporting.export_script(),
        "The analysis as a Python script that gives the same numbers", icon="export", enabled=_can_be_scripted, lacking=_NO_SCRIPT, reads=True,
    ),
    Record(
        "export_all", "&Everything to a folder\u2026", "File/Export", lambda w: w.work.exporting.export_all(),
        "Tables, figures, report, script and analysis, as the command line writes them", icon="export", enabled=_has_result, lacking=_NO_RESULT, ends_group=True, reads=True,
    ),
    Record(
        "save_nwb", "Recording as &NWB\u2026", "File/Export", lambda w: w.work.exporting.save_recording(".nwb"),
        "Save the recording as a new NWB file, which other programs open; the original is never changed", enabled=_has_recording,
    ),
    Record(
        "save_npz", "Recording as &pynapple npz\u2026", "File/Export", lambda w: w.work.exporting.save_recording(""),
        "Save the recording as a new folder of pynapple npz files; the original is never changed", enabled=_has_recording,
    ),
    Record(
        "export_nwb", "&Results into a copy of the NWB file\u2026", "File/Export", lambda w: w.work.exporting.export_nwb(),
        "A copy of the recording as NWB with scores, coefficients and the analysis in it; the original is never changed", enabled=_has_result, lacking=_NO_RESULT,
    ),
    Record("quit", "&Quit", "File", lambda w: w.close(), "Close the program", "Ctrl+Q"),
    Record("undo", "&Undo", "Edit", commands.undo, "Take back the last edit", "Ctrl+Z", "undo", lambda w: bool(w.work.document.undo_text), commits=False),
    Record(
        "redo", "&Redo", "Edit", commands.redo, "Do again what was taken back", "Ctrl+Shift+Z", "redo",
        lambda w: bool(w.work.document.redo_text), ends_group=True, also=("Ctrl+Y",),
    ),
    Record("palette", "&Search\u2026", "Edit", commands.open_palette, "Find actions, settings, units, terms, samples and pages of the guide by their words", "Ctrl+K", "search"),
    Record("fit", "&Fit", "Fit", lambda w: w.work.fitting.fit(), "Fit all chosen units", "Ctrl+R", "fit", _can_fit, reads=True),
    Record(
        "live", "&Live fit", "Fit", lambda w: w.work.live.switch(not w.work.live.on),
        "Fit the selected unit again at every edit, without cross-validation", "Ctrl+L", "live",
        lambda w: w.work.fitting.can_fit, lambda w: w.work.live.on, True, lacking=_NO_TERM,
    ),
    Record(
        "find_answers", "&What drives these units?", "Fit", commands.find_answers,
        "Try what the recording has for every unit, and say what each depends on and how sure that is", "Ctrl+J", "answers", _has_recording,
    ),
    Record(
        "fit_only_selected", "Fit &only the selected units", "Fit", lambda w: fit_only(w.work.document),
        "Fit none but the selected units from now on", enabled=lambda w: can_fit_only(w.work.document),
    ),
    Record(
        "leave_out_selected", "Leave the selected &units out", "Fit", lambda w: leave_out(w.work.document),
        "Fit the selected units no longer", enabled=lambda w: can_leave_out(w.work.document), ends_group=True,
    ),
    Record("stop", "&Stop and keep", "Fit", lambda w: w.work.jobs.stop_and_keep(), "End the fit now and keep what there is, marked as not finished", icon="stop", enabled=_can_stop),
    Record("cancel", "&Cancel", "Fit", lambda w: w.work.jobs.cancel(), "Give up what is being done", "Ctrl+.", "cancel", _is_busy),
    Record("start", "&Start page", "View", lambda w: w.show_start(), "Recent files, samples and ready analyses", "Alt+Home", "start"),
    *(_show(step, number) for number, step in enumerate(STEPS, start=1)),
    Record("log", "L&og", "View", lambda w: w.toggle_log(), "Everything that was done and what went wrong", "Ctrl+Shift+L", "log", checked=lambda w: w.log_is_shown, ends_group=True),
    Record("next_unit", "&Next unit", "View", lambda w: commands.step_unit(w, 1), "Select the next unit", "Alt+Down", "down", _has_recording),
    Record("previous_unit", "&Previous unit", "View", lambda w: commands.step_unit(w, -1), "Select the unit before", "Alt+Up", "up", _has_recording, ends_group=True),
    Record("dark", "&Dark", "View", lambda w: w.set_dark(not w.dark), "Dark or light colours: the theme of the window", "Ctrl+D", "theme", checked=lambda w: w.dark),
    Record("zoom_in", "&Larger text", "View", lambda w: w.zoom(1), "Show all text in a larger font size (zoom in)", "Ctrl++", also=("Ctrl+=",)),
    Record("zoom_out", "S&maller text", "View", lambda w: w.zoom(-1), "Show all text in a smaller font size (zoom out)", "Ctrl+-"),
    Record("zoom_reset", "Text as on the des&ktop", "View", lambda w: w.zoom(0), "Show all text in the font size of the desktop (zoom off)", "Ctrl+0", ends_group=True),
    Record("save_layout", "&Save as\u2026", "View/Layouts", commands.ask_save_layout, "Keep under a name which panels stand where"),
    Record("reset_layout", "&As at first", "View/Layouts", lambda w: w.reset_layout(), "Put the panels back where they were at first"),
    Record("guide", "User &guide", "Help", commands.open_guide, "How everything works, readable offline", "F1", "help"),
    Record("shortcuts", "&Keyboard shortcuts", "Help", commands.open_shortcuts, "All keys, and what the mouse does in plots", "Ctrl+F1"),
    Record("sample", "&Open the sample session", "Help", lambda w: w.work.opening.open_sample(), "Simulated head-direction and place cells, to look around", icon="sample", ends_group=True),
    Record("diagnostics", "Save &diagnostics\u2026", "Help", commands.save_diagnostics, "Versions and log for a report, no data"),
    Record("about", "&About", "Help", commands.open_about, "Version and licence", icon="app"),
)  # fmt: skip

MENUS = ("File", "Edit", "Fit", "View", "Help")
TOOLBAR_LEFT = ("open", "save", "", "undo", "redo", "", "fit", "live")
TOOLBAR_RIGHT = ("palette",)
