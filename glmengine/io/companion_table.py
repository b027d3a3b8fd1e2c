"""The table beside a file that belongs to it, as tracking to spikes, and what is in the two together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from glmengine.errors import GlmError
from glmengine.io.recipe.companions import TOKEN
from glmengine.io.recipe.recipe import Recipe
from glmengine.io.recipe_assistant import Assistance, assist, assist_together, files_beside

TABLES = (".csv", ".tsv", ".txt", ".dat")
"""Endings of tables whose first lines tell recordings of one kind from parts of one recording."""

_LONGEST_HEADING = 65_536  # bytes
_LARGEST = 64e6  # bytes, of both: they are read on the chance that they belong together


def heading(path: Path) -> str:
    """The letters of the first line of a table; none where it holds numbers alone."""
    with path.open("rb") as stream:
        first = stream.readline(_LONGEST_HEADING).decode("utf-8", "replace")
    return "".join(letter for letter in first.lower() if letter.isalpha())


def companion_table(path: Path) -> Path | None:
    """The one table in the folder of a table that can belong to it: with other words in its first line and the same numbers in its name.

    None where there are several such, or where there is another recording of its kind that it may belong to as well.
    """
    if path.suffix.lower() not in TABLES or not path.is_file():
        return None
    own, numbers = heading(path), _numbers(path)
    tables = [other for other in files_beside(path) if other.suffix.lower() in TABLES and _numbers(other) == numbers]
    others = [other for other in tables if heading(other) != own]
    return others[0] if len(others) == len(tables) == 1 and own and heading(others[0]) else None


def _numbers(path: Path) -> list[str]:
    return sorted(token for token in TOKEN.findall(path.stem) if token.isdigit())


def assist_with_companion(path: str | Path) -> Assistance | None:
    """As `assist`; a table of spikes without covariates comes with the table that belongs to it (`companion_table`), and with what is in it
    by itself as `alone`."""
    path = Path(path).expanduser()
    found = assist(path)
    other = companion_table(path) if found is not None and not found.remembered else None
    if other is None or path.stat().st_size + other.stat().st_size > _LARGEST:
        return found
    try:
        own, both = Recipe.from_toml(found.recipe), assist_together((path, other))
        whole = Recipe.from_toml(both.recipe)
    except GlmError:  # nothing like spikes, or the other one cannot be read: as it is
        return found
    if both.path != path or own.covariates or not (whole.covariates or whole.trials or whole.events):
        return found
    return replace(both, alone=found)
