"""Bins of response curves, and the columns of terms in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.design.blocks.column import columns_of
from glmengine.design.tensor_product import joint_columns
from glmengine.recording.binned import sample_covariate
from glmengine.recording.described.bins import Axis
from glmengine.recording.joined_parts import SESSION

if TYPE_CHECKING:
    from glmengine.analysis.terms import AnyTerm, ColumnsTerm, CovariateTerm
    from glmengine.design.design import Block
    from glmengine.design.prepare import Prepared
    from glmengine.recording.recording import Covariate

POINTS = {1: 48, 2: 24}
"""Bins per variable, by the number of variables."""

_OTHERS = 1000  # bins whose other variables are averaged over
_MOST_COLUMNS = 24  # of precomputed ones that are drawn


@dataclass(frozen=True)
class Drawn:
    """One curve to be made.

    Attributes
    ----------
    label : str
        That of the term, with the variable where a term has several curves.
    axes : tuple of Axis
    rows : (T,) int array
        Bin of each row, -1 for none.
    where : slice or (p,) int array
        The columns of the design that make the curve.
    columns : (K, p) array
        Their values in each bin of the axes.
    attrs : dict
        What else is to be said of it.
    """

    label: str
    axes: tuple[Axis, ...]
    rows: np.ndarray
    where: Any
    columns: np.ndarray
    attrs: dict[str, str] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(axis.values) for axis in self.axes)


def drawn_curves(prepared: Prepared, only: str | None = None) -> tuple[list[Drawn], list[str]]:
    """The curves of every covariate term and every precomputed column, and notes on what is left out.

    Where `only` names the label of a term, those of that one. A term of one or two variables has one curve; of more, one along each variable, averaged over the values that the others have
    together. A term with a gain is drawn at its mean gain, one with epochs as it is inside them.
    """
    drawn: list[Drawn] = []
    notes: list[str] = []
    for block in prepared.design.blocks:
        term = block.term
        if only not in (None, term.label):
            continue
        if term.kind == "covariate":
            found = _joint(term, prepared) if len(term.factors) <= 2 else _marginal(term, prepared)
        elif term.kind == "columns":
            found = _given(term, prepared, notes)
        else:
            continue
        drawn += [_scaled(one, block, prepared) for one in found]
    return drawn, notes


def _joint(term: CovariateTerm, prepared: Prepared) -> list[Drawn]:
    bases = [factor.basis for factor in term.factors]
    samples = [_sampled(factor.variable, prepared) for factor in term.factors]
    axes, rows = _axes(
        [prepared.recording.variable(factor.variable) for factor in term.factors], bases, samples, prepared.design.valid
    )
    mesh = np.meshgrid(*(axis.values for axis in axes), indexing="ij")
    columns = joint_columns(term.factors, [points.ravel() for points in mesh])
    return [Drawn(term.label, axes, rows, prepared.design.slices[term.label], columns)]


def _marginal(term: CovariateTerm, prepared: Prepared) -> list[Drawn]:
    samples = [_sampled(factor.variable, prepared) for factor in term.factors]
    valid = np.flatnonzero(prepared.design.valid & np.isfinite(samples).all(axis=0))
    some = valid[:: max(1, len(valid) // _OTHERS)]
    drawn = []
    for place, factor in enumerate(term.factors):
        axes, rows = _axes(
            [prepared.recording.variable(factor.variable)], [factor.basis], [samples[place]], prepared.design.valid
        )
        columns = []
        for value in axes[0].values:
            points = [np.full(len(some), value) if other == place else x[some] for other, x in enumerate(samples)]
            columns.append(joint_columns(term.factors, points).mean(axis=0))
        others = ", ".join(other.variable for other in term.factors if other is not factor)
        attrs = {"averaged_over": others}
        drawn.append(
            Drawn(f"{term.label}: {factor.variable}", axes, rows, prepared.design.slices[term.label], np.array(columns), attrs)
        )
    return drawn


def _given(term: ColumnsTerm, prepared: Prepared, notes: list[str]) -> list[Drawn]:
    first = prepared.design.slices[term.label].start
    if len(term.variables) > _MOST_COLUMNS:
        notes.append(f"Curves are drawn of the first {_MOST_COLUMNS} of the {len(term.variables)} columns of '{term.label}'.")
    drawn = []
    for place, name in enumerate(term.variables[:_MOST_COLUMNS]):
        axes, rows = _axes([prepared.recording.variable(name)], [None], [_sampled(name, prepared)], prepared.design.valid)
        values = np.zeros((len(axes[0].values), len(term.variables)))
        values[:, place] = axes[0].values
        label = term.label if len(term.variables) == 1 else f"{term.label}: {name}"
        columns = columns_of(term, values)[:, place : place + 1]
        drawn.append(Drawn(label, axes, rows, np.array([first + place]), columns))
    return drawn


def _scaled(drawn: Drawn, block: Block, prepared: Prepared) -> Drawn:
    """The curve of a term with a gain or epochs."""
    term: AnyTerm = block.term
    if not term.gain and not term.epochs:
        return drawn
    inside, gain = block.inside, block.gain
    attrs = {**drawn.attrs, **({"epochs": ", ".join(term.epochs)} if term.epochs else {})}
    columns = drawn.columns
    if gain is not None:
        mean = float(np.mean(gain[inside & prepared.design.valid]))
        columns, attrs["scaled_by"] = columns * mean, f"{term.gain} at its mean, {mean:.4g}"
    return Drawn(drawn.label, drawn.axes, np.where(inside, drawn.rows, -1), drawn.where, columns, attrs)


def _sampled(variable: str, prepared: Prepared) -> np.ndarray:
    return sample_covariate(
        prepared.recording.variable(variable), prepared.grid, None if variable == SESSION else prepared.max_gap
    )


def _axes(
    covariates: Sequence[Covariate], bases: Sequence[Any], samples: Sequence[np.ndarray], valid: np.ndarray
) -> tuple[tuple[Axis, ...], np.ndarray]:
    """An axis per variable, and the bin of each row on all of them (the last one fastest)."""
    axes: list[Axis] = []
    rows = np.zeros(len(valid), np.int64)
    for covariate, basis, x in zip(covariates, bases, samples, strict=True):
        axis = Axis.of(covariate, basis, x[valid], POINTS[len(covariates)])
        place = axis.bin_of(x)
        rows = np.where((rows >= 0) & (place >= 0), rows * len(axis.values) + place, -1)
        axes.append(axis)
    return tuple(axes), rows
