"""Hashing passwords: the cost, and how many are hashed at once."""

import threading
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from mfa_app.core.common.errors import HashingQueueFull
from mfa_app.core.passwords.strength import MAX_LENGTH
from mfa_app.site import site


@dataclass(frozen=True)
class HashCost:
    """What one hash costs: memory in KiB, and passes over it."""

    memory_kib: int
    passes: int


# OWASP Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane. The library's default takes 5 times the work
# and 3 times the memory: a burst of logins would overload a small server.
COST = HashCost(memory_kib=19456, passes=2)

# The rest of a login takes a worker longer than its hash, so two at once win nothing. Each takes 19 MiB.
CONCURRENT_HASHES = 1

SLOT_WAIT_SECONDS = 2.0

# Hashing or waiting to hash: gunicorn.conf.py has more threads than this, for all other pages.
QUEUE_LIMIT = 6

# These limits protect the machine, so they hold for the process and not for each application in it.
_slots = threading.BoundedSemaphore(CONCURRENT_HASHES)

_queue = threading.BoundedSemaphore(QUEUE_LIMIT)

# A thread keeps the memory of its first hash, so the same thread does all hashing. It starts with the first
# password, inside the worker, so that it is not lost in a fork.
_hashing = ThreadPoolExecutor(CONCURRENT_HASHES, "hashing")


Result = TypeVar("Result")


class Hasher:
    """Hashes at the cost that was chosen for one application, and holds a hash that belongs to nobody.

    That one is verified for an unknown email address, so that it takes as long as a known one.
    """

    def __init__(self, cost: HashCost = COST) -> None:
        self.cost = cost
        self.argon2 = _argon2(cost)
        self.dummy_hash = _dummy_hash(cost)


@cache
def _argon2(cost: HashCost) -> PasswordHasher:
    return PasswordHasher(memory_cost=cost.memory_kib, time_cost=cost.passes, parallelism=1)


@cache
def _dummy_hash(cost: HashCost) -> str:
    return _argon2(cost).hash("nobody has this password")


@contextmanager
def admission() -> Iterator[None]:
    """Hold one of the places in the hashing queue, from before an attempt is counted until it is checked.

    Raises HashingQueueFull at once when the queue is full, because a waiting request holds a thread.
    """
    if not _queue.acquire(blocking=False):
        raise HashingQueueFull
    try:
        yield
    finally:
        _queue.release()


def hash_password(password: str, *, wait: bool = True) -> str:
    """Return the argon2id hash of a password.

    Raises HashingQueueFull if no hashing slot is free: after two seconds, or at once with `wait=False`.
    """
    argon2 = site()[Hasher].argon2  # here, because the hashing threads have no application
    return _in_slot(lambda: argon2.hash(_normal(password)), wait=wait)


def verify(password_hash: str | None, password: str) -> bool:
    """Return True if the password matches the hash. Without a hash, take the same time and return False.

    Raises HashingQueueFull.
    """
    if len(password) > MAX_LENGTH:
        return False
    hasher = site()[Hasher]
    try:
        _in_slot(lambda: hasher.argon2.verify(password_hash or hasher.dummy_hash, _normal(password)))
    except (VerificationError, InvalidHashError):
        return False
    return bool(password_hash)


def needs_rehash(password_hash: str) -> bool:
    """Return True if the hash was made with other cost parameters than the current ones."""
    return site()[Hasher].argon2.check_needs_rehash(password_hash)


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
