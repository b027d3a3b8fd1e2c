"""Rows of what an analysis derives, beside how much of a recording it uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from glmgui.drawings.summary import CovariateRow, EpochRow, covariate_row, pieces_of

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.analysis.usable_time import UsableTime
    from glmengine.context import Context
    from glmengine.recording.recording import Recording


@dataclass(frozen=True, eq=False)
class Used:
    """What an analysis leaves of a recording.

    Attributes
    ----------
    time : UsableTime
    derived : tuple of CovariateRow
    epochs : tuple of EpochRow
        Derived ones.
    min_spikes : int
        The least number of spikes that was asked for.
    too_few : tuple of str
        Chosen units that have fewer in the bins that are fitted.
    fault : str
        Said where none is left.
    """

    time: UsableTime
    derived: tuple[CovariateRow, ...]
    epochs: tuple[EpochRow, ...]
    min_spikes: int = 0
    too_few: tuple[str, ...] = ()
    fault: str = ""


def used_of(analysis: Analysis, recording: Recording, context: Context) -> Used:
    """What `analysis` uses of `recording`; raises `GlmError` with the field that is at fault. Runs in the worker."""
    from glmengine.analysis.usable_time import usable_time
    from glmengine.recording.derived.quantities import EPOCH_KINDS

    found = usable_time(analysis, recording, context)
    whole = found.recording
    made = [one.name for one in analysis.derived if not isinstance(one, EPOCH_KINDS)]
    rows = tuple(covariate_row(whole.covariates[name], whole.duration) for name in made)
    names = dict.fromkeys(one.name for one in analysis.derived if isinstance(one, EPOCH_KINDS))
    epochs = tuple(EpochRow(name, "epoch", pieces_of(whole.epochs[name])) for name in names)
    return Used(found, rows, epochs, analysis.units.min_spikes, *_with_too_few_spikes(analysis, recording, context))


def _with_too_few_spikes(analysis: Analysis, recording: Recording, context: Context) -> tuple[tuple[str, ...], str]:
    """Chosen units that a fit would leave out for their spikes, and what it would say where that is all of them."""
    if not analysis.units.min_spikes:
        return (), ""
    from glmengine.analysis.units import chosen_units
    from glmengine.design.prepare import ground_of
    from glmengine.errors import GlmError

    try:
        chosen = chosen_units(analysis.units, recording)
    except GlmError:  # which is said beside the rules
        return (), ""
    try:
        fitted = ground_of(analysis, recording, context).units
    except GlmError as error:
        return (chosen, error.message) if error.field == "units.min_spikes" else ((), "")
    return tuple(name for name in chosen if name not in fitted), ""
