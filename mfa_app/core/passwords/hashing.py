"""Hashing passwords: the cost, and how many are hashed at once."""

import threading
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from mfa_app.core.common.errors import HashingQueueFull
from mfa_app.core.passwords.strength import MAX_LENGTH

# OWASP Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane. The library's own default would
# take five times the work and three times the memory, which lets a login storm drown a small box.
_hasher = PasswordHasher(memory_cost=19456, time_cost=2, parallelism=1)

CONCURRENT_HASHES = 2

SLOT_WAIT_SECONDS = 2.0

QUEUE_LIMIT = (
    6  # at a slot or waiting for one; gunicorn.conf.py has threads beyond these, for all other pages
)

_slots = threading.BoundedSemaphore(CONCURRENT_HASHES)

_queue = threading.BoundedSemaphore(QUEUE_LIMIT)

# A thread that has hashed once keeps the memory of it, so the same two hash for all. They start with the
# first password, in the worker: none is lost in a fork.
_hashing = ThreadPoolExecutor(CONCURRENT_HASHES, "hashing")


# Verified for an unknown address, so that it takes as long as a known one.
_DUMMY_HASH = _hasher.hash("nobody has this password")


Result = TypeVar("Result")


@contextmanager
def admission() -> Iterator[None]:
    """Hold a place in the line for a slot, from before a password is charged until it has been looked at.

    Raises HashingQueueFull at once when all are taken: a longer queue would hold threads for long.
    """
    if not _queue.acquire(blocking=False):
        raise HashingQueueFull
    try:
        yield
    finally:
        _queue.release()


def hash_password(password: str, *, wait: bool = True) -> str:
    """Return the argon2id hash of a password. Raises HashingQueueFull when no slot becomes free."""
    return _in_slot(lambda: _hasher.hash(_normal(password)), wait=wait)


def verify(password_hash: str | None, password: str) -> bool:
    """Say whether the password fits; without a hash, take as long and say no. Raises HashingQueueFull."""
    if len(password) > MAX_LENGTH:
        return False
    try:
        _in_slot(lambda: _hasher.verify(password_hash or _DUMMY_HASH, _normal(password)))
    except (VerificationError, InvalidHashError):
        return False
    return bool(password_hash)


def needs_rehash(password_hash: str) -> bool:
    """Say whether the hash was made with other costs than today's."""
    return _hasher.check_needs_rehash(password_hash)


def _normal(password: str) -> str:
    # The same password typed on a Mac (NFD) and on Windows (NFC) is one password.
    return unicodedata.normalize("NFC", password)


def _in_slot(work: Callable[[], Result], *, wait: bool = True) -> Result:
    with _slot(SLOT_WAIT_SECONDS if wait else 0):
        return _hashing.submit(work).result()


@contextmanager
def _slot(seconds: float) -> Iterator[None]:
    if not _slots.acquire(timeout=seconds):
        raise HashingQueueFull
    try:
        yield
    finally:
        _slots.release()
