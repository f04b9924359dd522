"""How many guesses a password takes, estimated by zxcvbn within bounds.

zxcvbn knows English words and the passwords of leaks; `common_words/` adds Dutch, French and German, in files
that `make words` collects. Nobody is safe because of a repeated word, a year or a few exclamation marks, so a
password is also read without them.
"""

import math
import re
import threading
from collections.abc import Iterator
from pathlib import Path

from zxcvbn import matching, zxcvbn

from mfa_app.core.common.text import without_accents

JUDGED_LENGTH = 32  # zxcvbn's work grows with the square of the length; a longer password is only harder

MAX_COMBINATIONS = 4  # of signs read as letters, such as @ and 4 for a: zxcvbn tries all; ten digits make 4

YEAR = re.compile(r"(?<!\d)(19|20)\d\d(?!\d)")

KNOWN_YEAR = "2010"  # zxcvbn takes only years until 2019 for years

_LETTERS_OR_DIGITS = re.compile(r"[^\W\d_]+|\d+")

_OTHER_SIGNS = re.compile(r"[\W_]")

_SIGNS_FOR_LETTERS = {sign for signs in matching.L33T_TABLE.values() for sign in signs if not sign.isdigit()}

# zxcvbn keeps the names that belong to one password where other threads read them.
_one_at_a_time = threading.Lock()


def guesses(password: str, known_words: list[str]) -> int:
    """Return how many guesses a password takes. `known_words` are what everybody would try first."""
    with _one_at_a_time:
        return min(_judge(text, known_words) * factor for text, factor in _readings(password))


def _judge(text: str, known_words: list[str]) -> int:
    return int(zxcvbn(text[:JUDGED_LENGTH], known_words)["guesses"])


def _readings(password: str) -> Iterator[tuple[str, int]]:
    """Yield the ways to read a password, each with a factor for what it leaves out."""
    yield _few_signs_for_letters(password), 1
    plain = YEAR.sub(KNOWN_YEAR, without_accents(password))
    words = dict.fromkeys(_LETTERS_OR_DIGITS.findall(plain))
    if words:
        kinds = len(set(_OTHER_SIGNS.findall(plain)))
        yield "".join(words), 10 ** max(0, kinds - 1)


def _few_signs_for_letters(password: str) -> str:
    """Return a password without the signs that would give zxcvbn too many combinations to try."""
    signs = dict.fromkeys(sign for sign in password if sign in _SIGNS_FOR_LETTERS)
    read = {character for character in password if character.isdigit()}
    for sign in signs:
        if _combinations(read | {sign}) <= MAX_COMBINATIONS:
            read.add(sign)
    return password.translate({ord(sign): "." for sign in signs if sign not in read})


def _combinations(signs: set[str]) -> int:
    return math.prod(max(1, len(signs.intersection(letter))) for letter in matching.L33T_TABLE.values())


def _load_common_words() -> None:
    folder = Path(__file__).parent / "common_words"
    lists = {path.stem: path.read_text("utf-8").split() for path in folder.glob("*.txt")}
    matching.add_frequency_lists(lists)


_load_common_words()
