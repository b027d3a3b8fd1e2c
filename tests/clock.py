"""Time in the tests: processor time, which a piece of work costs however busy the machine is, and patience."""

from __future__ import annotations

import os

PATIENCE_S = 800
"""Seconds by the clock after which a child of a test is taken for stuck: shorter than `timeout` of pytest, and long enough for a machine that does ten other things."""


def processor_seconds() -> float:
    """Seconds that this process and the children that it has waited for have worked."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system
