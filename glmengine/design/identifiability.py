"""Identifiability of a design: its rank, collinear terms, and columns that are never visited.

Everything follows from one Gram matrix of the standardised columns. Each term is whitened on its own; the singular values of what two
whitened terms have in common are their canonical correlations (Hotelling 1936): 1 where a direction of one is a direction of the other,
and 1/(1 - r^2) the factor by which the variance of an effect grows because of the other term (Belsley, Kuh & Welsch 1980).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from glmengine.context import SILENT, Context, Progress
from glmengine.design.identifiability_report import Finding, Identifiability, many, quoted
from glmengine.threads import quiet_blas

if TYPE_CHECKING:
    from glmengine.design.design import Design

NULL = 1e-12
"""Eigenvalues of a correlation matrix below this, times a hundredth of its size, are zero: the rule by which fits are made definite."""

SAME = 1e-9
"""1 - r^2 of a canonical correlation that counts as 1."""

INFLATED = 10.0
"""Inflation of a variance from which on two terms are called nearly the same."""

ILL = 1e4
"""Condition number from which on the columns of one term are called nearly dependent."""


@dataclass(frozen=True)
class _Moments:
    """Of the valid rows: their number, means (P,), standard deviations (P,), correlations (P, P), and which columns are ever nonzero."""

    n: int
    mean: np.ndarray
    deviation: np.ndarray
    correlation: np.ndarray
    visited: np.ndarray

    @property
    def varies(self) -> np.ndarray:
        return self.deviation > 1e-11 * np.abs(self.mean)


@dataclass(frozen=True)
class _Whitened:
    """A term's columns as independent directions of variance one: matrix (p, r), what is left undetermined (p, p - r), condition."""

    columns: np.ndarray
    matrix: np.ndarray
    null: np.ndarray
    condition: float


def identifiability(design: Design, unit_names: Sequence[str] = (), context: Context = SILENT) -> Identifiability:
    """What of `design` its valid rows can tell apart.

    Parameters
    ----------
    design : Design
    unit_names : sequence of str, optional
        Units that are fitted: what each of them may use is judged (history, coupling without self). All columns together where empty.
    context : Context, optional

    Returns
    -------
    Identifiability
        Its `str` is the report in words.
    """
    with quiet_blas():
        return _identifiability(design, unit_names, context)


def _identifiability(design: Design, unit_names: Sequence[str], context: Context) -> Identifiability:
    moments = _moments(design, context.part(0.0, 0.7))
    mask = design.mask(unit_names) if unit_names else None
    patterns: dict[bytes, list[int]] = {}
    for number in range(1 if mask is None else mask.shape[1]):
        key = b"" if mask is None else mask[:, number].tobytes()
        patterns.setdefault(key, []).append(number)
    kept: dict[tuple[str, bytes], _Whitened] = {}
    found: dict[Finding, list[str]] = {}
    worst: tuple[int, int, int] | None = None
    condition = 1.0
    for done, members in enumerate(patterns.values()):
        context.check()
        context.report(Progress("Comparing terms", 0.7 + 0.3 * done / len(patterns)))
        allowed = np.ones(design.n_columns, bool) if mask is None else mask[:, members[0]]
        parts = _whitened(design, moments, allowed & moments.varies, kept)
        names = [] if mask is None else [unit_names[number] for number in members]
        findings, rank, own_condition = _judge(design, moments, parts)
        for finding in [*_unvisited(design, moments, allowed), *findings]:
            found.setdefault(finding, []).extend(names)
        columns = int(allowed.sum())
        condition = max(condition, own_condition)
        worst = max(filter(None, [worst, (columns - rank, columns, rank)]), key=lambda entry: entry[0])
    _, columns, rank = worst or (0, 0, 0)
    everyone = len(unit_names)
    findings = tuple(
        replace(finding, units=() if mask is None or len(names) == everyone else tuple(names)) for finding, names in found.items()
    )
    return Identifiability(moments.n, columns, rank, condition, findings)


