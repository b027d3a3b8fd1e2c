"""Work of each command: open, compute, write, and say in a few lines what came out."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.analysis.wording import share_text
from glmengine.cli.terminal import progress_bar, say_error
from glmengine.context import Progress
from glmengine.errors import GlmError
from glmengine.sentences import numbered

_OWN = "recording"
"""Name of the template that is made for the recording."""

if TYPE_CHECKING:
    from glmengine.batch import Outcome
    from glmengine.context import Context
    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result


def inspect(options: Namespace) -> int:
    """What is in a recording, or in several sessions joined."""
    from glmengine.io.opened_sessions import opened_together
    from glmengine.recording.inspect import describe

    with progress_bar() as context:
        recording = opened_together(options.files, recipes=options.recipe or (), context=context)
    print(describe(recording))
    return 0


def recipe(options: Namespace) -> int:
    """A recipe for a file without a standard: remembered from a file of the same shape, else a draft."""
    from glmengine.io.files.whole import write_whole
    from glmengine.io.recipe_assistant import draft_recipe, remembered_recipe

    known = None if options.fresh else remembered_recipe(options.file)
    if known is None:
        text = draft_recipe(options.file).to_toml()
    else:
        text = f"# remembered from a file with the same arrays\n{known.to_toml()}"
    if options.out is None:
        print(text, end="")
        return 0
    if Path(options.out).exists() and not options.force:
        raise GlmError(f"{options.out}: exists already; give another name, or --force to replace it")
    write_whole(options.out, text.encode("utf-8"))
    print(f"written: {options.out}")
    return 0


def convert(options: Namespace) -> int:
    """A recording in another format."""
    from glmengine.export.outputs import writable_folder
    from glmengine.export.recordings import save_recording
    from glmengine.io.opened_sessions import opened
    from glmengine.recording.inspect import summary

    with progress_bar() as context:
        recording = opened(options.file, _recipe(options), context.part(0.0, 0.6))
        writable_folder(Path(options.out).parent)
        written = save_recording(recording, options.out, replace=options.force, context=context.part(0.6, 1.0))
    print(summary(recording))
    print(f"written: {written}")
    return 0


def run(options: Namespace) -> int:
    """Fit, score, and write everything."""
    from glmengine.batch import FORMATS, run_to_folder
    from glmengine.export.outputs import writable_folder
    from glmengine.project import load_question

    question = load_question(options.analysis).on(options.recording)
    writable_folder(options.out)
    with progress_bar() as context:
        outcome = run_to_folder(
            question.analysis,
            question.places,
            options.out,
            hashes=question.hashes,
            recipes=options.recipe or question.recipes,
            figures=not options.no_figures,
            formats=options.figure_format or FORMATS,
            context=context,
        )
    _say_outcome(outcome)
    return 0


def design(options: Namespace) -> int:
    """The columns of an analysis on a recording, and what the data can tell apart."""
    from glmengine.analysis.sources import session_names
    from glmengine.analysis.usable_time import usable_time
    from glmengine.design.fit_size import estimate
    from glmengine.design.identifiability import identifiability
    from glmengine.design.prepare import prepare
    from glmengine.design.term_words import describe, equation_words
    from glmengine.io.opened_sessions import opened_together
    from glmengine.project import load_question

    question = load_question(options.analysis).on(options.recording)
    analysis = question.analysis
    with progress_bar() as context:
        recording = opened_together(
            question.places, session_names(analysis), recipes=options.recipe or question.recipes, context=context.part(0.0, 0.3)
        )
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
    for note in prepared.notes:
        print(f"note: {note}")
    print(report)
    return 0


def batch(options: Namespace) -> int:
    """The same analysis on each of many recordings."""
    from glmengine.batch import run_batch
    from glmengine.project import load_question

    def say(outcome: Outcome) -> None:
        if outcome.result is None:
            print(f"{outcome.recording}: FAILED: {outcome.reason}")
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
            report=say,
            context=context,
        )
    print(f"written to {options.out}: recordings.csv, scores.csv")
    failures = sum(outcome.result is None for outcome in outcomes)
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
    from glmengine.project import load_result

    result = load_result(options.result)
    folder = writable_folder(options.out)
    with progress_bar() as context:
        recording = _opened_as(result, options, context.part(0.0, 0.3))
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


def explain(options: Namespace) -> int:
    """What drives each unit."""
    from glmengine.analysis.sources import session_names
    from glmengine.answers.explain import explain as explained
    from glmengine.export.goodness_tables import write_datasets
    from glmengine.export.outputs import writable_folder
    from glmengine.export.selection_tables import selection_texts
    from glmengine.io.files.whole import write_whole
    from glmengine.io.opened_sessions import opened, opened_together
    from glmengine.project import load_question

    analysis = None
    folder = writable_folder(options.out)
    with progress_bar() as context:
        opening = context.part(0.0, 0.05)
        if Path(options.question).suffix.lower() in (".toml", ".glm"):
            question = load_question(options.question).on(options.recording)
            analysis = question.analysis
            recipes = options.recipe or question.recipes
            recording = opened_together(question.places, session_names(analysis), recipes=recipes, context=opening)
        elif options.recording:
            raise GlmError(f"{options.question}: is no analysis, so that --recording has no meaning; leave it out")
        else:
            recording = opened(options.question, _recipe(options), opening)
        sheet = explained(recording, analysis, variables=options.variable, shifts=options.shifts, context=context.part(0.05, 1.0))
    written = write_datasets(sheet.datasets(), folder, "answers")
    for name, text in selection_texts(sheet.selection).items():
        write_whole(folder / name, text.encode("utf-8"))
        written.append(folder / name)
    print(f"{recording.name}: {numbered(len(sheet.selection.units), 'unit')}, the best known first")
    print(sheet)
    for note in sheet.notes:
        print(f"note: {note}")
    print(f"written to {folder}: {', '.join(path.name for path in written)}")
    return 0


def check(options: Namespace) -> int:
    """Whether a fitted model is right."""
    from glmengine.export.goodness_tables import write_goodness
    from glmengine.export.outputs import writable_folder
    from glmengine.project import load_result

    result = load_result(options.result)
    folder = writable_folder(options.out)
    with progress_bar() as context:
        recording = _opened_as(result, options, context.part(0.0, 0.2))
        found = result.goodness(
            recording, options.unit, epochs=options.epoch, held_out=options.held_out, context=context.part(0.2, 0.95)
        )
        written = write_goodness(found, folder)
    if options.keep:
        result.with_goodness(found).save(folder / "result.nc")
        written.append(folder / "result.nc")
    print(
        f"{recording.name}: {numbered(len(found.units), 'unit')}, nothing speaks against the model of {int(found.summary['adequate'].sum())}"
    )
    print(found)
    print(f"written to {folder}: {', '.join(path.name for path in written)}")
    return 0


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
    }
    return _selected(options, **{name: value for name, value in changes.items() if value is not None})


def _selected(options: Namespace, **changes: Any) -> int:
    """Run the selection of an analysis, changed in some fields, and write its tables."""
    from glmengine.analysis.selection import Selection
    from glmengine.analysis.sources import session_names
    from glmengine.export.goodness_tables import write_datasets
    from glmengine.export.outputs import writable_folder
    from glmengine.io.opened_sessions import opened_together
    from glmengine.project import load_question
    from glmengine.selection.select import select_terms

    question = load_question(options.analysis).on(options.recording)
    folder = writable_folder(options.out)
    if options.always:
        changes["always"] = tuple(options.always)
    if options.folds is not None:
        changes["folds"] = options.folds
    selection = (question.analysis.selection or Selection()).with_(**changes)
    with progress_bar() as context:
        recording = opened_together(
            question.places,
            session_names(question.analysis),
            recipes=options.recipe or question.recipes,
            context=context.part(0.0, 0.1),
        )
        found = select_terms(question.analysis, recording, selection, context=context.part(0.1, 1.0))
    written = write_datasets(found.datasets(), folder, "selection")
    print(
        f"{recording.name}: {numbered(len(found.units), 'unit')}, {numbered(found.models.sizes['model'], 'model')} compared on "
        f"{numbered(found.models.sizes['fold'], 'fold')}"
    )
    print(found)
    for note in found.notes:
        print(f"note: {note}")
    print(f"written to {folder}: {', '.join(path.name for path in written)}")
    return 0


def shift_test(options: Namespace) -> int:
    """Terms tested against counts that are shifted in time."""
    from glmengine.export.goodness_tables import write_datasets
    from glmengine.export.outputs import writable_folder

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
        result.with_shift_test(found).save(folder / "result.nc")
        written.append(folder / "result.nc")
    print(f"{recording.name}: {numbered(len(found.units), 'unit')}, {numbered(len(found.terms), 'term')} tested")
    print(found)
    for note in found.notes:
        print(f"note: {note}")
    print(f"written to {folder}: {', '.join(path.name for path in written)}")
    return 0


def _fitted_or_loaded(options: Namespace, context: Context) -> tuple[Result, Recording]:
    """The result that is named, or that of the analysis that is; and the recording."""
    from glmengine.analysis_run import run as run_analysis
    from glmengine.project import load_question, load_result

    if Path(options.question).suffix.lower() != ".toml":
        result = load_result(options.question)
        return result, _opened_as(result, options, context)
    from glmengine.io.opened_sessions import opened, where_needed

    analysis = load_question(options.question).analysis
    recipe = _recipe(options) or where_needed(options.recording, analysis.recording.recipe)
    recording = opened(options.recording, recipe, context.part(0.0, 0.3))
    return run_analysis(analysis, recording, context.part(0.3, 1.0)), recording


def bootstrap(options: Namespace) -> int:
    """Bands from blocks of time or trials that are drawn again."""
    from glmengine.export.goodness_tables import write_datasets
    from glmengine.export.outputs import writable_folder
    from glmengine.project import load_result

    result = load_result(options.result)
    folder = writable_folder(options.out)
    with progress_bar() as context:
        recording = _opened_as(result, options, context.part(0.0, 0.2))
        found = result.bootstrap(
            recording,
            options.draws,
            options.seed,
            block=options.block,
            trials=options.trials,
            context=context.part(0.2, 0.98),
        )
        written = write_datasets(found.datasets(), folder, "bootstrap")
    for note in found.notes:
        print(f"note: {note}")
    print(f"written to {folder}: {', '.join(path.name for path in written)}")
    return 0


def simulate(options: Namespace) -> int:
    """Surrogates of a fitted model."""
    from glmengine.export.goodness_tables import write_datasets
    from glmengine.export.nwb import write_nwb
    from glmengine.export.outputs import writable_folder
    from glmengine.project import load_result
    from glmengine.recording.inspect import summary
    from glmengine.simulation.as_recording import surrogate_recording
    from glmengine.simulation.comparison import compare_surrogates

    result, path = load_result(options.result), Path(options.out)
    if path.suffix.lower() != ".nwb":
        raise GlmError(f"{options.out}: surrogates are written as NWB; give a name that ends with .nwb")
    if path.exists() and not options.force:
        raise GlmError(f"{options.out}: exists already; give another name, or --force to replace it")
    for folder in (path.parent, *([options.compare] if options.compare else [])):
        writable_folder(folder)
    compared = None
    with progress_bar() as context:
        recording = _opened_as(result, options, context.part(0.0, 0.2))
        made = result.simulate(recording, options.repeats, options.seed, epochs=options.epoch, context=context.part(0.2, 0.7))
        if options.compare:
            compared = compare_surrogates(made, options.event, context=context.part(0.7, 0.8))
        surrogate = surrogate_recording(made)
        context.report(Progress(f"Writing {path.name}", 0.8))
        context.check()
        write_nwb(surrogate, path)
    print(made)
    print(summary(surrogate))
    print(f"written: {path}")
    if compared is not None:
        names = write_datasets(compared.datasets(), options.compare, "comparison")
        print(f"written to {options.compare}: {', '.join(name.name for name in names)}")
    return 0


def export(options: Namespace) -> int:
    """Results in a copy of the recording's NWB file."""
    from glmengine.export.nwb_results import write_results_nwb
    from glmengine.export.outputs import writable_folder
    from glmengine.export.recordings import refuse_original
    from glmengine.io.opened_sessions import opened, where_needed
    from glmengine.project import load_result

    result, path = load_result(options.result), Path(options.nwb)
    with progress_bar() as context:
        recipe = _recipe(options) or where_needed(options.recording, result.analysis.recording.recipe)
        recording = opened(options.recording, recipe, context.part(0.0, 0.6))
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


