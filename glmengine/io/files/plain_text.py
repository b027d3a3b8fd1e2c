"""TOML and JSON from files and archives, refused at once where no program writes such: too long, too deep, or numbers without end."""

from __future__ import annotations

import json
import re
import stat
import sys
import tomllib
from pathlib import Path
from typing import Any

from glmengine.errors import GlmError

LARGEST = 16 * 2**20
"""Bytes of the largest text that says what is to be done with data."""

DEEPEST = 60
"""Tables and lists inside one another."""

MOST_TABLES = 5000
"""Entries of one list of tables, terms or derived variables."""

MOST_FIELDS, MOST_ENTRIES = 60_000, 300_000
"""Fields and headings of a text, and entries of its lists: to read more takes seconds, and no analysis or recipe has as many."""

_DOTTED = re.compile(r"(?<![\w-])(?:[\w-]+[ \t]*\.[ \t]*){16}")
"""A name of more parts than a field has; each of its beginnings would be kept."""


def see_regular(path: Path) -> None:
    """Refuse what is no file, at which reading might wait or go on forever: a pipe, a device; OSError where there is none."""
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise GlmError(f"{path.name}: is a folder; give a file")
    if not stat.S_ISREG(mode):
        raise GlmError(f"{path.name}: is a pipe or a device, not a file; save it to a file first")


def toml_file(path: Path) -> dict[str, Any]:
    """The content of a TOML file.

    Raises
    ------
    GlmError
        If it is no regular file, is too large, or is no TOML that could be meant.
    OSError
        If it cannot be read.
    """
    see_regular(path)
    if path.stat().st_size > LARGEST:
        raise GlmError(
            f"{path.name}: is {path.stat().st_size / 2**20:.0f} MB, far too large for what it should hold; give the file that was meant"
        )
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise GlmError(f"{path.name}: is not a TOML file ({error}); correct it, or make a new one with the window") from error
    return toml_in(text, path.name)


def toml_in(text: str, where: str) -> dict[str, Any]:
    """The content of a text in TOML; `where` names it in errors, which are those of `toml_file`."""
    most = max((text.count(f"[[{name}]]") for name in ("terms", "derived", "covariates", "more_recordings")), default=0)
    if len(text) > LARGEST or most > MOST_TABLES:
        raise GlmError(
            f"{where}: holds more than any analysis can ({max(most, 1):,} tables of one kind in {len(text):,} characters); give the file that was meant"
        )
    fields, entries = text.count("=") + text.count("\n["), text.count(",")
    if fields > MOST_FIELDS or entries > MOST_ENTRIES:
        raise GlmError(
            f"{where}: holds more than any analysis can ({fields:,} fields, {entries:,} commas); give the file that was meant"
        )
    if _DOTTED.search(text):
        raise _too_deep(where)
    try:
        data = tomllib.loads(text)
    except RecursionError:
        raise _too_deep(where) from None
    except ValueError as error:  # TOML's own errors, and a number of thousands of digits
        said = "a number of more digits than any has" if "digits" in str(error) else str(error)
        raise GlmError(f"{where}: is not a TOML file ({said}); correct it, or make a new one with the window") from error
    return _shallow(data, where)


def json_in(text: str, where: str) -> Any:
    """The content of a text in JSON.

    Raises
    ------
    GlmError
        If it is none that could be meant.
    """
    try:
        return _shallow(json.loads(text), where)
    except RecursionError:
        raise _too_deep(where) from None
    except ValueError as error:
        said = "a number of more digits than any has" if "digits" in str(error) else str(error)
        raise GlmError(f"{where}: is damaged ({said}); restore a copy") from error


def _shallow(data: Any, where: str) -> Any:
    """The same data, if nothing in them is too deep, and no number too large, for what is done with them next."""
    level = [data]
    for _ in range(DEEPEST):
        level = [inner for item in level for inner in _inside(item)]
        if any(isinstance(item, int) and abs(item) > sys.float_info.max for item in level):
            raise GlmError(f"{where}: holds a whole number that is too large to calculate with; correct it")
        if not level:
            return data
    raise _too_deep(where)


def _inside(item: Any) -> list[Any]:
    if isinstance(item, dict):
        return list(item.values())
    return item if isinstance(item, list) else []


def _too_deep(where: str) -> GlmError:
    return GlmError(
        f"{where}: has tables or lists in one another more than {DEEPEST} deep, which no analysis has; give the file that was meant"
    )
