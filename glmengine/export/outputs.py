"""Output folders of a result: tables, NetCDF, figures, report, and the analysis to run it again."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from glmengine.context import SILENT, Context, Progress
from glmengine.export.aside import aside, moved, writable_folder
from glmengine.export.check_tables import CHECKS, check_texts
from glmengine.export.citations import bibtex
from glmengine.export.csv_metadata import OF_A_FOLDER, csv_metadata
from glmengine.export.file_names import file_name, free_name
from glmengine.export.methods import methods_text
from glmengine.export.script import script_text
from glmengine.export.selection_tables import SELECTION_TABLES, selection_texts
from glmengine.export.tables import coefficients_csv, scores_csv, table_csv
from glmengine.io.files.whole import write_whole

if TYPE_CHECKING:
    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result

_RESULT = "result.nc"

MOST_UNITS = 12
"""Units that get figures of their own, the best ones first."""

_FIGURE_NAMES = re.compile(
    r"((?:unit|goodness|surrogates)-.+|scores|cross_validation|coupling|comparison)\.(pdf|svg|png|tiff)", re.DOTALL
)

PICTURE_DPI = 150
"""Of the PNG files, of maps within vector files, and of the pictures in the report."""


def save_result(result: Result, folder: str | Path) -> Path:
    """Write ``result.nc`` alone into a folder that is there; its path."""
    path = Path(folder) / _RESULT
    result.save(path)
    return path


def write_outputs(
    result: Result,
    folder: str | Path,
    recording: Recording | None = None,
    *,
    figures: bool = True,
    formats: tuple[str, ...] = ("pdf", "png"),
    processes: int | None = None,
    context: Context = SILENT,
) -> list[Path]:
    """Write ``coefficients.csv``, ``scores.csv``, ``result.nc``, ``analysis.toml``, ``script.py``, ``methods.txt``,
    ``references.bib``, ``csv-metadata.json``, ``figures/`` and ``report.html``.

    Also ``tests.csv``, ``fold_scores.csv``, of several sessions ``sessions.csv``, of settings that were searched ``settings.csv``, of strengths by marginal likelihood
    ``strengths.csv`` and ``edf.csv``, of a selection ``selection_chosen.csv`` and others, and of checks that are
    kept ``goodness_summary.csv``, ``bootstrap_coefficients.csv``, ``simulated_rate.csv``, ``decoded_values.csv`` and others.

    Parameters
    ----------
    result : Result
    folder : path
        Made where it is missing; files of the same names are replaced, all together once all are made, and tables and figures of an
        earlier result that this one does not have are taken away.
    recording : Recording, optional
        Lets predicted and observed rates be drawn.
    figures : bool
        Off, neither figures nor their place in the report.
    formats : tuple of str
        Of the figures: ``"pdf"``, ``"svg"``, ``"png"``, ``"tiff"``.
    processes : int, optional
        That draw figures: as many as there are cores where not given, once there are many figures.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    GlmError
        If the folder cannot be written to.
    """
    import tomli_w

    from glmengine.export.report import report_html

    folder = writable_folder(folder)
    path = str(result.provenance.get("recording_path", ""))
    recipe = None if recording is None else recording.source.get("recipe")
    texts = {
        "coefficients.csv": coefficients_csv(result),
        "scores.csv": scores_csv(result),
        "methods.txt": methods_text(result) + "\n",
        "references.bib": bibtex(result),
        "analysis.toml": tomli_w.dumps(result.analysis.to_dict()),
        "script.py": script_text(result.analysis, path or None, recipe, result, folder),
    }
    if result.tests is not None:
        texts["tests.csv"] = table_csv(result.tests)
    if result.shift_tests is not None:
        texts["shift_test.csv"] = table_csv(result.shift_tests.table.drop_vars("null"))
    if result.search is not None:
        texts["settings.csv"] = table_csv(result.search[["scores"]].mean("fold"))
    if result.smoothing is not None:
        texts["strengths.csv"] = table_csv(result.smoothing[["strength", "at_limit"]])
        texts["edf.csv"] = table_csv(result.smoothing[["edf"]])
    if result.fold_scores is not None:
        texts["fold_scores.csv"] = table_csv(result.fold_scores)
    if result.selection is not None:
        texts |= selection_texts(result.selection)
    texts |= check_texts(result)
    if result.sessions is not None:
        texts["sessions.csv"] = table_csv(result.sessions)
    if recipe is not None:
        texts["recipe.toml"] = tomli_w.dumps(dict(recipe))
    texts[OF_A_FOLDER] = csv_metadata(result, {name: text for name, text in texts.items() if name.endswith(".csv")})
    again = (folder / _RESULT).is_file()
    # aside, and moved together at the end: what lies in the folder is of one fit, whatever ends this one
    with aside(folder) as place:
        save_result(result, place)  # first, for it is the largest, and may find no room
        made = [Path(_RESULT)]
        for name, text in texts.items():
            write_whole(place / name, text.encode("utf-8"))
            made.append(Path(name))
        pictures: dict[str, bytes] = {}
        if figures:
            drawn, pictures = _figures(result, place / "figures", recording, formats, processes, context.part(0.0, 0.95))
            made += [path.relative_to(place) for path in drawn]
        report = report_html(
            result.analysis, result, recording_name=str(result.provenance.get("recording_name", "")), pictures=pictures
        )
        write_whole(place / "report.html", report.encode("utf-8"))
        made.append(Path("report.html"))
        context.check()
        written = moved(made, place, folder)
    if again:
        _remove_stale(folder, written)
    context.report(Progress("Done", 1.0))
    return written


def _remove_stale(folder: Path, written: list[Path]) -> None:
    """Take away what an earlier run wrote into the folder and this one did not: it would be taken for a part of this result."""
    earlier = [
        folder / name
        for name in (
            "sessions.csv",
            "tests.csv",
            "shift_test.csv",
            "fold_scores.csv",
            "strengths.csv",
            "settings.csv",
            "edf.csv",
            "recipe.toml",
        )
    ]
    earlier += [
        path for path in folder.glob("selection_*.csv") if path.stem.removeprefix("selection_").split("_")[0] in SELECTION_TABLES
    ]
    earlier += [path for kind in CHECKS for path in folder.glob(f"{kind}_*.csv")]
    earlier += [path for path in (folder / "figures").glob("*") if _FIGURE_NAMES.fullmatch(path.name)]
    for path in set(earlier) - set(written):
        if path.is_file():
            path.unlink(missing_ok=True)


def chosen_units(result: Result, most: int = MOST_UNITS) -> list[str]:
    """The units best described on held-out time (in the fit where there is none), at most `most`, in the result's order."""
    scores = np.asarray(result.scores["deviance_explained_heldout"].values, np.float64)
    if np.isnan(scores).all():
        scores = np.asarray(result.scores["deviance_explained_fit"].values, np.float64)
    best = np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable")[:most]
    return [result.units[index] for index in sorted(best)]


