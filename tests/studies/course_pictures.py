"""The pictures of the course, and the small ones of its cards: ``python tests/studies/course_pictures.py`` draws them anew (some ten minutes)."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
from pathlib import Path

import matplotlib

matplotlib.use("agg")
from matplotlib.axes import Axes

from glmengine.analysis.templates import Lesson, course
from glmengine.cli.main import main
from glmengine.cli.parser import build_parser
from glmengine.figures import draw
from glmengine.project.question import load_result

_INCHES, _DPI, _THICKER = (2.76, 2.04), 100, 2.5
_TELLING = {"decision-task": "choice"}
"""Titles of the panels that are shown, where that is not the first."""


def commands(lesson: Lesson) -> list[list[str]]:
    """The words of each command on a page, without the program's name."""
    lines = re.findall(r"^ {4}(glmengine .+)$", lesson.page.read_text(encoding="utf-8"), re.MULTILINE)
    return [shlex.split(line)[1:] for line in lines]


def run_page(lesson: Lesson, folder: Path) -> None:
    """Run the commands of a page in a folder, and put what they draw beside the page."""
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    for words in commands(lesson):
        if main(words):
            raise SystemExit(f"{lesson.name}: failed: {shlex.join(words)}")
    for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", lesson.page.read_text(encoding="utf-8")):
        shutil.copy(folder / picture, lesson.page.parent / picture)


def draw_card(lesson: Lesson, folder: Path) -> None:
    """Draw of the first figure of a page the panel that tells most, without words."""
    asked = next(build_parser().parse_args(words) for words in commands(lesson) if words[0] == "figure")
    result = load_result(folder / asked.result)
    more = {"effect": True} if asked.effect else {}
    figure = draw(result, asked.kind, asked.unit, term=asked.term, **more)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    shown = _telling(figure.axes, _TELLING.get(lesson.name))
    for ax in list(figure.axes):
        if ax is not shown:
            ax.remove()
    for bar in [ax for ax in shown.child_axes if hasattr(ax, "_colorbar")]:
        bar.remove()
    for text in (*figure.texts, *figure.legends):
        text.set_visible(False)
    if figure.get_suptitle():
        figure.suptitle("")
    shown.set_title("")
    if shown.get_legend() is not None:
        shown.get_legend().remove()
    for text in shown.texts:
        text.set_visible(False)
    for line in shown.lines:
        line.set_linewidth(line.get_linewidth() * _THICKER)
    shown.set_axis_off()
    figure.set_size_inches(*_INCHES)
    shown.set_position((0.04, 0.05, 0.92, 0.9))
    figure.savefig(lesson.page.parent / f"{lesson.name}-card.png", dpi=_DPI)


def _telling(axes: list[Axes], title: str | None) -> Axes:
    return next((ax for ax in axes if title is not None and ax.get_title() == title), axes[0])


def draw_all() -> None:
    """Run every page, and draw every card."""
    with tempfile.TemporaryDirectory() as folder:
        for lesson in course():
            run_page(lesson, Path(folder) / lesson.name)
            draw_card(lesson, Path(folder) / lesson.name)


if __name__ == "__main__":
    draw_all()
