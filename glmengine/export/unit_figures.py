"""Figures of every unit, drawn in several processes and put into a folder all together."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from glmengine.context import SILENT, Context, Progress, parts_by_work
from glmengine.errors import GlmError
from glmengine.export.file_names import file_name, free_name
from glmengine.export.output_folder import aside, moved
from glmengine.io.files.whole import write_whole
from glmengine.parallel.room_beside import processes_beside

if TYPE_CHECKING:
    from glmengine.figures.kinds.rates import RateStretch
    from glmengine.figures.page import Page
    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result

WORK_OF_PROCESS = 12.0
"""Work that is worth a process of its own, whose start takes as long as the page of a unit."""

PROCESS_BYTES = 0.4e9
"""Memory of a process that draws."""

_WORK = {"unit": 4.0, "goodness": 3.0, "surrogates": 3.0, "tuning": 1.5, "path": 6.0}
"""What the drawing of a figure takes, beside that of others, which take 1 (measured)."""

_DRAWN = 0.5  # what a figure takes before it is written in the first format, beside that
_PREDICTED = 0.02  # share of the rates that are drawn

_SLOW = ("path",)  # fitted again for each unit: only where it is asked for by name


@dataclass(frozen=True)
class Sheet:
    """One figure that is to be drawn.

    Attributes
    ----------
    kind : str
    unit : str or None
    name : str
        Of its files, without an ending.
    """

    kind: str
    unit: str | None
    name: str


@dataclass(frozen=True)
class _Desk:
    """What a process draws from."""

    result: Result | None  # None on the way to another process
    page: Page
    formats: tuple[str, ...]
    dpi: float
    folder: Path
    stretches: dict[str, RateStretch]


def unit_kinds(result: Result, recording: Recording | None) -> list[str]:
    """The figures of one unit that there is something for."""
    from glmengine.figures.table import TABLE

    return [
        kind.name
        for kind in TABLE
        if kind.of_unit and kind.has(result) and kind.name not in _SLOW and (recording is not None or not kind.recorded)
    ]


def write_unit_figures(
    result: Result,
    folder: str | Path,
    recording: Recording | None = None,
    *,
    kinds: Sequence[str] = ("unit",),
    units: Sequence[str] | None = None,
    formats: Sequence[str] = ("pdf",),
    page: Page | None = None,
    dpi: float = 300.0,
    processes: int | None = None,
    replace: bool = False,
    context: Context = SILENT,
) -> list[Path]:
    """Draw and write figures of units; none is drawn twice for two formats.

    Parameters
    ----------
    result : Result
    folder : path
        Made where it is missing. Files appear in it together, once all are drawn, or those that are drawn when the context wants to stop.
    recording : Recording, optional
        Lets rates be drawn.
    kinds : sequence of str
        Figures of one unit.
    units : sequence of str, optional
        All where not given.
    formats : sequence of str
        ``"pdf"``, ``"svg"``, ``"png"``, ``"tiff"``.
    page : Page, optional
    dpi : float
    processes : int, optional
        As many as there are cores where not given; 1 draws here.
    replace : bool
        Whether files of the same names are replaced.
    context : Context, optional

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    GlmError
        If the folder cannot be written to, or files are there that are not to be replaced.
    Cancelled
        If the context says so; the folder is then as it was.
    """
    sheets = _sheets(result, kinds, result.units if units is None else units, recording is not None)
    names = [Path(f"{sheet.name}.{ending}") for sheet in sheets for ending in formats]
    folder = Path(folder)
    there = [name for name in names if (folder / name).exists()]
    if there and not replace:
        raise GlmError(
            f"{folder / there[0]}: exists already, as do {len(there) - 1} others; choose another folder, or replace them"
        )
    with aside(folder) as place:
        draw_sheets(result, sheets, place, recording, formats=formats, page=page, dpi=dpi, processes=processes, context=context)
        context.report(Progress("Done", 1.0))  # whatever the context does, nothing has been moved yet
        context.check()
        written = moved([name for name in names if (place / name).exists()], place, folder)
    return written


def draw_sheets(
    result: Result,
    sheets: Sequence[Sheet],
    folder: Path,
    recording: Recording | None = None,
    *,
    formats: Sequence[str],
    page: Page | None = None,
    dpi: float,
    processes: int | None = None,
    context: Context = SILENT,
) -> None:
    """Draw figures into a folder that is there, each once for all formats, as `write_unit_figures` does."""
    from glmengine.figures.kinds.rates import rate_stretches
    from glmengine.figures.page import Page

    drawn = list(dict.fromkeys(sheet.unit for sheet in sheets if sheet.kind in ("unit", "rates") and sheet.unit is not None))
    stretches = {}
    if recording is not None and result.has_rates and drawn:
        stretches = rate_stretches(result, drawn, recording, context=context.part(0.0, _PREDICTED))
    desk = _Desk(result, page or Page(), tuple(formats), dpi, folder, stretches)
    work = [_WORK.get(sheet.kind, 1.0) for sheet in sheets]
    several = min(processes or min(os.cpu_count() or 1, int(sum(work) / WORK_OF_PROCESS)), len(sheets))
    if several > 1 and processes is None:
        several = min(several, processes_beside(PROCESS_BYTES, result.analysis.model.memory))
    if several > 1:
        _draw_in_processes(desk, list(sheets), several, context.part(_PREDICTED, 1.0))
        return
    for share, sheet in zip(parts_by_work(context.part(_PREDICTED, 1.0), work), sheets, strict=True):
        context.check()
        if context.stopping:
            return
        _draw(desk, sheet, share)


def _sheets(result: Result, kinds: Sequence[str], units: Sequence[str], recorded: bool) -> list[Sheet]:
    taken: set[str] = set()
    found = []
    for unit in units:  # each with all its kinds, which differ in the time that they take
        for kind in kinds:
            if _has(result, kind, unit, recorded):
                found.append(Sheet(kind, unit, free_name(f"{kind}-{file_name(unit)}", taken)))
    if not found:
        raise GlmError("there is nothing to draw of any unit; add a term to the analysis, or choose another figure")
    return found


def _has(result: Result, kind: str, unit: str, recorded: bool) -> bool:
    """Whether there is anything of this kind for the unit, which may lack a term."""
    if kind == "unit":
        from glmengine.figures.kinds.unit import has_panels

        return has_panels(result, unit, recorded)
    if kind in ("tuning", "polar"):
        return bool(result.labels_for(result.curves, unit))
    if kind in ("filter", "events", "receptive_field"):
        return bool(result.labels_for(result.filters, unit))
    if kind == "goodness":
        return result.goodness_of_fit is not None and unit in result.goodness_of_fit.units
    if kind == "surrogates":
        return result.simulated is not None and unit in result.simulated.rate["unit"].values
    return True


def _draw(desk: _Desk, sheet: Sheet, context: Context) -> None:
    """Draw one figure once, and write it in each format, telling `context` how far it is."""
    from glmengine.figures import draw
    from glmengine.figures.saving import rendered

    drawing, *writing = parts_by_work(
        context, [_DRAWN, *[1.0] * len(desk.formats)], ["Drawing figures"] * (1 + len(desk.formats))
    )
    drawing.report(Progress("", 0.0))
    more = {"stretch": desk.stretches[sheet.unit]} if sheet.kind in ("unit", "rates") and sheet.unit in desk.stretches else {}
    figure = draw(desk.result, sheet.kind, sheet.unit, page=desk.page, **more)
    for ending, part in zip(desk.formats, writing, strict=True):
        context.check()
        part.report(Progress("", 0.0))
        write_whole(desk.folder / f"{sheet.name}.{ending}", rendered(figure, f".{ending}", desk.dpi))


class _Drawing:
    """Draws figures from a desk whose result lies in a file, which is read when the first figure is asked for."""

    def __init__(self, desk: _Desk, result: Path) -> None:
        self._desk, self._result = dataclasses.replace(desk, result=None), result

    def __call__(self, sheet: Sheet, context: Context) -> GlmError | None:
        if self._desk.result is None:
            from glmengine.results.result import Result

            self._desk = dataclasses.replace(self._desk, result=Result.load(self._result))
        try:
            _draw(self._desk, sheet, context)
        except GlmError as error:  # it travels as a value
            return error
        return None


def _lost(sheet: Sheet, reason: str) -> GlmError:
    return GlmError(f"figure {sheet.name}: {reason}")


def _draw_in_processes(desk: _Desk, sheets: list[Sheet], count: int, context: Context) -> None:
    from glmengine.parallel.processes import in_processes

    assert desk.result is not None
    kept = desk.folder / ".result.nc"
    desk.result.save(kept)
    try:
        # whoever cancels does not wait for a page that is being drawn: nothing of it is in the folder before it is whole
        work = [_WORK.get(sheet.kind, 1.0) for sheet in sheets]
        for _, fault in in_processes(sheets, count, None, _Drawing(desk, kept), _lost, context, patience=0.0, work=work):
            if fault is not None:
                raise fault
    finally:
        kept.unlink(missing_ok=True)
