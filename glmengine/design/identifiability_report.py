"""Findings of a report on a design, and its sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from glmengine.sentences import listed

_NAMED = 4


@dataclass(frozen=True)
class Finding:
    """One thing to know about a design.

    Attributes
    ----------
    kind : str
        ``empty``: columns that are zero in all bins. ``constant``: columns that do not vary. ``sum``: the columns of a term add up to a
        constant, as the intercept is. ``within``: columns of one term follow from its others. ``shared``: two terms have directions in
        common. ``several``: a term follows from several others together. ``near``: two terms nearly have a direction in common, or
        the columns of one are nearly dependent.
    terms : tuple of str
        Labels of the terms.
    dimensions : int
        Columns, or independent directions, that are concerned.
    inflation : float
        By how much the variance of the worst effect is larger than without the other term; infinite where they have it in common.
    text : str
        One sentence or two.
    units : tuple of str
        Units that it holds for; empty for all.
    """

    kind: Literal["empty", "constant", "sum", "within", "shared", "several", "near"]
    terms: tuple[str, ...]
    dimensions: int
    inflation: float
    text: str
    units: tuple[str, ...] = ()

    @property
    def harmless(self) -> bool:
        """Whether nothing needs to be done about it."""
        return self.kind in ("sum", "constant")


@dataclass(frozen=True)
class Identifiability:
    """The report on a design.

    Attributes
    ----------
    n_rows : int
        Valid bins.
    n_columns, rank : int
        Columns of the unit that has the most of them left undetermined, and how many directions of them the data can tell apart beside
        the intercept; of all columns where every unit may use all.
    condition : float
        Largest over smallest singular value of the standardised columns, directions that cannot be told apart set aside; of the worst unit.
    findings : tuple of Finding
    """

    n_rows: int
    n_columns: int
    rank: int
    condition: float
    findings: tuple[Finding, ...]

    @property
    def good(self) -> bool:
        """Whether each coefficient can be told from the others, but for what a fit settles by itself."""
        return all(finding.harmless for finding in self.findings)

    @property
    def headline(self) -> str:
        """The verdict in one sentence."""
        troubles = [finding for finding in self.findings if not finding.harmless]
        if not troubles:
            return "The data can tell all terms apart."
        if all(finding.kind == "empty" for finding in troubles):
            return "The data can tell all terms apart, as far as they were visited."
        if all(finding.kind in ("empty", "near") for finding in troubles):
            return "The data can tell all terms apart, some of them only just."
        return "Some terms cannot be told apart with these data."

    @property
    def numbers(self) -> str:
        """Columns, rank, condition number and bins in one line."""
        return (
            f"{self.n_columns} columns, {self.rank} independent of each other and of the intercept; "
            f"condition number {self.condition:.3g}; {self.n_rows} bins."
        )

    @property
    def sentences(self) -> tuple[str, ...]:
        """What was found, troubles first, and what a fit makes of them."""
        troubles = [f"{finding.text}{_of_units(finding.units)}" for finding in self.findings if not finding.harmless]
        if any(finding.kind in ("within", "shared", "several", "empty") for finding in self.findings):
            troubles.append(
                "A penalty settles what the data cannot. Without one the smallest coefficients that fit are taken, and those that are "
                "not determined get no standard errors; rates and curves of what was visited do not depend on the choice."
            )
        rest = [f"{finding.text}{_of_units(finding.units)}" for finding in self.findings if finding.kind == "constant"]
        sums = tuple(dict.fromkeys(finding.terms[0] for finding in self.findings if finding.kind == "sum"))
        if sums:
            rest.append(
                f"The columns of {quoted(sums)} add up to a constant, as those of splines and categories do: only differences within "
                "such a term can be told, its mean goes to the intercept. This is normal and changes no rate."
            )
        return (*troubles, *rest)

    def __str__(self) -> str:
        return "\n".join([self.headline, self.numbers, *(f"- {sentence}" for sentence in self.sentences)])


def quoted(names: Sequence[str]) -> str:
    """The first names in quotes, and how many more there are."""
    return listed([f"'{name}'" for name in names], _NAMED)


def many(number: int, what: str) -> str:
    """A number and its noun."""
    return f"one {what}" if number == 1 else f"{number} {what}s"


def _of_units(units: Sequence[str]) -> str:
    return f" (Units {quoted(units)}.)" if len(units) > 1 else f" (Unit '{units[0]}'.)" if units else ""
