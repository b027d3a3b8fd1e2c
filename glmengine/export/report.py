"""Reports on an analysis and its result, each one HTML file that any browser opens."""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.analysis.wording import share_text, words_of
from glmengine.export.citations import bibtex
from glmengine.export.html_page import page_html
from glmengine.export.methods import methods_text
from glmengine.results.origin import origin
from glmengine.results.posterior import link_of

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.analysis.analysis import Analysis
    from glmengine.decoding.decode import Decoded
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


_OBSERVATIONS = {
    "spikes": "spike counts",
    "bins with a spike": "presence of spikes",
    "summed activity": "activity",
    "bins with a class": "class labels",
}

_ABOUT_ERRORS = (
    "<p>Bands are 95 % intervals, standard errors one standard deviation. With a ridge or smoothness penalty they are those of the Bayesian "
    "covariance, the penalty taken as what was believed before (Wood 2006): they say how far the truth may be where the penalty "
    "suits it, not how much a repeated recording would scatter, and they leave out that the strength was chosen on the same data. With a lasso "
    "coefficients that are zero have none, and the others claim too little doubt.</p>"
)

_ABOUT_TESTS = (
    "<p>Wald statistic of each term (degrees of freedom) and the probability of one at least as large if the term had no effect "
    "(Wood 2013). It takes bins to be independent given the model and the strength of the penalty as given, and is not corrected for the "
    "number of units and terms; the held-out scores need neither. Where the rate drifts for a reason that the model lacks, most covariates that "
    "vary slowly are called significant though they do nothing: <code>glmengine shift-test</code> tests without taking bins for independent.</p>"
)

_ABOUT_SHIFTS = (
    "<p>p of each term against counts that are shifted in time against it, which holds where bins are not independent, and in brackets its false "
    "discovery rate over all units and terms.</p>"
)

_ABOUT_SIMULATED = (
    "<p>Spikes drawn from the model with its own history and coupling in the loop, beside the data: the rate with the 95 % band over repeats, "
    "and the share of each curve of the data that lies within its band.</p>"
)

_OF_SURROGATES = {
    "isi": "intervals within",
    "autocorrelogram": "autocorrelogram within",
    "cross_correlogram": "cross-correlograms within",
    "psth": "around the event within",
    "burst": "bursts within",
}

_ABOUT_SELECTION = (
    "<p>Deviance explained on held-out time by each model, all on the same folds; and what each term contributes: the deviance that is "
    "lost on held-out time when it is dropped, with the false discovery rate over all units and terms of a signed-rank test over folds.</p>"
)


