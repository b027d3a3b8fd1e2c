"""Strengths by marginal likelihood (REML) beside those by cross-validation over a grid: what they are worth on held-out time, and how long they take.

    python tests/benchmarks/smoothing_choice.py [FOLDER]      FOLDER of the recordings; ../shared/data where none is given

Five contiguous folds, held out by both. REML finds the strengths of each fold in its training time; the grid of five strengths, which goes on
at its ends, chooses by a cross-validation of the training folds among themselves (nested, five by five), so that neither score has seen
the choice. Both have the smoothness penalty. Gain: mean over units of the difference in held-out log-likelihood, REML less grid,
in thousandths of a bit per spike; better: units whose difference is above 0; p: Wilcoxon's signed-rank test over units. CPU seconds: of the
whole analysis with its five folds, nested ones not counted, after a first call that compiles.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import wilcoxon

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

import glmengine as ge  # noqa: E402 - found through the line above

STRENGTHS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
FOLDS = 5


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
    return ge.Analysis.from_dict(
        {"time": {"bin_size": bin_size, **more.pop("time", {})}, "terms": list(terms), "model": {"penalty": "smoothness"}, **more}
    )


def cases(folder: Path) -> list[Case]:
    """What there is to compare."""
    place = ("position.x", "position.y")
    running = {"conditions": [{"variable": "speed", "above": 20.0}]}
    speed = [{"kind": "speed", "source": "position"}]
    onset = {"kind": "event", "events": "recognition_table.start", "after": 1.5, "basis": {"family": "b_spline", "n": 8}}
    past = {"kind": "history", "basis": {"family": "raised_cosine_log", "n": 6, "window": 0.2}}
    real = (
        (
            "linear track, place while running",
            "linear-track.nwb",
            question(0.1, tuning(*place, n=8), time=running, derived=speed),
        ),
        ("grid cell, place and direction", "grid-cell-11207.nwb", question(0.1, tuning(*place), tuning("head_direction", n=12))),
        ("head direction", "head-direction-npz", question(0.1, tuning("head_direction", n=12))),
        ("human MTL, after each picture", "human-mtl-task.nwb", question(0.05, onset)),
        ("A2929, own history", "A2929-neurosuite", question(0.02, past)),
    )
    found = [Case(name, ge.open_recording(folder / file), analysis) for name, file, analysis in real if (folder / file).exists()]
    for seed in range(2):
        made = ge.sample("head-direction-place", seed)
        terms = (tuning(*place, n=8), tuning("head_direction", n=12), past)
        found.append(Case(f"simulated session, seed {seed}", made, question(0.02, *terms)))
    return found


def asked(analysis: ge.Analysis, *, reml: bool, nested: bool = False) -> ge.Analysis:
    model = analysis.model.with_(
        strengths=STRENGTHS, strength_by="marginal_likelihood" if reml else "cross_validation", penalty="smoothness"
    )
    return analysis.with_(model=model, validation=analysis.validation.with_(folds=FOLDS, nested=nested))


def timed(analysis: ge.Analysis, recording: ge.Recording) -> tuple[ge.Result, float]:
    began = time.process_time()
    return ge.run(analysis, recording), time.process_time() - began


def compared(case: Case) -> str:
    """A row of the table."""
    chosen = ge.run(asked(case.analysis, reml=False, nested=True), case.recording)
    ge.run(asked(case.analysis, reml=True), case.recording)
    _, by_grid = timed(asked(case.analysis, reml=False), case.recording)
    found, by_reml = timed(asked(case.analysis, reml=True), case.recording)
    grid, reml = chosen.scores["bits_per_spike_nested"].values, found.scores["bits_per_spike_heldout"].values
    both = np.isfinite(grid) & np.isfinite(reml)
    gain = (reml - grid)[both]
    p = wilcoxon(gain).pvalue if both.sum() > 5 else np.nan
    return (
        f"| {case.name} | {both.sum()} | {np.median(grid[both]):.4f} | {np.median(reml[both]):.4f} | {1e3 * gain.mean():+.2f} | "
        f"{(gain > 0).sum()} | {p:.2g} | {by_grid:.1f} | {by_reml:.1f} |"
    )


def main() -> int:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parents[2] / "shared" / "data"
    if not folder.is_dir():
        print(f"{folder} is not there; give the folder of the recordings")
        return 1
    print("| recording | units | grid, bits per spike (median) | REML | gain | better | p | grid, CPU s | REML, CPU s |")
    print("|---|---|---|---|---|---|---|---|---|")
    for case in cases(folder):
        print(compared(case), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
