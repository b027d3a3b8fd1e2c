"""Models with separable receptive fields, as the driver solves them: unit by unit, from several named starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from glmengine.context import Context, Progress
from glmengine.fitting.batch import Group
from glmengine.fitting.field_data import FieldData, sums_over
from glmengine.fitting.field_inference import FieldInference
from glmengine.solvers.low_rank import Found, minimise
from glmengine.solvers.negative_binomial import LOWEST, best_dispersion
from glmengine.solvers.next_strengths import Ahead
from glmengine.solvers.problem import ALL_ROWS, Solution
from glmengine.solvers.rank_frame import Unit

SOLVER = "alternating and Newton steps on matrices of low rank"

AVERAGE, RANDOM = "spike-triggered average", "random maps"
"""Where a fit begins; the better end is taken. In a cross-validation only the first is tried."""

_DISPERSIONS = 30


class FieldModel:
    """Coefficients of which some are matrices of low rank.

    Parameters
    ----------
    data : FieldData
    seed : int
        Of the random start.
    """

    def __init__(self, data: FieldData, seed: int) -> None:
        self.data, self.seed, self.assembly = data, seed, data.assembly

    @property
    def makes_zeros(self) -> bool:
        return False

    @property
    def finds_strengths(self) -> bool:
        return False

    def groups(self, units: np.ndarray) -> Sequence[Group]:
        return [Group(units)] if units.size else []

    def batch(self, unit: np.ndarray, held: np.ndarray, group: Group, context: Context) -> FieldBatch:
        return FieldBatch(self, unit, held)

    def null_intercept(self, units: np.ndarray) -> np.ndarray:
        return self.assembly.null_intercept(units)

    def inference(self, batches: Sequence[FieldBatch], strength: np.ndarray) -> FieldInference:
        """What follows from the optima of a fit at strengths (M,)."""
        founds: list[Found | None] = [None] * strength.size
        dispersions = np.ones(strength.size)
        for batch in batches:
            for unit, found, dispersion in zip(batch.unit.tolist(), batch.founds, batch.dispersions, strict=True):
                founds[unit], dispersions[unit] = found, dispersion
        return FieldInference(self.data, founds, strength, dispersions)


class FieldBatch:
    """K columns, solved one by one; see `glmengine.fitting.driver.Batch`.

    Attributes
    ----------
    founds : list of Found or None
    dispersions : (K,) array
    starts : list of str
        Name of the best start of each.
    """

    def __init__(self, model: FieldModel, unit: np.ndarray, held: np.ndarray) -> None:
        self._model, self.unit, self.held = model, unit, held
        self.places = np.arange(model.assembly.inputs.source.shape[1])
        self.founds: list[Found | None] = [None] * unit.size
        self.dispersions, self.starts = np.ones(unit.size), [""] * unit.size

    def solve(self, strength: np.ndarray, context: Context, ahead: Ahead | None = None) -> Solution:
        data, K = self._model.data, self.unit.size
        coef, ends = np.full((K, self.places.size), np.nan), np.full(K, np.nan)
        objective, decrement = np.full(K, np.nan), np.full(K, np.nan)
        converged, iterations = np.zeros(K, bool), np.zeros(K, int)
        for k in range(K):
            m, held, before = int(self.unit[k]), int(self.held[k]), self.founds[k]
            share = context.part(k / K, (k + 1) / K)
            if held == ALL_ROWS and before is None:
                found, self.dispersions[k], self.starts[k] = _best(data, m, strength[k], self._model.seed, share)
            else:
                unit = data.unit(m, float(strength[k]), 1.0, held)
                maps = data.average_maps(unit) if before is None else None
                found, self.dispersions[k] = _ended(data, unit, before, maps, share)
            self.founds[k] = found
            coef[k], ends[k] = found.w, found.b - data.rows.means @ found.w
            objective[k], decrement[k] = found.objective, found.decrement
            converged[k], iterations[k] = found.converged, found.steps
            if context.stopping:
                break
        return Solution(
            coef, ends, objective, decrement, converged, np.zeros(K, bool), iterations, SOLVER, backend=data.rows.name
        )

    def held_out(self, context: Context) -> np.ndarray:
        data, observed = self._model.data, self._model.assembly.observed
        sums = np.full((8, self.unit.size), np.nan)
        for k, found in enumerate(self.founds):
            if found is None:
                continue
            context.check()
            m, held = int(self.unit[k]), int(self.held[k])
            _, weights = data.observed(m, held, held_out=True)
            unit = replace(data.unit(m, 1.0, float(self.dispersions[k]), held), weights=weights)
            sums[:, k] = sums_over(unit, found, weights > 0, float(observed.mean[held + 1, m]))
        return sums

    def among(self, columns: np.ndarray) -> FieldBatch:
        """Some of its columns on the same rows, which begin where they are now."""
        other = FieldBatch(self._model, self.unit[columns], self.held[columns])
        other.founds = [self.founds[k] for k in columns.tolist()]
        other.dispersions, other.starts = self.dispersions[columns], [self.starts[k] for k in columns.tolist()]
        return other


def start_notes(units: Sequence[str], batches: Sequence[FieldBatch]) -> tuple[str, ...]:
    """That there may be other optima, and which start led to the best."""
    said = []
    for name in (AVERAGE, RANDOM):
        chosen = [
            units[m] for batch in batches for m, start in zip(batch.unit.tolist(), batch.starts, strict=True) if start == name
        ]
        if chosen:
            said.append(f"the best start was the {name} for {', '.join(chosen)}")
    return (
        "A separable field makes the likelihood not concave: what was found is a stationary point, and there may be others, and a p-value of the "
        f"field would mean nothing. {'; '.join(said)}.",
    )


def _best(data: FieldData, m: int, strength: float, seed: int, context: Context) -> tuple[Found, float, str]:
    """The lower of the ends of the named starts, with its dispersion."""
    rng = np.random.default_rng([seed, m])
    best: tuple[Found, float, str] | None = None
    for number, name in enumerate((AVERAGE, RANDOM)):
        share = context.part(number / 2, (number + 1) / 2)
        unit = data.unit(m, strength, 1.0)
        maps = data.average_maps(unit) if name == AVERAGE else data.rows.random_maps(rng)
        found, dispersion = _ended(data, unit, None, maps, share, None if best is None else best[0])
        if best is None or found.objective < best[0].objective - 1e-12 * max(1.0, abs(best[0].objective)):
            best = found, dispersion, name
        if context.stopping:
            break
    assert best is not None
    return best


def _ended(
    data: FieldData,
    unit: Unit,
    start: Found | None,
    maps: list[np.ndarray] | None,
    context: Context,
    known: Found | None = None,
) -> tuple[Found, float]:
    """The end of one start, and the dispersion that is most likely there; an end that is `known` is the answer where it comes to it."""
    context.report(Progress("Fitting", 0.0))
    mean = float(unit.weights @ unit.y / unit.weights.sum())
    w = np.zeros(unit.penalty.shape[0]) if start is None else start.w
    b = float(data.link.eta(mean)) if start is None else start.b
    if not data.family.estimates_dispersion:
        return minimise(unit, w, b, maps, context, known), 1.0
    found = minimise(unit, w, b, maps, context)
    for _ in range(_DISPERSIONS):
        mu = np.asarray(data.link.mean(unit.predictor(found.w, found.b)))
        dispersion = best_dispersion(unit.y, mu, unit.weights, unit.dispersion)
        settled = abs(dispersion - unit.dispersion) <= 1e-9 * max(dispersion, LOWEST)
        unit = replace(unit, dispersion=dispersion)
        if settled or context.stopping:
            return found, dispersion
        found = minimise(unit, found.w, found.b, None, context)
    return replace(found, converged=False), unit.dispersion
