"""What a user can do with the document: open, fit, fit live, save, export. Each is a job; questions are asked through `questions`.

The window turns actions into calls of these methods, and knows nothing of the engine.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

from glmengine.analysis import Analysis, Source, Time
from glmengine.errors import GlmError
from glmgui.document import Document
from glmgui.errors import notices
from glmgui.estimate import Estimate, estimate
from glmgui.jobs import Job, Jobs
from glmgui.project_io import Leftover, Opened, Recovery, open_leftover, open_project, remove, save_project
from glmgui.settings import Settings, state_folder

if TYPE_CHECKING:
    from glmengine.assisting import Assistance
    from glmengine.context import Context
    from glmengine.recording import Recording
    from glmengine.results import Result
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
        self.estimate: Estimate | None = None
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
        path = Path(path)
        ending = path.suffix.lower()
        if ending == ".toml" and self.document.recording is not None:
            self._submit(
                f"Opening {path.name}", lambda context: Analysis.load(path), lambda analysis: self.take_analysis(analysis, path)
            )
            return
        self.unless_unsaved(lambda: self._open(path, ending, then))

    def _open(self, path: Path, ending: str, then: Callable[[], None] | None) -> None:
        self.set_live(False)
        self.settings.folder = path.parent
        if ending == ".glm":
            self._submit(
                f"Opening {path.name}", lambda context: open_project(path, context), lambda opened: self._take(opened, then)
            )
        elif ending == ".toml":
            self._submit(
                f"Opening {path.name}",
                lambda context: _analysis_and_recording(path, context),
                lambda found: self._take_pair(path, *found),
            )
        else:
            self._open_or_ask(path, lambda recording: self.take_recording(recording, path, then))

    def take_recording(self, recording: Recording, path: Path | None = None, then: Callable[[], None] | None = None) -> None:
        """Begin a new analysis of a recording."""
        self.document.open(recording, first_analysis(recording))
        for note in recording.notes:
            notices().tell("info", note, title=recording.name)
        if path is not None:
            self.settings.add_recent(path)
        self.opened.emit(path)
        if then is not None:
            then()

    def replace_recording(self, path: Path) -> None:
        """Put another recording under the same analysis."""

        def take(recording: Recording) -> None:
            self.document.set_recording(recording)
            self.document.edit(self.document.analysis.with_(recording=_source(recording)), "Replace recording")
            self.settings.add_recent(path)
            self.opened.emit(path)

        self._open_or_ask(path, take)

    def _open_or_ask(self, path: Path, take: Callable[[Recording], None]) -> None:
        """Open a recording; of a file without a standard, ask first what its arrays are."""

        def found(answer: Recording | Assistance) -> None:
            from glmengine.assisting import Assistance

            if isinstance(answer, Assistance):
                self._ask_recipe(answer, answer.recipe, "", take)
            else:
                take(answer)

        self._submit(f"Opening {path.name}", lambda context: _open_or_assist(path, context), found)

    def _ask_recipe(self, assistance: Assistance, text: str, fault: str, take: Callable[[Recording], None]) -> None:
        """Ask for a recipe and open the file with it; what is wrong with it is shown in the same place."""
        text = self.questions.recipe(assistance, text, fault)
        if text is None:
            return
        label = f"Opening {assistance.path.name}"

        def failed(error: Exception) -> None:
            if isinstance(error, GlmError):
                self._ask_recipe(assistance, text, str(error), take)
            else:
                self.failed.emit(label)

        self.jobs.submit(label, lambda context: _open_with(assistance, text, context), take, failed)

    def take_analysis(self, analysis: Analysis, path: Path | None = None) -> None:
        """Put another analysis to the recording that is open, as one edit."""
        recording = self.document.recording
        if recording is not None:
            analysis = analysis.with_(recording=_source(recording))
        self.document.edit(analysis, f"Open {path.name}" if path else "Use template")
        if path is not None:
            self.settings.add_recent(path)

    def _take_pair(self, path: Path, analysis: Analysis, recording: Recording | None) -> None:
        self.document.open(recording, analysis, saved=False)
        self.settings.add_recent(path)
        self.opened.emit(path)
        if recording is None:
            notices().tell("warning", "the analysis names no recording that can be found; open one with Ctrl+O", title=path.name)

    def _take(self, opened: Opened, then: Callable[[], None] | None = None) -> None:
        """Show an opened project; asks for its recording where that is missing or another one."""
        if opened.recording is None and opened.reference.path is not None:
            place = self.questions.locate(opened.reference.path, opened.reference.name)
            if place is not None:
                self._locate(opened, place, then)
                return
        elif opened.differs and not self.questions.use_other_recording(opened.recording.path, opened.reference.name):
            place = self.questions.locate(opened.reference.path, opened.reference.name)
            if place is not None:
                self._locate(opened, place, then)
                return
            opened = Opened(opened.path, opened.analysis, opened.result, None, opened.reference)
        self.document.open(opened.recording, opened.analysis, opened.result, opened.path)
        self.settings.add_recent(opened.path)
        self.opened.emit(opened.path)
        if then is not None:
            then()

    def _locate(self, opened: Opened, place: Path, then: Callable[[], None] | None) -> None:
        def again(context: Context) -> Opened:
            return open_project(opened.path, context, place)

        self._submit(f"Opening {place.name}", again, lambda found: self._take(found, then))

    def open_sample(self, name: str | None = None, then: Callable[[], None] | None = None) -> None:
        """Simulate a sample session, keep it as a file so that a project can find it again, and open it with its analysis."""
        self.unless_unsaved(lambda: self._open_sample(name, then))

    def _open_sample(self, name: str | None, then: Callable[[], None] | None) -> None:
        self.set_live(False)

        def take(made: tuple[Recording, Analysis]) -> None:
            recording, analysis = made
            self.document.open(recording, analysis.with_(recording=_source(recording)))
            self.opened.emit(recording.path)
            if then is not None:
                then()

        self._submit("Simulating the sample session", lambda context: make_sample(name, context), take)

    # Fitting

    def fit(self, then: Callable[[Result], None] | None = None) -> None:
        """Fit the analysis; the result is shown when it is there."""
        document = self.document
        if not self.can_fit:
            return
        self.set_live(False)
        analysis, recording = document.analysis, document.recording
        count = len(analysis.units.names) or len(recording.unit_names)

        def work(context: Context) -> Result:
            import glmengine

            return glmengine.run(analysis, recording, context)

        def take(result: Result) -> None:
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

        self._submit(f"Fitting {count} unit{'s' if count != 1 else ''}", work, take, key=FIT, stoppable=True)

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

        def failed(error: Exception) -> None:
            self._say_where(error)
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
        analysis, result, recording = document.analysis, document.kept_result, document.recording

        def take(_: object) -> None:
            document.mark_saved(path, analysis, result)
            if not document.modified:
                self.recovery.clear()
            self.settings.add_recent(path)
            self.saved.emit(path)
            if then is not None:
                then()

        self._submit(f"Saving {path.name}", lambda context: save_project(path, analysis, result, recording), take)

    def save_analysis(self) -> None:
        """Save the analysis alone, as a file that the command line runs."""
        analysis = self.document.analysis
        name = analysis.title or "analysis"
        path = self.questions.save_path("Save analysis", f"{self.settings.folder}/{name}.toml", "Analysis (*.toml)", ".toml")
        if path is not None:
            self._export(path, lambda context: analysis.save(path))

    def export_coefficients(self, path: Path | None = None) -> None:
        """Save coefficients and errors: as CSV, or everything as NetCDF."""
        result = self.document.result
        if result is None:
            return
        name = f"{self.settings.folder}/coefficients.csv"
        path = path or self.questions.save_path("Export coefficients", name, "CSV (*.csv);;NetCDF, everything (*.nc)", ".csv")
        if path is not None:
            self._export(path, lambda context: write_coefficients(result, path))

    def export_scores(self, path: Path | None = None) -> None:
        """Save the table of scores as CSV."""
        result = self.document.result
        if result is None:
            return
        path = path or self.questions.save_path("Export scores", f"{self.settings.folder}/scores.csv", "CSV (*.csv)", ".csv")
        if path is not None:
            self._export(path, lambda context: write_scores(result, path))

    def export_all(self, folder: Path | None = None) -> None:
        """Write everything that the command line writes into a folder."""
        result, recording = self.document.result, self.document.recording
        if result is None:
            return
        folder = folder or self.questions.folder("Export everything to a folder", self.settings.folder)
        if folder is None:
            return

        def write(context: Context) -> None:
            from glmengine.export import write_outputs

            write_outputs(result, folder, recording, context=context)

        self._export(folder, write)

    def save_recording(self, ending: str, path: Path | None = None) -> None:
        """Save the recording as NWB (``".nwb"``) or as a folder of pynapple npz files (``""``)."""
        recording = self.document.recording
        if recording is None:
            return
        title, kinds, name = (
            ("Save recording as NWB", "NWB (*.nwb)", f"{recording.name}-copy.nwb")
            if ending
            else ("Save recording as a new folder of npz files", "Folder (*)", f"{recording.name}-npz")
        )
        path = path or self.questions.save_path(title, f"{self.settings.folder}/{name}", kinds, ending)
        if path is None:
            return

        def write(context: Context) -> None:
            from glmengine.export.recordings import save_recording

            save_recording(recording, path, context=context)

        self._export(path, write)

    def export_nwb(self, path: Path | None = None) -> None:
        """Save a copy of the recording as NWB with the results in it."""
        result, recording = self.document.result, self.document.recording
        if result is None or recording is None:
            return
        name = f"{self.settings.folder}/{recording.name}-fitted.nwb"
        path = path or self.questions.save_path("Export results into a copy of the NWB file", name, "NWB (*.nwb)", ".nwb")
        if path is None:
            return

        def write(context: Context) -> None:
            from glmengine.export.nwb_results import write_results_nwb

            write_results_nwb(result, recording, path)

        self._export(path, write)

    def _export(self, path: Path, write: Callable[[Context], Any]) -> None:
        def take(_: object) -> None:
            notices().tell("info", f"written to {path}", title="Export")
            self.exported.emit(path)

        self._submit(f"Writing {path.name}", write, take)

    # Ending

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

    def recover(self, leftover: Leftover) -> None:
        """Open what a dead session left; it counts as unsaved."""

        def take(opened: Opened) -> None:
            project = Path(leftover.project_path) if leftover.project_path else None
            if opened.recording is None and opened.reference.path is not None:
                notices().tell(
                    "warning", f"the recording {opened.reference.path} was not found; open it with Ctrl+O", title=leftover.title
                )
            self.document.open(opened.recording, opened.analysis, opened.result, project, saved=False)
            self.recovery.keep()
            remove(leftover.stem)
            self.opened.emit(project)

        self._submit(f"Recovering {leftover.title}", lambda context: open_leftover(leftover, context), take)

    def close(self, timeout_ms: int = 3000) -> bool:
        """Cancel everything and end; False if the worker did not end in time."""
        for timer in (self._live_timer, self._estimate_timer):
            timer.stop()
        ended = self.jobs.close(timeout_ms)
        self.recovery.clear()
        return ended

    # Inside

    def _submit(
        self,
        label: str,
        work: Callable[[Context], Any],
        take: Callable[[Any], None] | None = None,
        key: str | None = None,
        stoppable: bool = False,
    ) -> None:
        def failed(error: Exception) -> None:
            self._say_where(error)
            self.failed.emit(label)

        self.jobs.submit(label, work, take, failed, key=key, stoppable=stoppable)

    def _say_where(self, error: Exception) -> None:
        if isinstance(error, GlmError) and error.field:
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


def first_analysis(recording: Recording) -> Analysis:
    """What a recording begins with: no terms, and bins that its counts, where it has them, can be put into."""
    time = Time()
    if recording.counts is not None:
        from glmengine.timegrid import own_bin

        own = own_bin(recording)
        times = time.bin_size / own if own > 0 else 1.0  # NaN has no order
        if round(times) < 1 or abs(times - round(times)) > 1e-6:
            time = Time(bin_size=min(own, 10.0))
    return Analysis(recording=_source(recording), time=time)


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


def make_sample(name: str | None, context: Context) -> tuple[Recording, Analysis]:
    """Simulate a sample, write it as NWB beside the program's own files, and open that file; runs in the worker."""
    from glmengine import simulate
    from glmengine.export.nwb import write_nwb
    from glmengine.opening import open_recording

    name = name or simulate.DEMO
    recording = simulate.sample(name)
    context.check()
    path = state_folder() / "samples" / f"{name}.nwb"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_nwb(recording, path)
        recording = open_recording(path)
    except (OSError, GlmError) as error:
        notices().tell(
            "warning", f"the sample is not kept as a file ({error}); a project with it cannot be opened again", title="Sample"
        )
    return recording, simulate.sample_analysis(name)


