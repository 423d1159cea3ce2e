"""One thread for numbers that must be the same bytes whoever draws them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch and the linear algebra of numpy use one thread inside the block.

    How a sum is split among threads may move its last bits. Workers have one thread
    each; a single process must not differ from them.
    """
    import torch
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)
