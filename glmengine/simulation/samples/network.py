"""A coupled network: excitatory and inhibitory cells that drive each other, with nothing else to explain them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.simulation.samples.epochs import whole_and_halves
from glmengine.simulation.spike_counts import simulate_counts, spikes_from_counts

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording

BIN_SIZE = 0.005  # s
DURATION = 600.0
N_EXCITATORY, N_INHIBITORY = 12, 4
SHARE = 0.2  # of the possible connections
HISTORY = {"n": 5, "window": 0.1}
COUPLING = {"n": 3, "window": 0.05}


def make(seed: int = 0) -> Recording:
    """Simulate the network; ``source["truth"]`` lists every connection with its filter."""
    import pandas as pd

    from glmengine.basis import RaisedCosineLog
    from glmengine.recording.recording import Recording

    rng = np.random.default_rng(seed)
    names = [f"e{index + 1}" for index in range(N_EXCITATORY)] + [f"i{index + 1}" for index in range(N_INHIBITORY)]
    n_units, n_bins = len(names), round(DURATION / BIN_SIZE)
    lags, history = RaisedCosineLog(**HISTORY).kernel(BIN_SIZE)
    _, coupling = RaisedCosineLog(**COUPLING).kernel(BIN_SIZE)
    own = history @ np.array([-4.0, -1.5, 0.5, 0.2, 0.0])
    kernels = np.zeros((n_units, len(own), n_units))
    connections = []
    for source in range(n_units):
        kernels[source, :, source] = own
        weights = np.array([0.7, 0.5, 0.1]) if source < N_EXCITATORY else np.array([-0.9, -0.8, -0.3])
        for target in range(n_units):
            if target != source and rng.random() < SHARE:
                kernels[source, : len(coupling), target] = coupling @ weights
                connections.append({"source": names[source], "target": names[target], "filter": (coupling @ weights).tolist()})
    base = rng.uniform(4.0, 10.0, n_units)
    counts = simulate_counts(np.broadcast_to(np.log(base * BIN_SIZE), (n_bins, n_units)).copy(), kernels, rng)
    truth = {
        "sample": "coupled-network",
        "seed": seed,
        "bin_size": BIN_SIZE,
        "units": [{"name": name, "base_hz": float(rate)} for name, rate in zip(names, base, strict=True)],
        "lag_s": (lags * BIN_SIZE).tolist(),
        "history": own.tolist(),
        "coupling": connections,
    }
    return Recording(
        name="coupled-network",
        unit_names=tuple(names),
        spikes=spikes_from_counts(counts, BIN_SIZE, rng),
        unit_table=pd.DataFrame({"type": ["excitatory"] * N_EXCITATORY + ["inhibitory"] * N_INHIBITORY}, index=names),
        epochs=whole_and_halves(DURATION),
        source={"truth": truth},
    )


def analysis() -> Analysis:
    """Own history and coupling of all units."""
    from glmengine.analysis.analysis import Analysis

    return Analysis.from_dict(
        {
            "title": "Functional coupling",
            "time": {"bin_size": BIN_SIZE},
            "terms": [
                {"kind": "history", "basis": {"family": "raised_cosine_log", **HISTORY}},
                {"kind": "coupling", "basis": {"family": "raised_cosine_log", **COUPLING}},
            ],
            "model": {"strengths": [1e-6, 1e-5, 1e-4, 1e-3]},
        },
        "sample",
    )
