"""Shift tests of terms: nulls that hold although counts and covariates are correlated in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from glmengine.argument_kinds import takes_only_its_kinds
from glmengine.context import SILENT, Context, Progress
from glmengine.errors import GlmError
from glmengine.fitting.batch import read_strength, resolve_penalty, restricted
from glmengine.fitting.fit import fit
from glmengine.fitting.folds import compact, fold_numbers
from glmengine.fitting.found_strengths import asks_for_reml
from glmengine.fitting.inputs import Inputs, predictor, read_inputs
from glmengine.fitting.options import check_options, check_strengths
from glmengine.freed_memory import give_back
from glmengine.inference.multiplicity import false_discovery_rate
from glmengine.inference.tail_p import shuffle_p
from glmengine.models import Penalty, Ridge, get_family, get_penalty
from glmengine.selection.shift_table import ShiftTest
from glmengine.selection.shuffles import Shuffles, correlation_length, make_shuffles
from glmengine.selection.term_gain import Beside, refitted_gains, step_gains
from glmengine.sentences import listed

STATISTICS = ("held_out", "in_sample")

GRID = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
"""Strengths of the tested term where those of the model are found by marginal likelihood."""

FEWEST = 19
"""Shuffles below which no p can be 0.05."""

_LONGEST = 4  # a block is a part of the longest stretch at most, so that there is more than one order


@takes_only_its_kinds
def shift_test(
    X: Any,
    Y: Any,
    terms: Mapping[str, Sequence[int]] | Sequence[str] | None = None,
    family: Any = "poisson",
    link: Any = None,
    penalty: Penalty | str | None = Ridge(1e-4),  # noqa: B008 - a frozen value
    *,
    strength: Any = None,
    strengths: Sequence[float] | None = None,
    mask: Any = None,
    unit_names: Sequence[str] | None = None,
    statistic: str = "held_out",
    folds: int | Any = 5,
    refit: bool = False,
    scheme: str = "cyclic",
    shifts: int = 200,
    stretch: Any = None,
    shortest: int | None = None,
    seed: int = 0,
    bin_size: float | None = None,
    memory: float = 2.0,
    platform: str = "auto",
    context: Context | None = None,
) -> ShiftTest:
    """Test whether each term is needed, against counts that are shuffled against it in ways that keep all autocorrelation.

    Where counts vary slowly for a reason that is not in the model, and a covariate varies slowly too, the two go together by chance more often
    than tests that take bins for independent say (Harris 2020). Here the term's covariates are moved along in time against everything else: the
    counts, and the fit of all other terms, history among them, which stay together. Of the null distribution only this is asked, that the
    covariate is stationary.

    Parameters
    ----------
    X : (T, P) array or Design
    Y : (T,) or (T, M)
    terms : mapping of name to columns, or sequence of names, optional
        What is tested, one after another beside all other columns. Of a `Design` the names of its terms; all of them (of an array: all columns
        together) where not given.
    family, link, penalty, strength, mask, unit_names, memory, platform
        As for `glmengine.fit`; the strength is that of the other terms.
    strengths : sequence of float, optional
        Strengths of the term that is tested; the one that gains most is taken, of shuffled counts too, so that none is chosen by the counts as
        they are alone. Where not given `strength`, or `GRID` where that is to be found by marginal likelihood.
    statistic : str
        ``"held_out"``: log-likelihood that the term gains on folds that it was not fitted to, which has the highest power at the right error rate.
        ``"in_sample"``: on the rows that it was fitted to.
    folds : int or (T,) int array
        As for `glmengine.cross_validate`.
    refit : bool
        Fit the term to the optimum for each shuffle; else one scoring step is taken from the fit of the others, as for the counts as they
        are, which is a valid test too and some hundred times faster.
    scheme : str
        ``"cyclic"`` shifts, ``"blocks"`` that change places, or ``"trials"`` (see `glmengine.selection.shuffles.make_shuffles`).
    shifts : int
        How many shuffles: p is 1/(1 + shifts) at least.
    stretch : (T,) int array, optional
        Number of the epoch or trial of each row, whose borders no shift crosses; -1 for rows that take no part. One stretch where not given.
    shortest : int, optional
        Rows that a shift is at least in both directions, or a block is long. Where not given, shifts are by one row or more, as leaving out the
        shorter ones makes p too small (see `glmengine.selection.shuffles.make_shuffles`), and blocks longer than the autocorrelation of the
        counts and of the term's columns.
    seed : int
    bin_size : float, optional
        Seconds, for sentences and the table.
    context : Context, optional
        Where it wants to stop and keep, p is made from the shuffles that are done.

    Returns
    -------
    ShiftTest
        p = (1 + shuffles that gain as much)/(1 + shuffles) (Phipson & Smyth 2010).

    Raises
    ------
    GlmError
        For input that cannot be used, saying where.
    Cancelled
        If the context says so.
    """
    context = context or SILENT
    family = get_family(family)
    link = family.link(link)
    if family.by_class:
        raise GlmError("family: the categorical family has no shift test; compare models on held-out time", field="model.family")
    penalty = get_penalty(penalty)
    check_options("auto", memory)
    if statistic not in STATISTICS:
        raise GlmError(f"there is no statistic {statistic!r}; choose one of {', '.join(STATISTICS)}")
    inputs = read_inputs(X, Y, family, mask=mask, units=unit_names)
    chosen = _columns_of_terms(terms, inputs)
    base = penalty if strength is None and strengths is None else penalty.scaled(1.0)
    reml, M = asks_for_reml(strength), inputs.shape[2]
    factor = np.ones(M) if strength is None or reml else read_strength(strength, inputs.units)
    tried = factor[None]
    if strengths is not None or reml:
        tried = np.repeat(check_strengths(GRID if strengths is None else strengths)[:, None], M, axis=1)
    own = np.ones((inputs.shape[1], inputs.shape[2]), bool) if inputs.mask is None else inputs.mask
    number = _stretches(stretch, inputs.valid)
    ground = _Ground(X, inputs, family, link, penalty, strength, tried, own, memory, platform)
    fold = compact(fold_numbers(folds, number >= 0))[1] if statistic == "held_out" else None
    tested: list[_Tested] = []
    notes: list[str] = []
    resolved = resolve_penalty(base, inputs, None)
    work = np.array([_OVERHEAD + columns.size for columns in chosen.values()], np.float64)
    ends = np.concatenate([[0.0], np.cumsum(work)]) / max(work.sum(), 1.0)
    begun = _FIT / (_FIT + shifts)
    for place, (name, columns) in enumerate(chosen.items()):
        share = context.part(ends[place], ends[place + 1], f"Shift test of '{name}'")
        if context.stopping and tested:
            break
        beside = ground.beside(columns, restricted(resolved, columns), fold, share.part(0.0, begun))
        least = shortest
        if least is None:
            least = _default_block(beside, number) if scheme == "blocks" else 1
        made = make_shuffles(scheme, number, shifts, least=least, seed=seed, bin_size=bin_size)
        notes += made.notes
        tested.append(_tested(beside, made, refit, share.part(begun, 1.0)))
    if context.stopping:
        notes.append("The shift test was stopped: p is made from the shuffles that were done until then.")
    attrs = {"scheme": scheme, "statistic": statistic, "refit": int(refit), "seed": seed, "shifts": shifts}
    return _table(tested, chosen, inputs.units, shifts, notes, bin_size, attrs)


_OVERHEAD = 20
"""Columns that a shuffle of a term without any would cost."""

_FIT = 25.0
"""Shuffles that the fit of all other terms costs."""


@dataclass(frozen=True)
class _Ground:
    """What all terms have in common."""

    X: Any
    inputs: Inputs
    family: Any
    link: Any
    penalty: Penalty
    strength: Any
    tried: np.ndarray
    own: np.ndarray
    memory: float
    platform: str

    def beside(self, columns: np.ndarray, penalty: Any, fold: np.ndarray | None, context: Context) -> Beside:
        """The term that has these columns, beside the fit of all others."""
        inputs = self.inputs
        rest = self.own.copy()
        rest[columns] = False
        found = fit(
            self.X,
            inputs.Y,
            self.family,
            self.link,
            self.penalty,
            strength=self.strength if rest.any() else 0.0,  # without columns there is nothing to penalise
            mask=rest,
            unit_names=inputs.units,
            memory=self.memory,
            platform=self.platform,
            context=context,
        )
        fine = np.isfinite(found.intercept) & np.isfinite(found.coef).all(axis=0)
        coef, intercept = np.where(fine, found.coef, 0.0), np.where(fine, found.intercept, np.nan)
        features, dispersion = found.feature_names, found.dispersion if self.family.estimates_dispersion else None
        del found  # and the rows that it keeps
        give_back()
        offset = predictor(self.X, coef, features) + intercept if rest.any() else None
        X = np.empty((inputs.shape[0], columns.size))
        step = max(1, 2**21 // max(inputs.shape[1], 1))
        for start in range(0, len(X), step):
            stop = min(start + step, len(X))
            X[start:stop] = inputs.source.chunk(start, stop)[:, columns]
        return Beside(
            X=X,
            Y=inputs.Y,
            offset=offset,
            intercept=intercept,
            allowed=self.own[columns],
            penalty=penalty,
            strengths=self.tried,
            fold=fold,
            family=self.family,
            link=self.link,
            dispersion=dispersion,
            memory=self.memory * 1e9,
            platform=self.platform,
        )


@dataclass(frozen=True)
class _Tested:
    """Gains (1 + S, M) of a term: as it is, and shuffled; how long a shift is at least, in rows."""

    gains: np.ndarray
    least: int


def _tested(beside: Beside, shuffles: Shuffles, refit: bool, context: Context) -> _Tested:
    gains = []
    for found in (refitted_gains if refit else step_gains)(beside, shuffles, context):
        gains.append(np.where(beside.allowed.any(axis=0), found, np.nan))
        context.report(Progress("Shuffling", len(gains) / (1 + len(shuffles))))
        context.check()
        if context.stopping:
            break
    return _Tested(np.array(gains), shuffles.least)


def _default_block(beside: Beside, stretch: np.ndarray) -> int:
    """Rows that are longer than the autocorrelation of counts and columns, as far as the time allows."""
    lengths = [correlation_length(values, stretch) for values in (beside.X, beside.Y)]
    longest = int(np.bincount(stretch[stretch >= 0]).max(initial=1))
    return max(1, min(max(lengths) + 1, longest // _LONGEST))


def _stretches(stretch: Any, valid: np.ndarray) -> np.ndarray:
    if stretch is None:
        return np.where(valid, 0, -1)
    number = np.asarray(stretch)
    if number.shape != valid.shape or number.dtype.kind not in "iu":
        raise GlmError(
            f"stretch: has shape {number.shape}; give the number of the epoch or trial of each of the {valid.size} rows"
        )
    number = np.where(valid, number, -1)
    if not (number >= 0).any():
        raise GlmError("stretch: no usable row lies in an epoch or trial; choose others", field="within")
    return number


def _columns_of_terms(terms: Any, inputs: Inputs) -> dict[str, np.ndarray]:
    P = inputs.shape[1]
    known = {str(name): np.asarray(columns, int) for name, columns in inputs.groups.items()}
    if terms is None:
        return known or {"all": np.arange(P)}
    if isinstance(terms, Mapping):
        numbers = {str(name): np.atleast_1d(np.asarray(columns)) for name, columns in terms.items()}
        for name, columns in numbers.items():
            if columns.dtype.kind not in "iu" and columns.size:
                raise GlmError(f"terms: '{name}' holds {columns.tolist()!r:.60}; give the numbers of its columns")
        found = {name: np.unique(columns.astype(int)) for name, columns in numbers.items()}
        for name, columns in found.items():
            if not columns.size or columns[0] < 0 or columns[-1] >= P:
                raise GlmError(f"terms: '{name}' has columns that are not there; the design has {P}, from 0")
        return found
    names = [terms] if isinstance(terms, str) else list(dict.fromkeys(terms))
    missing = [name for name in names if name not in known]
    if missing:
        raise GlmError(
            f"terms: there is no term '{missing[0]}'; the terms are {listed(known) or 'not named, give their columns'}"
        )
    if not names:
        raise GlmError("terms: the list is empty; name one, or leave it out for all")
    return {name: known[name] for name in names}


def _table(
    tested: Sequence[_Tested],
    chosen: Mapping[str, np.ndarray],
    units: Sequence[str],
    shifts: int,
    notes: list[str],
    bin_size: float | None,
    attrs: Mapping[str, Any],
) -> ShiftTest:
    import xarray as xr

    J, M = len(chosen), len(units)
    null = np.full((shifts, J, M), np.nan)
    gain, mean, high, p = (np.full((J, M), np.nan) for _ in range(4))
    n, least = np.zeros(J, int), np.full(J, np.nan)
    for j, one in enumerate(tested):
        done = one.gains[1:]
        n[j], least[j] = len(done), one.least * (bin_size or 1.0)
        gain[j] = one.gains[0]
        if not len(done):
            continue
        null[: len(done), j] = done
        p[j] = shuffle_p(one.gains)
        known = np.isfinite(done).all(axis=0)
        mean[j, known], high[j, known] = done[:, known].mean(axis=0), np.quantile(done[:, known], 0.95, axis=0)
    if (n < FEWEST).any():
        notes.append(f"With fewer than {FEWEST} shuffles no p can be as small as 0.05.")
    words = {
        "gain": ("nats/bin", "log-likelihood per bin that the term gains beside the others"),
        "null_mean": ("nats/bin", "mean of the gains of shuffled counts"),
        "null_high": ("nats/bin", "95 % quantile of the gains of shuffled counts"),
        "p": ("", "share of shuffles that gain as much, the counts as they are counted among them"),
        "q": ("", "false discovery rate of p over all units and terms (Benjamini & Hochberg)"),
    }
    values = {"gain": gain, "null_mean": mean, "null_high": high, "p": p, "q": false_discovery_rate(p)}
    variables: dict[str, Any] = {
        name: (("term", "unit"), array, {"units": words[name][0], "long_name": words[name][1]}) for name, array in values.items()
    }
    variables["n_shuffles"] = ("term", n, {"long_name": "shuffles that p is made from"})
    variables["shortest_s"] = (
        "term",
        least,
        {"units": "s" if bin_size else "bins", "long_name": "shortest shift, or length of a block"},
    )
    variables["null"] = (("shuffle", "term", "unit"), null, {"units": "nats/bin", "long_name": "gain of each shuffle"})
    coords = {"term": list(chosen), "unit": list(units)}
    return ShiftTest(xr.Dataset(variables, coords, dict(attrs)), tuple(dict.fromkeys(notes)))