def write_coefficients(result: Result, path: Path) -> None:
    """Coefficients and errors as CSV, or, where the name ends so, the whole result as NetCDF; runs in the worker."""
    from glmengine.export.tables import coefficients_csv
    from glmengine.files import write_whole

    if path.suffix.lower() == ".nc":
        result.save(path)
    else:
        write_whole(path, coefficients_csv(result).encode("utf-8"))


def write_scores(result: Result, path: Path) -> None:
    """The table of scores as CSV; runs in the worker."""
    from glmengine.export.tables import scores_csv
    from glmengine.files import write_whole

    write_whole(path, scores_csv(result).encode("utf-8"))


def _open_recording(path: Path, context: Context) -> Recording:
    from glmengine.assisting import remembered_recipe
    from glmengine.opening import open_recording

    return open_recording(path, remembered_recipe(path), context=context)


def _open_or_assist(path: Path, context: Context) -> Recording | Assistance:
    """The recording, or what the user needs to see to say what the arrays of the file are."""
    from glmengine.assisting import assist
    from glmengine.opening import open_recording

    return assist(path) or open_recording(path, context=context)


def _open_with(assistance: Assistance, text: str, context: Context) -> Recording:
    """Open with a recipe, which is kept for the next file of the same shape."""
    from glmengine.assisting import remember
    from glmengine.opening import open_recording
    from glmengine.recipes import Recipe

    recording = open_recording(assistance.path, Recipe.from_toml(text), context=context)
    remember(text, assistance.signature)
    return recording


def _load_engine(context: Context) -> None:
    """Import what a fit and its saving need while nobody waits: loading JAX holds the interpreter for a fifth of a second."""
    import h5netcdf  # noqa: F401
    import scipy.stats  # noqa: F401

    from glmengine import fitting, running, runtime, validation  # noqa: F401

    runtime.prepare()


def _analysis_and_recording(path: Path, context: Context) -> tuple[Analysis, Recording | None]:
    """An analysis file and the recording that it names, if that is there."""
    analysis = Analysis.load(path)
    named = Path(analysis.recording.path)
    place = named if named.is_absolute() else path.parent / named
    if not analysis.recording.path or not place.exists():
        return analysis, None
    return analysis, _open_recording(place, context)


def _source(recording: Recording) -> Source:
    return Source(path=str(recording.path or ""), sha256=recording.sha256)


def _single_shot(parent: QObject, milliseconds: int, call: Callable[[], None]) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(call)
    return timer
