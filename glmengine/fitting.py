"""`fit`: coefficients of a GLM for many units at once, at the true optimum, with everything that is said about them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.assembly import (
    NO_DATA,
    OK,
    SEPARATED,
    SILENT_UNIT,
    STOPPED,
    Assembly,
    assemble,
    column_groups,
    read_strength,
    resolve_penalty,
    restricted,
)
from glmengine.classes import ClassFit, fit_classes
from glmengine.context import SILENT, Context
from glmengine.errors import GlmError
from glmengine.fit_notes import column_notes, shape_notes, unit_notes
from glmengine.inference import Evaluation, Uncertainty, Wald, evaluate, uncertainty
from glmengine.inputs import Inputs, read_inputs
from glmengine.models import Penalty, Ridge, get_family, get_penalty
from glmengine.models.penalties import Resolved
from glmengine.solvers.problem import ALL_ROWS, Objective, Problem, Solution
from glmengine.starts import MEAN

if TYPE_CHECKING:
    import xarray as xr

SOLVERS = ("auto", "newton", "lbfgs")


@dataclass(frozen=True)
class Part:
    """Units that were solved together, with what is needed to look at their optimum again.

    Attributes
    ----------
    units : (k,) int array
    columns : (p,) int array or None
        Columns of the design that they use; all where None.
    problem : Problem
    theta : (k, Q) array
        Parameters in the scale of the prepared columns.
    constant, free : int array
        Columns left out because they do not vary, and columns that are not determined by the data of some unit.
    starts : (k,) array of str or None
        Where each fit began (see `glmengine.starts`), None where that makes no difference.
    """

    units: np.ndarray
    columns: np.ndarray | None
    problem: Problem
    theta: np.ndarray
    constant: np.ndarray
    free: np.ndarray
    starts: np.ndarray | None = None


@dataclass(frozen=True)
class Fit:
    """A fitted model of M units with P features; arrays are labelled by `feature_names` and `unit_names`.

    Attributes
    ----------
    coef : (P, M) array, intercept : (M,) array
        In raw units of the columns. A coefficient that a unit may not use is 0.
    objective, decrement : (M,)
        Mean loss plus penalty (CONVENTIONS of the objective: see `fit`), and half the Newton decrement at the end.
    converged : (M,) bool
        The stopping rule holds; never True for a fit that was stopped.
    status : (M,) str
        ``ok``, ``silent`` (no spikes: coefficients 0, intercept -inf), ``no data`` (NaN), ``separated`` (no finite optimum), ``stopped``.
    iterations : (M,) int
    seconds : float
    solver : str
    trace : tuple of dict
        Per iteration: columns at work, largest decrement, passes over the rows, Hessians made, seconds.
    strength : (M,)
        What the penalty was multiplied by, or its own strength.
    notes : tuple of str
        What a reader of the numbers should know (columns left out, units without spikes).

    Standard errors, `covariance`, `edf`, `aic`, `bic` and `dispersion` need the Hessian at the optimum, `log_likelihood` and deviances one
    more pass over the rows: both are made when first asked for.
    """

    coef: np.ndarray
    intercept: np.ndarray
    objective: np.ndarray
    decrement: np.ndarray
    converged: np.ndarray
    status: np.ndarray
    iterations: np.ndarray
    seconds: float
    solver: str
    trace: tuple[dict[str, float], ...]
    strength: np.ndarray
    feature_names: tuple[str, ...]
    unit_names: tuple[str, ...]
    family: str
    link: str
    penalty: Penalty
    notes: tuple[str, ...]
    assembly: Assembly
    parts: tuple[Part, ...]

    @property
    def starts(self) -> np.ndarray:
        """(M,) str: the named start whose stationary point is the best of those tried (see `glmengine.starts`); empty where the optimum is unique."""
        names = np.full(len(self.unit_names), "", dtype="<U13")
        for part in self.parts:
            if part.starts is not None:
                names[part.units] = part.starts
        return names

    @property
    def n_valid(self) -> np.ndarray:
        """(M,) sum of the weights of each unit's rows: their number without weights."""
        return self.assembly.n_valid[0]

    def assess(self, context: Context) -> None:
        """Make all that is otherwise made when first asked for (likelihoods, covariances), telling `context` how far it is.

        Raises
        ------
        Cancelled
            If the context says so.
        """
        if "_uncertainty" not in self.__dict__:
            evaluation = evaluate(self.assembly, self.parts, context)
            self.__dict__["_evaluation"] = evaluation
            self.__dict__["_uncertainty"] = uncertainty(self.assembly, self.parts, evaluation, context)

    @cached_property
    def _evaluation(self) -> Evaluation:
        return evaluate(self.assembly, self.parts)

    @cached_property
    def _uncertainty(self) -> Uncertainty:
        return uncertainty(self.assembly, self.parts, self._evaluation)

    @property
    def log_likelihood(self) -> np.ndarray:
        """(M,) summed over rows, nothing left out; with the estimated dispersion where the family has a free scale."""
        return self._evaluation.full_log_likelihood(self.assembly.family, self.n_valid)

    @property
    def deviance(self) -> np.ndarray:
        """(M,) deviance, summed over rows."""
        return self._evaluation.deviance

    @property
    def null_deviance(self) -> np.ndarray:
        """(M,) deviance of the mean observation."""
        return self._evaluation.null_deviance

    @property
    def standard_errors(self) -> np.ndarray:
        """(P, M) square roots of the diagonal of `covariance`; NaN where a coefficient is not identified."""
        return self._uncertainty.standard_errors

    @property
    def intercept_se(self) -> np.ndarray:
        """(M,) standard errors of the intercepts."""
        return self._uncertainty.intercept_se

    @property
    def edf(self) -> np.ndarray:
        """(M,) effective degrees of freedom, the intercept included: the trace of (H + penalty)^-1 H."""
        return self._uncertainty.edf

    @property
    def dispersion(self) -> np.ndarray:
        """(M,) Pearson X2/(n - edf) for Gaussian and Gamma, the estimated one of the negative binomial, else 1."""
        if not self.assembly.family.estimates_dispersion:
            return self._uncertainty.dispersion
        values = np.full(len(self.unit_names), np.nan)
        for part in self.parts:
            values[part.units] = part.problem.dispersion
        return values

    @property
    def aic(self) -> np.ndarray:
        """(M,) -2 log-likelihood + 2 (edf + 1 where a scale is estimated)."""
        return -2.0 * self.log_likelihood + 2.0 * self._parameters

    @property
    def bic(self) -> np.ndarray:
        """(M,) as `aic`, with the logarithm of the number of rows in place of 2."""
        with np.errstate(divide="ignore"):
            return -2.0 * self.log_likelihood + np.log(self.n_valid) * self._parameters

    @property
    def _parameters(self) -> np.ndarray:
        family = self.assembly.family
        return self.edf + (1.0 if family.free_scale or family.estimates_dispersion else 0.0)

    def covariance(self, unit: int | str = 0, kind: str = "bayesian") -> np.ndarray:
        """Covariance (P + 1, P + 1) of one unit's intercept (first) and coefficients.

        Parameters
        ----------
        unit : int or str
            Number or name of the unit.
        kind : str
            ``"bayesian"``: dispersion x (X'WX + T penalty)^-1, with W the expected curvature; equal to the inverse Fisher information
            without a penalty, and the posterior covariance under the prior that the penalty stands for (Wood 2006) with one. The loss of the
            Gaussian, the squared error, is twice its log-likelihood at scale 1: there it is dispersion x (X'X + T penalty / 2)^-1.
            ``"observed"``: the same with the actual second derivatives. ``"frequentist"``: of the penalised estimate over
            repeated data, H^-1 X'WX H^-1. ``"sandwich"``: with the squared scores in the middle, right also where the variance is not the family's.
        """
        return self._uncertainty.covariance(self._number(unit), kind)

    @property
    def term_tests(self) -> Wald:
        """Wald statistics of the terms of the design (terms, M); see `glmengine.significance.wald`, which labels them."""
        return self._uncertainty.terms

    def wald_statistics(self, groups: Sequence[np.ndarray]) -> Wald:
        """The same of other groups of columns, by number."""
        return self._uncertainty.wald(groups)

    def wald(self, groups: Any = None) -> xr.Dataset:
        """Wald tests (term, unit) of the terms, or of groups of columns: see `glmengine.significance.wald`."""
        from glmengine.significance import wald

        return wald(self, groups)

    def likelihood_ratio(self, smaller: Fit) -> xr.Dataset:
        """Test (unit) of what this fit has more than a smaller one: see `glmengine.significance.likelihood_ratio`."""
        from glmengine.significance import likelihood_ratio

        return likelihood_ratio(self, smaller)

    def pseudo_r2(self, kind: str = "cohen") -> np.ndarray:
        """(M,) pseudo-R2 against the mean of the fitted data: ``"cohen"`` 1 - deviance/null deviance, ``"mcfadden"`` 1 - LL/LL of the mean."""
        if kind == "cohen":
            with np.errstate(invalid="ignore", divide="ignore"):
                return 1.0 - self.deviance / self.null_deviance
        if kind == "mcfadden":
            return 1.0 - self._evaluation.log_likelihood / self._evaluation.null_log_likelihood
        raise GlmError(f"there is no pseudo-R2 {kind!r}; choose 'cohen' or 'mcfadden'")

    def predict(self, X: Any, offset: Any = None) -> np.ndarray:
        """(T, M) expected observations for rows (T, P) or a `Design`; NaN where a row is not valid."""
        if hasattr(X, "matvec") and hasattr(X, "valid"):
            eta = np.where(np.asarray(X.valid)[:, None], X.matvec(self.coef), np.nan)
        else:
            eta = np.asarray(getattr(X, "values", X), dtype=float) @ self.coef
        eta = eta + np.where(np.isneginf(self.intercept), -1e300, self.intercept)
        if offset is not None:
            offset = np.asarray(offset, dtype=float)
            eta = eta + (offset[:, None] if offset.ndim == 1 else offset)
        return np.asarray(self.assembly.link.mean(eta))

    def _number(self, unit: int | str) -> int:
        if isinstance(unit, str):
            if unit not in self.unit_names:
                raise GlmError(f"there is no unit '{unit}'; the units are {', '.join(self.unit_names)}")
            return self.unit_names.index(unit)
        return int(unit)


