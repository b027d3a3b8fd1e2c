"""Recordings opened from files: recognised by their content, read safely, cleaned and composed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glmengine.argument_kinds import takes_only_its_kinds
from glmengine.context import SILENT, Context, Progress
from glmengine.errors import GlmError
from glmengine.io.content import folder_of, guarded, read_arrays, read_raw
from glmengine.io.files.probe import probe
from glmengine.io.fingerprint import fingerprint, sha256_of
from glmengine.io.folder_mates import note_of_mates, note_of_tables
from glmengine.io.reader import NO_UNITS
from glmengine.io.recognition import choose_reader, head_of, recognise

if TYPE_CHECKING:
    from glmengine.io.raw import RawSeries
    from glmengine.io.reader import Reader
    from glmengine.io.recipe.recipe import Recipe
    from glmengine.recording.recording import Recording


@takes_only_its_kinds
def open_recording(
    path: str | Path, recipe: Recipe | Mapping[str, Any] | str | Path | None = None, *, context: Context = SILENT
) -> Recording:
    """Open a recording; its content decides the format.

    Parameters
    ----------
    path : str or Path
        A file, or a folder where the format is one.
    recipe : Recipe, its plain data, or str or Path of its TOML file, optional
        What the arrays of a file without a standard are (MATLAB, CSV and the like); kept as plain data in `source`.
    context : Context
        Progress and cancellation.

    Returns
    -------
    Recording
        Its `notes` say what was repaired, left out or doubtful.

    Raises
    ------
    GlmError
        One sentence that names the file: what is wrong with it and what to do.
    """
    path = _with_name(path)
    try:
        head = head_of(path)
        reader = choose_reader(path, head, with_recipe=recipe is not None)
        chosen = as_recipe(recipe)
        if reader.needs_recipe and chosen is None:
            raise GlmError(
                f"{path.name}: is {_article(reader.name)} {reader.name} file, which has no standard for recordings; say what its arrays are "
                f"in a recipe (`glmengine recipe {path.name} --out recipe.toml` drafts one) and give it with --recipe recipe.toml"
            )
        context.report(Progress(f"Opening {path.name}", 0.1))
        beside, followed, named = [], (), ()
        if chosen is not None:
            from glmengine.io.recipe.companions import companions, for_recording

            if not path.is_dir():  # what a folder holds is all of it, its hash too
                chosen, followed = for_recording(chosen, path)
            named = companions(chosen, folder_of(path))
            beside = [path.parent / name for name in named if not path.is_dir() and (path.parent / name).is_file()]
        digest = sha256_of(path, beside)
        context.check()
        _probe(path, reader, chosen, digest, context)
        context.report(Progress(f"Opening {path.name}", 0.6))
        raw = read_raw(path, reader, chosen)
        raw.notes += followed
        raw.notes += filter(None, (note_of_mates(path, reader), note_of_tables(path, reader, named)))
        context.check()
        from glmengine.io.compose import compose

        source = {"format": reader.name} if chosen is None else {"format": reader.name, "recipe": chosen.to_dict()}
        name = path.name if path.is_dir() else path.stem
        return guarded(path, reader, lambda: compose(raw, name, path=path.resolve(), sha256=digest, source=source))
    except GlmError as error:
        if path.name in error.message:
            raise
        raise GlmError(f"{path.name}: {error.message}", field=error.field) from error
    except OSError as error:
        raise GlmError(f"{path.name}: cannot be read ({error.strerror or error}); check the path and its permissions") from error


def arrays_of(path: str | Path) -> dict[str, Any]:
    """Everything in a file without a standard, by name, for the assistant that makes a recipe: arrays, or lists of them.

    Raises
    ------
    GlmError
        If the file is of a format that needs no recipe, or cannot be read.
    """
    path = _with_name(path)
    reader = recognise(path)
    if reader.arrays is None:
        raise GlmError(f"{path.name}: is {reader.name}, which says itself what it holds; open it without a recipe")
    _probe(path, reader, None, sha256_of(path) if reader.probe else "", SILENT)
    return read_arrays(path, reader)


def responses_of(path: str | Path) -> list[RawSeries]:
    """What may be the response itself in a file of a format with a standard but without units, the likeliest first; none in any other.

    Raises
    ------
    GlmError
        If the file cannot be read.
    """
    path = _with_name(path)
    reader = recognise(path)
    if reader.responses is None:
        return []
    try:
        _probe(path, reader, None, sha256_of(path), SILENT)
    except GlmError as error:
        if error.field != NO_UNITS:
            raise
        return guarded(path, reader, lambda: reader.responses(path))
    return []


def _probe(path: Path, reader: Reader, recipe: Recipe | None, digest: str, context: Context) -> None:
    """Have the file read in another process first, where its reader may bring the program down."""
    if reader.probe:
        plain = None if recipe is None else recipe.model_dump(mode="json")
        probe(path, reader.name, plain, fingerprint(path, reader, recipe, digest), context)


def as_recipe(recipe: Recipe | Mapping[str, Any] | str | Path | None) -> Recipe | None:
    """A recipe from itself, its plain data or its file; raises `GlmError` where it cannot be read."""
    if recipe is None:
        return None
    from glmengine.io.recipe.recipe import Recipe

    if isinstance(recipe, Mapping):
        return Recipe.parse(dict(recipe), "recipe")
    return recipe if isinstance(recipe, Recipe) else Recipe.load(recipe)


def _with_name(path: str | Path) -> Path:
    """As a path that has a name, which "." has not, for sentences and the recording."""
    path = Path(path).expanduser()
    return path if path.name else path.resolve()


def _article(name: str) -> str:
    return "an" if name[:1].lower() in "aeiou" else "a"
