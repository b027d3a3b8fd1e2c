"""Terms to start from: the basis that suits a variable, with bounds that the recording gives."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable

import numpy as np

from glmengine.analysis.analysis import Analysis, Model, Time
from glmengine.analysis.sources import for_recording
from glmengine.analysis.terms import (
    ColumnsTerm,
    CouplingTerm,
    CovariateTerm,
    EventTerm,
    Factor,
    FilterTerm,
    HistoryTerm,
    ReceptiveFieldTerm,
)
from glmengine.argument_kinds import takes_only_its_kinds
from glmengine.basis import BSpline, Categorical, CyclicBSpline, RaisedCosineLinear, RaisedCosineLog
from glmengine.context import SILENT, Context
from glmengine.errors import GlmError
from glmengine.recording.activity import is_signal
from glmengine.recording.binned import count_bin_width
from glmengine.recording.covariate_names import TRACKED_NAME
from glmengine.recording.derived.covariates import Drift
from glmengine.recording.derived.quantities import AnyDerived, compute_derived
from glmengine.recording.events import as_label, event_time_names, event_times, property_names, values_at
from glmengine.recording.recording import Covariate, Recording
from glmengine.spec import Spec

N_TUNING = 10
N_CYCLIC = 12
N_FIELD = 8
N_HISTORY = 8
N_COUPLING = 5
HISTORY_WINDOW = 0.15
COUPLING_WINDOW = 0.1
EVENT_BEFORE = 0.5
EVENT_AFTER = 0.8
_LEAST_BINS = 5
_DRIFT_FUNCTIONS = (6, 40)  # fewest and most
_ALIKE = 0.03
_FEW_CONDITIONS = 8
_FEW_CHANNELS = 40
_FEW_COMPONENTS = 8
_FORESEEN = ("choice", "response", "stop", "reward", "lick", "move", "saccade", "press", "end")


def default_basis(recording: Recording, variable: str, *, field: bool = False) -> Spec:
    """The basis for tuning to `variable`; with `field` the coarser one that two-dimensional products take.

    Angles get cyclic splines over the whole circle, categories one function each, everything else B-splines over
    the range of the data.
    """
    covariate = recording.variable(variable)
    if covariate.kind == "angle":
        return CyclicBSpline(n=N_FIELD if field else N_CYCLIC, bounds=(0.0, 2 * math.pi))
    if covariate.kind == "category":
        return Categorical()
    return BSpline(n=N_FIELD if field else N_TUNING, bounds=data_bounds(covariate))


def data_bounds(covariate: Covariate) -> tuple[float, float] | None:
    """Range of the valid samples, rounded outwards to about a hundredth of it; None without two different values."""
    if covariate.stored is not None:  # what is seen of it may not be its range: the fit takes that from the data
        return None
    values = np.asarray(covariate.data.values, float)
    values = values[np.isfinite(values)]
    if not values.size or values.max() <= values.min():
        return None
    low, high = float(values.min()), float(values.max())
    digits = 1 - math.floor(math.log10(high - low))
    step = 10.0**-digits
    return round(math.floor(low / step) * step, max(digits, 0)), round(math.ceil(high / step) * step, max(digits, 0))


def tuning_term(recording: Recording, variable: str) -> CovariateTerm:
    """Tuning to one variable."""
    return CovariateTerm(factors=(Factor(variable=variable, basis=default_basis(recording, variable)),))


def derived_tuning(
    analysis: Analysis, recording: Recording, spec: AnyDerived, context: Context = SILENT
) -> tuple[CovariateTerm, Recording]:
    """Tuning to a variable that is yet to be derived, beside what `analysis` derives, and the recording with all of it."""
    known = compute_derived((*analysis.derived, spec), recording, analysis.time.max_gap, context=context)
    return tuning_term(known, spec.name), known


def field_term(recording: Recording, variables: tuple[str, ...]) -> CovariateTerm:
    """Joint tuning to several variables: the product of their bases."""
    return CovariateTerm(
        factors=tuple(Factor(variable=name, basis=default_basis(recording, name, field=True)) for name in variables)
    )


def joined(recording: Recording, term: Spec, *others: Spec | str) -> CovariateTerm:
    """The interaction of a term on covariates with further such terms, or variables: the product of their bases.

    Raises
    ------
    GlmError
        If one of them is of another kind, or a variable would be there twice.
    """
    factors: list[Factor] = []
    for one in (term, *others):
        if isinstance(one, str):
            factors.append(Factor(variable=one, basis=default_basis(recording, one, field=True)))
        elif isinstance(one, CovariateTerm):
            factors += one.factors
        else:
            raise GlmError(
                f"'{one.label}' is not a function of covariates, so it has no interaction; let it stand beside the other term"
            )
    names = [factor.variable for factor in factors]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise GlmError(f"'{twice}' is in the term already; an interaction is of different variables")
    return term.with_(factors=tuple(factors), name="", smoothness=term.smoothness if len(term.smoothness) < 2 else ())


def filter_term(variable: str) -> FilterTerm:
    """What a signal does to the rate some time later."""
    return FilterTerm(variable=variable, basis=RaisedCosineLog(n=N_HISTORY, window=HISTORY_WINDOW))


def filterable(recording: Recording) -> list[str]:
    """Variables whose values can be summed over time: neither angles nor categories."""
    return [name for name, (covariate, _) in recording.variables.items() if covariate.kind not in ("angle", "category")]


def stimuli(recording: Recording) -> list[str]:
    """Covariates of more channels than a position has: images, videos, spectrograms."""
    return [
        name
        for name, covariate in recording.covariates.items()
        if len(covariate.components) > 3 and covariate.kind not in ("angle", "category")
    ]


def field_over_time(recording: Recording, stimulus: str) -> ReceptiveFieldTerm:
    """The receptive field for a stimulus: every channel for itself where there are few, else seen through the spike-triggered average.

    It looks back over ten samples of the stimulus.
    """
    covariate = recording.covariates[stimulus]
    period = covariate.period if math.isfinite(covariate.period) and covariate.period > 0 else HISTORY_WINDOW / 10
    window = float(f"{min(max(10 * period, 0.05), 1.0):.2g}")
    space = "each" if len(covariate.components) <= _FEW_CHANNELS else "sta"
    return ReceptiveFieldTerm(variable=stimulus, space=space, basis=RaisedCosineLog(n=N_COUPLING, window=window))


def moments(recording: Recording) -> list[str]:
    """Events and borders of trials around which a kernel can lie: those that happen more than once."""
    return [name for name in event_time_names(recording) if _happens(recording, name)]


def _happens(recording: Recording, moment: str) -> bool:
    try:
        return len(event_times(recording, moment).times) > 1
    except GlmError:
        return False


def conditions_for(recording: Recording, moment: str) -> list[str]:
    """Properties of the trials that divide the events of this name into a few kinds."""
    found = []
    times = event_times(recording, moment)
    for name in property_names(recording):
        labels = {as_label(value) for value in values_at(recording, times, name)} - {""}
        if 2 <= len(labels) <= _FEW_CONDITIONS:
            found.append(name)
    return found


def event_term(events: str, by: str = "") -> EventTerm:
    """What happens around an event; with `by` a kernel for each value of a property of the trials.

    It begins before events that may be foreseen or caused by the animal (a choice, the stop of a trial), and at the event otherwise.
    """
    foreseen = any(word in events.lower() for word in _FORESEEN)
    before = EVENT_BEFORE if foreseen else 0.0
    return EventTerm(events=events, by=by, before=before, after=EVENT_AFTER, basis=RaisedCosineLinear(n=N_TUNING))


def columns_term(recording: Recording, covariate: str) -> ColumnsTerm:
    """The components of a covariate as columns of the model, scaled so that one penalty suits them all."""
    names = (covariate,) if covariate in recording.variables else recording.covariates[covariate].variables
    return ColumnsTerm(variables=names, standardised=True)


def usable_as_columns(recording: Recording) -> list[str]:
    """Covariates whose values can be columns: neither angles, which jump where the circle closes, nor categories."""
    return [name for name, covariate in recording.covariates.items() if covariate.kind not in ("angle", "category")]


@takes_only_its_kinds
def with_slow_drift(analysis: Analysis, recording: Recording) -> Analysis:
    """`analysis` with a slow term over time: smooth, one B-spline a minute, on the share of the recording that has passed.

    It takes up what changes over the session and is not in the model, so that a covariate that changes slowly too is not taken for its cause.

    Parameters
    ----------
    analysis : Analysis
    recording : Recording
        Says how long it lasts, and which names are taken.

    Returns
    -------
    Analysis
        The same where it has such a term already.
    """
    own = [spec for spec in analysis.derived if spec.kind == "drift"]
    taken = {*recording.variables, *(spec.name for spec in analysis.derived)}
    name = own[0].name if own else next(name for name in ("drift", "slow drift", "drift of the session") if name not in taken)
    factor = Factor(
        variable=name, basis=BSpline(n=int(np.clip(round(recording.duration / 60.0), *_DRIFT_FUNCTIONS)), bounds=(0, 1))
    )
    if any(term.kind == "covariate" and name in [one.variable for one in term.factors] for term in analysis.terms):
        return analysis
    term = free_name(CovariateTerm(factors=(factor,), penalty="smoothness"), {other.label for other in analysis.terms})
    return analysis.with_(
        derived=analysis.derived if own else (*analysis.derived, Drift(name=name)), terms=(*analysis.terms, term)
    )


def history_term() -> HistoryTerm:
    """The unit's own spikes of the last `HISTORY_WINDOW`, through log raised cosines."""
    return HistoryTerm(basis=RaisedCosineLog(n=N_HISTORY, window=HISTORY_WINDOW))


