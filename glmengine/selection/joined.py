"""Selections of several groups of units as one: what depends on the number of units is made anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.selection import CONSTANT
from glmengine.inference.multiplicity import false_discovery_rate
from glmengine.selection.chosen_terms import judge, taken_back
from glmengine.selection.term_selection import NOTES, TermSelection

if TYPE_CHECKING:
    import xarray as xr


def joined(parts: Sequence[TermSelection], level: float, *, over_units: bool, pending: int = 0) -> TermSelection:
    """One selection of the units of all parts, which share candidates, models and split.

    Parameters
    ----------
    parts : sequence of TermSelection
        Made with each unit judged by itself.
    level : float
        Of the false discovery rate.
    over_units : bool
        Take terms back where the false discovery rate over all units is not below the level.
    pending : int
        Units that are still to come: they count as p = 1, so that q can only fall when they do.
    """
    import xarray as xr

    def along_units(of: Callable[[TermSelection], xr.Dataset | None]) -> xr.Dataset | None:
        found = [one for one in map(of, parts) if one is not None]
        if len(found) < len(parts):
            return None
        return (
            found[0] if len(found) == 1 else xr.concat(found, "unit", join="exact", combine_attrs="override", data_vars="minimal")
        )

    rounds = max((part.steps.sizes["round"] for part in parts if part.steps is not None), default=0)
    chosen = along_units(lambda part: part.chosen)
    notes = [note for part in parts for note in part.notes]
    names = parts[0].models["model"].values
    base = str(names[0]) if names.size else CONSTANT  # stopped before any was compared
    if chosen is not None:
        n_folds = parts[0].models.sizes["fold"]
        chosen, said = _judged(chosen, base, level, n_folds, over_units=over_units, pending=pending)
        notes += said
    contributions = along_units(lambda part: part.contributions)
    if contributions is not None:
        q = false_discovery_rate(contributions["p"].values)
        contributions = contributions.assign(q=contributions["q"].copy(data=q))
    models = along_units(lambda part: part.models)
    assert models is not None
    return replace(
        parts[0],
        models=models.assign_attrs({NOTES: "\n".join(dict.fromkeys(notes))}),
        summary=along_units(lambda part: part.summary),
        differences=along_units(lambda part: part.differences),
        contributions=contributions,
        commonality=along_units(lambda part: part.commonality),
        chosen=chosen,
        steps=along_units(lambda part: None if part.steps is None else _padded(part.steps, rounds)),
        path=along_units(lambda part: part.path),
    )


def _judged(
    chosen: xr.Dataset, base: str, level: float, n_folds: int, *, over_units: bool, pending: int
) -> tuple[xr.Dataset, list[str]]:
    chosen = chosen.transpose("term", "unit", ...)
    p = np.asarray(chosen["p"].values, np.float64)
    if pending or not over_units:
        known = np.concatenate([np.where(np.isfinite(p), p, 1.0), np.ones(pending)])
        return chosen.assign(q=chosen["q"].copy(data=false_discovery_rate(known)[: p.size])), []
    held = judge(p, chosen["last_p"].values, level, over_units=True)
    chosen = chosen.assign(p=chosen["p"].copy(data=held.p), q=chosen["q"].copy(data=held.q))
    if not held.common.any():
        return chosen, []
    kept = chosen["chosen"].values & (~held.common | chosen["last"].values[:, None] & held.only_last)
    explained = np.where(held.only_last, chosen["last_explained"].values, np.nan)
    terms, always = chosen["term"].values, [] if base == CONSTANT else [base]
    words = [" + ".join([*always, *map(str, terms[own])]) or base for own in kept.T]
    same = chosen["p"].copy(data=~held.common)
    return chosen.assign(
        chosen=chosen["chosen"].copy(data=kept),
        order=chosen["order"].where(kept),
        added=chosen["added"].where(same),
        missed=chosen["missed"].where(same),
        missed_p=chosen["missed_p"].where(same),
        deviance_explained=chosen["deviance_explained"].where(same, explained),
        model=chosen["model"].where(same, np.array(words)),
    ), taken_back(replace(held, weak=np.zeros(p.size, bool)), [str(u) for u in chosen["unit"].values], n_folds, level)


def _padded(steps: xr.Dataset, rounds: int) -> xr.Dataset:
    if steps.sizes["round"] == rounds:
        return steps
    fill = {name: np.nan if array.dtype.kind == "f" else array.dtype.type() for name, array in steps.data_vars.items()}
    return steps.reindex(round=np.arange(1, rounds + 1), fill_value=fill)
