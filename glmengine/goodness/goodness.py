"""What a goodness-of-fit check found, as labelled arrays with the unit first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from glmengine.errors import GlmError

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, eq=False)
class Goodness:
    """Whether a fitted model is right, unit by unit.

    Attributes
    ----------
    summary : Dataset (unit)
        One number of each check (``ks``, ``ks_band``, ``ks_p``, ``n_intervals``, ``n_cut``, ``interval_correlation``, ``pearson``, ``index``,
        ``index_z``, ``drift_p``, ``drift_ratio``, ``drift_change``, ``worst_covariate``, ``worst_covariate_p``, ``influential``, ``partner``,
        ``partner_z``), ``adequate``, and in words the ``verdict`` and what to ``try_next``; ``remedies``, those of it that are edits of the analysis
        (see `glmengine.analysis.remedies.from_text`), and all that these texts are made from, the ``judgement`` (see
        `glmengine.goodness.judgement.Judgement.from_text`).
    rescaling : Dataset (unit, quantile) and (unit, apart)
        Share of rescaled intervals below each quantile of the model with its 95 % band, their own quantiles, and the correlation of intervals
        1, 2, ... apart; for signals the same of their probability transforms.
    residuals : Dataset (unit, quantile)
        Quantiles of the randomised quantile residuals, beside the normal ones.
    covariates : Dataset (unit, covariate, group)
        Observed and expected rate, ``z`` and mean residual in bins of every covariate of the recording, in the model or not.
    time : Dataset (unit, block)
        The same in blocks of time.
    lags : Dataset (unit, lag) and (unit, band)
        Autocorrelation of the residuals; observed over expected spikes after the unit's own spikes, and score tests of bands of lags.
    calibration : Dataset (unit, tenth)
        Observed against predicted rate in ten groups of predicted rate.
    dispersion : Dataset (unit, window)
        Variance of sums over windows over what the model says.
    influence : Dataset (unit, block) or None
        How far each block of time moves the coefficients; None without covariance, and on held-out time.
    pairs : Dataset (unit, other, lag) or None
        Residual cross-correlation, positive lags where ``unit`` follows ``other``; None for one unit.
    """

    summary: xr.Dataset
    rescaling: xr.Dataset
    residuals: xr.Dataset
    covariates: xr.Dataset
    time: xr.Dataset
    lags: xr.Dataset
    calibration: xr.Dataset
    dispersion: xr.Dataset
    influence: xr.Dataset | None = None
    pairs: xr.Dataset | None = None

    @property
    def units(self) -> tuple[str, ...]:
        """Names of the units that were checked."""
        return tuple(str(name) for name in self.summary["unit"].values)

    @property
    def held_out(self) -> bool:
        """Whether each bin was predicted by a fit that had not seen it."""
        return bool(self.summary.attrs.get("held_out", 0))

    def __str__(self) -> str:
        return "\n".join(
            f"{unit}: {self.summary['verdict'].sel(unit=unit).item()}"
            + (f" Try: {following}." if (following := self.summary["try_next"].sel(unit=unit).item()) else "")
            for unit in self.units
        )

    def datasets(self) -> dict[str, xr.Dataset]:
        """The arrays by name, those that are there."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: dataset for name, dataset in named.items() if dataset is not None}

    @classmethod
    def from_datasets(cls, datasets: Mapping[str, xr.Dataset]) -> Goodness:
        """What `datasets` gave, put together again.

        Raises
        ------
        GlmError
            If one of them is missing.
        """
        needed = [field.name for field in fields(cls) if field.name not in ("influence", "pairs")]
        missing = [name for name in needed if name not in datasets]
        if missing:
            raise GlmError(f"the goodness of fit lacks '{missing[0]}'; check the result against the recording again")
        known = {field.name for field in fields(cls)}
        return cls(**{name: dataset for name, dataset in datasets.items() if name in known})
