"""Fonts of a PDF report: those that come with matplotlib, and for letters that they lack any other font of the machine that has them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fpdf import FPDF

BODY, FIXED = "body", "fixed"
LACKING = "\ufffd"
"""Stands for a letter that no font has."""

_FILES = (
    (BODY, "", "DejaVuSans.ttf"),
    (BODY, "B", "DejaVuSans-Bold.ttf"),
    (FIXED, "", "DejaVuSansMono.ttf"),
)


def add_fonts(pdf: FPDF, letters: set[str]) -> set[str]:
    """Add the fonts of a report, and those of the machine that the letters need; the letters that none has."""
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for family, style, name in _FILES:
        pdf.add_font(family, style, folder / name)
    # what one of the three lacks is sought elsewhere for all of them, so that no style of text is without it
    lacking = {letter for letter in letters if any(ord(letter) not in _letters_of(folder / name) for _, _, name in _FILES)}
    others = []
    for path in other_fonts() if lacking else ():
        there = _letters_of(path)
        held = {letter for letter in lacking if ord(letter) in there}
        if held:
            family = f"other{len(others)}"
            pdf.add_font(family, "", path)
            others.append(family)
            lacking -= held
        if not lacking:
            break
    if others:
        pdf.set_fallback_fonts(others, exact_match=False)
    return lacking


def _letters_of(path: Path) -> set[int]:
    from matplotlib.ft2font import FT2Font

    return set(FT2Font(str(path)).get_charmap())


def other_fonts() -> Sequence[Path]:
    """Fonts of the machine, in an order that does not change."""
    from matplotlib.font_manager import fontManager

    return sorted(
        {Path(font.fname) for font in fontManager.ttflist if Path(font.fname).suffix.lower() in (".ttf", ".otf", ".ttc")}
    )
