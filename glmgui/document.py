"""The document: recording, analysis, fits and result that are open, undo and redo, and the one signal of their changes.

Panels read it, call `edit` with a whole new `Analysis`, and redraw on `changed`; nothing else holds state of the session. It lives on the
main thread and does no work.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from glmengine.analysis.analysis import Analysis
from glmengine.errors import GlmError

if TYPE_CHECKING:
    from glmengine.answers.kept_answers import KeptAnswers
    from glmengine.recording.recording import Recording
    from glmengine.results.kept_fits import KeptFit
    from glmengine.results.result import Result
    from glmengine.results.sketch import Sketch, SketchScore

_MERGE_SECONDS = 1.0
_MOST_STEPS = 500

EVERYTHING = frozenset({"recording", "derived", "analysis", "result", "fits", "selection", "project", "busy", "fault"})
"""What a panel takes for new that is made while something is open already."""

_KEEP = object()
"""Stands for "leave this as it is", where None means "nothing"."""


@dataclass(frozen=True)
class _FitChange:
    """A kept fit that becomes another, at a place of the shelf; None stands for one that is not there."""

    before: KeptFit | None
    after: KeptFit | None
    place: int

    @property
    def reversed(self) -> _FitChange:
        return _FitChange(self.after, self.before, self.place)


@dataclass(frozen=True)
class _Step:
    """An analysis, what was done to get to the one after it, the recording below it where that brought another, and what would put the
    kept fits back where they were changed."""

    analysis: Analysis
    text: str
    recording: Recording | object | None = _KEEP
    fit: _FitChange | None = None


class Document(QObject):
    """What is open.

    Signals
    -------
    changed : frozenset of str
        Which parts are new: ``recording`` (another one, or none), ``derived`` (its derived covariates were computed), ``analysis``,
        ``result`` (another one, or its staleness), ``fits`` (those that are kept, or which is shown), ``answers`` (another sheet, or none), ``selection`` (unit, set of units, or term), ``project`` (path, or saved or not), ``busy``,
        ``fault`` (the engine refused the analysis, or that is over), ``live`` (what the live fit knows before it is a result), ``code`` (functions that
        the analysis names may be run now).
    """

    changed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._recording: Recording | None = None
        self._effective: Recording | None = None
        self._analysis = Analysis()
        self._result: Result | None = None
        self._live: Result | None = None
        self._sketch: Sketch | None = None
        self._sketch_score: SketchScore | None = None
        self._stale = False
        self._unit: str | None = None
        self._chosen: tuple[str, ...] = ()
        self._unit_is_chosen = False  # by the user, or as the best of the first fit; not only the first there is
        self._term: int | None = None
        self._project_path: Path | None = None
        self._fits: tuple[KeptFit, ...] = ()
        self._shown_fit = ""
        self._answers: KeptAnswers | None = None
        self._saved: tuple[Analysis, Result | None, tuple[KeptFit, ...], KeptAnswers | None] = (self._analysis, None, (), None)
        self._busy = False
        self._fault = ("", "")
        self._undo: list[_Step] = []
        self._redo: list[_Step] = []
        self._last_edit = ("", 0.0)

    # What is open

    @property
    def recording(self) -> Recording | None:
        return self._recording

    @property
    def effective_recording(self) -> Recording | None:
        """The recording with the derived covariates of the analysis as last computed; without them until a job has brought them."""
        return self._effective or self._recording

    @property
    def analysis(self) -> Analysis:
        return self._analysis

    @property
    def result(self) -> Result | None:
        """What is shown: the live fit of the selected unit while there is one, else the result of the last fit."""
        return self._live if self._live is not None else self._result

    @property
    def kept_result(self) -> Result | None:
        """The result of the last fit, which is what saving the project keeps."""
        return self._result

    @property
    def fits(self) -> tuple[KeptFit, ...]:
        """The fits that are kept, in the order in which they were made."""
        return self._fits

    @property
    def answers(self) -> KeptAnswers | None:
        """The answer sheet that is kept, whatever it answers; None where there is none."""
        return self._answers

    @property
    def shown_fit(self) -> KeptFit | None:
        """The kept fit whose result `kept_result` is, None where it is of none of them."""
        return self.fit_of(self._shown_fit)

    def fit_of(self, key: str) -> KeptFit | None:
        """The kept fit of this key."""
        return next((fit for fit in self._fits if fit.key == key), None)

    @property
    def result_is_live(self) -> bool:
        """Whether `result` is a live fit: of one unit, without cross-validation, never saved."""
        return self._live is not None

    @property
    def live_sketch(self) -> Sketch | None:
        """What a live fit of some of the time says of one term, while that of all of it is not there."""
        return self._sketch

    @property
    def live_score(self) -> SketchScore | None:
        """The held-out score of the live fit, from some of the time."""
        return self._sketch_score

    @property
    def result_is_stale(self) -> bool:
        """Whether the result answers another question than the present one, or was made from another recording."""
        return self._stale and self._live is None

    @property
    def unit(self) -> str | None:
        """Name of the selected unit."""
        return self._unit

    @property
    def units(self) -> tuple[str, ...]:
        """The set of units that is selected in every list and plot, in the order of the recording: the selected one alone where no more are."""
        return self._chosen

    @property
    def term(self) -> int | None:
        """Position of the selected term in ``analysis.terms``."""
        return self._term

    @property
    def project_path(self) -> Path | None:
        return self._project_path

    @property
    def modified(self) -> bool:
        """Whether there is anything that saving the project would keep."""
        analysis, result, fits, answers = self._saved
        return self._analysis != analysis or self._result is not result or self._fits != fits or self._answers is not answers

    @property
    def busy(self) -> bool:
        """Whether a job runs that the user is waiting for."""
        return self._busy

    @property
    def can_be_fitted(self) -> bool:
        """Whether there is a recording, and a term that is in the model."""
        return self._recording is not None and any(term.enabled for term in self._analysis.terms)

    # Edits of the analysis

    def edit(self, analysis: Analysis, text: str, recording: Recording | object = _KEEP) -> None:
        """Replace the analysis, and the `recording` below it where one is given; `text` says what was done, in the imperative.

        The same text again within a second belongs to the same step of undo, so that a drag of a slider is undone at once. An analysis
        equal to the present one changes nothing.
        """
        another = recording is not _KEEP and recording is not self._recording
        if analysis == self._analysis and not another:
            return
        last_text, last_time = self._last_edit
        now = time.monotonic()
        if another or not (self._undo and last_text == text and now - last_time < _MERGE_SECONDS):
            self._undo.append(_Step(self._analysis, text, self._recording if another else _KEEP))
            del self._undo[:-_MOST_STEPS]
        self._redo.clear()
        self._last_edit = (text, now)
        self._replace(analysis, recording)

    def undo(self) -> str:
        """Go back one edit, to the recording that it had too; the value says what was taken back, empty where there was nothing."""
        return self._step(self._undo, self._redo)

    def redo(self) -> str:
        """Do again what was undone last; the value says what."""
        return self._step(self._redo, self._undo)

    def _step(self, taken: list[_Step], given: list[_Step]) -> str:
        if not taken:
            return ""
        step = taken.pop()
        change = step.fit.reversed if step.fit is not None else None
        given.append(_Step(self._analysis, step.text, _KEEP if step.recording is _KEEP else self._recording, change))
        self._last_edit = ("", 0.0)
        if step.fit is not None:
            self._change_fit(step.fit)
        else:
            self._replace(step.analysis, step.recording)
        return step.text

    @property
    def undo_text(self) -> str:
        """What `undo` would take back, empty where there is nothing."""
        return self._undo[-1].text if self._undo else ""

    @property
    def redo_text(self) -> str:
        """What `redo` would do again, empty where there is nothing."""
        return self._redo[-1].text if self._redo else ""

    def end_merging(self) -> None:
        """Let the next edit be a step of its own, whatever its text."""
        self._last_edit = ("", 0.0)

    # The kept fits

    def add_fit(self, fit: KeptFit, result: Result) -> None:
        """Keep a fit that has been made, and show it."""
        self.show_fit(self._keep(fit), result)

    def keep_fit(self, fit: KeptFit) -> KeptFit:
        """Keep a fit that has been made beside the one that is shown; the value is what it is kept as."""
        fit = self._keep(fit)
        self.changed.emit(frozenset({"fits", "project"}))
        return fit

    def _keep(self, fit: KeptFit) -> KeptFit:
        """It takes the place, and the name, of one that asked the same, but a finished one stays beside one that was stopped."""
        same = next((one for one in self._fits if one.asks_the_same(fit) and (fit.converged or not one.converged)), None)
        if same is not None:
            fit = fit.renamed(same.name)
            self._fits = tuple(fit if one is same else one for one in self._fits)
        else:
            self._fits = (*self._fits, fit)
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
            self._edit_fit(_FitChange(fit, fit.renamed(name), self._fits.index(fit)), "Rename fit")

    def remove_fit(self, key: str) -> None:
        """Keep a fit no longer; can be undone."""
        fit = self.fit_of(key)
        if fit is not None:
            self._edit_fit(_FitChange(fit, None, self._fits.index(fit)), "Remove fit")

    def _edit_fit(self, change: _FitChange, text: str) -> None:
        self._undo.append(_Step(self._analysis, text, fit=change.reversed))
        del self._undo[:-_MOST_STEPS]
        self._redo.clear()
        self._last_edit = ("", 0.0)
        self._change_fit(change)

    def _change_fit(self, change: _FitChange) -> None:
        """Take `change.before` out and put `change.after` in, wherever fits that were made since have moved the place."""
        place = change.place
        fits = list(self._fits)
        if change.before is not None:
            found = next((at for at, fit in enumerate(fits) if fit.key == change.before.key), None)
            if found is not None:
                place = found
                del fits[found]
        if change.after is not None:
            fits.insert(place, change.after)
        self._fits = tuple(fits)
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
        self._undo.clear()
        self._redo.clear()
        self._last_edit = ("", 0.0)
        self._saved = (analysis, result, self._fits, answers) if saved else (Analysis(title="\0"), None, (), None)
        self._unit = recording.unit_names[0] if recording is not None and recording.unit_names else None
        self._chosen, self._unit_is_chosen = self._alone(), False
        self._point_at_best()
        self._term = 0 if analysis.terms else None
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

    @property
    def fault(self) -> tuple[str, str]:
        """Field and message of the last refusal by the engine, both empty where there is none."""
        return self._fault

    def select(
        self, *, unit: str | object | None = _KEEP, term: int | object | None = _KEEP, units: Iterable[str] | None = None
    ) -> None:
        """Select a unit by name, a term by position, a set of units, or all of these; what is not given stays as it is.

        The selected unit is always one of the set: of a set without it the first one becomes it, and a unit outside the set that is
        selected without a set is the new set.
        """
        before = (self._unit, self._term, self._chosen)
        if unit is not _KEEP:
            self._unit = unit
        self._unit_is_chosen |= unit is not _KEEP or units is not None
        if term is not _KEEP:
            self._term = self._clamped(term)
        if units is not None:
            self._chosen = self._in_order(units)
            if self._chosen and self._unit not in self._chosen:
                self._unit = self._chosen[0]
        if self._unit not in self._chosen:
            self._chosen = self._alone()
        if (self._unit, self._term, self._chosen) != before:
            self.changed.emit(frozenset({"selection"}))

    def set_busy(self, busy: bool) -> None:
        if busy != self._busy:
            self._busy = busy
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
        names = recording.unit_names if recording is not None else ()
        if self._unit not in names:
            self._unit, self._unit_is_chosen = names[0] if names else None, False
        self._chosen = self._in_order(self._chosen)
        if self._unit not in self._chosen:
            self._chosen = self._alone()

    def _point_at_best(self) -> frozenset[str]:
        """Select the unit that is explained best, unless one of those that were fitted is selected already; what is new by that."""
        result = self._result
        best = result.best_unit if result is not None else None
        names = self._recording.unit_names if self._recording is not None else ()
        if best not in names or (self._unit_is_chosen and self._unit in result.units):
            return frozenset()
        before, self._unit, self._unit_is_chosen = self._unit, best, True
        self._chosen = self._alone()
        return frozenset({"selection"}) if best != before else frozenset()

    def _alone(self) -> tuple[str, ...]:
        return (self._unit,) if self._unit is not None else ()

    def _in_order(self, units: Iterable[str]) -> tuple[str, ...]:
        """Those of the units that the recording has, in its order."""
        wanted = set(units)
        return tuple(name for name in (self._recording.unit_names if self._recording is not None else ()) if name in wanted)

    def _replace(self, analysis: Analysis, recording: Recording | object | None = _KEEP) -> None:
        was_modified, before = self.modified, self._term
        self._analysis = analysis
        self._term = self._clamped(self._term)
        what = {"analysis"}
        if recording is not _KEEP and recording is not self._recording:
            self._take_recording(recording)
            what |= {"recording", "selection", "result"}
        if self._fault != ("", ""):
            self._fault = ("", "")
            what.add("fault")
        if self._term != before:
            what.add("selection")
        if self._restale():
            what.add("result")
        if self.modified != was_modified:
            what.add("project")
        self.changed.emit(frozenset(what))

    def _clamped(self, term: int | None) -> int | None:
        count = len(self._analysis.terms)
        if term is None or not count:
            return None
        return min(max(term, 0), count - 1)

    def _find_stale(self) -> bool:
        return self._result is not None and not self._result.is_for(self._analysis, self._recording)

    def _restale(self) -> bool:
        """Look again whether the result is stale; True if that changed."""
        stale = self._find_stale()
        changed, self._stale = stale != self._stale, stale
        return changed
