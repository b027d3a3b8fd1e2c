"""An analysis as a Python script that runs it again and gives the same numbers, bit for bit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from glmengine.analysis import Analysis


def script_text(analysis: Analysis, recording_path: str | Path | None = None) -> str:
    """Source of a script that opens the recording, fits the analysis and writes its results.

    Parameters
    ----------
    analysis : Analysis
        Goes into the script whole; what is at its default is left out.
    recording_path : path, optional
        That of the analysis where not given.
    """
    import tomli_w

    path = str(recording_path or analysis.recording.path or "recording.nwb")
    toml = tomli_w.dumps(analysis.to_dict()).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    title = (analysis.title or "One analysis").replace("\\", "\\\\").replace('"', "'").splitlines()[0]
    return f'''"""{title}: made by glmengine, runs with: python SCRIPT [RECORDING]"""

import sys
import tomllib

import glmengine as ge

ANALYSIS = """
{toml}"""


def main(path: str = {json.dumps(path, ensure_ascii=False)}) -> None:
    recording = ge.open_recording(path)
    analysis = ge.Analysis.from_dict(tomllib.loads(ANALYSIS))
    result = ge.run(analysis, recording)
    print(result.scores.to_dataframe()[["n_spikes", "deviance_explained_heldout", "bits_per_spike_heldout", "status"]])
    result.save("result.nc")
    ge.write_outputs(result, "results", recording)


if __name__ == "__main__":
    main(*sys.argv[1:2])
'''
