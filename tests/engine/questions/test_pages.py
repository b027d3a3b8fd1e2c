"""The pages of the course: each listed in the guide, in order, with its sections, and each picture with the command that makes it."""

from __future__ import annotations

import re
import shlex

import pytest

from glmengine.analysis.templates import template_about, template_page, templates
from glmengine.cli.parser import COMMANDS
from glmengine.resources import resource

COURSE = [name for name in templates() if "/" not in name and template_about(name).order]
SECTIONS = ["The question", "The model", "What to look at", "What can go wrong", "Exercise", "References"]
LARGEST = 60_000


def test_the_guide_lists_the_course_in_its_order():
    listed = re.findall(r"\]\(\.\./analyses/([\w-]+)/page\.md\)", resource("guide/analyses.md").read_text(encoding="utf-8"))
    assert listed == COURSE
    table = resource("guide/analyses.md").read_text(encoding="utf-8")
    for name in COURSE:
        assert f"[{template_about(name).question}]" in table
        assert f"`{name}` | `{template_about(name).sample}`" in table


@pytest.mark.parametrize("name", COURSE)
def test_a_page_has_its_sections_and_its_links_lead_somewhere(name):
    page = template_page(name)
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {template_about(name).question}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert target.startswith("https://") or (page.parent / target).is_file(), target


@pytest.mark.parametrize("name", COURSE)
def test_each_picture_is_small_and_followed_by_the_command_that_makes_it(name):
    page = template_page(name)
    text = page.read_text(encoding="utf-8")
    pictures = re.findall(r"!\[[^\]]{20,}\]\(([\w-]+\.(?:png|svg))\)\n\n((?: {4}.+\n)+)", text)
    assert [picture for picture, _ in pictures] == re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)
    assert pictures, "a page has a picture"
    for picture, commands in pictures:
        assert (page.parent / picture).stat().st_size < LARGEST
        assert f"--out {picture}" in commands
    known = {command.name for command in COMMANDS}
    for line in re.findall(r"^ {4}(glmengine .+)$", text, re.MULTILINE):
        assert shlex.split(line)[1] in known, line


def test_pictures_have_names_of_their_own():
    names = [path.name for path in resource("analyses").glob("*/*.png")]
    assert len(names) == len(set(names))
