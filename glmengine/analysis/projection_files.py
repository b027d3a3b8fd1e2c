"""Files of given projections: spatial filters made elsewhere, whose numbers are kept with the analysis."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError

if TYPE_CHECKING:
    from glmengine.analysis.terms import AnyTerm, ReceptiveFieldTerm

_IN_NPZ = "filters"


def with_projections(terms: Sequence[AnyTerm], folder: Path | None = None, *, lenient: bool = False) -> tuple[AnyTerm, ...]:
    """The terms of an analysis with the numbers of their filter files in them, so that they can be used again without those.

    Parameters
    ----------
    terms : sequence of terms
    folder : path, optional
        That of the analysis's file, in which relative paths are looked up first; then in the current one.
    lenient : bool
        Leave a file that is in neither place for later.

    Raises
    ------
    GlmError
        If a file is in neither place, or does not hold numbers.
    """
    terms = list(terms)
    for number, term in enumerate(terms):
        if term.kind != "receptive_field" or term.space != "given" or not term.filter_file or _kept(term):
            continue
        path = _found(term, folder)
        if path is None and lenient:
            continue
        values = _read(term, path, f"terms.{number}")
        if not np.isfinite(values).all():
            continue  # refused when the stimulus is known
        terms[number] = term.with_(filters=tuple(values.ravel().tolist()), filters_from=term.filter_file)
    return tuple(terms)


def given_projections(term: ReceptiveFieldTerm, channels: int, where: str) -> np.ndarray:
    """(C, k) filters of a term: one filter of C numbers, or k of them one after another.

    Raises
    ------
    GlmError
        If there are none, or they are not of C numbers each.
    """
    if not term.filter_file and not term.filters:
        raise GlmError(f"term '{term.label}': no filter is given; name a file", field=f"{where}.filter_file")
    values = np.array(term.filters) if _kept(term) else _read(term, _found(term, None), where)
    if values.size == 0 or values.size % channels or not np.isfinite(values).all():
        finite = np.isfinite(values).all()
        what = f"holds {values.size} numbers" if finite else "holds numbers that are not finite"
        raise GlmError(
            f"{Path(term.filter_file).name}: {what}, and '{term.variable}' has {channels} channels; give {channels} numbers for each filter",
            field=f"{where}.filter_file",
        )
    return values.reshape(-1, channels).T


def _kept(term: ReceptiveFieldTerm) -> bool:
    """Whether the numbers are there already, of the file that is named."""
    return bool(term.filters) and term.filters_from == term.filter_file


def _found(term: ReceptiveFieldTerm, folder: Path | None) -> Path | None:
    """The file, in the folder or in the current one."""
    named = Path(term.filter_file).expanduser()
    places = [folder / named, Path.cwd() / named] if folder is not None else [Path.cwd() / named]
    return next((place for place in places if place.is_file()), None)


def _read(term: ReceptiveFieldTerm, path: Path | None, where: str) -> np.ndarray:
    if path is None:
        named = Path(term.filter_file).expanduser()
        looked = (
            "" if named.is_absolute() else f", neither beside the analysis file nor in the current folder ({Path.cwd().name})"
        )
        raise GlmError(
            f"{named.name}: there is no such file{looked}; correct the path of the filters", field=f"{where}.filter_file"
        )
    try:
        return _numbers(path)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise GlmError(
            f"{path.name}: cannot be read as an array of numbers ({error}); give a .npy, .npz, .csv or text file",
            field=f"{where}.filter_file",
        ) from error


def _numbers(path: Path) -> np.ndarray:
    """The array of a file; of several in an .npz file the one called ``filters``."""
    ending = path.suffix.lower()
    if ending == ".npy":
        return np.asarray(np.load(path, allow_pickle=False), np.float64)
    if ending != ".npz":
        return np.asarray(np.loadtxt(path, delimiter="," if ending == ".csv" else None, encoding="utf-8-sig"), np.float64)
    with np.load(path, allow_pickle=False) as arrays:
        names = list(arrays)
        if len(names) != 1 and _IN_NPZ not in names:
            raise ValueError(f"it holds {', '.join(names) or 'no array'}, none of them called '{_IN_NPZ}'")
        return np.asarray(arrays[names[0] if len(names) == 1 else _IN_NPZ], np.float64)
