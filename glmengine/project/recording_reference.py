"""Where the recording of a project lies, and how it is known again."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glmengine.io.recipe.recipe import Recipe
    from glmengine.recording.recording import Recording


@dataclass(frozen=True)
class RecordingReference:
    """Where a project's recording lies, and how to know it again.

    Attributes
    ----------
    path : Path or None
        As it was when the project was saved; None for a recording made in memory.
    relative : str
        The same relative to the project file, for folders moved together.
    sha256, name : str
    source : mapping
        What else was used to open it (the recipe).
    sessions : tuple of RecordingReference
        Of several recordings in one analysis each one's own, `name` being what the session is called; path and hash are then empty.
    """

    path: Path | None = None
    relative: str = ""
    sha256: str = ""
    name: str = ""
    source: Mapping[str, Any] = field(default_factory=dict)
    sessions: tuple[RecordingReference, ...] = ()

    @classmethod
    def from_dict(cls, data: Any) -> RecordingReference:
        """From the JSON of a project; what is not there is empty."""
        data = data if isinstance(data, dict) else {}
        texts = {key: str(data.get(key, "")) for key in ("path", "relative", "sha256", "name")}
        source, sessions = data.get("source"), data.get("sessions")
        return cls(
            path=Path(texts["path"]) if texts["path"] else None,
            relative=texts["relative"],
            sha256=texts["sha256"],
            name=texts["name"],
            source=source if isinstance(source, dict) else {},
            sessions=tuple(cls.from_dict(one) for one in sessions) if isinstance(sessions, list) else (),
        )

    @property
    def recipe(self) -> Recipe | None:
        """With which it was opened, None where it needed none."""
        from glmengine.io.recipe.recipe import Recipe

        given = self.source.get("recipe")
        return Recipe.parse(dict(given), self.name) if isinstance(given, Mapping) else None

    @property
    def parts(self) -> tuple[RecordingReference, ...]:
        """One reference for each file: the sessions', or itself where there is only one."""
        return self.sessions or (self,)

    def find(self, project: str | Path) -> Path | None:
        """Where the recording is now, given where the project is; None if at neither place."""
        beside = Path(project).resolve().parent / self.relative if self.relative else None
        for place in (beside, self.path):
            if place is not None and place.exists():
                return place
        return None


def reference_dict(recording: Recording | RecordingReference | None, project: Path) -> dict[str, Any]:
    """What the JSON of a project says of its recording (`RecordingReference.from_dict` reads it): path, path beside the project, hash, recipe."""
    if recording is None:
        return {}
    if recording.sessions:
        return {
            "name": recording.name,
            "sha256": recording.sha256,
            "sessions": [
                {**reference_dict(getattr(one, "recording", one), project), "name": one.name} for one in recording.sessions
            ],
        }
    place = Path(os.path.abspath(recording.path)) if recording.path else None
    try:
        relative = os.path.relpath(place, project.resolve().parent) if place else ""
    except ValueError:  # another drive
        relative = ""
    source = {key: value for key, value in recording.source.items() if _is_plain(value)}
    return {"path": str(place or ""), "relative": relative, "sha256": recording.sha256, "name": recording.name, "source": source}


def _is_plain(value: Any) -> bool:
    """Whether it is short, plain data that JSON can hold."""
    try:
        return len(json.dumps(value)) < 100_000
    except (TypeError, ValueError):
        return False
