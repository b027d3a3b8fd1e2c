"""Results of an analysis: labelled arrays that save to one file and predict new data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from glmengine.analysis.analysis import Analysis, sparse_dump
from glmengine.errors import GlmError
from glmengine.goodness.goodness import Goodness
from glmengine.io.files.netcdf import read_netcdf, write_netcdf
from glmengine.results.posterior import Posterior, link_of
from glmengine.results.prediction import FittedModel, predict, score
from glmengine.results.provenance import sessions_in
from glmengine.selection.shift_table import ShiftTest
from glmengine.selection.term_selection import TermSelection

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.analysis.terms import AnyTerm
    from glmengine.context import Context
    from glmengine.decoding.decode import Decoded
    from glmengine.design.fitted_sessions import FittedSession
    from glmengine.recording.recording import Recording
    from glmengine.results.bootstrap_bands import BootstrapBands
    from glmengine.simulation.surrogates import Surrogates

FORMAT_VERSION = 3  # 2: with `goodness`; 3: with scores of each fold, the selection of terms, shift tests, bands of whole curves
KIND = "glmengine result"
_SHOWN_SCORES = (
    "n_spikes",
    "rate_hz",
    "strength",
    "deviance_explained_heldout",
    "bits_per_spike_heldout",
    "deviance_explained_fit",
    "status",
)
_MOST_ROWS = 30


class Predictor(NamedTuple):
    """One linear predictor of M units with P features.

    Attributes
    ----------
    name : str
        Of the class; empty where there is one predictor.
    coefficients, standard_errors : (P, M) array
    intercepts, intercept_errors : (M,) array
    """

    name: str
    coefficients: np.ndarray
    standard_errors: np.ndarray
    intercepts: np.ndarray
    intercept_errors: np.ndarray

    def label(self, feature: str) -> str:
        """A feature's name, with that of the class."""
        return f"{feature} ({self.name})" if self.name else feature


