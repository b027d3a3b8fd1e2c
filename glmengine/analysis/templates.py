"""Templates: ready analyses that come with the program, in the order of the course, by name.

A folder of ``resources/analyses`` is one; further files in it are variants, called ``NAME/VARIANT``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from glmengine.analysis.analysis import Analysis
from glmengine.analysis.ready import ABOUT as _ABOUT
from glmengine.analysis.ready import ANALYSIS, PAGE, About, Need, Readiness, about, analysis_of, needs_of, on_sample, readiness
from glmengine.errors import GlmError
from glmengine.recording.recording import Recording
from glmengine.resources import resource

COURSE_PAGE = "analyses.md"
"""The page of the guide that lists the course."""
_PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)/]+\.png)\)")


def templates() -> dict[str, str]:
    """Title of each template by name: those of the course in its order, then the others."""
    return {name: analysis_of(on_sample(path), name).title for name, path in _files().items()}


@dataclass(frozen=True)
class Lesson:
    """A question of the course, as it stands on its page, without the analysis that answers it.

    Attributes
    ----------
    name : str
        Of the template.
    asks : str
        The template by which the question is answered, itself or a variant.
    question : str
    sample : str
        The simulated recording that it can be tried on.
    page : Path
    picture : Path or None
        The first that the page shows.
    caption : str
        What is seen in the picture.
    card : Path or None
        A small picture without words.
    """

    name: str
    asks: str
    question: str
    sample: str
    page: Path
    picture: Path | None = None
    caption: str = ""
    card: Path | None = None

    @property
    def guide_page(self) -> str:
        """The page as the guide names it."""
        return guide_page(self.page)


def guide_page(page: Path) -> str:
    """A page of the course as the guide names it, by its way from the guide's own folder."""
    return f"../analyses/{page.parent.name}/{page.name}"


def course() -> tuple[Lesson, ...]:
    """The questions of the course, in its order; reads no analysis, so that a window can show them at once."""
    found = []
    for name, path in _files().items():
        said, page = about(path.parent), path.parent / PAGE
        if path.name == ANALYSIS and said.question and page.is_file():
            shown = _PICTURE.search(page.read_text(encoding="utf-8"))
            picture = (page.parent / shown[2], shown[1]) if shown is not None else (None, "")
            asks = f"{name}/{said.variant}" if said.variant else name
            card = page.parent / f"{name}-card.png"
            found.append(Lesson(name, asks, said.question, said.sample, page, *picture, card if card.is_file() else None))
    return tuple(found)


def template_about(name: str) -> About:
    """Place in the course, question, sample and needs of a template.

    Raises
    ------
    GlmError
        If there is none of that name; the sentence lists those that there are.
    """
    return about(_path(name).parent)


def template_needs(name: str) -> tuple[Need, ...]:
    """What a template asks of a recording; a variant need not ask for all that its folder names.

    Raises
    ------
    GlmError
        If there is none of that name; the sentence lists those that there are.
    """
    return needs_of(_path(name))


def template_page(name: str) -> Path | None:
    """The page that teaches it, None where it has none.

    Raises
    ------
    GlmError
        If there is none of that name; the sentence lists those that there are.
    """
    page = _path(name).parent / PAGE
    return page if page.is_file() else None


def template_description(name: str) -> str:
    """What a template is for: the comment that its file begins with.

    Raises
    ------
    GlmError
        If there is none of that name; the sentence lists those that there are.
    """
    said = []
    for line in _path(name).read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        said.append(line.lstrip("# ").strip())
    return " ".join(said)


def load_template(name: str) -> Analysis:
    """The analysis of a template, with the names of its sample.

    Raises
    ------
    GlmError
        If there is none of that name; the sentence lists those that there are.
    """
    return analysis_of(on_sample(_path(name)), name)


def template_for(name: str, recording: Recording) -> Readiness:
    """A template in front of a recording: what is lacking, and the analysis with the recording's own names.

    Raises
    ------
    GlmError
        If there is none of that name; the sentence lists those that there are.
    """
    return readiness(_path(name), name, recording)


def template_text(name: str, recording: str | Path = "", filled: Readiness | None = None) -> str:
    """The template's file with its comments, naming the recording where one is given, with its names where they were `filled` in."""
    import tomli_w

    text = on_sample(_path(name)) if filled is None else filled.text
    if recording:
        text = f"{text.rstrip()}\n\n{tomli_w.dumps({'recording': {'path': str(Path(recording).resolve())}})}"
    return text


def _files() -> dict[str, Path]:
    found: dict[str, tuple[int, Path]] = {}
    for folder in sorted(path for path in resource("analyses").iterdir() if (path / ANALYSIS).is_file()):
        for path in sorted(folder.glob("*.toml"), key=lambda path: (path.name != ANALYSIS, path.name)):
            if path.name != _ABOUT:
                name = folder.name if path.name == ANALYSIS else f"{folder.name}/{path.stem}"
                found[name] = (about(folder).order or 1000, path)
    return {name: path for name, (_, path) in sorted(found.items(), key=lambda item: item[1][0])}


def _path(name: str) -> Path:
    files = _files()
    if name not in files:
        raise GlmError(f"there is no template '{name}'; the templates are: {', '.join(files)}")
    return files[name]
