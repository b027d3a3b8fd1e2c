"""The command `glmengine`: what it runs, and how it ends."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from glmengine.errors import Cancelled, GlmError
from glmengine.interruption import RequestsToEnd

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

DONE, AT_FAULT, INTERRUPTED = 0, 1, 130

INTERRUPTED_WORDS = "glmengine: interrupted; nothing unfinished was kept"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    with RequestsToEnd(too_late=INTERRUPTED_WORDS) as request:
        try:
            from glmengine.cli.terminal import quote_foreign_letters

            quote_foreign_letters()
            code = _run(arguments)
            sys.stdout.flush()
            return code
        except (KeyboardInterrupt, Cancelled):
            code = _interrupted(request)
        except Exception as error:  # noqa: BLE001 - the last line of defence
            # an import that is cut short fails in many ways
            code = _interrupted(request) if request.code else _at_fault(error)
        if request.code and arguments is None:  # the interpreter would wait for threads that are at work
            _leave(code)
        return code


def _interrupted(request: RequestsToEnd) -> int:
    request.heard()
    print(INTERRUPTED_WORDS, file=sys.stderr)
    return request.code or INTERRUPTED


def _leave(code: int) -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # the reader of a pipe has gone
            stream.flush()
    os._exit(code)


def _at_fault(error: Exception) -> int:
    """The exit code after what went wrong was told in a sentence; a fault of the program is told in two lines and kept in full."""
    from glmengine.cli.terminal import say_error

    if isinstance(error, GlmError):
        say_error(error.message)
    elif isinstance(error, BrokenPipeError):  # the reader of our output has gone, as with `| head`
        _close_output()
        return DONE
    elif isinstance(error, MemoryError):
        say_error("there is not enough memory; choose wider bins, fewer units or fewer functions, or a smaller model.memory")
    elif isinstance(error, OSError) and error.filename is not None:
        say_error(f"{os.fspath(error.filename)!s:.120}: cannot be used ({error.strerror}); give another path")
    elif isinstance(error, OSError):  # no file of ours: what is printed found no room
        _close_output()
        say_error(f"what was to be said could not be written ({error.strerror or error}); make room where the output goes")
    else:
        say_error(f"a fault of the program ({type(error).__name__}: {error})")
        say_error(f"please report it with the file {_kept(error)}")
    return AT_FAULT


def _close_output() -> None:
    """Let nothing more be written to where it cannot be, which would be another fault at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(arguments: Sequence[str] | None) -> int:
    from glmengine.io.files.trial_reader import PROBE_OPTION

    if arguments is None and sys.argv[1:] == [PROBE_OPTION]:  # a frozen program reads a doubtful file in a copy of itself
        from glmengine.io.probe_child import main as read_for_parent

        return read_for_parent()
    from glmengine.cli.parser import WRONG_USAGE, build_parser
    from glmengine.cli.terminal import quiet_libraries
    from glmengine.parallel.unused_libraries import spare_dask, spare_libraries

    parser = build_parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return WRONG_USAGE
    quiet_libraries()
    spare_libraries()
    if not getattr(options, "scheduler", None):
        spare_dask()
    from glmengine.backend import jax_runtime as runtime

    runtime.configure()
    if getattr(options, "allow_code", False):
        from glmengine.basis.custom import allow_code

        allow_code()
    return options.work(options) or DONE


def _kept(error: BaseException) -> str:
    """A file with the whole story of a fault of the program."""
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="glmengine-fault-", suffix=".txt", delete=False, encoding="utf-8") as stream:
        stream.write("".join(traceback.format_exception(error)))
    return stream.name
