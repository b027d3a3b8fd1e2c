"""What selection, signed ranks alone and Wald tests find in simulated cells that follow position, direction, speed, or two of them.

pytest tests/studies/test_selection_power.py -s prints the table that the guide has. Each recording is ten minutes in a box of 1 m in bins of 50 ms, with one unit of each kind at each mean rate: a place cell
(its log rate rises by 1 in a field of 15 cm), a head-direction cell (0.5 cos), a speed cell (0.02 a cm/s), a conjunctive one (the first two together), and one that follows nothing. The log rate of
all of them drifts by 0.5 (standard deviation) over 20 s, or not. Candidates are position (6 x 6 splines), direction (8) and speed (5). A unit counts as right where exactly the terms
that it follows are called, and as wrong where one is that it does not follow:

- by forward selection whose steps are judged by signed ranks over ten folds, and with those taken out again whose shift test does not say so at 5 %;
- by forward selection whose steps are judged by shifts in time alone, as in the answer sheet;
- by the signed-rank test of each term, the full model with and without it;
- by the Wald test of each term in the full model, with strengths by marginal likelihood.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest
from scipy.signal import fftconvolve
from scipy.stats import binom

import glmengine as ge
from glmengine.answers.population import population_of
from glmengine.selection.contributions import contributions
from glmengine.selection.forward import forward
from glmengine.selection.nested_models import NestedModels
from glmengine.selection.one_step_models import OneStepModels
from glmengine.selection.step_tests import Proposal
from glmengine.simulation.samples.session import BOX, forage

BIN, DURATION, FIELD, LEVEL, SHIFTS = 0.05, 600.0, 15.0, 0.05, 99
TERMS = ("position", "direction", "speed")
KINDS = {"place": (0,), "direction": (1,), "speed": (2,), "place and direction": (0, 1), "nothing": ()}
RATES = (0.5, 2.0, 8.0)
UNITS = tuple(product(KINDS, RATES))
METHODS = ("selection", "with shifts", "by shifts", "signed rank", "Wald")
N_RECORDINGS = int(os.environ.get("STUDY_RECORDINGS", "100"))


@dataclass(frozen=True)
class Found:
    """(recordings, units, terms) bool, the terms that a method calls."""

    called: dict[str, np.ndarray]

    def right(self, method: str) -> np.ndarray:
        """(units,) share of recordings in which just the terms that the unit follows are called."""
        return (self.called[method] == truth()).all(axis=2).mean(axis=0)

    def wrong(self, method: str) -> np.ndarray:
        """(units,) share in which a term is called that it does not follow."""
        return (self.called[method] & ~truth()).any(axis=2).mean(axis=0)


def truth() -> np.ndarray:
    """(units, terms) bool."""
    return np.array([[k in KINDS[kind] for k in range(len(TERMS))] for kind, _ in UNITS])


def slow(random: np.random.Generator, n: int, seconds: float) -> np.ndarray:
    """(n,) smooth noise of variance 1."""
    lag = np.arange(-int(4 * seconds / BIN), int(4 * seconds / BIN) + 1) * BIN
    kernel = np.exp(-0.5 * (lag / seconds) ** 2)
    return fftconvolve(random.normal(size=n + lag.size - 1), kernel, "valid") / np.sqrt((kernel**2).sum())


def recording(seed: int, drift: float) -> ge.Recording:
    import pynapple as nap

    random = np.random.default_rng(seed)
    n = round(DURATION / BIN)
    times, support = (np.arange(n) + 0.5) * BIN, nap.IntervalSet(0.0, DURATION)
    x, y, direction = forage(n, BIN, random)
    speed = np.minimum(np.hypot(np.gradient(x, BIN), np.gradient(y, BIN)), 50.0)
    spikes = {}
    for unit, (kind, rate) in enumerate(UNITS):
        centre, preferred = random.uniform(0.25 * BOX, 0.75 * BOX, 2), random.uniform(0, 2 * np.pi)
        parts = (
            np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * FIELD**2)),
            0.5 * np.cos(direction - preferred),
            0.02 * speed,
        )
        modulated = np.exp(sum((parts[k] for k in KINDS[kind]), drift * slow(random, n, 20.0)))
        counts = random.poisson(rate * BIN * modulated / modulated.mean())
        spikes[unit] = nap.Ts(np.repeat(times, counts), time_support=support)
    covariates = {
        "position": ge.Covariate("position", nap.TsdFrame(times, np.column_stack([x, y]), columns=["x", "y"]), "cm"),
        "direction": ge.Covariate("direction", nap.Tsd(times, direction), "rad", "angle"),
        "speed": ge.Covariate("speed", nap.Tsd(times, speed), "cm/s"),
    }
    names = tuple(f"{kind}, {rate:g} Hz" for kind, rate in UNITS)
    group = nap.TsGroup(spikes, time_support=support)
    return ge.Recording(f"seed {seed}", names, group, covariates=covariates, epochs={"all": support})


def question(seed: int) -> ge.Analysis:
    def factor(variable: str, family: str, n: int) -> dict:
        return {"variable": variable, "basis": {"family": family, "n": n}}

    factors = (
        [factor("position.x", "b_spline", 6), factor("position.y", "b_spline", 6)],
        [factor("direction", "cyclic_b_spline", 8)],
        [factor("speed", "b_spline", 5)],
    )
    terms = [{"kind": "covariate", "name": name, "factors": own} for name, own in zip(TERMS, factors, strict=True)]
    model = {"penalty": "ridge", "strength_by": "marginal_likelihood"}
    return ge.Analysis.from_dict(
        {
            "time": {"bin_size": BIN},
            "seed": seed,
            "terms": terms,
            "model": model,
            "selection": {"folds": 10, "steps_by": "shifts"},
        }
    )


def called(seed: int, drift: float) -> dict[str, np.ndarray]:
    """(units, terms) bool of each method, in one recording."""
    population = population_of(question(seed), recording(seed, drift), SHIFTS)
    every = range(len(UNITS))
    ground = population.ground(tuple(every))
    nested = OneStepModels(ground, population.shared)
    assert population.test is not None
    found = {method: np.zeros((len(UNITS), len(TERMS)), bool) for method in METHODS}
    search, steps = forward(nested, LEVEL), []
    for unit, model in enumerate(search.models):
        found["selection"][unit, sorted(model)] = True
        for k in sorted(model):
            before = frozenset(other for other in model if search.order[unit, other] < search.order[unit, k])
            steps.append(Proposal(unit, k, before, tuple(sorted(ground.everything - before)), np.full(10, np.nan)))
    for step, judged in zip(steps, population.test.judge(nested, steps), strict=True):
        found["with shifts"][step.unit, step.candidate] = judged.taken
    for unit, model in enumerate(forward(nested, LEVEL, test=population.test).models):
        found["by shifts"][unit, sorted(model)] = True
    found["signed rank"][:] = contributions(nested)["p"].values.T < LEVEL
    full = NestedModels(ground).fit(ground.everything, np.arange(len(UNITS)), np.ones(len(UNITS)))
    found["Wald"][:] = full.wald()["p"].values.T < LEVEL
    return found


def study(n: int, drift: float, first: int = 0) -> Found:
    each = [called(seed, drift) for seed in range(first, first + n)]
    return Found({method: np.array([one[method] for one in each]) for method in METHODS})


def said(found: Found, title: str) -> None:
    print(f"\n{title}: right / a term too many, %")
    print(f"{'unit':28}" + "".join(f"{method:>14}" for method in METHODS))
    for unit, (kind, rate) in enumerate(UNITS):
        shares = [(found.right(method)[unit], found.wrong(method)[unit]) for method in METHODS]
        print(f"{kind + f', {rate:g} Hz':28}" + "".join(f"{100 * a:8.0f} /{100 * b:4.0f}" for a, b in shares), flush=True)


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("drift", [0.0, 0.5])
def test_power_of_the_selection_grows_with_the_rate_and_errors_do_not(drift):
    found = study(N_RECORDINGS, drift, first=10_000 * int(drift > 0))
    said(found, f"{N_RECORDINGS} recordings, drift {drift:g}")
    highest = [unit for unit, (kind, rate) in enumerate(UNITS) if rate == RATES[-1] and KINDS[kind]]
    lowest = [unit for unit, (kind, rate) in enumerate(UNITS) if rate == RATES[0] and KINDS[kind]]
    right = found.right("selection")
    assert right[highest].mean() > right[lowest].mean()
    n_units = N_RECORDINGS * len(UNITS)
    most = binom.ppf(0.999, n_units, LEVEL) / n_units
    for method in ("selection", "with shifts", "by shifts"):
        assert found.wrong(method).mean() <= most
    if drift:
        assert found.wrong("Wald").mean() > 0.2  # it takes bins for independent
