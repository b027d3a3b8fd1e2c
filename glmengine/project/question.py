"""An analysis from a file with the recordings that it is put to, and the result of a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from glmengine.analysis.analysis import Analysis
from glmengine.analysis.sources import places_of
from glmengine.errors import GlmError
from glmengine.io.opened_sessions import where_needed
from glmengine.project.project import load_project
from glmengine.results.result import Result

if TYPE_CHECKING:
    from glmengine.io.recipe.recipe import Recipe


@dataclass(frozen=True)
class Question:
    """An analysis, and the recordings that it is to be put to.

    Attributes
    ----------
    file : str
        Name of the file that it comes from.
    analysis : Analysis
    places : tuple of Path
        Where the recordings are; empty where one of them is not there.
    hashes : tuple of str
        Those of the recordings that it was made for, empty where not known.
    missing : tuple of str
        Places at which a recording was, and is no longer.
    recipes : tuple of Recipe or None
        With which the recordings are opened: one for each, or one for all.
    """

    file: str
    analysis: Analysis
    places: tuple[Path, ...]
    hashes: tuple[str, ...]
    missing: tuple[str, ...] = ()
    recipes: tuple[Recipe | None, ...] = (None,)

    def on(self, recordings: Sequence[str | Path] | None) -> Question:
        """The same put to these recordings, to its own where there are none.

        Other recordings have the recipe of that in the same place, or of the first, where they need one.

        Raises
        ------
        GlmError
            If there is no recording then.
        """
        places = tuple(Path(one) for one in recordings or self.places)
        if not places:
            hint = f" and '{self.missing[0]}' is not there" if self.missing else ""
            raise GlmError(f"{self.file}: names no recording{hint}; give one with --recording FILE")
        recipes = self.recipes
        if recordings:
            known = recipes if len(recipes) == len(places) else recipes[:1] * len(places)
            recipes = tuple(where_needed(place, recipe) for place, recipe in zip(places, known, strict=True))
        return replace(self, places=places, recipes=recipes)


def load_question(path: str | Path) -> Question:
    """An analysis from a ``.toml`` or ``.glm`` file with its recordings.

    Raises
    ------
    GlmError
        If the file is absent or is not an analysis.
    """
    path = Path(path)
    if path.suffix.lower() != ".glm":
        analysis = Analysis.load(path)
        return Question(
            path.name,
            analysis,
            tuple(places_of(analysis, path.resolve().parent)),
            tuple(one.sha256 for one in analysis.sources),
            recipes=tuple(one.recipe for one in analysis.sources),
        )
    project = load_project(path)
    parts = project.recording.parts
    found = [part.find(path) for part in parts]
    places = tuple(place for place in found if place is not None)
    return Question(
        path.name,
        project.analysis,
        places if len(places) == len(parts) else (),
        tuple(part.sha256 for part in parts),
        tuple(str(part.path) for part, place in zip(parts, found, strict=True) if place is None and part.path),
        tuple(part.recipe for part in parts),
    )


def question_of(result: Result, file: str) -> Question:
    """The question that a result answers, put to the recordings that were fitted, by the places where they were then."""
    sources = result.analysis.sources
    fitted = [(one.path, one.sha256) for one in result.sessions_fitted] or [
        (str(result.provenance.get("recording_path", "")), str(result.provenance.get("recording_sha256", "")))
    ]
    return Question(
        file,
        result.analysis,
        tuple(Path(path) for path, _ in fitted) if all(path for path, _ in fitted) else (),
        tuple(sha256 for _, sha256 in fitted),
        recipes=tuple(one.recipe for one in sources) if len(sources) == len(fitted) else (None,),
    )


def load_result(path: str | Path) -> Result:
    """The result of a ``.nc`` or ``.glm`` file.

    Raises
    ------
    GlmError
        If the file is absent, damaged, or a project without a result.
    """
    if Path(path).suffix.lower() != ".glm":
        return Result.load(path)
    result = load_project(path).result
    if result is None:
        raise GlmError(f"{Path(path).name}: the project holds no result; fit it first")
    return result
