"""What notices say."""

from __future__ import annotations

import pytest

from glmgui.notices import Notice


@pytest.mark.parametrize(
    ("title", "text", "said"),
    [
        ("Opening a.docx", "a.docx: is no recording", "Opening a.docx: is no recording"),
        ("Opening a.docx", "b.nwb: is no recording", "Opening a.docx: b.nwb: is no recording"),
        ("Export", "written to x", "Export: written to x"),
        ("", "a.docx: is no recording", "a.docx: is no recording"),
    ],
)
def test_a_file_is_named_once(title, text, said):
    assert Notice("error", text, title=title).said == said
