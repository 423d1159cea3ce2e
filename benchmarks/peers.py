"""The peers and how each is started: the settings that its own authors recommend.

| peer | where | settings |
|---|---|---|
| SDV PAR 2.0 | the main environment | defaults; epochs from a first timed one |
| mostlyai-engine 2.7.3 | .bench/mostlyai | `MOSTLY_AI/Medium`, own early stop, clock capped |
| gretel DGAN 0.22.20 | .bench/gretel | README's for short windows; epochs from a timed one |

The last two need other versions of torch and pandas than riskgen, so each has an
environment of its own: `make bench-peers`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent


@dataclass(frozen=True)
class Peer:
    """A peer's script, the Python that runs it, and the kind of data that it learns."""

    script: str
    python: Path
    learns: str


PEERS = {
    "sdv-par": Peer("peer_par.py", Path(sys.executable), "events"),
    "mostlyai": Peer("peer_mostlyai.py", ROOT / ".bench/mostlyai/bin/python", "events"),
    "gretel-dgan": Peer("peer_dgan.py", ROOT / ".bench/gretel/bin/python", "windows"),
}


def command(name: str, folder: Path, seconds: float, seed: int, n: int) -> list[str]:
    """Return the command line of a peer; as that of ``one_fit.py``, without a key."""
    peer = PEERS[name]
    # -P: this folder's modules must not hide packages of the same name (datasets).
    line = [str(peer.python), "-P", str(HERE / peer.script)]
    return [*line, str(folder), f"{seconds}", f"{seed}", f"{n}"]
