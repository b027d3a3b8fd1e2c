"""The format of a file or folder, recognised by its content."""

from __future__ import annotations

import stat
import zipfile
from functools import cache
from importlib import import_module
from pathlib import Path

from glmengine.errors import GlmError
from glmengine.io.files.hdf5_kinds import SIGNATURE, another_program, is_hdf5
from glmengine.io.formats.tables import why_no_table
from glmengine.io.reader import Reader

BUILT_IN = ("nwb", "pynapple_npz", "neurosuite", "phy", "suite2p", "matlab", "tables", "numpy_files", "hdf5_files")
"""Modules of `glmengine.io.formats`, in the order in which they are asked."""

ENTRY_POINTS = "glmengine.readers"
"""Another package adds a format with an entry point of this group that names a `Reader`."""

HEAD = 4096

ZIP = b"PK\x03\x04"

ZARR = frozenset({".zgroup", ".zattrs", ".zmetadata", "zarr.json"})
"""Files of which any folder that Zarr wrote has one."""

MOST_LOOKED_AT = 20

RAW = (
    ("structure.oebin", "a recording of Open Ephys, raw signals"), ("*.openephys", "a recording of Open Ephys, raw signals"),
    ("*.ap.meta", "a recording of SpikeGLX, raw signals"), ("*.rhd", "a recording of Intan, raw signals"), ("*.ncs", "a recording of Neuralynx, raw signals"),
)  # fmt: skip
"""Files by which folders of acquisition systems are known."""

MAGIC = (
    (SIGNATURE, "an HDF5 file"), (ZIP, "a zip archive"), (b"PK\x05\x06", "an empty zip archive"), (b"MATLAB 5.0", "a MATLAB file"),
    (b"\x93NUMPY", "a NumPy array"), (b"PAR1", "a Parquet file"), (b"%PDF", "a PDF document"), (b"\x89PNG", "a picture"), (b"\xff\xd8\xff", "a picture"),
    (b"\x1f\x8b", "a gzip archive"), (b"BZh", "a bzip2 archive"), (b"7z\xbc\xaf", "a 7-zip archive"), (b"\x80\x04\x95", "a Python pickle"), (b"\x7fELF", "a program"),
)  # fmt: skip


@cache
def readers() -> tuple[Reader, ...]:
    """Every format that is known, built in and added by other packages."""
    from importlib.metadata import entry_points

    found = [import_module(f"glmengine.io.formats.{name}").READER for name in BUILT_IN]
    for entry in entry_points(group=ENTRY_POINTS):
        added = entry.load()
        if isinstance(added, Reader):
            found.append(added)
    return tuple(found)


def reader_named(name: str) -> Reader:
    """The reader of a format by its name."""
    return next(reader for reader in readers() if reader.name == name)


def recognise(path: Path) -> Reader:
    """The format of a file or folder by its content; raises `GlmError` where it is none that is known, or misnamed."""
    return choose_reader(path, head_of(path))


