"""The works by which the engine's speed is judged, one after the other: one command, one table for each, peers in the same run.

    python tests/benchmarks/speed_table.py                 all (an hour and more, nearly all of it the peers')
    python tests/benchmarks/speed_table.py --ours          without the peers, but for the smallest (some minutes)

The places are the window's commonest fit, a population that is cross-validated; NeMoS and scikit-learn do one of its units there, and the time
counts as often as there are units.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def commands(ours: bool) -> list[tuple[str, list[str]]]:
    """What each is called, and the benchmark that does it."""
    peers = ["--ours"] if ours else ["--twice"]
    return [
        ("Populations and paths", ["fit_speed.py", "places", "coupled", "recorded", "lasso", "group", "path", "history", *peers]),
        ("37 units, 69,000 bins, place and own history, through `ge.run`", ["population.py"]),
        ("500 x 5", ["families_speed.py", "poisson", "--shapes", "500x5"]),
        ("`glmengine run` of 10 s of one unit", ["cli_start.py"]),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", action="store_true", help="leave the peers out")
    failed = 0
    for name, command in commands(parser.parse_args().ours):
        print(f"\n{name}", flush=True)
        failed += subprocess.run([sys.executable, HERE / command[0], *command[1:]], check=False).returncode != 0
    return int(failed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
