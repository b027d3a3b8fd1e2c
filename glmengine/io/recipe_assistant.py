"""Recipes for files without a standard: what is in a file, and a first draft."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.content import folder_of
from glmengine.io.folder_mates import tables_within
from glmengine.io.opening import arrays_of, responses_of
from glmengine.io.recipe.companions import MOST_SIBLINGS, TOKEN, companions, for_recording, without_companions
from glmengine.io.recipe.draft import Beside, Draft, clocks_of, draft_beside, draft_from_arrays, first_number_of, shape_of
from glmengine.io.recipe.recipe import Arrays, Counts, Recipe, Spikes, references
from glmengine.io.recognition import readers, recognise
from glmengine.io.remembered_recipes import recall, signature_of, type_of
from glmengine.sentences import listed

if TYPE_CHECKING:
    from glmengine.io.raw import RawSeries
    from glmengine.io.reader import Reader
    from glmengine.recording.recording import Recording

PREVIEW = 5

EMPTY = """\
# Nothing here looks like spike times or counts: say which array they are.
format_version = 1

[spikes]
times = ""

# [[covariates]]
# name = "position"
# values = ["x", "y"]
# times = "t"
# unit = "cm"
"""


@dataclass(frozen=True)
class Assistance:
    """What the user needs to see to say what the arrays of a file are.

    Attributes
    ----------
    path : Path
    format : str
        What the file is (``"MATLAB"``).
    arrays : tuple of (str, str, str, str)
        Name, shape, type and first values of each array.
    recipe : str
        TOML to start from: remembered from a file of the same shape, else drafted.
    remembered : bool
    signature : str
        Stands for the file's format and the names of its arrays; empty for a format with a standard.
    alone : Assistance, optional
        What is in the file by itself, where further files are taken with it that nobody has named.
    first_number : int
        What the program that wrote the file counts from.
    """

    path: Path
    format: str
    arrays: tuple[tuple[str, str, str, str], ...]
    recipe: str
    remembered: bool
    signature: str
    alone: Assistance | None = None
    first_number: int = 0

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files that the arrays are from, the recording first."""
        named = (name.split(":", 1)[0] for name, *_ in self.arrays if ":" in name)
        return tuple(dict.fromkeys((self.path.name, *(name for name in named if (folder_of(self.path) / name).is_file()))))


def assist(path: str | Path) -> Assistance | None:
    """What is in a file without a standard, with a recipe to start from; None for a file that needs no recipe.

    Raises
    ------
    GlmError
        If the file is none that is known, or cannot be read.
    """
    path = Path(path).expanduser()
    reader = recognise(path)
    if not reader.needs_recipe:
        return None
    arrays = arrays_of(path)
    signature = signature_of(reader, arrays)
    known = recall(signature)
    text = _followed(known, path) if known is not None else _drafted(arrays)
    return Assistance(path, reader.name, _rows(arrays), text, known is not None, signature, first_number=first_number_of(arrays))


def assist_like(found: Assistance, recording: Recording | None) -> Assistance:
    """A file is to stand beside, or in the place of, a recording: where nothing is remembered for it and it has the arrays that the recipe of the
    recording names, that recipe is the one to start from."""
    parts = recording.sessions if recording is not None else ()
    source = parts[-1].recording.source if parts else recording.source if recording is not None else {}
    if found.remembered or not found.signature or not source.get("recipe"):
        return found
    recipe = Recipe.parse(dict(source["recipe"]), found.path.name)
    alone = found.alone or found
    further = {f"{name}:" for name in companions(recipe, found.path.parent)}
    own = {name for name in references(recipe) if not name.startswith(tuple(further))}
    if not own <= {row[0] for row in alone.arrays}:
        return found
    return replace(alone, recipe=_followed(recipe.to_toml(), found.path), remembered=True)


def assist_response(path: str | Path) -> Assistance | None:
    """What may be the response itself in a file that says what it holds but has no units, with a recipe that takes the likeliest; None where
    there is none such."""
    path = Path(path).expanduser()
    found = responses_of(path)
    if not found:
        return None
    rows = tuple(
        (item.source, shape_of(item.values), item.unit or "numbers", _preview(np.asarray(item.values[:PREVIEW])))
        for item in found
    )
    return Assistance(path, recognise(path).name, rows, _draft_response(found).to_toml(), False, "")


