"""What a fit of many units is: its numbers, and everything that follows from them when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.context import Context
from glmengine.errors import GlmError
from glmengine.fitting.batch import Assembly
from glmengine.fitting.found_strengths import FoundStrengths
from glmengine.fitting.inputs import predictor, read_per_row
from glmengine.fitting.options import unit_number
from glmengine.inference import tests
from glmengine.inference.inference import Inference
from glmengine.inference.part import Part
from glmengine.models import Penalty

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Fit:
    """A fitted model of M units with P features, of whatever family; arrays are labelled by `feature_names` and `unit_names`.

    Attributes
    ----------
    coef : (P, M) array, intercept : (M,) array
        In raw units of the columns. A coefficient that a unit may not use is 0.
        With C classes (P, C, M) and (C, M): without a penalty those of the last class are 0 (it is the reference); with one they are
        symmetric, and what the penalty leaves free (intercepts) sums to zero over classes. Intercept -inf for a class that a unit never shows.
    objective, decrement : (M,)
        Mean loss plus penalty (CONVENTIONS of the objective: see `fit`), and half the Newton decrement at the end.
    converged : (M,) bool
        The stopping rule holds; never True for a fit that was stopped.
    status : (M,) str
        ``ok``, ``silent`` (no spikes, or one class only: coefficients 0, intercept -inf, or 0 with the identity link), ``no data`` (NaN), ``separated`` (no finite optimum), ``stopped``.
    iterations : (M,) int
    seconds : float
    solver : str
    trace : tuple of dict
        Per iteration: columns at work, largest decrement, passes over the rows, Hessians made, seconds.
    strength : (M,)
        What the penalty was multiplied by, or its own strength; NaN where strengths were found.
    notes : tuple of str
        What a reader of the numbers should know (columns left out, units without spikes).
    backend : str
        What computed: which implementation of the operations over rows, and where.
    inference : Inference
        What follows from the optimum.
    found : FoundStrengths or None
        The strength of each penalised part, where they were found by marginal likelihood.

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
    inference: Inference
    parts: tuple[Part, ...] = ()
    backend: str = ""
    found: FoundStrengths | None = None

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
        return self.assembly.n_valid

    @property
    def n_classes(self) -> int:
        """C, 1 where there is one linear predictor."""
        return self.intercept.shape[0] if self.intercept.ndim == 2 else 1

    def assess(self, context: Context) -> None:
        """Make all that is otherwise made when first asked for (likelihoods, covariances), telling `context` how far it is.

        Raises
        ------
        Cancelled
            If the context says so.
        """
        self.inference.make(context)

    def release(self) -> None:
        """Keep none of the prepared rows; what has not been made yet prepares them again."""
        for part in self.parts:
            part.problem.rows.release()

    @property
    def log_likelihood(self) -> np.ndarray:
        """(M,) summed over rows, nothing left out; with the estimated dispersion where the family has a free scale."""
        return self.inference.evaluation.full_log_likelihood(self.assembly.family, self.n_valid)

    @property
    def deviance(self) -> np.ndarray:
        """(M,) deviance, summed over rows."""
        return self.inference.evaluation.deviance

    @property
    def null_deviance(self) -> np.ndarray:
        """(M,) deviance of the mean observation."""
        return self.inference.evaluation.null_deviance

    @property
    def standard_errors(self) -> np.ndarray:
        """(P, M) square roots of the diagonal of `covariance`; NaN where neither the data nor the penalty identify a coefficient. Where a
        penalty alone does, however weak, the error is that of the penalty, which `covariance` leaves out once rounding would spoil rates."""
        return self.inference.standard_errors

    @property
    def intercept_se(self) -> np.ndarray:
        """(M,) standard errors of the intercepts."""
        return self.inference.intercept_se

    @property
    def edf(self) -> np.ndarray:
        """(M,) effective degrees of freedom, the intercept included: the trace of (H + penalty)^-1 H."""
        return self.inference.edf

    @property
    def column_edf(self) -> np.ndarray:
        """(P, M) what each column has of the effective degrees of freedom; those of a term are the sum over its columns."""
        return self.inference.column_edf

    @property
    def dispersion(self) -> np.ndarray:
        """(M,) Pearson X2/(n - edf) for Gaussian and Gamma, the estimated one of the negative binomial, else 1."""
        return self.inference.dispersion

    @property
    def aic(self) -> np.ndarray:
        """(M,) -2 log-likelihood + 2 (edf + 1 for the dispersion of the negative binomial)."""
        return -2.0 * self.log_likelihood + 2.0 * self._parameters

    @property
    def bic(self) -> np.ndarray:
        """(M,) as `aic`, with the logarithm of the number of rows in place of 2."""
        with np.errstate(divide="ignore"):
            return -2.0 * self.log_likelihood + np.log(self.n_valid) * self._parameters

    @property
    def _parameters(self) -> np.ndarray:
        return self.edf + float(self.assembly.family.estimates_dispersion)

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
        return self.inference.covariance(unit_number(unit, self.unit_names), kind)

    @property
    def covariances(self) -> np.ndarray:
        """(M, P + 1, P + 1) the Bayesian `covariance` of every unit, in an array that is not to be changed."""
        return self.inference.covariances()

    def wald(self, groups: Any = None) -> xr.Dataset:
        """Wald tests (term, unit) of the terms, or of groups of columns: see `glmengine.inference.tests.wald`."""
        return tests.wald(
            self.inference,
            self.assembly.inputs.groups,
            groups,
            features=self.feature_names,
            units=self.unit_names,
            claims=np.full(len(self.unit_names), True) if self.penalty.is_smooth else np.asarray(self.strength) == 0,
            rest=self._rest,
        )

    def likelihood_ratio(self, smaller: Fit) -> xr.Dataset:
        """Test (unit) of what this fit has more than a smaller one: see `glmengine.inference.tests.likelihood_ratio`.

        Raises
        ------
        GlmError
            If the fits differ in family, link, units or the rows that they used.
        """
        if not isinstance(smaller, Fit):
            raise GlmError(f"likelihood ratio: {type(smaller).__name__} is not a fit; give the one with fewer columns")
        for what in ("family", "link", "unit_names"):
            if getattr(self, what) != getattr(smaller, what):
                raise GlmError(
                    f"likelihood ratio: the fits differ in {what.replace('_', ' ')}; compare fits to the same observations"
                )
        return tests.likelihood_ratio(self._worth, smaller._worth, self.unit_names)

    @property
    def _rest(self) -> np.ndarray | None:
        """(M,) degrees of freedom of the estimated scale."""
        return self.n_valid - self.edf if self.assembly.family.free_scale else None

    @property
    def _worth(self) -> tests.Worth:
        scale = self.dispersion if self.assembly.family.free_scale else None
        return tests.Worth(self.log_likelihood, self.deviance, self.edf, self.n_valid, scale)

    def pseudo_r2(self, kind: str = "cohen") -> np.ndarray:
        """(M,) pseudo-R2 against the mean of the fitted data: ``"cohen"`` 1 - deviance/null deviance, ``"mcfadden"`` 1 - LL/LL of the mean, each at
        its own most likely scale where the family has a free one."""
        if kind == "cohen":
            with np.errstate(invalid="ignore", divide="ignore"):
                return 1.0 - self.deviance / self.null_deviance
        if kind == "mcfadden":
            found = self.inference.evaluation
            null = replace(found, log_likelihood=found.null_log_likelihood, deviance=found.null_deviance)
            with np.errstate(invalid="ignore", divide="ignore"):
                return 1.0 - self.log_likelihood / null.full_log_likelihood(self.assembly.family, self.n_valid)
        raise GlmError(f"there is no pseudo-R2 {kind!r}; choose 'cohen' or 'mcfadden'")

    def predict(self, X: Any, offset: Any = None) -> np.ndarray:
        """(T, M) expected observations for rows (T, P) or a `Design`, with classes (T, C, M) probabilities; NaN where a row is not valid.

        Raises
        ------
        GlmError
            For rows that have not the columns of the fit, or offsets that do not belong to them.
        """
        shape = self.coef.shape[1:]
        eta = predictor(X, self.coef.reshape(len(self.coef), -1), self.feature_names)
        eta = eta.reshape(-1, *shape) + np.where(np.isneginf(self.intercept), -1e300, self.intercept)
        if offset is not None:
            if self.assembly.family.by_class:
                raise GlmError(
                    "offset: the same offset for every class changes nothing; leave it out with the categorical family"
                )
            offset = read_per_row(offset, "offset", eta.shape)
            eta = eta + (offset[:, None] if offset.ndim == 1 else offset)
        return np.asarray(self.assembly.link.mean(eta))
