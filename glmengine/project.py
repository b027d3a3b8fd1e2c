"""Projects: analysis, result and the place of the recording in one ``.glm`` file, written whole or not at all.

The file is a zip of ``project.json`` (format version, the recording's path and hash), ``analysis.toml``, ``result.nc`` where there
is one, and ``report.html``, which any browser opens without the program. Where several fits are kept, ``fits.json`` describes them and
``fits/KEY.nc`` holds the result of each but the one that is shown, which is ``result.nc``. ``answers.nc`` is the answer sheet, where one is kept.
"""

from __future__ import annotations

import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from glmengine.analysis.analysis import Analysis
from glmengine.analysis.sources import places_of
from glmengine.errors import GlmError
from glmengine.io.files.leftovers import scratch_folder
from glmengine.io.files.plain_text import LARGEST, json_in, see_regular, toml_in
from glmengine.io.files.whole import replacing
from glmengine.io.opened_sessions import where_needed
from glmengine.results.kept_fits import KeptFit
from glmengine.results.result import Result

if TYPE_CHECKING:
    from glmengine.answers.kept_answers import KeptAnswers
    from glmengine.io.recipe.recipe import Recipe
    from glmengine.recording.recording import Recording

FORMAT_VERSION = 2  # 2: with the fits that are kept; without any it is still written as 1
_LARGEST = 4_000_000_000  # bytes unpacked; a result of that size is refused rather than filling the disk
_BLOCK = 2**20
_ANSWERS = "answers.nc"
HDF5 = b"\x89HDF\r\n\x1a\n"
_written: WeakKeyDictionary[Result, bytes] = WeakKeyDictionary()


@dataclass(frozen=True)
class RecordingReference:
    """Where a project's recording lies, and how to know it again.

    Attributes
    ----------
    path : Path or None
        As it was when the project was saved; None for a recording made in memory.
    relative : str
        The same relative to the project file, for folders moved together.
    sha256, name : str
    source : mapping
        What else was used to open it (the recipe).
    sessions : tuple of RecordingReference
        Of several recordings in one analysis each one's own, `name` being what the session is called; path and hash are then empty.
    """

    path: Path | None = None
    relative: str = ""
    sha256: str = ""
    name: str = ""
    source: Mapping[str, Any] = field(default_factory=dict)
    sessions: tuple[RecordingReference, ...] = ()

    @property
    def recipe(self) -> Recipe | None:
        """With which it was opened, None where it needed none."""
        from glmengine.io.recipe.recipe import Recipe

        given = self.source.get("recipe")
        return Recipe.parse(dict(given), self.name) if isinstance(given, Mapping) else None

    @property
    def parts(self) -> tuple[RecordingReference, ...]:
        """One reference for each file: the sessions', or itself where there is only one."""
        return self.sessions or (self,)

    def find(self, project: str | Path) -> Path | None:
        """Where the recording is now, given where the project is; None if at neither place."""
        beside = Path(project).resolve().parent / self.relative if self.relative else None
        for place in (beside, self.path):
            if place is not None and place.exists():
                return place
        return None


class Project(NamedTuple):
    """What `load_project` gives."""

    analysis: Analysis
    result: Result | None
    recording: RecordingReference


@dataclass(frozen=True)
class Question:
    """An analysis, and the recordings that it is to be put to.

    Attributes
    ----------
    file : str
        Name of the file that it comes from.
    analysis : Analysis
    places : tuple of Path
        Where the recordings are; empty where one of them is not there.
    hashes : tuple of str
        Those of the recordings that it was made for, empty where not known.
    missing : tuple of str
        Places at which a recording was, and is no longer.
    recipes : tuple of Recipe or None
        With which the recordings are opened: one for each, or one for all.
    """

    file: str
    analysis: Analysis
    places: tuple[Path, ...]
    hashes: tuple[str, ...]
    missing: tuple[str, ...] = ()
    recipes: tuple[Recipe | None, ...] = (None,)

    def on(self, recordings: Sequence[str | Path] | None) -> Question:
        """The same put to these recordings, to its own where there are none.

        Other recordings have the recipe of that in the same place, or of the first, where they need one.

        Raises
        ------
        GlmError
            If there is no recording then.
        """
        places = tuple(Path(one) for one in recordings or self.places)
        if not places:
            hint = f" and '{self.missing[0]}' is not there" if self.missing else ""
            raise GlmError(f"{self.file}: names no recording{hint}; give one with --recording FILE")
        recipes = self.recipes
        if recordings:
            known = recipes if len(recipes) == len(places) else recipes[:1] * len(places)
            recipes = tuple(where_needed(place, recipe) for place, recipe in zip(places, known, strict=True))
        return replace(self, places=places, recipes=recipes)


