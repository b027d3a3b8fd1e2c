"""Hashes that stand for the content of a file or folder."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glmengine.io.reader import Reader
    from glmengine.io.recipe.recipe import Recipe

WHOLE_HASH, SAMPLE, SAMPLES = 512 * 2**20, 2**20, 128


def sha256_of(path: Path, companions: Sequence[Path] = ()) -> str:
    """Hash that stands for a file's content, or for all files of a folder, and for further files that are read with it.

    The whole of a file up to 512 MB; of a larger one its size and 128 evenly spaced MB, so that opening stays quick.
    """
    digest = hashlib.sha256()
    if path.is_dir():
        for file in sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith(".")):
            digest.update(file.name.encode())
            _update(digest, file)
    else:
        _update(digest, path)
    for companion in companions:
        digest.update(companion.name.encode())
        _update(digest, companion)
    return digest.hexdigest()


def _update(digest: hashlib._Hash, path: Path) -> None:
    size = path.stat().st_size
    with open(path, "rb") as file:
        if size <= WHOLE_HASH:
            while block := file.read(SAMPLE):
                digest.update(block)
            return
        digest.update(str(size).encode())
        for sample in range(SAMPLES):
            file.seek((size - SAMPLE) * sample // (SAMPLES - 1))
            digest.update(file.read(SAMPLE))


def fingerprint(path: Path, reader: Reader, recipe: Recipe | None, digest: str) -> str:
    """Hash that stands for one way of reading a file whose content has the hash `digest`."""
    about = path.stat()
    whole = path.is_dir() or about.st_size <= WHOLE_HASH
    parts = [reader.name, digest, "" if whole else str(about.st_mtime_ns), "" if recipe is None else recipe.model_dump_json()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
