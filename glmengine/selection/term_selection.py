"""What a selection found, as labelled arrays with the unit in each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError
from glmengine.sentences import listed

if TYPE_CHECKING:
    import xarray as xr

NOTES = "notes"
"""Attribute of `models` that holds the notes, one a line."""


@dataclass(frozen=True, eq=False)
class TermSelection:
    """Which terms each unit needs.

    Attributes
    ----------
    models : Dataset (model, unit, fold)
        Scores of the models compared (see `glmengine.selection.fold_scores`), the model chosen for each unit among them as ``chosen``.
    summary : Dataset (model, unit)
        Pooled scores, likelihood, AIC of each model.
    differences : Dataset (model, other, unit)
        Paired differences with intervals, signed-rank tests, likelihood ratios.
    contributions : Dataset (term, unit) or None
        Deviance of each term alone, dropped, unique and shared.
    commonality : Dataset (part, unit) or None
        Deviance that sets of terms have in common, of few terms.
    chosen : Dataset (term, unit) and (unit) or None
        ``chosen`` and the ``order`` in which terms came in; ``p`` of the whole model against the constant rate (of its first term where that was judged by shifts in time), its ``q`` over units,
        ``deviance_explained``, what each term ``added`` to those before it, and the model in words; None where only models were compared. Terms that are tried last (``last``) are left out of ``p``
        where there are others; of a model with such terms each term has what is lost without it, ``missed`` with its ``missed_p``.
    steps : Dataset (unit, round) and (unit, round, term) or None (also of a group path)
        The ``candidate`` of each round with its ``gain``, ``p`` and whether it was ``taken``; the gain of all that were tried, and
        those that the score test ``pruned``; its gain in each fold, ``fold_gain`` (unit, round, fold); whether ``p`` is by shifts in time, ``by_shifts``.
    path : Dataset (unit, strength, term) or None
        Of the group lasso.
    split : Dataset (interval)
        The stretches of time that each fold holds out.
    """

    models: xr.Dataset
    summary: xr.Dataset
    differences: xr.Dataset
    split: xr.Dataset
    contributions: xr.Dataset | None = None
    commonality: xr.Dataset | None = None
    chosen: xr.Dataset | None = None
    steps: xr.Dataset | None = None
    path: xr.Dataset | None = None

    @property
    def units(self) -> tuple[str, ...]:
        return tuple(str(name) for name in self.models["unit"].values)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out, doubtful or approximate, one sentence each."""
        return tuple(line for line in str(self.models.attrs.get(NOTES, "")).split("\n") if line)

    @property
    def judged_by_shifts(self) -> bool:
        """Whether shifts in time said of any step whether its term comes in."""
        return self.steps is not None and "by_shifts" in self.steps and bool(self.steps["by_shifts"].any())  # not in older files

    def terms_of(self, unit: str) -> tuple[str, ...]:
        """The terms chosen for a unit, in the order in which they came in.

        Raises
        ------
        GlmError
            If nothing was chosen, or there is no such unit.
        """
        if self.chosen is None:
            raise GlmError("models were compared and no terms chosen; give the selection a method")
        if unit not in self.units:
            raise GlmError(f"there is no unit '{unit}'; the units are {listed(self.units)}")
        return self._in_turn[unit]

    @cached_property
    def _in_turn(self) -> dict[str, tuple[str, ...]]:
        """The terms chosen for each unit: they are asked for many times."""
        chosen = self.chosen.transpose("term", "unit", ...)
        names = [str(name) for name in chosen["term"].values]
        orders = np.nan_to_num(np.asarray(chosen["order"].values, np.float64))
        found = {}
        for unit, order, own in zip(chosen["unit"].values, orders.T, chosen["chosen"].values.astype(bool).T, strict=True):
            found[str(unit)] = tuple(names[k] for k in sorted(np.flatnonzero(own), key=lambda k: (order[k], k)))
        return found

    def words_of(self, unit: str) -> str:
        """What was chosen for a unit, in words: the terms in the order in which they came in, those that were tried last after the word, or "nothing".

        Raises
        ------
        GlmError
            As `terms_of` does.
        """
        terms = self.terms_of(unit)
        own = self.chosen.sel(unit=unit)
        if own["order"].isnull().all():
            return " and ".join(terms) or "nothing"
        tried_last = own["term"].values[own["last"].values.astype(bool)].tolist() if "last" in own else []  # not in older files
        in_turn, at_last = (", then ".join(t for t in terms if (t in tried_last) == late) for late in (False, True))
        return ", last ".join(part for part in (in_turn, at_last) if part)

    def __str__(self) -> str:
        lines = []
        for unit in self.units:
            best = self.summary["deviance_explained"].sel(unit=unit)
            if self.chosen is None and best.isnull().all():
                lines.append(f"{unit}: no scores, as it has no spikes in the time that is fitted")
                continue
            if self.chosen is None:
                scores = ", ".join(
                    f"{name} {_score_text(float(value))}" for name, value in zip(best["model"].values, best.values, strict=True)
                )
                lines.append(f"{unit}: {scores}")
                continue
            own = self.chosen.sel(unit=unit)
            if not self.terms_of(unit):
                lines.append(f"{unit}: nothing")
                continue
            lines.append(
                f"{unit}: {self.words_of(unit)} (deviance explained {float(own['deviance_explained']):.3g}, q {float(own['q']):.2g})"
            )
        return "\n".join(lines)

    def datasets(self) -> dict[str, xr.Dataset]:
        """The arrays by name, those that are there."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: dataset for name, dataset in named.items() if dataset is not None}

    @classmethod
    def from_datasets(cls, datasets: Mapping[str, xr.Dataset]) -> TermSelection:
        """What `datasets` gave, put together again.

        Raises
        ------
        GlmError
            If one of them is missing.
        """
        needed = ("models", "summary", "differences", "split")
        missing = [name for name in needed if name not in datasets]
        if missing:
            raise GlmError(f"the selection lacks '{missing[0]}'; run it again")
        known = {field.name for field in fields(cls)}
        return cls(**{name: dataset for name, dataset in datasets.items() if name in known})


def _score_text(score: float) -> str:
    """To three digits, what is rounding error as 0."""
    return f"{0.0 if abs(score) < 1e-12 else score:.3g}"
