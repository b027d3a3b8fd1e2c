"""Tables of a report: scores, tests, checks, selection and sessions, a row a unit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.analysis.wording import words_of
from glmengine.export.report.parts import Table
from glmengine.results.joint_judgement import joint_judgement
from glmengine.sentences import as_shown
from glmengine.simulation.likeness import inside, inside_words

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.goodness.goodness import Goodness
    from glmengine.results.bootstrap_bands import BootstrapBands
    from glmengine.results.result import Result
    from glmengine.selection.shift_table import ShiftTest
    from glmengine.selection.term_selection import TermSelection
    from glmengine.simulation.comparison import SurrogateComparison

MOST_ROWS = 500
"""Of one table of the report."""

_COLUMNS = {
    "n_spikes": "{observed}",
    "rate_hz": "{axis}",
    "strength": "strength",
    "setting": "setting of the terms",
    "deviance_explained_heldout": "deviance explained, held out",
    "bits_per_spike_heldout": "bits per spike, held out",
    "deviance_explained_nested": "deviance explained, nested",
    "bits_per_spike_nested": "bits per spike, nested",
    "deviance_explained_test": "deviance explained, test epochs",
    "bits_per_spike_test": "bits per spike, test epochs",
    "deviance_explained_fit": "deviance explained, fit",
    "edf": "effective parameters",
    "status": "status",
}

_OF_SURROGATES = {
    "isi": "intervals within",
    "autocorrelogram": "autocorrelogram within",
    "cross_correlogram": "cross-correlograms within",
    "psth": "around the event within",
    "burst": "bursts within",
}


def selection_tables(selection: TermSelection) -> list[Table]:
    """The terms chosen, the models compared and the contributions, a row a unit."""
    units, models = selection.units, [str(name) for name in selection.summary["model"].values]
    parts = []
    if selection.chosen is not None:
        chosen = selection.chosen
        rows = [(unit, selection.words_of(unit), number_text(float(chosen["q"].sel(unit=unit)))) for unit in units]
        parts.append(_table(("unit", "terms", "q over units"), rows, file="selection_chosen.csv"))
    explained = selection.summary["deviance_explained"].transpose("unit", "model").values
    rows = [(unit, *map(number_text, own)) for unit, own in zip(units, explained, strict=True)]
    parts.append(_table(("unit", *models), rows, file="selection_summary.csv"))
    if selection.contributions is not None:
        found = selection.contributions
        terms = [str(name) for name in found["term"].values]
        lost, q = (found[name].transpose("unit", "term").values for name in ("unique", "q"))
        rows = [
            (unit, *(f"{number_text(value)} (q {number_text(rate)})" for value, rate in zip(lost[at], q[at], strict=True)))
            for at, unit in enumerate(units)
        ]
        parts.append(
            _table(("unit", *(f"{term}, lost when dropped" for term in terms)), rows, file="selection_contributions.csv")
        )
    return parts


def score_table(result: Result) -> Table:
    """Spikes, rate, strength and scores."""
    words = words_of(result.analysis.model)
    left_out = () if words.per_spike else ("bits_per_spike_heldout", "bits_per_spike_test")
    present = [name for name in _COLUMNS if name in result.scores and name not in left_out]
    head = [_COLUMNS[name].format(observed=words.observed, axis=words.axis) for name in present]
    rows = [
        (unit, *(number_text(result.scores[name].values[index]) for name in present)) for index, unit in enumerate(result.units)
    ]
    return _table(("unit", *head), rows, file="scores.csv")


def setting_table(search: xr.Dataset) -> Table:
    """Settings of terms: how many units chose each, and what it was worth at its best strength, beside the best there was."""
    mean = search["scores"].mean("fold").max("strength")
    behind = (mean.max("setting") - mean).mean("unit")
    chosen = search["chosen"].values
    rows = [
        (str(name), str(int((chosen == name).sum())), number_text(1e3 * float(behind.sel(setting=name))))
        for name in search["setting"].values
    ]
    return _table(("setting", "units that chose it", "behind each unit's best on held-out time, mean, 1e-3 nats per bin"), rows)


def shift_table(found: ShiftTest) -> Table:
    """p of each term against shifted counts, and its false discovery rate."""
    ps, qs = (found.table[name].transpose("unit", "term").values for name in ("p", "q"))
    rows = [
        (unit, *("–" if math.isnan(p) else f"{p:.3g} ({q:.3g})" for p, q in zip(ps[at], qs[at], strict=True)))
        for at, unit in enumerate(found.units)
    ]
    return _table(("unit", *found.terms), rows, file="shift_test.csv")


def agreement_table(found: SurrogateComparison) -> Table:
    """Rate of the data beside the band of the surrogates, and how much of each correlogram lies in its band, counted where it is few values."""
    rate, names = found.rate, [name for name in found.agreement.data_vars if name != "rate"]
    bands = [rate[name].values for name in ("data", "mean", "low", "high")]
    arrays = [getattr(found, str(name)) for name in names]
    rows = [
        (
            str(unit),
            number_text(bands[0][at]),
            f"{number_text(bands[1][at])} ({number_text(bands[2][at])} to {number_text(bands[3][at])})",
            *(inside_words(*count) if (count := inside(one, str(unit)))[1] else "–" for one in arrays),
        )
        for at, unit in enumerate(rate["unit"].values)
    ]
    titles = ("unit", "rate, data", "rate, surrogates (95 %)", *(_OF_SURROGATES[str(name)] for name in names))
    return _table(titles, rows, file="simulated_agreement.csv")


def goodness_table(found: Goodness, simulated: SurrogateComparison | None = None) -> Table:
    """The verdict in words on each unit, with what its simulated spikes say, what to try next, and the distance beside its band."""
    columns = [found.summary[name].values for name in ("ks", "ks_band")]
    judged = [joint_judgement(found, simulated, unit) for unit in found.units]
    rows = [
        (unit, number_text(ks), number_text(band), one.verdict, one.try_next)
        for unit, ks, band, one in zip(found.units, *columns, judged, strict=True)
    ]
    titles = ("unit", "KS", "95 % band", "verdict", "try next")
    return _table(titles, rows, words=("verdict", "try next"), file="goodness_summary.csv")


def bootstrap_table(found: BootstrapBands) -> Table:
    """Each coefficient with its percentile interval, but those that are zero in every draw, as of columns that a unit does not have."""
    held = found.coefficients.transpose("unit", "feature", ...)
    units, features = held["unit"].values.tolist(), held["feature"].values.tolist()
    numbers = [held[name].values for name in ("estimate", "low", "high", "standard_error")]
    kept = np.argwhere(np.any(np.stack(numbers) != 0, axis=0))
    rows = [(units[u], features[f], *(number_text(values[u, f]) for values in numbers)) for u, f in kept[:MOST_ROWS].tolist()]
    titles = ("unit", "feature", "estimate", "2.5 %", "97.5 %", "standard error of the draws")
    return _table(titles, rows, of=len(kept), file="bootstrap_coefficients.csv")


def wald_table(result: Result) -> Table:
    """Wald statistic of each term, with its degrees of freedom and p."""
    terms = [str(term) for term in result.tests["term"].values]
    found = [result.tests[name].transpose("unit", "term").values for name in ("wald", "df", "p")]
    rows = [
        (unit, *(_test(*map(float, one)) for one in zip(*(array[at] for array in found), strict=True)))
        for at, unit in enumerate(result.units)
    ]
    return _table(("unit", *terms), rows, file="tests.csv")


def _test(statistic: float, df: float, p: float) -> str:
    if math.isnan(p):
        return "–"
    return f"{statistic:.4g} ({df:g}), " + ("p < 1e-16" if p < 1e-16 else f"p = {p:.2g}")


def session_table(result: Result) -> Table:
    """Spikes, rate and intercept of each session."""
    words = words_of(result.analysis.model)
    columns = {"n_spikes": words.observed, "rate_hz": words.axis, "intercept": "intercept", "intercept_error": "standard error"}
    columns["deviance_explained_fit"] = "deviance explained, fit"
    sessions = result.sessions["session"].values.tolist()
    found = [result.sessions[name].transpose("unit", "session").values for name in columns]
    rows = [
        (unit, session, *(number_text(array[at, place]) for array in found))
        for at, unit in enumerate(result.units)
        for place, session in enumerate(sessions)
    ]
    return _table(("unit", "session", *columns.values()), rows, file="sessions.csv")


def _table(
    head: Sequence[str], rows: Sequence[Sequence[str]], words: Sequence[str] = (), *, of: int | None = None, file: str = ""
) -> Table:
    """The first 500 of the rows, with names of terms as they are shown; `of` is how many there are where not all are in `rows`."""
    shown = [tuple(map(as_shown, cells)) for cells in rows[:MOST_ROWS]]
    return Table(tuple(map(as_shown, head)), shown, tuple(map(as_shown, words)), len(rows) if of is None else of, file)


def number_text(value: Any) -> str:
    """A number as short as it can be read."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        if math.isnan(value):
            return "–"
        if math.isinf(value):
            return "∞" if value > 0 else "-∞"
        return f"{value:.0f}" if value == int(value) and abs(value) < 1e9 and value != 0 else f"{value:.4g}"
    return str(value)