def templates(options: Namespace) -> int:
    """Analyses to start from."""
    from glmengine.analysis.templates import templates as listed

    for name, title in listed().items():
        print(f"{name:24} {title}")
    print(f"{_OWN:24} Terms that suit the recording itself, which is then needed")
    return 0


def new(options: Namespace) -> int:
    """Write an analysis to start from."""
    from glmengine.analysis.templates import template_text
    from glmengine.io.files.whole import write_whole

    path = Path(options.file)
    text = _own_text(options) if options.template == _OWN else template_text(options.template, options.recording)
    if path.exists() and not options.force:
        raise GlmError(f"{path}: exists already; choose another name, or replace it with --force")
    write_whole(path, text.encode("utf-8"))
    print(f"written: {path}")
    return 0


def _own_text(options: Namespace) -> str:
    """An analysis with default terms for a recording, as the text of a file."""
    import tomli_w

    from glmengine.analysis.default_terms import default_analysis
    from glmengine.io.opened_sessions import opened

    if not options.recording:
        raise GlmError(f"'{_OWN}' makes terms for a recording; give it with --recording FILE")
    with progress_bar() as context:
        return tomli_w.dumps(default_analysis(opened(options.recording, None, context)).to_dict())


def sample(options: Namespace) -> int:
    """A simulated session."""
    from glmengine.export.nwb import write_nwb
    from glmengine.export.outputs import writable_folder
    from glmengine.recording.inspect import summary
    from glmengine.simulation.catalogue import sample as simulated

    if options.seed < 0:
        raise GlmError(f"the seed must be 0 or more, not {options.seed}")
    path = Path(options.file)
    if path.suffix.lower() != ".nwb":
        raise GlmError(f"{options.file}: a sample is written as NWB; give a name that ends with .nwb")
    writable_folder(path.parent)
    recording = simulated(options.name, options.seed)
    write_nwb(recording, path)
    print(summary(recording))
    print(f"written: {path}")
    return 0


