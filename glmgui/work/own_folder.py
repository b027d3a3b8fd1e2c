"""The folder of its own that an export of several files makes in the one that is chosen."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class OwnFolder(NamedTuple):
    """Where the files go, and where the next dialog begins.

    Attributes
    ----------
    folder : Path
        Need not be there yet.
    within : Path
    """

    folder: Path
    within: Path

    @property
    def holds_something(self) -> bool:
        """Whether files are there already, which is asked about before."""
        return self.folder.is_dir() and any(self.folder.iterdir())


def own_folder(chosen: Path, name: str) -> OwnFolder:
    """A folder called `name` in the one that is chosen, or that one where it has the name itself, as that of an earlier export does."""
    from glmengine.export.file_names import shown_name

    name = shown_name(name)
    return OwnFolder(chosen, chosen.parent) if chosen.name == name else OwnFolder(chosen / name, chosen)
