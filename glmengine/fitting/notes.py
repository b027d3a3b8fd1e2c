"""What a reader of a fit's numbers should know, in sentences: units without an answer, columns left out, likelihoods with several optima."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from glmengine.backend.row_sources import ArrayRows, columns_of
from glmengine.context import SILENT
from glmengine.fitting.batch import Assembly
from glmengine.fitting.found_strengths import FoundStrengths
from glmengine.fitting.inputs import Inputs
from glmengine.fitting.minimise import no_more_than_poisson
from glmengine.fitting.starts import MEAN, is_bounded, is_outside, other_starts
from glmengine.inference.part import Part
from glmengine.sentences import listed
from glmengine.solvers.boundary import at_edge, meets_edge
from glmengine.solvers.status import NO_DATA, SEPARATED, SILENT_UNIT, STOPPED


def unit_notes(status: np.ndarray, assembly: Assembly) -> tuple[str, ...]:
    """Units whose status is not ok, by name."""
    units, classes = assembly.inputs.units, assembly.family.by_class
    predicted = "class" if classes else "rate"
    texts = {
        SILENT_UNIT: f"{'in one class only' if classes else 'no spikes'} in the bins used; nothing is fitted",
        NO_DATA: f"no valid bin{_lacking(assembly.inputs)}",
        SEPARATED: f"the {predicted} can be predicted perfectly somewhere, so coefficients grow without limit; add a penalty",
        STOPPED: "stopped before the optimum",
    }
    notes = []
    for kind, text in texts.items():
        named = [unit for unit, value in zip(units, status, strict=True) if value == kind]
        if named:
            notes.append(f"{'Unit' if len(named) == 1 else 'Units'} {listed(named, 8)}: {text}.")
    return tuple(notes)


def _lacking(inputs: Inputs) -> str:
    """Which columns leave no row at all, as each of them is NaN in every one."""
    if inputs.valid.any():
        return ""
    T, P = inputs.shape[:2]
    nowhere = np.ones(P, bool)
    for start in range(0, T, _ROWS):
        nowhere &= np.isnan(inputs.source.chunk(start, min(start + _ROWS, T))).all(axis=0)
        if not nowhere.any():
            return ""
    names = [repr(str(name)) for name, lost in zip(inputs.features, nowhere, strict=True) if lost]
    return f", since {'column' if len(names) == 1 else 'columns'} {listed(names, 8)} of X {'has' if len(names) == 1 else 'have'} no value in any row; leave out what has none"


_ROWS = 16384
"""That are looked at at once."""


def strength_notes(found: FoundStrengths | None, units: Sequence[str]) -> tuple[str, ...]:
    """What became of strengths that were to be found."""
    if found is None:
        return ()
    notes = []
    known = np.isfinite(found.strengths).any(axis=0)
    if (known & ~found.settled).any():
        named = [unit for unit, open_ in zip(units, known & ~found.settled, strict=True) if open_]
        notes.append(f"Strengths are not those of the highest marginal likelihood, which was not reached: {listed(named, 8)}.")
    return tuple(notes)


def shape_notes(assembly: Assembly, parts: Sequence[Part], objective: np.ndarray, converged: np.ndarray) -> tuple[str, ...]:
    """What the likelihood's shape means for the numbers."""
    family, link = assembly.family, assembly.link
    notes = []
    begun = [part for part in parts if part.starts is not None]
    if begun:
        what = (
            f"The likelihood of the {family.name} family with the {link.name} link is not concave"
            if not family.is_convex(link)
            else "The likelihood is not concave in coefficients and dispersion together"
        )
        units = {
            name: [assembly.inputs.units[unit] for part in begun for unit in part.units[part.starts == name]]
            for name in dict.fromkeys(str(name) for part in begun for name in part.starts)
        }
        first = "given" if any("given" in part.starts for part in begun) else MEAN
        tried = ", ".join(f"'{name}'" for name in (first, *other_starts(begun[0].problem)))
        best = ", ".join(f"'{name}'" + (f" for {listed(named, 8)}" if len(units) > 1 else "") for name, named in units.items())
        notes.append(f"{what}: what was found is a stationary point, the best of those reached from {tried}: {best}.")
    if parts and is_bounded(parts[0].problem):
        named = [assembly.inputs.units[unit] for part in parts for unit in part.units[is_outside(objective[part.units])]]
        if named:
            notes.append(
                f"No coefficients were found that give every bin a mean above 0, as the {link.name} link needs: {listed(named, 8)}; "
                "add an intercept, or choose the log link."
            )
        edge = [
            assembly.inputs.units[unit]
            for part in parts
            if meets_edge(part.problem)
            for unit in part.units[at_edge(part.problem, part.theta, SILENT) & converged[part.units]]
        ]
        if edge:
            notes.append(
                f"The best fit lies where the mean of some bins is 0, beyond which the {link.name} link cannot go, so that standard errors do not "
                f"hold: {listed(edge, 8)}; choose the log or softplus link."
            )
        border = [
            assembly.inputs.units[unit]
            for part in parts
            for unit in part.units[~converged[part.units] & ~is_outside(objective[part.units])]
        ]
        if border:
            notes.append(
                f"The best fit may lie where the mean of some bins is 0, beyond which the {link.name} link cannot go: {listed(border, 8)}; "
                "choose the log or softplus link."
            )
    if family.estimates_dispersion:
        named = [
            assembly.inputs.units[unit] for part in parts for unit in part.units[no_more_than_poisson(part.problem.dispersion)]
        ]
        if named:
            notes.append(f"Not more variable than Poisson counts, so that the dispersion is 0: {listed(named, 8)}.")
    return tuple(notes)