@dataclass(frozen=True, eq=False)
class Result:
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
        where epochs to test on are named, ``deviance_explained_test`` and ``bits_per_spike_test``.
    curves : dict of str to Dataset
        Per covariate term: effect and tuning with 95 % bands, raw tuning, occupancy (see `glmengine.results.curves`).
    filters : dict of str to Dataset
        Per term that looks back in time: ``filter``, ``low``, ``high`` over ``lag_s``, log rate per spike.
    coupling : Dataset or None
        Per pair (unit, source): ``strength``, its interval, and a test that there is none.
    cv : Dataset or None
        ``scores`` (fold, strength, unit): mean held-out log-likelihood per bin.
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
    covariance: xr.DataArray | None = None
    sessions: xr.Dataset | None = None
    tests: xr.Dataset | None = None
    smoothing: xr.Dataset | None = None
    fold_scores: xr.Dataset | None = None
    selection: TermSelection | None = None
    goodness_of_fit: Goodness | None = None
    shift_tests: ShiftTest | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """One line: what was fitted to how many units, how well, and whether to the optimum."""
        units = f"{len(self.units)} unit{'s' if len(self.units) != 1 else ''}"
        parts = [units, " + ".join(term.label for term in self.terms), *self._median_score()]
        if not self.converged:
            parts.append(f"{int((~self.scores['converged']).sum())} not at the optimum")
        if self.notes:
            parts.append(f"{len(self.notes)} note{'s' if len(self.notes) != 1 else ''}")
        return f"<glmengine.Result: {', '.join(part for part in parts if part)}>"

    def _repr_html_(self) -> str:
        """The line, and below it the scores of each unit and the notes, for notebooks."""
        from html import escape

        shown = [name for name in _SHOWN_SCORES if name in self.scores]
        table = self.scores[shown].to_dataframe()[shown].to_html(max_rows=_MOST_ROWS, float_format="{:.4g}".format, border=0)
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        return f"<p>{escape(repr(self))}</p>{table}" + (f"<ul>{notes}</ul>" if notes else "")

    def _median_score(self) -> list[str]:
        """The median over units of the deviance explained, held out where there is such a score."""
        for name, said in (("deviance_explained_heldout", "held out"), ("deviance_explained_fit", "in the fit")):
            if name in self.scores:
                values = self.scores[name].values
                known = values[np.isfinite(values)]
                if known.size:
                    return [f"median deviance explained {np.median(known):.3g} {said}"]
        return []

    @property
    def units(self) -> tuple[str, ...]:
        """Names of the fitted units."""
        return tuple(str(name) for name in self.coefficients["unit"].values)

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

    def predict(
        self,
        recording: Recording,
        epochs: Any = None,
        *,
        units: Sequence[str] | None = None,
        bands: bool = False,
        context: Context | None = None,
    ) -> xr.DataArray | xr.Dataset:
        """Expected rate of units on a recording, with the features of the fit.

        Parameters
        ----------
        recording : Recording
            Any with the same covariates (and, for history and coupling, the same units).
        epochs : str, sequence of str, IntervalSet or (S, 2) array, optional
            Stretches to predict, by name or in seconds; those of the analysis where not given. The analysis's conditions are not applied.
        units : sequence of str, optional
            Only these, at the cost of these: all where not given.
        bands : bool
            Give a Dataset ``rate``, ``low``, ``high`` (95 % interval of the expected rate) instead of the rate alone.

        Returns
        -------
        DataArray or Dataset (unit, time)
            In Hz; `time` is the centre of each bin in seconds; NaN where a covariate is missing or the past is not complete.

        Raises
        ------
        GlmError
            If the recording lacks a covariate, a unit or an epoch, a unit was not fitted, or bands were asked of a result without covariance.
        """
        return predict(self.model, recording, epochs, units=units, bands=bands, context=context)

    def score(self, recording: Recording, epochs: Any = None, *, context: Context | None = None) -> xr.Dataset:
        """How well the fitted model describes a recording, per unit, against the mean rate of the data that it was fitted to.

        Parameters
        ----------
        recording, epochs
            As for `predict`; the analysis's conditions are applied.

        Returns
        -------
        Dataset (unit)
            ``n_spikes``, ``n_bins``, ``log_likelihood``, ``deviance``, ``deviance_explained``, ``bits_per_spike``.
        """
        return score(self.model, recording, epochs, context=context)

    def goodness(
        self,
        recording: Recording,
        units: Sequence[str] | None = None,
        *,
        epochs: Any = None,
        held_out: bool = False,
        context: Context | None = None,
    ) -> Goodness:
        """Check whether the model is right: time rescaling, residuals, calibration, dispersion, drift, influence, units left coupled.

        Parameters
        ----------
        recording : Recording
            As a rule the one that was fitted.
        units : sequence of str, optional
            Which to check; all where None.
        epochs
            As for `predict`; the analysis's conditions are applied.
        held_out : bool
            Fit the analysis's folds again and predict each bin by the fit that has not seen it. On the time that was fitted the right model
            leaves the 95 % band of the time rescaling less often than that (in 0.4 % of 500 simulations), on other time more often
            (in 14 % with a minute to fit), since its coefficients are not exact: tests/studies/test_time_rescaling.py.

        Returns
        -------
        Goodness
            Labelled arrays, and a verdict in words for each unit.
        """
        strength = np.asarray(self.scores["strength"].values, np.float64)
        from glmengine.results.model_checks import goodness  # the fits come with it, which a result alone does without

        return goodness(self.model, strength, recording, units, epochs=epochs, held_out=held_out, context=context)

    def simulate(
        self,
        recording: Recording | Mapping[str, Any],
        repeats: int = 1,
        seed: int | None = None,
        *,
        epochs: Any = None,
        context: Context | None = None,
    ) -> Surrogates:
        """Surrogate spikes or signals of the model, history and coupling closed in the loop.

        Parameters
        ----------
        recording : Recording, or mapping of str to Tsd, TsdFrame or Covariate
            With the covariates of the fit; what it recorded of the units is not used, but for those that drive others and were not fitted.
        repeats : int
        seed : int, optional
            The analysis's where not given. A repeat depends on it and on its number alone.
        epochs
            As for `predict`.

        Returns
        -------
        Surrogates
            With a word of units that ran away, and the remedies.
        """
        from glmengine.results.model_checks import simulate

        return simulate(self.model, recording, repeats, seed, epochs=epochs, context=context)

    def decode(
        self,
        recording: Recording,
        variables: str | Sequence[str],
        *,
        epochs: Any = None,
        units: Sequence[str] | None = None,
        held_out: bool = False,
        prior: str = "occupancy",
        window: float = 0.0,
        smoothing: float | str | None = None,
        points: int | None = None,
        context: Context | None = None,
    ) -> Decoded:
        """What the population's activity says of a covariate that its terms are tuned to, bin by bin.

        Parameters
        ----------
        recording : Recording
        variables : str, or sequence of str
            Decoded together (``("position.x", "position.y")``); all else that the model knows is taken as it was.
        epochs
            As for `predict`; the analysis's conditions are applied.
        units : sequence of str, optional
            From which; all where None.
        held_out : bool
            Fit the analysis's folds again and decode each bin by the fit that has not seen it.
        prior : {"occupancy", "uniform"}
            How often the values occur in the time of the analysis, or all alike.
        window : float
            Seconds over which evidence is added up.
        smoothing : float, "data" or None
            Random walk of the variable over time: its standard deviation over a second, or that of its own steps; none where None.
        points : int, optional
            Values of each variable that are tried: 60 of one, 25 x 25 of two where None.

        Returns
        -------
        Decoded
            Estimates, posterior, and the median error beside that of chance.
        """
        from glmengine.results.model_checks import decode

        strength = np.asarray(self.scores["strength"].values, np.float64)
        options = {"prior": prior, "window": window, "smoothing": smoothing, "points": points}
        return decode(
            self.model, strength, recording, variables, epochs=epochs, units=units, held_out=held_out, context=context, **options
        )

    def shift_test(
        self,
        recording: Recording,
        terms: str | Sequence[str] | None = None,
        shifts: int = 200,
        seed: int | None = None,
        *,
        scheme: str = "cyclic",
        within: str = "",
        shortest: float | None = None,
        statistic: str = "held_out",
        refit: bool = False,
        epochs: Any = None,
        context: Context | None = None,
    ) -> ShiftTest:
        """Test each term against counts that are shifted against it in time, which holds where bins are not independent.

        Parameters
        ----------
        recording : Recording
            As a rule the one that was fitted.
        terms : str or sequence of str, optional
            Which to test beside all others; all that can be tested where None (history cannot: it is made of the counts themselves).
        shifts : int
            How many; p is 1/(1 + shifts) at least.
        seed : int, optional
            The analysis's where not given.
        scheme : str
            ``"cyclic"``: shifts within each epoch or trial. ``"blocks"``: blocks of time that change places within it. ``"trials"``:
            trials that change places.
        within : str
            Trials or an epoch by name, whose borders no shift crosses; where empty those of the time in use.
        shortest : float, optional
            Seconds that a shift is at least, or a block is long; longer than the autocorrelation of counts and term where not given.
        statistic : str
            ``"held_out"``: log-likelihood gained on the analysis's folds. ``"in_sample"``: on the bins that were fitted.
        refit : bool
            Fit to the optimum for each shift, some hundred times slower (see `glmengine.shift_test`).
        epochs
            As for `predict`; the analysis's conditions are applied.

        Returns
        -------
        ShiftTest
            p and q (false discovery rate over units and terms).

        Raises
        ------
        GlmError
            If a term cannot be tested, no epoch is long enough, or trials are too few.
        """
        strength = np.asarray(self.scores["strength"].values, np.float64)
        from glmengine.results.shift_tests import shift_test_of

        return shift_test_of(
            self.model,
            strength,
            recording,
            terms,
            shifts=shifts,
            seed=seed,
            scheme=scheme,
            within=within,
            shortest=shortest,
            statistic=statistic,
            refit=refit,
            epochs=epochs,
            context=context,
        )

    def bootstrap(
        self,
        recording: Recording,
        draws: int = 200,
        seed: int | None = None,
        *,
        block: float | None = None,
        trials: str = "",
        context: Context | None = None,
    ) -> BootstrapBands:
        """Bands of coefficients, curves and filters from blocks of time, or trials, drawn again with replacement.

        Parameters
        ----------
        recording : Recording
            The one that was fitted.
        draws : int
        seed : int, optional
            The analysis's where not given.
        block : float, optional
            Seconds of a block, longer than what varies together; a fiftieth of the time in use where not given.
        trials : str
            Draw the trials (or stretches) of this name as wholes in place of blocks.

        Returns
        -------
        BootstrapBands

        Raises
        ------
        GlmError
            If there are fewer than ten blocks or trials.
        """
        strength = np.asarray(self.scores["strength"].values, np.float64)
        from glmengine.results.bootstrap_bands import bootstrap_of

        return bootstrap_of(
            self.model, strength, self.curves, recording, draws=draws, seed=seed, block=block, trials=trials, context=context
        )

    def with_shift_test(self, found: ShiftTest) -> Result:
        """The same result with what `shift_test` found, which is saved with it."""
        return replace(self, shift_tests=found)

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
        import xarray as xr

        datasets = {
            "fit": xr.Dataset(
                {
                    "coefficients": self.coefficients,
                    "standard_errors": self.standard_errors,
                    "intercepts": self.intercepts,
                    "intercept_errors": self.intercept_errors,
                }
            ),
            "scores": self.scores,
            **{f"curves:{label}": curve for label, curve in self.curves.items()},
            **{f"filters:{label}": filters for label, filters in self.filters.items()},
        }
        optional = {
            "coupling": self.coupling,
            "cv": self.cv,
            "sessions": self.sessions,
            "tests": self.tests,
            "smoothing": self.smoothing,
        }
        optional = {"coupling": self.coupling, "cv": self.cv, "sessions": self.sessions, "tests": self.tests}
        optional["fold_scores"] = self.fold_scores
        datasets |= {name: dataset for name, dataset in optional.items() if dataset is not None}
        if self.covariance is not None:
            datasets["covariance"] = self.covariance.to_dataset(name="covariance")
        if self.selection is not None:
            datasets |= {f"selection:{name}": dataset for name, dataset in self.selection.datasets().items()}
        if self.goodness_of_fit is not None:
            datasets |= {f"goodness:{name}": dataset for name, dataset in self.goodness_of_fit.datasets().items()}
        if self.shift_tests is not None:
            datasets["shift_tests"] = self.shift_tests.dataset()
        texts = {
            "analysis": json.dumps(self.analysis.to_dict(), ensure_ascii=False),
            "terms": json.dumps([sparse_dump(term) for term in self.terms], ensure_ascii=False),
            "provenance": json.dumps(dict(self.provenance), ensure_ascii=False),
            "notes": json.dumps(self.notes, ensure_ascii=False),
        }
        write_netcdf(path, datasets, texts, kind=KIND, format_version=FORMAT_VERSION)

    @classmethod
    def load(cls, path: str | Path) -> Result:
        """Read what `save` wrote, with nothing lost.

        Raises
        ------
        GlmError
            If the file is absent, is something else, is damaged, or comes from a newer version of the program.
        """
        datasets, texts, _ = read_netcdf(path, kind=KIND, format_version=FORMAT_VERSION)
        where = Path(path).name
        try:
            fit = datasets["fit"]
            return cls(
                analysis=Analysis.from_dict(json.loads(texts["analysis"]), where),
                terms=_terms(json.loads(texts["terms"]), where),
                coefficients=fit["coefficients"],
                standard_errors=fit["standard_errors"],
                intercepts=_per_unit(fit["intercepts"]),
                intercept_errors=_per_unit(fit["intercept_errors"]),
                scores=datasets["scores"],
                curves=_named(datasets, "curves:"),
                filters=_named(datasets, "filters:"),
                coupling=datasets.get("coupling"),
                cv=datasets.get("cv"),
                covariance=datasets["covariance"]["covariance"] if "covariance" in datasets else None,
                sessions=datasets.get("sessions"),
                tests=datasets.get("tests"),
                smoothing=datasets.get("smoothing"),
                fold_scores=datasets.get("fold_scores"),
                selection=_selection(_named(datasets, "selection:")),
                goodness_of_fit=_goodness(_named(datasets, "goodness:")),
                shift_tests=ShiftTest.from_dataset(datasets["shift_tests"]) if "shift_tests" in datasets else None,
                provenance=json.loads(texts["provenance"]),
                notes=tuple(json.loads(texts["notes"])),
            )
        except (KeyError, json.JSONDecodeError) as error:
            raise GlmError(f"{where}: is damaged ({error}); restore a copy or run the analysis again") from error


def _named(datasets: Mapping[str, xr.Dataset], prefix: str) -> dict[str, xr.Dataset]:
    return {name.removeprefix(prefix): dataset for name, dataset in datasets.items() if name.startswith(prefix)}


def _selection(datasets: Mapping[str, xr.Dataset]) -> TermSelection | None:
    return TermSelection.from_datasets(datasets) if datasets else None


def _goodness(datasets: Mapping[str, xr.Dataset]) -> Goodness | None:
    return Goodness.from_datasets(datasets) if datasets else None


def _per_unit(array: xr.DataArray) -> xr.DataArray:
    return array.reset_coords([name for name in array.coords if name not in array.dims], drop=True)


def _terms(data: Sequence[Any], where: str) -> tuple[AnyTerm, ...]:
    """Terms from plain data; the analysis is what knows all kinds of them."""
    return Analysis.from_dict({"terms": list(data)}, where).terms
