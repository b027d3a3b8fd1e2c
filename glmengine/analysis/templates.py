"""Templates: ready analyses that come with the program, in the order of the course, by name.

A folder of ``resources/analyses`` is one; further files in it are variants, called ``NAME/VARIANT``.
"""

from __future__ import annotations

from pathlib import Path

from glmengine.analysis.analysis import Analysis
from glmengine.analysis.ready import ABOUT as _ABOUT
from glmengine.analysis.ready import ANALYSIS, PAGE, About, Readiness, about, analysis_of, on_sample, readiness
from glmengine.errors import GlmError
from glmengine.recording.recording import Recording
from glmengine.resources import resource


def templates() -> dict[str, str]:
    """Title of each template by name: those of the course in its order, then the others."""
    return {name: analysis_of(on_sample(path), name).title for name, path in _files().items()}


def template_about(name: str) -> About:
    """Place in the course, question, sample and needs of a template.

    Raises
    ------
    GlmError
        If there is none of that name; the sentence lists those that there are.
    """
    return about(_path(name).parent)


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
