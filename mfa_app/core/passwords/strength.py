"""Which passwords are accepted: long enough and hard to guess."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from mfa_app.core.common.errors import UnacceptablePassword
from mfa_app.site import site

MIN_LENGTH = 15  # NIST SP 800-63B-4, section 3.1.1.2: a password that may be the only factor

MAX_LENGTH = 256

MIN_GUESSES = 10**8

SHORTEST_WORD = 4  # a shorter part of a name is not looked for

MIN_OTHER_CHARACTERS = 8  # letters and digits a password needs besides those names


@dataclass(frozen=True)
class SiteNames:
    """The site's names and its host. Everybody here knows them, so no password may be made of them."""

    current: Callable[[], tuple[str, ...]]


def check_acceptable(password: str, *, own_names: list[str]) -> None:
    """Accept 15 to 256 characters that are not easy to guess. There are no composition rules.

    `own_names` are the user's email address and name. Raises UnacceptablePassword.
    """
    if len(password) < MIN_LENGTH:
        raise UnacceptablePassword("short")
    if len(password) > MAX_LENGTH:
        raise UnacceptablePassword("long")
    known_words = _words_in([*own_names, *site()[SiteNames].current()])
    if _is_little_more_than(known_words, password.casefold().strip()):
        raise UnacceptablePassword("known names")
    # Loaded with the first password that is chosen: its lists take 21 MiB, which no login needs.
    from mfa_app.core.passwords import estimate

    if estimate.guesses(password, known_words) < MIN_GUESSES:
        raise UnacceptablePassword("guessable")


def _words_in(names: list[str]) -> list[str]:
    """Return each name whole, without spaces, and word by word; longest first, in lower case."""
    spellings = [(name, "".join(name.split()), *re.split(r"\W+", name)) for name in names]
    words = {word.casefold() for spelling in spellings for word in spelling if len(word) >= SHORTEST_WORD}
    return sorted(words, key=lambda word: (-len(word), word))


def _is_little_more_than(words: list[str], password: str) -> bool:
    """Return True if a password is part of a known word, or contains one and under 8 other characters."""
    rest = password
    for word in words:
        rest = rest.replace(word, " ")
    others = sum(character.isalnum() for character in rest)
    return any(password in word for word in words) or (rest != password and others < MIN_OTHER_CHARACTERS)
