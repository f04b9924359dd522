"""The line for the slot in which a password is hashed, when it does not move."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from mfa_app.core.passwords import hashing


@contextmanager
def no_free_slot() -> Iterator[None]:
    """Let one password of somebody else be hashed, for longer than anybody waits."""
    assert hashing._slots.acquire(blocking=False)
    try:
        with mock.patch.object(hashing, "SLOT_WAIT_SECONDS", 0.01):
            yield
    finally:
        hashing._slots.release()
