"""Small pictures of the simulated sessions, as the start page shows them: ``python tests/studies/sample_pictures.py`` draws them anew."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from glmengine.recording.recording import Recording
from glmengine.resources import resource
from glmengine.simulation.catalogue import SAMPLES, sample

_INCHES, _DPI = (2.08, 1.56), 100
_INK, _RED, _GREY = "#0072B2", "#D55E00", "#b8bec6"


def _at(recording: Recording, name: str, unit: str) -> tuple[np.ndarray, np.ndarray]:
    """A covariate (T, ...) and its value at each spike of a unit, the sample before it."""
    covariate = recording.covariates[name].data
    values, times = np.asarray(covariate.values), np.asarray(covariate.times())
    spikes = np.asarray(recording.spikes[recording.unit_names.index(unit)].times())
    return values, values[np.clip(np.searchsorted(times, spikes) - 1, 0, len(times) - 1)]


def _path(ax: Axes, recording: Recording, unit: str) -> None:
    values, there = _at(recording, "position", unit)
    ax.plot(values[:, 0], values[:, 1], color=_GREY, lw=0.4)
    ax.plot(there[:, 0], there[:, 1], ".", color=_RED, ms=2.2)
    ax.set_aspect("equal")


def _polar(ax: Axes, recording: Recording, unit: str) -> None:
    values, there = _at(recording, "head_direction", unit)
    _draw_circle(ax, *_rate(values, there, np.linspace(0, 2 * np.pi, 37)))


def _draw_circle(ax: Axes, centres: np.ndarray, rate: np.ndarray) -> None:
    angle, size = np.r_[centres, centres[0]], np.r_[rate, rate[0]] / rate.max()
    round_ = np.linspace(0, 2 * np.pi, 200)
    for radius in (0.5, 1.0):
        ax.plot(radius * np.cos(round_), radius * np.sin(round_), color=_GREY, lw=0.6)
    ax.fill(size * np.cos(angle), size * np.sin(angle), color=_INK, alpha=0.35)
    ax.plot(size * np.cos(angle), size * np.sin(angle), color=_INK, lw=1.6)
    ax.set_aspect("equal")


def _rate(values: np.ndarray, there: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    spent, _ = np.histogram(values, edges)
    fired, _ = np.histogram(there, edges)
    return (edges[:-1] + edges[1:]) / 2, fired / np.maximum(spent, 1)


def _phases(ax: Axes, recording: Recording, unit: str) -> None:
    _, where = _at(recording, "position", unit)
    _, phase = _at(recording, "theta_phase", unit)
    for turn in (0, 2 * np.pi):
        ax.plot(where, phase % (2 * np.pi) + turn, ".", color=_INK, ms=2)


def _speed(ax: Axes, recording: Recording, unit: str) -> None:
    values, there = _at(recording, "speed", unit)
    centres, rate = _rate(values, there, np.quantile(values, np.linspace(0.02, 0.98, 11)))
    ax.plot(centres, rate, "o-", color=_INK, ms=3, lw=1.6)
    ax.set_ylim(0, None)


def _raster(ax: Axes, recording: Recording, unit: str) -> None:
    for at in range(len(recording.unit_names)):
        times = np.asarray(recording.spikes[at].times())
        times = times[times < 4.0]
        colour = _RED if recording.unit_names[at].startswith("i") else _INK
        ax.plot(times, np.full(len(times), at), "|", color=colour, ms=4, mew=0.8)


def _current(ax: Axes, recording: Recording, unit: str) -> None:
    covariate = recording.covariates["current"].data
    times, values = np.asarray(covariate.times()), np.asarray(covariate.values)
    _stretch(ax, recording, times[np.argmax(np.abs(values - np.median(values)))] - 0.6, 1.2)


def _step(ax: Axes, recording: Recording, unit: str) -> None:
    _stretch(ax, recording, 7.35, 0.75)


def _stretch(ax: Axes, recording: Recording, begin: float, length: float) -> None:
    """The current and the spikes of all units in some seconds."""
    covariate = recording.covariates["current"].data
    times, values = np.asarray(covariate.times()), np.asarray(covariate.values)
    shown = (times > begin) & (times < begin + length)
    scaled = (values[shown] - values[shown].min()) / np.ptp(values[shown])
    ax.plot(times[shown], scaled, color=_GREY, lw=0.8)
    for at in range(len(recording.unit_names)):
        spikes = np.asarray(recording.spikes[at].times())
        spikes = spikes[(spikes > begin) & (spikes < begin + length)]
        ax.plot(spikes, np.full(len(spikes), 1.2 + 0.2 * at), "|", color=_INK, ms=5, mew=1)


def _average(ax: Axes, recording: Recording, unit: str) -> None:
    """The stimulus some 60 ms before a spike, less its mean."""
    covariate = recording.covariates["stimulus"].data
    values, times = np.asarray(covariate.values), np.asarray(covariate.times())
    spikes = np.asarray(recording.spikes[recording.unit_names.index(unit)].times()) - 0.05
    mean = values[np.clip(np.searchsorted(times, spikes) - 1, 0, len(times) - 1)].mean(0) - values.mean(0)
    side = round(mean.size**0.5)
    ax.imshow(mean.reshape(side, side), cmap="RdBu_r", vmin=-abs(mean).max(), vmax=abs(mean).max())


def _around(ax: Axes, recording: Recording, unit: str) -> None:
    events = np.asarray(recording.events["choice"].times())
    spikes = np.asarray(recording.spikes[recording.unit_names.index(unit)].times())
    lags = (spikes[None, :] - events[:, None]).ravel()
    ax.hist(lags[abs(lags) < 1], np.linspace(-1, 1, 41), color=_INK)
    ax.axvline(0, color=_RED, lw=1.2)


def _signal(ax: Axes, recording: Recording, unit: str) -> None:
    counts = np.asarray(recording.counts.values)[:1200, :4]
    for at in range(counts.shape[1]):
        ax.plot(counts[:, at] / counts[:, at].max() + 1.1 * at, color=_INK, lw=0.8)


_DRAWN: dict[str, tuple[Callable[[Axes, Recording, str], None], str]] = {
    "head-direction-place": (_polar, "hd1"),
    "linear-track-theta": (_phases, "place6"),
    "track-speed": (_speed, "speed1"),
    "navigation": (_path, "p"),
    "open-field-grid": (_path, "grid1"),
    "grid-modules": (_path, "m1_1"),
    "coupled-network": (_raster, ""),
    "current-injection": (_current, ""),
    "white-noise": (_average, "cell1"),
    "coupled-retina": (_average, "on1"),
    "spiking-patterns": (_step, ""),
    "excitability-classes": (_step, ""),
    "decision-task": (_around, "left choice"),
    "calcium": (_signal, ""),
    "calcium-coupled": (_signal, ""),
}


def main() -> None:
    for name in SAMPLES:
        draw, unit = _DRAWN[name]
        figure = plt.figure(figsize=_INCHES, dpi=_DPI)
        ax = figure.add_axes((0.04, 0.05, 0.92, 0.9))
        draw(ax, sample(name), unit)
        ax.set_axis_off()
        figure.savefig(resource("samples") / f"{name}.png")
        plt.close(figure)


if __name__ == "__main__":
    main()
