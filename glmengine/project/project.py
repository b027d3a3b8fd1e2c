"""Projects: analysis, result and the place of the recording in one ``.glm`` file, written whole or not at all.

The file is a zip of ``project.json`` (format version, the recording's path and hash), ``analysis.toml``, ``result.nc`` where there
is one, and ``report.html``, which any browser opens without the program. Where several fits are kept, ``fits.json`` describes them and
``fits/KEY.nc`` holds the result of each but the one that is shown, which is ``result.nc``. ``answers.nc`` is the answer sheet, where one is kept.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from glmengine.analysis.analysis import Analysis
from glmengine.argument_kinds import takes_only_its_kinds
from glmengine.context import SILENT, Context, Progress, parts_by_work
from glmengine.errors import GlmError
from glmengine.io.files.leftovers import scratch_folder
from glmengine.io.files.plain_text import json_in, toml_in
from glmengine.io.files.whole import replacing
from glmengine.project.archive import opened_archive, text_of, unpack
from glmengine.project.recording_reference import RecordingReference, reference_dict
from glmengine.results.kept_fits import KeptFit
from glmengine.results.result import Result

if TYPE_CHECKING:
    from glmengine.answers.kept_answers import KeptAnswers
    from glmengine.recording.recording import Recording

FORMAT_VERSION = 2  # 2: with the fits that are kept; without any it is still written as 1
_ANSWERS, _SAVING = "answers.nc", "Saving"
_PIECE = 4_000_000  # bytes that are copied before it is said how far it is
_MADE, _TOLD = 1e7, 3e6  # what the result's file and the report take, in bytes that are copied
_written: WeakKeyDictionary[Result, bytes] = WeakKeyDictionary()


class Project(NamedTuple):
    """The content of a ``.glm`` file.

    Attributes
    ----------
    analysis : Analysis
    result : Result or None
        The one that is shown.
    recording : RecordingReference
        Where the recording was; its data are not in the file.
    """

    analysis: Analysis
    result: Result | None
    recording: RecordingReference


@takes_only_its_kinds
def save_project(
    path: str | Path,
    analysis: Analysis,
    result: Result | None = None,
    recording: Recording | RecordingReference | None = None,
    *,
    fits: Sequence[KeptFit] = (),
    shown: str = "",
    answers: Path | None = None,
    context: Context = SILENT,
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
    context : Context, optional

    Raises
    ------
    GlmError
        If the folder cannot be written to, or the result of a fit is gone; a project that was there is untouched.
    Cancelled
        If the context says so; a project that was there is untouched then too.
    """
    import tomli_w

    path = Path(path)
    version = FORMAT_VERSION if fits else 1
    head = {"format": "glm project", "format_version": version, "recording": reference_dict(recording, path)}
    shown = shown if result is not None else ""
    copied = [(_file_of(fit), f"fits/{fit.key}.nc") for fit in fits if fit.key != shown]
    if answers is not None:
        if not answers.exists():
            raise GlmError("the answer sheet is no longer on disk; find the answers again")
        copied.append((answers, _ANSWERS))
    making, *copying, telling = parts_by_work(
        context, [_MADE * (result is not None), *(file.stat().st_size for file, _ in copied), _TOLD]
    )
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("project.json", json.dumps(head, indent=1, ensure_ascii=False))
        archive.writestr("analysis.toml", tomli_w.dumps(analysis.to_dict()))
        if result is not None:
            archive.writestr("result.nc", _netcdf_of(result))
            making.report(Progress(_SAVING, 1.0))
        if fits:
            described = {"shown": shown, "fits": [fit.to_dict() for fit in fits]}
            archive.writestr("fits.json", json.dumps(described, indent=1, ensure_ascii=False))
        for (file, name), part in zip(copied, copying, strict=True):
            _copy(archive, file, name, part)
        context.check()
        archive.writestr("report.html", _report(analysis, result, recording))
        telling.report(Progress(_SAVING, 1.0))
        context.check()


def _file_of(fit: KeptFit) -> Path:
    if fit.file is None or not fit.file.exists():
        raise GlmError(f"the result of the fit '{fit.name}' is no longer on disk; remove it from the fits, or fit it again")
    return fit.file


