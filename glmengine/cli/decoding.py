"""Command that reads covariates from the activity of a fitted population: decode."""

from __future__ import annotations

import argparse
from argparse import Namespace

from glmengine.cli.command import Command
from glmengine.cli.opening import opened_as
from glmengine.cli.options import CODE, EPOCH, HELD_OUT, KEEP, OUT_TABLES, RECIPE, RESULT, SESSION, UNIT, Option
from glmengine.cli.terminal import progress_bar, say_written
from glmengine.sentences import numbered


def decode(options: Namespace) -> int:
    """What the population says of covariates, bin by bin."""
    from glmengine.export.decoding_tables import write_decoded
    from glmengine.export.outputs import save_result, writable_folder
    from glmengine.project.question import load_result

    result = load_result(options.result)
    folder = writable_folder(options.out)
    with progress_bar() as context:
        recording = opened_as(result, options, context.part(0.0, 0.2))
        found = result.decode(
            recording,
            options.covariates,
            epochs=options.epoch,
            units=options.unit,
            held_out=options.held_out,
            prior=options.prior,
            window=options.window,
            smoothing=options.smoothing,
            points=options.points,
            context=context.part(0.2, 0.95),
        )
        context.check()
        written = write_decoded(found, folder)
    if options.keep:
        written.append(save_result(result.with_decoded(found), folder))
    units = numbered(len(options.unit or result.units), "unit")
    print(f"{recording.name}: {' and '.join(options.covariates)} from {units}, {numbered(len(found.error), 'bin')}")
    own, chance = found.in_words(found.median_error), found.in_words(found.chance_error)
    print(f"median error {own}, of estimates paired with bins at random {chance}")
    if not found.held_out:
        print("note: where the fit has seen these bins the error is too small; --held-out decodes each bin by one that has not")
    say_written(folder, written)
    return 0


def _step(text: str) -> float | str:
    """A number above 0, or the word for the recording's own steps."""
    if text == "data":
        return text
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text} is neither 'data' nor a number above 0")
    return value


DECODE = Command(
    "decode",
    "covariates from the activity of a fitted population",
    "By Bayes' rule from the model's own likelihood, bin by bin; its other terms are taken as they were. Several covariates are decoded together. "
    "Says the median error and that of chance, and writes decoded.csv (estimate, truth and error of each bin) and decoded.npz (the posterior too).",
    (
        RESULT,
        Option("recording", metavar="RECORDING", help="the recording, as a rule the one that was fitted"),
        Option("covariates", metavar="COVARIATE", nargs="+", help="what is decoded: position.x position.y, head_direction, ..."),
        OUT_TABLES,
        EPOCH,
        UNIT.saying("from this unit only, may be repeated"),
        HELD_OUT.saying("fit the analysis's folds again, and decode each bin by the fit that has not seen it"),
        Option(
            "--prior",
            choices=("occupancy", "uniform"),
            default="occupancy",
            help="how often the values occur in the time of the analysis, or all alike; occupancy where not given",
        ),
        Option(
            "--window",
            type=float,
            default=0.0,
            metavar="SECONDS",
            help="add up evidence over so many seconds; each bin alone where not given",
        ),
        Option(
            "--smoothing",
            type=_step,
            metavar="STEP",
            help="walk of the covariate over time: 'data' for its own steps, or the standard deviation over a second; none where not given",
        ),
        Option(
            "--points",
            type=int,
            metavar="N",
            help="values of each covariate that are tried; 60 of one, 25 x 25 of two where not given",
        ),
        SESSION,
        KEEP,
        RECIPE,
        CODE,
    ),
    decode,
)
