"""Ctrl-C that waits for the end of a training step.

Stopped in the middle of a step, a checkpoint would hold half an update, and the
resumed fit would not end where an undisturbed one does.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupt:
    """Whether the user has asked to stop."""

    def __init__(self) -> None:
        self.wanted = False

    def check(self) -> None:
        """Raise KeyboardInterrupt if the user has asked to stop."""
        if self.wanted:
            raise KeyboardInterrupt

    def note(self, number: int, frame: FrameType | None) -> None:
        """Remember the first request; obey the second at once."""
        self.check()
        self.wanted = True


@contextmanager
def deferred_interrupt() -> Iterator[Interrupt]:
    """Catch Ctrl-C and SIGTERM inside the block; ``check`` passes them on."""
    interrupt = Interrupt()
    before = {
        number: signal.signal(number, interrupt.note) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
