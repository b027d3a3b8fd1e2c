"""The columns of the answer sheet: headings, what they mean, the evidence behind them, and how their numbers are written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

from glmengine.answers.sentence import SMALL

_WIDEST = 230
_WIDEST_PATH = 420  # of several terms in a row
_LONG_TITLE = 12  # letters
_SETTLED = 5e-5
"""Shares of the deviance below this are written as none: the models of a sheet are settled until their shares move by no more."""
_LARGEST = 1e4
"""Where held-out deviance explodes, digits after the point say nothing."""

PATH, SHARES, SHIFTS, CURVES, KS, SIMULATED = "path", "shares", "shifts", "curves", "ks", "simulated"
"""Kinds of evidence that a cell stands for."""


@dataclass(frozen=True)
class Column:
    """A column: its heading, what it means, the evidence behind it, whether it is a number, and how wide it is at most, in pixels."""

    title: str
    help: str
    evidence: str
    number: bool = True
    widest: int = _WIDEST

    @property
    def heading(self) -> str:
        """The title, of a term over several variables or with a long name of parts in lines: it would be wider than its numbers."""
        if " x " in self.title or len(self.title) <= _LONG_TITLE:
            return self.title.replace(" x ", "\nx ")
        ends = [at + 1 for at, letter in enumerate(self.title[:-1]) if letter in "_."]
        at = min(ends, key=lambda end: abs(end - len(self.title) / 2), default=len(self.title))
        return f"{self.title[:at]}\n{self.title[at:]}".rstrip()

    @property
    def in_short(self) -> str:
        """The first sentence of what it means: more would lie over the rows."""
        return self.help.split(". ")[0].split(": ")[0].split("; ")[0]


FIRST = (
    Column("Unit", "The unit; a click selects it everywhere", CURVES, False),
    Column("Driven by", f"Terms that were chosen, in the order in which they came in; 'perhaps' stands before one that adds less than {SMALL:g} of the deviance, or explains no more in half of the held-out folds: it may be beyond chance, but hardly drives the unit; a click shows how", PATH, False, _WIDEST_PATH),
    Column("Explained", "Share of the deviance that the chosen model explains on held-out time; 0 is a constant rate. Of the candidates' own functions and smoothing, on the folds under 'Candidates and settings': a fit under Results has its own, and another number for the same terms", SHARES),
    Column("q", "False discovery rate over all units (Benjamini & Hochberg): of units with a q below 0.05, at most 5 % are expected to be there by chance", PATH),
)  # fmt: skip
LAST = (
    Column("Shift q", "Whether the choice may be chance: small if spikes that are shifted in time, and so torn from the variables, are never explained as well. The largest false discovery rate of the chosen terms", SHIFTS),
    Column("Model", "Whether anything speaks against the model (time rescaling and the other checks)", KS, False),
    Column("KS", "How far the times of the spikes are from what the model says, 0 for not at all; beside it what a right model stays below in 95 % of cases. Kolmogorov-Smirnov distance of the rescaled intervals", KS),
    Column("Simulated", "Whether the recorded spikes are like those that the model makes by itself, in rate, intervals and autocorrelogram together: p is the share of recordings, simulated and real, that are as unlike the others; below 0.05 they are unlike", SIMULATED),
    Column("In words", "The answer in a sentence", CURVES, False),
)  # fmt: skip

SORTS = "A click sorts; ? explains all columns"

ADDED = (
    "Share of the deviance on held-out time that {name} adds when it comes in, to the terms before it: those in bold sum to Explained. "
    "Of a term that was not chosen, what it would add to those that were; empty where that was not tried. "
    "0 is less than 0.00005, to which the models are settled; saved sheets have all digits. What is lost without a term stands under Contributions"
)


def explained_columns() -> str:
    """What the fixed columns and those of the candidates mean, as HTML."""
    said = [(one.title, one.help) for one in (*FIRST, *LAST)]
    said.insert(len(FIRST), ("+ term", ADDED.format(name="the term")))
    said.append(
        (
            "Order",
            "A click on a heading sorts, a second one the other way round, a third one as the sheet has them: best known first",
        )
    )
    return "".join(f"<p><b>{escape(title)}</b>: {escape(text)}.</p>" for title, text in said)


def number_text(value: float) -> str:
    """Three places, and the first digit of what would round to zero: a gain of 0.0002 is one, if a small one; below what is settled none."""
    if math.isnan(value):
        return ""
    if abs(value) >= _LARGEST:
        return f"{value:.1e}"
    if abs(value) < _SETTLED:
        return "0"
    return f"{value:.3f}" if abs(value) >= 0.0005 else f"{value:.4f}"


def small_text(value: float) -> str:
    return "" if math.isnan(value) else "< 0.001" if value < 0.001 else f"{value:.3f}"
