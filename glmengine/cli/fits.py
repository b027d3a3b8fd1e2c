"""Commands that fit, and that use a fit on a recording: run, batch, predict, export."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from glmengine.cli.command import Command
from glmengine.cli.opening import opened_as, opened_by
from glmengine.cli.options import (
    ANALYSIS,
    CODE,
    EPOCH,
    FORCE,
    OUT_RESULTS,
    RECIPE,
    RESULT,
    SCHEDULER,
    SESSION,
    SESSIONS,
    THE_FITTED,
    UNIT,
    Option,
    at_least_one,
)
from glmengine.cli.terminal import progress_bar, say_error, say_notes
from glmengine.context import Progress
from glmengine.errors import GlmError
from glmengine.sentences import numbered

if TYPE_CHECKING:
    import numpy as np

    from glmengine.analysis.analysis import Analysis
    from glmengine.batch.one_recording import Outcome


def run(options: Namespace) -> int:
    """Fit, score, and write everything."""
    from glmengine.batch.one_recording import FORMATS, run_to_folder
    from glmengine.export.outputs import writable_folder
    from glmengine.project.question import load_question

    question = load_question(options.analysis).on(options.recording)
    writable_folder(options.out)
    with progress_bar() as context:
        outcome = run_to_folder(
            _with_searches(question.analysis, options.search or ()),
            question.places,
            options.out,
            hashes=question.hashes,
            recipes=options.recipe or question.recipes,
            figures=not options.no_figures,
            formats=options.figure_format or FORMATS,
            pdf=options.pdf,
            on_kept=lambda: say_error(f"the fit was finished, and is kept with its tables in {options.out}; its figures are not"),
            context=context,
        )
    _say_outcome(outcome)
    return 0


def _with_searches(analysis: Analysis, texts: Sequence[str]) -> Analysis:
    """The analysis with further settings that are searched."""
    from glmengine.analysis.search import searched_from_text

    if not texts:
        return analysis
    search = (*analysis.model.search, *(searched_from_text(text) for text in texts))
    return analysis.with_(model=analysis.model.with_(search=search))


def batch(options: Namespace) -> int:
    """The same analysis on each of many recordings."""
    from glmengine.batch.many_recordings import run_batch
    from glmengine.project.question import load_question

    def say(outcome: Outcome) -> None:
        if outcome.summary is None:
            print(f"{outcome.recording}: FAILED: {outcome.reason}")
        elif outcome.done_before:
            print(f"{outcome.summary.name}: done before, in {outcome.folder}")
        else:
            _say_outcome(outcome)

    question = load_question(options.analysis).on(options.recordings)
    with progress_bar() as context:
        outcomes = run_batch(
            question.analysis,
            options.recordings,
            options.out,
            recipes=options.recipe or question.recipes,
            figures=not options.no_figures,
            workers=options.workers,
            scheduler=options.scheduler,
            **({} if options.block is None else {"block_seconds": options.block}),
            again=options.again,
            group_by=options.group_by or (),
            report=say,
            context=context,
        )
    print(f"written to {options.out}: recordings.csv, scores.csv{', groups.csv' if options.group_by else ''}")
    failures = sum(outcome.summary is None for outcome in outcomes)
    if failures:
        say_error(f"{failures} of {len(outcomes)} recordings failed; the lines above say why")
    return 1 if failures else 0


def predict(options: Namespace) -> int:
    """Rates and scores of a fitted model on a recording."""
    import xarray as xr

    from glmengine.export.outputs import writable_folder
    from glmengine.export.tables import scores_csv
    from glmengine.io.files.netcdf import netcdf_bytes
    from glmengine.io.files.whole import write_whole
    from glmengine.project.question import load_result

    result = load_result(options.result)
    folder = writable_folder(options.out)
    if (folder / "result.nc").exists():
        raise GlmError(f"{folder}: holds a result, whose scores.csv would be replaced; choose another folder with --out")
    with progress_bar() as context:
        recording = opened_as(result, options, context.part(0.0, 0.3))
        rates = result.predict(recording, options.epoch, units=options.unit, bands=options.bands, context=context.part(0.3, 0.7))
        scores = result.score(recording, options.epoch, context=context.part(0.7, 1.0))
    dataset = rates if isinstance(rates, xr.Dataset) else rates.to_dataset(name="rate")
    write_whole(folder / "rates.nc", netcdf_bytes(dataset))
    write_whole(folder / "scores.csv", scores_csv(result, scores).encode("utf-8"))
    explained = scores["deviance_explained"].values
    print(
        f"{recording.name}: {numbered(len(result.units), 'unit')}, {dataset.sizes['time']} bins, deviance explained {_median(explained)} (median)"
    )
    missing = [unit for unit in result.units if unit not in recording.unit_names]
    if missing:
        print(f"note: not in this recording, and so without scores: {', '.join(missing)}")
    print(f"written to {folder}: rates.nc, scores.csv")
    return 0


def export(options: Namespace) -> int:
    """Results in one of the formats, or in a copy of the recording's NWB file."""
    if options.format:
        return _export_numbers(options)
    if not options.nwb or not options.recording:
        raise GlmError("say what to write: --format NAME --out PATH, or --nwb COPY --recording FILE")
    from glmengine.export.nwb_results import write_results_nwb
    from glmengine.export.outputs import writable_folder
    from glmengine.export.recordings import refuse_original
    from glmengine.project.question import load_result

    result, path = load_result(options.result), Path(options.nwb)
    with progress_bar() as context:
        recording = opened_by(options, result.analysis.recording.recipe, context.part(0.0, 0.6))
        writable_folder(path.parent)
        refuse_original(recording, path)
        if path.exists() and not options.force:
            raise GlmError(f"{path}: exists already; give another name, or --force to replace it")
        fitted = {*(one.sha256 for one in result.sessions_fitted), str(result.provenance.get("recording_sha256", ""))}
        if all(fitted) and recording.sha256 and recording.sha256 not in fitted:
            print(f"note: {options.recording} is not the recording that was fitted (its content differs)")
        context.report(Progress(f"Writing {path.name}", 0.7))
        context.check()
        write_results_nwb(result, recording, path)
    print(f"written: {path}")
    return 0


