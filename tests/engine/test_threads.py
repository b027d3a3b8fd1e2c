"""The BLAS is kept to one thread while own threads work, and left as it was found, whoever else asks for the same meanwhile."""

from threading import Barrier, Event, Thread, current_thread
from threading import enumerate as enumerate_threads

import numpy as np
import pytest

from glmengine.threads import n_threads, quiet_blas, threads_kept, workers
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
        assert list(pool.map(lambda _: n_threads(), [0, 1])) == [1, 1]


def test_a_single_block_is_the_callers_who_has_all_workers_for_parts_of_it():
    n = n_threads()
    with workers() as pool:
        assert list(pool.map(lambda _: n_threads(), [0])) == [n]


@pytest.mark.parametrize("together", [[], [3, 4], [3] * 7, [50]])
def test_blocks_come_in_order_however_many_a_thread_is_given(together):
    with workers() as pool:
        assert list(pool.stream(lambda block: block * block, range(20), together)) == [n * n for n in range(20)]


def test_threads_are_kept_from_one_use_to_the_next_and_no_longer():
    def who(_: int) -> int:
        meeting.wait(PATIENCE_S)  # both threads take one
        return current_thread().ident

    n = n_threads()
    if n < 2:
        pytest.skip("one core: there are no threads to keep")
    with threads_kept():
        seen = []
        for _ in range(2):
            meeting = Barrier(n)
            with workers() as pool:
                seen.append(set(pool.map(who, list(range(n)))))
        assert seen[0] == seen[1]
        kept = [one for one in enumerate_threads() if one.ident in seen[0]]
        assert len(kept) == n
    assert not any(one.is_alive() for one in kept)


def test_blocks_that_wait_are_not_begun_when_the_caller_gives_up():
    begun, go_on = [], Event()

    def slow(block: int) -> int:
        begun.append(block)
        if block:
            go_on.wait(PATIENCE_S)
        return block

    n = n_threads()
    if n < 2:
        pytest.skip("one core: no block waits for a thread")
    with threads_kept(), workers() as pool:
        assert next(pool.stream(slow, range(1000))) == 0
        go_on.set()
    assert len(begun) < 100
    with workers() as pool:  # those who come next are not in the way of it
        assert list(pool.map(abs, [-1, 2])) == [1, 2]
