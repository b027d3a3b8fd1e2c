"""Remedies for a model that is not right: what to try next, as an edit of the analysis."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from glmengine.analysis.analysis import Analysis
from glmengine.analysis.default_terms import coupling_term, for_bins, free_name, history_term, tuning_term, with_slow_drift
from glmengine.errors import GlmError
from glmengine.recording.recording import Recording
from glmengine.spec import Spec

Kind = Literal[
    "add_history",
    "longer_history",
    "finer_history",
    "refractory",
    "add_covariate",
    "finer_covariate",
    "slow_drift",
    "add_coupling",
    "finer_coupling",
    "negative_binomial",
    "softplus",
]

REFRACTORY = 0.002
"""Seconds of a refractory time where a term has none."""


@dataclass(frozen=True)
class Advice:
    """What to try next, in words.

    Attributes
    ----------
    step : str
        What to do; two with the same step are the same advice.
    more : str
        What follows it: how, why, or what would do as well.
    """

    step: str
    more: str = ""

    def __str__(self) -> str:
        return f"{self.step}{self.more}"

    @classmethod
    def of(cls, data: str | Mapping[str, str]) -> Advice | None:
        """From a file; None of no words. Older ones hold the words alone."""
        if isinstance(data, str):
            return cls(data) if data else None
        return cls(**data)


@dataclass(frozen=True)
class Remedy:
    """One edit that may mend a model.

    Attributes
    ----------
    kind : str
        What is done, see `remedied`.
    name : str
        Of the covariate that it is about.
    seconds : float
        The lag that a longer history has to reach.
    """

    kind: Kind
    name: str = ""
    seconds: float = 0.0

    @property
    def said(self) -> str:
        """What it does, in the imperative, for a button and for undo."""
        return {
            "add_history": "Add the unit's own history",
            "longer_history": "Lengthen the history",
            "finer_history": "Give the history more functions",
            "refractory": "Give the history a refractory time",
            "add_covariate": f"Add {self.name}",
            "finer_covariate": f"Give {self.name} more functions",
            "slow_drift": "Add a slow drift term",
            "add_coupling": "Add coupling to the other units",
            "finer_coupling": "Give the coupling more functions",
            "negative_binomial": "Use the negative binomial family",
            "softplus": "Use the softplus link",
        }[self.kind]


def to_text(remedies: Iterable[Remedy]) -> str:
    """Remedies as one text, which `from_text` reads."""
    return json.dumps([[one.kind, one.name, one.seconds] for one in remedies], ensure_ascii=False)


def from_text(text: str) -> tuple[Remedy, ...]:
    """The remedies of a text that `to_text` made; none of an empty one."""
    return tuple(Remedy(kind, name, float(seconds)) for kind, name, seconds in json.loads(text)) if text else ()


def remedied(remedy: Remedy, analysis: Analysis, recording: Recording) -> Analysis:
    """The analysis with a remedy in it; the same where it is in it already.

    Raises
    ------
    GlmError
        If the analysis or the recording lacks what the remedy is about.
    """
    match remedy.kind:
        case "add_history":
            return analysis if _terms(analysis, "history") else _with_term(analysis, history_term())
        case "longer_history":
            return _with_basis(analysis, "history", lambda basis: _longer(basis, remedy.seconds))
        case "finer_history":
            return _with_basis(analysis, "history", _finer)
        case "refractory":
            return _refractory(analysis)
        case "add_covariate":
            return _with_covariate(analysis, recording, remedy.name)
        case "finer_covariate":
            return _finer_covariate(analysis, remedy.name)
        case "slow_drift":
            return with_slow_drift(analysis, recording)
        case "add_coupling":
            return analysis if _terms(analysis, "coupling") else _with_term(analysis, coupling_term())
        case "finer_coupling":
            return _with_basis(analysis, "coupling", _finer)
        case "negative_binomial":
            return analysis.with_(model=analysis.model.with_(family="negative_binomial", link=""))
    return analysis.with_(model=analysis.model.with_(link="softplus"))


def _terms(analysis: Analysis, kind: str) -> list[Any]:
    return [term for term in analysis.terms if term.kind == kind and term.enabled]


def _with_term(analysis: Analysis, term: Spec) -> Analysis:
    term = free_name(for_bins(term, analysis.time.bin_size), {other.label for other in analysis.terms})
    return analysis.with_(terms=(*analysis.terms, term))


def _with_basis(analysis: Analysis, kind: str, change: Any) -> Analysis:
    """The bases of all terms of a kind changed."""
    if not _terms(analysis, kind):
        raise GlmError(f"the model has no {kind} term any more; add one in the features first", field="terms")
    terms = tuple(term.with_(basis=change(term.basis)) if term.kind == kind and term.enabled else term for term in analysis.terms)
    return analysis.with_(terms=terms)


def _longer(basis: Any, seconds: float) -> Any:
    if getattr(basis, "window", None) is None:
        raise GlmError("the history has no window that could be made longer; choose another basis for it", field="terms")
    return basis.with_(window=longer_window(basis.window, seconds))


def longer_window(window: float, seconds: float = 0.0) -> float:
    """A window (s) of twice the length, or of what holds a lag of `seconds`, to three digits."""
    return float(f"{max(2.0 * window, 1.25 * seconds):.3g}")


def longer_history(window: float, seconds: float = 0.0, more: str = "") -> Advice:
    """That advice: from `window` (s) to what `longer_window` makes of it."""
    return Advice(f"lengthen the history from {1000 * window:.3g} to {1000 * longer_window(window, seconds):.3g} ms", more)


def _finer(basis: Any) -> Any:
    if not hasattr(basis, "n"):
        raise GlmError("this basis has no number of functions; choose another one in the features", field="terms")
    return basis.with_(n=basis.n + max(2, basis.n // 2))


def _refractory(analysis: Analysis) -> Analysis:
    seconds = max(REFRACTORY, analysis.time.bin_size)
    if not _terms(analysis, "history"):
        return _with_term(analysis, history_term().with_(refractory=seconds))
    terms = tuple(
        term.with_(refractory=seconds) if term.kind == "history" and term.enabled and not term.refractory else term
        for term in analysis.terms
    )
    return analysis.with_(terms=terms)


def _with_covariate(analysis: Analysis, recording: Recording, name: str) -> Analysis:
    if any(name in [factor.variable for factor in term.factors] for term in _terms(analysis, "covariate")):
        return analysis
    if name not in recording.variables:
        raise GlmError(
            f"{recording.name}: has no covariate '{name}'; derive it in the data step, or choose another remedy", field="terms"
        )
    return _with_term(analysis, tuning_term(recording, name))


def _finer_covariate(analysis: Analysis, name: str) -> Analysis:
    """More functions along a variable in every term that depends on it."""
    changed = []
    for term in analysis.terms:
        if term.enabled and term.kind == "covariate" and name in [factor.variable for factor in term.factors]:
            factors = tuple(
                factor.with_(basis=_finer(factor.basis)) if factor.variable == name else factor for factor in term.factors
            )
            term = term.with_(factors=factors)
        elif term.enabled and term.kind == "filter" and term.variable == name:
            term = term.with_(basis=_finer(term.basis))
        changed.append(term)
    if tuple(changed) == analysis.terms:
        raise GlmError(f"no term with functions of its own depends on '{name}' any more; add one in the features", field="terms")
    return analysis.with_(terms=tuple(changed))
