"""Blocks of units into which a large fit is divided, so that several processes or machines can share one recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.design.fit_size import estimate
from glmengine.models import get_family

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording

BLOCK_SECONDS = 120.0
"""Estimated seconds of the fit of a block: many times what opening the recording and making its features take, which each block does again."""


def unit_blocks(analysis: Analysis, recording: Recording, seconds: float = BLOCK_SECONDS) -> int:
    """Into how many blocks of units a fit is divided; 1 where it is not large, or its units belong together.

    The question and the recording alone decide, not how many processes there are, so that the numbers are the same however many there are.

    Parameters
    ----------
    analysis, recording
    seconds : float
        What the fit of a block is to take, roughly; 0 for no blocks.

    Raises
    ------
    GlmError
        As a fit would.
    """
    if not seconds or needs_all_units(analysis):
        return 1
    size = estimate(analysis, recording)
    return max(1, min(size.n_units, round(size.seconds / seconds)))


def needs_all_units(analysis: Analysis) -> str:
    """Why the units of an analysis cannot be fitted some at a time; empty where they can."""
    if analysis.model.one_strength:
        return "one strength is chosen for all units"
    if analysis.model.search:
        return "settings of terms are searched"
    if analysis.selection is not None:
        return "terms are chosen with all units in view"
    if get_family(analysis.model.family).by_class:
        return f"the classes of the {analysis.model.family} family are those of all units"
    if any(term.enabled and term.kind == "receptive_field" and term.space in ("sta", "separable") for term in analysis.terms):
        return "receptive fields are found in the responses of all units"
    return ""


def block_of(n_units: int, number: int, of: int) -> list[int]:
    """Numbers of the units of block `number` (from 0) of `of`, in their order."""
    return np.array_split(np.arange(n_units), of)[number].tolist()
