"""Fonts of figures: those that have the letters which the font of the style has not, and how they are cut down in PDF files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

_LAYOUT_TABLES = ("GDEF", "GPOS", "GSUB", "kern")
_swapping = Lock()

OTHER_SCRIPTS = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Noto Sans JP",
    "Noto Sans SC",
    "Noto Sans KR",
    "Hiragino Sans",
    "PingFang SC",
    "Apple SD Gothic Neo",
    "Yu Gothic",
    "Microsoft YaHei",
    "Malgun Gothic",
    "WenQuanYi Micro Hei",
    "Droid Sans Fallback",
    "Arial Unicode MS",
)
"""Fonts with Chinese, Japanese and Korean letters that systems bring with them; that of matplotlib has none."""


@cache
def fonts_of_other_scripts() -> tuple[str, ...]:
    """Those of `OTHER_SCRIPTS` that are installed: names of units are written in any language, and were empty boxes."""
    from matplotlib.font_manager import fontManager

    installed = set(fontManager.get_font_names())
    return tuple(name for name in OTHER_SCRIPTS if name in installed)


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
