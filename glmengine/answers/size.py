"""Estimates of what an answer sheet takes before it is made."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from glmengine.answers.population import UNIT_SECONDS
from glmengine.answers.settings import AnswerSettings
from glmengine.context import SILENT
from glmengine.design.fit_size import Estimate, estimate

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.context import Context
    from glmengine.recording.recording import Recording

_BESIDE = 8  # columns that every model costs beside its own
_USUAL = AnswerSettings()
_CHECK_SECONDS = (
    0.35  # of a unit: shift tests, goodness of fit and simulations, as many as is usual; half of it whatever their number
)
_START_SECONDS = 2.0


def estimate_answers(analysis: Analysis, recording: Recording, settings: AnswerSettings, context: Context = SILENT) -> Estimate:
    """Bins, columns, and roughly seconds and memory of the answers of all units; raises `GlmError` as a fit would. Some milliseconds of work.

    Parameters
    ----------
    analysis : Analysis
        The question, as `glmengine.answers.explain.explain` takes it.
    recording : Recording
    settings : AnswerSettings
    context : Context, optional
    """
    found = estimate(analysis, recording, context)
    usual = _USUAL.shifts + _USUAL.simulations
    checks = _CHECK_SECONDS * (0.5 + 0.5 * (settings.shifts + settings.simulations) / usual)
    each = UNIT_SECONDS * found.n_valid * (found.n_columns + _BESIDE) + checks
    # the design is kept in memory once, standardised once more, and the counts beside it
    memory = 2 * 8e-9 * found.n_bins * found.n_columns + 12e-9 * found.n_valid * found.n_units
    shorter = ("fewer candidates take less time each", "wider bins take proportionally less", "fewer shifts and simulations")
    return replace(found, n_fits=1, seconds=_START_SECONDS + each * found.n_units, gigabytes=0.15 + memory, shorter=shorter)