def load_question(path: str | Path) -> Question:
    """An analysis from a ``.toml`` or ``.glm`` file with its recordings.

    Raises
    ------
    GlmError
        If the file is absent or is not an analysis.
    """
    path = Path(path)
    if path.suffix.lower() != ".glm":
        analysis = Analysis.load(path)
        return Question(
            path.name,
            analysis,
            tuple(places_of(analysis, path.resolve().parent)),
            tuple(one.sha256 for one in analysis.sources),
            recipes=tuple(one.recipe for one in analysis.sources),
        )
    project = load_project(path)
    parts = project.recording.parts
    found = [part.find(path) for part in parts]
    places = tuple(place for place in found if place is not None)
    return Question(
        path.name,
        project.analysis,
        places if len(places) == len(parts) else (),
        tuple(part.sha256 for part in parts),
        tuple(str(part.path) for part, place in zip(parts, found, strict=True) if place is None and part.path),
        tuple(part.recipe for part in parts),
    )


def question_of(result: Result, file: str) -> Question:
    """The question that a result answers, put to the recordings that were fitted, by the places where they were then."""
    sources = result.analysis.sources
    fitted = [(one.path, one.sha256) for one in result.sessions_fitted] or [
        (str(result.provenance.get("recording_path", "")), str(result.provenance.get("recording_sha256", "")))
    ]
    return Question(
        file,
        result.analysis,
        tuple(Path(path) for path, _ in fitted) if all(path for path, _ in fitted) else (),
        tuple(sha256 for _, sha256 in fitted),
        recipes=tuple(one.recipe for one in sources) if len(sources) == len(fitted) else (None,),
    )


def load_result(path: str | Path) -> Result:
    """The result of a ``.nc`` or ``.glm`` file.

    Raises
    ------
    GlmError
        If the file is absent, damaged, or a project without a result.
    """
    if Path(path).suffix.lower() != ".glm":
        return Result.load(path)
    result = load_project(path).result
    if result is None:
        raise GlmError(f"{Path(path).name}: the project holds no result; fit it first")
    return result


def save_project(
    path: str | Path,
    analysis: Analysis,
    result: Result | None = None,
    recording: Recording | RecordingReference | None = None,
    *,
    fits: Sequence[KeptFit] = (),
    shown: str = "",
    answers: Path | None = None,
) -> None:
    """Write a ``.glm`` file.

    Parameters
    ----------
    path : path
    analysis : Analysis
    result : Result, optional
    recording : Recording or RecordingReference, optional
        Kept by path and hash, of several sessions each; its data are not copied.
    fits : sequence of KeptFit
        Further fits, whose results are copied from their files, one after the other.
    shown : str
        Key of the one of them whose result `result` is, so that it is written once.
    answers : Path, optional
        File of an answer sheet (`glmengine.answers.kept_answers.KeptAnswers.save`), which is copied.

    Raises
    ------
    GlmError
        If the folder cannot be written to, or the result of a fit is gone; a project that was there is untouched.
    """
    import tomli_w

    path = Path(path)
    version = FORMAT_VERSION if fits else 1
    head = {"format": "glm project", "format_version": version, "recording": _described(recording, path)}
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("project.json", json.dumps(head, indent=1, ensure_ascii=False))
        archive.writestr("analysis.toml", tomli_w.dumps(analysis.to_dict()))
        if result is not None:
            archive.writestr("result.nc", _netcdf_of(result), zipfile.ZIP_DEFLATED, compresslevel=1)
        if fits:
            _write_fits(archive, fits, shown if result is not None else "")
        if answers is not None:
            if not answers.exists():
                raise GlmError("the answer sheet is no longer on disk; find the answers again")
            archive.write(answers, _ANSWERS, zipfile.ZIP_DEFLATED, compresslevel=1)
        archive.writestr("report.html", _report(analysis, result, recording))


