"""The pages of the course: each listed in the guide, in order, with its sections, and each picture with the command that makes it."""

from __future__ import annotations

import re
import shlex
from argparse import Namespace

import pytest

from glmengine.analysis.templates import template_about, template_page, templates
from glmengine.cli.parser import build_parser
from glmengine.figures import KINDS
from glmengine.resources import resource
from glmengine.simulation.catalogue import SAMPLES

COURSE = [name for name in templates() if "/" not in name and template_about(name).order]
SECTIONS = ["The question", "The model", "What to look at", "What can go wrong", "Exercise", "References"]
LARGEST = 150_000


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
def test_a_page_says_how_it_is_done_by_mouse_and_names_templates_as_the_window_does(name):
    (said,) = re.findall(r"\n\n(\*In the window\*: .+?)\n\n", template_page(name).read_text(encoding="utf-8"), re.DOTALL)
    said = " ".join(said.split())
    titles = templates()
    named = re.findall(r"\*([^*]+)\* in \*File > New from template\*|\*File > New from template\*, \*([^*]+)\*", said)
    assert {"".join(one) for one in named} <= {titles[one] for one in titles if one.startswith(f"{name}/")}


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


@pytest.mark.parametrize("name", COURSE)
def test_a_page_leads_to_its_neighbours(name):
    at = COURSE.index(name)
    end = template_page(name).read_text(encoding="utf-8").rpartition("---")[2]
    around = [one for one in (at - 1, at + 1) if 0 <= one < len(COURSE)]
    found = re.findall(r"\[([^\]]+)\]\(\.\./([\w-]+)/page\.md\)", end)
    assert found == [(template_about(COURSE[one]).question, COURSE[one]) for one in around]


@pytest.mark.parametrize("name", COURSE)
def test_each_command_is_one_that_there_is_on_files_that_commands_before_it_make(name):
    text = template_page(name).read_text(encoding="utf-8")
    made: set[str] = set()
    for line in re.findall(r"^ {4}(glmengine .+)$|`(glmengine \w+ [\w.-]+\.(?:toml|nwb|nc) .+?)`", text, re.MULTILINE):
        words = shlex.split("".join(line))[1:]
        asked = build_parser().parse_args(words)  # ends the test where an option is none
        given, gives = _files(asked)
        assert given <= made, (words, "is not made before")
        made |= gives


def _files(asked: Namespace) -> tuple[set[str], set[str]]:
    """What a command of a page reads, and what it writes."""
    match asked.command:
        case "sample":
            assert asked.name in SAMPLES
            return set(), {asked.file}
        case "new":
            assert asked.template in templates()
            return {asked.file}, {f"{asked.template.replace('/', '-')}.toml"}
        case "run":
            return {asked.analysis}, {f"{asked.out}/result.nc"}
        case "predict":
            return {asked.result, asked.recording}, set()
        case "check" | "simulate":
            folder = asked.out if asked.command == "check" else asked.compare
            return {asked.result, asked.recording}, {f"{folder}/result.nc"} if asked.keep else set()
        case "figure":
            assert asked.kind in KINDS
            return {asked.result} | ({asked.recording} if asked.recording else set()), {asked.out}
    return {asked.analysis}, set()


def test_pictures_have_names_of_their_own():
    names = [path.name for path in resource("analyses").glob("*/*.png")]
    assert len(names) == len(set(names))
