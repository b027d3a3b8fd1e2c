"""Damaged recordings of every format, made from small good ones by a seed: a mutant must open or be refused, and nothing else."""

from __future__ import annotations

import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from glmengine.errors import GlmError

RECIPE = {
    "spikes": {"times": "spikes", "units": "owner"},
    "covariates": [{"name": "position", "values": ["x", "y"], "times": "t", "unit": "cm"}],
}


@dataclass(frozen=True)
class Mutant:
    """One damaged file or folder.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    seed : int
        Makes it again.
    path : Path
    recipe : dict or None
    what : str
        What was done to it.
    """

    kind: str
    seed: int
    path: Path
    recipe: dict | None
    what: str


@dataclass(frozen=True)
class Outcome:
    """How opening it ended: ``"opened"``, ``"refused"``, or whatever else came, which is a fault.

    Attributes
    ----------
    seconds, worked : float
        By the clock, and of this process's own processor time; a child has the limit of the program.
    """

    mutant: Mutant
    end: str
    message: str
    seconds: float
    worked: float

    @property
    def is_fault(self) -> bool:
        return self.end not in ("opened", "refused")


def mutants(kind: str, good: Path, folder: Path, seeds: range) -> Iterator[Mutant]:
    """Mutants of the good recording in `good` (see `make_good`), each made in `folder` and removed after it was looked at."""
    make, recipe = KINDS[kind]
    del make
    for seed in seeds:
        place = folder / f"{kind}-{seed}"
        shutil.copytree(good, place)
        what = _mutate(place, kind, np.random.default_rng([seed, *kind.encode()]))
        files = sorted(file for file in place.iterdir())
        path = files[0] if recipe is not None or kind == "nwb" else place
        yield Mutant(kind, seed, path, recipe, what)
        shutil.rmtree(place)


def attempt(mutant: Mutant) -> Outcome:
    """Open a mutant and describe it, as `glmengine inspect` does."""
    from glmengine.io.opening import open_recording
    from glmengine.recording.inspect import describe

    started, begun = time.monotonic(), time.process_time()
    try:
        describe(open_recording(mutant.path, mutant.recipe))
        end, message = "opened", ""
    except GlmError as error:
        end, message = "refused", error.message
        if mutant.path.name not in message:
            end = f"refused without naming the file: {message}"
        elif "\n" in message or len(message) > 600:
            end = f"refused in more than a sentence: {message}"
    except Exception as error:  # noqa: BLE001 - what is looked for
        end, message = f"{type(error).__name__}: {error}", str(error)
    return Outcome(mutant, end, message, time.monotonic() - started, time.process_time() - begun)


def make_good(kind: str, folder: Path) -> Path:
    """A small good recording of the kind, in a folder of its own."""
    folder = folder / kind
    folder.mkdir(parents=True)
    KINDS[kind][0](folder)
    return folder


# --- good ones -----------------------------------------------------------------------------------------------------------


def _recording():
    import pandas as pd
    import pynapple as nap

    from glmengine.recording.recording import Covariate, Recording

    rng = np.random.default_rng(1)
    support, times = nap.IntervalSet([0.0, 30.0], [25.0, 60.0]), np.concatenate([np.arange(0, 25, 0.1), np.arange(30, 60, 0.1)])
    trials = nap.IntervalSet([1.0, 10.0, 31.0], [5.0, 14.0, 40.0], metadata={"side": ["left", "right", "left"], "n": [1, 2, 3]})
    return Recording(
        "good",
        ("a", "b", "c"),
        spikes=nap.TsGroup({unit: nap.Ts(np.sort(rng.uniform(0, 60, 80)), time_support=support) for unit in range(3)}),
        unit_table=pd.DataFrame({"region": ["CA1", "CA3", "CA1"], "depth": [1.0, 2.0, np.nan]}),
        covariates={
            "position": Covariate(
                "position", nap.TsdFrame(times, rng.normal(size=(len(times), 2)), columns=["x", "y"], time_support=support), "cm"
            ),
            "screen": Covariate(
                "screen", nap.TsdTensor(times[:40], rng.normal(size=(40, 3, 2)), time_support=support), "", "step"
            ),
        },
        epochs={
            "all": support,
            "run": nap.IntervalSet(2.0, 20.0),
            "trials": nap.IntervalSet([1.0, 10.0, 31.0], [5.0, 14.0, 40.0]),
        },
        trials={"trials": trials},
        events={"reward": nap.Ts(np.array([3.0, 12.0, 33.0]))},
    )