def _write_fits(archive: zipfile.ZipFile, fits: Sequence[KeptFit], shown: str) -> None:
    described = {"shown": shown, "fits": [fit.to_dict() for fit in fits]}
    archive.writestr("fits.json", json.dumps(described, indent=1, ensure_ascii=False))
    for fit in fits:
        if fit.key != shown:
            if fit.file is None or not fit.file.exists():
                raise GlmError(
                    f"the result of the fit '{fit.name}' is no longer on disk; remove it from the fits, or fit it again"
                )
            archive.write(fit.file, f"fits/{fit.key}.nc", zipfile.ZIP_DEFLATED, compresslevel=1)


def _netcdf_of(result: Result) -> bytes:
    """The result's file; kept while the result lives, since a project is saved again at each edit and a result never changes."""
    if result not in _written:
        with scratch_folder() as folder:
            saved = folder / "result.nc"
            result.save(saved)
            _written[result] = saved.read_bytes()
    return _written[result]


def load_project(path: str | Path) -> Project:
    """Read a ``.glm`` file: analysis, result (None where it has none), and where the recording was.

    Raises
    ------
    GlmError
        If the file is absent, is something else, is damaged, or comes from a newer version of the program.
    """
    path = Path(path)
    with _archive(path) as archive:
        head = _head(archive, path.name)
        analysis = _analysis(archive, path.name)
        result = _result(archive, path.name)
    return Project(analysis, result, _reference(head.get("recording"), path.name))


def load_fits(path: str | Path, folder: Path | None = None) -> tuple[tuple[KeptFit, ...], str]:
    """The fits that a project keeps, and the key of the one that it shows (empty where it shows none of them).

    Parameters
    ----------
    path : path
    folder : Path, optional
        Where their results are unpacked to; without one the fits are only described, and their `file` is None.

    Raises
    ------
    GlmError
        As `load_project` does.
    """
    path = Path(path)
    with _archive(path) as archive:
        _head(archive, path.name)
        if "fits.json" not in archive.namelist():
            return (), ""
        where = f"{path.name}, fits.json"
        data = json_in(_text(archive, "fits.json", path.name), where)
        if not isinstance(data, dict) or not isinstance(data.get("fits"), list):
            raise GlmError(f"{where}: is damaged (it holds no list of fits); restore a copy")
        shown = str(data.get("shown") or "")
        fits = [KeptFit.from_dict(one, where) for one in data["fits"]]
        if folder is not None:
            fits = [_unpacked(archive, fit, fit.key == shown, Path(folder), path.name) for fit in fits]
    return tuple(fits), shown


def load_answers(path: str | Path, folder: Path) -> KeptAnswers | None:
    """The answer sheet that a project keeps, its file unpacked into `folder`; None where it keeps none.

    Raises
    ------
    GlmError
        As `load_project` does.
    """
    from glmengine.answers.kept_answers import KeptAnswers

    path = Path(path)
    with _archive(path) as archive:
        _head(archive, path.name)
        if _ANSWERS not in archive.namelist():
            return None
        file = Path(folder) / _ANSWERS
        _unpack(archive, _ANSWERS, file, path.name)
    return KeptAnswers.load(file)


