"""The one language of the site, in which every sentence, day and number is written."""

from collections.abc import Callable
from functools import cache, wraps
from typing import TypeVar

from babel import Locale
from flask_babel import get_locale

LANGUAGE = Locale("en")  # parsed once: Flask-Babel would parse its name again for each request

Words = TypeVar("Words")


def once_per_language(put_into_words: Callable[[], Words]) -> Callable[[], Words]:
    """Decorate a function whose words are the same for everybody, so that each language is written once.

    Nobody may change what it returns.
    """

    @cache
    def in_language(_language: Locale) -> Words:
        return put_into_words()

    @wraps(put_into_words)
    def words() -> Words:
        return in_language(get_locale())

    return words