def coupling_term() -> CouplingTerm:
    """Spikes of all other units, through log raised cosines."""
    return CouplingTerm(basis=RaisedCosineLog(n=N_COUPLING, window=COUPLING_WINDOW))


def for_bins(term: Spec, bin_size: float) -> Spec:
    """The term with a window of some bins at least, and no more kernels than can be told apart in bins of `bin_size` (s).

    Narrow kernels that fall into one bin say the same: their columns would be copies of each other.
    """
    basis = getattr(term, "basis", None)
    if getattr(basis, "window", None) is None or not hasattr(basis, "n"):
        return term
    basis = basis.with_(window=max(basis.window, float(f"{_LEAST_BINS * bin_size:.6g}")))
    least = 2
    for n in range(basis.n, least - 1, -1):
        fewer = basis.with_(n=n)
        if n == least or _told_apart(fewer.kernel(bin_size)[1]):
            return term.with_(basis=fewer)
    return term


def _told_apart(kernels: np.ndarray) -> bool:
    """Whether none of the kernels (lags, n), brought to one length, is nearly made of the others."""
    lengths = np.linalg.norm(kernels, axis=0)
    if len(kernels) < kernels.shape[1] or not lengths.all():
        return False
    singular = np.linalg.svd(kernels / lengths, compute_uv=False)
    return bool(singular[-1] > _ALIKE * singular[0])


