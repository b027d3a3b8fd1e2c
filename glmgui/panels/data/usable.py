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
    """

    time: UsableTime
    derived: tuple[CovariateRow, ...]
    epochs: tuple[EpochRow, ...]


def used_of(analysis: Analysis, recording: Recording, context: Context) -> Used:
    """What `analysis` uses of `recording`; raises `GlmError` with the field that is at fault. Runs in the worker."""
    from glmengine.analysis.usable_time import usable_time
    from glmengine.recording.derived.quantities import EPOCH_KINDS

    found = usable_time(analysis, recording, context)
    whole = found.recording
    made = [one.name for one in analysis.derived if not isinstance(one, EPOCH_KINDS)]
    rows = tuple(covariate_row(whole.covariates[name], whole.duration) for name in made)
    names = dict.fromkeys(one.name for one in analysis.derived if isinstance(one, EPOCH_KINDS))
    return Used(found, rows, tuple(EpochRow(name, "epoch", pieces_of(whole.epochs[name])) for name in names))
