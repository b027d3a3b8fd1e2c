"""One analysis opened, run and written: on one recording, or on many with two tables of what became of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.sources import for_recording, session_names
from glmengine.analysis_run import run
from glmengine.context import SILENT, Context
from glmengine.errors import GlmError
from glmengine.export.outputs import writable_folder, write_outputs
from glmengine.export.tables import csv_text
from glmengine.io.files.whole import write_whole
from glmengine.io.opened_sessions import for_each, opened_together
from glmengine.io.raw import unique_names

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.io.opened_sessions import AnyRecipe
    from glmengine.results.result import Result

FORMATS = ("pdf", "png")
"""Of figures, where none are named."""

_HEAD = (
    "recording",
    "outcome",
    "reason",
    "folder",
    "units",
    "features",
    "bins",
    "converged",
    "deviance_explained_heldout_median",
    "deviance_explained_heldout_most",
    "seconds",
)


@dataclass(frozen=True)
class Outcome:
    """What became of one recording.

    Attributes
    ----------
    recording : str
        As it was named.
    folder : Path
        Where its results are.
    result : Result or None
        None where it could not be fitted.
    written : tuple of Path
    notes : tuple of str
        What is to be said beside the result's own notes.
    reason : str
        Why there is no result.
    """

    recording: str
    folder: Path
    result: Result | None
    written: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    reason: str = ""


def run_to_folder(
    analysis: Analysis,
    places: Sequence[str | Path],
    folder: str | Path,
    *,
    hashes: Sequence[str] = (),
    recipes: Sequence[AnyRecipe] = (),
    figures: bool = True,
    formats: Sequence[str] = FORMATS,
    context: Context = SILENT,
) -> Outcome:
    """Open, run and write one recording, or several sessions as one.

    Parameters
    ----------
    analysis : Analysis
        The one that is written names the recording.
    places : sequence of path
        A recording, or the sessions.
    folder : path
        Made where it is missing.
    hashes : sequence of str, optional
        Those of the recordings that the analysis was made for; another content is noted.
    recipes : sequence, optional
        What the arrays of a file without a standard are: one for each place or one for all, as for `glmengine.open_recording`.
    figures, formats
        As for `glmengine.write_outputs`.

    Raises
    ------
    GlmError
        If the recording or the analysis is at fault, or the folder cannot be written to.
    """
    folder = writable_folder(folder)
    recording = opened_together(places, session_names(analysis), recipes=recipes, context=context.part(0.0, 0.1))
    found = {one.recording.sha256 for one in recording.sessions} or {recording.sha256}
    notes = tuple(
        f"{place} is not the recording that the analysis was made for (its content differs)"
        for place, sha256 in zip(places, hashes, strict=False)
        if sha256 and all(found) and sha256 not in found
    )
    result = run(for_recording(analysis, recording), recording, context.part(0.1, 0.8))
    context.check()
    kinds = tuple(dict.fromkeys(formats))
    written = write_outputs(result, folder, recording, figures=figures, formats=kinds, context=context.part(0.8, 1.0))
    return Outcome(str(places[0]), folder, result, tuple(written), notes)


def run_batch(
    analysis: Analysis,
    recordings: Iterable[str],
    folder: str | Path,
    *,
    recipes: Sequence[AnyRecipe] = (),
    figures: bool = True,
    report: Callable[[Outcome], None] | None = None,
    context: Context = SILENT,
) -> list[Outcome]:
    """The same analysis on each of many recordings; one that fails does not keep the others.

    Writes a folder for each, and ``recordings.csv`` (one row a recording) and ``scores.csv`` (one row a recording and unit) of those that
    were reached, also where it is interrupted.

    Parameters
    ----------
    analysis : Analysis
    recordings : iterable of path
        Given twice, a recording counts once.
    folder : path
    recipes : sequence, optional
        One for each recording or one for all.
    figures
        As for `run_to_folder`.
    report : callable, optional
        Told each outcome when it is there.

    Raises
    ------
    GlmError
        If the folder cannot be written to.
    Cancelled
        If the context says so.
    """
    folder = writable_folder(folder)
    recordings = list(recordings)
    own = dict(zip(recordings, for_each(recipes, len(recordings)), strict=True))
    given = list(own)
    names = unique_names([Path(one).stem or Path(one).name for one in given])
    outcomes: list[Outcome] = []
    try:
        for at, (recording, name) in enumerate(zip(given, names, strict=True)):
            part = context.part(at / len(given), (at + 1) / len(given))
            try:
                outcome = run_to_folder(
                    analysis, [recording], folder / name, recipes=[own[recording]], figures=figures, context=part
                )
            except (GlmError, MemoryError) as error:
                reason = error.message if isinstance(error, GlmError) else "there is not enough memory for it"
                outcome = Outcome(recording, folder / name, None, reason=" ".join(reason.split()))
            outcomes.append(outcome)
            if report is not None:
                report(outcome)
    finally:
        _write_tables(folder, outcomes)
    return outcomes


def _write_tables(folder: Path, outcomes: Sequence[Outcome]) -> None:
    write_whole(folder / "recordings.csv", csv_text(_HEAD, [_row(outcome) for outcome in outcomes]).encode("utf-8"))
    done = [(outcome.recording, outcome.result) for outcome in outcomes if outcome.result is not None]
    columns = list(dict.fromkeys(str(name) for _, result in done for name in result.scores.data_vars))
    rows = [
        [recording, unit, *(result.scores[name].values[at] if name in result.scores else "" for name in columns)]
        for recording, result in done
        for at, unit in enumerate(result.units)
    ]
    write_whole(folder / "scores.csv", csv_text(["recording", "unit", *columns], rows).encode("utf-8"))


def _row(outcome: Outcome) -> list[object]:
    """One row of ``recordings.csv``."""
    result = outcome.result
    if result is None:
        return [outcome.recording, "failed", outcome.reason, *[""] * (len(_HEAD) - 3)]
    held_out = np.asarray(result.scores["deviance_explained_heldout"].values, np.float64)
    known = held_out[np.isfinite(held_out)]
    best = [float(np.median(known)), float(known.max())] if len(known) else ["", ""]
    counts = [len(result.units), result.coefficients.sizes["feature"], int(result.scores["n_bins"].max())]
    return [outcome.recording, "done", "", outcome.folder.name, *counts, result.converged, *best, result.seconds]
