"""Which passwords are accepted: long enough and hard to guess."""

import re

from zxcvbn import zxcvbn

from mfa_app.core.common.errors import UnacceptablePassword

MIN_LENGTH = 15  # NIST SP 800-63B-4, section 3.1.1.2: a password that may be the only factor

MAX_LENGTH = 256

MIN_GUESSES = 10**8

SHORTEST_WORD = 4  # of the names that a password may not be made of

MIN_OTHER_CHARACTERS = 8  # letters and digits beside those names

ESTIMATED_LENGTH = 72  # zxcvbn's work grows with the square of the length

_site_names: list[str] = []


def set_site_names(*names: str) -> None:
    """Let no password be made of these names, which everybody here knows: the site's and its host's."""
    _site_names[:] = names


def check_acceptable(password: str, *, own_names: list[str]) -> None:
    """Accept 15 to 256 characters that are not easily guessed; there are no composition rules.

    `own_names` are the person's address and name. Raises UnacceptablePassword.
    """
    if len(password) < MIN_LENGTH:
        raise UnacceptablePassword("short")
    if len(password) > MAX_LENGTH:
        raise UnacceptablePassword("long")
    known_words = _words_in([*own_names, *_site_names])
    if _is_little_more_than(known_words, password.casefold().strip()):
        raise UnacceptablePassword("known names")
    if zxcvbn(password[:ESTIMATED_LENGTH], known_words, max_length=MAX_LENGTH)["guesses"] < MIN_GUESSES:
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
    return any(password in word for word in words) or (rest != password and others < MIN_OTHER_CHARACTERS)
