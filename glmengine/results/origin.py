"""Where numbers come from: program and version, hashes of the analysis and of the data, seed; what each output says."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glmengine.results.result import Result


def origin(result: Result) -> dict[str, str]:
    """Program and version, hashes of the analysis and of the data, seed: what each file says of where its numbers come from."""
    known = result.provenance
    return {
        "program": "glmengine",
        "version": str(known.get("versions", {}).get("glmengine", "")),
        "analysis_sha256": str(known.get("analysis_sha256", "")),
        "recording": str(known.get("recording_name", "")),
        "recording_sha256": str(known.get("recording_sha256", "")),
        "seed": str(result.analysis.seed),
        "created": str(known.get("created", "")),
    }
