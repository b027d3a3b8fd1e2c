"""Batches and answers on a Dask scheduler: the same numbers, also where a worker is killed."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest
import xarray as xr

import glmengine as ge
from glmengine.answers import population
from glmengine.batch.many_recordings import run_batch
from glmengine.errors import GlmError
from glmengine.export.nwb import write_nwb
from glmengine.results.result import Result

distributed = pytest.importorskip("distributed", reason="Dask is not installed: pip install glmgui[cluster]")


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as found:
        yield found


def test_a_cluster_gives_the_same_and_a_worker_that_is_killed_costs_nothing(cluster, quick, small_recording, tmp_path):
    given = [str(tmp_path / f"{name}.nwb") for name in "abc"]
    for path in given:
        write_nwb(small_recording, path)
    (tmp_path / "broken.nwb").write_bytes(b"not a recording")
    killed = []

    def kill_one(outcome):
        if not killed:
            killed.append(min(worker.pid for worker in cluster.workers.values()))
            os.kill(killed[0], signal.SIGKILL)

    outcomes = run_batch(
        quick,
        [*given, str(tmp_path / "broken.nwb")],
        tmp_path / "out",
        figures=False,
        scheduler=cluster.scheduler_address,
        report=kill_one,
    )
    assert killed
    assert [bool(outcome.reason) for outcome in outcomes] == [False, False, False, True]
    assert "broken.nwb" in outcomes[-1].reason
    run_batch(quick, given[:1], tmp_path / "here", figures=False)
    here = Result.load(tmp_path / "here" / "a" / "result.nc").coefficients.values
    for name in "abc":
        np.testing.assert_array_equal(Result.load(tmp_path / "out" / name / "result.nc").coefficients.values, here)


def test_a_scheduler_that_is_not_there_is_said(quick, tmp_path, monkeypatch):
    monkeypatch.setattr("glmengine.parallel.cluster.CONNECT", 1.0)
    with pytest.raises(GlmError, match=r"cannot be reached.*dask scheduler"):
        run_batch(quick, ["a.nwb"], tmp_path, scheduler="tcp://127.0.0.1:9")


def test_blocks_of_units_of_one_recording_spread_over_a_cluster(cluster, quick, small_recording, tmp_path):
    write_nwb(small_recording, tmp_path / "long.nwb")
    given = {"figures": False, "block_seconds": 1e-3}
    outcomes = run_batch(quick, [str(tmp_path / "long.nwb")], tmp_path / "out", scheduler=cluster.scheduler_address, **given)
    assert [outcome.reason for outcome in outcomes] == [""]
    run_batch(quick, [str(tmp_path / "long.nwb")], tmp_path / "here", **given)
    there, here = (Result.load(tmp_path / name / "long" / "result.nc") for name in ("out", "here"))
    assert there.provenance["blocks"] == 3
    xr.testing.assert_identical(there.coefficients, here.coefficients)
    xr.testing.assert_identical(there.scores, here.scores)


def test_answers_of_a_cluster_are_those_of_this_process_whoever_is_killed(cluster, small_recording, monkeypatch, tmp_path):
    monkeypatch.setattr(population, "FIRST", 0.0)
    monkeypatch.setattr(population, "NEXT", 0.0)
    term = {"kind": "covariate", "factors": [{"variable": "head_direction", "basis": {"family": "cyclic_b_spline", "n": 5}}]}
    question = ge.Analysis.from_dict({"time": {"bin_size": 0.05}, "terms": [term], "model": {"strengths": [1e-3]}})
    here = ge.explain(small_recording, question, shifts=20, simulations=2)
    killed = []

    def kill_one(part):
        if not killed:
            killed.append(min(worker.pid for worker in cluster.workers.values()))
            os.kill(killed[0], signal.SIGKILL)

    there = ge.explain(
        small_recording, question, shifts=20, simulations=2, filled=kill_one, scheduler=cluster.scheduler_address, out=tmp_path
    )
    assert killed
    for name, dataset in here.datasets().items():
        xr.testing.assert_identical(dataset, there.datasets()[name])
    assert here.notes[:-1] == there.notes[:-1]
    assert cluster.scheduler_address in there.notes[-1]
