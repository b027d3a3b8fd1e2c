"""Surrogates of a coupled population beside NeMoS's `simulate_recurrent`: python tests/benchmarks/simulation_speed.py.

Models of the same size in both, 20 units with their own past and that of the others, 100 bins back in 5 basis functions, at 15 spikes per second; the
filters are not the same: ours are fitted to unrelated spikes, those of NeMoS are drawn at random, small in both. NeMoS draws one repeat at a time.
Second calls, without compilation; seconds by the clock, and of processor time, which a machine that does other things too leaves as they are.

Measured of processor time on two cores: one repeat 0.25 s, 100 repeats 7.1 s (5.6 million unit-bins a second); NeMoS 0.59 s for one.
"""

from __future__ import annotations

import time

import numpy as np

import glmengine as ge

UNITS, BINS, BIN, WINDOW, FUNCTIONS = 20, 20_000, 0.001, 0.1, 5


def recording():
    import pynapple as nap

    from glmengine.recording.recording import Recording

    rng = np.random.default_rng(0)
    support = nap.IntervalSet(0.0, BINS * BIN)
    spikes = {unit: nap.Ts(np.sort(rng.uniform(0, BINS * BIN, 300))) for unit in range(UNITS)}
    names = tuple(f"u{unit}" for unit in range(UNITS))
    return Recording(name="r", unit_names=names, spikes=nap.TsGroup(spikes, time_support=support), epochs={"all": support})


def timed(function) -> tuple[float, float]:
    """Seconds by the clock, and of processor time."""
    function()
    began, cpu = time.perf_counter(), time.process_time()
    function()
    return time.perf_counter() - began, time.process_time() - cpu


def ours(repeats: int) -> tuple[float, float]:
    basis = {"family": "raised_cosine_log", "n": FUNCTIONS, "window": WINDOW}
    question = {
        "time": {"bin_size": BIN},
        "terms": [{"kind": "history", "basis": basis}, {"kind": "coupling", "basis": basis}],
        "model": {"strengths": [1e-2]},
        "validation": {"folds": 0},
    }
    data = recording()
    result = ge.run(ge.Analysis.from_dict(question), data)
    return timed(lambda: result.simulate(data, repeats, seed=1))


def nemos(repeats: int) -> tuple[float, float]:
    import jax
    from nemos.basis import RaisedCosineLogConv
    from nemos.simulation import simulate_recurrent

    window = round(WINDOW / BIN)
    basis = RaisedCosineLogConv(FUNCTIONS, window_size=window)
    _, kernels = basis.evaluate_on_grid(window)
    rng = np.random.default_rng(0)
    coupling = rng.normal(0, 0.01, (UNITS, UNITS, FUNCTIONS))
    feedforward = np.zeros((BINS, UNITS, 1))

    def run() -> None:
        for repeat in range(repeats):
            spikes, _ = simulate_recurrent(
                coupling_coef=coupling,
                feedforward_coef=np.zeros((UNITS, 1)),
                intercepts=np.full(UNITS, np.log(0.015)),
                random_key=jax.random.key(repeat),
                feedforward_input=feedforward,
                coupling_basis_matrix=np.asarray(kernels),
                init_y=np.zeros((window, UNITS)),
                inverse_link_function=jax.numpy.exp,
            )
            spikes.block_until_ready()

    return timed(run)


if __name__ == "__main__":
    for repeats in (1, 100):
        own, own_cpu = ours(repeats)
        rate = repeats * UNITS * BINS / own / 1e6
        print(
            f"{repeats} repeats of {UNITS} units x {BINS} bins: glmengine {own:.2f} s, {own_cpu:.2f} CPU s ({rate:.1f} million unit-bins/s)",
            flush=True,
        )
    peer, peer_cpu = nemos(1)
    print(
        f"1 repeat: NeMoS simulate_recurrent {peer:.2f} s, {peer_cpu:.2f} CPU s; 100 of them {100 * peer:.0f} s, {100 * peer_cpu:.0f} CPU s"
    )