def kept_fits(options: Namespace) -> int:
    """The fits that a project keeps."""
    from glmengine.analysis.wording import share_text
    from glmengine.project.project import load_fits
    from glmengine.results.kept_fits import changes

    fits, shown = load_fits(options.project)
    print(f"{Path(options.project).name}: {numbered(len(fits), 'fit')} kept")
    for fit, new in zip(fits, changes(fits), strict=True):
        mark = "*" if fit.key == shown else " "
        score = f"{share_text(fit.score)} {fit.scored}" if fit.scored else "no score"
        print(f"{mark} {fit.name}: {score}, {numbered(fit.n_units, 'unit')}; {'; '.join(new) or 'the first fit'}")
    return 0


def _export_numbers(options: Namespace) -> int:
    from glmengine.export.formats import export_result
    from glmengine.project.question import load_result

    if options.nwb or not options.out:
        raise GlmError("--format: name the file or folder to write with --out, and leave --nwb out")
    written = export_result(load_result(options.result), options.out, options.format, replace=options.force)
    print(f"written: {options.out}" + (f" ({len(written)} files)" if len(written) > 1 else ""))
    return 0


def _say_outcome(outcome: Outcome) -> None:
    import numpy as np

    summary, folder = outcome.summary, outcome.folder
    say_notes(outcome.notes)
    held_out = summary.held_out
    found = (
        f", deviance explained on held-out time {_median(held_out)} (median), {_most(held_out)} (most)"
        if np.isfinite(held_out).any()
        else ""
    )
    print(f"{summary.name}: {numbered(len(summary.units), 'unit')}, {summary.features} features, {summary.seconds:.1f} s{found}")
    say_notes(summary.notes)
    names = dict.fromkeys(one.name if one.parent == folder else f"{one.parent.name}/" for one in outcome.written)
    print(f"written to {folder}: {', '.join(names)}")


def _median(values: np.ndarray) -> str:
    import numpy as np

    from glmengine.analysis.wording import share_text

    known = values[np.isfinite(values)]
    return share_text(float(np.median(known))) if len(known) else "not known"


def _most(values: np.ndarray) -> str:
    import numpy as np

    from glmengine.analysis.wording import share_text

    return share_text(float(np.nanmax(values)))


