"""Templates: ready analyses that come with the program."""

from __future__ import annotations

from pathlib import Path

from glmengine.analysis.analysis import Analysis
from glmengine.errors import GlmError
from glmengine.resources import resource


def templates() -> dict[str, str]:
    """Title of each template by name."""
    return {path.stem: Analysis.load(path).title for path in _files()}


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
    """The analysis of a template.

    Raises
    ------
    GlmError
        If there is none of that name; the sentence lists those that there are.
    """
    return Analysis.load(_path(name))


def template_text(name: str, recording: str | Path = "") -> str:
    """The template's file with its comments, naming the recording where one is given."""
    import tomli_w

    text = _path(name).read_text(encoding="utf-8")
    if recording:
        text = f"{text.rstrip()}\n\n{tomli_w.dumps({'recording': {'path': str(Path(recording).resolve())}})}"
    return text


def _files() -> list[Path]:
    return sorted(resource("templates").glob("*.toml"))


def _path(name: str) -> Path:
    for path in _files():
        if path.stem == name:
            return path
    raise GlmError(f"there is no template '{name}'; the templates are: {', '.join(path.stem for path in _files())}")
