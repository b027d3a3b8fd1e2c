"""Commands on analyses: templates, new, design, script."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from glmengine.cli.command import Command
from glmengine.cli.opening import one_recipe, opened_for
from glmengine.cli.options import ANALYSIS, CODE, FORCE, RECIPE, SESSIONS, Option, free_path
from glmengine.cli.terminal import progress_bar, say_notes
from glmengine.errors import GlmError
from glmengine.sentences import numbered

_OWN = "recording"
"""Name of the template that is made for the recording."""


def templates(options: Namespace) -> int:
    """Analyses to start from, and of a recording which of them it has all for."""
    from glmengine.analysis.templates import template_about, template_for, template_needs
    from glmengine.analysis.templates import templates as listed
    from glmengine.io.opened_sessions import opened

    recording = None
    if options.recording:
        with progress_bar() as context:
            recording = opened(options.recording, one_recipe(options), context)
    for name, title in listed().items():
        said = template_about(name)
        print(f"{name:24} {said.question or title}" if "/" not in name else f"{name:24} {title}")
        if recording is None:
            needed = "; ".join(need.said for need in template_needs(name))
            print(f"{'':24}   needs {needed or 'units alone'}; sample: {said.sample}")
            continue
        ready = template_for(name, recording)
        for line in (f"{recording.name} has what it needs.",) if ready.fits else (*ready.lacking, ready.instead):
            print(f"{'':24}   {line}")
    print(f"{_OWN:24} Terms that suit the recording itself, which is then needed")
    return 0


def new(options: Namespace) -> int:
    """Write an analysis to start from."""
    from glmengine.io.files.whole import write_whole

    path, recording = Path(options.file), options.recording
    if not recording and path.suffix.lower() != ".toml" and path.exists():
        path, recording = Path(f"{options.template.replace('/', '-')}.toml"), options.file
    text = _own_text(recording, options) if options.template == _OWN else _filled_text(recording, options)
    write_whole(free_path(path, options.force), text.encode("utf-8"))
    print(f"written: {path}")
    return 0


def _filled_text(recording: str, options: Namespace) -> str:
    """A template's file, with the names of the recording in it where one is given.

    Raises
    ------
    GlmError
        If the recording lacks what the template needs; the sentence says what, and which sample has it.
    """
    from glmengine.analysis.templates import template_for, template_text
    from glmengine.io.opened_sessions import opened

    if not recording:
        return template_text(options.template)
    with progress_bar() as context:
        ready = template_for(options.template, opened(recording, one_recipe(options), context))
    if not ready.fits:
        raise GlmError(f"{recording}: cannot answer '{options.template}'. {' '.join((*ready.lacking, ready.instead))}")
    return template_text(options.template, recording, ready)


def _own_text(recording: str, options: Namespace) -> str:
    """An analysis with default terms for a recording, as the text of a file."""
    import tomli_w

    from glmengine.analysis.default_terms import default_analysis
    from glmengine.io.opened_sessions import opened

    if not recording:
        raise GlmError(f"'{_OWN}' makes terms for a recording; give it with --recording FILE")
    with progress_bar() as context:
        return tomli_w.dumps(default_analysis(opened(recording, one_recipe(options), context)).to_dict())


def design(options: Namespace) -> int:
    """The columns of an analysis on a recording, and what the data can tell apart."""
    from glmengine.analysis.usable_time import usable_time
    from glmengine.design.fit_size import estimate
    from glmengine.design.identifiability import identifiability
    from glmengine.design.prepare import prepare
    from glmengine.design.term_words import describe, equation_words
    from glmengine.project.question import load_question

    question = load_question(options.analysis).on(options.recording)
    analysis = question.analysis
    with progress_bar() as context:
        recording = opened_for(question, options, context.part(0.0, 0.3))
        used, size = usable_time(analysis, recording), estimate(analysis, recording)
        prepared = prepare(analysis, recording, context.part(0.3, 0.6))
        report = identifiability(prepared.design, prepared.units, context.part(0.6, 1.0))
    made = prepared.design
    print(
        f"{recording.name}: {numbered(len(prepared.units), 'unit')}, {made.n_rows} bins of {made.grid.bin_size:g} s, "
        f"{int(made.valid.sum())} of them usable, {made.n_columns} columns"
    )
    for label, part in made.slices.items():
        columns = made.columns.iloc[part]
        print(f"  {label}: {len(columns)} columns, {columns['kind'].iloc[0]} of {', '.join(columns['variable'].unique()[:6])}")
        if options.columns:
            print("\n".join(f"    {name}" for name in columns.index))
    left, distribution = equation_words(analysis.model)
    print(f"the model: {left} = {' + '.join(['intercept', *(f'f({label})' for label in made.slices)])}; {distribution}")
    for term in made.terms:
        print(f"  f({term.label}): {describe(term, len(recording.unit_names))}")
    print(used.text)
    print(f"a fit, roughly: {size.text}")
    say_notes(prepared.notes)
    print(report)
    return 0


def script(options: Namespace) -> int:
    """An analysis as a Python script."""
    from glmengine.analysis.sources import with_places
    from glmengine.export.script import script_text
    from glmengine.io.files.whole import write_whole
    from glmengine.io.opened_sessions import for_each
    from glmengine.io.recipe.recipe import Recipe
    from glmengine.project.question import load_question, question_of
    from glmengine.results.result import Result

    if options.out:
        free_path(options.out, options.force)
    result = Result.load(options.analysis) if Path(options.analysis).suffix.lower() == ".nc" else None
    question = question_of(result, Path(options.analysis).name) if result is not None else load_question(options.analysis)
    question = question.on(options.recording) if options.recording else question
    analysis, places = question.analysis, question.places
    recipes = for_each([Recipe.load(one) for one in options.recipe or ()] or question.recipes, len(places))
    if len(places) > 1:
        analysis = with_places(analysis, places, recipes)
    known = recipes[0].to_dict() if len(recipes) == 1 and recipes[0] is not None else None
    folder = Path(options.out).absolute().parent if options.out else None
    text = script_text(analysis, places[0] if len(places) == 1 else None, known, result, folder)
    if options.out:
        write_whole(options.out, text.encode("utf-8"))
        print(f"written: {options.out}")
    else:
        sys.stdout.write(text)
    return 0


TEMPLATES = Command(
    "templates",
    "analyses to start from, the classic questions first",
    "Says what each needs; of a recording, whether it has that, and which simulated recording to try instead.",
    (Option("recording", metavar="RECORDING", nargs="?", default="", help="the recording that is asked about"), RECIPE),
    templates,
)

NEW = Command(
    "new",
    "write an analysis to start from",
    "Of a recording, the analysis has the recording's own names; `glmengine new TEMPLATE RECORDING` writes TEMPLATE.toml here.",
    (
        Option("template", metavar="TEMPLATE", help="its name, as `glmengine templates` lists them"),
        Option(
            "file", metavar="FILE", help="the .toml to write, one that exists is not replaced without --force; or the recording"
        ),
        Option("--recording", metavar="FILE", default="", help="the recording that it is for"),
        RECIPE,
        FORCE,
    ),
    new,
)

DESIGN = Command(
    "design",
    "the columns of an analysis, and whether the data can tell its terms apart",
    "Fits nothing: says how many bins and columns there are, which terms carry the same information, and what is never visited.",
    (ANALYSIS, SESSIONS, Option("--columns", action="store_true", help="name every column"), RECIPE, CODE),
    design,
)

SCRIPT = Command(
    "script",
    "an analysis as a Python script that gives the same numbers",
    "Of a result.nc the script also asks again for the checks that are kept in it, with the same options and seeds.",
    (
        Option("analysis", metavar="ANALYSIS|RESULT", help="an analysis (.toml), a project (.glm) or a result.nc"),
        SESSIONS.saying("the recording, or several sessions, as for run; those that the analysis names where not given"),
        RECIPE,
        Option("--out", metavar="FILE", help="where to write it; to the standard output where not given"),
        FORCE,
    ),
    script,
)
