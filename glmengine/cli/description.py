"""Command that says what a recording shows before any model: describe."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from glmengine.cli.command import Command
from glmengine.cli.opening import one_recipe
from glmengine.cli.options import EPOCH, OUT_TABLES, RECIPE, UNIT, Option
from glmengine.cli.terminal import progress_bar, say_notes, say_written
from glmengine.errors import GlmError

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.recording.recording import Recording

_BIN = 0.02  # s


def describe(options: Namespace) -> int:
    """Raw tuning, correlations of covariates, intervals between spikes, and rates around events."""
    import numpy as np

    from glmengine.analysis.time import Time
    from glmengine.analysis.time_grid import make_grid
    from glmengine.context import Progress
    from glmengine.export.goodness_tables import write_datasets
    from glmengine.export.outputs import writable_folder
    from glmengine.io.opened_sessions import opened
    from glmengine.recording.described.correlations import correlations_in_words, covariate_correlations, plain_variables
    from glmengine.recording.described.interspike_intervals import interspike_intervals
    from glmengine.recording.described.peri_event import peri_event
    from glmengine.recording.described.tuning import recorded_tuning

    if options.by and not options.event:
        raise GlmError("--by divides the events of --event by a property of their trials; name an event too")
    folder = writable_folder(options.out)
    datasets = {}
    with progress_bar() as context:
        recording = opened(options.file, one_recipe(options), context.part(0.0, 0.3))
        bin_size = options.bin_size or _bin_size(recording)
        grid = make_grid(Time(bin_size=bin_size, epochs=tuple(options.epoch or ("all",))), recording)
        used = np.ones(grid.n_bins, bool)
        variables, notes = plain_variables(recording)
        context.report(Progress("Correlations of covariates", 0.3))
        if variables:
            datasets["correlations"] = covariate_correlations(recording, grid, used, variables)
        wanted = [tuple(name.split("*")) for name in options.variable or ()] or [(name,) for name in variables]
        for number, names in enumerate(wanted):
            context.check()
            context.report(Progress(f"Tuning to {' x '.join(names)}", 0.4 + 0.4 * number / len(wanted)))
            found = recorded_tuning(recording, grid, used, names, options.unit, bins=options.bins, smoothing=options.smoothing)
            datasets[f"tuning {'*'.join(names)}"] = found.drop_vars("occupancy_s")
            datasets[f"occupancy {'*'.join(names)}"] = found[["occupancy_s"]]
        context.report(Progress("Spikes", 0.8))
        if recording.spikes is not None:
            datasets["intervals"] = interspike_intervals(recording, grid.pieces, options.unit)
        for event in options.event or ():
            width = options.event_bin or max(bin_size, _BIN)
            around = peri_event(
                recording,
                grid.pieces,
                event,
                options.unit,
                by=options.by or "",
                before=options.before,
                after=options.after,
                bin_size=width,
            )
            datasets[f"around {event}"] = around.rates
            notes += around.notes
        written = write_datasets(datasets, folder, "described")
    print(f"{recording.name}: {grid.n_bins * grid.bin_size:,.6g} s in bins of {grid.bin_size * 1000:g} ms")
    if "correlations" in datasets:
        print(correlations_in_words(datasets["correlations"]))
    if "intervals" in datasets:
        for line in _worst_units(datasets["intervals"]):
            print(line)
    say_notes(notes)
    say_written(folder, written)
    return 0


def _worst_units(intervals: xr.Dataset) -> list[str]:
    """A line for each unit, those with most violations first; of many the first of them."""
    import numpy as np

    from glmengine.recording.described.interspike_intervals import intervals_in_words
    from glmengine.recording.inspect import MOST_LINES

    ranked = np.argsort(-np.nan_to_num(intervals["contamination"].values[:, -1]), kind="stable")
    units = intervals["unit"].values[ranked]
    lines = [f"{unit}: {intervals_in_words(intervals, unit)}" for unit in units[:MOST_LINES]]
    return lines + ([f"and {len(units) - MOST_LINES} more units, in intervals_below_s.csv"] if len(units) > MOST_LINES else [])


def _bin_size(recording: Recording) -> float:
    """20 ms, or the bins in which the counts of a recording came where these are wider or no part of that."""
    from glmengine.recording.binned import count_bin_width
    from glmengine.timegrid.counts import frames_per_bin

    if recording.counts is None:
        return _BIN
    width = count_bin_width(recording)
    return (frames_per_bin(_BIN, width) or 1) * width


DESCRIBE = Command(
    "describe",
    "what a recording shows before any model: tuning, correlations of covariates, intervals between spikes, rates around events",
    "Writes described.nc and a CSV of each: raw tuning of every unit to each variable with the time spent there, which covariates go "
    "together, intervals between spikes with violations of the refractory period and the contamination that they speak of, and of each --event "
    "the mean rates around it.",
    (
        Option("file", metavar="RECORDING", help="a recording"),
        OUT_TABLES,
        Option(
            "--variable",
            metavar="NAME",
            action="append",
            help="tuning to this variable only, or to two as a map (position.x*position.y), may be repeated; all where not given",
        ),
        UNIT,
        EPOCH,
        Option(
            "--bin-size",
            type=float,
            metavar="S",
            help="bins of time in which spikes are counted; 0.02 s, or those in which counts came, where not given",
        ),
        Option("--bins", type=int, metavar="N", help="bins of a variable, 40 of one and 24 of each of two where not given"),
        Option(
            "--smoothing",
            type=float,
            default=0.0,
            metavar="BINS",
            help="standard deviation of the Gaussian by which spikes and time are smoothed, in bins; 0, none, where not given",
        ),
        Option(
            "--event",
            metavar="NAME",
            action="append",
            help="rates around this event (or TABLE.start, TABLE.COLUMN), may be repeated",
        ),
        Option("--by", metavar="TABLE.COLUMN", help="a property of the trials that makes conditions of the events"),
        Option("--before", type=float, default=0.5, metavar="S", help="seconds before an event, 0.5 where not given"),
        Option("--after", type=float, default=1.0, metavar="S", help="seconds after it, 1 where not given"),
        Option(
            "--event-bin", type=float, metavar="S", help="bins around events; those of time, at least 0.02 s, where not given"
        ),
        RECIPE,
    ),
    describe,
)
