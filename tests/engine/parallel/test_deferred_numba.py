"""Numba is loaded when there is enough for it to do, and what it compiles gives the same before and after."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from glmengine.parallel import deferred_numba
from glmengine.parallel.deferred_numba import _Deferred, _Function

ROOT = Path(__file__).resolve().parents[3]

_OPENED = """
import sys
from glmengine.parallel.deferred_numba import defer_numba
defer_numba()
import pynapple as nap
stands_for_it = sys.modules["numba"]
import numpy as np
times = np.arange(2000) / 10
pieces = nap.IntervalSet(np.arange(0, 200, 2.0), np.arange(0, 200, 2.0) + 0.95)
within = nap.Ts(times).restrict(pieces)
both = pieces.intersect(nap.IntervalSet(0.5, 100.0))
print(sys.modules["numba"] is stands_for_it, hasattr(sys.modules["numba"], "__version__"))
print(len(within), len(both))
before = pieces.in_interval(nap.Ts(times))
from glmengine.parallel import deferred_numba
deferred_numba.ENOUGH = 0
print(len(nap.Ts(times).restrict(pieces)), len(pieces.intersect(nap.IntervalSet(0.5, 100.0))))
print(np.array_equal(before, pieces.in_interval(nap.Ts(times)), equal_nan=True))
print(sys.modules["numba"] is stands_for_it, sys.modules["numba"].prange is stands_for_it.prange)
"""


def said_by(code: str) -> list[str]:
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, timeout=600)
    return ended.stdout.splitlines()


def test_pynapple_works_without_numba_and_gives_the_same_with_it():
    assert said_by(_OPENED) == ["True False", "1000 50", "1000 50", "True", "False True"]


def test_a_command_that_reads_a_recording_does_without_numba(tmp_path):
    from glmengine.export.recordings import save_recording
    from glmengine.simulation.catalogue import sample

    save_recording(sample("head-direction-place"), tmp_path / "a.nwb")
    said = said_by(
        "import sys\nfrom glmengine.cli.main import main\n"
        f"main(['inspect', {str(tmp_path / 'a.nwb')!r}])\nprint(type(sys.modules['numba']).__name__, 'numba.core' in sys.modules)"
    )
    assert said[-1] == "_Deferred False"


@pytest.mark.parametrize("bare", [True, False])
def test_a_function_is_compiled_when_there_is_enough_for_it(monkeypatch, bare):
    monkeypatch.setattr(deferred_numba, "ENOUGH", 10)
    numba = _Deferred()

    def total(values):
        found = 0.0
        for value in values:
            found += value
        return found

    function = numba.njit(total) if bare else numba.jit(nopython=True)(total)
    assert isinstance(function, _Function)
    assert function.__name__ == "total"
    assert function(np.arange(5.0)) == 10.0
    assert function._compiled is None
    assert function(values=np.arange(6.0)) == 15.0  # eleven numbers of both calls
    assert function.signatures  # as a function of numba's has, of types it was compiled for


def test_a_compiled_function_calls_one_that_is_not_yet(monkeypatch):
    monkeypatch.setattr(deferred_numba, "ENOUGH", 0)
    numba = _Deferred()
    twice = numba.njit(lambda value: 2.0 * value)

    @numba.njit
    def doubled(values):
        return twice(values[0]) + twice(values[1])

    assert doubled(np.array([1.0, 2.0])) == 6.0


def test_numba_that_is_loaded_stays(monkeypatch):
    loaded = object()
    monkeypatch.setitem(sys.modules, "numba", loaded)
    deferred_numba.defer_numba()
    assert sys.modules["numba"] is loaded
