"""Nested models of many units at once by shared sums: strengths by marginal likelihood, folds by Newton steps from the fit of all bins.

The models of a unit have some of its columns each. They are fitted side by side: one pass over the rows gives the gradients of all of
them. A model without a fold differs little from the model of all rows, which has the fold's own gradient and Hessian in it: with these taken out a Newton
step leads there, and the score is the true one of the held-out bins (as the approximate leave-one-out of Pregibon 1981, Ann. Stat. 9, 705-724; Giordano et al. 2019,
AISTATS, for whole folds). The strengths of the penalties are those that marginal likelihood finds in all rows, one a term.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from glmengine.context import SILENT, Context, Progress, Stopped
from glmengine.design.design import Design
from glmengine.fitting.batch import penalised_columns
from glmengine.fitting.found_strengths import restricted
from glmengine.fitting.inputs import read_inputs
from glmengine.models import Family
from glmengine.models.components import Component, components_of
from glmengine.models.links import Link
from glmengine.selection.fold_rows import FoldRows
from glmengine.selection.held_out import HeldOut
from glmengine.selection.nested_models import Ground, Model, NestedModels
from glmengine.selection.whole_fits import Whole, WholeFits
from glmengine.solvers.marginal_likelihood import Components, WorkingModel
from glmengine.threads import workers

SETTLED, EXACT = 1e-4, 1e-9
"""Newton decrements, in units of a log-likelihood, at which a model is compared, and at which it is handed on."""

STALE = 0.3
"""Decrement of the steps taken since a Hessian was made, from which on it is made anew."""

MOST_STEPS, MOST_HALVINGS = 40, 25

FEW_SPIKES, FOLD_SETTLED, TOGETHER = 20.0, 1e-3, 16
"""Spikes for each column up to which (with ten folds) one step to a fold is not enough, so that all folds of all models of a unit are fitted by further
steps; the decrement at which these are done; and how many are at work side by side."""

APPROXIMATIONS = (
    "Penalty strengths are those of the highest marginal likelihood; the strengths of the analysis are not tried.",
    "Models without a fold are reached by one Newton step from the fit of all bins, by further ones where a unit has few spikes for each column.",
    "The Hessians of fits are sums of products in float32; gradients and scores are float64.",
)
"""What a reader of the scores should know."""

NO_EFFECT = 0.05
"""Effective degrees of freedom below which a term is none, so that a model with it scores as the one without: what differs is rounding, which has
one sign in all folds."""

FOLD_STEPS = 2
"""Newton steps of the strengths from those of all rows to those without a fold."""


class SharedRows:
    """The valid rows of the columns that units have in common, made once for all of them.

    Parameters
    ----------
    design : Design
    fold : (T,) int array
    n_folds : int
    """

    def __init__(self, design: Design, fold: np.ndarray, n_folds: int) -> None:
        self.labels = tuple(block.term.label for block in design.blocks if not block.restricts)
        self.index = np.flatnonzero(design.valid)
        common = design.of(self.labels)
        values = common.dense()[self.index] if self.labels else np.zeros((self.index.size, 0))
        self.rows = FoldRows(values, fold[self.index], n_folds, [np.arange(s.start, s.stop) for s in common.slices.values()])
        self.at = self.index[self.rows.order]
        """(n,) int array, the bin of each sorted row."""

    def columns(self, design: Design) -> np.ndarray:
        """Columns of a design that has the same terms, in the order of the rows' columns."""
        parts = [np.arange(design.slices[label].start, design.slices[label].stop) for label in self.labels]
        return np.concatenate([np.zeros(0, int), *parts])[self.rows.columns]


def suits(ground: Ground, n_units: int = 1) -> bool:
    """Whether models can be fitted so: counts of known scale, penalties whose strength can be found, rows that fit in memory."""
    family = ground.family
    if family.by_class or family.estimates_dispersion or family.free_scale or not family.of_spikes:
        return False
    if ground.penalty.name not in ("ridge", "smoothness"):
        return False
    T, P = ground.prepared.design.shape
    return 8.0 * T * (P / max(n_units, 1) + 64) <= 0.4e9 * ground.memory