def _moments(design: Design, context: Context) -> _Moments:
    """One pass over the valid rows; columns are centred on the mean of the first of them, so that a large mean costs no digits."""
    P = design.n_columns
    centre: np.ndarray | None = None
    visited = np.zeros(P, bool)
    total, gram, n = np.zeros(P), np.zeros((P, P)), 0
    for rows, values in design.valid_chunks():
        context.check()
        context.report(Progress("Correlating columns", rows[0] / max(design.n_rows, 1)))
        if centre is None:
            centre = values.mean(axis=0)
        visited |= (values != 0).any(axis=0)
        moved = values - centre
        total += moved.sum(axis=0)
        gram += moved.T @ moved
        n += len(values)
    if centre is None:
        return _Moments(0, np.zeros(P), np.zeros(P), np.eye(P), visited)
    covariance = gram / n - np.outer(total / n, total / n)
    deviation = np.sqrt(np.maximum(np.diagonal(covariance), 0.0))
    safe = np.where(deviation > 0, deviation, 1.0)
    return _Moments(n, centre + total / n, deviation, covariance / np.outer(safe, safe), visited)


def _whitened(
    design: Design, moments: _Moments, usable: np.ndarray, kept: dict[tuple[str, bytes], _Whitened]
) -> dict[str, _Whitened]:
    """Each term that has usable columns, whitened."""
    result = {}
    for label, part in design.slices.items():
        columns = np.flatnonzero(usable[part]) + part.start
        if not columns.size:
            continue
        key = label, columns.tobytes()
        if key not in kept:
            values, vectors = np.linalg.eigh(moments.correlation[np.ix_(columns, columns)])
            zero = values <= NULL * max(1.0, columns.size / 100) * values[-1]
            matrix = vectors[:, ~zero] / np.sqrt(values[~zero])
            kept[key] = _Whitened(columns, matrix, vectors[:, zero], float(np.sqrt(values[-1] / values[~zero][0])))
        result[label] = kept[key]
    return result


def _judge(design: Design, moments: _Moments, parts: Mapping[str, _Whitened]) -> tuple[list[Finding], int, float]:
    """Findings, rank and condition number of the columns in `parts`."""
    findings: list[Finding] = []
    for label, part in parts.items():
        findings += _within(design, moments, label, part)
    common = _in_common(moments, parts)
    labels = list(parts)
    everything = _joined(labels, parts, common)
    lost = int((np.linalg.eigvalsh(everything) <= SAME).sum()) if len(everything) else 0
    for place, label in enumerate(labels):
        alone = [np.zeros((0, parts[label].matrix.shape[1]))]
        for other in labels[:place]:
            _, correlations, directions = np.linalg.svd(common[other, label], full_matrices=False)
            correlations = np.clip(correlations, 0.0, 1.0)
            findings += _pair(other, label, parts, 1.0 - correlations**2)
            alone.append(directions[1.0 - correlations**2 <= SAME])
        single = int(np.linalg.matrix_rank(np.vstack(alone), tol=1e-6)) if sum(map(len, alone)) else 0
        if lost:  # else no term shares anything with the others together
            findings += _several(labels[: place + 1], parts, common, single)
    return findings, len(everything) - lost, _condition(moments, parts)


def _condition(moments: _Moments, parts: Mapping[str, _Whitened]) -> float:
    if not parts:
        return 1.0
    columns = np.concatenate([part.columns for part in parts.values()])
    values = np.linalg.eigvalsh(moments.correlation[np.ix_(columns, columns)])
    values = values[values > NULL * max(1.0, columns.size / 100) * values[-1]]
    return float(np.sqrt(values[-1] / values[0]))


