"""Files written whole or not at all, so that a full disk or a crash damages nothing that was there."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from glmengine.errors import GlmError
from glmengine.io.files.leftovers import mark, sweep

LONGEST_NAME = 60
"""Letters of a file's name that the name of its temporary file begins with: with four bytes each there is room for more behind."""


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path` to write to; it takes `path`'s place when the block ends without error.

    Raises
    ------
    GlmError
        If the folder cannot be written to or the disk is full; what was at `path` is then untouched.
    """
    path = Path(path)
    temporary: Path | None = None
    try:
        if path.is_dir():
            raise GlmError(f"{path}: is a folder; give the name of a file")
        called = f".{path.name[:LONGEST_NAME]}"
        sweep(path.parent, f"{called}.")
        handle, name = tempfile.mkstemp(prefix=f"{called}{mark()}", suffix=path.suffix[:20], dir=path.parent or ".")
        os.close(handle)
        temporary = Path(name)
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        os.replace(temporary, path)
        temporary = None
    except (OSError, RuntimeError) as error:
        number = _number_of(error)
        if isinstance(error, RuntimeError) and number is None:
            raise
        reason = os.strerror(number) if number else getattr(error, "strerror", "") or str(error)
        if number in (errno.ENOENT, errno.ENOTDIR):
            raise GlmError(
                f"{path}: cannot be written, for there is no folder {path.parent}; make it, or choose another"
            ) from error
        raise GlmError(f"{path}: cannot be written ({reason}); choose another folder or free some space") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _number_of(error: OSError | RuntimeError) -> int | None:
    """The system's number of what went wrong; HDF5 has it in its text alone when it fails to close a file."""
    if isinstance(error, OSError) and error.errno:
        return error.errno
    found = re.search(r"errno = (\d+)", str(error))
    return int(found[1]) if found else None


def write_whole(path: str | Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all; raises `GlmError` as `replacing` does."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)
