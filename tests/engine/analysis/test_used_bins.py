"""The bins of a question are counted once, whoever asks, and anew for another question."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import numpy as np

from glmengine.analysis import used_bins as module
from glmengine.analysis.usable_time import usable_time
from glmengine.analysis.used_bins import used_bins
from glmengine.design.fit_size import estimate
from glmengine.design.fitted_time import fitted_time


def test_share_size_and_validation_count_the_bins_once(small_analysis, small_recording, monkeypatch):
    counted = []
    count = module.usable_bins
    monkeypatch.setattr(module, "usable_bins", lambda *given: counted.append(1) or count(*given))
    recording = replace(small_recording)
    share, size, time = (
        usable_time(small_analysis, recording),
        estimate(small_analysis, recording),
        fitted_time(small_analysis, recording),
    )
    assert len(counted) == 1
    assert share.n_used == size.n_valid == time.n_bins
    usable_time(small_analysis.with_(seed=5), recording)  # nothing that bins depend on
    assert len(counted) == 1


def test_another_bin_is_another_count(small_analysis, small_recording):
    recording = replace(small_recording)
    first = used_bins(small_analysis, recording)
    other = used_bins(small_analysis.with_(time=small_analysis.time.with_(bin_size=0.04)), recording)
    assert other.grid.n_bins < first.grid.n_bins
    again = used_bins(small_analysis, recording)
    np.testing.assert_array_equal(again.rows, first.rows)


def test_the_answer_does_not_keep_the_recording_alive(small_analysis, small_recording):
    recording = replace(small_recording)
    used_bins(small_analysis, recording)
    gone = weakref.ref(recording)
    del recording
    gc.collect()
    assert gone() is None
