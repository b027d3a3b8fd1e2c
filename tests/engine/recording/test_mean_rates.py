"""Mean rates of units that come as counts of any kind."""

import numpy as np
import pynapple as nap
import pytest

from glmengine.recording import recording as module
from glmengine.recording.recording import Recording

RNG = np.random.default_rng(0)
COUNTS = RNG.poisson(0.4, (200, 3))


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float32])
def test_counts_are_summed_block_by_block_whatever_their_kind(kind, monkeypatch):
    monkeypatch.setattr(module, "_BLOCK", 50)
    values = COUNTS.astype(kind)
    if kind is np.float32:
        values[:70, 1] = np.nan  # bins that are missing are no time without spikes
    times = (np.arange(200) + 0.5) * 0.1
    whole = nap.IntervalSet(0.0, 20.0)
    made = Recording("made", ("a", "b", "c"), counts=nap.TsdFrame(times, values, time_support=whole), epochs={"all": whole})
    np.testing.assert_allclose(made.mean_rates, np.nanmean(values, axis=0) / 0.1, rtol=1e-6)


def test_time_without_bins_is_no_time_without_spikes():
    """Dropped frames, and sweeps with time between them."""
    kept = np.r_[0:80, 120:200]
    times = (kept + 0.5) * 0.1
    whole = nap.IntervalSet(0.0, 20.0)
    made = Recording("made", ("a",), counts=nap.TsdFrame(times, COUNTS[kept, :1], time_support=whole), epochs={"all": whole})
    np.testing.assert_allclose(made.mean_rates, COUNTS[kept, :1].mean(axis=0) / 0.1)
