"""The words by which users are found: accents, capitals, order and the kind of an apostrophe don't matter.

Each word of a name or an email address is a row, because no index finds the middle of a text: "Anna
Meyer-Schmidt" has the words anna, meyer, schmidt and meyerschmidt. So are the endings of the words of a name:
chmidt, hmidt, midt and eyer, so that "midt" finds her too. A search finds the users who have, for each typed
word, one that begins with it.
"""

import re
import unicodedata
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, insert, literal, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from mfa_app.core.common import text
from mfa_app.extensions import db
from mfa_app.models import SearchWord, User
from mfa_app.models.search_word import LONGEST_WORD

MOST_TYPED = 8

SHORTEST_ENDING = 4  # letters: shorter ones would nearly double the rows, and find half of the company

MOST_ENDINGS = 16  # of one word

# Also the apostrophes and dashes that Unicode takes for letters or mathematics.
_SEPARATORS = re.compile(
    r"""[\s.,;:@_+&()/"'`\u00b4\u00b7\u02b9-\u02bf\u2010-\u201f\u2032\u2035\u2043\u2212\u055a\ua78c\u30fb\u00ab\u00bb-]"""
)

_UMLAUTS = str.maketrans({"\u00e4": "ae", "\u00f6": "oe", "\u00fc": "ue"})


def words_of(name: str, email: str) -> set[str]:
    """Return the words by which a user is found."""
    local_part, _at, domain = email.rpartition("@")
    words = set(_split(domain))
    composed = unicodedata.normalize("NFC", text.visible(f"{name} {local_part}"))
    for token in composed.split():
        for spelling in (token, token.lower().translate(_UMLAUTS)):
            parts = _split(spelling)
            words |= {*parts, "".join(parts)}
    return {word[:LONGEST_WORD] for word in words if word} | endings_of(name)


def endings_of(name: str) -> set[str]:
    """Return the endings of the words of a name, by which a part of a word is found."""
    words: set[str] = set()
    for spelling in (name, name.lower().translate(_UMLAUTS)):
        words.update(_split(unicodedata.normalize("NFC", text.visible(spelling))))
    return {
        word[start:][:LONGEST_WORD]
        for word in words
        for start in range(1, min(len(word) - SHORTEST_ENDING, MOST_ENDINGS) + 1)
    }


def typed(sought: str) -> list[str]:
    """Return the words that somebody typed into a search."""
    return list(dict.fromkeys(word[:LONGEST_WORD] for word in _split(sought)))[:MOST_TYPED]


def store(user: User) -> None:
    """Keep the words of a user whose name or email address was written. Locks the user's row first."""
    db.session.flush()
    db.session.execute(delete(SearchWord).where(SearchWord.user_id == user.id))
    own = {"user_id": user.id, "email_key": user.email_key}
    rows = [{"word": word, **own} for word in sorted(words_of(user.name, user.email))]
    db.session.execute(insert(SearchWord), rows)


def users_with(words: list[str]) -> Select[int]:
    """Return the SELECT of the ids of users with all of these words; the rarest should come first."""
    rarest, *others = words
    found = select(SearchWord.user_id).where(_begins(SearchWord.word, rarest))
    return found.where(*(has_word(SearchWord.user_id, word) for word in others))


def has_word(user_id: InstrumentedAttribute[Any], beginning: str) -> ColumnElement[bool]:
    """Return the condition that a user has a word with this beginning."""
    own = aliased(SearchWord)
    return select(literal(1)).where(own.user_id == user_id, _begins(own.word, beginning)).exists()


def rarest_first(words: list[str], *, up_to: int) -> tuple[list[str], int]:
    """Return the words, rarest first, and how many rows the rarest has: at most `up_to`. One SELECT."""
    counts = [
        select(func.count())
        .select_from(select(literal(1)).where(_begins(SearchWord.word, word)).limit(up_to).subquery())
        .scalar_subquery()
        for word in words
    ]
    found = dict(zip(words, db.session.execute(select(*counts)).one(), strict=True))
    words = sorted(words, key=lambda word: found[word])
    return words, found[words[0]]


def _begins(column: InstrumentedAttribute[str], beginning: str) -> ColumnElement[bool]:
    return column.between(beginning, beginning + "\U0010ffff")


def _split(name: str) -> list[str]:
    plain = text.without_accents(text.one_line(name))
    return [word for word in _SEPARATORS.split(plain) if word]
