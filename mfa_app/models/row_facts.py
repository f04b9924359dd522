"""Rows as frozen facts: what every request reads of a user, an authenticator, a session and a device.

An entity of the ORM costs several times as much, and whoever holds one can change the row by accident.
"""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ColumnElement

from mfa_app.models.audit import AuditEvent
from mfa_app.models.authenticator import Authenticator
from mfa_app.models.fate import Fate, SealedRow, Table
from mfa_app.models.user import LinkProof, Role, Standing, User

FIRST_GATE = frozenset({"pwd", "link"})  # the methods of a session that open the first gate only

PASSKEY = frozenset({"hwk", "swk"})  # the methods of passkeys (RFC 8176): each answers one site only


@dataclass(frozen=True)
class UserFacts(Standing):
    """A row of `User`, without what only pages about people show."""

    id: int
    email: str
    name: str
    role: Role
    password_hash: str | None
    disabled_at: datetime | None
    security_stamp: int
    created_at: datetime
    last_login_at: datetime | None
    required: bool
    exempt_until: datetime | None
    link_by: datetime | None
    link_required: bool
    link_proof: LinkProof | None
    opted_in: bool
    factors_locked_at: datetime | None
    account_locked_at: datetime | None
    ends_at: datetime | None
    help_limited: bool
    access_ended_at: datetime | None
    access_ended_because: str | None
    access_ended_by: str | None


AnyUser = User | UserFacts


@dataclass(frozen=True)
class AuthenticatorFacts(SealedRow):
    """A row of `Authenticator`."""

    id: str
    user_id: int
    name: str | None
    sealed_secret: str
    issuer: str | None
    last_step: int
    enrolled_at: datetime

    fate: ClassVar[Fate] = Authenticator.fate


@dataclass(frozen=True)
class PasskeyFacts:
    """A row of `Passkey`."""

    id: str
    user_id: int
    credential_id: str
    public_key: str
    sign_count: int
    aaguid: str
    backup_eligible: bool
    backed_up: bool
    rp_id: str
    name: str
    registered_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True)
class SessionFacts:
    """A row of `AuthSession`."""

    id: str
    user_id: int
    digest: str
    amr: str
    security_stamp: int
    password_at: datetime
    code_at: datetime | None
    challenged_at: datetime | None
    last_seen_at: datetime
    created_at: datetime
    expires_at: datetime
    device_id: str | None

    @property
    def methods(self) -> frozenset[str]:
        return frozenset(self.amr.split())

    @property
    def from_link(self) -> bool:
        return "link" in self.methods


@dataclass(frozen=True)
class DeviceFacts:
    """A row of `RememberedDevice`, as far as it says whether the device counts."""

    id: str
    user_id: int
    digest: str
    security_stamp: int
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class EventFacts:
    """A row of `AuditEvent` that has just been recorded. The last three fields are set when it is written."""

    at: datetime
    event: str
    actor_kind: str
    actor_id: int | None
    actor_name: str
    subject_id: int | None
    subject_name: str
    ip_address: str
    user_agent: str
    details: dict[str, Any]
    id: int = 0
    previous: str = ""
    mac: str = ""


AnyEvent = AuditEvent | EventFacts


def columns_of(facts: type[Any], model: type[Table]) -> tuple[ColumnElement[Any], ...]:
    """Return the columns of a table that make these facts, in the order of their fields."""
    return tuple(model.__table__.c[field.name] for field in fields(facts))
