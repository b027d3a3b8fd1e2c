"""Median error of decoded head direction, beside pynapple's `decode_bayes` on the same bins: python tests/benchmarks/decoding_error.py FOLDER.

FOLDER is the recording of 19 head-direction cells. Fitted, or tuned, on the first half of its time and decoded on the second.
"""

from __future__ import annotations

import sys
import time

import numpy as np

import glmengine as ge


def main(folder: str) -> None:
    import pynapple as nap

    recording = ge.open_recording(folder)
    name = next(name for name, one in recording.covariates.items() if one.kind == "angle")
    pieces = recording.epochs["all"].values
    half = np.median(np.concatenate([np.linspace(start, stop, 20) for start, stop in pieces]))
    first = recording.epochs["all"].intersect(nap.IntervalSet(pieces[0, 0], half))
    second = recording.epochs["all"].intersect(nap.IntervalSet(half, pieces[-1, 1]))
    recording = recording.with_epochs("first", first).with_epochs("second", second)
    tuned = {"kind": "covariate", "factors": [{"variable": name, "basis": {"family": "cyclic_b_spline", "n": 20}}]}
    past = {"kind": "history", "basis": {"family": "raised_cosine_log", "n": 6, "window": 0.3}}
    angle = recording.covariates[name].data
    for bin_size, window in ((0.02, 0.3), (0.1, 0.3), (0.02, 0.5)):
        results = {}
        for title, terms in (("tuning", [tuned]), ("tuning and history", [tuned, past])):
            question = {
                "time": {"bin_size": bin_size, "epochs": ["first"]},
                "terms": terms,
                "model": {"strengths": [1e-6]},
                "validation": {"folds": 0},
            }
            results[title] = ge.run(ge.Analysis.from_dict(question), recording)
        for title, result in results.items():
            for prior, smoothing in (("uniform", None), ("occupancy", None), ("occupancy", "data")):
                began = time.perf_counter()
                own = window if smoothing is None else 0.0
                found = result.decode(recording, name, epochs="second", prior=prior, window=own, smoothing=smoothing)
                how = f"window {own:g} s" if smoothing is None else "random walk"
                print(
                    f"bins {bin_size:g} s, {title}, {prior}, {how}: median error {np.degrees(found.median_error):.1f} degrees "
                    f"(chance {np.degrees(found.chance_error):.0f}), mean {np.degrees(np.nanmean(found.error)):.1f}, "
                    f"{time.perf_counter() - began:.1f} s"
                )
        counts = recording.counts.restrict(second)
        curves = nap.compute_tuning_curves(recording.counts.restrict(first), angle, bins=60, range=[(0, 2 * np.pi)], epochs=first)
        smooth = round(window / 0.01)
        for uniform in (True, False):
            began = time.perf_counter()
            decoded, _ = nap.decode_bayes(curves, counts, second, 0.01, sliding_window_size=smooth, uniform_prior=uniform)
            true = angle.interpolate(nap.Ts(decoded.t), second)
            error = np.abs(np.mod(np.asarray(decoded.values) - np.asarray(true.values) + np.pi, 2 * np.pi) - np.pi)
            print(
                f"pynapple decode_bayes, {'uniform' if uniform else 'occupancy'}, bins 0.01 s, window {window:g} s: median error "
                f"{np.degrees(np.nanmedian(error)):.1f} degrees, mean {np.degrees(np.nanmean(error)):.1f}, {time.perf_counter() - began:.1f} s"
            )


if __name__ == "__main__":
    main(sys.argv[1])
