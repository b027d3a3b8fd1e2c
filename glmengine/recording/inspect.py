"""A description of a recording in plain text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from glmengine.recording.binned import count_bin_width
from glmengine.recording.events import own_events
from glmengine.recording.observed import Words, recorded_words
from glmengine.recording.presence import presence_of
from glmengine.sentences import listed, numbered, percent, rate_text

if TYPE_CHECKING:
    from glmengine.recording.recording import Covariate, Recording, Session

MOST_LINES = 20

LONGEST_KINDS = 80
"""Letters of a description of categories that a line has room for."""


def describe(recording: Recording, *, most: int = MOST_LINES) -> str:
    """A few paragraphs of plain text: the first line sums up, then sessions where there are several, units, covariates, epochs, trials, events and notes.

    Parameters
    ----------
    recording : Recording
    most : int
        The most lines that any list may take.
    """
    lines = [summary(recording)]
    lines += _section("Sessions", [_session(session) for session in recording.sessions], most)
    lines += _section("Units", _units(recording), most)
    lines += _section("Covariates", [_covariate(covariate) for covariate in recording.covariates.values()], most)
    lines += _section("Epochs", [_epoch(name, epoch.values) for name, epoch in recording.epochs.items()], most)
    trials = [
        f"{name}: {numbered(len(table), 'trial')}, with {_columns(table.metadata_columns)}"
        for name, table in recording.trials.items()
    ]
    lines += _section("Trials", trials, most)
    events = [f"{name}: {numbered(len(recording.events[name]), 'time')}" for name in own_events(recording)]
    lines += _section("Events", events, most)
    lines += _section("Notes", list(recording.notes), most)
    return "\n".join(lines)


def summary(recording: Recording) -> str:
    """One line: ``NAME: 25 units, 1982 s, 28,825 spikes, 2 covariates (position in cm, head_direction in rad)``."""
    parts = [numbered(len(recording.unit_names), "unit"), f"{_seconds(recording.duration)} s"]
    totals = unit_totals(recording)
    if np.isfinite(totals).all() and (totals == np.rint(totals)).all() and (totals >= 0).all():
        parts.append(numbered(int(totals.sum()), "spike"))
    if recording.counts is not None:
        parts.append(f"in bins of {count_bin_width(recording):g} s")
    names = [f"{item.name} in {item.unit}" if item.unit else item.name for item in recording.covariates.values()]
    parts.append(f"{numbered(len(names), 'covariate')} ({_columns(names, 4)})" if names else "no covariates")
    if recording.trials:
        parts.append(numbered(sum(len(table) for table in recording.trials.values()), "trial"))
    if recording.notes:
        parts.append(numbered(len(recording.notes), "note"))
    return f"{recording.name}: {', '.join(parts)}"


def unit_totals(recording: Recording) -> np.ndarray:
    """(M,) spikes of each unit, or the sum of its counts."""
    if recording.spikes is not None:
        return np.array([len(recording.spikes[unit]) for unit in range(len(recording.unit_names))], dtype=np.float64)
    return np.nansum(np.asarray(recording.counts.values, dtype=np.float64), axis=0)


def _session(session: Session) -> str:
    """``monday: 25 units, 1982 s, ...; moved by 610 s``."""
    own = summary(session.recording).removeprefix(f"{session.recording.name}: ")
    return f"{session.name}: {own}" + (f"; its times moved by {session.shift:g} s" if session.shift else "")


_WIDEST_NAME = 40
"""Letters; what follows a longer name does not stand below the others."""


def _units(recording: Recording) -> list[str]:
    totals = unit_totals(recording)
    table = recording.unit_table
    width = min(max(map(len, recording.unit_names)), _WIDEST_NAME)
    words = recorded_words(recording)
    lines = []
    for row, (name, total, rate) in enumerate(zip(recording.unit_names, totals, recording.mean_rates, strict=True)):
        about = (
            []
            if table is None
            else [f"{key} {_value(table[key].iloc[row])}" for key in list(table.columns)[:4] if _value(table[key].iloc[row])]
        )
        lines.append(
            f"{name:<{width}}  {_activity(name, total, rate, recording, words)}" + (f"  {', '.join(about)}" if about else "")
        )
    return lines


def _value(value: object) -> str:
    """A property of a unit; nothing where it is missing."""
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.6g}"
    return "" if value is None else str(value)


def _activity(name: str, total: float, rate: float, recording: Recording, words: Words) -> str:
    if words.per_spike:
        line = f"{total:>9,.10g} spikes  {rate_text(rate):>7} Hz"
        if name in recording.recorded:
            return f"{line} in {_seconds(float(recording.recorded[name].tot_length('s')))} s"
        there = presence_of(recording, name)
        return line if there is None else f"{line}, all from {_seconds(there.start)} to {_seconds(there.stop)} s"
    return f"mean {rate * count_bin_width(recording):>9.4g} per bin"


def _covariate(covariate: Covariate) -> str:
    values = np.asarray(covariate.seen()[1], dtype=np.float64)
    parts = [covariate.kind if not covariate.unit else f"{covariate.kind}, {covariate.unit}"]
    if covariate.kind == "category" and 0 < len(covariate.description) <= LONGEST_KINDS:
        parts[0] += f" ({covariate.description})"
    if covariate.components:
        parts.append(f"components {_columns(covariate.components, 6)}")
    parts.append(numbered(covariate.n_samples, "sample"))
    if np.isfinite(covariate.period) and covariate.period > 0:
        parts.append(f"{1 / covariate.period:.4g} Hz" if covariate.period < 10 else f"one in {covariate.period:.4g} s")
    finite = values[np.isfinite(values)]
    about = "" if covariate.stored is None else "about "
    parts.append(f"{about}{finite.min():.4g} to {finite.max():.4g}" if len(finite) else "no valid value")
    missing = 1 - len(finite) / max(values.size, 1)
    if missing and len(finite):
        parts.append(f"{about}{percent(missing, 1)} missing")
    if covariate.stored is not None:
        parts.append("read when it is used")
    return f"{covariate.name}: {'; '.join(parts)}"


def _epoch(name: str, pieces: np.ndarray) -> str:
    total = float((pieces[:, 1] - pieces[:, 0]).sum())
    digits = ".6g" if np.abs(pieces).max() < 1e5 else ".10g"
    where = f"{pieces[0, 0]:{digits}} to {pieces[-1, 1]:{digits}} s"
    return f"{name}: {_seconds(total)} s, {where}" + (f", in {len(pieces)} pieces" if len(pieces) > 1 else "")


def _section(title: str, lines: list[str], most: int) -> list[str]:
    if not lines:
        return []
    shown = lines if len(lines) <= most else [*lines[: most - 1], f"and {len(lines) - most + 1} more"]
    return ["", title, *(f"  {line}" for line in shown)]


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f}" if seconds >= 1000 else f"{seconds:.4g}"


def _columns(names: Iterable[object], most: int = 8) -> str:
    return listed(names, most) or "no properties"
