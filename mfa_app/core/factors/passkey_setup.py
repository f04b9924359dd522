"""A user's own passkeys: registering one, giving it another name, and removing it."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fido2 import cbor
from fido2.utils import websafe_encode
from fido2.webauthn import AttestedCredentialData, AuthenticatorData
from sqlalchemy import delete, select, update

from mfa_app.core.audit.events import AnsweredFor, Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.email_addresses import fold
from mfa_app.core.common.errors import (
    LastPasskey,
    PasskeyGone,
    PasskeyNameTaken,
    PasskeyRefused,
    SessionEnded,
    TooManyPasskeys,
    TwoFactorRequired,
)
from mfa_app.core.common.locks import lock_user
from mfa_app.core.factors import challenges, diagnosis, own_factors
from mfa_app.core.factors.ceremonies import (
    ALGORITHMS,
    check_answer,
    has_signed,
    read_registration,
    required_relying_party,
)
from mfa_app.core.factors.challenges import LIFETIME, Purpose
from mfa_app.core.factors.makers import product_name
from mfa_app.core.factors.passkeys import methods_of, of_user, that_work
from mfa_app.core.mail import outbox
from mfa_app.core.policy.decision import needs_passkey
from mfa_app.core.sessions import sessions
from mfa_app.core.sessions.revocation import RevocationReason
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.sessions.signed_in import SignedIn
from mfa_app.core.throttling import counters, limits
from mfa_app.core.throttling.counters import Charge
from mfa_app.extensions import db
from mfa_app.models import Ending, Passkey, User
from mfa_app.models.column_types import new_id
from mfa_app.models.database import insert_once, rows_changed
from mfa_app.models.row_facts import AnyUser, PasskeyFacts
from mfa_app.settings import Settings
from mfa_app.site import site

MOST_PASSKEYS = 10

HANDLE_BYTES = 32

MOST_ID_BYTES = 1023  # of a credential id: WebAuthn Level 3, section 7.1


@dataclass(frozen=True)
class Removal:
    """What it means to remove a passkey. `last`: no second factor is left that works.

    `refusal` is why it can't be removed, if it can't.
    """

    last: bool
    refusal: LastPasskey | TwoFactorRequired | None


def begin(identity: Identity, *, now: datetime) -> dict[str, Any]:
    """Return what to ask an authenticator for, as PublicKeyCredentialCreationOptionsJSON, for five minutes.

    Raises PasskeysOff, TooManyPasskeys, AlreadyEnrolled if the user has a second factor and hasn't used it
    recently, NotAllowed if this user needs a one-time link to have one.
    """
    party = required_relying_party()
    present = _check_may_register(identity, now)
    user = identity.user
    challenge = challenges.new_challenge(Purpose.REGISTRATION, identity.session.id, now=now)
    return {
        "rp": {"id": party.id, "name": site()[Settings].site_name},
        "user": {"id": _handle_of(user), "name": user.email, "displayName": user.name},
        "challenge": websafe_encode(challenge),
        "pubKeyCredParams": [{"type": "public-key", "alg": algorithm} for algorithm in ALGORITHMS],
        "timeout": int(LIFETIME.total_seconds() * 1000),
        "excludeCredentials": [{"type": "public-key", "id": passkey.credential_id} for passkey in present],
        "authenticatorSelection": {"residentKey": "preferred", "userVerification": "required"},
        "attestation": "none",
    }


def register(identity: Identity, answer: str, *, actor: Actor, now: datetime) -> SignedIn:
    """Keep a passkey that has just been made, revoke all other access, and continue under a new token.

    `answer` is the JSON that the browser sends. The passkey gets the name of its maker's product. Raises
    PasskeyRefused, PasskeysOff, TooManyPasskeys, AlreadyEnrolled, NotAllowed, Throttled, SessionEnded.
    """
    required_relying_party()
    present = _check_may_register(identity, now)
    charged = counters.charge(limits.LINKING, identity.user.id, now=now)
    try:
        return _register(identity, answer, present, charged, actor, now)
    except PasskeyRefused as refusal:
        refused = {
            "purpose": AnsweredFor.ADDING_PASSKEY,
            "failures": charged.failures,
            **diagnosis.on_trail(refusal),
        }
        record(Event.CODE_REFUSED, actor=actor, subject=identity.user, **refused)
        raise


def _register(
    identity: Identity,
    answer: str,
    present: tuple[PasskeyFacts, ...],
    charged: Charge,
    actor: Actor,
    now: datetime,
) -> SignedIn:
    """Check the answer, then write. Rolls back before it raises PasskeyRefused."""
    response = read_registration(answer)
    said, shown = response.response.client_data, response.response.attestation_object.auth_data
    check_answer(said, shown, Purpose.REGISTRATION, identity.session.id, now=now)
    made = _usable(shown)
    name = _free_name(product_name(str(made.aaguid)), present)
    user, by_choice = identity.user, not own_factors.is_required(identity, now)
    lock_user(user)
    sessions.require(identity.session)
    _store(user, shown, made, said.challenge, name, now)
    counters.reset_after_success(charged)
    own_factors.note_linked(user, by_choice=by_choice, now=now)
    kept = own_factors.end_other_access(identity, RevocationReason.PASSKEY_ADDED, actor)
    methods = methods_of(shown)
    token, session = sessions.elevate(kept, actor=actor, now=now, methods=methods)
    record(Event.PASSKEY_ADDED, actor=actor, subject=user, by_choice=by_choice, passkey=name)
    outbox.notify(outbox.Mail.PASSKEY_ADDED, user, actor=actor, now=now, passkey=name)
    return SignedIn(token, session, user)


def rename(identity: Identity, passkey_id: str, name: str, *, actor: Actor) -> None:
    """Give one of the user's own passkeys another name.

    Raises PasskeyGone, PasskeyNameTaken, SessionEnded.
    """
    lock_user(identity.user)
    sessions.require(identity.session)
    present = of_user(identity.user)
    passkey = _with_id(present, passkey_id)
    if fold(name) in {fold(other.name) for other in present if other is not passkey}:
        raise PasskeyNameTaken
    own = update(Passkey).where(Passkey.id == passkey.id, Passkey.name != name)
    if rows_changed(own.values(name=name)):
        record(Event.PASSKEY_RENAMED, actor=actor, subject=identity.user, passkey=name, before=passkey.name)


def remove(identity: Identity, passkey_id: str, *, actor: Actor, now: datetime) -> SignedIn:
    """Remove one of the user's own passkeys on request, and revoke all other access.

    The session goes on under a new token, but its last code is no younger. Raises PasskeyGone, SessionEnded,
    TwoFactorRequired if it is the last second factor and a rule requires one, and LastPasskey if it is the
    last passkey and only passkeys count.
    """
    present, user = of_user(identity.user), identity.user
    passkey = _with_id(present, passkey_id)
    removal = removal_of(identity, passkey, present, now=now)
    if removal.refusal is not None:
        raise removal.refusal
    lock_user(user)
    sessions.require(identity.session)  # ends with each change of the factors, so this is still true
    if removal.last:
        own_factors.delete_all(user.id, Ending.REMOVED, now=now)
    else:
        db.session.execute(delete(Passkey).where(Passkey.id == passkey.id))
    kept = own_factors.end_other_access(identity, RevocationReason.PASSKEY_REMOVED, actor)
    token, session = sessions.renew(kept, actor=actor, now=now)
    record(Event.PASSKEY_REMOVED, actor=actor, subject=user, passkey=passkey.name)
    said = {"passkey": passkey.name, "last": removal.last}
    outbox.notify(outbox.Mail.PASSKEY_REMOVED, user, actor=actor, now=now, **said)
    return SignedIn(token, session, user)


def removal_of(
    identity: Identity, passkey: PasskeyFacts, present: tuple[PasskeyFacts, ...], *, now: datetime
) -> Removal:
    """Return what it would mean to remove one of the user's passkeys, which are `present`."""
    others = [other for other in that_work(present) if other is not passkey]
    last = not others and not identity.subject.authenticators
    if not others and needs_passkey(identity.subject.facts, now=now):
        return Removal(last, LastPasskey())
    may = own_factors.may_remove(identity, last=last, now=now)
    return Removal(last, None if may else TwoFactorRequired())


