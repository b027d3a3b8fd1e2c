"""The time of an analysis: bin size, epochs, drawn intervals and conditions on covariates."""

from __future__ import annotations

from pydantic import field_validator, model_validator

from glmengine.errors import GlmError
from glmengine.recording.table_rules import check_intervals
from glmengine.spec import Spec, param


class Condition(Spec):
    """Bins are used only where a variable lies in a range (running: speed above a threshold)."""

    variable: str = param(title="Variable", help="The covariate that decides.", choices="variables", min_length=1)
    above: float | None = param(None, title="Above", help="Use bins in which it is greater than this.", unit="of the variable")
    below: float | None = param(None, title="Below", help="Use bins in which it is less than this.", unit="of the variable")

    @model_validator(mode="after")
    def _has_a_range(self) -> Condition:
        if self.above is None and self.below is None:
            raise GlmError(f"the condition on '{self.variable}' has no limit; give 'above', 'below' or both", field="above")
        if self.above is not None and self.below is not None and self.below <= self.above:
            raise GlmError(
                f"the condition on '{self.variable}' can never hold: below {self.below} is not greater than above {self.above}; correct one of them",
                field="below",
            )
        return self


class Time(Spec):
    """The time grid: how wide the bins are and which of them are used."""

    bin_size: float = param(
        0.01, title="Bin size", help="Width of the time bins in which spikes are counted.", unit="s", gt=0, le=10, log=True
    )
    epochs: tuple[str, ...] = param(
        ("all",), title="Epochs", help="Named stretches of the recording that are used.", choices="epochs", min_length=1
    )
    intervals: tuple[tuple[float, float], ...] = param(
        (), title="Drawn intervals", help="Start and stop of stretches chosen by hand; only bins inside them are used.", unit="s"
    )
    conditions: tuple[Condition, ...] = param(
        (),
        title="Conditions",
        help="Limits on covariates that a bin must meet (speed above 5 cm/s); spikes outside still count as history.",
    )
    max_gap: float | None = param(
        None,
        title="Longest gap",
        help="A covariate is not filled in over gaps longer than this; ten sampling periods where empty.",
        unit="s",
        gt=0,
        advanced=True,
    )

    @field_validator("intervals")
    @classmethod
    def _in_order(cls, value: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        return check_intervals(value)