def _arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(2)
    return {
        "spikes": np.sort(rng.uniform(0, 60, 200)),
        "owner": rng.integers(0, 3, 200),
        "t": np.arange(300) * 0.2,
        "x": rng.normal(size=300),
        "y": rng.normal(size=300),
    }


def _nwb(folder: Path) -> None:
    from glmengine.export.nwb import write_nwb

    write_nwb(_recording(), folder / "good.nwb")


def _pynapple(folder: Path) -> None:
    from glmengine.export.npz import write_npz

    write_npz(_recording(), folder)


def _npz(folder: Path) -> None:
    np.savez(folder / "good.npz", **_arrays())


def _npy(folder: Path) -> None:
    arrays = _arrays()
    np.save(folder / "aspikes.npy", arrays["spikes"])


def _mat5(folder: Path) -> None:
    import scipy.io

    cells = np.empty(2, dtype=object)
    cells[:] = [np.arange(5.0), np.arange(7.0)]
    scipy.io.savemat(
        folder / "good.mat", {**_arrays(), "info": {"rate": 20.0, "name": "rat"}, "cells": cells}, do_compression=False
    )


def _mat5_packed(folder: Path) -> None:
    import scipy.io

    scipy.io.savemat(folder / "good.mat", _arrays(), do_compression=True)


def _mat73(folder: Path) -> None:
    import h5py

    path = folder / "good.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, values in _arrays().items():
            file[name] = values[None, :]
            file[name].attrs["MATLAB_class"] = np.bytes_("double")
        group = file.create_group("info")
        group["rate"] = np.array([[20.0]])
    with open(path, "r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file, made by a test".ljust(116) + b"\0" * 8 + b"\0\2IM")


