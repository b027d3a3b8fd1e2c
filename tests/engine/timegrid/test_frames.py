"""Counts with time stamps of cameras: rounded, jittered, drifting, with frames dropped; each frame counts once, in the bin that holds it."""

from __future__ import annotations

import numpy as np
import pynapple as nap
import pytest

from glmengine.analysis.analysis import Analysis, Time
from glmengine.analysis.time_grid import count_notes, make_grid
from glmengine.analysis.usable_time import usable_time
from glmengine.errors import GlmError
from glmengine.io.cleaning import clean
from glmengine.io.compose import compose
from glmengine.io.raw import RawRecording, RawSeries
from glmengine.recording.binned import count_bin_width, count_spikes
from glmengine.recording.recording import Recording
from glmengine.timegrid.frames import frame_clock


def recording_of(times, values=None):
    """A recording of counts with such stamps, as it comes out of a file."""
    values = np.ones(len(times), dtype=np.int64) if values is None else values
    counts = RawSeries("counts", np.asarray(times, float), np.column_stack([values, values]))
    return compose(RawRecording(counts=counts, unit_names=["a", "b"]), "made")


def counted(recording, bin_size):
    grid = make_grid(Time(bin_size=bin_size), recording)
    return grid, count_spikes(recording, grid)


ROUNDED = np.round(np.arange(9000) / 30, 3)


@pytest.mark.parametrize(
    ("bin_size", "bins"), [(1 / 30, 9000), (0.0333333, 9000), (0.0333, 9000), (0.1, 3000), (0.3, 1000), (3.3, 90)]
)
def test_thirty_frames_a_second_in_whole_milliseconds(bin_size, bins):
    recording = recording_of(ROUNDED)
    assert count_bin_width(recording) == pytest.approx(1 / 30, rel=1e-9)
    grid, counts = counted(recording, bin_size)
    assert counts.shape == (bins, 2)
    assert counts.dtype.kind == "i"  # none is missing
    np.testing.assert_array_equal(counts, round(bin_size * 30))
    # bins lie where the frames are
    np.testing.assert_allclose(grid.starts[0], -1 / 60, atol=1e-3)
    np.testing.assert_allclose(grid.stops[-1], bins * round(bin_size * 30) / 30 - 1 / 60, atol=1e-3)


def test_bins_that_are_no_whole_number_of_frames_are_refused_before_anything_is_counted():
    with pytest.raises(GlmError, match=r"came in bins of 0\.0333333 s, which cannot be made into bins of 0\.05 s") as refused:
        usable_time(Analysis(time=Time(bin_size=0.05)), recording_of(ROUNDED))
    assert refused.value.field == "time.bin_size"


def test_what_is_dropped_and_what_was_meant_is_said():
    recording = recording_of(ROUNDED)
    assert any("not in even steps" in note and "0.03333333 s" in note for note in recording.notes)
    time = Time(bin_size=3.3)
    notes = count_notes(time, recording, make_grid(time, recording))
    assert notes == [
        "90 of the 9,000 bins in which the counts came lie in no whole bin of 3.3 s (at the ends of stretches and beside frames that are "
        "missing) and are not used."
    ]
    time = Time(bin_size=0.0333)
    assert "Bins of 0.0333 s are taken as 0.03333333 s" in count_notes(time, recording, make_grid(time, recording))[0]
    assert count_notes(Time(bin_size=0.3), recording, make_grid(Time(bin_size=0.3), recording)) == []


@pytest.mark.parametrize("jitter", [0.0, 0.003, 0.008])
@pytest.mark.parametrize("ratio", [1, 4, 60])
def test_jitter_loses_no_frame(jitter, ratio):
    rng = np.random.default_rng(0)
    stamps = np.sort(np.arange(12000) / 20 + np.clip(rng.normal(0, jitter, 12000), -0.024, 0.024))
    values = rng.poisson(2, 12000)
    recording = recording_of(stamps, values)
    assert count_bin_width(recording) == pytest.approx(0.05, rel=5e-5)
    _, counts = counted(recording, ratio * 0.05)
    np.testing.assert_array_equal(counts[:, 0], values.reshape(-1, ratio).sum(axis=1))


