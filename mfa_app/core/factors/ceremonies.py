"""What registering a passkey and asking one have in common: the answers are read and checked (WebAuthn)."""

import hashlib
import json
import struct
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from fido2.cose import CoseKey
from fido2.webauthn import (
    AuthenticationResponse,
    AuthenticatorData,
    CollectedClientData,
    RegistrationResponse,
)

from mfa_app.core.common.errors import PasskeyRefused, PasskeysOff
from mfa_app.core.factors import challenges
from mfa_app.core.factors.challenges import Purpose
from mfa_app.core.factors.relying_party import RelyingParty, relying_party

MOST_CHARACTERS = 20_000  # a certificate chain that nobody asked for fits, and parsing stays cheap

ALGORITHMS = (-7, -8, -257)  # ES256, EdDSA, RS256

# What the readers of JSON, CBOR and keys raise for nonsense.
NONSENSE = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,
    RecursionError,
    AssertionError,
    struct.error,
    UnsupportedAlgorithm,
)

_KINDS = {
    Purpose.REGISTRATION: CollectedClientData.TYPE.CREATE,
    Purpose.SECOND_GATE: CollectedClientData.TYPE.GET,
    Purpose.ALONE: CollectedClientData.TYPE.GET,
}

Response = TypeVar("Response", RegistrationResponse, AuthenticationResponse)


def required_relying_party() -> RelyingParty:
    """Return who this site is for passkeys. Raises PasskeysOff."""
    party = relying_party()
    if party is None:
        raise PasskeysOff
    return party


def read_registration(answer: str) -> RegistrationResponse:
    """Return the answer to a registration, which the browser sends as JSON. Raises PasskeyRefused."""
    return _read(RegistrationResponse.from_dict, answer)


def read_assertion(answer: str) -> AuthenticationResponse:
    """Return the answer of a passkey, which the browser sends as JSON. Raises PasskeyRefused."""
    return _read(AuthenticationResponse.from_dict, answer)


def _read(parse: Callable[[Mapping[str, Any]], Response], answer: str) -> Response:
    if len(answer) > MOST_CHARACTERS or not answer.startswith("{"):
        raise PasskeyRefused("unreadable")
    try:
        return parse(json.loads(answer))
    except NONSENSE:
        raise PasskeyRefused("unreadable") from None


def check_answer(
    said: CollectedClientData, shown: AuthenticatorData, purpose: Purpose, session_id: str, *, now: datetime
) -> None:
    """Check what a browser and an authenticator say, but no signature: WebAuthn Level 3, 7.1 and 7.2.

    Raises PasskeyRefused, PasskeysOff.
    """
    party = required_relying_party()
    if said.type != _KINDS[purpose]:
        raise PasskeyRefused("unreadable")
    if said.origin != party.origin or said.cross_origin is not False:
        raise PasskeyRefused("wrong site")
    if shown.rp_id_hash != hashlib.sha256(party.id.encode()).digest():
        raise PasskeyRefused("wrong site")
    challenges.check(said.challenge, purpose, session_id, now=now)
    if not (shown.is_user_present() and shown.is_user_verified()):
        raise PasskeyRefused("not verified")
    if shown.is_backed_up() and not shown.is_backup_eligible():
        raise PasskeyRefused("unreadable")


def has_signed(key: CoseKey, message: bytes, signature: bytes) -> bool:
    """Return whether this key made the signature. Raises PasskeyRefused for a key that is none."""
    try:
        key.verify(message, signature)
    except InvalidSignature:
        return False
    except NONSENSE:
        raise PasskeyRefused("unreadable") from None
    return True
