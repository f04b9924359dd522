"""Challenges that a passkey signs: nothing is kept of one until the answer to it has been accepted."""

import enum
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from mfa_app.core.common.clock import CLOCK_SKEW, is_fresh
from mfa_app.core.common.errors import PasskeyRefused
from mfa_app.core.keys.signing import SigningKeys
from mfa_app.models import UsedChallenge
from mfa_app.models.database import insert_once
from mfa_app.site import site

LIFETIME = timedelta(minutes=5)

RANDOM_BYTES = 32  # WebAuthn Level 3, section 13.4.3, asks for 16

TIME_BYTES = 8


class Purpose(enum.StrEnum):
    """What a challenge may be answered for."""

    REGISTRATION = "registration"
    SECOND_GATE = "second gate"
    ALONE = "alone"


def new_challenge(purpose: Purpose, session_id: str, *, now: datetime) -> bytes:
    """Return a challenge for this purpose in this session ("" without one), for five minutes.

    It consists of random bytes, the time, and a signature over both, the purpose and the session.
    """
    issued = int(now.timestamp()).to_bytes(TIME_BYTES, "big")
    body = secrets.token_bytes(RANDOM_BYTES) + issued
    return body + _signature(site()[SigningKeys].keys[0], body, purpose, session_id)


def check(challenge: bytes, purpose: Purpose, session_id: str, *, now: datetime) -> None:
    """Raise PasskeyRefused unless this site has made the challenge, for this, in the last five minutes."""
    body, signature = challenge[: RANDOM_BYTES + TIME_BYTES], challenge[RANDOM_BYTES + TIME_BYTES :]
    ours = [_signature(key, body, purpose, session_id) for key in site()[SigningKeys].keys]
    if not any(hmac.compare_digest(signature, own) for own in ours):
        raise PasskeyRefused("challenge")
    age = timedelta(seconds=now.timestamp() - int.from_bytes(body[RANDOM_BYTES:], "big"))
    if not is_fresh(now - age, LIFETIME, now=now):
        raise PasskeyRefused("expired")


def burn(challenge: bytes, *, now: datetime) -> None:
    """Note that a challenge is used up. Raises PasskeyRefused if it was already.

    The note stays for as long as a node whose clock is behind would accept the challenge.
    """
    digest = hashlib.sha256(challenge).hexdigest()
    if not insert_once(UsedChallenge, digest=digest, expires_at=now + LIFETIME + CLOCK_SKEW):
        raise PasskeyRefused("replayed")


def _signature(key: str, body: bytes, purpose: Purpose, session_id: str) -> bytes:
    signed = b"\0".join([b"passkey challenge", purpose.encode(), session_id.encode(), body])
    return hmac.digest(key.encode(), signed, "sha256")
