"""The selection of units: by hand, by rate, and by rules on the table of units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from pydantic import model_validator

from glmengine.errors import GlmError
from glmengine.recording.table_rules import check_limits, matching_values
from glmengine.sentences import listed, numbered
from glmengine.spec import Spec, param

if TYPE_CHECKING:
    from glmengine.recording.recording import Recording


class UnitRule(Spec):
    """Units are fitted only where a column of the table of units holds one of some values, or a number within limits."""

    column: str = param(
        title="Column", help="The column of the table of units that decides.", choices="unit_columns", min_length=1
    )
    one_of: tuple[str, ...] = param((), title="Is one of", help="Values that are fitted; any where empty.", choices="unit_values")
    at_least: float | None = param(
        None, title="At least", help="Numbers below this are left out.", unit="of the column", empty="no limit"
    )
    at_most: float | None = param(
        None, title="At most", help="Numbers above this are left out.", unit="of the column", empty="no limit"
    )

    @model_validator(mode="after")
    def _says_something(self) -> UnitRule:
        if not self.one_of and self.at_least is None and self.at_most is None:
            raise GlmError(f"the rule on '{self.column}' says nothing; give values or a limit", field="one_of")
        check_limits(self.at_least, self.at_most, f"the rule on '{self.column}'", "at_least", "at_most")
        return self

    @property
    def reason(self) -> str:
        """Why a unit is left out by it, in a few words."""
        said = [f"{self.column} not {' or '.join(self.one_of)}"] if self.one_of else []
        said += [f"{self.column} below {self.at_least:g}"] if self.at_least is not None else []
        said += [f"{self.column} above {self.at_most:g}"] if self.at_most is not None else []
        return " or ".join(said)


class UnitSelection(Spec):
    """Which units are fitted; every unit of the recording can still be a source of coupling."""

    names: tuple[str, ...] = param((), title="Units", help="The units to fit; all where empty.", choices="units")
    min_spikes: int = param(0, title="At least", help="Leave out units with fewer spikes in the bins used.", unit="spikes", ge=0)
    while_present: bool = param(
        False,
        title="Only while present",
        help="Take units that have spikes in one part of the session only (isolated late, lost early) as recorded then, and as missing elsewhere: "
        "else the bins of the rest count as silence, and a fold of it cannot be scored.",
    )
    min_rate: float | None = param(
        None,
        title="Rate from",
        help="Leave out units with a lower mean rate over the whole recording.",
        unit="Hz",
        empty="no limit",
        ge=0,
    )
    max_rate: float | None = param(
        None,
        title="Rate up to",
        help="Leave out units with a higher mean rate over the whole recording.",
        unit="Hz",
        empty="no limit",
        gt=0,
    )
    where: tuple[UnitRule, ...] = param(
        (), title="Rules", help="What the table of units must say of a unit (region, quality); all of them must hold."
    )

    @model_validator(mode="after")
    def _can_hold(self) -> UnitSelection:
        check_limits(self.min_rate, self.max_rate, "the rule on the rate", "min_rate", "max_rate")
        return self


def excluded_units(units: UnitSelection, recording: Recording) -> dict[str, str]:
    """The units that the rules leave out, and the first rule that does so in a few words ("rate below 0.5 Hz").

    What is chosen by hand (`names`) and the least number of spikes, which depends on the bins, play no part.

    Raises
    ------
    GlmError
        If the table of units has no such column, or a limit is set on words.
    """
    reasons: dict[str, str] = {}

    def leave(kept: np.ndarray, reason: str) -> None:
        for name, keep in zip(recording.unit_names, kept, strict=True):
            if not keep:
                reasons.setdefault(name, reason)

    if units.min_rate is not None or units.max_rate is not None:
        rates = recording.mean_rates
        with np.errstate(invalid="ignore"):
            if units.min_rate is not None:
                leave(rates >= units.min_rate, f"rate below {units.min_rate:g} Hz")
            if units.max_rate is not None:
                leave(rates <= units.max_rate, f"rate above {units.max_rate:g} Hz")
    for position, rule in enumerate(units.where):
        field = f"units.where.{position}"
        table = recording.unit_table
        columns = [] if table is None else [str(column) for column in table.columns]
        if rule.column not in columns:
            have = listed(columns) or "no column at all"
            raise GlmError(
                f"{recording.name}: the table of units has no column '{rule.column}'; it has: {have}", field=f"{field}.column"
            )
        values = table.iloc[:, columns.index(rule.column)].to_numpy(dtype=object)
        kept = matching_values(values, rule.one_of, rule.at_least, rule.at_most, name=rule.column, field=field)
        leave(kept, rule.reason)
    return reasons


def chosen_units(units: UnitSelection, recording: Recording) -> tuple[str, ...]:
    """The units that are fitted, in the recording's order, as far as that does not depend on the bins.

    Raises
    ------
    GlmError
        If a unit or a column is unknown, or no unit is left.
    """
    unknown = [name for name in units.names if name not in recording.unit_names]
    if unknown:
        have = listed(recording.unit_names)
        raise GlmError(f"{recording.name}: no unit '{unknown[0]}'; this recording has: {have}", field="units.names")
    if not recording.unit_names:
        raise GlmError(f"{recording.name}: the recording has no units; there is nothing to fit", field="units.names")
    by_hand = set(units.names or recording.unit_names)
    reasons = excluded_units(units, recording)
    chosen = tuple(name for name in recording.unit_names if name in by_hand and name not in reasons)
    if not chosen:
        among = "chosen units" if units.names else "units"
        said = "; ".join(
            f"{count}: {reason}" for reason, count in count_reasons(reasons[name] for name in reasons if name in by_hand)
        )
        raise GlmError(
            f"{recording.name}: the rules leave none of the {len(by_hand)} {among} ({said}); loosen them", field="units.where"
        )
    return chosen


def count_reasons(reasons: Iterable[str]) -> list[tuple[str, int]]:
    """Each reason with how often it occurs, the most frequent first."""
    return Counter(reasons).most_common()


def count_chosen_units(units: UnitSelection, recording: Recording) -> int:
    """How many units are fitted, as far as that does not depend on the bins; 0 where the rules are at fault."""
    try:
        return len(chosen_units(units, recording))
    except GlmError:
        return 0


def chosen_of_all(units: UnitSelection, recording: Recording) -> str:
    """``6 units`` where all are fitted, ``1 of 6 units`` where some are, as far as that does not depend on the bins."""
    chosen, total = count_chosen_units(units, recording), len(recording.unit_names)
    return numbered(total, "unit") if chosen == total else f"{chosen:,} of {numbered(total, 'unit')}"
