"""The tree of units by the likeness of their coupling, and the order of its leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Branch:
    """Two branches that are joined.

    Attributes
    ----------
    first, last : int
        Places of its leaves in the order of the tree, both included.
    left, right : float
        Middle of the leaves of each of the two.
    left_height, right_height : float
        Where each of the two was joined, 0 for a single unit.
    height : float
        Distance at which they are joined.
    """

    first: int
    last: int
    left: float
    right: float
    left_height: float
    right_height: float
    height: float


@dataclass(frozen=True)
class CouplingTree:
    """Names of the units in the order of the leaves, and the branches from the closest on."""

    units: tuple[str, ...]
    branches: tuple[Branch, ...]


def coupling_matrix(coupling: xr.Dataset, name: str = "strength") -> tuple[tuple[str, ...], np.ndarray]:
    """Names (N,) of all units that send or receive, and the values (N, N) from the row to the column; NaN for pairs that are not in the model."""
    values = np.asarray(coupling[name].transpose("source", "unit").values, np.float64)
    sources, units = ([str(one) for one in coupling[dim].values] for dim in ("source", "unit"))
    names = tuple(dict.fromkeys([*units, *sources]))
    place = {one: at for at, one in enumerate(names)}
    whole = np.full((len(names), len(names)), np.nan)
    whole[np.ix_([place[one] for one in sources], [place[one] for one in units])] = values
    return names, whole


def coupling_tree(coupling: xr.Dataset) -> CouplingTree:
    """Units joined by average linkage on the Euclidean distance between all that they send and receive.

    Parameters
    ----------
    coupling : Dataset (unit, source)
        With ``strength``; pairs that are not in the model count as 0.
    """
    from scipy.cluster.hierarchy import linkage

    names, values = coupling_matrix(coupling)
    known = np.nan_to_num(values)
    if len(names) < 2:
        return CouplingTree(names, ())
    joined = linkage(np.hstack([known, known.T]), method="average", optimal_ordering=True)
    leaves: list[list[int]] = [[at] for at in range(len(names))]
    for left, right in joined[:, :2].astype(int):
        leaves.append([*leaves[left], *leaves[right]])
    order = leaves[-1]
    place = {leaf: at for at, leaf in enumerate(order)}
    middles = [float(place[at]) for at in range(len(names))]
    heights = [0.0] * len(names)
    branches = []
    for number, (left, right) in enumerate(joined[:, :2].astype(int)):
        places = sorted(place[leaf] for leaf in leaves[len(names) + number])
        height = float(joined[number, 2])
        ends = sorted((middles[one], heights[one]) for one in (left, right))
        branches.append(Branch(places[0], places[-1], ends[0][0], ends[1][0], ends[0][1], ends[1][1], height))
        middles.append((ends[0][0] + ends[1][0]) / 2)
        heights.append(height)
    return CouplingTree(tuple(names[at] for at in order), tuple(branches))
