"""What every engine promises, and which one is asked for."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Any, Literal, Protocol, TypeVar

from riskgen.errors import RiskgenError

EngineName = Literal["local", "ray"]
Task = TypeVar("Task")
Outcome = TypeVar("Outcome")

MOST_DEATHS = 3
"""Times that a task may lose its worker before it is given up [J]."""


class Engine(Protocol):
    """Runs a function on tasks, in any order.

    Law: the function depends on its task only, so that what comes out is the
    same whatever the engine, the number of workers, or a worker that dies and
    whose task is given to another one. Tasks are taken as there is room for
    them, so that memory does not grow with their number.
    """

    def map(
        self, make: Callable[[Task], Outcome], tasks: Iterable[Task]
    ) -> Generator[tuple[Task, Outcome]]:
        """Yield each task with its outcome, as they finish.

        Parameters
        ----------
        make : callable
            A function of a module, which another process can import.
        tasks : iterable
            Plain data.

        Raises
        ------
        RiskgenError
            When a task has lost its worker again and again.
        Exception
            Whatever ``make`` raises, for the first task that fails.
        """


def engine_of(name: EngineName, workers: int = 1, address: str | None = None) -> Engine:
    """Return the engine that was asked for.

    Parameters
    ----------
    name : str
        ``local``: this process, or as many as ``workers`` says. ``ray``: a cluster.
    workers : int
        Processes at work, at least 1.
    address : str or None
        Of a running Ray cluster; one is started on this machine when None.

    Raises
    ------
    RiskgenError
        When Ray is asked for and not installed.
    """
    # Each engine when it is asked for: Ray is an extra.
    if name == "ray":
        from riskgen.simulate.engines.ray_cluster import RayCluster

        return RayCluster(workers, address)
    if workers > 1:
        from riskgen.simulate.engines.workers import Workers

        return Workers(workers)
    return Here()


class Here:
    """One task after the other, in this process."""

    def map(
        self, make: Callable[[Task], Outcome], tasks: Iterable[Task]
    ) -> Generator[tuple[Task, Outcome]]:
        """Yield each task with its outcome; see :class:`Engine`."""
        for task in tasks:
            yield task, make(task)


def lost(deaths: int, task: Any) -> RiskgenError:
    """Return what is said of a task whose workers died."""
    return RiskgenError(
        f"{task} lost its worker {deaths} times: killed, or out of memory. "
        "What is made already is kept; go on with fewer --workers."
    )
