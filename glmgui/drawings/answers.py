"""Rows of an answer sheet, and drawings of the evidence behind a row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.answers.sentence import Simulated
from glmengine.answers.weak_terms import weak_terms
from glmengine.selection.step_shift_test import p_of
from glmengine.simulation.likeness import inside
from glmgui.drawings.curves import Drawing, Lines, kernels, tuning
from glmgui.drawings.series import RATE, Axis, Curve
from glmgui.shown_numbers import p_text

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.answers.sheet import AnswerSheet
    from glmengine.selection.term_selection import TermSelection

_MOST_NAMED = 4  # candidates that a legend names
_PATH_HELP = "Each step offers every term that is not in the model. A point is one held-out fold: above zero the term that was tested predicts it better than the model without it. It is taken where its test says so: shifts of the counts in time, or signed ranks over folds. Dots to the right are what other candidates would have gained at that step, over all folds."
_SHARES_HELP = (
    "Alone: deviance that the term explains by itself on held-out time. Unique: what is lost when it is left out of all terms."
)
TAIL = "Where no shift gains as much as the step did, p is read off the tail of their gains, and may be smaller than one in their number."
_SHIFT_HELP = f"The spike counts are shifted in time against everything else, which breaks the link but keeps both as they are. The gain of the step stands against the gains of the best candidate in each shift: far to the right means that chance does not do this. {TAIL}"
_KS_HELP = "Intervals between spikes, rescaled by the rate of the model, are evenly spread where the model is right: the line then stays inside the band around the diagonal (Brown et al. 2002)."
_ISI_HELP = "Intervals between spikes, as recorded and as the model makes them by itself; the band holds 95 % of the simulations."
_AUTO_HELP = (
    "Rate this long after a spike, as recorded and as the model makes it by itself; the band holds 95 % of the simulations."
)
_BINS = 24  # of a histogram of shifts
_MOST_NARROW = 4  # bars whose names fit into half a page


@dataclass(frozen=True, eq=False)
class Bars:
    """A bar for each of some terms."""

    name: str
    title: str
    names: tuple[str, ...]
    values: np.ndarray
    value_axis: Axis
    help: str
    span: tuple[float, float] | None = None  # of the axis, where it is shared with other bars

    @property
    def wide(self) -> bool:
        """Whether the names need a whole row."""
        return len(self.names) > _MOST_NARROW


Evidence = Drawing | Bars


@dataclass(frozen=True)
class AnswerRow:
    """What the sheet says of a unit; numbers are NaN where there is none.

    Attributes
    ----------
    unit : str
    terms : tuple of str
        In the order in which they came in.
    explained, q : float
        Held-out deviance explained, and the false discovery rate over units.
    added : tuple of float
        Of each candidate, the share of the deviance that it adds when it comes in, to the terms before it; of one that was not chosen what it would add
        to those that were.
    shift_q : float
        The largest of the chosen terms.
    adequate : bool or None
        Whether nothing speaks against the model, its simulated spikes neither; None where it was not judged.
    verdict : str
    ks, ks_band : float
        Distance of the rescaled intervals from what a right model gives, and its 95 % limit.
    alike_p : float
        p of the recorded spikes among the simulated ones; NaN in older sheets too.
    is_alike : bool or None
        Whether the recorded spikes are like the simulated ones, as the verdict has it; None where nothing was compared, or some ran away.
    inside : str
        What of them lies inside the bands of the simulations, in words.
    cannot_run : bool
        Whether simulations were asked for and some ran away, or none could be compared.
    sentence : str
    waiting : str
        What is said of a unit that has no answer, empty where it has one.
    weak : frozenset of str
        Chosen terms that may hardly matter, as of `glmengine.answers.weak_terms`.
    """

    unit: str
    terms: tuple[str, ...]
    explained: float
    q: float
    added: tuple[float, ...]
    shift_q: float
    adequate: bool | None
    verdict: str
    ks: float
    ks_band: float
    alike_p: float
    is_alike: bool | None
    inside: str
    cannot_run: bool
    sentence: str
    waiting: str = ""
    weak: frozenset[str] = frozenset()


def answer_rows(sheet: AnswerSheet) -> tuple[AnswerRow, ...]:
    """The rows of a sheet, in its order."""
    units, terms = sheet.units, sheet.terms
    names = [str(name) for name in terms["term"].values]
    order = terms["order"].transpose("unit", "term").values
    added = _by_term(terms, "added")
    shift_q = _by_term(terms, "shift_q")
    alike = np.stack([_column(units, f"simulated_{name}") for name in ("rate", "isi", "autocorrelogram")])
    ran_away = _column(units, "ran_away")
    ks, band, explained, q = (_column(units, name) for name in ("ks", "ks_band", "deviance_explained", "q"))
    adequate, finished = units["adequate"].values, units["finished"].values.astype(bool)
    checks = {str(name): array.values for name, array in units.data_vars.items()}
    chosen = [tuple(str(one).split(", ")) if str(one) else () for one in units["terms"].values]
    weak = weak_terms(sheet.selection)
    rows = []
    for at, unit in enumerate(units["unit"].values):
        mine = [names[k] for k in np.argsort(order[at], kind="stable") if np.isfinite(order[at][k])] or list(chosen[at])
        judged = bool(mine) and bool(finished[at])
        simulated = Simulated.of({name: values[at] for name, values in checks.items() if values.dtype.kind == "f"})
        away = bool(ran_away[at] > 0)
        rows.append(
            AnswerRow(
                str(unit),
                tuple(mine),
                float(explained[at]),
                float(q[at]),
                tuple(added[at].tolist()),
                _most(shift_q[at]),
                bool(adequate[at]) if judged else None,
                str(units["verdict"].values[at]) if judged else "",
                float(ks[at]),
                float(band[at]),
                math.nan if simulated is None else simulated.p,
                None if simulated is None or away else simulated.alike,
                "" if simulated is None else _inside(sheet, str(unit)),
                judged and "simulated_isi" in units and (away or not np.isfinite(alike[:, at]).any()),
                str(units["sentence"].values[at]),
                weak=frozenset(weak.get(str(unit), ())),
            )
        )
    return tuple(rows)


def _inside(sheet: AnswerSheet, unit: str) -> str:
    """How many of the values that were compared lie inside the 95 % bands of the simulations."""
    parts = []
    for name, said in (("isi", "of the intervals"), ("autocorrelogram", "of the autocorrelogram")):
        arrays = sheet.evidence.get(name)
        if arrays is not None and unit in arrays["unit"].values:
            n, total = inside(arrays, unit)
            parts.append(f"{n} of {total} values {said}")
    return f"Inside the 95 % bands of the simulations: {', '.join(parts)}." if parts else ""


def waiting_rows(units: Sequence[str], n_candidates: int, said: str) -> tuple[AnswerRow, ...]:
    """Rows of units that have no answer, and what is said of them."""
    none = math.nan
    added = (none,) * n_candidates
    return tuple(
        AnswerRow(unit, (), none, none, added, none, None, "", none, none, none, None, "", False, "", said) for unit in units
    )


def candidates_of(sheet: AnswerSheet) -> tuple[str, ...]:
    """Names of the terms that a sheet tried."""
    return tuple(str(name) for name in sheet.terms["term"].values)


def _by_term(terms: xr.Dataset, name: str) -> np.ndarray:
    if name not in terms:
        return np.full((terms.sizes["unit"], terms.sizes["term"]), np.nan)
    return np.asarray(terms[name].transpose("unit", "term").values, np.float64)


def _column(units: xr.Dataset, name: str) -> np.ndarray:
    return np.asarray(units[name].values, np.float64) if name in units else np.full(units.sizes["unit"], np.nan)


def _most(values: np.ndarray) -> float:
    good = values[np.isfinite(values)]
    return float(good.max()) if good.size else math.nan


def path_drawings(selection: TermSelection, unit: str) -> list[Evidence]:
    """How the terms of a unit were chosen: the gain of each step in each fold, and what the other candidates would have gained."""
    if selection.path is not None:
        return _group_path(selection.path.sel(unit=unit))
    if selection.steps is None or "fold_gain" not in selection.steps:
        return []
    steps = selection.steps.sel(unit=unit)
    there = np.flatnonzero([bool(str(one)) for one in steps["candidate"].values])
    if not there.size:
        return []
    taken = steps["taken"].values[there].astype(bool)
    names = tuple(
        f"{number}. {steps['candidate'].values[at]}{'' if took else ' (not taken)'}"
        for number, (at, took) in enumerate(zip(there, taken, strict=True), 1)
    )
    gains = steps["fold_gain"].values[there]
    x = np.arange(1, len(there) + 1, dtype=float)
    spread = np.repeat(x, gains.shape[1]) + np.tile(np.linspace(-0.15, 0.15, gains.shape[1]), len(there))
    curves = [
        Curve("each held-out fold", spread, gains.ravel(), look="dots", colour="data"),
        Curve("all folds", x, steps["gain"].values[there], look="dots"),
    ]
    tested = steps["candidate"].values[there][:, None] == steps["term"].values[None, :]
    others = np.where(tested, np.nan, steps["gains"].transpose("round", "term").values[there])
    if np.isfinite(others).any():
        curves += _other_candidates(x, others, [str(name) for name in steps["term"].values])
    gain = Axis("held-out gain", "nats/bin")
    return [
        Lines("answers_path", "Choice of terms, step by step", Axis("step", names=names), gain, curves, _PATH_HELP, level=True)
    ]


def _other_candidates(x: np.ndarray, gains: np.ndarray, names: Sequence[str]) -> list[Curve]:
    """A dot a step (rows) for each of the candidates (columns) that were not taken, in a colour of its own while there are few."""
    known = [at for at in range(gains.shape[1]) if np.isfinite(gains[:, at]).any()]
    if len(known) > _MOST_NAMED:
        places = np.repeat(x, gains.shape[1]) + 0.3
        return [Curve("another candidate instead", places, gains.ravel(), look="dots", colour=2)]
    apart = np.linspace(-0.04, 0.04, len(known)) if len(known) > 1 else np.zeros(1)
    return [
        Curve(f"{names[at]} instead", x + 0.3 + beside, gains[:, at], look="dots", colour=2 + place)
        for place, (at, beside) in enumerate(zip(known, apart, strict=True))
    ]


def _group_path(path: xr.Dataset) -> list[Evidence]:
    strength = np.asarray(path["strength"].values, float)
    x, axis = np.log10(strength), Axis("log10 of the penalty's strength")
    norms = path["norm"].transpose("strength", "term").values
    curves = [Curve(str(name), x, norms[:, at], colour=at) for at, name in enumerate(path["term"].values)]
    score, error = path["log_likelihood"].values, path["log_likelihood_error"].values
    held = [Curve("held out", x, score, score - error, score + error)]
    return [
        Lines("answers_norms", "Terms coming in", axis, Axis("norm of coefficients"), curves, "From right to left the penalty weakens and one term after another comes in."),
        Lines("answers_scores", "Held-out score", axis, Axis("log-likelihood", "nats/bin"), held, "Mean over folds with its standard error."),
    ]  # fmt: skip


def contribution_drawings(contributions: xr.Dataset | None, unit: str) -> list[Evidence]:
    """What each term explains alone, and what is lost without it."""
    if contributions is None:
        return []
    own = contributions.sel(unit=unit)
    names, axis = tuple(str(name) for name in own["term"].values), Axis("share of the deviance")
    known = np.concatenate([own["alone"].values, own["unique"].values])
    known = known[np.isfinite(known)]
    span = (min(float(known.min()), 0.0), max(float(known.max()), 0.0)) if known.size else None  # the two are compared by eye
    return [
        Bars("answers_alone", "Each term alone", names, own["alone"].values, axis, _SHARES_HELP, span),
        Bars("answers_unique", "Unique to each term", names, own["unique"].values, axis, _SHARES_HELP, span),
    ]


def shift_drawings(sheet: AnswerSheet, unit: str, terms: Sequence[str]) -> list[Evidence]:
    """The gain of each chosen term beside those of spike counts shifted in time."""
    shifts = sheet.evidence.get("shifts")
    if shifts is None or unit not in shifts["unit"].values:
        return []
    found: list[Evidence] = []
    unit_of_measure = str(shifts["null"].attrs.get("units", "nats"))
    for name in terms:
        own = shifts.sel(unit=unit, term=name)
        null = own["null"].values[np.isfinite(own["null"].values)]
        gain = float(own["gain"])
        if not null.size or not math.isfinite(gain):
            continue
        edges = np.histogram_bin_edges(null, _BINS)
        counts, _ = np.histogram(null, edges)
        middle = (edges[1:] + edges[:-1]) / 2
        p = p_of(np.r_[gain, null])
        curves = [
            Curve(f"{null.size} shifts", middle, counts.astype(float), look="steps", colour="data"),
            Curve("as recorded", np.array([gain, gain]), np.array([0.0, counts.max()]), width=2.5),
        ]
        axis = Axis("held-out gain of the step", unit_of_measure)
        title = f"{name}: p {p_text(p)}" + (", read off the tail" if p < 1 / (1 + null.size) else "")
        found.append(Lines(f"answers_shift_{name}", title, axis, Axis("shifts"), curves, _SHIFT_HELP))
    return found


def curve_drawings(sheet: AnswerSheet, unit: str) -> list[Evidence]:
    """Tuning curves and filters of the unit's final model."""
    found: list[Evidence] = []
    for label, curves in sheet.curves.items():
        if unit in curves["unit"].values and np.isfinite(curves["effect_hz"].sel(unit=unit).values).any():
            found += tuning(label, curves, unit)
    for label, filters in sheet.filters.items():
        if unit in filters["unit"].values:
            found += kernels(label, filters, unit)
    return found


