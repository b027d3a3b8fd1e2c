"""Phy and Kilosort folders: spike samples, clusters and labels, and the sampling rate from params.py as text."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.files.limits import note_bytes, plain_column
from glmengine.io.files.npy import npy_array
from glmengine.io.raw import RawRecording
from glmengine.io.reader import Reader

if TYPE_CHECKING:
    from glmengine.io.recipe.recipe import Recipe

LABELS = ("cluster_group.tsv", "cluster_info.tsv", "cluster_KSLabel.tsv", "cluster_group.csv")
FIRST = ("group", "KSLabel")
"""Properties that say most of a unit."""


def recognises(path: Path, head: bytes) -> bool:
    """True for a folder with ``spike_times.npy`` and clusters or templates."""
    return path.is_dir() and (path / "spike_times.npy").is_file() and _owners(path) is not None


def read(path: Path, recipe: Recipe | None = None) -> RawRecording:
    """Every cluster that is not labelled noise as a unit, with its labels in the table of units."""
    samples = np.ravel(npy_array(path / "spike_times.npy"))
    owners_file = _owners(path)
    owners = np.ravel(npy_array(owners_file))
    if len(samples) != len(owners):
        raise GlmError(
            f"{path.name}: spike_times.npy has {len(samples)} spikes and {owners_file.name} has {len(owners)}; copy both again"
        )
    if samples.dtype.kind not in "uif" or owners.dtype.kind not in "ui":
        raise GlmError(
            f"{path.name}: spike_times.npy or {owners_file.name} does not hold numbers of samples and clusters; export it again"
        )
    times = samples.astype(np.float64) / _sampling_rate(path)
    labels = _labels(path)
    raw = RawRecording(spikes=[])
    noise = 0
    order = np.argsort(owners, kind="stable")
    clusters, starts = np.unique(owners[order], return_index=True)
    kept = []
    for cluster, mine in zip(clusters, np.split(times[order], starts[1:]), strict=True):
        about = labels.get(int(cluster), {})
        if str(about.get("group") or about.get("KSLabel") or "").lower() == "noise":
            noise += 1
            continue
        raw.spikes.append(np.sort(mine))
        raw.unit_names.append(str(cluster))
        kept.append(about)
    if noise:
        raw.notes.append(f"{noise} cluster{'s' if noise > 1 else ''} labelled noise left out.")
    for key in sorted(
        {key for about in kept for key in about}, key=lambda key: (FIRST.index(key) if key in FIRST else len(FIRST), key)
    ):
        raw.unit_columns[key] = _column([about.get(key, "") for about in kept])
    return raw


READER = Reader("Phy", (), recognises, read, probe=True)


def _column(texts: list[str]) -> np.ndarray:
    """Numbers where all that is given is a number, else texts."""
    try:
        numbers = np.array([float(text) if text else np.nan for text in texts])
    except ValueError:
        return plain_column(np.array(texts, dtype=object))
    whole = np.isfinite(numbers).all() and np.array_equal(numbers, np.rint(numbers)) and (np.abs(numbers) < 2**53).all()
    return numbers.astype(np.int64) if whole else numbers


def _owners(folder: Path) -> Path | None:
    for name in ("spike_clusters.npy", "spike_templates.npy"):
        if (folder / name).is_file():
            return folder / name
    return None


def _sampling_rate(folder: Path) -> float:
    file = folder / "params.py"
    text = note_bytes(file).decode("utf-8", "replace") if file.is_file() else ""
    found = re.search(r"^\s*sample_rate\s*=\s*([0-9.eE+]+)", text, re.MULTILINE)
    try:
        rate = float(found[1]) if found else 0.0
    except ValueError:
        rate = 0.0
    if not (np.isfinite(rate) and rate > 0):
        raise GlmError(
            f"{folder.name}: the sampling rate is unknown; put a params.py with a line 'sample_rate = 30000.' into the folder"
        )
    return rate


def _labels(folder: Path) -> dict[int, dict[str, str]]:
    """What the tables of labels say of each cluster; the labels given by hand count before those of the sorter."""
    found: dict[int, dict[str, str]] = {}
    further = sorted({file.name for file in folder.glob("cluster_*.tsv")} - set(LABELS))
    for name in (*LABELS, *further):
        file = folder / name
        if not file.is_file():
            continue
        lines = note_bytes(file).decode("utf-8", "replace").splitlines()
        for row in csv.DictReader(lines, delimiter="," if name.endswith("csv") else "\t"):
            key = row.get("cluster_id") or row.get("id") or ""
            if not key.strip().isdigit():
                continue
            about = found.setdefault(int(key), {})
            for column, value in row.items():
                if column not in ("cluster_id", "id", None) and isinstance(value, str) and value:
                    about.setdefault(column, value)
    return found
