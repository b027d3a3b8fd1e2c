"""Command that says what drives each unit: explain."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from glmengine.cli.command import Command
from glmengine.cli.opening import one_recipe, opened_for
from glmengine.cli.options import CODE, OUT_TABLES, RECIPE, SCHEDULER, SESSIONS, SHIFTS, STEPS_BY, Option, at_least_one
from glmengine.cli.terminal import progress_bar, say_notes, say_written
from glmengine.errors import Cancelled, GlmError
from glmengine.sentences import numbered

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis

NONE = "none"


def explain(options: Namespace) -> int:
    """What drives each unit."""
    from glmengine.answers.explain import explain as explained
    from glmengine.answers.question import question_for
    from glmengine.export.answer_files import write_answers
    from glmengine.export.outputs import writable_folder
    from glmengine.io.opened_sessions import opened
    from glmengine.project.question import load_question

    analysis = None
    folder = writable_folder(options.out)
    with progress_bar() as context:
        opening = context.part(0.0, 0.05)
        if Path(options.question).suffix.lower() in (".toml", ".glm"):
            question = load_question(options.question).on(options.recording)
            analysis = question.analysis
            recording = opened_for(question, options, opening)
        elif options.recording:
            raise GlmError(f"{options.question}: is no analysis, so that --recording has no meaning; leave it out")
        else:
            recording = opened(options.question, one_recipe(options), opening)
        analysis = analysis or question_for(recording, options.variable)
        if options.last is not None:
            analysis = _choosing(analysis, last=() if options.last == [NONE] else tuple(options.last))
        if options.steps_by is not None:
            analysis = _choosing(analysis, steps_by=options.steps_by)
        try:
            sheet = explained(
                recording,
                analysis,
                shifts=options.shifts,
                simulations=options.simulations,
                workers=options.workers,
                scheduler=options.scheduler,
                report=_say_so_far if len(recording.unit_names) > 1 else None,
                out=folder,  # what is finished stays there when this is interrupted, and the same command goes on
                context=context.part(0.05, 1.0),
            )
        except (KeyboardInterrupt, Cancelled):
            _say_kept(folder)
            raise
    asked = {"analysis": analysis, "shifts": options.shifts, "simulations": options.simulations}
    written = write_answers(sheet, folder, **asked, recording=recording)
    print(f"{recording.name}: {numbered(len(sheet.selection.units), 'unit')}, the best known first")
    print(sheet)
    say_notes(sheet.notes)
    say_written(folder, written)
    return 0


def _say_so_far(unit: str, sentence: str) -> None:
    """A unit that has a term, as soon as that is known; its q can still fall."""
    print(f"so far {unit}: {sentence}", flush=True)


def _say_kept(folder: Path) -> None:
    """Of a sheet that was interrupted, what the same command goes on from."""
    from glmengine.answers.part import FOLDER

    if parts := len(list((folder / FOLDER).glob("*.nc"))):
        kept = numbered(parts, "finished group")
        print(f"glmengine: the units of {kept} stay in {folder / FOLDER}; the same command goes on from there", file=sys.stderr)


def _choosing(analysis: Analysis, **changes: object) -> Analysis:
    """The same question with terms chosen otherwise."""
    from glmengine.answers.question import default_selection

    return analysis.with_(selection=(analysis.selection or default_selection(analysis)).with_(**changes))


EXPLAIN = Command(
    "explain",
    "what drives each unit of a recording, in a sentence and in tables",
    "Writes answers.csv (a line a unit, the best known first), terms.csv, the curves and filters of the final models with bands, "
    "the evidence behind the checks (evidence_shifts.csv, evidence_ks.csv, evidence_isi.csv, ...), and answers.nc; "
    "of the selection behind it selection_*.csv; models/UNIT.toml is the model of each unit that has one, for glmengine run; methods.txt says how all of it was done, with references.bib, and script.py does it again in Python. Units are answered some at a time, those that seem known best first: those with a term are said as they come (their q can still fall), and finished ones are kept in DIR/unfinished until all are: "
    "interrupted, the same command goes on with those that are missing.",
    (
        Option(
            "question",
            metavar="RECORDING|ANALYSIS",
            help="a recording, of which its own variables are tried; or an analysis (.toml, .glm)",
        ),
        SESSIONS.saying("of an analysis: the recording, or several sessions, as for run"),
        OUT_TABLES,
        Option(
            "--variable",
            metavar="NAME",
            action="append",
            help="of a recording: only this variable or event, may be repeated; 'history' is the unit's own past",
        ),
        Option(
            "--last",
            metavar="TERM",
            action="append",
            help="a term that is tried when no other adds anything any more, may be repeated; where not given the units' own past, "
            f"or what the analysis says; '{NONE}' to try all at once",
        ),
        STEPS_BY.saying(
            "what judges the steps by which terms come in: shifts of the counts in time, or signed ranks over folds; shifts where not given, or what the analysis says"
        ),
        SHIFTS.saying("shifts in time that the choice of each term is tested by; 200 where not given, 0 for none"),
        Option(
            "--simulations",
            type=int,
            default=32,
            metavar="N",
            help="simulated recordings that the recorded spikes are compared with; 32 where not given, 0 for none",
        ),
        Option(
            "--workers",
            metavar="N",
            type=at_least_one,
            help="processes of this machine that share the units; where not given, as many as it has cores and memory for, if that is worth it",
        ),
        SCHEDULER.saying(
            "a Dask scheduler, such as tcp://host:8786, whose workers share the units in place of processes of this machine"
        ),
        RECIPE,
        CODE,
    ),
    explain,
)