def report_html(
    analysis: Analysis, result: Result | None = None, *, recording_name: str = "", pictures: Mapping[str, bytes] | None = None
) -> str:
    """The whole report as text.

    Parameters
    ----------
    analysis : Analysis
    result : Result, optional
        Without it the report holds the question alone.
    recording_name : str
    pictures : mapping of str to bytes, optional
        PNG by name, placed inside the file.
    """
    import tomli_w

    title = analysis.title or (f"Analysis of {recording_name}" if recording_name else "Analysis")
    parts = [f"<h1>{_safe(title)}</h1>", f"<p>{_safe(summary(analysis, result, recording_name))}</p>"]
    if result is not None:
        if result.notes:
            parts += ["<h2>To be noted</h2>", "<ul>", *(f"<li>{_safe(note)}</li>" for note in result.notes), "</ul>"]
        parts += ["<h2>Scores</h2>", _score_table(result)]
        if result.search is not None:
            parts += ["<h2>Which settings?</h2>", _setting_table(result.search)]
        if result.tests is not None and np.isfinite(result.tests["p"]).any():
            parts += ["<h2>Is each term needed?</h2>", _ABOUT_TESTS, _test_table(result)]
        if result.shift_tests is not None:
            parts += ["<h2>Against counts shifted in time</h2>", _ABOUT_SHIFTS, _shift_table(result.shift_tests)]
        if result.goodness_of_fit is not None:
            parts += [
                "<h2>Is the model right?</h2>",
                _about_goodness(result.goodness_of_fit),
                _goodness_table(result.goodness_of_fit),
            ]
        if result.bootstrap_bands is not None:
            parts += ["<h2>Bootstrap</h2>", _bootstrap_part(result.bootstrap_bands)]
        if result.simulated is not None:
            parts += [
                "<h2>Would the model's spikes look like the data's?</h2>",
                _ABOUT_SIMULATED,
                _agreement_table(result.simulated),
            ]
        if result.decoded is not None:
            parts += ["<h2>Decoded from the population</h2>", _about_decoded(result.decoded)]
        if result.selection is not None:
            parts += ["<h2>Which terms does each unit need?</h2>", _ABOUT_SELECTION, _selection_tables(result.selection)]
        if result.sessions is not None:
            parts += ["<h2>Sessions</h2>", _session_table(result)]
    if result is not None and result.analysis.model.penalty != "none":
        parts += ["<h2>What the bands mean</h2>", _ABOUT_ERRORS]
    for name, picture in (pictures or {}).items():
        data = base64.b64encode(picture).decode("ascii")
        parts.append(
            f'<figure><img alt="{_safe(name)}" src="data:image/png;base64,{data}"><figcaption>{_safe(name)}</figcaption></figure>'
        )
    if result is not None:
        parts += ["<h2>Methods</h2>", f"<p>{_safe(methods_text(result))}</p>"]
        parts.append(f"<details><summary>References (BibTeX)</summary><pre>{_safe(bibtex(result))}</pre></details>")
    parts += ["<h2>The analysis</h2>", f"<pre>{_safe(tomli_w.dumps(analysis.to_dict()))}</pre>"]
    if result is not None:
        parts += ["<h2>Made with</h2>", f"<pre>{_safe(_made_with(result))}</pre>"]
    body = "\n".join(parts)
    return page_html(title, body, None if result is None else origin(result))


def summary(analysis: Analysis, result: Result | None, recording_name: str = "") -> str:
    """What was asked and what was found, in two or three sentences."""
    terms = ", ".join(term.label for term in analysis.terms if term.enabled) or "nothing yet"
    where = f" of {recording_name}" if recording_name else ""
    words = words_of(analysis.model)
    asked = (
        f"The {_OBSERVATIONS[words.observed]}{where} in bins of {analysis.time.bin_size * 1000:g} ms as a "
        f"{analysis.model.family.replace('_', ' ')} model ({link_of(analysis.model).name} link) of: {terms}."
    )
    if result is None:
        return f"{asked} Not fitted yet."
    values = np.asarray(result.scores["deviance_explained_heldout"].values, np.float64)
    known = values[np.isfinite(values)]
    found = f"{len(result.units)} {'unit' if len(result.units) == 1 else 'units'} were fitted"
    if not len(known):
        return f"{asked} {found}; nothing was held out."
    return (
        f"{asked} {found}; on held-out time the model explains {share_text(float(np.median(known)))} of the deviance in the median unit "
        f"(from {share_text(float(known.min()))} to {share_text(float(known.max()))}), and more than a constant {words.rate} in {int((known > 0).sum())} of {len(known)}."
    )


def _selection_tables(selection: TermSelection) -> str:
    """The terms chosen, the models compared and the contributions, a row a unit."""
    units, models = selection.units, [str(name) for name in selection.summary["model"].values]
    parts = []
    if selection.chosen is not None:
        chosen = selection.chosen
        rows = [
            (unit, ", ".join(selection.terms_of(unit)) or "none", _number(float(chosen["q"].sel(unit=unit)))) for unit in units
        ]
        parts.append(_table(("unit", "terms", "q over units"), rows, file="selection_chosen.csv"))
    explained = selection.summary["deviance_explained"].transpose("unit", "model").values
    rows = [(unit, *map(_number, own)) for unit, own in zip(units, explained, strict=True)]
    parts.append(_table(("unit", *models), rows, file="selection_summary.csv"))
    if selection.contributions is not None:
        found = selection.contributions
        terms = [str(name) for name in found["term"].values]
        lost, q = (found[name].transpose("unit", "term").values for name in ("unique", "q"))
        rows = [
            (unit, *(f"{_number(value)} (q {_number(rate)})" for value, rate in zip(lost[at], q[at], strict=True)))
            for at, unit in enumerate(units)
        ]
        parts.append(
            _table(("unit", *(f"{term}, lost when dropped" for term in terms)), rows, file="selection_contributions.csv")
        )
    return "\n".join(parts)


