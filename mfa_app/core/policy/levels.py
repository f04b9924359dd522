"""How sure a session is of its user: a level, which follows from the methods that the user has shown."""

import enum
from collections.abc import Set as AbstractSet

from mfa_app.models.row_facts import FIRST_GATE, PASSKEY


class Level(enum.IntEnum):
    """The levels, lowest first. Who reaches one reaches those below it."""

    PASSWORD = 1
    SECOND_FACTOR = 2
    PHISHING_RESISTANT = 3


def level_of(methods: AbstractSet[str]) -> Level:
    """Return the level that these methods (`amr`, RFC 8176) reach. Unknown ones count as a second factor."""
    if methods & PASSKEY:
        return Level.PHISHING_RESISTANT
    return Level.SECOND_FACTOR if methods - FIRST_GATE else Level.PASSWORD
