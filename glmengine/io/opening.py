"""Opening a recording: which format the content is, read safely, cleaned and assembled."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from glmengine.context import SILENT, Context, Progress
from glmengine.errors import Cancelled, GlmError
from glmengine.io.raw import RawRecording, Reader

if TYPE_CHECKING:
    from glmengine.io.recipe.recipe import Recipe
    from glmengine.recording.recording import Recording

T = TypeVar("T")

BUILT_IN = ("nwb", "pynapple_npz", "neurosuite", "phy", "suite2p", "matlab", "tables", "numpy_files")
"""Modules of `glmengine.io.formats`, in the order in which they are asked."""

ENTRY_POINTS = "glmengine.readers"
"""Another package adds a format with an entry point of this group that names a `Reader`."""

HEAD = 4096

ZARR = frozenset({".zgroup", ".zattrs", ".zmetadata", "zarr.json"})
"""Files of which any folder that Zarr wrote has one."""

MOST_LOOKED_AT = 20

WHOLE_HASH, SAMPLE, SAMPLES = 512 * 2**20, 2**20, 128

MAGIC = (
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"), (b"PK\x03\x04", "a zip archive"), (b"PK\x05\x06", "an empty zip archive"), (b"MATLAB 5.0", "a MATLAB file"),
    (b"\x93NUMPY", "a NumPy array"), (b"PAR1", "a Parquet file"), (b"%PDF", "a PDF document"), (b"\x89PNG", "a picture"), (b"\xff\xd8\xff", "a picture"),
    (b"\x1f\x8b", "a gzip archive"), (b"BZh", "a bzip2 archive"), (b"7z\xbc\xaf", "a 7-zip archive"), (b"\x80\x04\x95", "a Python pickle"), (b"\x7fELF", "a program"),
)  # fmt: skip


def open_recording(
    path: str | Path, recipe: Recipe | Mapping[str, Any] | str | Path | None = None, *, context: Context = SILENT
) -> Recording:
    """Open a recording; its content decides the format.

    Parameters
    ----------
    path : str or Path
        A file, or a folder where the format is one.
    recipe : Recipe, its plain data, or str or Path of its TOML file, optional
        What the arrays of a file without a standard are (MATLAB, CSV and the like); kept as plain data in `source`.
    context : Context
        Progress and cancellation.

    Returns
    -------
    Recording
        Its `notes` say what was repaired, left out or doubtful.

    Raises
    ------
    GlmError
        One sentence that names the file: what is wrong with it and what to do.
    """
    path = Path(path).expanduser()
    try:
        head = _head(path)
        reader = _choose(path, head, recipe is not None)
        chosen = _recipe(recipe)
        if reader.needs_recipe and chosen is None:
            raise GlmError(
                f"{path.name}: is {_article(reader.name)} {reader.name} file, which has no standard for recordings; say what its arrays are "
                f"in a recipe (`glmengine recipe {path.name} --out recipe.toml` drafts one) and give it with --recipe recipe.toml"
            )
        context.report(Progress(f"Opening {path.name}", 0.1))
        digest = sha256_of(path)
        context.check()
        from glmengine.io.files.probe import probe

        probe(path, reader, chosen, _fingerprint(path, reader, chosen, digest), context)
        context.report(Progress(f"Opening {path.name}", 0.6))
        raw = read_raw(path, reader, chosen)
        context.check()
        from glmengine.io.compose import compose

        source = {"format": reader.name} if chosen is None else {"format": reader.name, "recipe": chosen.to_dict()}
        name = path.name if path.is_dir() else path.stem
        return _guarded(path, reader, lambda: compose(raw, name, path=path.resolve(), sha256=digest, source=source))
    except GlmError as error:
        if path.name in error.message:
            raise
        raise GlmError(f"{path.name}: {error.message}", field=error.field) from error
    except OSError as error:
        raise GlmError(f"{path.name}: cannot be read ({error.strerror or error}); check the path and its permissions") from error


def read_raw(path: Path, reader: Reader, recipe: Recipe | None) -> RawRecording:
    """What the reader finds; whatever a library makes of a damaged file comes out as one `GlmError`.

    Without a recipe a reader that needs one only reads the file's arrays, and what comes back is empty.
    """
    if recipe is None and reader.needs_recipe:
        _guarded(path, reader, lambda: reader.arrays(path))
        return RawRecording()
    return _guarded(path, reader, lambda: reader.read(path, recipe))


def _guarded(path: Path, reader: Reader, action: Callable[[], T]) -> T:
    try:
        return action()
    except (GlmError, Cancelled):
        raise
    except PermissionError:
        raise
    except MemoryError as error:
        raise GlmError(f"{path.name}: reading it needs more memory than there is; export a shorter stretch") from error
    except Exception as error:
        detail = " ".join(str(error).split())[:120] or type(error).__name__
        raise GlmError(f"{path.name}: is damaged or not quite {reader.name} ({detail}); copy or export it again") from error


def arrays_of(path: str | Path) -> dict[str, Any]:
    """Everything in a file without a standard, by name, for the assistant that makes a recipe: arrays, or lists of them.

    Raises
    ------
    GlmError
        If the file is of a format that needs no recipe, or cannot be read.
    """
    path = Path(path).expanduser()
    reader = recognise(path)
    if reader.arrays is None:
        raise GlmError(f"{path.name}: is {reader.name}, which says itself what it holds; open it without a recipe")
    from glmengine.io.files.probe import probe

    probe(path, reader, None, _fingerprint(path, reader, None, sha256_of(path)) if reader.probe else "")
    return _guarded(path, reader, lambda: reader.arrays(path))


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
    return _choose(path, _head(path), False)


def sha256_of(path: Path) -> str:
    """Hash that stands for a file's content, or for all files of a folder.

    The whole of a file up to 512 MB; of a larger one its size and 128 evenly spaced MB, so that opening stays quick.
    """
    digest = hashlib.sha256()
    if path.is_dir():
        for file in sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith(".")):
            digest.update(file.name.encode())
            _update(digest, file)
    else:
        _update(digest, path)
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


def _fingerprint(path: Path, reader: Reader, recipe: Recipe | None, digest: str) -> str:
    about = path.stat()
    whole = path.is_dir() or about.st_size <= WHOLE_HASH
    parts = [reader.name, digest, "" if whole else str(about.st_mtime_ns), "" if recipe is None else recipe.model_dump_json()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _head(path: Path) -> bytes:
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


def _choose(path: Path, head: bytes, with_recipe: bool) -> Reader:
    ending = path.suffix.lower()
    matching = [reader for reader in readers() if _recognises(reader, path, head)]
    # a recipe is meant for the format without a standard, where the content could be read as either
    matching.sort(key=lambda reader: reader.needs_recipe != with_recipe)
    if not matching:
        if path.is_dir():
            raise GlmError(f"{path.name}: {_why_no_folder(path)}")
        endings = ", ".join(sorted({end for reader in readers() for end in reader.endings}))
        raise GlmError(
            f"{path.name}: its content is {content_of(head)}, not a recording that is known ({endings}); choose another file or export it again"
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


def _recipe(recipe: Recipe | Mapping[str, Any] | str | Path | None) -> Recipe | None:
    if recipe is None:
        return None
    from glmengine.io.recipe.recipe import Recipe

    if isinstance(recipe, Mapping):
        return Recipe.parse(dict(recipe), "recipe")
    return recipe if isinstance(recipe, Recipe) else Recipe.load(recipe)


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
    endings = {ending for reader in readers() for ending in reader.endings} - {".txt", ".xml"}
    files = sorted(file.name for file in folder.iterdir() if file.suffix.lower() in endings)
    if files:
        return f"no recording was recognised in this folder; open one of its files ({', '.join(files[:4])})"
    return f"no recording was recognised in this folder; it would hold {_known_folders()}"


def _article(name: str) -> str:
    return "an" if name[:1].lower() in "aeiou" else "a"