_NO_FIGURES = Option("--no-figures", action="store_true", help="write tables and result.nc, draw nothing")

RUN = Command(
    "run",
    "fit, score, and write everything",
    "Writes result.nc, coefficients.csv, scores.csv, tests.csv, fold_scores.csv, figures/, report.html, methods.txt, references.bib, analysis.toml and script.py; of several sessions "
    "sessions.csv too, and recipe.toml where a recipe was given.",
    (
        ANALYSIS,
        SESSIONS.saying(
            "the recording; given several times: sessions that are analysed together; those that the analysis names where not given"
        ),
        OUT_RESULTS,
        _NO_FIGURES,
        Option(
            "--search",
            metavar="TERM.SETTING=VALUES",
            action="append",
            help="compare settings of a term on held-out time: 'place.functions=6,10,16', 'history.window=0.1,0.2', 'place.bounds=0:80,0:100'; may be repeated",
        ),
        Option(
            "--figure-format",
            metavar="KIND",
            action="append",
            choices=("pdf", "svg", "png"),
            help="pdf, svg or png, may be repeated; pdf and png where not given",
        ),
        Option("--pdf", action="store_true", help="write the report as report.pdf too"),
        RECIPE,
        CODE,
    ),
    run,
)

BATCH = Command(
    "batch",
    "the same analysis on each of many recordings",
    "One folder of results per recording, recordings.csv with what became of each, and scores.csv with the scores of all. "
    "One that fails is reported and the others go on. Called again after an interruption it keeps the recordings that are done.",
    (
        ANALYSIS,
        Option("recordings", metavar="FILE", nargs="+", help="the recordings"),
        OUT_RESULTS,
        _NO_FIGURES,
        Option(
            "--workers",
            metavar="N",
            type=at_least_one,
            default=1,
            help="processes of this machine that share the recordings; 1 where not given",
        ),
        SCHEDULER.saying("a Dask scheduler, such as tcp://host:8786, whose workers do the recordings"),
        Option(
            "--block",
            metavar="SECONDS",
            type=float,
            help="fit a recording that takes much longer in blocks of units of about so many seconds, which are shared out like recordings; "
            "120 where not given, 0 for none",
        ),
        Option(
            "--group-by",
            metavar="COLUMN",
            action="append",
            help="write groups.csv too, with scores by a column of texts of the units' table (region, animal); may be repeated",
        ),
        Option("--again", action="store_true", help="do the recordings again that are done"),
        RECIPE,
        CODE,
    ),
    batch,
)

PREDICT = Command(
    "predict",
    "rates and scores of a fitted model on a recording",
    "With the features of the fit. Writes rates.nc (unit x time, Hz) and scores.csv.",
    (
        RESULT,
        THE_FITTED.saying("any recording with the same covariates"),
        OUT_RESULTS,
        EPOCH,
        SESSION,
        UNIT.saying("the rates of this unit only, may be repeated"),
        Option("--bands", action="store_true", help="with 95 %% intervals of the expected rate"),
        RECIPE,
        CODE,
    ),
    predict,
)

FITS = Command(
    "fits",
    "the fits that a project keeps",
    "One line each: name, score, and what is new in it compared with the fit before.",
    (Option("project", metavar="PROJECT", help="a .glm file"),),
    kept_fits,
)

EXPORT = Command(
    "export",
    "the results as tables in one of many formats, or in a copy of the recording's NWB file",
    "--format writes the numbers: csv and parquet (a folder of tidy tables, with a data dictionary), xlsx (a workbook), netcdf (the whole result), "
    "json, npz, mat, and nemos (a model that nemos.load_model opens, and a script that predicts with it). "
    "--nwb adds a processing module with scores, coefficients and the analysis to a copy of the recording; one of another format is written as NWB first.",
    (
        RESULT,
        Option("--format", metavar="NAME", default="", help="csv, parquet, xlsx, netcdf, json, npz, mat or nemos"),
        Option("--out", metavar="PATH", default="", help="the file, or of csv and parquet the folder, to write"),
        Option("--nwb", metavar="COPY", default="", help="the .nwb file to write"),
        Option("--recording", metavar="FILE", default="", help="the recording that was fitted, for --nwb; it is never changed"),
        FORCE.saying("replace what exists"),
        RECIPE,
    ),
    export,
)
