"""The paragraph of a paper's methods that says how a result was made, with its own numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.analysis.term_origin import AFTER_CHOICE
from glmengine.analysis.validation import GROUPED
from glmengine.export.citations import cited
from glmengine.results.check_options import asked_options
from glmengine.results.posterior import link_of
from glmengine.sentences import capitalised, listed, numbered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from glmengine.analysis.analysis import Analysis, Model
    from glmengine.analysis.selection import Selection
    from glmengine.analysis.terms import AnyTerm
    from glmengine.analysis.validation import Validation
    from glmengine.results.result import Result

_SPLITS = {
    "blocks": "contiguous blocks of time",
    "interleaved": "blocks of time interleaved over the session",
    "trials": "whole trials",
    "epochs": "whole epochs",
    "sessions": "whole sessions",
    "odd_even": "odd against even blocks",
    "halves": "the two halves",
}

_CHOSEN = {
    "forward": "Terms were added to each unit's model one by one [hardcastle2017], as long as one gained on held-out time (one-sided signed-rank test over "
    "folds, p below {level:g})",
    "backward": "Terms were taken out of each unit's model one by one, as long as held-out time did not miss one (one-sided signed-rank test over "
    "folds, p from {level:g} on)",
    "subsets": "The terms of each unit are the best of all sets of a size on held-out time, at the smallest size that no larger one beats (one-sided signed-rank "
    "test over folds, p below {level:g})",
    "group_path": "The terms of each unit are those that a group lasso lets in at the strongest penalty within one standard error of the best "
    "held-out score",
}

_BY_SHIFTS = (
    "Terms were added to each unit's model one by one [hardcastle2017], that which gained most on held-out time first, as long as counts that were shifted in time against "
    "everything else ({shifts} shifts) let no candidate gain as much in more than a share of {level:g} [harris2020]; what cannot be shifted, as a unit's own past, was "
    "judged by a one-sided signed-rank test over folds (p below {level:g})"
)

TAIL_READ = "Where no shift gained as much, p was read off the tail of the gains of the shifts [knijnenburg2009]."

KEPT_OVER_UNITS = "A unit's model was kept where its false discovery rate over all units was below {level:g} too [benjamini1995]."


def methods_text(result: Result) -> str:
    """One paragraph of plain sentences; works are cited by the keys of `glmengine.export.citations.bibtex`, each at least once."""
    sentences = (
        _time(result),
        _model(result),
        *_origin(result),
        _settings(result),
        _strength(result),
        _validation(result),
        *_checks(result),
    )
    text = " ".join(sentence for sentence in sentences if sentence)
    rest = "".join(f" [{key}]" for key in cited(result) if f"[{key}]" not in text)
    return f"{text} {_software(result)}{rest}."


def _time(result: Result) -> str:
    analysis = result.analysis
    bins = np.asarray(result.scores["n_bins"].values, np.float64)
    return f"{time_words(analysis, len(result.units))} ({int(np.nanmax(bins)):,} bins at most)."


def time_words(analysis: Analysis, n_units: int) -> str:
    """In which bins of which time so many units were counted, without the full stop."""
    time = analysis.time
    epochs = "the whole recording" if time.epochs == ("all",) else f"the epochs {listed(time.epochs)}"
    held = []
    for one in time.conditions:
        ranges = [f"{word} {limit:g}" for word, limit in (("above", one.above), ("below", one.below)) if limit is not None]
        held.append(f"{one.variable} was {' and '.join(ranges)}")
    limits = f", where {' and '.join(held)}" if held else ""
    drawn = f", within {len(time.intervals)} intervals chosen by hand" if time.intervals else ""
    return (
        f"Activity of {numbered(n_units, 'unit')} was counted in bins of {1000 * time.bin_size:g} ms over {epochs}{drawn}{limits}"
    )


def _model(result: Result) -> str:
    terms = listed([term_words(term) for term in result.terms if term.enabled], most=1000)
    return f"{model_words(result.analysis.model)}, whose linear predictor was the sum of an intercept and of {terms}."


def model_words(model: Model) -> str:
    """By which model each unit was fitted, without the full stop."""
    family = model.family.replace("_", " ")
    family = family.capitalize() if model.family in ("poisson", "bernoulli", "gaussian", "gamma") else family
    return f"Each unit was fitted by a generalized linear model [nelder1972] with a {family} distribution and a {link_of(model).name} link"


def term_words(term: AnyTerm) -> str:
    """A term with its basis."""
    bases = [(factor.variable, factor.basis) for factor in term.factors] if hasattr(term, "factors") else []
    having = f", in {numbered(len(term.only_units), 'unit')}" if term.only_units else ""
    if bases:
        return f"'{term.label}' ({' x '.join(f'{name}: {_basis(basis)}' for name, basis in bases)}{having})"
    return f"'{term.label}' ({_basis(term.basis)}{having})" if hasattr(term, "basis") else f"'{term.label}'"


def _basis(basis: Any) -> str:
    family, count, window = (
        basis.family.replace("b_spline", "B-spline").replace("_", " "),
        getattr(basis, "n", None),
        getattr(basis, "window", None),
    )
    size = f"{count} {family} functions" if count else f"{family} basis"
    return f"{size} over {1000 * window:g} ms" if window else size


def _origin(result: Result) -> list[str]:
    """How an answer sheet chose the terms, where one did."""
    origin = result.analysis.terms_from
    if origin is None:
        return []
    said = [f"{capitalised(origin.words)}."]
    if chosen := choice_words(origin.selection, origin.shifts if origin.selection.steps_by == "shifts" else 0):
        said.append(f"{chosen}; there were {numbered(origin.selection.folds, 'fold')}.")
    if origin.selection.over_units and origin.q is not None:
        said.append(KEPT_OVER_UNITS.format(level=origin.selection.level))
    if origin.shift_q is not None:
        steps = f"Each step was tested against counts shifted in time ({numbered(origin.shifts, 'shift')}) [harris2020]"
        if origin.selection.steps_by == "shifts":
            steps = "The p-values of these steps were corrected over all units and terms"
        said.append(f"{steps} [benjamini1995]. {TAIL_READ}")
    if not origin.is_whole(term.label for term in result.analysis.terms if term.enabled):
        said.append("The terms were changed after that choice.")
    if origin.is_of(str(result.provenance.get("recording_name", "")), str(result.provenance.get("recording_sha256", ""))):
        said.append(AFTER_CHOICE)
    return said


def _settings(result: Result) -> str:
    """The settings of terms that were compared, where they were."""
    search, model = result.search, result.analysis.model
    if search is None:
        return ""
    what = " and ".join(f"{listed([one.said(value) for value in one.choices])} of '{one.term}'" for one in model.search)
    whose = "for all units together" if model.one_strength else "for each unit"
    return f"Settings of terms ({what}; {search.sizes['setting']} in all) were chosen {whose} by held-out log-likelihood, from the same table as the strength."


def _strength(result: Result) -> str:
    model = result.analysis.model
    penalty = model.penalty.replace("_", " ")
    if not result.analysis.is_penalised:
        return "No penalty was used."
    if model.finds_strengths:
        return (
            f"Coefficients had a {penalty} penalty, whose strength was found for each term and unit by maximising the marginal likelihood "
            "[wood2011] [wood2015]."
        )
    chosen = np.unique(np.asarray(result.scores["strength"].values, np.float64))
    chosen = chosen[np.isfinite(chosen)]
    if result.cv is None or result.cv.sizes["strength"] < 2:
        return f"Coefficients had a {penalty} penalty of strength {listed([f'{one:g}' for one in chosen])}."
    tried = np.asarray(result.cv["strength"].values, np.float64)
    rule = "the largest within one standard error of the best" if model.strength_rule == "one_standard_error" else "the best"
    whose = "for all units together" if model.one_strength else "for each unit"
    span = f"{chosen.min():g}" if len(chosen) == 1 else f"{chosen.min():g} to {chosen.max():g}"
    return (
        f"Coefficients had a {penalty} penalty, whose strength was {rule} of {len(tried)} (from {tried.min():g} to {tried.max():g}) {whose} by "
        f"held-out log-likelihood (chosen: {span})."
    )


def _validation(result: Result) -> str:
    validation = result.analysis.validation
    tested = _tested(result) if validation.test_epochs else ""
    if validation.folds < 2:
        return tested or "No time was held out."
    gap = ", with a gap as long as the longest window on both sides of held-out time" if validation.gap else ""
    held = np.asarray(result.scores["deviance_explained_heldout"].values, np.float64)
    known = held[np.isfinite(held)]
    found = f"; the median deviance explained on held-out time was {np.median(known):.3g}" if len(known) else ""
    chosen = "the strength" if result.search is None else "the settings and the strength"
    nested = f", {chosen} being chosen anew without each fold" if validation.nested else ""
    # halves are two, sessions as many as there are
    folds = validation.folds if result.fold_scores is None else result.fold_scores.sizes["fold"]
    return f"Scores are of {folds}-fold cross-validation over {split_words(validation)}{gap}{nested}{found}. {tested}".rstrip()


def _tested(result: Result) -> str:
    """Of epochs that are scored and never fitted."""
    explained = np.asarray(result.scores["deviance_explained_test"].values, np.float64)
    known = explained[np.isfinite(explained)]
    found = f"; the median deviance explained there was {np.median(known):.3g}" if len(known) else ""
    one = len(names := result.analysis.validation.test_epochs) == 1
    return f"The epoch{'' if one else 's'} {listed(names)} {'was' if one else 'were'} never fitted, only scored{found}."


def split_words(validation: Validation) -> str:
    """What is held out together."""
    if not (validation.grouped_by and validation.split in GROUPED):
        return _SPLITS[validation.split]
    intervals = f"intervals of '{validation.grouped_by}'"
    if validation.split == "odd_even":
        return f"odd against even {intervals}"
    shares = f", of which each fold has its share of every value of '{validation.balanced}'" if validation.balanced else ""
    return f"whole {intervals}{shares}"


def _checks(result: Result) -> list[str]:
    said = []
    if result.selection is not None:
        models = result.selection.summary.sizes["model"]
        said.append(
            f"{models} models were compared on one split of time, and p-values were corrected over units and terms [benjamini1995]."
        )
        selection = result.analysis.selection
        by_shifts = selection.shifts if selection is not None and result.selection.judged_by_shifts else 0
        if chosen := choice_words(selection, by_shifts):
            said.append(f"{chosen}.{f' {TAIL_READ}' if by_shifts else ''}")
    if result.goodness_of_fit is not None:
        time = "held-out time" if result.goodness_of_fit.held_out else "the time that was fitted"
        said.append(
            f"Goodness of fit was tested by time rescaling in discrete time on {time} [haslinger2010], and by randomized quantile residuals [dunn1996]."
        )
    if result.shift_tests is not None:
        count = int(result.shift_tests.table["n_shuffles"].max())
        said.append(
            f"Terms were tested against counts shifted in time ({count} shifts) [harris2020], with false discovery rates [benjamini1995]."
        )
    if result.bootstrap_bands is not None:
        said.extend(result.bootstrap_bands.notes[:1])
    if result.simulated is not None:
        repeats = (asked_options(result.simulated.rate) or {}).get("repeats", 100)
        said.append(
            f"{repeats} repeats were simulated from the model, with history and coupling in the loop, and compared with the data."
        )
    if result.decoded is not None:
        names = listed([str(name) for name in result.decoded.values["variable"].values])
        said.append(f"{names} was decoded from the population by Bayes' rule [zhang1998].")
    return said


def choice_words(selection: Selection | None, by_shifts: int = 0) -> str:
    """How the terms of each unit were chosen, steps by so many shifts in time, by folds where 0; without the full stop; empty where they were not."""
    if selection is None or selection.method not in _CHOSEN:
        return ""
    late = f", {listed(selection.last)} after all others" if selection.last and selection.method == "forward" else ""
    how = _BY_SHIFTS if by_shifts and selection.method == "forward" else _CHOSEN[selection.method]
    return f"{how.format(level=selection.level, shifts=by_shifts)}{late}"


def _software(result: Result) -> str:
    return software_words(result.provenance.get("versions", {}), result.analysis.seed)


def software_words(versions: Mapping[str, str], seed: int) -> str:
    """With what it was computed, without the full stop."""
    known = ", ".join(f"{name} {versions[name]}" for name in ("python", "jax", "numpy", "scipy") if name in versions)
    return f"Fits were made with glmengine {versions.get('glmengine', '')} ({known}; seed {seed})"
