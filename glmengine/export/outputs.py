"""Output folders of a result: tables, NetCDF, figures, report, and the analysis to run it again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from glmengine.argument_kinds import takes_only_its_kinds
from glmengine.context import SILENT, Context, Progress
from glmengine.errors import GlmError
from glmengine.export.check_tables import CHECKS, check_texts
from glmengine.export.citations import bibtex
from glmengine.export.csv_metadata import OF_A_FOLDER, csv_metadata
from glmengine.export.methods import methods_text
from glmengine.export.output_folder import aside, moved, writable_folder
from glmengine.export.script import script_text
from glmengine.export.selection_tables import SELECTION_TABLES, selection_texts
from glmengine.export.tables import coefficients_csv, scores_csv, table_csv
from glmengine.io.files.whole import write_whole

if TYPE_CHECKING:
    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result

_RESULT = "result.nc"

_FIGURE_NAMES = re.compile(
    r"((?:unit|goodness|surrogates)-.+|scores|cross_validation|coupling|comparison)\.(pdf|svg|png|tiff)", re.DOTALL
)


_ALWAYS = (
    _RESULT,
    "coefficients.csv",
    "scores.csv",
    "methods.txt",
    "references.bib",
    "analysis.toml",
    "script.py",
    "report.html",
    OF_A_FOLDER,
)
_SOMETIMES = (
    "sessions.csv",
    "tests.csv",
    "shift_test.csv",
    "fold_scores.csv",
    "strengths.csv",
    "settings.csv",
    "edf.csv",
    "recipe.toml",
    "report.pdf",
)


def refuse_strangers(folder: str | Path, names: Sequence[str] = _ALWAYS) -> None:
    """Refuse a folder in which results would take the place of files that are of no earlier result, such as the analysis that is run.

    Raises
    ------
    GlmError
        Names the first of them.
    """
    there = there_already(folder, names)
    if there and not (Path(folder) / _RESULT).is_file():
        raise GlmError(
            f"{there[0]}: is there already and of no earlier result; choose another folder for the results, or move it elsewhere"
        )


def there_already(folder: str | Path, names: Sequence[str] = _ALWAYS + _SOMETIMES) -> list[Path]:
    """Files in a folder that results would replace."""
    return [path for name in names if (path := Path(folder) / name).exists()]


def save_result(result: Result, folder: str | Path) -> Path:
    """Write ``result.nc`` alone into a folder that is there; its path."""
    path = Path(folder) / _RESULT
    result.save(path)
    return path


@takes_only_its_kinds
def write_outputs(
    result: Result,
    folder: str | Path,
    recording: Recording | None = None,
    *,
    figures: bool = True,
    formats: tuple[str, ...] = ("pdf", "png"),
    pdf: bool = False,
    replace: bool = False,
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
        Made where it is missing. Files of an earlier result are replaced, all together once all are made, and its tables and figures
        that this one does not have are taken away.
    recording : Recording, optional
        Lets predicted and observed rates be drawn.
    figures : bool
        Off, neither figures nor their place in the report.
    formats : tuple of str
        Of the figures: ``"pdf"``, ``"svg"``, ``"png"``, ``"tiff"``.
    pdf : bool
        Whether the report is written as ``report.pdf`` too.
    replace : bool
        Whether files of the same names are replaced, too, in a folder that holds no earlier result.
    processes : int, optional
        That draw figures: as many as there are cores where not given, once there are many figures.
    context : Context, optional
        Progress and cancellation.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    GlmError
        If the folder cannot be written to, or holds files of these names that are of no earlier result.
    """
    import tomli_w

    folder = Path(folder)
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
    if not replace:
        refuse_strangers(folder, (*_ALWAYS, *texts, *(("report.pdf",) if pdf else ())))
    again = (folder / _RESULT).is_file()
    # aside, and moved together at the end: what lies in the folder is of one fit, whatever ends this one
    with aside(folder) as place:
        save_result(result, place)  # first, for it is the largest, and may find no room
        made = [Path(_RESULT)]
        for name, text in texts.items():
            write_whole(place / name, text.encode("utf-8"))
            made.append(Path(name))
        made += _reports(result, place, recording, figures, formats, pdf, processes, context.part(0.0, 0.95))
        context.report(Progress("Done", 1.0))  # whatever the context does, nothing has been moved yet
        context.check()
        written = moved(made, place, folder)
    if again:
        _remove_stale(folder, written)
    return written


def _reports(
    result: Result,
    place: Path,
    recording: Recording | None,
    figures: bool,
    formats: tuple[str, ...],
    pdf: bool,
    processes: int | None,
    context: Context,
) -> list[Path]:
    """Draw the figures and write the reports; the files that are to be kept, relative to the folder."""
    from glmengine.export.report.figures import draw_report_figures
    from glmengine.export.report.writing import ENDINGS, report_content

    endings = {ending: kind for ending, kind in ENDINGS.items() if pdf or ending != ".pdf"}
    names: list[str] = []
    if figures:
        drawn = tuple(dict.fromkeys((*formats, *endings.values())))
        folder = writable_folder(place / "figures")
        names = draw_report_figures(result, folder, recording, formats=drawn, processes=processes, context=context)
    for ending, kind in endings.items():
        pictures = {name: (place / "figures" / f"{name}.{kind}").read_bytes() for name in names}
        write_whole(place / f"report{ending}", report_content(result, ending, pictures))
    return [
        *(Path("figures") / f"{name}.{kind}" for name in names for kind in formats),
        *(Path(f"report{ending}") for ending in endings),
    ]


def _remove_stale(folder: Path, written: list[Path]) -> None:
    """Take away what an earlier run wrote into the folder and this one did not: it would be taken for a part of this result."""
    earlier = [folder / name for name in _SOMETIMES]
    earlier += [
        path for path in folder.glob("selection_*.csv") if path.stem.removeprefix("selection_").split("_")[0] in SELECTION_TABLES
    ]
    earlier += [path for kind in CHECKS for path in folder.glob(f"{kind}_*.csv")]
    earlier += [path for path in (folder / "figures").glob("*") if _FIGURE_NAMES.fullmatch(path.name)]
    for path in set(earlier) - set(written):
        if path.is_file():
            path.unlink(missing_ok=True)