def may_add(present: tuple[PasskeyFacts, ...]) -> bool:
    """Return whether a user with these passkeys has fewer than one can have."""
    return len(present) < MOST_PASSKEYS


def own_passkey(identity: Identity, passkey_id: str) -> PasskeyFacts:
    """Return the user's own passkey with this id. Raises PasskeyGone if there is none."""
    return _with_id(of_user(identity.user), passkey_id)


def _with_id(present: tuple[PasskeyFacts, ...], passkey_id: str) -> PasskeyFacts:
    passkey = next((passkey for passkey in present if passkey.id == passkey_id), None)
    if passkey is None:
        raise PasskeyGone
    return passkey


def _check_may_register(identity: Identity, now: datetime) -> tuple[PasskeyFacts, ...]:
    """Return the passkeys that the user has already."""
    own_factors.check_may_enrol(identity, now)
    present = of_user(identity.user)
    if not may_add(present):
        raise TooManyPasskeys(MOST_PASSKEYS)
    return present


def _handle_of(user: AnyUser) -> str:
    """Return what all passkeys of this user know the user by; make it the first time.

    Raises SessionEnded if the user has been deleted meanwhile.
    """
    handle = select(User.passkey_handle).where(User.id == user.id)
    known = db.session.scalar(handle)
    if known is not None:
        return known
    made = websafe_encode(secrets.token_bytes(HANDLE_BYTES))
    first = update(User).where(User.id == user.id, User.passkey_handle.is_(None))
    db.session.execute(first.values(passkey_handle=made))
    kept = db.session.scalar(handle)  # another tab may have been faster
    if kept is None:
        raise SessionEnded
    return kept


