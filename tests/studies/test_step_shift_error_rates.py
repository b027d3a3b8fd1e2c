"""False positives of the shift test inside a choice: the best of the candidates on offer that say nothing, with and without a hidden drift.

pytest tests/studies/test_step_shift_error_rates.py -s: some ten minutes, and prints the shares. Each recording is 200 s in bins of 20 ms of four units at 5 Hz. Tested is the candidate that gains most on held-out
folds, whether signed ranks take it or not, so that each unit has a p; the shares are of units of 500 recordings, which share their covariates and shifts, and their errors those of recordings.

- `fast`: three covariates smoothed over 0.1 s, none of which drives; `white`: new values in each bin.
- `slow`: smoothed over 0.5, 2 and 5 s, and a log rate that drifts by 0.5 (standard deviation) over 10 s; `very slow`: over 5 s each.
- `second`: the log rate follows the first of three (over 1, 0.5 and 2 s) by 0.5 and drifts; the best of the others is tested beside it.

Measured at 5 % (without short shifts in brackets), 500 recordings and 2,000 units each, whose binomial error is 0.49 %: fast 4.40 +- 0.47 %, white 4.00 +- 0.45 % (3.85 +- 0.43 %),
slow 4.55 +- 0.47 % (6.70 +- 0.57 %), very slow 4.90 +- 0.49 % (6.60 +- 0.55 %); of 200 recordings, 800 units, second 4.38 +- 0.76 % (6.12 +- 0.87 %). Fast ones lie a little below 5 %, since the
candidate is the best of full fits and that of a shift the best of the statistic itself. Signed ranks alone take the best of those that say nothing in 1.75 to 2.75 %.

Beside it stands what comes of the same statistic where shifts shorter than the autocorrelation of counts and covariates are left out, as they
used to be. `tests/engine/selection/test_step_shift_test.py` holds a small part of this.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.signal import fftconvolve

import glmengine as ge
from glmengine.answers.population import Population, population_of
from glmengine.inference.signed_rank import signed_rank
from glmengine.selection.one_step_models import OneStepModels
from glmengine.selection.search import better
from glmengine.selection.shuffles import correlation_length, make_shuffles

BIN, N, UNITS, RATE, SHIFTS, LEVEL = 0.02, 10_000, 4, 5.0, 99, 0.05
N_RECORDINGS = 500


@dataclass(frozen=True)
class Setting:
    """Widths in seconds that the covariates are smoothed over, drift of the log rate over 10 s, and how much it follows the first covariate,
    which then is in the model that the test begins from."""

    seconds: tuple[float, ...]
    drift: float = 0.0
    effect: float = 0.0


SETTINGS = {
    "fast": Setting((0.1, 0.1, 0.1)),
    "white": Setting((0.0, 0.0, 0.0)),
    "slow": Setting((0.5, 2.0, 5.0), drift=0.5),
    "very slow": Setting((5.0, 5.0, 5.0), drift=0.5),
    "second": Setting((1.0, 0.5, 2.0), drift=0.5, effect=0.5),
}


def noise(random: np.random.Generator, seconds: float) -> np.ndarray:
    """(N,) Gaussian noise of variance 1, smoothed over so many seconds."""
    if not seconds:
        return random.normal(size=N)
    lag = np.arange(-int(4 * seconds / BIN), int(4 * seconds / BIN) + 1) * BIN
    kernel = np.exp(-0.5 * (lag / seconds) ** 2)
    return fftconvolve(random.normal(size=N + lag.size - 1), kernel, "valid") / np.sqrt((kernel**2).sum())


def recording(setting: Setting, seed: int) -> ge.Recording:
    import pynapple as nap

    random = np.random.default_rng(seed)
    times, support = (np.arange(N) + 0.5) * BIN, nap.IntervalSet(0.0, N * BIN)
    values = [noise(random, seconds) for seconds in setting.seconds]
    spikes = {}
    for unit in range(UNITS):
        counts = random.poisson(RATE * BIN * np.exp(setting.effect * values[0] + setting.drift * noise(random, 10.0)))
        spikes[unit] = nap.Ts(np.repeat(times, counts), time_support=support)
    covariates = {f"c{k}": ge.Covariate(f"c{k}", nap.Tsd(times, value)) for k, value in enumerate(values)}
    names = tuple(map(str, range(UNITS)))
    group = nap.TsGroup(spikes, time_support=support)
    return ge.Recording(f"seed {seed}", names, group, covariates=covariates, epochs={"all": support})


def asked(setting: Setting, seed: int) -> Population:
    factors = [[{"variable": f"c{k}", "basis": {"family": "b_spline", "n": 5}}] for k in range(len(setting.seconds))]
    terms = [{"kind": "covariate", "factors": factor} for factor in factors]
    question = ge.Analysis.from_dict(
        {"time": {"bin_size": BIN}, "seed": seed, "terms": terms, "model": {"strengths": [1e-3]}, "selection": {"folds": 10}}
    )
    return population_of(question, recording(setting, seed), SHIFTS)


def p_of_the_best(setting: Setting, seed: int) -> dict[str, np.ndarray]:
    """(UNITS,) p of the candidate that gains most; by signed ranks; and where short shifts are left out."""
    population = asked(setting, seed)
    ground = population.ground(tuple(range(UNITS)))
    nested = OneStepModels(ground, population.shared)
    base = frozenset([0]) if setting.effect else frozenset[int]()
    offered = tuple(sorted(ground.everything - base))
    nested.ahead({unit: [base, *(base | {k} for k in offered)] for unit in range(UNITS)})
    pooled, steps, ranks = population.pooled, [], []
    for unit in range(UNITS):
        now = nested.held_out(base, [unit])[unit]
        tried = {k: nested.held_out(base | {k}, [unit])[unit] for k in offered}
        best = max(offered, key=lambda k: better(tried[k], now))
        ranks.append(float(signed_rank(tried[best].per_bin - now.per_bin)))
        steps.append(pooled.step(unit, best, offered, *next(nested.residuals([(base, unit)]))))
    counts, columns = pooled.pool(ground.prepared.counts), pooled.pool(ground.prepared.design.chunk(0, N))
    least = max(correlation_length(values, pooled.stretch) for values in (counts, columns)) + 1
    longer = make_shuffles("cyclic", pooled.stretch, SHIFTS, least=min(least, pooled.stretch.size // 4), seed=seed)
    return {
        "shifts": pooled.p(steps, pooled.shuffles(SHIFTS, seed)),
        "signed rank": np.array(ranks),
        "without short shifts": pooled.p(steps, longer),
    }


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("name", SETTINGS)
def test_the_best_of_candidates_that_say_nothing_is_called_in_5_percent(name):
    each = [p_of_the_best(SETTINGS[name], seed) for seed in range(N_RECORDINGS)]
    share = {way: np.array([(one[way] <= LEVEL).mean() for one in each]) for way in each[0]}
    error = {way: values.std() / np.sqrt(N_RECORDINGS) for way, values in share.items()}
    said = ", ".join(f"{way} {values.mean():.2%} +- {error[way]:.2%}" for way, values in share.items())
    print(f"\n{name}: {said} of {N_RECORDINGS * UNITS} units", flush=True)
    assert share["shifts"].mean() <= LEVEL + 3 * error["shifts"]
    assert share["signed rank"].mean() <= LEVEL + 3 * error["signed rank"]
