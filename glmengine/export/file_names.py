"""Names of units and terms as names of files, on any system."""

from __future__ import annotations


def free_name(name: str, taken: set[str]) -> str:
    """The name, numbered where another unit's is the same on a system that does not tell capitals apart."""
    candidate, number = name, 2
    while candidate.casefold() in taken:
        candidate, number = f"{name}_{number}", number + 1
    taken.add(candidate.casefold())
    return candidate


def file_name(text: str) -> str:
    """A unit's name as part of a file name on any system."""
    return "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in text)[:60] or "_"


def shown_name(text: str) -> str:
    """A title as the name of a file: blanks and dots stay, and what no system takes in a name is an underscore."""
    return "".join("_" if letter in '/\\:*?"<>|' or not letter.isprintable() else letter for letter in text)[:120] or "_"
