"""Further files that a recipe names beside the recording (``FILE:ARRAY``), and how their names follow the recording's own."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

from glmengine.errors import GlmError
from glmengine.io.recipe.recipe import REFERRING, Recipe, names_in, references

TOKEN = re.compile(r"\d+|[^\W\d_]+|[\W_]+")
MOST_SIBLINGS = 200
HEAD = 4096


def companions(recipe: Recipe, folder: Path) -> tuple[str, ...]:
    """Names of the files that a recipe names besides the recording itself; a column may have a colon in its name too."""
    named = {name.split(":", 1)[0] for name in references(recipe) if ":" in name}
    return tuple(sorted(name for name in named if Path(name).name == name and (Path(name).suffix or (folder / name).is_file())))


def for_recording(recipe: Recipe, path: Path) -> tuple[Recipe, tuple[str, ...]]:
    """The recipe for one recording: where it was made for another, the names of the further files follow the recording's.

    Parameters
    ----------
    recipe : Recipe
        Its `file` says which recording it was made for; where it does not, a file of the same kind beside this one is looked for
        to which the further files belong.
    path : Path
        The recording to be opened.

    Returns
    -------
    Recipe
        With `file` set to the recording's name where it names further files.
    notes : tuple of str
        Which file took the place of which.

    Raises
    ------
    GlmError
        If nothing says which further file belongs to this recording.
    """
    named = companions(recipe, path.parent)
    if not named or recipe.file == path.name:
        return recipe, ()
    moved = {}
    for name in named:
        followed = _followed(name, recipe.file, path) if recipe.file else _by_siblings(name, path)
        if followed != name:
            if not (path.parent / followed).is_file():
                there = f"made for {recipe.file}" if recipe.file else "of another recording"
                raise GlmError(
                    f"{path.name}: the recipe is {there} and names {name} beside it; for {path.name} that would be {followed}, which is not "
                    f'there: put it into the same folder, or name another file in the recipe and say file = "{path.name}"'
                )
            moved[name] = followed
    notes = tuple(f"{new} is read beside {path.name}, in place of {old} which the recipe names." for old, new in moved.items())
    if not recipe.file:
        notes += _doubts(set(named) - set(moved), path)
    return _renamed(recipe, moved).with_(file=path.name), notes


def without_companions(recipe: Recipe, folder: Path) -> tuple[Recipe, tuple[str, ...]] | None:
    """The recipe of what lies in the recording itself, and the names of what further files hold; None where its units are in them too."""
    further = set(companions(recipe, folder))
    units = recipe.spikes or recipe.counts

    def inside(part: Any) -> bool:
        return not any(name.split(":", 1)[0] in further for name in names_in(part))

    if not inside(units):
        return None
    parts = {name: getattr(recipe, name) for name in ("covariates", "epochs", "trials", "events")}
    kept = {name: tuple(part for part in there if inside(part)) for name, there in parts.items()}
    left = tuple(part.name for there in parts.values() for part in there if not inside(part))
    return recipe.with_(file="", **kept), left


def _doubts(named: set[str], path: Path) -> tuple[str, ...]:
    """What is to be said of further files of whose names nothing tells to which of several recordings in the folder they belong."""
    others = [sibling for sibling in _siblings(path, named) if _alike(sibling, path)]
    doubtful = sorted(
        name for name in named if others and all(following(name, path.name, other.name) is None for other in others)
    )
    if not doubtful:
        return ()
    return (
        f"The recipe names {', '.join(doubtful)} beside {path.name}, and would for {others[0].name} too: nothing in the names says to which of them "
        f'it belongs. Say file = "{path.name}" in the recipe if it is this one.',
    )


def _followed(name: str, made_for: str, path: Path) -> str:
    """What a further file is called for this recording, from what it was called for another."""
    if made_for == path.name:
        return name
    found = following(name, made_for, path.name)
    if found is not None:
        return found
    if (path.parent / made_for).is_file():
        raise GlmError(
            f"{path.name}: the recipe was made for {made_for} and names {name}; nothing says whether that belongs to {path.name} too: "
            f'say file = "{path.name}" in the recipe if it does, or name the file that does'
        )
    return name


def _by_siblings(name: str, path: Path) -> str:
    """The same for a recipe that does not say which recording it was made for."""
    if not (path.parent / name).is_file():
        return name
    for sibling in _siblings(path, {name}):
        found = following(name, sibling.name, path.name)
        # a further file that has the recording's own token too belongs to it
        if found not in (None, name, path.name) and following(name, path.name, sibling.name) is None and _alike(sibling, path):
            return found
    return _by_numbers(name, path.name)


def _siblings(path: Path, named: set[str]) -> list[Path]:
    """Files of the same kind in the folder of a recording, but for those that are `named`."""
    return sorted(file for file in path.parent.glob(f"*{path.suffix}") if file.name not in {path.name, *named})[:MOST_SIBLINGS]


def _by_numbers(name: str, recording: str) -> str:
    """The name with the recording's numbers where both have one behind the same word, as in ``track_day1`` and ``spikes_day2``."""
    mine, own = _numbered(recording), _numbered(name)
    parts = _tokens(name)
    for word, (place, number) in own.items():
        if word and word in mine and mine[word][1] != number:
            parts[place] = mine[word][1]
    return "".join(parts)