def _copy(archive: zipfile.ZipFile, file: Path, name: str, context: Context) -> None:
    """Copy a file into the archive, saying how far it is."""
    size, done = max(file.stat().st_size, 1), 0
    with file.open("rb") as source, archive.open(name, "w", force_zip64=True) as target:
        while piece := source.read(_PIECE):
            context.check()
            target.write(piece)
            done += len(piece)
            context.report(Progress(_SAVING, min(done / size, 1.0)))


def _netcdf_of(result: Result) -> bytes:
    """The result's file; kept while the result lives, since a project is saved again at each edit and a result never changes."""
    if result not in _written:
        with scratch_folder() as folder:
            saved = folder / "result.nc"
            result.save(saved)
            _written[result] = saved.read_bytes()
    return _written[result]


@takes_only_its_kinds
def load_project(path: str | Path) -> Project:
    """Read a ``.glm`` file.

    Parameters
    ----------
    path : path

    Returns
    -------
    Project
        Analysis, result (None where it has none), and where the recording was.

    Raises
    ------
    GlmError
        If the file is absent, is something else, is damaged, or comes from a newer version of the program.
    """
    path = Path(path)
    with _opened(path) as (archive, head):
        analysis = _analysis(archive, path.name)
        result = _result(archive, path.name)
    return Project(analysis, result, RecordingReference.from_dict(head.get("recording")))


@takes_only_its_kinds
def load_fits(path: str | Path, folder: Path | None = None) -> tuple[tuple[KeptFit, ...], str]:
    """The fits that a project keeps, and the key of the one that it shows (empty where it shows none of them).

    Parameters
    ----------
    path : path
    folder : Path, optional
        Where their results are unpacked to; without one the fits are only described, and their `file` is None.

    Returns
    -------
    fits : tuple of KeptFit
    shown : str

    Raises
    ------
    GlmError
        As `load_project` does.
    """
    path = Path(path)
    with _opened(path) as (archive, _):
        if "fits.json" not in archive.namelist():
            return (), ""
        where = f"{path.name}, fits.json"
        data = json_in(text_of(archive, "fits.json", path.name), where)
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
    with _opened(path) as (archive, _):
        if _ANSWERS not in archive.namelist():
            return None
        file = Path(folder) / _ANSWERS
        unpack(archive, _ANSWERS, file, path.name)
    return KeptAnswers.load(file)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, dict[str, Any]]]:
    """The archive of a project, and its head, that says which version of the program wrote it."""
    with opened_archive(path) as archive:
        yield archive, _head(archive, path.name)


def _unpacked(archive: zipfile.ZipFile, fit: KeptFit, is_shown: bool, folder: Path, name: str) -> KeptFit:
    file = folder / f"{fit.key}.nc"
    unpack(archive, "result.nc" if is_shown else f"fits/{fit.key}.nc", file, name)
    return replace(fit, file=file)


def _head(archive: zipfile.ZipFile, name: str) -> dict[str, Any]:
    head = json_in(text_of(archive, "project.json", name), f"{name}, project.json")
    if not isinstance(head, dict) or head.get("format") != "glm project" or not isinstance(head.get("format_version"), int):
        raise GlmError(f"{name}: is a zip file but not a project of this program; choose a .glm file")
    if head["format_version"] > FORMAT_VERSION:
        raise GlmError(
            f"{name}: was written by a newer version of the program (format {head['format_version']}, this one reads up to {FORMAT_VERSION}); update the program",
            field="format_version",
        )
    return head


def _analysis(archive: zipfile.ZipFile, name: str) -> Analysis:
    text = text_of(archive, "analysis.toml", name)
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
        unpack(archive, "result.nc", saved, name)
        try:
            return Result.load(saved)
        except GlmError as error:
            raise GlmError(f"{name}, {error.message}", field=error.field) from error


def _report(analysis: Analysis, result: Result | None, recording: Recording | RecordingReference | None) -> str:
    from glmengine.export.report import report_html

    return report_html(analysis, result, recording_name="" if recording is None else recording.name)
