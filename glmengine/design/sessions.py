"""An analysis of several sessions: an intercept and, on request, tuning of each session's own, folds within sessions, and what each gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.analysis.terms import AnyTerm, CovariateTerm, Factor
from glmengine.basis import Categorical
from glmengine.errors import GlmError
from glmengine.recording.joined_parts import SESSION, session_epoch
from glmengine.recording.joining import join_recordings
from glmengine.recording.named_epochs import rows_in
from glmengine.recording.observed import SPIKES, Words

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.analysis.analysis import Analysis
    from glmengine.design.prepare import Prepared
    from glmengine.recording.recording import Recording
    from glmengine.results.posterior import Posterior
    from glmengine.timegrid.grid import TimeGrid


def session_terms(
    analysis: Analysis, recording: Recording, grid: TimeGrid, rows: np.ndarray, notes: list[str]
) -> list[tuple[int, AnyTerm]]:
    """The enabled terms with their numbers in the analysis, those of separate sessions as one term per session, and the session intercepts.

    Parameters
    ----------
    analysis : Analysis
    recording : Recording
        Of one session or several.
    grid : TimeGrid
        T bins.
    rows : (T,) bool
        Those that may be used; a session without any has no term.
    notes : list of str
        Told which sessions a term cannot have.
    """
    which = recording.session_of(grid.centres)
    names = [session.name for number, session in enumerate(recording.sessions) if (rows & (which == number)).any()]
    several = len(recording.sessions) > 1
    terms: list[tuple[int, AnyTerm]] = []
    for number, term in enumerate(analysis.terms):
        if not term.enabled:
            continue
        if not term.separate or not several:
            terms.append((number, term))
            continue
        for name in names:
            epochs = [session_epoch(name, epoch) for epoch in term.epochs or ("all",)]
            there = tuple(epoch for epoch in epochs if epoch in recording.epochs)
            if there and (rows & rows_in(grid, recording, there)).any():
                terms.append((number, term.with_(name=f"{term.label} in {name}", epochs=there, separate=False)))
            else:
                notes.append(
                    f"The term '{term.label}' has no bin in {name}, where nothing that is used lies in {', '.join(term.epochs)}."
                )
    given = any(isinstance(term, CovariateTerm) and any(f.variable == SESSION for f in term.factors) for _, term in terms)
    if analysis.model.intercept_per_session and len(names) > 1 and not given:
        _all_fitted(analysis, recording, grid, names)
        labels = {term.label for _, term in terms}
        name = next(name for name in (SESSION, "session intercept", "intercept of the session") if name not in labels)
        factor = Factor(variable=SESSION, basis=Categorical(reference=True))
        terms.append((len(analysis.terms), CovariateTerm(name=name, factors=(factor,), penalty="none")))
    return terms


def _all_fitted(analysis: Analysis, recording: Recording, grid: TimeGrid, fitted: Sequence[str]) -> None:
    """A session that is tested on must have an intercept, and so some bins that are fitted."""
    tested = rows_in(grid, recording, analysis.validation.test_epochs, field="validation.test_epochs")
    which = recording.session_of(grid.centres)
    for number, session in enumerate(recording.sessions):
        if session.name not in fitted and (tested & (which == number)).any():
            raise GlmError(
                f"the session '{session.name}' is only tested on, so that no intercept of its own is known; "
                "let the sessions share one intercept, or fit on a part of it",
                field="model.intercept_per_session",
            )


def session_folds(grid: TimeGrid, valid: np.ndarray, recording: Recording, n_folds: int) -> int | np.ndarray:
    """Which fold holds each row out.

    The number of folds for one session. Of several each is cut into its own contiguous blocks of equal length, as the whole
    would be, so that no fold takes out a session of which an intercept is to be found.

    Parameters
    ----------
    valid : (T,) bool
        Rows that are fitted.
    """
    from glmengine.fitting.cross_validation import blocks_of

    if len(recording.sessions) < 2:
        return n_folds
    session = recording.session_of(grid.centres)
    folds = np.full(grid.n_bins, -1)
    for number in range(len(recording.sessions)):
        own = valid & (session == number)
        if own.sum() >= n_folds:
            folds = np.where(own, blocks_of(own, n_folds), folds)
    return folds if (folds >= 0).any() else n_folds


def described(recording: Recording) -> list[dict[str, Any]]:
    """What a result keeps of its sessions: their names and hashes in order; empty for one session."""
    if len(recording.sessions) < 2:
        return []
    return [
        {"name": one.name, "sha256": one.recording.sha256, "path": str(one.recording.path or ""), "shift": one.shift}
        for one in recording.sessions
    ]


def as_session(
    recording: Recording, sessions: Sequence[Mapping[str, Any]], terms: Sequence[AnyTerm], units: Sequence[str]
) -> Recording:
    """A recording as the features of a fit of several sessions need it: with their numbers and epochs.

    Parameters
    ----------
    recording : Recording
        One of the sessions, known by its hash or else its name, or several joined, known by their names.
    sessions : sequence of mapping
        As `described` gave them; nothing is changed where there are none.
    terms : sequence of terms
        Those of the fit.
    units : sequence of str
        The units of the fit; a session that lacks some of them gets these as not recorded.

    Raises
    ------
    GlmError
        If it is none of the sessions, and the fit has an intercept or tuning of each session's own.
    """
    names = [str(session["name"]) for session in sessions]
    of_session = {name: [e for term in terms for e in term.epochs if e == name or e.startswith(f"{name}: ")] for name in names}
    by_number = any(isinstance(term, CovariateTerm) and any(f.variable == SESSION for f in term.factors) for term in terms)
    if not names or not (by_number or any(of_session.values())):
        return recording
    if not recording.sessions:
        known = [session["name"] for session in sessions if recording.sha256 and session["sha256"] == recording.sha256]
        known += [name for name in names if name == recording.name]
        if not known:
            raise GlmError(
                f"{recording.name}: is none of the sessions that were fitted ({', '.join(names)}), each of which has an intercept of its own; "
                "say as which of them it is to be taken"
            )
        recording = join_recordings([recording], [str(known[0])])
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


def session_table(
    prepared: Prepared, posterior: Posterior, family: str, dispersion: np.ndarray | None, words: Words = SPIKES
) -> xr.Dataset | None:
    """What each session gave for each unit; None for one session.

    Parameters
    ----------
    prepared : Prepared
        What was fitted.
    posterior : Posterior
    family : str
    dispersion : (M,) array, optional
    words : Words
        What the observations are called.

    Returns
    -------
    Dataset (unit, session)
        ``intercept`` (link scale, all other features zero) and ``intercept_error``; ``n_bins`` and ``n_spikes`` that were fitted,
        ``rate_hz``, and ``deviance_explained_fit``, against the session's own mean. NaN where a unit was not recorded.
    """
    import xarray as xr

    recording, design, units = prepared.recording, prepared.design, len(prepared.units)
    if len(recording.sessions) < 2:
        return None
    count, session = len(recording.sessions), recording.session_of(prepared.grid.centres)
    rows = np.zeros((count, design.n_columns + 1))
    rows[:, 0] = 1.0
    for term in design.terms:
        if isinstance(term, CovariateTerm) and [factor.variable for factor in term.factors] == [SESSION]:
            categories = term.factors[0].basis.categories
            for number in range(count):
                if number in categories:
                    rows[number, 1:][design.slices[term.label]] = term.factors[0].basis.evaluate(np.array([float(number)]))[0]
    with np.errstate(invalid="ignore"):
        intercept = rows[:, 1:] @ posterior.coef + posterior.intercept
    error = np.full((units, count), np.nan)
    if posterior.covariance is not None:
        error = np.sqrt(np.stack([posterior.variance(rows, unit) for unit in range(units)]))
    sums = _sums(prepared, posterior, family, dispersion, session, count)
    bins, spikes = sums["bins"], sums["spikes"]
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = spikes / bins / prepared.grid.bin_size
        explained = 1.0 - sums["deviance"] / sums["null"]
    there = bins > 0
    explained[~np.isfinite(explained)] = np.nan
    arrays = {
        "intercept": (np.where(there, intercept, np.nan), "linear predictor where all other features are zero"),
        "intercept_error": (np.where(there, error.T, np.nan), "its standard error"),
        "n_bins": (bins, "bins fitted"),
        "n_spikes": (spikes, f"{words.observed} in them"),
        "rate_hz": (np.where(there, rate, np.nan), f"mean {words.rate}"),
        "deviance_explained_fit": (explained, "deviance explained, against the session's own mean"),
    }
    coords = {"unit": list(prepared.units), "session": [one.name for one in recording.sessions]}
    return xr.Dataset(
        {
            name: (("unit", "session"), values.T, {"unit": words.unit if name == "rate_hz" else "", "long_name": text})
            for name, (values, text) in arrays.items()
        },
        coords,
    )


def _sums(
    prepared: Prepared, posterior: Posterior, family: str, dispersion: np.ndarray | None, session: np.ndarray, count: int
) -> dict[str, np.ndarray]:
    """(S, M) sums over the fitted rows of each session."""
    from glmengine.models import get_family
    from glmengine.results.posterior import row_chunks

    model, design, shape = get_family(family), prepared.design, (count, len(prepared.units))
    spread = dispersion if model.estimates_dispersion or model.free_scale else None
    bins, spikes, deviance, null = (np.zeros(shape) for _ in range(4))
    for number in range(count):
        y = np.asarray(prepared.counts[design.valid & (session == number)], np.float64)
        bins[number], spikes[number] = np.isfinite(y).sum(axis=0), np.nansum(y, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = spikes / bins
    for start, stop in row_chunks(design):
        kept = start + np.flatnonzero(design.valid[start:stop])
        if not len(kept):
            continue
        mu = posterior.link.mean(np.asarray(design.chunk(start, stop))[kept - start] @ posterior.coef + posterior.intercept)
        y = np.asarray(prepared.counts[kept], np.float64)
        seen = np.isfinite(y)
        filled = np.where(seen, y, 1.0)
        for expected, total in ((mu, deviance), (mean[session[kept]], null)):
            with np.errstate(divide="ignore", invalid="ignore"):
                np.add.at(total, session[kept], np.where(seen, model.deviance(expected, filled, spread), 0.0))
    return {"bins": bins, "spikes": spikes, "deviance": deviance, "null": null}
