"""Commands that test a fitted model: check, shift-test, bootstrap."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from glmengine.cli.command import Command
from glmengine.cli.opening import opened_as, opened_by
from glmengine.cli.options import (
    CODE,
    EPOCH,
    HELD_OUT,
    KEEP,
    OUT_TABLES,
    RECIPE,
    RESULT,
    SEED,
    SESSION,
    SHIFTS,
    THE_FITTED,
    UNIT,
    Option,
)
from glmengine.cli.terminal import progress_bar, say_notes, say_written
from glmengine.sentences import numbered

if TYPE_CHECKING:
    from glmengine.context import Context
    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result


def check(options: Namespace) -> int:
    """Whether a fitted model is right."""
    from glmengine.export.goodness_tables import write_goodness
    from glmengine.export.outputs import save_result, writable_folder
    from glmengine.project.question import load_result

    result = load_result(options.result)
    folder = writable_folder(options.out)
    with progress_bar() as context:
        recording = opened_as(result, options, context.part(0.0, 0.2))
        found = result.goodness(
            recording, options.unit, epochs=options.epoch, held_out=options.held_out, context=context.part(0.2, 0.95)
        )
        written = write_goodness(found, folder)
    if options.keep:
        written.append(save_result(result.with_goodness(found), folder))
    print(
        f"{recording.name}: {numbered(len(found.units), 'unit')}, nothing speaks against the model of {int(found.summary['adequate'].sum())}"
    )
    print(found)
    say_written(folder, written)
    return 0


def shift_test(options: Namespace) -> int:
    """Terms tested against counts that are shifted in time."""
    from glmengine.export.goodness_tables import write_datasets
    from glmengine.export.outputs import save_result, writable_folder

    folder = writable_folder(options.out)
    with progress_bar() as context:
        result, recording = _fitted_or_loaded(options, context.part(0.0, 0.5))
        found = result.shift_test(
            recording,
            options.term,
            options.shifts,
            options.seed,
            scheme=options.scheme,
            within=options.within,
            shortest=options.shortest,
            statistic="in_sample" if options.in_sample else "held_out",
            refit=options.refit,
            epochs=options.epoch,
            context=context.part(0.5, 0.98),
        )
        tables = {"shift_test": found.table.drop_vars("null"), "shift_null": found.table[["null"]]}
        written = write_datasets(tables, folder, "shift_test")
    if options.keep:
        written.append(save_result(result.with_shift_test(found), folder))
    print(f"{recording.name}: {numbered(len(found.units), 'unit')}, {numbered(len(found.terms), 'term')} tested")
    print(found)
    say_notes(found.notes)
    say_written(folder, written)
    return 0


def _fitted_or_loaded(options: Namespace, context: Context) -> tuple[Result, Recording]:
    """The result that is named, or that of the analysis that is; and the recording."""
    from glmengine.analysis_run import run as run_analysis
    from glmengine.project.question import load_question, load_result

    if Path(options.question).suffix.lower() != ".toml":
        result = load_result(options.question)
        return result, opened_as(result, options, context)
    analysis = load_question(options.question).analysis
    recording = opened_by(options, analysis.recording.recipe, context.part(0.0, 0.3))
    return run_analysis(analysis, recording, context.part(0.3, 1.0)), recording


def bootstrap(options: Namespace) -> int:
    """Bands from blocks of time or trials that are drawn again."""
    from glmengine.export.goodness_tables import write_datasets
    from glmengine.export.outputs import save_result, writable_folder
    from glmengine.project.question import load_result

    result = load_result(options.result)
    folder = writable_folder(options.out)
    with progress_bar() as context:
        recording = opened_as(result, options, context.part(0.0, 0.2))
        found = result.bootstrap(
            recording,
            options.draws,
            options.seed,
            block=options.block,
            trials=options.trials,
            context=context.part(0.2, 0.98),
        )
        written = write_datasets(found.datasets(), folder, "bootstrap")
    if options.keep:
        written.append(save_result(result.with_bootstrap(found), folder))
    say_notes(found.notes)
    say_written(folder, written)
    return 0


CHECK = Command(
    "check",
    "whether a fitted model is right, in words and tables",
    "Time rescaling, residuals, calibration, dispersion, drift, influence and what is left between units. "
    "Writes summary.csv with a verdict per unit, a CSV of each check, and goodness.nc.",
    (RESULT, THE_FITTED, OUT_TABLES, EPOCH, UNIT, HELD_OUT, SESSION, KEEP, RECIPE, CODE),
    check,
)

SHIFT_TEST = Command(
    "shift-test",
    "whether terms are needed, against counts that are shifted in time",
    "Holds where bins are not independent, as Wald p-values do not: the counts are shifted against a term's covariates, within epochs or "
    "trials, and the gain of the term on held-out time is compared. Writes shift_test.csv with p and q of each unit and term, the gains of "
    "all shifts, and shift_test.nc. Given an analysis, it is fitted first.",
    (
        Option("question", metavar="RESULT|ANALYSIS", help="a result.nc, a project (.glm), or an analysis (.toml)"),
        THE_FITTED,
        OUT_TABLES,
        Option("--term", metavar="NAME", action="append", help="test only this term, may be repeated"),
        SHIFTS,
        SEED.saying("of the shifts; the analysis's where not given"),
        Option(
            "--scheme",
            choices=("cyclic", "blocks", "trials"),
            default="cyclic",
            help="cyclic shifts, blocks of time that change places, or trials that do; cyclic where not given",
        ),
        Option(
            "--within",
            metavar="NAME",
            default="",
            help="trials or an epoch whose borders no shift crosses; those of the time in use",
        ),
        Option(
            "--shortest",
            type=float,
            metavar="SECONDS",
            help="what a shift is at least, one bin where not given; or a block is long, longer than the autocorrelation of counts and term where not given",
        ),
        Option("--in-sample", action="store_true", help="compare gains on the bins that were fitted, not on held-out time"),
        Option("--refit", action="store_true", help="fit to the optimum for each shift, some hundred times slower"),
        EPOCH,
        SESSION,
        KEEP,
        RECIPE,
        CODE,
    ),
    shift_test,
)

BOOTSTRAP = Command(
    "bootstrap",
    "bands of coefficients, curves and filters from time drawn again",
    "Blocks of time, or trials, are drawn with replacement and fitted, so that the bands hold where bins are not independent. "
    "Writes coefficients.csv, a table of each curve and filter, and bootstrap.nc.",
    (
        RESULT,
        THE_FITTED.saying("the recording that was fitted"),
        OUT_TABLES,
        Option("--draws", type=int, default=200, metavar="N", help="how many, 200 where not given"),
        SEED.saying("of the draws; the analysis's where not given"),
        Option("--block", type=float, metavar="SECONDS", help="length of a block; a fiftieth of the time in use where not given"),
        Option("--trials", metavar="NAME", default="", help="draw these trials as wholes"),
        SESSION,
        KEEP,
        RECIPE,
        CODE,
    ),
    bootstrap,
)
