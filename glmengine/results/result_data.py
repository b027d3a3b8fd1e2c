"""What a fit gave: the labelled arrays of a result, and what can be said of them alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.analysis.analysis import Analysis
    from glmengine.analysis.terms import AnyTerm
    from glmengine.decoding.decode import Decoded
    from glmengine.goodness.goodness import Goodness
    from glmengine.results.bootstrap_bands import BootstrapBands
    from glmengine.selection.shift_table import ShiftTest
    from glmengine.selection.term_selection import TermSelection
    from glmengine.simulation.comparison import SurrogateComparison


@dataclass(frozen=True, eq=False)
class ResultData:
    """The arrays of a result, labelled by unit and term.

    Attributes
    ----------
    analysis : Analysis
        The question that was asked.
    terms : tuple of terms
        The terms with everything kept that was inferred from the data (bounds, knots), as predictions need them.
    coefficients, standard_errors : DataArray (feature, unit), of a family of classes (feature, class, unit)
        Per unit of each feature, on the link scale (log rate per bin); the coordinates of `feature` say its term, source,
        lag (s) and basis function. Zero and NaN for features that a unit does not have. NaN errors: not identified.
    intercepts, intercept_errors : DataArray (unit)
        Log of the expected count per bin where all features are zero.
    scores : Dataset (unit)
        ``n_spikes``, ``n_bins``, ``rate_hz``, ``strength``, ``deviance_explained_heldout``, ``bits_per_spike_heldout``,
        ``deviance_explained_fit``, ``log_likelihood``, ``aic``, ``bic``, ``edf``, ``converged``, ``decrement``, ``status``, and,
        where epochs to test on are named, ``deviance_explained_test`` and ``bits_per_spike_test``; where nested, the same with ``_nested``.
    curves : dict of str to Dataset
        Per covariate term: effect and tuning with 95 % bands, raw tuning, occupancy (see `glmengine.results.curves`).
    filters : dict of str to Dataset
        Per term that looks back in time: ``filter``, ``low``, ``high`` over ``lag_s``, log rate per spike.
    coupling : Dataset or None
        Per pair (unit, source): ``strength``, its interval, and a test that there is none.
    cv : Dataset or None
        ``scores`` (fold, strength, unit): mean held-out log-likelihood per bin; ``best_strength`` (unit) that was chosen, and, where nested,
        ``nested_strength`` (fold, unit).
    search : Dataset or None
        Where settings of terms were searched: ``scores`` (fold, setting, strength, unit), NaN where not tried; ``chosen`` and
        ``best_strength`` (unit), and, where nested, ``nested_chosen`` (fold, unit). Units of different settings have terms of their own
        (``place (6 functions)``): coefficients of the others are zero for them, curves and filters NaN; ``scores`` has the ``setting`` of each.
    covariance : DataArray or None (unit, parameter, parameter_)
        Covariance of the intercept and the coefficients; None where it would be very large.
    sessions : Dataset or None (unit, session)
        Of several sessions: each one's ``intercept`` and ``intercept_error``, ``n_bins``, ``n_spikes``, ``rate_hz``, ``deviance_explained_fit``.
    tests : Dataset or None (term, unit)
        Wald test of each term: ``wald``, ``df``, ``p`` (see `glmengine.inference.tests.wald`).
    smoothing : Dataset or None
        Where strengths were found by marginal likelihood: ``strength`` (part, unit) of each penalised part, ``edf`` (term, unit).
    fold_scores : Dataset or None (unit, fold)
        Scores of each held-out fold against the training mean (see `glmengine.selection.fold_scores`, whose `scores_against` sets them
        against those of another result).
    selection : TermSelection or None
        Which terms each unit needs, where the analysis asks for that.
    goodness_of_fit : Goodness or None
        What `goodness` found, where it was asked for and kept (see `with_goodness`).
    shift_tests : ShiftTest or None
        What `shift_test` found, where it was asked for and kept (see `with_shift_test`).
    bootstrap_bands : BootstrapBands or None
        What `bootstrap` found, where it was asked for and kept (see `with_bootstrap`).
    simulated : SurrogateComparison or None
        What `simulate_and_compare` found, where it was asked for and kept (see `with_simulated`).
    decoded : Decoded or None
        What `decode` found, where it was asked for and kept (see `with_decoded`).
    provenance : dict
        Versions, hashes, time taken: see `glmengine.results.provenance`.
    notes : tuple of str
        What was left out, doubtful or approximate, one sentence each.
    """

    analysis: Analysis
    terms: tuple[AnyTerm, ...]
    coefficients: xr.DataArray
    standard_errors: xr.DataArray
    intercepts: xr.DataArray
    intercept_errors: xr.DataArray
    scores: xr.Dataset
    curves: Mapping[str, xr.Dataset] = field(default_factory=dict)
    filters: Mapping[str, xr.Dataset] = field(default_factory=dict)
    coupling: xr.Dataset | None = None
    cv: xr.Dataset | None = None
    search: xr.Dataset | None = None
    covariance: xr.DataArray | None = None
    sessions: xr.Dataset | None = None
    tests: xr.Dataset | None = None
    smoothing: xr.Dataset | None = None
    fold_scores: xr.Dataset | None = None
    selection: TermSelection | None = None
    goodness_of_fit: Goodness | None = None
    shift_tests: ShiftTest | None = None
    bootstrap_bands: BootstrapBands | None = None
    simulated: SurrogateComparison | None = None
    decoded: Decoded | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @cached_property
    def units(self) -> tuple[str, ...]:
        """Names of the fitted units."""
        return tuple(str(name) for name in self.coefficients["unit"].values)

    @property
    def converged(self) -> bool:
        """Whether every unit's fit reached the optimum."""
        return bool(self.scores["converged"].all())

    @property
    def median_score(self) -> tuple[float, str]:
        """Median over units of the deviance explained, and on what: ``held out`` where there is such a score, else ``in the fit``; NaN and empty without one."""
        for name, scored in (("deviance_explained_heldout", "held out"), ("deviance_explained_fit", "in the fit")):
            if name in self.scores:
                values = np.asarray(self.scores[name].values, np.float64)
                known = values[np.isfinite(values)]
                if known.size:
                    return float(np.median(known)), scored
        return math.nan, ""

    @property
    def best_unit(self) -> str | None:
        """The unit that is explained best, on held-out time where that is known; None where no unit has a score."""
        for name in ("deviance_explained_heldout", "deviance_explained_fit"):
            if name in self.scores:
                values = np.asarray(self.scores[name].values, np.float64)
                if np.isfinite(values).any():
                    return self.units[int(np.nanargmax(values))]
        return None

    @property
    def recording_name(self) -> str:
        """Name of the recording that was fitted, empty where it is not known."""
        return str(self.provenance.get("recording_name", ""))

    @property
    def seconds(self) -> float:
        """How long the whole analysis took (s); NaN where it is not known."""
        return float(self.provenance.get("seconds", float("nan")))
