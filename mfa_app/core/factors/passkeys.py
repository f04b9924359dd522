"""Passkeys (WebAuthn) as a second factor. The statements that accept an answer burn its challenge."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import partial
from typing import Any, cast

from fido2 import cbor
from fido2.cose import CoseKey
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import AuthenticationResponse, AuthenticatorData
from sqlalchemy import Row, and_, bindparam, func, or_, select, update

from mfa_app.core.common.errors import NotACode, PasskeyRefused, PasskeysElsewhere, UsedCode
from mfa_app.core.factors import challenges
from mfa_app.core.factors.ceremonies import (
    check_answer,
    has_signed,
    read_assertion,
    required_relying_party,
)
from mfa_app.core.factors.challenges import LIFETIME, Purpose
from mfa_app.core.factors.registry import Burn, Factor, burn_once, unlocked
from mfa_app.core.factors.relying_party import relying_party
from mfa_app.core.policy.subject_facts import SubjectFacts
from mfa_app.core.sessions.sessions import Identity
from mfa_app.extensions import db
from mfa_app.models import Passkey, User
from mfa_app.models.database import execute, table_of
from mfa_app.models.row_facts import AnyUser, PasskeyFacts, columns_of

BOUND, COPIED = frozenset({"hwk", "user"}), frozenset({"swk", "user"})

_KEYS, _USERS = table_of(Passkey), table_of(User)

_BY_CREDENTIAL = (
    select(*columns_of(PasskeyFacts, Passkey), _USERS.c.passkey_handle)
    .join(_USERS, _USERS.c.id == _KEYS.c.user_id)
    .where(_KEYS.c.credential_id == bindparam("credential_id"))
)

_OF_USER = (
    select(*columns_of(PasskeyFacts, Passkey))
    .where(_KEYS.c.user_id == bindparam("user_id"))
    .order_by(_KEYS.c.registered_at, _KEYS.c.id)
)

_IS_THERE = select(_KEYS.c.id).where(_KEYS.c.id == bindparam("passkey_id"))

_COUNTS_UP = or_(
    _KEYS.c.sign_count < bindparam("count"), and_(_KEYS.c.sign_count == 0, bindparam("count") == 0)
)

_BURN = (
    update(_KEYS)
    .where(_KEYS.c.id == bindparam("passkey_id"), _COUNTS_UP, unlocked(_KEYS.c.user_id))
    .values(sign_count=bindparam("count"), backed_up=bindparam("copied"), last_used_at=bindparam("now"))
)


@dataclass(frozen=True)
class Answer:
    """The answer of a passkey whose signature is right; and that passkey."""

    passkey: PasskeyFacts
    response: AuthenticationResponse

    @property
    def methods(self) -> frozenset[str]:
        return methods_of(self.response.response.authenticator_data)

    def burn(self, *, now: datetime) -> None:
        """Accept the answer, and never again. Raises PasskeyRefused, AuthenticatorLocked."""
        said, shown = self.response.response.client_data, self.response.response.authenticator_data
        challenges.burn(said.challenge, now=now)
        values = {"count": shown.counter, "copied": shown.is_backed_up(), "now": now}
        try:
            burn_once(_BURN, user_id=self.passkey.user_id, passkey_id=self.passkey.id, **values)
        except UsedCode:
            is_there = execute(_IS_THERE, passkey_id=self.passkey.id).first()
            raise PasskeyRefused("counter" if is_there else "unknown passkey") from None


class Passkeys(Factor):
    """The answers of any of the user's passkeys, each to one challenge."""

    name = "passkey"
    amr = BOUND | COPIED
    table = Passkey

    def read(self, typed: str) -> str:
        """Return the JSON that the browser sends. Raises NotACode for anything else."""
        if not typed.startswith("{"):
            raise NotACode(0)
        return typed

    def methods(self, answer: str) -> frozenset[str]:
        return methods_of(read_assertion(answer).response.authenticator_data)

    def check(self, subject: SubjectFacts, answer: str, *, session_id: str, now: datetime) -> Burn:
        """Return what burns the answer. Raises PasskeyRefused, PasskeysOff."""
        checked = check_signed(answer, Purpose.SECOND_GATE, session_id, now=now)
        if checked.passkey.user_id != subject.user.id:
            raise PasskeyRefused("of someone else")
        return partial(checked.burn, now=now)


