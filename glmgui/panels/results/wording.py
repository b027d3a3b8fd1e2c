"""Names, units of measure and meanings of scores and states of a fit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from glmengine.analysis.wording import words_of
from glmengine.recording.observed import SPIKES
from glmengine.sentences import as_shown, percent, plain_power

if TYPE_CHECKING:
    from glmengine.results.result import Result

_LEAST = 0.01  # below which a share is shown with two digits that say something, not with zeros
_MOST, _MOST_COUNTED = 1e4, 1e12  # from which digits say nothing any more: of a share or a mean, and of a sum over bins


@dataclass(frozen=True)
class Score:
    """A score: its name in `Result.scores`, title, unit, how many digits are shown, and what it means."""

    key: str
    title: str
    unit: str
    digits: str
    help: str

    @property
    def heading(self) -> str:
        return f"{self.title} ({self.unit})" if self.unit else self.title

    def text(self, value: object) -> str:
        """A value of this score as it is shown, a dash where there is none."""
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, str):
            return value
        number = float(value)
        if number != number:
            return "\u2013"
        if self.digits == ".3f" and 0 < abs(number) < _LEAST:
            return plain_power(f"{number:.2g}")
        if self.digits.endswith("f") and abs(number) >= (_MOST_COUNTED if "," in self.digits else _MOST):
            return plain_power(f"{number:.3g}")
        return plain_power(f"{number:{self.digits}}")


SCORES = (
    Score(
        "deviance_explained_heldout",
        "Deviance explained, held out",
        "",
        ".3f",
        "Share of the deviance from the training mean that the model explains on time it was not fitted to, with the folds, functions and smoothing of this fit. 0 or less: no effect. "
        "Answers splits time and smooths in its own way, and has another number for the same terms.",
    ),
    Score(
        "bits_per_spike_heldout",
        "Information, held out",
        "bits/spike",
        ".3f",
        "Gain in log-likelihood over the mean rate, per spike, on time it was not fitted to.",
    ),
    Score(
        "deviance_explained_nested",
        "Deviance explained, nested",
        "",
        ".3f",
        "The same with each fold at the strength that the other folds chose, so that it is free of the choice.",
    ),
    Score(
        "bits_per_spike_nested",
        "Information, nested",
        "bits/spike",
        ".3f",
        "The same with each fold at the strength that the other folds chose, so that it is free of the choice.",
    ),
    Score(
        "deviance_explained_test",
        "Deviance explained, test epochs",
        "",
        ".3f",
        "The same on the epochs that were kept for testing.",
    ),
    Score(
        "bits_per_spike_test",
        "Information, test epochs",
        "bits/spike",
        ".3f",
        "The same on the epochs that were kept for testing.",
    ),
    Score(
        "deviance_explained_fit",
        "Deviance explained, fitted",
        "",
        ".3f",
        "The same on the time the model was fitted to; always the more flattering figure.",
    ),
    Score(
        "strength",
        "Penalty strength",
        "",
        ".3g",
        "The strength that was used; where several were given, the best on held-out time.",
    ),
    Score("n_spikes", "Spikes", "", ",.0f", "Spikes in the bins that were used."),
    Score(
        "n_bins",
        "Bins",
        "",
        ",.0f",
        "Bins that were used: not the first ones of each stretch, where a term looks further back than the stretch reaches.",
    ),
    Score("rate_hz", "Mean rate", "Hz", ".3g", "Spikes by time, in the bins that were used."),
    Score("log_likelihood", "Log-likelihood", "nats", ",.2f", "Of the fitted model on the bins that were used."),
    Score("edf", "Effective parameters", "", ".2f", "How many free parameters the penalty leaves."),
    Score("aic", "AIC", "", ",.1f", "Akaike's criterion: smaller is better, only between models of the same bins."),
    Score("bic", "BIC", "", ",.1f", "Bayesian information criterion: smaller is better, only between models of the same bins."),
    Score("converged", "Converged", "", "", "Whether the fit reached the optimum."),
    Score(
        "decrement", "Newton decrement", "nats/bin", ".1e", "How far from the optimum the fit stopped, in mean log-likelihood."
    ),
)
BY_KEY = {score.key: score for score in SCORES}


def scores_of(result: Result) -> dict[str, Score]:
    """The scores that say something of a result, by name, in the words of its family: a signal has no spikes, nor bits for each."""
    words = words_of(result.analysis.model)
    found = {
        score.key: score
        for score in SCORES
        if score.key in result.scores and (words.per_spike or not score.key.startswith("bits_per_spike"))
    }
    if words.observed == SPIKES.observed:
        return found
    said = {
        "n_spikes": (words.observed, "", found["n_spikes"].digits if words.per_spike else ".4g"),
        "rate_hz": (f"mean {words.rate}", words.unit, ".3g"),
    }
    for key, (title, unit, digits) in said.items():
        if key in found:
            text = f"{title.capitalize()}, in the bins that were used."
            found[key] = replace(found[key], title=title.capitalize(), unit=unit, digits=digits, help=text)
    return found


_STATES = {
    "ok": "",
    "silent": "No spikes in the bins that were used: there is nothing to fit, and its rate is predicted as zero.",
    "no data": "No usable bin: in every bin at least one covariate or count is missing.",
    "separated": "The covariates separate bins with spikes from bins without: some coefficients have no finite best value. A penalty helps.",
    "stopped": "Stopped before the optimum was reached; the numbers are those of an unfinished fit.",
}


def state_in_words(status: str, converged: bool) -> str:
    """What should be known of a unit's fit before its numbers are read; empty where all is well."""
    said = _STATES.get(status, f"State of the fit: {status}.")
    if not said and not converged:
        return "The fit did not converge; the numbers are those of an unfinished fit. Try a stronger penalty or fewer functions."
    return said


def state_in_short(status: str, converged: bool) -> str:
    """One or two words for a table."""
    if status == "ok":
        return "ok" if converged else "not converged"
    return "no spikes" if status == "silent" else status


def choice_in_words(result: Result, unit: str) -> str:
    """Which terms were chosen for a unit and in which order, empty where all were taken as given."""
    if result.selection is None or result.selection.chosen is None:
        return ""
    return f"chosen: {as_shown(result.selection.words_of(unit))}"


def effect_in_words(heldout: float) -> str:
    """What a held-out share of deviance says, for a reader who meets it for the first time."""
    if heldout != heldout:
        return "not tested on held-out time"
    if heldout <= 0:
        return "no effect: on held-out time it predicts no better than the mean rate"
    if heldout < 0.001:
        return f"explains {100 * heldout:.2g} % of the deviance on held-out time: next to nothing"
    return f"explains {percent(heldout, 1)} of the deviance on held-out time"
