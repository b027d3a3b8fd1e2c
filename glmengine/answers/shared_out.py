"""Groups of units shared out among processes of this machine or workers of a cluster, each of which has the recording and makes the features once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glmengine.answers.part import Part
from glmengine.answers.population import Population, population_of
from glmengine.answers.unit_answers import answer
from glmengine.backend import jax_runtime
from glmengine.context import SILENT, Context, Stopped, UnitsFound
from glmengine.errors import GlmError
from glmengine.parallel.cluster import on_cluster
from glmengine.parallel.processes import at_work
from glmengine.parallel.room_beside import processes_beside
from glmengine.threads import n_threads

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording

WORTH = 30.0
"""Seconds of work that are left, from which on the start of processes is worth its while."""

PROCESS_BYTES, ROW_NUMBERS = 0.4e9, 64
"""Memory of a process before there are features, and numbers that a row needs beside those of its columns."""

COPIES = 2.5
"""Of the features: as they are, sorted, and sorted in float32."""


def untimed(stage: str) -> AbstractContextManager[None]:
    """A clock for work whose stages run beside each other."""
    return nullcontext()


@dataclass(frozen=True)
class UnitGroup:
    """Units that are answered together.

    Attributes
    ----------
    numbers : tuple of int
    names : tuple of str
    path : Path or None
        Where their answers are kept until the sheet is whole.
    key : str
        What the kept answers are answers to.
    """

    numbers: tuple[int, ...]
    names: tuple[str, ...]
    path: Path | None
    key: str

    def kept(self) -> Part | None:
        """Their answers, where they were found before."""
        return None if self.path is None else Part.load(self.path, self.key)

    def keep(self, part: Part) -> None:
        """Write finished answers down; raises `GlmError` where they cannot be, as on a full disk."""
        if self.path is None or not part.finished:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise GlmError(
                f"{self.path.parent}: the answers cannot be kept there ({error.strerror}); choose another folder"
            ) from error
        part.save(self.path, self.key)


class Answering:
    """Answers groups of units, here, in another process or on another machine, which makes the features when the first group comes.

    Parameters
    ----------
    analysis, recording
    shifts, simulations : int
        See `glmengine.explain`.
    """

    def __init__(self, analysis: Analysis, recording: Recording, shifts: int, simulations: int) -> None:
        self.analysis, self.recording, self.shifts, self.simulations = analysis, recording, shifts, simulations
        self._population: Population | None = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_population": None}

    def population(self, context: Context) -> Population:
        """What all answers stand on; made once."""
        if self._population is None:
            self._population = population_of(self.analysis, self.recording, self.shifts, context)
        return self._population

    def __call__(self, group: UnitGroup, context: Context = SILENT) -> Part | GlmError | None:
        try:
            population = self.population(context.part(0.0, 0.1))
            part = answer(population, group.numbers, self.shifts, self.simulations, context.part(0.1, 1.0), untimed)
            group.keep(part)
        except GlmError as error:  # it travels as a value, and is raised where somebody listens
            return error
        except Stopped:
            return None
        return part


def processes_worth(population: Population, groups: Sequence[UnitGroup]) -> int:
    """Into how many processes groups that are left are best shared out, by the cores, the memory setting and the work; 1 for none."""
    units = sum(len(group.numbers) for group in groups)
    if population.shared is None or units * population.unit_seconds < WORTH:
        return 1
    each = PROCESS_BYTES + 8.0 * population.prepared.design.n_rows * (COPIES * population.width + ROW_NUMBERS)
    return max(1, min(n_threads(), len(groups), processes_beside(each, population.analysis.model.memory)))


@contextmanager
def answered(
    groups: Sequence[UnitGroup], answering: Answering, n: int, scheduler: str | None, context: Context
) -> Iterator[Iterator[tuple[int, Part]]]:
    """Within it groups of units are answered by `n` processes, or by the workers of a Dask scheduler; the place and the answers of each, as they come.

    All processes but one begin at once, beside what the caller does before it takes the answers.

    Raises
    ------
    GlmError
        Of any group, or if its process was ended again and again.
    """

    def lost(group: UnitGroup, reason: str) -> GlmError:
        return GlmError(f"no answers for {', '.join(group.names)}: {reason}")

    def handed(group: UnitGroup) -> None:
        context.tell(UnitsFound(group.names))

    if scheduler is None:
        with at_work(groups, n, n - 1, jax_runtime.configure, answering, lost, context, handed=handed) as outcomes:
            yield _raised(outcomes)
        return
    # workers need not see the folder in which answers are kept
    outcomes = on_cluster([replace(group, path=None) for group in groups], scheduler, answering, lost, context)
    yield _raised(outcomes, groups)


def _raised(
    outcomes: Iterator[tuple[int, Part | GlmError | None]], groups: Sequence[UnitGroup] = ()
) -> Iterator[tuple[int, Part]]:
    """The answers, those of `groups` being kept here; what went wrong in one is raised."""
    for place, found in outcomes:
        if isinstance(found, GlmError):
            raise found
        if found is None:  # stopped before its terms were chosen
            continue
        if groups:
            groups[place].keep(found)
        yield place, found
