"""The whole result as NetCDF."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glmengine.results.result import Result


def write(result: Result, path: Path) -> list[Path]:
    """What `Result.save` writes."""
    result.save(path)
    return [path]