def _score_table(result: Result) -> str:
    words = words_of(result.analysis.model)
    left_out = () if words.per_spike else ("bits_per_spike_heldout", "bits_per_spike_test")
    present = [name for name in _COLUMNS if name in result.scores and name not in left_out]
    head = [_COLUMNS[name].format(observed=words.observed, axis=words.axis) for name in present]
    rows = [(unit, *(_number(result.scores[name].values[index]) for name in present)) for index, unit in enumerate(result.units)]
    return _table(("unit", *head), rows, file="scores.csv")


def _setting_table(search: xr.Dataset) -> str:
    """Settings of terms: how many units chose each, and what it was worth at its best strength, beside the best there was."""
    mean = search["scores"].mean("fold").max("strength")
    behind = (mean.max("setting") - mean).mean("unit")
    chosen = search["chosen"].values
    rows = [
        (str(name), str(int((chosen == name).sum())), _number(1e3 * float(behind.sel(setting=name))))
        for name in search["setting"].values
    ]
    return _table(("setting", "units that chose it", "behind each unit's best on held-out time, mean, 1e-3 nats per bin"), rows)


def _shift_table(found: ShiftTest) -> str:
    ps, qs = (found.table[name].transpose("unit", "term").values for name in ("p", "q"))
    rows = [
        (unit, *("–" if math.isnan(p) else f"{p:.3g} ({q:.3g})" for p, q in zip(ps[at], qs[at], strict=True)))
        for at, unit in enumerate(found.units)
    ]
    return _table(("unit", *found.terms), rows, file="shift_test.csv")


def _agreement_table(found: SurrogateComparison) -> str:
    """Rate of the data beside the band of the surrogates, and the share of each correlogram that lies in its band."""
    rate, names = found.rate, [name for name in found.agreement.data_vars if name != "rate"]
    bands = [rate[name].values for name in ("data", "mean", "low", "high")]
    shares = [found.agreement[name].values for name in names]
    rows = [
        (
            str(unit),
            _number(bands[0][at]),
            f"{_number(bands[1][at])} ({_number(bands[2][at])} to {_number(bands[3][at])})",
            *(share_text(float(share[at])) if math.isfinite(share[at]) else "–" for share in shares),
        )
        for at, unit in enumerate(rate["unit"].values)
    ]
    titles = ("unit", "rate, data", "rate, surrogates (95 %)", *(_OF_SURROGATES[str(name)] for name in names))
    return _table(titles, rows, file="simulated_agreement.csv")


def _about_decoded(found: Decoded) -> str:
    names = " and ".join(map(str, found.values["variable"].values))
    unseen = (
        "each by a fit that had not seen it"
        if found.held_out
        else "by the fit that has seen them, so that the error is too small"
    )
    return (
        f"<p>{_safe(names)}, decoded in {found.values.sizes['time']:,} bins, {unseen}: median error {_number(found.median_error)}, "
        f"of estimates paired with bins at random {_number(found.chance_error)}.</p>"
    )


def _about_goodness(found: Goodness) -> str:
    time = "held-out time, each bin predicted by a fit that had not seen it" if found.held_out else "the time that was fitted"
    return (
        f"<p>Checked on {time}. KS is the largest distance of the rescaled intervals between spikes (of signals: of their probability transforms) "
        "from what the model says of them, beside its 95 % band (Haslinger, Pipa &amp; Brown 2010).</p>"
    )


