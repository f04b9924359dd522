"""The apps and passkeys that a user has, as one list for those who help."""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from mfa_app.core.common.errors import FactorGone
from mfa_app.core.factors import passkeys, totp
from mfa_app.core.policy.subject_facts import oldest_first
from mfa_app.extensions import db
from mfa_app.models import Authenticator
from mfa_app.models.row_facts import AnyUser, PasskeyFacts


class Kind(enum.StrEnum):
    """What a user can have several of. The trail has them under these names."""

    APP = "app"
    PASSKEY = "passkey"


@dataclass(frozen=True)
class HeldFactor:
    """An app or a passkey of a user. `name` is None for an app that its user has given none.

    `used_at` is when it was last used: of an app, the time of its last code. None if it never was.
    """

    id: str
    kind: Kind
    name: str | None
    added_at: datetime
    used_at: datetime | None


def of_user(user: AnyUser) -> tuple[HeldFactor, ...]:
    """Return a user's apps, then the passkeys, each in the order in which they were added."""
    apps = db.session.scalars(select(Authenticator).where(Authenticator.user_id == user.id))
    return listed(oldest_first(apps), passkeys.of_user(user))


def listed(apps: Iterable[Authenticator], keys: Iterable[PasskeyFacts]) -> tuple[HeldFactor, ...]:
    """Return these apps and passkeys as one list."""
    return (*map(_of_app, apps), *map(_of_passkey, keys))


def with_id(present: Iterable[HeldFactor], factor_id: str) -> HeldFactor:
    """Return the app or passkey with this id. Raises FactorGone if it is not among these."""
    found = next((factor for factor in present if factor.id == factor_id), None)
    if found is None:
        raise FactorGone
    return found


def _of_app(app: Authenticator) -> HeldFactor:
    return HeldFactor(app.id, Kind.APP, app.name, app.enrolled_at, totp.start_of(app.last_step))


def _of_passkey(key: PasskeyFacts) -> HeldFactor:
    return HeldFactor(key.id, Kind.PASSKEY, key.name, key.registered_at, key.last_used_at)
