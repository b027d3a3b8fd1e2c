"""Commands on recordings: inspect, recipe, convert, sample."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from glmengine.cli.command import Command
from glmengine.cli.opening import one_recipe
from glmengine.cli.options import FORCE, RECIPE, Option, free_path
from glmengine.cli.terminal import progress_bar, say_aside
from glmengine.errors import GlmError


def inspect(options: Namespace) -> int:
    """What is in a recording, or in several sessions joined."""
    from glmengine.io.opened_sessions import opened_together
    from glmengine.recording.inspect import describe

    with progress_bar() as context:
        recording = opened_together(options.files, recipes=options.recipe or (), context=context)
    print(describe(recording))
    return 0


def recipe(options: Namespace) -> int:
    """A recipe for a recording whose files do not say themselves what they hold: remembered from files of the same shape, else a draft."""
    from glmengine.io.files.whole import write_whole

    text = _recipe_of(options.files, options.fresh)
    if options.out is None:
        print(text, end="")
        return 0
    if Path(options.out).exists() and not options.force:
        raise GlmError(f"{options.out}: exists already; give another name, or --force to replace it")
    write_whole(options.out, text.encode("utf-8"))
    print(f"written: {options.out}")
    return 0


def _recipe_of(files: list[str], fresh: bool) -> str:
    from glmengine.io.recipe_assistant import assist, assist_together, draft_recipe, files_beside
    from glmengine.sentences import listed

    remembered = "# remembered from a file with the same arrays\n"
    if len(files) > 1:
        found = assist_together(files, fresh=fresh)
        return f"{remembered if found.remembered else ''}{found.recipe}"
    known = None if fresh else assist(files[0])
    if known is not None and known.remembered:
        return f"{remembered}{known.recipe}"
    text = draft_recipe(files[0]).to_toml()
    if beside := [other.name for other in files_beside(files[0])]:
        name = Path(files[0]).name
        say_aside(
            f"beside {name} lie other tables ({listed(beside, 3)}): name those of this recording too, as in `glmengine recipe {name} {beside[0]}`"
        )
    return text


def convert(options: Namespace) -> int:
    """A recording in another format."""
    from glmengine.export.outputs import writable_folder
    from glmengine.export.recordings import save_recording
    from glmengine.io.opened_sessions import opened
    from glmengine.recording.inspect import summary

    with progress_bar() as context:
        recording = opened(options.file, one_recipe(options), context.part(0.0, 0.6))
        writable_folder(Path(options.out).parent)
        written = save_recording(recording, options.out, replace=options.force, context=context.part(0.6, 1.0))
    print(summary(recording))
    print(f"written: {written}")
    return 0


def sample(options: Namespace) -> int:
    """A simulated session."""
    from glmengine.export.nwb import write_nwb
    from glmengine.export.outputs import writable_folder
    from glmengine.recording.inspect import summary
    from glmengine.simulation.catalogue import sample as simulated

    if options.seed < 0:
        raise GlmError(f"the seed must be 0 or more, not {options.seed}")
    path = Path(options.file)
    if path.suffix.lower() != ".nwb":
        raise GlmError(f"{options.file}: a sample is written as NWB; give a name that ends with .nwb")
    free_path(options.file, options.force)
    writable_folder(path.parent)
    recording = simulated(options.name, options.seed)
    write_nwb(recording, path)
    print(summary(recording))
    print(f"written: {path}")
    return 0


def _sample_list() -> str:
    from glmengine.simulation.catalogue import SAMPLES

    return "The samples:\n" + "\n".join(f"  {name:24} {text}" for name, (text, _) in SAMPLES.items())


INSPECT = Command(
    "inspect",
    "what is in a recording",
    "The first line sums it up; then units, covariates, epochs, trials and what was doubtful. "
    "Several are joined as `run` joins them: each session, and what is missing in some or differs.",
    (Option("files", metavar="FILE", nargs="+", help="a recording: NWB file, folder of pynapple .npz, and others"), RECIPE),
    inspect,
)

RECIPE_DRAFT = Command(
    "recipe",
    "a draft of what the arrays of a file without a standard are",
    "For MATLAB, CSV, Parquet, NumPy and HDF5 files. Look through it, correct it, and give it to the other commands with --recipe.",
    (
        Option(
            "files",
            metavar="FILE",
            nargs="+",
            help="the file, and those beside it that belong to the same recording: tracking, trials, events",
        ),
        Option("--out", metavar="FILE", help="the .toml to write; to the standard output where not given"),
        FORCE,
        Option(
            "--fresh",
            action="store_true",
            help="draft it anew, though one that opened a file with the same arrays is remembered",
        ),
    ),
    recipe,
)

CONVERT = Command(
    "convert",
    "a recording as NWB or as a folder of pynapple npz files",
    "NWB where the name ends with .nwb, else a new folder. The recording itself is never changed.",
    (
        Option("file", metavar="FILE", help="a recording"),
        Option("out", metavar="OUT", help="the .nwb file, or the new folder, to write"),
        FORCE.saying("replace an NWB file that exists"),
        RECIPE,
    ),
    convert,
)

SAMPLE = Command(
    "sample",
    "a simulated session whose truth is known",
    _sample_list,
    (
        Option("name", metavar="NAME", help="which one"),
        Option("file", metavar="FILE", help="the NWB file to write"),
        Option("--seed", type=int, default=0, metavar="N", help="the same seed gives the same session; 0 where not given"),
        FORCE,
    ),
    sample,
)
