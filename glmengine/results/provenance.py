"""Where a result comes from: recording, analysis, versions of the libraries, machine and time taken."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording

LIBRARIES = ("numpy", "scipy", "jax", "jaxlib", "pynapple", "pynwb", "xarray", "h5netcdf", "pydantic")


def versions() -> dict[str, str]:
    """Version of this program, of Python and of each library that numbers may depend on."""
    from glmengine import __version__

    found = {"glmengine": __version__, "python": platform.python_version()}
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            found[library] = "not installed"
    return found


def provenance(analysis: Analysis, recording: Recording, **extra: Any) -> dict[str, Any]:
    """What made a result, as plain data; `extra` (seconds, solver) is added.

    Two runs with the same ``analysis_sha256``, ``recording_sha256``, ``versions`` and ``machine`` give the same numbers bit for bit.
    Of files of more than 512 MB the hash covers samples: see `glmengine.io.fingerprint.sha256_of`.
    """
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "recording_name": recording.name,
        "recording_path": str(recording.path) if recording.path else "",
        "recording_sha256": recording.sha256,
        "analysis_sha256": analysis.sha256,
        "versions": versions(),
        "machine": {"system": platform.platform(), "processor": platform.machine(), "cores": os.cpu_count() or 0},
        **extra,
    }
