"""What each command of `glmengine` does: open, compute, write, and say in a few lines what came out."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.wording import share_text
from glmengine.cli.terminal import progress_bar, say_error
from glmengine.context import Progress
from glmengine.errors import GlmError

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.context import Context
    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result


def inspect(options: Namespace) -> int:
    """What is in a recording, or in several sessions joined."""
    from glmengine.recording.inspect import describe

    with progress_bar() as context:
        recording = _opened_all([], options.files, options, context)
    print(describe(recording))
    return 0


def recipe(options: Namespace) -> int:
    """A recipe for a file without a standard: remembered from a file of the same shape, else a draft."""
    from glmengine.io.files.whole import write_whole
    from glmengine.io.recipe_assistant import draft_recipe, remembered_recipe

    known = remembered_recipe(options.file)
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
    from glmengine.recording.inspect import summary

    with progress_bar() as context:
        recording = _opened(options.file, options, context.part(0.0, 0.6))
        writable_folder(Path(options.out).parent)
        written = save_recording(recording, options.out, replace=options.force, context=context.part(0.6, 1.0))
    print(summary(recording))
    print(f"written: {written}")
    return 0


def run(options: Namespace) -> int:
    """Fit, score, and write everything."""
    from glmengine.export.outputs import writable_folder

    analysis, places, hashes = _question(options.analysis, options.recording)
    writable_folder(options.out)
    with progress_bar() as context:
        result, written = _run_one(analysis, places, hashes, options, Path(options.out), context)
    _say_result(result, options.out, written)
    return 0


def design(options: Namespace) -> int:
    """The columns of an analysis on a recording, and what the data can tell apart."""
    from glmengine.analysis.sources import session_names
    from glmengine.design.identifiability import identifiability
    from glmengine.design.prepare import prepare

    analysis, places, _ = _question(options.analysis, options.recording)
    with progress_bar() as context:
        recording = _opened_all(session_names(analysis), places, options, context.part(0.0, 0.3))
        prepared = prepare(analysis, recording, context.part(0.3, 0.6))
        report = identifiability(prepared.design, prepared.units, context.part(0.6, 1.0))
    made = prepared.design
    print(
        f"{recording.name}: {_units(len(prepared.units))}, {made.n_rows} bins of {made.grid.bin_size:g} s, "
        f"{int(made.valid.sum())} of them usable, {made.n_columns} columns"
    )
    for label, part in made.slices.items():
        columns = made.columns.iloc[part]
        print(f"  {label}: {len(columns)} columns, {columns['kind'].iloc[0]} of {', '.join(columns['variable'].unique()[:6])}")
        if options.columns:
            print("\n".join(f"    {name}" for name in columns.index))
    for note in prepared.notes:
        print(f"note: {note}")
    print(report)
    return 0


def batch(options: Namespace) -> int:
    """The same analysis on each of many recordings."""
    from glmengine.batch import Summary
    from glmengine.export.outputs import writable_folder

    analysis, _, _ = _question(options.analysis, options.recordings)
    summary = Summary(writable_folder(options.out), options.recordings)
    options.figure_format = None
    try:
        with progress_bar() as context:
            for position, (recording, folder) in enumerate(summary.folders.items()):
                part = context.part(position / len(summary.folders), (position + 1) / len(summary.folders))
                try:
                    result, written = _run_one(analysis, [Path(recording)], [""], options, folder, part)
                except (GlmError, MemoryError) as error:
                    reason = error.message if isinstance(error, GlmError) else "there is not enough memory for it"
                    summary.failed(recording, reason)
                    print(f"{recording}: FAILED: {' '.join(reason.split())}")
                else:
                    summary.done(recording, result)
                    _say_result(result, folder, written)
    finally:  # also of what was done before an interruption
        summary.write()
    print(f"written to {summary.folder}: recordings.csv, scores.csv")
    if summary.failures:
        say_error(f"{summary.failures} of {len(summary.folders)} recordings failed; the lines above say why")
    return 1 if summary.failures else 0


def predict(options: Namespace) -> int:
    """Rates and scores of a fitted model on a recording."""
    import xarray as xr

    from glmengine.export.outputs import writable_folder
    from glmengine.export.tables import scores_csv
    from glmengine.io.files.netcdf import netcdf_bytes
    from glmengine.io.files.whole import write_whole

    result = _result(options.result)
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
        f"{recording.name}: {_units(len(result.units))}, {dataset.sizes['time']} bins, deviance explained {_median(explained)} (median)"
    )
    missing = [unit for unit in result.units if unit not in recording.unit_names]
    if missing:
        print(f"note: not in this recording, and so without scores: {', '.join(missing)}")
    print(f"written to {folder}: rates.nc, scores.csv")
    return 0


def check(options: Namespace) -> int:
    """Whether a fitted model is right."""
    from glmengine.export.goodness_tables import write_goodness
    from glmengine.export.outputs import writable_folder

    result = _result(options.result)
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
        f"{recording.name}: {_units(len(found.units))}, nothing speaks against the model of {int(found.summary['adequate'].sum())}"
    )
    print(found)
    print(f"written to {folder}: {', '.join(path.name for path in written)}")
    return 0


def export(options: Namespace) -> int:
    """Results in a copy of the recording's NWB file."""
    from glmengine.export.nwb_results import write_results_nwb
    from glmengine.export.outputs import writable_folder
    from glmengine.export.recordings import refuse_original

    result, path = _result(options.result), Path(options.nwb)
    with progress_bar() as context:
        recording = _opened(options.recording, options, context.part(0.0, 0.6))
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
    return 0


