"""Neurosuite folders: spike samples (.res), clusters (.clu) and the session's parameters (.xml), with events (.evt) and epochs."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.files.limits import LARGEST_TEXT, note_bytes
from glmengine.io.raw import RawRecording, safe_name
from glmengine.io.reader import Reader

if TYPE_CHECKING:
    from glmengine.io.recipe.recipe import Recipe

FIRST_UNIT = 2
"""Cluster 0 holds artefacts and cluster 1 what could not be sorted."""


def recognises(path: Path, head: bytes) -> bool:
    """True for a folder with clusters and spike samples, and for the parameters beside them."""
    if path.is_dir():
        return bool(_shanks(path))
    return path.suffix.lower() == ".xml" and b"<parameters" in head and bool(_shanks(path.parent, path.stem))


def read(path: Path, recipe: Recipe | None = None) -> RawRecording:
    """Every cluster from 2 on as a unit, named ``shank-cluster``.

    Raises
    ------
    GlmError
        If spikes and clusters do not fit, or the sampling rate is not known.
    """
    folder = path if path.is_dir() else path.parent
    base = path.stem if path.is_file() else _only_base(folder)
    rate = _sampling_rate(folder / f"{base}.xml")
    raw = RawRecording(spikes=[])
    shanks, groups = [], []
    for shank in _shanks(folder, base):
        samples, clusters = _integers(folder / f"{base}.res.{shank}"), _integers(folder / f"{base}.clu.{shank}")
        clusters = clusters[1:]  # the first line is their number
        if len(samples) != len(clusters):
            raise GlmError(
                f"{base}.clu.{shank}: has {len(clusters)} spikes and {base}.res.{shank} has {len(samples)}; copy both again"
            )
        unsorted = int((clusters < FIRST_UNIT).sum())
        if unsorted:
            raw.notes.append(f"Shank {shank}: {unsorted} spikes of clusters 0 and 1 (artefacts and noise) left out.")
        for cluster in np.unique(clusters[clusters >= FIRST_UNIT]):
            raw.spikes.append(np.sort(samples[clusters == cluster]) / rate)
            raw.unit_names.append(f"{shank}-{cluster}")
            shanks.append(shank)
            groups.append(int(cluster))
    raw.unit_columns = {"shank": np.array(shanks), "cluster": np.array(groups)}
    for file in (
        sorted(folder.glob(f"{base}*.evt")) + sorted(folder.glob(f"{base}*.evt.*")) + sorted(folder.glob(f"{base}.*.evt"))
    ):
        _add_events(raw, file)
    raw.notes += [
        f"{file.name} (position) was not read, because nothing says its rate; take it in with a recipe that says it: "
        f'[[covariates]] name = "position", values = ["{file.name}:column1", "{file.name}:column2"], rate = 39.0625 or what it was.'
        for file in sorted(folder.glob(f"{base}*.whl"))
    ]
    epochs = folder / "Epoch_TS.csv"
    if epochs.is_file():
        pairs = np.loadtxt(io.BytesIO(note_bytes(epochs)), delimiter=",", ndmin=2)
        raw.epochs |= {f"epoch_{number + 1}": pair[None, :2] for number, pair in enumerate(pairs)}
    return raw


READER = Reader("Neurosuite", (".xml",), recognises, read, probe=True, writes=("Epoch_TS.csv",))


def _shanks(folder: Path, base: str | None = None) -> list[int]:
    """Numbers of the shanks that have both clusters and spike samples."""
    found = set()
    for file in folder.glob("*.clu.*"):
        match = re.fullmatch(r"(.+)\.clu\.(\d+)", file.name)
        if match and base in (None, match[1]) and (folder / f"{match[1]}.res.{match[2]}").is_file():
            found.add(int(match[2]))
    return sorted(found)


def _only_base(folder: Path) -> str:
    bases = sorted({re.sub(r"\.clu\.\d+$", "", file.name) for file in folder.glob("*.clu.*")})
    bases = [base for base in bases if _shanks(folder, base)]
    if len(bases) != 1:
        raise GlmError(f"{folder.name}: holds several sessions ({', '.join(bases[:5])}); open the .xml file of one of them")
    return bases[0]


def _sampling_rate(path: Path) -> float:
    if not path.is_file():
        raise GlmError(f"{path.name}: is missing, and with it the sampling rate; copy the session's .xml file into the folder")
    content = note_bytes(path)
    if b"<!" in content.replace(b"<!--", b""):
        raise GlmError(
            f"{path.name}: defines XML entities, which no session needs; it is not read, save it again from Neuroscope"
        )
    try:
        found = ElementTree.fromstring(content).findtext("acquisitionSystem/samplingRate")
        rate = float(found or "")
    except (ElementTree.ParseError, ValueError) as error:
        raise GlmError(
            f"{path.name}: has no readable acquisitionSystem/samplingRate ({error}); save it again from Neuroscope"
        ) from error
    if not (np.isfinite(rate) and rate > 0):
        raise GlmError(f"{path.name}: its sampling rate is {rate}; correct it")
    return rate


def _integers(path: Path) -> np.ndarray:
    """(N,) int64, one a line."""
    size = path.stat().st_size
    if size > LARGEST_TEXT:
        raise GlmError(f"{path.name}: is {size / 2**30:.1f} GB of text, too large to read; export it as NWB")
    try:
        return np.array(path.read_bytes().split(), dtype="S20").astype(np.int64)
    except ValueError as error:
        raise GlmError(f"{path.name}: holds something else than whole numbers ({error}); copy it again") from error


def _add_events(raw: RawRecording, path: Path) -> None:
    """Times in milliseconds with a text behind each, one a line; ``beginning of X`` and ``end of X`` are an epoch."""
    found: dict[str, list[float]] = {}
    for line in note_bytes(path).decode("utf-8", "replace").splitlines():
        stamp, text = (*line.split(None, 1), "", "")[:2]
        try:
            found.setdefault(safe_name(text or path.stem), []).append(float(stamp) / 1000)
        except ValueError:
            continue  # a heading
    for name in list(found):
        said = re.fullmatch(r"(beginning|start) of (.+)", name, re.IGNORECASE)
        stops = found.get(f"end of {said[2]}") if said else None
        if stops is not None and len(stops) == len(found[name]):
            raw.epochs[said[2]] = np.column_stack([found.pop(name), found.pop(f"end of {said[2]}")])
    raw.events |= {name: np.array(times) for name, times in found.items()}