def fit(
    X: Any,
    Y: Any,
    family: Any = "poisson",
    link: Any = None,
    penalty: Penalty | str | None = Ridge(1e-4),  # noqa: B008 - a frozen value
    *,
    strength: Any = None,
    weights: Any = None,
    offset: Any = None,
    intercept: bool = True,
    mask: Any = None,
    start: Any = None,
    unit_names: Sequence[str] | None = None,
    n_classes: int | None = None,
    whole: bool = True,
    solver: str = "auto",
    memory: float = 2.0,
    context: Context | None = None,
) -> Fit | ClassFit:
    """Fit a GLM to each unit.

    Minimised for each unit is sum(w nll)/sum(w) over its valid rows plus the penalty; the intercept is never penalised. The Poisson nll leaves
    out the factorial, the Gaussian one is the squared error. `Ridge(a)` adds a/2 |coef|^2: the textbook form max log p - alpha sum(coef^2)
    is a = 2 alpha / T, with T the sum of the valid weights.

    Parameters
    ----------
    X : (T, P) array, data frame, xarray, pynapple frame, or Design
        A row with NaN is left out for all units.
    Y : (T,) or (T, M), same kinds
        Observations; NaN leaves the row out for that unit alone.
    family, link : str or Family, Link
        Link by default the family's first.
    penalty : Penalty, str or None
    strength : float or (M,) array, optional
        Replaces the penalty's own strength (multiplies a sum of penalties), one for each unit.
    weights : (T,) or (T, M), optional
        Frequency weights: 2 counts as the same row twice, everywhere.
    offset : (T,) or (T, M), optional
        Added to the linear predictor.
    intercept : bool
    mask : (P, M) bool, optional
        Which columns may be used for which unit.
    start : Fit or (coef (P, M), intercept (M,)), optional
        Where to begin.
    unit_names : sequence of str, optional
    n_classes : int, optional
        Number of classes of the categorical family; one more than the largest label where not given.
    whole : bool
        Refuse counts that are not whole numbers; off, any number from 0 on is taken for one.
    solver : str
        ``"auto"``, ``"newton"`` or ``"lbfgs"``, for smooth penalties; those that make zeros have proximal Newton.
    memory : float
        GB that the prepared design may take; a larger one is read in pieces in each pass.
    context : Context, optional
        Hears of progress, can cancel, or stop and keep what there is (status ``stopped``).

    Raises
    ------
    GlmError
        For input that cannot be fitted, saying where.
    Cancelled
        If the context says so.
    """
    from glmengine import runtime

    context = context or SILENT
    began = time.perf_counter()
    family = get_family(family)
    link = family.link(link)
    penalty = get_penalty(penalty)
    check_options(solver, memory)
    inputs = read_inputs(X, Y, family, weights=weights, offset=offset, mask=mask, units=unit_names, whole=whole)
    factor = np.ones(inputs.shape[2]) if strength is None else read_strength(strength, inputs.units)
    base = penalty if strength is None else penalty.scaled(1.0)
    if family.name == "categorical":
        family.check(inputs.Y, inputs.units, n_classes=n_classes)
        begin = (start.coef, start.intercept) if isinstance(start, ClassFit) else start
        return fit_classes(
            inputs,
            resolve_penalty(base, inputs, None),
            penalty,
            factor,
            strength=np.full(inputs.shape[2], penalty.strength) if strength is None else factor,
            n_classes=n_classes,
            intercept=intercept,
            start=begin,
            context=context,
        )
    with runtime.float64():
        assembly = assemble(inputs, family, link, intercept=intercept)
        resolved = resolve_penalty(base, inputs, None)
        return _fit_units(assembly, resolved, penalty, factor, strength, start, solver, memory, context, began)


