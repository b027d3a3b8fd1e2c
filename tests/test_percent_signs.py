"""Percent, written in one manner wherever a user reads it: with a space before the sign, by one function."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from glmengine.sentences import percent

ROOT = Path(__file__).resolve().parents[1]
CLOSE = re.compile(r"\d%(?!%)")
STYLE_SHEETS = ("style_sheet.py", "html_page.py")  # their percent is not read by anybody


def close_signs(text: str) -> Iterator[str]:
    """Texts of a module's source in which a percent sign stands close to its number."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FormattedValue) and node.format_spec is not None and ast.unparse(node.format_spec).endswith("%'"):
            yield ast.unparse(node)
        elif isinstance(node, ast.JoinedStr):
            yield from (
                ast.unparse(node)
                for before, after in zip(node.values, node.values[1:], strict=False)
                if isinstance(before, ast.FormattedValue) and isinstance(after, ast.Constant) and after.value.startswith("%")
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and CLOSE.search(node.value):
            yield node.value


@pytest.mark.parametrize(("share", "digits", "said"), [(0.854, 0, "85 %"), (0.854, 1, "85.4 %"), (-0.003, 2, "-0.30 %")])
def test_a_share_in_percent(share, digits, said):
    assert percent(share, digits) == said


@pytest.mark.parametrize("source", ['f"{share:.0%}"', 'f"{share:.2g}% of it"', '"the 95% band"'])
def test_a_close_sign_is_found(source):
    assert list(close_signs(source))


def test_no_sign_stands_close_to_its_number():
    found = []
    for package in ("glmengine", "glmgui"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if path.name not in (*STYLE_SHEETS, "sentences.py"):
                found += [f"{path.relative_to(ROOT)}: {one}" for one in close_signs(path.read_text(encoding="utf-8"))]
    for path in (*sorted((ROOT / "resources").rglob("*.md")), ROOT / "README.md", ROOT / "CHANGELOG.md"):
        found += [f"{path.name}: {line}" for line in path.read_text(encoding="utf-8").splitlines() if CLOSE.search(line)]
    assert not found
