"""Commands that choose between models: compare, select."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from glmengine.cli.command import Command
from glmengine.cli.opening import opened_for
from glmengine.cli.options import ANALYSIS, CODE, KEEP, OUT_TABLES, RECIPE, SESSIONS, STEPS_BY, Option
from glmengine.cli.terminal import progress_bar, say_notes, say_written
from glmengine.sentences import numbered

if TYPE_CHECKING:
    from glmengine.analysis.selection import Selection
    from glmengine.analysis.terms import AnyTerm


def compare(options: Namespace) -> int:
    """Models that have some of an analysis's terms each."""
    from glmengine.analysis.selection import NamedModel

    models = []
    for text in options.model or ():
        name, _, terms = text.rpartition("=")
        models.append(NamedModel(name=name.strip(), terms=tuple(term.strip() for term in terms.split("+") if term.strip())))
    return _selected(options, method="none", **({"models": tuple(models)} if models else {}))


def select(options: Namespace) -> int:
    """Which of an analysis's terms each unit needs."""
    changes = {
        "method": options.method,
        "candidates": options.candidate and tuple(options.candidate),
        "level": options.level,
        "largest": options.largest,
        "steps_by": options.steps_by,
        "shifts": options.shifts,
    }
    return _selected(options, **{name: value for name, value in changes.items() if value is not None})


def _selected(options: Namespace, **changes: Any) -> int:
    """Run the selection of an analysis, changed in some fields, and write its tables."""
    from glmengine.analysis.selection import Selection
    from glmengine.analysis_run import run as run_analysis
    from glmengine.export.goodness_tables import write_datasets
    from glmengine.export.outputs import save_result, writable_folder
    from glmengine.project.question import load_question
    from glmengine.selection.fold_scores import scores_against
    from glmengine.selection.select import select_terms

    question = load_question(options.analysis).on(options.recording)
    folder = writable_folder(options.out)
    if options.always:
        changes["always"] = tuple(options.always)
    if options.folds is not None:
        changes["folds"] = options.folds
    selection = (question.analysis.selection or Selection()).with_(**changes)
    if options.against is not None:
        _refuse_unknown(options.against, selection, question.analysis.terms)
    with progress_bar() as context:
        recording = opened_for(question, options, context.part(0.0, 0.1))
        if options.keep:  # the models are compared after the fit of all terms, and kept with it
            result = run_analysis(question.analysis.with_(selection=selection), recording, context.part(0.1, 1.0))
            found = result.selection
        else:
            result = None
            found = select_terms(question.analysis, recording, selection, context=context.part(0.1, 1.0))
    written = write_datasets(found.datasets(), folder, "selection")
    if options.against is not None:
        written += write_datasets({"against": scores_against(found.models, options.against)}, folder, "against")
    if result is not None:
        written.append(save_result(result, folder))
    print(
        f"{recording.name}: {numbered(len(found.units), 'unit')}, {numbered(found.models.sizes['model'], 'model')} compared on "
        f"{numbered(found.models.sizes['fold'], 'fold')}"
    )
    print(found)
    say_notes(found.notes)
    say_written(folder, written)
    return 0


def _refuse_unknown(model: str, selection: Selection, terms: Sequence[AnyTerm]) -> None:
    """Before anything is fitted."""
    from glmengine.analysis.selection import candidates_of, models_of
    from glmengine.errors import GlmError
    from glmengine.sentences import listed

    candidates = candidates_of(selection, [term.label for term in terms if term.enabled])
    names = list(models_of(selection, [one.name for one in candidates]))
    if model not in names:
        raise GlmError(f"there is no model '{model}' to compare with; the models are {listed(names)}")


_ALWAYS = Option("--always", metavar="TERM", action="append", help="a term that every model has, may be repeated")
_FOLDS = Option("--folds", type=int, metavar="N", help="number of held-out parts; 10 where not given")
_AGAINST = Option(
    "--against",
    metavar="MODEL",
    help="write against.csv too: the scores with this model, by its name in models.csv, in the place of the training mean",
)

COMPARE = Command(
    "compare",
    "models that have some of an analysis's terms each, on one split of time",
    "Writes models.csv (scores per unit, model and fold), summary.csv, differences.csv (paired, with intervals, likelihood ratios and AIC), "
    "contributions.csv (each term alone, dropped, unique, shared) and selection.nc; with --against also against.csv. The constant rate is always among the models.",
    (
        ANALYSIS,
        SESSIONS,
        OUT_TABLES,
        Option(
            "--model",
            metavar="NAME=TERM+TERM",
            action="append",
            help="a model by its terms, may be repeated, the name may be left out; each term alone, all, and all but each where not given",
        ),
        _ALWAYS,
        _FOLDS,
        _AGAINST,
        KEEP.saying("fit the analysis with all its terms too, and write result.nc with the comparison in it"),
        RECIPE,
        CODE,
    ),
    compare,
)

SELECT = Command(
    "select",
    "which of an analysis's terms each unit needs, on held-out time",
    "Writes what compare writes, and chosen.csv (the terms of each unit), steps.csv (every round) and path.csv (of the group lasso).",
    (
        ANALYSIS,
        SESSIONS,
        OUT_TABLES,
        Option(
            "--method",
            choices=("forward", "backward", "subsets", "group_path"),
            help="the analysis's where not given, else forward",
        ),
        Option(
            "--candidate", metavar="TERM", action="append", help="a term that may be chosen, may be repeated; all where not given"
        ),
        Option(
            "--level",
            type=float,
            metavar="P",
            help="p below which a term is added; 0.05 where not given",
        ),
        STEPS_BY.saying(
            "what judges the steps of forward selection: signed ranks over folds, or shifts of the counts in time; the analysis's where not given, else folds"
        ),
        Option("--shifts", type=int, metavar="N", help="by how many shifts; 200 where not given"),
        Option("--largest", type=int, metavar="N", help="the most terms that are chosen"),
        _ALWAYS,
        _FOLDS,
        _AGAINST,
        KEEP.saying("fit the analysis with all its terms too, and write result.nc with the comparison in it"),
        RECIPE,
        CODE,
    ),
    select,
)
