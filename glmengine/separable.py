"""Fits and cross-validation of models with separable receptive fields: unit by unit, from several named starts, with what a fit has otherwise."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.assembly import DECREMENT, NO_DATA, OK, SILENT_UNIT, STOPPED, resolve_penalty
from glmengine.context import SILENT, Context, Progress
from glmengine.design import Design
from glmengine.errors import GlmError
from glmengine.inference import Evaluation, wald_statistic
from glmengine.inputs import Inputs, read_inputs
from glmengine.models import Family, Link, Penalty, get_family
from glmengine.significance import WALD_WORDS, p_values
from glmengine.solvers.low_rank import Found, Part, Tangent, Unit, minimise, tangent
from glmengine.solvers.negative_binomial import LOWEST, best_dispersion
from glmengine.validation import CrossValidation, Scores, fold_numbers, strengths_of_list

if TYPE_CHECKING:
    import xarray as xr

AVERAGE, RANDOM = "spike-triggered average", "random maps"
"""Where a fit begins; the better end is taken."""

_CHUNK_NUMBERS, _BLOCK_NUMBERS = 2**21, 2**19
_DISPERSIONS = 30


def separable_terms(design: Design) -> list[str]:
    """Labels of the terms whose fields are held to a rank."""
    return [term.label for term in design.terms if term.kind == "receptive_field" and term.space == "separable"]


@dataclass(frozen=True)
class SeparableFit:
    """What `glmengine.Fit` is, of M units some of whose coefficients are matrices of low rank; the attributes have the same names."""

    coef: np.ndarray
    intercept: np.ndarray
    objective: np.ndarray
    decrement: np.ndarray
    converged: np.ndarray
    status: np.ndarray
    iterations: np.ndarray
    seconds: float
    solver: str
    strength: np.ndarray
    unit_names: tuple[str, ...]
    notes: tuple[str, ...]
    n_valid: np.ndarray
    problem: _Problem
    founds: tuple[Found | None, ...]
    dispersions: np.ndarray

    def assess(self, context: Context) -> None:
        """Make the covariances, which are otherwise made when first asked for."""
        if "_tangents" not in self.__dict__:
            self.__dict__["_tangents"] = self._made(context)

    @cached_property
    def _tangents(self) -> tuple[Tangent | None, ...]:
        return self._made(SILENT)

    def _made(self, context: Context) -> tuple[Tangent | None, ...]:
        made: list[Tangent | None] = []
        for m, found in enumerate(self.founds):
            context.check()
            context.report(Progress("Standard errors", m / len(self.founds)))
            unit = None if found is None else self.problem.unit(m, self.strength[m], self.dispersions[m])
            made.append(None if found is None or unit is None else tangent(unit, found))
        return tuple(made)

    @property
    def edf(self) -> np.ndarray:
        """(M,) effective degrees of freedom, within the rank."""
        none = np.where(self.status == SILENT_UNIT, 0.0, np.nan)
        return np.array([none[m] if made is None else made.edf for m, made in enumerate(self._tangents)])

    @property
    def dispersion(self) -> np.ndarray:
        """(M,) Pearson estimate of a free scale, the fitted one of the negative binomial, else 1."""
        if self.problem.family.estimates_dispersion:
            return self.dispersions
        if not self.problem.family.free_scale:
            return np.where(self.status == NO_DATA, np.nan, 1.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.n_valid > self.edf, self._sums.pearson / (self.n_valid - self.edf), np.nan)

    def covariance(self, unit: int, kind: str = "bayesian") -> np.ndarray:
        """(P + 1, P + 1), the intercept first: of the tangent space of the rank at the optimum (delta method)."""
        if kind != "bayesian":
            raise GlmError(f"there is no {kind} covariance of a separable field; choose bayesian")
        made, size = self._tangents[unit], len(self.coef) + 1
        return np.full((size, size), np.nan) if made is None else made.covariance * self._scale(unit)

    def _scale(self, unit: int) -> float:
        """What the inverse of a mean loss's second derivatives is multiplied by to be a covariance."""
        family = self.problem.family
        scale = self.dispersion[unit] if family.free_scale else 1.0
        return float(scale * family.loss_factor / self.n_valid[unit])

    def wald(self) -> xr.Dataset:
        """Wald tests (term, unit) of the terms, in the tangent space: see `glmengine.significance.wald`."""
        import xarray as xr

        groups = self.problem.inputs.groups
        statistic, df = (np.full((len(groups), len(self.unit_names)), np.nan) for _ in range(2))
        labels = {part.columns.tobytes(): number for number, part in enumerate(self.problem.parts)}
        for m, made in enumerate(self._tangents):
            if made is None:
                continue
            free = np.setdiff1d(np.flatnonzero(self.problem.allowed[:, m]), self.problem.held)
            for row, group in enumerate(groups.values()):
                part = labels.get(np.asarray(group).tobytes())
                where = np.flatnonzero(np.isin(free, group)) if part is None else made.places[part]
                statistic[row, m], df[row, m] = self._tested(made, where, m)
        rest = self.n_valid - self.edf if self.problem.family.free_scale else None
        values = {"wald": statistic, "df": df, "p": p_values(statistic, df, rest)}
        return xr.Dataset(
            {name: (("term", "unit"), value, {"long_name": WALD_WORDS[name]}) for name, value in values.items()},
            {"term": list(groups), "unit": list(self.unit_names)},
        )

    def _tested(self, made: Tangent, where: np.ndarray, m: int) -> tuple[float, float]:
        if not where.size:
            return np.nan, np.nan
        constant = made.hessian[where, -1]
        information = made.hessian[np.ix_(where, where)] - np.outer(constant, constant) / made.hessian[-1, -1]
        edf = float(np.sum(made.inverse * made.hessian, axis=1)[where].sum())
        penalised = bool(self.strength[m] and self.problem.quadratic.any())
        found = wald_statistic(
            made.position[where],
            made.inverse[np.ix_(where, where)] * self._scale(m),
            information,
            edf if penalised else np.inf,
        )
        return (found[0], float(found[1])) if found[1] else (np.nan, np.nan)

    @cached_property
    def _deviations(self) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return np.stack([np.sqrt(np.maximum(np.diagonal(self.covariance(m)), 0.0)) for m in range(len(self.unit_names))])

    @property
    def standard_errors(self) -> np.ndarray:
        """(P, M); NaN for columns that the unit may not use."""
        return np.where(self.problem.allowed.T, self._deviations[:, 1:], np.nan).T

    @property
    def intercept_se(self) -> np.ndarray:
        return self._deviations[:, 0]

    @cached_property
    def _sums(self) -> Evaluation:
        table = np.full((8, len(self.unit_names)), np.nan)
        table[:, self.status == SILENT_UNIT] = 0.0
        for m, found in enumerate(self.founds):
            if found is not None:
                unit = self.problem.unit(m, self.strength[m], self.dispersions[m])
                table[:, m] = _sums(unit, found, unit.weights > 0, float(self.problem.means[m]))
        return Evaluation(table[2], table[3], table[4], table[5], table[6])

    @property
    def log_likelihood(self) -> np.ndarray:
        return self._sums.full_log_likelihood(self.problem.family, self.n_valid)

    @property
    def deviance(self) -> np.ndarray:
        return self._sums.deviance

    @property
    def null_deviance(self) -> np.ndarray:
        return self._sums.null_deviance

    @property
    def _parameters(self) -> np.ndarray:
        return self.edf + float(self.problem.family.free_scale or self.problem.family.estimates_dispersion)

    @property
    def aic(self) -> np.ndarray:
        return 2.0 * self._parameters - 2.0 * self.log_likelihood

    @property
    def bic(self) -> np.ndarray:
        return np.log(self.n_valid) * self._parameters - 2.0 * self.log_likelihood


