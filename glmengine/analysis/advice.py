"""Advice on families, penalties, strengths, validation and kinds of term: what each is for, and when not to use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Model, Validation


@dataclass(frozen=True)
class Advice:
    """What a choice is for, and when another is better; sentences."""

    use: str
    avoid: str

    @property
    def text(self) -> str:
        """Both, one after the other."""
        return f"{self.use} {self.avoid}".strip()


FAMILIES: dict[str, Advice] = {
    "poisson": Advice(
        "For spike counts, and right for most of them.",
        "Not where counts vary much more than their mean (negative binomial), nor for calcium or field potentials (Gaussian).",
    ),
    "bernoulli": Advice(
        "For bins so short (1 to 2 ms) that each holds one spike or none.",
        "Not for longer bins: two spikes would count as one.",
    ),
    "negative_binomial": Advice(
        "For counts that vary more than a Poisson allows: bursts, drift, states that no term describes.",
        "Not as a rule: it has one parameter more, and a missing term is the better remedy where there is one.",
    ),
    "gaussian": Advice(
        "For signals that are not counts: fluorescence, field potential, a smoothed rate.",
        "Not for spike counts in short bins, whose spread grows with their mean.",
    ),
    "gamma": Advice(
        "For positive signals whose spread grows with their mean, as fluorescence often does.",
        "Not where the signal may be zero or negative.",
    ),
    "categorical": Advice(
        "For observations that are the number of a class in each bin: a behaviour, a state, a choice.",
        "Not for counts: it takes 2 to be another class, not twice as much as 1.",
    ),
}
PENALTIES: dict[str, Advice] = {
    "none": Advice(
        "For few features and many spikes, where the plain maximum of the likelihood and its tests are wanted.",
        "Not with many or overlapping functions: curves then follow noise, and places never visited run away.",
    ),
    "ridge": Advice(
        "Draws every coefficient a little to zero: the safe choice where no feature is expected to be without effect.",
        "Not for choosing among features: none becomes exactly zero. Where neighbouring functions should be alike, smoothness is better.",
    ),
    "lasso": Advice(
        "Sets the coefficients of single features to exactly zero: for few true causes among many.",
        "Not for curves and maps, of which it takes out single functions, nor where standard errors are wanted: it has none.",
    ),
    "elastic_net": Advice(
        "Lasso and ridge together: of features that resemble each other it keeps all or none.",
        "Not where one of the two alone will do: its share is one more thing to choose.",
    ),
    "group_lasso": Advice(
        "Takes out whole terms, or whole connections of a coupling, and keeps the rest: which terms are needed at all.",
        "Not where a term is to be tested: what is kept is shrunk, and there is no standard error.",
    ),
    "smoothness": Advice(
        "Draws neighbouring functions to each other, so that curves and maps become smooth without becoming flat.",
        "Not for terms whose functions have no neighbours (categories, single columns): it does nothing to them.",
    ),
}
STRENGTHS_BY: dict[str, Advice] = {
    "cross_validation": Advice(
        "The strength is the best on held-out time of those listed, one for all terms: it is chosen by what it is to be good for.",
        "The best of several scores is a little too good: 'Nested' makes one that is not.",
    ),
    "marginal_likelihood": Advice(
        "Each term, and each variable of it, gets a strength of its own from the data that are fitted, without a grid (REML).",
        "Not with lasso, nor where the bins are far from independent given the terms: it then smooths too little. With folds it takes about ten times as long.",
    ),
}
STRENGTH_RULES: dict[str, Advice] = {
    "best": Advice("The strength that scores best on held-out time.", "Where scores are nearly level, chance decides which."),
    "one_standard_error": Advice(
        "The strongest penalty that scores within one standard error of the best: flatter curves and fewer features, at a loss that the folds cannot tell from none.",
        "Not where prediction is all that counts.",
    ),
}
ONE_STRENGTH: dict[bool, Advice] = {
    False: Advice(
        "Each unit has the strength that suits it: those with few spikes a stronger one.",
        "Units then differ in how smooth they are by choice, too, and not by their tuning alone.",
    ),
    True: Advice(
        "All units have the strength that is best on average, so that curves can be compared in their smoothness.",
        "Units with many spikes are smoothed more than they need be, those with few too little.",
    ),
}
NESTED: dict[bool, Advice] = {
    False: Advice("The score of the chosen strength comes from the folds that chose it: a little too good, seldom by much.", ""),
    True: Advice(
        "Each fold is scored at the strength that the other folds choose: the score to report.",
        "It takes as many further cross-validations as there are folds.",
    ),
}
SPLITS: dict[str, Advice] = {
    "blocks": Advice(
        "One long stretch a fold: an honest test of whether the model holds at another time of the session.",
        "Not where something happened in one part of the session only: a fold then tests what was never fitted.",
    ),
    "interleaved": Advice(
        "Several short stretches a fold, spread over the session: slow drift then harms all folds alike.",
        "Not with blocks shorter than some seconds: what is held out is then known from just before and after it. 'Gap' helps.",
    ),
    "trials": Advice(
        "Whole trials are held out: for experiments made of trials, whose bins depend on each other.",
        "Time outside the trials is always fitted and never scored.",
    ),
    "epochs": Advice(
        "Each stretch of the time in use is held out whole.", "It needs as many stretches as folds, of like length."
    ),
    "sessions": Advice(
        "One session after the other is held out, which tells whether the model holds on another day.", "It needs two or more."
    ),
    "odd_even": Advice(
        "Every other interval or block, in two folds: for maps of two halves that are to be compared.",
        "Not for choosing strengths: each fold has only half of the data.",
    ),
    "halves": Advice(
        "The first half against the second, which tells whether the tuning is stable over the session.",
        "Not for choosing strengths: drift then looks like noise.",
    ),
}
TERMS: dict[str, Advice] = {
    "covariate": Advice(
        "The rate depends on what a variable is now: a direction, a place, a speed. Several variables in one term are joint: each then changes what the others do.",
        "Not for what a signal did a moment ago (filter), nor for single moments (event). A joint term of variables that act apart wastes columns: two terms add.",
    ),
    "filter": Advice(
        "What the last moments of a signal do to the rate: a stimulus, a current, a field potential.",
        "Not for slow variables such as position: their past says what their present says already.",
    ),
    "receptive_field": Advice(
        "Which part of an image, a video or a spectrogram drives the unit, and when.",
        "Not with few spikes for each channel: fewer channels, principal components or the separable form need less.",
    ),
    "event": Advice(
        "What the rate does before and after something that happens now and then: cues, choices, rewards, licks.",
        "Not for events so frequent that their windows always overlap (a signal and its filter), nor windows longer than the time between trials.",
    ),
    "columns": Advice(
        "Features made elsewhere, each one column as it is: its effect on the log rate is a straight line.",
        "Not for a variable whose effect may bend or have a peak: take tuning.",
    ),
    "history": Advice(
        "What the unit's own last spikes do: refractoriness, bursts, adaptation, rhythm. Needed before neighbours are interpreted.",
        "Not in bins longer than some 20 ms, and with care over long windows: it then takes over what slow covariates do.",
    ),
    "coupling": Advice(
        "What the spikes of each other unit do to the rate a moment later.",
        "Not without the covariates and the history that units share: coupling then stands for them. No connection is proven by it.",
    ),
}


def advice_on_model(model: Model) -> dict[str, Advice]:
    """Advice on what a model has chosen, by name of the parameter; only of what has an effect there."""
    found = {"family": FAMILIES[model.family], "penalty": PENALTIES[model.penalty]}
    if model.penalty != "none":
        found["strength_by"] = STRENGTHS_BY[model.strength_by]
    if not model.finds_strengths and len(model.strengths) > 1:
        found["strength_rule"] = STRENGTH_RULES[model.strength_rule]
        found["one_strength"] = ONE_STRENGTH[model.one_strength]
    return found


def advice_on_validation(validation: Validation) -> dict[str, Advice]:
    """The same on how it is tested."""
    if not validation.folds:
        return {"folds": Advice("", "Without folds nothing says whether the model is true of time that it has not seen.")}
    return {"split": SPLITS[validation.split], "nested": NESTED[validation.nested]}
