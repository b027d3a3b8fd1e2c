"""Parts of a report, one after the other: headings, paragraphs, lists, tables, listings and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """Words of a paragraph that are to be typed as they stand."""

    text: str


@dataclass(frozen=True)
class Heading:
    """The heading of what follows it."""

    text: str


@dataclass(frozen=True)
class Paragraph:
    """Sentences, a piece after the other."""

    pieces: tuple[str | Code, ...]

    @classmethod
    def of(cls, *pieces: str | Code) -> Paragraph:
        return cls(pieces)


@dataclass(frozen=True)
class Bullets:
    """Sentences that stand each for itself."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Rows of texts under titles.

    Attributes
    ----------
    head : sequence of str
    rows : sequence of sequence of str
        Those that are shown.
    words : sequence of str
        Titles of the columns that hold sentences, whose lines may break.
    whole : int
        How many rows there are.
    file : str
        Of the folder of results; holds all rows.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: Sequence[str] = ()
    whole: int = 0
    file: str = ""

    @property
    def rest(self) -> tuple[str | Code, ...]:
        """What is said below a table that does not show all rows; nothing below others."""
        if self.whole <= len(self.rows):
            return ()
        return (f"The first {len(self.rows)} rows of {self.whole:,}; all are in ", Code(self.file), ".")


@dataclass(frozen=True)
class Listing:
    """Text whose lines stay as they are."""

    text: str


@dataclass(frozen=True)
class Picture:
    """A figure by its name."""

    name: str


@dataclass(frozen=True)
class Folded:
    """A part that a screen shows when it is asked for, and paper always."""

    title: str
    part: Table | Listing


Part = Heading | Paragraph | Bullets | Table | Listing | Picture | Folded
