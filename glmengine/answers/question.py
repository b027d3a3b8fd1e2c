"""The question that an answer sheet puts to a recording where no analysis is given: its variables, its speed, the units' own past."""

from __future__ import annotations

from collections.abc import Sequence

from glmengine.analysis.analysis import Analysis
from glmengine.analysis.default_terms import default_analysis, position_pairs, tuning_term
from glmengine.analysis.selection import Selection
from glmengine.analysis.terms import CovariateTerm
from glmengine.errors import GlmError
from glmengine.recording.derived.quantities import Speed, compute_derived
from glmengine.recording.recording import Recording
from glmengine.sentences import listed

HISTORY = "history"
STRENGTHS = (1e-5, 1e-4, 1e-3, 1e-2)
SPEED = "speed"


def question_for(recording: Recording, variables: Sequence[str] | None = None) -> Analysis:
    """Terms for the variables of a recording, the speed of its position, and the units' own past.

    Parameters
    ----------
    recording : Recording
    variables : sequence of str, optional
        Only terms that depend on these (``"position"`` stands for its components, ``"history"`` for the own past); all where not given.

    Raises
    ------
    GlmError
        If no term is left, or one of the variables is not there.
    """
    analysis = default_analysis(recording)
    terms, derived = list(analysis.terms), list(analysis.derived)
    pairs = position_pairs(recording)
    if pairs and SPEED not in recording.variables:
        speed = Speed(source=pairs[0][0].rpartition(".")[0] or pairs[0][0])
        with_speed = compute_derived((speed,), recording, analysis.time.max_gap)
        new = [name for name in with_speed.variables if name not in recording.variables]
        terms += [tuning_term(with_speed, name) for name in new]
        derived.append(speed)
    known = {term.label: _depends_on(term) for term in terms}
    if variables is not None:
        missing = [name for name in variables if not any(name in names for names in known.values())]
        if missing:
            offered = dict.fromkeys(name for names in known.values() for name in names)
            raise GlmError(
                f"there is no variable '{missing[0]}' to explain units by; there are {listed(offered)}", field="variables"
            )
        terms = [term for term in terms if known[term.label] & set(variables)]
    model = analysis.model.with_(strengths=STRENGTHS)
    analysis = analysis.with_(
        terms=tuple(terms), derived=tuple(derived), model=model, title=f"What drives the units of {recording.name}"
    )
    return analysis.with_(selection=default_selection(analysis))


def default_selection(analysis: Analysis) -> Selection:
    """How terms are chosen where the analysis does not say: forward, the units' own past after everything else.

    The rate of the last seconds foretells whatever a covariate that varies slowly does, so that a history that is tried beside a position comes
    first, and says less. Tried last it has what the covariates leave: refractoriness, bursts, drift.
    """
    past = [term.label for term in analysis.terms if term.enabled and term.kind == HISTORY]
    others = any(term.enabled and term.kind != HISTORY for term in analysis.terms)
    return Selection(last=tuple(past) if others else ())


def _depends_on(term: object) -> set[str]:
    """Variables of a term, the covariates that they are components of, and the kind of a term without any."""
    if not isinstance(term, CovariateTerm):
        return {str(getattr(term, "kind", ""))}
    names = {factor.variable for factor in term.factors}
    return names | {name.rpartition(".")[0] for name in names if "." in name}
