"""Notes that cast doubt on a recording as a whole."""

from __future__ import annotations

from collections.abc import Iterable


class Doubt(str):
    """A note that says that a recording may have been read wrongly (another unit of time, a part of it alone), why, and what to do: to be
    shown before anything is made of it.

    Attributes
    ----------
    in_dialog : str
        The same where the fields of a recipe stand beside it as controls, whose names it uses.
    """

    in_dialog: str

    def __new__(cls, text: str, in_dialog: str = "") -> Doubt:
        made = super().__new__(cls, text)
        made.in_dialog = in_dialog or str(text)
        return made


def told_apart(notes: Iterable[str]) -> tuple[list[Doubt], list[str]]:
    """Those of the notes of a recording that are doubts, and the others."""
    doubts: list[Doubt] = []
    others: list[str] = []
    for note in notes:
        (doubts if isinstance(note, Doubt) else others).append(note)
    return doubts, others


def of_session(session: str, note: str) -> str:
    """A note of one of several sessions, which is a doubt if it was one."""
    return Doubt(f"{session}: {note}", f"{session}: {note.in_dialog}") if isinstance(note, Doubt) else f"{session}: {note}"