def _usable(shown: AuthenticatorData) -> AttestedCredentialData:
    """Return the new credential, whose key can sign as this site checks it. Raises PasskeyRefused."""
    made = shown.credential_data
    if made is None or len(made.credential_id) > MOST_ID_BYTES:
        raise PasskeyRefused("unreadable")
    if made.public_key.get(3) not in ALGORITHMS:
        raise PasskeyRefused("algorithm")
    has_signed(made.public_key, b"", b"")  # raises for a key that is none
    return made


def _store(
    user: AnyUser,
    shown: AuthenticatorData,
    made: AttestedCredentialData,
    challenge: bytes,
    name: str,
    now: datetime,
) -> None:
    """Burn the challenge and save the passkey. Rolls back before it raises PasskeyRefused."""
    try:
        challenges.burn(challenge, now=now)
        inserted = insert_once(
            Passkey,
            id=new_id(),
            user_id=user.id,
            credential_id=websafe_encode(made.credential_id),
            public_key=websafe_encode(cbor.encode(made.public_key)),
            sign_count=shown.counter,
            aaguid=str(made.aaguid),
            backup_eligible=shown.is_backup_eligible(),
            backed_up=shown.is_backed_up(),
            rp_id=required_relying_party().id,
            name=name,
            registered_at=now,
        )
        if not inserted:
            raise PasskeyRefused("registered")
    except PasskeyRefused:
        db.session.rollback()
        raise


def _free_name(product: str, present: tuple[PasskeyFacts, ...]) -> str:
    """Return the name of a product, with a number behind it if the user has such a passkey already."""
    taken = {passkey.name for passkey in present}
    names = [product, *(f"{product} {number}" for number in range(2, MOST_PASSKEYS + 1))]
    return next(name for name in names if name not in taken)
