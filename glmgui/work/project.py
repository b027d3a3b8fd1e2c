"""A project and its recording, read and written in the worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from glmengine.context import SILENT, Context

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.answers.kept_answers import KeptAnswers
    from glmengine.project.recording_reference import RecordingReference
    from glmengine.recording.recording import Recording
    from glmengine.results.kept_fits import KeptFit
    from glmengine.results.result import Result


@dataclass(frozen=True, eq=False)
class Opened:
    """What opening a project gave.

    Attributes
    ----------
    path : Path
        The project file.
    recording : Recording or None
        None where it was not found.
    reference : RecordingReference
        Where the project says that its recording is.
    differs : bool
        The file found is not the one that the project was made with (another hash).
    stamp : (int, int) or None
        Of the project file just before it was read.
    located : mapping of int to Path
        Where the user said that some of the project's recordings are, by their number.
    wanted : int
        Number of the recording to ask for: the first that was not found, else the first whose content is another.
    fits : tuple of KeptFit
        Those that the project keeps, their results unpacked.
    shown : str
        Key of the one whose result `result` is.
    answers : KeptAnswers or None
        The answer sheet that it keeps, unpacked.
    """

    path: Path
    analysis: Analysis
    result: Result | None
    recording: Recording | None
    reference: RecordingReference
    differs: bool = False
    stamp: Stamp | None = None
    located: Mapping[int, Path] = field(default_factory=dict)
    wanted: int = 0
    fits: tuple[KeptFit, ...] = ()
    shown: str = ""
    answers: KeptAnswers | None = None

    def without_recording(self) -> Opened:
        """The same project, shown without what was found in the place of its recording."""
        return replace(self, recording=None, differs=False)

    def with_result_of(self, other: Opened) -> Opened:
        """The same with the result of `other`, which a recovered session keeps beside its project."""
        result = self.result if self.result is not None else other.result
        return replace(self, result=result, fits=other.fits, shown=other.shown, answers=other.answers)


Stamp = tuple[int, int]
"""When a file was last written (ns), and its bytes: another stamp means that someone else has written it."""


def stamp_of(path: Path) -> Stamp | None:
    """The stamp of a file; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def open_project(
    path: Path, context: Context, located: Mapping[int, Path] = MappingProxyType({}), fits_folder: Path | None = None
) -> Opened:
    """Read a project and its recording, wherever that is now; runs in the worker.

    Parameters
    ----------
    fits_folder : Path, optional
        Where the results of its fits are unpacked to; they are left where they are without one.
    located : mapping of int to Path
        Where the user says that its recordings are, by their number; the others are where the project knows them.
    """
    from glmengine.analysis.sources import open_sessions
    from glmengine.project.project import load_answers, load_fits, load_project
    from glmengine.results.kept_fits import keep_fit

    stamp = stamp_of(path)
    project = load_project(path)
    fits, shown = load_fits(path, fits_folder) if fits_folder is not None else ((), "")
    if fits_folder is not None and project.result is not None and not fits:  # written before fits were kept
        fits = (keep_fit(project.result, fits_folder),)
        shown = fits[0].key
    answers = load_answers(path, fits_folder) if fits_folder is not None else None
    reference = project.recording
    parts = reference.parts
    places = [located.get(at) or part.find(path) for at, part in enumerate(parts)]
    recording, wanted, differs = None, 0, False
    if any(place is None for place in places):
        wanted = places.index(None)
    else:
        context.check()
        names = [part.name for part in reference.sessions]
        recording = open_sessions(places, names, [part.source.get("recipe") for part in parts], context=context)
        found = [one.recording.sha256 for one in sorted(recording.sessions, key=lambda one: names.index(one.name))]
        other = [part.sha256 not in ("", now) for part, now in zip(parts, found or [recording.sha256], strict=True)]
        differs = any(other)
        wanted = other.index(True) if differs else 0
    return Opened(
        path, project.analysis, project.result, recording, reference, differs, stamp, dict(located), wanted, fits, shown, answers
    )


def save_project(
    path: Path,
    analysis: Analysis,
    result: Result | None,
    recording: Recording | RecordingReference | None,
    fits: tuple[KeptFit, ...] = (),
    shown: str = "",
    answers: Path | None = None,
    context: Context = SILENT,
) -> Path:
    """Write a project; runs in the worker."""
    from glmengine.project.project import save_project as write_project

    write_project(path, analysis, result, recording, fits=fits, shown=shown, answers=answers, context=context)
    return path
