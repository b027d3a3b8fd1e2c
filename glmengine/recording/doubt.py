"""Notes that cast doubt on a recording as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

HEADINGS = {"epoch": "epochs", "trials": "trials", "events": "events"}
"""Parts of a recipe, by the first words of the names that what they give has in `OtherClock` and in sentences; covariates have no such word."""


@dataclass(frozen=True)
class OtherClock:
    """Another unit of time that some times in a file are likely to be counted in.

    Attributes
    ----------
    unit : str
        As recipes call it (``"ms"``).
    parts : tuple of str
        What is counted so: ``"units"``, names of covariates, ``"epoch NAME"``, ``"trials NAME"``, ``"events NAME"``; all where empty.
    """

    unit: str
    parts: tuple[str, ...] = ()


class Note(str):
    """What is to be said of a recording, with its remedy in two kinds of words.

    Attributes
    ----------
    in_dialog : str
        The same where the fields of a recipe stand beside it as controls, whose names it uses.
    """

    in_dialog: str

    def __new__(cls, text: str, in_dialog: str = "") -> Note:
        made = super().__new__(cls, text)
        made.in_dialog = in_dialog or str(text)
        return made


class Doubt(Note):
    """A note that says that a recording may have been read wrongly (another unit of time, a part of it alone), why, and what to do: to be
    shown before anything is made of it.

    Attributes
    ----------
    clock : OtherClock, optional
        What would put it right, where that is likely.
    """

    clock: OtherClock | None

    def __new__(cls, text: str, in_dialog: str = "", clock: OtherClock | None = None) -> Doubt:
        made = super().__new__(cls, text, in_dialog)
        made.clock = clock
        return made


def told_apart(notes: Iterable[str]) -> tuple[list[Doubt], list[str]]:
    """Those of the notes of a recording that are doubts, and the others."""
    doubts: list[Doubt] = []
    others: list[str] = []
    for note in notes:
        (doubts if isinstance(note, Doubt) else others).append(note)
    return doubts, others


def in_dialog(note: str) -> str:
    """A note as it is said beside the controls of a recipe."""
    return note.in_dialog if isinstance(note, Note) else note


def of_session(session: str, note: str) -> str:
    """A note of one of several sessions, which is a doubt if it was one."""
    if not isinstance(note, Note):
        return f"{session}: {note}"
    return type(note)(f"{session}: {note}", f"{session}: {note.in_dialog}")
