"""One analysis run on one recording, from binning to curves: what the window, the command line and scripts call."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.analysis.penalty import penalty_of, strengths_of
from glmengine.analysis.projection_files import with_projections
from glmengine.analysis.units import chosen_units
from glmengine.argument_kinds import takes_only_its_kinds
from glmengine.context import SILENT, Context, Grace, Progress, StopSeen, UnitsFound, parts_by_work
from glmengine.design.prepare import Prepared, prepare
from glmengine.design.run_work import expected_run_work, run_work
from glmengine.design.settings import PreparedSettings, prepare_settings
from glmengine.design.unit_blocks import block_of, needs_all_units
from glmengine.errors import GlmError
from glmengine.fitting.folds_as_start import came_further
from glmengine.models import get_family
from glmengine.results.assessment import Stages, assessed, goes_on
from glmengine.results.joined_units import joined_units, with_all_features
from glmengine.results.result import Result
from glmengine.results.unfinished import STRENGTHS_CUT_SHORT

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.analysis.analysis import Analysis
    from glmengine.design.design import Design
    from glmengine.design.splits import Split
    from glmengine.fitting.fit_result import Fit
    from glmengine.fitting.held_out_scores import CrossValidation
    from glmengine.fitting.ready_rows import KeptRows
    from glmengine.fitting.setting_search import SettingSearch
    from glmengine.fitting.strength_choice import StrengthChoice
    from glmengine.recording.recording import Recording

_GRACE = 2.0  # s that what is made after a stop has in all: the final fit where the cross-validation was stopped, errors, bands of curves
_FIT_OF_GRACE = 0.5  # share of it in which that fit ends
# in which the stages of a result end: notes on drift and correlations of held-out rates are spared first
_STAGES_OF_GRACE = (1.0, 1.0, 1.0, 0.5, 0.5)
_SHARE_OF_FIT = 0.3  # of the time, where terms are selected too
_MOST_COEFFICIENTS = 3e7  # of the fits of all folds and strengths, that are kept to predict held-out time
_SELECTED_AS_THEY_ARE = "The selection of terms compares them as the analysis has them, not with the settings that were searched."


@takes_only_its_kinds
def run(analysis: Analysis, recording: Recording, context: Context | None = None, *, blocks: int = 1) -> Result:
    """Put the question `analysis` to `recording`.

    Derived covariates, time grid, usable bins, counts, features (their bounds frozen), cross-validation over the strengths, the
    final fit of each unit at its best strength, intervals, curves and filters.

    Parameters
    ----------
    analysis : Analysis
    recording : Recording
    context : Context, optional
        Is told how far it is and what is found of each unit, and asked whether to go on. Where it wants to stop and keep, the fits end early, flagged as not
        converged; where that happens during the cross-validation, the final fit begins at the mean over the folds and still has a second.
        Standard errors, bands and correlations of rates that are not made two seconds later are left out, which a note says.
    blocks : int
        Fit the units in so many blocks, one after the other, as a batch does that shares a long recording out (see `run_block`).

    Returns
    -------
    Result
        The same bit for bit on the same machine with the same versions, in as many blocks.

    Raises
    ------
    GlmError
        If the analysis has no term, names what the recording lacks, or leaves no bin to fit.
    Cancelled
        If the context says so.
    """
    if blocks == 1:
        return _run(analysis, recording, context, None)
    context, parts, number = context or SILENT, [], 0
    while number < blocks:
        parts.append(run_block(analysis, recording, number, blocks, context.part(number / blocks, (number + 1) / blocks)))
        number, blocks = number + 1, parts[0].provenance["blocks"]
    return joined_units(parts)


def run_block(analysis: Analysis, recording: Recording, number: int, of: int, context: Context | None = None) -> Result:
    """The same of block `number`, from 0, of `of` blocks of units; `glmengine.results.joined_units` makes one result of all of them.

    What depends on other units (coupling, the features, the split of time) is as for all of them; so the numbers are those of the whole to
    what a fit is exact to, and the same bit for bit wherever each block is fitted. Where fewer units are left than blocks were asked for, there
    are as many blocks as units: ``provenance["blocks"]``.

    Raises
    ------
    GlmError
        As of `run`, or if the question needs all units at once.
    """
    reason = needs_all_units(analysis)
    if reason:
        raise GlmError(f"the units cannot be fitted in blocks: {reason}; fit all at once")
    return _run(analysis, recording, context, (number, of))


def _run(analysis: Analysis, recording: Recording, context: Context | None, block: tuple[int, int] | None) -> Result:
    """All units, or one of so many blocks of them."""
    from glmengine.fitting.ready_rows import KeptRows

    context = forward = StopSeen(context or SILENT)
    started = time.perf_counter()
    analysis = analysis.with_(terms=with_projections(analysis.terms))
    _tell_units(analysis, recording, context)
    begun = expected_run_work(analysis, recording).share_prepared
    of_fit = 1.0 if analysis.selection is None else _SHARE_OF_FIT
    beginning = context.part(0.0, of_fit * begun)
    settings = prepare_settings(analysis, recording, beginning) if analysis.model.search else None
    prepared = prepare(analysis, recording, beginning) if settings is None else settings.prepared
    _refuse_fields(analysis, prepared)
    split = _split(analysis, prepared)
    every = prepared
    if block is not None:
        number, blocks = block[0], min(block[1], len(every.units))
        prepared = every.of_units(block_of(len(every.units), number, blocks))
    work = run_work(analysis, prepared.design, prepared.units)
    whole, context = context, context.part(0.0, of_fit)
    scoring, fitting, assessing, testing = parts_by_work(
        context.part(begun, 1.0), [work.scored, work.fitted, sum(work.assessed), work.tested]
    )
    search: SettingSearch | None = None
    kept = KeptRows()
    if settings is None or split is None:
        cross_validation = _cross_validated(analysis, prepared, split, scoring, kept)
    else:
        search = _searched(analysis, settings, split, scoring)
        prepared = settings.with_chosen(analysis, search.setting, search.scored)
        design = prepared.design
        cross_validation = search.of_chosen(list(design.columns.index), lambda number: settings.places(design, number))
    stopped = cross_validation is not None and context.stopping
    of_grace = Grace(fitting, forward, _FIT_OF_GRACE * _GRACE)
    fit = _fitted(analysis, prepared, cross_validation, of_grace if stopped else fitting, kept, stopped=stopped)
    if not stopped and cross_validation is not None and context.stopping and not np.all(fit.converged):
        again = _fitted(analysis, prepared, cross_validation, of_grace, kept, stopped=True, ended=fit)
        if came_further(again, fit):  # it was stopped before it came as far as the folds
            fit = again
    rests = zip(parts_by_work(assessing, work.assessed), _STAGES_OF_GRACE, strict=True)
    stages = Stages(*(Grace(part, forward, share * _GRACE) for part, share in rests))
    result = assessed(analysis, recording, prepared, fit, split, cross_validation, stages)
    if search is not None and settings is not None:
        from glmengine.results.setting_table import with_settings

        result = with_settings(result, search, settings.plan)
        if analysis.selection is not None:
            result = replace(result, notes=(*result.notes, _SELECTED_AS_THEY_ARE))
    if stopped:
        result = replace(result, notes=(STRENGTHS_CUT_SHORT, *result.notes))
    if analysis.validation.test_epochs:
        result = _tested(result, recording, cross_validation is None, testing)
    if analysis.selection is not None:
        from glmengine.selection.select import select_terms

        found = select_terms(analysis, recording, context=whole.part(_SHARE_OF_FIT, 1.0, aside=True))
        result = replace(result, selection=found, notes=tuple(dict.fromkeys((*result.notes, *found.notes))))
    if block is not None:
        result = with_all_features(result, every.design, len(every.units))
        result = replace(result, provenance={**result.provenance, "blocks": blocks})
    whole.report(Progress("Done", 1.0))
    return replace(result, provenance={**result.provenance, "seconds": round(time.perf_counter() - started, 3)})


def _tell_units(analysis: Analysis, recording: Recording, context: Context) -> None:
    """Say which units are to be fitted before anything is done."""
    try:
        context.tell(UnitsFound(chosen_units(analysis.units, recording)))
    except GlmError:  # said when the units are counted, after what comes before it
        return


def _cross_validated(
    analysis: Analysis, prepared: Prepared, split: Split | None, context: Context, kept: KeptRows
) -> CrossValidation | None:
    from glmengine.fitting.cross_validation import cross_validate
    from glmengine.fitting.fold_averages import cross_validate_averages, sees_averages
    from glmengine.fitting.separable import cross_validate_separable, separable_terms

    if split is None:
        return None
    separable, averages = bool(separable_terms(prepared.design)), sees_averages(prepared)
    nested = analysis.validation.nested and len(strengths_of(analysis)) > 1
    if nested and (separable or averages):
        raise GlmError(
            "receptive fields of low rank or of spike-triggered averages have no nested cross-validation; leave it off, or test on epochs of their own",
            field="validation.nested",
        )
    prepared = replace(prepared, counts=split.without_gaps(prepared.counts))

    def scored(design: Design, folds: Any, context: Context) -> CrossValidation:
        return (cross_validate_separable if separable else cross_validate)(
            design,
            prepared.counts,
            folds=folds,
            fold_names=split.names,
            extend=goes_on(prepared),
            **({"nested": True} if nested else {}),
            **({} if separable else {"kept": kept}),
            **_kept_coefficients(analysis, prepared, split),
            context=context,
            **_scoring(analysis, design, prepared.units),
        )

    if averages:
        apart = context.part(0.0, 1.0, aside=True)  # one fold alone is not a unit's score
        return cross_validate_averages(analysis, prepared, split.fold, scored, apart, _choice(analysis), split.names)
    return scored(prepared.design, split.fold, context)


def _searched(analysis: Analysis, settings: PreparedSettings, split: Split, context: Context) -> SettingSearch:
    """The cross-validations of all settings, and what each unit chose."""
    from glmengine.fitting.cross_validation import cross_validate
    from glmengine.fitting.fold_averages import sees_averages
    from glmengine.fitting.separable import separable_terms
    from glmengine.fitting.setting_search import search_settings

    prepared = settings.prepared
    if separable_terms(prepared.design) or sees_averages(prepared):
        raise GlmError(
            "receptive fields of low rank or of spike-triggered averages have no search of settings; take it out, or see the stimulus in another way",
            field="model.search",
        )
    kept = _kept_coefficients(analysis, prepared, split)

    def scored(
        setting: int, counts: np.ndarray, fold: np.ndarray, strengths: np.ndarray | None, context: Context
    ) -> CrossValidation:
        again = {} if strengths is None or analysis.model.finds_strengths else {"strengths": strengths}
        return cross_validate(
            settings.designs[setting],
            counts,
            folds=fold,
            fold_names=split.names,
            extend=strengths is None,
            context=context,
            **(kept if strengths is None else {}),
            **{**_scoring(analysis, settings.designs[setting], prepared.units), **again},
        )

    return search_settings(
        scored,
        [design.n_columns for design in settings.designs],
        split.without_gaps(prepared.counts),
        split.fold,
        _choice(analysis),
        context,
        nested=analysis.validation.nested,
    )


def _choice(analysis: Analysis) -> StrengthChoice:
    from glmengine.fitting.strength_choice import StrengthChoice

    return StrengthChoice(analysis.model.strength_rule, analysis.model.one_strength)


def _scoring(analysis: Analysis, design: Design, units: Sequence[str]) -> dict[str, Any]:
    """What every cross-validation of an analysis has in common."""
    from glmengine.fitting.found_strengths import REML

    choice = _choice(analysis)
    return {
        "family": analysis.model.family,
        "penalty": penalty_of(analysis.model, design.terms),
        "strengths": REML if analysis.model.finds_strengths else strengths_of(analysis),
        "rule": choice.rule,
        "one_for_all": choice.one_for_all,
        **_options(analysis, design, units),
    }


def _kept_coefficients(analysis: Analysis, prepared: Prepared, split: Split) -> dict[str, bool]:
    """Whether the coefficients of each fold are kept, to predict the time that they have not seen."""
    from glmengine.fitting.fold_averages import sees_averages

    numbers = len(split.names) * len(strengths_of(analysis)) * prepared.design.n_columns * len(prepared.units)
    by_class = get_family(analysis.model.family).by_class
    return {"coefs": not (by_class or sees_averages(prepared) or numbers > _MOST_COEFFICIENTS)}


def _split(analysis: Analysis, prepared: Prepared) -> Split | None:
    """What is held out together; None without folds."""
    from glmengine.design.splits import split_prepared

    if not analysis.validation.folds:
        return None
    return split_prepared(analysis.validation, prepared, analysis.seed)


def _refuse_fields(analysis: Analysis, prepared: Prepared) -> None:
    """Separable fields have no strengths by marginal likelihood."""
    from glmengine.fitting.separable import separable_terms

    if analysis.model.finds_strengths and separable_terms(prepared.design):
        raise GlmError(
            "the strengths of a separable receptive field cannot be found by marginal likelihood; choose cross-validation",
            field="model.strength_by",
        )


def _fitted(
    analysis: Analysis,
    prepared: Prepared,
    cross_validation: CrossValidation | None,
    context: Context,
    kept: KeptRows,
    *,
    stopped: bool,
    ended: Fit | None = None,
) -> Fit:
    """The last fit; where it was `stopped`, it begins with the folds, or where the units that had `ended` before did."""
    from glmengine.fitting.fit import fit
    from glmengine.fitting.folds_as_start import begun_where_ended, ends_in_one_place, mean_of_folds
    from glmengine.fitting.found_strengths import REML
    from glmengine.fitting.separable import fit_separable, separable_terms

    strengths = strengths_of(analysis)
    strength: Any = REML if analysis.model.finds_strengths else strengths[0]
    if cross_validation is not None and len(strengths) > 1:
        best = np.asarray(cross_validation.best_strength, np.float64)
        strength = np.where(np.isfinite(best), best, max(strengths))
    separable = bool(separable_terms(prepared.design))
    begin = None
    penalty = penalty_of(analysis.model, prepared.design.terms)
    if cross_validation is not None and not separable and (stopped or ends_in_one_place(analysis.model, penalty)):
        begin = begun_where_ended(mean_of_folds(cross_validation, ended=not stopped), ended)
    return (fit_separable if separable else fit)(
        prepared.design,
        prepared.counts,
        family=analysis.model.family,
        penalty=penalty,
        strength=strength,
        context=context,
        **({} if begin is None else {"start": begin}),
        **({} if separable else {"kept": kept}),
        **_options(analysis, prepared.design, prepared.units),
    )


def _options(analysis: Analysis, design: Design, units: Sequence[str]) -> dict[str, Any]:
    """What the fit and the cross-validation have in common."""
    from glmengine.fitting.separable import separable_terms

    return {
        "link": analysis.model.link or None,
        "mask": design.mask(units),
        "unit_names": units,
        "memory": analysis.model.memory,
        "platform": analysis.model.platform,
        **({"seed": analysis.seed} if separable_terms(design) else {}),
    }


def _tested(result: Result, recording: Recording, only_test: bool, context: Context) -> Result:
    """The same with the scores on the epochs to test on; they are the held-out scores where there is no cross-validation."""
    found = result.score(recording, result.analysis.validation.test_epochs, context=context)
    columns: dict[str, xr.DataArray] = {
        "deviance_explained_test": found["deviance_explained"],
        "bits_per_spike_test": found["bits_per_spike"],
        "n_spikes_test": found["n_spikes"],
        "n_bins_test": found["n_bins"],
    }
    if only_test:
        columns |= {"deviance_explained_heldout": found["deviance_explained"], "bits_per_spike_heldout": found["bits_per_spike"]}
    return replace(result, scores=result.scores.assign(columns))
