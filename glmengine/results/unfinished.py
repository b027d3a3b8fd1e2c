"""Which units of a fit reached the optimum and may be used, and which were stopped before it, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmengine.sentences import listed, numbered, unit_title
from glmengine.solvers.status import OK, STOPPED

if TYPE_CHECKING:
    from glmengine.results.result_data import ResultData

STRENGTHS_CUT_SHORT = "The cross-validation was stopped: only the strengths that it had tried until then were compared."
ERRORS_CUT_SHORT = (
    "The fit was stopped: standard errors, bands and correlations of held-out rates that were not made soon after are left out."
)
_MOST_NAMED = 6


def was_stopped(result: ResultData) -> bool:
    """Whether somebody stopped the fit and kept what there was."""
    return STRENGTHS_CUT_SHORT in result.notes or ERRORS_CUT_SHORT in result.notes


def stopped_units(result: ResultData) -> tuple[str, ...]:
    """Units whose numbers are those of an unfinished fit."""
    status, converged = result.scores["status"].values, result.scores["converged"].values
    return tuple(
        unit
        for unit, how, done in zip(result.units, status, converged, strict=True)
        if str(how) == STOPPED or (str(how) == OK and not bool(done))
    )


def unfinished_in_words(result: ResultData) -> str:
    """Which units may be used and which may not; empty where the fit ran to its end."""
    stopped, by_user = stopped_units(result), was_stopped(result)
    if not stopped and not by_user:
        return ""
    said = ["This fit was stopped." if by_user else "This fit did not reach the optimum of every unit."]
    finished = [unit for unit in result.units if unit not in stopped]
    if finished:
        said.append(f"Finished, and may be used: {_units(finished)}.")
    if stopped:
        said.append(f"Stopped before the optimum, and not to be used: {_units(stopped)}.")
    said += [note for note in (STRENGTHS_CUT_SHORT, ERRORS_CUT_SHORT) if note in result.notes]
    return " ".join(said)


def not_at_the_optimum(result: ResultData) -> str:
    """The units that are not at an optimum, by their state: those that were stopped, and those whose data have none; empty where all are."""
    stopped = stopped_units(result)
    groups: dict[str, list[str]] = {"stopped before the optimum": list(stopped)}
    scores = result.scores
    for unit, how, done in zip(result.units, scores["status"].values, scores["converged"].values, strict=True):
        if not bool(done) and unit not in stopped:
            groups.setdefault(str(how), []).append(unit)
    return "; ".join(f"{how}: {listed(units, 2 * _MOST_NAMED)}" for how, units in groups.items() if units)


def unfinished_note(result: ResultData, unit: str | None = None) -> str:
    """The same in a line below a figure: of one unit, or of all where none is named; empty where there is nothing to say."""
    stopped = stopped_units(result)
    if unit is None:
        return f"Stopped before the optimum, not to be used: {_units(stopped)}." if stopped else ""
    if unit in stopped:
        return f"{unit_title(unit)} was stopped before the optimum: curves and scores are not to be used."
    return "From a fit that was stopped early; this unit is finished and may be used." if was_stopped(result) else ""


def _units(units: list[str] | tuple[str, ...]) -> str:
    return f"{numbered(len(units), 'unit')} ({listed(units, _MOST_NAMED)})"
