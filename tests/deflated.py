"""Long runs of zeros, compressed without being made: bombs for the tests of readers."""

from __future__ import annotations

import zipfile
import zlib

BLOCK = 2**24
_ONES = 0xFFFFFFFF


def deflated(head: bytes, zeros: int) -> bytes:
    """The raw deflate stream of `head` and so many zeros; after a full flush a block is compressed alike wherever it stands."""
    assert zeros % BLOCK == 0
    squeeze = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    first = squeeze.compress(head) + squeeze.flush(zlib.Z_FULL_FLUSH)
    block = squeeze.compress(bytes(BLOCK)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    return first + block * (zeros // BLOCK) + squeeze.flush()


def crc32(head: bytes, zeros: int) -> int:
    """The CRC-32 of `head` and so many zeros: what a zero does to the register is linear, and is squared for twice as many."""
    register = zlib.crc32(head) ^ _ONES
    columns = [zlib.crc32(b"\0", (1 << bit) ^ _ONES) ^ _ONES for bit in range(32)]
    while zeros:
        if zeros & 1:
            register = _times(columns, register)
        columns = [_times(columns, column) for column in columns]
        zeros >>= 1
    return register ^ _ONES


def adler32(head: bytes, zeros: int) -> int:
    """The Adler-32 of `head` and so many zeros."""
    start = zlib.adler32(head)
    low, high = start & 0xFFFF, start >> 16
    return ((high + zeros * low) % 65521) << 16 | low


def add_zeros(archive: zipfile.ZipFile, name: str, head: bytes, zeros: int) -> None:
    """Add a member of `head` and so many zeros to an archive that is being written."""
    packed = deflated(head, zeros)
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.file_size, info.compress_size, info.CRC = len(head) + zeros, len(packed), crc32(head, zeros)
    info.header_offset = archive.start_dir
    archive.fp.seek(archive.start_dir)
    archive.fp.write(info.FileHeader(zip64=True) + packed)
    archive.start_dir = archive.fp.tell()
    archive.filelist.append(info)
    archive.NameToInfo[name] = info
    archive._didModify = True


def _times(columns: list[int], vector: int) -> int:
    """A matrix of bits, by columns, times a vector of bits."""
    found = 0
    for bit, column in enumerate(columns):
        if vector >> bit & 1:
            found ^= column
    return found
