"""The figures of a report: scores, validation and coupling of all units, and the pages of the units that are described best."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from glmengine.context import SILENT, Context
from glmengine.export.file_names import file_name, free_name
from glmengine.export.unit_figures import Sheet, draw_sheets

if TYPE_CHECKING:
    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result

MOST_UNITS = 12
"""Units that get figures of their own, the best ones first."""

PICTURE_DPI = 150
"""Of the PNG files, of maps within vector files, and of the pictures in the report."""

_OF_ALL = ("scores", "cross_validation", "coupling", "comparison")


def draw_report_figures(
    result: Result,
    folder: Path,
    recording: Recording | None = None,
    *,
    formats: Sequence[str],
    processes: int | None = None,
    context: Context = SILENT,
) -> list[str]:
    """Draw the figures into a folder that is there, each once for all formats; their names, without endings, in the report's order.

    Where the caller wants to stop and keep, those that were drawn.
    """
    sheets = _sheets(result, recording is not None)
    draw_sheets(result, sheets, folder, recording, formats=formats, dpi=PICTURE_DPI, processes=processes, context=context)
    names = [sheet.name for sheet in sheets]
    if context.stopping:
        names = [name for name in names if all((folder / f"{name}.{kind}").exists() for kind in formats)]
    return names


def chosen_units(result: Result, most: int = MOST_UNITS) -> list[str]:
    """The units best described on held-out time (in the fit where there is none), at most `most`, in the result's order."""
    scores = np.asarray(result.scores["deviance_explained_heldout"].values, np.float64)
    if np.isnan(scores).all():
        scores = np.asarray(result.scores["deviance_explained_fit"].values, np.float64)
    best = np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable")[:most]
    return [result.units[index] for index in sorted(best)]


def _sheets(result: Result, recorded: bool) -> list[Sheet]:
    from glmengine.figures import available
    from glmengine.figures.kinds.unit import has_panels

    taken: set[str] = set()
    sheets = [Sheet(kind, None, kind) for kind in available(result) if kind in _OF_ALL]
    units = chosen_units(result)
    plan = [("unit", unit) for unit in units if has_panels(result, unit, recorded)]
    if result.goodness_of_fit is not None:
        plan += [("goodness", unit) for unit in units if unit in result.goodness_of_fit.units]
    if result.simulated is not None:
        simulated = {str(name) for name in result.simulated.rate["unit"].values}
        plan += [("surrogates", unit) for unit in units if unit in simulated]
    if result.selection is not None and result.selection.path is not None:
        plan += [("group_path", unit) for unit in units if unit in result.selection.units]
    return [*sheets, *(Sheet(kind, unit, free_name(f"{kind}-{file_name(unit)}", taken)) for kind, unit in plan)]
