"""What the window says of the time left against what was truly left, for several kinds of work.

    python tests/benchmarks/time_left.py [KIND ...] [--scale 1.0]

Each kind is run once with its reports noted beside the processor time that had passed (a busy machine does not change it); then they are
given to `glmgui.time_left.TimeLeft` as the window would, ten times a second. Printed is, between the first and the last tenth of the time,
how often what was said is within a factor of two of the truth, the worst ratio either way, and for how much of the time the bar stood at
one percent.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import ClassVar

import numpy as np

import glmengine as ge
from glmgui.time_left import TimeLeft

STEP = 0.1


class Noted(ge.Context):
    """Keeps every report with the time at which it came: of the processor, or by the clock."""

    clock: ClassVar[Callable[[], float]] = time.process_time

    def __init__(self) -> None:
        self.begun = type(self).clock()
        self.reports: list[tuple[float, float, str]] = []

    def report(self, progress: ge.Progress) -> None:
        self.reports.append((type(self).clock() - self.begun, progress.fraction, progress.stage))


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


def longest_stand(reports: list[tuple[float, float, str]], whole: float) -> tuple[float, int, str]:
    """The longest share of the time in which the bar showed one percentage, which one, and in which stage it did not move on."""
    moves, shown = [(0.0, 0, "")], 0
    for when, share, stage in reports:
        if int(100 * share) > shown:
            shown = int(100 * share)
            moves.append((when, shown, stage))
    ends = [*(when for when, _, _ in moves[1:]), whole]
    begun, shown, stage = max(zip(ends, moves, strict=True), key=lambda pair: pair[0] - pair[1][0])[1]
    end = next((when for when, _, _ in moves if when > begun), whole)
    return (end - begun) / whole, shown, next((name for when, _, name in reversed(reports) if when < end), stage)


def kinds(scale: float) -> dict[str, Callable[[Noted], object]]:
    from glmengine.export import write_outputs
    from glmengine.export.report.writing import write_report
    from glmengine.export.unit_figures import unit_kinds, write_unit_figures
    from glmengine.results.block_gains import block_gains
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
    places = history.with_(terms=tuple(term for term in history.terms if term.kind == "covariate"))
    reml = plain.with_(model=plain.model.with_(strength_by="marginal_likelihood"))

    # what checks and exports are of
    @cache
    def fitted() -> ge.Result:
        return ge.run(plain, whole)

    @cache
    def everything() -> ge.Result:
        return ge.run(history.with_(model=history.model.with_(strengths=(1e-4,))), whole)

    def run(analysis: ge.Analysis) -> Callable[[Noted], object]:
        return lambda context: ge.run(analysis, whole, context)

    def lasso(analysis: ge.Analysis) -> Callable[[Noted], object]:
        return run(analysis.with_(model=analysis.model.with_(penalty="lasso", strengths=grid)))

    def within(write: Callable[[Path, Noted], object]) -> Callable[[Noted], object]:
        def work(context: Noted) -> None:
            with tempfile.TemporaryDirectory() as folder:
                write(Path(folder), context)

        return work

    def figures(folder: Path, context: Noted) -> None:
        result = everything()
        write_unit_figures(
            result, folder / "out", whole, kinds=unit_kinds(result, whole), units=result.units[:4],
            formats=("pdf",), dpi=100, processes=1, context=context,
        )  # fmt: skip

    return {
        "population": run(places),
        "cross-validation with history": run(history),
        "coupling": run(asked),
        "lasso": lasso(plain),
        "lasso of a population with history": lasso(history),
        "lasso with coupling": lasso(asked),
        "strengths by marginal likelihood": run(reml),
        "strengths by marginal likelihood with history": run(
            history.with_(model=history.model.with_(strength_by="marginal_likelihood"))
        ),
        "without folds": run(asked.with_(model=asked.model.with_(strengths=(1e-4,)), validation=asked.validation.with_(folds=0))),
        "selection": lambda context: select_terms(plain, whole, context=context),
        "comparison of blocks": lambda context: block_gains(
            few, whole, {"tuning": (few.terms[0].label, few.terms[1].label), "history": (few.terms[2].label,)}, context=context
        ),
        "bootstrap": lambda context: fitted().bootstrap(whole, context=context),
        "bootstrap with history": lambda context: everything().bootstrap(whole, context=context),
        "shift test": lambda context: fitted().shift_test(whole, context=context),
        "goodness": lambda context: everything().goodness(whole, context=context),
        "goodness on held-out time": lambda context: everything().goodness(whole, held_out=True, context=context),
        "simulate": lambda context: everything().simulate_and_compare(whole, context=context),
        "decode": lambda context: everything().decode(whole, ("position.x", "position.y"), context=context),
        "decode held out": lambda context: everything().decode(whole, "head_direction", held_out=True, context=context),
        "explain": lambda context: ge.explain(whole, shifts=20, simulations=20, workers=1, context=context),
        "outputs": within(
            lambda folder, context: write_outputs(everything(), folder / "out", whole, pdf=True, processes=1, context=context)
        ),
        "report": within(
            lambda folder, context: write_report(everything(), folder / "report.pdf", whole, processes=1, context=context)
        ),
        "figures": within(figures),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", nargs="*")
    parser.add_argument("--scale", type=float, default=1.0, help="bins of 10 ms divided by this")
    parser.add_argument("--first", action="store_true", help="as in a process that never did it before: imports, compiled passes")
    parser.add_argument("--traces", type=Path, help="folder for the reports of each kind")
    parser.add_argument("--stages", action="store_true", help="say when each stage began")
    parser.add_argument("--clock", action="store_true", help="by the clock, on an idle machine")
    options = parser.parse_args()
    if options.clock:
        Noted.clock = time.perf_counter
    bad = 0
    for name, work in kinds(options.scale).items():
        if options.kind and not any(part in name for part in options.kind):
            continue
        if not options.first:
            work(Noted())
        context = Noted()
        work(context)
        spent = Noted.clock() - context.begun
        found = ratios(context.reports, spent)
        stood, shown, stage = longest_stand(context.reports, spent)
        stands = f"at most {stood:.0%} of the time at {shown} % ({stage})"
        if options.traces:
            (options.traces / f"{name}.json").write_text(json.dumps([spent, context.reports]))
        if not found:
            print(f"{name}: {spent:.1f} s, too short to say anything; {stands}", flush=True)
            continue
        said = np.array([ratio for _, ratio, _ in found])
        within = np.mean((said > 0.5) & (said < 2.0))
        bad += within < 0.9
        print(
            f"{name}: {spent:.1f} s, {within:.0%} within a factor of two, from {said.min():.2f} to {said.max():.2f} times "
            f"the truth; {stands}",
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
