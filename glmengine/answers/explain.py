"""`explain`: which variables drive each unit of a recording, with curves, checks and a sentence, the best known units first."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from glmengine.analysis.analysis import Analysis
from glmengine.answers.part import FOLDER, Part, key_of
from glmengine.answers.population import Population, population_of
from glmengine.answers.question import events_left_out, question_for
from glmengine.answers.shared_out import Answering, UnitGroup, answered, processes_worth
from glmengine.answers.sheet import STOPPED, AnswerSheet
from glmengine.answers.sheet_of_parts import sheet_of
from glmengine.answers.unit_answers import answer
from glmengine.argument_kinds import takes_only_its_kinds
from glmengine.backend.jax_runtime import begin_import
from glmengine.context import SILENT, Context, Progress, Stopped, UnitsFound
from glmengine.errors import GlmError, StoppedTooSoon
from glmengine.models import get_family
from glmengine.sentences import listed, numbered
from glmengine.threads import n_threads

if TYPE_CHECKING:
    from glmengine.recording.recording import Recording


@takes_only_its_kinds
def explain(
    recording: Recording,
    analysis: Analysis | None = None,
    *,
    variables: Sequence[str] | None = None,
    shifts: int = 200,
    simulations: int = 32,
    report: Callable[[str, str], None] | None = None,
    filled: Callable[[AnswerSheet], None] | None = None,
    out: str | Path | None = None,
    workers: int | None = 1,
    scheduler: str | None = None,
    context: Context | None = None,
) -> AnswerSheet:
    """Find out what drives each unit.

    Parameters
    ----------
    recording : Recording
    analysis : Analysis, optional
        Its terms are the candidates, its selection says how they are chosen. Where not given: the variables of the recording, the speed of its position
        (in the plane or along a track), and the units' own past. Strengths are found by marginal likelihood in each fit, where the family and the penalty allow.
    variables : sequence of str, optional
        Where no analysis is given, only these.
    shifts : int
        By how many shifts in time the choice of each term is tested, shifted counts going through the same comparison of candidates
        (`glmengine.selection.step_shift_test`); 0 for none. The sheet has p and q over all units and terms.
    simulations : int
        Simulated recordings of each unit's final model that the recorded spikes are compared with; 0 for none.
    report : callable, optional
        Called with each unit and its sentence as soon as it is known. The units that seem known best come first; the q of such a sentence
        takes units that are still to come for p = 1, so that it can only fall.
    filled : callable, optional
        Called with a sheet of each group of units as soon as they are finished: labelled arrays that can be drawn while the others are made.
    out : path, optional
        Folder in which finished groups are kept until all are, so that the same call goes on where it was interrupted.
    workers : int or None
        Processes of this machine that share the units; the answers are the same for any number. None for as many as it has cores and memory
        (the analysis's setting) for, where there is work enough for them.
    scheduler : str, optional
        Address of a Dask scheduler (``"tcp://host:8786"``) whose workers share the units in place of processes of this machine: the same answers.
        The recording travels to each once; what of it stays in its file, as a long stimulus does, is read there, at the same path.
    context : Context, optional
        Can cancel, or stop and keep the units that are finished.

    Returns
    -------
    AnswerSheet

    Raises
    ------
    GlmError
        If the recording offers nothing to explain units by, it was stopped before the terms of any unit were chosen, the scheduler cannot be reached, or as of `glmengine.select_terms`.
    Cancelled
        If the context says so; the groups that were finished stay in `out`.
    """
    context, clock = context or SILENT, _Clock()
    analysis = analysis or question_for(recording, variables)
    _check_unit_numbers(shifts, simulations)
    if workers is not None and (int(workers) != workers or workers < 1):
        raise GlmError(f"workers: {workers} is not a whole number of 1 or more", field="workers")
    if simulations and get_family(analysis.model.family).of_spikes:  # which are drawn in JAX
        begin_import()
    with clock("features"):
        population = population_of(analysis, recording, shifts, context.part(0.0, 0.05))
    folder = None if out is None else Path(out) / FOLDER
    key = key_of(analysis.sha256, recording.sha256 or recording.name, shifts, simulations)
    groups = []
    for place, numbers in enumerate(population.groups):
        names = tuple(population.prepared.units[number] for number in numbers)
        groups.append(
            UnitGroup(numbers, names, None if folder is None else folder / f"{place:03d}.nc", key_of(key, place, *names))
        )
    parts: dict[int, Part] = {}
    answering = Answering(analysis, recording, shifts, simulations)
    for place, part in _answered(population, groups, answering, workers, scheduler, context.part(0.05, 1.0), clock):
        parts[place] = part
        there = sum(len(groups[number].numbers) for number in parts)
        others, pending = [parts[other] for other in parts if other != place], len(population.prepared.units) - there
        _tell(population, part, others, pending, report, filled)
        context.check()
    left = [name for place, group in enumerate(groups) if place not in parts for name in group.names]
    whole = not left and all(part.finished for part in parts.values())
    if not parts:
        raise StoppedTooSoon("the answers were stopped before the terms of any unit were chosen; let them go on for longer")
    stopped = [] if whole else [STOPPED]
    if left:
        stopped.append(f"{numbered(len(left), 'unit')} not in the sheet, as the answers were stopped: {listed(left)}.")
    found = [parts[place] for place in sorted(parts)]
    unseen = [note for note in [events_left_out(analysis, recording)] if note]
    sheet = sheet_of(population, found, notes=[*population.notes, *unseen, *stopped, clock.words()])
    if folder is not None and whole:  # until there is a sheet they are all that is known
        shutil.rmtree(folder, ignore_errors=True)
    return sheet


def _answered(
    population: Population,
    groups: Sequence[UnitGroup],
    answering: Answering,
    workers: int | None,
    scheduler: str | None,
    context: Context,
    clock: _Clock,
) -> Iterator[tuple[int, Part]]:
    """Answers of each group with its place: those that were kept, then the first of the others (the one with the unit that the context wants first),
    which is not made to wait for processes, then the rest, by several, which begin meanwhile where a core is left for them, or on a cluster where
    that is wanted."""
    whole = sum(_work(group) for group in groups)
    done, waiting = 0.0, []
    for place, group in enumerate(groups):
        if (kept := group.kept()) is None:
            waiting.append(place)
        else:
            done += _work(group)
            yield place, kept

    def here(places: Sequence[int]) -> Iterator[tuple[int, Part]]:
        nonlocal done
        left = list(places)
        while left:
            place = left.pop(_next([groups[one] for one in left], context))
            group = groups[place]
            share = context.part(done / whole, (done + _work(group)) / whole)
            context.tell(UnitsFound(group.names))  # at work now
            share.report(Progress(f"Answers for {listed(group.names, 3)}", 0.0))
            context.check()
            try:
                part = answer(population, group.numbers, answering.shifts, answering.simulations, share, clock)
            except Stopped:
                return
            group.keep(part)
            done += _work(group)
            yield place, part
            if not part.finished or context.stopping:
                return

    first = [waiting.pop(_next([groups[one] for one in waiting], context))] if waiting else []
    rest = waiting
    others = [groups[place] for place in rest]
    n = min(workers or processes_worth(population, others), len(rest))
    if not rest or (n < 2 and not scheduler):
        yield from here([*first, *rest])
        return
    after = (done + _work(groups[first[0]])) / whole
    meanwhile = bool(scheduler) or n < n_threads()
    if not meanwhile:
        yield from here(first)
        if context.stopping:
            return
    with answered(others, answering, n, scheduler, context.part(after, 1.0)) as found:
        if meanwhile:
            yield from here(first)
        if context.stopping:
            return
        with clock(f"the other units {f'on {scheduler}' if scheduler else f'by {n} workers'}"):
            for number, part in found:
                yield rest[number], part


def _next(groups: Sequence[UnitGroup], context: Context) -> int:
    """Place of the group whose turn it is: that of the unit which is wanted first, else the first, whose units seem known best."""
    wanted = context.first_unit
    return next((place for place, group in enumerate(groups) if wanted in group.names), 0)


def _work(group: UnitGroup) -> float:
    """What a group takes, beside others: as much as its units, and what all of them share as much as three more."""
    return 3.0 + len(group.numbers)


def _tell(
    population: Population,
    part: Part,
    others: Sequence[Part],
    pending: int,
    report: Callable[[str, str], None] | None,
    filled: Callable[[AnswerSheet], None] | None,
) -> None:
    if report is None and filled is None:
        return
    sheet = sheet_of(population, [part], others=others, pending=pending)
    if filled is not None:
        filled(sheet)
    if report is not None:
        for unit in sheet.units["unit"].values.tolist():
            if bool(sheet.units["finished"].sel(unit=unit)) and sheet.units["terms"].sel(unit=unit).item():
                report(unit, sheet.units["sentence"].sel(unit=unit).item())


def _check_unit_numbers(shifts: int, simulations: int) -> None:
    for name, number in (("shifts", shifts), ("simulations", simulations)):
        if int(number) != number or number < 0:
            raise GlmError(f"{name}: {number} is not a whole number of 0 or more", field=name)


class _Clock:
    """Seconds of each stage of the work."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[stage] = self._seconds.get(stage, 0.0) + time.perf_counter() - began

    def words(self) -> str:
        """One sentence for the notes."""
        return "Seconds that this took: " + ", ".join(f"{stage} {spent:.1f}" for stage, spent in self._seconds.items()) + "."
