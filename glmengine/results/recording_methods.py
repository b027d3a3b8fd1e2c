"""Methods of a result that put its fitted model to a recording: prediction, checks, surrogates, decoding, tests, bootstrap."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.argument_kinds import takes_only_its_kinds
from glmengine.results.check_options import with_options
from glmengine.results.prediction import FittedModel, predict, score

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.context import Context
    from glmengine.decoding.decode import Decoded
    from glmengine.goodness.goodness import Goodness
    from glmengine.recording.recording import Recording
    from glmengine.results.bootstrap_bands import BootstrapBands
    from glmengine.selection.shift_table import ShiftTest
    from glmengine.simulation.comparison import SurrogateComparison
    from glmengine.simulation.surrogates import Surrogates


class RecordingMethods(ABC):
    """What can be asked of a fitted model and a recording; `Result` is the class that has it.

    The arguments and their defaults are said here, once: the functions that do the work take them under the same names.
    """

    scores: xr.Dataset
    curves: Mapping[str, xr.Dataset]

    @property
    @abstractmethod
    def model(self) -> FittedModel:
        """What predictions and scores need."""

    @property
    def _strength(self) -> np.ndarray:
        """(M,) strength of the penalty of each unit's fit."""
        return np.asarray(self.scores["strength"].values, np.float64)

    @takes_only_its_kinds
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
        context : Context, optional
            Progress and cancellation.

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

    @takes_only_its_kinds
    def score(self, recording: Recording, epochs: Any = None, *, context: Context | None = None) -> xr.Dataset:
        """How well the fitted model describes a recording, per unit, against the mean rate of the data that it was fitted to.

        Parameters
        ----------
        recording, epochs
            As for `predict`; the analysis's conditions are applied.
        context : Context, optional
            As for `predict`.

        Returns
        -------
        Dataset (unit)
            ``n_spikes``, ``n_bins``, ``log_likelihood``, ``deviance``, ``deviance_explained``, ``bits_per_spike``.
        """
        return score(self.model, recording, epochs, context=context)

    @takes_only_its_kinds
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
        context : Context, optional
            Progress and cancellation.

        Returns
        -------
        Goodness
            Labelled arrays, and a verdict in words for each unit.
        """
        from glmengine.results.model_checks import goodness  # the fits come with it, which a result alone does without

        found = goodness(self.model, self._strength, recording, units, epochs=epochs, held_out=held_out, context=context)
        asked = with_options(found.summary, RecordingMethods.goodness, units=units, epochs=epochs, held_out=held_out)
        return replace(found, summary=asked)

    @takes_only_its_kinds
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
        context : Context, optional
            Progress and cancellation.

        Returns
        -------
        Surrogates
            With a word of units that ran away, and the remedies.
        """
        from glmengine.results.model_checks import simulate

        return simulate(self.model, recording, repeats, seed, epochs=epochs, context=context)

    @takes_only_its_kinds
    def simulate_and_compare(
        self,
        recording: Recording,
        repeats: int = 100,
        seed: int | None = None,
        *,
        event: str = "",
        epochs: Any = None,
        context: Context | None = None,
    ) -> SurrogateComparison:
        """Surrogates of the model beside the data: rates, intervals, auto- and cross-correlograms, histograms around an event.

        Parameters
        ----------
        recording : Recording
            As a rule the one that was fitted.
        repeats, seed, epochs
            As for `simulate`.
        event : str
            An event, or times of trials (``"trials.start"``), for the histogram around it.
        context : Context, optional
            Progress and cancellation.

        Returns
        -------
        SurrogateComparison
            Each with its 95 % band over the repeats (see `glmengine.compare_surrogates`).
        """
        from glmengine.context import SILENT
        from glmengine.simulation.comparison import compare_surrogates

        context = context or SILENT
        made = self.simulate(recording, repeats, seed, epochs=epochs, context=context.part(0.0, 0.9))
        compared = compare_surrogates(made, event, context=context.part(0.9, 1.0))
        return simulated_as_asked(compared, repeats=repeats, seed=seed, event=event, epochs=epochs)

    @takes_only_its_kinds
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
        context : Context, optional
            Progress and cancellation.

        Returns
        -------
        Decoded
            Estimates, posterior, and the median error beside that of chance.
        """
        from glmengine.results.model_checks import decode

        options = {"prior": prior, "window": window, "smoothing": smoothing, "points": points}
        found = decode(
            self.model,
            self._strength,
            recording,
            variables,
            epochs=epochs,
            units=units,
            held_out=held_out,
            context=context,
            **options,
        )
        asked = {"variables": variables, "epochs": epochs, "units": units, "held_out": held_out, **options}
        return replace(found, values=with_options(found.values, RecordingMethods.decode, **asked))

    @takes_only_its_kinds
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
            Seconds that a shift is at least, or a block is long. Where not given a shift is by one bin or more, and a block longer than the
            autocorrelation of counts and term.
        statistic : str
            ``"held_out"``: log-likelihood gained on the analysis's folds. ``"in_sample"``: on the bins that were fitted.
        refit : bool
            Fit to the optimum for each shift, some hundred times slower (see `glmengine.shift_test`).
        epochs
            As for `predict`; the analysis's conditions are applied.
        context : Context, optional
            Progress and cancellation.

        Returns
        -------
        ShiftTest
            p and q (false discovery rate over units and terms).

        Raises
        ------
        GlmError
            If a term cannot be tested, no epoch is long enough, or trials are too few.
        """
        from glmengine.results.shift_tests import shift_test_of

        options = {
            "shifts": shifts,
            "seed": seed,
            "scheme": scheme,
            "within": within,
            "shortest": shortest,
            "statistic": statistic,
            "refit": refit,
            "epochs": epochs,
        }
        found = shift_test_of(self.model, self._strength, recording, terms, **options, context=context)
        return replace(found, table=with_options(found.table, RecordingMethods.shift_test, terms=terms, **options))

    @takes_only_its_kinds
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
        context : Context, optional
            Progress; can cancel, or stop and keep the draws that are done.

        Returns
        -------
        BootstrapBands

        Raises
        ------
        GlmError
            If there are fewer than ten blocks or trials.
        """
        from glmengine.results.bootstrap_bands import bootstrap_of

        options = {"draws": draws, "seed": seed, "block": block, "trials": trials}
        found = bootstrap_of(self.model, self._strength, self.curves, recording, **options, context=context)
        return replace(found, coefficients=with_options(found.coefficients, RecordingMethods.bootstrap, **options))


def simulated_as_asked(
    compared: SurrogateComparison, *, repeats: int, seed: int | None, event: str, epochs: Any
) -> SurrogateComparison:
    """The comparison with what `RecordingMethods.simulate_and_compare` is to be asked for it again."""
    asked = {"repeats": repeats, "seed": seed, "event": event, "epochs": epochs}
    return replace(compared, rate=with_options(compared.rate, RecordingMethods.simulate_and_compare, **asked))