@pytest.mark.parametrize("drift", [2e-3, -2e-3])
def test_a_clock_that_drifts_keeps_its_frames_within_a_frame_of_their_bins(drift):
    rng = np.random.default_rng(1)
    n = 20_000
    steps = 0.05 * (1 + drift * np.arange(n) / n)
    stamps = np.cumsum(steps) + rng.normal(0, 0.002, n)
    recording = recording_of(stamps)
    assert count_bin_width(recording) == pytest.approx(steps.mean(), rel=5e-5)
    clock = frame_clock(stamps)
    assert np.abs(clock.times - stamps).max() < 0.05
    grid, counts = counted(recording, 0.05)
    # about 0.05 s of drift here: five frames change places, none is lost between pieces
    assert np.nansum(counts[:, 0]) >= n - 6
    rows = grid.rows_of(clock.times)
    assert np.abs(grid.centres[rows[rows >= 0]] - stamps[rows >= 0]).max() < 0.05


def test_dropped_frames_are_missing_and_the_others_stay_in_step():
    rng = np.random.default_rng(2)
    kept = np.ones(9000, dtype=bool)
    kept[rng.choice(np.arange(10, 8990), 300, replace=False)] = False
    stamps, values = ROUNDED[kept], np.arange(9000)[kept]
    recording = recording_of(stamps, values)
    assert count_bin_width(recording) == pytest.approx(1 / 30, rel=1e-9)
    assert any("300 samples missing in between" in note for note in recording.notes)
    grid, counts = counted(recording, 1 / 30)
    np.testing.assert_array_equal(counts[:, 0], values)
    np.testing.assert_allclose(grid.centres, np.arange(9000)[kept] / 30, atol=1e-3)


def test_every_frame_of_a_long_series_whose_bin_is_no_short_decimal():
    stamps = np.arange(15_536) * 0.0499999987 + 0.025
    recording = recording_of(stamps)
    for bin_size in (0.05, 0.1, 0.2):
        grid, counts = counted(recording, bin_size)
        assert counts.sum() == 2 * 15_536
        assert grid.n_bins == 15_536 // round(bin_size / 0.05)


def test_stamps_in_single_precision():
    stamps = (np.arange(15_536) * 0.05 + 1000.025).astype(np.float32).astype(np.float64)
    recording = recording_of(stamps)
    assert count_bin_width(recording) == pytest.approx(0.05, rel=1e-9)
    assert counted(recording, 0.05)[1].sum() == 2 * 15_536


def test_pieces_whose_gaps_are_no_whole_number_of_frames_each_begin_at_their_own():
    first, second = np.arange(1000) * 0.01 + 0.005, np.arange(500) * 0.01 + 10.0317
    support = nap.IntervalSet([0, 10.0267], [10, 15.0267])
    frame = nap.TsdFrame(np.concatenate([first, second]), np.ones((1500, 1)), time_support=support)
    recording = Recording("binned", ("0",), counts=frame, epochs={"all": support})
    assert count_bin_width(recording) == 0.01
    grid, counts = counted(recording, 0.02)
    np.testing.assert_allclose(grid.pieces, [[0, 10], [10.0267, 15.0267]])
    assert (counts == 2).all()
    assert len(counts) == 750


def test_responses_of_a_bin_with_a_frame_too_many_are_not_larger():
    stamps = np.arange(2000) / 20
    stamps[1000:] -= 0.049  # the clock jumps back by a frame
    recording = recording_of(stamps, np.full(2000, 0.5))
    _, counts = counted(recording, 0.5)
    known = counts[np.isfinite(counts)]
    np.testing.assert_allclose(known, 5.0)
    assert len(known) >= 2 * 198


