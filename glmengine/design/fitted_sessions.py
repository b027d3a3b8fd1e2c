"""A recording as one or several of the sessions that a model was fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.analysis.terms import AnyTerm, CovariateTerm
from glmengine.errors import GlmError
from glmengine.recording.joined_parts import SESSION
from glmengine.recording.joining import join_recordings

if TYPE_CHECKING:
    from glmengine.recording.recording import Recording


@dataclass(frozen=True)
class FittedSession:
    """What a result keeps of one of its sessions.

    Attributes
    ----------
    name, sha256, path : str
        The name under which it was joined; hash and place of its file, empty where not known.
    shift : float
        Seconds that its times were moved by.
    """

    name: str
    sha256: str = ""
    path: str = ""
    shift: float = 0.0


def fitted_sessions(recording: Recording) -> tuple[FittedSession, ...]:
    """The sessions of a recording in order; none for one session."""
    if len(recording.sessions) < 2:
        return ()
    return tuple(
        FittedSession(one.name, one.recording.sha256, str(one.recording.path or ""), one.shift) for one in recording.sessions
    )


def as_session(
    recording: Recording, sessions: Sequence[FittedSession], terms: Sequence[AnyTerm], units: Sequence[str]
) -> Recording:
    """A recording as the features of a fit of several sessions need it: with their numbers and epochs.

    Parameters
    ----------
    recording : Recording
        One of the sessions, known by its hash or else its name, or several joined, known by their names.
    sessions : sequence of FittedSession
        Those of the fit; nothing is changed where there are none.
    terms : sequence of terms
        Those of the fit.
    units : sequence of str
        The units of the fit; a session that lacks some of them gets these as not recorded.

    Raises
    ------
    GlmError
        If it is none of the sessions, and the fit has an intercept or tuning of each session's own.
    """
    names = [session.name for session in sessions]
    of_session = {name: [e for term in terms for e in term.epochs if e == name or e.startswith(f"{name}: ")] for name in names}
    by_number = any(isinstance(term, CovariateTerm) and any(f.variable == SESSION for f in term.factors) for term in terms)
    if not names or not (by_number or any(of_session.values())):
        return recording
    if not recording.sessions:
        known = [session.name for session in sessions if recording.sha256 and session.sha256 == recording.sha256]
        known += [name for name in names if name == recording.name]
        if not known:
            raise GlmError(
                f"{recording.name}: is none of the sessions that were fitted ({', '.join(names)}), each of which has an intercept of its own; "
                "say as which of them it is to be taken"
            )
        recording = join_recordings([recording], [known[0]])
    recording = with_units(recording, units)
    present = [session.name for session in recording.sessions]
    unknown = [name for name in present if name not in names]
    if unknown:
        raise GlmError(
            f"{recording.name}: the session '{unknown[0]}' was not fitted; those that were: {', '.join(names)}", field="terms"
        )
    import pynapple as nap

    nothing = nap.IntervalSet(np.empty(0), np.empty(0))
    missing = {epoch: nothing for name in names for epoch in of_session[name] if epoch not in recording.epochs}
    recording = replace(recording, epochs={**recording.epochs, **missing})
    numbers = np.array([names.index(name) for name in present], dtype=np.float64)
    which = recording.covariates[SESSION]
    data = nap.Tsd(which.data.t, numbers[np.asarray(which.data.values, np.int64)], time_support=which.data.time_support)
    return recording.with_covariates(replace(which, data=data))


def with_units(recording: Recording, units: Sequence[str]) -> Recording:
    """The same with units that it lacks, never recorded."""
    missing = [name for name in units if name not in recording.unit_names]
    if not missing:
        return recording
    import pynapple as nap

    support, never = recording.epochs["all"], nap.IntervalSet(np.empty(0), np.empty(0))
    names = (*recording.unit_names, *missing)
    changes: dict[str, Any] = {}
    if recording.spikes is not None:
        group = {at: recording.spikes[at] for at in range(len(recording.unit_names))}
        group |= {len(group) + at: nap.Ts(np.empty(0), time_support=support) for at in range(len(missing))}
        changes["spikes"] = nap.TsGroup(group, time_support=support)
    else:
        counts = recording.counts
        values = np.asarray(counts.values)
        wider = np.concatenate([values, np.zeros((len(values), len(missing)), values.dtype)], axis=1)
        changes["counts"] = nap.TsdFrame(np.asarray(counts.t), wider, columns=list(names), time_support=counts.time_support)
    table = None if recording.unit_table is None else recording.unit_table.reindex(list(names))
    return replace(
        recording,
        unit_names=names,
        unit_table=table,
        recorded={**recording.recorded, **dict.fromkeys(missing, never)},
        **changes,
    )
