"""What the window says of the time left against what was truly left, for several kinds of work.

    python tests/benchmarks/time_left.py [KIND ...] [--scale 1.0]

Each kind is run once with its reports noted beside the processor time that had passed (a busy machine does not change it); then they are
given to `glmgui.time_left.TimeLeft` as the window would, ten times a second. Printed is, between the first and the last tenth of the time,
how often what was said is within a factor of two of the truth, and the worst ratio either way.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import glmengine as ge
from glmgui.time_left import TimeLeft

STEP = 0.1


class Noted(ge.Context):
    """Keeps every report with the processor time at which it came."""

    def __init__(self) -> None:
        self.begun = time.process_time()
        self.reports: list[tuple[float, float, str]] = []

    def report(self, progress: ge.Progress) -> None:
        self.reports.append((time.process_time() - self.begun, progress.fraction, progress.stage))


def ratios(reports: list[tuple[float, float, str]], whole: float) -> list[tuple[float, float, str]]:
    """When, what was said of the time left over what was left, and in which stage, between the first and the last tenth."""
    left, at, found = TimeLeft(), 0, []
    last = (0.0, 0.0, "")
    for now in np.arange(STEP, whole, STEP):
        while at < len(reports) and reports[at][0] <= now:
            last = reports[at]
            at += 1
        left.report(*last)
        said = left.seconds(float(now))
        if said is not None and 0.1 * whole <= now <= 0.9 * whole:
            found.append((float(now), said / (whole - float(now)), last[2]))
    return found


def kinds(scale: float) -> dict[str, Callable[[Noted], object]]:
    from glmengine.export import write_outputs
    from glmengine.export.unit_figures import unit_kinds, write_unit_figures
    from glmengine.selection.select import select_terms
    from glmengine.simulation.catalogue import sample, sample_analysis

    whole = sample("head-direction-place")
    asked = sample_analysis("head-direction-place")
    asked = asked.with_(time=asked.time.with_(bin_size=0.01 / scale))
    few = asked.with_(units=asked.units.with_(names=whole.unit_names[:4]))
    plain = few.with_(terms=tuple(term for term in few.terms if term.kind == "covariate"))
    grid = (1e-5, 1e-4, 1e-3, 1e-2)
    history = asked.with_(
        terms=tuple(term for term in asked.terms if term.kind != "coupling"), model=asked.model.with_(strengths=grid)
    )
    # what a window has behind it that has fitted once: imports, compiled passes
    fitted = ge.run(plain, whole)
    everything = ge.run(history.with_(model=history.model.with_(strengths=(1e-4,))), whole)

    def lasso(terms: ge.Analysis) -> Callable[[Noted], object]:
        return lambda context: ge.run(terms.with_(model=terms.model.with_(penalty="lasso", strengths=grid)), whole, context)

    def outputs(context: Noted) -> None:
        with tempfile.TemporaryDirectory() as folder:
            write_outputs(fitted, Path(folder) / "out", whole, processes=1, context=context)

    def figures(context: Noted) -> None:
        with tempfile.TemporaryDirectory() as folder:
            write_unit_figures(
                everything,
                Path(folder) / "out",
                whole,
                kinds=unit_kinds(everything, whole),
                units=everything.units[:4],
                formats=("pdf",),
                dpi=100,
                processes=1,
                context=context,
            )

    return {
        "cross-validation with history": lambda context: ge.run(history, whole, context),
        "coupling": lambda context: ge.run(asked, whole, context),
        "lasso": lasso(plain),
        "lasso of a population with history": lasso(history),
        "lasso with coupling": lasso(asked),
        "strengths by marginal likelihood": lambda context: ge.run(
            plain.with_(model=plain.model.with_(strength_by="marginal_likelihood")), whole, context
        ),
        "selection": lambda context: select_terms(plain, whole, context=context),
        "bootstrap": lambda context: fitted.bootstrap(whole, context=context),
        "bootstrap with history": lambda context: everything.bootstrap(whole, context=context),
        "shift test": lambda context: fitted.shift_test(whole, context=context),
        "goodness": lambda context: everything.goodness(whole, context=context),
        "simulate": lambda context: everything.simulate_and_compare(whole, context=context),
        "decode": lambda context: everything.decode(whole, ("position.x", "position.y"), context=context),
        "decode held out": lambda context: everything.decode(whole, "head_direction", held_out=True, context=context),
        "explain": lambda context: ge.explain(whole, shifts=20, simulations=20, workers=1, context=context),
        "outputs": outputs,
        "figures": figures,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", nargs="*")
    parser.add_argument("--scale", type=float, default=1.0, help="bins of 10 ms divided by this")
    parser.add_argument("--first", action="store_true", help="as in a process that never did it before: imports, compiled passes")
    parser.add_argument("--stages", action="store_true", help="say when each stage began")
    options = parser.parse_args()
    bad = 0
    for name, work in kinds(options.scale).items():
        if options.kind and not any(part in name for part in options.kind):
            continue
        if not options.first:
            work(Noted())
        context = Noted()
        work(context)
        spent = time.process_time() - context.begun
        found = ratios(context.reports, spent)
        if not found:
            print(f"{name}: {spent:.1f} s, too short to say anything")
            continue
        said = np.array([ratio for _, ratio, _ in found])
        within = np.mean((said > 0.5) & (said < 2.0))
        bad += within < 0.9
        longest = max(np.diff([0.0, *[when for when, _, _ in context.reports], spent]))
        print(
            f"{name}: {spent:.1f} s of processor, {within:.0%} within a factor of two, from {said.min():.2f} to {said.max():.2f} times "
            f"the truth; longest silence {longest:.1f} s",
            flush=True,
        )
        if options.stages:
            before = ""
            for when, share, stage in context.reports:
                if stage != before:
                    print(f"    {when / spent:5.0%} of the time, at {share:5.0%}: {stage}")
                before = stage
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