def head_of(path: Path) -> bytes:
    """The first bytes of a file, empty for a folder; refuses what is neither."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            if not any(path.iterdir()):
                raise GlmError(f"{path.name}: is an empty folder; choose the folder that holds the files")
            _see_readable(path)
            return b""
        if not stat.S_ISREG(mode):
            raise GlmError(f"{path.name}: is neither a file nor a folder; choose a recording")
        with open(path, "rb") as file:
            head = file.read(HEAD)
    except FileNotFoundError:
        raise GlmError(f"{path.name}: there is no such file ({path}); check the path") from None
    except GlmError:
        raise
    except ValueError as error:  # a NUL in the name
        raise GlmError(f"{path.name!r}: is no valid path ({error}); choose a recording") from error
    if not head:
        raise GlmError(f"{path.name}: is empty; copy or export it again")
    return head


def _see_readable(folder: Path) -> None:
    """A folder is a recording as a whole: a file in it that is closed to the user must not make it look like something else."""
    for file in sorted(folder.iterdir()):
        try:
            if file.is_file():
                open(file, "rb").close()
        except PermissionError as error:
            raise GlmError(
                f"{folder.name}: its file {file.name} cannot be read ({error.strerror}); change its permissions, or move it elsewhere"
            ) from error


def choose_reader(path: Path, head: bytes, *, with_recipe: bool = False) -> Reader:
    """The reader for a file or folder whose first bytes are `head`; see `recognise`.

    Raises
    ------
    GlmError
        If it is of no known format, or named like another one.
    """
    ending = path.suffix.lower()
    matching = [reader for reader in readers() if _recognises(reader, path, head)]
    # a recipe is meant for the format without a standard, where the content could be read as either
    matching.sort(key=lambda reader: reader.needs_recipe != with_recipe)
    if not matching:
        if path.is_dir():
            raise GlmError(f"{path.name}: {_why_no_folder(path)}")
        if head.startswith(ZIP) and not zipfile.is_zipfile(path):
            raise GlmError(
                f"{path.name}: is a zip archive (as .npz files are) that is cut off before its end; copy or export it again"
            )
        if doubt := _another_program(path, head) or why_no_table(path, head):
            raise GlmError(f"{path.name}: {doubt}")
        if (what := content_of(head)).endswith(" archive") and what.startswith("a "):
            raise GlmError(f"{path.name}: its content is {what}; unpack it, and open what is in it")
        # without their points: no line of a window breaks before one
        endings = ", ".join(sorted({end.removeprefix(".") for reader in readers() for end in reader.endings}))
        raise GlmError(
            f"{path.name}: its content is {content_of(head)}, not a recording that is known ({endings}); choose another file or export it again"
        )
    if path.is_dir() and len(matching) > 1:
        named = " and ".join(reader.name for reader in matching)
        raise GlmError(
            f"{path.name}: holds more than one recording ({named}); put the files of one of them into a folder of their own, and open that"
        )
    reader = matching[0]
    if path.is_dir() or ending in reader.endings:
        return reader
    better = [other for other in matching if ending in other.endings]
    if better:
        return better[0]
    if any(ending in other.endings for other in readers()):
        raise GlmError(
            f"{path.name}: is named {ending} but its content is {reader.name}; rename it to end in {reader.endings[0]}, or choose the file that was meant"
        )
    return reader


def _recognises(reader: Reader, path: Path, head: bytes) -> bool:
    try:
        return reader.recognises(path, head)
    except PermissionError:
        raise
    except Exception:  # noqa: BLE001 - a damaged file of another format, or a reader of another package that did not expect it
        return False


def content_of(head: bytes) -> str:
    """What a file is, in words, from its first bytes."""
    for magic, words in MAGIC:
        if head.startswith(magic):
            return words
    if not head.strip(b"\0"):
        return "nothing but zeros"
    try:
        text = head[: HEAD - 4].decode("utf-8")
    except UnicodeDecodeError:
        return "binary data of an unknown kind"
    return "plain text" if "\0" not in text else "binary data of an unknown kind"


def _another_program(path: Path, head: bytes) -> str:
    """What a file of a program that is well known and not read is, and what to do; empty where it is none."""
    if head.startswith(ZIP):
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
        if "xl/workbook.xml" in names or {"mimetype", "content.xml"} <= names:
            return "is a workbook of a spreadsheet; save the sheet that is meant as CSV, and open that"
        if {"project.json", "analysis.toml"} <= names:
            return "is a project of this program, which names its recording; open it in the window, or give it to `glmengine run` or `glmengine report`"
    return another_program(path) if is_hdf5(head) else ""


def _known_folders() -> str:
    return "pynapple .npz files, Neurosuite .res/.clu files, Phy or Kilosort output, or Suite2p output"


def _why_no_folder(folder: Path) -> str:
    """What a folder is in which no recording was recognised, and what to do."""
    names = {file.name for file in folder.iterdir()}
    if names & ZARR:
        return "is a Zarr folder, which is not read; export it to an HDF5 file (pynwb and hdmf-zarr do), and open that"
    for inner in sorted(file for file in folder.iterdir() if file.is_dir())[:MOST_LOOKED_AT]:
        matching = [reader for reader in readers() if _recognises(reader, inner, b"")]
        if matching:
            return f"no recording was recognised in this folder, but its folder {inner.name} holds one ({matching[0].name}); open that"
    if raw := next((what for pattern, what in RAW if next(folder.rglob(pattern), None) is not None), ""):
        return f"is {raw}; sort the spikes (Kilosort, or SpikeInterface with any sorter), and open the folder that the sorter or Phy wrote"
    endings = {ending for reader in readers() for ending in reader.endings} - {".txt", ".xml"}
    files = sorted(file.name for file in folder.iterdir() if file.suffix.lower() in endings)
    if files:
        return f"no recording was recognised in this folder; open one of its files ({', '.join(files[:4])})"
    return f"no recording was recognised in this folder; it would hold {_known_folders()}"
