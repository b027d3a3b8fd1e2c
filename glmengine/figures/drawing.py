"""Drawings: plain data that figures for paper and plots on the screen show alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

_HAIR = 1e-3  # of a scale: what is beyond its end by less is not seen

Look = Literal["line", "dots", "points", "steps", "dashed"]


@dataclass(frozen=True)
class Axis:
    """What an axis shows, with its unit of measure (empty for a pure number).

    With `names` its numbers 1, 2, ... stand for things that are called so.
    """

    label: str
    unit: str = ""
    names: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return f"{self.label} ({self.unit})" if self.unit else self.label

    def value(self, number: float) -> str:
        """A number of this axis, as the readout under the mouse writes it."""
        if self.names:
            return self.names[min(max(round(number), 1), len(self.names)) - 1]
        return f"{number:.4g}\u2009{self.unit}" if self.unit else f"{number:.4g}"

    def column(self, numbers: np.ndarray) -> np.ndarray:
        """Numbers of this axis as they are saved: by name where they have one."""
        return np.array([self.value(number) for number in numbers], dtype=object) if self.names else numbers


NO_AXIS = Axis("")
TIME = Axis("time", "s")
RATE = Axis("rate", "Hz")


@dataclass(frozen=True)
class Curve:
    """One named line over x, as a rule with a band around it.

    Attributes
    ----------
    name : str
        Name in the legend and heading of its column of numbers.
    x, y : (n,) float
        NaN leaves a gap.
    low, high : (n,) float, optional
        Limits of the band.
    look : {"line", "dots", "points", "steps", "dashed"}
        ``points`` are small, for spikes.
    colour : int or "data"
        Position in the palette, or the neutral colour that observed data have.
    width : float
        Of the line, in pixels.
    band : str
        What the band is, where the legend has to say it even of a single curve.
    settled : (n,) bool, optional
        Points that set the ends of the axis; all where not given. Of a rate, bins that were not hardly visited. The others are drawn lighter.
    faint : bool
        Whether it is drawn lighter, without a band and without a name.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    look: Look = "line"
    colour: int | Literal["data"] = 0
    width: float = 2.0
    band: str = ""
    settled: np.ndarray | None = None
    faint: bool = False

    @property
    def parts(self) -> tuple[Curve, ...]:
        """The points that are settled, and the others as a faint curve of their own; itself where all are."""
        if self.settled is None or np.all(self.settled):
            return (self,)
        y = np.asarray(self.y, float)
        sure = {
            name: None if part is None else np.where(self.settled, np.asarray(part, float), np.nan)
            for name, part in (("y", y), ("low", self.low), ("high", self.high))
        }
        others = np.where(self.settled, np.nan, y)
        return replace(self, **sure, settled=None), replace(self, y=others, low=None, high=None, settled=None, faint=True)

    @property
    def legend(self) -> str:
        """What the legend says of it."""
        return ", ".join(filter(None, (self.name, self.band)))


@dataclass(frozen=True)
class Image:
    """Values over two axes.

    Attributes
    ----------
    title : str
    x : (nx,) float
        Centres of the cells, equally spaced.
    y : (ny,) float
    values : (nx, ny) float
        NaN is left blank.
    """

    title: str
    x: np.ndarray
    y: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class FigureOf:
    """The figure of a result that shows the same as a drawing.

    Attributes
    ----------
    kind : str
        One of `glmengine.figures.KINDS`.
    unit, term : str, optional
    effect : bool
        Of ``tuning``: what the term does by itself.
    """

    kind: str
    unit: str | None = None
    term: str | None = None
    effect: bool = False


@dataclass(frozen=True, eq=False)
class Lines:
    """Curves on one pair of axes.

    Attributes
    ----------
    name, title, help : str
        Of the plot on the screen.
    x_axis, y_axis : Axis
    curves : list of Curve
    level : bool
        Whether there is a line at zero.
    equal : bool
        Whether one unit of x is as long as one of y.
    log_x : bool
        Whether x is in powers of ten.
    marks : tuple of (x, text)
        Upright lines with a word on them.
    cut_bands : bool
        Whether bands far beyond all curves run out of the picture (`glmengine.figures.band_reach`).
    figure : FigureOf, optional
    """

    name: str
    title: str
    x_axis: Axis
    y_axis: Axis
    curves: list[Curve]
    help: str = ""
    level: bool = False
    equal: bool = False
    log_x: bool = False
    marks: tuple[tuple[float, str], ...] = ()
    cut_bands: bool = False
    figure: FigureOf | None = None

    wide = False


@dataclass(frozen=True, eq=False)
class Polar:
    """Curves around the circle: x is an angle in radians, y the distance from the middle."""

    name: str
    title: str
    x_axis: Axis
    y_axis: Axis
    curves: list[Curve]
    help: str = ""
    figure: FigureOf | None = None

    wide = False


@dataclass(frozen=True, eq=False)
class Images:
    """Images side by side, with one colour scale; `numbered` writes only the numbers of the names below, which stand in full on the left."""

    name: str
    title: str
    x_axis: Axis
    y_axis: Axis
    value_axis: Axis
    images: list[Image]
    help: str = ""
    levels: tuple[float, float] | None = None
    equal: bool = False
    diverging: bool = False
    numbered: bool = False
    figure: FigureOf | None = None

    @property
    def wide(self) -> bool:
        return len(self.images) > 1


@dataclass(frozen=True, eq=False)
class Bars:
    """A bar from zero for each name; none where the value is NaN."""

    name: str
    title: str
    name_axis: Axis
    value_axis: Axis
    values: np.ndarray
    figure: FigureOf | None = None

    wide = False


@dataclass(frozen=True, eq=False)
class Spikes:
    """Ticks at the times (s) of each name, first name on top, over a span of time."""

    name: str
    title: str
    times: dict[str, np.ndarray]
    span: tuple[float, float]
    figure: FigureOf | None = None

    wide = True


@dataclass(frozen=True, eq=False)
class Stretches:
    """Stretches of time, (n, 2) start and stop in s, in a row for each name."""

    name: str
    title: str
    rows: dict[str, np.ndarray]
    span: tuple[float, float]
    figure: FigureOf | None = None

    wide = True


Drawing = Lines | Polar | Images | Bars | Spikes | Stretches


def ends_of(values: np.ndarray) -> tuple[float, float]:
    """The lowest and the highest finite value, NaN where there is none; without a copy of the values, as plots ask at each move of a slider."""
    values = np.asarray(values, float)
    if not values.size:
        return float("nan"), float("nan")
    ends = float(np.fmin.reduce(values, axis=None)), float(np.fmax.reduce(values, axis=None))
    return ends_of(values[np.isfinite(values)]) if np.isinf(ends).any() else ends


def beyond(values: np.ndarray, levels: tuple[float, float]) -> tuple[str, str]:
    """What is said of values that lie below and above the ends of a scale of colours, which have the colours of the ends; empty where none do."""
    (low, high), (least, most) = levels, ends_of(values)
    if np.isnan(least):
        return "", ""
    hair = _HAIR * (high - low)
    below = f"< {low:.4g}: down to {least:.4g}" if least < low - hair else ""
    above = f"> {high:.4g}: up to {most:.4g}" if most > high + hair else ""
    return below, above
