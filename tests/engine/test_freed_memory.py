"""Memory that was freed between what is in use goes back to the system."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from tests.clock import PATIENCE_S

CODE = """
import numpy as np
from glmengine.freed_memory import give_back

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

blocks = [np.ones(12_000) for _ in range(4000)]  # of 96 kB, which lie side by side: 384 MB
kept = blocks[::100]
del blocks
before = resident()
give_back()
print(before - resident())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep nothing, or cannot be told")
def test_what_lies_between_what_is_in_use_is_given_back():
    ended = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    assert int(ended.stdout) > 2e8
