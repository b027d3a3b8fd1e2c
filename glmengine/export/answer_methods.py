"""The paragraph of a paper's methods that says how an answer sheet was made: what was tried, and how that was tested, checked and simulated."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from glmengine.answers.final_models import MOST_BINS, SIMULATED
from glmengine.answers.question import default_selection
from glmengine.export.citations import entries_of, model_works
from glmengine.export.methods import (
    KEPT_OVER_UNITS,
    TAIL_READ,
    choice_words,
    model_words,
    software_words,
    split_words,
    term_words,
    time_words,
)
from glmengine.results.provenance import versions
from glmengine.selection.one_step_models import APPROXIMATIONS
from glmengine.sentences import listed, numbered

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.answers.sheet import AnswerSheet

_COMPARED = {
    "rate": "rate",
    "isi": "intervals between spikes",
    "autocorrelogram": "autocorrelogram",
    "burst": "share of short intervals",
}


def answers_methods(sheet: AnswerSheet, analysis: Analysis, simulations: int) -> str:
    """One paragraph of plain sentences; works are cited by the keys of `answers_bibtex`, each at least once.

    Parameters
    ----------
    sheet : AnswerSheet
    analysis : Analysis
        The question that it answers.
    simulations : int
        Of each unit's final model, as was asked for.
    """
    terms = [term for term in analysis.terms if term.enabled]
    sentences = (
        f"{time_words(analysis, len(sheet.units['unit']))}.",
        f"{model_words(analysis.model)}. The terms that were tried beside an intercept were {listed([term_words(term) for term in terms], most=1000)}.",
        _strength(sheet, analysis),
        *_choice(sheet, analysis),
        *(note for note in sheet.selection.notes if note in APPROXIMATIONS[1:]),
        _shifts(sheet),
        _goodness(sheet),
        _simulated(sheet, simulations),
    )
    text = " ".join(sentence for sentence in sentences if sentence)
    rest = "".join(f" [{key}]" for key in model_works(terms) if f"[{key}]" not in text)
    return f"{text} {software_words(versions(), analysis.seed)}{rest}."


def answers_bibtex(methods: str, year: str) -> str:
    """BibTeX of the program and of the works that such a paragraph cites."""
    return entries_of(dict.fromkeys(re.findall(r"\[([a-z]+\d{4})\]", methods)), versions()["glmengine"], year)


def _strength(sheet: AnswerSheet, analysis: Analysis) -> str:
    if not analysis.is_penalised:
        return "No penalty was used."
    penalty = analysis.model.penalty.replace("_", " ")
    if analysis.model.finds_strengths or any("marginal likelihood" in note for note in sheet.selection.notes):
        return f"Coefficients had a {penalty} penalty, whose strength was found for each unit by maximising the marginal likelihood [wood2011] [wood2015]."
    strengths = [f"{one:g}" for one in analysis.model.strengths]
    if len(strengths) == 1:
        return f"Coefficients had a {penalty} penalty of strength {strengths[0]}."
    return f"Coefficients had a {penalty} penalty, whose strength ({listed(strengths)}) was the best on the folds that were not scored."


def _choice(sheet: AnswerSheet, analysis: Analysis) -> list[str]:
    selection = analysis.selection or default_selection(analysis)
    said = []
    by_shifts = sheet.evidence["shifts"].sizes["shuffle"] if sheet.selection.judged_by_shifts else 0
    if chosen := choice_words(selection, by_shifts):
        folds = sheet.selection.models.sizes.get("fold", selection.folds)
        said.append(f"{chosen}; there were {numbered(folds, 'fold')} over {split_words(analysis.validation)}.")
    if selection.method == "forward":
        said.append("What a term adds is the held-out deviance explained with it less that of the terms before it.")
    if selection.prune and selection.method == "forward":
        said.append("Candidates whose score test at the smaller model was no larger than chance gives were left out of a step.")
    if selection.over_units:
        said.append(KEPT_OVER_UNITS.format(level=selection.level))
    return said


def _shifts(sheet: AnswerSheet) -> str:
    if "shifts" not in sheet.evidence or "shift_p" not in sheet.terms:
        return ""
    count = numbered(sheet.evidence["shifts"].sizes["shuffle"], "shift")
    corrected = "corrected over all units and terms by the false discovery rate [benjamini1995]"
    if sheet.selection.judged_by_shifts:
        return f"The p-values of these steps were {corrected}. {TAIL_READ}"
    within = "all candidates" in str(sheet.terms["shift_p"].attrs.get("long_name", ""))
    how = (
        "the same comparison of all candidates being made with the shifted counts"
        if within
        else "beside the other terms that were chosen"
    )
    return (
        f"Each step by which a term came in was tested against counts shifted in time against everything else ({count}) [harris2020], {how}; "
        f"its p-values were {corrected}. {TAIL_READ}"
    )


def _goodness(sheet: AnswerSheet) -> str:
    if "ks" not in sheet.evidence:
        return ""
    return (
        "The chosen model of each unit was fitted to all of the time, and its goodness of fit was tested on that time by time rescaling in discrete "
        "time with the Kolmogorov-Smirnov statistic and its 95 % band [haslinger2010]."
    )


def _simulated(sheet: AnswerSheet, simulations: int) -> str:
    compared = [_COMPARED[name] for name in SIMULATED if name in sheet.evidence]
    if not simulations or not compared:
        return ""
    return (
        f"{numbered(simulations, 'recording')} of each chosen model were simulated, with history and coupling in the loop, over the first "
        f"{MOST_BINS:,} bins at most, and the recorded spikes were compared with their 95 % band in {listed(compared)}."
    )
