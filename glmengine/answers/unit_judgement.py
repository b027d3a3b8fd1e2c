"""The judgement on the final model of a unit: its checks, its simulated spikes, and what to try next that was not tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from glmengine.analysis.remedies import Advice, longer_history
from glmengine.answers.final_models import CANNOT_RUN
from glmengine.answers.question import HISTORY
from glmengine.answers.sentence import Simulated
from glmengine.answers.unit_model import chosen_labels
from glmengine.design.variables import variables_of
from glmengine.goodness.judgement import Finding, Judgement
from glmengine.goodness.verdict import ADD_HISTORY
from glmengine.simulation.comparison import BURST

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis

OF_HISTORY = frozenset({"add_history", "longer_history", "finer_history", "refractory"})
"""Remedies that are about the unit's own past."""

_OTHER_HISTORY = Advice("another form of the history than the one tried", " (longer, or more functions)")


def unit_judgement(seen: Mapping[str, Any], history: Advice | None) -> Judgement | None:
    """Of the checks of one unit, where it has a model: none is right whose spikes lie outside the bands, or that cannot run by itself.

    Parameters
    ----------
    seen : mapping of str to value
        That unit's row of `glmengine.answers.part.Part.checks`.
    history : Advice or None
        What is advised where bursts are missing, as of `history_advice`.
    """
    judgement = Judgement.from_text(str(seen["judgement"]))
    if judgement is None:
        return None
    if (unable := Finding.from_text(str(seen.get(CANNOT_RUN, "")))) is not None:
        return judgement.with_finding(unable)
    if not judgement.adequate:
        return judgement
    simulated = Simulated.of(seen)
    if simulated is None or simulated.alike:
        return judgement
    return judgement.with_finding(Finding(f"But {simulated.words('')}.", history if simulated.lacks_bursts else None))


def beside_tried(judgement: Judgement, analysis: Analysis, chosen: Sequence[str]) -> Judgement:
    """The same where a variable that was among the candidates and not chosen is not advised again, but another form of it."""
    labels = chosen_labels(analysis, chosen)
    left = [term for term in analysis.terms if term.enabled and term.label not in labels]
    tried = {name for term in left for name in variables_of(term)}
    past = any(term.kind == HISTORY for term in left)

    def other(finding: Finding) -> Finding:
        edit = finding.edit
        if edit is not None and edit.kind == "add_history" and past:
            return replace(finding, remedy=_OTHER_HISTORY, edit=None)
        if edit is not None and edit.kind == "add_covariate" and edit.name in tried:
            form = Advice(f"another form of '{edit.name}' than the one tried", " (more functions, an interaction)")
            return replace(finding, remedy=form, edit=None)
        return finding

    return judgement.advised(other)


def history_advice(analysis: Analysis, chosen: Sequence[str], *, bins_can_be_narrower: bool = True) -> Advice | None:
    """What is advised where bursts are missing, by what the model of these terms has of the own past; None where nothing would help."""
    labels = chosen_labels(analysis, chosen)
    own = [term for term in analysis.terms if term.kind == HISTORY and term.label in labels]
    if not own:
        tried = any(term.kind == HISTORY and term.enabled for term in analysis.terms)
        return _OTHER_HISTORY if tried else Advice(ADD_HISTORY)
    if analysis.time.bin_size > 0.5 * BURST:  # what happens within a bin or two no filter can say
        within = f" (within one of {1000 * analysis.time.bin_size:g} ms no history can act)"
        return Advice("narrower bins", within) if bins_can_be_narrower else None
    windows = [window for term in own if (window := getattr(term.basis, "window", None)) is not None]
    return longer_history(max(windows)) if windows else Advice("lengthen the history")