def _fit_units(
    assembly: Assembly,
    resolved: Resolved,
    penalty: Penalty,
    factor: np.ndarray,
    strength: Any,
    start: Any,
    solver: str,
    memory: float,
    context: Context,
    began: float,
) -> Fit:
    inputs = assembly.inputs
    _, P, M = inputs.shape
    coef, ends = np.zeros((P, M)), np.zeros(M)
    objective, decrement = np.full(M, np.nan), np.full(M, np.nan)
    converged, iterations = np.zeros(M, bool), np.zeros(M, int)
    status = assembly.status.copy()
    silent, empty = status == SILENT_UNIT, status == NO_DATA
    coef[:, empty], ends[empty] = np.nan, np.nan
    ends[silent] = -np.inf if assembly.intercept else 0.0
    objective[silent] = 0.0
    decrement[silent] = 0.0
    converged[silent] = True
    ends[status == SEPARATED], objective[status == SEPARATED] = np.inf, 0.0
    begin = _start(start, P, M)
    groups = column_groups(inputs.mask, np.flatnonzero(status == OK))
    if len(groups) > 1:
        assembly = assembly.gathered(memory * 1e9)
    parts: list[Part] = []
    names: list[str] = []
    trace: list[dict[str, float]] = []
    for number, (units, columns) in enumerate(groups):
        if not units.size:
            continue
        share = context.part(number / len(groups), (number + 1) / len(groups), f"Fitting {M} units" if M > 1 else None)
        part, solution = _solve_group(assembly, resolved, units, columns, factor, begin, solver, memory, share)
        place = slice(None) if columns is None else columns
        coef[place, units] = solution.coef.T if columns is None else 0.0
        if columns is not None:
            coef[np.ix_(columns, units)] = solution.coef.T
        ends[units] = solution.intercept
        objective[units], decrement[units] = solution.objective, solution.decrement
        converged[units], iterations[units] = solution.converged, solution.iterations
        status[units] = np.where(solution.converged, OK, np.where(solution.runaway, SEPARATED, STOPPED))
        parts.append(part)
        names.append(solution.solver)
        trace.extend(solution.trace)
    notes = (
        *unit_notes(status, inputs.units),
        *column_notes(parts, inputs),
        *shape_notes(assembly, parts, objective, converged),
    )
    own = np.full(M, penalty.strength) if strength is None else factor
    return Fit(
        coef=coef,
        intercept=ends,
        objective=objective,
        decrement=decrement,
        converged=converged,
        status=status,
        iterations=iterations,
        seconds=time.perf_counter() - began,
        solver="; ".join(dict.fromkeys(names)) or "none",
        trace=tuple(trace),
        strength=own,
        feature_names=inputs.features,
        unit_names=inputs.units,
        family=assembly.family.name,
        link=assembly.link.name,
        penalty=penalty,
        notes=notes,
        assembly=assembly,
        parts=tuple(parts),
    )