class _Problem:
    """Rows, columns and penalty of all units, read once."""

    def __init__(self, inputs: Inputs, design: Design, family: Family, link: Link, penalty: Penalty, memory: float) -> None:
        self.inputs, self.family, self.link = inputs, family, link
        resolved = resolve_penalty(penalty.scaled(1.0), inputs, None)
        if not resolved.is_smooth:
            raise GlmError(
                "a separable receptive field cannot have a penalty that makes zeros; choose ridge, smoothness or none",
                field="model.penalty",
            )
        self.quadratic = resolved.quadratic
        self.index = np.flatnonzero(inputs.valid)
        Y = np.asarray(inputs.Y[self.index], np.float64)
        self.present = np.isfinite(Y).astype(float)
        self.Y = np.where(self.present > 0, Y, 1.0 if family.name == "gamma" else 0.0)
        P, M = inputs.source.shape[1], Y.shape[1]
        self.allowed = np.ones((P, M), bool) if inputs.mask is None else inputs.mask
        self.parts = []
        for label in separable_terms(design):
            columns = np.asarray(design.groups[label])
            term = next(term for term in design.terms if term.label == label)
            n = len(set(design.columns["function"].to_numpy()[columns].tolist()))
            self.parts.append(Part(columns, (columns.size // n, n), term.rank))
        self.held = np.concatenate([part.columns for part in self.parts])
        self._whole = 8.0 * self.index.size * P <= memory
        self._X: np.ndarray | None = None

    @property
    def means(self) -> np.ndarray:
        """(M,) mean observations."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return (self.Y * self.present).sum(axis=0) / self.present.sum(axis=0)

    def blocks(self) -> Iterable[tuple[slice, np.ndarray]]:
        """The used rows of the design, kept where they fit in memory."""
        if not self._whole:
            return self._read()
        if self._X is None:
            self._X = np.empty((self.index.size, self.inputs.source.shape[1]))
            for rows, part in self._read():
                self._X[rows] = part
        step = max(1, _BLOCK_NUMBERS // max(self._X.shape[1], 1))
        starts = range(0, len(self._X), step)
        return [(slice(start, min(start + step, len(self._X))), self._X[start : start + step]) for start in starts]

    def _read(self) -> Iterator[tuple[slice, np.ndarray]]:
        step = max(256, _CHUNK_NUMBERS // max(self.inputs.source.shape[1], 1))
        for start in range(0, self.index.size, step):
            rows = self.index[start : start + step]
            first, last = int(rows[0]), int(rows[-1]) + 1
            yield slice(start, start + rows.size), self.inputs.source.chunk(first, last)[rows - first]

    def unit(self, m: int, strength: float, dispersion: float, kept: np.ndarray | None = None) -> Unit:
        """One unit on the rows `kept` (n,) bool, all where None."""
        weights = self.present[:, m] if kept is None else self.present[:, m] * kept
        free = np.setdiff1d(np.flatnonzero(self.allowed[:, m]), self.held)
        mean = float(weights @ self.Y[:, m] / weights.sum())
        with np.errstate(invalid="ignore", divide="ignore"):
            null = np.asarray(self.family.deviance(np.full(len(weights), mean), self.Y[:, m], np.float64(dispersion)))
        scale = float(weights @ np.nan_to_num(null) / weights.sum())
        limit = DECREMENT * (max(scale, 1e-300) if self.family.name == "gaussian" else max(1.0, scale))
        return Unit(
            self.blocks,
            self.Y[:, m],
            weights,
            self.family,
            self.link,
            dispersion,
            self.quadratic * strength,
            tuple(self.parts),
            free,
            limit,
        )

    def average_maps(self, unit: Unit) -> list[np.ndarray]:
        """For each part the leading maps of the covariance of its columns with the observations: a spike-triggered average."""
        total = unit.weights.sum()
        mean = float(unit.weights @ unit.y / total)
        P = len(unit.penalty)
        cross, sums, squares = np.zeros(P), np.zeros(P), np.zeros(P)
        for rows, X in unit.blocks():
            cross += (unit.weights[rows] * (unit.y[rows] - mean)) @ X
            sums += unit.weights[rows] @ X
            squares += unit.weights[rows] @ X**2
        spread = squares / total - (sums / total) ** 2
        slopes = np.where(spread > 0, cross / total / np.where(spread > 0, spread, 1.0), 0.0)
        return [np.linalg.svd(slopes[part.columns].reshape(part.shape))[0][:, : part.rank] for part in self.parts]


def fit_separable(
    design: Design,
    counts: Any,
    *,
    family: str,
    link: str | None,
    penalty: Penalty,
    strength: Any,
    mask: np.ndarray | None = None,
    unit_names: Sequence[str] | None = None,
    memory: float = 2.0,
    seed: int = 0,
    context: Context | None = None,
) -> SeparableFit:
    """Fit each unit, its separable fields held to their rank.

    Parameters
    ----------
    design : Design
        With at least one receptive field whose `space` is separable.
    counts, family, link, penalty, mask, unit_names, memory, context
        As for `glmengine.fit`; the penalty must be smooth.
    strength : float or (M,) array
    seed : int
        Of the random start.

    Notes
    -----
    The likelihood is not concave in the factors: what is found is a stationary point, the best of the named starts (notes).
    """
    context, began = context or SILENT, time.perf_counter()
    found_family = get_family(family)
    inputs = read_inputs(design, counts, found_family, mask=mask, units=unit_names)
    problem = _Problem(inputs, design, found_family, found_family.link(link), penalty, memory * 1e9)
    P, M = inputs.source.shape[1], inputs.Y.shape[1]
    strengths = np.broadcast_to(np.asarray(strength, float), (M,)).copy()
    coef, ends = np.zeros((P, M)), np.full(M, np.nan)
    founds: list[Found | None] = []
    dispersions, status, best_start = np.ones(M), np.full(M, OK, dtype="<U9"), [""] * M
    for m in range(M):
        share = context.part(m / M, (m + 1) / M, f"Fitting {inputs.units[m]}")
        total, spikes = problem.present[:, m].sum(), problem.Y[:, m] @ problem.present[:, m]
        if total == 0 or (spikes == 0 and (found_family.counts or found_family.name == "bernoulli")):
            status[m] = NO_DATA if total == 0 else SILENT_UNIT
            coef[:, m], ends[m] = (np.nan, np.nan) if total == 0 else (0.0, -np.inf)
            founds.append(None)
            continue
        found, dispersions[m], best_start[m] = _best(problem, m, strengths[m], None, seed, share)
        status[m] = OK if found.converged else STOPPED
        coef[:, m], ends[m] = found.w, found.b
        founds.append(found)
    done = [
        found if found is not None else Found(np.zeros(P), 0.0, 0.0, 0.0, 0, bool(s == SILENT_UNIT))
        for found, s in zip(founds, status, strict=True)
    ]
    return SeparableFit(
        coef=coef,
        intercept=ends,
        objective=np.array([found.objective for found in done]),
        decrement=np.array([found.decrement for found in done]),
        converged=np.array([found.converged for found in done]),
        status=status,
        iterations=np.array([found.steps for found in done]),
        seconds=time.perf_counter() - began,
        solver="alternating and Newton steps on matrices of low rank",
        strength=strengths,
        unit_names=inputs.units,
        notes=_notes(status, inputs.units, best_start),
        n_valid=problem.present.sum(axis=0),
        problem=problem,
        founds=tuple(founds),
        dispersions=dispersions,
    )


def _notes(status: np.ndarray, units: Sequence[str], starts: Sequence[str]) -> tuple[str, ...]:
    notes = [
        "A separable field makes the likelihood not concave: what was found is a stationary point, and there may be others. "
        + "; ".join(
            f"the best start was the {name} for {', '.join(chosen)}"
            for name in (AVERAGE, RANDOM)
            if (chosen := [unit for unit, start in zip(units, starts, strict=True) if start == name])
        )
        + "."
    ]
    texts = (
        (SILENT_UNIT, "no spikes in the bins used; nothing is fitted"),
        (NO_DATA, "no valid bin"),
        (STOPPED, "stopped before the optimum"),
    )
    for kind, text in texts:
        named = [unit for unit, value in zip(units, status, strict=True) if value == kind]
        if named:
            notes.append(f"{'Unit' if len(named) == 1 else 'Units'} {', '.join(named)}: {text}.")
    return tuple(notes)


def _best(
    problem: _Problem, m: int, strength: float, kept: np.ndarray | None, seed: int, context: Context
) -> tuple[Found, float, str]:
    """The lower of the ends of the named starts, with its dispersion."""
    rng = np.random.default_rng([seed, m])
    best: tuple[Found, float, str] | None = None
    for number, name in enumerate((AVERAGE, RANDOM)):
        share = context.part(number / 2, (number + 1) / 2)
        unit = problem.unit(m, strength, 1.0, kept)
        maps = problem.average_maps(unit)
        if name == RANDOM:
            maps = [rng.normal(size=left.shape) for left in maps]
        found, dispersion = _ended(problem, unit, None, maps, share)
        if best is None or found.objective < best[0].objective - 1e-12 * max(1.0, abs(best[0].objective)):
            best = found, dispersion, name
        if context.stopping:
            break
    assert best is not None
    return best


def _ended(
    problem: _Problem, unit: Unit, start: Found | None, maps: list[np.ndarray] | None, context: Context
) -> tuple[Found, float]:
    """The end of one start, and the dispersion that is most likely there."""
    context.report(Progress("Fitting", 0.0))
    mean = float(unit.weights @ unit.y / unit.weights.sum())
    w = np.zeros(len(unit.penalty)) if start is None else start.w
    b = float(problem.link.eta(mean)) if start is None else start.b
    found = minimise(unit, w, b, maps, context)
    if not problem.family.estimates_dispersion:
        return found, 1.0
    for _ in range(_DISPERSIONS):
        mu = np.asarray(problem.link.mean(unit.predictor(found.w, found.b)))
        dispersion = best_dispersion(unit.y, mu, unit.weights, unit.dispersion)
        settled = abs(dispersion - unit.dispersion) <= 1e-9 * max(dispersion, LOWEST)
        unit = replace(unit, dispersion=dispersion)
        if settled or context.stopping:
            return found, dispersion
        found = minimise(unit, found.w, found.b, None, context)
    return replace(found, converged=False), unit.dispersion


def cross_validate_separable(
    design: Design,
    counts: Any,
    *,
    family: str,
    link: str | None,
    penalty: Penalty,
    strengths: Sequence[float],
    folds: Any,
    mask: np.ndarray | None = None,
    unit_names: Sequence[str] | None = None,
    memory: float = 2.0,
    seed: int = 0,
    context: Context | None = None,
) -> CrossValidation:
    """Score every strength on every held-out fold, as `glmengine.cross_validate` does; each fold begins from its own training rows."""
    context, began = context or SILENT, time.perf_counter()
    found_family = get_family(family)
    values = strengths_of_list(strengths)
    inputs = read_inputs(design, counts, found_family, mask=mask, units=unit_names)
    fold_of = fold_numbers(folds, inputs)
    labels = np.unique(fold_of[fold_of >= 0])
    scores = Scores(labels.size, values.size, inputs, keep=False)
    problem = _Problem(inputs, design, found_family, found_family.link(link), penalty, memory * 1e9)
    M, n_folds = inputs.Y.shape[1], labels.size
    for step, (m, number) in enumerate(np.ndindex(M, n_folds)):
        share = context.part(step / (M * n_folds), (step + 1) / (M * n_folds), f"Cross-validating {inputs.units[m]}")
        fold = fold_of[problem.index]
        kept, present = fold != labels[number], problem.present[:, m]
        counted = found_family.counts or found_family.name == "bernoulli"
        if not (present[~kept].any() and present[kept].any()) or (counted and not (present[kept] @ problem.Y[kept, m]) > 0):
            continue
        found: Found | None = None
        for s in np.argsort(-values, kind="stable"):
            unit = problem.unit(m, float(values[s]), 1.0, kept)
            maps = problem.average_maps(unit) if found is None else None
            found, dispersion = _ended(problem, unit, found, maps, share)
            unit = replace(unit, dispersion=dispersion)
            mean = float(unit.weights @ unit.y / unit.weights.sum())
            scores.sums[:, number, s, m] = _sums(replace(unit, weights=present), found, (present > 0) & ~kept, mean)
            scores.converged[number, s, m] = found.converged
            if context.stopping:
                break
    scores.solvers.append("alternating and Newton steps on matrices of low rank")
    return scores.summary(found_family, labels, values, fold_of, time.perf_counter() - began)


def _sums(unit: Unit, found: Found, rows: np.ndarray, null: float) -> np.ndarray:
    """(8,) sums over `rows` (n,) bool: weights, observations, log-likelihood and deviance, those of the mean `null`, Pearson residuals
    and distances from the mean, both squared."""
    y, weights = unit.y[rows], unit.weights[rows]
    mu = np.asarray(unit.link.mean(unit.predictor(found.w, found.b)[rows]))
    base, dispersion, family = np.full(y.shape, null), np.float64(unit.dispersion), unit.family
    parts = (
        np.ones_like(y),
        y,
        family.log_likelihood(mu, y, dispersion),
        family.deviance(mu, y, dispersion),
        family.log_likelihood(base, y, dispersion),
        family.deviance(base, y, dispersion),
        (y - mu) ** 2 / family.variance(mu, dispersion),
        (y - base) ** 2,
    )
    return np.array([float(weights @ np.asarray(part)) for part in parts])
