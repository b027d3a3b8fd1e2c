"""Models with some terms of one design each, fitted to the same bins and scored on the same split."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from glmengine.analysis.penalty import penalty_of, strengths_of
from glmengine.analysis.projection_files import with_projections
from glmengine.analysis.selection import Candidate, Selection, candidates_of, model_name
from glmengine.context import SILENT, Context, Stopped
from glmengine.design.expanded import expanded
from glmengine.design.prepare import prepare
from glmengine.design.splits import split_prepared
from glmengine.errors import GlmError
from glmengine.fitting.cross_validation import CrossValidation, cross_validate
from glmengine.fitting.fit import fit
from glmengine.fitting.fold_averages import sees_averages
from glmengine.fitting.found_strengths import REML
from glmengine.fitting.inputs import predictor
from glmengine.fitting.separable import separable_terms
from glmengine.models import Penalty, get_family
from glmengine.selection.held_out import HeldOut, held_out_of, strengths_by_fold
from glmengine.selection.term_gain import descent_of_loss
from glmengine.selection.whole_fits import WholeFits
from glmengine.sentences import listed, numbered

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.design.prepare import Prepared
    from glmengine.design.splits import Split
    from glmengine.fitting.fit_result import Fit
    from glmengine.models import Family
    from glmengine.models.links import Link
    from glmengine.recording.recording import Recording

Model = frozenset[int]
"""A model: which of the candidates, by number, it has beside the terms that are always in."""

_ONE_WAY = ("drift", "trial_number")
"""Kinds of derived covariates that are not the same kind of thing when they are moved in time."""

_ROOM = 0.5
"""Share of the memory that the expanded design may take, beside what fits make of it."""


BEST_ON_OTHERS = (
    "Each fold is scored at the penalty strength that is best on the other folds, so that no score has chosen itself."
)


@dataclass(frozen=True)
class Ground:
    """What all models of a selection stand on.

    Attributes
    ----------
    prepared : Prepared
        One design of all terms; its counts are missing in the gaps of the split.
    split : Split
    candidates : tuple of Candidate
    always : tuple of str
        Terms of every model.
    own : (P, M) bool array
        Columns that each unit may use at all.
    family, link : Family, Link
    penalty : Penalty
    strengths : tuple of float, or "reml"
        Those of the penalty that are tried, or that marginal likelihood finds them in the bins of each fit.
    platform : str
        What computes.
    memory : float
        GB.
    smoothing : float
        Of rates that are correlated (s).
    one_way : tuple of str
        Variables that go one way through the session.
    seed : int
        Of the analysis.
    notes : tuple of str
    """

    prepared: Prepared
    split: Split
    candidates: tuple[Candidate, ...]
    always: tuple[str, ...]
    own: np.ndarray
    family: Family
    link: Link
    penalty: Penalty
    strengths: tuple[float, ...] | str
    platform: str
    memory: float
    smoothing: float
    one_way: tuple[str, ...]
    seed: int
    notes: tuple[str, ...]

    @property
    def units(self) -> tuple[str, ...]:
        return self.prepared.units

    @property
    def names(self) -> tuple[str, ...]:
        """Of the candidates."""
        return tuple(candidate.name for candidate in self.candidates)

    @property
    def everything(self) -> Model:
        """The model that has all candidates."""
        return frozenset(range(len(self.candidates)))

    def columns(self, model: Model) -> np.ndarray:
        """(P,) bool, the columns of a model."""
        terms = [*self.always, *(term for number in model for term in self.candidates[number].terms)]
        found = np.zeros(self.prepared.design.n_columns, bool)
        for term in terms:
            found[self.prepared.design.slices.get(term, slice(0, 0))] = True
        return found

    def applies(self, candidate: int) -> np.ndarray:
        """(M,) bool, the units that a candidate has columns for."""
        return self.own[self.columns(frozenset([candidate])) & ~self.columns(frozenset())].any(axis=0)

    def name(self, model: Model) -> str:
        """The model in words."""
        return model_name(model, self.names, self.always)


def make_ground(
    analysis: Analysis, recording: Recording, selection: Selection | None = None, context: Context | None = None
) -> Ground:
    """One design and one split for all models of a selection.

    Parameters
    ----------
    analysis : Analysis
        Its terms in use are the candidates; its validation says how time is split.
    recording : Recording
    selection : Selection, optional
        That of the analysis where not given.

    Raises
    ------
    GlmError
        If no candidate is left, there are fewer trials (stretches, bins) than folds, or a term cannot be switched on and off.
    """
    context = context or SILENT
    selection = selection or analysis.selection or Selection()
    analysis = analysis.with_(terms=with_projections(analysis.terms))
    candidates = candidates_of(selection, [term.label for term in analysis.terms if term.enabled])
    used = {*selection.always, *(term for candidate in candidates for term in candidate.terms)}
    kept = [term if term.label in used else term.with_(enabled=False) for term in analysis.terms]
    prepared = prepare(analysis.with_(terms=tuple(kept)), recording, context)
    folds = selection.folds or analysis.validation.folds
    if folds < 2:
        raise GlmError(
            "models are compared on held-out time, and there are no folds; set folds to 2 or more", field="selection.folds"
        )
    split = split_prepared(analysis.validation.with_(folds=folds), prepared, analysis.seed)
    return ground_of(analysis, prepared, split, candidates, selection.always)


def one_way_variables(analysis: Analysis) -> tuple[str, ...]:
    """Variables that go one way through the session."""
    return tuple(spec.name for spec in analysis.derived if spec.kind in _ONE_WAY)


def ground_of(
    analysis: Analysis,
    prepared: Prepared,
    split: Split,
    candidates: Sequence[Candidate],
    always: Sequence[str] = (),
    *,
    room: float = _ROOM,
) -> Ground:
    """The same of a design and a split that are made already; its columns are expanded where they take less than `room` of the memory."""
    if separable_terms(prepared.design) or sees_averages(prepared):
        raise GlmError(
            "a receptive field that is separable, or seen through spike-triggered averages, cannot be switched on and off; "
            "give it another space, or leave it out of the selection",
            field="selection.candidates",
        )
    there = prepared.design.slices
    left = tuple(one for one in candidates if any(term in there for term in one.terms))
    if not left:
        named = {term for one in candidates for term in one.terms}
        why = " ".join(str(one) for one in prepared.design.left_out if one.label in named)
        raise GlmError(f"no candidate is left: {why} Name others.", field="selection.candidates")
    own = prepared.design.mask(prepared.units)
    family = get_family(analysis.model.family)
    said = {one.label for one in prepared.design.left_out}
    unsaid = [one.name for one in candidates if one not in left and one.name not in said]
    notes = (
        [f"No candidate, as nothing is left of {'its' if len(unsaid) == 1 else 'their'} terms: {listed(unsaid)}."]
        if unsaid
        else []
    )
    memory = analysis.model.memory
    prepared = replace(
        prepared, counts=split.without_gaps(prepared.counts), design=expanded(prepared.design, room * memory * 1e9)
    )
    ground = Ground(
        prepared=prepared,
        split=split,
        candidates=left,
        always=tuple(term for term in always if term in there),
        own=np.ones((prepared.design.n_columns, len(prepared.units)), bool) if own is None else own,
        family=family,
        link=family.link(analysis.model.link or None),
        penalty=penalty_of(analysis.model, prepared.design.terms),
        strengths=REML if analysis.model.finds_strengths else tuple(strengths_of(analysis)),
        platform=analysis.model.platform,
        memory=memory,
        smoothing=analysis.validation.smoothing,
        one_way=one_way_variables(analysis),
        seed=analysis.seed,
        notes=(*prepared.notes, *split.notes, *notes),
    )
    alone = [ground.names[number] for number in range(len(left)) if not ground.applies(number).any()]
    if alone:
        raise GlmError(
            f"the candidate '{alone[0]}' has no column for any of the units; leave it out of the selection",
            field="selection.candidates",
        )
    return ground


class NestedModels:
    """The models of a `Ground`, each fitted once for each unit that asks for it.

    Parameters
    ----------
    ground : Ground
    """

    prunes: ClassVar[bool] = True
    """Whether a score test costs less than the fit that it saves."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self._known: dict[tuple[Model, int], HeldOut] = {}

    @property
    def fold_names(self) -> tuple[str, ...]:
        """Of the F folds."""
        return self.ground.split.names

    @property
    def notes(self) -> tuple[str, ...]:
        """Those of the ground, and how models are scored."""
        strengths = self.ground.strengths
        return (*self.ground.notes, *([BEST_ON_OTHERS] if strengths != REML and len(strengths) > 1 else []))

    def held_out(self, model: Model, units: Iterable[int], context: Context = SILENT) -> dict[int, HeldOut]:
        """The model of each of these units on the folds; all that are not known yet in one batch."""
        units = list(units)
        asked = np.array([unit for unit in units if (model, unit) not in self._known], int)
        if asked.size:
            self._known.update({(model, unit): found for unit, found in self._cross_validated(model, asked, context).items()})
        return {unit: self._known[model, unit] for unit in units}

    def ahead(self, wanted: Mapping[int, Iterable[Model]], context: Context = SILENT) -> None:
        """Models of units that will be asked for next: of use where those of a unit are fitted side by side, as these are not."""

    def is_known(self, model: Model, unit: int) -> bool:
        """Whether a unit's model was fitted already."""
        return (model, unit) in self._known

    def fit(self, model: Model, units: np.ndarray, strength: np.ndarray, context: Context = SILENT) -> Fit:
        """The model of these units (m,) on all bins, at strengths (m,) or those that marginal likelihood finds."""
        given = REML if self.ground.strengths == REML and self.ground.columns(model).any() else strength
        found = fit(**self._arguments(model, units), strength=given, context=context)
        if context.stopping:
            raise Stopped
        return found

    def whole_fits(self, model: Model, units: np.ndarray, strength: np.ndarray, context: Context = SILENT) -> WholeFits:
        """What of such fits is compared."""
        return WholeFits.of_fit(self.fit(model, units, strength, context))

    def residuals(self, asked: Sequence[tuple[Model, int]]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Of each model of a unit the descent of the log-likelihood and its expected curvature (T,) in every bin at its fit, 0 in bins that are not
        fitted; one after another, as they take room."""
        fits: dict[Model, tuple[list[int], Fit]] = {}
        for model in dict.fromkeys(model for model, _ in asked):
            units = list(dict.fromkeys(unit for other, unit in asked if other == model))
            known = self.held_out(model, units)
            fits[model] = units, self.fit(model, np.array(units), np.array([known[unit].best for unit in units]))
        for model, unit in asked:
            units, found = fits[model]
            yield self._residual(found, units.index(unit), unit)

    def _residual(self, found: Fit, place: int, unit: int) -> tuple[np.ndarray, np.ndarray]:
        family, design = self.ground.family, self.ground.prepared.design
        y = self.ground.prepared.counts[:, unit].astype(np.float64)
        coef, intercept = found.coef[:, [place]], found.intercept[place]
        if not (np.isfinite(intercept) and np.isfinite(coef).all()):  # as of a unit without a spike
            return np.zeros(y.size), np.zeros(y.size)
        present = np.isfinite(y) & design.valid
        eta = np.where(present, predictor(design, coef, found.feature_names)[:, 0] + intercept, intercept)
        dispersion = found.dispersion[place] if family.estimates_dispersion else None
        descent, curvature = descent_of_loss(family, self.ground.link, eta, y, present, dispersion)
        return descent / family.loss_factor, curvature / family.loss_factor

    def _arguments(self, model: Model, units: np.ndarray) -> dict[str, Any]:
        ground = self.ground
        return {
            "X": ground.prepared.design,
            "Y": ground.prepared.counts[:, units],
            "family": ground.family,
            "link": ground.link,
            "penalty": ground.penalty,
            "mask": self.ground.columns(model)[:, None] & ground.own[:, units],
            "unit_names": [ground.units[unit] for unit in units],
            "platform": ground.platform,
            "memory": ground.memory,
        }

    def _cross_validated(self, model: Model, units: np.ndarray, context: Context) -> Mapping[int, HeldOut]:
        ground = self.ground
        bare = not self.ground.columns(model).any()
        found = cross_validate(
            **self._arguments(model, units),
            strengths=[0.0] if bare else ground.strengths,
            folds=ground.split.fold,
            coefs=not ground.family.by_class,
            context=context.part(0.0, 1.0, f"{ground.name(model)}: {numbered(units.size, 'unit')}"),
        )
        context.check()
        if context.stopping:
            raise Stopped
        return {int(unit): self._of_unit(found, place, model, int(unit)) for place, unit in enumerate(units)}

    def _of_unit(self, found: CrossValidation, place: int, model: Model, unit: int) -> HeldOut:
        strengths = np.asarray(found.scores["strength"].values, np.float64)
        at, best = strengths_by_fold(np.asarray(found.scores.values[:, :, place], np.float64), strengths)
        columns = np.flatnonzero(self.ground.columns(model) & self.ground.own[:, unit])
        return held_out_of(found, place, at, best, len(self.fold_names), columns)
