"""A report as a file of its own, HTML or PDF as its name ends, with its figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from glmengine.context import SILENT, Context, Progress
from glmengine.errors import GlmError
from glmengine.export.report.figures import draw_report_figures
from glmengine.export.report.html import report_html
from glmengine.export.report.pdf import report_pdf
from glmengine.io.files.leftovers import scratch_folder
from glmengine.io.files.whole import write_whole

if TYPE_CHECKING:
    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result

ENDINGS = {".html": "png", ".pdf": "pdf"}
"""Of reports, and the format that their figures are drawn in."""


def write_report(
    result: Result,
    path: str | Path,
    recording: Recording | None = None,
    *,
    figures: bool = True,
    replace: bool = False,
    processes: int | None = None,
    context: Context = SILENT,
) -> Path:
    """Write the report of a result, whole or not at all.

    Parameters
    ----------
    result : Result
    path : path
        Ends with ``.html`` or ``.pdf``.
    recording : Recording, optional
        Lets predicted and observed rates be drawn.
    figures : bool
        Off, the report has text and tables alone.
    replace : bool
        Whether a file that is there is replaced.
    processes : int, optional
        That draw figures: as many as there are cores where not given, once there are many figures.
    context : Context, optional

    Raises
    ------
    GlmError
        If the ending is another, the file is there already, or it cannot be written.
    Cancelled
        If the context says so; nothing is written then.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise GlmError(f"{path.name}: a report is written as HTML or PDF; give a name that ends with {' or '.join(ENDINGS)}")
    if path.exists() and not replace:
        raise GlmError(f"{path}: exists already; choose another name, or replace it")
    pictures: dict[str, bytes] = {}
    if figures:
        kind = ENDINGS[ending]
        with scratch_folder() as place:
            drawing = context.part(0.0, 0.9)
            names = draw_report_figures(result, place, recording, formats=(kind,), processes=processes, context=drawing)
            pictures = {name: (place / f"{name}.{kind}").read_bytes() for name in names}
    context.check()
    context.report(Progress("Writing the report", 0.9))
    write_whole(path, report_content(result, ending, pictures))
    context.report(Progress("Done", 1.0))
    return path


def report_content(result: Result, ending: str, pictures: dict[str, bytes]) -> bytes:
    """The content of a report's file with this ending; `pictures` are in the format of `ENDINGS`."""
    name = str(result.provenance.get("recording_name", ""))
    if ending == ".pdf":
        return report_pdf(result.analysis, result, recording_name=name, pictures=pictures)
    return report_html(result.analysis, result, recording_name=name, pictures=pictures).encode("utf-8")
