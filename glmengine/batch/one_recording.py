"""One analysis opened, run and written on one recording, or on several sessions as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from glmengine.analysis.sources import for_recording, session_names
from glmengine.analysis_run import run
from glmengine.batch.summary import Summary, summary_of
from glmengine.context import SILENT, Context
from glmengine.errors import Cancelled
from glmengine.export.outputs import refuse_strangers, writable_folder, write_outputs
from glmengine.io.opened_sessions import opened_together

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.io.opened_sessions import AnyRecipe
    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result

FORMATS = ("pdf", "png")
"""Of figures, where none are named."""


@dataclass(frozen=True)
class Outcome:
    """What became of one recording.

    Attributes
    ----------
    recording : str
        As it was named.
    folder : Path
        Where its results are.
    summary : Summary or None
        None where it could not be fitted.
    written : tuple of Path
    notes : tuple of str
        What is to be said beside the result's own notes.
    reason : str
        Why there is no result.
    result : Result or None
        None, too, where it was fitted in another process or before: it is in the folder.
    done_before : bool
        Whether an earlier run did it, and nothing was done now.
    """

    recording: str
    folder: Path
    summary: Summary | None
    written: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    reason: str = ""
    result: Result | None = None
    done_before: bool = False


def run_to_folder(
    analysis: Analysis,
    places: Sequence[str | Path],
    folder: str | Path,
    *,
    hashes: Sequence[str] = (),
    recipes: Sequence[AnyRecipe] = (),
    figures: bool = True,
    formats: Sequence[str] = FORMATS,
    pdf: bool = False,
    on_kept: Callable[[], None] | None = None,
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
    figures, formats, pdf
        As for `glmengine.write_outputs`.
    on_kept : callable, optional
        Where it is given, a fit that is finished when the drawing of its figures is given up is written without them, and this is called.

    Raises
    ------
    GlmError
        If the recording or the analysis is at fault, or the folder cannot be written to or holds files of others under these names.
    """
    folder = writable_folder(folder)
    refuse_strangers(folder)  # before the fit, not after it
    recording = opened_together(places, session_names(analysis), recipes=recipes, context=context.part(0.0, 0.1))
    found = {one.recording.sha256 for one in recording.sessions} or {recording.sha256}
    notes = tuple(
        f"{place} is not the recording that the analysis was made for (its content differs)"
        for place, sha256 in zip(places, hashes, strict=False)
        if sha256 and all(found) and sha256 not in found
    )
    result = run(for_recording(analysis, recording), recording, context.part(0.1, 0.8))
    context.check()
    later = context.part(0.8, 1.0)
    try:
        return written_outcome(
            result,
            recording,
            str(places[0]),
            folder,
            notes=notes,
            figures=figures,
            formats=formats,
            pdf=pdf,
            processes=None,
            context=later,
        )
    except (KeyboardInterrupt, Cancelled):
        if on_kept is not None and figures:
            write_outputs(result, folder, recording, figures=False)
            on_kept()
        raise


def written_outcome(
    result: Result,
    recording: Recording,
    place: str,
    folder: Path,
    *,
    notes: tuple[str, ...] = (),
    figures: bool = True,
    formats: Sequence[str] = FORMATS,
    pdf: bool = False,
    processes: int | None = 1,
    context: Context = SILENT,
) -> Outcome:
    """Write a result of the recording at `place`, and sum it up; `processes` draw its figures, as for `write_outputs`."""
    kinds = tuple(dict.fromkeys(formats))
    written = write_outputs(
        result, folder, recording, figures=figures, formats=kinds, pdf=pdf, processes=processes, context=context
    )
    return Outcome(place, folder, summary_of(result, recording), tuple(written), notes, result=result)
