"""A Ray cluster: on this machine, or wherever an address says."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from riskgen.errors import RiskgenError
from riskgen.simulate.engines.engine import MOST_DEATHS, Outcome, Task, lost
from riskgen.simulate.engines.workers import ONE_THREAD

# Nothing is sent anywhere but to the address that the user named.
_SILENT = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
_PATIENCE_S = 10.0


@dataclass(frozen=True)
class RayCluster:
    """Ray's workers; a task whose worker dies is given to another one.

    Attributes
    ----------
    n : int
        Workers of a cluster that is started here; a running one has its own.
    address : str or None
        Of a running cluster: ``auto``, ``host:port`` or ``ray://host:port``.
    """

    n: int = 1
    address: str | None = None

    def map(
        self, make: Callable[[Task], Outcome], tasks: Iterable[Task]
    ) -> Generator[tuple[Task, Outcome]]:
        """Yield each task with its outcome; see :class:`Engine`."""
        ray = _ray()
        with self._connected(ray) as at_once:
            remote = ray.remote(num_cpus=1, max_retries=MOST_DEATHS - 1)(make)
            waiting, running = iter(tasks), dict[Any, Task]()
            while True:
                while len(running) <= at_once and (task := next(waiting, None)) is not None:
                    running[remote.remote(task)] = task
                if not running:
                    return
                (done,), _ = ray.wait(list(running), num_returns=1)
                task = running.pop(done)
                yield task, _outcome(ray, done, task)

    @contextmanager
    def _connected(self, ray: Any) -> Iterator[int]:
        """Connect, and say how many tasks run at once."""
        start = {"num_cpus": self.n, "include_dashboard": False} if self.address is None else {}
        try:
            _knock(self.address)
            with _environment(_SILENT):
                ray.init(
                    # Not whatever cluster happens to run: the one that was named, or our own.
                    address=self.address or "local",
                    runtime_env={"env_vars": ONE_THREAD},
                    log_to_driver=False,
                    logging_level="error",
                    **start,
                )
        except OSError as error:
            raise RiskgenError(
                f"No Ray cluster answers at '{self.address}'. Start one with "
                "'ray start --head', or leave --address out."
            ) from error
        try:
            yield max(int(ray.cluster_resources().get("CPU", 1)), 1)
        finally:
            ray.shutdown()


def _knock(address: str | None) -> None:
    """Raise OSError where nobody listens: Ray itself would wait for minutes."""
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), timeout=_PATIENCE_S).close()


def _outcome(ray: Any, done: Any, task: Any) -> Any:
    try:
        return ray.get(done)
    except ray.exceptions.RayTaskError as error:
        # What the task itself raised, without Ray's frame around it.
        raise error.cause from None
    except ray.exceptions.WorkerCrashedError as error:
        raise lost(MOST_DEATHS, task) from error


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise RiskgenError(
            "Ray is not installed. Install it with: pip install 'riskgen[ray]'; "
            "or use --workers N, which needs nothing more."
        ) from error
    return ray


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set environment variables inside the block and put them back after it."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
