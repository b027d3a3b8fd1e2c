"""Damaged recordings by the thousand: each must open or be refused with one sentence, within the time limit.

    python tests/benchmarks/mutants.py --count 2200 [--kinds nwb mat5] [--first 0]

Prints what each format came to, the slowest, and every fault with the seed that makes it again; exit code 1 where there is one.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.mutants import KINDS, attempt, make_good, mutants


def main() -> int:
    parser = argparse.ArgumentParser(description="Open damaged recordings.")
    parser.add_argument("--count", type=int, default=220, help="how many in all")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="which formats")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seconds", type=float, default=10.0, help="the time limit of the child process")
    options = parser.parse_args()
    from glmengine.io.files import probe as probing

    probing.BASE_SECONDS = options.seconds
    faults, slowest, broken = [], [], Counter()
    each = -(-options.count // len(options.kinds))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = f"{folder}/state"
        for kind in options.kinds:
            good = make_good(kind, Path(folder) / "good")
            ends: Counter[str] = Counter()
            started = time.monotonic()
            for mutant in mutants(kind, good, Path(folder), range(options.first, options.first + each)):
                outcome = attempt(mutant)
                ends["fault" if outcome.is_fault else outcome.end] += 1
                slowest.append((outcome.seconds, kind, mutant.seed, outcome.end))
                if "broke down" in outcome.message:
                    broken[kind] += 1
                if "could not be read within" in outcome.message:
                    ends["out of time"] += 1
                if outcome.is_fault:
                    faults.append(outcome)
                    print(f"FAULT {kind} seed {mutant.seed} ({mutant.what}): {outcome.end}", flush=True)
            text = ", ".join(f"{number} {end}" for end, number in sorted(ends.items()))
            print(f"{kind:12} {text}; the reader broke down in {broken[kind]}; {time.monotonic() - started:.0f} s", flush=True)
    print(
        "slowest:", ", ".join(f"{kind} {seed}: {seconds:.1f} s" for seconds, kind, seed, _ in sorted(slowest, reverse=True)[:5])
    )
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    print(f"{len(faults)} faults in {each * len(options.kinds)} mutants")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
