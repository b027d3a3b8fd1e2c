"""What a neuron may depend on, as described parameters: one class per kind of term."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from glmengine.basis import AnyBasis, RaisedCosineLog
from glmengine.errors import GlmError
from glmengine.spec import Spec, param


class Term(Spec):
    """What every term has."""

    name: str = param("", title="Name", help="Name of the term in plots and tables; made from its inputs where empty.")
    enabled: bool = param(True, title="In the model", help="Whether the term is fitted; switched off it keeps its settings.")
    epochs: tuple[str, ...] = param((), title="Only in", help="Epochs in which the term has an effect; elsewhere it is zero. Everywhere where empty.", choices="epochs", advanced=True)
    gain: str = param("", title="Times", help="A covariate by which the term's features are multiplied: its effect grows with it.", choices="variables", advanced=True)
    kept: tuple[int, ...] | None = param(None, title="Columns kept", help="Which of the term's columns are in the model; those that are constant are left out when it is made.", hidden=True)


class Factor(Spec):
    """One variable and the basis on it; a term multiplies its factors."""

    variable: str = param(title="Variable", help="The covariate, or a component of it ('position.x').", choices="variables", min_length=1)
    basis: AnyBasis = param(title="Basis", help="The functions of the variable whose sum makes the tuning.")


class CovariateTerm(Term):
    """Tuning to one variable, or to several jointly (the product of their bases: place fields, interactions)."""

    kind: Literal["covariate"] = "covariate"
    factors: tuple[Factor, ...] = param(title="Variables", help="One for tuning, two for a two-dimensional field.", min_length=1)

    @property
    def label(self) -> str:
        return self.name or " x ".join(factor.variable for factor in self.factors)


class HistoryTerm(Term):
    """The unit's own spikes in the past: refractoriness, bursting, adaptation."""

    kind: Literal["history"] = "history"
    basis: AnyBasis = param(title="Basis", help="Kernels over the past; the window says how far back.")
    refractory: float = param(0.0, title="Refractory time", help="For this long after a spike each bin has a column of its own, and the basis begins behind it; 0 for none.", unit="s", ge=0, le=1, advanced=True)

    @property
    def label(self) -> str:
        return self.name or "history"


class CouplingTerm(Term):
    """The other units' spikes in the past."""

    kind: Literal["coupling"] = "coupling"
    basis: AnyBasis = param(title="Basis", help="Kernels over the past of each other unit.")
    sources: tuple[str, ...] = param((), title="From", help="Units that may drive; all where empty.", choices="units")
    include_self: bool = param(False, title="With the unit itself", help="Count the unit's own past among the sources.")

    @property
    def label(self) -> str:
        return self.name or "coupling"


class FilterTerm(Term):
    """What a covariate was before (a stimulus, a field potential, an image): a filter over its past, or over its future."""

    kind: Literal["filter"] = "filter"
    source: str = param(title="Covariate", help="The covariate that is filtered; of one with several components each has its own filter.", choices="covariates", min_length=1)
    basis: AnyBasis = param(RaisedCosineLog(window=0.2), title="Basis", help="Kernels over the past; the window says how far back.")
    projection: Literal["each", "principal", "spike_triggered", "given"] = param("each", title="Components", help="Of a covariate with many components: each by itself, or their projections on principal components, on each unit's own spike-triggered average, or on given weights.", advanced=True)
    n_projections: int = param(1, title="Principal components", help="How many principal components are taken.", ge=1, le=100, advanced=True)
    weights: tuple[tuple[float, ...], ...] = param((), title="Weights", help="For each projection one weight per component; found and kept when the model is made, unless given.", hidden=True)

    @property
    def label(self) -> str:
        return self.name or f"{self.source} filter"


class EventTerm(Term):
    """What happens around an event: a kernel from some time before it to some time after it."""

    kind: Literal["event"] = "event"
    events: str = param(title="Event", help="The event around which the kernel lies.", choices="events", min_length=1)
    before: float = param(0.0, title="Before", help="How long before the event the kernel begins.", unit="s", ge=0, le=600)
    after: float = param(0.5, title="After", help="How long after the event the kernel ends.", unit="s", ge=0, le=600)
    basis: AnyBasis = param(RaisedCosineLog(), title="Basis", help="Functions over that time; its own window is not used.")
    trials: str = param("", title="Trials", help="Table of trials by whose properties events are told apart; not needed for a plain kernel.", choices="trials", advanced=True)
    condition: str = param("", title="Condition", help="Column of that table; each of its values has a kernel of its own.", advanced=True)
    conditions: tuple[str, ...] = param((), title="Values", help="Values of the condition that have a kernel; all that occur where empty.", advanced=True)
    modulation: str = param("", title="Modulated by", help="Column of that table, or a covariate, by whose value at each event its kernel is multiplied.", advanced=True)

    @model_validator(mode="after")
    def _makes_sense(self) -> EventTerm:
        if self.before + self.after <= 0:
            raise GlmError("the kernel has no length; give a time before or after the event", field="after")
        if self.condition and not self.trials:
            raise GlmError(f"the condition '{self.condition}' is a column of a table of trials; choose the table", field="trials")
        return self

    @property
    def label(self) -> str:
        return self.name or self.events


class ColumnsTerm(Term):
    """A covariate whose components are features already: precomputed columns, taken as they are."""

    kind: Literal["columns"] = "columns"
    source: str = param(title="Covariate", help="The covariate that holds the columns.", choices="covariates", min_length=1)

    @property
    def label(self) -> str:
        return self.name or self.source


AnyTerm = Annotated[CovariateTerm | HistoryTerm | CouplingTerm | FilterTerm | EventTerm | ColumnsTerm, Field(discriminator="kind")]
