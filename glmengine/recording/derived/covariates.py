"""Derived covariates: direction, phase, running, time since an event, and transforms of others."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np

from glmengine.errors import GlmError
from glmengine.recording.derived.source import at_times_of, finite_values, refuse_angle_or_category, valid_runs
from glmengine.sentences import listed
from glmengine.spec import Spec, param

if TYPE_CHECKING:
    from glmengine.recording.recording import Covariate, Recording

_STEP = 0.01


class HeadDirection(Spec):
    """Head direction from two tracked points."""

    kind: Literal["head_direction"] = "head_direction"
    name: str = param("head_direction", title="Name", help="Name of the new covariate.", min_length=1)
    front: str = param(
        title="Front", help="Position of the point in front: its first two components.", choices="covariates", min_length=1
    )
    back: str = param(
        title="Back", help="Position of the point behind: its first two components.", choices="covariates", min_length=1
    )

    def compute(self, recording: Recording, max_gap: float | None, field: str) -> Covariate:
        if self.front == self.back:
            raise GlmError("the point in front and the one behind are the same; choose two", field=f"{field}.back")
        points = []
        for which in ("front", "back"):
            name = getattr(self, which)
            covariate = recording.covariates.get(name)
            if covariate is None or len(covariate.components) < 2:
                raise GlmError(
                    f"{recording.name}: '{name}' is no position with two components; choose another", field=f"{field}.{which}"
                )
            points.append(covariate)
        front, back = points
        times = np.asarray(front.data.t)
        if not np.array_equal(times, back.data.t):
            raise GlmError(
                f"'{self.front}' and '{self.back}' were sampled at different times; choose points of one camera",
                field=f"{field}.back",
            )
        away = np.asarray(front.data.values, np.float64)[:, :2] - np.asarray(back.data.values, np.float64)[:, :2]
        angle = np.mod(np.arctan2(away[:, 1], away[:, 0]), 2 * np.pi)
        angle[(away == 0).all(axis=1)] = np.nan  # two points in one place have no direction
        return at_times_of(front, self.name, angle, "rad", "angle", f"direction from {self.back} to {self.front}")


class Unwrapped(Spec):
    """Angle without jumps at the full turn."""

    kind: Literal["unwrapped"] = "unwrapped"
    name: str = param("unwrapped", title="Name", help="Name of the new covariate.", min_length=1)
    source: str = param(title="Angle", help="The angle, in radians.", choices="variables", min_length=1)

    def compute(self, recording: Recording, max_gap: float | None, field: str) -> Covariate:
        source = recording.variable(self.source, field=f"{field}.source")
        given = finite_values(source)
        if np.isfinite(given).any() and np.nanmax(given) - np.nanmin(given) > 1.01 * 2 * np.pi:
            raise GlmError(
                f"'{self.source}' goes from {np.nanmin(given):.4g} to {np.nanmax(given):.4g}, which is no angle in radians; choose an angle",
                field=f"{field}.source",
            )
        values = np.full(len(source.data), np.nan)
        for rows in valid_runs(source, max_gap):
            values[rows] = np.unwrap(np.asarray(source.data.values, np.float64)[rows])
        return at_times_of(source, self.name, values, source.unit, "continuous", f"{self.source} without jumps")


class BandPhase(Spec):
    """Phase of an oscillation, such as theta, in a field potential."""

    kind: Literal["band_phase"] = "band_phase"
    name: str = param("theta_phase", title="Name", help="Name of the new covariate.", min_length=1)
    source: str = param(title="Field potential", help="The signal that oscillates.", choices="variables", min_length=1)
    low: float = param(6.0, title="From", help="Lower edge of the band.", unit="Hz", gt=0, le=1000)
    high: float = param(10.0, title="To", help="Upper edge of the band.", unit="Hz", gt=0, le=2000)

    def compute(self, recording: Recording, max_gap: float | None, field: str) -> Covariate:
        """Butterworth filter of order 3, run forwards and backwards; phase of the analytic signal, 0 at the peak.

        Raises
        ------
        GlmError
            If the band is empty, or the signal is sampled too slowly, constant, or nowhere long enough without a gap.
        """
        from scipy.signal import butter, hilbert, sosfiltfilt

        if self.high <= self.low:
            raise GlmError(
                f"the band from {self.low:g} to {self.high:g} Hz is reversed or empty; correct it", field=f"{field}.high"
            )
        source = _magnitude(recording, self.source, f"{field}.source")
        rate = 1 / source.period if source.period else np.nan
        if not rate > 2.2 * self.high:
            raise GlmError(
                f"'{self.source}' is sampled at {rate:.4g} Hz, too slowly for {self.high:g} Hz; choose another signal or band",
                field=f"{field}.source",
            )
        sections = butter(3, [self.low, self.high], btype="bandpass", fs=rate, output="sos")
        signal, values = np.asarray(source.data.values, np.float64), np.full(len(source.data), np.nan)
        for rows in valid_runs(source, 1.5 * source.period):
            # three periods, below which a filter says nothing, and of a constant there is no phase
            if len(rows) > 3 * rate / self.low and np.ptp(signal[rows]) > 0:
                values[rows] = np.mod(np.angle(hilbert(sosfiltfilt(sections, signal[rows] - signal[rows].mean()))), 2 * np.pi)
        if not np.isfinite(values).any():
            raise GlmError(
                f"'{self.source}' is constant, or has no stretch of {3 / self.low:.3g} s without a gap; choose another signal",
                field=f"{field}.source",
            )
        return at_times_of(source, self.name, values, "rad", "angle", f"phase of {self.source}, {self.low:g} to {self.high:g} Hz")


class Running(Spec):
    """Running or rest: whether a speed stays above a threshold."""

    kind: Literal["running"] = "running"
    name: str = param("running", title="Name", help="Name of the new covariate: 1 while running, 0 at rest.", min_length=1)
    source: str = param(
        title="Speed", help="The variable that is compared with the threshold.", choices="variables", min_length=1
    )
    above: float = param(5.0, title="Above", help="Running is above this.", unit="of the variable")
    at_least: float = param(
        0.5,
        title="For at least",
        help="Shorter runs count as rest, and shorter rests inside runs as running.",
        unit="s",
        ge=0,
        le=600,
    )

    def compute(self, recording: Recording, max_gap: float | None, field: str) -> Covariate:
        source = recording.variable(self.source, field=f"{field}.source")
        times, speed = np.asarray(source.data.t), np.asarray(source.data.values, np.float64)
        values = np.full(len(times), np.nan)
        for rows in valid_runs(source, max_gap):
            fast = speed[rows] > self.above
            for kind in (False, True):  # first close short rests, then drop short runs
                edges = np.concatenate([[0], np.flatnonzero(np.diff(fast)) + 1, [len(fast)]])
                for begin, end in pairwise(edges):
                    inner = (begin > 0 and end < len(fast)) or kind
                    lasting = times[rows[end - 1]] - times[rows[begin]] + source.period
                    if fast[begin] == kind and inner and lasting < self.at_least:
                        fast[begin:end] = not kind
            values[rows] = fast
        return at_times_of(source, self.name, values, "", "step", f"{self.source} above {self.above:g}")


class ZScore(Spec):
    """Z-score: a variable less its mean, in standard deviations."""

    kind: Literal["z_score"] = "z_score"
    name: str = param("z_score", title="Name", help="Name of the new covariate.", min_length=1)
    source: str = param(title="Variable", help="The variable that is standardised.", choices="variables", min_length=1)

    def compute(self, recording: Recording, max_gap: float | None, field: str) -> Covariate:
        source = _magnitude(recording, self.source, f"{field}.source")
        values = finite_values(source)
        spread = np.nanstd(values) if np.isfinite(values).any() else 0.0
        if not spread > 0:
            raise GlmError(
                f"'{self.source}' is constant or has no valid sample; a z-score needs values that differ; choose another",
                field=f"{field}.source",
            )
        return at_times_of(
            source, self.name, (values - np.nanmean(values)) / spread, "SD", source.kind, f"z-score of {self.source}"
        )


class Logarithm(Spec):
    """Logarithm of a variable."""

    kind: Literal["log"] = "log"
    name: str = param("log", title="Name", help="Name of the new covariate.", min_length=1)
    source: str = param(
        title="Variable", help="The variable of which the natural logarithm is taken.", choices="variables", min_length=1
    )
    offset: float = param(
        0.0,
        title="Offset",
        help="Is added first, so that zeros have a logarithm; what is still not positive is invalid.",
        unit="of the variable",
        ge=0,
    )

    def compute(self, recording: Recording, max_gap: float | None, field: str) -> Covariate:
        source = _magnitude(recording, self.source, f"{field}.source")
        values = finite_values(source) + self.offset
        if not (values > 0).any():
            raise GlmError(f"'{self.source}' is nowhere positive; give an offset", field=f"{field}.offset")
        values = np.log(np.where(values > 0, values, np.nan))
        return at_times_of(source, self.name, values, f"log {source.unit}".strip(), source.kind, f"logarithm of {self.source}")


class TimeSince(Spec):
    """Time since the last event."""

    kind: Literal["time_since"] = "time_since"
    name: str = param("time_since", title="Name", help="Name of the new covariate.", min_length=1)
    event: str = param(
        title="Event", help="The event since which time is counted; invalid before its first.", choices="events", min_length=1
    )
    most: float | None = param(
        None, title="At most", help="Longer times are taken as this; no limit where empty.", unit="s", gt=0
    )

    def compute(self, recording: Recording, max_gap: float | None, field: str) -> Covariate:
        if self.event not in recording.events:
            have = listed(recording.events) or "none"
            raise GlmError(f"{recording.name}: no event '{self.event}'; this recording has: {have}", field=f"{field}.event")
        events = np.round(np.sort(np.asarray(recording.events[self.event].t, np.float64)), 9)
        if not len(events):
            raise GlmError(f"{recording.name}: the event '{self.event}' never occurs; choose another", field=f"{field}.event")
        clock = _clock(recording)
        # on either side of an event, so that nothing between the longest and the shortest time is interpolated there
        inside = events[(events > clock[0]) & (events <= clock[-1])]
        times = np.unique(np.round(np.concatenate([clock, inside, inside - 1e-6]), 9))
        last = np.searchsorted(events, times, side="right") - 1
        known = last >= 0
        if recording.sessions and len(events):  # an event of one session says nothing of the next
            known &= recording.session_of(events)[np.maximum(last, 0)] == recording.session_of(times)
        values = np.where(known, times - events[np.maximum(last, 0)], np.nan) if len(events) else np.full(len(times), np.nan)
        return _new(
            recording, self.name, times, np.minimum(values, self.most or np.inf), "s", "continuous", f"time since {self.event}"
        )


class TrialNumber(Spec):
    """Number of the trial, counted from 1."""

    kind: Literal["trial_number"] = "trial_number"
    name: str = param("trial_number", title="Name", help="Name of the new covariate; invalid between trials.", min_length=1)
    trials: str = param(title="Trials", help="The table of trials.", choices="trials", min_length=1)

    def compute(self, recording: Recording, max_gap: float | None, field: str) -> Covariate:
        if self.trials not in recording.trials:
            have = listed(recording.trials) or "none"
            raise GlmError(
                f"{recording.name}: no table of trials '{self.trials}'; this recording has: {have}", field=f"{field}.trials"
            )
        table, times = recording.trials[self.trials], _clock(recording)
        if not len(table):
            raise GlmError(f"{recording.name}: '{self.trials}' holds no trial; choose another table", field=f"{field}.trials")
        number = np.searchsorted(np.asarray(table.start), times, side="right")
        inside = (number > 0) & (times <= np.asarray(table.end)[np.maximum(number - 1, 0)])
        return _new(recording, self.name, times, np.where(inside, number, np.nan), "", "step", f"number within {self.trials}")


class Drift(Spec):
    """Slow drift: how much of the recording has passed, 0 to 1."""

    kind: Literal["drift"] = "drift"
    name: str = param(
        "drift",
        title="Name",
        help="Name of the new covariate; a few B-splines of it follow slow changes of the rate.",
        min_length=1,
    )

    def compute(self, recording: Recording, max_gap: float | None, field: str) -> Covariate:
        times = _clock(recording, 10 * _STEP)
        passed = (times - times[0]) / max(times[-1] - times[0], 1e-9)
        return _new(recording, self.name, times, passed, "", "continuous", "share of the recording that has passed")


def _magnitude(recording: Recording, reference: str, field: str) -> Covariate:
    """A variable whose values are more or less of something, not angles or categories."""
    source = recording.variable(reference, field=field)
    refuse_angle_or_category(source, "of which this says nothing; choose another variable", field)
    return source


def _clock(recording: Recording, step: float = _STEP) -> np.ndarray:
    """Regular times over the whole recording, both ends of each stretch with them."""
    pieces = np.asarray(recording.epochs["all"].values)
    times = [np.append(np.arange(start, stop, step), stop) for start, stop in pieces]
    return np.unique(np.round(np.concatenate(times), 9))


def _new(recording: Recording, name: str, times: np.ndarray, values: np.ndarray, unit: str, kind: str, text: str) -> Covariate:
    import pynapple as nap

    from glmengine.recording.recording import Covariate

    return Covariate(name, nap.Tsd(t=times, d=values, time_support=recording.epochs["all"]), unit, kind, text)
