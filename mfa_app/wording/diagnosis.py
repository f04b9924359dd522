"""What a wrong code looks like, and what to do about it. Chance can look alike, so no sentence is certain."""

from functools import singledispatch

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from mfa_app.core.common.errors import ClockOff, Explanation, FormerEntry, OtherSettings
from mfa_app.core.factors import totp
from mfa_app.models import Ending
from mfa_app.settings import Settings
from mfa_app.site import site
from mfa_app.wording import dates

_ALGORITHMS = {"SHA1": "SHA-1", "SHA256": "SHA-256", "SHA512": "SHA-512"}

_ENDED = {
    Ending.REMOVED: _l(
        "You removed it on %(day)s. Delete it in that app too, and enter a code of an app that is still "
        "linked."
    ),
    Ending.REPLACED: _l(
        "It was replaced by a newer one on %(day)s. Delete it: only the newer one has the right code."
    ),
    Ending.REMOVED_FOR_USER: _l(
        "The help desk removed it on %(day)s. Delete it in that app too, and use your other app or passkey."
    ),
    Ending.RESET: _l("It was reset on %(day)s. Delete it: only a newer entry has the right code."),
}


@singledispatch
def explained(explanation: Explanation) -> str:
    """Return the sentence for a wrong code that looks as if there were this reason."""
    raise TypeError(type(explanation))


@explained.register
def _clock(off: ClockOff) -> str:
    minutes = minutes_of(off.seconds)
    if off.seconds < 0:
        looks = ngettext(
            "That code is wrong. It looks like your phone's clock is about %(num)s minute slow.",
            "That code is wrong. It looks like your phone's clock is about %(num)s minutes slow.",
            minutes,
        )
    else:
        looks = ngettext(
            "That code is wrong. It looks like your phone's clock is about %(num)s minute fast.",
            "That code is wrong. It looks like your phone's clock is about %(num)s minutes fast.",
            minutes,
        )
    todo = _(
        "Let the phone set its clock itself: on an iPhone in Settings > General > Date & Time, on Android in "
        "Settings > System > Date & time. Then enter the new code."
    )
    return f"{looks} {todo}"


@explained.register
def _settings(other: OtherSettings) -> str:
    looks = _(
        "That code is wrong. It looks like your app makes codes with %(what)s.", what=setting_name(other)
    )
    todo = _(
        "Set its entry to SHA-1, %(digits)s digits and %(seconds)s seconds; in KeePassXC choose "
        "“Default settings”. On the linking page you can also delete the entry and scan the QR code again.",
        digits=totp.DIGITS,
        seconds=totp.PERIOD_SECONDS,
    )
    return f"{looks} {todo}"


@explained.register
def _former(entry: FormerEntry) -> str:
    shown = entry.issuer or site()[Settings].issuer
    if entry.ending == Ending.STARTED_OVER:
        return _(
            "That code is wrong. It looks like the code of an older entry for %(site)s, from a QR code that "
            "no longer counts. Delete the older entry in your app; the newest one has the right code.",
            site=shown,
        )
    return f"{_linked(entry, shown)} {_ended(entry)}"


def minutes_of(seconds: int) -> int:
    """Return how far a clock is off, in whole minutes, half of one rounded up."""
    return (abs(seconds) + 30) // 60


def setting_name(other: OtherSettings) -> str:
    """Return what is different in the settings of an app: "SHA-256", or "a new code every 60 seconds"."""
    if other.algorithm != totp.ALGORITHM:
        return _ALGORITHMS[other.algorithm]
    return _("a period of %(seconds)s seconds", seconds=other.seconds)


def _linked(entry: FormerEntry, shown: str) -> str:
    day = dates.day(entry.since)
    if entry.name is None:
        return _(
            "That code is wrong. It looks like the code of the entry for %(site)s that you linked on "
            "%(day)s.",
            site=shown,
            day=day,
        )
    return _(
        "That code is wrong. It looks like the code of “%(app)s”, an entry for %(site)s that you linked "
        "on %(day)s.",
        app=entry.name,
        site=shown,
        day=day,
    )


def _ended(entry: FormerEntry) -> str:
    return str(_ENDED[Ending(entry.ending)]) % {"day": dates.day(entry.ended_at)}