def test_a_camera_without_any_rhythm_counts_each_frame_once():
    rng = np.random.default_rng(3)
    stamps = np.cumsum(rng.uniform(0.03, 0.07, 5000))
    recording = recording_of(stamps)
    step = count_bin_width(recording)
    assert step == pytest.approx((stamps[-1] - stamps[0]) / 4999, rel=1e-4)
    _, counts = counted(recording, step)
    assert np.nansum(counts[:, 0]) > 0.98 * 5000


@pytest.mark.parametrize(("rate", "decimals"), [(120, 2), (30, 0), (7, 0), (250, 2)])
def test_frames_whose_stamps_were_rounded_to_one_are_counted_once_each(rate, decimals):
    """Coarser than the frames come, so that several have one stamp: cut off, as whole seconds are, or rounded."""
    values = np.random.default_rng(4).poisson(0.4, (9000, 2))
    stamps = np.floor(np.arange(9000) / rate) if decimals == 0 else np.round(np.arange(9000) / rate, decimals)
    found = clean(RawRecording(unit_names=["a", "b"], counts=RawSeries("counts", stamps, values)))
    np.testing.assert_array_equal(found.counts.values, values)
    assert any("all are kept, as frames whose times were rounded" in note for note in found.notes)
    assert frame_clock(found.counts.times).step == pytest.approx(1 / rate, rel=3e-4)


def test_rows_that_stand_twice_count_once():
    values = np.random.default_rng(4).poisson(0.4, (900, 2))
    twice = RawSeries("counts", np.repeat(np.arange(900) / 30, 2), np.repeat(values, 2, axis=0))
    found = clean(RawRecording(unit_names=["a", "b"], counts=twice))
    np.testing.assert_array_equal(found.counts.values, values)
    assert any("900 samples at a repeated time left out" in note for note in found.notes)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("steps", [(1 / 30, 1 / 15), (1 / 15, 1 / 30), (0.02, 0.05)])
def test_frames_of_a_camera_that_changes_its_rate_are_refused_saying_when(steps, whole):
    times = np.round(np.cumsum(np.repeat(steps, 3000)), 3)
    values = np.arange(6000) % 3 if whole else np.random.default_rng(0).normal(size=6000)
    with pytest.raises(
        GlmError, match=f"every {steps[0]:.2g}.* up to about {times[3000]:.0f}.* every {steps[1]:.2g}.*bins of one width"
    ):
        recording_of(times, values)


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_frames_that_are_dropped_here_and_there_are_no_other_rate(share):
    kept = np.random.default_rng(1).random(9000) > share
    recording = recording_of(ROUNDED[kept])
    assert count_bin_width(recording) == pytest.approx(1 / 30, rel=1e-6)


def test_rows_at_a_time_given_twice_are_left_out_of_counts_as_of_covariates():
    even = np.arange(3000) * 0.02
    again = np.sort(np.random.default_rng(2).choice(2998, 30, replace=False) + 1)
    times = np.insert(even, again + 1, even[again])
    values = np.ones(len(times), dtype=np.int64)
    values[again + 1 + np.arange(30)] = 7  # with other values than the row before
    recording = recording_of(times, values)
    assert count_bin_width(recording) == pytest.approx(0.02, rel=1e-9)
    _, counts = counted(recording, 0.02)
    np.testing.assert_array_equal(counts, 1)
    assert any("30 samples at a repeated time left out" in note for note in recording.notes)


def test_frames_so_late_that_two_have_one_stamp_are_all_kept():
    rng = np.random.default_rng(3)
    times = np.arange(6000) / 30
    late = np.sort(rng.choice(np.arange(1, 5990, 10), 40, replace=False))
    times[late] = times[late + 1]
    recording = recording_of(np.round(times, 3), np.arange(6000))
    _, counts = counted(recording, 1 / 30)
    assert np.nansum(counts) == 2 * np.arange(6000).sum()
