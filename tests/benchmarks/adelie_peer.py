"""adelie as a peer: an environment of its own, since it wants an older NumPy, and fits there of data handed over by file.

    python tests/benchmarks/adelie_peer.py                        makes the environment, and says where it is

Run by the environment's own interpreter with the names of two files, it reads a problem from the first and writes its answers to the second.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

PACKAGES = ("adelie==1.1.52", "numpy<2")
TIGHT = 1e-10
"""Tolerance of its descent at which its objectives are the optimum's to 1e-11 on most works."""


def interpreter() -> Path:
    """Of the environment, which is made the first time."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "glmengine-benchmarks"
    folder = base / PACKAGES[0].replace("==", "-")
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    made = folder / "made"
    if not made.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        made.touch()
    return python


def fit(data: Any, *, tight: bool, calls: int) -> tuple[np.ndarray, np.ndarray, list[float], float]:
    """Fit a work's data, unit by unit.

    Parameters
    ----------
    data : works.Data
        Without folds.
    tight : bool
        With `TIGHT` instead of the tolerance that it has by default.
    calls : int

    Returns
    -------
    coef : (P, K), intercept : (K,)
    seconds : list of float
        Of each call, without the making of its matrix (which is a view).
    peak : float
        MB.
    """
    with tempfile.TemporaryDirectory() as folder:
        question, answer = Path(folder) / "question.npz", Path(folder) / "answer.npz"
        starts = [start for start, _ in data.groups] if data.penalty == "group_lasso" else []
        np.savez(
            question,
            X=np.asfortranarray(data.X),
            Y=data.Y,
            strengths=data.strengths,
            starts=np.array(starts, int),
            ridge=data.penalty == "ridge",
            tolerance=TIGHT if tight else 0.0,
            calls=calls,
        )
        subprocess.run([str(interpreter()), __file__, str(question), str(answer)], check=True, capture_output=True, text=True)
        with np.load(answer) as found:
            return found["coef"], found["intercept"], found["seconds"].tolist(), float(found["peak"])


def _answer(question: Path, answer: Path) -> None:
    """What runs in the environment: adelie's Poisson fits of every unit along all strengths."""
    import resource

    import adelie as ad

    with np.load(question) as given:
        X, Y, strengths, starts = np.asfortranarray(given["X"]), given["Y"], given["strengths"], given["starts"]
        ridge, tolerance, calls = bool(given["ridge"]), float(given["tolerance"]), int(given["calls"])
    threads = len(os.sched_getaffinity(0))
    options = {"tol": tolerance} if tolerance else {}
    seconds = []
    for _ in range(calls):
        began = time.perf_counter()
        states = [
            ad.grpnet(
                ad.matrix.dense(X, method="naive", n_threads=threads),
                ad.glm.poisson(np.ascontiguousarray(Y[:, unit])),
                groups=starts if starts.size else None,
                alpha=0.0 if ridge else 1.0,
                lmda_path=strengths,
                n_threads=threads,
                early_exit=False,
                progress_bar=False,
                **options,
            )
            for unit in range(Y.shape[1])
        ]
        seconds.append(time.perf_counter() - began)
    coef = np.stack([state.betas.toarray() for state in states], axis=1).reshape(-1, X.shape[1]).T
    intercept = np.stack([state.intercepts for state in states], axis=1).ravel()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    np.savez(answer, coef=coef, intercept=intercept, seconds=seconds, peak=peak)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        _answer(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        print(interpreter())
