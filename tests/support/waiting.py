"""Waiting for a state, however long it takes."""

import time
from collections.abc import Callable

# How long anything may take that ends by itself; only what hangs takes as long.
PATIENCE_SECONDS = 120


def wait_until(holds: Callable[[], object]) -> None:
    """Return once this holds; raise TimeoutError where it never does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError("this has never come to hold")
        time.sleep(0.02)