def _csv(folder: Path) -> None:
    arrays = _arrays()
    rows = ["spikes,owner,t,x,y"]
    for row in range(300):
        few = [f"{arrays['spikes'][row]:.4f}", str(arrays["owner"][row])] if row < 200 else ["", ""]
        rows.append(",".join([*few, *(f"{arrays[name][row]:.4f}" for name in ("t", "x", "y"))]))
    (folder / "good.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def _neurosuite(folder: Path) -> None:
    rng = np.random.default_rng(3)
    for shank in (1, 2):
        clusters = rng.integers(0, 5, 100)
        (folder / f"good.clu.{shank}").write_text("\n".join(map(str, [5, *clusters])) + "\n")
        (folder / f"good.res.{shank}").write_text("\n".join(map(str, np.sort(rng.integers(0, 1_200_000, 100)))) + "\n")
    (folder / "good.xml").write_text(
        "<parameters><acquisitionSystem><samplingRate>20000</samplingRate><nChannels>8</nChannels></acquisitionSystem></parameters>"
    )


def _phy(folder: Path) -> None:
    rng = np.random.default_rng(4)
    np.save(folder / "spike_times.npy", np.sort(rng.integers(0, 1_800_000, 300)))
    np.save(folder / "spike_clusters.npy", rng.integers(0, 4, 300))
    (folder / "params.py").write_text("dat_path = 'x.dat'\nsample_rate = 30000.\n")
    (folder / "cluster_group.tsv").write_text("cluster_id\tgroup\n0\tgood\n1\tmua\n2\tnoise\n3\tgood\n")


def _suite2p(folder: Path) -> None:
    rng = np.random.default_rng(5)
    for name in ("F", "spks"):
        np.save(folder / f"{name}.npy", rng.random((5, 200)).astype(np.float32))
    np.save(folder / "iscell.npy", np.column_stack([np.ones(5), rng.random(5)]))
    np.save(folder / "ops.npy", {"fs": 30.0, "nframes": 200}, allow_pickle=True)


KINDS: dict[str, tuple[Callable[[Path], None], dict | None]] = {
    "nwb": (_nwb, None),
    "pynapple": (_pynapple, None),
    "npz": (_npz, RECIPE),
    "npy": (_npy, {"spikes": {"times": "aspikes"}}),
    "mat5": (_mat5, RECIPE),
    "mat5-packed": (_mat5_packed, RECIPE),
    "mat73": (_mat73, RECIPE),
    "csv": (_csv, RECIPE),
    "neurosuite": (_neurosuite, None),
    "phy": (_phy, None),
    "suite2p": (_suite2p, None),
}


# --- damage ----------------------------------------------------------------------------------------------------------------


def _mutate(place: Path, kind: str, rng: np.random.Generator) -> str:
    files = sorted(file for file in place.rglob("*") if file.is_file())
    file = files[rng.integers(len(files))]
    if len(files) > 1 and rng.random() < 0.08:
        other = files[rng.integers(len(files))]
        content, its = file.read_bytes(), other.read_bytes()
        file.write_bytes(its), other.write_bytes(content)
        return f"{file.name} and {other.name} exchanged"
    if len(files) > 1 and rng.random() < 0.05:
        file.unlink()
        return f"{file.name} removed"
    if file.suffix == ".npz" and rng.random() < 0.7:
        return f"{file.name}: {_in_archive(file, rng)}"
    content, what = _damaged(file.read_bytes(), rng)
    file.write_bytes(content)
    return f"{file.name}: {what}"


def _in_archive(file: Path, rng: np.random.Generator) -> str:
    """One entry damaged, and the archive written anew with checksums that hold."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = sorted(parts)[rng.integers(len(parts))]
    parts[name], what = _damaged(parts[name], rng)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in parts.items():
            archive.writestr(entry, content)
    return f"{name}: {what}"


EXTREMES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF, 0x8000000000000000)
WORDS = (b"nan", b"inf", b"-1", b"1e999", b"9" * 400, b"\xff\xfe", b"\0", b"\n\n", b",,,,", b"{", b"\xf0\x9f\x90\x80", b"0x10")


def _damaged(content: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    data, size = bytearray(content), max(len(content), 1)
    ways = ("bytes", "head", "bits", "number", "cut", "gone", "twice", "zeros", "word", "exchange")
    way = ways[rng.integers(len(ways))]
    if not data:
        return bytes(rng.integers(0, 256, 16, dtype=np.uint8)), "filled"
    at = int(rng.integers(size))
    if way in ("bytes", "head"):
        for _ in range(int(rng.integers(1, 16))):
            data[int(rng.integers(min(size, 4096) if way == "head" else size))] = int(rng.integers(256))
    elif way == "bits":
        for _ in range(int(rng.integers(1, 4))):
            data[int(rng.integers(size))] ^= 1 << int(rng.integers(8))
    elif way == "number":
        width = int(rng.choice([1, 2, 4, 8]))
        data[at : at + width] = (EXTREMES[rng.integers(len(EXTREMES))] % 2 ** (8 * width)).to_bytes(width, "little")
    elif way == "cut":
        del data[at:]
    elif way == "gone":
        del data[at : at + int(rng.integers(1, 600))]
    elif way == "twice":
        data[at:at] = data[at : at + int(rng.integers(1, 600))]
    elif way == "zeros":
        length = int(rng.integers(1, 600))
        data[at : at + length] = bytes(length)
    elif way == "word":
        word = WORDS[rng.integers(len(WORDS))]
        data[at : at + len(word)] = word
    else:
        other, length = int(rng.integers(size)), int(rng.integers(1, 64))
        one, two = data[at : at + length], data[other : other + length]
        data[at : at + length], data[other : other + length] = two, one
    return bytes(data), f"{way} at {at}"
