"""Files of tests shared out among processes: what is left of one that crashes goes to the others, and the run comes to its end."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

LONG = (
    "tests/engine/answers/",
    "tests/engine/backend/",
    "tests/engine/batch/",
    "tests/engine/questions/",
    "tests/engine/selection/",
    "tests/engine/cli/test_imports.py",
    "tests/engine/fitting/test_bootstrap.py",
    "tests/engine/io/test_nwb_responses.py",
    "tests/engine/io/test_saving_recordings.py",
    "tests/engine/results/test_run_families.py",
    "tests/engine/results/test_setting_search_run.py",
    "tests/engine/results/test_stop.py",
    "tests/engine/test_cancelled_work.py",
    "tests/gui/shell/test_every_recording.py",
    "tests/gui/shell/test_looks.py",
    "tests/gui/shell/test_napari.py",
    "tests/gui/shell/test_narrow_screens.py",
    "tests/gui/shell/test_random_driver.py",
    "tests/gui/shell/test_real_recordings.py",
    "tests/gui/shell/test_small_screens.py",
    "tests/gui/work/test_cancelled_jobs.py",
)
"""Where a file has few tests that take long each: begun last, one of them would be at work alone at the end."""


class SharedFiles(LoadFileScheduling):
    """A file at a time, as ``--dist loadfile`` has it, those in `LONG` first, then those with most tests.

    That one hands out again what a crashed process had finished, too, and gives the process in its place one file, be it with a
    single test left; a process that is given nothing to do, or a test of which it does not know the next, never says that it is
    done, and the run waits for it for ever. It also runs the test that crashed once more, which then crashes the next process.
    """

    def remove_node(self, node: WorkerController) -> str | None:
        """Take a process out; the test in which it crashed, None if it had done all that it was given."""
        crashed = None
        for file, tests in self.assigned_work.pop(node).items():
            waiting = [test for test, done in tests.items() if not done]
            if waiting and crashed is None:
                crashed = waiting.pop(0)
                tests[crashed] = True
            if waiting:
                self.workqueue[file] = tests
        if crashed is not None:
            for other in self.assigned_work:
                self._reschedule(other)
        return crashed

    def _assign_work_unit(self, node: WorkerController) -> None:
        """Give a process its next file."""
        long = next((file for file in self.workqueue if file.startswith(LONG)), None)
        if long is not None:
            self.workqueue.move_to_end(long, last=False)
        super()._assign_work_unit(node)

    def _reschedule(self, node: WorkerController) -> None:
        """Give a process more to do where it has little, or end it where nothing is left: it begins a test when it knows the next."""
        super()._reschedule(node)
        while not node.shutting_down and self._pending_of(self.assigned_work[node]) < 2:
            super()._reschedule(node)
