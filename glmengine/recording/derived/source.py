"""Sources of derived quantities: their runs of valid samples, and new covariates at the same times."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError
from glmengine.recording.derived.smoothing import runs

if TYPE_CHECKING:
    from glmengine.recording.recording import Covariate


def longest_gap(source: Covariate, max_gap: float | None) -> float:
    """Seconds between samples from which on they are apart: ten sampling periods unless given."""
    return 10 * source.period if max_gap is None else max_gap


def finite_values(source: Covariate) -> np.ndarray:
    """The values as float64, NaN where they are infinite: such a sample is invalid as one that is missing."""
    values = np.asarray(source.data.values, np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def valid_runs(source: Covariate, max_gap: float | None) -> list[np.ndarray]:
    """Rows of each stretch of samples that are valid in all components, without a gap."""
    times = np.asarray(source.data.t)
    values = np.asarray(source.data.values, np.float64).reshape(len(times), -1)
    return runs(times, np.isfinite(values).all(axis=1), longest_gap(source, max_gap))


def refuse_angle_or_category(source: Covariate, why: str, field: str) -> None:
    """Refuse a source whose values are not more or less of something.

    Raises
    ------
    GlmError
        That it is an angle or a category, and `why` that does not do.
    """
    if source.kind in ("angle", "category"):
        article = "an" if source.kind == "angle" else "a"
        raise GlmError(f"'{source.name}' is {article} {source.kind}, {why}", field=field)


def at_times_of(source: Covariate, name: str, values: np.ndarray, unit: str, kind: str, text: str) -> Covariate:
    """A covariate of values (n,) at the n times of the source."""
    import pynapple as nap

    from glmengine.recording.recording import Covariate

    return Covariate(name, nap.Tsd(t=source.data.t, d=values, time_support=source.data.time_support), unit, kind, text)