def _solve_group(
    assembly: Assembly,
    resolved: Resolved,
    units: np.ndarray,
    columns: np.ndarray | None,
    factor: np.ndarray,
    begin: tuple[np.ndarray, np.ndarray] | None,
    solver: str,
    memory: float,
    context: Context,
) -> tuple[Part, Solution]:
    from glmengine.dispatch import Minimiser
    from glmengine.solvers.rank import constant_columns

    inputs = assembly.inputs
    rows = assembly.rows(columns, width=units.size, memory=memory * 1e9)
    held = np.full(units.size, ALL_ROWS)
    penalty = resolved if columns is None else restricted(resolved, columns)
    constant = constant_columns(rows, context)
    movable = movable_columns(inputs, units, columns) & ~constant
    problem = assembly.problem(rows, penalty, units, held, factor[units], movable)
    if begin is None:
        coef, ends = np.zeros((units.size, rows.n_features)), assembly.null_predictor(units, held) * assembly.intercept
    else:
        coef = begin[0][:, units].T if columns is None else begin[0][np.ix_(columns, units)].T
        ends = begin[1][units]
    minimiser = Minimiser(penalty, solver)
    first = Objective(problem, context).start(coef, ends)
    solution, problem, theta = minimiser.solve(problem, first, context, start=MEAN if begin is None else "given")
    places = np.arange(rows.n_features) if columns is None else columns
    free = np.zeros(0, int) if solution.free is None else places[(solution.free & movable).any(axis=0)]
    return Part(units, columns, problem, theta, places[constant], free, minimiser.starts), solution


