"""Provenance of a result: recording, analysis, versions of the libraries and machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from glmengine.design.fitted_sessions import FittedSession, fitted_sessions

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording

LIBRARIES = ("numpy", "scipy", "jax", "jaxlib", "pynapple", "pynwb", "xarray", "h5py", "pydantic")


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


def provenance(
    analysis: Analysis, recording: Recording, *, solver: str, backend: str, iterations: list[int], measures: Mapping[str, str]
) -> dict[str, Any]:
    """What made a result, as the plain data that is saved with it.

    Parameters
    ----------
    analysis : Analysis
    recording : Recording
    solver : str
    backend : str
        What computed, and where.
    iterations : list of int
        Of each unit's fit.
    measures : mapping of str to str
        Units of measure of the covariates, where known.

    Notes
    -----
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
        "solver": solver,
        "backend": backend,
        "iterations": iterations,
        "measures": dict(measures),
        **({"sessions": [asdict(one) for one in sessions]} if (sessions := fitted_sessions(recording)) else {}),
    }


def sessions_in(provenance: Mapping[str, Any]) -> tuple[FittedSession, ...]:
    """The sessions that a provenance names, in order."""
    return tuple(
        FittedSession(str(one["name"]), str(one.get("sha256", "")), str(one.get("path", "")), float(one.get("shift", 0.0)))
        for one in provenance.get("sessions", ())
    )
