"""The choice of settings of terms: cross-validations of several designs on the same rows and folds, compared in one table with their strengths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from glmengine.context import Context
from glmengine.errors import GlmError
from glmengine.fitting.held_out_scores import CrossValidation, NestedScores, worth_at
from glmengine.fitting.nested_scores import nested_scores
from glmengine.fitting.strength_choice import StrengthChoice


class Scored(Protocol):
    """A cross-validation of one setting."""

    def __call__(
        self, setting: int, counts: np.ndarray, fold: np.ndarray, strengths: np.ndarray | None, context: Context
    ) -> CrossValidation:
        """Of counts (T, M), NaN in rows that are not used, and the fold (T,) of each row; at strengths that do not go on at their ends,
        or, where None, at those asked for."""


@dataclass(frozen=True)
class SettingSearch:
    """The table setting x strength of S settings, F folds and M units, and what was chosen from it.

    Attributes
    ----------
    found : tuple of CrossValidation
        Of each setting.
    setting : (M,) int array
        Number of the one chosen; the one with the fewest columns where a unit has no score.
    strength : (M,) array
        Chosen beside it; NaN where a unit has no score.
    deviance_explained, bits_per_spike : (M,) array
        On held-out time, at the choice.
    nested : NestedScores or None
        At the setting and the strength that the other folds chose among themselves.
    nested_setting : (F, M) int array or None
        Number of that setting, -1 where there is none.
    """

    found: tuple[CrossValidation, ...]
    setting: np.ndarray
    strength: np.ndarray
    deviance_explained: np.ndarray
    bits_per_spike: np.ndarray
    nested: NestedScores | None = None
    nested_setting: np.ndarray | None = None

    @property
    def strengths(self) -> np.ndarray:
        """(U,) all strengths that were tried with any setting, in rising order."""
        return np.unique(np.concatenate([_strengths(one) for one in self.found]))

    @property
    def scored(self) -> np.ndarray:
        """(M,) bool: units that have scores to choose by."""
        return np.isfinite(self.table()).any(axis=(0, 1, 2))

    @property
    def chosen(self) -> tuple[int, ...]:
        """Numbers of the settings that units chose; where none has scores, of those that they were given."""
        of_scored = self.setting[self.scored]
        return tuple(np.unique(of_scored if of_scored.size else self.setting).tolist())

    def table(self, name: str = "scores") -> np.ndarray:
        """(F, S, U, M) scores, or another array over fold, strength and unit, of every setting; NaN at strengths that it was not tried at."""
        shape = self.found[0].scores.shape
        table = np.full((shape[0], len(self.found), self.strengths.size, shape[2]), np.nan)
        for number, one in enumerate(self.found):
            table[:, number, np.searchsorted(self.strengths, _strengths(one))] = getattr(one, name).values
        return table

    def of_chosen(self, features: Sequence[str], places: Callable[[int], np.ndarray]) -> CrossValidation:
        """The cross-validation of each unit at its own setting, in a design of the columns of all chosen settings.

        Parameters
        ----------
        features : sequence of str
            Labels of its P columns.
        places : callable
            Which of them are those of a setting, in their order there, (p,).
        """
        import xarray as xr

        first, units = self.found[0], np.arange(self.setting.size)
        coords: dict[str, Any] = {"fold": first.scores["fold"], "strength": self.strengths, "unit": first.scores["unit"]}
        dims = ("fold", "strength", "unit")

        def own(name: str) -> xr.DataArray:
            return xr.DataArray(self.table(name)[:, self.setting, :, units].transpose(1, 2, 0), coords, dims)

        coefs = None
        if first.coefs is not None:
            values = np.full((*(coords[dim].size for dim in dims), len(features)), np.nan)
            for number, one in enumerate(self.found):
                chose = np.flatnonzero(self.setting == number)
                if one.coefs is None or not chose.size:
                    continue
                wide = np.zeros((*one.coefs.shape[:2], chose.size, len(features)))
                wide[..., places(number)] = one.coefs.values[:, :, chose]
                at = np.searchsorted(self.strengths, _strengths(one))
                values[:, at[:, None], chose] = wide
            coefs = xr.DataArray(values, {**coords, "feature": list(features)}, (*dims, "feature"))
        converged = own("converged")
        return replace(
            first,
            scores=own("scores"),
            deviance=own("deviance"),
            null_deviance=own("null_deviance"),
            converged=(converged == 1.0),
            best_strength=self.strength,
            bits_per_spike=self.bits_per_spike,
            deviance_explained=self.deviance_explained,
            coefs=coefs,
            intercepts=None if first.intercepts is None else own("intercepts"),
            seconds=sum(one.seconds for one in self.found),
            notes=tuple(dict.fromkeys(note for number in self.chosen for note in self.found[number].notes)),
            nested=self.nested,
        )


def search_settings(
    scored: Scored,
    columns: Sequence[int],
    counts: np.ndarray,
    fold: np.ndarray,
    choice: StrengthChoice,
    context: Context,
    *,
    nested: bool = False,
) -> SettingSearch:
    """Compare settings at every strength, and choose one of each for every unit.

    The choice is that of a strength (`StrengthChoice`), over all pairs: the best mean over folds, and of equal ones the one with the fewest
    columns, then the strongest penalty; or the plainest in that order within one standard error of the best.

    Parameters
    ----------
    scored : callable
        The cross-validation of a setting.
    columns : sequence of int
        How many columns each setting has.
    counts : (T, M) array
    fold : (T,) int array
        Fold of each row, -1 for none.
    choice : StrengthChoice
    nested : bool
        Choose also without each fold, and score it there; takes as many further searches as there are folds.

    Raises
    ------
    GlmError
        Where it is nested and there are fewer than three folds.
    """
    S, labels = len(columns), np.unique(fold[fold >= 0])
    if nested and labels.size < 3:
        raise GlmError(
            "nested: with two folds the other one alone leaves nothing to choose settings on; use three folds or more",
            field="validation.nested",
        )
    rounds = 1 + (labels.size if nested else 0)

    def each(
        number: int, counts: np.ndarray, fold: np.ndarray, tried: Sequence[np.ndarray | None]
    ) -> tuple[CrossValidation, ...]:
        found = []
        for setting in range(S):
            begin = (number * S + setting) / (rounds * S)
            found.append(scored(setting, counts, fold, tried[setting], context.part(begin, begin + 1 / (rounds * S))))
            if context.stopping:
                break
        return tuple(found)

    found = each(0, counts, fold, [None] * S)
    table, pairs = _joined(found, columns[: len(found)])
    keys = _strengths(table)
    at = choice.of(table.scores.values, keys)
    has = at >= 0
    explained, bits = worth_at(table, np.broadcast_to(at, (table.scores.sizes["fold"], at.size)).copy())
    search = SettingSearch(
        found=found,
        setting=np.where(has, pairs.setting[np.maximum(at, 0)], int(np.argmin(columns[: len(found)]))),
        strength=np.where(has, pairs.strength[np.maximum(at, 0)], np.nan),
        deviance_explained=explained,
        bits_per_spike=bits,
    )
    if not nested or context.stopping:
        return search
    tried = [_strengths(one) for one in found]

    def inner(number: int) -> tuple[np.ndarray, np.ndarray]:
        out = fold == labels[number]
        unseen = np.where(out[:, None], np.nan, counts)
        others = each(1 + number, unseen, np.where(out, -1, fold), tried)
        scores = np.full((labels.size - 1, keys.size, at.size), np.nan)
        begin = 0
        for one in others:
            scores[:, begin : begin + one.scores.sizes["strength"]] = one.scores.values
            begin += one.scores.sizes["strength"]
        return scores, keys

    chosen = nested_scores(table, inner, choice)
    if context.stopping:  # the choices that were not come to would pass for bad ones
        return search
    place = np.argsort(keys)
    known = np.isfinite(chosen.strength.values)
    pair = place[np.searchsorted(keys[place], np.where(known, chosen.strength.values, keys[0]))]
    strength = chosen.strength.copy(data=np.where(known, pairs.strength[pair], np.nan))
    return replace(search, nested=replace(chosen, strength=strength), nested_setting=np.where(known, pairs.setting[pair], -1))


@dataclass(frozen=True)
class _Pairs:
    """Of each of K pairs the number of its setting and its strength."""

    setting: np.ndarray
    strength: np.ndarray


def _joined(found: Sequence[CrossValidation], columns: Sequence[int]) -> tuple[CrossValidation, _Pairs]:
    """All settings as one table over K pairs; in place of a strength it has the rank of the pair, the higher the plainer."""
    strengths = [_strengths(one) for one in found]
    pairs = _Pairs(np.repeat(np.arange(len(found)), [one.size for one in strengths]), np.concatenate(strengths))
    order = np.lexsort((-pairs.setting, pairs.strength, -np.asarray(columns)[pairs.setting]))
    rank = np.empty(order.size)
    rank[order] = np.arange(1, order.size + 1)

    def array(name: str) -> Any:
        import xarray as xr

        parts = [getattr(one, name).values for one in found]
        like = found[0].scores
        coords = {"fold": like["fold"], "strength": rank, "unit": like["unit"]}
        return xr.DataArray(np.concatenate(parts, axis=1), coords, ("fold", "strength", "unit"))

    names = ("scores", "deviance", "null_deviance", "converged")
    return replace(found[0], **{name: array(name) for name in names}, coefs=None, intercepts=None), pairs


def _strengths(found: CrossValidation) -> np.ndarray:
    return np.asarray(found.scores["strength"].values, np.float64)
