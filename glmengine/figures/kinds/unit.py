"""Page of one unit: tuning, filters, cross-validation, rates over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.wording import share_text, words_of
from glmengine.errors import GlmError
from glmengine.figures.kinds.cross_validation import draw_scores
from glmengine.figures.kinds.filter import draw_filter
from glmengine.figures.kinds.rates import RateStretch, draw_rates, rate_stretch
from glmengine.figures.kinds.tuning import draw_curve, panels_of
from glmengine.figures.layout import panels
from glmengine.figures.marks import entitle
from glmengine.sentences import unit_title

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result


def draw(
    result: Result, *, unit: str, term: str | None = None, recording: Recording | None = None, stretch: RateStretch | None = None
) -> Figure:
    """One panel for each thing there is; the rates of a stretch that was made before, or of the busiest 20 s of the recording."""
    if stretch is None and recording is not None and result.has_rates:
        stretch = RateStretch(*rate_stretch(result, unit, recording, seconds=20.0))
    curves = [result.curves[label] for label in result.labels_for(result.curves, unit, term)]
    filters = [result.filters[label] for label in result.labels_for(result.filters, unit, term)]
    chosen = result.cv is not None and result.cv.sizes["strength"] > 1 and term is None
    count = sum(panels_of(curve) for curve in curves) + len(filters) + int(chosen) + int(stretch is not None)
    if not count:
        raise GlmError("the result has nothing to draw of a unit; add a term")
    figure, axes = panels(count, wide_last=stretch is not None)
    for curve in curves:
        draw_curve(axes[: panels_of(curve)], curve, unit)
        axes = axes[panels_of(curve) :]
    for found in filters:
        draw_filter(axes.pop(0), found, unit)
    if chosen:
        draw_scores(axes.pop(0), result, unit)
    if stretch is not None:
        draw_rates(axes.pop(0), result, unit, stretch)
    entitle(figure, _title(result, unit))
    return figure


def has_panels(result: Result, unit: str, recorded: bool) -> bool:
    """Whether there is anything on the page of a unit, with its recording or without."""
    return (
        (recorded and result.has_rates)
        or (result.cv is not None and result.cv.sizes["strength"] > 1)
        or bool(result.labels_for(result.curves, unit))
        or bool(result.labels_for(result.filters, unit))
    )


def _title(result: Result, unit: str) -> str:
    scores = result.scores.sel(unit=unit)
    explained = float(scores["deviance_explained_heldout"])
    words = words_of(result.analysis.model)
    held_out = f", deviance explained on held-out time {share_text(explained)}" if np.isfinite(explained) else ""
    rate = (
        f"{float(scores['rate_hz']):.3g} {words.unit}" if words.per_spike else f"mean {float(scores['rate_hz']):.3g} {words.unit}"
    )
    return f"{unit_title(unit)}: {words.amount(float(scores['n_spikes']))}, {rate}{held_out}"