def _figures(
    result: Result, folder: Path, recording: Recording | None, formats: tuple[str, ...], processes: int | None, context: Context
) -> tuple[list[Path], dict[str, bytes]]:
    """Draw and save; the pictures of the report come back as PNG by title."""
    from glmengine.export.unit_figures import Sheet, draw_sheets
    from glmengine.figures import available

    folder = writable_folder(folder)
    taken: set[str] = set()
    sheets = [
        Sheet(kind, None, kind) for kind in available(result) if kind in ("scores", "cross_validation", "coupling", "comparison")
    ]
    units = chosen_units(result)
    plan = []
    if result.has_rates or (result.cv is not None and result.cv.sizes["strength"] > 1):  # else there is nothing to draw of a unit
        plan += [("unit", unit) for unit in units]
    if result.goodness_of_fit is not None:
        plan += [("goodness", unit) for unit in units if unit in result.goodness_of_fit.units]
    if result.simulated is not None:
        simulated = {str(name) for name in result.simulated.rate["unit"].values}
        plan += [("surrogates", unit) for unit in units if unit in simulated]
    sheets += [Sheet(kind, unit, free_name(f"{kind}-{file_name(unit)}", taken)) for kind, unit in plan]
    drawn = tuple(dict.fromkeys((*formats, "png")))  # the report shows pixels
    draw_sheets(result, sheets, folder, recording, formats=drawn, dpi=PICTURE_DPI, processes=processes, context=context)
    pictures = {sheet.name: (folder / f"{sheet.name}.png").read_bytes() for sheet in sheets}
    if "png" not in formats:
        for sheet in sheets:
            (folder / f"{sheet.name}.png").unlink()
    return [folder / f"{sheet.name}.{ending}" for sheet in sheets for ending in formats], pictures
