"""Waiting for a state, however long it takes."""

import time
from collections.abc import Callable

# How long anything may take that ends by itself; only what hangs takes as long.
PATIENCE_SECONDS = 120

SHORTEST_PAUSE, LONGEST_PAUSE = 0.02, 0.2  # between two looks, in seconds


def wait_until(holds: Callable[[], object]) -> None:
    """Return once this holds; raise TimeoutError where it never does.

    What takes longer is looked at less often, since a look may cost as much as what it waits for.
    """
    begun = time.monotonic()
    while not holds():
        waited = time.monotonic() - begun
        if waited > PATIENCE_SECONDS:
            raise TimeoutError("this has never come to hold")
        time.sleep(min(max(SHORTEST_PAUSE, waited / 10), LONGEST_PAUSE))
