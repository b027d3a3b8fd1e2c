"""Tables over the recordings of a batch: what became of each, the scores of all units, and both by animal, region or another group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.export.tables import csv_text
from glmengine.io.files.whole import write_whole
from glmengine.sentences import listed

if TYPE_CHECKING:
    from glmengine.batch.one_recording import Outcome
    from glmengine.batch.summary import Summary

_HEAD = (
    "recording",
    "outcome",
    "reason",
    "folder",
    "units",
    "features",
    "bins",
    "converged",
    "deviance_explained_heldout_median",
    "deviance_explained_heldout_most",
    "seconds",
)
_GROUP_HEAD = ("recordings", "units", "scored", "median", "lower_quartile", "upper_quartile", "mean", "standard_error")
GROUP_SCORES = ("deviance_explained_heldout", "bits_per_spike_heldout", "deviance_explained_fit", "rate_hz")
"""Scores that are summed up by group, where a result has them."""


def write_tables(folder: Path, outcomes: Sequence[Outcome]) -> None:
    """Write ``recordings.csv`` and ``scores.csv``."""
    done = _done(outcomes)
    columns = _names(summary.scores for _, summary in done)
    about = _names(summary.about for _, summary in done)
    rows = [
        [recording, unit, *(_at(summary.about, name, at) for name in about), *(_at(summary.scores, name, at) for name in columns)]
        for recording, summary in done
        for at, unit in enumerate(summary.units)
    ]
    _write(folder / "recordings.csv", _HEAD, [_row(outcome) for outcome in outcomes])
    _write(folder / "scores.csv", ["recording", "unit", *about, *columns], rows)


def write_groups(folder: Path, outcomes: Sequence[Outcome], group_by: Sequence[str]) -> None:
    """Write ``groups.csv``; nothing where no recording could be fitted.

    Raises
    ------
    GlmError
        If no unit of any recording has one of the columns to group by.
    """
    done = _done(outcomes)
    about = _names(summary.about for _, summary in done)
    lacking = [name for name in group_by if name not in about]
    if done and lacking:
        raise GlmError(
            f"group by {lacking[0]}: no unit of these recordings has it; their units have {listed(about) or 'no column of texts'}"
        )
    if done:
        _write(folder / "groups.csv", [*group_by, "score", *_GROUP_HEAD], group_rows(done, group_by))


def _done(outcomes: Sequence[Outcome]) -> list[tuple[str, Summary]]:
    return [(outcome.recording, outcome.summary) for outcome in outcomes if outcome.summary is not None]


def _names(columns: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for one in columns for name in one))


def _write(path: Path, head: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    write_whole(path, csv_text(head, rows).encode("utf-8"))


def group_rows(done: Sequence[tuple[str, Summary]], group_by: Sequence[str]) -> list[list[Any]]:
    """A row for each group of units and score: the group's texts, the score's name, and the numbers of `_GROUP_HEAD`.

    The standard error is that of the mean over units, which takes the units of a recording for independent; where a group has units of
    several recordings, judge by the recordings.
    """
    members: dict[tuple[str, ...], list[tuple[str, Summary, int]]] = {}
    for recording, summary in done:
        for at in range(len(summary.units)):
            key = tuple(str(_at(summary.about, name, at)) for name in group_by)
            members.setdefault(key, []).append((recording, summary, at))
    rows: list[list[Any]] = []
    for key in sorted(members):
        units = members[key]
        for score in GROUP_SCORES:
            values = np.array([_number(_at(summary.scores, score, at)) for _, summary, at in units])
            known = values[np.isfinite(values)]
            if any(score in summary.scores for _, summary, _ in units):
                rows.append([*key, score, len({recording for recording, _, _ in units}), len(units), *_numbers(known)])
    return rows


def _numbers(known: np.ndarray) -> Iterator[object]:
    yield len(known)
    if not len(known):
        yield from [""] * 5
        return
    lower, middle, upper = np.quantile(known, [0.25, 0.5, 0.75])
    yield from (float(middle), float(lower), float(upper), float(known.mean()))
    yield float(known.std(ddof=1) / np.sqrt(len(known))) if len(known) > 1 else ""


def _at(columns: Mapping[str, Sequence[Any]], name: str, at: int) -> Any:
    return columns[name][at] if name in columns else ""


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


def _row(outcome: Outcome) -> list[object]:
    """One row of ``recordings.csv``."""
    summary = outcome.summary
    if summary is None:
        return [outcome.recording, "failed", outcome.reason, *[""] * (len(_HEAD) - 3)]
    known = summary.held_out[np.isfinite(summary.held_out)]
    best = [float(np.median(known)), float(known.max())] if len(known) else ["", ""]
    counts = [len(summary.units), summary.features, summary.bins]
    return [outcome.recording, "done", "", outcome.folder.name, *counts, summary.converged, *best, summary.seconds]
