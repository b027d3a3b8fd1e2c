"""What a neuron may depend on, as described parameters: one class per kind of term."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from glmengine.basis import AnyBasis
from glmengine.spec import Spec, param


class Term(Spec):
    """What every term has."""

    name: str = param("", title="Name", help="Name of the term in plots and tables; made from its inputs where empty.")
    enabled: bool = param(True, title="In the model", help="Whether the term is fitted; switched off it keeps its settings.")
    penalty: Literal["model", "none", "ridge", "lasso", "elastic_net", "group_lasso", "smoothness"] = param(
        "model", title="Penalty", help="What keeps the term's coefficients small: the model's penalty, or another.", advanced=True
    )
    penalty_weight: float = param(
        1.0,
        title="Penalty weight",
        help="The model's strength is multiplied by this for the term: 10 holds it ten times harder, 0 leaves it free.",
        ge=0,
        advanced=True,
    )
    smoothness: tuple[Annotated[float, Field(ge=0)], ...] = param(
        (),
        title="Smoothness",
        help="Strength of second differences relative to the term's other penalty: one number, or one for each variable. Empty: 1 where the penalty is smoothness, else none.",
        advanced=True,
    )

    @property
    def has_own_penalty(self) -> bool:
        """Whether something penalises the term though the model has no penalty."""
        return self.penalty_weight > 0 and (self.penalty not in ("model", "none") or any(self.smoothness))


class Factor(Spec):
    """One variable and the basis on it; a term multiplies its factors."""

    variable: str = param(
        title="Variable", help="The covariate, or a component of it ('position.x').", choices="variables", min_length=1
    )
    basis: AnyBasis = param(title="Basis", help="The functions of the variable whose sum makes the tuning.")


class CovariateTerm(Term):
    """Tuning to one variable, or to several jointly (the product of their bases: place fields, interactions)."""

    kind: Literal["covariate"] = "covariate"
    factors: tuple[Factor, ...] = param(title="Variables", help="One for tuning, two for a two-dimensional field.", min_length=1)

    @property
    def label(self) -> str:
        return self.name or " x ".join(factor.variable for factor in self.factors)


class FilterTerm(Term):
    """What a signal does to the rate some time later: a filter over its past (a stimulus, a field potential)."""

    kind: Literal["filter"] = "filter"
    variable: str = param(
        title="Variable",
        help="The signal that is filtered, or a component of it ('position.x').",
        choices="variables",
        min_length=1,
    )
    basis: AnyBasis = param(title="Basis", help="Kernels over the signal's past; the window says how far back.")

    @property
    def label(self) -> str:
        return self.name or f"{self.variable} filter"


class HistoryTerm(Term):
    """The unit's own spikes in the past: refractoriness, bursting, adaptation."""

    kind: Literal["history"] = "history"
    basis: AnyBasis = param(title="Basis", help="Kernels over the past; the window says how far back.")

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


AnyTerm = Annotated[CovariateTerm | FilterTerm | HistoryTerm | CouplingTerm, Field(discriminator="kind")]
