"""Arrays of further files in the same folder, which a recipe names as ``FILE:ARRAY``: spikes in one file, tracking in another."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.recipe.recipe import COLUMN


def add_arrays_beside(found: dict[str, np.ndarray | list[np.ndarray]], path: Path, names: set[str] | None) -> None:
    """Add to `found`, the arrays of `path`, those that `names` asks for in files beside it.

    Raises
    ------
    GlmError
        If such a file is not in the same folder, or has no arrays that a recipe could name.
    """
    from glmengine.io.opening import recognise

    known = {COLUMN.sub("", name) for name in found} | set(found)
    wanted = {name for name in names or () if ":" in name and COLUMN.sub("", name) not in known}
    for other in sorted({name.split(":", 1)[0] for name in wanted}):
        beside = path.parent / other
        if other != Path(other).name or other in ("", ".", "..") or not beside.is_file():
            raise GlmError(
                f"{path.name}: the recipe names the table '{other}', which is not beside it; put it into the same folder"
            )
        reader = recognise(beside)
        if reader.arrays is None:
            raise GlmError(f"{path.name}: the recipe names {other} beside it, which is {reader.name} and has no arrays to name")
        found |= {f"{other}:{name}": column for name, column in reader.arrays(beside).items()}
