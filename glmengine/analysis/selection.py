"""Which terms a unit needs: the candidates, the models compared, and the way in which terms are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import model_validator

from glmengine.errors import GlmError
from glmengine.sentences import listed
from glmengine.spec import Spec, param

MOST_SUBSETS = 1024
"""Models that a search through all subsets may have."""

CONSTANT = "constant"
"""Name of the model that has an intercept alone."""


class TermBlock(Spec):
    """Terms that are in a model together or not at all."""

    name: str = param(title="Name", help="What the block is called in tables.", min_length=1)
    terms: tuple[str, ...] = param(title="Terms", help="The terms that it holds, by name.", choices="terms", min_length=1)


class NamedModel(Spec):
    """One of the models that are compared."""

    name: str = param("", title="Name", help="What it is called in tables; its terms where empty.", empty="its terms")
    terms: tuple[str, ...] = param(
        (), title="Terms", help="Terms and blocks that it has, beside those that every model has.", choices="terms"
    )


class Selection(Spec):
    """Which of the analysis's terms each unit needs, judged on held-out time."""

    method: Literal["forward", "backward", "subsets", "group_path", "none"] = param(
        "forward",
        title="Method",
        help="Forward: the best term is added as long as it helps on held-out time (Hardcastle et al. 2017). Backward: the term that is missed least is taken out as long as it is not missed. Subsets: the best of all models up to a size. Group path: a group lasso that lets terms in one after another. None: models are compared, nothing is chosen.",
    )
    candidates: tuple[str, ...] = param(
        (),
        title="Candidates",
        help="Terms and blocks that may be chosen; all terms where empty.",
        choices="terms",
        empty="all terms",
    )
    always: tuple[str, ...] = param(
        (), title="Always in", help="Terms that every model has, the smallest one too (history).", choices="terms"
    )
    last: tuple[str, ...] = param(
        (),
        title="Tried last",
        help="Terms and blocks that forward selection tries when none of the others adds anything any more. The unit's own past goes here, or a drift: whatever a rate follows slowly is in its recent spikes too, so that tried together with the others it takes their place.",
        choices="terms",
        empty="all at once",
    )
    blocks: tuple[TermBlock, ...] = param((), title="Blocks", help="Terms that are switched on and off together.", advanced=True)
    models: tuple[NamedModel, ...] = param(
        (),
        title="Models",
        help="Models that are compared; where none is named: each candidate alone, all of them, and all but each one.",
        advanced=True,
    )
    steps_by: Literal["folds", "shifts"] = param(
        "folds",
        title="Steps judged by",
        help="What says whether the best term comes in. Folds: a signed-rank test over them. Shifts: the counts are moved in time against everything else, and go through the same comparison of candidates; "
        "more of what drives a unit is found, beside slow drifts most of all. Of forward selection. What cannot be moved against the counts, as the unit's own past, is judged by folds all the same.",
        applies={"method": ("forward",)},
    )
    shifts: int = param(
        200,
        title="Shifts",
        help="By how many shifts steps are judged; an answer sheet has a number of its own.",
        ge=1,
        le=10_000,
        advanced=True,
        applies={"method": ("forward",), "steps_by": ("shifts",)},
    )
    level: float = param(
        0.05,
        title="Level",
        help="A term is added, or missed, where its test (by signed ranks over folds, or by shifts in time) gives a p below this.",
        gt=0,
        lt=1,
    )
    over_units: bool = param(
        True,
        title="Over all units",
        help="Keep a unit's model only where the false discovery rate over all units (Benjamini & Hochberg) is below the level too, so that of many units that follow nothing few get a term by chance. Off, each unit is judged by itself.",
    )
    folds: int = param(
        10,
        title="Folds",
        help="Number of held-out parts that models are compared on; 5 at least for a p below 0.05. 0: as many as the validation has.",
        ge=0,
        le=50,
    )
    largest: int = param(
        0,
        title="Largest",
        help="The most terms that are chosen; 0 for no limit.",
        ge=0,
        advanced=True,
        empty="no limit",
    )
    prune: bool = param(
        True,
        title="Score test first",
        help="Do not fit candidates whose score test at the smaller model is no larger than chance gives: they cannot gain on held-out time. Which were left out is said.",
        advanced=True,
    )
    parts: int = param(
        5,
        title="Parts of a fold",
        help="Each fold is cut into this many blocks of time, over which intervals of differences are given beside those over folds.",
        ge=1,
        le=100,
        advanced=True,
    )

    @model_validator(mode="after")
    def _names_once(self) -> Selection:
        for field, names in (
            ("blocks", [block.name for block in self.blocks]),
            ("models", [model.name for model in self.models if model.name]),
            ("candidates", list(self.candidates)),
            ("last", list(self.last)),
        ):
            twice = [name for position, name in enumerate(names) if name in names[:position]]
            if twice:
                raise GlmError(f"'{twice[0]}' is there twice; name each once", field=field)
        if self.folds in range(1, 2):
            raise GlmError("one fold leaves nothing to fit; give 2 or more, or 0 for those of the validation", field="folds")
        return self


