"""What people show after a reset besides the password: how long a pass works, and how to read it out."""

from datetime import timedelta

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from mfa_app.settings.values import ResetLeadsTo

AFTER_A_RESET = {
    ResetLeadsTo.LINK: _l("The password, then linking"),
    ResetLeadsTo.EMAIL_CODE: _l("The password, then a code by email, then linking"),
    ResetLeadsTo.ACCESS_PASS: _l("The password, then an access pass from the help desk, then linking"),
}

LASTING = {
    timedelta(minutes=10): _l("10 minutes"),
    timedelta(hours=1): _l("1 hour"),
    timedelta(hours=4): _l("4 hours"),
    timedelta(hours=8): _l("8 hours"),
}

# The international spelling alphabet, in which no word is taken for another on a bad line.
_SPOKEN = {
    word[0].upper(): word
    for word in (
        *("Alfa", "Bravo", "Charlie", "Delta", "Echo", "Foxtrot", "Golf", "Hotel", "India", "Juliett"),
        *("Kilo", "Lima", "Mike", "November", "Oscar", "Papa", "Quebec", "Romeo", "Sierra", "Tango"),
        *("Uniform", "Victor", "Whiskey", "X-ray", "Yankee", "Zulu"),
    )
}


def spelled(shown: str) -> list[str]:
    """Return the groups of a pass as they are spelled on the phone: "Kilo, Mike, 7, Papa"."""
    return [", ".join(_SPOKEN.get(character, character) for character in group) for group in shown.split()]


def minutes_left(minutes: int) -> str:
    """Return how long a pass still works, as a page says it before its script counts on."""
    return ngettext("It works for one more minute.", "It works for %(num)s more minutes.", minutes)
