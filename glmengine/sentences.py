"""Parts of the sentences of errors and notes: lists of names, and numbers with their nouns."""

from __future__ import annotations

from collections.abc import Iterable


def listed(names: Iterable[object], most: int = 12) -> str:
    """The first `most` names, and how many there are besides; empty where there are none."""
    names = [str(name) for name in names]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def numbered(count: int, noun: str) -> str:
    """``1 unit``, ``1,204 spikes``."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
