"""Files that come with the program: ready analyses, guide, icons, themes."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
# A wheel holds them inside the package, a checkout beside it.
_PLACES = (_PACKAGE / "_resources", _PACKAGE.parent / "resources")


def resource(name: str = "") -> Path:
    """Path of a file or folder that comes with the program.

    Parameters
    ----------
    name : str
        Relative to `resources/`, with forward slashes (``"guide/index.md"``); the folder itself where empty.

    Raises
    ------
    FileNotFoundError
        If the installation lacks it.
    """
    for place in _PLACES:
        path = place / name
        if path.exists():
            return path
    raise FileNotFoundError(f"the installation lacks resources/{name}; install the program again")
