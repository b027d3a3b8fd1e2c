"""One sentence for a unit, made from the numbers of its answer."""

from __future__ import annotations

from collections.abc import Sequence

SMALL = 0.001
"""A share of the deviance below this is called nothing."""


def answer_sentence(
    chosen: Sequence[tuple[str, float]],
    others: Sequence[str],
    *,
    explained: float,
    q: float,
    adequate: bool | None,
    try_next: str,
) -> str:
    """Which terms, how much each adds, what says nothing, whether the model is right.

    Parameters
    ----------
    chosen : sequence of (term, share of the deviance)
        In the order in which they came in: the first with its share alone, the others with what they add to all.
    others : sequence of str
        Candidates that were not chosen.
    explained : float
        Held-out deviance explained.
    q : float
        False discovery rate over the units.
    adequate : bool or None
        None where it was not judged.
    try_next : str
    """
    if not chosen:
        return f"Nothing that was offered ({', '.join(others)}) tells the rate from a constant one on held-out time."
    (first, share), *more = chosen
    text = f"{_capital(first)} ({share:.2g} of the deviance{' alone' if more else ''}, q {_small(q)})"
    if more:
        parts = [f"{name} (+{share:.2g})" if share >= SMALL else f"{name} (what the others say too)" for name, share in more]
        text += f", then {' and '.join(parts)}; {explained:.2g} together"
    if others:
        text += f"; {', '.join(others)} {'adds' if len(others) == 1 else 'add'} nothing"
    if adequate is None:
        return f"{text}."
    if adequate:
        return f"{text}; nothing speaks against the model."
    return f"{text}; something is missing in the model" + (f": try {try_next}." if try_next else ".")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _small(q: float) -> str:
    return "< 0.001" if q < 0.001 else f"{q:.2g}"
