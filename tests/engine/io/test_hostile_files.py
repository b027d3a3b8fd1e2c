"""The ways in which a file can be bad, each tried on every format to which it applies."""

from __future__ import annotations

import io
import os
import pickle
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from glmengine.errors import GlmError
from glmengine.io.opening import open_recording
from tests.clock import PATIENCE_S, processor_seconds
from tests.deflated import add_zeros, adler32, deflated
from tests.mutants import KINDS, RECIPE, Mutant, attempt, make_good

FILES = ("nwb", "npz", "npy", "mat5", "mat5-packed", "mat73", "csv")
FOLDERS = ("pynapple", "neurosuite", "phy", "suite2p")


@pytest.fixture(scope="module")
def goods(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("goods")
    return {kind: make_good(kind, folder) for kind in KINDS}


def copies(goods, kind: str, folder: Path, change) -> list[Mutant]:
    """A copy of the good recording for each of its files, with that file changed."""
    made = []
    for number, name in enumerate(sorted(file.name for file in goods[kind].iterdir())):
        place = folder / f"{kind}-{number}"
        shutil.copytree(goods[kind], place)
        change(place / name)
        path = place if kind in FOLDERS else place / name
        made.append(Mutant(kind, number, path, KINDS[kind][1], name))
    return made


def no_fault(mutant: Mutant, seconds: float = 20) -> str:
    outcome = attempt(mutant)
    assert not outcome.is_fault, f"{mutant.kind} {mutant.what}: {outcome.end}"
    assert outcome.seconds < seconds
    return outcome.end


@pytest.mark.parametrize("kind", KINDS)
def test_empty(goods, kind, tmp_path):
    ends = [no_fault(mutant) for mutant in copies(goods, kind, tmp_path, lambda file: file.write_bytes(b""))]
    assert "refused" in ends
    if kind in FILES:
        assert ends == ["refused"]


@pytest.mark.parametrize("kind", KINDS)
def test_truncated(goods, kind, tmp_path):
    for share in (0.2, 0.97):
        folder = tmp_path / str(share)
        mutants = copies(
            goods, kind, folder, lambda file, s=share: file.write_bytes(file.read_bytes()[: int(s * file.stat().st_size)])
        )
        ends = [no_fault(mutant) for mutant in mutants]
        if kind in FILES and kind != "csv":  # a table without its last rows is a table
            assert ends == ["refused"]


@pytest.mark.parametrize("kind", FILES)
def test_under_the_ending_of_another_format(goods, kind, tmp_path):
    good = next(goods[kind].iterdir())
    for ending in {".nwb", ".npz", ".mat", ".csv", ".parquet", ".xml"} - {good.suffix}:
        path = tmp_path / f"misnamed{ending}"
        shutil.copy(good, path)
        with pytest.raises(GlmError, match="misnamed") as caught:
            open_recording(path, KINDS[kind][1])
        assert "\n" not in caught.value.message


@pytest.mark.parametrize("kind", KINDS)
def test_three_gigabytes_of_nothing_behind_it(goods, kind, tmp_path):
    for mutant in copies(goods, kind, tmp_path, lambda file: os.truncate(file, 3 * 2**30)):
        no_fault(mutant, 20)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can become somebody else")
def test_permission_denied(goods, tmp_path):
    """All formats in one process that is not root, to which every file is closed."""
    wanted = []
    for kind in KINDS:
        for mutant in copies(goods, kind, tmp_path, lambda file: file.chmod(0)):
            wanted.append((str(mutant.path), mutant.recipe))
    for folder in [tmp_path, *tmp_path.parents]:
        if folder != Path("/tmp") and str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    code = (
        "import os\nfrom glmengine.errors import GlmError\nfrom glmengine.io.opening import open_recording; from glmengine.io.recognition import readers\n"
        "import glmengine.io.recipe.recipe, glmengine.io.compose, glmengine.recording.recording, pynapple, pandas, scipy.io, h5py\n"
        "readers(); os.setegid(65534); os.seteuid(65534)\n"
        f"for path, recipe in {wanted!r}:\n"
        "    try: open_recording(path, recipe); print('opened')\n"
        "    except GlmError as error: print(' '.join(error.message.split()))\n"
    )
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE_S, cwd=Path(__file__).parents[3], env=env
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    lines = ran.stdout.splitlines()
    assert len(lines) == len(wanted)
    for line, (path, _) in zip(lines, wanted, strict=True):
        assert line != "opened", path
        assert Path(path).name in line
        assert "ermission denied" in line, f"{path}: {line}"


class Harm:
    """Unpickling this would write a file."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return (Path.touch, (self.target,))


def pickled_array(harm: Harm, shape: tuple[int, ...] = ()) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "|O", "fortran_order": False, "shape": shape})
    return stream.getvalue() + pickle.dumps(np.array(harm, dtype=object))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("npy", "aspikes.npy"),
        ("phy", "spike_times.npy"),
        ("phy", "spike_clusters.npy"),
        ("suite2p", "spks.npy"),
        ("suite2p", "F.npy"),
        ("suite2p", "iscell.npy"),
        ("suite2p", "ops.npy"),
    ],
)
def test_pickles_run_no_code(goods, kind, name, tmp_path):
    harm = tmp_path / "harm"
    mutant = copies(goods, kind, tmp_path, lambda file: None)[0]
    folder = mutant.path if kind in FOLDERS else mutant.path.parent
    (folder / name).write_bytes(pickled_array(Harm(harm)))
    no_fault(mutant)
    assert not harm.exists()


@pytest.mark.parametrize("member", ["spikes", "owner", "x", "unused"])
def test_pickles_in_npz_run_no_code(goods, tmp_path, member):
    harm, path = tmp_path / "harm", tmp_path / "a.npz"
    with np.load(next(goods["npz"].iterdir())) as content, zipfile.ZipFile(path, "w") as archive:
        for name in content.files:
            stream = io.BytesIO()
            np.lib.format.write_array(stream, content[name])
            archive.writestr(f"{name}.npy", stream.getvalue() if name != member else pickled_array(Harm(harm)))
        if member == "unused":
            archive.writestr("unused.npy", pickled_array(Harm(harm)))
    assert no_fault(Mutant("npz", 0, path, RECIPE, member)) == ("opened" if member == "unused" else "refused")
    assert not harm.exists()


def test_code_in_the_parameters_of_phy_is_not_run(goods, tmp_path):
    harm = tmp_path / "harm"
    mutant = copies(goods, "phy", tmp_path, lambda file: None)[0]
    (mutant.path / "params.py").write_text(f"import pathlib\npathlib.Path({str(harm)!r}).touch()\nsample_rate = 30000.\n")
    assert no_fault(mutant) == "opened"
    assert not harm.exists()


def test_entities_in_xml_are_not_expanded(goods, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("20000")
    bomb = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    for head, rate in (
        (f'<!DOCTYPE p [<!ENTITY a0 "9">{bomb}]>', "&a9;"),
        (f'<!DOCTYPE p [<!ENTITY f SYSTEM "file://{secret}">]>', "&f;"),
    ):
        mutant = copies(goods, "neurosuite", tmp_path / rate[1:-1], lambda file: None)[0]
        text = f"<acquisitionSystem><samplingRate>{rate}</samplingRate><nChannels>8</nChannels></acquisitionSystem>"
        (mutant.path / "good.xml").write_text(f'<?xml version="1.0"?>{head}<parameters>{text}</parameters>')
        assert no_fault(mutant) == "refused"


# --- what unpacks to much more than it takes -----------------------------------------------------------------------------

HUGE = 3 * 2**27
"""Numbers of a bomb: 3 GB as float64."""


def zeros(archive: zipfile.ZipFile, name: str) -> None:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": (HUGE,)})
    add_zeros(archive, name, head.getvalue(), 8 * HUGE)


def refused_soon(path: Path, recipe) -> str:
    spent = processor_seconds()
    with pytest.raises(GlmError) as caught:
        open_recording(path, recipe)
    assert path.stat().st_size < 2**25
    assert processor_seconds() - spent < 45
    return caught.value.message


def test_a_bomb_in_an_npz_of_numpy(goods, tmp_path):
    path = tmp_path / "bomb.npz"
    shutil.copy(next(goods["npz"].iterdir()), path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        zeros(archive, "z.npy")
    assert "bomb.npz" in refused_soon(path, {"spikes": {"times": "z"}})
    assert len(open_recording(path, RECIPE).unit_names) == 3  # what is not asked for is not unpacked


def test_a_bomb_in_a_matlab_5_file(tmp_path):
    """A compressed element that says it holds 3 GB of zeros, and does."""
    import scipy.io

    path = tmp_path / "bomb.mat"
    scipy.io.savemat(path, {"spikes": np.zeros(4)})
    head = path.read_bytes()[:128]
    flags, dims, name = (6).to_bytes(4, "little") + bytes(4), np.array([HUGE, 1], "<i4").tobytes(), b"spikes\0\0"
    inside = b"".join(
        np.array([kind, size], "<u4").tobytes() + content
        for kind, size, content in ((6, 8, flags), (5, 8, dims), (1, 6, name), (9, 8 * HUGE, b""))
    )
    element = np.array([14, len(inside) + 8 * HUGE], "<u4").tobytes() + inside
    packed = b"\x78\x01" + deflated(element, 8 * HUGE) + adler32(element, 8 * HUGE).to_bytes(4, "big")
    path.write_bytes(head + np.array([15, len(packed)], "<u4").tobytes() + packed)
    assert "bomb.mat" in refused_soon(path, {"spikes": {"times": "spikes"}})


def test_a_bomb_in_a_matlab_73_file(goods, tmp_path):
    path = tmp_path / "bomb.mat"
    shutil.copy(next(goods["mat73"].iterdir()), path)
    with h5py.File(path, "r+") as file:
        del file["spikes"]
        file.create_dataset("spikes", (1, HUGE), chunks=(1, 2**20), compression="gzip", dtype="f8", fillvalue=1.0)
    assert "bomb.mat" in refused_soon(path, RECIPE)


def test_a_bomb_in_a_parquet_table(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    import pyarrow

    path = tmp_path / "bomb.parquet"
    # numbers that are missing are written in no time, and take as much memory as others
    table = pyarrow.table({"c0": pyarrow.nulls(2**24, pyarrow.float64())})
    with parquet.ParquetWriter(path, table.schema, compression="zstd") as writer:
        for _ in range(24):
            writer.write_table(table)
    assert "bomb.parquet" in refused_soon(path, {"spikes": {"times": "c0"}})
