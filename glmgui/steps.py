"""The table of the steps of the window: a page more is a row more.

The panel of a step is imported when it is first made, so that the window opens without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from glmengine.analysis.units import chosen_of_all
from glmengine.sentences import numbered
from glmgui.comparison_button import ComparisonButton
from glmgui.document import Document
from glmgui.widgets.page import Page
from glmgui.work.checks import KINDS
from glmgui.work.use_cases import UseCases


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes
    ----------
    name : str
        From which its object names come: ``step_<name>``, ``dock_<name>``, ``action_show_<name>``.
    title, about : str
        What it is called, and what is to be found there.
    icon, shortcut : str
    guide : str
        Its page of the guide.
    panel : callable
        Makes its panel and connects what that asks for.
    state : callable
        What stands in it, in a word or two.
    coming : callable
        What of it is being made, in a word or two; empty where nothing is.
    aged : callable
        Whether what stands in it answers an earlier question.
    fields : tuple of str
        Parts of an analysis whose faults are shown there.
    holds : str
        What else it is looked for by, as textbooks call it.
    """

    name: str
    title: str
    about: str
    icon: str
    shortcut: str
    guide: str
    panel: Callable[[UseCases], Page]
    state: Callable[[Document], str]
    fields: tuple[str, ...] = ()
    coming: Callable[[UseCases], str] = lambda work: ""
    aged: Callable[[UseCases], bool] = lambda work: False
    holds: str = ""

    def said(self, work: UseCases) -> str:
        """What is being made of it, else what stands in it, or that this answers an earlier question."""
        return self.coming(work) or ("out of date" if self.aged(work) else self.state(work.document))


def _data(work: UseCases) -> Page:
    from glmgui.panels.data import DataPanel

    panel = DataPanel(work.document, work.jobs)
    panel.session_removed.connect(work.sessions.remove)
    panel.session_renamed.connect(work.sessions.rename)
    return panel


def _features(work: UseCases) -> Page:
    from glmgui.panels.features import FeaturesPanel

    panel = FeaturesPanel(work.document, work.jobs)
    work.comparing.awaited.connect(panel.second.say)
    panel.second.say(work.comparing.awaited_name)
    panel.second.dropped.connect(work.comparing.forget_own)
    return panel


def _model(work: UseCases) -> Page:
    from glmgui.panels.model import ModelPanel

    panel = ModelPanel(work.document, work.jobs)
    work.size.estimated.connect(panel.show_size)
    panel.show_size(work.size.estimate)
    return panel


def _results(work: UseCases) -> Page:
    from glmgui.panels.results import ResultsPanel

    panel = ResultsPanel(work.document, work.jobs, work.fitting.runs)
    _serve(panel.compare, work)
    return panel


def _serve(button: ComparisonButton, work: UseCases) -> None:
    """Compare what a button asks for."""
    button.without_asked.connect(work.comparing.without)
    button.each_asked.connect(work.comparing.without_each)
    button.own_asked.connect(work.comparing.own)


def _checks(work: UseCases) -> Page:
    from glmgui.panels.checks import ChecksPanel

    return ChecksPanel(work.document, work.checks, work.jobs)


def _population(work: UseCases) -> Page:
    from glmgui.panels.population import PopulationPanel

    return PopulationPanel(work.document, work.jobs)


def _fits(work: UseCases) -> Page:
    from glmgui.panels.fits import FitsPanel

    panel = FitsPanel(work.document, work.shelf, work.fitting, work.jobs)
    _serve(panel.compare, work)
    return panel


def _answers(work: UseCases) -> Page:
    from glmgui.panels.answers import AnswersPanel

    return AnswersPanel(work.document, work.answers, work.jobs)


def _batch(work: UseCases) -> Page:
    from glmgui.panels.batch import BatchPanel

    return BatchPanel(work.document, work.many)


def _units_chosen(document: Document) -> str:
    if document.recording is None:
        return "open a file"
    return chosen_of_all(document.analysis.units, document.recording)


def _terms_chosen(document: Document) -> str:
    if document.recording is None:
        return ""
    terms = sum(term.enabled for term in document.analysis.terms)
    return f"{terms} term{'s' if terms != 1 else ''}" if terms else "add a term"


def _family(document: Document) -> str:
    return document.analysis.model.family.replace("_", " ") if document.recording is not None else ""


def _units_fitted(document: Document) -> str:
    if document.recording is None:
        return ""
    if document.result is None:
        return "fit" if document.can_be_fitted else ""
    if document.result_is_live:
        return "live"
    return f"{len(document.result.units)} fitted"


def _fit_is_aged(work: UseCases) -> bool:
    return work.document.result_is_stale and not work.document.result_is_live


def _checks_are_aged(work: UseCases) -> bool:
    return _fit_is_aged(work) and _n_checks(work.document) > 0


