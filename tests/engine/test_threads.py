"""The BLAS is kept to one thread while own threads work, and left as it was found, whoever else asks for the same meanwhile."""

from threading import Barrier, Thread

import numpy as np
import pytest

from glmengine.threads import n_threads, quiet_blas, workers
from glmengine.timegrid.convolution import convolve_pieces
from tests.clock import PATIENCE_S

controller = pytest.importorskip("threadpoolctl").ThreadpoolController
pytestmark = pytest.mark.usefixtures("blas_on_all_threads")


def blas():
    return {entry["num_threads"] for entry in controller().info() if entry["user_api"] == "blas"}


def test_own_threads_are_as_many_within_a_quiet_region_as_outside():
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


def test_threads_whose_regions_overlap_leave_it_too():
    before = blas()
    begun, meeting, seen = Barrier(3), Barrier(3), []

    def first():
        with quiet_blas():
            begun.wait(PATIENCE_S)
            meeting.wait(PATIENCE_S)

    def second():
        begun.wait(PATIENCE_S)
        with quiet_blas():
            meeting.wait(PATIENCE_S)
            ended.wait(PATIENCE_S)
            seen.append(blas())

    ended = Barrier(2)
    threads = [Thread(target=first), Thread(target=second)]
    for thread in threads:
        thread.start()
    begun.wait(PATIENCE_S)
    meeting.wait(PATIENCE_S)
    threads[0].join(PATIENCE_S)
    ended.wait(PATIENCE_S)
    threads[1].join(PATIENCE_S)
    assert seen == [{1}]
    assert blas() == before


def test_a_convolution_leaves_the_blas_quiet_where_it_was_and_uses_all_threads():
    before = blas()
    signal, kernel, lags = np.ones((200_000, 4)), np.ones((50, 3)), np.arange(1, 51)
    offsets = np.array([0, len(signal)])
    outside = convolve_pieces(signal, lags, kernel, offsets)
    with quiet_blas():
        inside = convolve_pieces(signal, lags, kernel, offsets)
        assert blas() == {1}
    np.testing.assert_array_equal(inside, outside)
    assert blas() == before


def test_a_worker_has_no_workers_of_its_own():
    with workers() as pool:
        found = list(pool.map(lambda _: n_threads(), [0, 1, 2]))
    assert found == [1, 1, 1]
    with quiet_blas(), workers() as pool:
        assert list(pool.map(lambda _: n_threads(), [0])) == [1]
