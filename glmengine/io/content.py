"""The content of a file as plain arrays, and one error for whatever a library makes of a damaged one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from glmengine.errors import Cancelled, GlmError
from glmengine.io.raw import NamedArrays, RawRecording
from glmengine.io.recognition import recognise

if TYPE_CHECKING:
    from glmengine.io.reader import Reader
    from glmengine.io.recipe.recipe import Recipe

T = TypeVar("T")


def read_raw(path: Path, reader: Reader, recipe: Recipe | None) -> RawRecording:
    """What the reader finds, or what the recipe makes of the file's arrays.

    Without a recipe a file that needs one is only read, and what comes back is empty.

    Raises
    ------
    GlmError
        For whatever a library makes of a damaged file.
    """
    if not reader.needs_recipe:
        raw = guarded(path, reader, lambda: reader.read(path, recipe))
        if recipe is None:
            return raw
        from glmengine.io.recipe.apply import correct_with
        from glmengine.io.recipe.companions import companions
        from glmengine.io.recipe.recipe import references

        files = companions(recipe, folder_of(path))
        further = {name for name in references(recipe) if name.split(":", 1)[0] in files}
        return guarded(path, reader, lambda: correct_with(recipe, raw, _with_companions(path, NamedArrays(), further)))
    if recipe is None:
        read_arrays(path, reader)
        return RawRecording()
    # a recipe takes the libraries that check it, which most files do without
    from glmengine.io.recipe.apply import apply_recipe
    from glmengine.io.recipe.recipe import references

    return guarded(
        path,
        reader,
        lambda: apply_recipe(recipe, _with_companions(path, reader.arrays(path, references(recipe)), references(recipe))),
    )


def read_arrays(path: Path, reader: Reader) -> dict[str, Any]:
    """Everything in a file without a standard, by name.

    Raises
    ------
    GlmError
        As `read_raw`.
    """
    return guarded(path, reader, lambda: reader.arrays(path, None))


def _with_companions(path: Path, read: dict[str, Any], names: set[str]) -> NamedArrays:
    """The arrays of a file, and those that a recipe names as ``FILE:ARRAY``, of further files in the same folder, or in the folder that is
    the recording itself."""
    from glmengine.io.recipe.recipe import COLUMN

    found = NamedArrays(read, getattr(read, "notes", ()), getattr(read, "dates", {}), getattr(read, "matrices", {}))
    known = {COLUMN.sub("", name) for name in found} | set(found)
    wanted = {name for name in names if ":" in name and COLUMN.sub("", name) not in known}
    for other in sorted({name.split(":", 1)[0] for name in wanted}):
        beside = folder_of(path) / other
        if other != Path(other).name or other in ("", ".", "..") or not beside.is_file():
            raise GlmError(
                f"{path.name}: the recipe names the table '{other}', which is not {'in' if path.is_dir() else 'beside'} it; put it into "
                f"{'that' if path.is_dir() else 'the same'} folder"
            )
        companion = recognise(beside)
        if companion.arrays is None:
            raise GlmError(
                f"{path.name}: the recipe names {other} beside it, which is {companion.name} and has no arrays to name"
            )
        added = companion.arrays(beside, None)
        found.update({f"{other}:{name}": column for name, column in added.items()})
        found.notes += [f"{other}: {note}" for note in getattr(added, "notes", ())]
        found.dates |= {f"{other}:{name}": values for name, values in getattr(added, "dates", {}).items()}
        found.matrices |= {f"{other}:{name}": shape for name, shape in getattr(added, "matrices", {}).items()}
    first = found.first_date(names)
    if first is not None:  # dates in several files are of one calendar
        found.count_from(first)
        found.notes.append(
            f"Dates were turned into seconds: 0 s is {str(first).replace('T', ' ').rstrip('0').rstrip('.')}, the earliest that is used."
        )
    return found


def folder_of(path: Path) -> Path:
    """Where the further files of a recording lie: in it, where it is a folder, else beside it."""
    return path if path.is_dir() else path.parent


def guarded(path: Path, reader: Reader, action: Callable[[], T]) -> T:
    """What `action` returns; what a library raises on a damaged file comes out as one `GlmError`."""
    try:
        return action()
    except (GlmError, Cancelled):
        raise
    except PermissionError:
        raise
    except MemoryError as error:
        raise GlmError(f"{path.name}: reading it needs more memory than there is; export a shorter stretch") from error
    except Exception as error:
        detail = " ".join(str(error).split())[:120] or type(error).__name__
        raise GlmError(f"{path.name}: is damaged or not quite {reader.name} ({detail}); copy or export it again") from error
