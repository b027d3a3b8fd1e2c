"""A sentence on the folds that do not count for some units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from glmengine.models import Family
from glmengine.sentences import listed, numbered

_MOST = 8


def uncounted_folds(
    family: Family, to_fit: np.ndarray, held_out: np.ndarray, labels: Sequence[object], units: Sequence[str]
) -> tuple[str, ...]:
    """Which folds of which units have no score and why, in one sentence for all units; none where every fold counts.

    Parameters
    ----------
    family : Family
    to_fit, held_out : (F, M) bool
        Folds that do not count for what is lacking in the rest of the time, and in the fold itself.
    labels : sequence of F
        Names of the folds.
    units : sequence of M str
    """
    what = "spikes" if family.of_spikes else "other classes" if family.by_class else "variation"
    alike: dict[str, list[str]] = {}
    for m in np.flatnonzero((to_fit | held_out).any(axis=0)).tolist():
        said = [
            f"{_have(labels, np.flatnonzero(some))} no {what} in the bins {where}"
            for some, where in ((to_fit[:, m], "to fit to"), (held_out[:, m], "held out"))
            if some.any()
        ]
        alike.setdefault(", ".join(said), []).append(units[m])
    if not alike:
        return ()
    each = [f"{listed(named, _MOST)}: {said}" for said, named in list(alike.items())[:_MOST]]
    if rest := sum(len(named) for named in list(alike.values())[_MOST:]):
        each.append(f"and so of {numbered(rest, 'more unit')}")
    return (f"Folds without a held-out score: {'; '.join(each)}.",)


def _have(labels: Sequence[object], folds: np.ndarray) -> str:
    named = [str(labels[fold]) for fold in folds]
    return f"fold {named[0]} has" if len(named) == 1 else f"folds {listed(named, _MOST)} have"
