"""Correlations among covariates: which of them go together, along a line or in any other way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.context import SILENT, Context
from glmengine.recording.binned import sample_covariate
from glmengine.recording.described.bins import Axis
from glmengine.recording.joined_parts import SESSION
from glmengine.sentences import listed, percent

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.recording.recording import Covariate, Recording
    from glmengine.timegrid.grid import TimeGrid

MOST_VARIABLES = 24
NOTABLE = 0.1
"""Share of a variable that another has to tell before they are said to go together."""

_GROUPS = 12
_MOST_ROWS = 100_000
_MOST_CATEGORIES = 40


@dataclass(frozen=True)
class Pair:
    """Two covariates.

    Attributes
    ----------
    first, second : str
        `second` is told from `first` better than the other way round.
    explained : float
        Share of the variance of `second` between groups of `first`.
    correlation : float
        Along a line; NaN where there is none.
    """

    first: str
    second: str
    explained: float
    correlation: float

    @property
    def text(self) -> str:
        """``speed goes with position.x: 43 % of its variance lies between places of position.x (correlation 0.02)``."""
        strength = (
            "is nearly given by" if self.explained >= 0.9 else "goes strongly with" if self.explained >= 0.5 else "goes with"
        )
        line = "" if np.isnan(self.correlation) else f" (correlation {self.correlation:.2f})"
        return f"{self.second} {strength} {self.first}: {self.first} tells {percent(self.explained)} of its variance{line}"


def plain_variables(recording: Recording) -> tuple[list[str], list[str]]:
    """The variables that can be set beside each other, at most 24, and notes on those left out (of large series and films)."""
    found, notes = [], []
    for covariate in recording.covariates.values():
        if covariate.stored is not None or len(covariate.components) > MOST_VARIABLES:
            notes.append(
                f"'{covariate.name}' is left out: it has {max(len(covariate.components), 1):,} components, or stays in its file."
            )
        else:
            found += covariate.variables
    if len(found) > MOST_VARIABLES:
        notes.append(
            f"Only the first {MOST_VARIABLES} of {len(found)} variables are taken; left out: {listed(found[MOST_VARIABLES:], 4)}."
        )
    return found[:MOST_VARIABLES], notes


def covariate_correlations(
    recording: Recording,
    grid: TimeGrid,
    used: np.ndarray,
    variables: Sequence[str],
    *,
    max_gap: float | None = None,
    context: Context = SILENT,
) -> xr.Dataset:
    """How covariates go together, pair by pair, over the bins in which both are known.

    Parameters
    ----------
    recording : Recording
    grid : TimeGrid
        Bins in which they are sampled.
    used : (T,) bool array
        Which of them are taken; of more than 100,000 an even selection.
    variables : sequence of str
    max_gap : float, optional
        As for `sample_covariate`.
    context : Context, optional
        Asked before each variable and each row of pairs.

    Returns
    -------
    Dataset
        ``correlation`` (variable, other): Pearson's; of an angle with a number the root of its R^2 on sine and cosine (Mardia 1976,
        Biometrika 63), of two angles that of Jammalamadaka and SenGupta 2001 (Topics in Circular Statistics, eq. 8.2.2); NaN for
        categories and for what does not vary.
        ``explained`` (variable, other): share of the variance of `variable` between groups of `other` (12 of equal size, parts of the
        circle, or categories): the correlation ratio, less what chance gives (Kelley 1935, PNAS 21); of angles the variance of their
        unit vectors, of categories that of their indicators (tau of Goodman and Kruskal). It sees what has no line: on a track the animal
        is slow at both ends.
        ``bins`` (variable, other): how many bins both are known in.

    Raises
    ------
    GlmError
        If a variable is unknown.
    """
    import xarray as xr

    rows = np.flatnonzero(used)
    rows = rows[:: max(1, -(-len(rows) // _MOST_ROWS))]
    covariates = [recording.variable(name, field="variable") for name in variables]
    samples = [sample_covariate(one, grid, None if one.name == SESSION else max_gap, context)[rows] for one in covariates]
    vectors = [_vectors(one, x) for one, x in zip(covariates, samples, strict=True)]
    groups = [_groups(one, x) for one, x in zip(covariates, samples, strict=True)]
    size = len(covariates)
    correlation, explained, bins = np.full((size, size), np.nan), np.full((size, size), np.nan), np.zeros((size, size), np.int64)
    for one in range(size):
        context.check()
        for other in range(size):
            both = np.isfinite(samples[one]) & np.isfinite(samples[other])
            bins[one, other] = both.sum()
            if both.sum() > 2:
                explained[one, other] = _explained(vectors[one][both], groups[other][both])
                correlation[one, other] = (
                    correlation[other, one]
                    if other < one
                    else _correlation((covariates[one], samples[one][both]), (covariates[other], samples[other][both]))
                )
    pair = ("variable", "other")
    names = list(variables)
    return xr.Dataset(
        {
            "correlation": (pair, correlation, {"long_name": "correlation"}),
            "explained": (pair, explained, {"long_name": "share of variance explained by the other"}),
            "bins": (pair, bins, {"long_name": "bins of time"}),
        },
        {"variable": names, "other": names},
    )


def strongest_pairs(found: xr.Dataset, least: float = NOTABLE) -> list[Pair]:
    """Pairs of which one tells at least this share of the other, the strongest first."""
    names, explained, correlation = found["variable"].values, found["explained"].values, found["correlation"].values
    pairs = []
    for one in range(len(names)):
        for other in range(one):
            told, by = max((one, other), (other, one), key=lambda pair: np.nan_to_num(explained[pair], nan=-1.0))
            if explained[told, by] >= least:
                pairs.append(Pair(str(names[by]), str(names[told]), float(explained[told, by]), float(correlation[told, by])))
    return sorted(pairs, key=lambda pair: -pair.explained)


def correlations_in_words(found: xr.Dataset, most: int = 5) -> str:
    """The strongest pairs, and what they mean for a model; one sentence where there are none."""
    if found.sizes["variable"] < 2:
        return "There are no two covariates that could go together."
    pairs = strongest_pairs(found)
    if not pairs:
        return f"No covariate tells more than {percent(NOTABLE)} of another: their effects can be told apart."
    lines = [f"{pair.text}." for pair in pairs[:most]]
    if len(pairs) > most:
        lines.append(f"And {len(pairs) - most} more pairs.")
    first = pairs[0]
    lines.append(
        f"A cell that follows only one of such a pair looks tuned to the other as well: judge {first.second} with {first.first} in the same model."
    )
    return "\n".join(lines)


def _vectors(covariate: Covariate, x: np.ndarray) -> np.ndarray:
    """(n, d) in which variance means something: the number, the unit vector of an angle, the indicators of categories."""
    if covariate.kind == "angle":
        return np.column_stack([np.cos(x), np.sin(x)])
    if covariate.kind == "category" and len(kinds := np.unique(x[np.isfinite(x)])) <= _MOST_CATEGORIES:
        return (x[:, None] == kinds).astype(np.float64)
    return x[:, None]


def _groups(covariate: Covariate, x: np.ndarray) -> np.ndarray:
    """(n,) number of the group of each value, -1 for none."""
    if not np.isfinite(x).any():
        return np.full(len(x), -1)
    axis = Axis.of_data(covariate, x, _GROUPS)
    if axis.edges is None or covariate.kind == "angle":
        return axis.bin_of(x)
    edges = np.unique(np.nanquantile(x, np.linspace(0, 1, _GROUPS + 1)[1:-1]))
    return np.where(np.isfinite(x), np.searchsorted(edges, x, side="right"), -1)


def _explained(vectors: np.ndarray, groups: np.ndarray) -> float:
    """The correlation ratio less what chance gives, 0 at least; NaN where nothing varies."""
    centred = vectors - vectors.mean(axis=0)
    total = float((centred**2).sum())
    n = len(groups)
    if total <= 1e-24 * max(float((vectors**2).sum()), 1e-300) or len(np.unique(groups)) < 2:
        return float("nan")
    size = int(groups.max()) + 1
    number = np.bincount(groups, minlength=size)
    filled = number > 0
    between = sum(float((np.bincount(groups, column, size)[filled] ** 2 / number[filled]).sum()) for column in centred.T)
    spare = n - int(filled.sum())
    return max(0.0, 1 - (1 - between / total) * (n - 1) / spare) if spare > 0 else float("nan")


def _correlation(one: tuple[Covariate, np.ndarray], other: tuple[Covariate, np.ndarray]) -> float:
    kinds = {one[0].kind, other[0].kind}
    if "category" in kinds or min(np.ptp(one[1]), np.ptp(other[1])) == 0:
        return float("nan")
    if kinds == {"angle"}:
        first, second = (np.sin(x - np.angle(np.exp(1j * x).mean())) for _, x in (one, other))
        return float((first * second).sum() / np.sqrt((first**2).sum() * (second**2).sum()))
    if "angle" in kinds:
        angle, number = (one[1], other[1]) if one[0].kind == "angle" else (other[1], one[1])
        with np.errstate(invalid="ignore", divide="ignore"):
            c, s, between = np.corrcoef([number, np.cos(angle), np.sin(angle)])[[0, 0, 1], [1, 2, 2]]
        return float(np.sqrt(np.clip((c**2 + s**2 - 2 * c * s * between) / (1 - between**2), 0.0, 1.0)))
    return float(np.corrcoef(one[1], other[1])[0, 1])
