"""All units of a result as plain arrays: one panel for each of their curves, maps and filters, their numbers, their coupling and places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from glmengine.context import SILENT, Context
from glmengine.results.map_scale import is_true_to_scale
from glmgui.drawings.curves import axis_of, lags_of
from glmgui.drawings.series import RATE, Axis
from glmgui.shown_numbers import alike

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.recording.recording import Recording
    from glmengine.results.coupling_tree import CouplingTree
    from glmengine.results.result import Result

_PLACES = (("x", "y"), ("rel_x", "rel_y"), ("electrode_x", "electrode_y"), ("pos_x", "pos_y"), ("x_um", "y_um"))
_DEPTHS = ("depth", "depth_um", "electrode_depth", "y", "rel_y")


@dataclass(frozen=True, eq=False)
class Numbers:
    """A number, or a text, of each unit.

    Attributes
    ----------
    name : str
        In the table of the engine.
    axis : Axis
        Its texts are the names of the axis, and `values` then count them from 1.
    values : (M,) float
        NaN where there is none.
    circular : bool
    """

    name: str
    axis: Axis
    values: np.ndarray
    circular: bool = False

    def text(self, at: int) -> str:
        """The value of a unit as a table shows it."""
        return self._texts[at]

    @cached_property
    def _texts(self) -> list[str]:
        if self.axis.names:
            return ["–" if np.isnan(value) else self.axis.value(value) for value in self.values]
        return alike(self.values.tolist())


@dataclass(frozen=True, eq=False)
class CurvePanel:
    """A curve of each unit over the same x, with its band and what was recorded.

    Attributes
    ----------
    label : str
    x_axis, y_axis : Axis
    x : (n,) float
    model, low, high : (M, n) float
    data : (M, n) float or None
    polar : bool
        x goes once around the circle.
    signed : bool
        Around zero, as filters are; else from zero.
    settled : (n,) bool, optional
        Where data set the scale; everywhere where not given. Bins that were hardly visited do not.
    """

    label: str
    x_axis: Axis
    y_axis: Axis
    x: np.ndarray
    model: np.ndarray
    low: np.ndarray
    high: np.ndarray
    data: np.ndarray | None = None
    polar: bool = False
    signed: bool = False
    settled: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class MapPanel:
    """A map of each unit over the same two axes.

    Attributes
    ----------
    label : str
    x_axis, y_axis, value_axis : Axis
    x : (nx,) float
    y : (ny,) float
    values : (M, nx, ny) float
    equal : bool
        One unit of x is as long as one of y.
    signed : bool
        Colours part at zero.
    """

    label: str
    x_axis: Axis
    y_axis: Axis
    value_axis: Axis
    x: np.ndarray
    y: np.ndarray
    values: np.ndarray
    equal: bool = False
    signed: bool = False


Panel = CurvePanel | MapPanel


@dataclass(frozen=True, eq=False)
class CouplingDrawing:
    """The coupling of all pairs.

    Attributes
    ----------
    names : tuple of str
        Units that send or receive.
    values : mapping of str to (N, N) float
        Summed filter and peak by title, from the row to the column; NaN for pairs that are not in the model.
    axes : mapping of str to Axis
    p : (N, N) float
        Of the test that there is none.
    tree : CouplingTree
    """

    names: tuple[str, ...]
    values: Mapping[str, np.ndarray]
    axes: Mapping[str, Axis]
    p: np.ndarray
    tree: CouplingTree


@dataclass(frozen=True, eq=False)
class Places:
    """Where the electrodes of the units lie: (M, 2), with the two axes."""

    x_axis: Axis
    y_axis: Axis
    points: np.ndarray


@dataclass(frozen=True, eq=False)
class Population:
    """Everything that the page of the population shows of a result."""

    units: tuple[str, ...]
    numbers: tuple[Numbers, ...]
    panels: tuple[Panel, ...]
    coupling: CouplingDrawing | None
    places: Places | None

    def number(self, name: str) -> Numbers | None:
        return next((one for one in self.numbers if one.name == name), None)


def population_of(result: Result, recording: Recording | None, context: Context = SILENT) -> Population:
    """All arrays of the page; to be called in the worker."""
    from glmengine.results.unit_numbers import unit_numbers

    table = unit_numbers(result, recording, context)
    numbers = tuple(_numbers(str(name), column) for name, column in table.data_vars.items())
    context.check()
    panels = [panel for label, curves in result.curves.items() for panel in _tuning(label, curves)]
    panels += [panel for label, filters in result.filters.items() for panel in _filters(label, filters)]
    context.check()
    return Population(result.units, numbers, tuple(panels), _coupling(result), _places(result, recording))


def _numbers(name: str, column: xr.DataArray) -> Numbers:
    label, unit = str(column.attrs.get("long_name", name)), str(column.attrs.get("unit", ""))
    values = column.values
    if values.dtype.kind in "iuf":
        return Numbers(name, Axis(label, unit), values.astype(float), bool(column.attrs.get("circular", 0)))
    texts = [{True: "yes", False: "no"}[bool(value)] for value in values] if values.dtype.kind == "b" else list(map(str, values))
    words = sorted({text for text in texts if text})
    places = {word: number for number, word in enumerate(words, 1)}
    return Numbers(name, Axis(label, unit, tuple(words)), np.array([places.get(text, np.nan) for text in texts], float))


def _tuning(label: str, curves: xr.Dataset) -> list[Panel]:
    from glmengine.recording.described.occupancy import visited
    from glmengine.results.tuning_numbers import goes_round

    rate = curves["tuning_hz"]
    names = [str(name) for name in rate.dims if name != "unit"]
    axes = [axis_of(curves, name) for name in names]
    said = curves["data_hz"].attrs
    y_axis = Axis(str(said.get("long_name", RATE.label)).removeprefix("observed "), str(said.get("unit", RATE.unit)))
    arrays = {key: curves[key].transpose("unit", *names).values for key in ("tuning_hz", "tuning_low", "tuning_high", "data_hz")}
    if len(names) == 1:
        curve = CurvePanel(
            label,
            axes[0],
            y_axis,
            np.asarray(curves[names[0]].values, float) + (1 if axes[0].names else 0),
            arrays["tuning_hz"],
            arrays["tuning_low"],
            arrays["tuning_high"],
            arrays["data_hz"],
            polar=goes_round(curves[names[0]]),
            settled=visited(curves["occupancy_s"].values),
        )
        return [curve]
    if len(names) == 2:
        x, y = (np.asarray(curves[name].values, float) for name in names)
        equal = is_true_to_scale(curves[names[0]], curves[names[1]])
        pair = (("model", arrays["tuning_hz"]), ("data", arrays["data_hz"]))
        return [MapPanel(f"{label}: {what}", *axes, y_axis, x, y, values, equal) for what, values in pair]
    return []


def _filters(label: str, filters: xr.Dataset) -> list[Panel]:
    lag, lags = lags_of(filters)
    value = Axis(str(filters["filter"].attrs.get("unit", "log rate")))
    others = [str(name) for name in filters["filter"].dims if name not in ("unit", "lag_s")]
    arrays = [filters[key].transpose("unit", *others, "lag_s").values for key in ("filter", "low", "high")]
    if not others:
        return [CurvePanel(label, lag, value, lags, *arrays, signed=True)]
    names = tuple(str(name) for name in filters[others[0]].values)
    if others[0] == "condition":
        return [
            CurvePanel(f"{label}: {name}", lag, value, lags, *(array[:, at] for array in arrays), signed=True)
            for at, name in enumerate(names)
        ]
    shape = tuple(int(size) for size in np.atleast_1d(filters.attrs.get("shape", ())))
    if others[0] == "channel" and len(shape) == 2 and np.prod(shape) == len(names):
        return [_strongest_map(label, arrays[0].reshape(-1, *shape, len(lags)), value)]
    of = Axis("from unit" if others[0] == "source" else others[0], names=names)
    numbers = np.arange(1, len(names) + 1, dtype=float)
    return [MapPanel(label, lag, of, value, lags, numbers, arrays[0].transpose(0, 2, 1), signed=True)]


def _strongest_map(label: str, values: np.ndarray, value: Axis) -> MapPanel:
    """The receptive field of each unit over space at its strongest lag; `values` is (M, rows, columns, lags)."""
    power = np.nan_to_num(values**2).sum(axis=(1, 2))
    best = np.take_along_axis(values, power.argmax(axis=1)[:, None, None, None], axis=3)[..., 0]
    rows, columns = (np.arange(1, size + 1, dtype=float) for size in best.shape[1:])
    title = f"{label}: at the strongest lag"
    return MapPanel(title, Axis("column"), Axis("row"), value, columns, rows, best.transpose(0, 2, 1), equal=True, signed=True)


def _coupling(result: Result) -> CouplingDrawing | None:
    from glmengine.results.coupling_tree import coupling_matrix, coupling_tree

    if result.coupling is None:
        return None
    unit = str(result.coupling["strength"].attrs.get("unit", ""))
    names, strength = coupling_matrix(result.coupling)
    values = {"summed filter": strength, "peak of the filter": coupling_matrix(result.coupling, "peak")[1]}
    axes = {title: Axis(title, unit) for title in values}
    return CouplingDrawing(names, values, axes, coupling_matrix(result.coupling, "p")[1], coupling_tree(result.coupling))


def _places(result: Result, recording: Recording | None) -> Places | None:
    """From two columns of the table of units, or from its depth alone."""
    if recording is None or recording.unit_table is None or not set(result.units) <= set(recording.unit_table.index):
        return None
    table = recording.unit_table.loc[list(result.units)]
    numbers = {str(name).lower(): table[name].to_numpy(float) for name in table.columns if table[name].dtype.kind in "iuf"}
    for first, second in _PLACES:
        if first in numbers and second in numbers and np.isfinite(numbers[first] + numbers[second]).any():
            return Places(Axis(first), Axis(second), np.column_stack([numbers[first], numbers[second]]))
    for name in _DEPTHS:
        if name in numbers and np.isfinite(numbers[name]).any():
            beside = np.zeros(len(result.units))  # units of one depth stand beside each other
            for depth in np.unique(numbers[name][np.isfinite(numbers[name])]):
                same = np.flatnonzero(numbers[name] == depth)
                beside[same] = np.arange(len(same)) - (len(same) - 1) / 2
            return Places(Axis("beside each other"), Axis(name), np.column_stack([beside, numbers[name]]))
    return None


def sorted_units(population: Population, name: str, *, falling: bool = True) -> np.ndarray:
    """Places (M,) of the units by a number of theirs: the highest first where `falling`, angles and texts from the lowest; units without one last.

    The empty name keeps the order of the result.
    """
    chosen = population.number(name)
    if chosen is None:
        return np.arange(len(population.units))
    up = chosen.circular or bool(chosen.axis.names) or not falling
    keys = np.where(np.isnan(chosen.values), np.inf, chosen.values if up else -chosen.values)
    return np.argsort(keys, kind="stable")


def coupled_order(population: Population, name: str) -> np.ndarray:
    """Places (N,) of the units of the coupling, sorted as `sorted_units` does; sources that were not fitted have no numbers and come last."""
    names = population.coupling.names
    place = {unit: at for at, unit in enumerate(names)}
    fitted = [place[population.units[at]] for at in sorted_units(population, name) if population.units[at] in place]
    known = set(fitted)
    return np.array([*fitted, *(at for at in range(len(names)) if at not in known)], int)


def coupled_places(population: Population) -> np.ndarray:
    """(N, 2) places of the electrodes of the units of the coupling, NaN where they are not known."""
    points = dict(zip(population.units, population.places.points, strict=True))
    return np.array([points.get(name, (np.nan, np.nan)) for name in population.coupling.names], float)


def ring(population: Population, name: str, order: np.ndarray) -> np.ndarray:
    """(N, 2) places on a circle: at the angle of each unit where the number of this name is one, else evenly in the `order`.

    Angles go counter-clockwise from the right, an order clockwise from the top. Units without the angle have no place (NaN).
    """
    names, number = population.coupling.names, population.number(name)
    if number is not None and number.circular:
        angles = dict(zip(population.units, number.values, strict=True))
        turn = np.array([angles.get(unit, np.nan) for unit in names], float)
        return np.column_stack([np.cos(turn), np.sin(turn)])
    turn = np.empty(len(names))
    turn[order] = 2 * np.pi * np.arange(len(names)) / max(len(names), 1)
    return np.column_stack([np.sin(turn), np.cos(turn)])
