"""Sampling rates of a recipe that are guesses, since nothing in the file says them."""

from __future__ import annotations

from collections.abc import Iterator

from glmengine.io.recipe.recipe import Recipe, TimeBase
from glmengine.recording.doubt import Doubt
from glmengine.sentences import listed

PARTS = ("covariates", "epochs", "trials", "events")


def check_rate(name: str) -> str:
    """What the reasons of a draft say of a rate that it guesses, for the array of this name."""
    return (
        f"That is a guess: nothing in the file says at what rate '{name}' was sampled. Check it: give the rate at which it was, or take "
        "rate_guessed out if it is right."
    )


def doubts_of_rates(recipe: Recipe) -> list[Doubt]:
    """One for each rate that is a guess, with all that has it."""
    guesses: dict[float, list[str]] = {}
    for name, part in _parts(recipe):
        if part.rate_is_guess:
            guesses.setdefault(part.rate, []).append(name)
    said = []
    for rate, names in guesses.items():
        guess = f"The {rate:g} Hz of {listed(names, 4)} are a guess: nothing in the file says the rate, and all times from it may be wrong."
        said.append(
            Doubt(
                f"{guess} Give the rate at which these were sampled (rate in the recipe; in the window: File, Correct recording), or take "
                "rate_guessed out of the recipe if it is right.",
                f"{guess} Give the 'Sampling rate' at which these were sampled, or confirm it there.",
            )
        )
    return said


def with_given_rate(before: Recipe, after: Recipe) -> Recipe:
    """A recipe in which somebody gave a rate that had been guessed for several parts: the others with that guess have it as well."""
    old, new = before.counts or before.spikes, after.counts or after.spikes
    if not old.rate_is_guess or new.rate_is_guess or new.rate is None or type(old) is not type(new):
        return after

    def followed(part: TimeBase) -> TimeBase:
        if not part.rate_is_guess or part.rate != old.rate:
            return part
        centred = part.offset == 0.5 / old.rate  # in the middle of bins of that width
        return part.with_(rate=new.rate, rate_guessed=None, offset=0.5 / new.rate if centred else part.offset)

    return after.with_(**{name: tuple(map(followed, getattr(after, name))) for name in PARTS})


def _parts(recipe: Recipe) -> Iterator[tuple[str, TimeBase]]:
    """What has times in a recipe, with its name in a sentence."""
    if recipe.spikes is not None:
        yield "the spikes", recipe.spikes
    if recipe.counts is not None:
        yield "the units' activity", recipe.counts
    for kind in PARTS:
        yield from ((f"'{item.name}'", item) for item in getattr(recipe, kind))
