"""Previews before a fit: basis functions, and a term's features on a stretch of the recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.basis import Basis
from glmengine.context import SILENT, Context
from glmengine.design.tensor_product import joint_bases, n_joint
from glmengine.errors import GlmError

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis, Time
    from glmengine.analysis.terms import AnyTerm, Factor
    from glmengine.design.design import Design
    from glmengine.recording.recording import Recording

_POINTS = 400
_POINTS_A_FUNCTION = 3


@dataclass(frozen=True, eq=False)
class DesignBlock:
    """The columns of one term: values (t, p) and their labels."""

    label: str
    values: np.ndarray
    columns: tuple[str, ...]


def basis_curve(basis: Basis, x_range: tuple[float, float] | None, bin_size: float) -> tuple[np.ndarray, np.ndarray, str, str]:
    """The functions of a basis.

    Parameters
    ----------
    basis : Basis
    x_range : (low, high) or None
        Range of the variable, for a basis without bounds; None for kernels over the past.
    bin_size : float
        In seconds, for kernels.

    Returns
    -------
    x (L,), values (L, n), label, unit
        Lags in seconds for a kernel.
    """
    if x_range is None and getattr(basis, "window", None) is not None:
        lags, values = basis.kernel(bin_size)
        return lags * bin_size, values, "Lag", "s"
    x, at = _places(basis, x_range, _POINTS)
    return x, basis.frozen(at).evaluate(at), "Value", ""


def _places(basis: Basis, data: tuple[float, float] | None, n: int) -> tuple[np.ndarray, np.ndarray]:
    """(n,) places along an axis, and the values whose functions are drawn there: of categories the nearest one."""
    if not (categories := getattr(basis, "categories", ())):
        low, high = getattr(basis, "bounds", None) or data or (0.0, 1.0)
        x = np.linspace(low, high, n)
        return x, x
    values = np.unique(categories)
    half = 0.5 * float(np.diff(values).min()) if len(values) > 1 else 0.5
    x = np.linspace(values[0] - half, values[-1] + half, n)
    return x, values[np.searchsorted(0.5 * (values[1:] + values[:-1]), x)]


def family_example(kind: type[Basis], n: int = 5, points: int = 120) -> tuple[np.ndarray, np.ndarray] | None:
    """A few functions of a family as they are drawn small: x (L,) from 0 to 1 and values (L, k), those over the past where it has no others.

    None for a family of which nothing can be drawn before data or a function are given.
    """
    chosen = {"n": n, "n_functions": n, "window": 1.0}
    given = {name: value for name, value in chosen.items() if name in kind.model_fields}
    x = np.linspace(0.0, 1.0, points)
    try:
        basis = kind(**given)
        if kind.evaluates:
            low, high = getattr(basis, "bounds", None) or (0.0, 1.0)
            shown = low + (high - low) * x
            if kind.local and not hasattr(basis, "bounds"):  # categories
                shown = np.floor(x * n).clip(max=n - 1)
            values = basis.frozen(shown).evaluate(shown)
        else:
            _, values = basis.kernel(1.0 / points)
            x = np.linspace(0.0, 1.0, len(values))
    except GlmError:
        return None
    values = values[:, : 2 * n]
    return (x, values) if values.size and np.isfinite(values).any() else None


def product_image(
    factors: Sequence[Factor], n: int = 64, ranges: Sequence[tuple[float, float] | None] = (None, None)
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The functions of a term's first two variables as images.

    Parameters
    ----------
    factors : two or more factors
        Of more than two, each image is multiplied by each function of the others.
    n : int
        Points along each axis; of functions that are narrower than the step, a point shows the largest value around it.
    ranges : sequence of (low, high) or None
        Of each variable, for bases without bounds.

    Returns
    -------
    x (n,), y (n,), values (n_x, n_y, n, n)
        For each function of either basis, x first; NaN where the term has no such function.
    """
    axes, parts = [], []
    for factor, basis, data in zip(factors[:2], joint_bases(factors), ranges, strict=False):
        x, at = _places(factor.basis, data, n)
        axes.append(x)
        frozen = basis.frozen(at)
        finer = 1 if at is not x else -(-_POINTS_A_FUNCTION * _count(frozen, x) // n)
        parts.append(_seen(frozen, at, finer))
    images = np.einsum("xi,yj->ijxy", *parts)
    whole = [factor.with_(basis=factor.basis.frozen(x)) for factor, x in zip(factors, axes, strict=False)]
    if len(factors) == 2 and n_joint(whole) < images.shape[0] * images.shape[1]:
        images[0, 0] = np.nan  # the constant, which the intercept is already
    return axes[0], axes[1], images


def _count(basis: Basis, x: np.ndarray) -> int:
    return basis.evaluate(x[:1]).shape[1]


def _seen(basis: Basis, x: np.ndarray, finer: int) -> np.ndarray:
    """Functions (n, functions) over x (n,), each of `finer` points around an x giving the one of largest magnitude.

    A function that is narrower than the step of x would fall between two of them.
    """
    if finer <= 1:
        return basis.evaluate(x)
    edges = np.linspace(x[0], x[-1], len(x) * finer)
    values = basis.evaluate(edges).reshape(len(x), finer, -1)
    largest = np.argmax(np.abs(values), axis=1)
    return np.take_along_axis(values, largest[:, None], axis=1)[:, 0]


def feature_preview(
    term: AnyTerm, recording: Recording, time: Time, seconds: float = 10.0, start: float | None = None, unit: str | None = None
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """A term's columns on a stretch of the recording.

    Parameters
    ----------
    term, recording, time
    seconds, start : float
        Length of the stretch, and where it begins; with the first bin where None.
    unit : str, optional
        Whose own history is meant; that of the first units where None.

    Returns
    -------
    times (t,), values (t, p), labels
        Bin centres in seconds; NaN where a row cannot be used. Empty where no bin of the analysis lies in the stretch.
    """
    times, design, rows = _on_stretch(term, recording, time, seconds, start, unit)
    return (times, design.dense()[rows], list(design.columns.index)) if design is not None else (times, np.empty((0, 0)), [])


def _on_stretch(
    term: AnyTerm, recording: Recording, time: Time, seconds: float, start: float | None, unit: str | None
) -> tuple[np.ndarray, Design | None, np.ndarray]:
    """Bin centres (t,), the design of one term, and which of its rows they are; no design where no bin lies in the stretch."""
    from glmengine.analysis.analysis import Analysis
    from glmengine.analysis.time_grid import bin_size_of, make_grid, pieces_of
    from glmengine.design.build import build_design
    from glmengine.timegrid.grid import TimeGrid
    from glmengine.timegrid.intervals import intersect

    # the stretches alone: to cut hours into milliseconds takes longer than a preview may
    pieces = pieces_of(time, recording)
    pieces = pieces[pieces[:, 1] - pieces[:, 0] >= time.bin_size]
    if not len(pieces):
        pieces = make_grid(time, recording).pieces  # says why there is none
    reach = getattr(getattr(term, "basis", None), "window", None) or 0.0
    if term.kind == "event":  # an event acts on bins of the stretch wherever it lies itself
        reach = 0.0
    start = float(pieces[0, 0]) if start is None else start
    stretch = intersect(pieces, np.array([[start - reach, start + seconds]]))
    grid = TimeGrid.from_intervals(stretch, bin_size_of(time, recording))
    if not grid.n_bins:
        return np.empty(0), None, np.empty(0, bool)
    shown = term
    if term.kind == "covariate":
        # bounds come from the whole recording, as in a fit
        factors = []
        for place, factor in enumerate(term.factors):
            covariate = recording.variable(factor.variable, field=f"terms.0.factors.{place}.variable")
            factors.append(factor.with_(basis=factor.basis.frozen(covariate.seen()[1])))
        shown = term.with_(factors=tuple(factors))
    units = (unit,) if term.kind == "history" and unit in recording.unit_names else recording.unit_names[:8]
    if term.kind == "receptive_field" and term.space in ("pca", "sta") and not term.projection:
        # what the stimulus is seen through comes from this stretch: to find it in hours takes longer than a preview may
        design = build_design(Analysis(time=time, terms=(shown.with_(enabled=True),)), recording, grid, unit_names=units)
    else:
        design = build_design(Analysis(time=time), recording, grid, unit_names=units, frozen_terms=(shown,))
    rows = grid.centres >= start
    return grid.centres[rows], design, rows


def design_preview(
    analysis: Analysis,
    recording: Recording,
    seconds: float,
    start: float | None = None,
    unit: str | None = None,
    context: Context = SILENT,
) -> tuple[np.ndarray, list[DesignBlock]]:
    """The design matrix of an analysis on a stretch of the recording, term by term.

    Parameters
    ----------
    analysis, recording
        The recording with the derived covariates.
    seconds, start, unit
        As of `feature_preview`.
    context : Context, optional
        Asked before each term.

    Returns
    -------
    times (t,), blocks
        Bin centres in seconds, and one block for each term that is in the model.

    Raises
    ------
    GlmError
        Of the first term that cannot be made, with its place in the analysis.
    """
    times, blocks = np.empty(0), []
    for at, term in enumerate(analysis.terms):
        if not term.enabled:
            continue
        context.check()
        try:
            times, design, rows = _on_stretch(term, recording, analysis.time, seconds, start, unit)
        except GlmError as error:
            raise GlmError(error.message, field=error.field.replace("terms.0", f"terms.{at}", 1)) from error
        if design is None:
            blocks.append(DesignBlock(term.label, np.empty((0, 0)), ()))
            continue
        known = unit if unit in recording.unit_names else recording.unit_names[0]
        own = np.concatenate([block.allowed(known) for block in design.blocks])  # a unit does not drive itself through a coupling
        labels = [label for label, kept in zip(design.columns.index, own, strict=True) if kept]
        blocks.append(DesignBlock(term.label, design.dense()[rows][:, own], tuple(labels)))
    return times, blocks