@dataclass(frozen=True)
class Candidate:
    """What is switched on and off together.

    Attributes
    ----------
    name : str
    terms : tuple of str
        Labels of the terms.
    """

    name: str
    terms: tuple[str, ...]


def candidates_of(selection: Selection, labels: Sequence[str]) -> tuple[Candidate, ...]:
    """The candidates, of an analysis whose terms in use have these labels.

    Raises
    ------
    GlmError
        For names of neither a term nor a block, a term in two candidates, or one that is both a candidate and always in.
    """
    blocks = {block.name: block.terms for block in selection.blocks}
    known = [*labels, *blocks]
    for field, names in (
        ("candidates", selection.candidates),
        ("always", selection.always),
        *((f"blocks.{number}.terms", block.terms) for number, block in enumerate(selection.blocks)),
    ):
        for name in names:
            if name not in (known if field == "candidates" else labels):
                raise GlmError(
                    f"the selection names '{name}', which is no term in the model; the terms are {listed(labels)}",
                    field=f"selection.{field}",
                )
    for name in blocks:
        if name in labels:
            raise GlmError(f"a block and a term are both called '{name}'; rename the block", field="selection.blocks")
    inside = {term for terms in blocks.values() for term in terms}
    free = [label for label in labels if label not in selection.always]
    names = selection.candidates or (*blocks, *(label for label in free if label not in inside))
    found = tuple(Candidate(name, blocks.get(name, (name,))) for name in names)
    owner: dict[str, str] = dict.fromkeys(selection.always, "those that are always in")
    for candidate in found:
        for term in candidate.terms:
            if term in owner:
                raise GlmError(
                    f"the term '{term}' is in '{candidate.name}' and in {owner[term]}; it can be in one only",
                    field="selection.candidates",
                )
            owner[term] = f"'{candidate.name}'"
    if not labels:
        raise GlmError("the model has no term that could be chosen; add terms", field="terms")
    if not found:
        raise GlmError("every term is always in: there is none to choose; name candidates", field="selection.candidates")
    offered = [candidate.name for candidate in found]
    for name in selection.last:
        if name not in offered:
            raise GlmError(
                f"'{name}' is to be tried last and is no candidate; the candidates are {listed(offered)}", field="selection.last"
            )
    return found


def tried_last(selection: Selection, candidates: Sequence[str]) -> frozenset[int]:
    """Which of the candidates, by number, are tried when no other adds anything any more."""
    return frozenset(number for number, name in enumerate(candidates) if name in selection.last)


def models_of(selection: Selection, candidates: Sequence[str]) -> dict[str, frozenset[int]]:
    """The models to compare, by name: which of the candidates, by number, each has. The constant rate, or what is always in, comes first.

    Raises
    ------
    GlmError
        If a model names what is no candidate.
    """
    numbers = {name: number for number, name in enumerate(candidates)}
    everything = frozenset(numbers.values())
    chosen: list[tuple[str, frozenset[int]]] = [("", frozenset())]
    if selection.models:
        for place, model in enumerate(selection.models):
            for name in model.terms:
                if name not in numbers and name not in selection.always:
                    raise GlmError(
                        f"a model has '{name}', which is no candidate; the candidates are {listed(candidates)}",
                        field=f"selection.models.{place}.terms",
                    )
            chosen.append((model.name, frozenset(numbers[name] for name in model.terms if name in numbers)))
    else:
        chosen += [("", frozenset([number])) for number in numbers.values()]
        chosen += [("", everything - {number}) for number in numbers.values()] if len(numbers) > 2 else []
        chosen.append(("", everything))
    named: dict[str, frozenset[int]] = {}
    for name, model in chosen:
        if model not in named.values():
            named[name or model_name(model, candidates, selection.always)] = model
    return named


def model_name(model: frozenset[int], candidates: Sequence[str], always: Sequence[str] = ()) -> str:
    """Its terms, joined by a plus."""
    return " + ".join([*always, *(candidates[number] for number in sorted(model))]) or CONSTANT