def methods_of(shown: AuthenticatorData) -> frozenset[str]:
    """Return whether the key can leave its authenticator, and that the user was verified (RFC 8176)."""
    return COPIED if shown.is_backup_eligible() else BOUND


def check_signed(answer: str, purpose: Purpose, session_id: str, *, now: datetime) -> Answer:
    """Check the answer of a passkey, whoever its user is, and write nothing.

    Raises PasskeyRefused, PasskeysOff.
    """
    response = read_assertion(answer)
    said, shown = response.response.client_data, response.response.authenticator_data
    check_answer(said, shown, purpose, session_id, now=now)
    found = execute(_BY_CREDENTIAL, credential_id=websafe_encode(response.raw_id)).first()
    if found is None:
        raise PasskeyRefused("unknown passkey")
    passkey, user_handle = _passkey_of(found), found.passkey_handle
    handle = response.response.user_handle
    if handle is not None and websafe_encode(handle) != user_handle:
        raise PasskeyRefused("of someone else")
    if not has_signed(_key_of(passkey), shown + said.hash, response.response.signature):
        raise PasskeyRefused("signature")
    if shown.is_backup_eligible() != passkey.backup_eligible:
        raise PasskeyRefused("changed")
    return Answer(passkey, response)


def of_user(user: AnyUser) -> tuple[PasskeyFacts, ...]:
    """Return a user's passkeys, in the order in which they were registered."""
    return tuple(map(_passkey_of, execute(_OF_USER, user_id=user.id)))


def that_work(passkeys: Iterable[PasskeyFacts]) -> list[PasskeyFacts]:
    """Return those of these passkeys that were made for the site's present host: only they can answer."""
    party = relying_party()
    return [passkey for passkey in passkeys if party is not None and passkey.rp_id == party.id]


def made_for_another_host() -> int:
    """Return how many passkeys were made for a host that isn't the site's any more: they can't answer."""
    party = relying_party()
    elsewhere = Passkey.rp_id != (party.id if party else "")
    return db.session.scalar(select(func.count()).select_from(Passkey).where(elsewhere)) or 0


def question(identity: Identity, *, now: datetime) -> dict[str, Any]:
    """Return what to ask the user's passkeys in this session, as PublicKeyCredentialRequestOptionsJSON.

    Raises PasskeysOff, and PasskeysElsewhere if the user has none that can answer here: asked without a list,
    the browser would offer those of other people too.
    """
    party = required_relying_party()
    ids = [passkey.credential_id for passkey in that_work(of_user(identity.user))]
    if not ids:
        raise PasskeysElsewhere
    return _question(new_challenge_of(identity, now=now), party.id, ids)


def question_to_anyone(*, now: datetime) -> dict[str, Any]:
    """Return what to ask a passkey that logs in alone: it names none, so it tells nobody which exist.

    Raises PasskeysOff.
    """
    challenge = challenges.new_challenge(Purpose.ALONE, "", now=now)
    return _question(challenge, required_relying_party().id, [])


def new_challenge_of(identity: Identity, *, now: datetime) -> bytes:
    """Return a challenge for the second gate in this session."""
    return challenges.new_challenge(Purpose.SECOND_GATE, identity.session.id, now=now)


def _question(challenge: bytes, rp_id: str, credential_ids: list[str]) -> dict[str, Any]:
    return {
        "challenge": websafe_encode(challenge),
        "timeout": int(LIFETIME.total_seconds() * 1000),
        "rpId": rp_id,
        "allowCredentials": [{"type": "public-key", "id": id_} for id_ in credential_ids],
        "userVerification": "required",
    }


def _passkey_of(row: Row[Any]) -> PasskeyFacts:
    """Return the passkey that the row begins with."""
    columns: list[Any] = list(row)
    return PasskeyFacts(*columns[: len(fields(PasskeyFacts))])


def _key_of(passkey: PasskeyFacts) -> CoseKey:
    return CoseKey.parse(cast(Mapping[int, Any], cbor.decode(websafe_decode(passkey.public_key))))
