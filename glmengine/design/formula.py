"""The formula of a model: what is fitted, as a sum of its terms, in plain text and in LaTeX."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from glmengine.analysis.wording import words_of
from glmengine.design.term_words import equation_words
from glmengine.errors import GlmError
from glmengine.models import get_family

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis, Model
    from glmengine.analysis.terms import AnyTerm

_KERNELS = {"filter": "k", "receptive_field": "k", "event": "g", "history": "h", "coupling": "c"}


@dataclass(frozen=True)
class FormulaTerm:
    """One summand.

    Attributes
    ----------
    label : str
        The name of the term.
    symbol : str
        The letter of its function or kernel: f of a covariate, k of a signal, g around an event, h of the own past, c of others', and
        beta for columns that are taken as they are.
    of : tuple of str
        What it depends on.
    times : str
        The covariate that multiplies it, empty where none does.
    """

    label: str
    symbol: str
    of: tuple[str, ...]
    times: str = ""

    @property
    def text(self) -> str:
        inner = ", ".join(self.of)
        if self.symbol == "f":
            said = f"f({inner})"
        elif self.symbol == "beta":
            said = " + ".join(f"\u03b2 {name}" for name in self.of)
        else:
            said = f"{self.symbol} \u2217 {inner}"
        return f"{said} \u00b7 {self.times}" if self.times else said

    @property
    def latex(self) -> str:
        names = [_upright(name) for name in self.of]
        if self.symbol == "f":
            said = "f(" + ",\\, ".join(names) + ")"
        elif self.symbol == "beta":
            said = " + ".join(f"\\beta\\,{name}" for name in names)
        else:
            said = f"{self.symbol} * {names[0]}"
        return f"({said}) \\cdot {_upright(self.times)}" if self.times else said


@dataclass(frozen=True)
class Formula:
    """The left side, the summands beside the intercept, and how the observations are distributed."""

    left: str
    terms: tuple[FormulaTerm, ...]
    distribution: str

    @property
    def text(self) -> str:
        return f"{' + '.join([f'{self.left} = intercept', *(term.text for term in self.terms)])}\n{self.distribution}"

    @property
    def latex(self) -> str:
        """For an ``align*`` or ``equation`` of a paper."""
        total = " + ".join(["\\beta_0", *(term.latex for term in self.terms)])
        return f"{_upright(self.left)} = {total}"


def formula_of(analysis: Analysis) -> Formula:
    """The formula for the terms of `analysis` that are in the model."""
    left, distribution = _left(analysis.model), equation_words(analysis.model)[1]
    return Formula(left, tuple(_term(term) for term in analysis.terms if term.enabled), distribution)


def _left(model: Model) -> str:
    """``log rate``, where the link is the logarithm of a rate or a level; else in words."""
    family = get_family(model.family)
    try:
        link = family.link(model.link or None).name
    except GlmError:  # said beside the link
        link = ""
    return words_of(model).predictor if link == "log" and not family.by_class else equation_words(model)[0]


def _term(term: AnyTerm) -> FormulaTerm:
    gain = term.gain
    if term.kind == "covariate":
        return FormulaTerm(term.label, "f", tuple(factor.variable for factor in term.factors), gain)
    if term.kind == "columns":
        return FormulaTerm(term.label, "beta", term.variables, gain)
    of = {"history": "own spikes", "coupling": "spikes of each other unit"}.get(term.kind)
    if term.kind == "event":
        of = term.events + (f" for each {term.by.rpartition('.')[2]}" if term.by else "")
        gain = " \u00b7 ".join(name for name in (term.weight, gain) if name)
    return FormulaTerm(term.label, _KERNELS[term.kind], (of or term.variable,), gain)


def _upright(words: str) -> str:
    """Words as LaTeX sets them upright in a formula."""
    escaped = re.sub(r"([&%$#_{}])", r"\\\1", words.replace("\\", "/")).replace("~", "\\sim ").replace("^", "\\^{}")
    return f"\\mathrm{{{escaped}}}".replace(" ", "\\ ")
