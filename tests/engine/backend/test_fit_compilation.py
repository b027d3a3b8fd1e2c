"""Steps are compiled once per bucket of shapes, kept on disk, and need no home to be written to."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from glmengine.backend import choice
from glmengine.backend import jax_steps as steps
from glmengine.backend.chunks import bucket
from glmengine.backend.formulas import Curvatures
from glmengine.backend.jax_operations import JaxOperations
from glmengine.context import SILENT
from glmengine.fitting.cross_validation import cross_validate
from glmengine.fitting.fit import fit
from glmengine.models import FAMILIES, Ridge
from glmengine.solvers import descent
from tests.clock import PATIENCE_S
from tests.engine.backend.test_operations import case_of


def simulated(T, P, M, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(T, P))
    return X, rng.poisson(np.exp(X @ (0.1 * rng.normal(size=(P, M))) - 1.0)).astype(float)


def compiled() -> int:
    return sum(
        step._cache_size()
        for step in (
            steps.slopes,
            steps.grams,
            steps.weights_at,
            steps.gram,
            steps.sums,
            steps.predictor,
            steps.sums_at,
            steps.back,
        )
    )


def test_a_second_fit_of_similar_size_compiles_nothing(monkeypatch):
    monkeypatch.setattr(choice, "LINEAR_ELEMENTS", 1e5)  # from there on steps are compiled
    monkeypatch.setattr(choice, "ELEMENTS", 1e5)
    monkeypatch.setattr(descent, "SINGLE_WORK", 0.0)
    begun = compiled()
    fit(*simulated(30_000, 21, 1, 0)).standard_errors
    fit(*simulated(30_000, 21, 6, 0)).standard_errors
    cross_validate(*simulated(9_000, 21, 2, 0), folds=5, strengths=[1e-3, 1e-1])
    before = compiled()
    assert before > begun
    fit(*simulated(27_500, 24, 1, 1), penalty=Ridge(1e-2)).standard_errors
    fit(*simulated(32_000, 22, 5, 2)).standard_errors
    cross_validate(*simulated(8_500, 22, 2, 1), folds=5, strengths=[1e-4, 1e-2, 1.0])
    assert compiled() == before


def test_products_are_compiled_once_for_all_formulas():
    family = FAMILIES["poisson"]
    case = case_of(family, family.link("log"), own=False, folds=True, per_unit=False)
    operations = JaxOperations(case.rows, SILENT)
    before = None
    for link in map(family.link, family.links):
        for expected in (True, False):
            operations.grams(Curvatures(family, link, expected=expected), case.view, case.theta)
            after = steps.grams._cache_size(), steps.predictor._cache_size()
            before = before or after
            assert after == before


@pytest.mark.parametrize(("T", "M"), [(500, 3), (50_000, 1)])
def test_few_units_compile_nothing_at_all(T, M):
    before = compiled()
    for family in ("poisson", "gaussian", "negative_binomial"):
        fit(*simulated(T, 7, M, 3), family=family)
    assert compiled() == before


def test_buckets_grow_and_waste_little():
    sizes = [bucket(n) for n in range(1, 4000)]
    assert all(b >= n for n, b in enumerate(sizes, start=1))
    assert sizes == sorted(sizes)
    assert max(b / n for n, b in enumerate(sizes, start=1) if n > 24) < 1.3
    assert len(set(sizes)) < 110


CHILD = """
import numpy as np, time
from glmengine.fitting.fit import fit
rng = np.random.default_rng(0)
X = rng.normal(size=(60_000, 3))
assert fit(X, rng.poisson(1.0, (60_000, 16)), link="softplus").converged.all()
import jax
print(jax.config.jax_compilation_cache_dir)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_a_home_that_cannot_be_written_to_is_no_obstacle(tmp_path):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    environment = {**os.environ, "HOME": str(blocked), "XDG_CACHE_HOME": str(blocked / "cache"), "TMPDIR": str(tmp_path)}
    environment.pop("GLMENGINE_CACHE", None)
    done = subprocess.run(
        [sys.executable, "-c", CHILD], env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stderr
    assert str(tmp_path) in done.stdout


def test_compiled_steps_are_kept_on_disk_where_the_variable_says(tmp_path):
    environment = {**os.environ, "GLMENGINE_CACHE": str(tmp_path / "kept")}
    done = subprocess.run(
        [sys.executable, "-c", CHILD], env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stderr
    assert any((tmp_path / "kept").iterdir())
