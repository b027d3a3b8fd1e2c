"""Figures of one page of PDF, placed on the pages of another as they are: vectors stay vectors, and text stays text."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pypdf import PageObject

POINT = 25.4 / 72
"""In mm."""


@dataclass(frozen=True)
class Placed:
    """A figure on a page.

    Attributes
    ----------
    content : bytes
        A PDF whose first page it is.
    page : int
        From 0.
    left, bottom : float
        Of its corner, in mm from that of the page.
    scale : float
    """

    content: bytes
    page: int
    left: float
    bottom: float
    scale: float


def figure_size(content: bytes) -> tuple[float, float]:
    """Width and height of the first page in mm."""
    from pypdf import PdfReader

    box = PdfReader(io.BytesIO(content)).pages[0].mediabox
    return float(box.width) * POINT, float(box.height) * POINT


def with_figures(content: bytes, figures: Sequence[Placed]) -> bytes:
    """The PDF with the figures on its pages."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=io.BytesIO(content))
    for number, figure in enumerate(figures):
        _place(writer.pages[figure.page], PdfReader(io.BytesIO(figure.content)).pages[0], figure, f"/Figure{number}")
    writer.pdf_header = "%PDF-1.7"
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def _place(page: PageObject, drawn: PageObject, figure: Placed, name: str) -> None:
    """Add a figure as a form of its own (PDF 1.7, 8.10), whose resources meet none of the page's."""
    from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, FloatObject, NameObject

    writer = page.indirect_reference.pdf
    box = drawn.mediabox
    form = DecodedStreamObject()
    form.set_data(drawn.get_contents().get_data())
    form[NameObject("/Type")] = NameObject("/XObject")
    form[NameObject("/Subtype")] = NameObject("/Form")
    form[NameObject("/BBox")] = ArrayObject(map(FloatObject, (box.left, box.bottom, box.right, box.top)))
    form[NameObject("/Resources")] = drawn["/Resources"].clone(writer)
    held = page["/Resources"].get_object().setdefault(NameObject("/XObject"), DictionaryObject()).get_object()
    held[NameObject(name)] = writer._add_object(form.flate_encode())
    place = DecodedStreamObject()
    place.set_data(
        f"q {figure.scale:.6f} 0 0 {figure.scale:.6f} {figure.left / POINT:.4f} {figure.bottom / POINT:.4f} cm {name} Do Q\n".encode(
            "ascii"
        )
    )
    before = page.raw_get("/Contents")  # a list where another figure stands on the page already
    page[NameObject("/Contents")] = ArrayObject(
        [*(before if isinstance(before, ArrayObject) else [before]), writer._add_object(place)]
    )
