"""A batch on a Dask scheduler: the same numbers, also where a worker is killed."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

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
    monkeypatch.setattr("glmengine.batch.cluster.CONNECT", 1.0)
    with pytest.raises(GlmError, match=r"cannot be reached.*dask scheduler"):
        run_batch(quick, ["a.nwb"], tmp_path, scheduler="tcp://127.0.0.1:9")
