"""Phy and Kilosort folders: spike samples, clusters and labels, and the sampling rate from params.py as text."""

from __future__ import annotations

import ast
import csv
import operator
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.files.limits import note_bytes, plain_column
from glmengine.io.files.npy import npy_array
from glmengine.io.files.table_text import text_in
from glmengine.io.raw import RawRecording
from glmengine.io.reader import Reader
from glmengine.sentences import numbered

if TYPE_CHECKING:
    from glmengine.io.recipe.recipe import Recipe

ENDINGS = ("tsv", "csv")
LABELS = tuple(f"cluster_{what}.{ending}" for ending in ENDINGS for what in ("group", "groups", "info", "KSLabel"))
OF_CLUSTERS = ("cluster_id", "id", "cluster", "clusterid")
"""What the column with the numbers of clusters is called."""

LONGEST_EXPRESSION = 100
SIGNS = {ast.UAdd: operator.pos, ast.USub: operator.neg}
OPERATIONS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}

FIRST = ("group", "KSLabel")
"""Properties that say most of a unit."""


def recognises(path: Path, head: bytes) -> bool:
    """True for a folder with ``spike_times.npy`` and clusters or templates."""
    return path.is_dir() and (path / "spike_times.npy").is_file() and _owners(path) is not None


def read(path: Path, recipe: Recipe | None = None) -> RawRecording:
    """Every cluster that is not labelled noise as a unit, with its labels in the table of units.

    Raises
    ------
    GlmError
        If spikes and clusters do not fit, or the sampling rate is not known.
    """
    samples = np.ravel(npy_array(path / "spike_times.npy"))
    owners_file = _owners(path)
    owners = np.ravel(npy_array(owners_file))
    if len(samples) != len(owners):
        raise GlmError(
            f"{path.name}: spike_times.npy has {len(samples)} spikes and {owners_file.name} has {len(owners)}; copy both again"
        )
    if samples.dtype.kind not in "uif" or owners.dtype.kind not in "uif":
        raise GlmError(
            f"{path.name}: spike_times.npy or {owners_file.name} does not hold numbers of samples and clusters; export it again"
        )
    raw = RawRecording(spikes=[])
    times = samples.astype(np.float64) / _sampling_rate(path)
    times, owners = _whole(times, owners, owners_file.name, raw.notes)
    labels = _labels(path, raw.notes)
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


READER = Reader(
    "Phy",
    (),
    recognises,
    read,
    probe=True,
    writes=("*.npy", "*.tsv", "cluster_*.csv", "rez*.mat", "*kilosort*", "chanMap*.mat", "*.log"),
)


def _whole(times: np.ndarray, owners: np.ndarray, name: str, notes: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Spike times and clusters as whole numbers, without the spikes of which no cluster is known."""
    if owners.dtype.kind != "f":
        return times, owners
    known = np.isfinite(owners) & (owners == np.rint(owners))
    if not known.all():
        notes.append(f"{name}: {int((~known).sum())} spikes whose cluster is no whole number left out.")
    return times[known], owners[known].astype(np.int64)


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
    found = re.findall(r"^[ \t]*sample_rate[ \t]*=([^=#\n][^#;\n]*)", text, re.MULTILINE)
    rate = number_written(found[-1]) if found else None  # the last line counts, as if it were run
    if rate is None or not (np.isfinite(rate) and rate > 0):
        wrong = f"params.py says '{found[-1].strip()[:40]}'" if found else "params.py does not say it"
        raise GlmError(
            f"{folder.name}: the sampling rate is unknown ({wrong}); put a params.py with a line 'sample_rate = 30000.' into the folder"
        )
    return rate


def number_written(text: str) -> float | None:
    """The number that an expression of Python's is: numbers, ``+ - * / **`` and brackets, and ``float`` and ``int`` of such; None for
    anything else, which would have to be run."""
    if len(text) > LONGEST_EXPRESSION:
        return None
    try:
        return _value(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, ArithmeticError, TypeError, RecursionError, MemoryError):
        return None


def _value(node: ast.expr) -> float:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and type(node.op) in SIGNS:
        return SIGNS[type(node.op)](_value(node.operand))
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
        return OPERATIONS[type(node.op)](_value(node.left), _value(node.right))
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name | ast.Attribute)
        and len(node.args) == 1
        and not node.keywords
    ):
        called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr  # np.float64 is printed for a number
        if called in ("float", "float64", "float32"):
            return _value(node.args[0])
        if called == "int":
            return float(int(_value(node.args[0])))
    raise ValueError("no number")


def _labels(folder: Path, notes: list[str]) -> dict[int, dict[str, str]]:
    """What the tables of labels say of each cluster; the labels given by hand count before those of the sorter."""
    found: dict[int, dict[str, str]] = {}
    further = sorted({file.name for ending in ENDINGS for file in folder.glob(f"cluster_*.{ending}")} - set(LABELS))
    for name in (*LABELS, *further):
        file = folder / name
        if not file.is_file():
            continue
        nameless, twice = [], {}
        mine: dict[int, dict[str, str]] = {}
        for line, row in _rows(file):
            cluster = _cluster(next((row[key] for key in OF_CLUSTERS if row.get(key)), ""))
            if cluster is None:
                nameless.append(line)
                continue
            about = mine.setdefault(cluster, {})
            for column, value in row.items():
                if column not in OF_CLUSTERS and value:
                    if about.get(column, value) != value:
                        twice.setdefault(cluster, []).append(f"'{about[column]}', then '{value}' in line {line}")
                    about[column] = value
        for cluster, about in mine.items():
            found[cluster] = about | found.get(cluster, {})
        if twice:
            said = "; ".join(f"cluster {cluster} {', '.join(changes)}" for cluster, changes in list(twice.items())[:5])
            notes.append(
                f"{name}: {numbered(len(twice), 'cluster')} with more than one label; the last one counts, as in Phy ({said}). "
                "Delete the line that is wrong."
            )
        if nameless:
            where = ", ".join(map(str, nameless[:5])) + (" and others" if len(nameless) > 5 else "")
            notes.append(
                f"{name}: {len(nameless)} row{'s' if len(nameless) > 1 else ''} without the number of a cluster (line {where}) left out: "
                "what they say is of no unit."
            )
    return found


def _rows(file: Path) -> list[tuple[int, dict[str, str]]]:
    """The rows of a table of labels, each with the number of its line, in whatever alphabet and with whatever separator it was saved again.

    A table without names of columns, two of them, gives each cluster its group.
    """
    content = note_bytes(file)
    try:
        text = text_in(content)
    except UnicodeDecodeError:
        text = content.decode("utf-8", "replace")
    lines = text.splitlines()
    header = next((line for line in lines if line.strip()), "")
    separator = next((sign for sign in "\t;," if sign in header), " ")
    rows = [(number, [cell.strip() for cell in row]) for number, row in enumerate(csv.reader(lines, delimiter=separator), 1)]
    rows = [(number, row) for number, row in rows if any(row)]
    if not rows:
        return []
    names = rows[0][1]
    if len(names) == 2 and _cluster(names[0]) is not None:
        names = ["cluster_id", "group"]
    else:
        rows = rows[1:]
    known = {name.lower(): name.lower() for name in OF_CLUSTERS} | {"group": "group", "kslabel": "KSLabel"}
    names = [known.get(name.lower(), name) for name in names]
    return [(number, dict(zip(names, row, strict=False))) for number, row in rows]


def _cluster(text: str) -> int | None:
    """The number of a cluster, also where a spreadsheet made ``3.0`` of it; None where there is none."""
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if np.isfinite(number) and number.is_integer() else None
