"""The demonstration is fitted once and shown at once afterwards, and never where it would be an old answer."""

from __future__ import annotations

from pathlib import Path

import pytest


def test_the_demonstration_is_kept_until_anything_changes(tmp_path, monkeypatch, small_recording, small_analysis, small_result):
    import glmengine
    from glmengine.context import SILENT
    from glmengine.simulation import catalogue as simulate
    from glmgui import samples

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(simulate, "sample", lambda name=None, seed=0: small_recording)
    monkeypatch.setattr(simulate, "sample_analysis", lambda name=None: small_analysis)
    runs = []

    def run(analysis, recording, context):
        from dataclasses import replace

        runs.append(recording)
        told = {**small_result.provenance, "analysis_sha256": analysis.sha256, "recording_sha256": recording.sha256}
        return replace(small_result, provenance=told)

    monkeypatch.setattr(glmengine, "run", run, raising=False)
    for _ in range(2):
        recording, analysis, result = samples.fitted(SILENT)
        assert result.is_for(analysis, recording)
    assert len(runs) == 1
    monkeypatch.setattr(samples, "signature", lambda: "of another program")
    samples.fitted(SILENT)
    assert len(runs) == 2
    kept = Path(tmp_path) / "glmgui" / "samples" / f"{simulate.DEMO}.nc"
    kept.write_bytes(kept.read_bytes()[:50])  # damaged
    samples.fitted(SILENT)
    assert len(runs) == 3
    data = kept.with_suffix(".nwb")
    data.unlink()  # gone
    samples.fitted(SILENT)
    assert len(runs) == 4


def test_a_sample_that_another_window_holds_is_left_as_it_is(tmp_path, monkeypatch, small_recording, small_analysis):
    from glmengine.context import SILENT
    from glmengine.simulation import catalogue as simulate
    from glmgui import samples

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(simulate, "sample", lambda name=None, seed=0: small_recording)
    monkeypatch.setattr(simulate, "sample_analysis", lambda name=None: small_analysis)
    held, _ = samples.make(None, SILENT)
    written = held.path.read_bytes()
    again, _ = samples.make(None, SILENT)
    assert again.path == held.path
    assert again.sha256 == held.sha256
    assert held.path.read_bytes() == written
    held.path.write_bytes(written[:1000])  # damaged: made anew
    mended, _ = samples.make(None, SILENT)
    assert mended.unit_names == small_recording.unit_names


def test_a_window_waits_for_another_that_makes_the_same_sample(tmp_path, monkeypatch):
    from qtpy.QtCore import QLockFile

    from glmengine.context import Context
    from glmengine.errors import Cancelled
    from glmgui import samples

    class Impatient(Context):
        asked = 0

        def check(self) -> None:
            self.asked += 1
            if self.asked > 2:
                raise Cancelled("given up")

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "glmgui" / "samples").mkdir(parents=True)
    other = QLockFile(str(tmp_path / "glmgui" / "samples" / "head-direction-place.nwb.lock"))
    assert other.tryLock(0)
    with pytest.raises(Cancelled):
        samples.make("head-direction-place", Impatient())
    other.unlock()
