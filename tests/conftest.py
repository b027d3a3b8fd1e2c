"""What all tests share: the real recordings where they are at hand, a small simulated one, and a home of their own."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

PROJECT = Path(__file__).resolve().parent.parent

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_API", "pyqt6")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PyQt6")
os.environ.setdefault("MPLBACKEND", "agg")

# Threads of scikit-learn that wait for each other sleep: at full load they would take fifty times what a small fit does, from all others
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# Those of the BLAS of the processes that tests start, too: small products took ten times their work on a machine that had other things to do
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")

# Tests start hundreds of processes, each of which would else translate the whole program anew: a third of what its start takes
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# The same examples in every run, so that a failure is the change's own; to look further: HYPOTHESIS_PROFILE=default pytest --hypothesis-seed=7
settings.register_profile("repeatable", derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

# While libraries are imported and tests collected there is no garbage: to look for it took a quarter of that time
gc.disable()

_ended_with: list[int] = []


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: garbage is not looked for among its half a million objects each time."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(exitstatus: int) -> None:
    _ended_with.append(int(exitstatus))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Leave the way the program leaves (`glmgui.app.leave`): PyQt's own way out of the process now and then crashes."""
    if _ended_with and "PyQt6.QtCore" in sys.modules:
        from glmgui.app import leave

        leave(_ended_with[-1])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    """Files are shared out so that a process that crashes does not leave the others waiting for ever."""
    if config.getvalue("dist") != "loadfile":
        return None
    from tests.sharing import SharedFiles

    return SharedFiles(config, log)


@pytest.fixture(scope="session")
def project() -> Path:
    """Root of the checkout."""
    return PROJECT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real recordings beside the project; the test is skipped where it is absent."""
    folder = PROJECT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the real recordings are not at {folder}")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory):
    """Settings, recent files and recovery files of the tests stay out of the user's own; the compilation cache is kept."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
            patch.setenv(variable, str(home / variable.lower()))
        yield home


@pytest.fixture(scope="session", autouse=True)
def _algebra_on_one_thread():
    """The BLAS keeps to one thread: its others would wait at full load for the next product, in the way of the other tests. The program's own
    threads are as many as ever."""
    import scipy.linalg  # with a BLAS of its own  # noqa: F401

    from glmengine.threads import quiet_blas

    with ExitStack() as stack:
        stack.enter_context(quiet_blas())
        yield stack


@pytest.fixture(scope="module")
def blas_on_all_threads(_algebra_on_one_thread: ExitStack):
    """For tests of how many threads the BLAS uses."""
    from glmengine.threads import quiet_blas

    _algebra_on_one_thread.close()
    yield
    _algebra_on_one_thread.enter_context(quiet_blas())


@pytest.fixture(scope="session")
def small_recording():
    """Two minutes of three simulated units: ``hd`` follows head direction, ``place`` follows ``position.x``, ``flat`` neither.

    The covariates are ``head_direction`` (rad, an angle), ``position`` (cm, components x and y) at 50 Hz; the epochs are
    ``all``, ``first`` and ``second``, the two halves.
    """
    import pandas as pd
    import pynapple as nap

    from glmengine.recording.recording import Covariate, Recording

    rng = np.random.default_rng(7)
    step, duration = 0.02, 120.0
    times = np.arange(0, duration, step)
    direction = np.mod(np.cumsum(rng.normal(0, 0.15, times.size)), 2 * np.pi)
    x = 50 + 45 * np.sin(2 * np.pi * times / 17)
    y = 50 + 45 * np.cos(2 * np.pi * times / 23)
    rates = {
        "hd": 20 * np.exp(2 * (np.cos(direction - np.pi) - 1)),
        "place": 25 * np.exp(-((x - 40) ** 2) / (2 * 12**2)),
        "flat": np.full(times.size, 5.0),
    }
    support = nap.IntervalSet(0.0, duration)
    spikes = {}
    for index, rate in enumerate(rates.values()):
        counts = rng.poisson(rate * step)
        stamps = np.repeat(times, counts) + rng.uniform(0, step, counts.sum())
        spikes[index] = nap.Ts(np.sort(stamps), time_support=support)
    return Recording(
        name="small",
        unit_names=tuple(rates),
        spikes=nap.TsGroup(spikes, time_support=support),
        unit_table=pd.DataFrame({"region": ["ADN", "CA1", "CA1"]}, index=list(rates)),
        covariates={
            "head_direction": Covariate("head_direction", nap.Tsd(times, direction, time_support=support), "rad", "angle"),
            "position": Covariate(
                "position",
                nap.TsdFrame(times, np.column_stack([x, y]), columns=["x", "y"], time_support=support),
                "cm",
            ),
        },
        epochs={
            "all": support,
            "first": nap.IntervalSet(0.0, duration / 2),
            "second": nap.IntervalSet(duration / 2, duration),
        },
    )
