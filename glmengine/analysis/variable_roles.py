"""Roles that the variables of a recording play: position, head direction, speed, theta phase, signal, stimulus, event, property of trials."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from glmengine.analysis.default_terms import moments, position_pairs, stimuli
from glmengine.recording.activity import activity
from glmengine.recording.covariate_names import DIRECTION_NAME, HEAD_NAME, PLACE_NAME, RHYTHM_NAME, SPEED_NAME, WAY_NAME
from glmengine.recording.events import property_names
from glmengine.recording.recording import Recording
from glmengine.sentences import listed

_ELONGATED = 4.0
"""How many times longer than wide the visited area is on a track."""
_FEWEST_LAPS = 4
_MOST_NAMED = 6


@dataclass(frozen=True)
class Role:
    """What a variable may be for an analysis.

    Attributes
    ----------
    words : str
        What is asked for, to follow "it needs".
    find : function of a recording and of words
        The variables that play it, the likeliest first.
    have : function of a recording
        Among which names it is sought.
    why_not : function of a recording
        Why none of these plays it, as a sentence; empty where their names say it.
    """

    words: str
    find: Callable[[Recording, tuple[str, ...]], list[str]]
    have: Callable[[Recording], Iterable[str]]
    why_not: Callable[[Recording], str] = lambda recording: ""

    def there_is(self, recording: Recording) -> str:
        """What the recording has in its place, in words."""
        return listed(self.have(recording), _MOST_NAMED) or "none"


def _called(names: Iterable[str], *patterns: re.Pattern[str]) -> list[str]:
    """Those that one of the patterns is found in, the first pattern's before the second's."""
    names = list(names)
    return list(dict.fromkeys(name for pattern in patterns for name in names if pattern.search(name)))


def _named(names: Iterable[str], words: Iterable[str]) -> list[str]:
    """Those that hold one of the words, the first word's before the second's."""
    names = list(names)
    return list(dict.fromkeys(name for word in words for name in names if word in name.lower()))


def _named_first(names: list[str], words: Iterable[str]) -> list[str]:
    """All of them, those that hold one of the words first."""
    return list(dict.fromkeys([*_named(names, words), *names]))


def _plain(recording: Recording) -> list[str]:
    return [name for name, (covariate, _) in recording.variables.items() if covariate.kind == "continuous"]


def _angles(recording: Recording) -> list[str]:
    return [name for name, (covariate, _) in recording.variables.items() if covariate.kind == "angle"]


def positions(recording: Recording, words: tuple[str, ...] = ()) -> list[str]:
    """Covariates whose first two components are a place."""
    found = [first.rpartition(".")[0] for first, _ in position_pairs(recording)]
    return [name for name in found if name in recording.covariates]


def tracks(recording: Recording, words: tuple[str, ...] = ()) -> list[str]:
    """Positions along a line: those called so, else the longer component of one that is much longer than wide."""
    single = [name for name in _plain(recording) if name in recording.covariates]
    by_name = [*_called(single, PLACE_NAME, WAY_NAME), *(name for name in single if name.lower() == "x")]
    along = [name for name in by_name if not SPEED_NAME.search(name)]
    return along or [name for place in positions(recording) if (name := _longer_axis(recording, place))]


def _no_line(recording: Recording) -> str:
    """Why a position in two dimensions is none along a track."""
    places = [name for name in positions(recording) if not _longer_axis(recording, name)]
    if not places:
        return ""
    return (
        f"Neither axis of '{places[0]}' is much longer than the other, so that it is no line: "
        "a track with corners needs the distance along it, as a covariate of one component."
    )


def _longer_axis(recording: Recording, place: str) -> str:
    covariate = recording.covariates[place]
    _, values = covariate.seen()
    spread = np.ptp(np.nanpercentile(np.asarray(values, np.float64)[:, :2], [5, 95], axis=0), axis=0)
    long = int(np.argmax(spread))
    return covariate.variables[long] if spread[long] > _ELONGATED * spread[1 - long] else ""


def directions(recording: Recording, words: tuple[str, ...] = ()) -> list[str]:
    """Angles that are no phase of a rhythm, those named as a direction first."""
    rhythms = phases(recording)
    angles = [name for name in _angles(recording) if name not in rhythms]
    return list(dict.fromkeys([*_called(angles, HEAD_NAME, DIRECTION_NAME), *angles]))


def phases(recording: Recording, words: tuple[str, ...] = ()) -> list[str]:
    """Phases of a rhythm."""
    return _called(_angles(recording), RHYTHM_NAME)


def speeds(recording: Recording, words: tuple[str, ...] = ()) -> list[str]:
    """Speeds, or else the position from which one is computed."""
    return _called(_plain(recording), SPEED_NAME)


def signals(recording: Recording, words: tuple[str, ...] = ()) -> list[str]:
    """Continuous signals of one channel that are neither a position nor a speed, those called by one of the words first."""
    movement = {*tracks(recording), *speeds(recording)}
    return _named_first([name for name in _plain(recording) if name in recording.covariates and name not in movement], words)


def _stimuli(recording: Recording, words: tuple[str, ...]) -> list[str]:
    return stimuli(recording)


def _events(recording: Recording, words: tuple[str, ...]) -> list[str]:
    return _named(moments(recording), words)


def _properties(recording: Recording, words: tuple[str, ...]) -> list[str]:
    return _named(property_names(recording), words)


def _laps(recording: Recording, words: tuple[str, ...]) -> list[str]:
    """Epochs of several stretches that are called so."""
    return _named([name for name, stretches in recording.epochs.items() if len(stretches) >= _FEWEST_LAPS], words)


def _exactly(recording: Recording, words: tuple[str, ...]) -> list[str]:
    return [name for name in words if name in recording.variables]


def _signal_units(recording: Recording, words: tuple[str, ...]) -> list[str]:
    return list(recording.unit_names) if activity(recording) == "positive signals" else []


def _all_units(recording: Recording, words: tuple[str, ...]) -> list[str]:
    return list(recording.unit_names)


ROLES: Mapping[str, Role] = {
    "position": Role("a position in two dimensions", positions, lambda recording: recording.covariates),
    "track": Role("a position along a track", tracks, lambda recording: recording.covariates, _no_line),
    "head_direction": Role("a head direction, an angle in radians", directions, lambda recording: recording.covariates),
    "theta": Role("the phase of a rhythm, an angle in radians", phases, lambda recording: recording.covariates),
    "speed": Role("a speed, or a position to compute it from", speeds, lambda recording: recording.covariates),
    "signal": Role("a signal of one channel (a current, a stimulus)", signals, lambda recording: recording.covariates),
    "stimulus": Role("a stimulus of many channels (pixels, bands)", _stimuli, lambda recording: recording.covariates),
    "event": Role("an event", _events, moments),
    "laps": Role("an epoch of several stretches", _laps, lambda recording: recording.epochs),
    "property": Role("a property of the trials", _properties, property_names),
    "variable": Role("a covariate", _exactly, lambda recording: recording.variables),
    "activity": Role(
        "units whose activity is a positive signal (calcium)", _signal_units, lambda recording: [activity(recording)]
    ),
    "units": Role("two units or more", _all_units, lambda recording: recording.unit_names),
}
"""What the needs of a ready analysis may name."""
