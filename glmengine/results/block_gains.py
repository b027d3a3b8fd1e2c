"""Blocks of terms switched on one after another and off one by one, with the held-out gain of each block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.selection import NamedModel, Selection, TermBlock, models_of
from glmengine.analysis.wording import share_text
from glmengine.argument_kinds import takes_only_its_kinds
from glmengine.context import SILENT, Context, Progress
from glmengine.errors import GlmError
from glmengine.results.paired_difference import PairedDifference, difference_over_units
from glmengine.selection.comparison import compare
from glmengine.selection.nested_models import NestedModels, make_ground
from glmengine.selection.search import STOPPED

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording

_FOLDS = 5
_ROUNDING = 1e-12
"""Deviance explained below which it is that of the mean itself."""


@dataclass(frozen=True, eq=False)
class BlockGains:
    """Nested models on one split, from none of the blocks to all of them, and all but each.

    Attributes
    ----------
    blocks : tuple of str
        The B blocks, in the order in which they were switched on.
    units : tuple of str
    models : tuple of str
        The constant rate (or what is always in), then with each block more, then all without each block.
    scores : (N, U) array
        Held-out deviance explained of each model; NaN for a unit that has none, and for what was not come to.
    added : (B, U) array
        Gain of each block over those before it.
    missed : (B, U) array
        What all blocks explain less without it.
    notes : tuple of str
    """

    blocks: tuple[str, ...]
    units: tuple[str, ...]
    models: tuple[str, ...]
    scores: np.ndarray
    added: np.ndarray
    missed: np.ndarray
    notes: tuple[str, ...]

    @takes_only_its_kinds
    def of_units(self, units: Sequence[str]) -> BlockGains:
        """The same of some of the units, in the order in which they were fitted; of all where none of them was."""
        kept = [at for at, unit in enumerate(self.units) if unit in set(units)]
        if not kept:
            return self
        return replace(
            self,
            units=tuple(self.units[at] for at in kept),
            scores=self.scores[:, kept],
            added=self.added[:, kept],
            missed=self.missed[:, kept],
        )

    @property
    def median_added(self) -> np.ndarray:
        """(B,) medians over the units that all models scored; NaN where there is no such unit."""
        return _medians(self.added)

    @property
    def median_missed(self) -> np.ndarray:
        """(B,) the same of what is missed."""
        return _medians(self.missed)

    @property
    def tests(self) -> tuple[PairedDifference, ...]:
        """Of the model with each block against the one before it, paired over units."""
        return tuple(
            difference_over_units(self.models[at + 1], self.models[at], gains)
            for at, gains in enumerate(self.added[: len(self.blocks)])
        )

    @property
    def sentences(self) -> tuple[str, ...]:
        """What each block brings, in words."""
        said = []
        for block, test, missed in zip(self.blocks, self.tests, self.median_missed, strict=True):
            turned = "less" if missed >= 0 else "more"
            last = (
                f" Without it the others together explain {share_text(abs(missed))} {turned} (median)."
                if np.isfinite(missed)
                else ""
            )
            said.append(f"{block}: {test.sentence}{last}")
        return tuple(said)


@takes_only_its_kinds
def block_gains(
    analysis: Analysis,
    recording: Recording,
    blocks: Mapping[str, Sequence[str]],
    *,
    folds: int = 0,
    context: Context | None = None,
) -> BlockGains:
    """Switch blocks of terms on one after another, and each off again, all scored on one split of time.

    Parameters
    ----------
    analysis : Analysis
        Its terms that are in no block are in every model.
    recording : Recording
    blocks : mapping of name to labels of terms
        In the order in which they are switched on; a block of one term may have its name.
    folds : int
        Parts of time that are held out; those of the validation, or 5 where that has none, where 0.
    context : Context, optional
        Where it wants to stop and keep, the models that were come to are compared.

    Returns
    -------
    BlockGains
        Held-out scores with each block more, and without each of them.

    Raises
    ------
    GlmError
        If a block names no term, a term is in two blocks, or time cannot be split.
    """
    context = context or SILENT
    if not blocks:
        raise GlmError("there is no block to switch on and off; name one", field="selection.blocks")
    selection = _selection(analysis, blocks, folds or analysis.validation.folds or _FOLDS)
    context.report(Progress("Making features", 0.0))
    ground = make_ground(analysis, recording, selection, context.part(0.0, 0.05))
    nested = NestedModels(ground)
    models = models_of(selection, ground.names)
    found = compare(nested, models, n_parts=0, context=context.part(0.05, 1.0, "Comparing blocks")).summary["deviance_explained"]
    names, numbers = tuple(models), list(models.values())
    come_to = found["model"].values.tolist()
    scores = np.full((len(names), len(ground.units)), np.nan)
    scores[[names.index(name) for name in come_to]] = np.where(np.abs(found.values) < _ROUNDING, 0.0, found.values)
    at = {model: number for number, model in enumerate(numbers)}
    steps = [at[frozenset(range(count))] for count in range(len(blocks) + 1)]
    without = [at[ground.everything - {number}] for number in range(len(blocks))]
    notes = (*nested.notes, *((STOPPED,) if context.stopping else ()))
    return BlockGains(
        blocks=tuple(blocks),
        units=ground.units,
        models=names,
        scores=scores,
        added=scores[steps[1:]] - scores[steps[:-1]],
        missed=scores[steps[-1]] - scores[without],
        notes=tuple(dict.fromkeys(notes)),
    )


def _selection(analysis: Analysis, blocks: Mapping[str, Sequence[str]], folds: int) -> Selection:
    """The models in the order of the table, for which a block of one term is that term."""
    labels = [term.label for term in analysis.terms if term.enabled]
    inside = [term for terms in blocks.values() for term in terms]
    names = {block: terms[0] if len(terms) == 1 else block for block, terms in blocks.items()}
    order = list(names.values())
    steps = [NamedModel(name=_up_to(list(blocks), count), terms=tuple(order[:count])) for count in range(1, len(order) + 1)]
    without = [
        NamedModel(name=f"all without {block}", terms=tuple(other for other in order if other != names[block]))
        for block in blocks
    ]
    return Selection(
        method="none",
        candidates=tuple(order),
        always=tuple(label for label in labels if label not in inside),
        blocks=tuple(TermBlock(name=block, terms=tuple(terms)) for block, terms in blocks.items() if len(terms) > 1),
        models=(*steps, *without),
        folds=folds,
    )


def _up_to(blocks: Sequence[str], count: int) -> str:
    return blocks[0] if count == 1 else f"+ {blocks[count - 1]}"


def _medians(gains: np.ndarray) -> np.ndarray:
    known = np.isfinite(gains).all(axis=0)
    return np.median(gains[:, known], axis=1) if known.any() else np.full(len(gains), np.nan)
