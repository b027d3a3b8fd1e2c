"""Opening NWB files whose series are larger than memory should be asked for: seconds and peak memory, in a child process.

    python tests/benchmarks/large_files.py [--scale 1.0]

At scale 1: 1.2e9 numbers of int16 at 30 kHz (2.4 GB); 64 channels of float32 at 1 kHz (2.6 GB); 1.5e8 numbers with a time each (2.4 GB).
Their chunks repeat, so that the files are small on the disk.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import h5py
import numpy as np

ROOT = Path(__file__).resolve().parents[2]

CHILD = """
import resource, sys, time
sys.path.insert(0, sys.argv[2])
import numpy as np, pynapple, pandas, h5py
from glmengine.analysis.analysis import Time
from glmengine.recording.inspect import describe, summary
from glmengine.io.opening import open_recording
from glmengine.analysis.time_grid import make_grid
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before, started = peak(), time.perf_counter()
recording = open_recording(sys.argv[1])
describe(recording)
opened = time.perf_counter() - started
child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(f"{summary(recording)}\\n  opened and described in {opened:.1f} s; {before:.0f} MB before, {peak():.0f} MB at most; child {child:.0f} MB")
started = time.perf_counter()
grid = make_grid(Time(bin_size=0.05), recording)
name = next(iter(recording.variables))
values = grid.sample(recording.variable(name))
print(f"  {name} in {grid.n_bins:,} bins in {time.perf_counter() - started:.1f} s; {peak():.0f} MB at most; mean {np.nanmean(values):.3f}")
"""


def write_large(path: Path, kind: str, scale: float) -> None:
    """An NWB file with two units and one large series; every chunk holds the same ramp."""
    n, width, dtype, rate = {
        "wave": (1.2e9, 0, "i2", 30_000.0),
        "channels": (1e7, 64, "f4", 1_000.0),
        "stamped": (1.5e8, 0, "f8", 0.0),
    }[kind]
    n = int(n * scale)
    with h5py.File(path, "w") as file:
        file.attrs["nwb_version"] = "2.6.0"
        series = file.create_group("acquisition/signal")
        series.attrs["neurodata_type"] = "TimeSeries"
        shape = (n, width) if width else (n,)
        chunk = (8192, width) if width else (2**19,)
        data = series.create_dataset("data", shape=shape, chunks=chunk, dtype=dtype, compression="gzip", compression_opts=1)
        data.attrs["unit"] = "volts"
        ramp = (np.arange(np.prod(chunk)) % 1000).astype(dtype).reshape(chunk)
        packed = zlib.compress(ramp.tobytes(), 1)
        for first in range(0, n, chunk[0]):
            data.id.write_direct_chunk((first, 0) if width else (first,), packed)
        if rate:
            series["starting_time"] = 0.0
            series["starting_time"].attrs["rate"] = rate
            stop = n / rate
        else:
            times = series.create_dataset(
                "timestamps", shape=(n,), chunks=chunk, dtype="f8", compression="gzip", compression_opts=1
            )
            for first in range(0, n, chunk[0]):
                stamps = np.arange(first, first + chunk[0]) / 32768.0
                times.id.write_direct_chunk((first,), zlib.compress(stamps.tobytes(), 1))
            stop = n / 32768.0
        spikes = np.sort(np.random.default_rng(0).uniform(0, stop, 2000))
        units = file.create_group("units")
        units["id"], units["spike_times"], units["spike_times_index"] = np.arange(2), spikes, np.array([1000, 2000])
        units["spike_times"][:1000] = spikes[::2]
        units["spike_times"][1000:] = spikes[1::2]


def main() -> int:
    parser = argparse.ArgumentParser(description="Open large files.")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--kinds", nargs="+", default=["wave", "channels", "stamped"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for kind in options.kinds:
            path = Path(folder) / f"{kind}.nwb"
            write_large(path, kind, options.scale)
            subprocess.run(
                [sys.executable, "-c", CHILD, str(path), str(ROOT)], check=True, env={"XDG_STATE_HOME": folder, "PATH": ""}
            )
            path.unlink()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
