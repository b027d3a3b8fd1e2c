"""Stretches that are fitted, held out and left out: the same time that a fit divides."""

import numpy as np
import pytest

from glmengine.analysis.analysis import Analysis
from glmengine.design.fitted_time import fitted_time
from glmengine.errors import GlmError


def seconds(pieces: np.ndarray) -> float:
    return float(np.sum(pieces[:, 1] - pieces[:, 0]))


def test_folds_gaps_and_what_is_fitted_add_up(small_recording, small_analysis):
    analysis = small_analysis.with_(
        validation=small_analysis.validation.with_(folds=3, split="interleaved", blocks_per_fold=2, gap=True)
    )
    found = fitted_time(analysis, small_recording)
    assert list(found.folds) == ["fold 1", "fold 2", "fold 3"]
    assert all(len(pieces) >= 2 for pieces in found.folds.values())
    held_out = sum(seconds(pieces) for pieces in found.folds.values())
    assert held_out + seconds(found.gaps) == pytest.approx(seconds(found.fitted))
    assert found.n_bins * analysis.time.bin_size == pytest.approx(seconds(found.fitted))
    assert seconds(found.gaps) > 0
    assert any("left out" in note for note in found.notes)


def test_what_is_only_tested_is_never_fitted(small_recording, small_analysis):
    one = small_analysis.model.with_(strengths=(1e-4,))
    analysis = small_analysis.with_(model=one, validation=small_analysis.validation.with_(folds=0, test_epochs=("first",)))
    found = fitted_time(analysis, small_recording)
    assert not found.folds
    first = np.asarray(small_recording.epochs["first"].values)
    assert seconds(found.tested) == pytest.approx(seconds(first), abs=0.1)
    assert found.fitted[:, 0].min() >= first.max() - 0.05


def test_the_count_of_a_bin_is_that_of_the_unit_in_the_middle(small_recording, small_analysis):
    found = fitted_time(small_analysis, small_recording)
    assert found.spikes_a_bin == pytest.approx(np.median(small_recording.mean_rates) * small_analysis.time.bin_size)


def test_an_unknown_epoch_is_said(small_recording):
    analysis = Analysis.from_dict({"validation": {"test_epochs": ["sleep"]}})
    with pytest.raises(GlmError, match="sleep"):
        fitted_time(analysis, small_recording)
