"""Commands that say in words what was found, and how: report, methods."""

from __future__ import annotations

from argparse import Namespace

from glmengine.cli.command import Command
from glmengine.cli.opening import opened_as
from glmengine.cli.options import CODE, FORCE, RECIPE, RESULT, SESSION, Option, free_path
from glmengine.cli.terminal import progress_bar


def report(options: Namespace) -> int:
    """The report of a result as one file."""
    from glmengine.export.report import write_report
    from glmengine.project.question import load_result

    path = free_path(options.out, options.force)
    result, recording = load_result(options.result), None
    with progress_bar() as context:
        if options.recording:
            recording = opened_as(result, options, context.part(0.0, 0.2))
        drawing = context.part(0.2, 1.0)
        write_report(result, path, recording, figures=not options.no_figures, replace=True, context=drawing)
    print(f"written: {path}")
    return 0


def methods(options: Namespace) -> int:
    """The paragraph, and the works that it cites."""
    from glmengine.export.citations import bibtex
    from glmengine.export.methods import methods_text
    from glmengine.project.question import load_result

    result = load_result(options.result)
    print(methods_text(result))
    print()
    print(bibtex(result), end="")
    return 0


METHODS = Command(
    "methods",
    "a paragraph for the methods of a paper, and its references as BibTeX",
    "With the numbers of the result: bins, epochs, terms and their functions, penalty and how its strength was chosen, split, checks, versions, seed.",
    (RESULT,),
    methods,
)

REPORT = Command(
    "report",
    "the report of a result as one file: HTML, or PDF",
    "The question in words and as TOML, notes, scores, tests and checks as tables, figures, a paragraph of methods with its references, versions, hashes and seed. "
    "HTML needs nothing but a browser; PDF has the figures as vectors.",
    (
        RESULT,
        Option("--out", metavar="FILE", required=True, help="the file to write; its name ends with .html or .pdf"),
        Option("--recording", metavar="FILE", default="", help="the recording that was fitted: rates are drawn then"),
        Option("--no-figures", action="store_true", help="text and tables alone"),
        FORCE,
        SESSION,
        RECIPE,
        CODE,
    ),
    report,
)
