"""Make one part of a simulation: what a worker does, in whatever process."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from riskgen.data.encoding import EventEncoder
from riskgen.errors import RunError
from riskgen.models.threads import one_thread
from riskgen.runs import MANIFEST, Run, file_hash
from riskgen.stages.fitted import Fitted
from riskgen.stages.simulate.events import base_of, draw_events
from riskgen.stages.simulate.paths import draw_paths
from riskgen.stages.simulate.real import forget as forget_real
from riskgen.stages.simulate.request import PartTask


def make_part(task: PartTask) -> int:
    """Draw a part, write it and its facts into the draft; return its number of scenarios."""
    fitted = opened(task.run, task.manifest)
    draw = draw_events if isinstance(fitted.encoder, EventEncoder) else draw_paths
    with one_thread():
        facts = draw(fitted, task)
    task.draft.keep(task.number, facts)
    return int(facts["n_scenarios"])


@lru_cache(maxsize=1)
def opened(run: Path, manifest: str) -> Fitted:
    """Open a run, once in a process.

    Raises
    ------
    RunError
        When it is not there, or no longer the one that was meant.
    """
    if file_hash(run / MANIFEST) != manifest:
        raise RunError(f"Run '{run}' was replaced while it was simulated from. Begin again.")
    return Fitted.open(Run.open(run))


def forget() -> None:
    """Let go of what this process keeps from one part to the next."""
    opened.cache_clear()
    base_of.cache_clear()
    forget_real()
