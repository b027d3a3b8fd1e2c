"""A report as one HTML file that any browser opens."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from glmengine.export.report.contents import contents_of
from glmengine.export.report.html_page import page_html
from glmengine.export.report.parts import Bullets, Code, Folded, Heading, Listing, Paragraph, Part, Picture, Table

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.results.result import Result


def report_html(
    analysis: Analysis, result: Result | None = None, *, recording_name: str = "", pictures: Mapping[str, bytes] | None = None
) -> str:
    """The whole report as text.

    Parameters
    ----------
    analysis : Analysis
    result : Result, optional
        Without it the report holds the question alone.
    recording_name : str
    pictures : mapping of str to bytes, optional
        PNG by name, placed inside the file.
    """
    drawn = pictures or {}
    report = contents_of(analysis, result, recording_name, drawn)
    body = "\n".join((f"<h1>{_safe(report.title)}</h1>", *(_part(part, drawn) for part in report.parts)))
    return page_html(report.title, body, report.origin or None)


def _part(part: Part, pictures: Mapping[str, bytes]) -> str:
    match part:
        case Heading(text):
            return f"<h2>{_safe(text)}</h2>"
        case Paragraph(pieces):
            return f"<p>{_pieces(pieces)}</p>"
        case Bullets(items):
            return "\n".join(("<ul>", *(f"<li>{_safe(item)}</li>" for item in items), "</ul>"))
        case Listing(text):
            return f"<pre>{_safe(text)}</pre>"
        case Folded(title, inner):
            return f"<details><summary>{_safe(title)}</summary>{_part(inner, pictures)}</details>"
        case Picture(name):
            data = base64.b64encode(pictures[name]).decode("ascii")
            shown = f'<img alt="{_safe(name)}" src="data:image/png;base64,{data}">'
            return f"<figure>{shown}<figcaption>{_safe(name)}</figcaption></figure>"
        case Table():
            return _table(part)


def _pieces(pieces: Sequence[str | Code]) -> str:
    return "".join(f"<code>{_safe(piece.text)}</code>" if isinstance(piece, Code) else _safe(piece) for piece in pieces)


def _table(table: Table) -> str:
    opening = ['<td class="words">' if title in table.words else "<td>" for title in table.head]
    titles = "".join(f"<th>{_safe(title)}</th>" for title in table.head)
    lines = [
        "<tr>" + "".join(f"{cell}{_safe(value)}</td>" for cell, value in zip(opening, row, strict=True)) + "</tr>"
        for row in table.rows
    ]
    said = f"<p>{_pieces(table.rest)}</p>" if table.rest else ""
    return f"<table><thead><tr>{titles}</tr></thead><tbody>\n" + "\n".join(lines) + f"\n</tbody></table>{said}"


def _safe(text: str) -> str:
    return html.escape(str(text), quote=True)
