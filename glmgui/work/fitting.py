"""What a user can do with the document: fit, fit live, save, and, by its parts, open and export. Each is a job; questions go to `questions`.

The window turns actions into calls of these methods, and knows nothing of the engine.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

from glmengine.analysis.analysis import Analysis
from glmengine.analysis.units import how_many
from glmengine.errors import GlmError
from glmgui.document import Document
from glmgui.jobs import Job, Jobs, described
from glmgui.notices import notices
from glmgui.settings import Settings
from glmgui.work.estimate import Estimate, estimate
from glmgui.work.exporting import Exporting
from glmgui.work.opening import Opening
from glmgui.work.permission import Permission
from glmgui.work.project import Recovery, Stamp, save_project, stamp_of
from glmgui.work.sessions import Joining

if TYPE_CHECKING:
    from glmengine.context import Context
    from glmengine.results.result import Result
    from glmgui.dialogs.questions import Questions

FIT = "fit"
_LIVE_AFTER_MS = 30
_ESTIMATE_AFTER_MS = 150


class Session(QObject):
    """A document with the jobs that change it.

    Signals
    -------
    fitted : Result
        A fit that was asked for has ended.
    opened : Path or None
        A recording or project is open.
    saved : Path
    exported : Path
        A file or folder was written.
    failed : str
        A job asked for by the user has failed; the argument is what was being done.
    estimated : Estimate or None
        How large a fit of the present analysis would be; None where it cannot be said.
    live_changed : bool
    """

    fitted = Signal(object)
    opened = Signal(object)
    saved = Signal(object)
    exported = Signal(object)
    failed = Signal(str)
    estimated = Signal(object)
    live_changed = Signal(bool)

    def __init__(self, settings: Settings, questions: Questions, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.settings, self.questions = settings, questions
        self.document = Document(self)
        self.jobs = Jobs(self)
        self.recovery = Recovery(self.document, self.jobs, parent=self)
        self.opening, self.exporting = Opening(self), Exporting(self)
        self.joining = Joining(self)
        self.permission = Permission(self.document, questions, self)
        self.estimate: Estimate | None = None
        self._stamp: Stamp | None = None
        self._live = False
        self._live_asked: tuple[Any, ...] | None = None
        self._live_job: Job | None = None
        self._derived_for: tuple[Any, ...] = ()
        self._engine_is_loaded = False
        self._live_timer = _single_shot(self, _LIVE_AFTER_MS, self._fit_live)
        self._estimate_timer = _single_shot(self, _ESTIMATE_AFTER_MS, self._ask_estimate)
        self.document.changed.connect(self._changed)
        self.jobs.busy_changed.connect(self.document.set_busy)
        self.jobs.failed.connect(lambda label, text, details: notices().tell("error", text, details, label))
        self.jobs.cancelled.connect(lambda label: notices().tell("info", "cancelled", title=label))

    # Opening

    def open(self, path: Path, then: Callable[[], None] | None = None) -> None:
        """Open a recording, a project (``.glm``) or an analysis (``.toml``), after asking what becomes of unsaved changes."""
        self.opening.open(path, then)

    # Fitting

    def fit(self, then: Callable[[Result], None] | None = None) -> None:
        """Fit the analysis; the result is shown when it is there."""
        document = self.document
        if not self.can_fit or not self.permission.given():
            return
        self.set_live(False)
        analysis, recording = document.analysis, document.recording
        count = how_many(analysis.units, recording)

        def work(context: Context) -> Result:
            import glmengine

            return glmengine.run(analysis, recording, context)

        def take(result: Result) -> None:
            if document.recording is not recording:
                notices().tell("info", "the result was dropped, since another recording was opened meanwhile", title="Fit")
                return
            document.set_result(result)
            # in a turn of its own, so that drawing the result and showing its step do not add up to one long pause
            QTimer.singleShot(0, lambda: tell(result))

        def tell(result: Result) -> None:
            self.fitted.emit(result)
            if not result.converged:
                which = [str(unit) for unit in result.units if not bool(result.scores["converged"].sel(unit=unit))]
                notices().tell(
                    "warning", f"not at the optimum: {', '.join(which[:8])}{' …' if len(which) > 8 else ''}", title="Fit"
                )
            if then is not None:
                then(result)

        def failed(error: BaseException) -> None:
            self._say_where(error, analysis)

        self.submit(f"Fitting {count} unit{'s' if count != 1 else ''}", work, take, failed, key=FIT, stoppable=True)

    @property
    def can_fit(self) -> bool:
        """Whether there is a recording and a term that is in the model."""
        return self.document.recording is not None and any(term.enabled for term in self.document.analysis.terms)

    @property
    def live(self) -> bool:
        return self._live

    def set_live(self, live: bool) -> None:
        """Switch live fit on or off; off shows the result of the last fit again."""
        if live == self._live:
            return
        self._live = live
        self._live_asked = None
        if live:
            self._live_timer.start()
        else:
            self._live_timer.stop()
            if self._live_job is not None:
                self._live_job.cancel()
            self.document.set_live_result(None)
        self.live_changed.emit(live)

    def _fit_live(self) -> None:
        """Fit the selected unit at one strength without cross-validation; what was asked in the meantime is asked next, the rest dropped."""
        document = self.document
        if not (self._live and self.can_fit) or document.unit is None or self.jobs.is_pending("live"):
            return
        asked = (document.analysis, document.recording, document.unit)
        if asked == self._live_asked:
            return
        self._live_asked = asked
        analysis, recording, unit = asked
        question = live_question(analysis, unit, document.kept_result)

        def work(context: Context) -> Result:
            import glmengine

            return glmengine.run(question, recording, context)

        def take(result: Result) -> None:
            if self._live and document.recording is recording:
                document.set_live_result(result)
            self._live_timer.start()

        def failed(error: BaseException) -> None:
            self._say_where(error, analysis)
            self._live_timer.start()

        self._live_job = self.jobs.submit(f"Live fit of unit {unit}", work, take, failed, key="live", quiet=True)

    # Saving and exporting

    def save(self, then: Callable[[], None] | None = None) -> None:
        """Save the project where it was saved last; asks for a name the first time."""
        if self.document.project_path is None:
            self.save_as(then)
        else:
            self._save(self.document.project_path, then)

    def save_as(self, then: Callable[[], None] | None = None) -> None:
        recording = self.document.recording
        name = (self.document.project_path or Path(recording.name if recording is not None else "analysis")).stem
        path = self.questions.save_path("Save project", f"{self.settings.folder}/{name}.glm", "Project (*.glm)", ".glm")
        if path is not None:
            self.settings.folder = path.parent
            self._save(path, then)

    def _save(self, path: Path, then: Callable[[], None] | None) -> None:
        document = self.document
        known = self._stamp if path == document.project_path else None
        if known is not None and stamp_of(path) not in (known, None) and not self.questions.overwrite_changed(path):
            self.save_as(then)
            return
        analysis, result, recording = document.analysis, document.kept_result, document.recording

        def take(stamp: Stamp | None) -> None:
            document.mark_saved(path, analysis, result)
            self.remember_stamp(stamp)
            if not document.modified:
                self.recovery.clear()
            self.settings.add_recent(path)
            self.saved.emit(path)
            if then is not None:
                then()

        # in the middle of a fit, which may take hours, it is done between two of its steps
        self.submit(
            f"Saving {path.name}",
            lambda context: stamp_of(save_project(path, analysis, result, recording)),
            take,
            between=self.jobs.is_pending(FIT),
        )

    def remember_stamp(self, stamp: Stamp | None) -> None:
        """Keep what the project file looked like when it was last read or written here, to notice when another program writes it."""
        self._stamp = stamp

    # Ending

    def unless_fitting(self, then: Callable[[], None]) -> None:
        """Go on with `then`, at once or after giving up the fit that runs, unless the user would rather wait for it."""
        if self.jobs.is_pending(FIT):
            if not self.questions.give_up_fit(self.jobs.label_of(FIT)):
                return
            self.jobs.cancel()
        then()

    def unless_unsaved(self, then: Callable[[], None]) -> None:
        """Go on with `then`, at once or after saving, unless the user would rather stay."""
        if not self.document.modified or not (self.document.analysis.terms or self.document.kept_result):
            then()
            return
        answer = self.questions.unsaved(self.document.project_path)
        if answer == "save":
            self.save(then)
        elif answer == "discard":
            then()

    def close(self, timeout_ms: int = 3000) -> bool:
        """Cancel everything and end; False if the worker did not end in time."""
        for timer in (self._live_timer, self._estimate_timer):
            timer.stop()
        ended = self.jobs.close(timeout_ms)
        self.permission.forget()
        self.recovery.clear()
        return ended

    # Inside

    def submit(
        self,
        label: str,
        work: Callable[[Context], Any],
        take: Callable[[Any], None] | None = None,
        on_failed: Callable[[BaseException], None] | None = None,
        key: str | None = None,
        stoppable: bool = False,
        between: bool = False,
    ) -> None:
        """Hand in a job that the user asked for; `between` the steps of the one that runs where it must not wait for its end."""

        def failed(error: BaseException) -> None:
            if between:  # the jobs tell of loud ones themselves
                notices().tell("error", *described(error), label)
            if on_failed is not None:
                on_failed(error)
            self.failed.emit(label)

        self.jobs.submit(label, work, take, failed, key=key, stoppable=stoppable, quiet=between)

    def _say_where(self, error: BaseException, analysis: Analysis) -> None:
        """Show the fault beside the field that caused it, unless the analysis was edited since it was asked."""
        if isinstance(error, GlmError) and error.field and self.document.analysis is analysis:
            self.document.set_fault(error.field, error.message)

    def _changed(self, what: frozenset[str]) -> None:
        if "recording" in what and self.document.recording is not None and not self._engine_is_loaded:
            self._engine_is_loaded = True
            self.jobs.submit("Loading the engine", _load_engine, quiet=True)
        if self._live and what & {"analysis", "selection"}:
            self._live_timer.start()
        if what & {"recording", "analysis"}:
            self._estimate_timer.start()

    def _ask_estimate(self) -> None:
        analysis, recording = self.document.analysis, self.document.recording
        if recording is None:
            self._take_estimate(None)
            return
        self.jobs.submit(
            "Estimating the size of the fit",
            lambda context: estimate(analysis, recording),
            lambda found: self._take_estimate(found, (recording, analysis.derived, analysis.time.max_gap)),
            lambda error: self._take_estimate(None),
            key="estimate",
            quiet=True,
        )

    def _take_estimate(self, found: Estimate | None, derived_for: tuple[Any, ...] = ()) -> None:
        self.estimate = found
        if found is not None and derived_for[0] is self.document.recording and derived_for != self._derived_for:
            self._derived_for = derived_for
            self.document.set_effective_recording(found.recording)
        self.estimated.emit(found)


def live_question(analysis: Analysis, unit: str, result: Result | None) -> Analysis:
    """The analysis of one unit at one strength (the one that the last fit chose for it), without held-out time."""
    strengths = analysis.model.strengths
    strength = strengths[len(strengths) // 2]
    if result is not None and unit in result.units:
        chosen = float(result.scores["strength"].sel(unit=unit))
        strength = chosen if chosen in strengths else strength
    return analysis.with_(
        units=analysis.units.with_(names=(unit,)),
        model=analysis.model.with_(strengths=(strength,)),
        validation=analysis.validation.with_(folds=0),
    )


def _load_engine(context: Context) -> None:
    """Import what a fit and its saving need while nobody waits: loading JAX holds the interpreter for a fifth of a second."""
    import h5netcdf  # noqa: F401
    import scipy.stats  # noqa: F401

    from glmengine import analysis_run as running  # noqa: F401
    from glmengine.backend import jax_runtime as runtime
    from glmengine.fitting.fit import cross_validation as validation  # noqa: F401
    from glmengine.fitting.fit import fit as fitting  # noqa: F401

    runtime.prepare()


def _single_shot(parent: QObject, milliseconds: int, call: Callable[[], None]) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(call)
    return timer