def _draft_response(found: Sequence[RawSeries]) -> Draft:
    first, others = found[0], [item.source for item in found[1:]]
    reasons = [
        f"There are no spikes: '{first.source}' is taken as the response itself{f', in {first.unit}' if first.unit else ''}."
    ]
    reasons += [f"If another is, name it in its place; what is not named is a covariate: {listed(others, 8)}."] if others else []
    return Draft(Recipe(counts=Counts(values=(first.source,))), tuple(reasons))


def correction_of(recording: Recording) -> Assistance:
    """What is in an open recording, with the recipe it was opened with, or one that leaves it as it is: to put clocks and units of measure
    right, and to take in what lies in further files.

    Raises
    ------
    GlmError
        If it does not come from one file or folder, or that cannot be read any more.
    """
    path, used = recording.path, recording.source.get("recipe")
    if path is None or recording.sessions:
        raise GlmError(
            f"{recording.name}: is not one file or folder, so that no recipe can put it right; open each session alone, and join them then"
        )
    found = assist(path)
    if found is None:
        reader = recognise(path)
        tables = tables_within(path, reader)
        rows = [("units", str(len(recording.unit_names)), "units of the recording", ", ".join(recording.unit_names[:PREVIEW]))]
        for name, covariate in recording.covariates.items():
            rows.append((name, "x".join(map(str, covariate.data.shape)), "covariate", covariate.unit))
        for table in tables:
            rows += arrays_beside(path, table).arrays
        found = Assistance(path, reader.name, tuple(rows), _draft_within(reader, tables).to_toml(), False, "")
    return found if used is None else replace(found, recipe=Recipe.parse(dict(used), recording.name).to_toml())


def files_beside(path: str | Path) -> tuple[Path, ...]:
    """Files beside `path`, or in it where it is a folder, that a recipe for it may name too: tracking beside spikes.

    Those with the same numbers in their names first, then those with the most alike names.
    """
    path = Path(path).expanduser()
    own = set(TOKEN.findall(path.stem.lower()))
    numbers = {token for token in own if token.isdigit()}
    endings = {ending for reader in readers() if reader.needs_recipe for ending in reader.endings}
    found = [
        other
        for other in sorted(folder_of(path).iterdir())
        if other != path and other.suffix.lower() in endings and not other.name.startswith(".") and other.is_file()
    ]

    def unlike(other: Path) -> tuple[int, int]:
        shared = own & set(TOKEN.findall(other.stem.lower()))
        return -len(numbers & shared), -len(shared)  # the tracking of this day before the spikes of another

    found.sort(key=unlike)
    return tuple(found[:MOST_SIBLINGS])


def assist_together(paths: Sequence[str | Path], *, fresh: bool = False) -> Assistance:
    """What is in several files of one recording, spikes and the tracking beside them, with one recipe for all of them.

    The file that says itself what it holds is the recording, else the first in which there is something like spikes or counts; the others lie
    beside it.

    Parameters
    ----------
    paths : sequence of path
    fresh : bool
        Draft the recipe anew, though one is remembered.

    Raises
    ------
    GlmError
        If they lie in several folders, two of them need no recipe, or one cannot be read.
    """
    files = [Path(path).expanduser() for path in paths]
    first = next((file for file in files if not recognise(file).needs_recipe), None)
    first = first or next((file for file in files if _holds_units(file)), files[0])
    others, reader = [file for file in files if file != first], recognise(first)
    if (found := assist(first)) is None:
        rows, text = (), _draft_within(reader, ()).to_toml()
        found = Assistance(first, reader.name, rows, text, False, "")
    else:
        rows, text = found.arrays, found.recipe
    if reader.needs_recipe and (fresh or not found.remembered):
        clocks = {name: seconds for file in others for name, seconds in clocks_of(arrays_of(file), file.name).items()}
        text = _drafted(arrays_of(first), clocks)
    for other in others:
        further = arrays_beside(first, other)
        rows = (*rows, *further.arrays)
        try:
            text = with_further(text, further)
        except GlmError:  # a draft that is yet to be written names nothing beside it; the arrays are listed all the same
            continue
    return replace(found, arrays=rows, recipe=text, remembered=found.remembered and not fresh)