def ks_drawings(sheet: AnswerSheet, unit: str) -> list[Evidence]:
    """Rescaled intervals against what a right model gives."""
    ks = sheet.evidence.get("ks")
    if ks is None or unit not in ks["unit"].values:
        return []
    own = ks.sel(unit=unit)
    x = own["quantile"].values
    curves = [
        Curve("right model, 95 % band", x, x, own["low"].values, own["high"].values, look="dashed", colour=2),
        Curve("this model", x, own["share"].values),
    ]
    x_axis, y_axis = Axis("quantile of the model"), Axis("share of intervals below it")
    return [Lines("answers_ks", "Time rescaling (Kolmogorov-Smirnov)", x_axis, y_axis, curves, _KS_HELP)]


def simulated_drawings(sheet: AnswerSheet, unit: str) -> list[Evidence]:
    """Recorded spikes beside those that the model makes by itself."""
    found: list[Evidence] = []
    for name, title, along, label, y_axis, said in (
        ("isi", "Intervals between spikes", "interval", "interval between spikes", Axis("share of intervals"), _ISI_HELP),
        ("autocorrelogram", "Autocorrelogram", "lag", "time after a spike", RATE, _AUTO_HELP),
    ):
        arrays = sheet.evidence.get(name)
        if arrays is None or unit not in arrays["unit"].values:
            continue
        own = arrays.sel(unit=unit)
        x = own[along].values * 1000.0
        curves = [
            Curve("recorded", x, own["data"].values, look="steps", colour="data"),
            Curve("simulated, 95 % band", x, own["mean"].values, own["low"].values, own["high"].values),
        ]
        found.append(Lines(f"answers_{name}", title, Axis(label, "ms"), y_axis, curves, said))
    return found


def rate_words(sheet: AnswerSheet, unit: str) -> str:
    """The recorded rate beside the simulated ones, in a sentence, and what the engine noted of this unit."""
    rate = sheet.evidence.get("rate")
    if rate is None or unit not in rate["unit"].values:
        notes = [note.partition(": ")[2] for note in sheet.notes if note.startswith(f"{unit}: ")]
        return " ".join(note for note in notes if not any(note in other for other in notes if other != note))
    own = rate.sel(unit=unit)
    data, low, high = (float(own[name]) for name in ("data", "low", "high"))
    return f"Recorded {data:.3g} Hz; 95 % of the simulations lie between {low:.3g} and {high:.3g} Hz."
