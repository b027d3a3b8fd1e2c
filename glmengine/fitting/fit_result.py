"""What a fit of many units is: its numbers, and everything that follows from them when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.context import Context
from glmengine.errors import GlmError
from glmengine.fitting.batch import Assembly
from glmengine.fitting.inputs import predictor, read_per_row
from glmengine.fitting.options import unit_number
from glmengine.inference.covariance import Evaluation, Uncertainty, Wald, evaluate, uncertainty
from glmengine.models import Penalty
from glmengine.solvers.problem import Problem

if TYPE_CHECKING:
    import xarray as xr


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
        Where each fit began (see `glmengine.fitting.starts`), None where that makes no difference.
    carried : int array
        Columns that do not vary, whose coefficients the penalty makes from those of their neighbours.
    """

    units: np.ndarray
    columns: np.ndarray | None
    problem: Problem
    theta: np.ndarray
    constant: np.ndarray
    free: np.ndarray
    starts: np.ndarray | None = None
    carried: np.ndarray = field(default_factory=lambda: np.zeros(0, int))


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
        ``ok``, ``silent`` (no spikes: coefficients 0, intercept -inf, or 0 with the identity link), ``no data`` (NaN), ``separated`` (no finite optimum), ``stopped``.
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
        """(M,) str: the named start whose stationary point is the best of those tried (see `glmengine.fitting.starts`); empty where the optimum is unique."""
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
        return self._uncertainty.covariance(unit_number(unit, self.unit_names), kind)

    @property
    def term_tests(self) -> Wald:
        """Wald statistics of the terms of the design (terms, M); see `glmengine.inference.tests.wald`, which labels them."""
        return self._uncertainty.terms

    def wald_statistics(self, groups: Sequence[np.ndarray]) -> Wald:
        """The same of other groups of columns, by number."""
        return self._uncertainty.wald(groups)

    def wald(self, groups: Any = None) -> xr.Dataset:
        """Wald tests (term, unit) of the terms, or of groups of columns: see `glmengine.inference.tests.wald`."""
        from glmengine.inference.tests import wald

        return wald(self, groups)

    def likelihood_ratio(self, smaller: Fit) -> xr.Dataset:
        """Test (unit) of what this fit has more than a smaller one: see `glmengine.inference.tests.likelihood_ratio`."""
        from glmengine.inference.tests import likelihood_ratio

        return likelihood_ratio(self, smaller)

    def pseudo_r2(self, kind: str = "cohen") -> np.ndarray:
        """(M,) pseudo-R2 against the mean of the fitted data: ``"cohen"`` 1 - deviance/null deviance, ``"mcfadden"`` 1 - LL/LL of the mean, each at
        its own most likely scale where the family has a free one."""
        if kind == "cohen":
            with np.errstate(invalid="ignore", divide="ignore"):
                return 1.0 - self.deviance / self.null_deviance
        if kind == "mcfadden":
            found = self._evaluation
            null = replace(found, log_likelihood=found.null_log_likelihood, deviance=found.null_deviance)
            with np.errstate(invalid="ignore", divide="ignore"):
                return 1.0 - self.log_likelihood / null.full_log_likelihood(self.assembly.family, self.n_valid)
        raise GlmError(f"there is no pseudo-R2 {kind!r}; choose 'cohen' or 'mcfadden'")

    def predict(self, X: Any, offset: Any = None) -> np.ndarray:
        """(T, M) expected observations for rows (T, P) or a `Design`; NaN where a row is not valid.

        Raises
        ------
        GlmError
            For rows that have not the columns of the fit, or offsets that do not belong to them.
        """
        eta = predictor(X, self.coef, self.feature_names)
        eta = eta + np.where(np.isneginf(self.intercept), -1e300, self.intercept)
        if offset is not None:
            offset = read_per_row(offset, "offset", eta.shape)
            eta = eta + (offset[:, None] if offset.ndim == 1 else offset)
        return np.asarray(self.assembly.link.mean(eta))
