"""What a report says, part after part: the question, what was found, how, and with what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.wording import share_text, words_of
from glmengine.export.citations import bibtex
from glmengine.export.methods import methods_text
from glmengine.export.report import tables
from glmengine.export.report.parts import Bullets, Code, Folded, Heading, Listing, Paragraph, Part, Picture
from glmengine.results.origin import origin
from glmengine.results.posterior import link_of
from glmengine.results.unfinished import unfinished_in_words
from glmengine.sentences import as_shown

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.decoding.decode import Decoded
    from glmengine.goodness.goodness import Goodness
    from glmengine.results.result import Result

_OBSERVATIONS = {
    "spikes": "spike counts",
    "bins with a spike": "presence of spikes",
    "summed activity": "activity",
    "bins with a class": "class labels",
}

_ABOUT_ERRORS = Paragraph.of(
    "Bands are 95 % intervals, standard errors one standard deviation. With a ridge or smoothness penalty they are those of the Bayesian "
    "covariance, the penalty taken as what was believed before (Wood 2006): they say how far the truth may be where the penalty "
    "suits it, not how much a repeated recording would scatter, and they leave out that the strength was chosen on the same data. With a lasso "
    "coefficients that are zero have none, and the others claim too little doubt."
)

_ABOUT_TESTS = Paragraph.of(
    "Wald statistic of each term (degrees of freedom) and the probability of one at least as large if the term had no effect "
    "(Wood 2013). It takes bins to be independent given the model and the strength of the penalty as given, and is not corrected for the "
    "number of units and terms; the held-out scores need neither. Where the rate drifts for a reason that the model lacks, most covariates that "
    "vary slowly are called significant though they do nothing: ",
    Code("glmengine shift-test"),
    " tests without taking bins for independent.",
)

_ABOUT_SHIFTS = Paragraph.of(
    "p of each term against counts that are shifted in time against it, which holds where bins are not independent, and in brackets its false "
    "discovery rate over all units and terms."
)

_ABOUT_SIMULATED = Paragraph.of(
    "Spikes drawn from the model with its own history and coupling in the loop, beside the data: the rate with the 95 % band over repeats, "
    "and the share of each curve of the data that lies within its band."
)

_ABOUT_SELECTION = Paragraph.of(
    "Deviance explained on held-out time by each model, all on the same folds; and what each term contributes: the deviance that is "
    "lost on held-out time when it is dropped, with the false discovery rate over all units and terms of a signed-rank test over folds."
)

_BY_SHIFTS = Paragraph.of(
    "A term came into a unit's model where counts shifted in time against everything else seldom let any candidate gain as much; what cannot be shifted, as "
    "a unit's own past, where a signed-rank test over folds said so."
)


def title_of(analysis: Analysis, recording_name: str = "") -> str:
    """What the report is called."""
    return analysis.title or (f"Analysis of {recording_name}" if recording_name else "Analysis")


@dataclass(frozen=True)
class Contents:
    """A report before it becomes a file of any kind.

    Attributes
    ----------
    title : str
    parts : list of parts
        Below the title.
    origin : mapping of str to str
        Whence the numbers are; empty without a result.
    """

    title: str
    parts: list[Part]
    origin: Mapping[str, str]


def contents_of(analysis: Analysis, result: Result | None, recording_name: str, pictures: Iterable[str]) -> Contents:
    """What a report says; `pictures` are the names of its figures, in their order, and without a result it holds the question alone."""
    known = {} if result is None else origin(result)
    return Contents(title_of(analysis, recording_name), report_parts(analysis, result, recording_name, list(pictures)), known)


def report_parts(analysis: Analysis, result: Result | None, recording_name: str, pictures: Sequence[str]) -> list[Part]:
    """The whole report below its title.

    Parameters
    ----------
    analysis : Analysis
    result : Result or None
        Without it the report holds the question alone.
    recording_name : str
    pictures : sequence of str
        Names of the figures, in their order.
    """
    import tomli_w

    parts: list[Part] = [Paragraph.of(summary(analysis, result, recording_name))]
    if result is not None:
        unfinished = unfinished_in_words(result)
        parts += [Paragraph.of(unfinished)] if unfinished else []
        parts += _found(result)
        if result.analysis.model.penalty != "none":
            parts += [Heading("What the bands mean"), _ABOUT_ERRORS]
    parts += [Picture(name) for name in pictures]
    if result is not None:
        parts += [Heading("Methods"), Paragraph.of(methods_text(result)), Folded("References (BibTeX)", Listing(bibtex(result)))]
    parts += [Heading("The analysis"), Listing(tomli_w.dumps(analysis.to_dict()))]
    if result is not None:
        parts += [Heading("Made with"), Listing(_made_with(result))]
    return parts


def _found(result: Result) -> list[Part]:
    """Notes and tables of what a result holds."""
    parts: list[Part] = [Heading("To be noted"), Bullets(tuple(result.notes))] if result.notes else []
    parts += [Heading("Scores"), tables.score_table(result)]
    if result.search is not None:
        parts += [Heading("Which settings?"), tables.setting_table(result.search)]
    if result.tests is not None and np.isfinite(result.tests["p"]).any():
        parts += [Heading("Is each term needed?"), _ABOUT_TESTS, tables.wald_table(result)]
    if result.shift_tests is not None:
        parts += [Heading("Against counts shifted in time"), _ABOUT_SHIFTS, tables.shift_table(result.shift_tests)]
    if result.goodness_of_fit is not None:
        checked = result.goodness_of_fit
        parts += [Heading("Is the model right?"), _about_goodness(checked), tables.goodness_table(checked, result.simulated)]
    if result.bootstrap_bands is not None:
        bands = result.bootstrap_bands
        parts += [Heading("Bootstrap"), Bullets(tuple(bands.notes))]
        parts += [Folded("Intervals of all coefficients", tables.bootstrap_table(bands))]
    if result.simulated is not None:
        parts += [Heading("Would the model's spikes look like the data's?"), _ABOUT_SIMULATED]
        parts += [tables.agreement_table(result.simulated)]
    if result.decoded is not None:
        parts += [Heading("Decoded from the population"), _about_decoded(result.decoded)]
    if result.selection is not None:
        judged = [_BY_SHIFTS] if result.selection.judged_by_shifts else []
        parts += [
            Heading("Which terms does each unit need?"),
            _ABOUT_SELECTION,
            *judged,
            *tables.selection_tables(result.selection),
        ]
    if result.sessions is not None:
        parts += [Heading("Sessions"), tables.session_table(result)]
    return parts


def summary(analysis: Analysis, result: Result | None, recording_name: str = "") -> str:
    """What was asked and what was found, in two or three sentences."""
    terms = as_shown(", ".join(term.label for term in analysis.terms if term.enabled)) or "nothing yet"
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
    one = len(result.units) == 1
    found = "1 unit was fitted" if one else f"{len(result.units)} units were fitted"
    if not len(known):
        return f"{asked} {found}; nothing was held out."
    if one:
        more = "" if known[0] > 0 else f", no more than a constant {words.rate}"
        return f"{asked} {found}; on held-out time the model explains {share_text(float(known[0]))} of its deviance{more}."
    return (
        f"{asked} {found}; on held-out time the model explains {share_text(float(np.median(known)))} of the deviance in the median unit "
        f"(from {share_text(float(known.min()))} to {share_text(float(known.max()))}), and more than a constant {words.rate} in {int((known > 0).sum())} of {len(known)}."
    )


def _about_decoded(found: Decoded) -> Paragraph:
    names = " and ".join(map(str, found.values["variable"].values))
    unseen = (
        "each by a fit that had not seen it"
        if found.held_out
        else "by the fit that has seen them, so that the error is too small"
    )
    return Paragraph.of(
        f"{names}, decoded in {found.values.sizes['time']:,} bins, {unseen}: median error {found.in_words(found.median_error)}, "
        f"of estimates paired with bins at random {found.in_words(found.chance_error)}."
    )


def _about_goodness(found: Goodness) -> Paragraph:
    time = "held-out time, each bin predicted by a fit that had not seen it" if found.held_out else "the time that was fitted"
    return Paragraph.of(
        f"Checked on {time}. KS is the largest distance of the rescaled intervals between spikes (of signals: of their probability transforms) "
        "from what the model says of them, beside its 95 % band (Haslinger, Pipa & Brown 2010)."
    )


def _made_with(result: Result) -> str:
    lines = [f"seed: {result.analysis.seed}"]
    for key, value in result.provenance.items():
        lines.append(
            f"{key}: {', '.join(f'{name} {entry}' for name, entry in value.items()) if isinstance(value, dict) else value}"
        )
    return "\n".join(lines)
