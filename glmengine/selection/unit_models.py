"""Models of one unit fitted side by side: Newton steps on all rows with one pass for all of them, then a step or more to each fold.

A model without a fold differs little from the model of all rows, which has the fold's own gradient and Hessian in it: with these taken out a Newton
step leads there, and the score is the true one of the held-out bins (as the approximate leave-one-out of Pregibon 1981, Ann. Stat. 9, 705-724; Giordano et al. 2019,
AISTATS, for whole folds).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from glmengine.context import SILENT, Context, Interruptible, Progress, parts_by_work
from glmengine.fitting.batch import penalised_columns
from glmengine.fitting.found_strengths import restricted
from glmengine.fitting.inputs import read_inputs
from glmengine.models.components import Component, components_of
from glmengine.selection.fold_rows import FoldRows, SharedRows
from glmengine.selection.held_out import HeldOut
from glmengine.selection.nested_models import Ground, Model
from glmengine.selection.newton_state import NewtonState, solve
from glmengine.selection.null_model import NullModel
from glmengine.selection.whole_fits import Whole
from glmengine.selection.work_ahead import FIXED_COLUMNS
from glmengine.solvers.penalty_components import Components

SETTLED, EXACT = 1e-2, 1e-9
"""Newton decrements, in units of a log-likelihood, at which a model is compared (steps to its folds go on from there), and at which it is handed on."""

STALE = 0.3
"""Decrement of the steps taken since a Hessian was made, from which on it is made anew."""

MOST_STEPS = 40

FAR, FOLD_SETTLED, TOGETHER = 0.002, 1e-3, 16
"""Mean square over spikes by which the step to a fold changes the log rate, from which on one step is not enough, as where spikes are few or a fold is
unlike the others; the decrement at which further steps are done; and how many folds and models are at work side by side."""

USUALLY_LEFT = 0.75
"""Of the steps that a descent takes, after each of them."""

FOLDS = 60.0
"""What the steps of a model to its folds take, in columns of a model that would take as long on all rows."""

NO_EFFECT = 0.05
"""Effective degrees of freedom below which a term is none, so that a model with it scores as the one without: what differs is rounding, which has
one sign in all folds."""


class SharedGround:
    """What the models of all units stand on.

    Parameters
    ----------
    ground : Ground
    shared : SharedRows

    Attributes
    ----------
    columns : (p,) int array
        Of the ground's design, in the order of the columns of the shared rows.
    """

    def __init__(self, ground: Ground, shared: SharedRows) -> None:
        self.ground, self.shared = ground, shared
        self.columns = shared.columns(ground.prepared.design)
        inputs = read_inputs(ground.prepared.design, ground.prepared.counts, ground.family)
        self._components = components_of(ground.penalty.scaled(1.0), penalised_columns(ground.penalty, inputs))

    def components(self, columns: np.ndarray) -> tuple[Components, list[Component]]:
        """Penalised parts of a model with these columns of the design; parameters are the columns, then the intercept."""
        kept = [one for one in (restricted(one, columns) for one in self._components) if one is not None]
        key = (columns.size, *((one.columns.tobytes(), one.matrix.tobytes()) for one in kept))
        if key not in self.shared.penalties:  # the histories of all units are penalised alike
            self.shared.penalties[key] = Components(kept, columns.size + 1)
        return self.shared.penalties[key], kept


@dataclass
class UnitModels:
    """One unit's rows, sorted, and its models."""

    common: SharedGround
    number: int
    y: np.ndarray
    present: np.ndarray
    own: np.ndarray
    columns: np.ndarray
    states: dict[Model, NewtonState]
    null: NullModel
    scores: dict[Model, HeldOut] = field(default_factory=dict)

    @classmethod
    def of(cls, common: SharedGround, unit: int) -> UnitModels:
        ground, shared = common.ground, common.shared
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
        null = NullModel.of(y, present, shared.rows, ground.family, ground.link)
        return cls(common, unit, y, present, own, np.concatenate([common.columns, *numbers]).astype(int), {}, null)

    @property
    def rows(self) -> FoldRows:
        return self.common.shared.rows

    @property
    def size(self) -> int:
        return self.columns.size + 1

    def solve(self, models: list[Model], context: Context = SILENT) -> dict[Model, HeldOut]:
        """Fit models on all rows, then without each fold.

        Raises
        ------
        Stopped, Cancelled
            If the context wants to stop, or says so: of a long recording the models of one unit take a while.
        """
        if not self.null.known:
            return {model: self._silent(model) for model in models}
        largest = max(map(len, models))
        stages = (  # each begins at what those before it have found
            [model for model in models if len(model) <= 1],
            [model for model in models if 1 < len(model) == largest],
            [model for model in models if 1 < len(model) < largest],
        )
        shares = parts_by_work(
            context, [*(sum(FIXED_COLUMNS + self._width(model) for model in stage) for stage in stages), FOLDS * len(models)]
        )
        for stage, share in zip(stages, shares[:-1], strict=True):
            for model in stage:
                self.states.setdefault(model, self._begin(model))
            self._descend([self.states[model] for model in stage], SETTLED, share)
        return self._without_folds(models, shares[-1])

    def _width(self, model: Model) -> float:
        """Columns of a model of this unit."""
        allowed = self.common.ground.columns(model) & self.common.ground.own[:, self.number]
        return float(allowed[self.columns].sum())

    @cached_property
    def all_present(self) -> bool:
        return bool(self.present.all())

    @cached_property
    def own_single(self) -> np.ndarray:
        return np.ascontiguousarray(self.own.T, np.float32)

    @property
    def _exact_curvature(self) -> bool:
        ground = self.common.ground
        return ground.family.has_curvature(ground.link)

    def exact(self, model: Model) -> Whole | None:
        """`whole`, led on until it is good enough to be handed on."""
        if not self.null.known:
            return None
        state = self.states[model]
        if state.decrement > EXACT:
            state.done, state.moved, state.before = False, np.inf, None
            self._descend([state], EXACT)
        return self.whole(model)

    def whole(self, model: Model) -> Whole | None:
        """A model that was solved, on all rows; None for a unit without a spike."""
        if not self.null.known:
            return None
        state = self.states[model]
        H = state.hessian
        covariance = state.solved(np.eye(len(H)))
        p = np.argsort(state.columns)
        order = np.concatenate([[p.size], p])
        gain = self.null.loss - state.loss
        log_likelihood = self.null.log_likelihood + gain / self.common.ground.family.loss_factor
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
        """Descent of the loss and its curvature (T,) in every bin at a model that was solved, 0 in bins that are not fitted."""
        result = np.zeros((2, self.common.ground.prepared.design.n_rows))
        if self.null.known:
            eta = self.rows.predictor(self._spread([self.states[model]]), self.own)
            _, score, fisher, _ = self._evaluate(eta)
            result[0, self.common.shared.at], result[1, self.common.shared.at] = -score[0], fisher[0]
        return result[0], result[1]

    def _begin(self, model: Model) -> NewtonState:
        """At the nearest larger model that is known, else at what the terms come to that are known alone, else at the mean."""
        ground = self.common.ground
        allowed = ground.columns(model) & ground.own[:, self.number]
        wanted = np.concatenate([np.flatnonzero(allowed[self.columns]), [self.size - 1]])
        columns = self.columns[wanted[:-1]]
        components, parts = self.common.components(columns)
        theta = np.zeros(self.size)
        theta[-1] = self.null.eta
        mean = theta[wanted]
        larger = [other for other in self.states if model < other]
        smaller = [other for other in self.states if other < model]
        strengths: dict[str, float] = {}
        for other in sorted(smaller, key=len):
            known = self.states[other]
            theta[known.wanted[:-1]] = known.theta[:-1]
            strengths |= known.named_strengths
        theta[-1] += sum(self.states[other].theta[-1] - self.null.eta for other in smaller if len(other) == 1)
        if larger:
            known = self.states[min(larger, key=len)]
            theta[known.wanted] = known.theta
            strengths |= known.named_strengths
        labels = tuple(one.label for one in parts)
        begin = np.array([strengths[label] for label in labels]) if labels and set(labels) <= set(strengths) else None
        # terms that are good alone may be far off together: then the way begins nearer to the mean
        return NewtonState(columns, wanted, theta[wanted], components, labels, strengths=begin, before=mean, now=self.null.loss)

    def _spread(self, states: Sequence[NewtonState]) -> np.ndarray:
        theta = np.zeros((len(states), self.size))
        for number, state in enumerate(states):
            theta[number, state.wanted] = state.theta
        return theta

    def _evaluate(self, eta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        ground = self.common.ground
        with np.errstate(all="ignore"):
            found = ground.family.evaluate(eta, np.broadcast_to(self.y, eta.shape), ground.link)
            if self.all_present:
                return tuple(map(np.asarray, found))  # type: ignore[return-value]
            return tuple(np.where(self.present, np.asarray(part), 0.0) for part in found)  # type: ignore[return-value]

    def _descend(self, states: Sequence[NewtonState], enough: float, context: Context = SILENT) -> None:
        """Newton steps of all models until their decrements are `enough`; strengths anew with each Hessian."""
        context = Interruptible(context)
        for step in range(MOST_STEPS):
            context.check()
            left = sum(not state.done for state in states) / max(len(states), 1)
            context.report(Progress("Fitting", 1.0 - left * USUALLY_LEFT**step))
            active = [state for state in states if not state.done]
            if not active:
                return
            eta = self.rows.predictor(self._spread(active), self.own)
            loss, score, fisher, observed = self._evaluate(eta)
            curvature = observed if self._exact_curvature else fisher
            good = [state.accept(self._loss(state, own)) for state, own in zip(active, loss, strict=True)]
            gradients = self.rows.back(score, self.own, [state.wanted for state in active])
            for number, state in enumerate(active):
                if not good[number]:
                    continue
                context.check()
                state.gradients = state.kept(gradients[:, number][:, state.wanted])
                if state.hessians is None or state.moved > STALE:
                    found = state.kept(self.rows.grams(np.maximum(curvature[number], 0.0), self.own_single, state.wanted))
                    if state.before is not None and not np.isfinite(found).all():  # beyond single precision
                        state.halve()
                        continue
                    state.hessians = found
                    state.smooth()
                    state.moved = 0.0
                state.step(enough)
        for state in states:
            state.take_back()

    def _loss(self, state: NewtonState, loss: np.ndarray) -> float:
        """Of the rows that a model is fitted to."""
        if state.without is None:
            return float(loss.sum())
        kept = loss.copy()  # a difference of sums loses all digits where the fold that is left out is foretold very badly
        kept[self.rows.folds[state.without]] = 0.0
        return float(kept.sum())

    def _without_folds(self, models: Sequence[Model], context: Context = SILENT) -> dict[Model, HeldOut]:
        """Scores on each fold of the models fitted to the others."""
        F = self.rows.n_folds
        states = [self.states[model] for model in models]
        theta = np.repeat(self._spread(states)[None], F + 1, axis=0)
        far: list[tuple[int, NewtonState]] = []
        for number, state in enumerate(states):
            for one in self._folds_of(state):
                theta[one.without, number, state.wanted] = one.theta
                if 2.0 * one.decrement > FAR * self.null.spikes:
                    far.append((number, one))
        if far:  # the step may lead too far, so that it has to be better there than where it was taken from
            moved = sorted({number for number, _ in far})
            at_all_rows = dict(zip(moved, self._evaluate(self.rows.predictor(theta[F, moved], self.own))[0], strict=True))
            for number, one in far:
                one.before, one.now = states[number].theta, self._loss(one, at_all_rows[number])
        for begin in range(0, len(far), TOGETHER):
            together = far[begin : begin + TOGETHER]
            share = context.part(begin / len(far), (begin + len(together)) / len(far))
            self._descend([one for _, one in together], FOLD_SETTLED, share)
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

    def _without_effect(self, model: Model, state: NewtonState) -> Model | None:
        """The model less the terms that have next to no degree of freedom; None where all have."""
        if len(model) < 2 or state.working is None:
            return None
        edf = np.diagonal(state.solved(state.hessian))[:-1]
        ground = self.common.ground
        base = ground.columns(frozenset())
        lost = [k for k in model if edf[(ground.columns(frozenset([k])) & ~base)[state.columns]].sum() < NO_EFFECT]
        rest = model - frozenset(lost)
        return rest if lost and rest in self.states else None

    def _folds_of(self, state: NewtonState) -> list[NewtonState]:
        """The model without each fold: a Newton step from all rows, the strengths being those of the rows that are left too."""
        known = np.flatnonzero(self.null.counts)
        rest, pull = state.hessian - state.hessians[known], state.gradient - state.gradients[known]
        if state.working is None or not known.size:
            steps = [-solve(hessian, np.zeros_like(hessian), slopes) for hessian, slopes in zip(rest, pull, strict=True)]
            strengths = [state.strengths] * known.size
        else:
            strengths, thetas = state.working.smooth_subsets(rest, rest @ state.theta - pull, state.strengths)
            steps = thetas - state.theta
        found = []
        for k, step, own, hessian in zip(known.tolist(), steps, strengths, rest, strict=True):
            one = replace(state, theta=state.theta + step, strengths=own, before=None, hessians=None, moved=np.inf)
            one.done, one.without, one.decrement = False, k, 0.5 * float(step @ hessian @ step)
            found.append(one)
        return found

    def _held_out(
        self, columns: np.ndarray, loss: np.ndarray, coef: np.ndarray, intercept: np.ndarray, converged: bool
    ) -> HeldOut:
        null, factor = self.null, self.common.ground.family.loss_factor
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
        ground, F = self.common.ground, self.rows.n_folds
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
