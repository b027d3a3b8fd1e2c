"""Results of an analysis: labelled arrays that save to one file and predict new data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.analysis.analysis import Analysis
from glmengine.errors import GlmError
from glmengine.goodness.goodness import Goodness
from glmengine.results.posterior import Posterior, link_of
from glmengine.results.prediction import FittedModel
from glmengine.results.predictors import Predictor
from glmengine.results.provenance import sessions_in
from glmengine.results.recording_methods import RecordingMethods
from glmengine.results.result_file import read_result, write_result
from glmengine.results.result_summary import summary, summary_html
from glmengine.selection.shift_table import ShiftTest
from glmengine.selection.term_selection import TermSelection

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.analysis.terms import AnyTerm
    from glmengine.decoding.decode import Decoded
    from glmengine.design.fitted_sessions import FittedSession
    from glmengine.recording.recording import Recording
    from glmengine.results.bootstrap_bands import BootstrapBands
    from glmengine.simulation.comparison import SurrogateComparison


@dataclass(frozen=True, eq=False)
class Result(RecordingMethods):
    """Everything a fit gave, labelled by unit and term.

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
        (``place (n 6)``): coefficients of the others are zero for them, curves and filters NaN; ``scores`` has the ``setting`` of each.
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

    def __repr__(self) -> str:
        """One line: what was fitted to how many units, how well, and whether to the optimum."""
        return summary(self)

    def _repr_html_(self) -> str:
        """The line, and below it the scores of each unit and the notes, for notebooks."""
        return summary_html(self)

    @property
    def units(self) -> tuple[str, ...]:
        """Names of the fitted units."""
        return tuple(str(name) for name in self.coefficients["unit"].values)

    def labels_for(self, labels: Iterable[str], unit: str, term: str | None = None) -> list[str]:
        """Of the labels of curves or filters those of terms that a unit has, and of one term alone where it is named: by its label, or by
        that which it has in the analysis, whichever of its settings the unit chose."""
        kept = []
        for label in labels:
            found = next((one for one in self.terms if label == one.label or label.startswith(f"{one.label}: ")), None)
            has = found is None or not found.only_units or unit in found.only_units
            named = term in (None, label) or (found is not None and term == label.replace(found.label, found.plain_label, 1))
            if has and named:
                kept.append(label)
        return kept

    @property
    def converged(self) -> bool:
        """Whether every unit's fit reached the optimum."""
        return bool(self.scores["converged"].all())

    def is_for(self, analysis: Analysis, recording: Recording | None) -> bool:
        """Whether exactly this question was put to exactly this recording; False marks the result as stale."""
        if recording is None or self.provenance.get("analysis_sha256") != analysis.sha256:
            return False
        if recording.sha256 or self.provenance.get("recording_sha256"):
            return recording.sha256 == self.provenance.get("recording_sha256")
        return recording.name == self.provenance.get("recording_name")

    @property
    def sessions_fitted(self) -> tuple[FittedSession, ...]:
        """The sessions that were fitted together; none where it was one recording."""
        return sessions_in(self.provenance)

    @property
    def recording_name(self) -> str:
        """Name of the recording that was fitted, empty where it is not known."""
        return str(self.provenance.get("recording_name", ""))

    @property
    def seconds(self) -> float:
        """How long the whole analysis took (s); NaN where it is not known."""
        return float(self.provenance.get("seconds", float("nan")))

    @property
    def predictors(self) -> tuple[Predictor, ...]:
        """The linear predictors of a unit: one, or one for each class."""
        arrays = (self.coefficients, self.standard_errors, self.intercepts, self.intercept_errors)
        if self.has_rates:
            return (Predictor("", *(array.values for array in arrays)),)
        return tuple(
            Predictor(f"class {label}", *(array.sel({"class": label}).values for array in arrays))
            for label in self.coefficients["class"].values.tolist()
        )

    @property
    def has_rates(self) -> bool:
        """Whether each unit has one rate, which can be predicted; not so with a family of classes."""
        return "class" not in self.coefficients.dims

    @property
    def model(self) -> FittedModel:
        """What predictions and scores need.

        Raises
        ------
        GlmError
            For a family of classes, whose units have no one rate.
        """
        if not self.has_rates:
            raise GlmError(
                f"the {self.analysis.model.family} family says which class a bin is in, not a rate: predictions, checks and surrogates of rates are "
                "not made of it; take the coefficients and scores, or the probabilities of `glmengine.fit(...).predict`",
                field="model.family",
            )
        return FittedModel(
            analysis=self.analysis,
            terms=self.terms,
            units=self.units,
            features=tuple(map(str, self.coefficients["feature"].values)),
            posterior=Posterior(
                coef=np.asarray(self.coefficients.transpose("feature", "unit").values),
                intercept=np.asarray(self.intercepts.values),
                covariance=None if self.covariance is None else np.asarray(self.covariance.values),
                link=link_of(self.analysis.model),
            ),
            rate_hz=np.asarray(self.scores["rate_hz"].values),
            dispersion=np.asarray(self.scores["dispersion"].values),
            sessions=self.sessions_fitted,
            measures=self.provenance.get("measures", {}),
        )

    def with_shift_test(self, found: ShiftTest) -> Result:
        """The same result with what `shift_test` found, which is saved with it."""
        return replace(self, shift_tests=found)

    def with_bootstrap(self, found: BootstrapBands) -> Result:
        """The same result with what `bootstrap` found, which is saved with it."""
        return replace(self, bootstrap_bands=found)

    def with_simulated(self, found: SurrogateComparison) -> Result:
        """The same result with what `simulate_and_compare` found, which is saved with it."""
        return replace(self, simulated=found)

    def with_decoded(self, found: Decoded) -> Result:
        """The same result with what `decode` found, which is saved with it; of a very large posterior only the estimates."""
        return replace(self, decoded=found)

    def with_goodness(self, goodness: Goodness) -> Result:
        """The same result with what `goodness` found, which is saved with it."""
        return replace(self, goodness_of_fit=goodness)

    def save(self, path: str | Path) -> None:
        """Write one NetCDF file, whole or not at all.

        Raises
        ------
        GlmError
            If the folder cannot be written to; a file that was there is untouched.
        """
        write_result(self, path)

    @classmethod
    def load(cls, path: str | Path) -> Result:
        """Read what `save` wrote, with nothing lost.

        Raises
        ------
        GlmError
            If the file is absent, is something else, is damaged, or comes from a newer version of the program.
        """
        return read_result(cls, path)