def new(options: Namespace) -> int:
    """Write an analysis to start from."""
    from glmengine.analysis.templates import template_text
    from glmengine.io.files.whole import write_whole

    path = Path(options.file)
    text = template_text(options.template, options.recording)
    if path.exists() and not options.force:
        raise GlmError(f"{path}: exists already; choose another name, or replace it with --force")
    write_whole(path, text.encode("utf-8"))
    print(f"written: {path}")
    return 0


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
    from glmengine.io.recipe.recipe import Recipe

    analysis, places, _ = _question(options.analysis, options.recording, needs_recording=False)
    if len(places) > 1:
        analysis = with_places(analysis, places)
    known = Recipe.load(options.recipe).to_dict() if options.recipe else None
    text = script_text(analysis, places[0] if len(places) == 1 else None, known)
    if options.out:
        write_whole(options.out, text.encode("utf-8"))
        print(f"written: {options.out}")
    else:
        sys.stdout.write(text)
    return 0


def _opened(place: str | Path, options: Namespace, context: Context) -> Recording:
    """The recording; a recipe that opened it is remembered for files with the same arrays."""
    from glmengine.io.opening import open_recording

    recording = open_recording(place, options.recipe, context=context)
    if options.recipe:
        from glmengine.io.recipe_assistant import remember_for

        remember_for(place, options.recipe)
    return recording


def _opened_all(names: Sequence[str], places: Sequence[str | Path], options: Namespace, context: Context) -> Recording:
    """One recording, or several sessions joined under `names` where there is one each."""
    from glmengine.recording.joining import join_recordings

    count = len(places)
    opened = [_opened(place, options, context.part(at / count, (at + 1) / count)) for at, place in enumerate(places)]
    if count == 1:
        return opened[0]
    if len(names) != count or not any(names):
        return join_recordings(opened)
    return join_recordings(opened, [name or one.name for name, one in zip(names, opened, strict=True)])


def _opened_as(result: Result, options: Namespace, context: Context) -> Recording:
    """The recording to predict, as the session that it is said to be."""
    from glmengine.recording.joining import join_recordings

    recording = _opened(options.recording, options, context)
    if not options.session:
        return recording
    names = [session.name for session in result.sessions_fitted]
    if options.session not in names:
        known = f"; those that were: {', '.join(names)}" if names else "; the result is of one recording only"
        raise GlmError(f"the session '{options.session}' was not fitted{known}")
    return join_recordings([recording], [options.session])


