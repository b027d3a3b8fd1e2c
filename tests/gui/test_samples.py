"""The demonstration is fitted once and shown at once afterwards, and never where it would be an old answer."""

from __future__ import annotations

from pathlib import Path


def test_the_demonstration_is_kept_until_anything_changes(tmp_path, monkeypatch, small_recording, small_analysis, small_result):
    import glmengine
    from glmengine import simulate
    from glmengine.context import SILENT
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
