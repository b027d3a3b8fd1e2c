"""Results of an analysis: labelled arrays that save to one file and predict new data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.analysis import Analysis
from glmengine.argument_kinds import takes_only_its_kinds
from glmengine.errors import GlmError
from glmengine.goodness.goodness import Goodness
from glmengine.results.posterior import Posterior, link_of
from glmengine.results.prediction import FittedModel
from glmengine.results.predictors import Predictor
from glmengine.results.provenance import sessions_in
from glmengine.results.recording_methods import RecordingMethods
from glmengine.results.result_data import ResultData
from glmengine.results.result_file import read_result, write_result
from glmengine.results.result_summary import summary, summary_html
from glmengine.selection.shift_table import ShiftTest

if TYPE_CHECKING:
    from glmengine.decoding.decode import Decoded
    from glmengine.design.fitted_sessions import FittedSession
    from glmengine.recording.recording import Recording
    from glmengine.results.bootstrap_bands import BootstrapBands
    from glmengine.simulation.comparison import SurrogateComparison


@dataclass(frozen=True, eq=False, repr=False)
class Result(ResultData, RecordingMethods):
    """Everything a fit gave, labelled by unit and term; its arrays are those of `ResultData`.

    >>> result.scores.to_dataframe()                       # a row a unit
    >>> result.coefficients.sel(unit="unit 3")             # on the link scale, with term, lag (s) and basis function of each feature
    >>> result.predict(recording)                          # rates in Hz (unit, time), the features as they were at the fit
    >>> result.goodness(recording)                         # is the model right, in words for each unit
    >>> result.save("session.nc")
    """

    def __repr__(self) -> str:
        """One line: what was fitted to how many units, how well, and whether to the optimum."""
        return summary(self)

    def _repr_html_(self) -> str:
        """The line, and below it the scores of each unit and the notes, for notebooks."""
        return summary_html(self)

    @takes_only_its_kinds
    def labels_for(self, labels: Iterable[str], unit: str, term: str | None = None) -> list[str]:
        """Of the labels of curves or filters those of terms that a unit has, and of one term alone where it is named: by its label, or by
        that which it has in the analysis, whichever of its settings the unit chose."""
        kept = []
        for label in labels:
            found = next((one for one in self.terms if label == one.label or str(label).startswith(f"{one.label}: ")), None)
            has = found is None or not found.only_units or unit in found.only_units
            named = term in (None, label) or (found is not None and term == str(label).replace(found.label, found.plain_label, 1))
            if has and named:
                kept.append(label)
        return kept

    @takes_only_its_kinds
    def is_for(self, analysis: Analysis, recording: Recording | None) -> bool:
        """Whether exactly this question was put to exactly this recording; False marks the result as stale."""
        return self.provenance.get("analysis_sha256") == analysis.sha256 and self.is_of(recording)

    @takes_only_its_kinds
    def is_of(self, recording: Recording | None) -> bool:
        """Whether this is the recording that was fitted, whatever was asked of it."""
        if recording is None:
            return False
        if recording.sha256 or self.provenance.get("recording_sha256"):
            return recording.sha256 == self.provenance.get("recording_sha256")
        return recording.name == self.provenance.get("recording_name")

    @property
    def sessions_fitted(self) -> tuple[FittedSession, ...]:
        """The sessions that were fitted together; none where it was one recording."""
        return sessions_in(self.provenance)

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

    @takes_only_its_kinds
    def with_shift_test(self, found: ShiftTest) -> Result:
        """The same result with what `shift_test` found, which is saved with it."""
        return replace(self, shift_tests=found)

    @takes_only_its_kinds
    def with_bootstrap(self, found: BootstrapBands) -> Result:
        """The same result with what `bootstrap` found, which is saved with it."""
        return replace(self, bootstrap_bands=found)

    @takes_only_its_kinds
    def with_simulated(self, found: SurrogateComparison) -> Result:
        """The same result with what `simulate_and_compare` found, which is saved with it."""
        return replace(self, simulated=found)

    @takes_only_its_kinds
    def with_decoded(self, found: Decoded) -> Result:
        """The same result with what `decode` found, which is saved with it; without a posterior of more than 64 MB."""
        return replace(self, decoded=found.kept())

    @takes_only_its_kinds
    def with_goodness(self, goodness: Goodness) -> Result:
        """The same result with what `goodness` found, which is saved with it."""
        return replace(self, goodness_of_fit=goodness)

    @takes_only_its_kinds
    def save(self, path: str | Path) -> None:
        """Write one NetCDF file, whole or not at all.

        Raises
        ------
        GlmError
            If the folder cannot be written to; a file that was there is untouched.
        """
        write_result(self, path)

    @classmethod
    @takes_only_its_kinds
    def load(cls, path: str | Path) -> Result:
        """Read what `save` wrote, with nothing lost.

        Raises
        ------
        GlmError
            If the file is absent, is something else, is damaged, or comes from a newer version of the program.
        """
        return read_result(cls, path)
