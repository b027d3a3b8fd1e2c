"""The analysis of the document put to many recordings: which, what each lacks, and what became of each."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from glmengine.analysis.analysis import Source
from glmengine.errors import GlmError
from glmengine.sentences import of_all
from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.notices import notices
from glmgui.settings import Settings
from glmgui.work.opening import Opening
from glmgui.work.permission import Permission
from glmgui.work.questions import Questions
from glmgui.worker import Job

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.batch.one_recording import Outcome
    from glmengine.batch.preview import Preview
    from glmengine.context import Context
    from glmengine.io.recipe.recipe import Recipe
    from glmengine.recording.recording import Recording

log = logging.getLogger(__name__)

BATCH, LOOK, GROUPS = "batch", "batch-look", "batch-groups"
GroupRows = tuple[tuple[str, ...], tuple[tuple[object, ...], ...]]


@dataclass(frozen=True)
class Entry:
    """A recording of the list: where it is, what it lacks, and what became of it."""

    path: Path
    preview: Preview | None = None
    outcome: Outcome | None = None
    running: bool = False
    recipe: Recipe | None = None  # of its own; else that of files with the same arrays, or of the recording that is open

    @property
    def state(self) -> str:
        """In a word or two."""
        if self.outcome is not None:
            return "failed" if self.outcome.summary is None else "done before" if self.outcome.done_before else "done"
        if self.running:
            return "not finished yet"
        if self.preview is None:
            return "not looked at"
        if not self.preview.opened:
            return "cannot be read"
        return "ready" if self.preview.ready else "lacks something"

    @property
    def reason(self) -> str:
        """What it lacks, or why it failed."""
        if self.outcome is not None:
            return self.outcome.reason
        return " ".join(self.preview.lacks) if self.preview is not None else ""


class ManyRecordings(QObject):
    """The list of recordings, and the run over them.

    Signals
    -------
    changed
        An entry, the folder, or whether it runs is another one.
    """

    changed = Signal()
    _previewed = Signal(object)  # from the worker
    _came = Signal(int, object)

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
        self._document, self._jobs, self._settings, self._questions = document, jobs, settings, questions
        self._permission, self._opening = permission, opening
        self.entries: tuple[Entry, ...] = ()
        self.folder: Path | None = None
        self._asked: Analysis | None = None  # of the outcomes that are shown
        self._looked: Analysis | None = None  # of the previews
        self._job: Job | None = None
        self._stopped, self._run = False, 0
        self.fault = ""
        self._previewed.connect(self._take_preview)
        self._came.connect(self._take_outcome)
        jobs.cancelled.connect(self._cancelled)

    # The list

    def add(self, paths: Iterable[Path]) -> None:
        """Put recordings at the end of the list, those of a folder of recordings one by one; one that is there already is not added."""
        asked = list(paths)

        def take(found: list[Path]) -> None:
            known = {entry.path for entry in self.entries}
            new = [path for path in dict.fromkeys(found) if path not in known]
            if not found:
                notices().tell("warning", f"no recording was found in {', '.join(map(str, asked))}", title="Batch")
            if new and not self.running:
                self.entries = (*self.entries, *(Entry(path) for path in new))
                self.look()

        # a folder on a network share may be slow
        self._jobs.submit("Looking for recordings", lambda context: _resolved(asked, context), take, quiet=True)

    def remove(self, paths: Iterable[Path]) -> None:
        gone = set(paths)
        if not self.running:
            self.entries = tuple(entry for entry in self.entries if entry.path not in gone)
            self.changed.emit()

    def ask_files(self) -> None:
        """Ask for recordings to add."""
        paths = self._questions.open_paths(self._settings.folder, "Add recordings")
        if paths:
            self._settings.folder = paths[0].parent
            self.add(paths)

    def ask_folder(self) -> None:
        """Ask for a folder whose recordings are added."""
        path = self._questions.folder("Add the recordings of a folder", self._settings.folder)
        if path is not None:
            self._settings.folder = path
            self.add([path])

    def ask_destination(self) -> None:
        """Ask where the results are to go."""
        path = self._questions.folder("Folder for the results", str(self.folder or self._settings.save_folder))
        if path is not None:
            self.folder = self._settings.save_folder = path
            self.changed.emit()

    def look(self) -> None:
        """Look, in the worker, for what each recording lacks that has not been looked at for this analysis."""
        analysis = self._looked = self.question
        waiting = [entry for entry in self.entries if entry.preview is None and entry.outcome is None]
        recipe = self._document.analysis.recording.recipe
        self.changed.emit()
        if not waiting or self.running:
            return

        def work(context: Context) -> None:
            from glmengine.batch.preview import preview_batch

            recipes = [recipe_of(entry, recipe) for entry in waiting]
            places = [str(entry.path) for entry in waiting]
            preview_batch(analysis, places, recipes=recipes, report=self._previewed.emit, context=context)

        self._jobs.submit("Looking at the recordings", work, lambda _: self.changed.emit(), key=LOOK, quiet=True)

    def look_again(self) -> None:
        """The same with everything that was found forgotten, as another analysis asks for."""
        if not self.running:
            self.entries = tuple(replace(entry, preview=None, outcome=None) for entry in self.entries)
            self._asked = None
            self.look()

    def ask_recipe(self, paths: Sequence[Path]) -> None:
        """Ask what the arrays of the first of these recordings are, and read all of them so."""
        asked = tuple(paths)

        def take(recording: Recording) -> None:
            from glmengine.io.recipe.recipe import Recipe

            given = recording.source.get("recipe")
            if given is None:
                notices().tell("info", f"{asked[0].name} says itself what is in it; it needs no recipe", title="Batch")
                return
            recipe = Recipe.parse(dict(given), recording.name)
            self.entries = tuple(
                replace(entry, recipe=recipe, preview=None, outcome=None) if entry.path in asked else entry
                for entry in self.entries
            )
            self.look()

        if asked and not self.running:
            self._opening.open_or_ask(asked[0], take)

    def as_kept(self) -> dict[str, Any]:
        """The list in a form that recovery files take; empty without recordings."""
        if not self.entries:
            return {}
        recordings = [
            {"path": str(entry.path), **({"recipe": entry.recipe.to_dict()} if entry.recipe is not None else {})}
            for entry in self.entries
        ]
        return {"folder": str(self.folder or ""), "recordings": recordings}

    def take_kept(self, kept: Mapping[str, Any]) -> None:
        """Put the list of a session that was recovered, as `as_kept` gave it, before what is there."""
        from glmengine.io.recipe.recipe import Recipe

        entries = []
        try:
            for one in kept.get("recordings", ()):
                recipe = Recipe.parse(dict(one["recipe"]), str(one["path"])) if "recipe" in one else None
                entries.append(Entry(Path(one["path"]), recipe=recipe))
        except (GlmError, KeyError, TypeError, ValueError) as error:
            log.warning("The recovered session comes without its list of recordings: %s", error)
            return
        if entries and not self.running:
            self.folder = self.folder or (Path(kept["folder"]) if kept.get("folder") else None)
            known = {entry.path for entry in entries}
            self.entries = (*entries, *(entry for entry in self.entries if entry.path not in known))
            self.look()

    # The run

    @property
    def question(self) -> Analysis:
        """The analysis of the document, without its own recording."""
        return _without_recording(self._document.analysis)

    @property
    def running(self) -> bool:
        return self._job is not None

    @property
    def looking(self) -> bool:
        """Whether recordings are being looked at."""
        return self._jobs.is_pending(LOOK)

    @property
    def is_stale(self) -> bool:
        """Whether the outcomes that are shown answer an earlier question."""
        return self._asked is not None and self._asked != self.question

    @property
    def look_is_stale(self) -> bool:
        """Whether the recordings were looked at for an earlier question."""
        return self._looked is not None and self._looked != self.question

    @property
    def can_start(self) -> bool:
        has_terms = any(term.enabled for term in self._document.analysis.terms)
        return bool(self.entries) and has_terms and not self.running

    def start(self, workers: int, *, figures: bool = True, scheduler: str = "") -> None:
        """Fit all recordings of the list, by processes of this machine or, where a Dask scheduler is named, its workers; those that were done
        before with the same question are kept. Asks where the results are to go where that was not said."""
        if not self.can_start or not self._permission.given():
            return
        if self.folder is None:
            self.ask_destination()
        if self.folder is None:
            return
        analysis, folder, recipe = self.question, self.folder, self._document.analysis.recording.recipe
        entries = self.entries
        self._jobs.drop(LOOK)
        self._asked, self.fault, self._stopped = analysis, "", False
        self._run += 1
        run = self._run
        self.entries = tuple(replace(entry, outcome=None, running=True) for entry in self.entries)

        def work(context: Context) -> None:
            from glmengine.batch.many_recordings import run_batch

            run_batch(
                analysis,
                [str(entry.path) for entry in entries],
                folder,
                recipes=[recipe_of(entry, recipe) for entry in entries],
                figures=figures,
                workers=workers,
                scheduler=scheduler or None,
                report=lambda outcome: self._came.emit(run, replace(outcome, result=None)),
                context=context,
            )

        self._job = self._jobs.submit(
            f"Fitting {len(entries)} recordings", work, lambda _: self._end(""), self._failed, key=BATCH, stoppable=True
        )
        self.changed.emit()

    def stop(self) -> None:
        """Give up those that are not done; what is done stays, and `start` goes on there."""
        if self._job is not None:
            self._stopped = True
            self._job.cancel()
            self.changed.emit()

    @property
    def stopping(self) -> bool:
        return self.running and self._stopped

    def _cancelled(self, label: str) -> None:
        """A job that is given up delivers nothing but this word."""
        if self._job is not None and self._job.label == label and self._job.cancelled.is_set():
            self._end("")

    def _failed(self, error: BaseException) -> None:
        self._end(error.message if isinstance(error, GlmError) else str(error))

    def _end(self, fault: str) -> None:
        self._job, self.fault = None, fault
        self.entries = tuple(replace(entry, running=False) for entry in self.entries)
        self.changed.emit()
        done = sum(entry.outcome is not None and entry.outcome.summary is not None for entry in self.entries)
        failed = sum(entry.outcome is not None and entry.outcome.summary is None for entry in self.entries)
        text = f"{of_all(done, len(self.entries), 'recordings')} done" + (f", {failed} failed" if failed else "")
        notices().tell("warning" if failed else "info", text, title="Batch")

    def _take_preview(self, found: Preview) -> None:
        self._replace(found.recording, preview=found)

    def _take_outcome(self, run: int, outcome: Outcome) -> None:
        if run == self._run:  # one that was given up may end a recording after the next was asked for
            self._replace(outcome.recording, outcome=outcome, running=False)

    def _replace(self, recording: str, **parts: object) -> None:
        path = Path(recording)
        self.entries = tuple(replace(entry, **parts) if entry.path == path else entry for entry in self.entries)
        self.changed.emit()

    # The results

    @property
    def done(self) -> tuple[Outcome, ...]:
        """Of the recordings that could be fitted."""
        return tuple(entry.outcome for entry in self.entries if entry.outcome is not None and entry.outcome.summary is not None)

    def sum_up(self, by: tuple[str, ...], take: Callable[[GroupRows], None]) -> None:
        """Sum up the scores of all recordings by columns of the units, in the worker; by group they are written as groups.csv too."""
        done, folder = self.done, self.folder

        def work(context: Context) -> GroupRows:
            from glmengine.batch.tables import group_rows, write_groups

            if by and folder is not None:
                write_groups(folder, done, by)
            rows = group_rows([(outcome.recording, outcome.summary) for outcome in done], by)
            return by, tuple(tuple(one) for one in rows)

        self._jobs.submit("Scores of all recordings", work, take, key=GROUPS, quiet=True)

    def open(self, path: Path) -> None:
        """Show the result of a recording of the list in the window, with the recording."""
        entry = next((entry for entry in self.entries if entry.path == path), None)
        if entry is not None and entry.outcome is not None and entry.outcome.summary is not None:
            self._opening.saved.open_result(entry.outcome.folder / "result.nc", path)


def group_columns(done: Sequence[Outcome]) -> list[str]:
    """Columns of texts of the units by which scores can be summed up."""
    return list(dict.fromkeys(name for outcome in done for name in outcome.summary.about))


def recipe_of(entry: Entry, recipe: Recipe | None) -> Recipe | None:
    """How a recording is read: as it was said of it, else as a file with the same arrays was, else as the recording that is open (`recipe`)."""
    from glmengine.io.opened_sessions import where_needed
    from glmengine.io.remembered_recipes import remembered_recipe

    if entry.recipe is not None:
        return entry.recipe
    try:
        remembered = remembered_recipe(entry.path)
    except (GlmError, OSError):  # said when it is opened
        remembered = None
    return remembered or where_needed(entry.path, recipe)


def _without_recording(analysis: Analysis) -> Analysis:
    return analysis.with_(recording=Source(), more_recordings=())


def _resolved(paths: Iterable[Path], context: Context) -> list[Path]:
    """Recordings; of a folder that is none by itself those in it."""
    found: list[Path] = []
    for path in paths:
        path = Path(path).expanduser().absolute()
        context.check()
        found += recordings_in(path) if path.is_dir() else [path]
    return found


def recordings_in(folder: Path) -> list[Path]:
    """The folder where it is a recording by itself, else the recordings in it, by name."""
    from glmengine.io.recognition import recognise

    def is_one(path: Path) -> bool:
        try:
            recognise(path)
        except (GlmError, OSError):
            return False
        return True

    if is_one(folder):
        return [folder]
    return [path for path in sorted(folder.iterdir()) if not path.name.startswith(".") and is_one(path)]