def column_notes(parts: Sequence[Part], inputs: Inputs) -> tuple[str, ...]:
    """Columns that were left out, and those that the data do not determine."""
    constant = sorted({int(column) for part in parts for column in part.constant})
    free = sorted({int(column) for part in parts for column in part.free} - set(constant))
    carried = sorted({int(column) for part in parts for column in part.carried} - set(constant))
    notes = []
    if carried:
        notes.append(
            f"No bin used reaches {_columns(carried, inputs)}: what the curve is there follows from its neighbours by the smoothness alone, "
            "with a wide error."
        )
    varying = _varying(constant, inputs)
    still = [column for column in constant if column not in varying]
    if still:
        notes.append(f"Left out because constant: {_columns(still, inputs)}.")
    if varying:
        notes.append(
            f"Left out because what varies in them is no more than the rounding of such numbers: {_columns(varying, inputs)}. "
            "Subtract their mean, or give them in another unit, before they become numbers of this size."
        )
    if free:
        notes.append(
            f"Not determined by the data, since they add up to a constant or to each other within a millionth: {_columns(free, inputs)}. "
            "Of all equal solutions the one of smallest norm is given; rates do not depend on the choice."
        )
    return tuple(notes)


def _varying(columns: Sequence[int], inputs: Inputs) -> list[int]:
    """Those columns of a matrix that are not the same in every row, however little they vary."""
    if not columns or not isinstance(inputs.source, ArrayRows):
        return []
    source = columns_of(inputs.source, np.array(columns))
    least, most = np.full(len(columns), np.inf), np.full(len(columns), -np.inf)
    for start in range(0, inputs.shape[0], _ROWS):
        stop = min(start + _ROWS, inputs.shape[0])
        values = source.chunk(start, stop)[inputs.valid[start:stop]]
        least = np.minimum(least, values.min(axis=0, initial=np.inf))
        most = np.maximum(most, values.max(axis=0, initial=-np.inf))
    return [column for column, varies in zip(columns, most > least, strict=True) if varies]


def size_notes(parts: Sequence[Part], inputs: Inputs) -> tuple[str, ...]:
    """Columns whose values are so small or large that squares of their coefficients leave the range of numbers."""
    odd: dict[int, float] = {}
    for part in parts:
        columns = np.array([part.columns_of(k) for k in range(part.units.size)])
        scale = part.problem.rows.preparation.scale_of(part.problem.unit)
        there = ((scale < 1.0 / ODD_SIZE) | (scale > ODD_SIZE)) & part.problem.movable
        odd |= dict(zip(columns[there].tolist(), scale[there].tolist(), strict=True))
    if not odd:
        return ()
    named = listed([f"{inputs.features[column]} (about {odd[column]:.0e})" for column in sorted(odd)], 8)
    return (
        f"Values of a size far from 1: {named}. They are fitted as columns of size 1, so that rates are right; but a penalty acts on "
        "coefficients in the unit that is given, and holds them at 0 or not at all, and bands of curves may be lost. Give them in another unit.",
    )


ODD_SIZE = 1e50
"""A standard deviation above it, or below its inverse."""


def _columns(columns: Sequence[int], inputs: Inputs) -> str:
    """Columns by name; those of a whole term by the term's."""
    left, names = set(columns), []
    for label, group in inputs.groups.items():
        if len(group) > 1 and left.issuperset(group.tolist()):
            names.append(f"all {len(group)} of '{label}'")
            left.difference_update(group.tolist())
    return listed([*names, *(inputs.features[column] for column in sorted(left))], 8)
