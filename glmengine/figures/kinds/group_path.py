"""The path of a group lasso over the terms of one unit: which term comes in when, and the held-out score along the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.figures.layout import panels
from glmengine.figures.marks import entitle, finish, legend_inside, level
from glmengine.figures.page import style
from glmengine.sentences import unit_title

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from glmengine.results.result import Result


def draw(result: Result, *, unit: str, term: str | None = None, recording: Any = None) -> Figure:
    """The norm of each term's coefficients, and the mean held-out log-likelihood with its standard error, by strength; the chosen strength upright.

    Raises
    ------
    GlmError
        If terms were not chosen by a group path, or the unit was not among them.
    """
    path = None if result.selection is None else result.selection.path
    if path is None or unit not in path["unit"].values:
        raise GlmError(f"no group lasso was followed for the unit '{unit}'; ask for the method group_path in the selection")
    own = path.sel(unit=unit)
    names = [str(name) for name in own["term"].values if term in (None, str(name))]
    if not names:
        raise GlmError(f"the path has no term '{term}'; name one of {', '.join(map(str, own['term'].values))}")
    strengths, chosen = own["strength"].values, float(own["chosen_strength"])
    figure, (norms, scores) = panels(2)
    for number, name in enumerate(names):
        colour, dash = style().line(number)
        norms.plot(strengths, own["norm"].sel(term=name).values, color=colour, linestyle=dash, label=name)
    score, error = own["log_likelihood"].values, own["log_likelihood_error"].values
    scores.fill_between(strengths, score - error, score + error, color=style().model, alpha=style().band_opacity, linewidth=0)
    scores.plot(strengths, score, color=style().model)
    for ax in (norms, scores):
        ax.set_xscale("log")
        ax.invert_xaxis()  # from none to all
        if np.isfinite(chosen) and chosen > 0:
            level(ax, chosen, upright=True)
    finish(norms, title="terms coming in", x="strength of the penalty", y="norm of coefficients")
    finish(scores, title="held out, with its standard error", x="strength of the penalty", y="log-likelihood (nats/bin)")
    legend_inside(norms)
    entitle(figure, f"{unit_title(unit)}: group lasso over terms; the upright line is the strength chosen")
    return figure
