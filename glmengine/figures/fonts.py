"""Fonts in PDF files, cut down to the letters that a figure has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

_LAYOUT_TABLES = ("GDEF", "GPOS", "GSUB", "kern")
_swapping = Lock()


@contextmanager
def without_layout_tables() -> Iterator[None]:
    """Leave out of embedded fonts the tables by which text is laid out, which takes half the time of cutting a font down.

    A PDF places each glyph itself and reads none of them. Matplotlib has no setting for it, so that its choice of tables is widened here.
    """
    from fontTools import subset

    with _swapping:
        usual = subset.Options

        class Lean(usual):
            def __init__(self, **settings: Any) -> None:
                super().__init__(**settings)
                self.drop_tables = [*self.drop_tables, *_LAYOUT_TABLES]

        subset.Options = Lean
        try:
            yield
        finally:
            subset.Options = usual
