"""Which program wrote an HDF5 file, by words in its bytes: to open a damaged one could bring the library down."""

from __future__ import annotations

from pathlib import Path

SIGNATURE = b"\x89HDF\r\n\x1a\n"
_USER_BLOCKS = (0, 512, 1024, 2048)
"""Bytes that may come before it, as MATLAB's first lines do."""

_LOOKED_THROUGH = 4 * 2**20
"""Bytes at either end of a file, where attributes and names lie."""

_NWB = b"nwb_version"
_OTHERS = (
    ((b"glmengine_index",), "is a result of this program; open it in the window, or the recording that was fitted here"),
    (
        (b"pandas_type", b"DeepLabCut"),
        "was written by pandas, as DeepLabCut and others do; write the table as CSV, and open that",
    ),
    ((b"pandas_type",), "was written by pandas (DataFrame.to_hdf); write the table as CSV or Parquet, and open that"),
    ((b"node_names", b"tracks"), "is an analysis file of SLEAP; export it as CSV, and open that"),
)
"""Words that are all in files of another program, what such a file is, and what to do."""


def is_hdf5(head: bytes) -> bool:
    """Whether a file begins as HDF5 does, `head` being its first bytes."""
    return any(head[at : at + len(SIGNATURE)] == SIGNATURE for at in _USER_BLOCKS)


def says_nwb(path: Path) -> bool:
    """Whether the root of a file says that it is NWB."""
    return _NWB in _ends_of(path)


def holds_plain_arrays(path: Path) -> bool:
    """Whether a file neither says that it is NWB nor is of a program whose arrays by themselves say nothing."""
    ends = _ends_of(path)
    return _NWB not in ends and not _of_another(ends)


def another_program(path: Path) -> str:
    """What a file is whose arrays by themselves say nothing, and what to do; empty where it is none that is known."""
    return _of_another(_ends_of(path))


def _of_another(ends: bytes) -> str:
    return next((said for words, said in _OTHERS if all(word in ends for word in words)), "")


def _ends_of(path: Path) -> bytes:
    with open(path, "rb") as file:
        content = file.read(_LOOKED_THROUGH)
        size = file.seek(0, 2)
        file.seek(max(0, size - _LOOKED_THROUGH))
        return content + file.read()
