"""The line for a slot in which a password is hashed, when it does not move."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from mfa_app.core.passwords import hashing


@contextmanager
def no_free_slot() -> Iterator[None]:
    """Let others hash in all slots, and take longer than anybody waits."""
    taken = [hashing._slots.acquire(blocking=False) for _ in range(hashing.CONCURRENT_HASHES)]
    assert all(taken)
    try:
        with mock.patch.object(hashing, "SLOT_WAIT_SECONDS", 0.01):
            yield
    finally:
        for _ in taken:
            hashing._slots.release()
