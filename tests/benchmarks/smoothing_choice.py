"""Strengths by marginal likelihood (REML) beside those by cross-validation over a grid: what they are worth on held-out time, and how long they take.

    python tests/benchmarks/smoothing_choice.py [FOLDER]      FOLDER of the recordings; ../shared/data where none is given

Five contiguous folds, held out by all. REML finds the strengths of each fold in its training time; the grid of five strengths, which goes on
at its ends, chooses by a cross-validation of the training folds among themselves (nested, five by five), so that no score has seen the choice.
Bits per spike: median over units, held out. Gain: the difference of a unit to ridge by grid, which analyses begin with, in thousandths of a
bit per spike, median and least over units; better: units whose difference is above 0; p: Wilcoxon's signed-rank test over units. CPU seconds:
of the whole analysis with its five folds, nested ones not counted, after a first call that compiles; and of a fit without folds, which REML
alone can do without.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import wilcoxon

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

import glmengine as ge  # noqa: E402 - found through the line above

STRENGTHS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
FOLDS = 5
WAYS = (("ridge", False), ("smoothness", False), ("ridge", True), ("smoothness", True))
"""Penalty, and whether by REML; the first is what the others are compared with."""


@dataclass(frozen=True)
class Case:
    """A recording and the terms that its analysis has."""

    name: str
    recording: ge.Recording
    analysis: ge.Analysis


def tuning(*variables: str, n: int = 10) -> dict:
    """A term of one variable, or of the product of several."""
    angles = ("head_direction",)
    factors = [
        {"variable": name, "basis": {"family": "cyclic_b_spline" if name in angles else "b_spline", "n": n}} for name in variables
    ]
    return {"kind": "covariate", "factors": factors}


def question(bin_size: float, *terms: dict, **more: dict) -> ge.Analysis:
    return ge.Analysis.from_dict({"time": {"bin_size": bin_size, **more.pop("time", {})}, "terms": list(terms), **more})


def cases(folder: Path) -> list[Case]:
    """What there is to compare, the smallest first."""
    place = ("position.x", "position.y")
    running = {"conditions": [{"variable": "speed", "above": 20.0}]}
    speed = [{"kind": "speed", "source": "position"}]
    onset = {"kind": "event", "events": "recognition_table.start", "after": 1.5, "basis": {"family": "b_spline", "n": 8}}
    real = (
        ("human MTL, after each picture", "human-mtl-task.nwb", question(0.1, onset)),
        ("head direction", "head-direction-npz", question(0.1, tuning("head_direction", n=12))),
        (
            "grid cell, place and direction",
            "grid-cell-11207.nwb",
            question(0.1, tuning(*place, n=8), tuning("head_direction", n=12)),
        ),
        (
            "linear track, place while running",
            "linear-track.nwb",
            question(0.1, tuning(*place, n=6), time=running, derived=speed, units={"min_rate": 0.3}),
        ),
    )
    found = [Case(name, ge.open_recording(folder / file), analysis) for name, file, analysis in real if (folder / file).exists()]
    terms = (tuning(*place, n=6), tuning("head_direction", n=12))
    found += [
        Case(f"simulated session, seed {seed}", ge.sample("head-direction-place", seed), question(0.1, *terms))
        for seed in range(2)
    ]
    return found


def asked(analysis: ge.Analysis, penalty: str, *, reml: bool, nested: bool = False) -> ge.Analysis:
    model = analysis.model.with_(
        strengths=STRENGTHS, strength_by="marginal_likelihood" if reml else "cross_validation", penalty=penalty
    )
    return analysis.with_(model=model, validation=analysis.validation.with_(folds=FOLDS, nested=nested))


def timed(analysis: ge.Analysis, recording: ge.Recording) -> tuple[ge.Result, float]:
    began = time.process_time()
    return ge.run(analysis, recording), time.process_time() - began


def scores(case: Case, penalty: str, *, reml: bool) -> tuple[np.ndarray, str]:
    """Bits per spike of each unit, and the CPU seconds in words."""
    found = ge.run(asked(case.analysis, penalty, reml=reml, nested=not reml), case.recording)
    analysis = asked(case.analysis, penalty, reml=reml)
    said = f"{timed(analysis, case.recording)[1]:.1f}"
    if reml:
        alone = analysis.with_(validation=analysis.validation.with_(folds=0))
        ge.run(alone, case.recording)
        said += f" ({timed(alone, case.recording)[1]:.1f})"
    return found.scores[f"bits_per_spike_{'heldout' if reml else 'nested'}"].values, said


def compared(case: Case) -> Iterator[str]:
    """Rows of the table."""
    base: np.ndarray | None = None
    for penalty, reml in WAYS:
        bits, seconds = scores(case, penalty, reml=reml)
        first = base is None
        base = bits if base is None else base
        both = np.isfinite(base) & np.isfinite(bits)
        gain = 1e3 * (bits - base)[both]
        paired = "| | | |"
        if not first:
            p = f"{wilcoxon(gain).pvalue:.2g}" if both.sum() > 5 else ""
            paired = f"| {np.median(gain):+.2f} | {gain.min():+.3g} | {(gain > 0).sum()} of {both.sum()} | {p}"
        yield f"| {case.name} | {penalty} by {'REML' if reml else 'grid'} | {np.median(bits[both]):.4f} {paired} | {seconds} |"


def main() -> int:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parents[2] / "shared" / "data"
    if not folder.is_dir():
        print(f"{folder} is not there; give the folder of the recordings")
        return 1
    print("| recording | penalty, strength by | bits per spike | gain | least | better | p | CPU s (without folds) |")
    print("|---|---|---|---|---|---|---|---|")
    for case in cases(folder):
        for row in compared(case):
            print(row, flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
