"""The curve of one term of one unit, and its held-out score, from some stretches of the time: an answer while a slider moves.

A fit of an hour takes seconds. A model of the same terms that is fitted to stretches from everywhere in the recording takes a fraction of a
second, and its curve differs from that of the whole by its standard error, which its band shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.analysis.penalty import penalty_of
from glmengine.analysis.used_bins import UsedBins, used_bins
from glmengine.analysis.wording import words_of
from glmengine.context import SILENT, Context
from glmengine.design.expanded import KeptBlocks
from glmengine.design.prepare import Ground, Prepared, ground_of, with_terms
from glmengine.design.splits import longest_window
from glmengine.design.term_size import n_columns
from glmengine.models import get_family
from glmengine.threads import quiet_blas

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.analysis.analysis import Analysis
    from glmengine.design.design import Block, Design
    from glmengine.recording.recording import Recording

QUICK = 1_000_000
"""Numbers of the design, at most, that are worked through in the time between two frames or three."""

SCORED = 4_000_000
"""The same in a second, cross-validated."""

_LEAST_BINS, _MANY_BINS = 2000, 8192
_STRETCHES = 20
_PASTS = 10  # times that a stretch is longer than what a term looks back on
_FOLDS = 2
_MOST_LEFT = 4  # choices of stretches that are remembered


@dataclass(frozen=True, eq=False)
class Sketch:
    """What some stretches of the time say of one unit.

    Attributes
    ----------
    unit, label : str
        `label` is that of the term.
    curves, filters : mapping of str to Dataset
        Those of the term alone, as in a `Result`; bands that hold whole curves are not made.
    seconds, whole : float
        Of the time that was fitted, and of all that the analysis uses.
    """

    unit: str
    label: str
    curves: Mapping[str, xr.Dataset] = field(default_factory=dict)
    filters: Mapping[str, xr.Dataset] = field(default_factory=dict)
    seconds: float = 0.0
    whole: float = 0.0


@dataclass(frozen=True)
class SketchScore:
    """Held-out deviance explained of one unit (NaN where there is none), by a model that was fitted to `seconds` of `whole` seconds."""

    unit: str
    deviance_explained: float
    seconds: float
    whole: float


class Sketches:
    """Sketches of one recording, each made with what the one before it left: bins and counts of the stretches, the columns of the terms
    that are the same still, and the coefficients to begin with.

    A sketch that is made so differs from one made anew by no more than two fits of the same problem do.

    Parameters
    ----------
    recording : Recording
    """

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self._left: list[_Left] = []  # the last one at the end

    def sketch(self, analysis: Analysis, unit: str, label: str, context: Context = SILENT, *, numbers: int = QUICK) -> Sketch:
        """The curve or filter of the term `label` as a fit of some of the time has it.

        Parameters
        ----------
        analysis : Analysis
            With one strength; its validation is not looked at.
        unit, label : str
        numbers : int
            Rows times columns that are fitted, at most; but at least 2000 rows.

        Raises
        ------
        GlmError
            As a fit would.
        """
        from glmengine.fitting.fit import fit
        from glmengine.results.curves import response_curves
        from glmengine.results.filters import term_filters
        from glmengine.results.posterior import Posterior, link_of

        with quiet_blas():
            left, prepared = self._prepared(analysis, unit, numbers, context)
            found = fit(
                prepared.design,
                prepared.counts,
                strength=analysis.model.strengths[0],
                start=left.start(prepared.design),
                context=context,
                **_options(analysis, prepared),
            )
            left.remember(prepared.design, found.coef, found.intercept)
            context.check()
            posterior = Posterior(
                coef=np.asarray(found.coef, np.float64),
                intercept=np.asarray(found.intercept, np.float64),
                covariance=np.asarray(found.covariance(0), np.float64)[None],
                link=link_of(analysis.model),
            )
            words = words_of(analysis.model)
            curves, _ = response_curves(prepared, posterior, context, words=words, only=label, simultaneous=False)
            filters = term_filters(prepared, posterior, words, context, only=label)
            return Sketch(unit, label, curves, filters, _seconds(prepared), left.whole)

    def score(self, analysis: Analysis, unit: str, context: Context = SILENT, *, numbers: int = SCORED) -> SketchScore:
        """The held-out score that goes with a sketch: every second stretch is held out from the others, and the others from those."""
        from glmengine.fitting.cross_validation import cross_validate

        left, prepared = self._prepared(analysis, unit, numbers, context)
        grid = prepared.grid
        # whole stretches: neighbouring bins know of each other
        fold = (
            grid.segment if len(grid.offsets) > 2 * _FOLDS else np.arange(grid.n_bins) * 2 * _FOLDS // max(grid.n_bins, 1)
        ) % _FOLDS
        found = cross_validate(
            prepared.design,
            prepared.counts,
            strengths=analysis.model.strengths[:1],
            folds=fold,
            context=context,
            **_options(analysis, prepared),
        )
        return SketchScore(unit, float(found.deviance_explained[0]), _seconds(prepared) / _FOLDS, left.whole)

    def _prepared(self, analysis: Analysis, unit: str, numbers: int, context: Context) -> tuple[_Left, Prepared]:
        """What is fitted, and what the last sketch of these stretches left for it."""
        used = used_bins(analysis, self.recording, context)
        rows = np.flatnonzero(used.rows)
        most = _most_bins(analysis, used.recording, numbers)
        asked = analysis.with_(units=analysis.units.with_(names=(unit,)), derived=())
        shape = _shape(asked, used, len(rows), most)
        question = (shape, analysis.time, analysis.derived, asked.units, asked.validation)
        left = next((one for one in self._left if one.question == question), None)
        if left is None:
            count, length = shape
            if count:
                first = np.arange(count) * (len(rows) // count)
                pieces = zip(used.grid.starts_at(rows[first]), used.grid.stops_at(rows[first + length - 1]), strict=True)
                asked = asked.with_(time=asked.time.with_(intervals=tuple((float(start), float(stop)) for start, stop in pieces)))
            ground = ground_of(asked, used.recording, context)
            left = _Left(question, ground, len(rows) * used.grid.bin_size)
            self._left = [*self._left[1 - _MOST_LEFT :], left]
        return left, with_terms(asked, left.ground, kept=left.blocks, context=context)


class _Left:
    """What a sketch leaves for the next one."""

    def __init__(self, question: tuple[Any, ...], ground: Ground, whole: float) -> None:
        self.question, self.ground, self.whole = question, ground, whole
        self.blocks = KeptBlocks()
        self._fitted: tuple[Design, np.ndarray, np.ndarray] | None = None

    def remember(self, design: Design, coef: np.ndarray, intercept: np.ndarray) -> None:
        """The coefficients (P, 1) and the intercept (1,) of a fit."""
        if np.isfinite(coef).all() and np.isfinite(intercept).all():
            self._fitted = design, coef, intercept

    def start(self, design: Design) -> tuple[np.ndarray, np.ndarray] | None:
        """Coefficients (P, 1) and intercept (1,) that are near those of a design which differs from the last in some terms."""
        if self._fitted is None:
            return None
        before, coef, intercept = self._fitted
        known = {block.term.label: block for block in before.blocks}
        start = np.zeros((design.n_columns, 1))
        for block in design.blocks:
            old, where = known.get(block.term.label), design.slices[block.term.label]
            if old is None:
                continue
            own = coef[before.slices[block.term.label]]
            start[where] = own if old.term == block.term else _nearest(block, old, own, design)
        return start, intercept


def _nearest(block: Block, before: Block, coef: np.ndarray, design: Design) -> np.ndarray:
    """(p, 1) coefficients of a block with which it adds most nearly what another did with `coef` (q, 1), by least squares over the rows."""
    X, target = (one.chunk(0, design.n_rows) for one in (block, before))
    rows = design.valid & np.isfinite(target).all(axis=1)
    X, target = X[rows], target[rows] @ coef
    gram = X.T @ X
    gram[np.diag_indices_from(gram)] += 1e-9 * max(float(np.trace(gram)), 1e-300)
    return np.linalg.solve(gram, X.T @ target)


def can_be_sketched(analysis: Analysis) -> bool:
    """Whether a fit of the analysis at one strength is one convex problem, which a part of the time says something of."""
    fields = any(term.kind == "receptive_field" for term in analysis.terms if term.enabled)
    return not (fields or analysis.model.finds_strengths or analysis.model.search or get_family(analysis.model.family).by_class)


def is_short(analysis: Analysis, recording: Recording, context: Context = SILENT, *, numbers: int = QUICK) -> bool:
    """Whether a sketch would be of all of the time."""
    used = used_bins(analysis, recording, context)
    return int(np.count_nonzero(used.rows)) <= _most_bins(analysis, used.recording, numbers)


def _shape(analysis: Analysis, used: UsedBins, n_rows: int, most: int) -> tuple[int, int]:
    """How many stretches, of how many rows each; none where all of the time is taken."""
    if n_rows <= most:
        return 0, 0
    past = longest_window(analysis.terms, used.grid.bin_size)
    count = int(np.clip(most // (_PASTS * max(past, 1)), 1, _STRETCHES))
    return count, most // count


def _most_bins(analysis: Analysis, recording: Recording, numbers: int) -> int:
    columns = sum(n_columns(term, len(recording.unit_names), recording) for term in analysis.terms if term.enabled)
    bins = max(numbers // max(columns, 1), _LEAST_BINS)
    # coarsely, so that they stay the same while a slider changes the columns a little; many fill what a pass goes through
    power = 2 ** int(np.log2(bins))
    step = power if power >= _MANY_BINS else power // 8
    return max(bins // step * step, _LEAST_BINS)


def _options(analysis: Analysis, prepared: Prepared) -> dict[str, Any]:
    return {
        "family": analysis.model.family,
        "link": analysis.model.link or None,
        "penalty": penalty_of(analysis.model, prepared.design.terms),
        "mask": prepared.design.mask(prepared.units),
        "unit_names": prepared.units,
        "memory": analysis.model.memory,
    }


def _seconds(prepared: Prepared) -> float:
    return float(prepared.design.valid.sum()) * prepared.grid.bin_size
