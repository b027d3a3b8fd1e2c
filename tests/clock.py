"""Processor time of the tests: what a piece of work costs, however busy the machine is."""

from __future__ import annotations

import os


def processor_seconds() -> float:
    """Seconds that this process and the children that it has waited for have worked."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system
