"""Convolution: exact, linear, shifted with its input, and silent across borders."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glmengine.timegrid.convolution import convolve_pieces, full_window, offsets_of


def plain_loop(signal, lags, kernel, offsets):
    out = np.full((len(signal), signal.shape[1], kernel.shape[1]), np.nan)
    for low, high in itertools.pairwise(offsets):
        for row in range(low, high):
            if row - lags[-1] >= low and row - lags[0] < high:
                out[row] = sum(signal[row - lag][:, None] * weights for lag, weights in zip(lags, kernel, strict=True))
    return out.reshape(len(signal), -1)


@settings(max_examples=60, deadline=None)
@given(
    pieces=st.lists(st.integers(1, 30), min_size=1, max_size=5),
    length=st.integers(1, 12),
    first=st.integers(-14, 4),
    rate=st.sampled_from([0.0, 0.03, 0.5, 3.0]),
    seed=st.integers(0, 999),
)
def test_counts_are_filtered_as_a_plain_loop_does(pieces, length, first, rate, seed):
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(pieces)])
    counts = rng.poisson(rate, (offsets[-1], 3)).astype(np.int32)
    lags, kernel = first + np.arange(length), rng.normal(size=(length, 2))
    expected = plain_loop(counts.astype(float), lags, kernel, offsets)
    np.testing.assert_allclose(convolve_pieces(counts, lags, kernel, offsets), expected, atol=1e-12)
    start, stop = sorted(rng.integers(0, offsets[-1] + 1, 2))
    np.testing.assert_allclose(convolve_pieces(counts, lags, kernel, offsets, start, stop), expected[start:stop], atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 999), shift=st.integers(1, 20), scale=st.floats(-10, 10))
def test_convolution_is_linear_and_shifts_with_its_input(seed, shift, scale):
    rng = np.random.default_rng(seed)
    one, other = rng.normal(size=(2, 80, 1))
    lags, kernel = np.arange(1, 9), rng.normal(size=(8, 3))
    whole = np.array([0, 80])

    def filtered(signal):
        return convolve_pieces(signal, lags, kernel, whole)

    np.testing.assert_allclose(filtered(one + scale * other), filtered(one) + scale * filtered(other), atol=1e-10)
    moved = filtered(np.concatenate([np.zeros((shift, 1)), one[:-shift]]))
    np.testing.assert_allclose(moved[8 + shift :], filtered(one)[8:-shift], atol=1e-12)


def test_rows_without_a_full_past_are_invalid_in_every_piece():
    offsets = np.array([0, 1, 4, 20])  # one bin, shorter than the window, longer
    inside = full_window(np.arange(1, 6), offsets)
    assert np.flatnonzero(inside).tolist() == list(range(9, 20))


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_missing_sample_spoils_the_rows_that_see_it_and_no_other(share):
    signal = np.full((60, 1), share)
    signal[30] = np.nan
    lags = np.arange(1, 6)
    values = convolve_pieces(signal, lags, np.ones((5, 1)), np.array([0, 60]))
    assert np.flatnonzero(np.isnan(values[5:, 0])).tolist() == [26, 27, 28, 29, 30]


def test_pieces_of_epochs_with_a_gap_and_of_touching_ones():
    epochs = np.array([[0.0, 0.3], [0.3, 0.5], [0.8, 1.0]])
    assert offsets_of(None, 10, epochs, 0.1).tolist() == [0, 3, 5, 8, 10]
    assert offsets_of(None, 10, None, 0.1).tolist() == [0, 10]


@pytest.mark.parametrize("rate", [0.02, 2.0])
def test_long_signals_are_filtered_stretch_by_stretch_without_seams(rate):
    counts = np.random.default_rng(1).poisson(rate, (5000, 2)).astype(np.int32)
    lags, kernel = np.arange(1, 8), np.random.default_rng(2).normal(size=(7, 2))
    offsets = np.array([0, 2047, 2049, 5000])
    expected = plain_loop(counts.astype(float), lags, kernel, offsets)
    np.testing.assert_allclose(convolve_pieces(counts, lags, kernel, offsets), expected, atol=1e-12)


def test_a_long_window_needs_no_more_memory_than_its_kernels():
    import tracemalloc

    lags, kernel = 1 + np.arange(20_000), np.ones((20_000, 1))
    tracemalloc.start()
    try:
        out = convolve_pieces(np.ones((20_500, 1)), lags, kernel, np.array([0, 20_500]), 19_990, 20_010)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    np.testing.assert_allclose(out[:, 0], [np.nan] * 10 + [20_000.0] * 10)
    assert peak < 2e8  # an identity of as many lags takes 3.2e9
