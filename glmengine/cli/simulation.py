"""Command that draws surrogates from a fitted model: simulate."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from glmengine.cli.command import Command
from glmengine.cli.opening import opened_as
from glmengine.cli.options import CODE, EPOCH, FORCE, KEEP, RECIPE, RESULT, SEED, SESSION, THE_FITTED, Option
from glmengine.cli.terminal import progress_bar, say_written
from glmengine.context import Progress
from glmengine.errors import GlmError


def simulate(options: Namespace) -> int:
    """Surrogates of a fitted model."""
    from glmengine.export.goodness_tables import write_datasets
    from glmengine.export.nwb import write_nwb
    from glmengine.export.outputs import save_result, writable_folder
    from glmengine.project.question import load_result
    from glmengine.recording.inspect import summary
    from glmengine.results.recording_methods import simulated_as_asked
    from glmengine.simulation.as_recording import surrogate_recording
    from glmengine.simulation.comparison import compare_surrogates

    result, path = load_result(options.result), Path(options.out)
    if path.suffix.lower() != ".nwb":
        raise GlmError(f"{options.out}: surrogates are written as NWB; give a name that ends with .nwb")
    if path.exists() and not options.force:
        raise GlmError(f"{options.out}: exists already; give another name, or --force to replace it")
    if options.keep and not options.compare:
        raise GlmError("--keep: what is kept is the comparison with the data; name a folder for it with --compare")
    for folder in (path.parent, *([options.compare] if options.compare else [])):
        writable_folder(folder)
    compared = None
    with progress_bar() as context:
        recording = opened_as(result, options, context.part(0.0, 0.2))
        made = result.simulate(recording, options.repeats, options.seed, epochs=options.epoch, context=context.part(0.2, 0.7))
        if options.compare:
            compared = simulated_as_asked(
                compare_surrogates(made, options.event, context=context.part(0.7, 0.8)),
                repeats=options.repeats,
                seed=options.seed,
                event=options.event,
                epochs=options.epoch,
            )
        surrogate = surrogate_recording(made)
        context.report(Progress(f"Writing {path.name}", 0.8))
        context.check()
        write_nwb(surrogate, path)
    print(made)
    print(summary(surrogate))
    print(f"written: {path}")
    if compared is not None:
        names = write_datasets(compared.datasets(), options.compare, "comparison")
        if options.keep:
            names.append(save_result(result.with_simulated(compared), options.compare))
        say_written(options.compare, names)
    return 0


SIMULATE = Command(
    "simulate",
    "surrogate spikes or signals of a fitted model, as NWB",
    "History and coupling are closed in the loop. Says which units run away, if any, and compares the surrogates with the recording.",
    (
        RESULT,
        THE_FITTED.saying("a recording with the covariates of the fit"),
        Option("--repeats", type=int, default=1, metavar="N", help="how many, 1 where not given"),
        SEED.saying("the same seed gives the same surrogates; the analysis's where not given"),
        Option("--out", metavar="FILE", required=True, help="the .nwb file to write; of several repeats units are NAME #1, ..."),
        Option("--compare", metavar="DIR", help="folder for tables of surrogates beside the data, with bands over repeats"),
        Option("--event", metavar="NAME", default="", help="compare around this event too, or trials.start and the like"),
        EPOCH,
        SESSION,
        KEEP.saying("write result.nc too into the folder of --compare, with the comparison in it"),
        FORCE,
        RECIPE,
        CODE,
    ),
    simulate,
)
