"""Recordings as folders of pynapple npz files, one object each."""

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
    from glmengine.recording.recording import Recording

ABOUT = "glmengine.json"
"""Holds what pynapple's files have no place for: units of measure, kinds, unit names, the truth of a simulated recording."""


def write_npz(recording: Recording, folder: str | Path) -> None:
    """Write `recording` into `folder`, which is made and must not hold anything yet.

    ``units.npz`` (a TsGroup) or ``counts.npz`` (a TsdFrame), one file for each covariate, epoch, table of trials and kind of
    event, and ``glmengine.json``.

    Raises
    ------
    GlmError
        If the folder holds something already, or cannot be written.
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

    objects: list[tuple[str, Any]] = []
    if recording.spikes is not None:
        table = recording.unit_table
        columns = {} if table is None else {str(key): table[key].tolist() for key in table.columns if str(key) != "rate"}
        trains = {row: recording.spikes[row] for row in range(len(recording.unit_names))}
        objects.append(("units", nap.TsGroup(trains, time_support=recording.epochs["all"], metadata=columns or None)))
    else:
        counts = recording.counts
        frame = nap.TsdFrame(counts.t, counts.values, columns=list(recording.unit_names), time_support=counts.time_support)
        objects.append(("counts", frame))
    objects += [(name, covariate.data) for name, covariate in recording.covariates.items()]
    objects += recording.trials.items()
    # the union of a table of trials comes with the table
    objects += [(name, epoch) for name, epoch in recording.epochs.items() if name not in recording.trials]
    starts = {f"{name}_start": trials.start for name, trials in recording.trials.items()}
    for name, times in recording.events.items():
        if not np.array_equal(times.t, starts.get(name, ())):
            objects.append((f"event {name}", times))
    files: dict[str, str] = {}
    for number, (name, value) in enumerate(objects):
        # a name may hold what a file name may not, and two things may have the same name, or names that differ in case alone
        plain = "".join(letter if letter.isalnum() or letter in " _-=" else "_" for letter in name) or "unnamed"
        file = plain if plain.lower() not in map(str.lower, files) else f"{plain}_{number}"
        files[file] = name
        value.save(str(folder / f"{file}.npz"))
    about = {
        "format_version": 1,
        "names": {file: name for file, name in files.items() if file != name},
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
