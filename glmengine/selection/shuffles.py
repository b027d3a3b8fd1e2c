"""Shuffles that keep the autocorrelation of counts and covariates: cyclic shifts, exchanged blocks, exchanged trials."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from glmengine.errors import GlmError
from glmengine.sentences import numbered, percent

SCHEMES = ("cyclic", "blocks", "trials")

FEWEST_TRIALS = 5
"""Trials whose order can be shuffled: fewer have too few orders for a p below 0.05."""

_EACH_ONCE = 1e6  # combinations of shifts, of which none is drawn twice where they are fewer
_FEWEST_ROWS = 0.5  # of the rows that still have a partner when trials of different lengths are exchanged
_LOWEST = 0.1  # of the autocorrelation of neighbouring rows, which counts as none

FEW_LAGS = 64
"""Lags up to which a product for each of them is sooner done than transforms of all rows."""


@dataclass(frozen=True)
class Shuffles:
    """For each shuffle, which row of the covariates is put beside each row of the counts.

    Attributes
    ----------
    scheme : str
    rows : tuple of (n_i,) int array
        Rows of each stretch of time (trial), in order; nothing crosses its borders, but for trials as a whole.
    moves : (S, ...) int array
        Of shifts: (S, N), by how many rows the covariates of each of N stretches move. Of trials: (S, N), whose covariates each trial is
        given. Of blocks: (S, B), the same of the blocks of all stretches.
    least : int
        Rows that a shift is at least, or a block is long; 0 of trials.
    notes : tuple of str
    """

    scheme: str
    rows: tuple[np.ndarray, ...]
    moves: np.ndarray
    least: int
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.moves)

    @property
    def used(self) -> np.ndarray:
        """(n,) int array, the rows of the counts that are looked at, shuffled or not."""
        return np.concatenate(self.rows)

    def __iter__(self) -> Iterator[np.ndarray]:
        """For each shuffle the rows (n,) of the covariates that stand beside `used`; -1 for none."""
        for move in self.moves:
            yield self._partners(move)

    def _partners(self, move: np.ndarray) -> np.ndarray:
        if self.scheme == "cyclic":
            return np.concatenate([np.roll(rows, shift) for rows, shift in zip(self.rows, move.tolist(), strict=True)])
        if self.scheme == "trials":
            return np.concatenate([_as_long_as(self.rows[other], rows.size) for rows, other in zip(self.rows, move, strict=True)])
        return np.concatenate([self.rows[block] for block in move.tolist()])


def _as_long_as(rows: np.ndarray, size: int) -> np.ndarray:
    return rows[:size] if rows.size >= size else np.concatenate([rows, np.full(size - rows.size, -1)])


def make_shuffles(
    scheme: str, stretch: np.ndarray, n: int, *, least: int = 1, seed: int, bin_size: float | None = None
) -> Shuffles:
    """Draw shuffles.

    Parameters
    ----------
    scheme : str
        ``"cyclic"``: within each stretch the covariates are moved along, what leaves at its end coming in at its beginning.
        ``"blocks"``: each stretch is cut into blocks of equal length, which are put into a random order. ``"trials"``: whole stretches are
        exchanged, the bins of a trial being paired from its beginning.
    stretch : (T,) int array
        Number of the epoch or trial of each row; -1 for rows that are not used.
    n : int
        How many.
    least : int
        Rows that a shift is at least in either direction, and that a block is long; where it is one, some of several stretches may stay while others move. All shifts of a stretch are a group, under which the data
        are one draw like any other if nothing is there, however slowly they vary. Those that are left out are the ones that resemble the data as they are: what
        gains by chance at no shift gains at short ones too, and p without them is too small (at 5 % 6.3 % were rejected instead of 4.8 %, in 200 s of slow noise
        whose shifts were 13 s at least). They cost no power: what drives gains most at no shift.
    seed : int
    bin_size : float, optional
        Seconds, for the sentences.

    Raises
    ------
    GlmError
        If no stretch is long enough, or trials are too few or too unlike in length.
    """
    if scheme not in SCHEMES:
        raise GlmError(f"there is no shuffle {scheme!r}; choose one of {', '.join(SCHEMES)}")
    if n < 1:
        raise GlmError(f"shifts: {n} shuffles say nothing; give 1 or more, 200 as a rule")
    if least < 1:
        raise GlmError("shortest: a shift is by one bin at least; give a time above 0")
    rows = np.flatnonzero(stretch >= 0)
    order = rows[np.argsort(stretch[rows], kind="stable")]
    found = np.split(order, np.flatnonzero(np.diff(stretch[order])) + 1) if order.size else []
    random = np.random.default_rng(seed)
    if scheme == "trials":
        return _trials(found, n, random)
    long_enough = [part for part in found if part.size >= 2 * least]
    if not long_enough:
        longest = max((part.size for part in found), default=0)
        raise GlmError(
            f"no epoch or trial is long enough: the longest has {_time(longest, bin_size)}, and the shortest shift is "
            f"{_time(least, bin_size)}, of which twice is needed; give a shorter one, or shuffle trials",
            field="shortest",
        )
    notes = []
    if len(long_enough) < len(found):
        left = sum(part.size for part in found) - sum(part.size for part in long_enough)
        notes.append(
            f"Epochs or trials shorter than two of the shortest shifts ({_time(least, bin_size)}) took no part in the shift test: "
            f"{len(found) - len(long_enough)} of {len(found)}, {percent(left / order.size, 1)} of the bins."
        )
    make = _cyclic if scheme == "cyclic" else _blocks
    made = make(long_enough, n, least, random)
    if len(made) < n:
        notes.append(f"The time allows {len(made)} different shifts only, not {n}: p is {1 / (1 + len(made)):.2g} at least.")
    return Shuffles(made.scheme, made.rows, made.moves, made.least, tuple(notes))


def _cyclic(stretches: list[np.ndarray], n: int, least: int, random: np.random.Generator) -> Shuffles:
    # where there are several a stretch may stay while others move: only all of their shifts are a group
    shortest = 0 if least == 1 and len(stretches) > 1 else least
    choices = np.array([part.size - (2 * shortest - 1 if shortest else 0) for part in stretches])
    as_it_is = int(not shortest)  # the first of all combinations moves nothing
    possible = float(np.prod(choices, dtype=np.float64)) - as_it_is
    if len(stretches) == 1 or possible < _EACH_ONCE:
        numbers = random.permutation(int(possible))[:n] + as_it_is
        moves = np.column_stack(np.unravel_index(numbers, choices))
    else:
        moves = random.integers(0, choices, (n, choices.size))
        while as_it_is and (still := ~moves.any(axis=1)).any():
            moves[still] = random.integers(0, choices, (int(still.sum()), choices.size))
    return Shuffles("cyclic", tuple(stretches), moves + shortest, least)


def _blocks(stretches: list[np.ndarray], n: int, least: int, random: np.random.Generator) -> Shuffles:
    blocks, owner = [], []
    for number, part in enumerate(stretches):
        size = part.size // (part.size // least)  # what is left at the end of a stretch is less than its number of blocks
        for start in range(0, size * (part.size // least), size):
            blocks.append(part[start : start + size])
            owner.append(number)
    places = [np.flatnonzero(np.array(owner) == number) for number in range(len(stretches))]
    moves = np.array([np.concatenate([random.permutation(own) for own in places]) for _ in range(n)])
    return Shuffles("blocks", tuple(blocks), moves, least)


def _trials(trials: list[np.ndarray], n: int, random: np.random.Generator) -> Shuffles:
    if len(trials) < FEWEST_TRIALS:
        raise GlmError(
            f"{numbered(len(trials), 'trial')} with usable bins cannot be shuffled, {FEWEST_TRIALS} at least are needed; "
            "test by cyclic shifts",
            field="within",
        )
    sizes = np.array([part.size for part in trials])
    moves = np.array([random.permutation(len(trials)) for _ in range(n)])
    share = np.minimum(sizes, sizes[moves]).sum(axis=1).mean() / sizes.sum()
    if share < _FEWEST_ROWS:
        raise GlmError(
            f"the trials are so unlike in length ({sizes.min()} to {sizes.max()} bins) that exchanging them pairs {percent(share)} of the bins only; "
            "test by cyclic shifts",
            field="within",
        )
    notes = ()
    if share < 1:
        notes = (f"Trials differ in length: when they are exchanged {percent(share)} of the bins have a partner.",)
    return Shuffles("trials", tuple(trials), moves, 0, notes)


def _time(rows: int, bin_size: float | None) -> str:
    return numbered(int(rows), "bin") if bin_size is None else f"{rows * bin_size:g} s"


def correlation_length(values: np.ndarray, stretch: np.ndarray, enough: int | None = None) -> int:
    """Lag in rows from which on the autocorrelation of any column is lost, within the longest stretch.

    Lost is below a tenth of that of neighbouring rows (the noise of counts hides how slowly their rate varies), or below two standard errors of
    what is not correlated where that is more.

    Parameters
    ----------
    values : (T, K) array
        NaN counts as the column's mean.
    stretch : (T,) int array
        -1 for rows that are not used.
    enough : int, optional
        A lag beyond which it makes no difference where it is lost.

    Returns
    -------
    int
        1 at least, and half of the longest stretch at most.
    """
    numbers, sizes = np.unique(stretch[stretch >= 0], return_counts=True)
    if not numbers.size:
        return 1
    part = np.asarray(values, np.float64).reshape(len(values), -1)[stretch == numbers[np.argmax(sizes)]]
    n, longest = len(part), 1
    most = n // 2 if enough is None else min(enough, n // 2)
    size = 2 ** int(np.ceil(np.log2(2 * n)))  # of a length with large prime factors a transform takes several times as long
    for column in part.T:
        known = np.isfinite(column)
        if known.sum() < 2 or np.ptp(column[known]) == 0:
            continue
        centred = np.where(known, column - column[known].mean(), 0.0)
        if most <= FEW_LAGS:
            correlation = np.array([centred[: n - lag] @ centred[lag:] for lag in range(most + 1)])
        else:
            correlation = np.fft.irfft(np.abs(np.fft.rfft(centred, size)) ** 2, size)[: most + 1]
        correlation, noise = correlation / correlation[0], 2.0 / np.sqrt(known.sum())
        lost = np.flatnonzero(correlation[1:] < max(_LOWEST * correlation[1:2].sum(), noise))
        longest = max(longest, int(lost[0]) + 1 if lost.size else most)
    return int(min(longest, max(n // 2, 1)))
