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
from glmengine.answers.question import question_for
from glmengine.answers.sheet import AnswerSheet
from glmengine.answers.sheet_of_parts import sheet_of
from glmengine.answers.unit_answers import answer
from glmengine.context import SILENT, Context, Progress
from glmengine.errors import GlmError
from glmengine.sentences import listed, numbered

if TYPE_CHECKING:
    from glmengine.recording.recording import Recording

STOPPED = "The answers were stopped: units without a verdict were not come to."


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
    context: Context | None = None,
) -> AnswerSheet:
    """Find out what drives each unit.

    Parameters
    ----------
    recording : Recording
    analysis : Analysis, optional
        Its terms are the candidates, its selection says how they are chosen. Where not given: the variables of the recording, the speed of its position,
        and the units' own past. Strengths are found by marginal likelihood in each fit, where the family and the penalty allow.
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
    context : Context, optional
        Can cancel, or stop and keep the units that are finished.

    Returns
    -------
    AnswerSheet

    Raises
    ------
    GlmError
        If the recording offers nothing to explain units by, or as of `glmengine.select_terms`.
    Cancelled
        If the context says so; the groups that were finished stay in `out`.
    """
    context, clock = context or SILENT, _Clock()
    analysis = analysis or question_for(recording, variables)
    _check_unit_numbers(shifts, simulations)
    with clock("features"):
        population = population_of(analysis, recording, shifts, context.part(0.0, 0.05))
    folder = None if out is None else Path(out) / FOLDER
    key = key_of(analysis.sha256, recording.sha256 or recording.name, shifts, simulations)
    units, groups = population.prepared.units, population.groups
    parts: list[Part] = []
    done = 0
    for place, numbers in enumerate(groups):
        share = context.part(0.05 + 0.95 * done / len(units), 0.05 + 0.95 * (done + len(numbers)) / len(units))
        names = [units[number] for number in numbers]
        share.report(Progress(f"Answers for {listed(names, 3)}", 0.0))
        context.check()
        part = _part(
            population, numbers, folder, key_of(key, place, *names), f"{place:03d}.nc", shifts, simulations, share, clock
        )
        parts.append(part)
        done += len(numbers)
        _tell(population, part, parts, len(units) - done, report, filled)
        context.check()
        if not part.finished or context.stopping:
            break
    if folder is not None and all(part.finished for part in parts) and done == len(units):
        shutil.rmtree(folder, ignore_errors=True)
    left = [units[number] for numbers in groups[len(parts) :] for number in numbers]
    stopped = [] if all(part.finished for part in parts) and not left else [STOPPED]
    if left:
        stopped.append(f"{numbered(len(left), 'unit')} not in the sheet, as the answers were stopped: {listed(left)}.")
    return sheet_of(population, parts, notes=[*population.notes, *stopped, clock.words()])


def _part(
    population: Population,
    numbers: tuple[int, ...],
    folder: Path | None,
    key: str,
    name: str,
    shifts: int,
    simulations: int,
    context: Context,
    clock: _Clock,
) -> Part:
    """What was kept of these units, or else their answers, which are kept."""
    if folder is not None and (kept := Part.load(folder / name, key)) is not None:
        return kept
    part = answer(population, numbers, shifts, simulations, context, clock)
    if folder is not None and part.finished:
        folder.mkdir(parents=True, exist_ok=True)
        part.save(folder / name, key)
    return part


def _tell(
    population: Population,
    part: Part,
    parts: Sequence[Part],
    pending: int,
    report: Callable[[str, str], None] | None,
    filled: Callable[[AnswerSheet], None] | None,
) -> None:
    if report is None and filled is None:
        return
    sheet = sheet_of(population, [part], others=parts[:-1], pending=pending)
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