def _unpacked(archive: zipfile.ZipFile, fit: KeptFit, is_shown: bool, folder: Path, name: str) -> KeptFit:
    file = folder / f"{fit.key}.nc"
    _unpack(archive, "result.nc" if is_shown else f"fits/{fit.key}.nc", file, name)
    return replace(fit, file=file)


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """The zip of a project; whatever is wrong with it is said in one sentence."""
    try:
        see_regular(path)
        with zipfile.ZipFile(path) as archive:
            yield archive
    except FileNotFoundError as error:
        raise GlmError(f"{path}: there is no such file; check the path") from error
    except zipfile.BadZipFile as error:
        raise GlmError(f"{path.name}: is not a project or is damaged ({error}); choose a .glm file, or restore a copy") from error
    except OSError as error:
        raise GlmError(f"{path.name}: cannot be read ({error.strerror or error}); check its permissions") from error
    except (zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise GlmError(f"{path.name}: is damaged and cannot be unpacked ({error}); restore a copy") from error


def _head(archive: zipfile.ZipFile, name: str) -> dict[str, Any]:
    head = json_in(_text(archive, "project.json", name), f"{name}, project.json")
    if not isinstance(head, dict) or head.get("format") != "glm project" or not isinstance(head.get("format_version"), int):
        raise GlmError(f"{name}: is a zip file but not a project of this program; choose a .glm file")
    if head["format_version"] > FORMAT_VERSION:
        raise GlmError(
            f"{name}: was written by a newer version of the program (format {head['format_version']}, this one reads up to {FORMAT_VERSION}); update the program",
            field="format_version",
        )
    return head


def _analysis(archive: zipfile.ZipFile, name: str) -> Analysis:
    text = _text(archive, "analysis.toml", name)
    try:
        data = toml_in(text, "analysis.toml")
    except GlmError as error:
        raise GlmError(f"{name}: is damaged ({error.message.split(';')[0]}); restore a copy") from error
    return Analysis.from_dict(data, f"{name}, analysis.toml")


def _result(archive: zipfile.ZipFile, name: str) -> Result | None:
    if "result.nc" not in archive.namelist():
        return None
    with scratch_folder() as folder:
        saved = folder / "result.nc"
        _unpack(archive, "result.nc", saved, name)
        try:
            return Result.load(saved)
        except GlmError as error:
            raise GlmError(f"{name}, {error.message}", field=error.field) from error


def _unpack(archive: zipfile.ZipFile, member: str, to: Path, name: str) -> None:
    """Write a result of the zip to a file of its own."""
    _see_size(archive, member, name, _LARGEST)
    with archive.open(member) as packed, open(to, "wb") as unpacked:
        beginning = packed.read(len(HDF5))
        if beginning != HDF5:  # else a bomb would be unpacked first
            raise GlmError(f"{name}: is damaged ({member} is not a saved result); restore a copy")
        unpacked.write(beginning)
        shutil.copyfileobj(packed, unpacked, _BLOCK)


def _text(archive: zipfile.ZipFile, member: str, name: str) -> str:
    """One text of the zip; a file of it never unpacks to more than its header says, which is looked at first."""
    _see_size(archive, member, name, LARGEST)
    try:
        return archive.read(member).decode("utf-8")
    except UnicodeDecodeError as error:
        raise GlmError(f"{name}: is damaged ({member}: {error}); restore a copy") from error


def _see_size(archive: zipfile.ZipFile, member: str, name: str, largest: int) -> None:
    try:
        size = archive.getinfo(member).file_size
    except KeyError as error:
        raise GlmError(f"{name}: is not a project or is damaged ({member} is missing); choose a .glm file") from error
    if size > largest:
        raise GlmError(
            f"{name}: {member} would unpack to {size / 1e9:.1f} GB, more than a project of this program has; choose another file"
        )


def _described(recording: Recording | RecordingReference | None, project: Path) -> dict[str, Any]:
    if recording is None:
        return {}
    if recording.sessions:
        return {
            "name": recording.name,
            "sha256": recording.sha256,
            "sessions": [{**_described(getattr(one, "recording", one), project), "name": one.name} for one in recording.sessions],
        }
    place = Path(os.path.abspath(recording.path)) if recording.path else None
    try:
        relative = os.path.relpath(place, project.resolve().parent) if place else ""
    except ValueError:  # another drive
        relative = ""
    source = {key: value for key, value in recording.source.items() if _is_plain(value)}
    return {"path": str(place or ""), "relative": relative, "sha256": recording.sha256, "name": recording.name, "source": source}


def _reference(data: Any, name: str) -> RecordingReference:
    data = data if isinstance(data, dict) else {}
    texts = {key: str(data.get(key, "")) for key in ("path", "relative", "sha256", "name")}
    source, sessions = data.get("source"), data.get("sessions")
    return RecordingReference(
        path=Path(texts["path"]) if texts["path"] else None,
        relative=texts["relative"],
        sha256=texts["sha256"],
        name=texts["name"],
        source=source if isinstance(source, dict) else {},
        sessions=tuple(_reference(one, name) for one in sessions) if isinstance(sessions, list) else (),
    )


def _is_plain(value: Any) -> bool:
    """Whether it is short, plain data that JSON can hold."""
    try:
        return len(json.dumps(value)) < 100_000
    except (TypeError, ValueError):
        return False


def _report(analysis: Analysis, result: Result | None, recording: Recording | RecordingReference | None) -> str:
    from glmengine.export.report import report_html

    return report_html(analysis, result, recording_name="" if recording is None else recording.name)
