"""Commands of `glmengine`, their options and exit codes."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from typing import NoReturn

from glmengine.cli.terminal import quiet_libraries, quote_foreign_letters, say_error, spare_neo
from glmengine.errors import Cancelled, GlmError

DONE, AT_FAULT, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130

_EXAMPLES = """\
an analysis from beginning to end, on a simulated session:
  glmengine sample session session.nwb
  glmengine inspect session.nwb
  glmengine new session session.toml
  glmengine run session.toml --recording session.nwb --out results
  glmengine predict results/result.nc --recording session.nwb --out predicted

exit codes: 0 done, 1 the data or the analysis is at fault (one line says what), 2 wrong usage, 130 interrupted
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    quote_foreign_letters()
    try:
        code = _run(arguments)
        sys.stdout.flush()
        return code
    except GlmError as error:
        say_error(error.message)
        return AT_FAULT
    except (KeyboardInterrupt, Cancelled):
        say_error("interrupted; nothing unfinished was kept")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone, as with `| head`
        _close_output()
        return DONE
    except MemoryError:
        say_error("there is not enough memory; choose wider bins, fewer units or fewer functions, or a smaller model.memory")
        return AT_FAULT
    except OSError as error:
        if error.filename is None:  # no file of ours: what is printed found no room
            _close_output()
            say_error(f"what was to be said could not be written ({error.strerror or error}); make room where the output goes")
        else:
            say_error(f"{os.fspath(error.filename)!s:.120}: cannot be used ({error.strerror}); give another path")
        return AT_FAULT
    except Exception as error:  # noqa: BLE001 - the last line of defence: a fault of ours is told in two lines and kept in full
        say_error(f"a fault of the program ({type(error).__name__}: {error})")
        say_error(f"please report it with the file {_kept(error)}")
        return AT_FAULT


