"""How fast features are made: coupling columns against NeMoS, memory of a long recording, previews."""

from __future__ import annotations

import resource
import time

import numpy as np
import pytest

import glmengine as ge
from glmengine.convolution import convolve_pieces


def _seconds(work, repeats: int = 3) -> float:
    best = np.inf
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return best


def test_coupling_columns_are_made_five_times_faster_than_by_nemos():
    """160 columns (20 units x 8 functions over 0.8 s) on 180,000 bins of 10 ms, against the second call of NeMoS, both in float64.

    In turns, so that the machine's load falls on both; the median of the ratios counts.
    """
    nemos = pytest.importorskip("nemos")
    import jax

    counts = np.random.default_rng(0).poisson(0.05, (180_000, 20)).astype(np.int32)
    ours = ge.basis.RaisedCosineLog(n=8, window=0.8)
    theirs = nemos.basis.RaisedCosineLogConv(8, window_size=80)
    signal = counts.astype(float)
    times = []
    with jax.enable_x64(True):
        expected = np.asarray(theirs.compute_features(signal))  # compiles
        np.testing.assert_allclose(ours.convolve(counts, 0.01), expected, atol=1e-10)
        for _ in range(9):
            slow = _seconds(lambda: np.asarray(theirs.compute_features(signal)), 1)
            times.append((slow, _seconds(lambda: ours.convolve(counts, 0.01), 1)))
    slow, fast = np.median(times, axis=0)
    ratio = np.median([slow / fast for slow, fast in times])
    print(f"\n160 coupling columns x 180,000 bins: {fast:.3f} s, NeMoS's second call {slow:.2f} s, {ratio:.1f} times")
    assert ratio >= 5


def test_an_hour_at_a_millisecond_goes_through_in_chunks():
    """800 columns (100 units x 8) on 3,600,000 bins: the rate and the memory of going through the rows once."""
    rng = np.random.default_rng(1)
    counts = (rng.random((3_600_000, 100), dtype=np.float32) < 0.005).astype(np.int32)
    lags, kernel = ge.basis.RaisedCosineLog(n=8, window=0.1).kernel(0.001)
    offsets, step, measured = np.array([0, len(counts)]), 2**21 // 800, 40
    started = time.perf_counter()
    for part in range(measured):
        convolve_pieces(counts, lags, kernel, offsets, part * step, (part + 1) * step)
    whole = (time.perf_counter() - started) * len(counts) / (measured * step)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"\n800 columns x 3,600,000 bins: {whole:.0f} s a pass, peak {peak / 1e9:.1f} GB")
    assert peak < 4e9


def test_a_preview_on_real_data_takes_less_than_a_tenth_of_a_second(shared_data):
    from glmengine.analysis import Time
    from glmengine.preview import feature_preview
    from glmengine.terms import CouplingTerm, CovariateTerm, Factor

    recording = ge.open_recording(shared_data / "linear-track.nwb")
    terms = [CouplingTerm(basis=ge.basis.RaisedCosineLog(n=8, window=0.2))]
    variable = next(iter(recording.variables))
    for family in (ge.basis.BSpline, ge.basis.NaturalSpline, ge.basis.MSpline, ge.basis.RaisedCosineLinear, ge.basis.Fourier):
        terms.append(CovariateTerm(factors=(Factor(variable=variable, basis=family(bounds=None)),)))
    for term in terms:
        family = (term.basis if term.kind == "coupling" else term.factors[0].basis).family
        taken = _seconds(lambda term=term: feature_preview(term, recording, Time(bin_size=0.01)))
        print(f"\npreview of {term.kind} {family}: {taken * 1e3:.0f} ms")
        assert taken < 0.1