def _n_checks(document: Document) -> int:
    result = document.kept_result
    if result is None:
        return 0
    made = (result.goodness_of_fit, result.simulated, result.shift_tests, result.bootstrap_bands, result.decoded)
    return sum(one is not None for one in made)


def _checks_made(document: Document) -> str:
    if document.kept_result is None:
        return ""
    count = _n_checks(document)
    return f"{count} made" if count else "none yet"


def _units_selected(document: Document) -> str:
    if document.kept_result is None:
        return ""
    return f"{len(document.units)} selected" if len(document.units) > 1 else numbered(len(document.kept_result.units), "unit")


def _fits_kept(document: Document) -> str:
    return f"{len(document.fits)} kept" if document.fits else ""


def _units_answered(document: Document) -> str:
    return numbered(document.answers.sheet.units.sizes["unit"], "unit") if document.answers is not None else ""


def _units_coming(work: UseCases) -> str:
    runs = work.fitting.runs
    if runs.running is None:
        return ""
    ended = sum(bool(one.status) for one in runs.units.values())
    return f"{ended} of {len(runs.units)}\u2026" if ended else "fitting\u2026"


def _checks_coming(work: UseCases) -> str:
    return "checking\u2026" if any(work.checks.job_of(kind) is not None for kind in KINDS) else ""


def _answers_coming(work: UseCases) -> str:
    done, total = work.answers.n_answered
    return "" if not work.answers.running else f"{done} of {total}\u2026" if total else "coming\u2026"


def _recordings_coming(work: UseCases) -> str:
    many = work.many
    ended = [one.outcome for one in many.entries if one.outcome is not None]
    if many.running:
        return f"{len(ended)} of {len(many.entries)}\u2026"
    if ended:
        return f"{sum(one.summary is not None for one in ended)} of {len(many.entries)} done"
    return f"{len(many.entries)} listed" if many.entries else ""


STEPS: tuple[Step, ...] = (
    Step(
        "data", "Data", "What was recorded, and which units and which time are used", "data", "Ctrl+1", "data.md",
        _data, _units_chosen, ("units", "time", "derived"),
        holds="raw tuning curve occupancy spike raster peri-event PSTH interspike intervals ISI histogram refractory violations correlations epochs trials events conditions bin size",
    ),
    Step(
        "features", "Features", "What the rate may depend on", "features", "Ctrl+2", "features.md",
        _features, _terms_chosen, ("terms",),
        holds="terms basis functions splines raised cosine design matrix interaction collinearity spike history coupling filter receptive field",
    ),
    Step(
        "model", "Model", "Penalty, strengths and validation", "model", "Ctrl+3", "model.md",
        _model, _family, ("model", "validation"),
        holds="family link function penalty regularisation ridge lasso smoothness strength hyperparameter cross-validation folds formula",
    ),
    Step(
        "results", "Results", "Tuning curves, filters, rates and scores", "results", "Ctrl+4", "results.md",
        _results, _units_fitted, coming=_units_coming, aged=_fit_is_aged,
        holds="tuning curves filters kernels coefficients weights predicted rate scores deviance explained log-likelihood confidence intervals",
    ),
    Step(
        "checks", "Checks", "Is the model right, what would it do, how sure are its terms", "checks", "Ctrl+5", "goodness.md",
        _checks, _checks_made, coming=_checks_coming, aged=_checks_are_aged,
        holds="goodness of fit time rescaling Kolmogorov-Smirnov KS test quantile residuals QQ calibration autocorrelation simulation bootstrap shift test Wald test likelihood ratio decoding",
    ),
    Step(
        "fits", "Fits", "Every fit of the project, and the way back to it", "fits", "Ctrl+6", "fits.md",
        _fits, _fits_kept,
        holds="compare models side by side overlay paired test nested models gain of blocks runs queue",
    ),
    Step(
        "answers", "Answers", "What drives each unit, how sure that is, and whether the model is right", "answers", "Ctrl+7",
        "answers.md", _answers, _units_answered, coming=_answers_coming, aged=lambda work: work.answers.is_stale,
        holds="model selection which variables significance stepwise forward selection evidence answer sheet",
    ),
    Step(
        "population", "Population", "All units side by side, their coupling, and the set of them that is selected", "population", "Ctrl+8", "population.md",
        _population, _units_selected,
        holds="small multiples coupling matrix functional connectivity graph scatter selected units",
    ),
    Step(
        "batch", "Batch", "The same analysis on many recordings", "batch", "Ctrl+9", "many-recordings.md",
        _batch, lambda document: "", coming=_recordings_coming,
        holds="many recordings folder animals sessions",
    ),
)  # fmt: skip

PAGES = tuple(f"glmgui.panels.{step.name}" for step in STEPS)
"""Modules of the pages, that a window can do without until they are seen."""


def step_of_field(field: str) -> Step | None:
    """The step in which a field of the analysis (a dotted path) is edited."""
    return next((step for step in STEPS if field.partition(".")[0] in step.fields), None)
