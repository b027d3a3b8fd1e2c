"""Final models of units that have the same terms: curves and filters with bands, checks, and spikes simulated beside the recorded ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.analysis import Analysis
from glmengine.analysis.remedies import Advice
from glmengine.analysis.wording import words_of
from glmengine.context import SILENT, Context, Together
from glmengine.design.prepare import prepare_again
from glmengine.errors import GlmError
from glmengine.fitting.coefficients import Coefficients
from glmengine.goodness.assess import assess
from glmengine.goodness.judgement import Finding
from glmengine.models import get_family
from glmengine.results.curves import response_curves
from glmengine.results.filters import term_filters
from glmengine.results.posterior import Posterior, link_of
from glmengine.selection.whole_fits import Whole
from glmengine.simulation.comparison import burst_within, compare_surrogates
from glmengine.simulation.likeness import LEVEL
from glmengine.simulation.runaway import Runaway
from glmengine.simulation.surrogates import Surrogates, simulate
from glmengine.threads import workers

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.design.design import Design
    from glmengine.design.prepare import Prepared
    from glmengine.goodness.goodness import Goodness
    from glmengine.goodness.mismatch import Grouping

CHECKS = {
    "ks": np.nan,
    "ks_band": np.nan,
    "ks_p": np.nan,
    "n_spikes": np.nan,
    "judgement": "",
}
"""Columns of the checks of goodness of fit, and what they are where there is no model."""

SIMULATED = ("rate", "isi", "autocorrelogram", "burst")
"""What simulated spikes are compared with recorded ones in."""

CANNOT_RUN = "cannot_run"
"""Column of the checks with the finding that a model cannot run by itself, as text; empty where it can."""

RAN_AWAY = "ran_away"
"""Column of the checks with the share of the simulations that ran away."""

FEWEST_ALIKE = math.ceil(1 / LEVEL)
"""Simulations among which recorded spikes can be unlike all others at that level."""

_CANNOT_RUN = Finding(
    "It cannot run by itself.", Advice("a model that can run by itself", " (the simulated spikes say why it cannot)")
)

MOST_BINS = 30_000
"""Bins that are simulated, from the first on: bands over so many tell models apart, and more of them take most of the time of a sheet."""


@dataclass(frozen=True)
class Final:
    """Final models of some units.

    Attributes
    ----------
    checks : Dataset (unit)
        `CHECKS`, and `CANNOT_RUN` where spikes could not be simulated; of each of `SIMULATED` the share of its values inside the 95 % band of the simulations (``simulated_rate``, ...), and
        ``burst`` beside ``burst_low`` and ``burst_high``.
    curves, filters : mapping of str to Dataset
    evidence : mapping of str to Dataset
        What the checks are made from: ``ks`` (unit, quantile), and of simulations ``rate``, ``isi``, ``autocorrelogram``, ``burst``.
    notes : tuple of str
    """

    checks: xr.Dataset
    curves: Mapping[str, xr.Dataset] = field(default_factory=dict)
    filters: Mapping[str, xr.Dataset] = field(default_factory=dict)
    evidence: Mapping[str, xr.Dataset] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def final_models(
    analysis: Analysis,
    prepared: Prepared,
    whole: Design,
    fits: Sequence[Whole],
    repeats: int,
    groupings: Sequence[Grouping] | None = None,
    beginning: Beginning | None = None,
    context: Context = SILENT,
) -> Final:
    """Curves, filters and checks of fitted models.

    Parameters
    ----------
    analysis : Analysis
    prepared : Prepared
        Of the units and the terms that they have.
    whole : Design
        The one whose columns the fits number.
    fits : sequence of Whole
        Of each unit.
    repeats : int
        Simulations that are compared with the data; 0 for none.
    groupings : sequence of Grouping, optional
        Of the same bins, where they were made before.
    beginning : Beginning, optional
        What is simulated, likewise.
    """
    model = _coefficients(analysis, prepared, whole, fits)

    def checked(share: Context) -> Final:
        posterior = Posterior(model.coef, model.intercept, model.covariance, link_of(analysis.model))
        words = words_of(analysis.model)
        curves, notes = response_curves(prepared, posterior, share.part(0.0, 0.5), words=words)
        filters = term_filters(prepared, posterior, words, share.part(0.5, 0.5))
        share.check()
        judged = assess(prepared, model, groupings=groupings, context=share.part(0.5, 1.0))
        return Final(checks_of(judged.summary, prepared.units), curves, filters, ks_evidence(judged), tuple(notes))

    def drawn(share: Context) -> tuple[xr.Dataset, dict[str, xr.Dataset], list[str]] | None:
        if not repeats or share.stopping:
            return None
        return simulated(beginning or beginning_of(analysis, prepared), model, repeats, share)

    shares = Together(context, [0.6, 0.4])  # of one unit they go on beside each other
    with workers() as pool:
        final, spikes = pool.map(lambda item: item[1](shares.part(item[0])), [(0, checked), (1, drawn)])
    if spikes is None:
        return final
    found, seen, said = spikes
    return replace(final, checks=final.checks.assign(found), evidence={**final.evidence, **seen}, notes=(*final.notes, *said))


def ks_evidence(judged: Goodness) -> dict[str, xr.Dataset]:
    """What the Kolmogorov-Smirnov verdicts are read off: the share of rescaled intervals below each quantile of the model, with its band."""
    long_names = {
        "share": "share of rescaled intervals below the quantile",
        "low": "lower end of the 95 % band of a right model",
        "high": "upper end of the 95 % band of a right model",
    }
    kept = judged.rescaling[list(long_names)].reset_coords(drop=True)
    return {"ks": kept.assign({name: kept[name].assign_attrs(long_name=text) for name, text in long_names.items()})}


def checks_of(summary: xr.Dataset | None, units: Sequence[str]) -> xr.Dataset:
    """The columns `CHECKS` of a goodness of fit; as of no model where there is none."""
    import xarray as xr

    if summary is not None:
        return summary[list(CHECKS)].sel(unit=list(units))
    columns = {name: ("unit", np.full(len(units), missing)) for name, missing in CHECKS.items()}
    return xr.Dataset(columns, {"unit": list(units)})


def joined_checks(each: Sequence[xr.Dataset]) -> xr.Dataset:
    """Checks of several groups of units as one; a column that a group lacks is empty there where it is text, else NaN."""
    import xarray as xr

    columns = {str(name): array.dtype.kind for one in each for name, array in one.data_vars.items()}
    filled = [
        one.assign(
            {
                name: ("unit", np.full(one.sizes["unit"], "" if kind in "UO" else np.nan))
                for name, kind in columns.items()
                if name not in one
            }
        )
        for one in each
    ]
    return xr.concat(filled, "unit", combine_attrs="override")


def simulated(
    beginning: Beginning, model: Coefficients, repeats: int, context: Context
) -> tuple[xr.Dataset, dict[str, xr.Dataset], list[str]]:
    """Where the recorded spikes of each unit lie among simulated ones: columns (unit) of `Final.checks`, what they are made from, and notes."""
    import xarray as xr

    if not get_family(model.analysis.model.family).of_spikes:
        return xr.Dataset(), {}, []
    prepared = beginning.prepared
    units = list(prepared.units)
    names = [*(f"simulated_{one}" for one in (*SIMULATED, "p")), *_BURST, "burst_within", "mean_interval", RAN_AWAY]
    columns = {name: np.full(len(units), np.nan) for name in names}
    unknown = xr.Dataset({name: ("unit", values) for name, values in columns.items()}, {"unit": units})
    try:
        surrogates = simulate(prepared, model, repeats, model.analysis.seed, context.part(0.0, 0.7))
    except GlmError as error:  # a model that cannot run ahead: said, and the rest of the answer stands
        return unknown.assign({CANNOT_RUN: ("unit", [_CANNOT_RUN.to_text()] * len(units))}), {}, [error.message]
    notes = [str(one) for one in surrogates.runaways]
    columns[RAN_AWAY] = _shares_away(surrogates, units)
    unknown = unknown.assign({RAN_AWAY: ("unit", columns[RAN_AWAY])})
    if surrogates.runaways:
        found = {one.unit: _runs_away(one, surrogates.repeats).to_text() for one in surrogates.runaways}
        unknown = unknown.assign({CANNOT_RUN: ("unit", [found.get(unit, "") for unit in units])})
    n_whole = int((~surrogates.ran_away).sum())
    if n_whole < min(surrogates.repeats, FEWEST_ALIKE):  # none or too few that recorded spikes could be unlike
        return unknown, {}, notes
    try:
        compared = compare_surrogates(surrogates, pairs=False, context=context.part(0.7, 1.0))
    except GlmError as error:  # nothing in common with the recorded counts
        return unknown, {}, [*notes, error.message]
    notes = [beginning.note, *notes] if beginning.note else notes
    for name in SIMULATED:
        if name in compared.agreement:
            columns[f"simulated_{name}"] = np.asarray(compared.agreement[name].values, np.float64)
    if compared.likeness is not None:
        columns["simulated_p"] = np.asarray(compared.likeness["p"].values, np.float64)
    if compared.burst is not None:
        columns |= {name: np.asarray(compared.burst[of].values) for name, of in _BURST.items()}
        columns["burst_within"] = np.full(len(units), burst_within(prepared.grid.bin_size))
        with np.errstate(divide="ignore"):
            columns["mean_interval"] = 1.0 / np.asarray(compared.rate["data"].values, np.float64)
    long_names = {
        **{f"simulated_{one}": f"share of the {one} inside the 95 % band of simulations" for one in SIMULATED},
        "simulated_p": "p of the recorded spikes among the simulated ones",
        "burst": "share of intervals as short as in bursts",
        "burst_low": "lower end of its 95 % band in simulations",
        "burst_high": "upper end of its 95 % band in simulations",
        "burst_within": "up to how long an interval is as short as in bursts (s)",
        "mean_interval": "mean interval between the recorded spikes (s)",
        RAN_AWAY: "share of the simulations that ran away",
    }
    found = {name: ("unit", values, {"long_name": long_names[name]}) for name, values in columns.items()}
    kept = {name: one for name, one in compared.datasets().items() if name in SIMULATED}
    return unknown.assign(found), kept, notes


def _shares_away(surrogates: Surrogates, units: Sequence[str]) -> np.ndarray:
    """(M,) share of the simulations in which each unit ran away."""
    away = {one.unit: one.repeats for one in surrogates.runaways}
    return np.array([away.get(unit, 0) for unit in units]) / max(surrogates.repeats, 1)


def _runs_away(one: Runaway, repeats: int) -> Finding:
    """As what speaks against the model of a unit."""
    when = f" in {one.repeats} of {repeats} simulations" if one.repeats < repeats else ""
    return Finding(f"Its simulated spikes run away{when}, through {one.through}.", one.remedy, next(iter(one.edits), None))


@dataclass(frozen=True)
class Beginning:
    """The stretch of a recording that is simulated.

    Attributes
    ----------
    prepared : Prepared
    note : str
        Which one, where it is not all of it.
    """

    prepared: Prepared
    note: str = ""

    def of_units(self, numbers: tuple[int, ...], labels: tuple[str, ...]) -> Beginning:
        """The same of some units, with the terms of these labels alone."""
        return Beginning(self.prepared.of_units(numbers, labels), self.note)


def beginning_of(analysis: Analysis, prepared: Prepared) -> Beginning:
    """The first `MOST_BINS` valid bins."""
    valid = np.flatnonzero(prepared.design.valid)
    if valid.size <= MOST_BINS:
        return Beginning(prepared)
    stop = int(valid[MOST_BINS])
    half = 0.5 * prepared.grid.bin_size
    segments = np.unique(prepared.grid.segment[:stop])
    first = prepared.grid.offsets[segments]
    last = np.minimum(prepared.grid.offsets[segments + 1], stop) - 1
    epochs = np.column_stack([prepared.grid.centres[first] - half, prepared.grid.centres[last] + half])
    shorter = prepare_again(
        analysis, prepared.design.terms, prepared.units, prepared.recording, epochs, conditions=True, counts=True
    )
    return Beginning(shorter, f"Simulated spikes are compared with those of the first {epochs[-1, 1] - epochs[0, 0]:.0f} s.")


_BURST = {"burst": "data", "burst_low": "low", "burst_high": "high"}


def _coefficients(analysis: Analysis, prepared: Prepared, whole: Design, fits: Sequence[Whole]) -> Coefficients:
    design = prepared.design
    place = {label: number for number, label in enumerate(design.columns.index)}
    labels = whole.columns.index
    P, M = design.n_columns, len(fits)
    coef, covariance = np.zeros((P, M)), np.zeros((M, P + 1, P + 1))
    for unit, one in enumerate(fits):
        at = np.array([place[labels[column]] for column in one.columns], int)
        coef[at, unit] = one.coef
        ends = np.concatenate([[0], at + 1])
        covariance[unit][np.ix_(ends, ends)] = one.covariance
    return Coefficients(
        analysis=analysis,
        terms=design.terms,
        units=prepared.units,
        coef=coef,
        intercept=np.array([one.intercept for one in fits]),
        dispersion=np.ones(M),
        covariance=covariance,
    )