def _in_common(moments: _Moments, parts: Mapping[str, _Whitened]) -> dict[tuple[str, str], np.ndarray]:
    """Correlations (r, s) between the whitened directions of each two terms."""
    labels = list(parts)
    return {
        (one, other): parts[one].matrix.T
        @ moments.correlation[np.ix_(parts[one].columns, parts[other].columns)]
        @ parts[other].matrix
        for place, other in enumerate(labels)
        for one in labels[:place]
    }


def _joined(labels: Sequence[str], parts: Mapping[str, _Whitened], common: Mapping[tuple[str, str], np.ndarray]) -> np.ndarray:
    """Correlation matrix of the whitened directions of these terms; it is singular exactly where terms share directions."""
    sizes = [parts[label].matrix.shape[1] for label in labels]
    ends = np.cumsum([0, *sizes])
    whole = np.eye(ends[-1])
    for j, other in enumerate(labels):
        for i, one in enumerate(labels[:j]):
            whole[ends[i] : ends[i + 1], ends[j] : ends[j + 1]] = common[one, other]
            whole[ends[j] : ends[j + 1], ends[i] : ends[i + 1]] = common[one, other].T
    return whole


def _within(design: Design, moments: _Moments, label: str, part: _Whitened) -> list[Finding]:
    """Dependences among the columns of one term."""
    findings = []
    null = part.null
    if null.shape[1]:
        weights = null / moments.deviation[part.columns, None]
        constants = moments.mean[part.columns] @ weights
        sizes = np.abs(moments.mean[part.columns]) @ np.abs(weights)
        if np.linalg.norm(constants) > 1e-6 * sizes.max():
            findings.append(
                Finding(
                    "sum",
                    (label,),
                    1,
                    np.inf,
                    f"The columns of '{label}' add up to a constant, as the intercept is.",
                )
            )
            direction = constants / np.linalg.norm(constants)
            null = null @ np.linalg.svd(direction[None])[2][1:].T
    if null.shape[1]:
        used = part.columns[np.abs(null).max(axis=1) > 1e-6]
        findings.append(
            Finding(
                "within",
                (label,),
                null.shape[1],
                np.inf,
                f"In '{label}', {_columns(design, label, used)} carry the same information: "
                f"{many(null.shape[1], 'column')} of them can be made from the others. Take some out, or use fewer functions.",
            )
        )
    if part.condition > ILL:
        findings.append(
            Finding(
                "near",
                (label,),
                part.matrix.shape[1],
                part.condition**2,
                f"The columns of '{label}' are nearly dependent on each other (condition number {part.condition:.2g}): fewer functions, "
                "or a wider range or window, would be better determined.",
            )
        )
    return findings


def _pair(one: str, other: str, parts: Mapping[str, _Whitened], left: np.ndarray) -> list[Finding]:
    """What two terms have in common; `left` is one less each squared canonical correlation."""
    shared = int((left <= SAME).sum())
    findings = []
    if shared:
        sizes = {label: parts[label].matrix.shape[1] for label in (one, other)}
        if shared == sizes[one] == sizes[other]:
            text = f"The terms '{one}' and '{other}' carry the same information: nothing can tell their effects apart. Keep one of them."
        elif shared in sizes.values():
            inner, outer = (one, other) if shared == sizes[one] else (other, one)
            text = (
                f"Whatever '{inner}' can say, '{outer}' can say too: its {many(shared, 'direction')} of variation "
                f"{'lies' if shared == 1 else 'lie'} within '{outer}'. The two effects cannot be told apart; take '{inner}' out, unless "
                "a penalty is to divide them."
            )
        else:
            text = f"The terms '{one}' and '{other}' have {many(shared, 'direction')} of variation in common, which cannot be told apart."
        findings.append(Finding("shared", (one, other), shared, np.inf, text))
    rest = left[left > SAME]
    if rest.size and 1.0 / rest.min() >= INFLATED:
        inflation = float(1.0 / rest.min())
        findings.append(
            Finding(
                "near",
                (one, other),
                int((1.0 / rest >= INFLATED).sum()),
                inflation,
                f"The terms '{one}' and '{other}' are nearly collinear: {100 * (1 - 1 / inflation):.3g} % of the variation of one in some "
                f"direction is also the other's, so that standard errors there are {np.sqrt(inflation):.2g} times as large as without it "
                f"(variance inflation {inflation:.3g}).",
            )
        )
    return findings


