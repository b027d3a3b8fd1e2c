"""Commands of `glmengine`, their options and exit codes."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from typing import NoReturn

from glmengine.cli import (
    analyses,
    checks,
    decoding,
    description,
    drawing,
    explanation,
    fits,
    methods,
    recordings,
    selection,
    simulation,
)
from glmengine.cli.terminal import quiet_libraries, quote_foreign_letters, say_error, spare_neo
from glmengine.errors import Cancelled, GlmError

DONE, AT_FAULT, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130

_EXAMPLES = """\
an analysis from beginning to end, on a simulated session:
  glmengine sample session session.nwb
  glmengine inspect session.nwb
  glmengine new session session.toml
  glmengine run session.toml --recording session.nwb --out results
  glmengine predict results/result.nc --recording session.nwb --out predicted

exit codes: 0 done, 1 the data or the analysis is at fault (one line says what), 2 wrong usage, 130 interrupted
"""

COMMANDS = (
    recordings.INSPECT,
    description.DESCRIBE,
    recordings.RECIPE_DRAFT,
    recordings.CONVERT,
    fits.RUN,
    analyses.DESIGN,
    fits.BATCH,
    fits.PREDICT,
    explanation.EXPLAIN,
    checks.CHECK,
    selection.COMPARE,
    selection.SELECT,
    checks.SHIFT_TEST,
    checks.BOOTSTRAP,
    simulation.SIMULATE,
    decoding.DECODE,
    drawing.FIGURE,
    fits.FITS,
    fits.EXPORT,
    methods.METHODS,
    analyses.TEMPLATES,
    analyses.NEW,
    recordings.SAMPLE,
    analyses.SCRIPT,
)
"""In the order in which help lists them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    quote_foreign_letters()
    try:
        code = _run(arguments)
        sys.stdout.flush()
        return code
    except GlmError as error:
        say_error(error.message)
        return AT_FAULT
    except (KeyboardInterrupt, Cancelled):
        say_error("interrupted; nothing unfinished was kept")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone, as with `| head`
        _close_output()
        return DONE
    except MemoryError:
        say_error("there is not enough memory; choose wider bins, fewer units or fewer functions, or a smaller model.memory")
        return AT_FAULT
    except OSError as error:
        if error.filename is None:  # no file of ours: what is printed found no room
            _close_output()
            say_error(f"what was to be said could not be written ({error.strerror or error}); make room where the output goes")
        else:
            say_error(f"{os.fspath(error.filename)!s:.120}: cannot be used ({error.strerror}); give another path")
        return AT_FAULT
    except Exception as error:  # noqa: BLE001 - the last line of defence: a fault of ours is told in two lines and kept in full
        say_error(f"a fault of the program ({type(error).__name__}: {error})")
        say_error(f"please report it with the file {_kept(error)}")
        return AT_FAULT


def _close_output() -> None:
    """Let nothing more be written to where it cannot be, which would be another fault at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(arguments: Sequence[str] | None) -> int:
    from glmengine.io.files.probe import PROBE_OPTION

    if arguments is None and sys.argv[1:] == [PROBE_OPTION]:  # a frozen program reads a doubtful file in a copy of itself
        from glmengine.io.probe_child import main as read_for_parent

        return read_for_parent()
    parser = build_parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return WRONG_USAGE
    quiet_libraries()
    spare_neo()
    from glmengine.backend import jax_runtime as runtime

    runtime.configure()
    if getattr(options, "allow_code", False):
        from glmengine.basis.custom import allow_code

        allow_code()
    return options.work(options) or DONE


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    from glmengine import __version__

    parser = _Parser(
        prog="glmengine",
        description="Generalized linear models of neural activity: find out what drives a neuron.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"glmengine {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands", parser_class=_Parser)

    for command in COMMANDS:
        command.add_to(commands)
    return parser


class _Parser(argparse.ArgumentParser):
    """Wrong usage is told in one line."""

    def error(self, message: str) -> NoReturn:
        say_error(f"{message}; see {self.prog} --help")
        raise SystemExit(WRONG_USAGE)


def _kept(error: BaseException) -> str:
    """A file with the whole story of a fault of the program."""
    with tempfile.NamedTemporaryFile("w", prefix="glmengine-fault-", suffix=".txt", delete=False, encoding="utf-8") as stream:
        stream.write("".join(traceback.format_exception(error)))
    return stream.name


if __name__ == "__main__":
    raise SystemExit(main())