def _close_output() -> None:
    """Let nothing more be written to where it cannot be, which would be another fault at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(arguments: Sequence[str] | None) -> int:
    from glmengine.io.files.probe import PROBE_OPTION

    if arguments is None and sys.argv[1:] == [PROBE_OPTION]:  # a frozen program reads a doubtful file in a copy of itself
        from glmengine.io.probe_child import main as read_for_parent

        return read_for_parent()
    parser = build_parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return WRONG_USAGE
    quiet_libraries()
    spare_neo()
    from glmengine.backend import jax_runtime as runtime
    from glmengine.cli import commands

    runtime.configure()
    if getattr(options, "allow_code", False):
        from glmengine.basis.custom import allow_code

        allow_code()
    return getattr(commands, options.command.replace("-", "_"))(options) or DONE


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    from glmengine import __version__

    parser = _Parser(
        prog="glmengine",
        description="Generalized linear models of neural activity: find out what drives a neuron.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"glmengine {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands", parser_class=_Parser)

    def command(name: str, what: str, more: str = "") -> argparse.ArgumentParser:
        text = f"{what[:1].upper()}{what[1:]}. {more}".strip()
        return commands.add_parser(name, help=what, description=text, formatter_class=argparse.RawDescriptionHelpFormatter)

    inspect = command(
        "inspect",
        "what is in a recording",
        "The first line sums it up; then units, covariates, epochs, trials and what was doubtful. "
        "Several are joined as `run` joins them: each session, and what is missing in some or differs.",
    )
    inspect.add_argument("files", metavar="FILE", nargs="+", help="a recording: NWB file, folder of pynapple .npz, and others")
    _recipe(inspect)

    recipe = command(
        "recipe",
        "a draft of what the arrays of a file without a standard are",
        "For MATLAB, CSV, Parquet and NumPy files. Look through it, correct it, and give it to the other commands with --recipe.",
    )
    recipe.add_argument("file", metavar="FILE", help="the file")
    recipe.add_argument("--out", metavar="FILE", help="the .toml to write; to the standard output where not given")
    recipe.add_argument("--force", action="store_true", help="replace the file")
    recipe.add_argument(
        "--fresh", action="store_true", help="draft it anew, though one that opened a file with the same arrays is remembered"
    )

    convert = command(
        "convert",
        "a recording as NWB or as a folder of pynapple npz files",
        "NWB where the name ends with .nwb, else a new folder. The recording itself is never changed.",
    )
    convert.add_argument("file", metavar="FILE", help="a recording")
    convert.add_argument("out", metavar="OUT", help="the .nwb file, or the new folder, to write")
    convert.add_argument("--force", action="store_true", help="replace an NWB file that exists")
    _recipe(convert)

    run = command(
        "run",
        "fit, score, and write everything",
        "Writes result.nc, coefficients.csv, scores.csv, tests.csv, fold_scores.csv, figures/, report.html, analysis.toml and script.py; of several sessions "
        "sessions.csv too, and recipe.toml where a recipe was given.",
    )
    run.add_argument("analysis", metavar="ANALYSIS", help="an analysis (.toml) or a project (.glm)")
    run.add_argument(
        "--recording",
        metavar="FILE",
        action="append",
        help="the recording; given several times: sessions that are analysed together; those that the analysis names where not given",
    )
    run.add_argument("--out", metavar="DIR", required=True, help="folder for the results, made where it is missing")
    run.add_argument("--no-figures", action="store_true", help="write tables and result.nc, draw nothing")
    run.add_argument(
        "--figure-format",
        metavar="KIND",
        action="append",
        choices=("pdf", "svg", "png"),
        help="pdf, svg or png, may be repeated; pdf and png where not given",
    )
    _recipe(run)
    _code(run)

    design = command(
        "design",
        "the columns of an analysis, and whether the data can tell its terms apart",
        "Fits nothing: says how many bins and columns there are, which terms carry the same information, and what is never visited.",
    )
    design.add_argument("analysis", metavar="ANALYSIS", help="an analysis (.toml) or a project (.glm)")
    design.add_argument("--recording", metavar="FILE", action="append", help="the recording, or several sessions, as for run")
    design.add_argument("--columns", action="store_true", help="name every column")
    _recipe(design)
    _code(design)

    batch = command(
        "batch",
        "the same analysis on each of many recordings",
        "One folder of results per recording, recordings.csv with what became of each, and scores.csv with the scores of all. "
        "One that fails is reported and the others go on.",
    )
    batch.add_argument("analysis", metavar="ANALYSIS", help="an analysis (.toml) or a project (.glm)")
    batch.add_argument("recordings", metavar="FILE", nargs="+", help="the recordings")
    batch.add_argument("--out", metavar="DIR", required=True, help="folder for the results, made where it is missing")
    batch.add_argument("--no-figures", action="store_true", help="write tables and result.nc, draw nothing")
    _recipe(batch)
    _code(batch)

    predict = command(
        "predict",
        "rates and scores of a fitted model on a recording",
        "With the features of the fit. Writes rates.nc (unit x time, Hz) and scores.csv.",
    )
    predict.add_argument("result", metavar="RESULT", help="a result.nc, or a project (.glm) that holds a result")
    predict.add_argument("--recording", metavar="FILE", required=True, help="any recording with the same covariates")
    predict.add_argument("--out", metavar="DIR", required=True, help="folder for the results, made where it is missing")
    predict.add_argument("--epoch", metavar="NAME", action="append", help="only this epoch, may be repeated")
    predict.add_argument(
        "--session", metavar="NAME", help="take the recording as this one of the sessions that were fitted together"
    )
    predict.add_argument("--unit", metavar="NAME", action="append", help="the rates of this unit only, may be repeated")
    predict.add_argument("--bands", action="store_true", help="with 95 %% intervals of the expected rate")
    _recipe(predict)
    _code(predict)

    explain = command(
        "explain",
        "what drives each unit of a recording, in a sentence and in tables",
        "Writes answers.csv (a line a unit, the best known first), terms.csv, the curves and filters of the final models with bands, and answers.nc; "
        "of the selection behind it selection_*.csv.",
    )
    explain.add_argument(
        "question",
        metavar="RECORDING|ANALYSIS",
        help="a recording, of which its own variables are tried; or an analysis (.toml, .glm)",
    )
    explain.add_argument(
        "--recording", metavar="FILE", action="append", help="of an analysis: the recording, or several sessions, as for run"
    )
    explain.add_argument("--out", metavar="DIR", required=True, help="folder for the tables, made where it is missing")
    explain.add_argument(
        "--variable",
        metavar="NAME",
        action="append",
        help="of a recording: only this variable, may be repeated; 'history' is the unit's own past",
    )
    explain.add_argument(
        "--shifts",
        type=int,
        default=200,
        metavar="N",
        help="shifts in time that each chosen term is tested by; 200 where not given, 0 for none",
    )
    _recipe(explain)
    _code(explain)

    check = command(
        "check",
        "whether a fitted model is right, in words and tables",
        "Time rescaling, residuals, calibration, dispersion, drift, influence and what is left between units. "
        "Writes summary.csv with a verdict per unit, a CSV of each check, and goodness.nc.",
    )
    check.add_argument("result", metavar="RESULT", help="a result.nc, or a project (.glm) that holds a result")
    check.add_argument("--recording", metavar="FILE", required=True, help="the recording, as a rule the one that was fitted")
    check.add_argument("--out", metavar="DIR", required=True, help="folder for the tables, made where it is missing")
    check.add_argument("--epoch", metavar="NAME", action="append", help="only this epoch, may be repeated")
    check.add_argument("--unit", metavar="NAME", action="append", help="only this unit, may be repeated")
    check.add_argument(
        "--held-out",
        action="store_true",
        help="fit the analysis's folds again, and predict each bin by the fit that has not seen it",
    )
    check.add_argument(
        "--session", metavar="NAME", help="take the recording as this one of the sessions that were fitted together"
    )
    check.add_argument("--keep", action="store_true", help="write result.nc too, with what was found in it")
    _recipe(check)
    _code(check)

    compare = command(
        "compare",
        "models that have some of an analysis's terms each, on one split of time",
        "Writes models.csv (scores per unit, model and fold), summary.csv, differences.csv (paired, with intervals, likelihood ratios and AIC), "
        "contributions.csv (each term alone, dropped, unique, shared) and selection.nc. The constant rate is always among the models.",
    )
    compare.add_argument("analysis", metavar="ANALYSIS", help="an analysis (.toml) or a project (.glm)")
    compare.add_argument("--recording", metavar="FILE", action="append", help="the recording, or several sessions, as for run")
    compare.add_argument("--out", metavar="DIR", required=True, help="folder for the tables, made where it is missing")
    compare.add_argument(
        "--model",
        metavar="NAME=TERM+TERM",
        action="append",
        help="a model by its terms, may be repeated, the name may be left out; each term alone, all, and all but each where not given",
    )
    _selection(compare)
    _recipe(compare)
    _code(compare)

    select = command(
        "select",
        "which of an analysis's terms each unit needs, on held-out time",
        "Writes what compare writes, and chosen.csv (the terms of each unit), steps.csv (every round) and path.csv (of the group lasso).",
    )
    select.add_argument("analysis", metavar="ANALYSIS", help="an analysis (.toml) or a project (.glm)")
    select.add_argument("--recording", metavar="FILE", action="append", help="the recording, or several sessions, as for run")
    select.add_argument("--out", metavar="DIR", required=True, help="folder for the tables, made where it is missing")
    select.add_argument(
        "--method",
        choices=("forward", "backward", "subsets", "group_path"),
        help="the analysis's where not given, else forward",
    )
    select.add_argument(
        "--candidate", metavar="TERM", action="append", help="a term that may be chosen, may be repeated; all where not given"
    )
    select.add_argument(
        "--level", type=float, metavar="P", help="p of the signed-rank test below which a term is added; 0.05 where not given"
    )
    select.add_argument("--largest", type=int, metavar="N", help="the most terms that are chosen")
    _selection(select)
    _recipe(select)
    _code(select)

    shifts = command(
        "shift-test",
        "whether terms are needed, against counts that are shifted in time",
        "Holds where bins are not independent, as Wald p-values do not: the counts are shifted against a term's covariates, within epochs or "
        "trials, and the gain of the term on held-out time is compared. Writes shift_test.csv with p and q of each unit and term, the gains of "
        "all shifts, and shift_test.nc. Given an analysis, it is fitted first.",
    )
    shifts.add_argument("question", metavar="RESULT|ANALYSIS", help="a result.nc, a project (.glm), or an analysis (.toml)")
    shifts.add_argument("--recording", metavar="FILE", required=True, help="the recording, as a rule the one that was fitted")
    shifts.add_argument("--out", metavar="DIR", required=True, help="folder for the tables, made where it is missing")
    shifts.add_argument("--term", metavar="NAME", action="append", help="test only this term, may be repeated")
    shifts.add_argument("--shifts", type=int, default=200, metavar="N", help="how many, 200 where not given")
    shifts.add_argument("--seed", type=int, metavar="S", help="of the shifts; the analysis's where not given")
    shifts.add_argument(
        "--scheme",
        choices=("cyclic", "blocks", "trials"),
        default="cyclic",
        help="cyclic shifts, blocks of time that change places, or trials that do; cyclic where not given",
    )
    shifts.add_argument(
        "--within", metavar="NAME", default="", help="trials or an epoch whose borders no shift crosses; those of the time in use"
    )
    shifts.add_argument(
        "--shortest",
        type=float,
        metavar="SECONDS",
        help="what a shift is at least; longer than the autocorrelation of counts and term where not given",
    )
    shifts.add_argument(
        "--in-sample", action="store_true", help="compare gains on the bins that were fitted, not on held-out time"
    )
    shifts.add_argument("--refit", action="store_true", help="fit to the optimum for each shift, some hundred times slower")
    shifts.add_argument("--epoch", metavar="NAME", action="append", help="only this epoch, may be repeated")
    shifts.add_argument(
        "--session", metavar="NAME", help="take the recording as this one of the sessions that were fitted together"
    )
    shifts.add_argument("--keep", action="store_true", help="write result.nc too, with what was found in it")
    _recipe(shifts)
    _code(shifts)

    bootstrap = command(
        "bootstrap",
        "bands of coefficients, curves and filters from time drawn again",
        "Blocks of time, or trials, are drawn with replacement and fitted, so that the bands hold where bins are not independent. "
        "Writes coefficients.csv, a table of each curve and filter, and bootstrap.nc.",
    )
    bootstrap.add_argument("result", metavar="RESULT", help="a result.nc, or a project (.glm) that holds a result")
    bootstrap.add_argument("--recording", metavar="FILE", required=True, help="the recording that was fitted")
    bootstrap.add_argument("--out", metavar="DIR", required=True, help="folder for the tables, made where it is missing")
    bootstrap.add_argument("--draws", type=int, default=200, metavar="N", help="how many, 200 where not given")
    bootstrap.add_argument("--seed", type=int, metavar="S", help="of the draws; the analysis's where not given")
    bootstrap.add_argument(
        "--block", type=float, metavar="SECONDS", help="length of a block; a fiftieth of the time in use where not given"
    )
    bootstrap.add_argument("--trials", metavar="NAME", default="", help="draw these trials as wholes")
    bootstrap.add_argument(
        "--session", metavar="NAME", help="take the recording as this one of the sessions that were fitted together"
    )
    _recipe(bootstrap)
    _code(bootstrap)

    simulate = command(
        "simulate",
        "surrogate spikes or signals of a fitted model, as NWB",
        "History and coupling are closed in the loop. Says which units run away, if any, and compares the surrogates with the recording.",
    )
    simulate.add_argument("result", metavar="RESULT", help="a result.nc, or a project (.glm) that holds a result")
    simulate.add_argument("--recording", metavar="FILE", required=True, help="a recording with the covariates of the fit")
    simulate.add_argument("--repeats", type=int, default=1, metavar="N", help="how many, 1 where not given")
    simulate.add_argument(
        "--seed", type=int, metavar="S", help="the same seed gives the same surrogates; the analysis's where not given"
    )
    simulate.add_argument(
        "--out", metavar="FILE", required=True, help="the .nwb file to write; of several repeats units are NAME #1, ..."
    )
    simulate.add_argument(
        "--compare", metavar="DIR", help="folder for tables of surrogates beside the data, with bands over repeats"
    )
    simulate.add_argument(
        "--event", metavar="NAME", default="", help="compare around this event too, or trials.start and the like"
    )
    simulate.add_argument("--epoch", metavar="NAME", action="append", help="only this epoch, may be repeated")
    simulate.add_argument(
        "--session", metavar="NAME", help="take the recording as this one of the sessions that were fitted together"
    )
    simulate.add_argument("--force", action="store_true", help="replace the file")
    _recipe(simulate)
    _code(simulate)

    export = command(
        "export",
        "the results in a copy of the recording's NWB file",
        "Adds a processing module with scores, coefficients and the analysis; a recording of another format is written as NWB first.",
    )
    export.add_argument("result", metavar="RESULT", help="a result.nc, or a project (.glm) that holds a result")
    export.add_argument("--recording", metavar="FILE", required=True, help="the recording that was fitted; it is never changed")
    export.add_argument("--nwb", metavar="COPY", required=True, help="the .nwb file to write")
    export.add_argument("--force", action="store_true", help="replace the copy where it exists")
    _recipe(export)

    command("templates", "analyses to start from")
    new = command("new", "write an analysis to start from")
    new.add_argument("template", metavar="TEMPLATE", help="its name, as `glmengine templates` lists them")
    new.add_argument("file", metavar="FILE", help="the .toml to write; one that exists is not replaced without --force")
    new.add_argument("--recording", metavar="FILE", default="", help="the recording that it is for")
    new.add_argument("--force", action="store_true", help="replace the file")

    sample = command("sample", "a simulated session whose truth is known", _sample_list())
    sample.add_argument("name", metavar="NAME", help="which one")
    sample.add_argument("file", metavar="FILE", help="the NWB file to write")
    sample.add_argument(
        "--seed", type=int, default=0, metavar="N", help="the same seed gives the same session; 0 where not given"
    )

    script = command("script", "an analysis as a Python script that gives the same numbers")
    script.add_argument("analysis", metavar="ANALYSIS", help="an analysis (.toml) or a project (.glm)")
    script.add_argument(
        "--recording",
        metavar="FILE",
        action="append",
        help="the recording, or several sessions, as for run; those that the analysis names where not given",
    )
    _recipe(script)
    script.add_argument("--out", metavar="FILE", help="where to write it; to the standard output where not given")
    return parser


class _Parser(argparse.ArgumentParser):
    """Wrong usage is told in one line."""

    def error(self, message: str) -> NoReturn:
        say_error(f"{message}; see {self.prog} --help")
        raise SystemExit(WRONG_USAGE)


def _selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--always", metavar="TERM", action="append", help="a term that every model has, may be repeated")
    parser.add_argument("--folds", type=int, metavar="N", help="number of held-out parts; 10 where not given")


def _recipe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--recipe",
        metavar="FILE",
        action="append",
        help="what the arrays of a file without a standard are (.toml); of several recordings one for all, or given once for each in their order",
    )


def _code(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--allow-code",
        action="store_true",
        help="import the functions that an analysis with custom bases names: only for files you trust",
    )


def _sample_list() -> str:
    from glmengine.simulation.catalogue import SAMPLES

    return "The samples:\n" + "\n".join(f"  {name:24} {text}" for name, (text, _) in SAMPLES.items())


def _kept(error: BaseException) -> str:
    """A file with the whole story of a fault of the program."""
    with tempfile.NamedTemporaryFile("w", prefix="glmengine-fault-", suffix=".txt", delete=False, encoding="utf-8") as stream:
        stream.write("".join(traceback.format_exception(error)))
    return stream.name


if __name__ == "__main__":
    raise SystemExit(main())
