"""How fast features are made: coupling columns against NeMoS, memory of a long recording, previews."""

from __future__ import annotations

import resource
import time

import numpy as np
import pytest

import glmengine as ge
from glmengine.timegrid.convolution import convolve_pieces


def _seconds(work, repeats: int = 3) -> float:
    best = np.inf
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return best


def test_coupling_columns_are_made_five_times_faster_than_by_nemos():
    """160 columns (20 units x 8 functions over 0.8 s) on 180,000 bins of 10 ms, against the second call of NeMoS, both in float64.

    In turns, so that the machine's load falls on both, and the least time of each counts; their processor times hardly depend on the load.
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
            for work in (lambda: np.asarray(theirs.compute_features(signal)), lambda: ours.convolve(counts, 0.01)):
                started = time.perf_counter(), time.process_time()
                work()
                times.append((time.perf_counter() - started[0], time.process_time() - started[1]))
    table = np.array(times).reshape(-1, 2, 2)  # turn, library, clock
    (slow, slow_work), (fast, fast_work) = table.min(axis=0)
    print(
        f"\n160 coupling columns x 180,000 bins: {fast:.3f} s, NeMoS's second call {slow:.2f} s, {slow / fast:.1f} times "
        f"(median of the turns {np.median(table[:, 0, 0] / table[:, 1, 0]):.1f}); "
        f"processor time {fast_work:.2f} and {slow_work:.2f} s, {slow_work / fast_work:.1f} times"
    )
    assert slow / fast >= 5


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


def terms_for(recording):
    """A term of every kind with every basis that suits it, on the first variables of a recording."""
    from glmengine.analysis.terms import ColumnsTerm, CouplingTerm, CovariateTerm, EventTerm, Factor, FilterTerm, HistoryTerm

    B = ge.basis
    kernels = [B.RaisedCosineLog, B.RaisedCosineLinear, B.BSpline, B.MSpline, B.NaturalSpline, B.History, B.Laguerre, B.Boxcar]
    for basis in kernels:
        yield HistoryTerm(basis=basis(window=0.2))
    yield CouplingTerm(basis=B.RaisedCosineLog(n=8, window=0.2))
    plain = [name for name, (covariate, _) in recording.variables.items() if covariate.kind == "continuous"][:3]
    for variable in plain[:1]:
        yield FilterTerm(variable=variable, basis=B.RaisedCosineLog(n=8, window=0.5))
        for basis in (B.BSpline, B.NaturalSpline, B.MSpline, B.CyclicBSpline, B.RaisedCosineLinear, B.Fourier, B.Boxcar):
            yield CovariateTerm(factors=(Factor(variable=variable, basis=basis(bounds=None)),))
        yield CovariateTerm(factors=(Factor(variable=variable, basis=B.BSpline(n=12, placement="quantiles")),))
        yield CovariateTerm(factors=(Factor(variable=variable, basis=B.Polynomial(n=3)),))
        yield ColumnsTerm(variables=(variable,))
        yield HistoryTerm(basis=B.RaisedCosineLog(n=8, window=0.2), gain=variable)
    for event in list(recording.events)[:2]:
        yield EventTerm(events=event, before=0.5, after=1.0, basis=B.RaisedCosineLinear(n=10))
    for size, n in ((2, 8), (3, 5)):
        if len(plain) >= size:
            yield CovariateTerm(factors=tuple(Factor(variable=name, basis=B.BSpline(n=n)) for name in plain[:size]))


def test_a_preview_on_real_data_takes_less_than_a_tenth_of_a_second(shared_data):
    """Of any term on any recording: functions, and features on ten seconds of the data."""
    from glmengine.analysis.analysis import Time
    from glmengine.design.preview import feature_preview
    from glmengine.errors import GlmError

    slowest: tuple[float, str] = (0.0, "")
    for path in sorted(shared_data.glob("*.nwb")):
        recording = ge.open_recording(path)
        for term in terms_for(recording):
            first = term.factors[0] if hasattr(term, "factors") else term
            family = first.basis.family if hasattr(first, "basis") else term.kind
            try:
                taken = _seconds(lambda recording=recording, term=term: feature_preview(term, recording, Time(bin_size=0.001)))
            except GlmError as error:  # as the window says it
                print(f"{path.name}: {term.label} {family}: {error.message}")
                continue
            slowest = max(slowest, (taken, f"{path.name}, {term.kind} {term.label}, {family}"))
        print(f"{path.name}: slowest so far {slowest[0] * 1e3:.0f} ms ({slowest[1]})", flush=True)
    assert slowest[1], "there is a recording to preview"
    assert slowest[0] < 0.1
