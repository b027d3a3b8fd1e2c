"""Checks of the fit that is shown: goodness of fit, surrogates, tests and bands, decoding; each in the worker, and kept with the result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from qtpy.QtCore import QObject, Signal

from glmengine.analysis.remedies import Remedy, remedied
from glmengine.errors import GlmError
from glmengine.sentences import numbered
from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.notices import notices
from glmgui.settings import Settings
from glmgui.work.opening import Opening
from glmgui.work.permission import Permission
from glmgui.work.questions import Questions
from glmgui.worker import Job

if TYPE_CHECKING:
    from glmengine.context import Context
    from glmengine.goodness.goodness import Goodness
    from glmengine.results.result import Result
    from glmengine.simulation.comparison import SurrogateComparison
    from glmengine.simulation.surrogates import Surrogates

Kind = Literal["goodness", "simulation", "tests", "bands", "decoding"]
KINDS: tuple[Kind, ...] = ("goodness", "simulation", "tests", "bands", "decoding")
KEEP = "checks-keep"

_CLOSED = "The recording is not open, and a check compares the fit with it. Open it with Ctrl+O."
_OTHER = "The recording that is open is not the one that was fitted. Fit again (Ctrl+R), or open that recording."
_CLASSES = "A family of classes has no rate that could be checked, simulated or decoded; the results page has its scores."


@dataclass
class _State:
    """Where one kind of check stands for the fit that is shown."""

    jobs: list[Job] = field(default_factory=list)
    error: str = ""
    given_up: bool = False


class Checks(QObject):
    """Asks the engine for checks of the result that the document keeps.

    Signals
    -------
    changed : str
        The kind of which something was begun, found, refused or given up.
    """

    changed = Signal(str)

    def __init__(
        self,
        document: Document,
        jobs: Jobs,
        settings: Settings,
        questions: Questions,
        permission: Permission,
        opening: Opening,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document, self._jobs, self._settings = document, jobs, settings
        self._questions, self._permission, self._opening = questions, permission, opening
        self._fit: object | None = None  # the coefficients that the checks are of
        self._states = {kind: _State() for kind in KINDS}
        self._found: dict[bool, Goodness] = {}
        self._first: dict[bool, Goodness] = {}
        self.surrogates: Surrogates | None = None
        document.changed.connect(self._changed)

    # Where things stand

    @property
    def result(self) -> Result | None:
        """What is checked: the result of the last fit, whatever a live fit shows."""
        return self._document.kept_result

    @property
    def why_not(self) -> str:
        """Why no check can be made now, in a sentence; empty where one can."""
        result, recording = self.result, self._document.recording
        if result is None or recording is None:
            return _CLOSED
        if not result.is_of(recording):
            return _OTHER
        return "" if result.has_rates else _CLASSES

    def job_of(self, kind: Kind) -> Job | None:
        """The job that is at work, or next, for a kind of check."""
        return next(iter(self._states[kind].jobs), None)

    def error(self, kind: Kind) -> str:
        """Why the last check of this kind was refused; empty where it was not."""
        return self._states[kind].error

    def was_given_up(self, kind: Kind) -> bool:
        """Whether the last check of this kind was cancelled."""
        return self._states[kind].given_up

    def goodness(self, held_out: bool) -> Goodness | None:
        """What is known of all units, on the time that was fitted or on held-out time."""
        return self._found.get(held_out)

    def goodness_of(self, unit: str, held_out: bool) -> Goodness | None:
        """What is known with this unit in it: of all units, else of those that were checked first."""
        for found in (self._found.get(held_out), self._first.get(held_out)):
            if found is not None and unit in found.units:
                return found
        return None

    # What can be asked

    def check(self, held_out: bool, first: str | None) -> None:
        """Check all units, the selected one before the others."""
        result, recording = self.result, self._document.recording
        if not self._can_begin("goodness"):
            return
        if first in result.units and len(result.units) > 1 and not held_out:  # the fits of the folds are of all units anyway
            self._begin(
                "goodness",
                f"Checking unit {first}",
                lambda context: result.goodness(recording, [first], context=context),
                self._take_first,
            )
        said = " on held-out time" if held_out else ""
        self._begin(
            "goodness",
            f"Checking {numbered(len(result.units), 'unit')}{said}",
            lambda context: result.goodness(recording, held_out=held_out, context=context),
            self._take_goodness,
        )

    def _take_first(self, found: Goodness) -> None:
        self._first[found.held_out] = found

    def _take_goodness(self, found: Goodness) -> None:
        self._found[found.held_out] = found
        self._keep(lambda result: result.with_goodness(found))

    def simulate(self, repeats: int, seed: int | None, epochs: str | None, event: str) -> None:
        """Draw surrogates of the model and set them beside the data."""
        result, recording = self.result, self._document.recording
        if not self._can_begin("simulation"):
            return

        def work(context: Context) -> tuple[Surrogates, SurrogateComparison | GlmError]:
            from glmengine.results.recording_methods import simulated_as_asked
            from glmengine.simulation.comparison import compare_surrogates

            made = result.simulate(recording, repeats, seed, epochs=epochs, context=context.part(0.0, 0.7))
            try:
                compared = compare_surrogates(made, event, context=context.part(0.7, 1.0))
            except GlmError as error:  # where every repeat ran away, that is what there is to say
                return made, error
            asked = {"repeats": made.repeats, "seed": seed, "event": event, "epochs": epochs}
            return made, simulated_as_asked(compared, **asked)

        def take(found: tuple[Surrogates, SurrogateComparison | GlmError]) -> None:
            self.surrogates, compared = found
            if isinstance(compared, GlmError):  # that all ran away is said where those that ran away are named
                self._states["simulation"].error = "" if self.surrogates.ran_away.all() else str(compared)
            else:
                self._keep(lambda result: result.with_simulated(compared))

        self._begin("simulation", f"Simulating {numbered(repeats, 'repeat')}", work, take, stoppable=True)

    def shift_test(self, shifts: int, scheme: str) -> None:
        """Test every term that can be, against counts that are shifted in time."""
        result, recording = self.result, self._document.recording
        if self._can_begin("tests"):
            self._begin(
                "tests",
                f"Testing the terms of {numbered(len(result.units), 'unit')}",
                lambda context: result.shift_test(recording, shifts=shifts, scheme=scheme, context=context),
                lambda found: self._keep(lambda result: result.with_shift_test(found)),
                stoppable=True,
            )

    def bootstrap(self, draws: int, block: float | None, trials: str) -> None:
        """Bands of curves and filters from stretches of time drawn again."""
        result, recording = self.result, self._document.recording
        if self._can_begin("bands"):
            self._begin(
                "bands",
                f"Drawing {numbered(draws, 'bootstrap sample')}",
                lambda context: result.bootstrap(recording, draws, block=block, trials=trials, context=context),
                lambda found: self._keep(lambda result: result.with_bootstrap(found)),
                stoppable=True,
            )

    def decode(self, variables: Sequence[str], *, prior: str, smoothing: str | None, window: float, held_out: bool) -> None:
        """Decode covariates from the activity of all units."""
        result, recording = self.result, self._document.recording
        options = {"prior": prior, "smoothing": smoothing, "window": window, "held_out": held_out}
        if self._can_begin("decoding"):
            self._begin(
                "decoding",
                f"Decoding {' and '.join(variables)}",
                lambda context: result.decode(recording, tuple(variables), **options, context=context),
                lambda found: self._keep(lambda result: result.with_decoded(found)),
            )

    def stop_and_keep(self, kind: Kind) -> None:
        """End a check early with what it has."""
        for job in self._states[kind].jobs:
            job.stop_and_keep()

    def give_up(self, kind: Kind) -> None:
        """Cancel the checks of a kind, running or waiting."""
        for job in self._states[kind].jobs:
            job.cancel()

    # What is done with what was found

    def mend(self, remedy: Remedy) -> bool:
        """Put a remedy into the analysis, as one step of undo; False where it is in it already, or cannot be."""
        document = self._document
        if document.effective_recording is None:
            return False
        try:
            mended = remedied(remedy, document.analysis, document.effective_recording)
        except GlmError as error:
            notices().tell("warning", error.message, title=remedy.said)
            return False
        if mended == document.analysis:
            notices().tell("info", "the model has it already; fit again (Ctrl+R) to see what it does", title=remedy.said)
            return False
        document.end_merging()
        document.edit(mended, remedy.said)
        return True

    def save_surrogates(self, path: Path | None = None) -> None:
        """Write all repeats as NWB, where the user says."""
        self._write_surrogates(path, None, None)

    def open_surrogates(self, path: Path | None = None) -> None:
        """Write the first repeat as NWB, where the user says, and open it in the place of the recording."""
        self._write_surrogates(path, 0, self._opening.open)

    def _write_surrogates(self, path: Path | None, repeat: int | None, then: Callable[[Path], None] | None) -> None:
        made = self.surrogates
        if made is None:
            return
        name = f"{self._settings.save_folder}/{made.recording.name}-simulated.nwb"
        path = path or self._questions.save_path("Save what was simulated as NWB", name, "NWB (*.nwb)", ".nwb")
        if path is None:
            return
        self._settings.save_folder = path.parent

        def write(context: Context) -> None:
            from glmengine.export.nwb import write_nwb
            from glmengine.simulation.as_recording import surrogate_recording

            write_nwb(surrogate_recording(made, repeat), path)

        def take(_: object) -> None:
            notices().tell("info", f"written to {path}", title="Simulation", written=path)
            if then is not None:
                then(path)

        self._jobs.submit(f"Writing {path.name}", write, take)

    # Inside

    def _can_begin(self, kind: Kind) -> bool:
        """Ready to begin: what was asked before is not wanted any more."""
        if self.why_not or not self._permission.given():
            return False
        self._forget(kind)
        return True

    def _forget(self, kind: Kind) -> None:
        for job in self._states[kind].jobs:
            self._jobs.drop(job.key)
        self._states[kind] = _State()

    def _begin(
        self,
        kind: Kind,
        label: str,
        work: Callable[[Context], Any],
        take: Callable[[Any], None],
        *,
        stoppable: bool = False,
    ) -> None:
        state = self._states[kind]

        def done(found: Any) -> None:
            take(found)
            ended()

        def failed(error: BaseException) -> None:
            state.error = str(error)
            for other in state.jobs:
                other.cancel()
            ended()

        def given_up() -> None:
            state.given_up = True
            ended()

        def ended() -> None:
            if made in state.jobs:
                state.jobs.remove(made)
            if state is self._states[kind]:
                self.changed.emit(kind)

        key = (kind, len(state.jobs))
        made = self._jobs.submit(label, work, done, failed, key=key, stoppable=stoppable, on_given_up=given_up)
        state.jobs.append(made)
        self.changed.emit(kind)

    def _keep(self, extended: Callable[[Result], Result]) -> None:
        """Show the result with what was found, and write it into the file of its fit."""
        document, fit = self._document, self._document.shown_fit
        if self.result is None:
            return
        result = extended(self.result)
        document.extend_result(result)
        if fit is not None and fit.file is not None:
            self._jobs.submit("Keeping the checks", lambda context: result.save(fit.file), None, _not_kept, key=KEEP, quiet=True)

    def _changed(self, what: frozenset[str]) -> None:
        result = self.result
        fit = None if result is None else result.coefficients
        if fit is not self._fit:
            self._fit = fit
            for kind in KINDS:
                self._forget(kind)
            self._found, self._first, self.surrogates = {}, {}, None
            kept = None if result is None else result.goodness_of_fit
            if kept is not None:
                (self._found if set(kept.units) == set(result.units) else self._first)[kept.held_out] = kept


def _not_kept(error: BaseException) -> None:
    notices().tell("warning", f"the check is shown but not kept with the fit: {error}", title="Checks")