def _goodness_table(found: Goodness) -> str:
    """The verdict in words on each unit, what to try next, and the distance beside its band."""
    columns = [found.summary[name].values for name in ("ks", "ks_band", "verdict", "try_next")]
    rows = [
        (unit, _number(ks), _number(band), str(verdict), str(following))
        for unit, ks, band, verdict, following in zip(found.units, *columns, strict=True)
    ]
    titles = ("unit", "KS", "95 % band", "verdict", "try next")
    return _table(titles, rows, words=("verdict", "try next"), file="goodness_summary.csv")


def _bootstrap_part(found: BootstrapBands) -> str:
    """How it was drawn, and each coefficient with its percentile interval."""
    notes = "".join(f"<li>{_safe(note)}</li>" for note in found.notes)
    held = found.coefficients.transpose("unit", "feature", ...)
    units, features = held["unit"].values.tolist(), held["feature"].values.tolist()
    numbers = [held[name].values.ravel() for name in ("estimate", "low", "high", "standard_error")]
    whole = [(unit, feature) for unit in units for feature in features]
    rows = [(*of, *map(_number, own)) for of, own in zip(whole[:MOST_ROWS], zip(*numbers, strict=True), strict=False)]
    table = _table(
        ("unit", "feature", "estimate", "2.5 %", "97.5 %", "standard error of the draws"),
        rows,
        of=len(whole),
        file="bootstrap_coefficients.csv",
    )
    return f"<ul>{notes}</ul><details><summary>Intervals of all coefficients</summary>{table}</details>"


def _test_table(result: Result) -> str:
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


def _session_table(result: Result) -> str:
    words = words_of(result.analysis.model)
    columns = {"n_spikes": words.observed, "rate_hz": words.axis, "intercept": "intercept", "intercept_error": "standard error"}
    columns["deviance_explained_fit"] = "deviance explained, fit"
    sessions = result.sessions["session"].values.tolist()
    found = [result.sessions[name].transpose("unit", "session").values for name in columns]
    rows = [
        (unit, session, *(_number(array[at, place]) for array in found))
        for at, unit in enumerate(result.units)
        for place, session in enumerate(sessions)
    ]
    return _table(("unit", "session", *columns.values()), rows, file="sessions.csv")


def _table(
    head: Sequence[str], rows: Sequence[Sequence[str]], words: Sequence[str] = (), *, of: int | None = None, file: str = ""
) -> str:
    """A row for each entry of `rows`, the first 500 of them, escaped; the columns `words` hold sentences, whose lines may break.

    `of` is how many there are where not all are in `rows`; `file` names the table beside the report that holds all.
    """
    whole = len(rows) if of is None else of
    opening = ['<td class="words">' if title in words else "<td>" for title in head]
    titles = "".join(f"<th>{_safe(title)}</th>" for title in head)
    lines = [
        "<tr>" + "".join(f"{cell}{_safe(value)}</td>" for cell, value in zip(opening, row, strict=True)) + "</tr>"
        for row in rows[:MOST_ROWS]
    ]
    table = f"<table><thead><tr>{titles}</tr></thead><tbody>\n" + "\n".join(lines) + "\n</tbody></table>"
    if whole <= MOST_ROWS:
        return table
    return f"{table}<p>The first {MOST_ROWS} rows of {whole:,}; all are in <code>{_safe(file)}</code>.</p>"


def _number(value: Any) -> str:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        if math.isnan(value):
            return "–"
        if math.isinf(value):
            return "∞" if value > 0 else "-∞"
        return f"{value:.0f}" if value == int(value) and abs(value) < 1e9 and value != 0 else f"{value:.4g}"
    return str(value)


def _made_with(result: Result) -> str:
    lines = [f"seed: {result.analysis.seed}"]
    for key, value in result.provenance.items():
        lines.append(
            f"{key}: {', '.join(f'{name} {entry}' for name, entry in value.items()) if isinstance(value, dict) else value}"
        )
    return "\n".join(lines)


def _safe(text: str) -> str:
    return html.escape(str(text), quote=True)