def _several(
    labels: Sequence[str], parts: Mapping[str, _Whitened], common: Mapping[tuple[str, str], np.ndarray], single: int
) -> list[Finding]:
    """Directions of the last term that follow from all before it together, but from none of them alone (`single` of them do)."""
    if len(labels) < 3:
        return []
    own = parts[labels[-1]].matrix.shape[1]
    before = _joined(labels[:-1], parts, common)
    cross = np.vstack([common[label, labels[-1]] for label in labels[:-1]])
    values, vectors = np.linalg.eigh(before)
    kept = values > SAME
    turned = (vectors[:, kept] / np.sqrt(values[kept])).T @ cross
    left, size, _ = np.linalg.svd(turned, full_matrices=False)
    same = 1.0 - np.clip(size, 0.0, 1.0) ** 2 <= SAME
    shared = int(same.sum())
    if shared <= single or shared > own:
        return []
    # which of the terms before are needed: those whose directions take part in making the shared ones
    made = (vectors[:, kept] / np.sqrt(values[kept])) @ left[:, same]
    ends = np.cumsum([0, *(parts[label].matrix.shape[1] for label in labels[:-1])])
    needed = [
        label for label, a, b in zip(labels, ends[:-1], ends[1:], strict=False) if np.abs(made[a:b]).max(initial=0.0) > 1e-6
    ]
    if len(needed) < 2:
        return []
    names = ", ".join(f"'{label}'" for label in needed[:-1]) + f" and '{needed[-1]}'"
    return [
        Finding(
            "several",
            (*needed, labels[-1]),
            shared,
            np.inf,
            f"{many(shared, 'direction').capitalize()} of variation of '{labels[-1]}' can be put together from {names}: "
            "these terms cannot all be told apart. Take one of them out.",
        )
    ]


def _unvisited(design: Design, moments: _Moments, allowed: np.ndarray) -> list[Finding]:
    """Columns that are zero, or do not vary, in all valid bins."""
    findings = []
    for label, part in design.slices.items():
        inside = np.zeros(design.n_columns, bool)
        inside[part] = allowed[part]
        empty = np.flatnonzero(inside & ~moments.visited)
        constant = np.flatnonzero(inside & moments.visited & ~moments.varies)
        if empty.size:
            kind = design.columns["kind"].iloc[part.start]
            why = "no spike reaches them" if kind in ("history", "coupling") else "the data never go there"
            findings.append(
                Finding(
                    "empty",
                    (label,),
                    int(empty.size),
                    np.inf,
                    f"In '{label}', {_columns(design, label, empty)} {'is' if empty.size == 1 else 'are'} zero in every bin used: {why}, "
                    "and nothing can be said about them.",
                )
            )
        if constant.size:
            findings.append(
                Finding(
                    "constant",
                    (label,),
                    int(constant.size),
                    np.inf,
                    f"In '{label}', {_columns(design, label, constant)} {'does' if constant.size == 1 else 'do'} not vary over the bins "
                    "used; a fit leaves this out.",
                )
            )
    return findings


def _columns(design: Design, label: str, columns: np.ndarray) -> str:
    """Columns of one term in words: by source where whole sources are concerned, else by name."""
    table = design.columns
    of_term = table.iloc[design.slices[label]]
    sources = table["variable"].iloc[columns].unique()
    if of_term["variable"].nunique() > 1 and of_term["variable"].isin(sources).sum() == columns.size:
        return f"{many(columns.size, 'column')}, those of {quoted(sources)},"
    names = quoted(table.index[columns])
    return f"the column {names}" if columns.size == 1 else f"{columns.size} of {len(of_term)} columns ({names})"
