"""The script that finds an answer sheet again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glmengine.export.script import script_around

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from glmengine.analysis.analysis import Analysis


def answers_script(
    analysis: Analysis,
    recording_path: str | Path | None = None,
    recipe: Mapping[str, Any] | None = None,
    *,
    shifts: int,
    simulations: int,
    folder: str | Path | None = None,
) -> str:
    """Source of a script that opens the recording, finds the answers with the same candidates and settings, and writes their tables.

    Parameters
    ----------
    analysis : Analysis
        The question that was put, whose terms are the candidates.
    recording_path, recipe, folder
        As of `glmengine.export.script.script_text`.
    shifts, simulations : int
        As they were asked for.
    """
    body = f"""    sheet = ge.explain(recording, analysis, shifts={shifts}, simulations={simulations})
    print(sheet)
    ge.write_answers(sheet, "answers", analysis=analysis, shifts={shifts}, simulations={simulations}, recording=recording)
"""
    return script_around(body, analysis, recording_path, recipe, folder)
