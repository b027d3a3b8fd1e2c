"""Tables of a PDF report: columns as wide as what is in them, and those that find no room below, under the names of their rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from glmengine.export.report.parts import Table
from glmengine.export.report.pdf_fonts import BODY

if TYPE_CHECKING:
    from fpdf import FPDF

WIDEST, SENTENCE, NARROWEST = 52.0, 45.0, 9.0
"""mm: of a column, the least of one of sentences, and of any."""

_LONGEST_CELL = 700  # letters: more would not fit on a page, in a narrow column
_BESIDE = 1.2  # mm on both sides of a text
_LOOKED_AT = 100  # rows that say how wide a column has to be


def draw_table(pdf: FPDF, table: Table, plain: Callable[[str], str], *, size: float, line: float) -> None:
    """Write a table where the page stands; its titles come again on each page.

    Parameters
    ----------
    pdf : FPDF
    table : Table
    plain : callable
        A text as it can be written.
    size : float
        Of the letters, in pt.
    line : float
        From line to line, in mm.
    """
    from fpdf.enums import TableBordersLayout
    from fpdf.fonts import FontFace

    head = [plain(title) for title in table.head]
    rows = [[_short(plain(str(cell))) for cell in row] for row in table.rows]
    sentences = {at for at, title in enumerate(table.head) if title in table.words}
    widths = _widths(pdf, head, rows, sentences, size)
    pdf.set_draw_color(200)
    for columns in _bands(widths, pdf.epw):
        own = _stretched([widths[at] for at in columns], [at in sentences for at in columns], pdf.epw)
        aligned = tuple("LEFT" if at == 0 or at in sentences else "RIGHT" for at in columns)
        pdf.set_font(BODY, "", size)
        with pdf.table(
            align="LEFT",
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            col_widths=own,
            width=sum(own),
            text_align=aligned,
            v_align="TOP",
            headings_style=FontFace(emphasis="BOLD"),
            line_height=line,
            padding=(0.5, _BESIDE, 0.5, _BESIDE),
        ) as drawn:
            for row in (head, *rows):
                drawn.row([row[at] for at in columns])
        pdf.ln(2)


def _widths(pdf: FPDF, head: Sequence[str], rows: Sequence[Sequence[str]], sentences: set[int], size: float) -> list[float]:
    """How wide each column wants to be, in mm."""
    found = []
    for at, title in enumerate(head):
        if at in sentences:
            found.append(SENTENCE)
            continue
        pdf.set_font(BODY, "B", size)
        wide = max((pdf.get_string_width(word) for word in title.split()), default=0.0)
        pdf.set_font(BODY, "", size)
        longest = sorted((row[at] for row in rows), key=len, reverse=True)[:_LOOKED_AT]
        wide = max(wide, max((pdf.get_string_width(cell) for cell in longest), default=0.0))
        found.append(min(max(wide + 2 * _BESIDE + 0.3, NARROWEST), WIDEST))
    return found


def _bands(widths: Sequence[float], room: float) -> list[list[int]]:
    """Columns that have room beside each other, the first one in each band."""
    bands, used = [[0]], widths[0]
    for at in range(1, len(widths)):
        if used + widths[at] > room and len(bands[-1]) > 1:
            bands.append([0])
            used = widths[0]
        bands[-1].append(at)
        used += widths[at]
    return bands


def _stretched(widths: list[float], sentences: list[bool], room: float) -> list[float]:
    """What is left of the room is given to the sentences."""
    if not any(sentences):
        return widths
    more = (room - sum(widths)) / sum(sentences)
    return [width + more if is_sentence else width for width, is_sentence in zip(widths, sentences, strict=True)]


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_CELL else f"{text[: _LONGEST_CELL - 1]}\u2026"
