"""Softmax models of units that are in one of C classes in each bin, as the driver solves them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from glmengine.backend.room import Room
from glmengine.context import Context, Progress
from glmengine.fitting.batch import Assembly, Group, restricted
from glmengine.inference.class_covariance import ClassInference, UnitAnswer
from glmengine.inference.evaluation import Evaluation
from glmengine.models.penalties import Resolved
from glmengine.solvers.categorical import CategoricalAnswer, minimise_categorical
from glmengine.solvers.next_strengths import Ahead
from glmengine.solvers.problem import Solution
from glmengine.solvers.quadratic import Sparsity
from glmengine.solvers.softmax import StandardColumns
from glmengine.solvers.status import SILENT_UNIT

SOLVER = "Newton on all classes"


class ClassModel:
    """A linear predictor for each class of each unit.

    Parameters
    ----------
    assembly : Assembly
    penalty : Resolved
        At strength 1, for all columns.
    memory : float
        Bytes that the prepared design may take.
    start : (coef (P, C, M), intercept (C, M)), optional
        Where to begin.
    """

    def __init__(
        self, assembly: Assembly, penalty: Resolved, memory: float, start: tuple[np.ndarray, np.ndarray] | None = None
    ) -> None:
        self.assembly, self.penalty, self._room, self.start = assembly, penalty, Room(memory), start

    @property
    def makes_zeros(self) -> bool:
        return not self.penalty.is_smooth

    @property
    def finds_strengths(self) -> bool:
        return False

    def groups(self, units: np.ndarray) -> Sequence[Group]:
        """Units that have the same columns."""
        mask = self.assembly.inputs.mask
        if mask is None:
            return [Group(units)] if units.size else []
        patterns: dict[bytes, list[int]] = {}
        for unit in units.tolist():
            patterns.setdefault(mask[:, unit].tobytes(), []).append(unit)
        return [Group(np.array(members), np.flatnonzero(mask[:, members[0]])) for members in patterns.values()]

    def batch(self, unit: np.ndarray, held: np.ndarray, group: Group, context: Context) -> ClassBatch:
        assembly = self.assembly
        P, C = assembly.inputs.source.shape[1], assembly.observed.classes.shape[-1]
        rows = StandardColumns(assembly.rows(group, width=C, room=self._room), context)
        return ClassBatch(self, rows, unit, held, group.places(unit, P), group.number(unit))

    def null_intercept(self, units: np.ndarray) -> np.ndarray:
        """(C, K) the logarithms of the shares, minus infinity for classes that never occur, beside the class or mean that answers have as 0."""
        counts = self.assembly.observed.classes[0, units]
        if not self.assembly.intercept:
            return np.zeros(counts.T.shape)
        logs = np.log(counts, out=np.full(counts.shape, -np.inf), where=counts > 0)
        for one in logs:
            present = one[np.isfinite(one)]
            one -= present[-1] if self.penalty.is_none else present.mean()
        return logs.T

    def inference(self, batches: Sequence[ClassBatch]) -> ClassInference:
        """What follows from the optima of a fit."""
        assembly = self.assembly
        P, M = assembly.inputs.shape[1:]
        counts, status = assembly.observed.classes[0], assembly.status
        answers: list[UnitAnswer | None] = [None] * M
        likelihood = np.where(status == SILENT_UNIT, 0.0, np.nan)
        for batch in batches:
            for unit, answer, value in zip(batch.unit.tolist(), batch.answers, batch.log_likelihoods(), strict=True):
                if answer is not None:
                    answers[unit], likelihood[unit] = UnitAnswer(answer, batch.places), value
        null = -0.5 * assembly.null_deviance * assembly.n_valid
        null = np.where(assembly.n_valid > 0, null, np.nan)
        evaluation = Evaluation(likelihood, -2.0 * likelihood, null, -2.0 * null, np.full(M, np.nan))
        groups = [np.asarray(group) for group in assembly.inputs.groups.values()]
        shape, unsolved = (P, counts.shape[-1], M), np.where(status == SILENT_UNIT, 0.0, np.nan)
        return ClassInference(answers, evaluation, groups, shape, intercept=assembly.intercept, unsolved=unsolved)


class ClassBatch:
    """K columns on the same rows, solved one by one; see `glmengine.fitting.driver.Batch`."""

    def __init__(
        self, model: ClassModel, rows: StandardColumns, unit: np.ndarray, held: np.ndarray, places: np.ndarray, number: np.ndarray
    ) -> None:
        self._model, self._rows, self.unit, self.held, self.places = model, rows, unit, held, places
        self._penalty = restricted(model.penalty, places)
        self._number = number  # of the units, as the rows have them
        self._strength = np.ones(unit.size)
        self.answers: list[CategoricalAnswer | None] = [None] * unit.size
        self._begin: list[tuple[np.ndarray, np.ndarray] | None] = [None] * unit.size
        if model.start is not None:
            coef, ends = model.start
            self._begin = [(coef[places, :, m], ends[:, m]) for m in unit.tolist()]

    def solve(self, strength: np.ndarray, context: Context, ahead: Ahead | None = None) -> Solution:
        K, C = self.unit.size, self._n_classes
        coef, ends = np.full((K, self.places.size, C), np.nan), np.full((K, C), np.nan)
        objective, decrement = np.full(K, np.nan), np.full(K, np.nan)
        converged, runaway, iterations = np.zeros(K, bool), np.zeros(K, bool), np.zeros(K, int)
        trace: list[dict[str, float]] = []
        backends: list[str] = []
        for k in range(K):
            answer = self._one(k, float(strength[k]), context.part(k / K, (k + 1) / K))
            self.answers[k], self._begin[k], self._strength[k] = answer, (answer.coef, answer.intercept), strength[k]
            coef[k], ends[k] = answer.coef, answer.intercept
            objective[k], decrement[k], iterations[k] = answer.objective, answer.decrement, answer.iterations
            converged[k], runaway[k] = answer.converged, answer.separated
            trace.extend(answer.trace)
            backends.append(answer.backend)
            if context.stopping:
                break
        backend = "; ".join(dict.fromkeys(backends))
        return Solution(coef, ends, objective, decrement, converged, runaway, iterations, SOLVER, backend, trace=tuple(trace))

    def _one(self, k: int, strength: float, context: Context) -> CategoricalAnswer:
        penalty = self._penalty.times(strength)
        sparsity = None if penalty.is_smooth else Sparsity(penalty.l1, penalty.groups, penalty.group_weights, penalty.scales)

        def report(iteration: int, decrement: float) -> None:
            context.check()
            context.report(Progress("Fitting", 1.0 - 1.0 / (1.0 + iteration), f"step {iteration}, decrement {decrement:.1e}"))

        return minimise_categorical(
            self._rows,
            self._n_classes,
            penalty.quadratic if penalty.ridge.any() or penalty.matrix is not None else None,
            sparsity,
            unit=int(self._number[k]),
            held=int(self.held[k]),
            intercept=self._model.assembly.intercept,
            start=self._begin[k],
            report=report,
            stopping=lambda: bool(context.stopping),
        )

    @property
    def _n_classes(self) -> int:
        return self._model.assembly.observed.classes.shape[-1]

    def held_out(self, context: Context) -> np.ndarray:
        """The first six of the sums; the null model is the share of each class among the rows fitted to."""
        sums = np.full((8, self.unit.size), np.nan)
        classes = self._model.assembly.observed.classes
        for k, answer in enumerate(self.answers):
            if answer is None:
                continue
            context.check()
            left = classes[self.held[k] + 1, self.unit[k]]
            held = classes[0, self.unit[k]] - left
            seen = held > 0
            base = float(held[seen] @ np.log(left[seen] / left.sum()))
            likelihood = self._rows.log_likelihood(answer.coef, answer.intercept, int(self._number[k]), int(self.held[k]))
            sums[:6, k] = held.sum(), held.sum(), likelihood, -2.0 * likelihood, base, -2.0 * base
        return sums

    def among(self, columns: np.ndarray) -> ClassBatch:
        """Some of its columns on the same rows, which begin where they are now."""
        other = ClassBatch(self._model, self._rows, self.unit[columns], self.held[columns], self.places, self._number[columns])
        other._begin = [self._begin[k] for k in columns.tolist()]
        return other

    def log_likelihoods(self) -> np.ndarray:
        """(K,) of a fit: the objective less its penalty, times the number of rows."""
        result, n_valid = np.full(self.unit.size, np.nan), self._model.assembly.n_valid
        for k, answer in enumerate(self.answers):
            if answer is not None:
                penalty = self._penalty.times(float(self._strength[k]))
                penalised = float(np.sum([penalty.value(answer.coef[:, c]) for c in range(answer.coef.shape[1])]))
                result[k] = -(answer.objective - penalised) * n_valid[self.unit[k]]
        return result
