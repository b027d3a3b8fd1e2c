"""Derived epochs: by threshold, from trials, drawn, or combined from others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import field_validator, model_validator

from glmengine.errors import GlmError
from glmengine.recording.derived.source import valid_runs
from glmengine.recording.table_rules import check_intervals, check_limits, matching_values
from glmengine.sentences import listed
from glmengine.spec import Spec, param
from glmengine.timegrid.intervals import as_pairs, complement, intersect, interval_set, merge

if TYPE_CHECKING:
    import pynapple as nap

    from glmengine.recording.recording import Recording

_NAME_HELP = "Name of the new epochs; they can then be used wherever epochs are chosen."


class ThresholdEpochs(Spec):
    """Epochs in which a variable stays within limits: running and rest."""

    kind: Literal["threshold_epochs"] = "threshold_epochs"
    name: str = param("running", title="Name", help=_NAME_HELP, min_length=1)
    source: str = param(
        title="Variable", help="The variable that is compared with the limits (speed).", choices="variables", min_length=1
    )
    above: float | None = param(
        None, title="Above", help="Inside the epochs it is greater than this.", unit="of the variable", empty="no limit"
    )
    below: float | None = param(
        None, title="Below", help="Inside the epochs it is less than this.", unit="of the variable", empty="no limit"
    )
    at_least: float = param(
        0.5,
        title="For at least",
        help="Shorter stretches are left out, after interruptions were bridged.",
        unit="s",
        ge=0,
        le=3600,
    )
    bridge: float = param(
        0.5,
        title="Bridging",
        help="Shorter interruptions between two stretches are taken in; never a gap in the samples.",
        unit="s",
        ge=0,
        le=3600,
    )

    @model_validator(mode="after")
    def _has_a_limit(self) -> ThresholdEpochs:
        if self.above is None and self.below is None:
            raise GlmError(f"the epochs '{self.name}' have no limit; give 'above', 'below' or both", field="above")
        check_limits(self.above, self.below, f"'{self.name}'", "above", "below")
        return self

    def compute(self, recording: Recording, max_gap: float | None, field: str) -> nap.IntervalSet:
        """Borders lie midway between the samples on either side of a crossing, and on the sample at a gap or an end.

        Raises
        ------
        GlmError
            If the variable nowhere stays within the limits.
        """
        source = recording.variable(self.source, field=f"{field}.source")
        times, values = np.asarray(source.data.t), np.asarray(source.data.values, np.float64)
        found = []
        for rows in valid_runs(source, max_gap):
            found.append(self._stretches(times[rows], values[rows]))
        pieces = np.concatenate(found) if found else np.empty((0, 2))
        if not len(pieces):
            valid = values[np.isfinite(values)]
            span = f"from {valid.min():.4g} to {valid.max():.4g}" if valid.size else "without a valid sample"
            raise GlmError(
                f"{recording.name}: '{self.source}' ({span}) nowhere stays within the limits of '{self.name}' "
                f"for {self.at_least:g} s; change them",
                field=f"{field}.{'above' if self.above is not None else 'below'}",
            )
        return interval_set(pieces)

    def _stretches(self, times: np.ndarray, values: np.ndarray) -> np.ndarray:
        inside = np.ones(len(times), bool)
        if self.above is not None:
            inside &= values > self.above
        if self.below is not None:
            inside &= values < self.below
        edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(np.int8)))
        first, last = edges[::2], edges[1::2] - 1
        middle = (times[1:] + times[:-1]) / 2
        starts = np.where(first > 0, middle[np.maximum(first - 1, 0)], times[first]) if len(middle) else times[first]
        stops = (
            np.where(last < len(times) - 1, middle[np.minimum(last, len(middle) - 1)], times[last])
            if len(middle)
            else times[last]
        )
        pieces = np.column_stack([starts, stops])
        if len(pieces) > 1:
            apart = np.concatenate([[True], pieces[1:, 0] - pieces[:-1, 1] >= self.bridge])
            ends = np.concatenate([apart[1:], [True]])
            pieces = np.column_stack([pieces[apart, 0], pieces[ends, 1]])
        lasting = pieces[:, 1] - pieces[:, 0]
        return pieces[(lasting > 0) & (lasting >= self.at_least - 1e-9)]


class TrialRule(Spec):
    """A property of the trials that must be one of some values, or a number within limits."""

    property: str = param(title="Property", help="The property that decides.", choices="trial_columns", min_length=1)
    one_of: tuple[str, ...] = param((), title="Is one of", help="Admitted values; any where empty.", choices="trial_values")
    at_least: float | None = param(
        None, title="At least", help="Trials with a smaller number are left out.", unit="of the property", empty="no limit"
    )
    at_most: float | None = param(
        None, title="At most", help="Trials with a greater number are left out.", unit="of the property", empty="no limit"
    )

    @model_validator(mode="after")
    def _limits(self) -> TrialRule:
        check_limits(self.at_least, self.at_most, f"the rule on '{self.property}'", "at_least", "at_most")
        return self


class TrialEpochs(Spec):
    """Epochs of the trials that meet conditions (choice is left, answered correctly)."""

    kind: Literal["trial_epochs"] = "trial_epochs"
    name: str = param("chosen_trials", title="Name", help=_NAME_HELP, min_length=1)
    trials: str = param(title="Trials", help="The table of trials.", choices="trials", min_length=1)
    where: tuple[TrialRule, ...] = param(
        (), title="Conditions", help="What must be so in a trial; all of them must hold, and every trial is taken without any."
    )

    def compute(self, recording: Recording, max_gap: float | None, field: str) -> nap.IntervalSet:
        kept = matching_trials(self, recording, field)
        pieces = merge(as_pairs(recording.trials[self.trials])[kept])
        if not len(pieces):
            raise GlmError(
                f"{recording.name}: none of the {len(kept)} trials of '{self.trials}' meets the conditions of '{self.name}'; "
                "loosen them",
                field=f"{field}.where",
            )
        return interval_set(pieces)


class DrawnEpochs(Spec):
    """Epochs drawn by hand, under a name."""

    kind: Literal["drawn_epochs"] = "drawn_epochs"
    name: str = param("drawn", title="Name", help=_NAME_HELP, min_length=1)
    intervals: tuple[tuple[float, float], ...] = param(
        title="Intervals", help="Start and stop of each, such as 10 - 20, 30 - 45.", unit="s", min_length=1
    )

    @field_validator("intervals")
    @classmethod
    def _in_order(cls, value: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        return check_intervals(value)

    def compute(self, recording: Recording, max_gap: float | None, field: str) -> nap.IntervalSet:
        pieces = intersect(merge(np.asarray(self.intervals)), as_pairs(recording.epochs["all"]))
        if not len(pieces):
            start, stop = float(recording.epochs["all"].start[0]), float(recording.epochs["all"].end[-1])
            raise GlmError(
                f"{recording.name}: the intervals of '{self.name}' lie outside the recording, which lasts from {start:g} to {stop:g} s; "
                "draw them inside",
                field=f"{field}.intervals",
            )
        return interval_set(pieces)


class EpochStep(Spec):
    """One step of combining: keep only what is also in other epochs, take them out, or add them."""

    op: Literal["without", "only", "also"] = param(
        title="Then",
        help="Without: what lies outside these epochs (difference); only: what lies in them too (intersection); also: with them added (union).",
    )
    epochs: tuple[str, ...] = param(title="Epochs", help="Epochs or tables of trials.", choices="stretches", min_length=1)


class CombinedEpochs(Spec):
    """Epochs combined from others: united, cut to others, or with others taken out."""

    kind: Literal["combined_epochs"] = "combined_epochs"
    name: str = param("combined", title="Name", help=_NAME_HELP, min_length=1)
    epochs: tuple[str, ...] = param(
        title="Begin with", help="Epochs or tables of trials, united.", choices="stretches", min_length=1
    )
    steps: tuple[EpochStep, ...] = param(
        (), title="Steps", help="Applied one after the other: only (intersection), without (difference), also (union)."
    )

    def compute(self, recording: Recording, max_gap: float | None, field: str) -> nap.IntervalSet:
        pieces = _united(recording, self.epochs, f"{field}.epochs")
        for position, step in enumerate(self.steps):
            others = _united(recording, step.epochs, f"{field}.steps.{position}.epochs")
            if step.op == "also":
                pieces = merge(np.concatenate([pieces, others]))
            else:
                pieces = intersect(pieces, others if step.op == "only" else complement(others))
            if not len(pieces) and not any(later.op == "also" for later in self.steps[position + 1 :]):
                raise GlmError(
                    f"{recording.name}: no time is left of '{self.name}' after '{step.op} {', '.join(step.epochs)}'; change the steps",
                    field=f"{field}.steps.{position}",
                )
        return interval_set(pieces)


def matching_trials(spec: TrialEpochs, recording: Recording, field: str = "") -> np.ndarray:
    """(N,) bool, which trials of the table meet the conditions.

    Raises
    ------
    GlmError
        If the table or a property is unknown, or a limit is set on words.
    """
    if spec.trials not in recording.trials:
        have = listed(recording.trials) or "none"
        raise GlmError(
            f"{recording.name}: no table of trials '{spec.trials}'; this recording has: {have}", field=f"{field}.trials"
        )
    table = recording.trials[spec.trials]
    columns = {str(column): column for column in table.metadata_columns}
    kept = np.ones(len(table), bool)
    for position, rule in enumerate(spec.where):
        where = f"{field}.where.{position}"
        if rule.property not in columns:
            have = listed(columns) or "none"
            raise GlmError(
                f"{recording.name}: the trials of '{spec.trials}' have no property '{rule.property}'; they have: {have}",
                field=f"{where}.property",
            )
        values = table.get_info(columns[rule.property])
        kept &= matching_values(values, rule.one_of, rule.at_least, rule.at_most, name=rule.property, field=where)
    return kept


def stretch_names(recording: Recording) -> list[str]:
    """What epochs can be combined from: epochs, and tables of trials that are no epochs of the same name."""
    return [*recording.epochs, *(name for name in recording.trials if name not in recording.epochs)]


def _united(recording: Recording, names: tuple[str, ...], field: str) -> np.ndarray:
    found = []
    for name in names:
        stretches = recording.epochs.get(name, recording.trials.get(name))
        if stretches is None:
            have = listed(stretch_names(recording))
            raise GlmError(f"{recording.name}: no epoch '{name}'; this recording has: {have}", field=field)
        found.append(as_pairs(stretches))
    return merge(np.concatenate(found))
