"""Sample sessions as files of the program's own, simulated and fitted once."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QLockFile

from glmengine.errors import GlmError
from glmgui.notices import notices
from glmgui.settings import state_folder

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.context import Context
    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result

log = logging.getLogger(__name__)

_PACKAGES = ("numpy", "jax", "pynapple")


def make(name: str | None, context: Context) -> tuple[Recording, Analysis]:
    """Open a sample's file beside the program's own files, simulated and written where it is not there yet; runs in the worker.

    A file of this program is left as it is: another window, or a project, may be holding to it.
    """
    from glmengine.export.nwb import write_nwb
    from glmengine.io.opening import open_recording
    from glmengine.simulation import catalogue as simulate

    name = name or simulate.DEMO
    analysis = simulate.sample_analysis(name)
    path = _folder() / f"{name}.nwb"
    with suppress(OSError):  # writing the file will say why it cannot be
        path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path, context):
        if _is_marked(path):
            try:
                return open_recording(path, context=context), analysis
            except (OSError, GlmError) as error:
                log.info("The sample %s is made anew (%s).", name, error)
        recording = simulate.sample(name)
        context.check()
        try:
            write_nwb(recording, path)
            recording = open_recording(path)
            _mark(path)
        except (OSError, GlmError) as error:
            notices().tell(
                "warning", f"the sample is not kept as a file ({error}); a project with it cannot be opened again", title="Sample"
            )
    return recording, analysis


@contextmanager
def _alone(path: Path, context: Context) -> Iterator[None]:
    """Wait until no other window is making the same file; where no lock can be kept, no file can be written either."""
    lock = QLockFile(str(path.with_name(f"{path.name}.lock")))
    lock.setStaleLockTime(0)  # only the end of its process frees it
    while not lock.tryLock(100) and lock.error() == QLockFile.LockError.LockFailedError:
        context.check()
    try:
        yield
    finally:
        lock.unlock()


def fitted(context: Context) -> tuple[Recording, Analysis, Result]:
    """The demonstration and the result of its analysis; runs in the worker.

    Kept from one run to the next, and used again only where the program, the analysis and the recording are the same as when it was made.
    """
    kept = _kept(context)
    if kept is not None:
        return kept
    import glmengine
    from glmengine.analysis.sources import for_recording

    recording, analysis = make(None, context)
    result = glmengine.run(for_recording(analysis, recording), recording, context)
    if result.converged and not context.stopping:
        _keep(recording, result)
    return recording, analysis, result


def prepare() -> None:
    """Make and keep the fitted demonstration where it is not there yet, so that the window opens with it; needs no screen."""
    from glmengine.backend import jax_runtime as runtime
    from glmengine.context import SILENT

    runtime.configure()
    fitted(SILENT)


def signature() -> str:
    """Changes with anything that could change the demonstration: the engine's code and templates, and the packages it computes with."""
    import glmengine

    root = Path(glmengine.__file__).parent
    digest = hashlib.sha256(glmengine.__version__.encode())
    for name in _PACKAGES:
        digest.update(f"{name} {metadata.version(name)}".encode())
    for path in sorted(root.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _folder() -> Path:
    return state_folder() / "samples"


def _files() -> tuple[Path, Path]:
    """The demonstration's recording and its fit."""
    from glmengine.simulation import catalogue as simulate

    stem = _folder() / simulate.DEMO
    return stem.with_suffix(".nwb"), stem.with_suffix(".nc")


def _kept(context: Context) -> tuple[Recording, Analysis, Result] | None:
    """What an earlier run left, if it is whole and still the answer."""
    from glmengine.io.opening import open_recording
    from glmengine.results.result import Result
    from glmengine.simulation import catalogue as simulate

    data, fit = _files()
    if not (_is_marked(data) and _is_marked(fit)):
        return None
    try:
        recording = open_recording(data, context=context)
        result = Result.load(fit)
    except (OSError, GlmError) as error:
        log.info("The demonstration is made anew (%s).", error)
        return None
    analysis = simulate.sample_analysis(simulate.DEMO)
    return (recording, analysis, result) if result.is_for(analysis, recording) else None


def _keep(recording: Recording, result: Result) -> None:
    data, fit = _files()
    if recording.path != data:
        return  # it could not be written
    try:
        _mark_of(fit).unlink(missing_ok=True)
        result.save(fit)
        _mark(fit)
    except (OSError, GlmError) as error:
        log.info("The fitted demonstration is not kept (%s).", error)


def _mark_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _mark(path: Path) -> None:
    """Say beside a file that this program made it, and what was in it then."""
    from glmengine.io.files.whole import write_whole

    write_whole(_mark_of(path), json.dumps({"signature": signature(), "sha256": _hash(path)}).encode())


def _is_marked(path: Path) -> bool:
    """Whether this very program made the file, and it still is as it was made."""
    try:
        told = json.loads(_mark_of(path).read_text(encoding="utf-8"))
        return told["signature"] == signature() and told["sha256"] == _hash(path)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


if __name__ == "__main__":
    prepare()
