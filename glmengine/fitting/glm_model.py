"""Models with one linear predictor, as the driver solves them: prepared rows, warm starts, held-out scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from glmengine.backend.room import Room
from glmengine.backend.rows import Rows
from glmengine.context import Context
from glmengine.fitting.batch import Assembly, Group, column_groups, restricted
from glmengine.fitting.found_strengths import StrengthSearch
from glmengine.fitting.minimise import Minimiser
from glmengine.fitting.ready_rows import KeptRows, ready_rows
from glmengine.fitting.starts import MEAN
from glmengine.inference.part import Part
from glmengine.models.components import Component
from glmengine.models.penalties import Resolved
from glmengine.solvers.next_strengths import Ahead
from glmengine.solvers.problem import ALL_ROWS, Objective, Problem, Solution
from glmengine.solvers.rank import left_out
from glmengine.solvers.smoothing import Smoothing
from glmengine.solvers.worth import HeldOut


class GlmModel:
    """One linear predictor for each unit.

    Parameters
    ----------
    assembly : Assembly
    penalty : Resolved
        At strength 1, for all columns.
    solver : str
        As for `glmengine.fit`.
    memory : float
        Bytes that the prepared design may take.
    start : (coef (P, M), intercept (M,)), optional
        Where to begin.
    components : sequence of Component, optional
        Parts of the penalty whose strengths are to be found; those that are given then do not count.
    kept : KeptRows, optional
        Rows that were made ready before, or will be needed after.
    """

    def __init__(
        self,
        assembly: Assembly,
        penalty: Resolved,
        solver: str,
        memory: float,
        start: tuple[np.ndarray, np.ndarray] | None = None,
        components: Sequence[Component] = (),
        kept: KeptRows | None = None,
    ) -> None:
        self.assembly, self._penalty, self._solver, self._start = assembly, penalty, solver, start
        self._kept, self._room = kept, Room(memory) if kept is None else kept.enter(assembly, memory)
        self._components = tuple(components)

    @property
    def makes_zeros(self) -> bool:
        return not self._penalty.is_smooth

    @property
    def finds_strengths(self) -> bool:
        return bool(self._components)

    def groups(self, units: np.ndarray) -> Sequence[Group]:
        groups = column_groups(self.assembly.inputs.mask, units, self._penalty)
        if len(groups) > 1:
            self.assembly = (
                self.assembly.gathered(self._room.memory) if self._kept is None else self._kept.gathered(self.assembly)
            )
        return groups

    def null_intercept(self, units: np.ndarray) -> np.ndarray:
        return self.assembly.null_intercept(units)

    def batch(self, unit: np.ndarray, held: np.ndarray, group: Group, context: Context) -> GlmBatch:
        assembly = self.assembly
        if self._kept is None:
            ready = ready_rows(assembly, group, unit.size, self._room, context)
        else:
            ready = self._kept.of(assembly, group, unit.size, context)
        rows = ready.rows
        places = group.places(unit, assembly.inputs.source.shape[1])
        whole = group.columns is None and group.own is None
        some = None if whole else places if places.ndim == 1 else places[0]  # of units with own columns the penalty is the same
        penalty = self._penalty if some is None else restricted(self._penalty, some)
        search = StrengthSearch(self._components, some) if self._components else None
        n = rows.n_shared
        constant, carried = left_out(ready.constant, penalty.ridge if penalty.matrix is None else penalty.quadratic[:n, :n])
        constant, carried = (np.broadcast_to(which, (unit.size, n)) for which in (constant, carried))
        if group.own is not None:
            of_own = ready.own_constant[group.number(unit), : group.own.shape[1]]
            constant = np.column_stack([constant, of_own])
            carried = np.column_stack([carried, np.zeros_like(of_own)])
        ground = _Ground(assembly, group, rows, penalty, self._solver, None if whole else places, constant, carried, search)
        across = np.broadcast_to(places, (unit.size, places.shape[-1]))
        mask = assembly.inputs.mask
        allowed = np.ones(constant.shape, bool) if mask is None else mask[across, unit[:, None]]
        if self._start is None:
            begin = np.zeros((unit.size, rows.n_features)), assembly.null_intercept(unit, held)
        else:
            coef, ends = self._start
            begin = coef[across, unit[:, None]], ends[unit]
        return GlmBatch(ground, unit, held, allowed, begin, "given" if self._start is not None else MEAN)


@dataclass(frozen=True)
class _Ground:
    """What all columns of a batch stand on."""

    assembly: Assembly
    group: Group
    rows: Rows
    penalty: Resolved
    solver: str
    places: np.ndarray | None
    constant: np.ndarray
    carried: np.ndarray
    search: StrengthSearch | None


class GlmBatch:
    """K columns on the same rows; see `glmengine.fitting.driver.Batch`."""

    def __init__(
        self,
        ground: _Ground,
        unit: np.ndarray,
        held: np.ndarray,
        allowed: np.ndarray,
        begin: tuple[np.ndarray, np.ndarray] | None,
        start: str,
    ) -> None:
        self._ground, self.unit, self.held, self._allowed, self._begin, self._start = ground, unit, held, allowed, begin, start
        self._movable = allowed & ~ground.constant
        rows = ground.rows
        self.places = np.arange(rows.n_features) if ground.places is None else ground.places
        self._minimiser = Minimiser(ground.penalty, ground.solver, folds=bool((held != ALL_ROWS).all()))
        self._scores: HeldOut | None = None
        self._theta: np.ndarray | None = None
        self._problem: Problem | None = None
        self._free: np.ndarray | None = None
        self.smoothing: Smoothing | None = None

    def solve(self, strength: np.ndarray, context: Context, ahead: Ahead | None = None) -> Solution:
        ground = self._ground
        problem = ground.assembly.problem(
            ground.rows, ground.group, ground.penalty, self.unit, self.held, strength, self._movable, self._allowed
        )
        if self._theta is None:
            self._theta = Objective(problem, context).start(*self._begin)
        if ground.search is not None:
            solution, self._problem, self._theta, self.smoothing = ground.search.solve(
                problem, self._theta, self._minimiser, context, self._start
            )
        else:
            solution, self._problem, self._theta = self._minimiser.solve(
                problem, self._theta, context, start=self._start, ahead=ahead
            )
        self._free = solution.free
        return solution

    def held_out(self, context: Context) -> np.ndarray:
        assert self._problem is not None
        assert self._theta is not None
        family = self._problem.family
        if self._scores is None or family.estimates_dispersion:
            self._scores = HeldOut(self._ground.assembly.null(self.unit, self.held, self._problem.dispersion))
        return self._scores.sums(self._problem, self._theta, context)

    def among(self, columns: np.ndarray) -> GlmBatch:
        """Some of its columns on the same rows, which begin where they are now."""
        ground, begin = self._ground, self._begin
        picked = replace(
            ground,
            places=ground.places if ground.places is None or ground.places.ndim == 1 else ground.places[columns],
            constant=ground.constant[columns],
            carried=ground.carried[columns],
        )
        begin = None if begin is None else (begin[0][columns], begin[1][columns])
        other = GlmBatch(picked, self.unit[columns], self.held[columns], self._allowed[columns], begin, self._start)
        other._theta = None if self._theta is None else self._theta[columns]
        return other

    def part(self) -> Part:
        """What is known of the optimum."""
        ground, problem = self._ground, self._problem
        assert problem is not None
        assert self._theta is not None
        return Part(
            units=self.unit,
            columns=ground.places,
            problem=problem,
            theta=self._theta,
            null=ground.assembly.null(self.unit, self.held, problem.dispersion),
            constant=self._named(ground.constant),
            free=self._named(np.zeros_like(self._movable) if self._free is None else self._free & self._movable),
            starts=self._minimiser.starts,
            carried=self._named(ground.carried),
        )

    def _named(self, chosen: np.ndarray) -> np.ndarray:
        """Columns of the design that are chosen (K, p) bool in any column of the problem."""
        return np.unique(np.broadcast_to(self.places, chosen.shape)[chosen]) if chosen.any() else np.zeros(0, int)
