"""What a wrong code looks like: of a clock that is off, other settings, or an app that no longer counts.

Whoever gets here has given the right password, and the try is counted. Nothing that is found here is
accepted. All of it is computed for every wrong code, so that its time does not tell how near one was.
"""

from collections.abc import Sequence
from datetime import datetime

from mfa_app.core.common.errors import (
    ClockOff,
    ExplainedCode,
    Explanation,
    FormerEntry,
    OtherSettings,
    PasskeyRefused,
    RefusedAnswer,
    UsedCode,
    WrongCode,
)
from mfa_app.core.factors import former_apps, totp
from mfa_app.core.keys.vault import CannotUnseal, vault
from mfa_app.core.policy.subject_facts import SubjectFacts
from mfa_app.models import FormerApp

MOST_STEPS_OFF = 20  # ten minutes

_FAR = sorted({*range(-MOST_STEPS_OFF, MOST_STEPS_OFF + 1)} - {*totp.DRIFT_STEPS}, key=abs)

# Algorithms and periods that apps offer or choose by themselves. 7 or 8 digits are no code (NotACode).
_OTHER_SETTINGS = (("SHA256", 30), ("SHA512", 30), ("SHA1", 60), ("SHA1", 15))


def of_login(subject: SubjectFacts, digits: str, *, now: datetime) -> WrongCode:
    """Return the refusal of a code that is none of the user's apps; explained if it can be. Writes nothing.

    Raises CannotUnseal.
    """
    clocks: list[ClockOff] = []
    settings: list[OtherSettings] = []
    for app in subject.authenticators:
        secret = vault().unseal(app.sealed_secret, app.seal_context)
        off = _clocks(secret, digits, app.id, now)
        clocks += [clock for clock in off if clock.step > app.last_step]  # older ones are used up
        settings += _settings(secret, digits, now)
    found: list[Explanation] = [*clocks, *settings]
    return _refusal([*found, *_former(subject.user.id, digits, now)])


def of_linking(secret: str, user_id: int, digits: str, *, now: datetime) -> WrongCode:
    """Return the refusal of a code that an app with this secret should have made; explained if it can be.

    Codes of the user's other apps are not looked for: the limit here is not that of logins. Writes nothing.
    """
    found: list[Explanation] = [*_clocks(secret, digits, None, now), *_settings(secret, digits, now)]
    return _refusal([*found, *_former(user_id, digits, now)])


def on_trail(refusal: RefusedAnswer) -> dict[str, str | int | None]:
    """Return what the trail says of a refused answer: the reason, and what was seen of it (None: nothing)."""
    if isinstance(refusal, PasskeyRefused):
        return {"reason": refusal.reason, "seen": None}
    if isinstance(refusal, UsedCode):
        return {"reason": "used", "seen": None}
    if not isinstance(refusal, ExplainedCode):
        return {"reason": "wrong", "seen": None}
    match refusal.explanation:
        case ClockOff(seconds):
            return {"reason": "slow clock" if seconds < 0 else "fast clock", "seen": abs(seconds)}
        case OtherSettings(algorithm, seconds):
            return {"reason": "other settings", "seen": f"{algorithm}/{seconds}"}
        case FormerEntry(name):
            return {"reason": "former app", "seen": name}


def _refusal(found: Sequence[Explanation]) -> WrongCode:
    return ExplainedCode(found[0]) if found else WrongCode()


def _clocks(secret: str, digits: str, app_id: str | None, now: datetime) -> list[ClockOff]:
    present = totp.step_at(now)
    return [
        ClockOff(drift * totp.PERIOD_SECONDS, app_id, present + drift)
        for drift in totp.matching_drifts(secret, digits, _FAR, now=now)
    ]


def _settings(secret: str, digits: str, now: datetime) -> list[OtherSettings]:
    return [
        OtherSettings(algorithm, period)
        for algorithm, period in _OTHER_SETTINGS
        if totp.matching_drifts(secret, digits, totp.DRIFT_STEPS, algorithm=algorithm, period=period, now=now)
    ]


def _former(user_id: int, digits: str, now: datetime) -> list[FormerEntry]:
    return [
        FormerEntry(app.name, app.issuer, app.since, app.ended_at, app.ending)
        for app in former_apps.of_user(user_id, now=now)
        if _is_of(app, digits, now)
    ]


def _is_of(app: FormerApp, digits: str, now: datetime) -> bool:
    try:
        secret = vault().unseal(app.sealed_secret, app.seal_context)
    except CannotUnseal:
        return False
    return totp.matching_step(secret, digits, now=now) is not None
