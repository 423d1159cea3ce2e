"""Processes on this machine, by ``concurrent.futures``.

Started afresh, never forked: a fork takes over locks and threads of numpy,
polars and torch as they happen to be.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from typing import Any

from riskgen.simulate.engines.engine import MOST_DEATHS, Outcome, Task, lost

# Read by numpy, torch and polars when they are imported: one thread each, since
# the processes share the cores.
ONE_THREAD = {
    name: "1"
    for name in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "POLARS_MAX_THREADS",
    )
}


@dataclass(frozen=True)
class Workers:
    """So many processes; a task whose process dies is given to another one.

    A script that uses them needs ``if __name__ == "__main__":`` around its own
    work: each process imports it anew.

    Attributes
    ----------
    n : int
        Processes, at least 1.
    """

    n: int

    def map(
        self, make: Callable[[Task], Outcome], tasks: Iterable[Task]
    ) -> Generator[tuple[Task, Outcome]]:
        """Yield each task with its outcome; see :class:`Engine`."""
        jobs, again = (_Job(task) for task in tasks), deque[_Job]()
        while True:
            running: dict[Future[Outcome], _Job] = {}
            try:
                with _pool(self.n) as pool:
                    while self._top_up(pool, make, running, again, jobs):
                        done, _ = wait(running, return_when=FIRST_COMPLETED)
                        for future in done:
                            outcome = future.result()
                            yield running.pop(future).task, outcome
                return
            except BrokenProcessPool:
                # Which one died is not told: all that were at work begin again.
                again.extendleft(job.orphaned() for job in reversed(running.values()))

    def _top_up(
        self,
        pool: ProcessPoolExecutor,
        make: Callable[[Task], Outcome],
        running: dict[Future[Outcome], _Job],
        again: deque[_Job],
        jobs: Iterator[_Job],
    ) -> bool:
        """Hand out tasks, one more than there are processes; False when all are done."""
        while len(running) <= self.n:
            job = again.popleft() if again else next(jobs, None)
            if job is None:
                break
            try:
                running[pool.submit(make, job.task)] = job
            except BrokenProcessPool:
                again.appendleft(job)
                raise
        return bool(running)


@dataclass(eq=False)
class _Job:
    """A task, and how often its worker died."""

    task: Any
    deaths: int = 0

    def orphaned(self) -> _Job:
        self.deaths += 1
        if self.deaths >= MOST_DEATHS:
            raise lost(self.deaths, self.task)
        return self


@contextmanager
def _pool(n: int) -> Iterator[ProcessPoolExecutor]:
    """Yield fresh processes; they are ended at once when something goes wrong."""
    context = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(n, mp_context=context, initializer=begin)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        _end(set(multiprocessing.active_children()) - others)
        raise
    pool.shutdown()


def _end(processes: Iterable[BaseProcess]) -> None:
    # A part is renamed into place when it is whole, so that none is lost or torn.
    for process in processes:
        process.terminate()
    for process in processes:
        process.join()


def begin() -> None:
    """Make a new process a worker: one thread, no Ctrl-C of its own, no life of its own."""
    os.environ.update(ONE_THREAD)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, daemon=True).start()


def _follow() -> None:
    """End this process with the one that started it, even if that was killed."""
    parent: Any = multiprocessing.parent_process()
    parent.join()
    os._exit(1)
