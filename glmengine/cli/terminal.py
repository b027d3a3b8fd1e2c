"""Terminal output: a progress bar with the time left, short errors, notes, what was written, nothing of the libraries' chatter."""

from __future__ import annotations

import io
import logging
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from glmengine.context import CallbackContext, Context, Progress


@contextmanager
def progress_bar(show: bool | None = None) -> Iterator[Context]:
    """A context that draws a progress bar with the time left on stderr, where that is a terminal.

    Parameters
    ----------
    show : bool, optional
        Draw it or not; only on a terminal where not given.
    """
    if show is None:
        show = sys.stderr.isatty()
    if not show:
        yield Context()
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn("[progress.percentage]{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True, force_terminal=True), transient=True) as bar:
        task = bar.add_task("Starting", total=1.0)

        def show_it(progress: Progress) -> None:
            bar.update(task, completed=progress.fraction, description=progress.stage)

        yield CallbackContext(show_it)


def quote_foreign_letters() -> None:
    """Let a terminal that has not all letters show question marks in place of those that it lacks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def say_error(message: str) -> None:
    """One line on stderr."""
    print(f"glmengine: {' '.join(str(message).split())}", file=sys.stderr)


def say_aside(note: str) -> None:
    """A note on stderr, where the standard output is the answer itself."""
    print(f"note: {note}", file=sys.stderr)


def say_notes(notes: Iterable[str]) -> None:
    """A line for each note."""
    for note in notes:
        print(f"note: {note}")


def say_written(folder: str | Path, written: Iterable[Path]) -> None:
    """The names of the files that were written into a folder."""
    print(f"written to {folder}: {', '.join(path.name for path in written)}")


def quiet_libraries() -> None:
    """Warnings of the libraries beneath are for developers; what a user should know is in the notes."""
    warnings.simplefilter("ignore")
    for name in ("jax", "jaxlib", "hdmf", "pynwb", "matplotlib", "fontTools"):
        logging.getLogger(name).setLevel(logging.ERROR)