class OneStepModels(NestedModels):
    """The models of a `Ground` by shared sums.

    Parameters
    ----------
    ground : Ground
        See `suits`.
    shared : SharedRows, optional
        Of all units of the population, where the ground has some of them.
    """

    prunes: ClassVar[bool] = False

    def __init__(self, ground: Ground, shared: SharedRows | None = None) -> None:
        super().__init__(ground)
        design = ground.prepared.design
        self.shared = shared or SharedRows(design, ground.split.fold, len(ground.split.names))
        self._common = self.shared.columns(design)
        inputs = read_inputs(design, ground.prepared.counts, ground.family)
        self._components = components_of(ground.penalty.scaled(1.0), penalised_columns(ground.penalty, inputs))
        self._known_components: dict[tuple[int, ...], tuple[Components, list[Component]]] = {}
        self._units: dict[int, _Unit] = {}

    def ahead(self, wanted: Mapping[int, Iterable[Model]], context: Context = SILENT) -> None:
        """Fit models of units that will be asked for, those of a unit side by side, units on all cores."""
        asked = {unit: [m for m in dict.fromkeys(models) if (m, unit) not in self._known] for unit, models in wanted.items()}
        asked = {unit: models for unit, models in asked.items() if models}
        with workers() as pool:
            found = pool.map(lambda item: self._solve(item[0], item[1], context), list(asked.items()))
            for number, (unit, held_out) in enumerate(zip(asked, found, strict=True)):
                self._known.update({(model, unit): one for model, one in held_out.items()})
                context.report(Progress(f"{self.ground.units[unit]}: {len(held_out)} models", (number + 1) / len(asked)))
        if context.stopping:
            raise Stopped

    @property
    def notes(self) -> tuple[str, ...]:
        return (*self.ground.notes, *APPROXIMATIONS)

    def held_out(self, model: Model, units: Iterable[int], context: Context = SILENT) -> dict[int, HeldOut]:
        units = list(units)
        self.ahead({unit: [model] for unit in units}, context)
        return {unit: self._known[model, unit] for unit in units}

    def whole_fits(self, model: Model, units: np.ndarray, strength: np.ndarray, context: Context = SILENT) -> WholeFits:
        """The model of these units on all bins, at the strengths that marginal likelihood finds, as far as comparisons need it."""
        self.held_out(model, units.tolist(), context)
        return WholeFits.of_units([self._unit(unit).whole(model) for unit in units.tolist()])

    def whole(self, model: Model, unit: int) -> Whole | None:
        """The model of a unit at the optimum of all bins; None for a unit without a spike."""
        self.held_out(model, [unit])
        return self._unit(unit).exact(model)

    def residual(self, model: Model, unit: int) -> tuple[np.ndarray, np.ndarray]:
        """Descent of the loss and its curvature (T,) in every bin at the fit of a model, 0 in bins that are not fitted."""
        self.held_out(model, [unit])
        return self._unit(unit).residual(model)

    def done_with(self, unit: int) -> None:
        """Give up what is kept of a unit's rows."""
        self._units.pop(unit, None)

    def _unit(self, unit: int) -> _Unit:
        if unit not in self._units:
            self._units[unit] = _Unit.of(self, unit)
        return self._units[unit]

    def _solve(self, unit: int, models: list[Model], context: Context) -> dict[Model, HeldOut]:
        context.check()
        return {} if context.stopping else self._unit(unit).solve(models)

    def components(self, columns: np.ndarray) -> tuple[Components, list[Component]]:
        """Penalised parts of a model with these columns of the design; parameters are the columns, then the intercept."""
        key = tuple(columns.tolist())
        if key not in self._known_components:
            kept = [one for one in (restricted(one, columns) for one in self._components) if one is not None]
            self._known_components[key] = Components(kept, columns.size + 1), kept
        return self._known_components[key]


@dataclass
class _State:
    """A model on its way.

    `wanted` are its parameters among those of the unit, the intercept last, `theta` their values, `before` and `value` the point that the last step
    was taken from, `moved` the decrement of the steps since the Hessians (folds + 1, q, q) were made, `without` the fold that it is not fitted to.
    """

    columns: np.ndarray
    wanted: np.ndarray
    theta: np.ndarray
    components: Components
    labels: tuple[str, ...]
    working: WorkingModel | None = None
    strengths: np.ndarray | None = None
    hessians: np.ndarray | None = None
    gradients: np.ndarray | None = None
    before: np.ndarray | None = None
    loss: float = np.inf
    now: float = np.inf
    moved: float = np.inf
    decrement: float = np.inf
    halvings: int = 0
    done: bool = False
    without: int | None = None

    def penalty(self, theta: np.ndarray) -> float:
        return 0.5 * float(theta @ self.matrix @ theta)

    @property
    def matrix(self) -> np.ndarray:
        if self.strengths is None or not len(self.strengths):
            return np.zeros((self.wanted.size,) * 2)
        return self.components.matrix(self.strengths)


