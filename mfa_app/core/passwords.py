"""Passwords: which are taken, how they are hashed, and how many are hashed at once."""

import re
import threading
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from mfa_app.core.errors import Busy, UnacceptablePassword

MIN_LENGTH = 15  # NIST SP 800-63B-4, section 3.1.1.2: a password that may be the only factor
MAX_LENGTH = 256
GUESSES_WANTED = 10**8
SHORTEST_WORD = 4  # of the names that a password may not be made of
OTHERS_WANTED = 8  # letters and digits beside those names
ESTIMATED_LENGTH = 72  # zxcvbn's work grows with the square of the length

# OWASP Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane. The library's own default would
# take five times the work and three times the memory, which lets a login storm drown a small box.
_hasher = PasswordHasher(memory_cost=19456, time_cost=2, parallelism=1)
SLOTS = 2
SLOT_WAIT_SECONDS = 2.0
PLACES = 6  # at a slot or waiting for one; gunicorn.conf.py has threads beyond these, for all other pages
_slots = threading.BoundedSemaphore(SLOTS)
_places = threading.BoundedSemaphore(PLACES)
# A thread that has hashed once keeps the memory of it, so the same two hash for all. They start with the
# first password, in the worker: none is lost in a fork.
_hashing = ThreadPoolExecutor(SLOTS, "hashing")

# Verified for an unknown address, so that it takes as long as a known one.
_NOBODY = _hasher.hash("nobody has this password")

Result = TypeVar("Result")
_names_here: list[str] = []


def use_names(*names: str) -> None:
    """Let no password be made of these names, which everybody here knows: the site's and its host's."""
    _names_here[:] = names


def check_acceptable(password: str, *, own_names: list[str]) -> None:
    """Accept 15 to 256 characters that are not easily guessed; there are no composition rules.

    `own_names` are the person's address and name. Raises UnacceptablePassword.
    """
    if len(password) < MIN_LENGTH:
        raise UnacceptablePassword("short")
    if len(password) > MAX_LENGTH:
        raise UnacceptablePassword("long")
    known_words = _words_in([*own_names, *_names_here])
    if _is_little_more_than(known_words, password.casefold().strip()):
        raise UnacceptablePassword("known names")
    if zxcvbn(password[:ESTIMATED_LENGTH], known_words, max_length=MAX_LENGTH)["guesses"] < GUESSES_WANTED:
        raise UnacceptablePassword("guessable")


def _words_in(names: list[str]) -> list[str]:
    """Return the names whole, without their spaces, and word by word, the longest first."""
    spellings = [(name, "".join(name.split()), *re.split(r"\W+", name)) for name in names]
    words = {word.casefold() for spelling in spellings for word in spelling if len(word) >= SHORTEST_WORD}
    return sorted(words, key=lambda word: (-len(word), word))


def _is_little_more_than(words: list[str], password: str) -> bool:
    """Say whether a password is part of a word, or has words in it and hardly anything else."""
    rest = password
    for word in words:
        rest = rest.replace(word, " ")
    others = sum(character.isalnum() for character in rest)
    return any(password in word for word in words) or (rest != password and others < OTHERS_WANTED)


@contextmanager
def place() -> Iterator[None]:
    """Hold a place in the line for a slot, from before a password is charged until it has been looked at.

    Raises Busy at once when all are taken: whoever waited behind many would hold a thread for long.
    """
    if not _places.acquire(blocking=False):
        raise Busy
    try:
        yield
    finally:
        _places.release()


def hash_password(password: str, *, wait: bool = True) -> str:
    """Return the argon2id hash of a password. Raises Busy when all slots stay taken; it need not wait."""
    return _in_a_slot(lambda: _hasher.hash(_normal(password)), wait=wait)


def verify(password_hash: str | None, password: str) -> bool:
    """Say whether the password fits; without a hash, take as long and say no. Raises Busy."""
    if len(password) > MAX_LENGTH:
        return False
    try:
        _in_a_slot(lambda: _hasher.verify(password_hash or _NOBODY, _normal(password)))
    except (VerificationError, InvalidHashError):
        return False
    return bool(password_hash)


def needs_rehash(password_hash: str) -> bool:
    """Say whether the hash was made with other costs than today's."""
    return _hasher.check_needs_rehash(password_hash)


def _normal(password: str) -> str:
    # The same password typed on a Mac (NFD) and on Windows (NFC) is one password.
    return unicodedata.normalize("NFC", password)


def _in_a_slot(work: Callable[[], Result], *, wait: bool = True) -> Result:
    with _slot(SLOT_WAIT_SECONDS if wait else 0):
        return _hashing.submit(work).result()


@contextmanager
def _slot(seconds: float) -> Iterator[None]:
    if not _slots.acquire(timeout=seconds):
        raise Busy
    try:
        yield
    finally:
        _slots.release()