def movable_columns(inputs: Inputs, units: np.ndarray, columns: np.ndarray | None) -> np.ndarray:
    """(K, P) bool: which of these columns each unit may use."""
    n = inputs.source.shape[1] if columns is None else columns.size
    if inputs.mask is None:
        return np.ones((units.size, n), bool)
    mask = inputs.mask if columns is None else inputs.mask[columns]
    return mask[:, units].T


def check_options(solver: str, memory: float) -> None:
    """Refuse an unknown solver and a memory limit that is no size."""
    if solver not in SOLVERS:
        raise GlmError(f"there is no solver {solver!r}; choose one of {', '.join(SOLVERS)}", field="model.solver")
    if not memory > 0:
        raise GlmError(f"memory: is {memory}; give the GB that the design may take, above 0", field="model.memory")


def _start(start: Any, P: int, M: int) -> tuple[np.ndarray, np.ndarray] | None:
    if start is None:
        return None
    coef, ends = (start.coef, start.intercept) if isinstance(start, Fit) else start
    coef, ends = (
        np.asarray(coef, dtype=float).reshape(-1, M) if np.ndim(coef) == 1 else np.asarray(coef, dtype=float),
        np.atleast_1d(np.asarray(ends, dtype=float)),
    )
    if coef.shape != (P, M) or ends.shape != (M,):
        raise GlmError(f"start: has shapes {coef.shape} and {ends.shape}; give coefficients {(P, M)} and intercepts {(M,)}")
    return np.nan_to_num(coef, posinf=0.0, neginf=0.0), np.nan_to_num(ends, posinf=0.0, neginf=0.0)
