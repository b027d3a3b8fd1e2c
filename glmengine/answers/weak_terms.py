"""Chosen terms that hardly matter: beyond chance they may be, but they explain next to nothing, or nothing in many of the folds."""

from __future__ import annotations

import numpy as np

from glmengine.answers.sentence import SMALL
from glmengine.selection.term_selection import TermSelection


def weak_terms(selection: TermSelection) -> dict[str, dict[str, str]]:
    """Of each unit the chosen terms that add less than `SMALL` of the deviance, or explain no more in half of the held-out folds or more.

    Returns
    -------
    dict of str to dict of str to str
        By unit and term, in how many folds the term says nothing where it is so in half of them, else an empty text.
    """
    assert selection.chosen is not None
    chosen = selection.chosen[["order", "added"]].transpose("unit", "term")
    names = [str(name) for name in chosen["term"].values]
    order, added = chosen["order"].values, chosen["added"].values
    folds = _fold_gains(selection)
    found: dict[str, dict[str, str]] = {}
    for at, unit in enumerate(map(str, chosen["unit"].values)):
        own = found[unit] = {}
        for place in np.flatnonzero(np.isfinite(order[at])):
            gains = folds.get((unit, names[place]), np.zeros(0))
            without = int((gains <= 0).sum())
            if gains.size and 2 * without >= gains.size:
                own[names[place]] = f"in {without} of {gains.size} folds"
            elif added[at, place] < SMALL:
                own[names[place]] = ""
    return found


def _fold_gains(selection: TermSelection) -> dict[tuple[str, str], np.ndarray]:
    """By unit and term, what the step by which the term came in gains in each fold that counts."""
    if selection.steps is None or "fold_gain" not in selection.steps:
        return {}
    steps = selection.steps[["candidate", "taken", "fold_gain"]].transpose("unit", "round", "fold")
    candidates, taken, gains = (steps[name].values for name in ("candidate", "taken", "fold_gain"))
    units = list(map(str, steps["unit"].values))
    return {
        (units[at], str(candidates[at, step])): gains[at, step][np.isfinite(gains[at, step])]
        for at, step in np.argwhere(taken.astype(bool))
    }