def _run_one(
    analysis: Analysis, places: Sequence[Path], hashes: Sequence[str], options: Namespace, folder: Path, context: Context
) -> tuple[Result, list[Path]]:
    """Open, run and write one recording, or several sessions as one, and which files that made; the analysis that is written names them."""
    from glmengine.analysis.sources import for_recording, session_names
    from glmengine.analysis_run import run as run_analysis
    from glmengine.export.outputs import write_outputs

    recording = _opened_all(session_names(analysis), places, options, context.part(0.0, 0.1))
    found = {one.recording.sha256 for one in recording.sessions} or {recording.sha256}
    for place, sha256 in zip(places, hashes, strict=False):
        if sha256 and all(found) and sha256 not in found:
            print(f"note: {place} is not the recording that the analysis was made for (its content differs)")
    result = run_analysis(for_recording(analysis, recording), recording, context.part(0.1, 0.8))
    context.check()
    formats = tuple(dict.fromkeys(options.figure_format or ("pdf", "png")))
    figures = not options.no_figures
    return result, write_outputs(result, folder, recording, figures=figures, formats=formats, context=context.part(0.8, 1.0))


def _question(
    file: str, recordings: Sequence[str] | None, *, needs_recording: bool = True
) -> tuple[Analysis, list[Path], list[str]]:
    """An analysis from a .toml or .glm, with the places and the hashes of its recordings."""
    from glmengine.analysis.analysis import Analysis
    from glmengine.analysis.sources import places_of
    from glmengine.project import load_project

    path = Path(file)
    if path.suffix.lower() == ".glm":
        project = load_project(path)
        analysis, parts = project.analysis, project.recording.parts
        found = [(part.find(path), part.sha256, str(part.path or "")) for part in parts]
        missing = [named for place, _, named in found if place is None and named]
        places = [] if any(place is None for place, _, _ in found) else [place for place, _, _ in found if place is not None]
        hashes = [sha256 for _, sha256, _ in found]
    else:
        analysis, missing = Analysis.load(path), []
        places = places_of(analysis, path.resolve().parent)
        hashes = [one.sha256 for one in (analysis.recording, *analysis.more_recordings)]
    if recordings:
        return analysis, [Path(one) for one in recordings], hashes
    if needs_recording and not places:
        hint = f" and '{missing[0]}' is not there" if missing else ""
        raise GlmError(f"{path.name}: names no recording{hint}; give one with --recording FILE")
    return analysis, places, hashes


def _result(file: str) -> Result:
    from glmengine.project import load_project
    from glmengine.results.result import Result

    if Path(file).suffix.lower() != ".glm":
        return Result.load(file)
    result = load_project(file).result
    if result is None:
        raise GlmError(f"{Path(file).name}: the project holds no result; fit it first")
    return result


def _say_result(result: Result, folder: str | Path, written: Sequence[Path]) -> None:
    held_out = np.asarray(result.scores["deviance_explained_heldout"].values, np.float64)
    found = (
        f", deviance explained on held-out time {_median(held_out)} (median), {_most(held_out)} (most)"
        if np.isfinite(held_out).any()
        else ""
    )
    print(
        f"{result.recording_name}: {_units(len(result.units))}, {result.coefficients.sizes['feature']} features, {result.seconds:.1f} s{found}"
    )
    for note in result.notes:
        print(f"note: {note}")
    names = dict.fromkeys(one.name if one.parent == Path(folder) else f"{one.parent.name}/" for one in written)
    print(f"written to {folder}: {', '.join(names)}")


def _units(count: int) -> str:
    return f"{count} unit" if count == 1 else f"{count} units"


def _median(values: np.ndarray) -> str:
    known = values[np.isfinite(values)]
    return share_text(float(np.median(known))) if len(known) else "not known"


def _most(values: np.ndarray) -> str:
    return share_text(float(np.nanmax(values)))
