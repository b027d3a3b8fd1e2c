"""One sentence for a unit, made from the numbers of its answer."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from glmengine.sentences import as_shown, capitalised, numbered
from glmengine.simulation.likeness import LEVEL

SMALL = 0.001
"""A share of the deviance below this is called nothing."""


FEW_SPIKES = 100
"""Below so many in held-out time, finding nothing says little."""

ALIKE = 0.9
"""Share of a histogram inside the band of simulations from which on it is called alike: of 95 % intervals a few are missed by chance."""


@dataclass(frozen=True)
class Simulated:
    """Where recorded spikes lie among those that the final model makes by itself.

    Attributes
    ----------
    isi, autocorrelogram : float
        Share inside the 95 % band of the simulations; NaN where not known.
    rate : float
        1 where the rate lies inside.
    burst, burst_low, burst_high : float
        Share of intervals as short as in bursts, and its band.
    p : float
        Of all of it together (see `glmengine.simulation.comparison`); NaN where not known.
    burst_within, interval : float
        Up to how long an interval is as short as in bursts, and the mean interval of the recorded spikes (s); NaN where not known.
    """

    rate: float
    isi: float
    autocorrelogram: float
    burst: float
    burst_low: float
    burst_high: float
    p: float = math.nan
    burst_within: float = math.nan
    interval: float = math.nan

    @classmethod
    def of(cls, checks: Mapping[str, float]) -> Simulated | None:
        """From the checks of a unit; None where nothing was simulated."""
        names = {name: f"simulated_{name}" for name in ("rate", "isi", "autocorrelogram")}
        names |= {name: name for name in ("burst", "burst_low", "burst_high")}
        if any(name not in checks for name in names.values()):
            return None
        later = {"p": "simulated_p", "burst_within": "burst_within", "interval": "mean_interval"}  # older sheets lack them
        known = {name: float(checks.get(of, math.nan)) for name, of in later.items()}
        found = cls(**{name: float(checks[of]) for name, of in names.items()}, **known)
        return None if found.isi != found.isi else found

    @property
    def lacks_bursts(self) -> bool:
        """Whether the simulations have fewer bursts than the recording."""
        return self.burst > self.burst_high

    @property
    def bursts(self) -> str:
        """What intervals so short are called: a neuron that fires nearly as fast all the time does not burst."""
        if self.interval < 2 * self.burst_within:
            return f"intervals of up to {1000 * self.burst_within:g} ms"
        return "bursts"

    @property
    def alike(self) -> bool:
        """Whether the recorded spikes are as any of the simulations; where no p says so, whether they lie inside the bands."""
        if not math.isnan(self.p):
            return self.p >= LEVEL
        bursts = not (self.lacks_bursts or self.burst < self.burst_low)
        return bool(self.rate) and min(self.isi, self.autocorrelogram) >= ALIKE and bursts

    def words(self, history: str = "lengthen the history") -> str:
        """What a reader should know, without a full stop; `history` is what is advised where bursts are missing, if anything."""
        alike = "simulated spikes are like the recorded ones"
        if self.alike:
            return alike
        if self.lacks_bursts:
            return f"too few {self.bursts} in the model{': ' if history else ''}{history}"
        if self.burst < self.burst_low:
            return f"too many {self.bursts} in the model: let the history begin in the first bin, or add a refractory time"
        unlike = [name for name, share in (("intervals", self.isi), ("autocorrelogram", self.autocorrelogram)) if share < ALIKE]
        if not self.rate:
            unlike.insert(0, "rate")
        named = " and ".join(part for part in (", ".join(unlike[:-1]), *unlike[-1:]) if part)
        return f"simulated spikes differ in {named or 'some of rate, intervals and autocorrelogram'}"


@dataclass(frozen=True)
class Nearest:
    """Of a unit without a term, what came nearest to one.

    Attributes
    ----------
    term : str
    share : float
        Of the deviance, what the term explains alone on held-out time.
    p : float
    by_shifts : bool
        Whether p is that of shifts in time, and not of signed ranks over folds.
    among_units : bool
        Whether it is small enough for one unit alone, but not for one among so many.
    """

    term: str
    share: float
    p: float
    by_shifts: bool
    among_units: bool = False

    def words(self) -> tuple[str, str]:
        """What nothing that was offered is, and how near this one came."""
        if self.among_units:
            lacks = "is beyond what comes by chance among so many units"
        else:
            lacks = "is beyond what shifts in time give" if self.by_shifts else "says the same in enough of the folds"
        return lacks, f"; the most has {as_shown(self.term)} ({_two(self.share)} of the deviance alone, p {_small(self.p)})"


def answer_sentence(
    chosen: Sequence[tuple[str, float]],
    others: Sequence[str],
    *,
    explained: float,
    q: float,
    adequate: bool | None,
    try_next: str,
    doubtful: Sequence[str] = (),
    among_many: bool = False,
    last: Sequence[str] = (),
    not_missed: Sequence[str] = (),
    simulated: Simulated | None = None,
    history: str = "lengthen the history",
    spikes: float = math.nan,
    unable: str = "",
    nearest: Nearest | None = None,
    unsure: bool = False,
    in_order: bool = True,
    replaceable: Sequence[str] = (),
    weak: Mapping[str, str] | None = None,
) -> str:
    """Which terms, how much each adds, what says nothing, whether the model is right.

    Parameters
    ----------
    chosen : sequence of (term, share of the deviance)
        In the order in which they came in, each with what it adds to those before it; where that is not known, the first with its share alone and
        the others with what is lost without them.
    others : sequence of str
        Candidates that were not chosen.
    explained : float
        Held-out deviance explained.
    q : float
        False discovery rate over the units.
    adequate : bool or None
        None where it was not judged.
    try_next : str
    doubtful : sequence of str
        Chosen terms whose choice counts that are shifted in time make as well, at the level that all units and terms together ask for.
    among_many : bool
        Whether each of these was beyond what shifts give by itself, as where shifts judge steps.
    last : sequence of str
        Chosen terms that were tried when no other added anything any more.
    not_missed : sequence of str
        Chosen terms without which the model explains held-out time as well, now that it has those.
    simulated : Simulated, optional
    history : str
        What is advised about the own past where bursts are missing; empty where `try_next` speaks of it.
    spikes : float
        Of the folds that count; NaN where not known, as of signals.
    unable : str
        Why there are no simulated spikes, or how many of the simulations ran away, where that speaks against the model.
    nearest : Nearest, optional
        Of a unit without a term, where one explains something by itself.
    unsure : bool
        q does not hold yet, as units are still to come: the terms may be taken back.
    in_order : bool
        The shares are what each term adds to those before it, so that they sum to what is explained.
    replaceable : sequence of str
        Chosen terms without which next to nothing is lost, now that the others are in.
    weak : mapping of str to str, optional
        As of `glmengine.answers.weak_terms` for this unit: chosen terms that are called no more than possible, and in how many folds they say nothing.
    """
    weak = {as_shown(name): folds for name, folds in (weak or {}).items()}
    chosen = [(as_shown(name), share) for name, share in chosen]
    others, doubtful, last, not_missed, replaceable = (
        list(map(as_shown, names)) for names in (others, doubtful, last, not_missed, replaceable)
    )
    if not chosen:
        return _nothing(others, spikes, nearest)
    (first, share), *more = chosen
    alone = " alone" if more and not in_order else ""
    named = f"Perhaps {first}" if first in weak else _capital(first)
    text = f"{named} ({_two(share)} of the deviance{alone}, q {_small(q)})"
    if more:
        parts = {name: f"{perhaps(name, weak)} ({_added(share) if in_order else _unique(share)})" for name, share in more}
        in_turn = [words for name, words in parts.items() if name not in last]
        at_last = [words for name, words in parts.items() if name in last]
        if in_turn:
            text += f", then {' and '.join(in_turn)}"
        if at_last:
            text += f", and last of all {' and '.join(at_last)}"
        text += f"; {_two(explained)} together"
    for name, folds in weak.items():
        text += f"; {folds} {name} says nothing" if folds else ""
    if others:
        text += f"; {', '.join(others)} {_adds(others)} nothing"
    same = [name for name in replaceable if name not in not_missed]
    if same and in_order:
        text += f"; what {' and '.join(same)} {'says' if len(same) == 1 else 'say'} the others say too"
    beside = [name for name in not_missed if name not in last and any(one in last for one, _ in chosen)]
    if beside:
        text += f"; beside {' and '.join(one for one, _ in chosen if one in last)}, {', '.join(beside)} {_adds(beside)} nothing"
    if doubtful:
        few = "doubtful among so many tests" if among_many else "not beyond what shifts in time give"
        text += f"; {', '.join(doubtful)} {few}"
    if unsure:
        text += "; so far no more than chance gives among so many units"
    if adequate is not None:
        text += f"; {'nothing speaks against the model' if adequate else 'something is missing in the model'}"
    if unable:
        text += f"; {unable[:1].lower()}{unable[1:].rstrip('.')}"
    if simulated is not None:
        text += f"; {'where they do not, ' if unable else ''}{simulated.words(history)}"
    if adequate is False and try_next:  # last, as it is a list itself
        text += f"; what to try: {try_next}"
    return f"{text}."


def _nothing(others: Sequence[str], spikes: float, nearest: Nearest | None) -> str:
    """What is said of a unit without a term: how little that means, where its spikes are few."""
    if spikes == 0:
        return (
            "Nothing can be said: in no fold are there spikes both in the time that is fitted and in the time that is held out."
        )
    few = f"; with {numbered(int(spikes), 'spike')} only a strong dependence would be seen" if spikes < FEW_SPIKES else ""
    lacks, near = nearest.words() if nearest is not None else ("tells the rate from a constant one on held-out time", "")
    return f"Nothing that was offered ({', '.join(others)}) {lacks}{near}{few}."


def perhaps(name: str, weak: Collection[str]) -> str:
    """A chosen term with the word that says so where it is one of those that hardly matter."""
    return f"perhaps {name}" if name in weak else name


def _adds(names: Sequence[str]) -> str:
    return "adds" if len(names) == 1 else "add"


def _added(share: float) -> str:
    """What a term adds at its turn."""
    return f"+{_two(share)}" if share >= SMALL else f"less than +{SMALL:g}"


def _unique(share: float) -> str:
    """What is lost without a term."""
    return f"{_two(share)} unique" if share >= SMALL else "what the others say too"


def _capital(text: str) -> str:
    """Words begin a sentence with a capital, names of variables such as ``head_direction`` and ``position.x`` stay what they are."""
    return capitalised(text) if text.replace(" ", "").isalpha() else text


def _two(share: float) -> str:
    """Two digits, whatever they are: 0.40."""
    return f"{share:#.2g}".rstrip(".")


def _small(q: float) -> str:
    return "< 0.001" if q < 0.001 else _two(q)