def _holds_units(path: Path) -> bool:
    try:
        draft_recipe(path)
    except GlmError:
        return False
    return True


@dataclass(frozen=True)
class FurtherFile:
    """What another file holds: rows as of `Assistance.arrays`, by the names that a recipe calls them, and a draft of what it adds."""

    arrays: tuple[tuple[str, str, str, str], ...]
    adds: Beside


def arrays_beside(path: str | Path, other: str | Path) -> FurtherFile:
    """What another file beside `path`, or in it where it is a folder, holds.

    Raises
    ------
    GlmError
        If it lies elsewhere, needs no recipe, or cannot be read.
    """
    path, other = Path(path).expanduser(), Path(other).expanduser()
    if other.resolve().parent != folder_of(path.resolve()):
        raise GlmError(
            f"{other.name}: does not lie in {path.name}; put it there, so that they stay together"
            if path.is_dir()
            else f"{other.name}: lies in another folder than {path.name}; put the two into one folder, so that they stay together"
        )
    arrays = arrays_of(other)
    return FurtherFile(tuple((f"{other.name}:{name}", *rest) for name, *rest in _rows(arrays)), draft_beside(arrays, other.name))


def with_further(text: str, further: FurtherFile) -> str:
    """A recipe (TOML) with what another file adds, the reasons for it below those at the head.

    Raises
    ------
    GlmError
        If the text is no recipe yet.
    """
    recipe = further.adds.added_to(Recipe.from_toml(text))
    said = [line.removeprefix("# ") for line in takewhile(lambda line: line.startswith("#"), text.splitlines())]
    return Draft(recipe, tuple(dict.fromkeys([*said, *further.adds.reasons]))).to_toml()


def _rows(arrays: Arrays) -> tuple[tuple[str, str, str, str], ...]:
    return tuple((name, shape_of(values), type_of(values), _preview(values)) for name, values in arrays.items())


def draft_recipe(path: str | Path) -> Draft:
    """Propose a recipe for a file without a standard, or for what lies in the folder of a recording that has one: tracking beside units.

    Raises
    ------
    GlmError
        If the file has a standard and needs none, or nothing in it looks like spikes or counts.
    """
    path = Path(path)
    reader = recognise(path)
    if tables := tables_within(path, reader):
        return _draft_within(reader, tables)
    if responses := responses_of(path):
        return _draft_response(responses)
    try:
        return draft_from_arrays(arrays_of(path))
    except GlmError as error:
        if path.name in error.message:
            raise
        raise GlmError(f"{path.name}: {error.message}", field=error.field) from error


def _draft_within(reader: Reader, tables: Sequence[Path]) -> Draft:
    recipe, reasons = Recipe(spikes=Spikes(times="units")), [f"The units are those that {reader.name} says."]
    for table in tables:
        adds = draft_beside(arrays_of(table), table.name)
        recipe = adds.added_to(recipe)
        reasons += adds.reasons
    return Draft(recipe, tuple(reasons))


def _drafted(arrays: Arrays, clocks: Mapping[str, np.ndarray] = MappingProxyType({})) -> str:
    try:
        return draft_from_arrays(arrays, clocks).to_toml()
    except GlmError:
        return EMPTY


def _followed(text: str, path: Path) -> str:
    """A remembered recipe (TOML) with the further files that belong to `path`; where those are not there, or nothing says which they are, it
    is that of the recording alone, and a comment says what is left out."""
    recipe = Recipe.from_toml(text, path.name)
    try:
        followed, notes = for_recording(recipe, path)
    except GlmError as error:
        alone = without_companions(recipe, path.parent)
        if alone is None:
            return f"# {error.message}\n{text}"
        return f"# Left out: {listed(alone[1])}. {error.message}\n{alone[0].to_toml()}"
    return "".join(f"# {note}\n" for note in notes) + followed.to_toml() if followed != recipe else text


def _preview(values: np.ndarray | list[np.ndarray]) -> str:
    flat = np.ravel(values[0] if isinstance(values, list) and values else values)[:PREVIEW]
    return ", ".join(f"{value:.6g}" if isinstance(value, int | float | np.number) else str(value)[:20] for value in flat)
