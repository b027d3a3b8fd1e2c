"""The sample session as files of the program's own: simulated once, fitted once, and both made anew when the program has changed."""

from __future__ import annotations

import hashlib
import json
import logging
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from glmengine.errors import GlmError
from glmgui.errors import notices
from glmgui.settings import state_folder

if TYPE_CHECKING:
    from glmengine.analysis import Analysis
    from glmengine.context import Context
    from glmengine.recording import Recording
    from glmengine.results import Result

log = logging.getLogger(__name__)

_PACKAGES = ("numpy", "jax", "pynapple")


def make(name: str | None, context: Context) -> tuple[Recording, Analysis]:
    """Simulate a sample, write it as NWB beside the program's own files, and open that file; runs in the worker."""
    from glmengine import simulate
    from glmengine.export.nwb import write_nwb
    from glmengine.opening import open_recording

    name = name or simulate.DEMO
    recording = simulate.sample(name)
    context.check()
    path = _folder() / f"{name}.nwb"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_nwb(recording, path)
        recording = open_recording(path)
    except (OSError, GlmError) as error:
        notices().tell(
            "warning", f"the sample is not kept as a file ({error}); a project with it cannot be opened again", title="Sample"
        )
    return recording, simulate.sample_analysis(name)


def fitted(context: Context) -> tuple[Recording, Analysis, Result]:
    """The demonstration and the result of its analysis; runs in the worker.

    Kept from one run to the next, and used again only where the program, the analysis and the recording are the same as when it was made.
    """
    kept = _kept(context)
    if kept is not None:
        return kept
    import glmengine
    from glmengine.sources import for_recording

    recording, analysis = make(None, context)
    result = glmengine.run(for_recording(analysis, recording), recording, context)
    if result.converged and not context.stopping:
        _keep(recording, result)
    return recording, analysis, result


def prepare() -> None:
    """Make and keep the fitted demonstration where it is not there yet, so that the window opens with it; needs no screen."""
    from glmengine import runtime
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


def _files() -> tuple[Path, Path, Path]:
    from glmengine import simulate

    stem = _folder() / simulate.DEMO
    return tuple(stem.with_suffix(ending) for ending in (".nwb", ".nc", ".json"))


def _kept(context: Context) -> tuple[Recording, Analysis, Result] | None:
    """What an earlier run left, if it is whole and still the answer."""
    from glmengine import simulate
    from glmengine.opening import open_recording
    from glmengine.results import Result

    data, fit, about = _files()
    try:
        if json.loads(about.read_text(encoding="utf-8"))["signature"] != signature():
            return None
        recording = open_recording(data, context=context)
        result = Result.load(fit)
    except (OSError, ValueError, KeyError, TypeError, GlmError) as error:
        log.info("The demonstration is made anew (%s).", error)
        return None
    analysis = simulate.sample_analysis(simulate.DEMO)
    return (recording, analysis, result) if result.is_for(analysis, recording) else None


def _keep(recording: Recording, result: Result) -> None:
    from glmengine.files import write_whole

    data, fit, about = _files()
    if recording.path != data:
        return  # it could not be written
    try:
        about.unlink(missing_ok=True)
        result.save(fit)
        write_whole(about, json.dumps({"signature": signature()}).encode())
    except (OSError, GlmError) as error:
        log.info("The fitted demonstration is not kept (%s).", error)


if __name__ == "__main__":
    prepare()