def position_pairs(recording: Recording) -> tuple[tuple[str, str], ...]:
    """Pairs of variables that make a place: the first two components of a covariate, those named as positions first."""
    found = []
    for covariate in recording.covariates.values():
        if len(covariate.components) in (2, 3) and covariate.kind == "continuous":
            found.append((TRACKED_NAME.search(covariate.name) is None, covariate.variables[:2]))
    plain = {name.lower(): name for name in recording.variables}
    for first, second in (("x", "y"), ("pos_x", "pos_y"), ("position_x", "position_y")):
        if first in plain and second in plain:
            found.append((False, (plain[first], plain[second])))
    return tuple(pair for _, pair in sorted(found))


def of_few_components(recording: Recording, names: Iterable[str]) -> list[str]:
    """Those of variables that are no component of a covariate of many, as channels are."""
    return [name for name in names if len(recording.variables[name][0].components) <= _FEW_COMPONENTS]


def usual_inputs(recording: Recording, used: Collection[str] = ()) -> list[tuple[str, ...]]:
    """What tuning usually begins with, without what is `used`: up to two places, then up to two other variables, angles first."""
    pairs = position_pairs(recording)
    placed = {name for pair in pairs for name in pair}
    single = [name for name in of_few_components(recording, recording.variables) if name not in used and name not in placed]
    single.sort(key=lambda name: recording.variables[name][0].kind != "angle")
    return [pair for pair in pairs[:2] if not set(used).issuperset(pair)] + [(name,) for name in single[:2]]


def tuning_to(recording: Recording, inputs: tuple[str, ...]) -> CovariateTerm:
    """Tuning to one variable, or to several together."""
    return field_term(recording, inputs) if len(inputs) > 1 else tuning_term(recording, inputs[0])


def tuning_in_words(inputs: tuple[str, ...]) -> str:
    """What tuning to these is called where it is offered."""
    return "Place: " + " \u00d7 ".join(inputs) if len(inputs) > 1 else f"Tuning to {inputs[0]}"


def free_name(term: Spec, labels: set[str]) -> Spec:
    """The term, with a name of its own where another has its label."""
    if term.label not in labels:
        return term
    return term.with_(name=next(name for name in (f"{term.label} {number}" for number in range(2, 1000)) if name not in labels))


def with_name_that_follows(before: Spec, term: Spec, labels: set[str]) -> Spec:
    """`term`, that `before` was changed into, with a name made anew from its inputs where that of `before` came from `free_name`.

    A copy of a term on one variable that is then put on another would else be called by the first.
    """
    made = before.with_(name="").label
    numbered = re.fullmatch(rf"{re.escape(made)} \d+", before.name) is not None
    if not numbered or term.name != before.name or term.with_(name="").label == made:
        return term
    return free_name(term.with_(name=""), labels)


def default_model(recording: Recording) -> Model:
    """What a recording without a model begins with: a family that admits what its units hold, gaussian for signals."""
    return Model(family="gaussian") if is_signal(recording) else Model()


def default_analysis(recording: Recording) -> Analysis:
    """An analysis of what a recording offers: a field over a position, tuning to each other variable, and the units' own past.

    A stimulus of many channels is left to be chosen, as are events and coupling, whose kernels depend on the question. Counts that came
    binned keep their bins.
    """
    time = Time()
    if recording.counts is not None:
        time = time.with_(bin_size=count_bin_width(recording))
    pairs = position_pairs(recording)
    taken = {*(pairs[0] if pairs else ()), *(name for one in stimuli(recording) for name in recording.covariates[one].variables)}
    fields = [field_term(recording, pairs[0])] if pairs else []
    tuning = [tuning_term(recording, name) for name in recording.variables if name not in taken]
    terms: list[Spec] = []
    for term in (*fields, *tuning, history_term()):
        terms.append(free_name(for_bins(term, time.bin_size), {other.label for other in terms}))
    start = Analysis(title=f"Start for {recording.name}", time=time, model=default_model(recording), terms=tuple(terms))
    return for_recording(start, recording)
