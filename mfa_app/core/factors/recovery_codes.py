"""Recovery codes: a set of ten, shown once, each of which opens the second gate once."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from argon2.low_level import Type, hash_secret_raw
from sqlalchemy import bindparam, delete, func, select, update

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import NotACode, NotEnrolled, PasskeyRequired, WrongCode
from mfa_app.core.common.locks import lock_user
from mfa_app.core.factors import written_codes
from mfa_app.core.factors.registry import Burn, Factor, burn_once, unlocked
from mfa_app.core.mail import outbox
from mfa_app.core.policy.decision import needs_passkey
from mfa_app.core.policy.subject_facts import SubjectFacts
from mfa_app.core.sessions import sessions
from mfa_app.core.sessions.sessions import Identity
from mfa_app.extensions import db
from mfa_app.models import RecoveryCode
from mfa_app.models.database import execute, table_of
from mfa_app.models.row_facts import AnyUser

IN_A_SET = 10

RANDOM_BYTES = 10  # 80 bits; NIST SP 800-63B-4, section 4.2.1.1, asks for 64

CHARACTERS = 16

FEW_LEFT = 2

_CODES = table_of(RecoveryCode)

_OF_USER = select(_CODES.c.id, _CODES.c.salt, _CODES.c.digest).where(_CODES.c.user_id == bindparam("user_id"))

_LEFT = select(
    func.count().filter(_CODES.c.used_at.is_(None)).label("unused"),
    func.max(_CODES.c.created_at).label("made_at"),
).where(_CODES.c.user_id == bindparam("user_id"))

_BURN = (
    update(_CODES)
    .where(_CODES.c.id == bindparam("code_id"), _CODES.c.used_at.is_(None))
    .where(unlocked(_CODES.c.user_id))
    .values(used_at=bindparam("now"))
)


@dataclass(frozen=True)
class CodesLeft:
    """How many codes of a user's set still count, and when the set was made (None if there is none)."""

    count: int
    made_at: datetime | None

    @property
    def few(self) -> bool:
        return self.made_at is not None and self.count <= FEW_LEFT


class RecoveryCodes(Factor):
    """The codes of a user's set. Each is accepted once."""

    name = "recovery code"
    amr = frozenset({"otp"})
    table = RecoveryCode
    recovers = True

    def read(self, typed: str) -> str:
        """Return the 16 characters, in any case and with any separators. Raises NotACode."""
        code = written_codes.read(typed, CHARACTERS)
        if code is None:
            raise NotACode(0)
        return code

    def check(self, subject: SubjectFacts, answer: str, *, session_id: str, now: datetime) -> Burn:
        """Return what burns the code. Raises WrongCode."""
        rows = execute(_OF_USER, user_id=subject.user.id).all()
        digests = {salt: _digest(answer, salt) for salt in {row.salt for row in rows} or {"0" * 32}}
        for row in rows:
            if hmac.compare_digest(digests[row.salt], row.digest):
                return partial(burn_once, _BURN, user_id=subject.user.id, code_id=row.id, now=now)
        raise WrongCode

    def tell(self, user: AnyUser, *, actor: Actor, now: datetime) -> None:
        """Tell the user by email that a code was used, and how many are left."""
        outbox.notify(outbox.Mail.RECOVERY_CODE_USED, user, actor=actor, now=now, left=left(user).count)


def make_set(identity: Identity, *, actor: Actor, now: datetime) -> tuple[str, ...]:
    """Return ten new codes, such as "abcd-efgh-ijkl-mnop", for the user to keep. They end the set before.

    Raises NotEnrolled if the user has no app and no passkey, PasskeyRequired if they would open nothing,
    SessionEnded.
    """
    user = identity.user
    if not identity.subject.facts.linked:
        raise NotEnrolled
    if needs_passkey(identity.subject.facts, now=now):
        raise PasskeyRequired
    codes, salt = [written_codes.new_code(RANDOM_BYTES) for _ in range(IN_A_SET)], secrets.token_hex(16)
    digests = [_digest(code, salt) for code in codes]
    lock_user(user)
    sessions.require(identity.session)
    ended = left(user).made_at is not None
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    db.session.add_all(
        RecoveryCode(user_id=user.id, salt=salt, digest=digest, created_at=now) for digest in digests
    )
    record(Event.RECOVERY_CODES_MADE, actor=actor, subject=user, ended_a_set=ended)
    outbox.notify(outbox.Mail.RECOVERY_CODES_MADE, user, actor=actor, now=now)
    return tuple(map(written_codes.shown, codes))


def left(user: AnyUser) -> CodesLeft:
    """Return what is left of a user's set."""
    found = execute(_LEFT, user_id=user.id).one()
    return CodesLeft(found.unused, found.made_at)


def _digest(code: str, salt: str) -> str:
    """Return the hash of a code as hexadecimal digits.

    A small cost is enough for 80 random bits: 1 MiB and one pass take some milliseconds at most.
    """
    hashed = hash_secret_raw(
        code.encode(),
        bytes.fromhex(salt),
        time_cost=1,
        memory_cost=1024,
        parallelism=1,
        hash_len=32,
        type=Type.ID,
    )
    return hashed.hex()
