"""The BLAS is kept to one thread while own threads work, and left as it was found, whoever else asks for the same meanwhile."""

import pytest

from glmengine.backend.threads import n_threads, quiet_blas, workers

controller = pytest.importorskip("threadpoolctl").ThreadpoolController


def blas():
    return {entry["num_threads"] for entry in controller().info() if entry["user_api"] == "blas"}


def test_own_threads_are_as_many_within_a_quiet_region_as_outside():
    import numpy  # noqa: F401 - brings the BLAS

    before = n_threads()
    with quiet_blas():
        assert blas() == {1}
        assert n_threads() == before
        with workers() as pool:
            assert list(pool.map(abs, [-1, 2])) == [1, 2]
        assert blas() == {1}


def test_regions_that_overlap_leave_the_blas_as_it_was():
    before = blas()
    first, second = quiet_blas(), quiet_blas()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert blas() == {1}
    second.__exit__(None, None, None)
    assert blas() == before


def test_a_limit_from_outside_is_kept_to():
    with controller().limit(limits=1, user_api="blas"):
        assert n_threads() == 1
        with quiet_blas():
            assert n_threads() == 1


def test_an_error_ends_the_region_too():
    before = blas()
    with pytest.raises(ZeroDivisionError), quiet_blas():
        1 / 0
    assert blas() == before
