"""Recordings saved in a format that others read, never over the file that they came from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from glmengine.context import SILENT, Context, Progress
from glmengine.errors import GlmError

if TYPE_CHECKING:
    from glmengine.recording.recording import Recording


def save_recording(recording: Recording, path: str | Path, *, replace: bool = True, context: Context = SILENT) -> Path:
    """Write `recording` as NWB where the name ends in ``.nwb``, else as a new folder of pynapple npz files.

    Parameters
    ----------
    recording : Recording
    path : str or Path
        Never the recording's own file, nor anything inside its own folder.
    replace : bool
        Whether an NWB file that exists is replaced; a folder that holds something never is.
    context : Context
        Progress and cancellation, which is heard until writing begins.

    Returns
    -------
    Path
        What was written.

    Raises
    ------
    GlmError
        If `path` belongs to the recording, is taken, has the ending of another format, or cannot be written; nothing is left
        half written.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending in (".npz", ".npy", ".mat", ".csv", ".tsv", ".txt", ".parquet"):
        raise GlmError(
            f"{path.name}: a recording is saved as NWB (a name that ends with .nwb) or as a folder of pynapple npz files "
            f"(a name without an ending); give one of these"
        )
    refuse_original(recording, path)
    if ending == ".nwb" and not replace and path.exists():
        raise GlmError(f"{path}: exists already; give another name, or have it replaced")
    context.report(Progress(f"Writing {path.name}", 0.1))
    context.check()
    if ending == ".nwb":
        from glmengine.export.nwb import write_nwb

        write_nwb(recording, path)
    else:
        from glmengine.export.npz import write_npz

        write_npz(recording, path)
    return path


def refuse_original(recording: Recording, path: Path) -> None:
    """Raise `GlmError` if writing to `path` would change what `recording` was opened from, by whatever name or link."""
    original = recording.path
    if original is None:
        return
    if _same(path, original):
        raise GlmError(f"{path}: is the recording itself, which is never changed; give another name for the copy")
    if os.path.isdir(original) and original.resolve() in path.resolve().parents:
        raise GlmError(
            f"{path}: lies in the folder of the recording itself, which is never changed; choose another folder for the copy"
        )


def _same(one: Path, other: Path) -> bool:
    """Whether both are one file or folder; where that cannot be looked up, whether they are called the same."""
    try:
        return one.samefile(other)
    except FileNotFoundError:
        return False
    except OSError:
        return one.resolve() == other.resolve()
