"""Times of one array that begin anew half-way: two recordings, or trials with times of their own, one below the other."""

from __future__ import annotations

import numpy as np

from glmengine.errors import GlmError

FAR_BACK = 0.1
"""Share of all the time by which times must go back to begin anew."""

LONG = 8
"""Times on end, on average, that rise before others begin: what is in no order at all goes back more often."""

OVERLAP = 0.05
"""Share of a stretch that must lie in the time of those before it; stretches that only stand in another order are sorted."""


def see_one_clock(times: np.ndarray, name: str, field: str, of: str = "") -> None:
    """Refuse times (N,) in seconds that begin anew on the way, since what was recorded before and after would be mixed up when they are sorted.

    Parameters
    ----------
    times : (N,) array
        NaN for none.
    name, field : str
        Of the array and of the recipe, for errors.
    of : str, optional
        Whose times of the array they are, where they are not all.

    Raises
    ------
    GlmError
        With the row in which they begin anew.
    """
    rows = np.flatnonzero(np.isfinite(times))
    known = times[rows]
    begins = restarts(known)
    if not begins.size:
        return
    at = int(begins[0])
    more = f", and {begins.size - 1:,} times more below" if begins.size > 1 else ""
    row = f" in row {rows[at] + 1:,}" if not of else ""
    raise GlmError(
        f"field '{field}': the times '{name}'{of} begin anew{row}, from {known[at - 1]:.6g} back to {known[at]:.6g} s{more}: recordings, "
        "trials or animals that stand one below the other would be mixed up; save each as a table of its own and open them as sessions, or "
        "give all rows times of one clock",
        field=field,
    )


def restarts(times: np.ndarray) -> np.ndarray:
    """Places (K,) in finite times (N,) at which they begin anew; none where they go back a little, are in no order, or only in another one."""
    none = np.empty(0, dtype=np.int64)
    steps = np.diff(times)
    if not (steps < 0).any():
        return none
    span = float(times.max() - times.min())
    begins = np.flatnonzero(steps < -FAR_BACK * span) + 1
    if not begins.size or len(times) < LONG * (begins.size + 1) or (steps < 0).sum() > len(times) / LONG:
        return none
    stretches = [(float(part.min()), float(part.max())) for part in np.split(times, begins)]
    reach = -np.inf
    for low, high in sorted(stretches):
        if min(reach, high) - low > OVERLAP * max(high - low, 1e-12):
            return begins
        reach = max(reach, high)
    return none
