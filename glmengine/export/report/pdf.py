"""A report as PDF, made without a browser: pages of A4 with the text as text, figures as vectors and the headings as bookmarks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from glmengine.export.report.contents import contents_of
from glmengine.export.report.parts import Bullets, Code, Folded, Heading, Listing, Paragraph, Part, Picture, Table
from glmengine.export.report.pdf_figures import Placed, figure_size, with_figures
from glmengine.export.report.pdf_fonts import BODY, FIXED, LACKING, add_fonts
from glmengine.export.report.pdf_tables import draw_table

if TYPE_CHECKING:
    from fpdf import FPDF

    from glmengine.analysis.analysis import Analysis
    from glmengine.results.result import Result

MARGIN, FOOT = 15.0, 16.0
"""mm; two columns of the usual style have room between the margins."""

_TITLE, _HEADING, _TEXT, _SMALL = 15.0, 11.0, 8.5, 7.0
_LINE = 1.4
"""From line to line, of the height of the letters."""

_CAPTION = 5.0  # mm


def report_pdf(
    analysis: Analysis, result: Result | None = None, *, recording_name: str = "", pictures: Mapping[str, bytes] | None = None
) -> bytes:
    """The content of a PDF file of what `report_html` says; its `pictures` are PDF of one page, placed as vectors, and made smaller where they
    are larger than the page."""
    drawn = pictures or {}
    report = contents_of(analysis, result, recording_name, drawn)
    pdf = _blank(report.title, report.origin)
    lacking = add_fonts(
        pdf,
        {
            letter
            for text in (report.title, *report.origin.values(), *texts_of(report.parts))
            for letter in text
            if letter.isprintable()
        },
    )
    written = _Written(pdf, drawn, str.maketrans(dict.fromkeys(lacking, LACKING)))
    pdf.add_page()
    written.line(report.title, _TITLE, bold=True)
    pdf.ln(2)
    for part in report.parts:
        written.add(part)
    if lacking:
        written.add(
            Paragraph.of(f"{LACKING} stands for {len(lacking)} letters that no font of the machine has on which this was made.")
        )
    return with_figures(bytes(pdf.output()), written.figures)


class _Written:
    """What stands on the pages so far."""

    def __init__(self, pdf: FPDF, pictures: Mapping[str, bytes], letters: dict[int, str]) -> None:
        self._pdf, self._pictures, self._letters = pdf, pictures, letters
        self.figures: list[Placed] = []

    def add(self, part: Part) -> None:
        """Write one part."""
        pdf = self._pdf
        match part:
            case Heading(text):
                self._heading(text)
            case Paragraph(pieces):
                self._pieces(pieces)
            case Bullets(items):
                for item in items:
                    pdf.set_font(BODY, "", _TEXT)
                    pdf.cell(4, _height(_TEXT), "\u2022")
                    self._pieces((item,), left=4.0)
            case Listing(text):
                pdf.set_font(FIXED, "", _SMALL)
                pdf.multi_cell(0, _height(_SMALL), self._plain(text), align="L", new_x="LMARGIN", new_y="NEXT")
            case Folded(title, inner):
                pdf.ln(2)
                self.line(title, _TEXT, bold=True)
                self.add(inner)
            case Picture(name):
                self._figure(name)
            case Table():
                draw_table(pdf, part, self._plain, size=_SMALL, line=_height(_SMALL))
                if part.rest:
                    self._pieces(part.rest)

    def line(self, text: str, size: float, *, bold: bool = False) -> None:
        """Text that begins a line of its own."""
        self._pdf.set_font(BODY, "B" if bold else "", size)
        self._pdf.multi_cell(0, _height(size), self._plain(text), align="L", new_x="LMARGIN", new_y="NEXT")

    def _heading(self, text: str) -> None:
        pdf = self._pdf
        if pdf.get_y() + 30.0 > pdf.page_break_trigger:  # no heading stands at the foot of a page without what it heads
            pdf.add_page()
        else:
            pdf.ln(4)
        pdf.start_section(self._plain(text))
        self.line(text, _HEADING, bold=True)
        pdf.set_draw_color(180)
        pdf.line(pdf.l_margin, pdf.get_y() + 0.4, pdf.w - pdf.r_margin, pdf.get_y() + 0.4)
        pdf.ln(2)

    def _pieces(self, pieces: Sequence[str | Code], left: float = 0.0) -> None:
        pdf, margin = self._pdf, self._pdf.l_margin
        pdf.set_left_margin(margin + left)
        for piece in pieces:
            pdf.set_font(FIXED if isinstance(piece, Code) else BODY, "", _TEXT)
            pdf.write(_height(_TEXT), self._plain(piece.text if isinstance(piece, Code) else piece))
        pdf.set_left_margin(margin)
        pdf.ln(_height(_TEXT) + 1.0)

    def _figure(self, name: str) -> None:
        pdf, content = self._pdf, self._pictures[name]
        width, height = figure_size(content)
        top = pdf.t_margin
        scale = min(1.0, pdf.epw / width, (pdf.page_break_trigger - top - _CAPTION) / height)
        if pdf.get_y() + scale * height + _CAPTION > pdf.page_break_trigger:
            pdf.add_page()
        bottom = pdf.get_y() + scale * height
        self.figures.append(Placed(content, pdf.page - 1, pdf.l_margin, pdf.h - bottom, scale))
        pdf.set_y(bottom)
        self.line(name, _SMALL)
        pdf.ln(3)

    def _plain(self, text: str) -> str:
        """The text with letters that can be written, and nothing that steers."""
        shown = str(text).replace("\t", "    ").translate(self._letters)
        return "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in shown)


def _height(size: float) -> float:
    return size * _LINE * 25.4 / 72


def texts_of(parts: Sequence[Part]) -> list[str]:
    """Every text of the parts, for the letters that fonts have to have."""
    found: list[str] = []
    for part in parts:
        match part:
            case Heading(text) | Listing(text) | Picture(text):
                found.append(text)
            case Paragraph(pieces):
                found += [piece.text if isinstance(piece, Code) else piece for piece in pieces]
            case Bullets(items):
                found += items
            case Folded(title, inner):
                found += [title, *texts_of([inner])]
            case Table():
                found += [*part.head, *(str(cell) for row in part.rows for cell in row)]
    return found


def _blank(title: str, known: Mapping[str, str]) -> FPDF:
    """A document without pages that says of itself, and at the foot of each page, whence its numbers are."""
    from fpdf import FPDF

    said = "  ".join(
        f"{word} {known[name][:12]}"
        for word, name in (
            ("glmengine", "version"),
            ("analysis", "analysis_sha256"),
            ("data", "recording_sha256"),
            ("seed", "seed"),
        )
        if known.get(name)
    )

    class Paper(FPDF):
        def footer(self) -> None:
            self.set_y(-FOOT + 5.0)
            self.set_font(BODY, "", 6.0)
            self.set_text_color(110)
            self.cell(self.epw / 2, 4.0, said, align="L")
            self.cell(self.epw / 2, 4.0, f"{self.page} / {{nb}}", align="R")
            self.set_text_color(0)

    pdf = Paper(format="A4")
    pdf.set_margins(MARGIN, MARGIN)
    pdf.set_auto_page_break(True, FOOT)
    pdf.set_title(title)
    pdf.set_lang("en")
    pdf.set_creator("glmengine")
    if known:
        pdf.set_keywords("; ".join(f"{name} {value}" for name, value in known.items() if value))
        pdf.set_creation_date(_moment(known["created"]))
    return pdf


def _moment(text: str) -> datetime:
    """When the result was made, so that the same result gives the same report; now where it does not say."""
    try:
        made = datetime.fromisoformat(text)
    except ValueError:
        return datetime.now(UTC)
    return made if made.tzinfo else made.replace(tzinfo=UTC)