def _numbered(name: str) -> dict[str, tuple[int, str]]:
    """Numbers in a name by the word before them: where among the tokens, and the number."""
    found: dict[str, tuple[int, str]] = {}
    parts = _tokens(Path(name).stem)
    word = ""
    for place, part in enumerate(parts):
        if part.isdigit():
            found.setdefault(word, (place, part))
            word = ""
        elif part[0].isalpha():
            word = part.lower()
    return found


def following(name: str, old: str, new: str) -> str | None:
    """What a file is called beside `new` that is called `name` beside `old`; None where nothing of `name` follows `old`.

    What differs between the two is sought in `name`, with as much as possible of what stands around it: of ``m1_01-01_spikes`` and
    ``m1_01-02_spikes``, ``m1_01-01_track`` has ``m1_01-01`` and becomes ``m1_01-02_track``.
    """
    before, after = _tokens(Path(old).stem), _tokens(Path(new).stem)
    if before == after:
        return name
    stem, ending = _tokens(Path(name).stem), Path(name).suffix
    first = 0
    while first < min(len(before), len(after)) and before[first] == after[first]:
        first += 1
    last = 0
    while last < min(len(before), len(after)) - first and before[-1 - last] == after[-1 - last]:
        last += 1
    best: tuple[int, int, int] | None = None
    for start in range(first + 1):
        for stop in range(len(before) - last, len(before) + 1):
            piece = before[start:stop]
            places = [at for at in range(len(stem) - len(piece) + 1) if piece and stem[at : at + len(piece)] == piece]
            if len(places) == 1 and (best is None or stop - start > best[1] - best[0]):
                best = start, stop, places[0]
    if best is not None:
        start, stop, place = best
        put = after[start : len(after) - (len(before) - stop)]
        return "".join([*stem[:place], *put, *stem[place + stop - start :]]) + ending
    return _token_by_token(stem, before, after, ending)


def _token_by_token(stem: list[str], before: list[str], after: list[str], ending: str) -> str | None:
    """The same where several tokens differ and do not stand together: each that differs is changed behind the same word."""
    if len(before) != len(after):
        return None
    changed = {}
    for place, (old, new) in enumerate(zip(before, after, strict=True)):
        if old != new:
            word = next((part for part in reversed(before[:place]) if part[0].isalnum()), "")
            changed[word, old] = new
    found, word = [], ""
    for part in stem:
        found.append(changed.get((word, part), part))
        word = part if part[0].isalnum() else word
    return "".join(found) + ending if found != stem else None


def _tokens(name: str) -> list[str]:
    return TOKEN.findall(name)


def _alike(one: Path, other: Path) -> bool:
    """Whether two files look as if they held the same arrays, by what can be seen without reading them."""
    try:
        heads = []
        for path in (one, other):
            with open(path, "rb") as file:
                heads.append(file.read(HEAD))
        if heads[0][:4] == b"PK\x03\x04" == heads[1][:4]:
            return _members(one) == _members(other)
    except (OSError, zipfile.BadZipFile):
        return False
    if b"\0" in heads[0] or b"\0" in heads[1]:
        return heads[0][:4] == heads[1][:4]
    return heads[0].split(b"\n", 1)[0].strip() == heads[1].split(b"\n", 1)[0].strip()


def _members(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


def _renamed(recipe: Recipe, moved: dict[str, str]) -> Recipe:
    """The recipe with other files in its references."""

    def change(value: Any, key: str) -> Any:
        if isinstance(value, dict):
            return {inner: change(content, inner) for inner, content in value.items()}
        if isinstance(value, list | tuple):
            return [change(content, key) for content in value]
        if isinstance(value, str) and key in REFERRING and ":" in value:
            file, array = value.split(":", 1)
            return f"{moved.get(file, file)}:{array}"
        return value

    return Recipe.parse({key: change(content, key) for key, content in recipe.to_dict().items()}) if moved else recipe