@dataclass
class _Unit:
    """One unit's rows, sorted, and its models."""

    models: OneStepModels
    number: int
    y: np.ndarray
    present: np.ndarray
    own: np.ndarray
    columns: np.ndarray
    states: dict[Model, _State]
    null: _Null
    scores: dict[Model, HeldOut] = field(default_factory=dict)

    @classmethod
    def of(cls, models: OneStepModels, unit: int) -> _Unit:
        ground, shared = models.ground, models.shared
        design, name = ground.prepared.design, ground.units[unit]
        parts, numbers = [], []
        for block in design.blocks:
            if block.restricts:
                narrow = block.for_units([name])
                allowed = narrow.allowed(name)
                parts.append(narrow.chunk(0, design.n_rows)[shared.at][:, allowed])
                where = design.slices[block.term.label]
                numbers.append(np.arange(where.start, where.stop)[block.allowed(name)])
        own = np.hstack(parts) if parts else np.zeros((shared.at.size, 0))
        y = np.asarray(ground.prepared.counts[shared.at, unit], np.float64)
        present = np.isfinite(y)
        y = np.where(present, y, ground.family.placeholder)
        null = _Null.of(y, present, shared.rows, ground.family, ground.link)
        return cls(models, unit, y, present, own, np.concatenate([models._common, *numbers]).astype(int), {}, null)

    @property
    def rows(self) -> FoldRows:
        return self.models.shared.rows

    @property
    def size(self) -> int:
        return self.columns.size + 1

    def solve(self, models: list[Model]) -> dict[Model, HeldOut]:
        """Fit models on all rows, then without each fold."""
        if not self.null.known:
            return {model: self._silent(model) for model in models}
        largest = max(map(len, models))
        stages = (  # each begins at what those before it have found
            [model for model in models if len(model) <= 1],
            [model for model in models if 1 < len(model) == largest],
            [model for model in models if 1 < len(model) < largest],
        )
        for stage in stages:
            for model in stage:
                self.states.setdefault(model, self._begin(model))
            self._descend([self.states[model] for model in stage], SETTLED)
        return self._without_folds(models)

    @cached_property
    def few_spikes(self) -> bool:
        """Whether a fold is so large a part of what is known that one step does not reach the fit without it."""
        return self.null.spikes < FEW_SPIKES * (self.size - 1) * 10.0 / max(self.rows.n_folds, 1)

    @cached_property
    def all_present(self) -> bool:
        return bool(self.present.all())

    @cached_property
    def own_single(self) -> np.ndarray:
        return self.own.astype(np.float32)

    @property
    def _exact_curvature(self) -> bool:
        ground = self.models.ground
        return ground.family.has_curvature(ground.link)

    def exact(self, model: Model) -> Whole | None:
        if not self.null.known:
            return None
        state = self.states[model]
        if state.decrement > EXACT:
            state.done, state.moved, state.before = False, np.inf, None
            self._descend([state], EXACT)
        return self.whole(model)

    def whole(self, model: Model) -> Whole | None:
        if not self.null.known:
            return None
        state = self.states[model]
        H = state.hessians.sum(axis=0)
        covariance = _inverse(H + state.matrix)
        order = np.concatenate([[H.shape[0] - 1], np.argsort(state.columns)])
        p = np.argsort(state.columns)
        gain = self.null.loss - state.loss
        log_likelihood = self.null.log_likelihood + gain / self.models.ground.family.loss_factor
        return Whole(
            columns=state.columns[p],
            coef=state.theta[:-1][p],
            intercept=float(state.theta[-1]),
            covariance=covariance[np.ix_(order, order)],
            strengths=np.zeros(0) if state.strengths is None else state.strengths / self.null.n,
            labels=state.labels,
            log_likelihood=log_likelihood,
            deviance=self.null.deviance - 2.0 * (log_likelihood - self.null.log_likelihood),
            edf=float(np.sum(covariance * H)),
            n_valid=self.null.n,
            converged=state.done and state.decrement <= SETTLED,
        )

    def residual(self, model: Model) -> tuple[np.ndarray, np.ndarray]:
        result = np.zeros((2, self.models.ground.prepared.design.n_rows))
        if self.null.known:
            eta = self.rows.predictor(self._spread([self.states[model]]), self.own)
            _, score, fisher, _ = self._evaluate(eta)
            result[0, self.models.shared.at], result[1, self.models.shared.at] = -score[0], fisher[0]
        return result[0], result[1]

    def _begin(self, model: Model) -> _State:
        """At the nearest larger model that is known, else at what the terms come to that are known alone, else at the mean."""
        ground = self.models.ground
        allowed = ground.columns(model) & ground.own[:, self.number]
        wanted = np.concatenate([np.flatnonzero(allowed[self.columns]), [self.size - 1]])
        columns = self.columns[wanted[:-1]]
        components, parts = self.models.components(columns)
        theta = np.zeros(self.size)
        theta[-1] = self.null.eta
        larger = [other for other in self.states if model < other]
        smaller = [other for other in self.states if other < model]
        strengths: dict[str, float] = {}
        for other in sorted(smaller, key=len):
            known = self.states[other]
            theta[known.wanted[:-1]] = known.theta[:-1]
            strengths |= _named(known)
        theta[-1] += sum(self.states[other].theta[-1] - self.null.eta for other in smaller if len(other) == 1)
        if larger:
            known = self.states[min(larger, key=len)]
            theta[known.wanted] = known.theta
            strengths |= _named(known)
        labels = tuple(one.label for one in parts)
        begin = np.array([strengths[label] for label in labels]) if labels and set(labels) <= set(strengths) else None
        return _State(columns, wanted, theta[wanted], components, labels, begin)

    def _spread(self, states: Sequence[_State]) -> np.ndarray:
        theta = np.zeros((len(states), self.size))
        for number, state in enumerate(states):
            theta[number, state.wanted] = state.theta
        return theta

    def _evaluate(self, eta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        ground = self.models.ground
        with np.errstate(all="ignore"):
            found = ground.family.evaluate(eta, np.broadcast_to(self.y, eta.shape), ground.link)
            if self.all_present:
                return tuple(map(np.asarray, found))  # type: ignore[return-value]
            return tuple(np.where(self.present, np.asarray(part), 0.0) for part in found)  # type: ignore[return-value]

    def _descend(self, states: Sequence[_State], enough: float) -> None:
        """Newton steps of all models until their decrements are `enough`; strengths anew with each Hessian."""
        for _ in range(MOST_STEPS):
            active = [state for state in states if not state.done]
            if not active:
                return
            eta = self.rows.predictor(self._spread(active), self.own)
            loss, score, fisher, observed = self._evaluate(eta)
            curvature = observed if self._exact_curvature else fisher
            good = [self._accept(state, self._loss(state, own)) for state, own in zip(active, loss, strict=True)]
            gradients = self.rows.back(score, self.own)
            for number, state in enumerate(active):
                if not good[number]:
                    continue
                state.gradients = _kept(state, gradients[:, number][:, state.wanted])
                if state.hessians is None or state.moved > STALE:
                    found = self.rows.grams(np.maximum(curvature[number], 0.0), self.own_single, state.wanted)
                    state.hessians = _kept(state, found)
                    self._smooth(state)
                    state.moved = 0.0
                self._step(state, enough)

    def _loss(self, state: _State, loss: np.ndarray) -> float:
        """Of the rows that a model is fitted to."""
        held = 0.0 if state.without is None else float(loss[self.rows.folds[state.without]].sum())
        return float(loss.sum()) - held

    @staticmethod
    def _accept(state: _State, loss: float) -> bool:
        """Whether the point is one to go on from; else half the way back to the last one."""
        if state.before is not None:
            now, last = loss + state.penalty(state.theta), state.now + state.penalty(state.before)
            if not now <= last + 1e-9 * max(abs(last), 1.0):
                state.halvings += 1
                if state.halvings > MOST_HALVINGS:
                    state.theta, state.loss, state.done = state.before, state.now, True
                    return False
                state.theta = 0.5 * (state.theta + state.before)
                return False
        state.halvings, state.loss = 0, loss
        return True

    @staticmethod
    def _smooth(state: _State) -> None:
        """Strengths of the highest marginal likelihood of the working model."""
        if not len(state.components):
            return
        H = state.hessians.sum(axis=0)
        linear = H @ state.theta - state.gradients.sum(axis=0)
        state.working = WorkingModel(H, linear, state.components)
        state.strengths = state.working.smooth(state.strengths).strengths

    @staticmethod
    def _step(state: _State, enough: float) -> None:
        S = state.matrix
        g = state.gradients.sum(axis=0) + S @ state.theta
        direction = -_solve(state.hessians.sum(axis=0) + S, g)
        state.decrement = -0.5 * float(g @ direction)
        if state.decrement <= enough:
            state.done = True
            return
        state.before, state.now = state.theta, state.loss
        state.theta = state.theta + direction
        state.moved += state.decrement

    def _without_folds(self, models: Sequence[Model]) -> dict[Model, HeldOut]:
        """Scores on each fold of the models fitted to the others."""
        F = self.rows.n_folds
        states = [self.states[model] for model in models]
        theta = np.repeat(self._spread(states)[None], F + 1, axis=0)
        far: list[tuple[int, _State]] = []
        for number, state in enumerate(states):
            for one in self._folds_of(state):
                theta[one.without, number, state.wanted] = one.theta
                if self.few_spikes:
                    far.append((number, one))
        for begin in range(0, len(far), TOGETHER):
            together = far[begin : begin + TOGETHER]
            self._descend([one for _, one in together], FOLD_SETTLED)
            for number, one in together:
                theta[one.without, number, one.wanted] = one.theta
        eta = self.rows.predictor(theta, self.own)
        loss = self._evaluate(eta)[0]
        sums = np.stack([loss[:, part].sum(axis=1) for part in self.rows.folds[:F]], axis=1)
        found: dict[Model, HeldOut] = {}
        for number, (model, state) in sorted(
            enumerate(zip(models, states, strict=True)), key=lambda item: (len(item[1][0]), item[0])
        ):
            if (same := self._without_effect(model, state)) is not None:
                known = self.scores | found
                found[model] = known[same] if same in known else self._without_folds([same])[same]
                continue
            order = np.argsort(state.columns)
            found[model] = self._held_out(
                state.columns[order],
                self.null.fold_loss if not state.columns.size else sums[number],
                theta[:F, number][:, state.wanted[:-1]][:, order],
                theta[:F, number, -1],
                state.done,
            )
        self.scores |= found
        return found

    def _without_effect(self, model: Model, state: _State) -> Model | None:
        """The model less the terms that have next to no degree of freedom; None where all have."""
        if len(model) < 2 or state.working is None:
            return None
        H = state.hessians.sum(axis=0)
        edf = np.diagonal(_solve(H + state.matrix, H))[:-1]
        ground = self.models.ground
        base = ground.columns(frozenset())
        lost = [k for k in model if edf[(ground.columns(frozenset([k])) & ~base)[state.columns]].sum() < NO_EFFECT]
        rest = model - frozenset(lost)
        return rest if lost and rest in self.states else None

    def _folds_of(self, state: _State) -> list[_State]:
        """The model without each fold: a Newton step from all rows, the strengths being those of the rows that are left too."""
        H, g = state.hessians.sum(axis=0), state.gradients.sum(axis=0)
        found = []
        for k in np.flatnonzero(self.null.counts).tolist():
            rest, pull = H - state.hessians[k], g - state.gradients[k]
            if state.working is None:
                step, strengths = -_solve(rest, pull), state.strengths
            else:
                smoothed = state.working.on(rest, rest @ state.theta - pull).smooth(state.strengths, FOLD_STEPS)
                step, strengths = smoothed.parameters - state.theta, smoothed.strengths
            one = replace(state, theta=state.theta + step, strengths=strengths, before=None, hessians=None, moved=np.inf)
            one.done, one.without, one.decrement = False, k, 0.5 * float(step @ rest @ step)
            found.append(one)
        return found

    def _held_out(
        self, columns: np.ndarray, loss: np.ndarray, coef: np.ndarray, intercept: np.ndarray, converged: bool
    ) -> HeldOut:
        null, factor = self.null, self.models.ground.family.loss_factor
        known = null.counts
        gained = (null.fold_loss - loss) / factor
        log_likelihood = null.fold_log_likelihood + gained

        def where(values: np.ndarray) -> np.ndarray:
            return np.where(known, values, np.nan)

        return HeldOut(
            weight=where(null.fold_n),
            spikes=where(null.fold_spikes),
            log_likelihood=where(log_likelihood),
            deviance=where(null.fold_deviance - 2.0 * gained),
            null_log_likelihood=where(null.fold_log_likelihood),
            null_deviance=where(null.fold_deviance),
            strength=np.full(known.size, np.nan),
            best=np.nan,
            converged=np.full(known.size, converged),
            columns=columns,
            coef=coef,
            intercept=intercept,
        )

    def _silent(self, model: Model) -> HeldOut:
        ground, F = self.models.ground, self.rows.n_folds
        columns = np.flatnonzero(ground.columns(model) & ground.own[:, self.number])
        missing = np.full(F, np.nan)
        return HeldOut(
            *(missing,) * 7,
            best=np.nan,
            converged=np.zeros(F, bool),
            columns=columns,
            coef=np.zeros((F, columns.size)),
            intercept=np.full(F, -np.inf),
        )


@dataclass(frozen=True)
class _Null:
    """The mean of a unit: of all rows, and of those without each fold."""

    eta: float
    n: float
    loss: float
    log_likelihood: float
    deviance: float
    counts: np.ndarray
    fold_n: np.ndarray
    fold_spikes: np.ndarray
    fold_loss: np.ndarray
    fold_log_likelihood: np.ndarray
    fold_deviance: np.ndarray

    @property
    def spikes(self) -> float:
        """In all folds."""
        return float(self.fold_spikes.sum())

    @property
    def known(self) -> bool:
        """Whether the unit has spikes, and bins without."""
        return bool(np.isfinite(self.eta))

    @classmethod
    def of(cls, y: np.ndarray, present: np.ndarray, rows: FoldRows, family: Family, link: Link) -> _Null:
        F = rows.n_folds
        parts = [np.flatnonzero(present[part]) + part.start for part in rows.folds]
        n = np.array([part.size for part in parts], np.float64)
        spikes = np.array([y[part].sum() for part in parts])
        whole = np.concatenate(parts)

        def sums(at: np.ndarray, mean: float) -> np.ndarray:
            if not at.size or not np.isfinite(link.eta(np.array(mean))):
                return np.full(3, np.nan)
            values, times = np.unique(y[at], return_counts=True)
            eta = np.full(values.size, float(link.eta(np.array(mean))))
            mu = np.full(values.size, mean)
            each = [
                family.evaluate(eta, values, link)[0],
                family.log_likelihood(mu, values),
                family.deviance(mu, values),
            ]
            return np.array([float(np.sum(np.asarray(one) * times)) for one in each])

        with np.errstate(all="ignore"):
            mean = spikes.sum() / n.sum()
            eta = float(link.eta(np.array(mean))) if n.sum() and spikes.sum() > 0 else np.nan
            without = (spikes.sum() - spikes[:F]) / (n.sum() - n[:F])
            folds = np.array([sums(part, one) for part, one in zip(parts[:F], without, strict=True)]).reshape(F, 3)
            total = sums(whole, mean)
        counts = (n[:F] > 0) & (spikes.sum() - spikes[:F] > 0) & np.isfinite(folds).all(axis=1)
        return cls(eta, float(n.sum()), *total.tolist(), counts, n[:F], spikes[:F], *folds.T)


def _kept(state: _State, sums: np.ndarray) -> np.ndarray:
    """Sums over each fold (folds + 1, ...), without that of the fold that a model is not fitted to."""
    if state.without is not None:
        sums[state.without] = 0.0
    return sums


def _named(state: _State) -> dict[str, float]:
    return {} if state.strengths is None else dict(zip(state.labels, state.strengths.tolist(), strict=True))


def _solve(A: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Minimum of the quadratic, of smallest norm in unit columns where it is not positive definite."""
    size = np.sqrt(np.maximum(np.diagonal(A), 1e-300))
    scaled = A / np.outer(size, size)
    try:
        factor = cho_factor(scaled, lower=True, check_finite=False)
        if np.diagonal(factor[0]).min() > 1e-6:
            return (cho_solve(factor, (b.T / size).T, check_finite=False).T / size).T
    except LinAlgError:
        pass
    return ((_pseudo_inverse(scaled) @ (b.T / size).T).T / size).T


def _inverse(A: np.ndarray) -> np.ndarray:
    return _solve(A, np.eye(len(A)))


def _pseudo_inverse(scaled: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(scaled)
    kept = values > 1e-11 * len(values) * max(float(values[-1]), 1e-300)
    return (vectors[:, kept] / values[kept]) @ vectors[:, kept].T