def script(options: Namespace) -> int:
    """An analysis as a Python script."""
    from glmengine.analysis.sources import with_places
    from glmengine.export.script import script_text
    from glmengine.io.files.whole import write_whole
    from glmengine.io.opened_sessions import for_each
    from glmengine.io.recipe.recipe import Recipe
    from glmengine.project import load_question

    question = load_question(options.analysis)
    question = question.on(options.recording) if options.recording else question
    analysis, places = question.analysis, question.places
    recipes = for_each([Recipe.load(one) for one in options.recipe or ()] or question.recipes, len(places))
    if len(places) > 1:
        analysis = with_places(analysis, places, recipes)
    known = recipes[0].to_dict() if len(recipes) == 1 and recipes[0] is not None else None
    text = script_text(analysis, places[0] if len(places) == 1 else None, known)
    if options.out:
        write_whole(options.out, text.encode("utf-8"))
        print(f"written: {options.out}")
    else:
        sys.stdout.write(text)
    return 0


def _recipe(options: Namespace) -> str | None:
    """The recipe file of a command that opens one recording."""
    from glmengine.io.opened_sessions import for_each

    return for_each(options.recipe or (), 1)[0]


def _opened_as(result: Result, options: Namespace, context: Context) -> Recording:
    """The recording to predict, as the session that it is said to be."""
    from glmengine.io.opened_sessions import opened, where_needed
    from glmengine.recording.joining import join_recordings

    sources = (result.analysis.recording, *result.analysis.more_recordings)
    known = next((one.recipe for one in sources if one.session == options.session), sources[0].recipe)
    recording = opened(options.recording, _recipe(options) or where_needed(options.recording, known), context)
    if not options.session:
        return recording
    names = [session.name for session in result.sessions_fitted]
    if options.session not in names:
        known = f"; those that were: {', '.join(names)}" if names else "; the result is of one recording only"
        raise GlmError(f"the session '{options.session}' was not fitted{known}")
    return join_recordings([recording], [options.session])


def _say_outcome(outcome: Outcome) -> None:
    result, folder = outcome.result, outcome.folder
    for note in outcome.notes:
        print(f"note: {note}")
    held_out = np.asarray(result.scores["deviance_explained_heldout"].values, np.float64)
    found = (
        f", deviance explained on held-out time {_median(held_out)} (median), {_most(held_out)} (most)"
        if np.isfinite(held_out).any()
        else ""
    )
    print(
        f"{result.recording_name}: {numbered(len(result.units), 'unit')}, {result.coefficients.sizes['feature']} features, {result.seconds:.1f} s{found}"
    )
    for note in result.notes:
        print(f"note: {note}")
    names = dict.fromkeys(one.name if one.parent == folder else f"{one.parent.name}/" for one in outcome.written)
    print(f"written to {folder}: {', '.join(names)}")


def _median(values: np.ndarray) -> str:
    known = values[np.isfinite(values)]
    return share_text(float(np.median(known))) if len(known) else "not known"


def _most(values: np.ndarray) -> str:
    return share_text(float(np.nanmax(values)))
