"""The document: recording, analysis, fits and result that are open, undo and redo, and the one signal of their changes.

Panels read it, call `edit` with a whole new `Analysis`, and redraw on `changed`; nothing else holds state of the session. It lives on the
main thread and does no work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal

from glmengine.analysis.analysis import Analysis
from glmengine.errors import GlmError
from glmgui.kept_fits import FitChange, with_fit
from glmgui.open_state import OpenState
from glmgui.selection import Selection
from glmgui.staleness import staleness
from glmgui.undo_history import KEEP, UndoStep

if TYPE_CHECKING:
    from glmengine.answers.kept_answers import KeptAnswers
    from glmengine.recording.recording import Recording
    from glmengine.results.kept_fits import KeptFit
    from glmengine.results.result import Result
    from glmengine.results.sketch import Sketch, SketchScore

EVERYTHING = frozenset({"recording", "derived", "analysis", "result", "fits", "selection", "project", "busy", "fault"})
"""What a panel takes for new that is made while something is open already."""


class Document(OpenState):
    """What is open, and all that changes it.

    Signals
    -------
    changed : frozenset of str
        Which parts are new: ``recording`` (another one, or none), ``derived`` (its derived covariates were computed), ``analysis``,
        ``result`` (another one, or its staleness), ``fits`` (those that are kept, or which is shown), ``answers`` (another sheet, or none), ``selection`` (unit, set of units, or term), ``project`` (path, or saved or not), ``busy``,
        ``fault`` (the engine refused the analysis, or that is over), ``live`` (what the live fit knows before it is a result), ``code`` (functions that
        the analysis names may be run now).
    """

    changed = Signal(object)

    # Edits of the analysis

    def edit(self, analysis: Analysis, text: str, recording: Recording | object = KEEP) -> None:
        """Replace the analysis, and the `recording` below it where one is given; `text` says what was done, in the imperative.

        The same text again within a second belongs to the same step of undo, so that a drag of a slider is undone at once. An analysis
        equal to the present one changes nothing.
        """
        another = recording is not KEEP and recording is not self._recording
        if analysis == self._analysis and not another:
            return
        self._history.add(UndoStep(self._analysis, text, self._recording if another else KEEP), merges=not another)
        self._replace(analysis, recording)

    def undo(self) -> str:
        """Go back one edit, to the recording that it had too; the value says what was taken back, empty where there was nothing."""
        return self._go_to(self._history.undo(self._analysis, self._recording))

    def redo(self) -> str:
        """Do again what was undone last; the value says what."""
        return self._go_to(self._history.redo(self._analysis, self._recording))

    def _go_to(self, step: UndoStep | None) -> str:
        if step is None:
            return ""
        if step.fit is not None:
            self._change_fit(step.fit)
        else:
            self._replace(step.analysis, step.recording)
        return step.text

    def end_merging(self) -> None:
        """Let the next edit be a step of its own, whatever its text."""
        self._history.end_merging()

    # The kept fits

    def add_fit(self, fit: KeptFit, result: Result) -> None:
        """Keep a fit that has been made, and show it."""
        self._fits, fit = with_fit(self._fits, fit)
        self.show_fit(fit, result)

    def keep_fit(self, fit: KeptFit) -> KeptFit:
        """Keep a fit that has been made beside the one that is shown; the value is what it is kept as."""
        self._fits, fit = with_fit(self._fits, fit)
        self.changed.emit(frozenset({"fits", "project"}))
        return fit

    def show_fit(self, fit: KeptFit, result: Result) -> None:
        """Show the result of a kept fit."""
        self._shown_fit = fit.key
        self._result, self._live = result, None
        self._stale = self._find_stale()
        self.changed.emit(frozenset({"result", "fits", "project", *self._point_at_best()}))

    def rename_fit(self, key: str, name: str) -> None:
        """Call a kept fit something else; can be undone."""
        fit, name = self.fit_of(key), name.strip()
        if fit is not None and name and name != fit.name:
            self._edit_fit(FitChange(fit, fit.renamed(name), self._fits.index(fit)), "Rename fit")

    def remove_fit(self, key: str) -> None:
        """Keep a fit no longer; can be undone."""
        fit = self.fit_of(key)
        if fit is not None:
            self._edit_fit(FitChange(fit, None, self._fits.index(fit)), "Remove fit")

    def _edit_fit(self, change: FitChange, text: str) -> None:
        self._history.add(UndoStep(self._analysis, text, fit=change.reversed))
        self._history.end_merging()
        self._change_fit(change)

    def _change_fit(self, change: FitChange) -> None:
        self._fits = change.made_in(self._fits)
        self.changed.emit(frozenset({"fits", "project"}))

    # Other changes

    def open(
        self,
        recording: Recording | None,
        analysis: Analysis,
        result: Result | None = None,
        project_path: Path | None = None,
        *,
        saved: bool = True,
        fits: tuple[KeptFit, ...] = (),
        shown: str = "",
        answers: KeptAnswers | None = None,
    ) -> None:
        """Begin anew with these; the steps of undo are forgotten. `saved` False marks it as having changes to be saved; `shown` is the
        key of the one of `fits` whose result `result` is."""
        self._recording, self._effective = recording, None
        self._analysis, self._result, self._live = analysis, result, None
        self._sketch = self._sketch_score = None
        self._fits, self._shown_fit, self._answers = tuple(fits), shown, answers
        self._project_path = project_path
        self._history.clear()
        self._saved = (analysis, result, self._fits, answers) if saved else (Analysis(title="\0"), None, (), None)
        self._selection = Selection.of(self._unit_names, len(analysis.terms))
        self._point_at_best()
        self._stale = self._find_stale()
        self.changed.emit(frozenset({"recording", "analysis", "result", "fits", "answers", "selection", "project"}))

    def set_recording(self, recording: Recording | None) -> None:
        """Put another recording under the same analysis."""
        if recording is self._recording:
            return
        self._take_recording(recording)
        self._restale()
        self.changed.emit(frozenset({"recording", "selection", "result"}))

    def say_recording_again(self) -> None:
        """Say the recording once more, so that what was typed beside it and refused is shown as it is."""
        self.changed.emit(frozenset({"recording"}))

    def set_effective_recording(self, recording: Recording) -> None:
        """Take the recording with its derived covariates, computed in a job."""
        self._effective = recording
        self.changed.emit(frozenset({"derived"}))

    def set_result(self, result: Result | None) -> None:
        if result is self._result and self._live is None:
            return
        self._result, self._live, self._shown_fit = result, None, ""
        self._stale = self._find_stale()
        self.changed.emit(frozenset({"result", "fits", "project", *self._point_at_best()}))

    def extend_result(self, result: Result) -> None:
        """Take the result of the same fit with more in it: checks that were made of it."""
        if self._result is not None and result is not self._result:
            self._result = result
            self.changed.emit(frozenset({"result", "project"}))

    def set_answers(self, answers: KeptAnswers | None) -> None:
        """Keep an answer sheet in the place of the one before."""
        if answers is not self._answers:
            self._answers = answers
            self.changed.emit(frozenset({"answers", "project"}))

    def set_live_result(self, result: Result | None) -> None:
        """Show a live fit in the place of the result, or, with None, the result again."""
        if result is not self._live or self._sketch is not None:
            self._live, self._sketch = result, None
            if result is None:
                self._sketch_score = None
            self.changed.emit(frozenset({"result", "live"}))

    def set_live_sketch(self, sketch: Sketch) -> None:
        """Show the curve of some of the time, until the live fit of all of it is there."""
        self._sketch = sketch
        self.changed.emit(frozenset({"live"}))

    def set_live_score(self, score: SketchScore | None) -> None:
        """Take the held-out score that belongs to the live fit; None when another question is asked."""
        if score is not self._sketch_score:
            self._sketch_score = score
            self.changed.emit(frozenset({"live"}))

    def say_code_allowed(self) -> None:
        """Say that functions which the analysis names may run now, so that what needed them is drawn."""
        self.changed.emit(frozenset({"code"}))

    def set_fault(self, field: str, message: str) -> None:
        """Say that the engine refused the analysis: the dotted path of the field at fault and why. Gone with the next edit."""
        if (field, message) != self._fault:
            self._fault = (field, message)
            self.changed.emit(frozenset({"fault"}))

    def set_fault_of(self, error: BaseException, analysis: Analysis) -> None:
        """Show what the engine said of `analysis` beside the field at fault, unless the analysis was edited since it was asked."""
        if isinstance(error, GlmError) and error.field and self._analysis is analysis:
            self.set_fault(error.field, error.message)

    def select(
        self, *, unit: str | object | None = KEEP, term: int | object | None = KEEP, units: Iterable[str] | None = None
    ) -> None:
        """Select a unit by name, a term by position, a set of units, or all of these; what is not given stays as it is.

        The selected unit is always one of the set: of a set without it the first one becomes it, and a unit outside the set that is
        selected without a set is the new set.
        """
        selection = self._selection
        if unit is not KEEP:
            selection = selection.with_unit(unit)
        if term is not KEEP:
            selection = selection.with_term(term, len(self._analysis.terms))
        if units is not None:
            selection = selection.with_units(units)
        if self._take_selection(selection):
            self.changed.emit(frozenset({"selection"}))

    def set_busy(self, busy: bool) -> None:
        if busy != self._busy:
            self._busy, self._doing = busy, ("", "")
            self.changed.emit(frozenset({"busy"}))

    def set_doing(self, label: str, comes: str) -> None:
        """Take note of the job that has begun: what it does, and what comes of it."""
        if self._busy and (label, comes) != self._doing:
            self._doing = (label, comes)
            self.changed.emit(frozenset({"busy"}))

    def mark_saved(
        self,
        path: Path,
        analysis: Analysis,
        result: Result | None,
        fits: tuple[KeptFit, ...] = (),
        answers: KeptAnswers | None = None,
    ) -> None:
        """The project at `path` now holds these (edits made while it was being written stay unsaved)."""
        self._project_path = Path(path)
        self._saved = (analysis, result, fits, answers)
        self.changed.emit(frozenset({"project"}))

    # Inside

    def _take_recording(self, recording: Recording | None) -> None:
        self._recording, self._effective, self._live = recording, None, None
        self._sketch = self._sketch_score = None
        self._selection = self._selection.with_names(self._unit_names)

    def _take_selection(self, selection: Selection) -> bool:
        """Whether anything else is selected now."""
        before, self._selection = self._selection, selection
        return (before.unit, before.units, before.term) != (selection.unit, selection.units, selection.term)

    def _point_at_best(self) -> frozenset[str]:
        """Select the unit that is explained best, unless one of those that were fitted is selected already; what is new by that."""
        result = self._result
        if result is None or not self._take_selection(self._selection.with_best(result.best_unit, result.units)):
            return frozenset()
        return frozenset({"selection"})

    def _replace(self, analysis: Analysis, recording: Recording | object | None = KEEP) -> None:
        was_modified = self.modified
        self._analysis = analysis
        moved = self._take_selection(self._selection.with_term(self._selection.term, len(analysis.terms)))
        what = {"analysis"}
        if recording is not KEEP and recording is not self._recording:
            self._take_recording(recording)
            what |= {"recording", "selection", "result"}
        if self._fault != ("", ""):
            self._fault = ("", "")
            what.add("fault")
        if moved:
            what.add("selection")
        if self._restale():
            what.add("result")
        if self.modified != was_modified:
            what.add("project")
        self.changed.emit(frozenset(what))

    def _find_stale(self) -> str:
        return staleness(self._result, self._analysis, self._recording, self._is_asked(self._analysis))

    def follow_fits(self, is_asked: Callable[[Analysis], bool]) -> None:
        """Let `is_asked` say whether an analysis is being fitted to the recording that is open, or waits for it."""
        self._is_asked = is_asked

    def find_staleness_again(self) -> None:
        """Fits have begun to run or wait, or no longer do."""
        if self._restale():
            self.changed.emit(frozenset({"result"}))

    def _restale(self) -> bool:
        """Look again why the result is stale, if it is; True if that changed."""
        stale = self._find_stale()
        changed, self._stale = stale != self._stale, stale
        return changed
