"""A recording written as a folder of pynapple npz files, one object each, which pynapple and this program open."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError

if TYPE_CHECKING:
    from glmengine.recording import Recording

ABOUT = "glmengine.json"
"""Holds what pynapple's files have no place for: units of measure, kinds, unit names, the truth of a simulated recording."""


def write_npz(recording: Recording, folder: str | Path) -> None:
    """Write `recording` into `folder`, which is made and must not hold anything yet.

    ``units.npz`` (a TsGroup) or ``counts.npz`` (a TsdFrame), one file for each covariate, epoch, table of trials and kind of
    event, and ``glmengine.json``.

    Raises
    ------
    GlmError
        If the folder holds something already, cannot be written, or two things would have the same file name.
    """
    folder = Path(folder)
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise GlmError(f"{folder}: exists already and is not an empty folder; give the name of a new one")
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            _write(recording, temporary)
            mask = os.umask(0)
            os.umask(mask)
            temporary.chmod(0o777 & ~mask)
            os.replace(temporary, folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise GlmError(
            f"{folder}: cannot be written ({error.strerror or error}); choose another folder or free some space"
        ) from error


def _write(recording: Recording, folder: Path) -> None:
    import pynapple as nap

    objects: dict[str, Any] = {}

    def add(name: str, value: Any, what: str) -> None:
        if name in objects:
            raise GlmError(
                f"{recording.name}: the {what} '{name}' has the name of something else in the recording; rename one of them"
            )
        objects[name] = value

    if recording.spikes is not None:
        table = recording.unit_table
        columns = {} if table is None else {str(key): table[key].tolist() for key in table.columns if str(key) != "rate"}
        trains = {row: recording.spikes[row] for row in range(len(recording.unit_names))}
        add("units", nap.TsGroup(trains, time_support=recording.epochs["all"], metadata=columns or None), "group of units")
    else:
        counts = recording.counts
        add(
            "counts",
            nap.TsdFrame(counts.t, counts.values, columns=list(recording.unit_names), time_support=counts.time_support),
            "frame of counts",
        )
    for name, covariate in recording.covariates.items():
        add(name, covariate.data, "covariate")
    for name, trials in recording.trials.items():
        add(name, trials, "table of trials")
    for name, epoch in recording.epochs.items():
        if name not in recording.trials:
            add(name, epoch, "epoch")
    for name, times in recording.events.items():
        if name.removesuffix("_start") not in recording.trials:
            add(f"event {name}", times, "event")
    files = {}
    for number, (name, value) in enumerate(objects.items()):
        # a name may hold what a file name may not
        plain = "".join(letter if letter.isalnum() or letter in " _-=" else "_" for letter in name)
        file = plain if plain not in files.values() else f"{plain}_{number}"
        files[name] = file
        value.save(str(folder / f"{file}.npz"))
    about = {
        "format_version": 1,
        "names": {file: name for name, file in files.items() if file != name},
        "unit_names": list(recording.unit_names),
        "covariates": {
            name: {"unit": item.unit, "kind": item.kind, "description": item.description}
            for name, item in recording.covariates.items()
        },
    }
    if "truth" in recording.source:
        about["truth"] = recording.source["truth"]
    (folder / ABOUT).write_text(json.dumps(about, default=_plain, indent=1), encoding="utf-8")


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return dict(value) if hasattr(value, "items") else str(value)
