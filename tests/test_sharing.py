"""A run whose processes share the files of tests comes to its end when one of them crashes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("xdist")

from tests.sharing import LONG, SharedFiles

PROJECT = Path(__file__).resolve().parent.parent
TESTS = [f"{file}.py::test_{number}" for file in ("a", "b", "c") for number in range(3)]


class Process:
    """What a worker of pytest-xdist is to the one that shares out: it runs what it is sent, all but the last until more comes or all is over."""

    def __init__(self, name: str) -> None:
        self.gateway = SimpleNamespace(id=name)
        self.shutting_down = False
        self.sent: list[int] = []
        self.done = 0

    def send_runtest_some(self, places: list[int]) -> None:
        self.sent += places

    def shutdown(self) -> None:
        self.shutting_down = True

    def run_one(self, sharing: SharedFiles) -> bool:
        if self.done >= len(self.sent) - (not self.shutting_down):
            return False
        self.done += 1
        sharing.mark_test_complete(self, self.sent[self.done - 1])
        return True


def run(sharing: SharedFiles, processes: list[Process]) -> None:
    while sum(process.run_one(sharing) for process in processes):
        pass


@pytest.fixture
def sharing(pytestconfig):
    options = SimpleNamespace(loadscopereorder=True, tx=["popen", "popen"], maxprocesses=None)
    made = SharedFiles(
        SimpleNamespace(option=options, getvalue=lambda name: getattr(options, name), rootpath=pytestconfig.rootpath)
    )
    return made


@pytest.mark.parametrize("others", [0, 2, 6])  # with two, that one has been told that nothing is left
@pytest.mark.parametrize("after", range(3))
def test_what_a_crashed_process_had_before_it_is_run_once_but_for_the_test_that_crashed(sharing, after, others):
    one, other, third = (Process(name) for name in ("one", "other", "third"))
    for process in (one, other):
        sharing.add_node(process)
        sharing.add_node_collection(process, TESTS)
    sharing.schedule()
    for _ in range(others):
        other.run_one(sharing)
    for _ in range(after):
        one.run_one(sharing)
    crashed = sharing.remove_node(one)
    assert crashed == TESTS[one.sent[one.done]]
    run(sharing, [other])
    sharing.add_node(third)
    sharing.add_node_collection(third, TESTS)
    sharing.schedule()
    run(sharing, [other, third])
    ran = [TESTS[place] for process in (one, other, third) for place in process.sent[: process.done]]
    assert sorted([*ran, crashed]) == TESTS
    assert sharing.tests_finished
    assert other.shutting_down
    assert third.shutting_down


def test_files_whose_tests_take_long_come_first(sharing):
    one = Process("one")
    sharing.numnodes = 1
    sharing.add_node(one)
    tests = [*TESTS, "tests/engine/questions/test_d.py::test_0", "tests/engine/batch/test_e.py::test_0"]
    sharing.add_node_collection(one, tests)
    sharing.schedule()
    run(sharing, [one])
    assert [tests[place] for place in one.sent] == [*tests[-2:], *TESTS]
    assert all((PROJECT / place).exists() for place in LONG)


def test_a_process_that_did_all_it_was_given_ends_without_a_fault(sharing):
    one, other = Process("one"), Process("other")
    for process in (one, other):
        sharing.add_node(process)
        sharing.add_node_collection(process, TESTS)
    sharing.schedule()
    run(sharing, [one, other])
    assert [sharing.remove_node(process) for process in (one, other)] == [None, None]
