"""Lets others write between the batches of a long job."""

from collections.abc import Callable, Iterator
from time import monotonic, sleep
from typing import TypeVar

Result = TypeVar("Result")

LONGEST = 1.0  # seconds


def taking_turns(batch: Callable[[], Result]) -> Iterator[Result]:
    """Yield what a batch returns, again and again, and wait after each as long as it took.

    SQLite gives its write lock to whoever asks for it first, and whoever waits asks only now and then. A job
    that takes it again at once keeps logins waiting until they give up.
    """
    while True:
        began = monotonic()
        yield batch()
        sleep(min(monotonic() - began, LONGEST))
