"""What computes is chosen by name, and JAX is not imported where nothing needs it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import glmengine as ge
from glmengine.backend import jax_runtime as runtime
from glmengine.backend.observations import Observations
from glmengine.backend.rows import Rows
from tests.clock import PATIENCE_S

SMALL_FIT = """
import sys
import numpy as np
import glmengine as ge
rng = np.random.default_rng(0)
X = rng.normal(size=(500, 5))
assert ge.fit(X, rng.poisson(1.0, 500)).converged.all()
assert "jax" not in sys.modules, "a small fit imported JAX"
"""


class Source:
    shape = (10, 2)

    def chunk(self, start: int, stop: int) -> np.ndarray:
        return np.arange(20.0).reshape(10, 2)[start:stop]


def rows_on(platform: str) -> Rows:
    observations = Observations(np.ones((1, 10)), np.ones((1, 10)))
    return Rows(Source(), None, observations, columns=1, memory=1e9, centred=True, platform=platform)


def test_the_processor_can_be_asked_for():
    assert rows_on("cpu").on_cpu
    assert runtime.device_name("cpu") == "cpu"


def test_a_device_that_is_not_there_is_an_error():
    if not runtime.on_cpu():
        pytest.skip("there is one")
    with pytest.raises(ge.GlmError, match="JAX finds no gpu here; choose auto"):
        rows_on("gpu")


def test_so_is_a_platform_that_nobody_knows():
    with pytest.raises(ge.GlmError, match="platform: is 'abacus'; choose one of auto, cpu, gpu"):
        rows_on("abacus")


def test_a_small_fit_on_a_cpu_does_not_import_jax(monkeypatch):
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    done = subprocess.run([sys.executable, "-c", SMALL_FIT], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr
