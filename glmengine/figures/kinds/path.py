"""The regularisation path of one unit: its coefficients at every strength of the penalty that was tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.penalty import penalty_of
from glmengine.design.prepare import prepare_again
from glmengine.errors import GlmError
from glmengine.figures.layout import panels
from glmengine.figures.marks import entitle, finish, level
from glmengine.figures.page import style
from glmengine.fitting.path import fit_path
from glmengine.sentences import unit_title

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result

_FINER = 12
"""Strengths that are tried where the analysis has fewer."""


def draw(result: Result, *, unit: str, term: str | None = None, recording: Recording) -> Figure:
    """A panel for each term, a line for each of its coefficients, and the strength that was chosen.

    The unit is fitted again at each strength, with the features of the result.

    Raises
    ------
    GlmError
        If nothing is penalised.
    """
    if not result.analysis.is_penalised:
        raise GlmError("nothing is penalised in this analysis, so that it has no regularisation path; choose a penalty")
    strengths, coefficients = coefficient_path(result, unit, recording)
    labels = [label for label in coefficients if term in (None, label)]
    if not labels:
        raise GlmError(f"the unit '{unit}' has no term '{term}'; name one of {', '.join(coefficients)}")
    figure, axes = panels(len(labels))
    chosen = float(result.scores["strength"].sel(unit=unit))
    for ax, label in zip(axes, labels, strict=True):
        level(ax)
        values = coefficients[label]
        for number, one in enumerate(values.T):
            colour, _ = style().line(number)
            ax.plot(strengths, one, color=colour, linewidth=0.7 * style().line_width)
        ax.set_xscale("log")
        if chosen > 0:
            level(ax, chosen, upright=True)
        finish(ax, title=label, x="strength of the penalty", y="coefficients")
    entitle(figure, f"{unit_title(unit)}: coefficients by strength; the upright line is the strength used")
    return figure


def coefficient_path(result: Result, unit: str, recording: Recording) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Strengths (S,), from weak to strong, and for each term of the unit its coefficients (S, P)."""
    model = result.analysis.model
    prepared = prepare_again(result.analysis, result.terms, (unit,), recording, conditions=True, counts=True)
    if prepared.counts is None:
        raise GlmError(f"the unit '{unit}' is not in the recording; give the one that was fitted")
    strengths = np.array(sorted({float(one) for one in model.strengths if one > 0}))
    if not len(strengths):
        strengths = np.array([1e-4])
    if len(strengths) < _FINER:
        ends = np.log10([strengths[0], strengths[-1]]) + ([-1, 1] if len(strengths) < 3 else [0, 0])
        strengths = np.unique(np.concatenate((strengths, np.logspace(*ends, _FINER))))
    design = prepared.design
    found = fit_path(
        design,
        np.where(prepared.rows[:, None], prepared.counts, np.nan),
        family=model.family,
        link=model.link or None,
        penalty=penalty_of(model, design.terms),
        strengths=strengths,
        mask=design.mask((unit,)),
        unit_names=(unit,),
    )
    return strengths, {label: found.coef[:, part, 0] for label, part in design.slices.items()}
