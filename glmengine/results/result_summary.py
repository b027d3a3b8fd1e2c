"""A result in one line, and as a small table for notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glmengine.results.result_data import ResultData

_SHOWN_SCORES = (
    "n_spikes",
    "rate_hz",
    "strength",
    "setting",
    "deviance_explained_heldout",
    "bits_per_spike_heldout",
    "deviance_explained_fit",
    "status",
)
_MOST_ROWS = 30


def summary(result: ResultData) -> str:
    """One line: what was fitted to how many units, how well, and whether to the optimum."""
    units = f"{len(result.units)} unit{'s' if len(result.units) != 1 else ''}"
    score, scored = result.median_score
    parts = [units, " + ".join(dict.fromkeys(term.plain_label for term in result.terms))]
    if scored:
        parts.append(f"median deviance explained {score:.3g} {scored}")
    if not result.converged:
        parts.append(f"{int((~result.scores['converged']).sum())} not at the optimum")
    if result.notes:
        parts.append(f"{len(result.notes)} note{'s' if len(result.notes) != 1 else ''}")
    return f"<glmengine.Result: {', '.join(part for part in parts if part)}>"


def summary_html(result: ResultData) -> str:
    """The line, and below it the scores of each unit and the notes, for notebooks."""
    from html import escape

    shown = [name for name in _SHOWN_SCORES if name in result.scores]
    table = result.scores[shown].to_dataframe()[shown].to_html(max_rows=_MOST_ROWS, float_format="{:.4g}".format, border=0)
    notes = "".join(f"<li>{escape(note)}</li>" for note in result.notes)
    return f"<p>{escape(summary(result))}</p>{table}" + (f"<ul>{notes}</ul>" if notes else "")
