"""Prepared rows of many groups of units together stay within the memory that was given."""

from __future__ import annotations

import gc
import pickle

import numpy as np
import pytest

import glmengine as ge
from glmengine.backend.room import Room


class Thing:
    def __init__(self, size: float) -> None:
        self.kept_bytes, self.kept = size, True

    def release(self) -> None:
        self.kept = False


def test_what_was_used_longest_ago_is_released_first():
    room, things = Room(10.0), [Thing(4.0) for _ in range(3)]
    for thing in (things[0], things[1], things[0], things[2]):
        thing.kept = True
        room.enter(thing)
    assert [thing.kept for thing in things] == [True, False, True]


def test_what_is_used_now_is_kept_even_if_it_is_too_large():
    room, small, large = Room(10.0), Thing(4.0), Thing(40.0)
    room.enter(small)
    room.enter(large)
    assert (small.kept, large.kept) == (False, True)


def test_what_is_gone_takes_no_room():
    room, first = Room(10.0), Thing(6.0)
    room.enter(first)
    room.enter(Thing(4.0))
    gc.collect()
    last = Thing(4.0)
    room.enter(last)
    assert first.kept


def test_it_can_be_stored_with_what_it_keeps():
    room, thing = Room(10.0), Thing(4.0)
    room.enter(thing)
    again = pickle.loads(pickle.dumps(room))
    again.enter(thing)
    assert again.memory == 10.0


def problem(n_units: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Units of which each has three columns of its own, and shares none."""
    rng = np.random.default_rng(2)
    X = rng.normal(size=(6000, 3 * n_units))
    Y = rng.poisson(np.exp(-1.0 + 0.3 * X[:, ::3]))
    return X, Y, np.kron(np.eye(n_units, dtype=bool), np.ones((3, 1), bool))


def kept(fit: ge.Fit) -> int:
    """Bytes of prepared rows that a fit holds."""
    return sum(
        part.nbytes
        for one in fit.parts
        for chunk in (*one.problem.rows._kept, *one.problem.rows._single.values())
        for part in chunk
        if part is not None
    )


@pytest.mark.parametrize("penalty", [ge.Ridge(1e-3), ge.Lasso(1e-3)], ids=["together", "group by group"])
def test_a_population_whose_units_share_no_column_stays_within_the_memory(penalty):
    X, Y, mask = problem(12)
    memory = 0.004
    fit = ge.fit(X, Y, mask=mask, penalty=penalty, memory=memory)
    assert len(fit.parts) == (1 if penalty == ge.Ridge(1e-3) else 12)
    errors = fit.standard_errors
    assert kept(fit) <= memory * 1e9
    for unit in range(12):
        own = slice(3 * unit, 3 * unit + 3)
        alone = ge.fit(X[:, own], Y[:, unit], penalty=penalty)
        np.testing.assert_allclose(fit.coef[own, unit], alone.coef[:, 0], atol=1e-8)
        np.testing.assert_allclose(errors[own, unit], alone.standard_errors[:, 0], rtol=1e-6)


def test_the_rows_of_a_group_hold_what_its_own_units_did():
    X, Y, mask = problem(5)
    fit = ge.fit(X, Y, mask=mask, penalty=ge.Lasso(1e-3))
    assert [len(part.problem.rows.observations.y) for part in fit.parts] == [len(part.units) for part in fit.parts] == [1] * 5


def test_draws_of_a_bootstrap_keep_no_rows_of_the_fit_they_are_set_beside():
    X, Y, mask = problem(3)
    found = ge.bootstrap(X, Y, mask=mask, draws=3, length=200)
    assert kept(found.estimate) == 0
    assert np.isfinite(found.coef[:, mask]).all()
